"""Live updates: what a transaction told, handed to whoever is watching, right after its commit.

Best effort and at most once, unlike the outbox: a watcher that misses something reloads. Within one process over
queues; with Redis across all of them, and when Redis is lost, within the process until it is back.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncGenerator, Generator
from typing import Any
from uuid import UUID

from redis import asyncio as redis_asyncio
from redis.exceptions import RedisError

from tillvault.core.logging import log

_CHANNEL = "tillvault:live:"
_QUEUE_MAX = 1000
_TIMEOUT_SECONDS = 0.5
_RETRY_SECONDS = 1.0

Message = bytes
Watcher = asyncio.Queue[Message | None]
"""None: something was missed, or the stream ends."""


class Live:
    """Watchers of this process, and the way to those of others."""

    def __init__(self, redis_url: str | None) -> None:
        self._watchers: dict[UUID, set[Watcher]] = defaultdict(set)
        self._outgoing: asyncio.Queue[tuple[UUID, Message]] = asyncio.Queue(_QUEUE_MAX)
        self._tasks: list[asyncio.Task[None]] = []
        self._is_closing = False
        # redis-py's own annotations are partial; the few calls made here are plain.
        client: Any = redis_asyncio.Redis
        self._redis: Any = None
        self._subscriber: Any = None
        if redis_url is not None:
            limits = {"socket_connect_timeout": _TIMEOUT_SECONDS}
            self._redis = client.from_url(redis_url, socket_timeout=_TIMEOUT_SECONDS, **limits)
            # A subscription is silent most of the time: reading from it must not time out as an answer would.
            self._subscriber = client.from_url(redis_url, socket_timeout=None, **limits)

    def start(self) -> None:
        if self._redis is not None:
            self._tasks = [asyncio.create_task(self._send()), asyncio.create_task(self._listen())]

    async def stop(self) -> None:
        self.end_streams()
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        for client in (self._redis, self._subscriber):
            if client is not None:
                await client.aclose()

    def end_streams(self) -> None:
        """Let every stream end: a server that stops would else wait for them."""
        self._is_closing = True
        for watchers in self._watchers.values():
            for watcher in watchers:
                _offer(watcher, None)

    @property
    def is_closing(self) -> bool:
        return self._is_closing

    def publish(self, organisation_id: UUID, message: Message) -> None:
        """Hand a message on. Never waits, never raises."""
        if self._redis is None:
            self._deliver(organisation_id, message)
            return
        try:
            self._outgoing.put_nowait((organisation_id, message))
        except asyncio.QueueFull:
            self._deliver(organisation_id, message)

    @property
    def is_idle(self) -> bool:
        """Whether a message could reach nobody."""
        return self._redis is None and not self._watchers

    @contextlib.contextmanager
    def watch(self, organisation_id: UUID) -> Generator[Watcher]:
        watcher: Watcher = asyncio.Queue(_QUEUE_MAX)
        self._watchers[organisation_id].add(watcher)
        try:
            yield watcher
        finally:
            self._watchers[organisation_id].discard(watcher)
            if not self._watchers[organisation_id]:
                del self._watchers[organisation_id]

    def _deliver(self, organisation_id: UUID, message: Message) -> None:
        for watcher in self._watchers.get(organisation_id, ()):
            _offer(watcher, message)

    async def _send(self) -> None:
        while True:
            organisation_id, message = await self._outgoing.get()
            try:
                await self._redis.publish(f"{_CHANNEL}{organisation_id}", message)
            except (RedisError, OSError):
                self._deliver(organisation_id, message)

    async def _listen(self) -> None:
        while True:
            try:
                async for organisation_id, message in self._subscription():
                    self._deliver(organisation_id, message)
            except (RedisError, OSError) as error:
                log().warning("live.redis_lost", error=str(error))
            await asyncio.sleep(_RETRY_SECONDS)

    async def _subscription(self) -> AsyncGenerator[tuple[UUID, Message]]:
        async with self._subscriber.pubsub(ignore_subscribe_messages=True) as channel:
            await channel.psubscribe(f"{_CHANNEL}*")
            async for item in channel.listen():
                yield UUID(item["channel"].decode().removeprefix(_CHANNEL)), item["data"]


def _offer(watcher: Watcher, message: Message | None) -> None:
    """A watcher too slow to keep up loses what waits and is told to reload."""
    if watcher.full():
        while not watcher.empty():
            watcher.get_nowait()
        message = None
    watcher.put_nowait(message)
