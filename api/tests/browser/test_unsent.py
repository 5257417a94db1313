"""What the till keeps for itself: sales without a number yet, sales that a person took off the list, carts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.counter import Counter, drawer_ready, shop_of
from tests.browser.people import Till
from tests.support import Shops

TillOf = Callable[..., Till]


@pytest.fixture
def counter(shops: Shops, till_of: TillOf) -> Counter:
    shop = shop_of(shops)
    return Counter(drawer_ready(till_of(shop, keeps_app=True), shop.ana), shop)


def printed_pages(page: Page) -> None:
    """Keep what would be printed: a headless browser has no printer."""
    page.evaluate(
        """() => {
            window.printed = [];
            new MutationObserver(changes => changes.forEach(change => change.addedNodes.forEach(node => {
                if (node.title === 'print') window.printed.push(node.srcdoc);
            }))).observe(document.body, {childList: true});
        }"""
    )


def park_and_take_up(counter: Counter, *goods: str) -> None:
    till = counter.till
    counter.pick(*goods)
    till.button("Park").click()
    counter.done()
    counter.wait_for_parked(1)
    till.button("Parked carts").click()
    till.button("Take up").click()
    expect(counter.lines).to_have_count(len(goods))


def test_a_sale_without_a_network_has_a_provisional_receipt_and_its_number_once_sent(counter: Counter) -> None:
    page, till = counter.page, counter.till
    counter.pick("Bread", "Bread", "Coffee")
    page.context.set_offline(True)
    counter.pay_cash("10")
    expect(page.get_by_test_id("kept")).to_be_visible()

    printed_pages(page)
    till.button("Print").click()
    till.button("Show receipt").click()
    receipt = page.frame_locator("iframe[title='Provisional receipt']").locator("body")
    expect(receipt).to_contain_text("Provisional – not a receipt yet.")
    expect(receipt).to_contain_text("2 × Bread")
    expect(receipt).to_contain_text("€7.50")
    expect(receipt).to_contain_text("Change")
    assert "Receipt 1" not in receipt.inner_text()
    (paper,) = page.evaluate("() => window.printed")
    assert "Provisional" in paper
    assert "€2.50" in paper
    page.keyboard.press("Escape")

    page.context.set_offline(False)
    expect(page.get_by_test_id("receipt-number")).to_have_text("Receipt 1", timeout=20_000)
    counter.next()
    till.link("Sales").click()
    page.get_by_test_id("sale").get_by_role("button", name="Show receipt").click()
    numbered = page.frame_locator("iframe[title=Receipt]").locator("body")
    expect(numbered).to_contain_text("7.50")
    expect(numbered).not_to_contain_text("Provisional")


def test_a_sale_that_was_taken_off_the_list_stays_to_be_seen(counter: Counter) -> None:
    page, till = counter.page, counter.till
    page.context.set_offline(True)
    counter.pick("Bread")
    counter.pay_cash("10")
    counter.next()
    counter.close_from_the_desk()
    page.context.set_offline(False)
    page.get_by_role("alert").first.wait_for(timeout=20_000)
    counter.open_again()
    page.get_by_test_id("sync-state").click()
    till.button("Take off the list").click()
    page.get_by_label("Reason").fill("rung up again by hand")
    counter.done()
    page.reload()

    till.link("Sales").click()
    till.link("Unsent sales").click()

    kept = page.get_by_test_id("set-aside")
    for text in ("€2.50", "Bread", "Ana", "rung up again by hand"):
        expect(kept).to_contain_text(text)
    kept.get_by_role("button", name="Provisional receipt").click()
    expect(page.frame_locator("iframe").locator("body")).to_contain_text("Bread")


def test_a_cart_taken_up_is_sold_with_its_sale_also_without_a_network(counter: Counter) -> None:
    page = counter.page
    park_and_take_up(counter, "Bread", "Coffee")
    (cart,) = counter.api.ok(counter.api.get("/v1/sales/carts"))["items"]
    assert cart["status"] == "OPEN"

    page.context.set_offline(True)
    counter.pick("Bread")
    counter.pay_cash("10")
    counter.next()
    page.context.set_offline(False)
    expect(page.get_by_test_id("sync-state")).to_have_count(0, timeout=20_000)

    assert [sale["total"] for sale in counter.sales()] == [7.5]
    assert counter.api.ok(counter.api.get(f"/v1/sales/carts/{cart['id']}"))["status"] == "FINALISED"


def test_a_cart_that_is_gone_is_said_and_can_be_sold_all_the_same(counter: Counter) -> None:
    page = counter.page
    park_and_take_up(counter, "Bread")
    (cart,) = counter.api.ok(counter.api.get("/v1/sales/carts"))["items"]
    counter.api.ok(counter.api.delete(f"/v1/sales/carts/{cart['id']}"))

    counter.pay_cash("5", waits=False)
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("sold or given up elsewhere")
    counter.finish()

    expect(counter.change_due).to_have_text("€2.50")
    assert [sale["total"] for sale in counter.sales()] == [2.5]


def test_emptying_a_cart_that_was_taken_up_gives_it_up(counter: Counter) -> None:
    park_and_take_up(counter, "Bread")

    with counter.page.expect_response(lambda answer: answer.request.method == "DELETE") as told:
        counter.till.button("Empty").click()
        counter.page.get_by_role("dialog").get_by_role("button", name="Empty").click()

    assert told.value.status == 200
    assert counter.api.ok(counter.api.get("/v1/sales/carts"))["items"] == []
