"""Two devices at once: the four conflicts and a release."""

from __future__ import annotations

import time
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.people import Till
from tests.support import Shops, open_drawer

TillOf = Callable[..., Till]


def test_a_cashier_who_is_logged_in_elsewhere_takes_the_login_along(shops: Shops, till_of: TillOf) -> None:
    shop = shops.make()
    one, two = till_of(shop), till_of(shop)
    one.log_in(shop.ana)
    one.open_with("10")

    two.pin(shop.ana)
    expect(two.page.get_by_role("dialog")).to_contain_text("You are working on Caja 1")
    two.button("Leave Caja 1 and go on here").click()

    two.heading("The drawer is open")
    one.heading("Enter your PIN")


def test_a_register_that_was_taken_in_the_meantime_leads_to_another(shops: Shops, till_of: TillOf) -> None:
    shop = shops.make(registers=3)
    one = till_of(shop)
    one.pin(shop.ana)
    expect(one.button("Caja 1", exact=True)).to_be_visible()
    shop.luis.login(shop.registers[0])

    one.button("Caja 1", exact=True).click()
    expect(one.page.get_by_role("dialog")).to_contain_text("Luis is working on Caja 1")
    one.button("Choose another than Caja 1").click()
    one.button("Caja 2", exact=True).click()

    one.heading("Open the drawer")


def test_a_register_that_is_kept_for_somebody_leads_to_another(shops: Shops, till_of: TillOf) -> None:
    shop = shops.make(registers=3)
    one = till_of(shop)
    one.pin(shop.ana)
    expect(one.button("Caja 1", exact=True)).to_be_visible()
    luis = shop.luis.login(shop.registers[0])
    open_drawer(luis, {"EUR": 10})
    luis.post("/api/auth/logout-pos")

    one.button("Caja 1", exact=True).click()
    expect(one.page.get_by_role("dialog")).to_contain_text("Only Luis can go on there")
    one.button("Choose another than Caja 1").click()

    expect(one.button("Caja 2", exact=True)).to_be_visible()
    expect(one.button("Caja 1", exact=True)).to_have_count(0)


def test_a_drawer_left_open_elsewhere_is_resumed_there(shops: Shops, till_of: TillOf) -> None:
    shop = shops.make(registers=3)
    one = till_of(shop)
    one.pin(shop.ana)
    expect(one.button("Caja 1", exact=True)).to_be_visible()
    elsewhere = shop.ana.login(shop.registers[1])
    open_drawer(elsewhere, {"EUR": 77})
    elsewhere.post("/api/auth/logout-pos")

    one.button("Caja 1", exact=True).click()
    one.button("Resume on Caja 2").click()

    one.heading("The drawer is open")
    expect(one.expected()).to_have_text("€77.00")


def test_a_release_at_the_desk_reaches_the_till_within_two_seconds(
    shops: Shops, till_of: TillOf, new_page: Callable[..., Page]
) -> None:
    shop = shops.make(registers=1)
    till = till_of(shop)
    till.pin(shop.ana)
    till.open_with("40")
    desk = new_page()
    desk.goto("/desk")
    desk.get_by_label("Organisation").fill(shop.slug)
    desk.get_by_label("User name").fill(shop.elena.username)
    desk.get_by_label("Password", exact=True).fill(shop.elena.password)
    desk.get_by_role("button", name="Sign in").click()
    card = desk.get_by_role("region", name="Caja 1")
    expect(card).to_contain_text("€40.00")

    card.get_by_role("button", name="Release").click()
    desk.get_by_role("dialog").get_by_role("button", name="Release").click()
    started = time.monotonic()
    till.heading("Enter your PIN")
    seconds = time.monotonic() - started

    assert seconds < 2
    expect(till.page.get_by_role("alert")).to_contain_text("released by a manager")
    expect(card).to_contain_text("Free")
