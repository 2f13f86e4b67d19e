"""JSON and JSON Lines → numbered objects."""

from __future__ import annotations

import io
import itertools
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from feedback_mining.errors import UnreadableFile
from feedback_mining.sources.cells import cell_text
from feedback_mining.sources.decoding import TextFile
from feedback_mining.sources.shapes import LISTS, unwrap

MAX_WHOLE = 2**25  # bytes of a document that is read at once
MAX_RECORD = 2**25  # characters
_MAX_DEPTH = 500
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_STRING_END = re.compile(r'(?:[^"\\]|\\.)*"', re.DOTALL)
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


class _TooMuch(Exception):
    pass


class _Utf8:
    """What ijson reads from: UTF-8, whatever the file's encoding.

    It stops before one value fills the memory or the stack, which ijson does not.
    """

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.since: int | None = None  # characters since the last record; None while there is no list yet
        self._held = ""  # a backslash whose second half is in the next block
        self._string: int | None = None  # length of the string that goes on in the next block
        self._depth = 0

    def read(self, size: int) -> bytes:
        # Before a block is read, so that the records of the last one have been given.
        if max(self._string or 0, self.since or 0) > MAX_RECORD:
            raise _TooMuch(f"a record of more than {MAX_RECORD:,} characters")
        if self._depth > _MAX_DEPTH:
            raise _TooMuch(f"lists in lists, more than {_MAX_DEPTH} deep")
        text = self._text.read(size)
        if self.since is not None:
            self.since += len(text)
        self._follow(self._held + text)
        return text.encode("utf-8", "replace")

    def _follow(self, text: str) -> None:
        held = (len(text) - len(text.rstrip("\\"))) % 2
        self._held, text = "\\" * held, text[: len(text) - held]
        if self._string is not None:
            end = _STRING_END.match(text)
            if end is None:
                self._string += len(text)
                return
            text = text[end.end() :]
        bare, quote, rest = _STRING.sub("", text).partition('"')
        self._string = len(rest) if quote else None
        self._depth += sum(map(bare.count, "[{")) - sum(map(bare.count, "]}"))


def _streamed(file: TextFile) -> Iterator[NumberedRecord]:
    """The objects of the outermost list, or of the first list under one of the usual names."""
    import ijson

    number, problem = 0, ""
    try:
        with file.opened() as opened:
            lists = {"": "item"} | {name: f"{name}.item" for name in LISTS}
            events = ijson.parse(_Utf8(opened))
            found = next(
                (lists[at] for at, event, _ in events if event == "start_array" and at in lists), None
            )
        if found is None:
            return
        with file.opened() as opened:
            source = _Utf8(opened)
            if found == "item":
                source.since = 0
            for record in ijson.items(source, found, use_float=True):
                source.since = 0
                for single in unwrap([record]):
                    number += 1
                    yield number, _record(single)
    except ijson.JSONError as error:
        problem = f"not JSON from here on: {' '.join(str(error).split())[:120]}"
    except _TooMuch as error:
        problem = f"not read from here on: {error}"
    if problem:
        yield number + 1, problem


def _record(record: object) -> Record | str:
    return record if isinstance(record, dict) else cell_text(record)


def flat(record: Record) -> Record:
    """Objects inside an object become dotted names: `{"user": {"name": …}}` → `user.name`."""
    found: Record = {}
    for key, value in record.items():
        if isinstance(value, dict):
            found.update({f"{key}.{inner}": deep for inner, deep in value.items()})
        else:
            found[str(key)] = value
    return found
