"""Closing is one path: what is not done yet, the count, what stays, the difference with its reason, the Z."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.counter import Counter, drawer_ready, shop_of
from tests.browser.people import Till, faults, overflows, small_targets
from tests.support import Api, Shops, move

TillOf = Callable[..., Till]


@pytest.fixture
def counter(shops: Shops, till_of: TillOf) -> Counter:
    shop = shop_of(shops)
    return Counter(drawer_ready(till_of(shop), shop.ana), shop)


def count(till: Till, total: str) -> None:
    till.page.get_by_text("Total only").first.click()
    till.page.get_by_label("Total in EUR").fill(total)
    till.button("Next").click()


def session_of(counter: Counter) -> dict[str, Any]:
    admin = counter.shop.elena.back_office()
    return admin.ok(admin.get("/v1/cash/sessions"))["items"][0]


def test_the_whole_path_from_parked_work_to_the_z_and_the_next_float(counter: Counter) -> None:
    page, till = counter.page, counter.till
    counter.pick("Bread")
    counter.pay_cash("10")
    counter.next()
    counter.pick("Coffee")
    till.button("Park").click()
    counter.done()
    counter.wait_for_parked(1)

    page.goto("/till/close")
    expect(page.get_by_test_id("parked-work")).to_have_text("1 of your carts is parked.")
    count(till, "102,50")
    stays = page.get_by_label(re.compile("^Stays in EUR"))
    stays.fill("103")
    expect(page.get_by_text("No more can stay than was counted.")).to_be_visible()
    expect(till.button("Close the drawer")).to_be_disabled()
    till.button("The float of €100.00 stays").click()
    expect(page.get_by_test_id("removed-EUR")).to_have_text("€2.50")
    expect(page.get_by_test_id("difference-EUR")).to_have_text("€0.00")
    till.button("Close the drawer").click()

    expect(page.get_by_test_id("z-title")).to_have_text("Z 1")
    expect(page.get_by_test_id("leftCash-EUR")).to_have_text("€100.00")
    expect(page.get_by_test_id("removedCash-EUR")).to_have_text("€2.50")
    closed = session_of(counter)
    assert (closed["leftCash"], closed["removedCash"]) == ({"EUR": 100}, {"EUR": 2.5})
    with page.expect_download() as sent:
        till.button("Send or save").click()
    assert sent.value.suggested_filename.startswith("z-1-")
    till.button("Open a new drawer").click()
    expect(page.get_by_test_id("last-close")).to_contain_text("€100.00")
    page.get_by_text("Total only").click()
    page.get_by_label("Total in EUR").fill("90")
    expect(page.get_by_text("That is not what the last close left.")).to_be_visible()
    page.get_by_label("Total in EUR").fill("100")
    expect(page.get_by_text("That is not what the last close left.")).to_have_count(0)


def test_without_a_word_everything_stays(counter: Counter) -> None:
    counter.page.goto("/till/close")
    count(counter.till, "100")
    counter.till.button("Close the drawer").click()

    expect(counter.page.get_by_test_id("removedCash-EUR")).to_have_text("€0.00")
    assert session_of(counter)["leftCash"] == {"EUR": 100}


def test_a_lost_answer_to_the_close_closes_once_and_shows_the_z(counter: Counter) -> None:
    page, till = counter.page, counter.till
    lost: list[str] = []

    def lose(route: Any) -> None:
        if lost:
            route.continue_()
            return
        lost.append(route.request.url)
        route.fetch()
        route.abort()

    page.route("**/close", lambda route: lose(route) if route.request.method == "POST" else route.continue_())
    page.goto("/till/close")
    count(till, "100")
    till.button("Close the drawer").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_be_visible()

    till.button("Close the drawer").click()

    expect(page.get_by_test_id("z-title")).to_have_text("Z 1")
    assert len(lost) == 1
    assert session_of(counter)["zNumber"] == 1


def test_a_movement_that_waits_is_decided_by_a_managers_pin_before_the_count(counter: Counter) -> None:
    page, till = counter.page, counter.till
    till.link("Drawer").click()
    till.link("Cash in or out").click()
    page.get_by_text("Correction", exact=True).click()
    page.get_by_text("More is in it", exact=True).click()
    page.get_by_label("Amount (EUR)").fill("150")
    page.get_by_text("Float was miscounted").click()
    till.button("Record").click()
    waiting = page.get_by_test_id("pending")
    expect(waiting).to_contain_text("€150.00 – Adjustment")
    expect(till.expected()).to_have_text("€100.00")

    page.goto("/till/close")
    waiting.get_by_role("button", name="Decide with a PIN").click()
    pin = page.get_by_label("A manager’s PIN")
    pin.fill(counter.shop.ana.pin)
    till.button("Approve").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("not a manager’s")
    expect(pin).to_have_value("")
    pin.fill(counter.shop.marta.pin)
    till.button("Approve").click()

    expect(waiting).to_have_count(0)
    assert counter.expected_cash() == {"EUR": 250}
    count(till, "250")
    expect(page.get_by_test_id("difference-EUR")).to_have_text("€0.00")


def test_what_the_desk_decides_is_seen_at_the_till_without_a_click(counter: Counter) -> None:
    manager = counter.shop.marta.back_office()
    drawer = counter.api.ok(counter.api.get("/v1/cash/sessions/active"))["id"]
    counter.till.link("Drawer").click()
    movement = move(counter.api, drawer, "PAID_IN", {"EUR": 300})
    expect(counter.page.get_by_test_id("pending")).to_contain_text("€300.00", timeout=15_000)

    manager.ok(manager.post(f"/v1/cash/sessions/{drawer}/movements/{movement['id']}/approve"))

    expect(counter.page.get_by_test_id("pending")).to_have_count(0)
    expect(counter.till.expected()).to_have_text("€400.00")


def test_a_correction_takes_out_what_is_not_there(counter: Counter) -> None:
    page, till = counter.page, counter.till
    page.goto("/till/movement")
    page.get_by_text("Correction", exact=True).click()
    page.get_by_label("Amount (EUR)").fill("5")
    page.get_by_text("Wrong change given").click()
    till.button("Record").click()

    expect(till.expected()).to_have_text("€95.00")


@pytest.mark.parametrize("language", ["en", "km"])
def test_the_path_looks_right_on_a_phone(shops: Shops, till_of: TillOf, shots: Any, language: str) -> None:
    shop = shop_of(shops, currencies=("USD", "KHR"))
    till = drawer_ready(till_of(shop, width=390, height=844), shop.ana, {"USD": 100, "KHR": 200_000})
    page = till.page
    counter = Counter(till, shop)
    drawer = counter.api.ok(counter.api.get("/v1/cash/sessions/active"))["id"]
    move(counter.api, drawer, "PAID_IN", {"USD": 300})
    page.evaluate(f"() => localStorage.setItem('tillvault.language', '{language}')")

    page.goto("/till/movement")
    page.get_by_role("radiogroup").first.locator("label").last.click()
    _look(page, shots, f"correction-{language}")
    page.goto("/till")
    page.get_by_test_id("pending").wait_for()
    _look(page, shots, f"pending-{language}")
    page.get_by_test_id("pending").get_by_role("button").click()
    page.get_by_role("dialog").get_by_role("textbox").wait_for()
    _look(page, shots, f"decide-{language}")
    _approve(Api(shop.http, shop.marta.back_office().token), drawer)
    page.goto("/till/close")
    for currency, total in (("USD", "120"), ("KHR", "200000")):
        section = page.locator(f"section[aria-label={currency}]")
        section.locator("label").last.click()
        section.get_by_role("textbox").fill(total)
    page.locator("main button[type=submit]").click()
    page.get_by_test_id("removed-KHR").wait_for()
    _look(page, shots, f"leave-{language}")
    page.get_by_role("dialog").get_by_role("button").last.click()
    page.get_by_test_id("removedCash-KHR").wait_for()
    _look(page, shots, f"closed-{language}")


def _approve(manager: Api, drawer: str) -> None:
    (movement,) = manager.ok(manager.get(f"/v1/cash/sessions/{drawer}/movements?status=PENDING"))["items"]
    manager.ok(manager.post(f"/v1/cash/sessions/{drawer}/movements/{movement['id']}/approve"))


def _look(page: Any, shots: Any, name: str) -> None:
    page.wait_for_timeout(250)
    if shots is not None:
        page.screenshot(path=shots / f"{name}.png", full_page=True)
    assert faults(page) == [], name
    assert small_targets(page) == [], name
    assert not overflows(page), name
