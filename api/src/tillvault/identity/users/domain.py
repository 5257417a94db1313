"""Rules of users."""

from __future__ import annotations

from dataclasses import dataclass, field

from tillvault.identity.domain import Role

USERNAME_PATTERN = r"^[A-Za-z0-9._-]{2,40}$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """What the system gives somebody, in clear, for the one answer that shows it. Never printed by accident."""

    pin: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)


def is_active_admin(role: str, *, is_active: bool) -> bool:
    return is_active and role == Role.ADMIN
