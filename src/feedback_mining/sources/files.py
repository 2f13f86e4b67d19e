"""Read the files that users have: app-store exports, 兔小巢, WeChat groups, anything flat.

`read_comments` opens a file, finds out what it is and which column holds what, and gives its rows one by one,
each a comment or a refusal with its reason.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from feedback_mining.errors import UnreadableFile
from feedback_mining.records import Quarantined, QuarantineReason
from feedback_mining.sources.cells import cell_text, parse_author, parse_count, parse_id, parse_rating
from feedback_mining.sources.columns import canonical, map_columns
from feedback_mining.sources.decoding import decode
from feedback_mining.sources.documents import NumberedRecord, read_json
from feedback_mining.sources.notices import notice
from feedback_mining.sources.privacy import mask_personal_data
from feedback_mining.sources.rows import MAX_TEXT, FileReading, RawComment, Row
from feedback_mining.sources.tables import NumberedRow, Table, read_delimited, read_excel
from feedback_mining.sources.times import parse_time

__all__ = ["FileReading", "RawComment", "Row", "read_comments"]

_RAW_LIMIT = 2_000
_TITLE_SUFFIX = re.compile(r"[_\-]?评论(?:详情|列表)?$")
_FOOTER = re.compile(r"数据支持一次性导出|七麦|qimai", re.IGNORECASE)
_CHAT_TEXT = frozenset({"1", "文本", "文本消息", "text"})


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns the cells of one row, by column name, into a comment or a refusal."""

    source: str
    mapping: dict[str, str]
    zone: ZoneInfo
    lenient: bool

    def row(self, line: int, cells: Mapping[str, Any]) -> Row:
        values = {field: cells.get(column) for field, column in self.mapping.items()}
        body, title = cell_text(values["text"]), cell_text(values.get("title"))
        text = f"{title}\n{body}" if title and body and title != body else body or title
        if why := self._no_comment(cells, values, text):
            return self._refused(line, QuarantineReason.NOT_A_COMMENT, why, values)
        time = None
        if not self.lenient:
            if not text:
                return self._refused(line, QuarantineReason.EMPTY_TEXT, "no words", values)
            if len(text) > MAX_TEXT:
                why = f"{len(text)} characters, at most {MAX_TEXT} are read"
                return self._refused(line, QuarantineReason.TOO_LONG, why, values)
        if "time" in self.mapping:
            try:
                time = parse_time(values["time"], self.zone)
            except ValueError:
                if not self.lenient:
                    why = mask_personal_data(f"time {cell_text(values['time'])[:60]!r} cannot be read")
                    return self._refused(line, QuarantineReason.BAD_TIME, why, values)
        return RawComment(
            line=line,
            text=text,
            id=self._id(cells, values),
            author=parse_author(values.get("author")),
            time=time,
            rating=parse_rating(values.get("rating")),
            version=cell_text(values.get("version"))[:60] or None,
            likes=parse_count(values.get("likes")),
            title=title or None,
            reply=cell_text(values.get("reply"))[:MAX_TEXT] or None,
            url=cell_text(values.get("url"))[:2_000] or None,
        )

    def _id(self, cells: Mapping[str, Any], values: Mapping[str, Any]) -> str | None:
        number = parse_id(values.get("id"))
        if number is None or len(number) > 200:
            return None
        if self.source == "wechat" and not self.lenient and canonical(self.mapping["id"]) == "localid":
            # Numbers of one telephone's database: only together with the second are they a message's own.
            return f"{number}-{cell_text(values.get('time'))}"
        return number

    def _no_comment(self, cells: Mapping[str, Any], values: Mapping[str, Any], text: str) -> str | None:
        if self.source == "wechat":
            kind = cell_text(cells.get("Type", cells.get("类型")))
            if kind and kind.lower() not in _CHAT_TEXT:
                return f"message of type {kind[:20]}, not text"
        if self.source == "txc" and cells.get("is_admin") in (True, 1, "1", "true"):
            return "written by the product's own team"
        if self.source == "qimai" and not text and any(_FOOTER.search(cell_text(v)) for v in values.values()):
            return "a notice of the exporting service"
        return None

    def _refused(
        self, line: int, reason: QuarantineReason, detail: str, values: Mapping[str, Any]
    ) -> Quarantined:
        # Columns that nobody mapped may hold anything about a person; the name itself is kept nowhere.
        kept = {field: cell_text(value) for field, value in values.items() if field != "author"}
        raw = json.dumps({f: v[:_RAW_LIMIT] for f, v in kept.items() if v}, ensure_ascii=False)
        return Quarantined(line, reason, detail, mask_personal_data(raw)[:_RAW_LIMIT])


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
    data = _bytes(path)
    name = path.name
    suffix = path.suffix.lower()
    encoding = None
    notices: list[str] = []
    title: str | None = None
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        table = read_excel(data, name, mapping)
        columns = table.header
    elif suffix in {".xlsx", ".xls", ".xlsm"}:
        raise UnreadableFile(
            f"{name}: named like an Excel workbook, but it is none; "
            f"open it in Excel and save it as .xlsx, or rename it to what it is (.csv, .json)"
        )
    else:
        text, encoding = decode(data, name)
        if "\x00" in text:
            text = text.replace("\x00", "")
            notices.append(notice("nul", lang))
        if not text.strip():
            raise UnreadableFile(f"{name}: the file is empty; expected a header and a row per comment")
        if _is_json(text, suffix):
            records = read_json(text, name, lines=suffix in {".jsonl", ".ndjson"})
            return _from_records(
                records, path, data, encoding, product, mapping, zone, lenient, lang, notices
            )
        table = read_delimited(text, name, mapping)
        columns = table.header
    if table.unread_sheets:
        notices.append(notice("sheets", lang, ", ".join(table.unread_sheets)))
    found = map_columns([column for column in columns if column], mapping, name)
    source = _table_source(columns, found)
    if source == "qimai":
        title = next(
            (_TITLE_SUFFIX.sub("", word) for word in table.banner if _TITLE_SUFFIX.search(word)), None
        )
        # The service splits what users wrote at "-" ("Wi-Fi") and spreads it over unnamed columns.
        table.spill = "-"
    if source == "wechat":
        found = {**_wechat_mapping(columns, found), **(mapping or {})}
    reading = _reading(path, data, encoding, product or title, source, found, lang, notices)
    reader = _Reader(source, found, zone, lenient)
    truncated = encoding is not None and not data.rstrip(b"\x00 ").endswith(b"\n")
    reading.rows = _table_rows(table, reader, truncated)
    return reading


