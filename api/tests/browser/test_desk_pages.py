"""Every page of the desk: no serious fault for axe, targets of 44 px, no word too long in four languages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.desk import Desk
from tests.browser.people import LANGUAGES, SIZES, faults, move_to, overflows, settled, small_targets
from tests.selling import sold
from tests.support import Shop, Shops, move, open_drawer

OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def furnished(shops: Shops) -> tuple[Shop, dict[str, str]]:
    """A shop with something on every page; gives the paths of the pages by their names."""
    shop = shops.make(branches=2)
    admin = shop.elena.back_office()
    lamp = admin.ok(admin.post("/v1/catalogue/products", {"name": "Lamp of a long name", "price": 12.5}), 201)["id"]
    admin.ok(admin.post("/v1/webhooks", {"url": "https://1.1.1.1/a/rather/long/address", "types": None}), 201)
    for words in ("réfrigérateur congélateur américain qui ne refroidit plus", "grille-pain"):
        admin.ok(admin.post("/v1/deposits", {"description": words, "quantity": 2, "weightGrams": 61_500}), 201)
    counted = admin.ok(admin.post("/v1/deposits", {"description": "lampe de chevet", "weightGrams": 850}), 201)
    admin.ok(admin.post(f"/v1/deposits/{counted['id']}/validate", {}))
    storage = {"target": "s3", "endpoint": "https://1.1.1.1", "bucket": "a-bucket-of-a-rather-long-name"}
    keys = {"accessKeyId": "AKID", "secretAccessKey": "secret"}
    admin.ok(admin.post("/v1/deposits/exports", {"name": "Ecologic", "destination": storage | keys}), 201)
    till = shop.ana.login(shop.registers[0])
    past = open_drawer(till, {"EUR": 100})
    move(till, past["id"], "PAID_OUT", {"EUR": 20}, reason="window cleaner")
    sale = sold(till, [lamp], [{"method": "CASH", "amount": 20}])
    till.ok(till.post(f"/v1/cash/sessions/{past['id']}/close", {"countedCash": {"EUR": 80}}))
    drawer = open_drawer(till, {"EUR": 50})
    move(till, drawer["id"], "PAID_IN", {"EUR": 500}, reason="from the bank")
    return shop, {
        "board": "",
        "sessions": "sessions",
        "closed": f"sessions/{past['id']}",
        "open": f"sessions/{drawer['id']}",
        "figures": "figures",
        "sales": "sales",
        "sale": f"sales/{sale['id']}",
        "vault": "vault",
        "ticket": f"vault/{sale['ticketId']}",
        "catalogue": "catalogue",
        "deposits": "deposits",
        "deposit-queue": "deposits/queue",
        "deposit-statistics": "deposits/statistics",
        "deposit-new": "deposits/new",
        "exports": "exports",
        "alerts": "alerts",
        "telegram": "telegram",
        "people": "people",
        "places": "places",
        "settings": "settings",
        "policies": f"policies/{shop.branches[0].id}",
        "keys": "keys",
        "webhooks": "webhooks",
        "sync-log": "sync-log",
        "audit": "audit",
    }


def check(page: Page, name: str, shots: Path | None, size: str) -> list[str]:
    """What is wrong with a page."""
    settled(page)
    if shots is not None:
        page.screenshot(path=shots / f"desk-{size}-{name}.png", full_page=True)
    wrong = [f"{name}: {fault}" for fault in faults(page)]
    if overflows(page):
        wrong.append(f"{name}: wider than the window")
    if size == "phone":
        wrong += [f"{name}: small: {target}" for target in small_targets(page)]
    return wrong


@pytest.mark.parametrize("size", sorted(SIZES))
def test_every_page_is_sound(
    furnished: tuple[Shop, dict[str, str]], new_page: OpenPage, shots: Path | None, size: str
) -> None:
    shop, paths = furnished
    desk = Desk(new_page(**SIZES[size]), shop.elena)
    wrong: list[str] = []

    for name, path in paths.items():
        move_to(desk.page, f"/desk/{path}".rstrip("/"))
        if name == "sale":
            desk.button("Prove it").click()
            expect(desk.page.get_by_test_id("verdict")).to_be_visible()
        wrong += check(desk.page, name, shots, size)

    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_is_too_long_for_a_phone(
    furnished: tuple[Shop, dict[str, str]], new_page: OpenPage, shots: Path | None, language: str
) -> None:
    shop, paths = furnished
    page = new_page(**SIZES["phone"], language=language)
    page.goto("/desk")
    page.locator("input[autocomplete=organization]").fill(shop.slug)
    page.locator("input[autocomplete=username]").fill(shop.elena.username)
    page.locator("input[autocomplete=current-password]").fill(shop.elena.password)
    page.locator("button[type=submit]").click()
    expect(page.get_by_test_id("expected")).to_be_visible()
    wrong: list[str] = []

    for name, path in paths.items():
        move_to(page, f"/desk/{path}".rstrip("/"))
        settled(page)
        if shots is not None:
            page.screenshot(path=shots / f"desk-{language}-{name}.png", full_page=True)
        if overflows(page):
            wrong.append(name)

    assert wrong == []


def test_a_dialog_is_done_by_keyboard_alone(furnished: tuple[Shop, dict[str, str]], new_page: OpenPage) -> None:
    shop, _ = furnished
    desk = Desk(new_page(), shop.elena)
    desk.go("places", "Branches and registers")

    desk.button("New register").focus()
    desk.page.keyboard.press("Enter")
    expect(desk.dialog.get_by_label("Name", exact=True)).to_be_focused()
    desk.page.keyboard.type("Caja Z")
    desk.page.keyboard.press("Enter")

    expect(desk.dialog).to_have_count(0)
    expect(desk.page.get_by_role("table", name="Registers")).to_contain_text("Caja Z")
    expect(desk.button("New register")).to_be_focused()
