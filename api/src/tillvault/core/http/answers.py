"""Answers: models to JSON bytes. Amounts leave as the exact decimals they are (`150.00`), never as floats."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, PlainSerializer, WithJsonSchema
from pydantic.alias_generators import to_camel
from starlette.responses import Response

from tillvault.core.jsontext import exact

T = TypeVar("T")


Amount = Annotated[
    Decimal,
    PlainSerializer(exact, return_type=Any),
    WithJsonSchema({"type": "number", "examples": [150.00]}, mode="serialization"),
]
"""Major units of a currency, as a plain JSON number with all its decimals."""

CurrencyCode = Annotated[
    str, WithJsonSchema({"type": "string", "pattern": "^[A-Z]{3}$", "examples": ["EUR"]}, mode="serialization")
]


class Wire(BaseModel):
    """A shape that leaves the API: camelCase names."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, arbitrary_types_allowed=True, serialize_by_alias=True
    )


class Success(Wire, Generic[T]):
    """The envelope of `/v1`."""

    success: Literal[True] = True
    data: T


class Page(Wire, Generic[T]):
    """One page of a list; `nextCursor` is null on the last."""

    items: list[T]
    next_cursor: str | None


def json_answer(body: bytes, status: int = 200) -> Response:
    return Response(body, status, media_type="application/json")
