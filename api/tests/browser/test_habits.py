"""What a till is used to: quick changes of the cashier, favourites, keys alone, a heartbeat, a cart that is kept."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.counter import Counter, drawer_ready, shop_of
from tests.browser.people import Till
from tests.support import Shops, open_drawer

TillOf = Callable[..., Till]
CHANGE_SECONDS_MAX = 2


def test_the_cashier_changes_within_two_seconds(shops: Shops, till_of: TillOf) -> None:
    shop = shops.make(registers=1)
    till = till_of(shop)
    page = till.page
    till.pin(shop.ana)
    till.heading("Open the drawer")

    started = time.monotonic()
    till.button("Log out").click()
    till.heading("Enter your PIN")
    page.keyboard.type(shop.luis.pin, delay=60)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("cashier")).to_have_text(shop.luis.name)
    seconds = time.monotonic() - started

    assert seconds < CHANGE_SECONDS_MAX


def test_favourites_come_first_and_categories_are_one_click(shops: Shops, till_of: TillOf) -> None:
    shop = shop_of(shops)
    till = drawer_ready(till_of(shop), shop.ana)
    products = till.page.get_by_test_id("product")

    expect(products).to_have_count(2)
    expect(products.filter(has_text=re.compile("Coffee|Bread"))).to_have_count(2)
    till.button("Kitchen", exact=True).click()
    expect(products).to_have_count(7)
    expect(products.first).to_contain_text("Bread")


def test_a_dead_line_behind_a_working_network_is_noticed_by_the_heartbeat(shops: Shops, till_of: TillOf) -> None:
    shop = shop_of(shops)
    till = drawer_ready(till_of(shop), shop.ana)
    state = till.page.get_by_test_id("sync-state")
    expect(state).to_have_count(0)

    for path in ("**/v1/**", "**/api/**", "**/health/**"):
        till.page.route(path, lambda route: route.abort())
    expect(state).to_contain_text("Offline", timeout=20_000)
    assert till.page.evaluate("() => navigator.onLine")
    till.page.unroute_all()

    expect(state).to_have_count(0, timeout=20_000)


def test_a_release_keeps_the_cart_of_who_was_released(shops: Shops, till_of: TillOf) -> None:
    shop = shop_of(shops, registers=1)
    till = till_of(shop)
    till.pin(shop.ana)
    till.heading("Open the drawer")
    till.open_with("10")
    till.page.goto("/till/sell")
    counter = Counter(till, shop)
    counter.pick("Bread", "Coffee")
    expect(counter.lines).to_have_count(2)
    admin = shop.elena.back_office()

    assert admin.post(f"/api/tpv/{shop.registers[0]}/liberar").status_code == 200
    till.heading("Enter your PIN")
    expect(till.page.get_by_role("alert")).to_contain_text("released by a manager")
    till.pin(shop.ana)
    counter.open_again()

    expect(counter.lines).to_have_count(2)
    expect(counter.total).to_have_text("€5.00")


def test_the_drawer_is_counted_closed_and_left_by_keys_alone(shops: Shops, till_of: TillOf) -> None:
    shop = shops.make(registers=1)
    till = till_of(shop)
    page = till.page
    api = shop.ana.login(shop.registers[0])
    open_drawer(api, {"EUR": 100})
    api.post("/api/auth/logout-pos")
    page.keyboard.type(shop.ana.pin, delay=60)
    page.keyboard.press("Enter")
    till.heading("The drawer is open")

    _tab_to(page, "Count and close")
    page.keyboard.press("Enter")
    till.heading("Count the drawer")
    _tab_to(page, "How many of €50.00")
    page.keyboard.type("2", delay=60)
    page.keyboard.press("Enter")
    page.get_by_role("dialog").wait_for()
    _tab_to(page, "Stays in EUR")
    page.keyboard.type("80", delay=60)
    expect(page.get_by_test_id("removed-EUR")).to_have_text("€20.00")
    _tab_to(page, "Close the drawer")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("z-title")).to_have_text("Z 1")
    expect(page.get_by_test_id("leftCash-EUR")).to_have_text("€80.00")
    _tab_to(page, "Open a new drawer")
    _tab_to(page, "Log out")
    page.keyboard.press("Enter")

    till.heading("Enter your PIN")


def _tab_to(page: Page, name: str) -> None:
    """To the next thing of this name, which must show that it has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        found: list[str] = page.evaluate(
            """() => {
                const it = document.activeElement;
                const isSeen = it.matches('input, textarea') || getComputedStyle(it).outlineStyle !== 'none';
                return [it.ariaLabel ?? '', it.textContent, it.labels?.[0]?.textContent ?? '', isSeen ? 'seen' : ''];
            }"""
        )
        if any(name in text for text in found[:3]):
            assert found[3] == "seen", f"nobody sees that {name!r} has the focus"
            return
    raise AssertionError(f"Tab never reaches {name!r}")
