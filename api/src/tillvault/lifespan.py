"""What the application holds while it runs: the pool, the doorkeeper, live updates, health."""

from __future__ import annotations

import signal
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from types import FrameType

from fastapi import FastAPI

from tillvault.core import health, secrets
from tillvault.core.config import Settings
from tillvault.core.db import Database, refuse_powerful_role
from tillvault.core.live import Live
from tillvault.deposits.classification.providers import classifier_of
from tillvault.events import service as events
from tillvault.identity.access.service import Doorkeeper
from tillvault.identity.hashing import Hasher
from tillvault.identity.live import service as live_updates
from tillvault.identity.throttle import Throttle
from tillvault.identity.tokens import Tokens
from tillvault.relaying import desk_of, relaying
from tillvault.sales.receipts.rendering import press_of
from tillvault.vault import key_rotation, keys
from tillvault.vault import service as vault
from tillvault.vault.checkpoints import Guard, Renewal
from tillvault.vault.intake import Intake
from tillvault.vault.senders import Senders


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    """Connect, serve, let go. Raises StartupRefused for a database role that may do too much."""
    settings: Settings = app.state.settings
    assert settings.database_url is not None  # noqa: S101  (`serve` fills it in for the embedded database)
    dsn = settings.database_url.get_secret_value()
    redis_url = settings.redis_url.get_secret_value() if settings.redis_url else None
    await refuse_powerful_role(dsn)
    database = await Database.connect(dsn, settings, flush=events.flush)
    live = Live(redis_url)
    live.start()
    _end_streams_on_signals(live)
    database.on_events = partial(live_updates.publish, live)
    door = Doorkeeper(
        database=database,
        tokens=Tokens(secrets.token_secret(settings)),
        hasher=Hasher(settings.argon2_threads),
        throttle=Throttle(redis_url),
        pin_pepper=secrets.pin_pepper(settings),
        token_ttl=timedelta(minutes=settings.token_ttl_minutes),
    )
    signers = keys.load(settings)
    key_rotation.tell_strangers(signers, await key_rotation.settle(database, signers))
    app.state.live = live
    app.state.signers = signers
    renewal = Renewal(database, sign=partial(vault.checkpoint, signers=signers))
    renewal.start()
    app.state.intake = Intake(
        database,
        sign=signers.sign_leaf,
        origin_of=signers.origin_of,
        guard=Guard(signers),
        changed=renewal.changed,
    )
    app.state.senders = Senders(door)
    app.state.press = press_of(settings)
    app.state.classifier = classifier = classifier_of(settings)
    app.state.doorkeeper = door
    app.state.health = health.Health(database, shared_answers=door.throttle.shared_answers)
    app.state.webhooks = desk = desk_of(settings)
    async with relaying(settings, database, app.state.intake):
        yield
    await desk.sender.close()
    await classifier.close()
    await live.stop()
    await renewal.stop()
    await database.close()


def _end_streams_on_signals(live: Live) -> None:
    """A stream of live updates never ends by itself, and a server that stops waits for its connections: end them with
    the same signal. The server's own handlers run after."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        before = signal.getsignal(number)

        def end(caught: int, frame: FrameType | None, before: object = before) -> None:
            live.end_streams()
            if callable(before):
                before(caught, frame)

        signal.signal(number, end)
