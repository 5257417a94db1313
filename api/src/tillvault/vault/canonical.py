"""Raw bytes to the canonical bytes that are hashed (vault.md, "Intake", steps 3 to 6).

Strict reading, the guard against numbers and text that cannot be kept exactly, and the canonical form `tv1`: object
members that are null are dropped, then RFC 8785. Everything exists twice: the reference, which follows the rules word
by word, and a fast path over orjson, which takes only what it can prove harmless by a few scans of the bytes. Both
must agree byte for byte; the tests hold them against each other.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, NoReturn

import orjson
import rfc8785

SCHEME = "tv1"
"""The canonical form's name, stored beside every hash made with it."""

INTEGER_MAX = 2**53 - 1
"""RFC 8785, appendix D: beyond it neighbouring integers share one double."""
DEPTH_MAX = 64
DIGITS_MAX = 17
"""An IEEE 754 double is told apart from its neighbours by 17 significant digits; more would be lost."""

_DEPTH_READ_MAX = 200
"""Far beyond the guard and far below the interpreter's stack, so that what is refused never depends on the latter."""


class ParseRefused(ValueError):
    """The bytes are no strict JSON object. `details` says why, for the client (400)."""

    def __init__(self, details: str) -> None:
        self.details = details
        super().__init__(details)


class GuardRefused(ValueError):
    """JSON, but the value cannot be kept exactly. `message` says why, for the client (422)."""

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Unkept:
    """A number that no double keeps, in the place where it was read: parsing comes before the guard, and the guard's
    refusal has another status."""

    text: str
    reason: str


class Reading(NamedTuple):
    """A body, read strictly, with what was proven on the way. Nothing of the body may be changed afterwards."""

    body: dict[str, Any]
    harmless: bool
    """`guard` would find nothing in any member of the body."""
    settled: bool
    """Nothing to drop or to rewrite: sorted by orjson, any part of the body is in canonical form."""


# Reading ------------------------------------------------------------------------------------------------------------

_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
"""One that does not end takes all the rest: looked for anew from every quote in it, it would cost quadratic time."""
_MARKED = {b"0123456789.": b"0", b"eE": b"e", b"[{": b"[", b"\xf0\xf1\xf2\xf3\xf4": b"^"}
_MARKS = bytes.maketrans(
    bytes(range(256)),
    b"".join(next((mark for of, mark in _MARKED.items() if byte in of), b" ") for byte in range(256)),
)
"""Digits and points as 0, the sign of an exponent as e, what opens as a bracket, the first byte of a character beyond
the basic plane as ^, everything else as a blank: what is looked for among them is found fast."""
_SIXTEEN_DIGITS = b"0" * 16
"""Fewer, without an exponent or with a small one below 0, can neither be beyond 2⁵³ nor lose a digit nor become 0."""
_EXPONENT = re.compile(rb"0e")
_TROUBLED_EXPONENT = re.compile(rb"[eE](?!-[0-9]{1,2}(?![0-9]))(?=[-+0-9])")
_UNSETTLED_NUMBER = re.compile(rb"\.0(?:000|0*(?![0-9]))")
"""Where there is no exponent, orjson and ECMAScript write all other numbers alike."""
_NULL = re.compile(rb"null")
"""An expression finds two bytes and more sooner than `in` does."""
_NOT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
_NOT_ASTRAL = bytes(byte for byte in range(256) if not 0xF0 <= byte <= 0xF4)
_SURROGATE = re.compile(rb"\\u[dD]")
_ASTRAL_STRING = re.compile(rb'[\xf0-\xf4][^"\\]*(?:\\.[^"\\]*)*"(:?)')
"""From a character beyond the basic plane, in UTF-8, to the end of its string, and the colon if that is a key."""


def parse_strict(raw: bytes) -> dict[str, Any]:
    """A JSON object from its bytes. Numbers become `int` or `float`, those that no double keeps `Unkept`.

    Raises ParseRefused for invalid UTF-8, a BOM, duplicate keys (also by escape), NaN, Infinity, lone surrogates,
    trailing data and a body that is no object (vault.md, "Intake", step 3); GuardRefused for nesting that no parser
    should be led into.
    """
    return read(raw).body


def read(raw: bytes) -> Reading:
    """`parse_strict`, with what the scans have proven. Raises as it does.

    Where the body is `harmless`, `guard` need not be called; `identity` is faster told that it is `settled`.
    """
    return read_fast(raw) or read_reference(raw)


def read_fast(raw: bytes) -> Reading | None:
    """The reading, when a few scans prove that the reference would find nothing to say; else None."""
    try:
        body: Any = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    if type(body) is not dict:
        return None
    return _read_plain(raw, body) or _read_scanned(raw, body)  # pyright: ignore[reportUnknownArgumentType]  # JSON of any shape


