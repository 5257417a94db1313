"""The vault at the desk: what another till software has sent is found, read to the letter and proven."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.desk import Desk
from tests.support import Shop, Shops

OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def shop(shops: Shops) -> Shop:
    return shops.make()


def test_a_ticket_of_another_till_is_found_by_its_number_and_proven(shop: Shop, new_page: OpenPage) -> None:
    admin = shop.elena.back_office()
    key = admin.ok(admin.post("/v1/api-keys", {"name": "Odoo", "scopes": ["tickets:write"]}), 201)["key"]
    sent = [
        admin.http.post(
            "/api/v1/pos-tickets",
            content=f'{{"tenant":"{shop.slug}","source_model":"pos.order","source_id":"POS/2026/{number}",'
            f'"pos_session":"S/1","cashier":"Zoé","ticket":{{"total": 10.50, "number": {number}}}}}'.encode(),
            headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
        ).json()
        for number in range(3)
    ]
    assert [one.get("tenant") for one in sent] == [shop.slug] * 3, sent
    desk = Desk(new_page(), shop.marta)
    desk.go("vault", "Vault")
    expect(desk.page.get_by_role("table").get_by_role("row")).to_have_count(4)

    desk.page.get_by_label("Number at its till").fill("POS/2026/1")
    expect(desk.page.get_by_role("table").get_by_role("row")).to_have_count(2)
    desk.page.get_by_role("link", name="POS/2026/1", exact=True).click()

    expect(desk.page.get_by_test_id("raw")).to_contain_text('"ticket":{"total": 10.50, "number": 1}')
    expect(desk.page.get_by_text(sent[1]["ledger_hash"])).to_be_visible()
    desk.button("Prove it").click()
    expect(desk.page.get_by_test_id("verdict")).to_contain_text("This browser has checked it")
    assert desk.page.get_by_label("Broken").count() == 0
    with desk.page.expect_download() as saved:
        desk.button("Save the proof").click()
    assert saved.value.suggested_filename == "proof-POS-2026-1.json"
