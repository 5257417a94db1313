"""Every page: no serious fault for axe, targets of 44 px, no word too long in four languages; what the build weighs."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.people import LANGUAGES, SIZES, Till, faults, overflows, settled, small_targets
from tests.support import Shop, Shops

OpenPage = Callable[..., Page]
INITIAL_KIB_MAX = 300


def _check(page: Page, name: str, shots: Path | None, size: str) -> None:
    settled(page)
    if shots is not None:
        page.screenshot(path=shots / f"{size}-{name}.png", full_page=True)
    assert faults(page) == [], name
    assert not overflows(page), name
    if size == "phone":
        assert small_targets(page) == [], name


@pytest.mark.parametrize("size", sorted(SIZES))
def test_every_page_of_the_till_is_sound(shops: Shops, new_page: OpenPage, shots: Path | None, size: str) -> None:
    shop = shops.make(currencies=("USD", "KHR"))
    page = new_page(**SIZES[size])
    till = Till(page, shop.branches[0])

    page.goto("/till")
    expect(page.get_by_label("Store code")).to_be_visible()
    _check(page, "store", shots, size)
    till.set_up()
    _check(page, "pin", shots, size)
    till.pin(shop.ana)
    expect(till.button("Caja 1", exact=True)).to_be_visible()
    _check(page, "registers", shots, size)
    till.button("Caja 1", exact=True).click()
    till.heading("Open the drawer")
    page.get_by_label("How many of $20.00").fill("5")
    _check(page, "open", shots, size)
    till.button(re.compile("^Open with")).click()
    till.heading("The drawer is open")
    _check(page, "home", shots, size)
    till.button("Open without a sale").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    _check(page, "no-sale", shots, size)
    page.keyboard.press("Escape")
    till.link("Cash in or out").click()
    till.heading("Cash in or out")
    _check(page, "movement", shots, size)
    page.get_by_label("Amount (USD)").fill("5")
    page.get_by_label("Reason", exact=True).fill("More change")
    till.button("Record").click()
    till.link("X report").click()
    expect(page.get_by_test_id("totalPaidIn-USD")).to_have_text("$5.00")
    _check(page, "x", shots, size)
    till.link("Back").click()
    till.link("Count and close").click()
    page.get_by_label("How many of $100.00").fill("1")
    _check(page, "close", shots, size)
    till.button("Next").click()
    expect(page.get_by_test_id("difference-USD")).to_have_text("-$5.00")
    _check(page, "difference", shots, size)
    till.button("Close the drawer").click()
    expect(page.get_by_test_id("z-title")).to_have_text("Z 1")
    _check(page, "z", shots, size)


@pytest.mark.parametrize("size", sorted(SIZES))
def test_every_page_of_the_desk_is_sound(shops: Shops, new_page: OpenPage, shots: Path | None, size: str) -> None:
    shop = shops.make()
    shop.ana.login(shop.registers[0])
    page = new_page(**SIZES[size])

    page.goto("/desk")
    expect(page.get_by_label("User name")).to_be_visible()
    _check(page, "desk-login", shots, size)
    _sign_in(page, shop)
    expect(page.get_by_role("region", name="Caja 1")).to_contain_text("Ana")
    _check(page, "desk-board", shots, size)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_is_too_long_for_a_phone(shops: Shops, new_page: OpenPage, shots: Path | None, language: str) -> None:
    shop = shops.make(registers=1)
    page = new_page(**SIZES["phone"], language=language)

    page.goto("/till")
    page.get_by_role("textbox").fill(shop.branches[0].code)
    page.get_by_role("textbox").press("Enter")
    expect(page.get_by_role("button", name="7")).to_be_visible()
    _check(page, f"pin-{language}", shots, "phone")
    page.keyboard.type(shop.ana.pin, delay=60)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("cashier")).to_be_visible()
    expect(page.get_by_test_id("count-EUR")).to_be_visible()
    _check(page, f"open-{language}", shots, "phone")
    page.locator("main button[type=submit]").click()
    expect(page.get_by_test_id("expected-EUR")).to_be_visible()
    _check(page, f"home-{language}", shots, "phone")
    page.goto("/till/movement")
    expect(page.locator("main h1")).to_be_visible()
    _check(page, f"movement-{language}", shots, "phone")
    page.goto("/till/close")
    expect(page.get_by_test_id("count-EUR")).to_be_visible()
    _check(page, f"close-{language}", shots, "phone")


def test_language_and_appearance_are_kept(shops: Shops, new_page: OpenPage) -> None:
    page = new_page()
    page.goto("/till")

    page.get_by_role("button", name="Language and appearance").click()
    page.get_by_role("menuitem", name="Français").click()
    page.get_by_role("button", name="Langue et apparence").click()
    page.get_by_role("menuitem", name="Sombre").click()
    page.reload()

    expect(page.get_by_role("heading", name="Où se trouve cette caisse")).to_be_visible()
    assert page.locator("html").get_attribute("data-mantine-color-scheme") == "dark"
    assert page.locator("html").get_attribute("lang") == "fr"


def test_what_a_till_loads_at_first_is_small(chromium: object, http: httpx.Client, new_page: OpenPage) -> None:
    page = new_page()
    scripts: list[str] = []
    page.on("response", lambda answer: scripts.append(answer.url) if answer.url.endswith(".js") else None)

    page.goto("/till")
    expect(page.get_by_label("Store code")).to_be_visible()
    size = sum(len(gzip.compress(http.get(url).content, 9)) for url in scripts)

    assert scripts
    assert size < INITIAL_KIB_MAX * 1024, f"{size / 1024:.0f} KiB"


def test_the_app_is_served_with_a_strict_policy_and_its_assets_for_ever(chromium: object, http: httpx.Client) -> None:
    index = http.get("/till/anything")
    (name,) = re.findall(r'src="(/assets/[^"]+\.js)"', index.text)
    asset = http.get(name, headers={"Accept-Encoding": "gzip"})
    policy = index.headers["Content-Security-Policy"]

    assert (index.status_code, index.headers["Cache-Control"]) == (200, "no-cache")
    assert "script-src 'self';" in policy
    assert "http" not in policy
    assert asset.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert asset.headers["Content-Encoding"] == "gzip"
    assert http.get(name, headers={"Accept-Encoding": "identity"}).content == asset.content


@pytest.mark.parametrize(
    "path", ["/v1/nothing", "/api/nothing", "/assets/nothing.js", "/.built", "/nothing", "/metrics/x"]
)
def test_what_is_no_page_is_not_answered_by_the_app(http: httpx.Client, path: str) -> None:
    answer = http.get(path)

    assert answer.status_code == 404
    assert "html" not in answer.headers["Content-Type"]


@pytest.mark.parametrize(
    "path", ["/assets/..%2findex.html", "/..%2f..%2fREADME.md", "/%2e%2e/README.md", "/assets/..%5cx"]
)
def test_no_path_leads_out_of_the_build(http: httpx.Client, path: str) -> None:
    assert http.get(path).status_code == 404


def _sign_in(page: Page, shop: Shop) -> None:
    page.get_by_label("Organisation").fill(shop.slug)
    page.get_by_label("User name").fill(shop.elena.username)
    page.get_by_label("Password", exact=True).fill(shop.elena.password)
    page.get_by_role("button", name="Sign in").click()
