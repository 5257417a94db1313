"""The straight way: from the outbox to streams and subscribers at once, and into the queues of webhooks.

What goes well leaves nothing behind but a mark on the event. What does not, and all that follows it under the same key,
waits in a queue of its target (deliveries.py), while everything else goes on.
"""

from __future__ import annotations

from uuid import UUID

from tillvault.core.db import Connection, Database
from tillvault.events.relay import queries
from tillvault.events.relay.domain import Envelope
from tillvault.events.relay.outlets import Outlets, is_logged
from tillvault.events.webhooks import queries as webhooks

Parked = list[tuple[str, Envelope]]


async def dispatch(database: Database, organisation_id: UUID, *, outlets: Outlets, limit: int) -> int:
    """Take one batch of an organisation's outbox; gives how many events it held.

    A relay that dies before the commit has delivered what is then delivered again, with the same ids.
    """
    async with database.transaction(organisation_id) as db:
        events = await queries.claim_events(db, limit=limit)
        if not events:
            return 0
        parked = await _to_sinks(db, organisation_id, events, outlets)
        parked += [
            (webhooks.target_of(endpoint["id"]), event)
            for endpoint in await webhooks.active(db)
            for event in events
            if endpoint["types"] is None or event.type in endpoint["types"]
        ]
        if parked:
            await queries.enqueue(db, parked)
        await queries.mark_relayed(db, events)
    return len(events)


async def _to_sinks(db: Connection, organisation_id: UUID, events: list[Envelope], outlets: Outlets) -> Parked:
    """Deliver; gives what has to wait."""
    wanted = [(sink, [event for event in events if sink.wants(event.type)]) for sink in outlets.sinks]
    wanted = [(sink, some) for sink, some in wanted if some]
    if not wanted:
        return []
    behind = await queries.queued(
        db, targets=[sink.target for sink, _ in wanted], keys=list({event.key for event in events})
    )
    parked: Parked = []
    attempts: list[queries.Attempt] = []
    for sink, some in wanted:
        ready = [event for event in some if (sink.target, event.key) not in behind]
        parked += [(sink.target, event) for event in some if (sink.target, event.key) in behind]
        if not ready:
            continue
        if outlets.is_down(sink.target):
            parked += [(sink.target, event) for event in ready]
            continue
        attempt, _ = await outlets.send(sink, organisation_id, ready)
        attempts.append(attempt)
        if attempt.error is not None:
            parked += [(sink.target, event) for event in ready]
    await queries.log_attempts(db, [attempt for attempt in attempts if is_logged(attempt.target)])
    return parked
