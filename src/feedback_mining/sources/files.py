"""Read the files that users have: app-store exports, 兔小巢, WeChat groups, anything flat.

`read_comments` opens a file, finds out what it is and which column holds what, and gives its rows one by one,
each a comment or a refusal with its reason.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from feedback_mining.errors import UnreadableFile
from feedback_mining.sources.columns import check_mapping, map_columns, recognise
from feedback_mining.sources.decoding import TextFile, examine
from feedback_mining.sources.documents import NumberedRecord, flat, read_json
from feedback_mining.sources.guesses import guess_columns
from feedback_mining.sources.notices import notice
from feedback_mining.sources.plain import (
    Counted,
    PlainReader,
    plain_source,
    record_rows,
    shape_rows,
    table_rows,
    wechat_mapping,
)
from feedback_mining.sources.reader import RowReader
from feedback_mining.sources.rounding import RoundedIds, were_rounded
from feedback_mining.sources.rows import FileReading, RawComment, Row
from feedback_mining.sources.shapes import SHAPES, shape_of
from feedback_mining.sources.surveys import is_survey, open_questions, survey_rows
from feedback_mining.sources.tables import read_delimited, read_parquet
from feedback_mining.sources.workbooks import check_workbook, read_excel

__all__ = ["FileReading", "RawComment", "Row", "read_comments"]

_PEEK = 200  # rows
_SAMPLE = 2_000  # records
_TITLE_SUFFIX = re.compile(r"[_\-]?评论(?:详情|列表)?$")


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
        table = read_excel(path, mapping)
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
    given = check_mapping(named, mapping, name)
    shape = next((s.within(named) for s in SHAPES if set(s.keys) <= set(named)), None)
    sample = list(itertools.islice(table.rows, _PEEK))
    table.rows = itertools.chain(sample, table.rows)
    cells = [row for _, row in sample if not isinstance(row, str)]
    questions = open_questions(columns, cells, given.get("text")) if is_survey(columns) else []
    if shape:
        source, found = shape.source, {**shape.fields, **given}
    elif questions:
        source = "wjx"
        found = {"text": questions[0], "id": "序号", "time": "提交答卷时间", **given}
    else:
        guessed = guess_columns(columns, cells, {**recognise(named), **given})
        found = map_columns(named, {**guessed, **given}, name)
        source = plain_source(columns, found)
    if source == "qimai":
        title = next(
            (_TITLE_SUFFIX.sub("", word) for word in table.banner if _TITLE_SUFFIX.search(word)), None
        )
        # The service splits what users wrote at "-" ("Wi-Fi") and spreads it over unnamed columns.
        table.spill = "-"
    if source == "wechat":
        found = {**wechat_mapping(columns, found), **given}
    ids = None
    if found.get("id") in columns and not questions:
        at = columns.index(found["id"])
        zeros = suffix != ".parquet" and not lenient and were_rounded(r[at] for r in cells if at < len(r))
        ids = RoundedIds((found["id"], *(found[f] for f in ("parent",) if f in found)), zeros)
    sha256 = file.sha256 if file else _digest(path)
    encoding = _shown(file) if file else None
    reading = _reading(path, sha256, encoding, product or title, source, found, lang, notices)
    reading.columns = tuple(columns)
    make = shape_rows(shape, rows, given) if shape else PlainReader(source, found, rows).rows_of
    if questions:
        make = survey_rows(questions, rows, given)
        notices.append(notice("questions", lang, len(questions)))
    counted = Counted(make)
    truncated = file is not None and not file.complete
    made = table_rows(table, found["text"], counted.rows, ids, truncated)
    reading.rows = _with_last_words(made, counted, ids, notices, lang)
    return reading


def _with_last_words(
    rows: Iterator[Row], counted: Counted, ids: RoundedIds | None, notices: list[str], lang: str
) -> Iterator[Row]:
    """What is only known when all rows have been read is then added to `notices`."""
    yield from rows
    if ids and ids.found:
        notices.append(notice("rounded", lang, ids.found))
    if counted.made > counted.given:
        notices.append(notice("more", lang, counted.given, counted.made))


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
    shape = shape_of(single)
    columns = list(dict.fromkeys(k for record in single if isinstance(record, dict) for k in flat(record)))
    given = check_mapping([*columns, *(shape.fields.values() if shape else ())], mapping, file.path.name)
    if not head:
        notices.append(notice("no_record", lang))
    if shape:
        source, found = shape.source, {**shape.fields, **given}
    else:
        source = "file"
        sample = [flat(record) for record in single[:_PEEK] if isinstance(record, dict)]
        cells = [[record.get(column) for column in columns] for record in sample]
        guessed = guess_columns(columns, cells, {**recognise(columns), **given})
        found = map_columns(columns, {**guessed, **given}, file.path.name) if columns else {"text": "content"}
    reading = _reading(file.path, file.sha256, _shown(file), product, source, found, lang, notices)
    reading.columns = tuple(columns)
    counted = Counted(shape_rows(shape, rows, given) if shape else PlainReader(source, found, rows).rows_of)
    made = record_rows(itertools.chain(head, records), counted.rows, flatten=shape is None)
    reading.rows = _with_last_words(made, counted, None, notices, lang)
    return reading
