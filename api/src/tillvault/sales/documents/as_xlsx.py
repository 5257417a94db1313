"""A report as a workbook: one sheet, amounts as numbers that can be calculated with."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

from xlsxwriter import Workbook

from tillvault.sales.documents.domain import Cell, Paper

_FIRST_COLUMN_WIDTH = 30
_COLUMN_WIDTH = 16


def content(paper: Paper) -> bytes:
    out = io.BytesIO()
    # In memory, because the process may have no disk to write to; and what begins like a formula stays a text.
    book: Any = Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    sheet = book.add_worksheet(paper.title[:31].translate(str.maketrans("[]:*?/\\", "       ")))
    sheet.set_column(0, 0, _FIRST_COLUMN_WIDTH)
    sheet.set_column(1, 8, _COLUMN_WIDTH)
    bold = book.add_format({"bold": True})
    head = book.add_format({"bold": True, "bottom": 1})
    formats = {places: book.add_format({"num_format": _number_format(places)}) for places in range(5)}
    sheet.write_string(0, 0, paper.title, bold)
    sheet.write_string(0, 1, paper.place)
    row = 1
    for label, value in paper.facts:
        sheet.write_string(row, 0, label)
        sheet.write_string(row, 1, value)
        row += 1
    for grid in paper.grids:
        row += 1
        sheet.write_string(row, 0, grid.title, bold)
        row += 1
        for column, text in enumerate(grid.heads):
            sheet.write_string(row, column, text, head)
        row += 1
        for cells in grid.rows:
            for column, cell in enumerate(cells):
                _write(sheet, row, column, cell, formats)
            row += 1
    book.close()
    return out.getvalue()


def _write(sheet: Any, row: int, column: int, cell: Cell, formats: dict[int, Any]) -> None:
    match cell:
        case None:
            return
        case Decimal():
            places = max(0, -int(cell.as_tuple().exponent))
            sheet.write_number(row, column, cell, formats[min(places, 4)])
        case int():
            sheet.write_number(row, column, cell)
        case _:
            sheet.write_string(row, column, cell)


def _number_format(places: int) -> str:
    return "#,##0" + ("." + "0" * places if places else "")
