"""A server that stands in for somebody else's: it hears every request and answers what the test says."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A request, with the names of its headers in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Answer = tuple[int, bytes]


@dataclass(slots=True, kw_only=True)
class StandIn:
    """`answer` decides; `delay_seconds` passes first."""

    url: str = ""
    answer: Callable[[Heard], Answer] = field(default=lambda _: (200, b"{}"))
    delay_seconds: float = 0.0
    heard: list[Heard] = field(default_factory=list[Heard])


@contextmanager
def standing_in() -> Generator[StandIn]:
    found = StandIn()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers.get("content-length", 0))
            request = Heard(
                path=self.path,
                headers={name.lower(): value for name, value in self.headers.items()},
                body=self.rfile.read(size),
            )
            found.heard.append(request)
            time.sleep(found.delay_seconds)
            status, body = found.answer(request)
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the name is the base class's)
            """Nothing: the test tells."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    found.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
