"""What is to be known of raw bodies before they are parsed, by one scan of many: half of what a scan of each costs."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import accumulate
from typing import TypeAlias

from tillvault.vault.canonical import DEPTH_MAX

_BETWEEN = b"\xff"
"""Stands in no UTF-8: a body with this byte in it is refused by every parser, whatever is said of it here."""
_MARKED = {b"0123456789.": b"0", b"eE": b"e", b"[{": b"[", b"\xf0\xf1\xf2\xf3\xf4": b"^"} | {
    itself: itself for itself in (b"-", b"\\", _BETWEEN)
}
_MARKS = bytes.maketrans(
    bytes(range(256)),
    b"".join(next((mark for of, mark in _MARKED.items() if byte in of), b" ") for byte in range(256)),
)
_NOT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[" + _BETWEEN)
_EXPONENT = re.compile(rb"0e(?<!\\ 0e)(?<!\\ 00e)(?<!\\ 000e)")
"""Not the digits of an escape, as in `\\u00ea`."""
_TROUBLED_EXPONENT = re.compile(_EXPONENT.pattern + rb"(?!-00?(?!0))")
_UNSETTLED_NUMBER = re.compile(rb"\.0(?:000|0*(?![0-9]))")
_NULL = re.compile(rb"null")
_SURROGATE = re.compile(rb"\\u[dD]")
_NUL_OR_COLON = re.compile(rb"\\u00(?:00|3[aA])")

_Find: TypeAlias = Callable[[int], int]
"""From a position on; below 0 where there is nothing."""


def scan(raws: Sequence[bytes]) -> tuple[list[bool], list[bool]]:
    """For each body, as long as it is a JSON object: whether a parser keeps its numbers and each colon that it writes
    stood there as one; and whether, besides, any part of it is in canonical form as soon as its keys are sorted.

    Strings are looked at as if they were not: what may be written in them seldom looks like trouble. These are the
    scans of `canonical.read`, which see more; it must agree, but for keys that stand twice.
    """
    text = _BETWEEN.join(raws)
    marks = text.translate(_MARKS)
    starts = [*accumulate((len(raw) + 1 for raw in raws), initial=0)]
    inexact: set[int] = {*_rows(starts, partial(marks.find, b"0" * 16))}
    unsettled: set[int] = {*_rows(starts, partial(marks.find, b"^"))}
    if b"[" * (DEPTH_MAX + 2) in marks.translate(None, _NOT_BRACKETS):
        inexact |= {row for row, raw in enumerate(raws) if raw.count(b"{") + raw.count(b"[") > DEPTH_MAX + 1}
    for row in _rows(starts, partial(_found, _EXPONENT, marks)):
        unsettled.add(row)
        if _TROUBLED_EXPONENT.search(marks, starts[row], starts[row + 1]):
            inexact.add(row)
    unsettled.update(_rows(starts, partial(_found, _NULL, text)))
    unsettled.update(_rows(starts, partial(_found, _UNSETTLED_NUMBER, text)))
    if b"\\" in text:
        inexact.update(_rows(starts, partial(_found, _NUL_OR_COLON, text)))
        unsettled.update(_rows(starts, partial(_found, _SURROGATE, text)))
    return [row not in inexact for row in range(len(raws))], [row not in unsettled for row in range(len(raws))]


def _rows(starts: Sequence[int], find: _Find) -> Iterator[int]:
    """The rows in whose text something is found."""
    at = find(0)
    while at >= 0:
        row = bisect(starts, at) - 1
        yield row
        at = find(starts[row + 1])


def _found(pattern: re.Pattern[bytes], text: bytes, start: int) -> int:
    """As `bytes.find`: of two bytes and more, an expression finds the first sooner."""
    found = pattern.search(text, start)
    return found.start() if found else -1
