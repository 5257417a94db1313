"""A subscriber as a sink."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from tillvault.core.errors import Unavailable
from tillvault.events.relay.domain import Envelope, SinkUnavailable, Subscriber


class SubscriberSink:
    def __init__(self, subscriber: Subscriber) -> None:
        self._subscriber = subscriber
        self.target = f"subscriber:{subscriber.name}"

    def wants(self, event_type: str) -> bool:
        return event_type in self._subscriber.types

    async def send(self, organisation_id: UUID, envelopes: Sequence[Envelope]) -> None:
        try:
            await self._subscriber.handle(organisation_id, envelopes)
        except Unavailable as error:
            # The database or the vault is busy or down: that is no fault of these events.
            raise SinkUnavailable(str(error)) from error

    async def close(self) -> None:
        """It belongs to whoever made it."""
