"""Founding a shop over HTTP, once: the code from the log stands in for a login, which nobody can have yet."""

from __future__ import annotations

import hmac
import secrets

from tillvault.core.db import Connection
from tillvault.identity import setup
from tillvault.identity.access.service import Doorkeeper
from tillvault.identity.domain import Caller
from tillvault.identity.first_run.errors import AlreadySetUp, SetupCodeWrong
from tillvault.identity.setup import Founded, Founding
from tillvault.identity.throttle import Target

TELLER = "first-run page"


def new_code() -> str:
    """Sixty bits in groups that can be typed from a screen."""
    alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    return "-".join("".join(secrets.choice(alphabet) for _ in range(4)) for _ in range(3))


async def is_needed(db: Connection, *, code: str | None) -> bool:
    return code is not None and (await setup.installation(db)).organisations == 0


async def admit(door: Doorkeeper, *, caller: Caller, given: str, code: str | None) -> None:
    """Let whoever has the code through. Raises AlreadySetUp, SetupCodeWrong, TooManyAttempts."""
    async with door.database.transaction(None) as db:
        if not await is_needed(db, code=code):
            raise AlreadySetUp
    assert code is not None  # noqa: S101  (without a code it is not needed)
    target = Target(store="setup", address=caller.address, device_id=caller.device_id)
    await door.throttle.admit(target)
    if not hmac.compare_digest(_plain(given), _plain(code)):
        await door.throttle.wrong(target)
        raise SetupCodeWrong
    await door.throttle.right(target)


async def found(db: Connection, door: Doorkeeper, *, founding: Founding) -> Founded:
    """Found the shop; of two at once, one does. Raises AlreadySetUp."""
    if not await setup.hold_empty_installation(db):
        raise AlreadySetUp
    return await setup.found(db, door.hasher, pepper=door.pin_pepper, founding=founding, teller=TELLER)


def _plain(code: str) -> bytes:
    """As it is compared: hyphens and case are for people."""
    return code.replace("-", "").replace(" ", "").upper().encode()
