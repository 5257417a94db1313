"""What goes wrong around the bot: an API that fails at one request alone, and a Redis that goes away."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from outside import Phone, RunningBot, code_for, deposits_of, has_kept_in_redis, linked
from tests.machinery import free_port, running_redis, until
from tests.support import Shop

Phones = Callable[..., Phone]


class Troubled:
    """The API, but for the answers to one path."""

    def __init__(self, url: str) -> None:
        self.path = ""
        self.answers: list[tuple[int, bytes]] = []
        """What the path answers, one after the other; what was asked for is done all the same."""
        self.asked = 0
        troubled, inner = self, httpx.Client(base_url=url, timeout=30)

        class Between(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                kept = {name: value for name, value in self.headers.items() if name.lower() != "host"}
                answer = inner.request(self.command, self.path, content=body, headers=kept)
                status, told = answer.status_code, answer.content
                if troubled.path and self.path.startswith(troubled.path):
                    troubled.asked += 1
                    if troubled.answers:
                        status, told = troubled.answers.pop(0)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(told)))
                self.end_headers()
                self.wfile.write(told)

            def do_POST(self) -> None:
                self.do_GET()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the base names it so)
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Between)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._server.shutdown()
            self._server.server_close()


@pytest.fixture
def troubled(api_url: str) -> Iterator[Troubled]:
    made = Troubled(api_url)
    yield made
    made.close()


def test_a_deposit_that_is_still_being_recorded_is_waited_for(
    shop: Shop, bot: RunningBot, phone: Phones, troubled: Troubled
) -> None:
    ana = linked(phone(), shop.ana)
    bot.end()
    bot.start(BOT_API_URL=troubled.url)
    ana.asks("/depot 2 toasters 3 kg")
    ana.chooses("Small appliances")

    busy = b'{"success": false, "error": "Still being done.", "code": "IDEMPOTENCY_IN_FLIGHT"}'
    troubled.path, troubled.answers = "/v1/deposits", [(409, busy), (409, busy)]
    ana.press("Record it")
    down, back, recorded = ana.hears(3)

    assert down.startswith("Tillvault does not answer at present")
    assert back.startswith("Tillvault answers again")
    assert recorded.startswith("Recorded: 2 × toasters, 3 kg")
    assert len(deposits_of(shop.marta.back_office())) == 1


def test_what_the_api_fails_at_is_said_once_and_given_up(
    shop: Shop, bot: RunningBot, phone: Phones, troubled: Troubled
) -> None:
    ana = linked(phone(), shop.ana)
    bot.end()
    bot.start(BOT_API_URL=troubled.url)

    troubled.path = "/v1/deposits/statistics"
    troubled.answers = [*[(503, b"{}")] * 4, *[(500, b"{}")] * 10]
    ana.say("/stats")
    down, back = ana.hears(2)
    ana.say("/help")
    failed, helped = ana.hears(2)

    assert down.startswith("Tillvault does not answer at present")
    assert back.startswith("Tillvault answers again")
    assert failed.startswith("Tillvault fails at what you sent")
    assert "/depot" in helped
    assert troubled.asked == 14
    ana.hears_nothing(seconds=0.5)


def test_a_vault_that_is_busy_for_a_moment_is_no_alert(
    shop: Shop, bot: RunningBot, phone: Phones, troubled: Troubled
) -> None:
    marta = linked(phone(), shop.marta)
    bot.end()
    troubled.path = f"/api/v1/ledger/{shop.slug}/checkpoint"
    troubled.answers = [(503, b'{"error": "The database is not available."}')] * 2
    bot.start(BOT_API_URL=troubled.url)

    until(lambda: troubled.asked >= 4, seconds=20, what="the bot to ask again")

    marta.hears_nothing(seconds=0)


def test_what_is_sent_while_redis_is_away_is_done_when_it_is_back(shop: Shop, bot: RunningBot, phone: Phones) -> None:
    ana, port = linked(phone(), shop.ana), free_port()
    bot.end()
    with running_redis(port):
        bot.start(BOT_REDIS_URL=f"redis://127.0.0.1:{port}/0")
        assert "/depot" in ana.asks("/help")[0]
        until(lambda: has_kept_in_redis(port, ana.updates[-1]), what="the answer in Redis")
    ana.say("/help")
    until(lambda: "out of reach" in bot.log, seconds=20, what="the bot to miss Redis")
    ana.hears_nothing(seconds=0)

    with running_redis(port):
        assert "/depot" in ana.hears()[0]
        bot.end()


def test_what_was_done_before_an_end_is_not_sent_again(
    shop: Shop, bot: RunningBot, phone: Phones, tmp_path: Path
) -> None:
    ana = phone()

    for number in range(5):
        ana.asks(f"/start {code_for(shop.ana)}")
        bot.end()
        bot.start(BOT_STATE_DIR=str(tmp_path / f"state-{number}"))

        assert "/depot" in ana.asks("/help")[0]
        ana.hears_nothing(seconds=0.2)


def test_where_nothing_listens_a_voice_is_asked_for_in_writing(
    shop: Shop, bot: RunningBot, phone: Phones, base_url: str
) -> None:
    lea = linked(phone(language="fr"), shop.ana)
    bot.end()
    bot.start(BOT_API_URL=base_url)
    lea.asks("/depot")

    lea.speak(b"OggS two lamps")

    assert lea.hears()[0].startswith("Je ne peux pas écouter en ce moment")
    assert lea.asks("2 lampes 3 kg")[0].startswith("Qu'est-ce que c'est")
