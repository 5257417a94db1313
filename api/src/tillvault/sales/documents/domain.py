"""A report as tables, whatever file they end up in. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

Cell = str | int | Decimal | None
"""A Decimal is an amount or a rate and stands as it is; None is an empty cell."""


class FileForm(StrEnum):
    PDF = "pdf"
    CSV = "csv"
    XLSX = "xlsx"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A part of a report: its title, the heads of its columns, its rows."""

    title: str
    heads: tuple[str, ...]
    rows: list[tuple[Cell, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A whole report: facts above, tables below."""

    title: str
    place: str
    facts: list[tuple[str, str]]
    grids: list[Grid]
