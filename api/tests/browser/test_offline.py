"""Selling while the network is gone: nothing is lost, nothing arrives twice, and the till says what waits."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.counter import Counter, drawer_ready, shop_of
from tests.browser.people import Till
from tests.support import Shops

TillOf = Callable[..., Till]


@pytest.fixture
def counter(shops: Shops, till_of: TillOf) -> Counter:
    shop = shop_of(shops)
    return Counter(drawer_ready(till_of(shop, keeps_app=True), shop.ana), shop)


def kept_on_device(page: Page) -> None:
    """Wait until the service worker holds the app."""
    page.evaluate("async () => { await navigator.serviceWorker.ready; }")


def test_ten_sales_without_a_network_survive_a_reload_and_arrive_once_in_order(counter: Counter) -> None:
    page = counter.page
    kept_on_device(page)
    counter.pick("Bread")
    counter.pay_cash("10")
    counter.next()
    counter.pick("Coffee")

    page.context.set_offline(True)
    for at in range(10):
        counter.pick(*["Bread"] * (at % 3), "Coffee")
        counter.pay_cash("50")
        expect(page.get_by_test_id("kept")).to_be_visible()
        counter.next()
    expect(page.get_by_test_id("sync-state")).to_contain_text("10 unsent")
    expect(page.get_by_test_id("sync-state")).to_contain_text("Offline")
    counter.pick("Lamp")
    page.wait_for_timeout(300)
    page.reload()

    expect(counter.lines).to_contain_text("Lamp")
    expect(page.get_by_test_id("sync-state")).to_contain_text("10 unsent")
    page.context.set_offline(False)
    expect(page.get_by_test_id("sync-state")).to_have_count(0, timeout=20_000)
    expect(counter.lines).to_contain_text("Lamp")

    sales = list(reversed(counter.sales()))
    # One before the cut; the tenth cart's first line was in it already when the network went.
    assert [sale["total"] for sale in sales] == [2.5, 5, 5, 7.5, 2.5, 5, 7.5, 2.5, 5, 7.5, 2.5]
    assert [sale["receiptNumber"] for sale in sales] == list(range(1, 12))
    assert counter.expected_cash() == {"EUR": 100 + sum(sale["total"] for sale in sales)}


def test_an_answer_that_is_lost_makes_no_second_sale(counter: Counter) -> None:
    page = counter.page
    lost: list[str] = []

    def lose(route: Route) -> None:
        if route.request.method != "POST" or lost:
            route.continue_()
            return
        lost.append(route.request.post_data or "")
        # The API has it, but nobody here is told.
        route.fetch()
        route.abort()

    page.route("**/v1/sales", lose)
    counter.pick("Bread")

    counter.pay_cash("10")
    counter.next()

    expect(page.get_by_test_id("sync-state")).to_have_count(0, timeout=20_000)
    assert len(lost) == 1
    assert [sale["total"] for sale in counter.sales()] == [2.5]
    assert counter.expected_cash() == {"EUR": 102.5}


def test_a_network_that_hangs_does_not_hold_up_the_customer(counter: Counter) -> None:
    page = counter.page
    page.route("**/v1/sales", lambda route: None if route.request.method == "POST" else route.continue_())
    counter.pick("Bread")

    counter.pay_cash("10", waits=False)

    expect(page.get_by_test_id("kept")).to_be_visible(timeout=6_000)
    page.unroute("**/v1/sales")


def test_a_sale_at_a_price_of_yesterday_waits_for_a_manager_and_holds_up_no_other(
    shops: Shops, till_of: TillOf
) -> None:
    shop = shop_of(shops)
    counter = Counter(drawer_ready(till_of(shop, keeps_app=True), shop.ana), shop)
    page = counter.page
    page.context.set_offline(True)
    for name in ("Bread", "Coffee"):
        counter.pick(name)
        counter.pay_cash("10")
        counter.next()
    counter.change_price("Bread", 3)

    page.context.set_offline(False)
    expect(page.get_by_test_id("sync-state")).to_contain_text("0 unsent", timeout=20_000)
    page.get_by_test_id("sync-state").click()

    counter.till.heading("Needs a person")
    expect(page.get_by_test_id("unsent")).to_contain_text("Bread")
    expect(counter.till.button("Book it now")).to_be_disabled()
    assert [sale["total"] for sale in counter.sales()] == [2.5]
    counter.till.log_out()
    counter.till.log_in(shop.marta, "Caja 2")
    counter.open_again()
    counter.till.button("Book it now").click()
    expect(page.get_by_text("Every sale has arrived.")).to_be_visible()

    booked = Counter(counter.till, shop, shop.marta).sales()[0]
    assert (booked["lines"][0]["unitPrice"], booked["lines"][0]["listPrice"]) == (2.5, 3)


def test_a_sale_that_nobody_can_book_is_taken_off_the_list_with_a_reason(counter: Counter) -> None:
    page = counter.page
    page.context.set_offline(True)
    counter.pick("Bread")
    counter.pay_cash("10")
    counter.next()
    counter.close_from_the_desk()
    page.context.set_offline(False)
    expect(page.get_by_role("alert").first).to_contain_text("Your drawer was closed elsewhere", timeout=20_000)
    page.get_by_test_id("sync-state").wait_for()
    counter.open_again()
    page.get_by_test_id("sync-state").click()
    expect(page.get_by_test_id("unsent").get_by_role("alert")).to_contain_text("closed")

    counter.till.button("Take off the list").click()
    page.get_by_label("Reason").fill("rung up again by hand")
    counter.done()

    expect(page.get_by_text("Every sale has arrived.")).to_be_visible()
    expect(page.get_by_test_id("sync-state")).to_have_count(0)


def test_closing_asks_for_what_has_not_been_sent(counter: Counter) -> None:
    page = counter.page
    kept_on_device(page)
    page.route("**/v1/sales", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    counter.pick("Bread")
    counter.pay_cash("10")
    counter.next()

    page.goto("/till/close")
    expect(page.get_by_text("1 sale has not been sent yet")).to_be_visible()
    page.context.set_offline(True)
    expect(page.get_by_text("Closing waits for the network.")).to_be_visible(timeout=20_000)
    page.context.set_offline(False)
    page.unroute("**/v1/sales")

    expect(page.get_by_role("heading", name="Count the drawer")).to_be_visible(timeout=20_000)
    assert len(counter.sales()) == 1


def test_a_cart_parked_without_a_network_goes_over_when_it_is_back(counter: Counter) -> None:
    page = counter.page
    page.context.set_offline(True)
    counter.pick("Bread", "Coffee")
    counter.till.button("Park").click()
    counter.done()
    counter.till.button("Parked carts").click()
    expect(page.get_by_test_id("parked")).to_contain_text("On this till only")
    page.keyboard.press("Escape")

    page.context.set_offline(False)
    counter.wait_for_parked(1, seconds=20)

    counter.till.button("Parked carts").click()
    expect(page.get_by_test_id("parked")).to_contain_text("€5.00")