def _bytes(path: Path) -> bytes:
    if path.is_dir():
        raise UnreadableFile(f"{path}: this is a folder; expected a file, name the files in it one by one")
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise UnreadableFile(f"{path}: there is no such file; check the path") from None
    except OSError as error:
        raise UnreadableFile(f"{path}: cannot be read ({error.strerror}); check its permissions") from None
    if not data:
        raise UnreadableFile(f"{path.name}: the file is empty; expected a header and a row per comment")
    return data


def _is_json(text: str, suffix: str) -> bool:
    if suffix in {".json", ".jsonl", ".ndjson"}:
        return True
    start = text.lstrip()[:1]
    return start == "{" or (start == "[" and suffix not in {".csv", ".tsv"})


def _reading(
    path: Path,
    data: bytes,
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
    return FileReading(name, source, mapping, encoding, hashlib.sha256(data).hexdigest(), iter(()), notices)


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


def _table_rows(table: Table, reader: _Reader, truncated: bool) -> Iterator[Row]:
    header = table.header
    text_last = header.index(reader.mapping["text"]) == len(header) - 1
    rows = iter(table.rows)
    current: NumberedRow | None = next(rows, None)
    while current is not None:
        following = next(rows, None)
        line, cells = current
        if isinstance(cells, str):
            yield _unparsed(line, cells, "quotes do not pair")
        elif truncated and following is None and len(cells) < len(header):
            yield _unparsed(
                line, "".join(f"{cell} " for cell in cells), "the file ends in the middle of this row"
            )
        else:
            yield reader.row(line, _by_column(header, cells, table.spill if text_last else None))
        current = following


def _by_column(header: list[str], cells: list[Any], spill: str | None) -> dict[str, Any]:
    row = {column: cell for column, cell in zip(header, cells, strict=False) if column}
    extra = [cell_text(cell) for cell in cells[len(header) :]]
    while extra and not extra[-1]:
        extra.pop()
    if extra and spill is not None:
        row[header[-1]] = spill.join([cell_text(cells[len(header) - 1]), *extra])
    return row


def _unparsed(line: int, raw: str, why: str) -> Quarantined:
    return Quarantined(line, QuarantineReason.BAD_ROW, why, mask_personal_data(cell_text(raw)[:_RAW_LIMIT]))


def _from_records(
    records: list[NumberedRecord],
    path: Path,
    data: bytes,
    encoding: str,
    product: str | None,
    mapping: Mapping[str, str] | None,
    zone: ZoneInfo,
    lenient: bool,
    lang: str,
    notices: list[str],
) -> FileReading:
    columns = list(dict.fromkeys(key for _, record in records if isinstance(record, dict) for key in record))
    source = "txc" if {"nick_name", "content", "created_at"} <= set(columns) else "file"
    if not records:
        notices.append(notice("no_record", lang))
    found = map_columns(columns, mapping, path.name) if columns else {"text": "content"}
    reader = _Reader(source, found, zone, lenient)
    reading = _reading(path, data, encoding, product, source, found, lang, notices)
    reading.rows = (
        reader.row(line, record) if isinstance(record, dict) else _unparsed(line, record, "not a JSON object")
        for line, record in records
    )
    return reading
