"""The pages of a re-use shop in a real browser: deposits decided, figures, reports, Telegram accounts, alerts."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.desk import Desk
from tests.browser.people import SIZES, faults, overflows, settled, small_targets
from tests.exporting import run_due
from tests.support import Api, Shop, Shops, open_drawer
from tillvault.core.config import Settings

OpenPage = Callable[..., Page]


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make()


@pytest.fixture
def desk_of(new_page: OpenPage) -> Callable[..., Desk]:
    def make(person: Any, **how: Any) -> Desk:
        return Desk(new_page(**how), person)

    return make


@pytest.fixture
def bot(shop: Shop) -> Api:
    """The key that the bot has."""
    admin = shop.elena.back_office()
    key = admin.ok(admin.post("/v1/api-keys", {"name": "bot", "scopes": ["deposits:write", "bot:link"]}), 201)
    return Api(shop.http, key["key"])


def told(bot: Api, shop: Shop, description: str, grams: int, *, quantity: int = 1) -> dict[str, Any]:
    """As the bot tells it for somebody."""
    body = {
        "branchId": str(shop.branches[0].id),
        "onBehalfOf": str(shop.ana.id),
        "channel": "bot",
        "description": description,
        "quantity": quantity,
        "weightGrams": grams,
    }
    return bot.ok(bot.post("/v1/deposits", body), 201)


def deciding(desk: Desk, goods: str) -> Locator:
    """The deposit that is to be decided; it has the focus, so that its keys work."""
    found = desk.page.get_by_role("region", name=f"To decide: {goods}")
    expect(found).to_be_focused()
    return found


def test_what_the_bot_was_told_is_decided_by_keyboard_and_stands_in_the_report(
    shop: Shop, bot: Api, desk_of: Callable[..., Desk]
) -> None:
    desk = desk_of(shop.marta)
    desk.go("deposits/queue", "To validate")
    expect(desk.page.get_by_text("Nothing waits")).to_be_visible()
    desk.page.wait_for_timeout(500)
    keys = desk.page.keyboard

    twice = told(bot, shop, "micro-onde", 15_000, quantity=2)
    deciding(desk, "2 × micro-onde, 15 kg")
    fridge = told(bot, shop, "frigo américain hs", 92_000)
    book = told(bot, shop, "un vieux livre", 300)
    expect(desk.page.get_by_test_id("waiting")).to_have_text("3")
    keys.press("ArrowUp")
    deciding(desk, "frigo américain hs")
    keys.press("ArrowDown")
    current = deciding(desk, "2 × micro-onde")
    expect(current.get_by_test_id("confidence-EEE-2")).to_contain_text("%")
    keys.press("2")
    second = current.get_by_role("button", pressed=True).inner_text()
    keys.press("1")
    expect(current.get_by_role("button", pressed=True)).to_contain_text("Small appliances")
    keys.press("v")
    expect(desk.page.get_by_test_id("decided")).to_have_text("Validated: 2 × micro-onde")
    deciding(desk, "frigo américain hs, 92 kg")
    keys.press("c")
    desk.dialog.get_by_label("Weight in kg").fill("90,5")
    keys.press("Enter")
    deciding(desk, "frigo américain hs, 90.5 kg")
    keys.press("v")
    deciding(desk, "un vieux livre")
    keys.press("r")
    expect(desk.dialog.get_by_label("Reason")).to_be_focused()
    keys.type("it is a book")
    keys.press("Enter")
    expect(desk.page.get_by_text("Nothing waits")).to_be_visible()
    expect(desk.page.get_by_test_id("decided")).to_have_text("Rejected: un vieux livre")

    manager = shop.marta.back_office()
    after = [manager.ok(manager.get(f"/v1/deposits/{one['id']}")) for one in (twice, fridge, book)]
    assert [one["status"] for one in after] == ["validated", "corrected", "rejected"]
    assert after[2]["reason"] == "it is a book"
    assert "Small appliances" not in second
    desk.go("deposits/statistics", "Statistics")
    table = desk.page.get_by_role("table", name="Brought in: Category")
    expect(table.get_by_role("row", name="EEE-1")).to_contain_text("90.5 kg")
    expect(table.get_by_role("row", name="EEE-2")).to_contain_text("15 kg")
    expect(desk.page.get_by_test_id("chart-kg").first).to_be_attached()
    desk.go("exports", "Eco-organism reports")
    with desk.page.expect_download() as file:
        desk.button("CSV").click()
    report = {row["category_code"]: row for row in csv.DictReader(io.StringIO(file.value.path().read_text()))}
    kilograms = {code: row["deposit_weight_kg"] for code, row in report.items() if row["deposit_count"] != "0"}
    assert kilograms == {"EEE-1": "90.5", "EEE-2": "15"}
    with desk.page.expect_download() as workbook:
        desk.button("XLSX").click()
    assert workbook.value.path().read_bytes()[:2] == b"PK"


def test_a_double_click_decides_about_one_deposit_and_a_lost_race_is_told(
    shop: Shop, bot: Api, desk_of: Callable[..., Desk]
) -> None:
    lost = told(bot, shop, "perceuse", 1_700)
    kept = told(bot, shop, "grille-pain", 1_200)
    told(bot, shop, "lampe de bureau", 850)
    desk = desk_of(shop.marta)
    desk.go("deposits/queue", "To validate")

    desk.page.get_by_role("region", name="To decide: lampe de bureau").get_by_role("button", name="Validate").dblclick()
    expect(desk.page.get_by_role("region", name="To decide: grille-pain")).to_be_visible()
    desk.page.get_by_role("region", name="Waiting").get_by_role("button", name="perceuse").click()
    desk.page.route("**/v1/events/stream", lambda route: route.abort())
    desk.page.route("**/v1/deposits?*", lambda route: route.abort())
    admin = shop.elena.back_office()
    admin.ok(admin.post(f"/v1/deposits/{lost['id']}/reject", {"reason": "told twice"}))
    desk.page.get_by_role("region", name="To decide: perceuse").get_by_role("button", name="Validate").click()

    expect(desk.page.get_by_test_id("decided")).to_have_text("Somebody else was quicker: perceuse")
    assert admin.ok(admin.get(f"/v1/deposits/{kept['id']}"))["status"] == "pending_validation"


def test_a_cashier_tells_deposits_and_corrects_their_own_but_decides_nothing(
    shop: Shop, bot: Api, desk_of: Callable[..., Desk]
) -> None:
    luis = shop.luis.back_office()
    luis.ok(luis.post("/v1/deposits", {"description": "une tronçonneuse", "weightGrams": 5_000}), 201)
    desk = desk_of(shop.ana)
    desk.go("deposits/new", "New deposit")

    desk.page.get_by_label("What it is").fill("tel portable hs")
    expect(desk.page.get_by_test_id("confidence-EEE-3")).to_contain_text("%")
    desk.page.get_by_label("How many").fill("3")
    desk.page.get_by_label("Weight in kg").fill("0.45")
    desk.page.keyboard.press("Enter")
    expect(desk.page.get_by_test_id("recorded")).to_contain_text("3 × tel portable hs, 0.45 kg, IT and telecoms")
    expect(desk.page.get_by_label("What it is")).to_be_focused()
    expect(desk.page.get_by_label("What it is")).to_have_value("")

    pages = desk.page.get_by_role("navigation", name="Pages about deposits")
    assert pages.get_by_role("link").all_inner_texts() == ["All deposits", "Statistics", "New deposit"]
    desk.go("deposits", "Deposits")
    desk.button("une tronçonneuse").click()
    expect(desk.dialog).to_contain_text("Luis")
    assert desk.dialog.get_by_role("button").all_inner_texts() == [""]
    desk.page.keyboard.press("Escape")
    desk.button("3 × tel portable hs").click()
    desk.in_dialog("Correct").click()
    desk.dialog.get_by_label("How many").fill("4")
    desk.in_dialog("Record the correction").click()
    expect(desk.dialog).to_have_count(0)
    expect(desk.page.get_by_role("table")).to_contain_text("4 × tel portable hs")
    assert desk.button("3 × tel portable hs").count() == 0
    desk.go("deposits/queue", "To validate")
    expect(desk.page.get_by_text("Your role may not do this.")).to_be_visible()
    desk.go("exports", "Eco-organism reports")
    assert desk.button("CSV").count() == desk.button("New sending").count() == 0


def test_a_code_for_telegram_is_shown_once_and_the_account_appears(
    shop: Shop, bot: Api, desk_of: Callable[..., Desk]
) -> None:
    desk = desk_of(shop.ana)
    desk.go("telegram", "Telegram")

    desk.button("Give me a code").click()
    start = desk.page.get_by_test_id("link-code").inner_text()
    code = start.removeprefix("/start ")
    bot.ok(bot.post("/v1/telegram/links/redeem", {"code": code, "telegramId": 77, "chatId": 77, "name": "Ana's phone"}))

    expect(desk.page.get_by_role("table")).to_contain_text("Ana's phone")
    desk.page.reload()
    expect(desk.page.get_by_role("table")).to_contain_text("Ana's phone")
    assert code not in desk.page.content()
    desk.button("Unlink").click()
    desk.in_dialog("Unlink").click()
    expect(desk.page.get_by_text("No account is linked.")).to_be_visible()


def test_a_report_that_could_not_be_sent_says_why_and_arrives_when_tried_again(
    shop: Shop, desk_of: Callable[..., Desk], settings: Settings, tmp_path: Path
) -> None:
    def send(folder: Path) -> None:
        # A loop of its own needs a thread of its own here.
        with ThreadPoolExecutor(1) as beside:
            beside.submit(run_due, settings, exports_dir=folder, relay_backoff_seconds=3600.0).result()

    in_the_way = tmp_path / "a file where the folder should be"
    in_the_way.touch()
    desk = desk_of(shop.elena)
    desk.go("exports", "Eco-organism reports")

    desk.button("New sending").click()
    desk.dialog.get_by_label("Name", exact=True).fill("Ecologic")
    desk.in_dialog("Save").click()
    card = desk.page.get_by_role("region", name="Ecologic")
    expect(card).to_contain_text("Folder · CSV · Month")
    send(in_the_way)
    expect(card.get_by_test_id("last-error")).to_contain_text("1 try has failed: NotADirectoryError")
    card.get_by_role("button", name="Try again now").click()
    expect(card.get_by_role("button", name="Try again now")).to_be_enabled()
    send(tmp_path / "good")
    expect(card).to_contain_text("Arrived last")
    expect(card.get_by_test_id("last-error")).to_have_count(0)
    card.get_by_role("button", name="Attempts").click()
    attempts = card.get_by_role("table", name="Attempts").get_by_role("row")
    expect(attempts.nth(1)).to_contain_text("Delivered")
    expect(attempts.nth(2)).to_contain_text("NotADirectoryError")
    card.get_by_role("button", name="Pause").click()
    expect(card).to_contain_text("Paused")
    card.get_by_role("button", name="Delete").click()
    desk.in_dialog("Delete").click()
    expect(desk.page.get_by_text("No report is sent by itself yet.")).to_be_visible()

    assert [path.suffix for path in (tmp_path / "good").rglob("deposits-*")] == [".csv"]


def test_a_webhook_for_reports_shows_its_secret_once(shop: Shop, desk_of: Callable[..., Desk]) -> None:
    desk = desk_of(shop.elena)
    desk.go("exports", "Eco-organism reports")

    desk.button("New sending").click()
    desk.dialog.get_by_label("Name", exact=True).fill("Ecosystem")
    desk.dialog.get_by_text("S3", exact=True).click()
    expect(desk.in_dialog("Save")).to_be_disabled()
    desk.dialog.get_by_text("Webhook").click()
    desk.dialog.get_by_label("Address").fill("https://1.1.1.1/reports")
    desk.in_dialog("Save").click()
    secret = desk.page.get_by_test_id("secret-Secret").inner_text()
    desk.button("I have noted it").click()

    expect(desk.page.get_by_role("region", name="Ecosystem")).to_contain_text("https://1.1.1.1/reports")
    assert secret.startswith("whsec_")
    assert secret not in desk.page.content()


def test_an_alert_leads_to_the_drawer_and_goes_when_it_is_reviewed(shop: Shop, desk_of: Callable[..., Desk]) -> None:
    till = shop.ana.login(shop.registers[0])
    drawer = open_drawer(till, {"EUR": 100})
    desk = desk_of(shop.marta)
    desk.go("alerts", "Alerts")
    expect(desk.page.get_by_text("All is well.")).to_be_visible()
    desk.page.wait_for_timeout(500)

    till.ok(till.post(f"/v1/cash/sessions/{drawer['id']}/close", {"countedCash": {"EUR": 70}}))

    table = desk.page.get_by_role("table", name="Alerts")
    expect(table).to_contain_text("-€30.00", timeout=3_000)
    table.get_by_role("link", name="Review").click()
    desk.button("Review").click()
    desk.dialog.get_by_label("Note").fill("given out for stamps")
    desk.in_dialog("Accept the difference").click()
    expect(desk.dialog).to_have_count(0)
    desk.go("alerts", "Alerts")
    expect(desk.page.get_by_text("To review")).to_have_count(0)


def test_the_dialogs_are_sound_on_a_phone(
    shop: Shop, bot: Api, shots: Path | None, desk_of: Callable[..., Desk]
) -> None:
    told(bot, shop, "réfrigérateur congélateur américain qui ne refroidit plus", 92_000)
    desk = desk_of(shop.elena, **SIZES["phone"])
    wrong: list[str] = []

    def look(name: str) -> None:
        expect(desk.dialog).to_be_visible()
        settled(desk.page)
        if shots is not None:
            desk.page.screenshot(path=shots / f"desk-phone-{name}.png")
        found = [*faults(desk.page), *small_targets(desk.page)]
        wrong.extend(f"{name}: {fault}" for fault in found)
        if overflows(desk.page):
            wrong.append(f"{name}: wider than the window")
        desk.page.keyboard.press("Escape")
        expect(desk.dialog).to_have_count(0)

    desk.go("deposits/queue", "To validate")
    for act in ("Reject", "Correct"):
        desk.button(act).click()
        look(act.lower())
        expect(desk.button(act)).to_be_focused()
    desk.go("deposits", "Deposits")
    desk.button("réfrigérateur congélateur américain qui ne refroidit plus").click()
    look("deposit")
    desk.go("exports", "Eco-organism reports")
    desk.button("New sending").click()
    desk.dialog.get_by_text("S3", exact=True).click()
    look("sending")

    assert wrong == []
