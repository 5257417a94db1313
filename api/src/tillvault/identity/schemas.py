"""Wire shapes that the bodies of administration share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field

from tillvault.core.errors import AppError, IdempotencyInFlight, IdempotencyKeyReused
from tillvault.core.http.fields import Label

T = TypeVar("T")

REPEATABLE: tuple[type[AppError], ...] = (IdempotencyInFlight, IdempotencyKeyReused)
"""What a write may be refused with when it carries an Idempotency-Key."""


def _given(value: Any) -> Any:
    if value is None:
        raise ValueError("must not be null; leave it out to keep it as it is")
    return value


def _without_null(schema: dict[str, Any]) -> None:
    """None only stands for "left out": the document must not promise that null is taken."""
    schema.pop("default", None)
    schema.update(schema.pop("anyOf")[0])


Change = Annotated[T | None, BeforeValidator(_given), Field(json_schema_extra=_without_null)]
"""A field of a PATCH: left out, it stays as it is; null is refused."""


def _distinct(values: Sequence[T]) -> Sequence[T]:
    if len(set(values)) != len(values):
        raise ValueError("names one of them twice")
    return values


Distinct = AfterValidator(_distinct)


def _on_one_line(name: str) -> str:
    if not name.isprintable():
        raise ValueError("holds a line break or another character that cannot be printed")
    return name


Name = Annotated[Label, AfterValidator(_on_one_line)]
"""What stands in one line above receipts and reports."""

StrictFlag = Annotated[bool, Field(strict=True)]
"""true or false; no text, no number."""

BranchIds = Annotated[list[UUID], Field(min_length=1, max_length=50, json_schema_extra={"uniqueItems": True}), Distinct]
