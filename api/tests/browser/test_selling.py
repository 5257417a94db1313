"""Selling at the till, by clicks and keys; the figures on screen are the API's."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.counter import Counter, drawer_ready, shop_of
from tests.browser.people import LANGUAGES, Till, faults, overflows, small_targets
from tests.support import Shop, Shops

TillOf = Callable[..., Till]
DOLLARS: dict[str, Any] = {
    "fxRates": {"KHR": 4100},
    "cashRounding": {"KHR": {"step": 100, "mode": "DOWN"}},
}


@pytest.fixture(scope="module")
def euros(shops: Shops) -> Shop:
    return shop_of(shops, registers=20)


@pytest.fixture(scope="module")
def dollars(shops: Shops) -> Shop:
    return shop_of(shops, currencies=("USD", "KHR"), policies=DOLLARS)


@pytest.fixture
def counter(shops: Shops, till_of: TillOf) -> Counter:
    """A till that sells, in a shop of its own."""
    shop = shop_of(shops)
    return Counter(drawer_ready(till_of(shop), shop.ana), shop)


def test_a_cash_sale_gives_change_and_its_figures_are_the_apis(counter: Counter) -> None:
    counter.pick("Coffee", "Coffee", "Bread")
    expect(counter.total).to_have_text("€7.50")

    counter.pay_cash("10")

    expect(counter.change_due).to_have_text("€2.50")
    (sale,) = counter.sales()
    assert (sale["total"], sale["tax"]) == (7.5, counter.tax_of(sale))
    assert [(one["flow"], one["amount"]) for one in sale["payments"]] == [("TENDER", 10), ("CHANGE", -2.5)]
    expect(counter.page.get_by_test_id("receipt-number")).to_have_text(f"Receipt {sale['receiptNumber']}")
    counter.next()
    expect(counter.lines).to_have_count(0)


def test_a_likely_amount_is_one_click(counter: Counter) -> None:
    counter.pick("Bread")
    counter.till.button("Pay").first.click()

    counter.till.button("€5.00", exact=True).click()
    counter.finish()

    expect(counter.change_due).to_have_text("€2.50")


def test_a_card_sale_moves_no_cash(counter: Counter) -> None:
    counter.pick("Coffee")
    counter.till.button("Pay").first.click()
    counter.till.button("Card", exact=True).click()
    counter.finish()
    counter.next()

    assert counter.sales()[0]["payments"][0]["method"] == "CARD"
    assert counter.expected_cash() == {"EUR": 100}


def test_a_sale_is_paid_by_card_and_cash_together(counter: Counter) -> None:
    counter.pick("Lamp")
    counter.till.button("Pay").first.click()
    counter.till.button("Card", exact=True).click()
    counter.amount.fill("45")
    counter.till.button("Add and go on").click()
    expect(counter.page.get_by_test_id("left")).to_have_text("€30.00")

    counter.finish()
    counter.next()

    paid = [(one["method"], one["amount"]) for one in counter.sales()[0]["payments"]]
    assert paid == [("CARD", 45), ("CASH", 30)]
    assert counter.expected_cash() == {"EUR": 130}


def test_dollars_are_paid_with_change_in_riel_and_the_rounding_shows(dollars: Shop, till_of: TillOf) -> None:
    till = till_of(dollars)
    counter = Counter(drawer_ready(till, dollars.ana, {"USD": 100, "KHR": 200_000}), dollars)
    counter.pick("Basket")
    counter.till.button("Pay").first.click()
    counter.amount.fill("50")

    counter.page.get_by_role("radiogroup", name="Change in").get_by_text("KHR").click()
    expect(counter.page.get_by_test_id("change")).to_contain_text("10,200")
    expect(counter.page.get_by_test_id("rounding")).to_contain_text("50")
    counter.finish()
    counter.next()

    sale = counter.sales()[0]
    assert [(one["currency"], one["amount"]) for one in sale["payments"]] == [("USD", 50), ("KHR", -10_200)]
    assert sale["rounding"] == {"currency": "KHR", "amount": 50, "baseAmount": 0.01}
    assert counter.expected_cash() == {"USD": 150, "KHR": 189_800}


def test_discounts_weights_open_prices_and_a_donation_add_up_as_at_the_api(counter: Counter) -> None:
    counter.pick("Coffee")
    counter.open_line("Coffee")
    counter.page.get_by_label("Quantity").fill("3")
    counter.page.get_by_label("Discount", exact=True).fill("12.5")
    counter.done()
    counter.pick("Apples")
    counter.page.get_by_label("Weight in kilograms").fill("0.355")
    counter.done()
    counter.pick("Repair")
    counter.page.get_by_label("Price of one").fill("19.99")
    counter.done()
    counter.till.button("Discount", exact=True).click()
    counter.page.get_by_role("dialog").get_by_text("EUR").click()
    counter.page.get_by_label("Discount", exact=True).fill("1.01")
    counter.done()
    counter.till.button("Donation", exact=True).click()
    counter.page.get_by_role("dialog").get_by_label("Amount").fill("2")
    counter.done()
    shown = counter.total.inner_text()

    counter.pay_cash("100")
    counter.next()

    sale = counter.sales()[0]
    assert shown == f"€{sale['total']:.2f}"
    assert (sale["donation"], len(sale["lines"])) == (2, 3)
    assert sale["lines"][1]["quantity"] == 0.355


def test_a_discount_beyond_the_price_stops_the_sale_until_it_is_less(counter: Counter) -> None:
    counter.pick("Bread")
    counter.till.button("Discount", exact=True).click()
    counter.page.get_by_role("dialog").get_by_text("EUR").click()
    counter.page.get_by_label("Discount", exact=True).fill("9")
    counter.done()

    expect(counter.page.get_by_role("alert")).to_have_text("A discount is larger than the price.")
    expect(counter.page.get_by_test_id("pay")).to_be_disabled()


def test_an_electric_thing_is_weighed_and_classified(counter: Counter) -> None:
    counter.pick("Lamp")
    counter.open_line("Lamp")
    counter.page.get_by_role("combobox", name="Category of electric equipment").click()
    counter.page.get_by_role("option", name="Small appliances").click()
    counter.page.get_by_label("Weighed").fill("1.25")
    counter.done()
    counter.pay_cash("80")
    counter.next()

    line = counter.sales()[0]["lines"][0]
    assert (line["eeeCategory"], line["weightGrams"]) == ("EEE-2", 1250)


def test_a_scanner_sells_wherever_the_focus_is_and_types_nothing(counter: Counter) -> None:
    counter.pick("Bread")
    search = counter.page.get_by_label("Search products")
    search.click()

    counter.scan("3017620422003")

    expect(counter.lines).to_have_count(2)
    expect(search).to_have_value("")
    counter.till.button("Pay").first.click()
    counter.scan("3017620422003")
    expect(counter.amount).to_have_value("")
    expect(counter.page.get_by_test_id("left")).to_have_text("€5.00")
    counter.page.keyboard.press("Escape")
    counter.scan("999999999")
    expect(counter.page.get_by_text("No product has the code 999999999.")).to_be_visible()


def test_words_without_accents_find_a_product_and_enter_sells_it(counter: Counter) -> None:
    search = counter.page.get_by_label("Search products")
    search.fill("creme")
    expect(counter.page.get_by_test_id("product")).to_have_count(1)

    search.press("Enter")

    expect(counter.lines).to_contain_text("Crème brûlée")
    expect(search).to_have_value("")


def test_a_double_click_and_enter_on_pay_make_one_sale(counter: Counter) -> None:
    counter.pick("Bread")
    counter.till.button("Pay").first.click()
    finish = counter.page.get_by_test_id("finish")
    counter.page.evaluate(
        "() => { const it = document.querySelector('[data-testid=finish]'); it.click(); it.click(); it.click(); }"
    )

    expect(counter.change_due).to_be_visible()
    expect(finish).to_have_count(0)
    assert len(counter.sales()) == 1


def test_a_whole_sale_by_keys_alone(counter: Counter) -> None:
    counter.page.get_by_label("Search products").focus()
    counter.page.keyboard.type("bread", delay=60)
    counter.page.keyboard.press("Enter")
    expect(counter.lines).to_have_count(1)
    for _ in range(60):
        if counter.page.evaluate("() => document.activeElement?.dataset.testid") == "pay":
            break
        counter.page.keyboard.press("Tab")
    counter.page.keyboard.press("Enter")
    counter.amount.wait_for()
    counter.page.keyboard.type("20", delay=60)
    counter.page.keyboard.press("Enter")

    expect(counter.change_due).to_have_text("€17.50")
    counter.page.keyboard.press("Enter")
    expect(counter.lines).to_have_count(0)
    assert counter.sales()[0]["total"] == 2.5


def test_a_price_that_changed_is_said_before_anybody_pays_it(counter: Counter) -> None:
    counter.pick("Bread")
    counter.change_price_unheard("Bread", 2.75)

    counter.pay_cash("10", waits=False)

    expect(counter.page.get_by_role("alert")).to_contain_text("Prices have changed: Bread")
    expect(counter.page.get_by_test_id("left")).to_have_text("€2.75")
    counter.amount.fill("10")
    counter.finish()
    expect(counter.change_due).to_have_text("€7.25")
    assert [sale["total"] for sale in counter.sales()] == [2.75]


def test_a_cart_outlives_a_reload(counter: Counter) -> None:
    counter.pick("Bread", "Coffee")
    expect(counter.lines).to_have_count(2)
    counter.page.wait_for_timeout(200)

    counter.page.reload()

    expect(counter.lines).to_have_count(2)
    expect(counter.total).to_have_text("€5.00")


def test_a_parked_cart_is_taken_up_at_another_till(shops: Shops, till_of: TillOf) -> None:
    shop = shop_of(shops)
    one = Counter(drawer_ready(till_of(shop), shop.ana), shop)
    two = Counter(drawer_ready(till_of(shop), shop.luis, register="Caja 2"), shop, shop.luis)
    one.pick("Coffee", "Bread")
    one.till.button("Park").click()
    one.page.get_by_label("A word to find it again").fill("Table 4")
    one.done()
    expect(one.lines).to_have_count(0)
    one.wait_for_parked(1)

    two.till.button("Parked carts").click()
    expect(two.page.get_by_test_id("parked")).to_contain_text("Table 4")
    two.till.button("Take up").click()

    expect(two.lines).to_have_count(2)
    two.pay_cash("10")
    assert two.sales()[0]["total"] == 5
    one.wait_for_parked(0)


def test_part_of_a_sale_comes_back_with_a_managers_pin(shops: Shops, till_of: TillOf) -> None:
    shop = shop_of(shops, policies={"cashRequireRefundApproval": True})
    counter = Counter(drawer_ready(till_of(shop), shop.ana), shop)
    counter.pick("Coffee", "Coffee", "Lamp")
    counter.pay_cash("80")
    counter.next()
    number = counter.sales()[0]["receiptNumber"]

    counter.till.link("Sales").click()
    counter.page.get_by_label("Number on the receipt").fill(str(number))
    counter.till.button("Find").click()
    counter.page.get_by_test_id("sale").get_by_role("button", name="Refund").click()
    counter.till.button("One Coffee more").click()
    counter.till.button("Faulty").click()
    counter.page.get_by_label("A manager’s PIN").fill(shop.ana.pin)
    counter.till.button(re.compile("^Pay back")).click()
    expect(counter.page.get_by_role("alert")).to_contain_text("A manager has to approve")
    counter.page.get_by_label("A manager’s PIN").fill(shop.marta.pin)
    counter.till.button(re.compile("^Pay back")).click()

    expect(counter.page.get_by_test_id("refunded")).to_have_text("€2.50")
    refund = counter.sales()[0]
    assert (refund["kind"], refund["total"], refund["approvedBy"]) == ("REFUND", -2.5, str(shop.marta.id))
    assert counter.expected_cash() == {"EUR": 177.5}


def test_the_receipt_is_shown_and_printed_and_a_second_print_says_so(counter: Counter) -> None:
    counter.pick("Bread")
    counter.pay_cash("10")
    sale = counter.sales()[0]

    counter.till.button("Show receipt").click()
    receipt = counter.page.frame_locator("iframe[title=Receipt]")
    expect(receipt.locator("body")).to_contain_text("Bread")
    expect(receipt.locator("svg, img").first).to_be_visible()
    for _ in range(2):
        with counter.page.expect_response(re.compile("/prints$")) as answered:
            counter.till.button("Print").click()
        assert answered.value.status == 201

    made = counter.api.ok(counter.api.get(f"/v1/sales/{sale['id']}/prints"))["items"]
    assert [one["duplicateNumber"] for one in made] == [None, 1]


def test_a_drawer_that_was_closed_elsewhere_is_said_and_the_cart_stays(counter: Counter) -> None:
    counter.pick("Bread")
    counter.close_from_the_desk()

    expect(counter.page.get_by_role("alert")).to_contain_text("Your drawer was closed elsewhere", timeout=20_000)
    counter.open_again()

    expect(counter.lines).to_contain_text("Bread")


@pytest.mark.parametrize("language", LANGUAGES)
def test_selling_looks_right_in_every_language_and_size(
    euros: Shop, till_of: TillOf, shots: Path | None, language: str
) -> None:
    sizes = (
        [(390, 844, False), (1024, 768, True), (1440, 900, False)] if language in {"en", "km"} else [(390, 844, False)]
    )
    for width, height, dark in sizes:
        till = till_of(euros, width=width, height=height, dark=dark, language="en")
        drawer_ready(till, euros.people[f"c{language}{width}"], register=None)
        page = till.page
        if language != "en":
            page.evaluate(f"() => localStorage.setItem('tillvault.language', '{language}')")
            page.goto("/till/sell")
        name = f"{language}-{width}{'-dark' if dark else ''}"
        page.get_by_test_id("product").first.wait_for()
        page.locator("[aria-pressed]").nth(1).click()
        for at in (0, 1, 4, 5):
            page.get_by_test_id("product").nth(at).click()
        looked_at(page, shots, f"sell-{name}")
        if width < 800:
            page.locator("main > div").last.get_by_role("button").click()
            page.wait_for_timeout(300)
            looked_at(page, shots, f"cart-{name}")
        page.get_by_test_id("pay").last.click()
        page.get_by_test_id("finish").wait_for()
        page.wait_for_timeout(300)
        looked_at(page, shots, f"pay-{name}")
        page.get_by_test_id("finish").click()
        page.get_by_test_id("next").wait_for()
        page.wait_for_timeout(200)
        looked_at(page, shots, f"done-{name}")
        page.get_by_test_id("next").click()
        page.goto("/till/sales")
        page.get_by_test_id("sale").first.wait_for()
        looked_at(page, shots, f"sales-{name}")
        page.get_by_test_id("sale").first.get_by_role("button").last.click()
        page.get_by_test_id("return-line").first.wait_for()
        looked_at(page, shots, f"refund-{name}")


def looked_at(page: Page, shots: Path | None, name: str) -> None:
    if shots is not None:
        page.screenshot(path=shots / f"{name}.png")
    assert faults(page) == []
    assert small_targets(page) == []
    assert not overflows(page), name
