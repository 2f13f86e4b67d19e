"""Labelled texts as plain files hold them: JSON Lines, CSV or TSV, each of them gzipped or not.

A row's labels stand in `labels` (a list of `{"theme": …, "sentiment": …}`, or of bare labels), in `label`, or
in a column named after the task; several labels in one table cell are separated by `|`.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from feedback_mining.errors import MissingColumn, UnreadableFile

Label = str | int
_MANY = "|"


@dataclass(frozen=True, slots=True)
class Example:
    text: str
    labels: tuple[Label, ...] = ()
    sentiments: tuple[Label | None, ...] = ()  # one for each label
    line: int = 0  # of the file, counted from 1
    id: Label | None = None


@dataclass(frozen=True, slots=True)
class Examples:
    """The rows of a file in its order, and (line, reason) of each row that is none."""

    rows: tuple[Example, ...]
    refused: tuple[tuple[int, str], ...] = ()
    key: str = "label"  # the name under which the first row has its labels


def read_examples(path: Path, task: str = "label", *, labelled: bool = True) -> Examples:
    """Rows with a text and, where `labelled`, their labels; those that cannot be used are named in `refused`.

    Raises UnreadableFile for a file that cannot be read or holds no usable row, MissingColumn for a table
    without a column `text`.
    """
    rows: list[Example] = []
    refused: list[tuple[int, str]] = []
    key = ""
    for line, found in _records(path):
        try:
            if isinstance(found, Exception):
                raise found
            key = key or _key(found, task)
            rows.append(_example(found, task, line, labelled))
        except (KeyError, TypeError, ValueError) as error:
            refused.append((line, str(error.args[0]) if error.args else type(error).__name__))
    if not rows:
        first = f"; line {refused[0][0]}: {refused[0][1]}" if refused else ""
        expected = f'"text" and "labels", "label" or "{task}"' if labelled else '"text"'
        raise UnreadableFile(f"{path} holds no usable row; expected rows with {expected}{first}")
    return Examples(tuple(rows), tuple(refused), key or task)


def _records(path: Path) -> Iterator[tuple[int, Mapping[str, Any] | Exception]]:
    """(line, row) in order; a row that cannot be parsed is given as its error."""
    name = path.name.lower().removesuffix(".gz")
    kind = name.rpartition(".")[2]
    if kind not in {"jsonl", "csv", "tsv"}:
        raise UnreadableFile(
            f"{path} is of no kind that is read here; expected .jsonl, .csv or .tsv, or one of these with .gz"
        )
    try:
        content = path.read_bytes()
        if path.name.lower().endswith(".gz"):
            content = gzip.decompress(content)
        text = content.decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        raise UnreadableFile(f"{path} cannot be read: {reason}; expected labelled texts in UTF-8") from error
    if kind == "jsonl":
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                yield number, _parsed(line)
        return
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter="\t" if kind == "tsv" else ",")
    if "text" not in (reader.fieldnames or ()):
        given = ", ".join(map(str, reader.fieldnames or ())) or "nothing"
        raise MissingColumn(
            f"{path} has the columns {given}; expected a first row with text and label",
            reader.fieldnames or (),
        )
    try:
        for row in reader:
            yield reader.line_num, {k: v for k, v in row.items() if k is not None and v is not None}
    except csv.Error as error:
        raise UnreadableFile(f"{path} line {reader.line_num} is no row of a table: {error}") from error


def _parsed(line: str) -> Mapping[str, Any] | Exception:
    try:
        row = json.loads(line)
    except ValueError:
        return ValueError("no JSON object")
    return row if isinstance(row, dict) else ValueError("no JSON object")


def _text(row: Mapping[str, Any]) -> str:
    text = row.get("text")
    if not isinstance(text, str) or not text.strip():
        raise ValueError("no text")
    return text


def _key(row: Mapping[str, Any], task: str) -> str:
    labels = row.get("labels")
    if isinstance(labels, list):
        if not labels:
            return ""
        names = labels[0] if isinstance(labels[0], Mapping) else {task: labels[0]}
    else:
        names = row
    return next((name for name in (task, "theme", "label") if name in names), "")


def _example(row: Mapping[str, Any], task: str, line: int, labelled: bool) -> Example:
    text, name = _text(row), row.get("id")
    key = name if isinstance(name, str | int) else None
    if not labelled:
        return Example(text, line=line, id=key)
    given = next((row[name] for name in ("labels", task, "label") if row.get(name) not in (None, "")), None)
    if given is None:
        raise ValueError(f'no "labels", "label" or "{task}"')
    parts = given if isinstance(given, list) else _split(given)
    overall = row.get("sentiment") if task != "sentiment" and not isinstance(given, list) else None
    pairs: dict[Label, Label | None] = {}
    for part in parts:
        if isinstance(part, Mapping):
            label = next((part[k] for k in (task, "theme", "label") if k in part), None)
            feeling = _optional(part.get("sentiment")) if task != "sentiment" else None
            pairs.setdefault(_label(label), feeling)
        else:
            pairs.setdefault(_label(part), _optional(overall))
    return Example(text, tuple(pairs), tuple(pairs.values()), line, key)


def _split(given: Any) -> Sequence[Any]:
    if isinstance(given, str) and _MANY in given:
        return [part.strip() for part in given.split(_MANY) if part.strip()]
    return [given]


def _label(given: Any) -> Label:
    if isinstance(given, bool) or not isinstance(given, str | int) or given == "":
        raise ValueError(f"{given!r} is no label; expected text or a whole number")
    return given


def _optional(given: Any) -> Label | None:
    return None if given in (None, "") else _label(given)
