"""The desk in a real browser: what managers and admins do there, and what the API says of it afterwards."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.desk import Desk
from tests.browser.people import Till
from tests.machinery import until
from tests.selling import sold
from tests.support import Api, Shop, Shops, move, open_drawer

OpenPage = Callable[..., Page]
PATH = "/v1/cash/sessions"
EVERYTHING = [
    "Registers now",
    "Alerts",
    "Drawers",
    "Figures",
    "Sales",
    "Vault",
    "Catalogue",
    "Deposits",
    "Eco-organism reports",
    "People",
    "Branches and registers",
    "Settings",
    "API keys",
    "Webhooks",
    "Sync log",
    "Audit log",
    "Telegram",
]


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make()


@pytest.fixture
def desk_of(new_page: OpenPage) -> Callable[..., Desk]:
    def make(person: Any, **how: Any) -> Desk:
        return Desk(new_page(**how), person)

    return make


def closed_with_a_difference(till: Api) -> dict[str, Any]:
    drawer = open_drawer(till, {"EUR": 100})
    move(till, drawer["id"], "PAID_OUT", {"EUR": 20}, reason="window cleaner")
    return till.ok(till.post(f"{PATH}/{drawer['id']}/close", {"countedCash": {"EUR": 70}, "note": "no idea"}))


def product(shop: Shop, price: float = 12.5) -> str:
    admin = shop.elena.back_office()
    return admin.ok(admin.post("/v1/catalogue/products", {"name": "Lamp", "price": price, "taxRate": 20}), 201)["id"]


def test_a_difference_stands_first_is_reviewed_and_stays_in_the_z(shop: Shop, desk_of: Callable[..., Desk]) -> None:
    drawer = closed_with_a_difference(shop.ana.login(shop.registers[0]))
    desk = desk_of(shop.marta)

    desk.go("sessions", "Drawers")
    waiting = desk.page.get_by_role("region", name="Differences to review")
    expect(waiting).to_contain_text("-€10.00")
    waiting.get_by_role("link").first.click()
    expect(desk.page.get_by_text("no idea")).to_be_visible()
    desk.button("Review").click()
    desk.dialog.get_by_label("Note").fill("the receipt of the window cleaner was 30")
    desk.in_dialog("Accept the difference").click()
    expect(desk.dialog).to_have_count(0)

    expect(desk.page.get_by_text("Closed", exact=True).first).to_be_visible()
    expect(desk.page.get_by_test_id("variance-EUR")).to_have_text("-€10.00")
    expect(desk.page.get_by_test_id("expectedCash-EUR")).to_have_text("€80.00")
    manager = shop.marta.back_office()
    after = manager.ok(manager.get(f"{PATH}/{drawer['id']}"))
    assert (after["status"], after["reviewNote"]) == ("CLOSED", "the receipt of the window cleaner was 30")


def test_a_recount_stands_beside_the_first_count(shop: Shop, desk_of: Callable[..., Desk]) -> None:
    drawer = closed_with_a_difference(shop.ana.login(shop.registers[0]))
    desk = desk_of(shop.marta)

    desk.page.goto(f"/desk/sessions/{drawer['id']}")
    desk.button("Review").click()
    desk.dialog.get_by_text("Counted again").click()
    desk.dialog.get_by_text("Total only").click()
    desk.dialog.get_by_label("Total in EUR").fill("80")
    desk.in_dialog("Record the recount").click()
    expect(desk.dialog).to_have_count(0)

    counts = desk.page.get_by_role("table", name="Counts")
    expect(counts.get_by_role("row")).to_have_count(3)
    expect(counts).to_contain_text("Recount 1")
    expect(desk.page.get_by_test_id("countedCash-EUR")).to_have_text("€70.00")


def test_a_movement_that_waits_is_decided_at_the_desk(shop: Shop, desk_of: Callable[..., Desk]) -> None:
    till = shop.ana.login(shop.registers[0])
    drawer = open_drawer(till, {"EUR": 50})
    move(till, drawer["id"], "PAID_IN", {"EUR": 500}, reason="from the bank")
    desk = desk_of(shop.marta)

    expect(desk.page.get_by_role("region", name="Caja 1")).to_contain_text("1 movement waits for approval")
    desk.page.goto(f"/desk/sessions/{drawer['id']}")
    desk.button("Approve").click()
    expect(desk.page.get_by_role("table", name="Movements", exact=True)).to_contain_text("Approved")

    assert till.ok(till.get(f"{PATH}/active"))["balances"][0]["expectedCash"] == 550


def test_the_board_hears_of_a_sale_by_itself(shop: Shop, desk_of: Callable[..., Desk]) -> None:
    till = shop.ana.login(shop.registers[0])
    open_drawer(till, {"EUR": 50})
    lamp = product(shop)
    desk = desk_of(shop.marta)
    expected = desk.page.get_by_role("region", name="Caja 1").get_by_test_id("expected")
    expect(expected).to_have_text("€50.00")
    desk.page.wait_for_timeout(500)

    sold(till, [lamp], [{"method": "CASH", "amount": 20}])

    expect(expected).to_have_text("€62.50", timeout=2000)


def test_a_release_at_the_desk_reaches_the_till_within_two_seconds(
    shop: Shop, desk_of: Callable[..., Desk], till_of: Callable[..., Till]
) -> None:
    till = till_of(shop)
    till.log_in(shop.ana)
    desk = desk_of(shop.elena)
    desk.page.get_by_role("region", name="Caja 1").get_by_role("button", name="Release").click()

    desk.in_dialog("Release").click()
    started = time.monotonic()
    till.heading("Enter your PIN")
    taken = time.monotonic() - started

    expect(till.page.get_by_text("This till was released by a manager")).to_be_visible()
    assert taken < 2, taken


def test_a_drawer_is_closed_by_force_from_the_board(shop: Shop, desk_of: Callable[..., Desk]) -> None:
    drawer = open_drawer(shop.ana.login(shop.registers[0]), {"EUR": 50})
    desk = desk_of(shop.marta)

    desk.page.get_by_role("region", name="Caja 1").get_by_role("button", name="Force close").click()
    desk.dialog.get_by_label("Reason").fill("went home")
    desk.in_dialog("Force close").click()

    expect(desk.page.get_by_role("region", name="Caja 1")).to_contain_text("Drawer closed")
    manager = shop.marta.back_office()
    after = manager.ok(manager.get(f"{PATH}/{drawer['id']}"))
    assert (after["status"], after["forcedReason"]) == ("PENDING_REVIEW", "went home")


def test_a_person_made_at_the_desk_logs_in_with_the_pin_that_was_shown_once(
    shop: Shop, desk_of: Callable[..., Desk], till_of: Callable[..., Till]
) -> None:
    desk = desk_of(shop.elena)
    desk.go("people", "People")

    desk.button("New person").click()
    desk.dialog.get_by_label("Name", exact=True).fill("Zoe")
    desk.dialog.get_by_label("User name").fill("zoe")
    desk.dialog.get_by_label("Branches").click()
    desk.page.get_by_role("option", name="Branch 0").click()
    desk.page.keyboard.press("Escape")
    desk.in_dialog("Save").click()
    pin = desk.page.get_by_test_id("secret-PIN").inner_text()
    desk.button("I have noted it").click()
    expect(desk.dialog).to_have_count(0)

    expect(desk.page.get_by_role("table", name="People")).to_contain_text("Zoe")
    assert pin not in desk.page.content()
    till = till_of(shop)
    for digit in pin:
        till.button(digit, exact=True).click()
    till.button("Enter", exact=True).click()
    till.button("Caja 1", exact=True).click()
    expect(till.page.get_by_test_id("cashier")).to_have_text("Zoe")


def test_policies_are_edited_and_hold(shop: Shop, desk_of: Callable[..., Desk]) -> None:
    desk = desk_of(shop.elena)
    branch = shop.branches[0].id

    desk.go("places", "Branches and registers")
    desk.page.get_by_role("link", name="Policies").first.click()
    # The switch itself is drawn over by its track.
    desk.page.get_by_role("switch", name="Cashiers count").check(force=True)
    desk.page.get_by_role("region", name="Differences up to this need no review").get_by_label("EUR").fill("7.50")
    desk.page.get_by_role("region", name="Movements above this wait for approval").get_by_label("EUR").fill("")
    desk.button("Save").click()
    expect(desk.page.get_by_role("switch", name="Cashiers count")).to_be_checked()

    admin = shop.elena.back_office()

    def policies() -> Any:
        return admin.ok(admin.get(f"/v1/branches/{branch}/policies"))

    until(lambda: policies()["cashBlindClose"], what="the change of the policies")
    after = policies()
    assert after["cashBlindClose"] is True
    assert after["cashVarianceThresholds"]["EUR"] == 7.5
    assert "EUR" not in (after["cashMovementApprovalLimits"] or {})


def test_a_catalogue_is_tried_first_and_then_brought_in(shop: Shop, desk_of: Callable[..., Desk]) -> None:
    desk = desk_of(shop.elena)
    desk.go("catalogue", "Catalogue")
    bad = b"name,price,tax_rate\nChair,25,20\nTable,much,20\n"
    good = b"name,price,tax_rate\nChair,25,20\nTable,80,20\n"

    desk.button("Import").click()
    file = desk.dialog.locator("input[type=file]")
    file.set_input_files({"name": "bad.csv", "mimeType": "text/csv", "buffer": bad})
    desk.in_dialog("Try it").click()
    expect(desk.page.get_by_test_id("import-result")).to_contain_text("1 wrong")
    expect(desk.dialog.get_by_role("table")).to_contain_text("3")
    expect(desk.in_dialog("Import now")).to_be_disabled()
    file.set_input_files({"name": "good.csv", "mimeType": "text/csv", "buffer": good})
    desk.in_dialog("Try it").click()
    expect(desk.page.get_by_test_id("import-result")).to_contain_text("It would be: 2 new")
    admin = shop.elena.back_office()
    tried = admin.ok(admin.get("/v1/catalogue/products"))["items"]
    desk.in_dialog("Import now").click()
    expect(desk.page.get_by_test_id("import-result")).to_contain_text("Done: 2 new")

    assert tried == []
    done = admin.ok(admin.get("/v1/catalogue/products"))["items"]
    assert {item["name"]: item["price"] for item in done} == {"Chair": 25, "Table": 80}


def test_a_product_gets_a_price_of_its_own_in_a_branch(shop: Shop, desk_of: Callable[..., Desk]) -> None:
    lamp = product(shop)
    desk = desk_of(shop.elena)
    desk.go("catalogue", "Catalogue")

    desk.button("Lamp").click()
    desk.dialog.get_by_label("Price", exact=True).fill("15")
    desk.dialog.get_by_label("Branch 0").fill("14,25")
    desk.in_dialog("Save").first.click()
    desk.in_dialog("Save").last.click()
    expect(desk.dialog).to_have_count(0)

    admin = shop.elena.back_office()
    after = admin.ok(admin.get(f"/v1/catalogue/products/{lamp}"))
    assert (after["price"], [one["price"] for one in after["prices"]]) == (15, [14.25])


@pytest.fixture
def ticket(shop: Shop) -> dict[str, Any]:
    till = shop.ana.login(shop.registers[0])
    open_drawer(till, {"EUR": 50})
    lamp = product(shop)
    return [sold(till, [lamp], [{"method": "CASH", "amount": 20}]) for _ in range(3)][1]


def test_a_ticket_is_found_by_its_number_and_proven_in_one_click(
    shop: Shop, desk_of: Callable[..., Desk], ticket: dict[str, Any]
) -> None:
    desk = desk_of(shop.marta)
    desk.go("sales", "Sales")

    desk.page.get_by_label("Receipt number").fill(str(ticket["receiptNumber"]))
    found = desk.page.get_by_role("table").get_by_role("link", name=str(ticket["receiptNumber"]), exact=True)
    expect(desk.page.get_by_role("table").get_by_role("row")).to_have_count(2)
    found.click()
    expect(desk.page.get_by_test_id("sale-total")).to_contain_text("€12.50")
    expect(desk.page.get_by_text(ticket["ledgerHash"])).to_be_visible()
    desk.button("Prove it").click()

    expect(desk.page.get_by_test_id("verdict")).to_contain_text("as it was sold")
    assert desk.page.get_by_label("Broken").count() == 0
    with desk.page.expect_download() as saved:
        desk.button("Save the proof").click()
    assert json.loads(saved.value.path().read_text())["format"] == "tillvault-proof/1"
    with desk.page.expect_download() as export:
        desk.button("The auditor’s export").click()
    assert "tillvault-export/1" in export.value.path().read_text().splitlines()[0]


def test_a_proof_that_was_altered_on_its_way_is_found(
    shop: Shop, desk_of: Callable[..., Desk], ticket: dict[str, Any]
) -> None:
    desk = desk_of(shop.marta)

    def alter(route: Route) -> None:
        answer = route.fetch()
        proof = answer.json()
        proof["content"]["ticket"]["total"] = 1
        route.fulfill(response=answer, json=proof)

    desk.page.route("**/proof", alter)
    desk.page.goto(f"/desk/sales/{ticket['id']}")
    desk.button("Prove it").click()

    expect(desk.page.get_by_test_id("verdict")).to_contain_text("This proof is broken")
    expect(desk.page.get_by_label("Broken")).to_have_count(1)


def test_a_webhook_and_a_key_show_their_secrets_once(shop: Shop, desk_of: Callable[..., Desk]) -> None:
    desk = desk_of(shop.elena)

    desk.go("webhooks", "Webhooks")
    desk.button("New webhook").click()
    desk.dialog.get_by_label("Address").fill("https://1.1.1.1/hook")
    desk.dialog.get_by_label("Events (empty: all)").fill("sale.finalized")
    desk.in_dialog("Save").click()
    secret = desk.page.get_by_test_id("secret-Secret").inner_text()
    desk.button("I have noted it").click()
    desk.button("Deliveries").click()
    desk.button("Deactivate").click()
    expect(desk.page.get_by_text("Not active")).to_be_visible()
    desk.go("keys", "API keys")
    desk.button("New API key").click()
    desk.dialog.get_by_label("Name", exact=True).fill("bookkeeping")
    desk.dialog.get_by_text("reports:read").click()
    desk.in_dialog("Save").click()
    key = desk.page.get_by_test_id("secret-Key").inner_text()
    desk.button("I have noted it").click()
    expect(desk.page.get_by_role("table")).to_contain_text("bookkeeping")

    assert secret.startswith("whsec_")
    assert secret not in desk.page.content()
    assert Api(shop.http, key).get("/v1/reports/takings?from=2026-11-01&to=2026-11-02").status_code == 200


def test_what_the_role_may_not_do_is_not_shown(shop: Shop, desk_of: Callable[..., Desk]) -> None:
    admin, manager, cashier = (desk_of(person).pages() for person in (shop.elena, shop.marta, shop.ana))

    assert admin == EVERYTHING
    assert manager == [page for page in EVERYTHING if page not in {"Settings", "Webhooks", "Sync log"}]
    assert cashier == ["Drawers", "Sales", "Catalogue", "Deposits", "Telegram"]


def test_a_manager_is_offered_neither_release_nor_the_making_of_people(
    shop: Shop, desk_of: Callable[..., Desk]
) -> None:
    shop.ana.login(shop.registers[0])
    desk = desk_of(shop.marta)

    expect(desk.page.get_by_role("region", name="Caja 1")).to_contain_text("Ana")
    assert desk.button("Release").count() == 0
    desk.go("people", "People")
    expect(desk.page.get_by_role("table")).to_contain_text("Ana")
    assert desk.button("New person").count() == 0
