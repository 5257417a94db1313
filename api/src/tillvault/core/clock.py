"""Time. Everything is UTC and aware; only `business_date` looks at a wall clock of a place."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_pretended: ContextVar[datetime | None] = ContextVar("pretended", default=None)


def utc_now() -> datetime:
    """The present moment, aware, in UTC. The only place that asks the machine for it."""
    return _pretended.get() or datetime.now(UTC)


@contextmanager
def pretending(moment: datetime) -> Generator[None]:
    """Let it be another moment for what runs in this block: the past days of a demo, or of a test. No request can do
    that."""
    token = _pretended.set(require_aware(moment))
    try:
        yield
    finally:
        _pretended.reset(token)


def require_aware(moment: datetime) -> datetime:
    """Refuse a naive datetime: it would mean another instant on another machine."""
    if moment.tzinfo is None:
        raise ValueError("a time needs its offset, for example 2026-01-30T10:00:00Z")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("is beyond the calendar") from error


def business_date(moment: datetime, *, timezone: str, cutoff_hour: int) -> date:
    """The trading day an instant belongs to: the local date, counted from the branch's cut-off hour (0–23)."""
    return (require_aware(moment).astimezone(ZoneInfo(timezone)) - timedelta(hours=cutoff_hour)).date()


def iso(moment: datetime) -> str:
    """RFC 3339 in UTC with a `Z`, microseconds kept only where there are any."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
