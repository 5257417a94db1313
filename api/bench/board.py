"""The desk's board with 200 registers in a real Chromium: from an act at a till to what the desk shows of it."""

from __future__ import annotations

import asyncio
import shutil
import statistics
import time
from collections.abc import Generator
from contextlib import contextmanager

from playwright.sync_api import Page, sync_playwright
from rich.console import Console
from rich.table import Table

from bench import stage
from bench.stage import Stage
from tillvault.core import secrets
from tillvault.core.db import Database
from tillvault.core.http.webapp import DIST
from tillvault.events import service as events
from tillvault.identity import setup
from tillvault.identity.domain import Role
from tillvault.identity.hashing import Hasher

REGISTERS = 200
ACTS = 40
_MAX_MS = 200

# When the amounts of a register have changed and the frame with them is drawn, by the clock that Python reads too.
_WATCH = """() => {
    for (const card of document.querySelectorAll('section[aria-label]')) {
        new MutationObserver(() => requestAnimationFrame(() => setTimeout(() => {
            window.painted[card.getAttribute('aria-label')] ??= Date.now();
        }))).observe(card, {subtree: true, characterData: true, childList: true});
    }
}"""


async def _admin(at: Stage) -> None:
    assert at.organisation_id is not None
    database = await Database.connect(at.dsn, at.settings, flush=events.flush)
    async with database.transaction(at.organisation_id) as db:
        rows = await db.fetch("SELECT id FROM branches WHERE organisation_id = $1", db.organisation_id)
        await setup.create_user(
            db,
            Hasher(1),
            pepper=secrets.pin_pepper(at.settings),
            username="boss",
            name="Boss",
            role=Role.ADMIN,
            branch_ids=[row["id"] for row in rows],
            pin="990099",
            password="board-password",
        )
    await database.close()


@contextmanager
def _desk(at: Stage, executable: str) -> Generator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(base_url=f"http://127.0.0.1:{at.port}", viewport={"width": 1440, "height": 900})
        page.goto("/desk")
        page.get_by_label("User name").fill("boss")
        page.get_by_label("Password", exact=True).fill("board-password")
        page.keyboard.press("Enter")
        page.get_by_role("region", name=f"Till {REGISTERS - 1}", exact=True).wait_for()
        page.wait_for_timeout(1000)
        page.evaluate(_WATCH)
        yield page
        browser.close()


def _seconds(at: Stage, page: Page, number: int) -> float:
    """From sending a movement to the frame that shows it: the request of the till is in it."""
    till = at.tills[number]
    page.evaluate("() => { window.painted = {}; }")
    body = {"type": "PAID_IN", "amount": {"EUR": 1.25}, "reason": "Change from the bank"}
    started = time.time()
    at.call("POST", f"/v1/cash/sessions/{till.session_id}/movements", token=till.token, body=body)
    while True:
        painted = page.evaluate("name => window.painted[name] ?? null", f"Till {number}")
        if painted is not None:
            return painted / 1000 - started
        time.sleep(0.02)


def compare(table: Table) -> None:
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    if executable is None or not (DIST / "index.html").is_file():
        table.add_row("board with 200 registers", "not measured", f"< {_MAX_MS} ms", "no Chromium, or no build")
        return
    with stage.running() as at:
        asyncio.run(stage.build(at, tills=REGISTERS, stores=0))
        asyncio.run(_admin(at))
        for till in at.tills:
            stage.log_in(at, till)
            stage.open_drawer(at, till)
        with _desk(at, executable) as page:
            found = sorted(_seconds(at, page, number * REGISTERS // ACTS) * 1000 for number in range(ACTS))
    table.add_row(
        "board with 200 registers: a movement at a till is drawn",
        f"worst {found[-1]:.0f} ms",
        f"< {_MAX_MS} ms",
        f"median {statistics.median(found):.0f} ms of {ACTS}, the till's own request included",
    )


if __name__ == "__main__":
    shown = Table("measured", "figure", "target", "detail")
    compare(shown)
    Console(width=170).print(shown)
