"""Every vector of the canonical form, through HTTP: what is hashed, and which status refuses the rest."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support import Api, Shop, Shops, fetch

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "vectors" / "canonical.json").read_text())


@pytest.fixture(scope="module")
def shop(shops: Shops) -> Shop:
    return shops.make()


def post(shop: Shop, name: str, ticket_json: str) -> Any:
    head = {"tenant": shop.slug, "source_model": "pos.order", "source_id": name}
    body = json.dumps(head)[:-1] + ', "ticket": ' + ticket_json + "}"
    return Api(shop.http, shop.api_key).request(
        "POST", "/api/v1/pos-tickets", content=body.encode("utf-8", "surrogatepass")
    )


@pytest.mark.parametrize("vector", VECTORS["accepted"], ids=lambda vector: vector["name"])
def test_an_accepted_ticket_is_hashed_in_its_canonical_form(shop: Shop, vector: dict[str, Any]) -> None:
    answer = post(shop, vector["name"], vector["ticket_json"])

    assert answer.status_code == 201, answer.text
    name = json.dumps(vector["name"], ensure_ascii=False)
    preimage = f'{{"source_id":{name},"ticket":{vector["canonical"]}}}'.encode()
    assert answer.json()["sha256_hex"] == hashlib.sha256(preimage).hexdigest()
    assert hashlib.sha256(vector["canonical"].encode()).hexdigest() == vector["sha256"]


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda vector: vector["name"])
def test_a_refused_ticket_gets_its_status_and_leaves_nothing(
    shop: Shop, superuser_dsn: str, vector: dict[str, Any]
) -> None:
    before = fetch(superuser_dsn, "SELECT count(*) FROM vault_tickets WHERE organisation_id = $1", shop.id)

    answer = post(shop, vector["name"], vector["ticket_json"])

    after = fetch(superuser_dsn, "SELECT count(*) FROM vault_tickets WHERE organisation_id = $1", shop.id)
    assert answer.status_code == vector["status"], answer.text
    assert before == after
