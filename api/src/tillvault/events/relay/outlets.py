"""The streams and subscribers of a relay, and whether they are worth trying now."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from tillvault.core.clock import utc_now
from tillvault.core.config import Settings
from tillvault.core.logging import log
from tillvault.events.relay import metrics
from tillvault.events.relay.domain import HANDLE_SECONDS_MAX, Envelope, Sink, SinkUnavailable, pause
from tillvault.events.relay.queries import Attempt

_DOWN_FIRST = timedelta(seconds=0.5)
_DOWN_LONGEST = timedelta(seconds=30)
_ERROR_LENGTH = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How patient a relay is."""

    attempts_max: int
    first: timedelta
    longest: timedelta
    retention: timedelta
    dead_letter_retention: timedelta
    batch: int = 500
    """Events in one transaction. Within the API's process fewer: nothing else runs while a batch is written as JSON."""
    poll_seconds: float = 0.1
    grace_seconds: float = 20.0
    """How long a stop waits for what is under way."""

    @classmethod
    def of(cls, settings: Settings, *, in_server: bool) -> Policy:
        return cls(
            attempts_max=settings.relay_attempts_max,
            first=timedelta(seconds=settings.relay_backoff_seconds),
            longest=timedelta(seconds=settings.relay_backoff_max_seconds),
            retention=timedelta(days=settings.relay_retention_days),
            dead_letter_retention=timedelta(days=settings.relay_dead_letter_retention_days),
            batch=100 if in_server else 500,
            poll_seconds=0.25 if in_server else 0.1,
            grace_seconds=5.0 if in_server else 20.0,
        )

    def pause_after(self, attempts: int) -> timedelta:
        return pause(attempts, first=self.first, longest=self.longest, chance=random.random())  # noqa: S311  (spread)


@dataclass(slots=True)
class _Down:
    failures: int = 0
    until: float = 0.0


@dataclass(slots=True)
class Outlets:
    """What takes events in batches. One that fails as a whole is left alone for a while, whatever waits for it."""

    sinks: Sequence[Sink]
    _down: dict[str, _Down] = field(default_factory=dict[str, _Down])

    def sink(self, target: str) -> Sink | None:
        return next((sink for sink in self.sinks if sink.target == target), None)

    def is_down(self, target: str) -> bool:
        return target in self._down and time.monotonic() < self._down[target].until

    def seconds_down(self, target: str) -> float:
        return max(0.0, self._down[target].until - time.monotonic()) if target in self._down else 0.0

    async def send(self, sink: Sink, organisation_id: UUID, envelopes: Sequence[Envelope]) -> tuple[Attempt, bool]:
        """Try once. Gives what is to be noted, and whether these events are to blame for a failure."""
        started, to_blame, told = utc_now(), False, None
        try:
            async with asyncio.timeout(HANDLE_SECONDS_MAX):
                await sink.send(organisation_id, envelopes)
            self._passed(sink.target)
        except SinkUnavailable as error:
            told = str(error)
            self._failed(sink.target, told)
        except Exception as error:  # noqa: BLE001  (whatever a subscriber raises is a failed delivery, not the relay's end)
            told, to_blame = f"{type(error).__name__}: {error}", True
            log().warning(
                "relay.delivery_failed", sink=sink.target, organisation_id=str(organisation_id), exc_info=error
            )
        metrics.count(sink.target, "delivered" if told is None else "failed", len(envelopes))
        attempt = Attempt(
            target=sink.target,
            operation="append",
            event_count=len(envelopes),
            error=None if told is None else told[:_ERROR_LENGTH],
            started_at=started,
            finished_at=utc_now(),
        )
        return attempt, to_blame

    def _passed(self, target: str) -> None:
        if self._down.pop(target, None) is not None:
            log().info("relay.sink_recovered", sink=target)
        metrics.sink_up.labels(target).set(1)

    def _failed(self, target: str, error: str) -> None:
        down = self._down.setdefault(target, _Down())
        down.failures += 1
        wait = pause(down.failures, first=_DOWN_FIRST, longest=_DOWN_LONGEST, chance=random.random())  # noqa: S311  (spread)
        down.until = time.monotonic() + wait.total_seconds()
        metrics.sink_up.labels(target).set(0)
        log().warning("relay.sink_down", sink=target, error=error, retry_in_seconds=round(wait.total_seconds(), 2))


def is_logged(target: str) -> bool:
    """Whether attempts belong into `sync_logs`: a subscriber brings no data out."""
    return not target.startswith("subscriber:")
