"""The receivers of docs/howto, run as they stand: they take what the relay sends and nothing else."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO
from uuid import UUID

import httpx
import orjson
import pytest

from tests.machinery import free_port, until
from tests.relays import connected, eventually, relay, told
from tests.support import Shop, Shops
from tillvault import reference
from tillvault.core import secrets
from tillvault.core.config import Settings
from tillvault.events.webhooks.secrets import signature

HOWTO = reference.ROOT / "docs" / "howto"
NODE = shutil.which("node")
RECEIVERS = {
    "python": [sys.executable, str(HOWTO / "receive-webhooks.py")],
    "node": [str(NODE), str(HOWTO / "receive-webhooks.mjs")],
}


@pytest.fixture(params=sorted(RECEIVERS))
def command(request: pytest.FixtureRequest) -> list[str]:
    if request.param == "node" and NODE is None:
        pytest.skip("node is not installed")
    return RECEIVERS[request.param]


class Running:
    def __init__(self, command: list[str], secret: str, told_in: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self._told = told_in
        self._out: IO[bytes] = told_in.open("wb")
        environment = {**os.environ, "WEBHOOK_SECRET": secret, "PORT": str(self.port)}
        self.process = subprocess.Popen(command, stdout=self._out, env=environment)
        until(self._answers, what="the start of the receiver")

    def _answers(self) -> bool:
        try:
            return httpx.post(self.url, content=b"{}").status_code == 400
        except httpx.TransportError:
            return False

    @property
    def lines(self) -> list[list[str]]:
        return [line.split(" ") for line in self._told.read_text().splitlines()]

    def end(self) -> None:
        self.process.kill()
        self.process.wait(timeout=10)
        self._out.close()


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make()


@pytest.fixture
def secret(shop: Shop) -> tuple[str, str]:
    """The id and the secret of a webhook of the shop."""
    admin = shop.elena.back_office()
    made = admin.ok(admin.post("/v1/webhooks", {"url": "https://1.1.1.1/"}), 201)
    return made["id"], made["secret"]


@pytest.fixture
def receiver(command: list[str], secret: tuple[str, str], tmp_path: Path) -> Generator[Running]:
    running = Running(command, secret[1], tmp_path / "told")
    try:
        yield running
    finally:
        running.end()


async def _point_at(settings: Settings, shop: Shop, webhook_id: str, url: str) -> None:
    async with connected(settings) as database, database.transaction(shop.id) as db:
        await db.execute(
            "UPDATE webhook_endpoints SET url = $3 WHERE organisation_id = $1 AND id = $2",
            shop.id,
            UUID(webhook_id),
            url,
        )


def test_a_receiver_takes_what_the_relay_sends(
    settings: Settings, shop: Shop, secret: tuple[str, str], receiver: Running
) -> None:
    # The API of the session refuses private targets; the endpoint is given one behind its back.
    asyncio.run(_point_at(settings, shop, secret[0], receiver.url))
    ids = told(settings, shop.id, ["drawer:ñ"], 3)

    with relay(settings, secret=secrets.webhook_secret(settings)):
        eventually(lambda: len(receiver.lines) == 3, "the delivery")

    assert receiver.lines == [["cash.session_opened", "drawer:ñ", str(each)] for each in ids]


def test_a_receiver_refuses_what_is_forged_or_old_and_handles_a_repetition_once(
    secret: tuple[str, str], receiver: Running
) -> None:
    body = orjson.dumps({"id": "1", "type": "sale.finalized", "key": "sale:é", "data": {}})
    now = datetime.now(UTC)

    def send(sent: bytes = body, *, at: datetime = now, secrets_of: tuple[str, ...] = (secret[1],)) -> int:
        headers = {
            "webhook-id": "1",
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": signature(secrets_of, message_id="1", at=at, body=body),
        }
        return httpx.post(receiver.url, content=sent, headers=headers).status_code

    other = "whsec_" + "A" * 43 + "="
    assert send(body + b" ") == 400
    assert send(at=now - timedelta(minutes=6)) == 400
    assert send(at=now + timedelta(minutes=6)) == 400
    assert send(secrets_of=(other,)) == 400
    assert httpx.post(receiver.url, content=body).status_code == 400
    assert [send(), send(), send(secrets_of=(other, secret[1]))] == [204, 204, 204]
    time.sleep(0.2)
    assert receiver.lines == [["sale.finalized", "sale:é", "1"]]
