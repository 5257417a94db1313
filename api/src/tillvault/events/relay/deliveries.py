"""The patient way: what waits for a target, key by key, with pauses that grow, until it is delivered or a dead letter.

A key is leased while it is worked on, in a transaction that ends before anything is sent: a slow endpoint holds neither
a connection nor a lock. Leases of a relay that died are void at once, because its advisory lock went with it.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tillvault.core.clock import utc_now
from tillvault.core.db import Connection, Database, Row
from tillvault.core.logging import log
from tillvault.events.relay import metrics, queries, replay_queries
from tillvault.events.relay.domain import Sink
from tillvault.events.relay.outlets import Outlets, Policy, is_logged
from tillvault.events.relay.queries import Attempt, Outcome, Waiting
from tillvault.events.webhooks import queries as webhooks
from tillvault.events.webhooks.secrets import generations, secret_of
from tillvault.events.webhooks.sending import Sender

ENDPOINT_KEYS_MAX = 8
"""Keys of one endpoint that are delivered at the same time: one that hangs must not take every place."""
WEBHOOK_KEYS_MAX = 128
"""The same for all endpoints of this process."""
SINK_KEYS_MAX = 200
_PER_KEY_WEBHOOK = 20
_PER_KEY_SINK = 50
_SLICE_SECONDS = 5.0
"""After this long a key is let go, so that what was delivered is noted and others get their turn."""

Pair = tuple[UUID, str]


@dataclass(slots=True)
class _Notes:
    """What a slice has to write down."""

    outcomes: list[Outcome] = field(default_factory=list[Outcome])
    attempts: list[Attempt] = field(default_factory=list[Attempt])
    pauses: dict[str, datetime | None] = field(default_factory=dict[str, datetime | None])


@dataclass(slots=True, kw_only=True)
class Deliveries:
    """The queues' work of one relay."""

    database: Database
    outlets: Outlets
    sender: Sender
    secret: bytes
    policy: Policy
    relay: int
    """The number under which it leases."""
    _at_work: Counter[Pair] = field(default_factory=Counter[Pair])
    _tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    async def start_due(self) -> int:
        """Begin what is due and has room; gives the number of keys begun."""
        async with self.database.transaction(None) as db:
            pairs = await queries.queues_due(db)
        random.shuffle(pairs)
        begun = 0
        for organisation_id, target in pairs:
            if target.startswith("webhook:"):
                begun += await self._begin_webhook(organisation_id, target)
            elif (sink := self.outlets.sink(target)) is not None:
                begun += await self._begin_sink(organisation_id, sink)
        return begun

    async def settle(self, seconds: float) -> None:
        """Let what is under way end; after that long, break it off: it will be done again."""
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _begin_webhook(self, organisation_id: UUID, target: str) -> int:
        pair = (organisation_id, target)
        busy = sum(count for (_, other), count in self._at_work.items() if other.startswith("webhook:"))
        room = min(ENDPOINT_KEYS_MAX - self._at_work[pair], WEBHOOK_KEYS_MAX - busy)
        if room <= 0:
            return 0
        async with self.database.transaction(organisation_id) as db:
            endpoint = await webhooks.record(db, UUID(target.partition(":")[2]))
            if endpoint is None or not endpoint["is_active"]:
                await _suspend_inactive(db, target)
                return 0
            leased = await self._leased(db, target, room, _PER_KEY_WEBHOOK)
        for key, waiting in leased.items():
            self._spawn(pair, self._deliver_webhook(pair, endpoint, key, waiting))
        return len(leased)

    async def _begin_sink(self, organisation_id: UUID, sink: Sink) -> int:
        pair = (organisation_id, sink.target)
        if self._at_work[pair] or self.outlets.is_down(sink.target):
            return 0
        async with self.database.transaction(organisation_id) as db:
            leased = await self._leased(db, sink.target, SINK_KEYS_MAX, _PER_KEY_SINK)
        if leased:
            self._spawn(pair, self._deliver_sink(pair, sink, leased))
        return len(leased)

    async def _leased(self, db: Connection, target: str, limit: int, per_key: int) -> dict[str, list[Waiting]]:
        keys = await queries.lease(db, target=target, relay=self.relay, seconds=queries.LEASE_SECONDS, limit=limit)
        return await queries.waiting_of(db, target=target, keys=keys, per_key=per_key) if keys else {}

    def _spawn(self, pair: Pair, work: Coroutine[Any, Any, None]) -> None:
        self._at_work[pair] += 1
        task = asyncio.create_task(work)
        self._tasks.add(task)

        def done(ended: asyncio.Task[None]) -> None:
            self._tasks.discard(ended)
            self._at_work[pair] -= 1
            if not self._at_work[pair]:
                del self._at_work[pair]
            if not ended.cancelled() and (error := ended.exception()) is not None:
                # Its lease runs out, and the keys come again.
                log().error("relay.slice_failed", target=pair[1], organisation_id=str(pair[0]), exc_info=error)

        task.add_done_callback(done)

    async def _deliver_webhook(self, pair: Pair, endpoint: Row, key: str, waiting: list[Waiting]) -> None:
        """Deliver the events of a key one after the other, until one fails or the slice is over."""
        organisation_id, target = pair
        notes = _Notes(pauses={key: None})
        deadline = time.monotonic() + _SLICE_SECONDS
        secrets = [
            secret_of(self.secret, organisation_id=organisation_id, endpoint_id=endpoint["id"], generation=generation)
            for generation in generations(endpoint["generation"], endpoint["rotated_at"], utc_now())
        ]
        for each in waiting:
            event = each.envelope
            answer = await self.sender.send(
                endpoint["url"], message_id=str(event.id), body=event.wire(), secrets=secrets
            )
            notes.attempts.append(
                Attempt(
                    target=target,
                    operation="deliver",
                    attempts=each.attempts + 1,
                    event_id=event.id,
                    response_code=answer.status,
                    error=answer.error,
                    started_at=answer.started_at,
                    finished_at=answer.finished_at,
                )
            )
            wait = self._outcome(notes, target, each, error=answer.error, response_code=answer.status)
            if wait is not None:
                notes.pauses[key] = utc_now() + max(wait, timedelta(seconds=answer.retry_after_seconds))
                break
            if time.monotonic() > deadline:
                break
        await self._write(pair, notes)

    async def _deliver_sink(self, pair: Pair, sink: Sink, leased: dict[str, list[Waiting]]) -> None:
        """All keys at once, and if that fails through an event, key by key."""
        organisation_id, target = pair
        notes = _Notes(pauses=dict.fromkeys(leased))
        every = sorted(
            (each for waiting in leased.values() for each in waiting),
            key=lambda each: (each.envelope.occurred_at, each.envelope.id),
        )
        if every:
            attempt, to_blame = await self.outlets.send(sink, organisation_id, [each.envelope for each in every])
            notes.attempts.append(attempt)
            if attempt.error is None:
                notes.outcomes += [_delivered(each, None) for each in every]
            elif to_blame:
                await self._key_by_key(organisation_id, sink, leased, notes)
            else:
                self._wait_until_up(target, notes)
        await self._write(pair, notes)

    async def _key_by_key(
        self, organisation_id: UUID, sink: Sink, leased: dict[str, list[Waiting]], notes: _Notes
    ) -> None:
        deadline = time.monotonic() + _SLICE_SECONDS
        for key, waiting in leased.items():
            for each in waiting:
                attempt, to_blame = await self.outlets.send(sink, organisation_id, [each.envelope])
                notes.attempts.append(replace(attempt, attempts=each.attempts + 1, event_id=each.envelope.id))
                if attempt.error is not None and not to_blame:
                    self._wait_until_up(sink.target, notes)
                    return
                wait = self._outcome(notes, sink.target, each, error=attempt.error, response_code=None)
                if wait is not None:
                    notes.pauses[key] = utc_now() + wait
                    break
                if time.monotonic() > deadline:
                    return

    def _wait_until_up(self, target: str, notes: _Notes) -> None:
        """Nothing gets through: no event is to blame, so none is counted an attempt."""
        until = utc_now() + timedelta(seconds=self.outlets.seconds_down(target))
        notes.pauses = {key: pause or until for key, pause in notes.pauses.items()}

    def _outcome(
        self, notes: _Notes, target: str, each: Waiting, *, error: str | None, response_code: int | None
    ) -> timedelta | None:
        """Note what became of an event; gives how long its key has to wait, None when the next one may follow."""
        if error is None:
            notes.outcomes.append(_delivered(each, response_code))
            if not is_batch(target):
                metrics.count(target, "delivered")
            return None
        attempts = each.attempts + 1
        is_dead = attempts >= self.policy.attempts_max
        notes.outcomes.append(
            Outcome(
                event_id=each.envelope.id,
                asked_at=each.asked_at,
                status="DEAD" if is_dead else "PENDING",
                attempts=attempts,
                response_code=response_code,
                error=error,
            )
        )
        if is_dead or not is_batch(target):
            metrics.count(target, "dead" if is_dead else "failed")
        if is_dead:
            log().warning(
                "relay.dead_letter",
                target=target,
                event_id=str(each.envelope.id),
                organisation_id=str(each.envelope.organisation_id),
                attempts=attempts,
                error=error,
            )
            return None
        return self.policy.pause_after(attempts)

    async def _write(self, pair: Pair, notes: _Notes) -> None:
        organisation_id, target = pair
        async with self.database.transaction(organisation_id) as db:
            held = await queries.hold(db, target=target, keys=list(notes.pauses), relay=self.relay)
            await queries.note_outcomes(db, target=target, outcomes=notes.outcomes)
            await queries.log_attempts(db, [each for each in notes.attempts if is_logged(each.target)])
            await queries.finish(db, target=target, pauses={key: notes.pauses[key] for key in held})


async def _suspend_inactive(db: Connection, target: str) -> None:
    """Looked at again under a lock: it may be reactivated at this moment, and must not be suspended after that."""
    endpoint = await webhooks.record(db, UUID(target.partition(":")[2]), lock=True)
    if endpoint is None or not endpoint["is_active"]:
        await replay_queries.suspend(db, target=target)


def is_batch(target: str) -> bool:
    """Whether deliveries are counted where the batch is sent."""
    return not target.startswith("webhook:")


def _delivered(each: Waiting, response_code: int | None) -> Outcome:
    return Outcome(
        event_id=each.envelope.id,
        asked_at=each.asked_at,
        status="DELIVERED",
        attempts=each.attempts + 1,
        response_code=response_code,
    )
