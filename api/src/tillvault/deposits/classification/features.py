"""Text to features: shared by training and prediction, so that both see the same.

Pieces of words forgive misspelling, and work in several languages without telling them apart.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise

LENGTH_MAX = 200
"""Characters that are looked at: what comes later in a long description is its story, and a line costs time."""

_SIZES = range(2, 6)
_NOT_A_WORD = re.compile(r"[^a-z0-9]+")


def normalised(text: str) -> str:
    """Lower case without accents and punctuation, words separated by one space."""
    folded = unicodedata.normalize("NFKD", text[: 2 * LENGTH_MAX].casefold())
    plain = "".join(char for char in folded if not unicodedata.combining(char))
    return _NOT_A_WORD.sub(" ", plain).strip()[:LENGTH_MAX]


def pieces(text: str) -> list[str]:
    """Pieces of 2 to 5 characters within each word, whole words, and pairs of neighbouring words."""
    words = normalised(text).split()
    found = [f"={word}" for word in words]
    found += [f"={left} {right}" for left, right in pairwise(words)]
    for word in words:
        padded = f" {word} "
        for size in _SIZES:
            found += [padded[at : at + size] for at in range(len(padded) - size + 1)]
    return found


def weighted(text: str, idf: Mapping[str, float]) -> dict[str, float]:
    """The known pieces with their share of the text: logarithmic counts by rarity, of length 1 in all."""
    counts = Counter(piece for piece in pieces(text) if piece in idf)
    values = {piece: (1 + math.log(count)) * idf[piece] for piece, count in counts.items()}
    length = math.sqrt(sum(value * value for value in values.values()))
    return {piece: value / length for piece, value in values.items()} if length else {}
