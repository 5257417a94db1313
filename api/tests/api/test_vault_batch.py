"""POST /api/v1/pos-tickets/batch: any number of tickets, each answered as it would have been alone."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.machinery import execute
from tests.support import Api, Shop, Shops, fetch
from tillvault.vault import leaves
from tillvault.vault.verify import Kind, Outcome, verify_document

PATH = "/api/v1/pos-tickets/batch"
TOO_LARGE = {"error": "Payload too large", "max_size_bytes": 65_536, "status": 413}


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make()


@pytest.fixture
def machine(shop: Shop) -> Api:
    return Api(shop.http, shop.api_key)


def line(shop: Shop, number: int, **changes: Any) -> bytes:
    body = {
        "tenant": shop.slug,
        "source_model": "pos.order",
        "source_id": f"POS/{number}",
        "ticket": {"lines": [{"product": "Crêpe", "price": 3.50}], "n": number},
    }
    return json.dumps({**body, **changes}).encode()


def send(machine: Api, body: bytes | Iterator[bytes]) -> list[dict[str, Any]]:
    answer = machine.request("POST", PATH, content=body, headers={"Content-Type": "application/x-ndjson"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.content == b"" or answer.content.endswith(b"\n")
    return [json.loads(text) for text in answer.content.splitlines()]


def positions(superuser_dsn: str, shop: Shop) -> list[int]:
    rows = fetch(superuser_dsn, "SELECT leaf FROM vault_leaves WHERE organisation_id = $1 ORDER BY index", shop.id)
    return [leaves.parse_leaf(row["leaf"]).stream_seq for row in rows]


def test_two_thousand_lines_good_bad_and_repeated_leave_no_gap(shop: Shop, machine: Api, superuser_dsn: str) -> None:
    def sent(at: int) -> tuple[bytes, int]:
        match at % 10:
            case 3:
                return b'{"tenant": ', 400
            case 5:
                return line(shop, at, tenant="somebody-else"), 403
            case 7:
                return line(shop, at, ticket=[]), 422
            case 9:
                return line(shop, at - 1), 200
            case _:
                return line(shop, at), 201

    asked = [sent(at) for at in range(2000)]

    answers = send(machine, b"\n".join(body for body, _ in asked) + b"\n")

    assert [answer["status"] for answer in answers] == [status for _, status in asked]
    recorded = [answer for answer in answers if answer["status"] == 201]
    assert sorted(answer["ledger_hash"] for answer in recorded) == [
        leaves.ledger_hash("POS", n + 1) for n in range(1200)
    ]
    assert positions(superuser_dsn, shop) == list(range(1, 1201))
    for at in range(9, 2000, 10):
        assert answers[at] | {"status": 201} == answers[at - 1]


def test_a_line_that_cannot_be_written_does_not_take_the_others_with_it(
    shop: Shop, machine: Api, superuser_dsn: str
) -> None:
    body = b"\n".join(line(shop, at, source_id=f"{shop.slug}/{at}") for at in range(300))
    execute(
        superuser_dsn,
        f"ALTER TABLE vault_tickets ADD CONSTRAINT unwritable CHECK (source_id <> '{shop.slug}/137') NOT VALID",
    )
    try:
        answers = send(machine, body)
    finally:
        execute(superuser_dsn, "ALTER TABLE vault_tickets DROP CONSTRAINT unwritable")

    assert [at for at, answer in enumerate(answers) if answer["status"] != 201] == [137]
    assert answers[137]["status"] == 503
    assert positions(superuser_dsn, shop) == list(range(1, 300))
    assert [answer["status"] for answer in send(machine, body)] == [200] * 137 + [201] + [200] * 162


def test_each_line_is_the_answer_it_would_have_had_alone(shop: Shop, machine: Api) -> None:
    bodies = [
        line(shop, 1),
        line(shop, 1, cashier="Marie"),
        b"",
        b"[]",
        b'{"a":1,"a":2}',
        b"\xff",
        line(shop, 2, tenant=None),
        line(shop, 2, cashier=7),
        line(shop, 2, tenant="somebody-else"),
    ]

    answers = send(machine, b"\n".join(bodies))

    # The first is known when it comes alone.
    assert answers[0].pop("status") == 201
    for body, answer in zip(bodies[1:], answers[1:], strict=True):
        alone = machine.request("POST", "/api/v1/pos-tickets", content=body)
        assert answer == alone.json() | {"status": alone.status_code}
    keys = shop.http.get("/jwks.json").json()
    verdict = verify_document(json.dumps(answers[0]).encode(), keys)
    assert (verdict.outcome, verdict.kind) == (Outcome.HOLDS, Kind.ANSWER), verdict


def test_the_limit_is_that_of_a_line_and_a_line_beyond_it_does_not_end_the_others(shop: Shop, machine: Api) -> None:
    empty = line(shop, 2, ticket={"pad": ""})
    fits = line(shop, 2, ticket={"pad": "x" * (65_536 - len(empty))})
    assert len(fits) == 65_536
    endless = [b"x" * 50_000] * 10

    answers = send(machine, iter([line(shop, 1), b"\n", fits, b"\n", fits, b" \n", *endless, b"\n", line(shop, 3)]))

    assert [answer["status"] for answer in answers] == [201, 201, 413, 413, 201]
    assert answers[2] == answers[3] == TOO_LARGE


def test_lines_may_be_cut_anywhere_on_their_way(shop: Shop, machine: Api) -> None:
    body = b"\n".join(line(shop, number) for number in range(20)) + b"\n"

    answers = send(machine, iter([body[at : at + 7] for at in range(0, len(body), 7)]))

    assert [answer["status"] for answer in answers] == [201] * 20


def test_a_body_beyond_the_limit_of_other_routes_is_taken(shop: Shop, machine: Api) -> None:
    padding = {"pad": "x" * 60_000}

    answers = send(machine, b"\n".join(line(shop, number, ticket=padding | {"n": number}) for number in range(40)))

    assert [answer["status"] for answer in answers] == [201] * 40


def test_nothing_sent_is_nothing_answered(machine: Api) -> None:
    assert send(machine, b"") == []


def test_who_may_not_post_is_refused_before_a_byte_is_read(shop: Shop, api: Api, base_url: str) -> None:
    host, _, port = base_url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as wire:
        wire.sendall(f"POST {PATH} HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        answer = wire.recv(65_536)

    cashier = shop.ana.login(shop.registers[0]).request("POST", PATH, content=line(shop, 1))
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert (cashier.status_code, cashier.json()) == (403, {"error": "Forbidden"})


class Wire:
    """A connection that sends a batch by hand."""

    def __init__(self, base_url: str, token: str) -> None:
        host, _, port = base_url.removeprefix("http://").partition(":")
        self.socket = socket.create_connection((host, int(port)), timeout=10)
        self.got = b""
        self.socket.sendall(
            f"POST {PATH} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
            "Transfer-Encoding: chunked\r\n\r\n".encode()
        )

    def send(self, data: bytes) -> None:
        self.socket.sendall(b"%x\r\n%s\r\n" % (len(data), data))

    def read_until(self, text: bytes) -> None:
        while text not in self.got:
            part = self.socket.recv(65_536)
            assert part, self.got
            self.got += part


def test_a_line_is_answered_while_the_next_is_not_yet_sent(shop: Shop, base_url: str) -> None:
    wire = Wire(base_url, shop.api_key)
    with wire.socket:
        for number in range(1, 4):
            wire.send(line(shop, number) + b"\n")
            wire.read_until(b'"ledger_hash":"LEDGER:POS:%08d"' % number)
        wire.socket.sendall(b"0\r\n\r\n")
        wire.read_until(b"\r\n0\r\n\r\n")

    assert wire.got.startswith(b"HTTP/1.1 200 ")


def test_who_breaks_off_has_recorded_whole_lines_only(
    shop: Shop, machine: Api, base_url: str, superuser_dsn: str
) -> None:
    wire = Wire(base_url, shop.api_key)
    whole, cut = line(shop, 1), line(shop, 2)
    with wire.socket:
        wire.send(whole + b"\n" + cut)
        wire.read_until(b"LEDGER:POS:00000001")

    time.sleep(0.2)
    assert positions(superuser_dsn, shop) == [1]
    again = send(machine, whole + b"\n" + cut)
    assert [answer["status"] for answer in again] == [200, 201]


def test_who_does_not_read_the_answers_is_not_read_from_and_costs_no_memory(
    shop: Shop, base_url: str, superuser_dsn: str
) -> None:
    """Back-pressure: far more is offered than the server and the sockets may hold."""
    wire = Wire(base_url, shop.api_key)
    refused = b"[]\n" * 20_000
    taken = 0
    with wire.socket:
        wire.socket.settimeout(2)
        try:
            while taken < 400:
                wire.send(refused)
                taken += 1
        except TimeoutError:
            pass

    assert taken < 400, "everything was taken although nothing was read"


def test_a_revoked_key_s_lines_are_refused(shop: Shop, machine: Api, superuser_dsn: str) -> None:
    admin = shop.elena.back_office()
    send(machine, line(shop, 1))
    key = admin.ok(admin.get("/v1/api-keys"))["items"][0]
    admin.delete(f"/v1/api-keys/{key['id']}")

    answer = machine.request("POST", PATH, content=line(shop, 2), headers={"Content-Type": "application/x-ndjson"})

    # A key is remembered for a few seconds, in which its lines are refused; after them the whole request is.
    told = json.loads(answer.content)
    assert (told["error"], told.get("status", answer.status_code)) == ("Unauthorized", 401)
    assert positions(superuser_dsn, shop) == [1]
