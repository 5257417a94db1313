"""The end of tasks that work until they are told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

_AGAIN_SECONDS = 0.5


async def ended(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancel them until they have ended, whatever came of them.

    Once is not enough: where a connection breaks at the same moment, its error takes the place of the cancellation, and
    a task that waits errors out would go on for ever.
    """
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=_AGAIN_SECONDS)
    await asyncio.gather(*tasks, return_exceptions=True)
