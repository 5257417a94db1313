"""A report as the blocks of a receipt, so that it prints on the same roll."""

from __future__ import annotations

from collections.abc import Iterator

from tillvault.sales.documents.domain import Cell, Grid, Paper
from tillvault.sales.documents.layout import written
from tillvault.sales.receipts.layout import Block, Centred, Columns, Gap, Heading, Pair, Rule, Text
from tillvault.sales.receipts.text import clean

_COLUMNS_MAX = 4
"""More do not fit on a roll: such rows are written one below the other."""


def blocks(paper: Paper) -> Iterator[Block]:
    yield Heading(paper.title)
    yield Centred(clean(paper.place))
    yield Rule()
    for label, value in paper.facts:
        yield Pair(label, clean(value))
    for grid in paper.grids:
        yield Gap()
        yield Rule()
        yield Text(clean(grid.title), bold=True)
        yield from _grid(grid)


def _grid(grid: Grid) -> Iterator[Block]:
    if len(grid.heads) <= _COLUMNS_MAX:
        if any(grid.heads):
            yield Columns(grid.heads, bold=True)
        for row in grid.rows:
            yield Columns(tuple(clean(written(cell)) for cell in row))
        return
    for time, kind, status, currency, amount, who, reason in (_texts(row) for row in grid.rows):
        yield Pair(f"{time} {kind}", f"{amount} {currency}")
        yield Text(clean(f"{status} · {who} · {reason}"))


def _texts(row: tuple[Cell, ...]) -> tuple[str, ...]:
    return tuple(clean(written(cell)) for cell in row)
