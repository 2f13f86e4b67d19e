"""Delimited text and Parquet → a header and numbered rows of cells."""

from __future__ import annotations

import csv
import itertools
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from feedback_mining.errors import UnreadableFile
from feedback_mining.sources.cells import cell_text
from feedback_mining.sources.columns import recognise
from feedback_mining.sources.decoding import TextFile
from feedback_mining.sources.guesses import is_time

HEADER_WITHIN = 20  # rows; banners above the header are few
_MAX_ROW = 2**22  # characters
_BATCH = 2_000
_WIDE_DELIMITERS = ("-*-", "|||", "\x01")
_UNIT_SEPARATOR = "\x1f"
_DELIMITERS = f",\t;|，{_UNIT_SEPARATOR}"

Cells = list[Any]
NumberedRow = tuple[int, Cells | str]  # a str is a row that cannot be parsed


@dataclass(slots=True)
class Table:
    """`rows` starts after the header; wholly blank rows are left out."""

    header: list[str]
    rows: Iterator[NumberedRow]
    banner: list[str] = field(default_factory=list)  # words above the header
    spill: str = " "  # what joins cells to the right of the last named column
    unread_sheets: list[str] = field(default_factory=list)


def read_parquet(path: Path) -> Table:
    """A Parquet file, batch by batch. Raises UnreadableFile."""
    import pyarrow
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(path)
        header = [str(name) for name in file.schema_arrow.names]
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise UnreadableFile(
            f"{path.name}: not a Parquet file that can be read ({one_line(error)}); write it again"
        ) from None

    def rows() -> Iterator[NumberedRow]:
        line = 1
        with file:
            try:
                for batch in file.iter_batches(batch_size=_BATCH):
                    columns = [column.to_pylist() for column in batch.columns]
                    for cells in zip(*columns, strict=True):
                        line += 1
                        yield line, list(cells)
            except (pyarrow.ArrowException, OSError, ValueError) as error:
                yield line + 1, f"damaged from here on: {one_line(error)}"

    return Table(header, rows())


def read_delimited(file: TextFile, mapping: Mapping[str, str] | None) -> Table:
    """CSV, TSV and the like; the delimiter is the one under which the header reads best."""
    # The limit belongs to the process; the default of 128 KiB would stop the whole file at one long cell.
    csv.field_size_limit(_MAX_ROW)
    lines = file.lines()
    head = list(itertools.islice(lines, HEADER_WITHIN))
    for wide in _WIDE_DELIMITERS:
        if all(wide in line for line in head):
            lines = (line.replace(wide, _UNIT_SEPARATOR) for line in lines)
            head = [line.replace(wide, _UNIT_SEPARATOR) for line in head]
            break

    def fit(delimiter: str) -> tuple[int, float, int]:
        rows = [
            (1, list(row)) for row in csv.reader(head, delimiter=delimiter) if any(c.strip() for c in row)
        ]
        at = header_at(rows, mapping)
        if at is not None:
            return _names(rows[at][1], mapping), 1.0, len(rows[at][1])
        # Without a header that tells, every row has as many cells as the next; commas in sentences do not.
        widths = Counter(len(row) for _, row in rows if len(row) > 1)
        width, count = widths.most_common(1)[0] if widths else (0, 0)
        return 0, count / max(1, len(rows)), width

    delimiter = max(_DELIMITERS, key=fit)
    rows = _delimited_rows(itertools.chain(head, lines), delimiter)
    before: list[NumberedRow] = []
    for row in rows:
        before.append(row)
        if len(before) == HEADER_WITHIN:
            break
    if not before:
        raise UnreadableFile(
            f"{file.path.name}: the file holds only blank lines; expected a header and a row per comment"
        )

    def rest() -> Iterator[NumberedRow]:
        yield from before
        yield from rows

    parsed = [row for row in before if not isinstance(row[1], str)]
    at = header_at(parsed, mapping)
    if at is None and parsed and _is_data([cell_text(cell) for cell in parsed[0][1]]):
        header = [f"列{number}" for number in range(1, len(parsed[0][1]) + 1)]
        return Table(header, rest(), spill=delimiter)
    table = table_from(rest(), at or 0)
    table.spill = delimiter
    return table


