"""JSON and JSON Lines → numbered objects."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from feedback_mining.errors import UnreadableFile
from feedback_mining.sources.shapes import unwrap

Record = dict[str, Any]
NumberedRecord = tuple[int, Record | str]  # a str is a record that cannot be parsed


def read_json(text: str, name: str, *, lines: bool) -> list[NumberedRecord]:
    """Records of a JSON document, or of one per line where `lines` or where the document is not one value.

    Numbers are lines of JSON Lines and ordinals in a document. Raises UnreadableFile where nothing parses.
    """
    if not lines:
        try:
            return [(i, _record(r)) for i, r in enumerate(unwrap(json.loads(text)), start=1)]
        except (ValueError, RecursionError) as error:
            problem = f"{type(error).__name__}: {error}"
    else:
        problem = "no line is a JSON object"
    records = list(_by_line(text))
    if any(isinstance(record, dict) for _, record in records):
        return records
    if lines:
        return read_json(text, name, lines=False)
    raise UnreadableFile(
        f"{name}: not JSON ({' '.join(problem.split())[:120]}); "
        f"expected a list of objects, or one object per line"
    )


def _by_line(text: str) -> Iterator[NumberedRecord]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            record = None
        yield number, record if isinstance(record, dict) else line


def _record(record: object) -> Record | str:
    return record if isinstance(record, dict) else json.dumps(record, ensure_ascii=False)


def flat(record: Record) -> Record:
    """Objects inside an object become dotted names: `{"user": {"name": …}}` → `user.name`."""
    found: Record = {}
    for key, value in record.items():
        if isinstance(value, dict):
            found.update({f"{key}.{inner}": deep for inner, deep in value.items()})
        else:
            found[str(key)] = value
    return found
