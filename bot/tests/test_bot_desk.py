"""Who the bot speaks to, /caisse, /stats, and the webhook."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import httpx

from outside import PYTHON, ROOT, Phone, RunningBot, code_for, deposits_of, linked
from tests.machinery import free_port, redis_server, running_redis
from tests.support import Shop, open_drawer

Phones = Callable[..., Phone]


def test_a_stranger_is_refused_politely_whatever_they_send(shop: Shop, bot: RunningBot, phone: Phones) -> None:
    stranger = phone()

    said = [stranger.asks(text)[0] for text in ("/start", "/depot toaster 2 kg", "/caisse", "/stats", "hello")]

    assert all(text.startswith("I work for the people of a shop only") for text in said)
    assert deposits_of(shop.marta.back_office()) == []


def test_a_wrong_code_links_nobody_and_a_code_works_once(shop: Shop, bot: RunningBot, phone: Phones) -> None:
    ana, other, code = phone(), phone(), code_for(shop.ana)

    assert ana.asks("/start WRONGONE")[0].startswith("This code is not known")
    assert ana.asks(f"/start {code}")[0].startswith("Hello Ana")
    assert other.asks(f"/start {code}")[0].startswith("This code is not known")


def test_who_is_unlinked_at_the_desk_is_a_stranger_at_once(shop: Shop, bot: RunningBot, phone: Phones) -> None:
    ana, admin = linked(phone(), shop.ana), shop.elena.back_office()
    ana.asks("/depot")
    (link,) = admin.ok(admin.get("/v1/telegram/links"))["items"]
    admin.ok(admin.delete(f"/v1/telegram/links/{link['id']}"))

    assert ana.asks("toaster")[0].startswith("I work for the people")


def test_open_drawers_show_what_they_should_hold_to_managers_alone(shop: Shop, bot: RunningBot, phone: Phones) -> None:
    ana, marta = linked(phone(), shop.ana), linked(phone(), shop.marta)
    none = marta.asks("/caisse")
    open_drawer(shop.ana.login(shop.registers[0]), {"EUR": 120})

    (for_ana,), (for_marta,) = ana.asks("/caisse"), marta.asks("/caisse")

    assert none == ["No drawer is open."]
    assert "Caja 1: Ana, since 0 h 0" in for_ana
    assert "120" not in for_ana
    assert "should hold 120.00 EUR" in for_marta


def test_statistics_tell_the_month_by_category(shop: Shop, bot: RunningBot, phone: Phones) -> None:
    marta = linked(phone(), shop.marta)
    desk = shop.marta.back_office()
    nothing = marta.asks("/stats")
    kettle = {"description": "kettle", "quantity": 3, "weightGrams": 2500, "category": "EEE-2"}
    deposit = desk.ok(desk.post("/v1/deposits", kettle), 201)
    desk.ok(desk.post(f"/v1/deposits/{deposit['id']}/validate", {}))
    desk.ok(desk.post("/v1/deposits", kettle), 201)

    (told,) = marta.asks("/stats")

    assert nothing == ["Nothing was brought in this month yet."]
    assert "Small appliances: 3 pieces, 2.5 kg" in told
    assert "1 wait for validation." in told


def test_help_and_anything_else_say_what_to_do(shop: Shop, bot: RunningBot, phone: Phones) -> None:
    ana = linked(phone(), shop.ana)

    assert "/depot" in ana.asks("/help")[0]
    assert ana.asks("hello")[0].startswith("Send /depot")
    assert ana.asks("/nonsense")[0].startswith("Send /depot")


def test_over_a_webhook_updates_are_taken_with_the_right_secret_alone(
    shop: Shop, bot: RunningBot, phone: Phones
) -> None:
    ana = linked(phone(), shop.ana)
    bot.end()
    url = f"http://127.0.0.1:{bot.port}/telegram"
    bot.start(BOT_WEBHOOK_URL=url, BOT_WEBHOOK_SECRET="a-secret-of-the-tests")

    (told,) = ana.asks("/depot")
    forged = httpx.post(url, json=ana.updates[-1], headers={"X-Telegram-Bot-Api-Secret-Token": "another-secret"})
    bare = httpx.post(url, json=ana.updates[-1])
    garbage = httpx.post(url, content=b"{", headers={"X-Telegram-Bot-Api-Secret-Token": "a-secret-of-the-tests"})

    assert told.startswith("What came in")
    assert (forged.status_code, bare.status_code, garbage.status_code) == (401, 401, 400)
    bot.end()
    bot.start()
    assert ana.asks("/cancel")[0].startswith("Cancelled")


def test_conversations_can_be_kept_in_redis(shop: Shop, bot: RunningBot, phone: Phones) -> None:
    assert redis_server() is not None, "redis-server is needed"
    ana = linked(phone(), shop.ana)
    bot.end()
    port = free_port()
    with running_redis(port):
        url = f"redis://127.0.0.1:{port}/0"
        bot.start(BOT_REDIS_URL=url)
        ana.asks("/depot toaster")
        bot.end()
        bot.start(BOT_REDIS_URL=url)

        assert ana.asks("2")[0].startswith("What does all of it weigh")
        bot.end()


def test_the_bot_imports_nothing_of_the_api() -> None:
    files = sorted((ROOT / "bot" / "src").rglob("*.py"))

    found = [
        f"{file.name}: {line}"
        for file in files
        for line in file.read_text().splitlines()
        if re.match(r"\s*(from|import)\s+tillvault(\.|\s|$)", line)
    ]

    assert len(files) > 10
    assert found == []


def test_the_three_languages_say_the_same_things(tmp_path: Path) -> None:
    say_all = (
        "import json; from tillvault_bot.texts import TEXTS; print(json.dumps({k: dict(v) for k, v in TEXTS.items()}))"
    )
    told = subprocess.run([PYTHON, "-c", say_all], capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    texts: dict[str, dict[str, str]] = json.loads(told)

    holes = {
        language: {name: sorted(re.findall(r"\{(\w+)", text)) for name, text in said.items()}
        for language, said in texts.items()
    }

    assert holes["fr"] == holes["en"] == holes["es"]
