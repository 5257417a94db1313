"""Roles, the actor of a request, and the branch it acts for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from tillvault.events.domain import Event


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
    """Of an API key. For a person, empty; while the bot acts for them, all that they may do through it."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalSessionEvent(Event):
    """What every event of a terminal carries."""

    session_id: UUID
    register_id: UUID
    user_id: UUID
    """Whose session it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalSessionStarted(TerminalSessionEvent):
    """Somebody logged in on a register, or resumed their paused session (`resumed`)."""

    type = "terminal.session_started"

    resumed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalSessionPaused(TerminalSessionEvent):
    """Somebody logged out with an open drawer; the register is kept for them."""

    type = "terminal.session_paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalSessionEnded(TerminalSessionEvent):
    """A session ended and its register is free."""

    type = "terminal.session_ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalSessionReleased(TerminalSessionEvent):
    """An admin ended somebody's session and freed the register."""

    type = "terminal.session_released"

    released_by: UUID
    drawer_closed: bool


def terminal_key(register_id: UUID) -> str:
    """Events of one register are delivered in order."""
    return f"register:{register_id}"