def _read_plain(raw: bytes, body: dict[str, Any]) -> Reading | None:
    """`read_fast` where already the whole text, strings included, has nothing that the scans of the skeleton look for:
    most tickets."""
    if b"\\" in raw or _NULL.search(raw) or _UNSETTLED_NUMBER.search(raw):
        return None
    marks = raw.translate(_MARKS)
    if _SIXTEEN_DIGITS in marks or _EXPONENT.search(marks) or marks.count(b"[") > DEPTH_MAX + 1:
        return None
    # Strings without escapes are written as they were read: their colons count on both sides. See below.
    if raw.count(b":") != orjson.dumps(body).count(b":"):
        return None
    return Reading(body, harmless=True, settled=b"^" not in marks)


def _read_scanned(raw: bytes, body: dict[str, Any]) -> Reading | None:
    if b"\\u0000" in raw:
        return None
    skeleton = _skeleton_of_json(raw)
    marks = skeleton.translate(_MARKS)
    has_exponent = bool(_EXPONENT.search(marks))
    if _SIXTEEN_DIGITS in marks or (has_exponent and _TROUBLED_EXPONENT.search(skeleton)):
        return None
    if _too_deep(skeleton, DEPTH_MAX):
        return None
    # orjson keeps the last of equal keys: then it has fewer members than there were colons.
    if skeleton.count(b":") != _skeleton_of_json(orjson.dumps(body)).count(b":"):
        return None
    settled = not (has_exponent or _NULL.search(skeleton) or _UNSETTLED_NUMBER.search(skeleton) or _may_be_astral(raw))
    return Reading(body, harmless=True, settled=settled)


def _may_be_astral(raw: bytes) -> bool:
    """Whether a character, a key's perhaps, is beyond the basic plane, where orjson sorts in another way."""
    return _has_astral(raw) or (b"\\u" in raw and bool(_SURROGATE.search(raw)))


def _has_astral(text: bytes) -> bool:
    return not text.isascii() and bool(text.translate(None, _NOT_ASTRAL))


def _skeleton(raw: bytes) -> bytes:
    """What stands outside of strings: brackets, colons, commas, literals, numbers as they were written."""
    return _STRING.sub(b"", raw) if b"\\" in raw else b"".join(raw.split(b'"')[::2])


def _skeleton_of_json(text: bytes) -> bytes:
    """`_skeleton` of what a parser has accepted: there backslashes stand in strings only, and escape something."""
    if b"\\" in text:
        text = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    return b"".join(text.split(b'"')[::2])


def _too_deep(skeleton: bytes, depth_max: int) -> bool:
    """Whether brackets nest deeper; the body itself is not counted, so that its members are 1 deep."""
    if skeleton.count(b"{") + skeleton.count(b"[") <= depth_max + 1:
        return False
    depth = -1
    for byte in skeleton.translate(None, _NOT_BRACKETS):
        depth += 1 if byte in b"[{" else -1
        if depth > depth_max:
            return True
    return False


