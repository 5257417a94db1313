"""Redis Streams: every event of every organisation, appended to one stream."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from redis import asyncio as redis_asyncio
from redis.exceptions import RedisError, ResponseError

from tillvault.events.relay.domain import Envelope, SinkUnavailable

_TIMEOUT_SECONDS = 5.0

# One command and one answer for the whole batch: a pipeline of XADDs costs the relay more than all else that it does.
_APPEND = """
for at = 3, #ARGV, 4 do
    redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'id', ARGV[at], 'type', ARGV[at + 1],
               'organisation', ARGV[2], 'key', ARGV[at + 2], 'event', ARGV[at + 3])
end
"""


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
        fields: list[str | bytes] = []
        for envelope in envelopes:
            fields += (str(envelope.id), envelope.type, envelope.key, envelope.wire())
        try:
            await self._redis.eval(_APPEND, 1, self._stream, self._maxlen, str(organisation_id), *fields)
        except ResponseError as error:
            # A stream of another kind, a full memory, a missing right: none of it lies in the events.
            raise SinkUnavailable(str(error)) from error
        except (RedisError, OSError) as error:
            raise SinkUnavailable(f"Redis does not answer: {error}") from error

    async def close(self) -> None:
        await self._redis.aclose()
