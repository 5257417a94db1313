"""What Hypothesis draws for the canonical form: one tape of bytes, read as a value or as the text of one.

A draw costs Hypothesis more than the code under test takes for a whole ticket, and a ticket of single draws has sixty.
One draw of bytes reaches the same values: a byte says what comes next, others say which. Bytes of zero are the simplest
value, so what fails is shrunk as ever.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Sequence
from typing import Any, TypeVar

from hypothesis import strategies as st

One = TypeVar("One")

LENGTH = 256
DEPTH_MAX = 7
LEAVES_MAX = 12
INTEGER_MAX = 2**53 - 1

_NASTY = 'aé€\ufb33\uffff\U0001f602\U00010000\x00\x08\x1f\x7f\u2028"\\/{[:,null0.'
_FLOATS = [0.0, -0.0, 1e-4, 1e-5, 1e-6, 1e-7, 1e15, 1e16, 1e20, 1e21, 1e22, 5e-324, 0.1, 9007199254740991.0]
_LARGEST = [1.7976931348623157e308, 2.2250738585072014e-308, 2.225073858507201e-308, 1.1754943508222875e-38, 0.5, 1.5]
_NUMBER_TEXTS = ["-0", "-0.0", "0.00001", "0.0001", "9007199254740992", "1e400", "1e-400", "01", "1.", "NaN"]
_SPACES = ["", "", "", " ", "\n", "\t "]


class Tape:
    """Bytes that are read once from the first to the last; behind the last come zeros."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._at = 0
        self._leaves = LEAVES_MAX

    def whole(self, size: int) -> int:
        """A number of so many bytes."""
        part = self._raw[self._at : self._at + size]
        self._at += size
        return int.from_bytes(part, "little")

    def below(self, limit: int) -> int:
        """Anything from 0: small limits from one byte, others from as many as there may be."""
        return self.whole(1 if limit <= 256 else (limit.bit_length() + 15) // 8) % limit

    def between(self, least: int, most: int) -> int:
        """Half of them near 0 where that is within: there are the edges."""
        if self.below(2):
            return least + self.below(most - least + 1)
        return min(max(self.below(201) - 100, least), most)

    def pick(self, options: Sequence[One]) -> One:
        return options[self.below(len(options))]

    # Texts

    def character(self) -> str:
        """Any character; half of them ASCII."""
        kind = self.below(4)
        if kind < 2:
            return chr(self.below(128))
        point = self.below(0x10000 - 0x800) if kind == 2 else self.below(0x110000 - 0x800)
        return chr(point if point < 0xD800 else point + 0x800)

    def text(self) -> str:
        if self.below(2):
            return "".join([self.pick(_NASTY) for _ in range(self.below(9))])
        return "".join([self.character() for _ in range(self.below(13))])

    # Values

    def float(self) -> float:
        match self.below(6):
            case 0:
                return self.pick(_FLOATS)
            case 1:
                return self.between(-(10**9), 10**9) / 100
            case 2:
                return float(self.between(-INTEGER_MAX, INTEGER_MAX))
            case 3:
                return float(f"{self.between(-9999, 9999)}e{self.below(37) - 12}")
            case 4:
                return math.copysign(self.pick(_LARGEST), self.below(2) - 0.5)
            case _:
                (number,) = struct.unpack("<d", self.whole(8).to_bytes(8, "little"))
                return number if math.isfinite(number) else 0.0

    def scalar(self) -> Any:
        match self.below(6):
            case 0:
                return None
            case 1:
                return self.below(2) == 1
            case 2:
                return self.between(-INTEGER_MAX, INTEGER_MAX)
            case 3:
                return self.float()
            case _:
                return self.text()

    def is_leaf(self, depth: int) -> bool:
        """Whether the value of this depth holds no others: as often as not, and where there are enough of them."""
        if depth < DEPTH_MAX and self._leaves > 1 and self.below(2):
            return False
        self._leaves -= 1
        return True

    def count(self, most: int) -> int:
        return min(self.below(most + 1), self._leaves)

    def value(self, depth: int = 0) -> Any:
        if self.is_leaf(depth):
            return self.scalar()
        if self.below(2):
            return [self.value(depth + 1) for _ in range(self.count(4))]
        return {self.text(): self.value(depth + 1) for _ in range(self.count(5))}

    # Texts of values

    def number_text(self) -> str:
        """A number as somebody may write it: `12.50`, `-0`, `1E-7`."""
        match self.below(4):
            case 0:
                return str(self.between(-20, 10**17))
            case 1:
                return self._decimals(self.below(199) - 99, self.below(101), self.below(6))
            case 2:
                text = self._decimals(self.between(-(10**8), 10**17), self.between(0, 10**10), self.below(13))
                return text + (f"{self.pick('eE')}{self.below(61) - 30}" if self.below(2) else "")
            case _:
                return self.pick(_NUMBER_TEXTS)

    @staticmethod
    def _decimals(whole: int, fraction: int, places: int) -> str:
        return f"{whole}.{fraction:0{places}d}" if places else str(whole)

    def string_text(self) -> str:
        halves = self.below(3) == 0
        text = "".join([self.pick("ab\ud800\udc00") for _ in range(self.below(3))]) if halves else self.text()
        return json.dumps(text, ensure_ascii=self.below(2) == 1)

    def scalar_text(self) -> str:
        match self.below(3):
            case 0:
                return self.pick(["null", "true", "false"])
            case 1:
                return self.number_text()
            case _:
                return self.string_text()

    def json_text(self, depth: int = 0) -> str:
        if self.is_leaf(depth):
            return self.scalar_text()
        if self.below(2):
            space = self.pick(_SPACES)
            return "[" + f"{space},{space}".join([self.json_text(depth + 1) for _ in range(self.count(4))]) + "]"
        return self.object_text(5, depth)

    def object_text(self, most: int, depth: int = 0) -> str:
        space = self.pick(_SPACES)
        members = [
            f"{space}{self.string_text()}{space}:{space}{self.json_text(depth + 1)}" for _ in range(self.count(most))
        ]
        return "{" + ",".join(members) + f"{space}}}"

    def body(self, most: int = 3) -> bytes:
        """A body with up to so many members."""
        return self.object_text(most).encode("utf-8", "surrogatepass")

    def broken_body(self) -> bytes:
        """A body in which up to three bytes are others."""
        changes = [(self.below(401), self.pick(b'"\\{}[]:,0.1e-+ntf \x00\xff\xed\xa0')) for _ in range(self.below(4))]
        raw = bytearray(self.body(2))
        for place, byte in changes:
            raw[place % len(raw)] = byte
        return bytes(raw)


_tapes = st.binary(min_size=LENGTH, max_size=LENGTH).map(Tape)

floats = _tapes.map(Tape.float)
values = _tapes.map(Tape.value)
bodies = _tapes.map(Tape.body)
broken_bodies = _tapes.map(Tape.broken_body)
