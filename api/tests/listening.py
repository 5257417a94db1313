"""Listening to live updates as a page would."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from queue import Empty, Queue
from typing import Any

import httpx

from tests.support import Api


class Listener:
    """Reads a stream in a thread."""

    def __init__(self, api: Api) -> None:
        self.events: Queue[tuple[str, dict[str, Any]]] = Queue()
        self.ready = threading.Event()
        self._api = api
        self._response: httpx.Response | None = None
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        assert self.ready.wait(10), "the stream did not begin"

    def next(self, seconds: float = 5) -> tuple[str, dict[str, Any]]:
        return self.events.get(timeout=seconds)

    def silent(self, seconds: float = 0.5) -> bool:
        try:
            self.events.get(timeout=seconds)
        except Empty:
            return True
        return False

    def close(self) -> None:
        assert self._response is not None
        with suppress(OSError):  # The server may have been quicker.
            self._response.extensions["network_stream"].get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        self._thread.join(10)

    def _read(self) -> None:
        headers = {"Authorization": f"Bearer {self._api.token}"}
        url = f"{self._api.http.base_url}/v1/events/stream"
        with (
            suppress(httpx.TransportError),
            httpx.stream("GET", url, headers=headers, timeout=httpx.Timeout(10, read=None)) as found,
        ):
            assert found.status_code == 200
            assert found.headers["content-type"].startswith("text/event-stream")
            self._response = found
            name = ""
            for line in found.iter_lines():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                    if name == "ready":
                        self.ready.set()
                elif line.startswith("data: ") and name != "ready":
                    self.events.put((name, json.loads(line.removeprefix("data: "))))


@contextmanager
def listening(api: Api) -> Generator[Listener]:
    listener = Listener(api)
    try:
        yield listener
    finally:
        listener.close()
