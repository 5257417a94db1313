"""What an admin sets at the desk instead of in the database: the organisation, its places, rounding, webhooks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.counter import token_of
from tests.browser.desk import Desk
from tests.browser.people import Till
from tests.machinery import served, until
from tests.relays import Receiver, forget_the_rest, receiving, relay
from tests.selling import sold
from tests.support import Api, Shop, Shops, open_drawer
from tillvault.core import secrets
from tillvault.core.config import Settings

OpenPage = Callable[..., Page]


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make()


def test_the_organisation_is_named_at_the_desk_and_its_receipts_say_so(shop: Shop, new_page: OpenPage) -> None:
    admin = shop.elena.back_office()
    lamp = admin.ok(admin.post("/v1/catalogue/products", {"name": "Lamp", "price": 12.5, "taxRate": 20}), 201)["id"]
    till = shop.ana.login(shop.registers[0])
    open_drawer(till)
    sale = sold(till, [lamp], [{"method": "CARD", "amount": 12.5}])
    desk = Desk(new_page(), shop.elena)

    desk.page.get_by_role("link", name="Settings", exact=True).click()
    expect(desk.page.get_by_text(shop.slug)).to_be_visible()
    desk.page.get_by_label("Name of the organisation").fill("Café Ñandú")
    desk.page.get_by_label("Lines on every receipt").fill("Ñandú SARL\nSIRET 123 456 789")
    desk.button("Save").click()
    expect(desk.page.get_by_role("status")).to_have_text("Saved.")

    told = admin.ok(admin.get("/v1/organisation"))
    assert (told["name"], told["legalIdentity"]) == ("Café Ñandú", "Ñandú SARL\nSIRET 123 456 789")
    receipt = till.get(f"/v1/sales/{sale['id']}/receipt?format=html").text
    assert receipt.index("Café Ñandú") < receipt.index("Ñandú SARL") < receipt.index("SIRET 123 456 789")
    desk.page.reload()
    expect(desk.page.get_by_label("Name of the organisation")).to_have_value("Café Ñandú")


def test_codes_emission_points_reasons_and_rounding_are_set_at_the_desk(
    shops: Shops, new_page: OpenPage, till_of: Callable[..., Till]
) -> None:
    shop = shops.make(currencies=("EUR", "CHF"))
    code = f"NEW-{shop.slug.upper()}"[:32]
    desk = Desk(new_page(), shop.elena)
    desk.go("places", "Branches and registers")

    desk.button("Edit Branch 0").click()
    desk.dialog.get_by_label("Store code").fill(code.lower())
    desk.in_dialog("Save").click()
    expect(desk.page.get_by_role("table", name="Branches")).to_contain_text(code)
    desk.button("Edit Caja 1").click()
    desk.dialog.get_by_label("Emission point").fill("A-17")
    desk.in_dialog("Save").click()
    expect(desk.page.get_by_role("table", name="Registers")).to_contain_text("A-17")
    desk.button("New register").click()
    desk.dialog.get_by_label("Name", exact=True).fill("Caja Z")
    desk.dialog.get_by_label("Emission point").fill("Z-1")
    desk.in_dialog("Save").click()
    expect(desk.page.get_by_role("table", name="Registers")).to_contain_text("Z-1")
    desk.page.get_by_role("link", name="Policies").click()
    reasons = desk.page.get_by_role("region", name="Reasons offered at the till")
    reasons.get_by_label("Cash in").fill("Window cleaner\nStamps")
    rounding = desk.page.get_by_role("region", name="Rounding of cash")
    rounding.get_by_role("textbox", name="CHF", exact=True).fill("0.05")
    rounding.get_by_role("combobox", name="CHF: how").click()
    desk.page.get_by_role("option", name="Down").click()
    desk.button("Save").click()
    expect(desk.page.get_by_role("combobox", name="CHF: how")).to_have_value("Down")

    admin, branch = shop.elena.back_office(), shop.branches[0].id
    path = f"/v1/branches/{branch}"

    def rules() -> Any:
        return admin.ok(admin.get(f"{path}/policies"))["cashRounding"]

    until(lambda: "CHF" in rules(), what="the change of the policies")
    assert rules() == {"CHF": {"step": 0.05, "mode": "DOWN"}, "KHR": {"step": 100, "mode": "NEAREST"}}
    told = admin.ok(admin.get(f"{path}/policies"))["cashMovementReasons"]
    assert told == {"PAID_IN": ["Window cleaner", "Stamps"]}
    assert admin.ok(admin.get(path))["code"] == code
    registers = admin.ok(admin.get("/v1/registers"))["items"]
    assert {one["name"]: one["emissionPoint"] for one in registers} == {
        "Caja 1": "A-17",
        "Caja 2": "002",
        "Caja 3": "003",
        "Caja Z": "Z-1",
    }
    shop.branches[0].code = code
    till = till_of(shop)
    till.log_in(shop.ana)
    open_drawer(Api(shop.http, token_of(till.page)), {"EUR": 50})
    till.page.goto("/till/movement")
    till.page.get_by_text("Stamps", exact=True).click()
    expect(till.page.get_by_label("Reason", exact=True)).to_have_value("Stamps")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def lenient(settings: Settings, shop: Shop, superuser_dsn: str) -> Iterator[str]:
    """An installation that may deliver to this machine, with its relay; gives its address."""
    allowing = settings.model_copy(update={"webhooks_allow_private_targets": True, "webhook_timeout_seconds": 10.0})
    # In a thread of its own: Playwright's loop holds this one.
    with ThreadPoolExecutor(1) as beside:
        beside.submit(forget_the_rest, superuser_dsn, shop.id).result()
    with served(allowing) as url, relay(allowing, timeout_seconds=10, secret=secrets.webhook_secret(allowing)):
        yield url


def test_a_webhook_is_tested_replayed_and_changed_at_the_desk(
    shop: Shop, chromium: Browser, lenient: str, receiver: Receiver
) -> None:
    context = chromium.new_context(base_url=lenient, locale="en", reduced_motion="reduce")
    context.set_default_timeout(15_000)
    try:
        with httpx.Client(base_url=lenient) as client:
            _walk(Desk(context.new_page(), shop.elena), shop, client, receiver)
    finally:
        context.close()


def _walk(desk: Desk, shop: Shop, client: httpx.Client, receiver: Receiver) -> None:
    desk.go("webhooks", "Webhooks")
    desk.button("New webhook").click()
    desk.dialog.get_by_label("Address").fill(f"{receiver.url}/hook")
    desk.dialog.get_by_label("Events (empty: all)").fill("cash.session_opened")
    desk.in_dialog("Save").click()
    desk.button("I have noted it").click()
    result, table = desk.page.get_by_test_id("replay-result"), desk.page.get_by_role("table", name="Deliveries")

    desk.button("Test").click()
    expect(desk.page.get_by_test_id("test-result")).to_contain_text("It was taken (204,")
    assert [one.event["type"] for one in receiver.received] == ["webhook.test"]

    receiver.answers = lambda _: 500
    open_drawer(Api(client, shop.ana.login(shop.registers[0]).token))
    desk.button("Deliveries").click()
    expect(table).to_contain_text("Given up")
    desk.button("Test").click()
    expect(desk.page.get_by_test_id("test-result")).to_contain_text("It was not taken (500,")

    receiver.answers = lambda _: None
    desk.button("Replay what failed").click()
    expect(result).to_have_text("1 event goes out again.")
    expect(table).to_contain_text("Delivered")
    desk.button("Send again cash.session_opened").click()
    until(lambda: _opened(receiver) == 2, what="the second delivery")
    desk.button("Replay since …").click()
    desk.dialog.get_by_label("From").fill("2026-01-01T00:00")
    desk.in_dialog("Send again").click()
    until(lambda: _opened(receiver) == 3, what="the third delivery")
    assert len({one.headers["webhook-id"] for one in receiver.received if one.event["type"] != "webhook.test"}) == 1

    desk.button("Edit").click()
    desk.dialog.get_by_label("Events (empty: all)").fill("")
    desk.dialog.get_by_label("Note").fill("bookkeeping")
    desk.in_dialog("Save").click()
    expect(desk.page.get_by_text("Every event · bookkeeping")).to_be_visible()


def _opened(receiver: Receiver) -> int:
    return sum(one.event["type"] == "cash.session_opened" for one in list(receiver.received))


def test_differences_of_one_person_are_seen_over_time_and_reports_are_files(shop: Shop, new_page: OpenPage) -> None:
    for person, register, counted in ((shop.ana, 0, 40), (shop.luis, 1, 53)):
        till = person.login(shop.registers[register])
        drawer = open_drawer(till, {"EUR": 50})
        till.ok(till.post(f"/v1/cash/sessions/{drawer['id']}/close", {"countedCash": {"EUR": counted}}))
    desk = Desk(new_page(), shop.marta)

    desk.go("figures", "Figures")
    over_time = desk.page.get_by_role("region", name="Differences: Day")
    expect(over_time.get_by_role("row")).to_have_count(2)
    expect(over_time).to_contain_text("€3.00")
    expect(over_time.get_by_test_id("chart-EUR")).to_be_visible()
    over_time.get_by_role("combobox", name="Person").click()
    desk.page.get_by_role("option", name="Ana").click()
    expect(over_time).not_to_contain_text("€3.00")
    expect(over_time).to_contain_text("-€10.00")
    desk.page.get_by_role("combobox", name="Over time").click()
    desk.page.get_by_role("option", name="Month").click()
    expect(desk.page.get_by_role("region", name="Takings: Month")).to_be_visible()
    expect(desk.page.get_by_role("region", name="Differences: Month")).to_be_visible()

    desk.page.goto(f"/desk/sessions/{drawer['id']}")
    expect(desk.page.get_by_role("heading", name="Z 1")).to_be_visible()
    for form, begin in (("PDF", b"%PDF"), ("CSV", b"\xef\xbb\xbf"), ("XLSX", b"PK")):
        with desk.page.expect_download() as saved:
            desk.button(form).click()
        assert saved.value.suggested_filename.endswith(form.lower())
        assert saved.value.path().read_bytes().startswith(begin), form
