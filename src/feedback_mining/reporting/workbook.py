"""Sheets written to XLSX so that the same content gives the same bytes."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.cell.cell import Cell as SheetCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.styles.cell_style import StyleArray
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.writer.excel import ExcelWriter

Cell = str | int | float | None
MOST_CHARACTERS = 32_767  # that a cell of Excel holds
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a ZIP entry can carry


@dataclass(frozen=True, slots=True)
class Sheet:
    name: str
    columns: Sequence[tuple[str, int]]  # heading, width in characters
    rows: Sequence[Sequence[Cell]]
    formats: Mapping[int, str] = field(default_factory=dict)  # column from 0 → number format


def workbook_bytes(sheets: Sequence[Sheet], day: str, title: str) -> bytes:
    """An .xlsx file; `day` (an ISO date) stands as its time of writing."""
    book = Workbook()
    book.remove(book.active)
    for sheet in sheets:
        _write(book, sheet)
    book.properties.title = title
    book.properties.creator = "feedback_mining"
    book.properties.created = book.properties.modified = datetime.fromisoformat(day)
    raw, fixed = io.BytesIO(), io.BytesIO()
    # Workbook.save would stamp the present time into the file.
    ExcelWriter(book, ZipFile(raw, "w", ZIP_DEFLATED)).save()
    with ZipFile(raw) as source, ZipFile(fixed, "w") as target:
        for entry in source.infolist():
            target.writestr(ZipInfo(entry.filename, _EPOCH), source.read(entry), ZIP_DEFLATED)
    return fixed.getvalue()


def _write(book: Workbook, sheet: Sheet) -> None:
    page = book.create_sheet(sheet.name)
    hair = Side(style="thin", color="D9D5CC")
    for column, (heading, width) in enumerate(sheet.columns, start=1):
        cell = page.cell(1, column, heading)
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor="F1EEE8")
        cell.border = Border(bottom=hair)
        cell.alignment = Alignment(vertical="center", wrap_text=True)
        page.column_dimensions[get_column_letter(column)].width = width
    text_style, number_styles = _styles(page, sheet)
    for r, row in enumerate(sheet.rows, start=2):
        for c, value in enumerate(row, start=1):
            cell = page.cell(r, c)
            if isinstance(value, str):
                cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)[:MOST_CHARACTERS]
                cell.data_type = "s"  # text even where it starts like a formula
                cell._style = copy(text_style)
                cell.quotePrefix = value.startswith(("=", "+", "-", "@"))
            else:
                cell.value = value
                cell._style = copy(number_styles[c - 1])
    page.freeze_panes = "A2"
    page.auto_filter.ref = f"A1:{get_column_letter(len(sheet.columns))}{len(sheet.rows) + 1}"
    page.page_setup.orientation = "landscape"
    page.page_setup.paperSize = page.PAPERSIZE_A4
    page.page_setup.fitToHeight = 0
    page.sheet_properties.pageSetUpPr.fitToPage = True
    page.print_title_rows = "1:1"


def _styles(page: Worksheet, sheet: Sheet) -> tuple[StyleArray, list[StyleArray]]:
    # Setting a cell's alignment hashes it against all styles, cell by cell; a copied style does not.
    model = SheetCell(page, row=1, column=1)
    model.alignment = Alignment(vertical="top", wrap_text=True)
    text = copy(model._style)
    model.alignment = Alignment(vertical="top")
    numbers = []
    for column in range(len(sheet.columns)):
        model.number_format = sheet.formats.get(column, "General")
        numbers.append(copy(model._style))
    return text, numbers
