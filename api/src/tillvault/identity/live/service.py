"""Who hears of what: an admin of everything, a manager of their branches, a cashier of their own terminal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import orjson

from tillvault.core.db import Connection
from tillvault.core.errors import AppError
from tillvault.core.jsontext import dumps
from tillvault.core.live import Live
from tillvault.events.service import envelopes
from tillvault.identity.domain import Actor, Role, terminal_key
from tillvault.identity.permissions import sees_whole_organisation

HEARTBEAT_SECONDS = 10.0
_FOR_EVERYBODY = "catalogue."
"""Events of this kind are heard at every till: what is sold, and for how much, is no secret in a shop."""


def publish(live: Live, db: Connection) -> None:
    """Hand the events of a committed transaction to whoever is watching."""
    if live.is_idle or db.organisation_id is None:
        return
    for envelope in envelopes(db):
        live.publish(db.organisation_id, dumps(envelope))


def hears(actor: Actor, event: dict[str, Any]) -> bool:
    """Whether an event is for the actor. What a drawer holds is not for a cashier, who may have to count blind."""
    if sees_whole_organisation(actor) or event["type"].startswith(_FOR_EVERYBODY):
        return True
    if actor.role is Role.CASHIER:
        return actor.register_id is not None and event["key"] == terminal_key(actor.register_id)
    return event["branchId"] in {str(branch_id) for branch_id in actor.branch_ids}


async def stream(
    live: Live, actor: Actor, still_welcome: Callable[[], Awaitable[Actor]], *, asked_every: float = HEARTBEAT_SECONDS
) -> AsyncGenerator[bytes]:
    """Server-sent events (WHATWG HTML, "Server-sent events"), with a heartbeat that asks whether the login stands.

    `event: reset` tells a watcher that something was missed: reload what you show.
    """
    now = asyncio.get_running_loop().time
    with live.watch(actor.organisation_id) as watcher:
        yield b"retry: 2000\nevent: ready\ndata: {}\n\n"
        asked_at = now()
        while not live.is_closing:
            left = asked_at + asked_every - now()
            # By the clock and not by silence: in a busy shop, who was shut out would else go on listening.
            if left <= 0:
                try:
                    actor = await still_welcome()
                except AppError:
                    yield b"event: ended\ndata: {}\n\n"
                    return
                asked_at = now()
                yield b": heartbeat\n\n"
                continue
            try:
                message = await asyncio.wait_for(watcher.get(), left)
            except TimeoutError:
                continue
            if message is None:
                yield b"event: reset\ndata: {}\n\n"
                continue
            event = orjson.loads(message)
            if hears(actor, event):
                yield b"id: %s\nevent: %s\ndata: %s\n\n" % (event["id"].encode(), event["type"].encode(), message)
