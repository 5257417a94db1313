"""Text of strangers, made fit for paper: cleaned, cut where a script allows it, wrapped to a width. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator

Measure = Callable[[str], float]

ZERO_WIDTH_SPACE = "\u200b"
"""Marks where Khmer, which has no spaces between words, may be broken."""
_JOINERS = "\u200c\u200d"
_COENG = "\u17d2"
"""Makes the next Khmer letter stand below the one before: the two are never parted."""
_DROPPED_CATEGORIES = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})


def clean(text: str) -> str:
    """One line without characters that steer: control characters, and those that turn the direction of the text around
    them, with which a name could rearrange the amount beside it."""
    kept = (
        " " if char.isspace() else char
        for char in unicodedata.normalize("NFC", text)
        if char.isspace()
        or char in _JOINERS
        or char == ZERO_WIDTH_SPACE
        or (unicodedata.category(char) not in _DROPPED_CATEGORIES and unicodedata.category(char) != "Cf")
    )
    return " ".join("".join(kept).split())


def clusters(text: str) -> Iterator[str]:
    """The text in the smallest parts that may be parted: a letter with all that hangs on it."""
    held = ""
    for char in text:
        if held and _hangs_on(held[-1], char):
            held += char
            continue
        if held:
            yield held
        held = char
    if held:
        yield held


def _hangs_on(before: str, char: str) -> bool:
    return unicodedata.category(char).startswith("M") or char in _JOINERS or before in (_COENG, "\u200d")


def wrapped(text: str, width: float, measure: Measure) -> list[str]:
    """The lines of a text, none wider than `width` unless a single letter is. At least one line."""
    lines: list[str] = []
    line = ""
    for word, glue in _words(text):
        joined = line + glue + word if line else word
        if measure(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        line = word
        if measure(line) > width:
            *whole, line = _broken(word, width, measure)
            lines.extend(whole)
    return [*lines, line] if line or not lines else lines


def _words(text: str) -> Iterator[tuple[str, str]]:
    """Words, each with what stands before it where it does not begin a line."""
    for spaced in text.split(" "):
        glue = " "
        for word in spaced.split(ZERO_WIDTH_SPACE):
            if word:
                yield word, glue
                glue = ""


def _broken(word: str, width: float, measure: Measure) -> list[str]:
    parts: list[str] = []
    part = ""
    for cluster in clusters(word):
        if part and measure(part + cluster) > width:
            parts.append(part)
            part = ""
        part += cluster
    return [*parts, part]
