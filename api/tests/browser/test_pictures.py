"""The pictures of README.md: a walk through the demo, as `make run` serves it. `make pictures` keeps what it sees."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.machinery import Serving
from tests.selling import sold
from tests.support import Api, open_drawer
from tillvault import reference

KEPT_IN = os.environ.get("TILLVAULT_TEST_PICTURES")
"""The folder for the pictures; unset, they are made and thrown away."""
BYTES_MAX = 200 * 1024
NAMES = ("till", "desk", "proof")


class Album:
    def __init__(self) -> None:
        self.sizes: dict[str, int] = {}

    def take(self, page: Page, name: str) -> None:
        page.mouse.move(0, 0)
        page.wait_for_timeout(400)
        picture = page.screenshot(animations="disabled")
        self.sizes[name] = len(picture)
        if KEPT_IN:
            (Path(KEPT_IN) / f"{name}.png").write_bytes(picture)


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    serving = Serving(tmp_path / "var", command=("serve", "--demo"))
    try:
        yield serving.ready().url
    finally:
        serving.clean_up()


@pytest.fixture
def page(chromium: Browser, url: str) -> Iterator[Page]:
    context = chromium.new_context(
        base_url=url,
        viewport={"width": 1180, "height": 740},
        locale="en",
        color_scheme="light",
        reduced_motion="reduce",
    )
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


@pytest.mark.slow
def test_every_picture_of_the_readme_can_be_taken_again(page: Page, url: str) -> None:
    album = Album()

    _sell(page, album)
    with httpx.Client(base_url=url, timeout=30) as http:
        _open_registers(http)
    page.set_viewport_size({"width": 1320, "height": 780})
    _sign_in(page, "mi-empresa", "elena")
    expect(page.get_by_role("region", name="Caja 3")).to_contain_text("In use")
    album.take(page, "desk")
    page.get_by_role("button", name="Log out").click()
    _sign_in(page, "recyclerie", "nora")
    page.goto("/desk/sales")
    page.get_by_role("table").get_by_role("link").first.click()
    page.get_by_role("button", name="Prove it").click()
    expect(page.get_by_test_id("verdict")).to_contain_text("as it was sold")
    page.get_by_role("button", name="Save the proof").scroll_into_view_if_needed()
    album.take(page, "proof")

    assert tuple(album.sizes) == NAMES
    assert {name: size for name, size in album.sizes.items() if size > BYTES_MAX} == {}


def test_the_readme_shows_pictures_that_this_test_takes() -> None:
    readme = (reference.ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"!\[[^\]]+\]\(docs/images/([a-z-]+)\.png\)", readme)

    assert set(shown) == {*NAMES, "api-docs"}
    for name in shown:
        assert (reference.ROOT / "docs" / "images" / f"{name}.png").stat().st_size < BYTES_MAX


def _sell(page: Page, album: Album) -> None:
    """A cashier of the re-use shop, from the PIN to the change."""
    page.goto("/")
    page.get_by_label("Store code").fill("RECY-3000")
    page.get_by_role("button", name="Use this store").click()
    expect(page.get_by_role("heading", name="Enter your PIN")).to_be_visible()
    page.keyboard.type("1234", delay=60)
    page.keyboard.press("Enter")
    page.get_by_text("Total only").first.click()
    page.get_by_label("Total in EUR").fill("80")
    page.get_by_role("button", name=re.compile("^Open with")).click()
    expect(page.get_by_role("heading", name="The drawer is open")).to_be_visible()
    page.get_by_role("navigation", name="Till").get_by_role("link", name="Sell").click()
    page.get_by_role("button", name="All", exact=True).click()
    goods = page.get_by_test_id("product")
    for at in (0, 1, 2, 2):
        goods.nth(at).click()
        if page.get_by_role("dialog").count():
            page.keyboard.press("Escape")
    expect(page.get_by_test_id("pay")).to_be_enabled()
    album.take(page, "till")
    page.get_by_test_id("pay").click()
    page.get_by_role("dialog").get_by_label(re.compile("^Amount")).fill("20")
    page.get_by_test_id("finish").click()
    expect(page.get_by_test_id("change-due")).to_be_visible()


def _open_registers(http: httpx.Client) -> None:
    """Three people at work in the first shop of the demo."""
    for at, pin in enumerate(("1234", "2345", "3456")):
        given = {"pin": pin, "codigo_tienda": "TIEN-7A31"}
        free: list[dict[str, Any]] = http.post("/api/auth/validar-pin", json=given).json()["tpvs_disponibles"]
        login = http.post("/api/auth/login-pin", json={**given, "tpv_id": free[0]["id"]})
        till = Api(http, login.json()["access_token"])
        open_drawer(till, {"EUR": 100 + 20 * at})
        products = till.ok(till.get("/v1/catalogue/products"))["items"]
        priced = [one["id"] for one in products if not one["isOpenPrice"] and one["unit"] == "PIECE"]
        for number in range(at + 1):
            sold(till, [priced[(at + number) % len(priced)]], [{"method": "CASH", "amount": 150}])


def _sign_in(page: Page, organisation: str, username: str) -> None:
    page.goto("/desk")
    page.get_by_label("Organisation").fill(organisation)
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password", exact=True).fill(f"demo-{username}")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("navigation")).to_be_attached()
