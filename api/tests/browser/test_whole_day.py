"""The whole day of a shop by clicks and keys, from the PIN to the Z that a manager has looked at; the figures on screen
are the API's."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.counter import Counter, shop_of
from tests.browser.desk import Desk
from tests.browser.people import Till
from tests.support import Api, Shops

DOLLARS: dict[str, Any] = {"fxRates": {"KHR": 4100}, "cashRounding": {"KHR": {"step": 100, "mode": "DOWN"}}}
LINES = (
    "openingFloat",
    "totalSalesCash",
    "totalRefunds",
    "totalPaidIn",
    "totalPaidOut",
    "totalAdjustments",
    "totalSafeDrops",
    "expectedCash",
    "countedCash",
    "variance",
)


def test_a_day_from_the_pin_to_the_z_that_a_manager_has_reviewed(
    shops: Shops, till_of: Callable[..., Till], new_page: Callable[..., Page]
) -> None:
    shop = shop_of(shops, currencies=("USD", "KHR"), policies=DOLLARS)
    till = till_of(shop)
    page = till.page
    till.log_in(shop.ana)
    page.get_by_label("How many of $20.00").fill("5")
    page.get_by_label(re.compile("How many of .*20,000")).fill("10")
    till.button(re.compile("^Open with")).click()
    till.heading("The drawer is open")
    counter = Counter(till, shop)

    _sell(counter)
    _bring_back_the_basket(counter)
    _pay_out(counter)
    till.log_out()
    till.pin(shop.ana)
    till.heading("The drawer is open")
    counter.api = Api(shop.http, page.evaluate("() => JSON.parse(localStorage.getItem('tillvault.till')).token"))
    # 100 + 2.50 + (75 − 45) + 50 − 47.50 − 5 dollars; 200,000 − 10,200 riel.
    assert counter.expected_cash() == {"USD": 130, "KHR": 189_800}
    expect(till.expected("USD")).to_have_text("$130.00")

    drawer = _close(counter)
    _is_what_the_api_says(page, counter.api, drawer)
    till.button("Log out").last.click()
    till.heading("Enter your PIN")

    desk = Desk(new_page(), shop.marta)
    desk.page.goto(f"/desk/sessions/{drawer}")
    expect(desk.page.get_by_text("a note stuck to another")).to_be_visible()
    desk.button("Review").click()
    desk.dialog.get_by_label("Note").fill("seen on the recording")
    desk.in_dialog("Accept the difference").click()
    expect(desk.dialog).to_have_count(0)

    marta = shop.marta.back_office()
    reviewed = marta.ok(marta.get(f"/v1/cash/sessions/{drawer}"))
    assert (reviewed["status"], reviewed["reviewNote"]) == ("CLOSED", "seen on the recording")
    _is_what_the_api_says(desk.page, marta, drawer)


def _sell(counter: Counter) -> None:
    """In cash, by card and cash together, and with change in riel."""
    counter.till.link("Sell").first.click()
    counter.page.get_by_test_id("product").first.wait_for()
    counter.pick("Bread")
    counter.pay_cash("2.5")
    counter.next()
    counter.pick("Lamp")
    counter.page.get_by_test_id("pay").click()
    counter.till.button("Card", exact=True).click()
    counter.amount.fill("45")
    counter.till.button("Add and go on").click()
    counter.finish()
    counter.next()
    counter.pick("Basket")
    counter.page.get_by_test_id("pay").click()
    counter.amount.fill("50")
    counter.page.get_by_role("radiogroup", name="Change in").get_by_text("KHR").click()
    expect(counter.page.get_by_test_id("change")).to_contain_text("10,200")
    counter.finish()
    counter.next()
    assert [sale["total"] for sale in counter.sales()] == [47.51, 75, 2.5]


def _bring_back_the_basket(counter: Counter) -> None:
    counter.till.link("Sales").click()
    sale = counter.page.get_by_test_id("sale").filter(has_text="Basket")
    sale.get_by_role("button", name="Refund").click()
    counter.till.button("Everything comes back").click()
    counter.till.button("Changed their mind").click()
    counter.till.button(re.compile("^Pay back")).click()
    expect(counter.page.get_by_test_id("refunded")).to_have_text("$47.50")


def _pay_out(counter: Counter) -> None:
    counter.till.link("Drawer").click()
    counter.till.link("Cash in or out").click()
    counter.page.get_by_text("Cash out", exact=True).click()
    counter.page.get_by_label("Amount (USD)").fill("5")
    counter.page.get_by_text("Supplies").click()
    counter.till.button("Record").click()
    counter.till.heading("The drawer is open")


def _close(counter: Counter) -> str:
    page, till = counter.page, counter.till
    drawer = counter.api.ok(counter.api.get("/v1/cash/sessions/active"))["id"]
    till.link("Count and close").click()
    page.get_by_label("How many of $20.00").fill("6")
    page.get_by_label(re.compile("How many of .*20,000")).fill("9")
    page.get_by_label(re.compile("How many of .*5,000")).last.fill("1")
    till.button("Next").click()
    expect(page.get_by_test_id("difference-USD")).to_have_text("-$10.00")
    page.get_by_label("Reason of a difference").fill("a note stuck to another")
    till.button("The float of $100.00 stays").click()
    expect(page.get_by_test_id("removed-USD")).to_have_text("$20.00")
    till.button("Close the drawer").click()
    expect(page.get_by_test_id("z-title")).to_have_text("Z 1")
    return drawer


def _is_what_the_api_says(page: Page, api: Api, drawer: str) -> None:
    z = api.ok(api.get(f"/v1/cash/sessions/reports/z/{drawer}"))
    for told in z["summary"]["byCurrency"]:
        for line in LINES:
            shown = page.get_by_test_id(f"{line}-{told['currency']}").first
            expect(shown).to_be_visible()
            assert _number(shown.inner_text()) == told[line], (line, told["currency"])


def _number(text: str) -> float:
    """What is written as an amount in English."""
    digits = re.sub(r"[^0-9.]", "", text)
    return -float(digits) if "-" in text or "−" in text else float(digits)
