"""A report as CSV (RFC 4180): parts one below the other, a blank line between them."""

from __future__ import annotations

import csv
import io

from tillvault.sales.catalogue.transfer.columns import write_text
from tillvault.sales.documents.domain import Cell, Paper
from tillvault.sales.documents.layout import written

# Spreadsheets read UTF-8 only where the mark says so.
_MARK = "\ufeff"


def content(paper: Paper) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([_safe(paper.title), _safe(paper.place)])
    for label, value in paper.facts:
        writer.writerow([label, _safe(value)])
    for grid in paper.grids:
        writer.writerow([])
        writer.writerow([_safe(grid.title)])
        writer.writerow(grid.heads)
        writer.writerows([[_safe(cell) for cell in row] for row in grid.rows])
    return (_MARK + out.getvalue()).encode()


def _safe(cell: Cell) -> str:
    """A text that a spreadsheet would compute gets an apostrophe before it. An amount is no text, whatever its sign."""
    return write_text(cell) if isinstance(cell, str) else written(cell)
