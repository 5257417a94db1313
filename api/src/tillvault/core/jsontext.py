"""Values to JSON text. Decimals are written digit by digit (`150.00`), never through a float."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from pydantic import BaseModel


def exact(amount: Decimal) -> orjson.Fragment:
    return orjson.Fragment(format(amount, "f"))


def dumps(value: Any) -> bytes:
    return orjson.dumps(
        value,
        default=_default,
        option=orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z | orjson.OPT_PASSTHROUGH_DATACLASS,
    )


@lru_cache(maxsize=1024)
def _names(model: type[BaseModel]) -> dict[str, str]:
    """What the fields of a model are called on the wire."""
    return {name: field.serialization_alias or name for name, field in model.model_fields.items()}


def _default(value: Any) -> Any:
    match value:
        case UUID():  # asyncpg's own subclass, which orjson does not know
            return str(value)
        case Decimal():
            return exact(value)
        case BaseModel():
            # What `model_dump` would give, a level at a time: it would call back for every amount, too, and take thrice
            # as long for a sale.
            names = _names(type(value))
            return {names[name]: item for name, item in value.__dict__.items()}
        case Mapping():
            return dict(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]  # any mapping
        case frozenset() | set():
            return sorted(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]  # any members
        case _ if is_dataclass(value) and not isinstance(value, type):
            return asdict(value)
        case _:
            raise TypeError(f"{type(value).__name__} has no JSON form")