def read_reference(raw: bytes) -> Reading:
    """The rules one after the other, with the standard library's parser."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ParseRefused(f"The body is not valid UTF-8 (byte {error.start}).") from error
    if text.startswith("\ufeff"):
        raise ParseRefused("The body begins with a byte order mark.")
    if _too_deep(_skeleton(raw), _DEPTH_READ_MAX):
        raise GuardRefused(f"The ticket is nested deeper than {DEPTH_MAX}.")
    try:
        body = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise ParseRefused(f"{error.msg} (line {error.lineno}, column {error.colno}).") from error
    if "\\u" in text:
        _refuse_surrogates(body)
    if not isinstance(body, dict):
        raise ParseRefused("The body is not a JSON object.")
    return Reading(body, harmless=False, settled=False)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))
        raise ParseRefused(f"A key stands twice in one object: {twice[:40]!a}.")
    return members


def _constant(name: str) -> NoReturn:
    raise ParseRefused(f"{name} is not a JSON number.")


def _number(text: str) -> int | float | Unkept:
    """A number judged on its digits as written: a double would have forgotten them."""
    mantissa = text.lower().partition("e")[0]
    digits = mantissa.replace("-", "").replace(".", "").strip("0")
    if not digits:
        return 0
    value = float(text)
    if abs(value) > INTEGER_MAX:
        return Unkept(text, f"is beyond ±{INTEGER_MAX}")
    if len(digits) > DIGITS_MAX:
        return Unkept(text, f"has more than {DIGITS_MAX} significant digits")
    if value == 0:
        return Unkept(text, "is so small that it would become 0")
    return int(value) if value.is_integer() else value


_DECODER = json.JSONDecoder(
    parse_float=_number, parse_int=_number, parse_constant=_constant, object_pairs_hook=_pairs, strict=True
)


def _refuse_surrogates(value: Any) -> None:
    match value:
        case str():
            if any("\ud800" <= char <= "\udfff" for char in value):
                raise ParseRefused("A string holds half of a surrogate pair.")
        case dict():
            for key, item in value.items():  # pyright: ignore[reportUnknownVariableType]  # JSON of any shape
                _refuse_surrogates(key)
                _refuse_surrogates(item)
        case list():
            for item in value:  # pyright: ignore[reportUnknownVariableType]  # JSON of any shape
                _refuse_surrogates(item)
        case _:
            pass


# The guard ----------------------------------------------------------------------------------------------------------


def guard(value: Any, depth: int = 1) -> None:
    """Raise GuardRefused for what cannot be kept exactly in a member of the body, such as the ticket (which itself is 1
    deep): vault.md, "Intake", step 4. A scalar member is guarded by the same call."""
    match value:
        case Unkept():
            shown = value.text if len(value.text) <= 40 else value.text[:37] + "…"
            raise GuardRefused(f"The number {shown} {value.reason}.")
        case str():
            if "\0" in value:
                raise GuardRefused("A string holds U+0000.")
        case dict() | list() if depth > DEPTH_MAX:
            raise GuardRefused(f"The ticket is nested deeper than {DEPTH_MAX}.")
        case dict():
            for key, item in value.items():  # pyright: ignore[reportUnknownVariableType]  # JSON of any shape
                guard(key, depth)
                guard(item, depth + 1)
        case list():
            for item in value:  # pyright: ignore[reportUnknownVariableType]  # JSON of any shape
                guard(item, depth + 1)
        case _:
            pass


# The canonical form -------------------------------------------------------------------------------------------------

_SORTED = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER
_AS_IT_IS = frozenset({str, int, bool})
_PLAIN_MIN = 1e-4
"""From here up to 2⁵³ orjson and ECMAScript write a number that is not integral alike. Below, orjson turns to exponents
at 1e-5, ECMAScript at 1e-7."""


def canonicalise(value: Any) -> bytes:
    """The bytes of `value` in the form `tv1` (vault.md, "Intake", step 5). Raises ValueError for what has none."""
    return _written(_settled(value, drop_null=True)) or canonicalise_reference(value)


def canonicalise_settled(members: dict[str, Any]) -> bytes:
    """`canonicalise` for members of a body that `read` found settled."""
    return orjson.dumps(members, option=_SORTED)


def canonicalise_reference(value: Any) -> bytes:
    """`canonicalise` by the letter, over the reference implementation of RFC 8785."""
    return jcs_reference(_without_null(value))


def jcs(value: Any) -> bytes:
    """The bytes of `value` in RFC 8785 form, null members kept. Raises ValueError for what has none."""
    return _written(_settled(value, drop_null=False)) or jcs_reference(value)


def jcs_reference(value: Any) -> bytes:
    """`jcs` by the reference implementation."""
    try:
        return rfc8785.dumps(value)
    except rfc8785.CanonicalizationError as error:
        raise ValueError(f"There is no canonical form: {error}.") from error


def identity(pos_session: str | None, source_id: str, ticket: Any, *, settled: bool = False) -> tuple[bytes, str]:
    """The canonical bytes that identify a ticket within its tenant, and their SHA-256 in hex (pos-tickets-api.md,
    "Option A"; vault.md, "Intake", step 6). `settled` as found by `read` of the body that the parts are taken from."""
    preimage: dict[str, Any] = {"source_id": source_id, "ticket": ticket}
    if pos_session is not None:
        preimage["pos_session"] = pos_session
    content = canonicalise_settled(preimage) if settled else canonicalise(preimage)
    return content, hashlib.sha256(content).hexdigest()


def _written(value: Any) -> bytes | None:
    """What `_settled` has prepared, as text; None where orjson cannot write it as RFC 8785 demands."""
    try:
        text = orjson.dumps(value, option=_SORTED)
    except orjson.JSONEncodeError:
        return None
    # orjson sorts keys by code points, RFC 8785 by UTF-16 code units: they differ beyond the basic plane alone.
    if _has_astral(text) and any(_ASTRAL_STRING.findall(text)):
        return None
    return text


def _settled(value: Any, *, drop_null: bool) -> Any:
    """A copy that orjson writes as RFC 8785 demands, up to the order of keys."""
    kind = type(value)  # pyright: ignore[reportUnknownVariableType]  # JSON of any shape; a subclass is refused
    if kind is float:
        if value.is_integer() and -INTEGER_MAX <= value <= INTEGER_MAX:
            return int(value)
        if _PLAIN_MIN <= abs(value) <= INTEGER_MAX:
            return value
        return _rare(value)
    if kind is dict:
        return {
            key: item if type(item) in _AS_IT_IS else _settled(item, drop_null=drop_null)
            for key, item in value.items()
            if item is not None or not drop_null
        }
    if kind is list:
        return [item if type(item) in _AS_IT_IS else _settled(item, drop_null=drop_null) for item in value]
    if value is None or kind in _AS_IT_IS:
        return value
    raise ValueError(f"{kind.__name__} has no canonical form")


@lru_cache(maxsize=1024)
def _rare(value: float) -> orjson.Fragment:
    """A number that orjson would write in another way. They are few, and most come again: a rounding, a discount."""
    return orjson.Fragment(jcs_reference(value))


def _without_null(value: Any) -> Any:
    match value:
        case dict():
            return {key: _without_null(item) for key, item in value.items() if item is not None}  # pyright: ignore[reportUnknownVariableType]  # JSON of any shape
        case list():
            return [_without_null(item) for item in value]  # pyright: ignore[reportUnknownVariableType]  # JSON of any shape
        case _:
            return value
