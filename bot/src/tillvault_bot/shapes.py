"""What the API answers, as far as the bot reads it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

Language = Literal["en", "fr", "es"]


class Shape(BaseModel):
    """Unknown fields are left aside: the API may grow."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, extra="ignore", frozen=True)


class Link(Shape):
    """A Telegram account and the person behind it."""

    id: str
    organisation: str
    user_id: str
    user_name: str
    role: Literal["CASHIER", "MANAGER", "ADMIN"]
    branch_ids: list[str]
    branch_names: list[str]
    telegram_id: int
    chat_id: int
    language: Language
    linked_at: datetime

    @property
    def supervises(self) -> bool:
        return self.role != "CASHIER"

    @property
    def branches(self) -> dict[str, str]:
        """Names by id, the person's own branch first."""
        return dict(zip(self.branch_ids, self.branch_names, strict=True))

    def hears_of(self, branch_id: str | None) -> bool:
        return self.role == "ADMIN" or (self.role == "MANAGER" and branch_id in {None, *self.branch_ids})


class Suggestion(Shape):
    category: str
    labels: dict[str, str]
    confidence: float = 1.0


class Classification(Shape):
    suggestions: list[Suggestion]
    needs_choice: bool


class Category(Shape):
    code: str
    labels: dict[str, str]


class Balance(Shape):
    currency: str
    expected_cash: Decimal | None
    variance: Decimal | None = None


class Drawer(Shape):
    id: str
    register_name: str | None
    opened_by_name: str
    opened_at: datetime
    balances: list[Balance]


class Alert(Shape):
    key: str
    kind: str
    at: datetime
    branch_id: str
    session_id: str
    register_name: str | None
    opened_by: str
    opened_by_name: str
    business_date: str
    forced_reason: str | None
    closed_by: str | None
    needs_review: bool
    balances: list[Balance]


class VaultAlert(Shape):
    key: str
    index: int | None
    reason: str


class Alerts(Shape):
    items: list[Alert]
    vault: VaultAlert | None = None


class CategoryFigures(Shape):
    key: str
    pending_count: int
    validated_count: int
    quantity: int
    weight_grams: int


class Deposit(Shape):
    id: str
    category: str
    quantity: int
    weight_grams: int
