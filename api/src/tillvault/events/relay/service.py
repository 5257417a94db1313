"""The relay itself: finds work, shares it with other relays, and stops when told to."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg

from tillvault.core import tasks
from tillvault.core.clock import utc_now
from tillvault.core.config import Settings
from tillvault.core.db import Database
from tillvault.core.errors import AppError
from tillvault.core.logging import log
from tillvault.events.relay import metrics, queries
from tillvault.events.relay.deliveries import Deliveries
from tillvault.events.relay.dispatch import dispatch
from tillvault.events.relay.domain import Sink, Subscriber
from tillvault.events.relay.liveness import living
from tillvault.events.relay.outlets import Outlets, Policy
from tillvault.events.relay.sweeping import sweep
from tillvault.events.sinks.nats_stream import NatsStream
from tillvault.events.sinks.redis_stream import RedisStream
from tillvault.events.sinks.subscribers import SubscriberSink
from tillvault.events.webhooks.sending import Sender

_ORGANISATIONS_MAX = 4
"""Organisations whose outbox is read at the same time; each takes a connection."""
_BATCHES_MAX = 20
"""Batches of one organisation before others get their turn."""
_TROUBLE_SECONDS = 1.0
_LOOK_SECONDS = 5.0
_SWEEP_SECONDS = 3600.0


def sinks_of(settings: Settings, subscribers: Sequence[Subscriber]) -> list[Sink]:
    """What the settings and the product name, subscribers first. Raises StartupRefused."""
    sinks: list[Sink] = [SubscriberSink(subscriber) for subscriber in subscribers]
    if settings.relay_redis_stream_url is not None:
        sinks.append(
            RedisStream(
                settings.relay_redis_stream_url.get_secret_value(),
                stream=settings.relay_redis_stream_name,
                maxlen=settings.relay_redis_stream_maxlen,
            )
        )
    if settings.relay_nats_url is not None:
        sinks.append(
            NatsStream(
                settings.relay_nats_url.get_secret_value(),
                stream=settings.relay_nats_stream,
                subject=settings.relay_nats_subject,
            )
        )
    return sinks


@dataclass(slots=True, kw_only=True)
class Relay:
    """One relay. Several may run on the same database, in one process or in many."""

    database: Database
    dsn: str
    sinks: Sequence[Sink]
    sender: Sender
    secret: bytes
    """From which the secrets of webhooks are derived."""
    policy: Policy
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _outlets: Outlets = field(init=False)
    _reading: dict[UUID, asyncio.Task[None]] = field(default_factory=dict[UUID, asyncio.Task[None]])

    def __post_init__(self) -> None:
        self._outlets = Outlets(self.sinks)

    def stop(self) -> None:
        """Take nothing more; `run` returns when what is under way has ended."""
        self._stopping.set()

    async def run(self) -> None:
        """Work until `stop`. Trouble with the database is waited out."""
        try:
            while not self._stopping.is_set():
                try:
                    async with living(self.dsn) as (number, lost):
                        log().info("relay.started", relay=number, sinks=[sink.target for sink in self.sinks])
                        await self._work(number, lost)
                except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                    log().warning("relay.database_unavailable", error=str(error))
                    await self._rest(_TROUBLE_SECONDS)
                except Exception as error:  # noqa: BLE001  (a relay that ended unseen would deliver nothing any more)
                    log().error("relay.failed", exc_info=error)
                    await self._rest(_LOOK_SECONDS)
        finally:
            for sink in self.sinks:
                await sink.close()
            await self.sender.close()
        log().info("relay.stopped")

    async def _work(self, number: int, lost: asyncio.Event) -> None:
        deliveries = Deliveries(
            database=self.database,
            outlets=self._outlets,
            sender=self.sender,
            secret=self.secret,
            policy=self.policy,
            relay=number,
        )
        loops = [
            asyncio.create_task(self._every(self.policy.poll_seconds, self._read_outboxes)),
            asyncio.create_task(self._every(self.policy.poll_seconds, deliveries.start_due)),
            asyncio.create_task(self._every(_LOOK_SECONDS, self._look)),
            asyncio.create_task(self._every(_SWEEP_SECONDS, self._sweep)),
        ]
        ends = [asyncio.create_task(self._stopping.wait()), asyncio.create_task(lost.wait())]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        await tasks.ended([*loops, *ends])
        # Whoever lost the lock must not go on: another relay may be at the same keys by now.
        seconds = 0.0 if lost.is_set() else self.policy.grace_seconds
        if self._reading:
            _, late = await asyncio.wait(self._reading.values(), timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await deliveries.settle(seconds)
        if lost.is_set():
            log().warning("relay.lost_its_lock", relay=number)

    async def _every(self, seconds: float, act: Callable[[], Awaitable[int]]) -> None:
        """Act again at once while there was something to do, else after a rest."""
        while True:
            try:
                done = await act()
            except AppError as error:
                log().warning("relay.database_unavailable", error=error.sentence)
                done, rest = 0, max(seconds, _TROUBLE_SECONDS)
            except Exception as error:  # noqa: BLE001  (one bad moment must not end the relay for everybody)
                log().error("relay.failed", exc_info=error)
                done, rest = 0, max(seconds, _TROUBLE_SECONDS)
            else:
                rest = seconds
            await asyncio.sleep(0 if done else rest)

    async def _rest(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _read_outboxes(self) -> int:
        """Begin reading where something waits; one reader per organisation."""
        async with self.database.transaction(None) as db:
            waiting = await queries.organisations_waiting(db)
        for organisation_id in waiting:
            if organisation_id in self._reading:
                continue
            if len(self._reading) >= _ORGANISATIONS_MAX:
                break
            self._reading[organisation_id] = asyncio.create_task(self._read(organisation_id))
        if len(self._reading) >= _ORGANISATIONS_MAX and len(waiting) > _ORGANISATIONS_MAX:
            await asyncio.wait(self._reading.values(), return_when=asyncio.FIRST_COMPLETED)
            return 1
        return 0

    async def _read(self, organisation_id: UUID) -> None:
        try:
            for _ in range(_BATCHES_MAX):
                taken = await dispatch(self.database, organisation_id, outlets=self._outlets, limit=self.policy.batch)
                if taken < self.policy.batch or self._stopping.is_set():
                    return
        except AppError as error:
            log().warning("relay.database_unavailable", error=error.sentence)
            await self._rest(_TROUBLE_SECONDS)
        except Exception as error:  # noqa: BLE001  (the trouble of one organisation is not that of the others)
            log().error("relay.dispatch_failed", organisation_id=str(organisation_id), exc_info=error)
            await self._rest(_LOOK_SECONDS)
        finally:
            del self._reading[organisation_id]

    async def _look(self) -> int:
        """Free what dead relays hold, and tell how far behind the deliveries are."""
        async with self.database.transaction(None) as db:
            left = await queries.leases_of_the_dead(db)
            oldest, dead = await queries.lag(db)
        for organisation_id, relay in left:
            async with self.database.transaction(organisation_id) as db:
                await queries.release_leases(db, relay=relay)
            log().info("relay.leases_released", relay=relay, organisation_id=str(organisation_id))
        metrics.lag_seconds.set(0 if oldest is None else max(0.0, (utc_now() - oldest).total_seconds()))
        metrics.dead_letters.set(dead)
        return 0

    async def _sweep(self) -> int:
        started, now = time.monotonic(), utc_now()
        removed = await sweep(
            self.database,
            before=now - self.policy.retention,
            dead_before=now - max(self.policy.retention, self.policy.dead_letter_retention),
        )
        if removed:
            log().info("relay.swept", rows=removed, seconds=round(time.monotonic() - started, 2))
        return 0
