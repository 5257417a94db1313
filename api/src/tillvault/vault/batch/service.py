"""The use case of a batch (vault.md, "Proof"): any number of tickets, each answered as it would be alone.

Memory is bounded whatever is sent: a window of lines is in flight, reading waits for it, and a line that is too long is
passed over without being kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field

from tillvault.core.errors import AppError, InternalError
from tillvault.core.logging import log
from tillvault.vault import service as vault
from tillvault.vault.domain import Submission
from tillvault.vault.intake import GROUP_MAX, Intake, Outcome
from tillvault.vault.service import Sender

BYTES_MAX = 4 * 2**20
"""Lines are gathered up to a group's number or up to these bytes."""
_GROUPS_MAX = 2
"""Groups on their way: one is written, the next one is ready when it is done, while lines are gathered for a third."""


async def lines(parts: AsyncIterable[bytes], *, size_max: int) -> AsyncGenerator[bytes | None]:
    """The lines of a body that comes in parts, without their line feed; None for one of more than `size_max` bytes.

    A line feed at the end of the body ends the last line, it does not begin another one.
    """
    kept = bytearray()
    is_too_long = False
    async for part in parts:
        *ended, rest = part.split(b"\n")
        for piece in ended:
            whole = bytes(kept) + piece if kept else piece
            yield None if is_too_long or len(whole) > size_max else whole
            kept.clear()
            is_too_long = False
        if is_too_long or len(kept) + len(rest) > size_max:
            kept.clear()
            is_too_long = True
        else:
            kept += rest
    if kept or is_too_long:
        yield None if is_too_long else bytes(kept)


@dataclass(slots=True)
class _Gathered:
    """Lines that were read and wait to be recorded, or to be refused in their turn."""

    lines: list[Submission | AppError] = field(default_factory=list[Submission | AppError])
    size_bytes: int = 0
    is_last: bool = False
    failure: BaseException | None = None
    """What ended the reading before its time."""
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def is_full(self) -> bool:
        return len(self.lines) >= GROUP_MAX or self.size_bytes >= BYTES_MAX

    async def put(self, line: Submission | AppError, size_bytes: int) -> None:
        """Waits while there are enough."""
        if self.is_full or not self.lines:
            async with self.changed:
                await self.changed.wait_for(lambda: not self.is_full)
                self.changed.notify_all()
                self._add(line, size_bytes)
            return
        self._add(line, size_bytes)

    def _add(self, line: Submission | AppError, size_bytes: int) -> None:
        self.lines.append(line)
        self.size_bytes += size_bytes

    async def end(self, failure: BaseException | None) -> None:
        async with self.changed:
            self.is_last, self.failure = True, failure
            self.changed.notify_all()

    async def take(self) -> list[Submission | AppError]:
        """All that have come, at least one; none after the last."""
        async with self.changed:
            await self.changed.wait_for(lambda: self.lines or self.is_last)
            taken, self.lines, self.size_bytes = self.lines, [], 0
            self.changed.notify_all()
            return taken


async def receive(
    intake: Intake,
    *,
    sender: Sender,
    parts: AsyncIterable[bytes],
    size_max: int,
    too_large: Callable[[], AppError],
) -> AsyncGenerator[list[Outcome]]:
    """The answers in the order of the lines, as many at a time as are ready.

    Two sides run at once, so that a sender who waits for an answer before the next line gets it. What was read before
    the sender broke off is recorded all the same; a line that was cut off is not.
    """
    gathered = _Gathered()
    places = asyncio.Semaphore(_GROUPS_MAX)
    groups: asyncio.Queue[asyncio.Task[list[Outcome]] | None] = asyncio.Queue()

    async def read() -> None:
        failure: BaseException | None = None
        try:
            async with aclosing(lines(parts, size_max=size_max)) as found:
                async for line in found:
                    if line is None:
                        await gathered.put(too_large(), 0)
                    else:
                        await gathered.put(_submission(sender, line), len(line))
        except Exception as error:  # noqa: BLE001  (raised where the answers are given)
            failure = error
        await gathered.end(failure)

    async def submit() -> None:
        while True:
            await places.acquire()
            some = await gathered.take()
            await groups.put(asyncio.create_task(_recorded(intake, sender, some)) if some else None)

    sides = [asyncio.create_task(read()), asyncio.create_task(submit())]
    try:
        while group := await groups.get():
            outcomes = await group
            places.release()
            yield outcomes
        if gathered.failure is not None:
            raise gathered.failure
    finally:
        for side in sides:
            side.cancel()


def _submission(sender: Sender, raw: bytes) -> Submission | AppError:
    try:
        return vault.submission(sender, raw)
    except AppError as refusal:
        return refusal
    except Exception as error:  # noqa: BLE001  (one line that fails must not end the others)
        log().error("vault.batch_line_failed", exc_info=error)
        return InternalError()


async def _recorded(intake: Intake, sender: Sender, some: list[Submission | AppError]) -> list[Outcome]:
    submissions = [item for item in some if not isinstance(item, AppError)]
    try:
        outcomes = iter(await intake.submit_many(sender.organisation_id, submissions) if submissions else [])
    except AppError as refusal:
        outcomes = iter([refusal] * len(submissions))
    return [item if isinstance(item, AppError) else next(outcomes) for item in some]
