"""What the relay carries, to whom, and when it tries again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import orjson

from tillvault.core.clock import iso


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """An event as it leaves (domain.md, "Events"). `data` stays the JSON text that the outbox holds: most sinks hand
    it on unread."""

    id: UUID
    type: str
    version: int
    organisation_id: UUID
    branch_id: UUID | None
    key: str
    occurred_at: datetime
    data: str

    @property
    def payload(self) -> dict[str, Any]:
        """`data`, read. Amounts are decimals by currency, as documented in docs/reference/events.md."""
        return orjson.loads(self.data)

    def wire(self) -> bytes:
        """The whole envelope as JSON. The same event gives the same bytes each time it is delivered."""
        return orjson.dumps(
            {
                "id": str(self.id),
                "type": self.type,
                "version": self.version,
                "organisationId": str(self.organisation_id),
                "branchId": None if self.branch_id is None else str(self.branch_id),
                "key": self.key,
                "occurredAt": iso(self.occurred_at),
                "data": orjson.Fragment(self.data),
            }
        )


class Subscriber(Protocol):
    """A part of the product that hears of committed events, such as the one that brings a sale into the vault when
    the process died before its ticket was recorded.

    To add one, write a class with these three members and return it from `tillvault.relaying.subscribers`; it then
    runs wherever the relay runs, before the sinks outside. What to expect:

    - `handle` gets events of one organisation, of the wanted types alone, in order per key. It is given no
      transaction: it opens its own (`database.transaction(organisation_id)`), and that one is committed apart from the
      relay's. So the same event can come again, with the same `id`: handle it so that a second time changes nothing.
    - Returning means that all of them are done. Raising means that none is known to be: they are tried again key by
      key, with a growing pause, so that one bad event holds up its own key alone; after RELAY_ATTEMPTS_MAX tries it
      becomes a dead letter (`tillvault relay --replay subscriber:NAME` tries those again). Raise `SinkUnavailable`
      when nothing can be handled now, whatever the event: that is tried again for ever.
    - It must end within `HANDLE_SECONDS_MAX`, or it counts as failed.
    """

    name: str
    """Names its deliveries in the database: never change it, and never give it to another."""
    types: frozenset[str]
    """The types it wants, like `{"sale.finalized", "sale.refunded"}`."""

    async def handle(self, organisation_id: UUID, envelopes: Sequence[Envelope]) -> None: ...


HANDLE_SECONDS_MAX = 30.0
"""How long a subscriber or a stream may take over one batch."""


class Sink(Protocol):
    """A way out that takes many events at once."""

    target: str
    """Names its deliveries: `redis`, `nats`, `subscriber:…`."""

    def wants(self, event_type: str) -> bool: ...

    async def send(self, organisation_id: UUID, envelopes: Sequence[Envelope]) -> None:
        """All of them, or raise: SinkUnavailable when nothing gets through now, anything else when these do not."""
        ...

    async def close(self) -> None: ...


class SinkUnavailable(Exception):
    """Nothing gets through at present; no event is to blame. Tried again for ever, never a dead letter."""


def pause(attempts: int, *, first: timedelta, longest: timedelta, chance: float) -> timedelta:
    """How long to wait after the given number of failed attempts (1 and more): doubled each time up to the longest,
    of which `chance` (0 to 1) takes away up to a half, so that what failed together does not come back together."""
    whole = min(longest, first * 2 ** min(attempts - 1, 30))
    return whole * (1 - chance / 2)
