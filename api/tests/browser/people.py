"""What people do at a till and at the desk, in the words of the page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.support import BranchOfShop, Person

LANGUAGES = ("en", "es", "fr", "km")
SIZES: dict[str, dict[str, Any]] = {
    "phone": {"width": 390, "height": 844},
    "tablet": {"width": 1024, "height": 768, "dark": True},
    "desktop": {"width": 1440, "height": 900},
}

AXE = Path(__file__).resolve().parents[3] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"


class Till:
    """A device with a till on it."""

    def __init__(self, page: Page, place: BranchOfShop) -> None:
        self.page = page
        self.place = place

    def set_up(self) -> None:
        self.page.goto("/till")
        self.page.get_by_label("Store code").fill(self.place.code)
        self.page.get_by_role("button", name="Use this store").click()
        self.heading("Enter your PIN")

    def heading(self, name: str | re.Pattern[str]) -> None:
        expect(self.page.get_by_role("heading", name=name)).to_be_visible()

    def button(self, name: str | re.Pattern[str], *, exact: bool = False) -> Locator:
        return self.page.get_by_role("button", name=name, exact=exact)

    def link(self, name: str) -> Locator:
        return self.page.get_by_role("link", name=name)

    def pin(self, person: Person) -> None:
        """By touch."""
        for digit in person.pin:
            self.button(digit, exact=True).click()
        self.button("Enter", exact=True).click()

    def log_in(self, person: Person, register: str = "Caja 1") -> None:
        self.pin(person)
        self.button(register, exact=True).click()
        expect(self.page.get_by_test_id("cashier")).to_have_text(person.name)

    def open_with(self, total: str, currency: str = "EUR") -> None:
        self.heading("Open the drawer")
        self.page.get_by_text("Total only").first.click()
        self.page.get_by_label(f"Total in {currency}").fill(total)
        self.button(re.compile("^Open with")).click()
        self.heading("The drawer is open")

    def expected(self, currency: str = "EUR") -> Locator:
        return self.page.get_by_test_id(f"expected-{currency}")

    def log_out(self) -> None:
        self.button("Log out").first.click()
        self.heading("Enter your PIN")


COUNT_REQUESTS = """(() => {
    const send = window.fetch
    let open = 0
    window.fetch = (...order) => { open += 1; return send(...order).finally(() => { open -= 1 }) }
    window.openRequests = () => open
})()"""
"""Put into every page before its own scripts, for `settled`."""


def settled(page: Page) -> None:
    """Wait until the page has what it asked for, its fonts are there and nothing has changed on it for a moment."""
    page.evaluate(
        """() => new Promise(done => {
            let changed = performance.now()
            const watch = new MutationObserver(() => { changed = performance.now() })
            watch.observe(document, {subtree: true, childList: true, attributes: true, characterData: true})
            const began = changed
            const look = () => {
                const now = performance.now()
                const quiet = now - changed > 100 && openRequests() === 0 && document.fonts.status === 'loaded'
                if (quiet || now - began > 5000) { watch.disconnect(); done() } else { setTimeout(look, 20) }
            }
            look()
        })"""
    )


def walk(page: Page, path: str) -> None:
    """Go to another page within the app, as its links do: nothing is loaded that is there already."""
    page.evaluate("path => { history.pushState({}, '', path); dispatchEvent(new PopStateEvent('popstate')) }", path)


def move_to(page: Page, path: str) -> None:
    """Walk to another page and wait for its heading."""
    if page.evaluate("path => location.pathname === path", path):
        return
    heading = page.locator("h1")
    heading.evaluate_all("all => all.forEach(it => { it.dataset.left = '' })")
    walk(page, path)
    expect(heading).to_be_visible()
    expect(heading).not_to_have_attribute("data-left", "")


def faults(page: Page) -> list[Any]:
    """Serious and critical faults that axe finds on the page as it is."""
    # Injected past the policy of the page, as the browser's own tools are.
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("async () => (await axe.run(document, {resultTypes: ['violations']})).violations")
    return [
        {"id": fault["id"], "where": [node["html"][:200] for node in fault["nodes"]][:3]}
        for fault in found
        if fault["impact"] in {"serious", "critical"}
    ]


def small_targets(page: Page) -> list[str]:
    """Whatever can be touched on the page and is smaller than 44 px."""
    return page.evaluate(
        """() => [...document.querySelectorAll('button, a[href], input:not([type=radio]):not([type=checkbox])')]
            .map(it => [it, it.getBoundingClientRect()])
            .filter(([it, box]) => box.width > 0 && getComputedStyle(it).visibility !== 'hidden')
            .filter(([, box]) => box.height < 43.5 || box.width < 43.5)
            .map(([it, box]) => `${it.outerHTML.slice(0, 160)} ${Math.round(box.width)}x${Math.round(box.height)}`)"""
    )


def overflows(page: Page) -> bool:
    """Whether the page is wider than its window, or a button's words are wider than the button."""
    return page.evaluate(
        """() => document.documentElement.scrollWidth > innerWidth + 1
            || [...document.querySelectorAll('[role=dialog], [role=dialog] *, button, a, label')].some(it =>
                it.scrollWidth > it.clientWidth + 2 && it.clientWidth > 0
                && getComputedStyle(it).display !== 'inline')"""
    )
