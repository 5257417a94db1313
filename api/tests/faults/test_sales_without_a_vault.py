"""A vault that cannot sign stops no sale: the ticket comes later, once, of the very bytes that were kept."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest

from tests.books import audited
from tests.faults.test_vault_signer import Device
from tests.machinery import served
from tests.relays import connected
from tests.selling import product, sell, sold
from tests.support import Api, Shop, Shops, fetch, open_drawer
from tests.vaultload import assert_sound, fsck
from tillvault import relaying
from tillvault.core.config import Settings
from tillvault.events.relay.domain import Envelope
from tillvault.main import create_app
from tillvault.vault.jwk import EvidenceKey


class Vault:
    """A process of its own on the common database, whose key can be unplugged."""

    def __init__(self, http: httpx.Client, device: Device) -> None:
        self.http = http
        self._device = device

    def is_plugged_in(self, is_so: bool) -> None:
        self._device.refuses = lambda _: not is_so


@pytest.fixture
def vault(settings: Settings) -> Generator[Vault]:
    app = create_app(settings)
    with served(settings, app) as url, httpx.Client(base_url=url, timeout=30) as http:
        key: EvidenceKey = app.state.signers.evidence
        device = Device(key.private)
        object.__setattr__(key, "private", device)
        yield Vault(http, device)


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make()


def deliver(settings: Settings, dsn: str, shop: Shop, *, times: int = 1) -> None:
    """Hand all events of the shop to those who subscribe in the product, as the relay would."""
    rows = fetch(
        dsn,
        "SELECT id, type, version, organisation_id, branch_id, key, occurred_at, data::text AS data FROM outbox_events"
        " WHERE organisation_id = $1 ORDER BY occurred_at, id",
        shop.id,
    )
    told = [Envelope(**dict(row)) for row in rows]

    async def run() -> None:
        async with connected(settings) as database, relaying._intake(database, settings) as intake:  # pyright: ignore[reportPrivateUsage]  # the relay's own
            for subscriber in relaying.subscribers(database, intake):
                wanted = [envelope for envelope in told if envelope.type in subscriber.types]
                assert wanted
                await asyncio.gather(*(subscriber.handle(shop.id, wanted) for _ in range(times)))

    asyncio.run(run())


def test_a_sale_goes_on_without_its_ticket_and_the_relay_brings_it_in_once(
    vault: Vault, shop: Shop, settings: Settings, superuser_dsn: str
) -> None:
    till = Api(vault.http, shop.ana.login(shop.registers[0]).token)
    open_drawer(till, {"EUR": 50})
    book = product(superuser_dsn, shop, price=1000)
    before = sold(till, [book], 10)

    vault.is_plugged_in(False)
    without = sold(till, [book], 20)
    back = till.ok(till.post(f"/v1/sales/{before['id']}/refunds", {"reason": "meanwhile"}), 201)
    books = audited(superuser_dsn, shop, are_tickets_in=False)
    vault.is_plugged_in(True)

    assert {str(one) for one in books.ticketed} == {before["id"]}
    for one in (without, back):
        assert (one["ledgerHash"], one["ticketId"], one["evidenceJws"]) == (None, None, None)
        assert len(one["ticketSha256"]) == 64
        assert till.ok(till.get(f"/v1/sales/{one['id']}")) == one
    deliver(settings, superuser_dsn, shop, times=3)
    deliver(settings, superuser_dsn, shop)
    healed = [till.ok(till.get(f"/v1/sales/{one['id']}")) for one in (without, back)]
    assert {one["ledgerHash"] for one in healed} == {"LEDGER:POS:00000002", "LEDGER:POS:00000003"}
    for one, was in zip(healed, (without, back), strict=True):
        late = {"ledgerHash", "ticketId", "evidenceJws"}
        assert {name: value for name, value in one.items() if name not in late} == {
            name: value for name, value in was.items() if name not in late
        }
    audited(superuser_dsn, shop)
    assert_sound(superuser_dsn, shop, 3)
    assert fsck(settings, shop).holds


def test_whoever_repeats_a_sale_brings_its_ticket_in_before_the_relay_does(
    vault: Vault, shop: Shop, settings: Settings, superuser_dsn: str
) -> None:
    till = Api(vault.http, shop.ana.login(shop.registers[0]).token)
    open_drawer(till, {"EUR": 50})
    book = product(superuser_dsn, shop, price=1000)
    mine: dict[str, Any] = {"id": str(UUID(int=11))}

    vault.is_plugged_in(False)
    first = sell(till, [book], 10, **mine)
    still = sell(till, [book], 10, **mine)
    vault.is_plugged_in(True)
    then = sell(till, [book], 10, **mine)
    deliver(settings, superuser_dsn, shop)

    assert [answer.status_code for answer in (first, still, then)] == [201, 200, 200]
    assert first.content == still.content
    assert [answer.json()["data"]["ledgerHash"] for answer in (first, then)] == [None, "LEDGER:POS:00000001"]
    audited(superuser_dsn, shop)
    assert_sound(superuser_dsn, shop, 1)


def test_a_ticket_says_what_the_sale_says(shop: Shop, superuser_dsn: str) -> None:
    till = shop.ana.login(shop.registers[0])
    open_drawer(till, {"EUR": 50})
    book = product(superuser_dsn, shop, price=1000, unit="KILOGRAM", eee_category="EEE-2", weight_grams=900)
    sale = sold(
        till,
        [{"productId": book, "quantity": 1.234, "discount": {"amount": 0.34}}],
        [{"method": "CARD", "amount": 2, "reference": "4711"}, {"method": "CASH", "amount": 20}],
        donation=1,
        note="a note",
    )
    refund = till.ok(till.post(f"/v1/sales/{sale['id']}/refunds", {"reason": "broken"}), 201)

    for told in (sale, refund):
        (row,) = fetch(
            superuser_dsn,
            "SELECT raw, source_id, pos_session, ledger_hash, sha256 FROM vault_tickets"
            " WHERE organisation_id = $1 AND source_id = $2",
            shop.id,
            told["id"],
        )
        body = orjson.loads(row["raw"])
        ticket = body["ticket"]
        assert (row["ledger_hash"], row["sha256"].hex()) == (told["ledgerHash"], told["ticketSha256"])
        assert (row["pos_session"], body["source_system"]) == (told["sessionId"], "tillvault")
        assert body["source_model"] == ("tillvault.sale" if told is sale else "tillvault.refund")
        assert (body["tenant"], body["cashier"], body["location"]) == (shop.slug, "Ana", told["branchName"])
        assert (body["currency"], body["total_incl_tax"]) == (told["currency"], told["goods"])
        assert body["total_excl_tax"] == round(told["goods"] - told["tax"], 2)
        for name in ("kind", "discount", "tax", "goods", "donation", "total", "note"):
            assert ticket[name] == told[name], name
        assert (ticket["receipt_number"], ticket["refunded_sale"]) == (told["receiptNumber"], told["refundedSaleId"])
        assert ticket["occurred_at"] == told["occurredAt"]
        assert [
            (line["product"], line["quantity"], line["unit_price"], line["discount"], line["total"], line["tax"])
            for line in ticket["lines"]
        ] == [
            (line["name"], line["quantity"], line["unitPrice"], line["discount"], line["total"], line["tax"])
            for line in told["lines"]
        ]
        assert [(one["flow"], one["method"], one["amount"], one["reference"]) for one in ticket["payments"]] == [
            (one["flow"], one["method"], one["amount"], one["reference"]) for one in told["payments"]
        ]
