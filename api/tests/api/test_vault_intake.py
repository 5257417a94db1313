"""POST /api/v1/pos-tickets, and reading and proving what was recorded (pos-tickets-api.md, vault.md)."""

from __future__ import annotations

import io
import json
from typing import Any

import httpx
import pytest

from tests.support import Api, Shop, Shops, fetch, race, statuses
from tillvault.vault import leaves, merkle
from tillvault.vault.verify import Outcome, verify_document

PATH = "/api/v1/pos-tickets"


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make()


@pytest.fixture
def machine(shop: Shop) -> Api:
    return Api(shop.http, shop.api_key)


def ticket(shop: Shop, **changes: Any) -> dict[str, Any]:
    body = {
        "tenant": shop.slug,
        "source_model": "pos.order",
        "source_id": "POS/2025/0001",
        "currency": "EUR",
        "total_incl_tax": 12.50,
        "pos_session": "SESSION/2025/01/14-01",
        "cashier": "Verena",
        "ticket": {"lines": [{"product": "Crêpe Manioc Sucre", "quantity": 2, "unit_price": 3.50}]},
    }
    return {**body, **changes}


def verified(shop: Shop, machine: Api, document_id: str) -> Any:
    keys = shop.http.get("/jwks.json").json()
    proof = machine.get(f"{PATH}/{document_id}/proof")
    assert proof.status_code == 200, proof.text
    return verify_document(io.BytesIO(proof.content), keys)


def test_a_ticket_is_recorded_found_again_and_proven(shop: Shop, machine: Api) -> None:
    first = machine.post(PATH, ticket(shop))
    again = machine.post(PATH, ticket(shop, cashier="Marie", total_incl_tax=12.5))

    assert first.status_code == 201
    assert first.json()["tenant"] == shop.slug
    assert first.json()["ledger_hash"] == "LEDGER:POS:00000001"
    assert again.status_code == 200
    assert again.json() == {**first.json(), "metadata_mismatch": ["cashier"]}
    assert verified(shop, machine, first.json()["id"]).outcome is Outcome.HOLDS


def test_the_contract_s_own_example_has_its_known_hash(shop: Shop, machine: Api) -> None:
    answer = machine.post(
        PATH,
        ticket(shop, source_id="POS/001", pos_session="SESSION/001", ticket={"b": 2, "a": 1, "c": None}),
    )
    again = machine.post(PATH, ticket(shop, source_id="POS/001", pos_session="SESSION/001", ticket={"a": 1, "b": 2.0}))

    assert answer.json()["sha256_hex"] == "32d1abe432473b7957c538399a35bbc01de435dd59f2582dc09adb3261b8e860"
    assert again.status_code == 200
    assert again.json()["id"] == answer.json()["id"]


def test_a_hundred_equal_posts_make_one_document(shop: Shop, machine: Api, superuser_dsn: str) -> None:
    answers = race([lambda: machine.post(PATH, ticket(shop))] * 100)

    assert statuses(answers) == {201: 1, 200: 99}
    assert len({answer.content for answer in answers}) == 1
    assert len(fetch(superuser_dsn, "SELECT FROM vault_leaves WHERE organisation_id = $1", shop.id)) == 1


def test_the_ledger_is_gapless_chained_and_its_tiles_are_those_of_the_tree(
    shop: Shop, machine: Api, superuser_dsn: str
) -> None:
    answers = race([lambda n=n: _post_many(machine, shop, n) for n in range(10)])
    rows = fetch(
        superuser_dsn, "SELECT leaf, leaf_hash FROM vault_leaves WHERE organisation_id = $1 ORDER BY index", shop.id
    )
    tiles = fetch(
        superuser_dsn, "SELECT level, index, hashes, root FROM vault_tiles WHERE organisation_id = $1", shop.id
    )
    head = fetch(superuser_dsn, "SELECT size, frontier FROM vault_logs WHERE organisation_id = $1", shop.id)[0]

    assert statuses(answers) == {201: 10}
    hashes = [row["leaf_hash"] for row in rows]
    parsed = [leaves.parse_leaf(row["leaf"]) for row in rows]
    assert [leaf.stream_seq for leaf in parsed] == list(range(1, 601))
    assert [leaf.prev for leaf in parsed[1:]] == [value.hex() for value in hashes[:-1]]
    assert [merkle.hash_leaf(row["leaf"].encode()) for row in rows] == hashes
    assert {(tile["level"], tile["index"]) for tile in tiles} == {(0, 0), (0, 1)}
    for tile in tiles:
        own = hashes[tile["index"] * 256 : (tile["index"] + 1) * 256]
        assert tile["hashes"] == b"".join(own)
        assert tile["root"] == merkle.root_of_leaves(own)
    edge = merkle.Edge.unpack(head["size"], head["frontier"])
    assert merkle.root_of(edge) == merkle.root_of_leaves(hashes)
    assert verified(shop, machine, parsed[5].document_id).outcome is Outcome.HOLDS
    assert verified(shop, machine, parsed[599].document_id).outcome is Outcome.HOLDS


def _post_many(machine: Api, shop: Shop, number: int) -> httpx.Response:
    answer = None
    for at in range(60):
        answer = machine.post(PATH, ticket(shop, source_id=f"POS/{number}/{at}"))
        assert answer.status_code == 201, answer.text
    assert answer is not None
    return answer


