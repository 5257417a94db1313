"""Tasks that work until they are told to stop do stop."""

from __future__ import annotations

import asyncio

from tillvault.core import tasks


def test_a_task_that_took_its_cancellation_for_trouble_is_ended_all_the_same() -> None:
    cancelled = 0

    async def work() -> None:
        """As when a connection breaks at the moment of the cancellation: the loop sees its error alone."""
        nonlocal cancelled
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                cancelled += 1
                if cancelled > 1:
                    raise

    async def run() -> bool:
        working = asyncio.create_task(work())
        await asyncio.sleep(0)
        await tasks.ended([working])
        return working.cancelled()

    assert asyncio.run(run())
    assert cancelled == 2
