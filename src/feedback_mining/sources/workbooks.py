"""Excel workbooks → a header and numbered rows of cells, one sheet in memory at a time."""

from __future__ import annotations

import itertools
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError

from feedback_mining.errors import UnreadableFile
from feedback_mining.sources.tables import HEADER_WITHIN, Table, header_at, one_line, table_from

MAX_WORKBOOK = 2**29  # bytes, unpacked
MAX_CELLS = 2**25  # of the rectangle around all cells of one sheet
_BLOCK = 2**20
_REFERENCE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{1,3})(\d{1,7})["']""")


def check_workbook(path: Path) -> None:
    """Raise UnreadableFile for a workbook that would take more memory than its words are worth.

    That is one that unpacks to more than MAX_WORKBOOK bytes, a zip bomb, or a sheet with a cell so far out
    that the rectangle around all cells has more than MAX_CELLS: the reader lays out all of it.
    """
    if not zipfile.is_zipfile(path):
        return  # old .xls, or damaged: the reader tells
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
            if size > MAX_WORKBOOK or size > max(2**26, 300 * path.stat().st_size):
                raise UnreadableFile(
                    f"{path.name}: unpacked, this workbook has {size / 2**20:,.0f} MiB, at most "
                    f"{MAX_WORKBOOK // 2**20} MiB are read; export CSV instead"
                )
            if "xl/workbook.xml" not in archive.namelist():
                raise UnreadableFile(
                    f"{path.name}: an archive, but not of a workbook that can be read; expected .xlsx or .xls"
                )
            for member in archive.infolist():
                cells = _extent(archive, member)
                if cells > MAX_CELLS:
                    raise UnreadableFile(
                        f"{path.name}: {member.filename} spans {cells:,} cells, at most {MAX_CELLS:,} are "
                        f"read; delete the stray cell far from the others, or export CSV"
                    )
    except (zipfile.BadZipFile, OSError, ValueError, zlib.error, EOFError, RuntimeError) as error:
        raise UnreadableFile(_damaged(path.name, error)) from None


def _extent(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> int:
    columns: set[bytes] = set()
    bottom = 0
    tail = b""
    with archive.open(member) as part:
        while block := part.read(_BLOCK):
            for column, row in _REFERENCE.findall(tail + block):
                columns.add(column)
                bottom = max(bottom, int(row))
            tail = block[-40:]
    return bottom * max(map(_number, columns), default=0)


def _number(column: bytes) -> int:
    number = 0
    for letter in column.upper():
        number = number * 26 + letter - 64
    return number


def read_excel(path: Path, mapping: Mapping[str, str] | None) -> Table:
    """The first sheet with a column of comments, or the first with anything. Raises UnreadableFile."""
    name = path.name
    try:
        book = CalamineWorkbook.from_path(path)
        filled: list[str] = []
        chosen: str | None = None
        for sheet_name in book.sheet_names:
            head = list(itertools.islice(_rows(book.get_sheet_by_name(sheet_name)), HEADER_WITHIN))
            if head:
                filled.append(sheet_name)
                if chosen is None and header_at(head, mapping) is not None:
                    chosen = sheet_name
        if not filled:
            raise UnreadableFile(
                f"{name}: the workbook holds no cell; expected a header and a row per comment"
            )
        chosen = chosen or filled[0]
        rows = _rows(book.get_sheet_by_name(chosen))
        head = list(itertools.islice(rows, HEADER_WITHIN))
    except PasswordError:
        raise UnreadableFile(
            f"{name}: the workbook is protected by a password; save it without one"
        ) from None
    except (CalamineError, OSError, ValueError) as error:
        raise UnreadableFile(_damaged(name, error)) from None
    table = table_from(itertools.chain(head, rows), header_at(head, mapping) or 0)
    table.unread_sheets = [sheet_name for sheet_name in filled if sheet_name != chosen]
    return table


def _rows(sheet: CalamineSheet) -> Iterator[tuple[int, list[Any]]]:
    for line, row in enumerate(sheet.iter_rows(), start=1):
        if any(cell != "" for cell in row):
            yield line, list(row)


def _damaged(name: str, error: Exception) -> str:
    return (
        f"{name}: not a workbook that can be read ({one_line(error)}); "
        f"expected .xlsx or .xls; open it in Excel and save it again, or export CSV"
    )
