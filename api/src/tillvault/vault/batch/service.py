"""The use case of a batch (vault.md, "Proof"): any number of tickets, each answered as it would be alone.

Memory is bounded whatever is sent: a window of lines is in flight, reading waits for it, and a line that is too long is
passed over without being kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from contextlib import aclosing
from dataclasses import dataclass

from tillvault.core.errors import AppError, InternalError
from tillvault.core.logging import log
from tillvault.vault import service as vault
from tillvault.vault.domain import Document
from tillvault.vault.intake import BATCH_MAX, Intake
from tillvault.vault.service import Sender

WINDOW = 2 * BATCH_MAX
"""Lines in flight: while one group is committed the next one gathers. At the largest size of a line, 32 MiB."""

Answer = Document | AppError
"""What a line gets."""


@dataclass(frozen=True, slots=True)
class _End:
    """The last line has been read; `failure` is what ended the reading before its time."""

    failure: BaseException | None = None


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


async def receive(
    intake: Intake,
    *,
    sender: Sender,
    parts: AsyncIterable[bytes],
    size_max: int,
    too_large: Callable[[], AppError],
) -> AsyncGenerator[list[Answer]]:
    """The answers in the order of the lines, as many at a time as are ready.

    Two sides run at once, so that a sender who waits for an answer before the next line gets it. What was read before
    the sender broke off is recorded all the same; a line that was cut off is not.
    """
    queue: asyncio.Queue[asyncio.Task[Answer] | AppError | _End] = asyncio.Queue(WINDOW)
    tasks: set[asyncio.Task[Answer]] = set()

    async def read() -> None:
        failure: BaseException | None = None
        try:
            async with aclosing(lines(parts, size_max=size_max)) as found:
                async for line in found:
                    if line is None:
                        await queue.put(too_large())
                        continue
                    task = asyncio.create_task(_answer(intake, sender, line))
                    tasks.add(task)
                    task.add_done_callback(tasks.discard)
                    await queue.put(task)
        except Exception as error:  # noqa: BLE001  (raised where the answers are waited for)
            failure = error
        await queue.put(_End(failure))

    reader = asyncio.create_task(read())
    try:
        while True:
            entry = await queue.get()
            ready: list[Answer] = []
            while not isinstance(entry, _End):
                ready.append(entry if isinstance(entry, AppError) else await entry)
                if len(ready) >= WINDOW or queue.empty():
                    break
                entry = queue.get_nowait()
            if ready:
                yield ready
            if isinstance(entry, _End):
                if entry.failure is not None:
                    raise entry.failure
                return
    finally:
        reader.cancel()


async def _answer(intake: Intake, sender: Sender, raw: bytes) -> Answer:
    try:
        return await vault.receive(intake, sender=sender, raw=raw)
    except AppError as refusal:
        return refusal
    except Exception as error:  # noqa: BLE001  (one line that fails must not end the others)
        log().error("vault.batch_line_failed", exc_info=error)
        return InternalError()
