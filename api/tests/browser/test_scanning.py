"""A scanner types faster than hands: what it types is a code, and never an amount or a PIN [odoo 262220]."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from tests.browser.counter import Counter, drawer_ready, shop_of
from tests.browser.people import Till
from tests.support import Shops

TillOf = Callable[..., Till]

CODE = "3017620422003"
HINT = "Scanned codes are taken where you sell."


@pytest.fixture
def counter(shops: Shops, till_of: TillOf) -> Counter:
    shop = shop_of(shops, policies={"cashRequireRefundApproval": True})
    till = till_of(shop)
    till.page.clock.install()
    return Counter(drawer_ready(till, shop.ana), shop)


def scan(page: Page, code: str = CODE, end: str = "Enter") -> None:
    """Real keys of the browser, with no time between them, however busy this machine is: the page's clock stands still
    while they come."""
    page.clock.pause_at(datetime.fromtimestamp(page.evaluate("() => Date.now()") / 1000 + 1, UTC))
    for key in [*code, *([end] if end else [])]:
        page.keyboard.press(key)
    page.clock.resume()


def test_a_scan_is_sold_on_the_selling_page_and_lands_in_no_field_elsewhere(counter: Counter) -> None:
    page, till = counter.page, counter.till
    search = page.get_by_label("Search products")
    search.focus()
    scan(page)
    expect(counter.lines).to_have_count(1)
    expect(search).to_have_value("")
    scan(page, end="Tab")
    expect(counter.lines.first).to_contain_text("2")
    counter.page.get_by_test_id("pay").click()
    counter.amount.focus()
    scan(page)
    expect(counter.amount).to_have_value("")
    expect(page.get_by_text("a customer is paying")).to_be_visible()
    expect(counter.page.get_by_test_id("left")).to_have_text("€5.00")
    counter.amount.fill("10")
    counter.finish()
    counter.next()

    page.goto("/till/movement")
    amount = page.get_by_label("Amount (EUR)")
    amount.fill("5")
    scan(page)
    expect(amount).to_have_value("5")
    expect(page.get_by_text(HINT).first).to_be_visible()
    till.heading("Cash in or out")
    page.get_by_label("Reason", exact=True).focus()
    scan(page)
    expect(page.get_by_label("Reason", exact=True)).to_have_value("")

    page.goto("/till/sales")
    page.get_by_test_id("sale").get_by_role("button", name="Refund").click()
    pin = page.get_by_label("A manager’s PIN")
    pin.focus()
    scan(page, "90311017")
    expect(pin).to_have_value("")

    page.goto("/till/close")
    page.get_by_text("Total only").click()
    total = page.get_by_label("Total in EUR")
    total.fill("105")
    scan(page)
    expect(total).to_have_value("105")
    expect(page.get_by_role("dialog")).to_have_count(0)
    till.button("Next").click()
    stays = page.get_by_label(re.compile("^Stays in"))
    stays.focus()
    scan(page, end="")
    expect(stays).to_have_value("")
    assert counter.expected_cash() == {"EUR": 105}


def test_a_scan_is_no_float_and_no_pin(shops: Shops, till_of: TillOf) -> None:
    shop = shop_of(shops, registers=1)
    till = till_of(shop)
    page = till.page
    page.clock.install()

    scan(page, shop.ana.pin * 2)
    expect(page.get_by_text(HINT).first).to_be_visible()
    till.heading("Enter your PIN")
    expect(page.get_by_role("status", name="0 digits typed")).to_be_visible()
    scan(page, shop.ana.pin)
    expect(page.get_by_role("status", name="0 digits typed")).to_be_visible()

    till.pin(shop.ana)
    till.heading("Open the drawer")
    fifties = page.get_by_label("How many of €50.00")
    fifties.focus()
    scan(page)
    expect(fifties).to_have_value("")
    till.heading("Open the drawer")


def test_the_code_of_the_store_may_be_scanned(shops: Shops, new_page: Callable[..., Page]) -> None:
    shop = shops.make()
    page = new_page()
    page.clock.install()
    page.goto("/till")
    page.get_by_label("Store code").focus()

    scan(page, shop.branches[0].code.lower())

    expect(page.get_by_label("Store code")).to_have_value(shop.branches[0].code.lower())
