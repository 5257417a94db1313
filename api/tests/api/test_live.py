"""Live updates: GET /v1/events/stream."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from queue import Empty, Queue
from typing import Any

import httpx

from tests.support import Api, Shops


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


def test_an_admin_sees_a_drawer_open_as_it_happens(shops: Shops) -> None:
    shop = shops.make()
    with listening(shop.elena.back_office()) as listener:
        till = shop.ana.login(shop.registers[0])
        opened = till.ok(till.post("/v1/cash/sessions", {"openingFloat": {"EUR": 12.5}}), 201)

        started = listener.next()
        name, event = listener.next()

    assert started[0] == "terminal.session_started"
    assert name == "cash.session_opened"
    assert event["organisationId"] == str(shop.id)
    assert event["data"]["sessionId"] == opened["id"]
    assert event["data"]["openingFloat"] == {"EUR": 12.5}


def test_a_cashier_hears_of_the_release_of_their_own_terminal_and_of_nothing_else(shops: Shops) -> None:
    shop = shops.make()
    till = shop.ana.login(shop.registers[0])
    other = shop.luis.login(shop.registers[1])
    with listening(till) as listener:
        other.ok(other.post("/v1/cash/sessions", {}), 201)
        till.ok(till.post("/v1/cash/sessions", {}), 201)
        assert listener.silent()

        released = shop.elena.back_office().post(f"/api/tpv/{shop.registers[0]}/liberar")
        name, event = listener.next()

    assert released.status_code == 200
    assert name == "terminal.released"
    assert event["data"]["drawerClosed"] is True


def test_nobody_hears_of_another_organisation(shops: Shops) -> None:
    shop, foreign = shops.make(), shops.make()
    with listening(shop.elena.back_office()) as listener:
        foreign.ana.login(foreign.registers[0])

        assert listener.silent()


def test_a_refused_act_is_not_told(shops: Shops) -> None:
    shop = shops.make()
    till = shop.ana.login(shop.registers[0])
    with listening(shop.elena.back_office()) as listener:
        refused = till.post("/v1/cash/sessions", {"openingFloat": {"CHF": 1}})

        assert refused.status_code == 400
        assert listener.silent()


def test_a_stream_needs_a_login(api: Api) -> None:
    assert api.get("/v1/events/stream").status_code == 401
