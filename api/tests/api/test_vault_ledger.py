"""GET /api/v1/ledger/{tenant}/… and the list of tickets: everything served is checked by a second path."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support import Api, Shop, Shops, fetch, race, statuses
from tillvault.vault import jwk, leaves, merkle, notes, tiles
from tillvault.vault.verify import Kind, Outcome, verify_document

TICKETS = "/api/v1/pos-tickets"
SIZE = 600
"""Two complete tiles and a partial one."""


def ticket(shop: Shop, number: int, **changes: Any) -> dict[str, Any]:
    body = {
        "tenant": shop.slug,
        "source_model": "pos.order",
        "source_id": f"POS/{number}",
        "pos_session": f"SESSION/{number % 3}",
        "ticket": {"lines": [{"product": "Crêpe", "price": 3.50}], "n": number},
    }
    return {**body, **changes}


@pytest.fixture(scope="module")
def shop(shops: Shops) -> Shop:
    """Its ledger has SIZE tickets."""
    shop = shops.make()
    machine = Api(shop.http, shop.api_key)

    def post(start: int) -> httpx.Response:
        answers = [machine.post(TICKETS, ticket(shop, number)) for number in range(start, SIZE, 20)]
        assert statuses(answers) == {201: SIZE // 20}
        return answers[-1]

    race([lambda start=start: post(start) for start in range(20)])
    return shop


@pytest.fixture
def machine(shop: Shop) -> Api:
    return Api(shop.http, shop.api_key)


@pytest.fixture
def ledger(shop: Shop) -> str:
    return f"/api/v1/ledger/{shop.slug}"


@pytest.fixture
def keys(shop: Shop) -> dict[str, Any]:
    return shop.http.get("/jwks.json").json()


@pytest.fixture
def hashes(shop: Shop, superuser_dsn: str) -> list[bytes]:
    """The leaf hashes, computed anew from what the database holds."""
    rows = fetch(superuser_dsn, "SELECT leaf FROM vault_leaves WHERE organisation_id = $1 ORDER BY index", shop.id)
    return [merkle.hash_leaf(row["leaf"].encode()) for row in rows]


def test_the_checkpoint_is_the_signed_root_of_all_leaves(
    machine: Api, ledger: str, keys: dict[str, Any], hashes: list[bytes]
) -> None:
    answer = machine.get(f"{ledger}/checkpoint")

    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    checkpoint = notes.verify_checkpoint(answer.text, jwk.parse_jwks(keys).notes.values())
    assert (checkpoint.size, checkpoint.root) == (len(hashes), merkle.root_of_leaves(hashes))


def test_the_checkpoint_is_served_as_a_jws_to_whom_asks_for_one(
    machine: Api, ledger: str, keys: dict[str, Any], hashes: list[bytes]
) -> None:
    asked = [
        machine.get(f"{ledger}/checkpoint", headers={"Accept": "application/jose"}),
        machine.get(f"{ledger}/checkpoint?format=jws"),
    ]

    for answer in asked:
        assert answer.headers["content-type"] == "application/jose"
        verdict = verify_document(answer.content, keys)
        assert (verdict.outcome, verdict.kind) == (Outcome.HOLDS, Kind.CHECKPOINT), verdict
        assert verdict.facts["root"] == merkle.root_of_leaves(hashes).hex()
    plain = machine.get(f"{ledger}/checkpoint?format=note", headers={"Accept": "application/jose"})
    assert plain.headers["content-type"] == "text/plain; charset=utf-8"


def test_the_vkey_verifies_the_checkpoint(machine: Api, ledger: str) -> None:
    name, public = notes.parse_vkey(machine.get(f"{ledger}/vkey").text)
    note = machine.get(f"{ledger}/checkpoint").text

    assert notes.verify_note(note, name, [public])


@pytest.mark.parametrize(
    ("old", "new"), [(1, 2), (1, SIZE), (255, 257), (256, 512), (300, SIZE), (511, 599), (SIZE, SIZE)]
)
def test_consistency_between_two_sizes_is_proven(
    machine: Api, ledger: str, hashes: list[bytes], old: int, new: int
) -> None:
    answer = machine.get(f"{ledger}/consistency", params={"from": old, "to": new}).json()

    assert (answer["from"], answer["to"]) == (old, new)
    merkle.verify_consistency(
        old_size=old,
        new_size=new,
        old_root=merkle.root_of_leaves(hashes[:old]),
        new_root=merkle.root_of_leaves(hashes[:new]),
        proof=[bytes.fromhex(value) for value in answer["hashes"]],
    )


@pytest.mark.parametrize(
    "params",
    [{"from": 0, "to": 1}, {"from": 2, "to": 1}, {"from": 1, "to": 10**9}, {"from": 1}, {"from": "a", "to": 1}],
)
def test_sizes_that_cannot_be_compared_are_refused(machine: Api, ledger: str, params: dict[str, Any]) -> None:
    answer = machine.get(f"{ledger}/consistency", params=params)

    assert answer.status_code == 400
    assert answer.json()["error"] == "The request is not valid."


def test_entries_are_the_leaves_in_order(machine: Api, ledger: str, hashes: list[bytes]) -> None:
    first = machine.get(f"{ledger}/entries", params={"from": 0, "limit": 250}).json()
    rest = machine.get(f"{ledger}/entries", params={"from": 250}).json()
    beyond = machine.get(f"{ledger}/entries", params={"from": 10**6}).json()

    shown = first["entries"] + rest["entries"]
    assert (first["from"], len(first["entries"]), rest["from"]) == (0, 250, 250)
    assert [entry["index"] for entry in shown] == list(range(len(hashes)))
    assert [merkle.hash_leaf(entry["leaf"].encode()) for entry in shown] == hashes
    assert beyond == {"from": 10**6, "entries": []}
    assert machine.get(f"{ledger}/entries?limit=1001").status_code == 400


def served_tiles(machine: Api, ledger: str, size: int) -> Iterator[tuple[tiles.Tile, bytes]]:
    """Every tile of a tree of `size`, as a mirror would fetch them."""
    for level in (0, 1, None):
        index = 0
        while width := tiles.width_at(level or 0, index, size):
            tile = tiles.Tile(level, index, width)
            answer = machine.get(f"{ledger}/{tiles.path_of(tile)}")
            assert answer.status_code == 200, (tile, answer.text)
            assert answer.headers["content-type"] == "application/octet-stream"
            yield tile, answer.content
            index += 1


def test_a_mirror_of_the_tiles_leads_to_the_root(machine: Api, ledger: str, hashes: list[bytes]) -> None:
    mirror = dict(served_tiles(machine, ledger, len(hashes)))

    stored = {(tile.level, tile.index): data for tile, data in mirror.items()}
    edge = merkle.edge_at(len(hashes), tiles.hashes_of(lambda level, index: stored[level, index]))
    bundled = [entry for index in range(3) for entry in tiles.parse_bundle(stored[None, index])]
    assert len(mirror) == 7
    assert merkle.root_of(edge) == merkle.root_of_leaves(hashes)
    assert [merkle.hash_leaf(entry) for entry in bundled] == hashes


def test_a_part_of_a_tile_that_has_grown_is_still_served(machine: Api, ledger: str, hashes: list[bytes]) -> None:
    assert machine.get(f"{ledger}/tile/0/000.p/7").content == b"".join(hashes[:7])
    assert machine.get(f"{ledger}/tile/0/002.p/1").content == hashes[512]
    assert len(tiles.parse_bundle(machine.get(f"{ledger}/tile/entries/000.p/3").content)) == 3


@pytest.mark.parametrize(
    "path",
    [
        "0/002",
        "0/002.p/89",
        "0/003.p/1",
        "1/000",
        "2/000.p/1",
        "63/000",
        "64/000",
        "0/0",
        "0/x000/000",
        "entries/002",
        "0/000.p/0",
        "0/000.p/256",
        "entries/x999/x999/x999/x999/x999/x999/999",
        "x",
        "../checkpoint",
    ],
)
def test_a_tile_that_is_none_is_not_found(machine: Api, ledger: str, path: str) -> None:
    answer = machine.get(f"{ledger}/tile/{path.replace('..', '%2E%2E')}")

    assert (answer.status_code, answer.json()) == (404, {"error": "Not found"})


def test_the_export_verifies_offline_and_one_flipped_byte_does_not(
    machine: Api, ledger: str, keys: dict[str, Any], hashes: list[bytes]
) -> None:
    answer = machine.get(f"{ledger}/export")
    broken = bytearray(answer.content)
    broken[len(broken) // 2] ^= 1

    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.content.count(b"\n") == len(hashes) + 1
    verdict = verify_document(io.BytesIO(answer.content), keys)
    assert (verdict.outcome, verdict.kind) == (Outcome.HOLDS, Kind.EXPORT), verdict
    assert verdict.facts["size"] == len(hashes)
    assert verify_document(bytes(broken), keys).outcome is Outcome.BROKEN


def test_tickets_are_listed_newest_first_page_by_page(shop: Shop, machine: Api) -> None:
    seen: list[dict[str, Any]] = []
    cursor: str | None = None
    while cursor is not None or not seen:
        page = machine.get(TICKETS, params={"limit": 130} | ({"cursor": cursor} if cursor else {})).json()
        seen += page["items"]
        cursor = page["next_cursor"]

    assert len({item["id"] for item in seen}) == len(seen) == SIZE
    assert [item["created_at"] for item in seen] == sorted((item["created_at"] for item in seen), reverse=True)
    assert seen[0] == machine.get(f"{TICKETS}/{seen[0]['id']}").json()


def test_tickets_are_found_by_source_session_and_time(shop: Shop, machine: Api) -> None:
    def found(**params: Any) -> list[str]:
        answer = machine.get(TICKETS, params={"limit": 200} | params)
        assert answer.status_code == 200, answer.text
        return [item["metadata"]["source_id"] for item in answer.json()["items"]]

    one = machine.get(TICKETS, params={"source_id": "POS/7"}).json()["items"][0]

    assert found(source_id="POS/7") == ["POS/7"]
    assert found(source_id="POS/7", pos_session="SESSION/1") == ["POS/7"]
    assert found(source_id="POS/7", pos_session="SESSION/2") == []
    assert len(found(pos_session="SESSION/0")) == 200
    assert "POS/7" in found(**{"from": one["created_at"], "source_id": "POS/7"})
    assert found(to=one["created_at"], source_id="POS/7") == []
    assert machine.get(TICKETS, params={"cursor": "nonsense"}).status_code == 400
    assert machine.get(TICKETS, params={"from": "2026-01-01T00:00:00"}).status_code == 400
    assert b"salt" not in machine.get(TICKETS).content


def test_a_ledger_is_shown_to_its_own_tenant_alone(shop: Shop, shops: Shops, api: Api, ledger: str) -> None:
    other = shops.make()
    stranger = Api(other.http, other.api_key)
    cashier = shop.ana.login(shop.registers[0])

    for path in ("checkpoint", "vkey", "consistency?from=1&to=2", "entries", "tile/0/000", "export"):
        for answer in (stranger.get(f"{ledger}/{path}"), cashier.get(f"{ledger}/{path}")):
            assert (answer.status_code, answer.json()) == (403, {"error": "Forbidden"})
        unknown = stranger.get(f"/api/v1/ledger/nobody/{path}")
        assert (unknown.status_code, unknown.json()) == (403, {"error": "Forbidden"})
        nobody = api.get(f"{ledger}/{path}")
        assert (nobody.status_code, nobody.json()) == (401, {"error": "Unauthorized"})


def test_an_empty_ledger_has_a_key_and_no_head(shops: Shops) -> None:
    shop = shops.make()
    machine = Api(shop.http, shop.api_key)
    ledger = f"/api/v1/ledger/{shop.slug}"

    assert machine.get(f"{ledger}/checkpoint").status_code == 404
    assert machine.get(f"{ledger}/export").status_code == 404
    assert machine.get(f"{ledger}/tile/0/000.p/1").status_code == 404
    assert machine.get(f"{ledger}/entries").json() == {"from": 0, "entries": []}
    assert machine.get(f"{ledger}/vkey").status_code == 200
    assert machine.get(TICKETS).json() == {"items": [], "next_cursor": None}


def test_a_known_ticket_does_not_grow_the_ledger_and_stays_proven(
    shop: Shop, machine: Api, keys: dict[str, Any]
) -> None:
    ledger = f"/api/v1/ledger/{shop.slug}"
    known = jwk.parse_jwks(keys).notes.values()
    before = notes.verify_checkpoint(machine.get(f"{ledger}/checkpoint").text, known)
    entry = json.loads(machine.get(f"{ledger}/entries?from=3&limit=1").json()["entries"][0]["leaf"])
    again = machine.get(f"{TICKETS}/{entry['document_id']}/proof")
    other = Api(shop.http, shop.api_key).post(TICKETS, ticket(shop, 3, cashier="somebody else"))
    after = notes.verify_checkpoint(machine.get(f"{ledger}/checkpoint").text, known)

    assert other.status_code == 200
    assert before == after
    assert verify_document(again.content, keys).outcome is Outcome.HOLDS
    assert leaves.parse_leaf(json.loads(again.content)["leaf"]).index == 3