def test_the_same_ticket_of_two_tenants_makes_two_documents(shops: Shops) -> None:
    one, other = shops.make(), shops.make()
    answers = [Api(shop.http, shop.api_key).post(PATH, ticket(shop)) for shop in (one, other)]

    assert statuses(answers) == {201: 2}
    assert answers[0].json()["sha256_hex"] == answers[1].json()["sha256_hex"]
    assert answers[0].json()["id"] != answers[1].json()["id"]
    assert Api(other.http, other.api_key).get(f"{PATH}/{answers[0].json()['id']}").status_code == 404


@pytest.mark.parametrize(
    ("changes", "status", "body"),
    [
        ({"tenant": None}, 400, {"error": "Missing required field: tenant"}),
        ({"source_model": ""}, 400, {"error": "Missing required field: source_model"}),
        ({"ticket": None}, 400, {"error": "Missing required field: ticket"}),
        ({"ticket": []}, 422, {"error": "validation_error", "message": "ticket must be an object"}),
        ({"cashier": 7}, 422, {"error": "validation_error", "message": "cashier must be text"}),
        ({"tenant": "somebody-else"}, 403, {"error": "Forbidden"}),
    ],
)
def test_refusals_are_those_of_the_contract(
    shop: Shop, machine: Api, changes: dict[str, Any], status: int, body: dict[str, Any]
) -> None:
    answer = machine.post(PATH, ticket(shop, **changes))

    assert (answer.status_code, answer.json()) == (status, body)


def test_a_body_that_is_no_strict_json_is_refused(machine: Api) -> None:
    for raw in (b"", b"[]", b'{"a":1,"a":2}', b"\xff", b'{"a":NaN}', b'{"a":1} x'):
        answer = machine.request("POST", PATH, content=raw)

        assert answer.status_code == 400
        assert answer.json()["error"] == "Invalid JSON payload"


@pytest.mark.parametrize("depth", [65, 300, 20_000])
def test_a_ticket_that_is_nested_too_deeply_is_422(shop: Shop, machine: Api, depth: int) -> None:
    body = json.dumps(ticket(shop, ticket={"deep": "here"})).replace('"here"', "[" * depth + "]" * depth)
    answer = machine.request("POST", PATH, content=body.encode())

    assert answer.status_code == 422, answer.text
    assert answer.json()["error"] == "validation_error"


def test_65536_bytes_pass_and_one_more_is_too_large(shop: Shop, machine: Api) -> None:
    body = json.dumps(ticket(shop, ticket={"pad": ""})).encode()
    fits = body.replace(b'"pad": ""', b'"pad": "' + b"x" * (65_536 - len(body)) + b'"')

    assert machine.request("POST", PATH, content=fits).status_code == 201
    refused = machine.request("POST", PATH, content=fits + b" ")
    assert (refused.status_code, refused.json()) == (413, {"error": "Payload too large", "max_size_bytes": 65_536})
    streamed = machine.request("POST", PATH, content=iter([fits, b" "]))
    assert (streamed.status_code, streamed.json()) == (413, {"error": "Payload too large", "max_size_bytes": 65_536})


def test_who_may_post(shop: Shop, api: Api) -> None:
    unknown = api.post(PATH, ticket(shop))
    forged = Api(shop.http, "tv_nothing").post(PATH, ticket(shop))
    cashier = shop.ana.login(shop.registers[0]).post(PATH, ticket(shop))
    admin = shop.elena.back_office().post(PATH, ticket(shop))

    assert (unknown.status_code, unknown.json()) == (401, {"error": "Unauthorized"})
    assert (forged.status_code, forged.json()) == (401, {"error": "Unauthorized"})
    assert (cashier.status_code, cashier.json()) == (403, {"error": "Forbidden"})
    assert admin.status_code == 201


def test_a_revoked_key_is_refused_at_once(shop: Shop, machine: Api) -> None:
    admin = shop.elena.back_office()
    recorded = machine.post(PATH, ticket(shop))
    key = admin.ok(admin.get("/v1/api-keys"))["items"][0]
    admin.delete(f"/v1/api-keys/{key['id']}")

    answer = machine.post(PATH, ticket(shop, source_id="POS/2"))

    assert recorded.status_code == 201
    assert answer.status_code == 401


def test_the_raw_body_is_kept_byte_for_byte(shop: Shop, machine: Api) -> None:
    raw = json.dumps(ticket(shop), indent=3, ensure_ascii=True).encode()
    recorded = machine.request("POST", PATH, content=raw)

    assert recorded.status_code == 201
    assert machine.get(f"{PATH}/{recorded.json()['id']}/raw").content == raw


def test_what_is_recorded_is_told_and_a_conflict_too(shop: Shop, machine: Api, superuser_dsn: str) -> None:
    first = machine.post(PATH, ticket(shop)).json()
    second = machine.post(PATH, ticket(shop, ticket={"other": 1})).json()
    machine.post(PATH, ticket(shop, location="elsewhere"))

    told = fetch(superuser_dsn, "SELECT type, data FROM outbox_events WHERE organisation_id = $1 ORDER BY id", shop.id)
    assert [(row["type"], json.loads(row["data"])["documentId"]) for row in told] == [
        ("vault.ticket_recorded", first["id"]),
        ("vault.ticket_recorded", second["id"]),
        ("vault.source_conflict", second["id"]),
        ("vault.source_conflict", first["id"]),
    ]
    assert json.loads(told[3]["data"])["mismatch"] == ["location"]
