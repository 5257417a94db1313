"""The files of the web app as a browser gets them: asked for again they cost nothing; a till keeps its own alone."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page, expect

from tillvault.core.http.webapp import DIST

OpenPage = Callable[..., Page]


@pytest.mark.parametrize("encoding", ["identity", "br"])
@pytest.mark.parametrize("path", ["/", "/till/sell", "/sw.js"])
def test_a_file_that_the_browser_has_is_not_sent_again(
    chromium: object, http: httpx.Client, path: str, encoding: str
) -> None:
    first = http.get(path, headers={"Accept-Encoding": encoding})

    again = http.get(
        path, headers={"Accept-Encoding": encoding, "If-None-Match": f'"older", W/{first.headers["ETag"]}'}
    )
    other = http.get(path, headers={"Accept-Encoding": encoding, "If-None-Match": '"older"'})

    assert (first.status_code, again.status_code, other.status_code) == (200, 304, 200)
    assert again.content == b""
    for name in ("ETag", "Cache-Control", "Content-Security-Policy", "Vary"):
        assert again.headers[name] == first.headers[name]
    assert other.content == first.content


def test_a_till_keeps_no_page_of_the_desk(chromium: object, http: httpx.Client) -> None:
    kept = set(re.findall(r'url:"(assets/[^"]+)"', http.get("/sw.js").text))
    pages = {name.removeprefix("assets/").split("-")[0] for name in kept}

    assert pages >= {"SellPage", "ClosingGate", "RefundPage", "UnsentPage", "LoginPage"}
    assert not pages & {"DeskShell", "BoardPage", "FiguresPage", "PoliciesPage", "SetupPage", "BarFigure"}
    built = {path.name.split("-")[0] for path in DIST.glob("assets/*.js")}
    assert built >= {"DeskShell", "BoardPage", "FiguresPage", "PoliciesPage", "SetupPage", "BarFigure"}
    for name in kept:
        assert http.get(f"/{name}").status_code == 200


def test_the_desk_comes_from_the_server_even_where_a_till_is_kept(new_page: OpenPage) -> None:
    page = new_page(keeps_app=True)
    page.goto("/till")
    page.evaluate(
        "async () => { await navigator.serviceWorker.register('/sw.js'); await navigator.serviceWorker.ready }"
    )
    page.reload()
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")

    desk = page.goto("/desk")
    assert desk is not None
    assert not desk.from_service_worker
    expect(page.get_by_label("User name")).to_be_visible()
    till = page.goto("/till")
    assert till is not None
    assert till.from_service_worker
    expect(page.get_by_label("Store code")).to_be_visible()
