"""The edge of an authorised request: one transaction, one actor, one answer.

A dependency with `scope="function"`: it commits when the route has returned and before the response leaves. A plain
dependency would answer first and commit after, and a failed commit would still have said 201.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from starlette.responses import Response

from tillvault.core import idempotency
from tillvault.core.db import Connection
from tillvault.core.errors import ValidationFailed
from tillvault.core.http.answers import json_answer
from tillvault.core.jsontext import dumps
from tillvault.identity.access import service as access
from tillvault.identity.access.service import Doorkeeper
from tillvault.identity.domain import Actor, Caller
from tillvault.identity.permissions import require_branch

ApproverPin = Annotated[
    str | None,
    Header(
        pattern="^[0-9]{4,8}$",
        description="The PIN of a manager who approves on the spot. In a header, because bodies leave a hash behind "
        "under an idempotency key, and a PIN must not.",
    ),
]
"""The header of a route that a manager may approve at the cashier's device."""

_TELEGRAM_DIGITS_MAX = 16
"""As many as 52 bits have."""
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(slots=True)
class Edge:
    """What a route needs: the open transaction, who acts, and a way to answer."""

    db: Connection
    actor: Actor
    held: idempotency.Claim | None = None

    async def answer(self, data: Any, status: int = 200, *, kept: Any = None) -> Response:
        """`{"success": true, "data": …}`, kept under the idempotency key where one was sent.

        `kept` is what a repetition is told instead: a secret is shown once, and the database never holds it.
        """
        repetition = None if kept is None else dumps({"success": True, "data": kept})
        return await self.answer_raw(dumps({"success": True, "data": data}), status, kept=repetition)

    async def answer_raw(self, body: bytes, status: int = 200, *, kept: bytes | None = None) -> Response:
        if self.held is not None:
            await idempotency.store(self.db, self.held, status=status, body=body if kept is None else kept)
            self.held = None
        return json_answer(body, status)


async def doorkeeper(request: Request) -> Doorkeeper:
    # A coroutine although it waits for nothing: FastAPI sends plain functions to a thread, at a tenth of a millisecond.
    return request.app.state.doorkeeper


Door = Annotated[Doorkeeper, Depends(doorkeeper)]


def bearer_of(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def caller_of(request: Request) -> Caller:
    return Caller(
        address=request.client.host if request.client else "unknown",
        device_id=_plain(request.headers.get("x-device-id"), 128),
        device=_plain(request.headers.get("user-agent"), 200),
        request_id=request.scope.get("request_id"),
    )


@asynccontextmanager
async def _authenticated(request: Request, door: Doorkeeper) -> AsyncGenerator[Edge]:
    bearer = bearer_of(request)
    caller = caller_of(request)
    if access.is_api_key(bearer):
        assert bearer is not None  # noqa: S101  (an API key is a bearer)
        async with door.database.transaction(None) as db:
            actor = await access.actor_of_api_key(db, key=bearer, caller=caller)
            account = request.headers.get("x-telegram-user")
            if account is not None:
                actor = await access.person_of_telegram(db, bot=actor, telegram_id=_telegram_id(account))
            yield Edge(db, actor)
        return
    claims = access.claims_of(bearer, door.tokens)
    async with door.database.transaction(claims.organisation_id) as db:
        yield Edge(db, await access.actor_of_session(db, claims=claims, caller=caller))


@asynccontextmanager
async def opened(request: Request, door: Doorkeeper, *, is_repetition: bool = False) -> AsyncGenerator[Edge]:
    """Open the transaction, find the actor, hold the idempotency key; for a route that has more to do once it is
    committed. A repetition only reads, and holds no key. Raises Unauthorized and those of the key.
    """
    async with _authenticated(request, door) as found:
        yield found if is_repetition else await _held(request, found)


async def edge(request: Request, door: Door) -> AsyncGenerator[Edge]:
    """The same as a dependency: committed when the route has returned."""
    async with opened(request, door) as found:
        yield found


async def actor_of_request(request: Request, door: Doorkeeper) -> Actor:
    """Who asks, looked up in a transaction of its own. Raises Unauthorized."""
    async with _authenticated(request, door) as found:
        return found.actor


async def _held(request: Request, found: Edge) -> Edge:
    key = request.headers.get("idempotency-key")
    if key is None or request.method not in _WRITES:
        return found
    if not 1 <= len(key) <= idempotency.KEY_LENGTH_MAX or not key.isprintable():
        raise ValidationFailed.of("Idempotency-Key", "must have 1 to 255 printable characters")
    found.held = await idempotency.claim(
        found.db,
        actor_id=found.actor.id,
        key=key,
        request=idempotency.fingerprint(request.method, _target(request), await request.body()),
    )
    return found


def _target(request: Request) -> str:
    """Path and query: a dry run is another request than the run itself."""
    return f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path


async def on_answered_before(_: Request, error: Exception) -> Response:
    assert isinstance(error, idempotency.AnsweredBefore)  # noqa: S101  (registered for this class alone)
    response = json_answer(error.body, error.status)
    response.headers["Idempotency-Replayed"] = "true"
    return response


Authorised = Annotated[Edge, Depends(edge, scope="function")]
"""An authorised request with its transaction."""


async def guard_branch(found: Authorised) -> None:
    """The branch guard: the branch of the login must be active and the user's. Raises BranchForbidden, BranchInactive.

    Machines have no branch; what they name is checked where it is read.
    """
    if found.actor.role is not None:
        require_branch(found.actor, found.actor.branch_id, is_active=found.actor.branch_is_active)


def _telegram_id(text: str) -> int:
    """The account in `X-Telegram-User`; 0, which is nobody's, for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _TELEGRAM_DIGITS_MAX else 0


def _plain(text: str | None, length: int) -> str | None:
    """A header as text that PostgreSQL can keep."""
    if text is None:
        return None
    cleaned = "".join(char for char in text if char.isprintable())[:length]
    return cleaned or None
