"""Rules of registers."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count


def next_emission_point(taken: Iterable[str]) -> str:
    """The first free number of a branch, in three digits: 001, 002 …"""
    held = set(taken)
    return next(point for number in count(1) if (point := f"{number:03d}") not in held)
