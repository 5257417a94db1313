"""A deposit being told, step by step. Pure: what was said, what is missing, what a number means."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

DESCRIPTION_LENGTH_MAX = 500
QUANTITY_MAX = 10_000
WEIGHT_GRAMS_MAX = 100_000_000

_WEIGHT = re.compile(r"(?<![\w.,])(\d{1,6}(?:[.,]\d{1,3})?)\s?(kg|kilos?|g|grammes?|gramos?|grams?)\b", re.IGNORECASE)
_QUANTITY = re.compile(r"^(\d{1,4})\s+(?=[^\W\d])")
_PLAIN_WEIGHT = re.compile(r"^(\d{1,6}(?:[.,]\d{1,3})?)\s*([a-zA-Z]*)$")


class Step(StrEnum):
    WHAT = "what"
    QUANTITY = "quantity"
    WEIGHT = "weight"
    CATEGORY = "category"
    BRANCH = "branch"
    CONFIRM = "confirm"


@dataclass(slots=True, kw_only=True)
class Conversation:
    id: int
    """The update that began it: a button of an older conversation is told by it."""
    deadline: float
    description: str | None = None
    quantity: int | None = None
    weight_grams: int | None = None
    category: str | None = None
    branch_id: str | None = None
    suggestions: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """Category, labels and confidence, likeliest first."""
    needs_choice: bool = False

    @property
    def step(self) -> Step:
        """The first thing that is still missing."""
        for step, value in (
            (Step.WHAT, self.description),
            (Step.QUANTITY, self.quantity),
            (Step.WEIGHT, self.weight_grams),
            (Step.CATEGORY, self.category),
            (Step.BRANCH, self.branch_id),
        ):
            if value is None:
                return step
        return Step.CONFIRM

    def describe(self, text: str) -> None:
        """Take the description, and what it says of number and weight: "2 micro-ondes 15 kg"."""
        rest = text
        if found := _QUANTITY.match(rest):
            self.quantity = quantity_of(found[1])
            rest = rest[found.end() :]
        if found := _WEIGHT.search(rest):
            self.weight_grams = _grams(found[1], found[2])
            rest = rest[: found.start()] + rest[found.end() :]
        self.description = (" ".join(rest.split()).strip(" ,;") or text)[:DESCRIPTION_LENGTH_MAX]

    def document(self) -> dict[str, Any]:
        return asdict(self)


def quantity_of(text: str) -> int | None:
    """A whole number from 1 to 10,000; None for anything else."""
    plain = text.strip()
    if not plain.isascii() or not plain.isdecimal() or len(plain) > 5:
        return None
    number = int(plain)
    return number if 1 <= number <= QUANTITY_MAX else None


def grams_of(text: str) -> int | None:
    """A weight as people write it, in kilos unless they say otherwise: `12`, `12,5 kg`, `800 g`. None if it is none."""
    found = _PLAIN_WEIGHT.match(text.strip())
    return _grams(found[1], found[2] or "kg") if found else None


def _grams(number: str, unit: str) -> int | None:
    whole, _, decimals = number.replace(",", ".").partition(".")
    unit = unit.lower()
    if unit.startswith("k"):
        grams = int(whole) * 1000 + int(decimals.ljust(3, "0") or 0)
    elif unit.startswith("g") and not decimals.strip("0"):
        grams = int(whole)
    else:
        return None
    return grams if 1 <= grams <= WEIGHT_GRAMS_MAX else None


def kilos(grams: int, language: str) -> str:
    """1500 → `1.5 kg`, with the language's decimal mark."""
    whole, rest = divmod(grams, 1000)
    decimals = f"{rest:03d}".rstrip("0")
    mark = "." if language == "en" else ","
    return f"{whole}{mark}{decimals} kg" if decimals else f"{whole} kg"
