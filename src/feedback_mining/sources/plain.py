"""Cells and records by name → rows, with the meaning that each source gives them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from feedback_mining.sources.cells import cell_text, parse_id
from feedback_mining.sources.columns import canonical
from feedback_mining.sources.documents import NumberedRecord, flat
from feedback_mining.sources.feeds import shaped_rows
from feedback_mining.sources.reader import RowReader, unparsed
from feedback_mining.sources.rounding import RoundedIds
from feedback_mining.sources.rows import Row
from feedback_mining.sources.shapes import Shape
from feedback_mining.sources.tables import NumberedRow, Table

_FOOTER = re.compile(r"数据支持一次性导出|七麦|qimai", re.IGNORECASE)
_CHAT_TEXT = frozenset({"1", "文本", "文本消息", "text"})

Make = Callable[[int, Mapping[str, Any]], Iterable[Row]]


@dataclass(slots=True)
class Counted:
    """Counts what goes into `make` and what comes out: a survey's row may give several comments."""

    make: Make
    given: int = 0
    made: int = 0

    def rows(self, line: int, cells: Mapping[str, Any]) -> Iterator[Row]:
        self.given += 1
        for row in self.make(line, cells):
            self.made += 1
            yield row


@dataclass(frozen=True, slots=True)
class PlainReader:
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


def plain_source(columns: list[str], mapping: dict[str, str]) -> str:
    names = set(columns)
    if {"发表时间", "作者", "评级", "内容"} <= names:
        return "qimai"
    if {"localId", "StrContent"} <= names or {"消息ID", "类型", "发送人", "内容"} <= names:
        return "wechat"
    return "file"


def wechat_mapping(columns: list[str], mapping: dict[str, str]) -> dict[str, str]:
    """The nickname is in both generations of the export; the account id behind it only in one."""
    author = next((c for c in ("NickName", "昵称", "Sender", "发送人") if c in columns), None)
    time = next((c for c in ("CreateTime", "时间", "StrTime") if c in columns), None)
    chosen = {"author": author, "time": time}
    return {**mapping, **{field: column for field, column in chosen.items() if column}}


def table_rows(table: Table, text: str, make: Make, ids: RoundedIds | None, truncated: bool) -> Iterator[Row]:
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
            named = _by_column(header, cells, table.spill if text_last else None)
            if ids:
                ids.clean(named)
            yield from make(line, named)
        current = following


def _by_column(header: list[str], cells: list[Any], spill: str | None) -> dict[str, Any]:
    row = {column: cell for column, cell in zip(header, cells, strict=False) if column}
    extra = [cell_text(cell) for cell in cells[len(header) :]]
    while extra and not extra[-1]:
        extra.pop()
    if extra and spill is not None:
        row[header[-1]] = spill.join([cell_text(cells[len(header) - 1]), *extra])
    return row


def shape_rows(shape: Shape, reader: RowReader, given: Mapping[str, str]) -> Make:
    return lambda line, record: (
        replace(row, line=line) for row in shaped_rows([record], shape, reader, given)
    )


def record_rows(
    records: Iterable[NumberedRecord],
    make: Make,
    *,
    flatten: bool,
) -> Iterator[Row]:
    for line, record in records:
        if isinstance(record, dict):
            yield from make(line, flat(record) if flatten else record)
        else:
            yield unparsed(line, record, "not a JSON object")
