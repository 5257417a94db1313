"""The first run in a real browser, on an installation in which there is nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.people import faults, overflows
from tests.machinery import Serving

CODE = "ABCD-EFGH-JKLM"


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    serving = Serving(tmp_path / "var", settings={"TILLVAULT_SETUP_CODE": CODE})
    try:
        yield serving.ready().url
    finally:
        serving.clean_up()


@pytest.fixture
def page(chromium: Browser, url: str) -> Iterator[Page]:
    context = chromium.new_context(
        base_url=url, viewport={"width": 390, "height": 844}, locale="en", reduced_motion="reduce"
    )
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


@pytest.mark.slow
def test_whoever_reads_the_log_founds_the_shop_and_signs_in(page: Page, shots: Path | None) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", name="A new shop")).to_be_visible()
    assert page.url.endswith("/setup")
    for label, text in (
        ("Setup code", "WRONG-CODE"),
        ("Organisation", "Café Ñandú"),
        ("Branch", "Centro"),
        ("First register", "Caja 1"),
        ("Your name", "Eva"),
        ("Your user name", "eva"),
    ):
        page.get_by_label(label, exact=True).fill(text)
    if shots is not None:
        page.screenshot(path=shots / "phone-setup.png", full_page=True)
    assert faults(page) == []
    assert not overflows(page)
    page.get_by_role("button", name="Open the shop").click()
    expect(page.get_by_role("alert")).to_contain_text("This is not the setup code")

    page.get_by_label("Setup code").fill(CODE)
    page.get_by_role("button", name="Open the shop").click()
    password = page.get_by_test_id("founded-password").inner_text()
    pin = page.get_by_test_id("founded-pin").inner_text()
    page.get_by_role("link", name="To the till").click()
    expect(page.get_by_role("heading", name="Enter your PIN")).to_be_visible()
    page.keyboard.type(pin, delay=60)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("cashier")).to_have_text("Eva")
    page.goto("/desk")
    page.get_by_label("User name").fill("eva")
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("region", name="Caja 1")).to_be_visible()

    page.goto("/setup")
    expect(page.get_by_text("A shop is set up here already.")).to_be_visible()
    page.evaluate("() => localStorage.clear()")
    page.goto("/")
    expect(page.get_by_label("Store code")).to_be_visible()
