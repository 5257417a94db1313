#!/usr/bin/env python3
"""Tell a deposit to the Telegram bot, without Telegram: it appears at the desk, is validated, and stands in the export.

Needs a running demo (`make run` in another terminal) and the bot's environment (`make install`). It reads the address
and the logins from demo.json in the data folder, starts a stand-in of Telegram and the bot, and ends both.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

PYTHON = Path(__file__).resolve().parents[2] / "bot" / ".venv" / "bin" / "python"
DEMO = Path(os.environ.get("TILLVAULT_DATA_DIR", "var")) / "demo.json"
TENANT = "recyclerie"
SCOPES = ["bot:link", "cash:read", "deposits:read", "deposits:write", "tickets:read"]
TOKEN = "42:stand-in"  # noqa: S105  (the stand-in's; it opens nothing)
SECONDS = 60


def main() -> None:
    if not DEMO.exists():
        fail(f"there is no {DEMO}. Start the demo with 'make run', and run this from the same folder.")
    if not PYTHON.exists():
        fail("the bot is not installed. Run 'make install' first.")
    demo = json.loads(DEMO.read_text())
    url = demo["base_url"]
    shop = next(one for one in demo["organisations"] if one["slug"] == TENANT)
    admin = login(url, shop)

    print("1. An admin gives the bot a key; the cashier gets a code")
    made = call(url, "POST", "/v1/api-keys", admin, {"name": "Telegram bot", "scopes": SCOPES})
    code = code_of_cashier(url, shop)
    try:
        with standing_in() as telegram, bot(telegram, url, made["key"]):
            print("2. The cashier links a phone, and tells what came in")
            phone = Phone(telegram)
            for text in (f"/start {code}", "/depot", "2 micro-ondes 15 kg"):
                phone.say(text)
            phone.press("Petit électroménager")
            phone.press("Enregistrer")
    finally:
        call(url, "DELETE", f"/v1/api-keys/{made['id']}", admin)

    deposit = call(url, "GET", "/v1/deposits?status=pending_validation", admin)["items"][0]
    grams, name = deposit["weightGrams"], deposit["recordedByName"]
    print(f"3. It waits at the desk: {deposit['quantity']} pieces, {grams} g, {deposit['category']}, told by {name}")
    before = exported(url, admin)
    call(url, "POST", f"/v1/deposits/{deposit['id']}/validate", admin, {})
    gained = exported(url, admin) - before
    print(f"4. The admin validates it, and the month's export has {gained} g more in EEE-2")
    if gained != grams:
        fail(f"the export gained {gained} g, not {grams} g")
    print("Done.")


class Phone:
    """The cashier's Telegram. It prints both sides."""

    def __init__(self, telegram: str) -> None:
        self._path = f"{telegram}/standin/people/{int(time.time())}"
        self._read = 0

    def say(self, text: str) -> None:
        shown = "/start and the code" if text.startswith("/start") else text
        print(f"   me:  {shown}")
        request("POST", f"{self._path}/say?language=fr&name=Phone", body={"text": text})
        self._listen()

    def press(self, label: str) -> None:
        print(f"   me:  [{label}]")
        request("POST", f"{self._path}/press?language=fr&name=Phone", body={"label": label})
        self._listen()

    def _listen(self) -> None:
        heard = request("GET", f"{self._path}/heard?after={self._read}&wait={SECONDS}")
        if not heard:
            fail("the bot says nothing")
        self._read += len(heard)
        for message in heard:
            print("   bot: " + message["text"].replace("\n", "\n        "))


@contextlib.contextmanager
def standing_in() -> Iterator[str]:
    port = free_port()
    with running([PYTHON, "-m", "tillvault_bot.standin", "--silent", "--port", str(port)], port, {}):
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def bot(telegram: str, api: str, key: str) -> Iterator[None]:
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        given = {
            "BOT_TELEGRAM_TOKEN": TOKEN,
            "BOT_TELEGRAM_URL": telegram,
            "BOT_API_URL": api,
            "BOT_API_KEY": key,
            "BOT_STATE_DIR": folder,
            "BOT_PORT": str(port),
            "BOT_LOG_LEVEL": "error",
        }
        with running([PYTHON, "-m", "tillvault_bot"], port, given):
            yield


@contextlib.contextmanager
def running(command: list[Any], port: int, given: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(command, env=dict(os.environ) | given)
    try:
        deadline = time.monotonic() + SECONDS
        while not listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                fail(f"{command[2]} did not start")
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(timeout=SECONDS)


def listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def code_of_cashier(url: str, shop: dict[str, Any]) -> str:
    """Log in at a till with the PIN, ask for the code, log out."""
    branch = shop["branches"][0]
    pin = next(one["pin"] for one in shop["users"] if one["role"] == "CASHIER")
    body = {"pin": pin, "codigo_tienda": branch["code"]}
    # An earlier run may have been interrupted while it was logged in.
    request("POST", f"{url}/api/auth/validar-pin", body=body | {"forzar_cierre": True})
    body["tpv_id"] = branch["registers"][-1]["id"]
    token = request("POST", f"{url}/api/auth/login-pin", body=body)["access_token"]
    code = call(url, "POST", "/v1/telegram/links", token)["code"]
    request("POST", f"{url}/api/auth/logout-pos", token=token)
    return code


def login(url: str, shop: dict[str, Any]) -> str:
    user = next(one for one in shop["users"] if one["role"] == "ADMIN")
    body = {"username": user["username"], "password": user["password"], "organizacion": shop["slug"]}
    return request("POST", f"{url}/api/auth/login", body=body)["access_token"]


def exported(url: str, token: str) -> int:
    """Grams of small appliances in this month's export."""
    today = datetime.now(UTC).date()
    query = f"from={today.replace(day=1)}&to={today}&format=csv"
    text = request("GET", f"{url}/v1/deposits/export?{query}", token=token, is_text=True)
    head, *lines = [line.split(",") for line in text.lstrip("\ufeff").splitlines()]
    of = dict(zip(head, next((line for line in lines if line[0] == "EEE-2"), ["0"] * len(head)), strict=False))
    whole, _, decimals = of["deposit_weight_kg"].partition(".")
    return int(whole) * 1000 + int(decimals.ljust(3, "0") or 0)


def call(url: str, method: str, path: str, token: str, body: Any = None) -> Any:
    return request(method, url + path, token=token, body=body)["data"]


def request(method: str, url: str, *, token: str | None = None, body: Any = None, is_text: bool = False) -> Any:
    headers = {"Content-Type": "application/json"} if body is not None else {}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    sent = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(url, data=sent, headers=headers, method=method)  # noqa: S310  (http, from demo.json)
    try:
        with urllib.request.urlopen(asked, timeout=SECONDS + 10) as answer:  # noqa: S310  (as above)
            text = answer.read().decode()
    except urllib.error.HTTPError as error:
        fail(f"{method} {url} answered {error.code}: {error.read().decode()}")
    except OSError as error:
        fail(f"{url} does not answer ({error}). Is the demo running?")
    return text if is_text else json.loads(text)


def fail(why: str) -> NoReturn:
    sys.exit(f"FAILED: {why}")


if __name__ == "__main__":
    main()
