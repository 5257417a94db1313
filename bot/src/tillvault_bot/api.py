"""The API over HTTP: the bot's key, and whose behalf it acts on."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import aiohttp
from pydantic import TypeAdapter

from tillvault_bot import __version__
from tillvault_bot.shapes import (
    Alerts,
    Category,
    CategoryFigures,
    Classification,
    Deposit,
    Drawer,
    Link,
)

_OURS_TO_RETRY = frozenset({500, 502, 503, 504})
_NOT_DOWN = frozenset({"TRANSCRIPTION_UNAVAILABLE"})
_LISTENING_SECONDS = 130.0
"""A little longer than the API may wait for the endpoint that listens: it knows best when to give up."""


class ApiDown(Exception):
    """The API does not answer, or says that it cannot at present. Nothing is known of what became of the request, so
    it is made again with the same idempotency key."""

    def __init__(self, message: str, *, is_failure: bool = False) -> None:
        super().__init__(message)
        self.is_failure = is_failure
        """It has failed at this very request (500), and may do so for ever."""


class ApiRefused(Exception):
    """The API said no, and why."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message


class Api:
    """`person` is a Telegram account: the API then answers as to the person behind it."""

    def __init__(self, url: str, key: str, *, timeout_seconds: float) -> None:
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {key}", "User-Agent": f"tillvault-bot/{__version__}"}
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def answers(self) -> bool:
        """Whether the API can work at present."""
        try:
            await self._ask("GET", "/health/ready")
        except (ApiDown, ApiRefused):
            return False
        return True

    async def link_of(self, telegram_id: int) -> Link | None:
        try:
            found = await self._ask("GET", f"/v1/telegram/links/by-telegram/{telegram_id}")
        except ApiRefused as refusal:
            if refusal.code == "TELEGRAM_LINK_NOT_FOUND":
                return None
            raise
        return Link.model_validate(found)

    async def links(self) -> list[Link]:
        found: list[Link] = []
        cursor: str | None = None
        while True:
            page = await self._ask("GET", "/v1/telegram/links", params=_given(cursor=cursor, limit="100"))
            found += TypeAdapter(list[Link]).validate_python(page["items"])
            cursor = page["nextCursor"]
            if cursor is None:
                return found

    async def redeem(self, *, code: str, telegram_id: int, chat_id: int, name: str, language: str, key: str) -> Link:
        body = {"code": code, "telegramId": telegram_id, "chatId": chat_id, "name": name, "language": language}
        return Link.model_validate(await self._ask("POST", "/v1/telegram/links/redeem", json=body, key=key))

    async def classify(self, person: int, *, text: str, language: str) -> Classification:
        body = {"text": text, "lang": language}
        return Classification.model_validate(await self._ask("POST", "/v1/deposits/classify", json=body, person=person))

    async def transcribe(self, person: int, *, audio: bytes, media_type: str, language: str) -> str:
        answer = await self._ask(
            "POST",
            "/v1/deposits/transcribe",
            data=audio,
            media_type=media_type,
            params={"lang": language},
            person=person,
            seconds=_LISTENING_SECONDS,
        )
        return str(answer["text"])

    async def record_deposit(
        self,
        link: Link,
        *,
        branch_id: str,
        description: str,
        quantity: int,
        weight_grams: int,
        category: str,
        language: str,
        key: str,
    ) -> Deposit:
        """Told by the bot, answered for by the person."""
        body = {
            "branchId": branch_id,
            "onBehalfOf": link.user_id,
            "channel": "bot",
            "description": description,
            "quantity": quantity,
            "weightGrams": weight_grams,
            "category": category,
            "lang": language,
        }
        return Deposit.model_validate(await self._ask("POST", "/v1/deposits", json=body, key=key))

    async def categories(self) -> list[Category]:
        page = await self._ask("GET", "/v1/deposits/categories")
        return TypeAdapter(list[Category]).validate_python(page["items"])

    async def statistics(self, person: int, *, since: date, until: date) -> list[CategoryFigures]:
        params = {"by": "category", "from": since.isoformat(), "to": until.isoformat()}
        page = await self._ask("GET", "/v1/deposits/statistics", params=params, person=person)
        return TypeAdapter(list[CategoryFigures]).validate_python(page["items"])

    async def open_drawers(self, person: int) -> list[Drawer]:
        page = await self._ask("GET", "/v1/cash/sessions", params={"status": "OPEN", "limit": "100"}, person=person)
        return TypeAdapter(list[Drawer]).validate_python(page["items"])

    async def approve(self, person: int, session_id: str, *, key: str) -> None:
        path = f"/v1/cash/sessions/{session_id}/review"
        await self._ask("POST", path, json={"decision": "APPROVE", "note": "Telegram"}, person=person, key=key)

    async def alerts(self, *, since: datetime) -> Alerts:
        return Alerts.model_validate(await self._ask("GET", "/v1/alerts", params={"from": since.isoformat()}))

    async def vault_signs(self, organisation: str) -> bool:
        """Whether the vault stands by its log: it examines the log before it signs. Raises ApiDown while that cannot be
        known."""
        try:
            await self._ask("GET", f"/api/v1/ledger/{organisation}/checkpoint", is_text=True)
        except ApiRefused as refusal:
            if refusal.status == 404:
                return True
            raise
        except ApiDown:
            # The vault's refusal is a 503 as that of a database that is away; then nothing else answers either.
            if await self.answers():
                return False
            raise
        return True

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, str] | None = None,
        json: Any = None,
        data: bytes | None = None,
        media_type: str | None = None,
        person: int | None = None,
        key: str | None = None,
        is_text: bool = False,
        seconds: float | None = None,
    ) -> Any:
        """The `data` of the answer. Raises ApiDown or ApiRefused."""
        headers = dict(self._headers)
        if person is not None:
            headers["X-Telegram-User"] = str(person)
        if key is not None:
            headers["Idempotency-Key"] = key
        if media_type is not None:
            headers["Content-Type"] = media_type
        if self._session is None:
            self._session = aiohttp.ClientSession()
        timeout = self._timeout if seconds is None else aiohttp.ClientTimeout(total=seconds)
        try:
            async with self._session.request(
                method, self._url + path, params=params, json=json, data=data, headers=headers, timeout=timeout
            ) as answer:
                if answer.status < 400 and is_text:
                    return await answer.text()
                body = await _json_of(answer)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ApiDown(str(error) or type(error).__name__) from error
        if answer.status < 400:
            return body.get("data", body)
        code, message = str(body.get("code", "")), str(body.get("error", answer.reason))
        if answer.status in _OURS_TO_RETRY and code not in _NOT_DOWN:
            raise ApiDown(f"{answer.status} {code}", is_failure=answer.status == 500)
        if code == "IDEMPOTENCY_IN_FLIGHT":
            # What we gave up waiting for is still being done: its answer is to be had by asking again.
            raise ApiDown(f"{answer.status} {code}")
        raise ApiRefused(answer.status, code, message)


def _exactly(text: str) -> Any:
    """JSON without floats: an amount is shown with the decimals that the API wrote."""
    return json.loads(text, parse_float=Decimal)


async def _json_of(answer: aiohttp.ClientResponse) -> dict[str, Any]:
    try:
        body: Any = await answer.json(content_type=None, loads=_exactly)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}  # pyright: ignore[reportUnknownVariableType]  # JSON of the API


def _given(**params: str | None) -> dict[str, str]:
    return {name: value for name, value in params.items() if value is not None}
