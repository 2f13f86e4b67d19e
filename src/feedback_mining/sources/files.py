"""Read the files that users have: app-store exports, 兔小巢, WeChat groups, anything flat.

`read_comments` opens a file, finds out what it is and which column holds what, and gives its rows one by one,
each a comment or a refusal with its reason.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from feedback_mining.errors import UnreadableFile
from feedback_mining.sources.cells import cell_text, is_rounded_id, parse_id
from feedback_mining.sources.columns import canonical, map_columns, recognise
from feedback_mining.sources.decoding import TextFile, examine
from feedback_mining.sources.documents import NumberedRecord, flat, read_json
from feedback_mining.sources.feeds import shaped_rows
from feedback_mining.sources.guesses import guess_columns
from feedback_mining.sources.notices import notice
from feedback_mining.sources.reader import RowReader, unparsed
from feedback_mining.sources.rows import FileReading, RawComment, Row
from feedback_mining.sources.shapes import SHAPES, Shape, shape_of
from feedback_mining.sources.surveys import is_survey, open_questions, survey_rows
from feedback_mining.sources.tables import (
    NumberedRow,
    Table,
    check_workbook,
    read_delimited,
    read_excel,
    read_parquet,
)

__all__ = ["FileReading", "RawComment", "Row", "read_comments"]

_PEEK = 200  # rows
_SAMPLE = 2_000  # records
_TITLE_SUFFIX = re.compile(r"[_\-]?评论(?:详情|列表)?$")
_FOOTER = re.compile(r"数据支持一次性导出|七麦|qimai", re.IGNORECASE)
_CHAT_TEXT = frozenset({"1", "文本", "文本消息", "text"})


@dataclass(frozen=True, slots=True)
class _Reader:
    """Gives the cells of one row, by column name, the meaning that the source gives them."""

    source: str
    mapping: dict[str, str]
    rows: RowReader

    def rows_of(self, line: int, cells: Mapping[str, Any]) -> tuple[Row]:
        values = {field: cells.get(column) for field, column in self.mapping.items()}
        if self.source == "wechat":
            kind = cell_text(cells.get("Type", cells.get("类型")))
            if kind and kind.lower() not in _CHAT_TEXT:
                values["refuse"] = f"message of type {kind[:20]}, not text"
            number = parse_id(values.get("id"))
            if number and not self.rows.lenient and canonical(self.mapping["id"]) == "localid":
                # Numbers of one telephone's database: only with the second are they a message's own.
                values["id"] = f"{number}-{cell_text(values.get('time'))}"
        if (
            self.source == "qimai"
            and not cell_text(values.get("text"))
            and not cell_text(values.get("title"))
        ) and any(_FOOTER.search(cell_text(value)) for value in values.values()):
            values["refuse"] = "a notice of the exporting service"
        return (self.rows.row(line, values),)


def read_comments(
    path: Path,
    *,
    zone: ZoneInfo,
    product: str | None = None,
    mapping: Mapping[str, str] | None = None,
    lenient: bool = False,
    lang: str = "zh",
) -> FileReading:
    """Open a file of comments. Its kind, encoding and columns are known on return; rows are read as consumed.

    `zone` reads times that name no zone. `mapping` (field → column) overrides what the header suggests.
    `lenient` gives every row as a comment, empty ones and those without a readable time included, except
    rows that are not comments or cannot be parsed; ids are then the file's own.

    Raises UnreadableFile (missing, empty, damaged, unknown kind) and MissingColumn (no column of comments).
    """
    head = _head(path)
    rows = RowReader(zone, lenient, datetime.fromtimestamp(path.stat().st_mtime, UTC))
    name, suffix = path.name, path.suffix.lower()
    notices: list[str] = []
    title: str | None = None
    file: TextFile | None = None
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        check_workbook(path)
        table = read_excel(path.read_bytes(), name, mapping)
    elif suffix in {".xlsx", ".xls", ".xlsm"}:
        raise UnreadableFile(
            f"{name}: named like an Excel workbook, but it is none; "
            f"open it in Excel and save it as .xlsx, or rename it to what it is (.csv, .json)"
        )
    elif head.startswith(b"PAR1"):
        table = read_parquet(path)
    else:
        file = examine(path)
        if file.blank:
            raise UnreadableFile(f"{name}: the file is empty; expected a header and a row per comment")
        if file.nul:
            notices.append(notice("nul", lang))
        if file.damaged:
            notices.append(notice("damaged", lang, file.damaged, _shown(file)))
        if _is_json(next(file.lines()), suffix):
            records = read_json(file, lines=suffix in {".jsonl", ".ndjson"})
            return _from_records(records, file, product, mapping, rows, lang, notices)
        table = read_delimited(file, mapping)
    columns = table.header
    if table.unread_sheets:
        notices.append(notice("sheets", lang, ", ".join(table.unread_sheets)))
    named = [column for column in columns if column]
    shape = None if mapping else next((s for s in SHAPES if set(s.keys) <= set(named)), None)
    sample = list(itertools.islice(table.rows, _PEEK))
    table.rows = itertools.chain(sample, table.rows)
    cells = [row for _, row in sample if not isinstance(row, str)]
    questions = open_questions(columns, cells) if not mapping and is_survey(columns) else []
    if shape:
        source, found = shape.source, dict(shape.fields)
    elif questions:
        source, found = "wjx", {"text": questions[0], "id": "序号", "time": "提交答卷时间"}
    else:
        guessed = guess_columns(columns, cells, {**recognise(named), **(mapping or {})})
        found = map_columns(named, {**guessed, **(mapping or {})}, name)
        source = _table_source(columns, found)
    if source == "qimai":
        title = next(
            (_TITLE_SUFFIX.sub("", word) for word in table.banner if _TITLE_SUFFIX.search(word)), None
        )
        # The service splits what users wrote at "-" ("Wi-Fi") and spreads it over unnamed columns.
        table.spill = "-"
    if source == "wechat":
        found = {**_wechat_mapping(columns, found), **(mapping or {})}
    at = columns.index(found["id"]) if found.get("id") in columns else None
    if at is not None and (rounded := sum(is_rounded_id(row[at]) for row in cells if at < len(row))):
        notices.append(notice("rounded", lang, rounded, len(cells)))
    sha256 = file.sha256 if file else _digest(path)
    encoding = _shown(file) if file else None
    reading = _reading(path, sha256, encoding, product or title, source, found, lang, notices)
    reading.columns = tuple(columns)
    make = shape_rows(shape, rows) if shape else _Reader(source, found, rows).rows_of
    if questions:
        make = survey_rows(questions, rows)
        notices.append(notice("questions", lang, len(questions)))
    reading.rows = _table_rows(table, found["text"], make, file is not None and not file.complete)
    return reading


def _shown(file: TextFile) -> str:
    return file.encoding.removesuffix("-sig")


def _head(path: Path) -> bytes:
    if path.is_dir():
        raise UnreadableFile(f"{path}: this is a folder; expected a file, name the files in it one by one")
    try:
        with path.open("rb") as file:
            head = file.read(8)
    except FileNotFoundError:
        raise UnreadableFile(f"{path}: there is no such file; check the path") from None
    except OSError as error:
        raise UnreadableFile(f"{path}: cannot be read ({error.strerror}); check its permissions") from None
    if not head:
        raise UnreadableFile(f"{path.name}: the file is empty; expected a header and a row per comment")
    return head


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_json(text: str, suffix: str) -> bool:
    if suffix in {".json", ".jsonl", ".ndjson"}:
        return True
    start = text.lstrip()[:1]
    return start == "{" or (start == "[" and suffix not in {".csv", ".tsv"})


def _reading(
    path: Path,
    sha256: str,
    encoding: str | None,
    product: str | None,
    source: str,
    mapping: dict[str, str],
    lang: str,
    notices: list[str],
) -> FileReading:
    if "time" not in mapping:
        notices.append(notice("no_time", lang))
    name = (product or path.name.split(".")[0]).strip() or path.name
    return FileReading(name, source, mapping, encoding, sha256, iter(()), notices)


def _table_source(columns: list[str], mapping: dict[str, str]) -> str:
    names = set(columns)
    if {"发表时间", "作者", "评级", "内容"} <= names:
        return "qimai"
    if {"localId", "StrContent"} <= names or {"消息ID", "类型", "发送人", "内容"} <= names:
        return "wechat"
    return "file"


def _wechat_mapping(columns: list[str], mapping: dict[str, str]) -> dict[str, str]:
    """The nickname is in both generations of the export; the account id behind it only in one."""
    author = next((c for c in ("NickName", "昵称", "Sender", "发送人") if c in columns), None)
    time = next((c for c in ("CreateTime", "时间", "StrTime") if c in columns), None)
    chosen = {"author": author, "time": time}
    return {**mapping, **{field: column for field, column in chosen.items() if column}}


def _table_rows(
    table: Table, text: str, make: Callable[[int, Mapping[str, Any]], Iterable[Row]], truncated: bool
) -> Iterator[Row]:
    header = table.header
    text_last = text in header and header.index(text) == len(header) - 1
    rows = iter(table.rows)
    current: NumberedRow | None = next(rows, None)
    while current is not None:
        following = next(rows, None)
        line, cells = current
        if isinstance(cells, str):
            yield unparsed(line, cells, "quotes do not pair")
        elif truncated and following is None and len(cells) < len(header):
            yield unparsed(
                line, "".join(f"{cell} " for cell in cells), "the file ends in the middle of this row"
            )
        else:
            yield from make(line, _by_column(header, cells, table.spill if text_last else None))
        current = following


def _by_column(header: list[str], cells: list[Any], spill: str | None) -> dict[str, Any]:
    row = {column: cell for column, cell in zip(header, cells, strict=False) if column}
    extra = [cell_text(cell) for cell in cells[len(header) :]]
    while extra and not extra[-1]:
        extra.pop()
    if extra and spill is not None:
        row[header[-1]] = spill.join([cell_text(cells[len(header) - 1]), *extra])
    return row


def shape_rows(shape: Shape, reader: RowReader) -> Callable[[int, Mapping[str, Any]], Iterable[Row]]:
    return lambda line, record: (replace(row, line=line) for row in shaped_rows([record], shape, reader))


def _from_records(
    records: Iterator[NumberedRecord],
    file: TextFile,
    product: str | None,
    mapping: Mapping[str, str] | None,
    rows: RowReader,
    lang: str,
    notices: list[str],
) -> FileReading:
    """Which columns there are is told by the first records."""
    head = list(itertools.islice(records, _SAMPLE))
    single = [record for _, record in head]
    shape = None if mapping else shape_of(single)
    flattened = [record if shape else flat(record) for record in single if isinstance(record, dict)]
    columns = list(dict.fromkeys(str(key) for record in flattened for key in record))
    if not head:
        notices.append(notice("no_record", lang))
    if shape:
        source, found = shape.source, dict(shape.fields)
    else:
        source = "txc" if {"nick_name", "content", "created_at"} <= set(columns) else "file"
        found = map_columns(columns, mapping, file.path.name) if columns else {"text": "content"}
    reading = _reading(file.path, file.sha256, _shown(file), product, source, found, lang, notices)
    reading.columns = tuple(columns)
    make = shape_rows(shape, rows) if shape else _Reader(source, found, rows).rows_of
    reading.rows = _record_rows(itertools.chain(head, records), make, flatten=shape is None)
    return reading


def _record_rows(
    records: Iterable[NumberedRecord],
    make: Callable[[int, Mapping[str, Any]], Iterable[Row]],
    *,
    flatten: bool,
) -> Iterator[Row]:
    for line, record in records:
        if isinstance(record, dict):
            yield from make(line, flat(record) if flatten else record)
        else:
            yield unparsed(line, record, "not a JSON object")
