"""JSON and JSON Lines → numbered objects."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Iterable, Iterator
from typing import Any

from feedback_mining.errors import UnreadableFile
from feedback_mining.sources.decoding import TextFile
from feedback_mining.sources.shapes import LISTS, unwrap

MAX_WHOLE = 2**25  # bytes of a document that is read at once
_HEAD = 200

Record = dict[str, Any]
NumberedRecord = tuple[int, Record | str]  # a str is a record that cannot be parsed


def read_json(file: TextFile, *, lines: bool) -> Iterator[NumberedRecord]:
    """Records of a JSON document, or of one per line where `lines` or where the document is not one value.

    Numbers are lines of JSON Lines and ordinals in a document. A document of more than MAX_WHOLE bytes is
    read piece by piece. Raises UnreadableFile where nothing parses.
    """
    if file.path.stat().st_size > MAX_WHOLE and not lines:
        lines = isinstance(_parsed(next(file.lines(), "")), dict)
        if not lines:
            return _streamed(file)
    problem = "no line is a JSON object"
    if not lines:
        try:
            with file.opened() as opened:
                document = json.loads(opened.read().replace("\x00", "").removeprefix("\ufeff"))
            return iter([(i, _record(r)) for i, r in enumerate(unwrap(document), start=1)])
        except (ValueError, RecursionError) as error:
            problem = f"{type(error).__name__}: {error}"
    records = _by_line(file.lines())
    head = list(itertools.islice(records, _HEAD))
    if any(isinstance(record, dict) for _, record in head):
        return itertools.chain(head, records)
    if lines and file.path.stat().st_size <= MAX_WHOLE:
        return read_json(file, lines=False)
    raise UnreadableFile(
        f"{file.path.name}: not JSON ({' '.join(problem.split())[:120]}); "
        f"expected a list of objects, or one object per line"
    )


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _by_line(lines: Iterable[str]) -> Iterator[NumberedRecord]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        record = _parsed(line)
        yield number, record if isinstance(record, dict) else line.rstrip("\r\n")


class _Utf8:
    """What ijson reads from: UTF-8, whatever the file's encoding."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text

    def read(self, size: int) -> bytes:
        return self._text.read(size).encode("utf-8", "replace")


def _streamed(file: TextFile) -> Iterator[NumberedRecord]:
    """The objects of the outermost list, or of the list under one of the usual names."""
    import ijson

    for prefix in ("item", *(f"{name}.item" for name in LISTS)):
        number = 0
        with file.opened() as opened:
            try:
                for record in ijson.items(_Utf8(opened), prefix, use_float=True):
                    for single in unwrap([record]):
                        number += 1
                        yield number, _record(single)
            except ijson.JSONError as error:
                yield number + 1, f"not JSON from here on: {' '.join(str(error).split())[:120]}"
                return
        if number:
            return


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
