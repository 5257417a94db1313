"""Wire shapes of movements."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints, model_validator

from tillvault.cash.domain import ManualMovementType, Movement, MovementStatus, MovementType, amounts_of
from tillvault.cash.schemas import amount_or_none, one_form
from tillvault.core.http.answers import Amount, Wire
from tillvault.core.http.fields import Body, Note, Plain, SignedMinorCash, SignedMinorKhr, SignedMinorUsd
from tillvault.core.money import Cash, to_wire

MovementReason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=120), Plain]


class RecordMovement(Body):
    """`POST /v1/cash/sessions/{id}/movements`. Amounts are positive, an adjustment's may be negative."""

    branch_id: UUID | None = None
    register_id: UUID | None = None
    type: ManualMovementType
    amount: SignedMinorCash | None = None
    amount_usd: SignedMinorUsd | None = None
    amount_khr: SignedMinorKhr | None = None
    reason: MovementReason

    @model_validator(mode="after")
    def _amounts_fit(self) -> RecordMovement:
        amounts = one_form(self.amount, self.amount_usd, self.amount_khr)
        if not amounts or not any(amounts.values()):
            raise ValueError("give an amount that is not zero")
        if self.type is not ManualMovementType.ADJUSTMENT and any(minor < 0 for minor in amounts.values()):
            raise ValueError("an amount must not be negative; only an ADJUSTMENT is signed")
        return self

    @property
    def amounts(self) -> Cash:
        return one_form(self.amount, self.amount_usd, self.amount_khr) or {}


class Decision(Body):
    note: Note | None = None


class CashMovementOut(Wire):
    """`CashMovement` of the contract. Amounts are positive, except an adjustment's."""

    id: UUID
    organisation_id: UUID
    branch_id: UUID
    register_id: UUID | None
    session_id: UUID
    actor_id: UUID
    actor_name: str
    type: MovementType
    status: MovementStatus
    amount_usd: Amount
    amount_khr: Amount
    amounts: dict[str, Amount]
    reason: str
    ref_sale_id: UUID | None
    decided_by: UUID | None
    decided_at: datetime | None
    created_at: datetime

    @classmethod
    def of(cls, movement: Movement) -> CashMovementOut:
        amounts = amounts_of(movement.type, movement.effect)
        return cls.model_construct(
            **{name: getattr(movement, name) for name in _SAME},
            amount_usd=amount_or_none(amounts, "USD"),
            amount_khr=amount_or_none(amounts, "KHR"),
            amounts=to_wire(amounts),
        )


_SAME = tuple(name for name in CashMovementOut.model_fields if name in Movement.__dataclass_fields__)
