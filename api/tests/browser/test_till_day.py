"""A day at the till by clicks and keys."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.people import Till
from tests.support import Shops

TillOf = Callable[..., Till]


def test_a_day_from_the_pin_to_the_z(shops: Shops, till_of: TillOf) -> None:
    shop = shops.make()
    till = till_of(shop)
    page = till.page

    till.log_in(shop.ana)
    till.heading("Open the drawer")
    page.get_by_label("How many of €50.00").fill("2")
    page.get_by_label("One €0.20 more").click(click_count=5)
    expect(page.get_by_test_id("count-EUR")).to_have_text("€101.00")
    till.button(re.compile("^Open with €101.00")).click()
    till.heading("The drawer is open")

    till.link("Cash in or out").click()
    page.get_by_text("Cash out", exact=True).click()
    page.get_by_label("Amount (EUR)").fill("20,50")
    page.get_by_text("Supplies").click()
    till.button("Record").click()
    expect(till.expected()).to_have_text("€80.50")

    till.log_out()
    till.pin(shop.ana)
    till.heading("The drawer is open")
    till.link("X report").click()
    expect(page.get_by_test_id("totalPaidOut-EUR")).to_have_text("€20.50")
    till.link("Back").click()

    till.link("Count and close").click()
    page.get_by_label("How many of €50.00").fill("1")
    page.get_by_label("How many of €20.00").fill("1")
    till.button("Next").click()
    expect(page.get_by_test_id("difference-EUR")).to_have_text("-€10.50")
    page.get_by_label("Reason of a difference").fill("A note is missing")
    till.button("Close the drawer").click()
    expect(page.get_by_test_id("z-title")).to_have_text("Z 1")
    expect(page.get_by_test_id("variance-EUR")).to_have_text("-€10.50")
    expect(page.get_by_text("a manager will look at it")).to_be_visible()

    admin = shop.elena.back_office()
    (told,) = admin.ok(admin.get("/v1/cash/sessions"))["items"]
    assert (told["status"], told["closeNote"]) == ("PENDING_REVIEW", "A note is missing")
    assert told["openingDenominations"] == {"EUR": {"50": 2, "0.20": 5}}
    assert told["countedDenominations"] == {"EUR": {"50": 1, "20": 1}}
    assert (told["balances"][0]["expectedCash"], told["balances"][0]["variance"]) == (80.5, -10.5)

    till.button("Open a new drawer").click()
    expect(page.get_by_test_id("last-close")).to_contain_text("€70.00")


def test_two_currencies_are_counted_each_for_itself(shops: Shops, till_of: TillOf) -> None:
    shop = shops.make(currencies=("USD", "KHR"))
    till = till_of(shop)
    page = till.page

    till.log_in(shop.ana)
    page.get_by_label("How many of $20.00").fill("5")
    page.get_by_label(re.compile("How many of .*20,000")).fill("3")
    till.button(re.compile("^Open with")).click()
    till.heading("The drawer is open")

    expect(till.expected("USD")).to_have_text("$100.00")
    expect(till.expected("KHR")).to_contain_text("60,000")


def test_under_blind_close_the_cashier_never_sees_what_is_expected(shops: Shops, till_of: TillOf) -> None:
    shop = shops.make(policies={"cashBlindClose": True})
    till = till_of(shop)
    page = till.page
    till.log_in(shop.ana)
    till.open_with("100")
    session = shop.elena.back_office().get("/v1/cash/sessions").json()["data"]["items"][0]
    ana = shop.marta.back_office()
    ana.ok(
        ana.post(
            f"/v1/cash/sessions/{session['id']}/movements",
            {"type": "PAID_IN", "amount": {"EUR": 33}, "reason": "More change"},
        ),
        201,
    )

    till.link("X report").click()
    expect(page.get_by_text("counted without seeing")).to_be_visible()
    x = page.locator("main").inner_text()
    till.link("Back").click()
    till.link("Count and close").click()
    page.get_by_text("Total only").click()
    page.get_by_label("Total in EUR").fill("100")
    till.button("Next").click()
    dialog = page.get_by_role("dialog").inner_text()

    assert "133" not in x
    assert "133" not in dialog
    assert "Difference" not in dialog
    till.button("Close the drawer").click()
    expect(page.get_by_test_id("variance-EUR")).to_have_text("-€33.00")


def test_a_double_click_on_open_and_on_close_acts_once(shops: Shops, till_of: TillOf) -> None:
    shop = shops.make()
    till = till_of(shop)
    page = till.page
    till.log_in(shop.ana)
    page.get_by_text("Total only").click()
    page.get_by_label("Total in EUR").fill("10")

    till.button(re.compile("^Open with")).dblclick()
    till.heading("The drawer is open")
    till.link("Count and close").click()
    page.get_by_text("Total only").click()
    page.get_by_label("Total in EUR").fill("10")
    till.button("Next").click()
    till.button("Close the drawer").dblclick()
    expect(page.get_by_test_id("z-title")).to_have_text("Z 1")

    admin = shop.elena.back_office()
    assert len(admin.ok(admin.get("/v1/cash/sessions"))["items"]) == 1


def test_opening_without_a_sale_is_written_down(shops: Shops, till_of: TillOf) -> None:
    shop = shops.make()
    till = till_of(shop)
    till.log_in(shop.ana)
    till.open_with("10")

    till.button("Open without a sale").click()
    till.button("Open the drawer").click()
    expect(till.page.get_by_text("Written down.")).to_be_visible()

    admin = shop.elena.back_office()
    (entry,) = admin.ok(admin.get("/v1/audit", params={"action": "DRAWER_OPENED_WITHOUT_SALE"}))["items"]
    assert entry["after"]["reason"] == "Giving change"


def test_the_till_works_by_keys_alone(shops: Shops, till_of: TillOf) -> None:
    shop = shops.make(registers=1)
    till = till_of(shop)
    page = till.page

    page.keyboard.type(shop.ana.pin, delay=60)
    page.keyboard.press("Enter")
    till.heading("Open the drawer")
    page.get_by_label("How many of €50.00").focus()
    page.keyboard.type("1")
    page.keyboard.press("Enter")
    till.heading("The drawer is open")
    _tab_to(till, "Cash in or out")
    page.keyboard.press("Enter")
    till.heading("Cash in or out")
    page.keyboard.type("5")
    page.get_by_label("Reason", exact=True).focus()
    # As a person types: what comes faster is a scanner's, and lands in no field.
    page.keyboard.type("More change", delay=60)
    page.keyboard.press("Enter")

    expect(till.expected()).to_have_text("€55.00")


def test_a_scanner_types_no_pin(shops: Shops, till_of: TillOf) -> None:
    shop = shops.make(registers=1)
    till = till_of(shop)

    till.page.evaluate(
        """pin => [...pin + pin, 'Enter'].forEach(key => dispatchEvent(new KeyboardEvent('keydown', {key})))""",
        shop.ana.pin,
    )
    till.page.wait_for_timeout(300)

    till.heading("Enter your PIN")
    expect(till.page.get_by_role("alert")).to_have_count(0)


def _tab_to(till: Till, name: str) -> None:
    for _ in range(30):
        till.page.keyboard.press("Tab")
        if name in till.page.evaluate("document.activeElement.textContent"):
            return
    raise AssertionError(f"Tab never reaches {name!r}")
