"""Wire shapes of figures."""

from __future__ import annotations

from pydantic import Field

from tillvault.cash.figures.domain import TakingsLine, VarianceLine
from tillvault.core.http.answers import Amount, CurrencyCode, Wire
from tillvault.core.money import from_minor

_KEY = "What the line stands for: a day (`2026-11-21`), a month (`2026-11`), an hour of the clock, a method, or an id."


class TakingsOut(Wire):
    key: str | None = Field(description=_KEY + " Null: no register, or no category.")
    label: str | None = Field(description="Its name, where the key is an id.")
    currency: CurrencyCode
    sales_count: int
    refunds_count: int
    sales: Amount
    refunds: Amount = Field(description="Zero or negative.")
    total: Amount

    @classmethod
    def of(cls, line: TakingsLine) -> TakingsOut:
        return cls.model_construct(
            key=line.key,
            label=line.label,
            currency=line.currency,
            sales_count=line.sales_count,
            refunds_count=line.refunds_count,
            sales=from_minor(line.sales_minor, line.currency),
            refunds=from_minor(line.refunds_minor, line.currency),
            total=from_minor(line.total_minor, line.currency),
        )


class TakingsReport(Wire):
    items: list[TakingsOut]


class VarianceOut(Wire):
    key: str | None = Field(description=_KEY + " Null: no register.")
    label: str | None = Field(description="Its name, where the key is an id.")
    currency: CurrencyCode
    sessions: int = Field(description="Drawers that were counted when they closed.")
    with_difference: int
    surplus: Amount
    shortage: Amount = Field(description="Zero or negative.")
    total: Amount

    @classmethod
    def of(cls, line: VarianceLine) -> VarianceOut:
        return cls.model_construct(
            key=line.key,
            label=line.label,
            currency=line.currency,
            sessions=line.sessions,
            with_difference=line.with_difference,
            surplus=from_minor(line.surplus_minor, line.currency),
            shortage=from_minor(line.shortage_minor, line.currency),
            total=from_minor(line.total_minor, line.currency),
        )


class VariancesReport(Wire):
    items: list[VarianceOut]
