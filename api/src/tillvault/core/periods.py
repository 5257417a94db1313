"""Periods of whole days, over which figures are summed."""

from __future__ import annotations

from datetime import date

from tillvault.core.errors import ValidationFailed

PERIOD_DAYS_MAX = 400
"""A year and a month: long enough to compare a month with the same one a year ago."""


def require_period(since: date, until: date) -> None:
    """Refuse a period, both ends included, that ends before it begins or is too long. Raises ValidationFailed."""
    if not 0 <= (until - since).days < PERIOD_DAYS_MAX:
        raise ValidationFailed.of("to", f"must be 0 to {PERIOD_DAYS_MAX - 1} days after `from`")
