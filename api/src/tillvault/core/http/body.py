"""Strict JSON: what a lenient parser would quietly change is refused before any use case sees it.

Duplicate keys (the last would win), NaN and Infinity, lone surrogates and U+0000 (PostgreSQL cannot keep them), nesting
beyond reason. Numbers with a fraction stay `Decimal`, so that no digit of an amount is lost on the way in.
"""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from tillvault.core.errors import MalformedBody

MAX_DEPTH = 64
_MAX_NUMBER_LENGTH = 400


class _Refused(ValueError):
    """Why a body is not accepted, in words for the client."""


def parse(raw: bytes) -> Any:
    """Raw bytes to Python values. Raises MalformedBody that says what is wrong."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedBody("The body is not valid UTF-8.") from error
    try:
        value = _DECODER.decode(text)
    except _Refused as error:
        raise MalformedBody(f"The body is not valid JSON: {error}.") from error
    except RecursionError as error:
        raise MalformedBody("The body is nested too deeply.") from error
    except (ValueError, InvalidOperation) as error:
        raise MalformedBody from error
    # Without an escape, text decoded from UTF-8 can hold neither a surrogate nor (the decoder is strict) a U+0000.
    if "\\u" in text or raw.count(b"[") + raw.count(b"{") > MAX_DEPTH:
        _inspect(value, 1)
    return value


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Refused("a key stands twice in one object")
    return members


def _constant(name: str) -> Any:
    raise _Refused(f"{name} is not a JSON number")


def _decimal(text: str) -> Decimal:
    if len(text) > _MAX_NUMBER_LENGTH:
        raise _Refused("a number is too long")
    return Decimal(text)


def _integer(text: str) -> int:
    if len(text) > _MAX_NUMBER_LENGTH:
        raise _Refused("a number is too long")
    return int(text)


_DECODER = json.JSONDecoder(
    parse_float=_decimal, parse_int=_integer, parse_constant=_constant, object_pairs_hook=_pairs, strict=True
)


def _inspect(value: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise MalformedBody("The body is nested too deeply.")
    match value:
        case str():
            if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
                raise MalformedBody("The body holds a character that is no text (U+0000 or a lone surrogate).")
        case dict():
            for key, item in value.items():  # pyright: ignore[reportUnknownVariableType]  # JSON of any shape
                _inspect(key, depth)
                _inspect(item, depth + 1)
        case list():
            for item in value:  # pyright: ignore[reportUnknownVariableType]  # JSON of any shape
                _inspect(item, depth + 1)
        case _:
            pass


class StrictRequest(Request):
    """A request whose JSON is parsed by `parse`."""

    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            try:
                self._json = parse(await self.body())
            except MalformedBody as error:
                # FastAPI turns any other error of a parser into its own 400; this one carries ours through.
                raise json.JSONDecodeError(error.sentence, "", 0) from error
        return self._json


class StrictRoute(APIRoute):
    """Every route of the product: strict JSON in."""

    def get_route_handler(self) -> Any:
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            return await handle(StrictRequest(request.scope, request.receive))

        return strictly
