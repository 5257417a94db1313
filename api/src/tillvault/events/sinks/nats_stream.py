"""NATS JetStream: every event under a subject of its type. Needs the extra `nats`."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from tillvault.core.db import StartupRefused
from tillvault.events.relay.domain import Envelope, SinkUnavailable

_TIMEOUT_SECONDS = 5.0


class NatsStream:
    """Publishes `{subject}.{type}` with `Nats-Msg-Id` set to the event's id: within the stream's window for duplicates
    (two minutes unless the stream says otherwise) the server drops a second delivery."""

    target = "nats"

    def __init__(self, url: str, *, stream: str, subject: str) -> None:
        try:
            self._nats: Any = importlib.import_module("nats")
        except ImportError as error:
            raise StartupRefused("RELAY_NATS_URL needs the extra `nats`: install tillvault[nats].") from error
        self._url = url
        self._stream = stream
        self._subject = subject
        self._client: Any = None
        self._jetstream: Any = None

    def wants(self, event_type: str) -> bool:
        return bool(event_type)

    async def send(self, organisation_id: UUID, envelopes: Sequence[Envelope]) -> None:
        # Acknowledged one by one, asked for all at once: a publish on one connection keeps its order.
        del organisation_id
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS * 2):
                stream = await self._connected()
                acknowledged = [
                    await stream.publish_async(
                        f"{self._subject}.{envelope.type}",
                        envelope.wire(),
                        wait_stall=_TIMEOUT_SECONDS,
                        stream=self._stream,
                        headers={"Nats-Msg-Id": str(envelope.id), "Tillvault-Key": _header(envelope.key)},
                    )
                    for envelope in envelopes
                ]
                for outcome in await asyncio.gather(*acknowledged, return_exceptions=True):
                    if isinstance(outcome, BaseException):
                        raise outcome
        except (TimeoutError, OSError, self._nats.errors.Error) as error:
            await self.close()
            raise SinkUnavailable(f"NATS does not take events: {error or type(error).__name__}") from error

    async def _connected(self) -> Any:
        if self._client is None or self._client.is_closed:
            self._client = await self._nats.connect(
                self._url, connect_timeout=_TIMEOUT_SECONDS, allow_reconnect=False, error_cb=_unsaid
            )
            made = self._jetstream = self._client.jetstream(timeout=_TIMEOUT_SECONDS)
            try:
                await made.stream_info(self._stream)
            except self._nats.js.errors.NotFoundError:
                await made.add_stream(name=self._stream, subjects=[f"{self._subject}.>"])
        return self._jetstream

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()


def _header(key: str) -> str:
    """A key as a header can carry it: without a line's end."""
    return key.replace("\r", " ").replace("\n", " ")


async def _unsaid(_: Exception) -> None:
    """What goes wrong is raised where it is waited for; the library would print it besides."""
