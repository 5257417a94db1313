"""What is summed, and by what."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class TakingsBy(StrEnum):
    """One line of the answer per …"""

    DAY = "day"
    MONTH = "month"
    HOUR = "hour"
    CASHIER = "cashier"
    REGISTER = "register"
    METHOD = "method"
    CATEGORY = "category"


class VariancesBy(StrEnum):
    """One line of the answer per …"""

    DAY = "day"
    MONTH = "month"
    CASHIER = "cashier"
    REGISTER = "register"


@dataclass(frozen=True, slots=True, kw_only=True)
class TakingsLine:
    """Minor units of `currency`; `refunds` is negative, `total` is both together."""

    key: str | None
    label: str | None
    currency: str
    sales_count: int
    refunds_count: int
    sales_minor: int
    refunds_minor: int

    @property
    def total_minor(self) -> int:
        return self.sales_minor + self.refunds_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class VarianceLine:
    """Differences of the first counts. A shortage never offsets a surplus: both stand beside their sum."""

    key: str | None
    label: str | None
    currency: str
    sessions: int
    with_difference: int
    surplus_minor: int
    shortage_minor: int
    """Negative."""

    @property
    def total_minor(self) -> int:
        return self.surplus_minor + self.shortage_minor
