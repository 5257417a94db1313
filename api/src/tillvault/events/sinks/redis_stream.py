"""Redis Streams: every event of every organisation, appended to one stream."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from redis import asyncio as redis_asyncio
from redis.exceptions import RedisError, ResponseError

from tillvault.events.relay.domain import Envelope, SinkUnavailable

_TIMEOUT_SECONDS = 5.0


class RedisStream:
    """`XADD stream MAXLEN ~ n * id … type … organisation … key … event …`: `event` is the whole envelope as JSON, `id`
    the same each time an event comes."""

    target = "redis"

    def __init__(self, url: str, *, stream: str, maxlen: int) -> None:
        # redis-py's own annotations are partial; the few calls made here are plain.
        client: Any = redis_asyncio.Redis
        self._redis: Any = client.from_url(
            url, socket_connect_timeout=_TIMEOUT_SECONDS, socket_timeout=_TIMEOUT_SECONDS, protocol=2
        )
        self._stream = stream
        self._maxlen = maxlen

    def wants(self, event_type: str) -> bool:
        return bool(event_type)

    async def send(self, organisation_id: UUID, envelopes: Sequence[Envelope]) -> None:
        organisation = str(organisation_id)
        pipeline = self._redis.pipeline(transaction=False)
        for envelope in envelopes:
            pipeline.execute_command(
                "XADD", self._stream, "MAXLEN", "~", self._maxlen, "*",
                "id", str(envelope.id), "type", envelope.type, "organisation", organisation, "key", envelope.key,
                "event", envelope.wire(),
            )  # fmt: skip
        try:
            await pipeline.execute()
        except ResponseError as error:
            # A stream of another kind, a full memory, a missing right: none of it lies in the events.
            raise SinkUnavailable(str(error)) from error
        except (RedisError, OSError) as error:
            raise SinkUnavailable(f"Redis does not answer: {error}") from error

    async def close(self) -> None:
        await self._redis.aclose()
