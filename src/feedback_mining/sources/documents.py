"""JSON and JSON Lines → numbered objects."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from feedback_mining.errors import UnreadableFile

_LISTS = ("data", "comments", "reviews", "posts", "items", "results", "records", "list", "rows")

Record = dict[str, Any]
NumberedRecord = tuple[int, Record | str]  # a str is a record that cannot be parsed


def read_json(text: str, name: str, *, lines: bool) -> list[NumberedRecord]:
    """Records of a JSON document, or of one per line where `lines` or where the document is not one value.

    Numbers are lines of JSON Lines and ordinals in a document. Raises UnreadableFile where nothing parses.
    """
    if not lines:
        try:
            return [(i, _flat(r)) for i, r in enumerate(_records(json.loads(text)), start=1)]
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
        yield number, _flat(record) if isinstance(record, dict) else line


def _records(document: object) -> Iterator[object]:
    """The innermost list of records: a bare list, a reply that wraps one, or a list of such replies."""
    if isinstance(document, list):
        for entry in document:
            if isinstance(entry, dict) and isinstance(entry.get("data"), list):
                yield from entry["data"]
            else:
                yield entry
    elif isinstance(document, dict):
        inner = next((document[key] for key in _LISTS if isinstance(document.get(key), list)), None)
        if inner is None:
            yield document
        else:
            yield from inner


def _flat(record: object) -> Record | str:
    """Objects inside an object become dotted names: `{"user": {"name": …}}` → `user.name`."""
    if not isinstance(record, dict):
        return json.dumps(record, ensure_ascii=False)
    flat: Record = {}
    for key, value in record.items():
        if isinstance(value, dict):
            flat.update({f"{key}.{inner}": deep for inner, deep in value.items()})
        else:
            flat[str(key)] = value
    return flat
