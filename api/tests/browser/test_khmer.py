"""Khmer on a machine that has no Khmer font: its letters and the sign of the riel come with the app, everywhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.counter import drawer_ready, shop_of
from tests.browser.people import Till
from tests.support import Shops

TillOf = Callable[..., Till]

# Elements with Khmer of their own, marked so that the browser's own tools find them again; those in frames too.
_MARK = """() => {
    let number = 0;
    for (const root of [document, ...[...document.querySelectorAll('iframe')].map(one => one.contentDocument)])
        for (const it of root?.querySelectorAll('body *') ?? [])
            if (it.checkVisibility() && [...it.childNodes].some(
                    node => node.nodeType === Node.TEXT_NODE && /[\\u1780-\\u17ff]/.test(node.data)))
                it.setAttribute('data-khmer', number += 1);
    return number;
}"""


def boxes(page: Page, tools: Any) -> list[str]:
    """Texts in Khmer that no Khmer font paints: a machine without one shows boxes in their place."""
    page.evaluate("async () => { await document.fonts.ready; }")
    page.wait_for_timeout(300)
    assert page.evaluate(_MARK) > 0
    root = tools.send("DOM.getDocument", {"depth": -1, "pierce": True})["root"]
    found: list[str] = []
    waiting: list[dict[str, Any]] = [root]
    while waiting:
        node = waiting.pop()
        waiting += [*node.get("children", []), *([node["contentDocument"]] if "contentDocument" in node else [])]
        if "data-khmer" in node.get("attributes", []):
            fonts = tools.send("CSS.getPlatformFontsForNode", {"nodeId": node["nodeId"]})["fonts"]
            if not any("Khmer" in font["familyName"] or font["isCustomFont"] for font in fonts):
                found.append(str([one.get("nodeValue") for one in node.get("children", [])]))
    return found


def test_no_word_and_no_sign_of_the_riel_is_a_box(shops: Shops, till_of: TillOf, shots: Path | None) -> None:
    shop = shop_of(shops, currencies=("USD", "KHR"), policies={"fxRates": {"KHR": 4100}})
    till = drawer_ready(till_of(shop, width=390, height=844), shop.ana, {"USD": 100, "KHR": 200_000})
    page = till.page
    tools: Any = page.context.new_cdp_session(page)
    tools.send("DOM.enable")
    tools.send("CSS.enable")
    page.evaluate("() => localStorage.setItem('tillvault.language', 'km')")

    def look(name: str) -> None:
        found = boxes(page, tools)
        if shots is not None:
            page.screenshot(path=shots / f"khmer-{name}.png")
        assert found == [], name

    page.goto("/till")
    expect(page.get_by_test_id("expected-KHR")).to_contain_text("៛")
    look("drawer")
    page.goto("/till/sell")
    page.get_by_test_id("product").first.click()
    look("selling")
    page.locator("main > div").last.get_by_role("button").click()
    page.get_by_role("dialog").get_by_test_id("pay").click()
    page.get_by_test_id("finish").wait_for()
    look("payment")
    page.get_by_test_id("finish").click()
    page.get_by_test_id("next").wait_for()
    look("done")
    page.get_by_role("dialog").last.get_by_role("button").nth(1).click()
    page.locator("iframe").wait_for()
    look("receipt")
