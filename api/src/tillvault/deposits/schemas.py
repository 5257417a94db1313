"""Wire shapes of deposits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints, WithJsonSchema

from tillvault.core.db import Row
from tillvault.core.http.answers import Wire
from tillvault.core.http.fields import Body, Plain
from tillvault.deposits import queries
from tillvault.deposits.domain import (
    DESCRIPTION_LENGTH_MAX,
    EEE_CATEGORIES,
    LABELS,
    QUANTITY_MAX,
    WEIGHT_GRAMS_MAX,
    Channel,
    Classification,
    DepositStatus,
    StatisticsLine,
)
from tillvault.identity.schemas import Change

Description = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=DESCRIPTION_LENGTH_MAX), Plain
]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500), Plain]
Quantity = Annotated[int, Field(strict=True, ge=1, le=QUANTITY_MAX)]
WeightGrams = Annotated[int, Field(strict=True, ge=1, le=WEIGHT_GRAMS_MAX)]
CategoryCode = Annotated[
    str,
    StringConstraints(pattern="^EEE-[1-8]$"),
    WithJsonSchema({"type": "string", "enum": list(EEE_CATEGORIES)}),
]
Lang = Literal["en", "fr", "es"]


class NewDeposit(Body):
    branch_id: UUID | None = Field(None, description="Left out: your branch. A machine names it.")
    on_behalf_of: UUID | None = Field(
        None, description="The user who answers for it. A machine must name one who may record in that branch."
    )
    channel: Channel = Channel.WEB
    description: Description
    quantity: Quantity = 1
    weight_grams: WeightGrams = Field(description="Of all of it together.")
    category: CategoryCode | None = Field(None, description="Left out: the classifier's first suggestion.")
    lang: Lang | None = Field(None, description="In which the description is written, if known.")


class ValidateDeposit(Body):
    category: CategoryCode | None = Field(None, description="What it is, where that is something else.")


class RejectDeposit(Body):
    reason: Reason


class CorrectDeposit(Body):
    """What is left out stays as it was; something has to differ."""

    description: Change[Description] = None
    quantity: Change[Quantity] = None
    weight_grams: Change[WeightGrams] = None
    category: Change[CategoryCode] = None

    def changes(self) -> dict[str, Any]:
        return self.model_dump(exclude_unset=True)


class ClassifyText(Body):
    text: Description
    lang: Lang | None = None


class SuggestionOut(Wire):
    category: str
    labels: Mapping[str, str] = Field(description="By language: en, fr, es.")
    confidence: float = Field(description="0 to 1: of suggestions this sure about this share is right.")

    @classmethod
    def of(cls, category: str, confidence: float) -> SuggestionOut:
        return cls(category=category, labels=LABELS[category], confidence=round(confidence, 4))


class ClassificationAnswer(Wire):
    suggestions: list[SuggestionOut] = Field(description="At most three, likeliest first.")
    needs_choice: bool = Field(description="Too unsure: let a person choose.")
    provider: str = Field(description="local or remote.")

    @classmethod
    def of(cls, found: Classification) -> ClassificationAnswer:
        return cls(
            suggestions=[SuggestionOut.of(each.category, each.confidence) for each in found.suggestions],
            needs_choice=found.needs_choice,
            provider=found.provider,
        )


class TranscriptAnswer(Wire):
    text: str


class CategoryOut(Wire):
    code: str
    labels: Mapping[str, str] = Field(description="By language: en, fr, es.")


class Categories(Wire):
    items: list[CategoryOut]

    @classmethod
    def all(cls) -> Categories:
        return cls(items=[CategoryOut(code=code, labels=labels) for code, labels in LABELS.items()])


class DepositAnswer(Wire):
    id: UUID
    branch_id: UUID
    branch_name: str
    recorded_by: UUID
    recorded_by_name: str
    is_on_behalf: bool = Field(description="A machine told it for that person.")
    channel: Channel
    description: str
    quantity: int
    weight_grams: int
    category: str = Field(description="As decided, else as recorded.")
    is_category_chosen: bool = Field(description="A person named the category when it was recorded.")
    suggestions: list[SuggestionOut]
    provider: str | None
    status: DepositStatus
    supersedes: UUID | None = Field(description="The deposit that this one corrects.")
    superseded_by: UUID | None = Field(description="The deposit that corrects this one.")
    reason: str | None = Field(description="Why it was rejected.")
    decided_by: UUID | None
    decided_by_name: str | None
    decided_at: datetime | None
    business_date: date
    created_at: datetime

    @classmethod
    def of(cls, row: Row) -> DepositAnswer:
        known = queries.plain(row)
        known["suggestions"] = [SuggestionOut.of(each["category"], each["confidence"]) for each in known["suggestions"]]
        return cls.model_validate(known)


class DepositStatistics(Wire):
    key: str = Field(description="A day, the Monday of a week, a month (`2026-11`), a category, or a branch's id.")
    label: str | None = Field(description="The branch's name.")
    pending_count: int
    validated_count: int
    rejected_count: int
    quantity: int = Field(description="Things in validated deposits.")
    weight_grams: int = Field(description="Of validated deposits.")

    @classmethod
    def of(cls, line: StatisticsLine) -> DepositStatistics:
        return cls.model_construct(**{name: getattr(line, name) for name in StatisticsLine.__slots__})


class StatisticsReport(Wire):
    items: list[DepositStatistics]
