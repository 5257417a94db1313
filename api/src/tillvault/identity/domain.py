"""Roles, the actor of a request, and the branch it acts for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """What a person is in the organisation (domain.md, "People and places")."""

    CASHIER = "CASHIER"
    MANAGER = "MANAGER"
    ADMIN = "ADMIN"

    @property
    def wire_es(self) -> str:
        """The role's name in terminal-login-api.md."""
        return _SPANISH[self]


_SPANISH: Mapping[Role, str] = {Role.CASHIER: "cajero", Role.MANAGER: "supervisor", Role.ADMIN: "propietario"}

API_KEY_ROLE = "API_KEY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Where a request comes from."""

    address: str
    device_id: str | None
    device: str | None
    request_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts: a person logged in, or a machine with an API key."""

    organisation_id: UUID
    id: UUID
    name: str
    role: Role | None
    """None for an API key."""
    scopes: frozenset[str]
    """Of an API key; empty for a person."""
    branch_id: UUID | None
    """The branch of the login; requests that name none mean this one."""
    branch_is_active: bool
    branch_ids: frozenset[UUID]
    """The branches a person works in."""
    session_id: UUID | None
    register_id: UUID | None
    caller: Caller

    @property
    def role_name(self) -> str:
        return self.role or API_KEY_ROLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    id: UUID
    code: str
    name: str
    timezone: str
    base_currency: str
    currencies: tuple[str, ...]
    is_active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    id: UUID
    branch_id: UUID
    name: str
    is_active: bool
