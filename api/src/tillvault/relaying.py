"""The relay put together: what runs it, in a process of its own or inside the API's, and who subscribes to it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial

from pydantic import SecretStr

from tillvault.core import secrets
from tillvault.core.config import Settings
from tillvault.core.db import Database, refuse_powerful_role
from tillvault.deposits.exports.runner import exporter_of
from tillvault.events import service as events
from tillvault.events.relay import replay_queries
from tillvault.events.relay.domain import Subscriber
from tillvault.events.relay.outlets import Policy
from tillvault.events.relay.service import Relay, sinks_of
from tillvault.events.webhooks.sending import Sender
from tillvault.identity.webhooks.service import Desk
from tillvault.sales.vaulting import TicketsOfSales
from tillvault.vault import key_rotation, keys
from tillvault.vault import service as vault
from tillvault.vault.checkpoints import Guard, Renewal
from tillvault.vault.intake import Intake

_REPLAYED_MAX = 10_000


def subscribers(database: Database, intake: Intake) -> tuple[Subscriber, ...]:
    """Every part of the product that hears of events (see `Subscriber`). A module that wants to adds itself here."""
    return (TicketsOfSales(database, intake),)


def sender_of(settings: Settings) -> Sender:
    return Sender(
        allow_private=settings.webhooks_allow_private_targets, timeout_seconds=settings.webhook_timeout_seconds
    )


def desk_of(settings: Settings) -> Desk:
    """What the API needs to administer webhooks."""
    return Desk(
        sender=sender_of(settings),
        secret=secrets.webhook_secret(settings),
        allow_private=settings.webhooks_allow_private_targets,
    )


def relay_of(settings: Settings, database: Database, intake: Intake, *, in_server: bool) -> Relay:
    """Raises StartupRefused for a sink that cannot be."""
    assert settings.database_url is not None  # noqa: S101  (filled in for the embedded database)
    return Relay(
        database=database,
        dsn=settings.database_url.get_secret_value(),
        sinks=sinks_of(settings, subscribers(database, intake)),
        sender=sender_of(settings),
        secret=secrets.webhook_secret(settings),
        policy=Policy.of(settings, in_server=in_server),
    )


@asynccontextmanager
async def relaying(settings: Settings, database: Database, intake: Intake) -> AsyncGenerator[None]:
    """Run a relay beside the API, in its event loop, where the settings want one there.

    Its batches are small enough not to be felt, and a shop's own machine has no events by the thousand. With several
    API processes each has one, and they share the work.
    """
    if settings.relay_in_server != "true":
        yield
        return
    relay = relay_of(settings, database, intake, in_server=True)
    exporter = exporter_of(settings, database)
    running = asyncio.gather(relay.run(), exporter.run())
    try:
        yield
    finally:
        relay.stop()
        exporter.stop()
        await running


async def run(dsn: str, settings: Settings) -> None:
    """A relay as a process of its own, until SIGINT or SIGTERM. Raises StartupRefused."""
    own = settings.model_copy(update={"database_url": SecretStr(dsn)})
    await refuse_powerful_role(dsn)
    database = await Database.connect(dsn, own, flush=events.flush)
    try:
        async with _intake(database, own) as intake:
            relay = relay_of(own, database, intake, in_server=False)
            exporter = exporter_of(own, database)

            def stop() -> None:
                relay.stop()
                exporter.stop()

            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, stop)
            await asyncio.gather(relay.run(), exporter.run())
    finally:
        await database.close()


@asynccontextmanager
async def _intake(database: Database, settings: Settings) -> AsyncGenerator[Intake]:
    """The vault, as the API has it: subscribers may record tickets."""
    signers = keys.load(settings)
    key_rotation.tell_strangers(signers, await key_rotation.settle(database, signers))
    renewal = Renewal(database, sign=partial(vault.checkpoint, signers=signers))
    renewal.start()
    try:
        yield Intake(
            database,
            sign=signers.sign_leaf,
            origin_of=signers.origin_of,
            guard=Guard(signers),
            changed=renewal.changed,
        )
    finally:
        await renewal.stop()


async def replay_dead(dsn: str, settings: Settings, *, target: str) -> int:
    """Let the dead letters of a target be tried again, in every organisation; gives how many."""
    database = await Database.connect(dsn, settings, flush=events.flush)
    try:
        async with database.transaction(None) as db:
            organisations = await replay_queries.organisations_with_dead_letters(db)
        revived = 0
        for organisation_id in organisations:
            async with database.transaction(organisation_id) as db:
                revived += await replay_queries.revive(db, target=target, limit=_REPLAYED_MAX)
        return revived
    finally:
        await database.close()