def _is_data(first: list[str]) -> bool:
    """Whether a file's first row is no header: a header names times and holds none, and it tells no story."""
    if any(map(is_time, first)):
        return True
    told = any(len(cell) > 40 or (len(cell) >= 8 and set(cell) & set("，。！")) for cell in first)
    return told and not recognise(first)


def _names(cells: Sequence[Any], mapping: Mapping[str, str] | None) -> int:
    header = [cell_text(cell) for cell in cells]
    wanted = set((mapping or {}).values())
    return len(recognise(header)) + 10 * len(wanted & set(header))


def header_at(rows: Sequence[tuple[int, Any]], mapping: Mapping[str, str] | None) -> int | None:
    """Index of the first row that names a column of comments."""
    column = (mapping or {}).get("text")
    for index, (_, cells) in enumerate(rows[:HEADER_WITHIN]):
        header = [cell_text(cell) for cell in cells]
        if column in header if column else "text" in recognise(header):
            return index
    return None


def table_from(rows: Iterable[NumberedRow], at: int) -> Table:
    """The table whose header is the row at index `at` of those that can be parsed."""
    banner: list[str] = []
    source = iter(rows)
    parsed = 0
    for _, cells in source:
        if isinstance(cells, str):
            continue
        if parsed == at:
            header = [cell_text(cell) for cell in cells]
            while header and not header[-1]:
                header.pop()
            return Table(header, source, banner)
        banner.extend(word for cell in cells if (word := cell_text(cell)))
        parsed += 1
    return Table([], iter(()), banner)


class _RowTooLong(Exception):
    pass


class _Lines:
    """Lines for csv.reader, which can be put back: at hand are only those of the row being read."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._back: deque[str] = deque()
        self.row: list[str] = []
        self._length = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._back.popleft() if self._back else next(self._lines)
        self.row.append(line)
        self._length += len(line)
        if self._length > _MAX_ROW and len(self.row) > 1:
            raise _RowTooLong
        return line

    def start_row(self) -> None:
        self.row, self._length = [], 0

    def put_back(self, lines: list[str]) -> None:
        self._back.extendleft(reversed(lines))
        self.start_row()


def _delimited_rows(source: Iterator[str], delimiter: str) -> Iterator[NumberedRow]:
    """Rows with the number of their first line; a quote that never closes costs a row, not the file."""
    lines, line, width = _Lines(source), 1, 0
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        cells: Cells | str
        endless = False
        try:
            cells = list(next(reader))
        except StopIteration:
            return
        except (csv.Error, _RowTooLong) as error:
            cells, endless = "", isinstance(error, _RowTooLong)
        row = lines.row
        if cells == "" and not row:
            return
        if cells != "" and not any(cell.strip() for cell in cells):
            line += len(row)
            lines.start_row()
            continue
        width = width or len(cells)
        if len(row) > 1 and len(cells) != width and (endless or _swallowed(row, delimiter, width)):
            yield line, row[0]
            line += 1
            lines.put_back(row[1:])
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            continue
        if cells == "":
            cells = _lenient(row, delimiter)
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
        yield line, cells
        line += len(row)
        lines.start_row()


def _swallowed(span: list[str], delimiter: str, width: int) -> bool:
    """Whether the row is a line whose quote never closes, followed by rows that are whole by themselves."""
    try:
        return len(next(csv.reader([span[1]], delimiter=delimiter, strict=True))) == width
    except (csv.Error, StopIteration):
        return False


def _lenient(lines: list[str], delimiter: str) -> Cells | str:
    """Stray quotes inside a quoted cell are common and harmless; an open quote at the end is not."""
    line = "".join(lines)
    try:
        rows = list(csv.reader(lines, delimiter=delimiter))
    except csv.Error:
        return line
    return line if len(rows) != 1 or line.count('"') % 2 else list(rows[0])


def one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:120]
