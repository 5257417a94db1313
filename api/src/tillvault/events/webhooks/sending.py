"""One delivery of one webhook: signed, to a checked address, within a time, and never further than the first answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpcore

from tillvault import __version__
from tillvault.core.clock import utc_now
from tillvault.events.webhooks import targets
from tillvault.events.webhooks.secrets import signature
from tillvault.events.webhooks.targets import NameUnknown, Resolve, TargetRefused

_ANSWER_BYTES_MAX = 4096
_CONNECTIONS_MAX = 200
_ERROR_LENGTH = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back. `error` is None for a delivery that succeeded."""

    status: int | None
    error: str | None
    started_at: datetime
    finished_at: datetime
    retry_after_seconds: float = 0.0


class Sender:
    """The connections of one process to webhooks."""

    def __init__(self, *, allow_private: bool, timeout_seconds: float, resolving: Resolve = targets.resolve) -> None:
        self._allow_private = allow_private
        self._timeout = timeout_seconds
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=targets.trusted(),
            max_connections=_CONNECTIONS_MAX,
            max_keepalive_connections=_CONNECTIONS_MAX // 2,
            keepalive_expiry=15,
            network_backend=targets.PinnedBackend(allow_private=allow_private, resolving=resolving),
        )

    async def close(self) -> None:
        await self._pool.aclose()

    async def send(self, url: str, *, message_id: str, body: bytes, secrets: Sequence[str]) -> Answer:
        """Deliver once. Never raises for what the other side does."""
        started = utc_now()
        try:
            targets.check_url(url, allow_private=self._allow_private)
            async with asyncio.timeout(self._timeout):
                status, retry_after = await self._post(url, message_id=message_id, body=body, secrets=secrets)
        except TimeoutError:
            return self._failed(started, f"No answer within {self._timeout:g} seconds.")
        except (TargetRefused, NameUnknown) as error:
            return self._failed(started, str(error))
        except Exception as error:  # noqa: BLE001  (whatever goes wrong out there is a failed delivery)
            return self._failed(started, f"{type(error).__name__}: {error}")
        error = None if 200 <= status < 300 else _sentence(status)
        return Answer(
            status=status, error=error, started_at=started, finished_at=utc_now(), retry_after_seconds=retry_after
        )

    async def _post(self, url: str, *, message_id: str, body: bytes, secrets: Sequence[str]) -> tuple[int, float]:
        at = utc_now()
        headers: dict[bytes | str, bytes | str] = {
            "content-type": "application/json",
            "content-length": str(len(body)),
            "user-agent": f"tillvault/{__version__}",
            "accept": "*/*",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": signature(secrets, message_id=message_id, at=at, body=body),
        }
        async with self._pool.stream("POST", url, headers=headers, content=body) as response:
            # A little of the answer is read so that its connection can be used again; a long one is cut off.
            read = 0
            async for chunk in response.aiter_stream():
                read += len(chunk)
                if read > _ANSWER_BYTES_MAX:
                    break
            return response.status, _retry_after(response.headers)

    @staticmethod
    def _failed(started: datetime, error: str) -> Answer:
        return Answer(status=None, error=error[:_ERROR_LENGTH], started_at=started, finished_at=utc_now())


def _sentence(status: int) -> str:
    if 300 <= status < 400:
        return f"Answered {status}: redirects are not followed."
    try:
        return f"Answered {status} {HTTPStatus(status).phrase}."
    except ValueError:
        return f"Answered {status}."


def _retry_after(headers: Sequence[tuple[bytes, bytes]]) -> float:
    """Seconds to wait that the answer asks for (RFC 9110, 10.2.3), 0 when it asks for none; at most an hour."""
    for name, value in headers:
        if name.lower() == b"retry-after":
            text = value.decode("latin-1").strip()
            try:
                seconds = float(text) if text.isdigit() else (parsedate_to_datetime(text) - utc_now()).total_seconds()
            except (ValueError, TypeError):
                return 0.0
            return min(max(seconds, 0.0), 3600.0)
    return 0.0
