"""What tests of the relay need: events told by the hundred, a relay in a thread, a receiver of webhooks."""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

import orjson

from tests.machinery import execute, until
from tillvault.core.clock import utc_now
from tillvault.core.config import Settings
from tillvault.core.db import Connection, Database
from tillvault.core.ids import new_id
from tillvault.events import service as events
from tillvault.events.relay.domain import Envelope, Sink
from tillvault.events.relay.outlets import Policy
from tillvault.events.relay.service import Relay
from tillvault.events.webhooks.sending import Sender

MASTER = b"m" * 32
QUICK = Policy(
    attempts_max=4,
    first=timedelta(milliseconds=20),
    longest=timedelta(milliseconds=100),
    retention=timedelta(days=7),
    dead_letter_retention=timedelta(days=30),
    poll_seconds=0.02,
    grace_seconds=5,
)


def tell(db: Connection, key: str, number: int, *, event_type: str = "cash.session_opened") -> UUID:
    """Put an event with a number in it into the outbox, past the classes of the product."""
    event_id = new_id()
    db.journal.events.append(
        {
            "id": event_id,
            "branch_id": None,
            "type": event_type,
            "version": 1,
            "key": key,
            "data": {"number": number},
            "occurred_at": utc_now(),
        }
    )
    return event_id


def told(settings: Settings, organisation_id: UUID, keys: Sequence[str], each: int, **kinds: str) -> list[UUID]:
    """Events 0, 1, 2 … of every key, in one transaction."""

    async def run() -> list[UUID]:
        async with connected(settings) as database, database.transaction(organisation_id) as db:
            return [tell(db, key, number, **kinds) for number in range(each) for key in keys]

    return asyncio.run(run())


class connected:  # noqa: N801  (reads as what it gives)
    """A pool of a test's own, in its own event loop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._database: Database | None = None

    async def __aenter__(self) -> Database:
        assert self._settings.database_url is not None
        small = self._settings.model_copy(update={"database_pool_size": 8})
        self._database = await Database.connect(
            self._settings.database_url.get_secret_value(), small, flush=events.flush
        )
        return self._database

    async def __aexit__(self, *_: object) -> None:
        assert self._database is not None
        await self._database.close()


def forget_the_rest(superuser_dsn: str, organisation_id: UUID) -> None:
    """Take from the relay what other tests have left for it: events by the thousand, endpoints where nobody answers."""
    others = f"organisation_id <> '{organisation_id}'"
    execute(
        superuser_dsn,
        f"UPDATE webhook_endpoints SET is_active = false WHERE {others};"
        f"UPDATE outbox_events SET relayed_at = now() WHERE relayed_at IS NULL AND {others};"
        f"DELETE FROM event_queues WHERE {others}",
    )


@dataclass
class RecordingSink:
    """Keeps what it was sent, of one organisation; refuses what `fails` says."""

    organisation_id: UUID
    target: str = "subscriber:recording"
    fails: Callable[[Envelope], Exception | None] = lambda _: None
    received: list[Envelope] = field(default_factory=list[Envelope])
    calls: int = 0

    def wants(self, event_type: str) -> bool:
        return bool(event_type)

    async def send(self, organisation_id: UUID, envelopes: Sequence[Envelope]) -> None:
        # The database is shared with tests whose events are nobody's business here.
        if organisation_id != self.organisation_id:
            return
        self.calls += 1
        for envelope in envelopes:
            if (error := self.fails(envelope)) is not None:
                raise error
        self.received.extend(envelopes)

    async def close(self) -> None: ...

    def numbers(self, key: str) -> list[int]:
        return [envelope.payload["number"] for envelope in list(self.received) if envelope.key == key]


@contextmanager
def relay(
    settings: Settings,
    *sinks: Sink,
    policy: Policy = QUICK,
    allow_private: bool = True,
    timeout_seconds: float = 2.0,
    secret: bytes = MASTER,
) -> Generator[None]:
    """A relay in a thread, with an event loop of its own, for as long as the block."""
    ready = threading.Event()
    held: dict[str, Any] = {}

    async def run() -> None:
        async with connected(settings) as database:
            assert settings.database_url is not None
            one = Relay(
                database=database,
                dsn=settings.database_url.get_secret_value(),
                sinks=sinks,
                sender=Sender(allow_private=allow_private, timeout_seconds=timeout_seconds),
                secret=secret,
                policy=policy,
            )
            held.update(relay=one, loop=asyncio.get_running_loop())
            ready.set()
            await one.run()

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield
    finally:
        held["loop"].call_soon_threadsafe(held["relay"].stop)
        thread.join(timeout=30)
        assert not thread.is_alive(), "the relay did not stop"


@dataclass(frozen=True)
class Received:
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        return orjson.loads(self.body)


@dataclass
class Receiver:
    """A receiver of webhooks on this machine; `answers` decides the status of each, 204 where it says nothing."""

    url: str = ""
    received: list[Received] = field(default_factory=list[Received])
    answers: Callable[[Received], tuple[int, dict[str, str]] | int | None] = lambda _: None

    def numbers(self, path: str = "/") -> dict[str, list[int]]:
        """The numbers of the events that were accepted, in the order in which they came, by key."""
        found: dict[str, list[int]] = defaultdict(list)
        for each in list(self.received):
            if each.path == path:
                found[each.event["key"]].append(each.event["data"]["number"])
        return dict(found)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that was killed resets its connections: nothing to print."""


@contextmanager
def receiving() -> Generator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            body = self.rfile.read(size)
            if len(body) < size:
                # The sender died in the middle of it: to a receiver that is no request.
                self.close_connection = True
                return
            one = Received(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            answer = receiver.answers(one)
            status, headers = answer if isinstance(answer, tuple) else (answer or 204, {})
            if status < 300:
                receiver.received.append(one)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the name that http.server wants)
            del format, args

    server = _Server(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)


def eventually(is_so: Callable[[], bool], what: str, *, seconds: float = 20.0) -> None:
    until(is_so, seconds=seconds, what=what)
