"""The fast path of the canonical form against the reference, on plain random texts: they are not shrunk, but quick.

Every text has a number, and the number alone makes it again. TILLVAULT_TEST_EXAMPLES=2000000 asks for more of them.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from tests.unit.test_vault_canonical import read_both_ways
from tillvault.vault import canonical
from tillvault.vault.canonical import GuardRefused, ParseRefused, Unkept

EXAMPLES = int(os.environ.get("TILLVAULT_TEST_EXAMPLES", "20000"))
PARTS = 4
"""Cut into parts, so that several processes share them."""

_NUMBERS = [
    *("0", "-0", "0.0", "-0.0", "-0.00", "0e0", "1", "-1", "10", "1.0", "10.00", "1.50", "12.5", "-3.25", "100", "0.1"),
    *(
        "0.10",
        "0.01",
        "0.001",
        "0.0001",
        "0.00010",
        "0.00001",
        "0.000001",
        "1e-4",
        "1e-5",
        "1E-7",
        "1e2",
        "1e+2",
        "1.0e0",
    ),
    *(
        "9007199254740991",
        "9007199254740992",
        "-9007199254740993",
        "123456789012345",
        "1234567890123456",
        "1e15",
        "1e16",
    ),
    *("12345678901234.5", "123456789012345.6", "0.1234567890123456", "0.12345678901234567", "0.123456789012345678"),
    *(
        "100000000000000.0",
        "1000000000000000",
        "1e21",
        "1e22",
        "1e308",
        "1e309",
        "5e-324",
        "1e-400",
        "0.30000000000000004",
    ),
    *("00", "01", "1.", ".5", "+1", "-", "1e", "0x1", "NaN", "Infinity", "-Infinity"),
]
_TEXTS = [
    *(
        '""',
        '"a"',
        '"b"',
        '"a:b"',
        '"é"',
        '"\u20ac"',
        '"\ufb33"',
        '"\U0001f602"',
        '"null"',
        '"-0"',
        '"1.0"',
        '"0.00001"',
    ),
    *('"2026-01-02T03:04:05Z"', '"1234567890123456"', '"{"', '"]"', '","', '"[[["', '" "', '"\x7f"', '"\u2028"'),
    *(r'"\u0061"', r'"\u00e9"', r'"\ud83d\ude02"', r'"\ud83d"', r'"\ude02\ud83d"', r'"\u0000"', r'"\\u0000"', r'"\\"'),
    *(
        r'"\""',
        r'"\"\\\""',
        r'"\/"',
        r'"\n\t\b\f\r"',
        r'"\u001F"',
        r'"\x"',
        r'"\uD83D"',
        '"\n"',
        '"\x00"',
        '"1e5"',
        '"0e"',
    ),
]
_WORDS = ["null", "null", "true", "false", "nul", "True", "nulls"]
_BLANKS = ["", "", "", "", " ", "\n", "\t ", "\r\n", "\u00a0"]
_BYTES = b'"\\{}[]:,0.1e-+ntfu \x00\x0c\x1f\x7f\x80\xc3\xa9\xed\xa0\x80\xf0\x9f\x98\x82\xff\xef\xbb\xbf'


@dataclass(frozen=True)
class Hand:
    """What somebody writes JSON from."""

    numbers: Sequence[str]
    texts: Sequence[str]
    words: Sequence[str]
    blanks: Sequence[str]
    digits_max: int

    def value(self, rng: random.Random, depth: int) -> str:
        kind = rng.random()
        if depth < 5 and kind < 0.22:
            return self.object(rng, depth)
        if depth < 5 and kind < 0.34:
            items = [self.value(rng, depth + 1) for _ in range(rng.randrange(4))]
            return "[" + f"{rng.choice(self.blanks)},{rng.choice(self.blanks)}".join(items) + "]"
        if kind < 0.64:
            return self.number(rng)
        return rng.choice(self.words) if kind < 0.72 else rng.choice(self.texts)

    def object(self, rng: random.Random, depth: int) -> str:
        def blank() -> str:
            return rng.choice(self.blanks)

        members = [
            f"{blank()}{rng.choice(self.texts)}{blank()}:{blank()}{self.value(rng, depth + 1)}"
            for _ in range(rng.randrange(5))
        ]
        return "{" + ",".join(members) + "}"

    def number(self, rng: random.Random) -> str:
        if rng.random() < 0.5:
            return rng.choice(self.numbers)
        written = str(rng.randrange(10 ** rng.randrange(1, self.digits_max)))
        if rng.random() < 0.7:
            written += "." + str(rng.randrange(10 ** rng.randrange(1, 8))).rjust(rng.randrange(1, 9), "0")
        if rng.random() < 0.2 and self.digits_max > 10:
            written += f"{rng.choice('eE')}{rng.choice(['', '+', '-'])}{rng.randrange(30)}"
        return rng.choice(["", "-"]) + written


ANY = Hand(_NUMBERS, _TEXTS, _WORDS, _BLANKS, 19)
CAREFUL = Hand(
    [text for text in _NUMBERS if re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?", text) and len(text) < 17],
    [text for text in _TEXTS if "\\" not in text and not re.search(r"[\x00-\x1f]", text)],
    ["true", "false"],
    ["", "", " ", "\n"],
    8,
)
"""Writes what the fast path is for, with everything at the edge of it."""


def _deep(rng: random.Random) -> str:
    depth = rng.randrange(60, 70)
    opened = [rng.choice(("[", '{"a":')) for _ in range(depth)]
    closed = ["]" if each == "[" else "}" for each in reversed(opened)]
    return '{"t":' + "".join(opened) + rng.choice(("1", "null", "[]", '"["')) + "".join(closed) + "}"


def text_of(number: int) -> bytes:
    """The text of a number: JSON, or something near it."""
    rng = random.Random(number)  # noqa: S311  (nothing secret: each text can be made again)
    hand = ANY if rng.random() < 0.4 else CAREFUL
    text = _deep(rng) if rng.random() < 0.01 else hand.object(rng, 0)
    raw = bytearray(text.encode("utf-8", "surrogatepass"))
    for _ in range(rng.choice((0, 0, 0, 0, 1, 1, 2, 4))):
        at, end = sorted((rng.randrange(len(raw) + 1), rng.randrange(len(raw) + 1)))
        match rng.randrange(4):
            case 0:
                raw[at:at] = bytes([rng.choice(_BYTES)])
            case 1 if at < len(raw):
                raw[at] = rng.choice(_BYTES)
            case 2:
                raw[at:at] = raw[at:end][:40]
            case _:
                del raw[at : min(end, at + 3)]
    return bytes(raw)


def test_the_texts_are_of_every_kind() -> None:
    """Otherwise millions of them would say little."""
    found: dict[str, int] = dict.fromkeys(("fast", "settled", "slow", "refused", "guarded"), 0)
    for number in range(3000):
        raw = text_of(number)
        fast = canonical.read_fast(raw)
        if fast is not None:
            found["settled" if fast.settled else "fast"] += 1
            continue
        try:
            body = canonical.read_reference(raw).body
            for member in body.values():
                canonical.guard(member)
        except ParseRefused:
            found["refused"] += 1
        except GuardRefused:
            found["guarded"] += 1
        else:
            found["slow"] += 1

    assert min(found.values()) > 20, found


@pytest.mark.parametrize("part", range(PARTS))
def test_the_fast_reading_and_form_agree_with_the_reference_on_random_texts(part: int) -> None:
    for number in range(part, EXAMPLES, PARTS):
        raw = text_of(number)
        try:
            read_both_ways(raw)
            _write_both_ways(raw)
        except BaseException as error:
            error.add_note(f"text_of({number}) = {raw!r}")
            raise


def _write_both_ways(raw: bytes) -> None:
    """What the reference reads, written both ways."""
    try:
        body = canonical.read_reference(raw).body
        for member in body.values():
            canonical.guard(member)
    except (ParseRefused, GuardRefused):
        return
    assert not any(isinstance(member, Unkept) for member in body.values())
    assert canonical.canonicalise(body) == canonical.canonicalise_reference(body)
    assert canonical.jcs(body) == canonical.jcs_reference(body)
