"""A real Chromium before the built web app, the real API and a real database.

Needs a build (`frontend/build`) and a Chromium, found by its usual names; without either these tests are skipped with
the reason, and in CI that is a failure.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.people import COUNT_REQUESTS, Till
from tests.support import Shop, Shops
from tillvault.core.config import Settings
from tillvault.core.http.webapp import DIST

# The first is the same engine without windows, which nobody sees here: it needs a quarter less of the processor.
_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome")
# As root Chromium has no sandbox; the rest keeps it from talking to anybody but the API.
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)

OpenPage = Callable[..., Page]

PATIENCE_MS = 15_000
"""For what comes by itself. Where the product must be quicker, the test says so."""
expect.set_options(timeout=PATIENCE_MS)


class ShopsBeside(Shops):
    """Playwright's loop holds the thread of the tests, so what needs a loop of its own gets a thread of its own."""

    def make(self, **order: Any) -> Shop:
        with ThreadPoolExecutor(1) as beside:
            return beside.submit(lambda: Shops.make(self, **order)).result()


@pytest.fixture(scope="package")
def shops(http: httpx.Client, settings: Settings) -> Shops:
    return ShopsBeside(http, settings)


# Not for the whole session: tests elsewhere use asyncio in this thread, which Playwright's loop forbids while it runs.
# So does the making of the database: it comes first, also where the first test has a server of its own.
@pytest.fixture(scope="package")
def chromium(base_url: str) -> Iterator[Browser]:
    del base_url
    executable = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if executable is None:
        pytest.skip("no Chromium is installed (Debian: apt install chromium-headless-shell)")
    if not (DIST / "index.html").is_file():
        pytest.skip("the web app has not been built (frontend/build)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(_FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def new_page(chromium: Browser, base_url: str) -> Iterator[OpenPage]:
    """Open a browser of its own, as another device would be; whatever its page logs as an error fails the test."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def make(
        *, width: int = 1024, height: int = 768, dark: bool = False, language: str = "en", keeps_app: bool = False
    ) -> Page:
        context = chromium.new_context(
            base_url=base_url,
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            locale=language,
            reduced_motion="reduce",
            # Most tests are over before they could go offline; to keep the app costs each as much as to load it.
            service_workers="allow" if keeps_app else "block",
        )
        context.set_default_timeout(PATIENCE_MS)
        context.add_init_script(COUNT_REQUESTS)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "console",
            lambda line: errors.append(line.text) if "Content Security Policy" in line.text else None,
        )
        return page

    yield make
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture
def till_of(new_page: OpenPage) -> Callable[..., Till]:
    """A till in a browser of its own, that knows its store already."""

    def make(shop: Shop, *, branch: int = 0, **how: object) -> Till:
        till = Till(new_page(**how), shop.branches[branch])
        till.set_up()
        return till

    return make


@pytest.fixture(scope="session")
def shots() -> Path | None:
    """Where screenshots go for people to look at: TILLVAULT_TEST_SHOTS; unset, none are kept."""
    folder = os.environ.get("TILLVAULT_TEST_SHOTS")
    if not folder:
        return None
    Path(folder).mkdir(parents=True, exist_ok=True)
    return Path(folder)
