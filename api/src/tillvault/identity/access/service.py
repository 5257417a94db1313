"""Tokens and API keys to actors; secrets to people."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from tillvault.core import metrics
from tillvault.core.clock import utc_now
from tillvault.core.db import Connection, Database
from tillvault.core.errors import TooManyAttempts, Unauthorized
from tillvault.core.ids import NIL, new_id
from tillvault.core.logging import log
from tillvault.events import service as events
from tillvault.identity.access import queries
from tillvault.identity.domain import Actor, Caller, Role, TerminalSessionEnded, terminal_key
from tillvault.identity.errors import InvalidCredentials
from tillvault.identity.hashing import API_KEY_PREFIX, Hasher, api_key_hash, pin_lookup, pin_secret
from tillvault.identity.permissions import FOR_BOTS, Permission, may
from tillvault.identity.throttle import Target, Throttle
from tillvault.identity.tokens import Claims, Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Doorkeeper:
    """What it takes to let somebody in; made once per process."""

    database: Database
    tokens: Tokens
    hasher: Hasher
    throttle: Throttle
    pin_pepper: bytes
    token_ttl: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """A person whose secret was right. `branch_*` is the store of a PIN login, the user's own of a password login."""

    organisation_id: UUID
    user_id: UUID
    name: str
    username: str
    role: Role
    branch_id: UUID
    branch_code: str
    branch_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A fresh token and what it stands for."""

    token: str
    session_id: UUID
    user: Proven


def claims_of(bearer: str | None, tokens: Tokens) -> Claims:
    """The claims of a login token that has not expired. Raises Unauthorized."""
    claims = tokens.claims(bearer) if bearer else None
    if claims is None or claims.expires_at <= utc_now().timestamp():
        raise Unauthorized
    return claims


async def actor_of_session(db: Connection, *, claims: Claims, caller: Caller) -> Actor:
    """The person behind a token, as they are now: a release, a logout or a deactivation is felt at once.

    Raises Unauthorized.
    """
    row = await queries.session_actor(db, claims.session_id)
    if (
        row is None
        or row["status"] != "activa"
        or row["token_id"] != claims.token_id
        or row["expires_at"] <= utc_now()
        or not row["is_active"]
    ):
        raise Unauthorized("This login has ended. Log in again.")
    return Actor(
        organisation_id=claims.organisation_id,
        id=row["user_id"],
        name=row["name"],
        role=Role(row["role"]),
        scopes=frozenset(),
        branch_id=row["branch_id"],
        branch_is_active=row["branch_is_active"],
        branch_ids=frozenset(row["branch_ids"]),
        session_id=claims.session_id,
        register_id=row["register_id"],
        caller=caller,
    )


async def actor_of_api_key(db: Connection, *, key: str, caller: Caller) -> Actor:
    """The machine behind an API key; sets the organisation of the transaction. Raises Unauthorized."""
    found = await queries.api_key_actor(db, api_key_hash(key))
    if found is None:
        raise Unauthorized
    await queries.enter_organisation(db, found["organisation_id"])
    row = await queries.api_key(db, found["id"])
    if row is None:
        raise Unauthorized
    return Actor(
        organisation_id=found["organisation_id"],
        id=found["id"],
        name=row["name"],
        role=None,
        scopes=frozenset(row["scopes"]),
        branch_id=None,
        branch_is_active=True,
        branch_ids=frozenset(),
        session_id=None,
        register_id=None,
        caller=caller,
    )


async def person_of_telegram(db: Connection, *, bot: Actor, telegram_id: int) -> Actor:
    """The person for whom the bot acts, with no more rights than a bot may use. Raises Unauthorized."""
    if not may(bot, Permission.BOT_LINK):
        raise Unauthorized("This API key may not act for people.")
    row = await queries.person_of_telegram(db, telegram_id)
    if row is None:
        raise Unauthorized("This Telegram account is linked to nobody.")
    return Actor(
        organisation_id=bot.organisation_id,
        id=row["id"],
        name=row["name"],
        role=Role(row["role"]),
        scopes=FOR_BOTS,
        branch_id=row["branch_id"],
        branch_is_active=bool(row["branch_is_active"]),
        branch_ids=frozenset(row["branch_ids"] or ()),
        session_id=None,
        register_id=None,
        caller=replace(bot.caller, device=f"telegram:{telegram_id}"),
    )


def is_api_key(bearer: str | None) -> bool:
    return bearer is not None and bearer.startswith(API_KEY_PREFIX)


async def prove_pin(door: Doorkeeper, *, store_code: str, pin: str, caller: Caller) -> Proven:
    """The person with this PIN in this store.

    An unknown store, an unknown PIN and an inactive user take the same steps and the same time (domain.md, "People
    and places"). No connection is held while the PIN is checked: fifty logins must not keep others from the database.
    Raises InvalidCredentials or TooManyAttempts.
    """
    code = store_code.strip().upper()
    async with door.database.transaction(None) as db:
        store = await queries.store(db, code)
        organisation_id: UUID = store["organisation_id"] if store else NIL
        branch_id: UUID = store["branch_id"] if store else NIL
        await queries.enter_organisation(db, organisation_id)
        row = await queries.user_by_pin(
            db, branch_id=branch_id, pin_lookup=pin_lookup(door.pin_pepper, organisation_id, pin)
        )
    right = await _proven(
        door,
        stored=row["secret_hash"] if row else None,
        secret=pin_secret(door.pin_pepper, pin),
        is_welcome=bool(row and store and row["is_active"] and store["is_active"]),
        target=Target(store=code, address=caller.address, device_id=caller.device_id),
        kind="pin",
    )
    if not right or row is None or store is None:
        raise InvalidCredentials
    return Proven(
        organisation_id=organisation_id,
        user_id=row["id"],
        name=row["name"],
        username=row["username"],
        role=Role(row["role"]),
        branch_id=branch_id,
        branch_code=store["code"],
        branch_name=store["name"],
    )


async def prove_password(
    door: Doorkeeper, *, username: str, password: str, organisation: str | None, caller: Caller
) -> Proven:
    """The person with this name and password. Without an organisation the name must stand in one only.

    Raises InvalidCredentials or TooManyAttempts.
    """
    async with door.database.transaction(None) as db:
        found = await queries.organisations_of_username(db, username, organisation)
        organisation_id = found[0] if len(found) == 1 else NIL
        await queries.enter_organisation(db, organisation_id)
        row = await queries.user_by_username(db, username)
        branch = await queries.own_branch(db, row["id"] if row else NIL)
    right = await _proven(
        door,
        stored=row["secret_hash"] if row else None,
        secret=password,
        is_welcome=bool(row and row["is_active"] and branch),
        target=Target(
            store=f"{(organisation or '').lower()}/{username.lower()}",
            address=caller.address,
            device_id=caller.device_id,
        ),
        kind="password",
    )
    if not right or row is None or branch is None:
        raise InvalidCredentials
    return Proven(
        organisation_id=organisation_id,
        user_id=row["id"],
        name=row["name"],
        username=row["username"],
        role=Role(row["role"]),
        branch_id=branch["id"],
        branch_code=branch["code"],
        branch_name=branch["name"],
    )


async def _proven(
    door: Doorkeeper, *, stored: str | None, secret: str, is_welcome: bool, target: Target, kind: str
) -> bool:
    async with door.hasher.turn() as proves:
        try:
            await door.throttle.admit(target)
        except TooManyAttempts:
            metrics.pin_attempts.labels(kind, "throttled").inc()
            log().warning("login.throttled", kind=kind, store=target.store, address=target.address)
            raise
        if await proves(stored, secret) and is_welcome:
            await door.throttle.right(target)
            metrics.pin_attempts.labels(kind, "right").inc()
            return True
        await door.throttle.wrong(target)
    metrics.pin_attempts.labels(kind, "wrong").inc()
    log().info("login.refused", kind=kind, store=target.store, address=target.address)
    return False


async def find_store(door: Doorkeeper, code: str) -> tuple[str, str] | None:
    """The names of an active store and its organisation; None for a code that is nobody's."""
    async with door.database.transaction(None) as db:
        store = await queries.store(db, code)
    return (store["name"], store["organisation_name"]) if store and store["is_active"] else None


def issue(door: Doorkeeper, *, user: Proven, session_id: UUID, token_id: UUID, now: datetime) -> Login:
    """A token for a terminal session."""
    claims = Claims(
        organisation_id=user.organisation_id,
        user_id=user.user_id,
        session_id=session_id,
        token_id=token_id,
        branch_id=user.branch_id,
        expires_at=int((now + door.token_ttl).timestamp()),
    )
    return Login(token=door.tokens.issue(claims, role=user.role, now=now), session_id=session_id, user=user)


async def login_back_office(
    db: Connection, door: Doorkeeper, *, user: Proven, device: str | None, caller: Caller
) -> Login:
    """A login without a register."""
    now = utc_now()
    session_id, token_id = new_id(), new_id()
    await queries.insert_session(
        db,
        session_id=session_id,
        user_id=user.user_id,
        branch_id=user.branch_id,
        register_id=None,
        token_id=token_id,
        device=device,
        address=caller.address,
        now=now,
        expires_at=now + door.token_ttl,
    )
    return issue(door, user=user, session_id=session_id, token_id=token_id, now=now)


async def end_paused_session(db: Connection, *, user_id: UUID, register_id: UUID, now: datetime) -> None:
    """Free a register that was kept for somebody whose drawer has just been closed."""
    ended = await queries.end_paused(db, user_id=user_id, register_id=register_id, now=now)
    if ended is not None:
        events.emit(
            db,
            TerminalSessionEnded(
                branch_id=ended["branch_id"],
                key=terminal_key(register_id),
                session_id=ended["id"],
                register_id=register_id,
                user_id=user_id,
            ),
        )
