"""The till in a real Chromium: how soon it can be used, and how soon a line is painted with 5,000 products."""

from __future__ import annotations

import asyncio
import shutil
import statistics
import time
from collections.abc import Callable

import asyncpg
from playwright.sync_api import Browser, Page, sync_playwright
from rich.console import Console
from rich.table import Table

from bench import stage
from bench.stage import Stage, Till
from tillvault.core.http.webapp import DIST
from tillvault.core.ids import new_id

PRODUCTS = 5_000
LINES = 40
COLD_LOADS = 5
_USABLE_S_MAX = 2
_PAINT_MS_MAX = 100

# From the click to the frame in which the line is drawn, by the page's own clock.
_ADD = """at => new Promise(resolve => {
    const tile = document.querySelectorAll('[data-testid=product]')[at];
    const started = performance.now();
    tile.click();
    requestAnimationFrame(() => {
        const channel = new MessageChannel();
        channel.port1.onmessage = () => resolve(performance.now() - started);
        channel.port2.postMessage(0);
    });
})"""


async def _stock(at: Stage) -> None:
    raw = await asyncpg.connect(at.dsn)
    async with raw.transaction():
        await raw.execute("SELECT set_config('app.organisation_id', $1, true)", str(at.organisation_id))
        await raw.executemany(
            "INSERT INTO products (organisation_id, id, name, search, tax_rate_bp, price_minor, currency,"
            " is_open_price, unit, is_favourite, is_active, created_at, updated_at)"
            " VALUES ($1, $2, $3, lower($3), 2000, $4, 'EUR', false, 'PIECE', false, true, now(), now())",
            [(at.organisation_id, new_id(), f"Article {n:04d} crème", 100 + n) for n in range(PRODUCTS)],
        )
    await raw.close()


def _page(browser: Browser, at: Stage) -> Page:
    """A browser that has never been here."""
    context = browser.new_context(base_url=f"http://127.0.0.1:{at.port}", viewport={"width": 1280, "height": 800})
    return context.new_page()


def _cold(browser: Browser, at: Stage) -> float:
    """Seconds from nothing to a field that takes the store's code."""
    page = _page(browser, at)
    started = time.perf_counter()
    page.goto("/till", wait_until="commit")
    page.get_by_label("Store code").fill("X")
    seconds = time.perf_counter() - started
    page.context.close()
    return seconds


def _log_in(page: Page, till: Till) -> None:
    page.goto("/till")
    page.get_by_label("Store code").fill(till.store)
    page.get_by_role("button", name="Use this store").click()
    for digit in till.pin:
        page.get_by_role("button", name=digit, exact=True).click()
    page.get_by_role("button", name="Enter", exact=True).click()
    page.get_by_role("button", name="Till 0", exact=True).click()
    page.get_by_text("Total only").first.click()
    page.get_by_label("Total in EUR").fill("100")
    page.get_by_role("button", name="Open with").click()
    page.get_by_role("heading", name="The drawer is open").wait_for()


def _measured(at: Stage, executable: str) -> tuple[list[float], float, float, list[float]]:
    """Cold loads in seconds, the selling page first and later, and paints in milliseconds; lists sorted."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        cold = sorted(_cold(browser, at) for _ in range(COLD_LOADS))
        page = _page(browser, at)
        _log_in(page, at.tills[0])
        first = _seconds_to_goods(page, lambda: page.goto("/till/sell"))
        page.wait_for_timeout(500)
        again = _seconds_to_goods(page, page.reload)
        painted = sorted(page.evaluate(_ADD, number) for number in range(LINES))
        browser.close()
    return cold, first, again, painted


def _seconds_to_goods(page: Page, act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    page.get_by_test_id("product").first.wait_for()
    return time.perf_counter() - started


def compare(table: Table) -> None:
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    if executable is None or not (DIST / "index.html").is_file():
        table.add_row("till in the browser", "not measured", "", "no Chromium, or no build")
        return
    with stage.running() as at:
        # Before the browser: its loop holds this thread.
        asyncio.run(stage.build(at, tills=2, stores=0))
        asyncio.run(_stock(at))
        cold, first, again, painted = _measured(at, executable)
    table.add_row(
        "till usable, cold local load",
        f"{statistics.median(cold):.2f} s",
        f"< {_USABLE_S_MAX} s",
        f"worst of {COLD_LOADS}: {cold[-1]:.2f} s; {PRODUCTS} products: first {first:.2f} s, later {again:.2f} s",
    )
    table.add_row(
        f"adding a line with {PRODUCTS} products is painted",
        f"worst {painted[-1]:.0f} ms",
        f"< {_PAINT_MS_MAX} ms",
        f"median {statistics.median(painted):.0f} ms of {LINES}",
    )


if __name__ == "__main__":
    shown = Table("measured", "figure", "target", "detail")
    compare(shown)
    Console(width=170).print(shown)
