"""Wire shapes of closing and review."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import StringConstraints, model_validator

from tillvault.cash.schemas import CountBody
from tillvault.core.http.fields import MinorCash, Note, Plain


class CloseSession(CountBody):
    """`POST /v1/cash/sessions/{id}/close`. Every currency of the drawer is counted."""

    left_cash: MinorCash | None = None
    """What stays in the drawer for the next float, of what was counted; the rest is taken out. Of a currency that is
    left out everything stays."""
    note: Note | None = None


class ForceCloseSession(CountBody):
    """`POST /v1/cash/sessions/{id}/force-close`. A currency left out takes its expected amount."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500), Plain]
    note: Note | None = None


class ReviewDecision(StrEnum):
    APPROVE = "APPROVE"
    RECOUNT = "RECOUNT"


class ReviewSession(CountBody):
    """`POST /v1/cash/sessions/{id}/review`. A recount counts as a close does."""

    decision: ReviewDecision
    note: Note | None = None

    @model_validator(mode="after")
    def _counts_fit(self) -> ReviewSession:
        if self.decision is ReviewDecision.APPROVE and (self.counted is not None or self.denominations):
            raise ValueError("an approval counts nothing; send RECOUNT to count again")
        return self
