"""What surrounds the bot under test: a line to the API that can be cut, phones, an endpoint that hears, the process."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Generator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import redis

from tests.machinery import free_port, until
from tests.nursery import Child, Nursery
from tests.support import Api, Person, Shop

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / "bot" / ".venv" / "bin" / "python"
TOKEN = "42:stand-in"
SCOPES = ["bot:link", "cash:read", "deposits:read", "deposits:write", "tickets:read"]

_accounts = itertools.count(600_000_001)


class Line:
    """A way to the API: it carries bytes, until it is cut."""

    def __init__(self, url: str) -> None:
        self._target = ("127.0.0.1", int(url.rpartition(":")[2]))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._open: list[socket.socket] = []
        self._server: socket.socket | None = None
        self.mend()

    def mend(self) -> None:
        self._server = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._server,), daemon=True).start()

    def cut(self) -> None:
        """Refuse connections and end those that stand."""
        server, self._server = self._server, None
        for each in [server, *self._open]:
            if each is not None:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                each.close()
        self._open.clear()

    def _accept(self, server: socket.socket) -> None:
        while True:
            try:
                near, _ = server.accept()
            except OSError:
                return
            far = socket.create_connection(self._target)
            self._open += [near, far]
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=_carry, args=(one, other), daemon=True).start()


def _carry(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := one.recv(65_536):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def hearing() -> Generator[tuple[str, dict[str, str]]]:
    """An endpoint that speaks OpenAI's protocol and hears what the test says; its address, and what it will hear."""
    heard = {"text": ""}

    class Ears(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            body = json.dumps(heard).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the base names it so)
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Ears)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1", heard
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def standing_in() -> Generator[httpx.Client]:
    """The stand-in of the Bot API, as a process."""
    port = free_port()
    process = subprocess.Popen([PYTHON, "-m", "tillvault_bot.standin", "--silent", "--port", str(port)])
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
        try:
            until(lambda: _listens(port), seconds=90, what="the stand-in")
            yield http
        finally:
            process.terminate()
            process.wait(timeout=10)


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


class Phone:
    """Somebody's Telegram."""

    def __init__(self, telegram: httpx.Client, *, language: str = "en") -> None:
        self.number = next(_accounts)
        self.telegram = telegram
        self.language = language
        self.read = 0
        self.updates: list[dict[str, Any]] = []

    def _post(self, act: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self.telegram.post(
            f"/standin/people/{self.number}/{act}", params={"language": self.language, "name": "Somebody"}, json=body
        )
        assert answer.status_code == 200, answer.text
        self.updates.append(answer.json())
        return answer.json()

    def say(self, text: str) -> dict[str, Any]:
        return self._post("say", {"text": text})

    def speak(self, audio: bytes) -> dict[str, Any]:
        return self._post("say", {"voice": base64.b64encode(audio).decode()})

    def press(self, label: str) -> dict[str, Any]:
        return self._post("press", {"label": label})

    def repeat(self, update: dict[str, Any]) -> None:
        self.telegram.post("/standin/repeat", json=update)

    def hears(self, count: int = 1, *, seconds: float = 20.0) -> list[str]:
        """The next messages, once there are as many."""
        until(lambda: len(self._said()) >= count, seconds=seconds, what=f"{count} messages, after {self._said()}")
        said = self._said()[:count]
        self.read += count
        return [message["text"] for message in said]

    def hears_nothing(self, *, seconds: float = 1.0) -> None:
        time.sleep(seconds)
        assert self._said() == []

    def buttons(self) -> list[str]:
        """Of the newest message."""
        last = self.telegram.get(f"/standin/people/{self.number}/heard").json()[-1]
        return [button["text"] for row in last.get("reply_markup", {}).get("inline_keyboard", []) for button in row]

    def asks(self, text: str, count: int = 1) -> list[str]:
        self.say(text)
        return self.hears(count)

    def chooses(self, label: str, count: int = 1) -> list[str]:
        self.press(label)
        return self.hears(count)

    def _said(self) -> list[dict[str, Any]]:
        return self.telegram.get(f"/standin/people/{self.number}/heard", params={"after": self.read}).json()


class RunningBot:
    """`python -m tillvault_bot`, as a process."""

    def __init__(self, nursery: Nursery, folder: Path, settings: Mapping[str, str]) -> None:
        self._nursery = nursery
        self.folder = folder
        self.port = free_port()
        self._settings = {
            "BOT_TELEGRAM_TOKEN": TOKEN,
            "BOT_STATE_DIR": str(folder / "state"),
            "BOT_PORT": str(self.port),
            "BOT_RETRY_SECONDS": "0.2",
            "BOT_ALERTS_SECONDS": "0.2",
            "BOT_VAULT_SECONDS": "0.2",
            **settings,
        }
        self.process: Child | None = None

    def start(self, **settings: str) -> RunningBot:
        plain = {name: value for name, value in os.environ.items() if not name.startswith(("BOT_", "PYTHON"))}
        log = self.folder / "bot.log"
        self.process = self._nursery.start(
            "tillvault_bot", environment=plain | self._settings | settings, out=log, err=log, folder=self.folder
        )
        until(self._is_ready, seconds=90, what="the bot")
        return self

    def end(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        status = self.process.wait(timeout=30)
        self.process = None
        return status

    def clean_up(self) -> None:
        """Whatever a failed test has left: another bot must not take the updates of the next."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(timeout=10)

    def has_kept(self, update: Mapping[str, Any]) -> bool:
        """Whether what an update did is in the file: an answer goes out just before."""
        chats = json.loads((self.folder / "state" / "state.json").read_text())
        return any(update["update_id"] in chat["seen"] for name, chat in chats.items() if name.startswith("chat:"))

    @property
    def log(self) -> str:
        return (self.folder / "bot.log").read_text()

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"http://127.0.0.1:{self.port}/health", timeout=5).status_code == 200
        return False


def has_kept_in_redis(port: int, update: Mapping[str, Any]) -> bool:
    """`RunningBot.has_kept`, where the bot keeps its chats in Redis."""
    with redis.Redis(port=port, decode_responses=True) as client:
        kept: Any = client.hgetall("tillvault:bot")
    return any(update["update_id"] in json.loads(kept[name])["seen"] for name in kept if name.startswith("chat:"))


def bot_key(shop: Shop) -> str:
    admin = shop.elena.back_office()
    return admin.ok(admin.post("/v1/api-keys", {"name": "Telegram bot", "scopes": SCOPES}), 201)["key"]


def code_for(person: Person) -> str:
    desk = person.back_office()
    return desk.ok(desk.post("/v1/telegram/links"), 201)["code"]


def linked(phone: Phone, person: Person) -> Phone:
    """The phone, as the person's, who has been greeted."""
    (greeting,) = phone.asks(f"/start {code_for(person)}")
    assert person.name in greeting
    return phone


def deposits_of(desk: Api) -> list[dict[str, Any]]:
    return desk.ok(desk.get("/v1/deposits"))["items"]


def branches_of(shop: Shop) -> list[dict[str, Any]]:
    """In the order in which the shop has them."""
    desk = shop.elena.back_office()
    found = {branch["id"]: branch for branch in desk.ok(desk.get("/v1/branches"))["items"]}
    return [found[str(branch.id)] for branch in shop.branches]
