"""The shape of an event and of an audit entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any, ClassVar
from uuid import UUID

from tillvault.core.money import to_wire

REGISTRY: dict[str, type[Event]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A fact for other systems. Subclasses add the fields of `data`; amounts are minor units by currency here and
    decimals by currency on the wire. Events with the same `key` are delivered in order."""

    type: ClassVar[str]
    version: ClassVar[int] = 1

    branch_id: UUID | None
    key: str

    def __init_subclass__(cls, **kwargs: object) -> None:
        super(Event, cls).__init_subclass__(**kwargs)
        if "type" in cls.__dict__:
            REGISTRY[cls.type] = cls

    def data(self) -> dict[str, Any]:
        return {shown: _wire(name, getattr(self, name)) for name, shown in _data_names(type(self))}


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """Who did what to which thing, from where (domain.md, "Cash sessions", Audit). Append-only."""

    id: UUID
    branch_id: UUID | None
    actor_id: UUID | None
    actor_name: str
    actor_role: str
    action: str
    resource_type: str
    resource_id: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    outcome: str
    address: str | None
    device: str | None
    request_id: str | None
    occurred_at: datetime


@cache
def _data_names(kind: type[Event]) -> list[tuple[str, str]]:
    """The fields of an event's `data`: names here and on the wire."""
    own = [field.name for field in fields(kind) if field.name not in {"branch_id", "key"}]
    return [(name, wire_name(name)) for name in own]


def wire_name(name: str) -> str:
    """`opening_float_minor` → `openingFloat`: on the wire amounts are decimals, not minor units."""
    head, *tail = name.removesuffix("_minor").split("_")
    return head + "".join(part.capitalize() for part in tail)


def _wire(name: str, value: Any) -> Any:
    return to_wire(value) if name.endswith("_minor") and isinstance(value, Mapping) else value  # pyright: ignore[reportUnknownArgumentType]  # minor units by currency
