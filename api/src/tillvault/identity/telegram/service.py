"""Use cases of Telegram accounts. A person asks for a code; the bot, a machine, uses it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from tillvault.core import paging
from tillvault.core.clock import utc_now
from tillvault.core.db import Connection, Row
from tillvault.core.ids import new_id
from tillvault.identity.administration import page
from tillvault.identity.audit import service as audit
from tillvault.identity.domain import Actor, Role
from tillvault.identity.errors import RoleForbidden
from tillvault.identity.permissions import Permission, require
from tillvault.identity.telegram import domain, queries
from tillvault.identity.telegram.errors import LinkCodeUnknown, LinkNotFound
from tillvault.identity.throttle import Target, Throttle


async def new_code(db: Connection, *, actor: Actor) -> tuple[UUID, str, datetime]:
    """A code for one's own account, once, for ten minutes; an older one is good no more. Raises RoleForbidden."""
    if actor.role is None or actor.scopes:
        raise RoleForbidden("A machine has no Telegram account.")
    now = utc_now()
    link_id, code, expires_at = new_id(), domain.new_code(), now + domain.CODE_LIFETIME
    await queries.take_back_codes(db, user_id=actor.id, now=now)
    await queries.insert_code(
        db, link_id=link_id, user_id=actor.id, code_hash=domain.code_hash(code), now=now, expires_at=expires_at
    )
    _tell(db, actor, "TELEGRAM_CODE_GIVEN", link_id, {"userId": actor.id, "expiresAt": expires_at})
    return link_id, code, expires_at


async def redeem(
    db: Connection,
    throttle: Throttle,
    *,
    actor: Actor,
    code: str,
    telegram_id: int,
    chat_id: int,
    name: str,
    language: str,
) -> Row:
    """Link the account to the person who was given the code; what either was linked to before is no longer.

    Raises RoleForbidden, TooManyAttempts, LinkCodeUnknown, LinkedMeanwhile.
    """
    _require_bot(actor)
    # The account stands where the address does with PINs: every guess comes from the bot's own address.
    target = Target(store=f"telegram/{actor.organisation_id}", address=f"telegram:{telegram_id}", device_id=None)
    await throttle.admit(target)
    now = utc_now()
    held = await queries.hold_code(db, code_hash=domain.code_hash(code), now=now)
    if held is None:
        await throttle.wrong(target)
        raise LinkCodeUnknown
    await throttle.right(target)
    await queries.unlink_others(db, user_id=held["user_id"], telegram_id=telegram_id, now=now)
    await queries.use_code(
        db, link_id=held["id"], telegram_id=telegram_id, chat_id=chat_id, name=name, language=language, now=now
    )
    row = await _known(db, held["id"])
    _tell(db, actor, "TELEGRAM_LINKED", row["id"], _described(row))
    return row


async def of_account(db: Connection, *, actor: Actor, telegram_id: int) -> Row:
    """Raises RoleForbidden, LinkNotFound."""
    _require_bot(actor)
    row = await queries.of_account(db, telegram_id)
    if row is None:
        raise LinkNotFound
    return row


async def listed(db: Connection, *, actor: Actor, cursor: str | None, limit: int) -> tuple[list[Row], str | None]:
    """A page, oldest first: an admin and the bot see all accounts, everybody else their own. Raises RoleForbidden."""
    if actor.role is None:
        _require_bot(actor)
    user_id = None if actor.role in {None, Role.ADMIN} else actor.id
    rows = await queries.records(db, user_id=user_id, after=paging.decode(cursor), limit=limit + 1)
    return page(rows, limit)


async def unlink(db: Connection, *, actor: Actor, link_id: UUID) -> Row:
    """One's own account, or as an admin anybody's. Raises RoleForbidden, LinkNotFound."""
    if actor.role is None or actor.scopes:
        raise RoleForbidden("Unlink accounts at the desk.")
    row = await _known(db, link_id)
    if actor.role is not Role.ADMIN and row["user_id"] != actor.id:
        raise LinkNotFound
    await queries.unlink(db, link_id=link_id, now=utc_now())
    _tell(db, actor, "TELEGRAM_UNLINKED", link_id, _described(row))
    return row


def _require_bot(actor: Actor) -> None:
    """A person does not speak for other people's accounts, whatever their role."""
    if actor.role is not None:
        raise RoleForbidden("Only the bot's API key may do this.")
    require(actor, Permission.BOT_LINK)


async def _known(db: Connection, link_id: UUID) -> Row:
    row = await queries.record(db, link_id)
    if row is None:
        raise LinkNotFound
    return row


def _described(row: Row) -> dict[str, object]:
    return {"userId": row["user_id"], "telegramId": row["telegram_id"], "name": row["name"]}


def _tell(db: Connection, actor: Actor, action: str, link_id: UUID, after: dict[str, object]) -> None:
    audit.record(db, actor, action, resource_type="telegram_link", resource_id=link_id, branch_id=None, after=after)
