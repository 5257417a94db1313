"""Figures of an export, and the periods of those that are sent by themselves. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

EXPORTS_MAX = 20
RUN_HOUR = 6
"""Local hour at which a period is exported, on the day after it: every branch has closed its business day by then."""


class ExportFormat(StrEnum):
    """What is written."""

    CSV = "csv"
    XLSX = "xlsx"


class ExportPeriod(StrEnum):
    """How much is in one file."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Target(StrEnum):
    """Where files are sent."""

    FOLDER = "folder"
    S3 = "s3"
    WEBHOOK = "webhook"


MEDIA_TYPES: Mapping[ExportFormat, str] = {
    ExportFormat.CSV: "text/csv; charset=utf-8",
    ExportFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(slots=True, kw_only=True)
class CategoryFigures:
    """What came in and went out in one category. Refunds are taken off what was sold."""

    deposit_count: int = 0
    deposit_quantity: int = 0
    deposit_weight_grams: int = 0
    sales_quantity_milli: int = 0
    sales_weight_grams: int = 0
    sales_eur: Decimal = Decimal(0)
    """In EUR, not rounded."""

    def add(self, other: CategoryFigures) -> None:
        self.deposit_count += other.deposit_count
        self.deposit_quantity += other.deposit_quantity
        self.deposit_weight_grams += other.deposit_weight_grams
        self.sales_quantity_milli += other.sales_quantity_milli
        self.sales_weight_grams += other.sales_weight_grams
        self.sales_eur += other.sales_eur


@dataclass(slots=True, kw_only=True)
class MonthFigures:
    """One month, or the part of it that is in the period. The amounts add up to what was taken:
    categories + others + donations + rounding = taken."""

    month: str
    """`2026-11`."""
    categories: dict[str, CategoryFigures]
    others_eur: Decimal = Decimal(0)
    """Sales of what is in no category."""
    donations_eur: Decimal = Decimal(0)
    rounding_eur: Decimal = Decimal(0)
    taken_eur: Decimal = Decimal(0)

    @property
    def total(self) -> CategoryFigures:
        return summed(self.categories.values())

    @property
    def difference_eur(self) -> Decimal:
        """Zero, or something is wrong."""
        parts = self.total.sales_eur + self.others_eur + self.donations_eur + self.rounding_eur
        return self.taken_eur - parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a file tells."""

    since: date
    until: date
    generated_at: datetime
    months: Sequence[MonthFigures] = field(default_factory=list[MonthFigures])

    def of_category(self, category: str) -> CategoryFigures:
        return summed(month.categories[category] for month in self.months)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFile:
    """A file ready to be sent."""

    name: str
    media_type: str
    content: bytes
    since: date
    until: date


def summed(parts: Iterable[CategoryFigures]) -> CategoryFigures:
    """All of them in one."""
    total = CategoryFigures()
    for part in parts:
        total.add(part)
    return total


def months_in(since: date, until: date) -> list[str]:
    found: list[str] = []
    at = since.replace(day=1)
    while at <= until:
        found.append(f"{at:%Y-%m}")
        at = (at + timedelta(days=32)).replace(day=1)
    return found


def file_name(since: date, until: date, kind: ExportFormat) -> str:
    return f"deposits-{since.isoformat()}-{until.isoformat()}.{kind}"


def first_day(period: ExportPeriod, day: date) -> date:
    """The first day of the period that `day` lies in; weeks begin on Monday."""
    match period:
        case ExportPeriod.DAY:
            return day
        case ExportPeriod.WEEK:
            return day - timedelta(days=day.weekday())
        case ExportPeriod.MONTH:
            return day.replace(day=1)


def following(period: ExportPeriod, start: date) -> date:
    """The first day of the next period."""
    match period:
        case ExportPeriod.DAY:
            return start + timedelta(days=1)
        case ExportPeriod.WEEK:
            return start + timedelta(days=7)
        case ExportPeriod.MONTH:
            return (start + timedelta(days=32)).replace(day=1)


def last_day(period: ExportPeriod, start: date) -> date:
    return following(period, start) - timedelta(days=1)


def due_at(period: ExportPeriod, start: date, timezone: str) -> datetime:
    """When the period that begins on `start` is exported."""
    local = datetime.combine(following(period, start), time(RUN_HOUR), tzinfo=ZoneInfo(timezone))
    return local.astimezone(UTC)


def pause_after(attempts: int, *, first_seconds: float, longest_seconds: float) -> timedelta:
    """How long to wait after so many failures: doubled with each."""
    return timedelta(seconds=min(first_seconds * 2 ** min(attempts - 1, 40), longest_seconds))
