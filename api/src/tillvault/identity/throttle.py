"""Wrong PINs and passwords: exponential back-off per source, per device and per store (domain.md, "People and places").

After 5 wrong tries in 15 minutes from one source address or device against a store, and after 30 in an hour against
a store from anywhere. A right secret clears the source's count. Nobody who is logged in passes here.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from limits.aio.storage import MemoryStorage, RedisStorage, Storage

from tillvault.core import metrics
from tillvault.core.errors import TooManyAttempts
from tillvault.core.logging import log

T = TypeVar("T")

_BACKOFF_FIRST_SECONDS = 10
_BACKOFF_MAX_SECONDS = 900
_REDIS_TIMEOUT_SECONDS = 0.5
_REDIS_REST_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class _Rule:
    name: str
    tries: int
    window_seconds: int


_SOURCE = _Rule("source", 5, 15 * 60)
_STORE = _Rule("store", 30, 60 * 60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is guessed at (a store, an organisation's user) and from where."""

    store: str
    address: str
    device_id: str | None

    def counters(self) -> list[tuple[_Rule, str]]:
        found = [(_SOURCE, f"pin:a:{self.store}:{self.address}")]
        if self.device_id:
            found.append((_SOURCE, f"pin:d:{self.store}:{self.device_id}"))
        found.append((_STORE, f"pin:s:{self.store}"))
        return found


class Throttle:
    """Counts in Redis when there is one, else in the process; a Redis that is lost degrades to the process."""

    def __init__(self, redis_url: str | None) -> None:
        self._local = MemoryStorage()
        self._shared: Storage | None = None
        self._rest_until = 0.0
        if redis_url is not None:
            self._shared = RedisStorage(
                f"async+{redis_url}",
                wrap_exceptions=True,
                implementation="redispy",
                socket_timeout=_REDIS_TIMEOUT_SECONDS,
                socket_connect_timeout=_REDIS_TIMEOUT_SECONDS,
            )

    async def admit(self, target: Target) -> None:
        """Let a try through to the check. Raises TooManyAttempts while the back-off of any counter runs."""
        for _, key in target.counters():
            if (wait := await self._blocked_seconds(key)) > 0:
                raise TooManyAttempts(wait)

    async def wrong(self, target: Target) -> None:
        """Count a wrong try; from the limit on, each starts a back-off twice as long as the last."""
        for rule, key in target.counters():
            count = await self._run(lambda s, k=key, r=rule: s.incr(k, r.window_seconds))
            if count >= rule.tries:
                seconds = min(_BACKOFF_FIRST_SECONDS * 2 ** min(count - rule.tries, 10), _BACKOFF_MAX_SECONDS)
                await self._run(lambda s, k=f"{key}:block", n=seconds: s.incr(k, n))

    async def right(self, target: Target) -> None:
        """A right secret clears the source's and the device's count, not the store's."""
        for rule, key in target.counters():
            if rule is _SOURCE:
                await self._run(lambda s, k=key: s.clear(k))

    async def shared_answers(self) -> bool | None:
        """Whether Redis answers; None when there is none."""
        if self._shared is None:
            return None
        try:
            return bool(await self._shared.check())
        except Exception:  # noqa: BLE001  (any failure of Redis means the same)
            return False

    async def _blocked_seconds(self, key: str) -> int:
        block = f"{key}:block"
        if await self._run(lambda s: s.get(block)) == 0:
            return 0
        return max(1, int(await self._run(lambda s: s.get_expiry(block)) - time.time()) + 1)

    async def _run(self, act: Callable[[Storage], Awaitable[T]]) -> T:
        if self._shared is not None and time.monotonic() >= self._rest_until:
            try:
                result = await act(self._shared)
            except Exception as error:  # noqa: BLE001  (any failure of Redis means the same: go on without it)
                self._rest_until = time.monotonic() + _REDIS_REST_SECONDS
                metrics.redis_up.set(0)
                log().warning("redis.lost", error=str(error))
            else:
                metrics.redis_up.set(1)
                return result
        return await act(self._local)
