"""How often a process looks for garbage.

Python's collector walks through what lives as soon as some hundred objects more are there than were freed. Requests
that wait together, and rows that are read in thousands, look like that without being garbage: nearly all of it is freed
by itself, since it is in no cycle. Recording tickets spent a third of its time in such walks.
"""

from __future__ import annotations

import gc

_COLLECT_EVERY = 50_000
"""Objects that must be new before the collector looks: some 10 MiB at most of garbage that is in cycles."""


def look_less_often() -> None:
    """Leave alone for good what lives now, such as the application and its routes, and walk through the rest less
    often. To be called once, when a process has loaded what it needs."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_EVERY)
