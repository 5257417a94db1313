"""What managers hear of by themselves, once, and what they can do about it from the phone."""

from __future__ import annotations

from collections.abc import Callable

from outside import Line, Phone, RunningBot, linked
from tests.faults.test_vault_fsck import check
from tests.faults.test_vault_guard import post_many, tamper
from tests.support import Api, Shop, fetch, open_drawer
from tillvault.core.config import Settings

Phones = Callable[..., Phone]


def closed_with(shop: Shop, counted: int) -> str:
    till = shop.ana.login(shop.registers[0])
    drawer = open_drawer(till, {"EUR": 50})
    till.ok(till.post(f"/v1/cash/sessions/{drawer['id']}/close", {"countedCash": {"EUR": counted}}))
    return drawer["id"]


def session(caller: Api, session_id: str) -> dict[str, object]:
    return caller.ok(caller.get(f"/v1/cash/sessions/{session_id}"))


def test_a_difference_is_told_once_to_managers_and_survives_a_restart(
    shop: Shop, bot: RunningBot, phone: Phones
) -> None:
    ana, marta, elena = (linked(phone(), person) for person in (shop.ana, shop.marta, shop.elena))
    closed_with(shop, 20)

    (for_marta,), (for_elena,) = marta.hears(), elena.hears()
    bot.end()
    bot.start()

    assert for_marta == for_elena
    assert "Caja 1: the drawer of Ana" in for_marta
    assert "-30.00 EUR" in for_marta
    marta.hears_nothing()
    ana.hears_nothing(seconds=0)
    assert marta.buttons() == ["Acknowledge", "Ask for a recount"]


def test_acknowledging_approves_the_difference_as_the_manager(shop: Shop, bot: RunningBot, phone: Phones) -> None:
    marta, elena = linked(phone(), shop.marta), linked(phone(), shop.elena)
    drawer = closed_with(shop, 20)
    marta.hears()
    elena.hears()

    (told,), (late,) = marta.chooses("Acknowledge"), elena.chooses("Acknowledge")

    found = session(shop.marta.back_office(), drawer)
    assert told.endswith("✔ Acknowledged by Marta.")
    assert late.endswith("This was settled already.")
    assert (found["status"], found["reviewedBy"]) == ("CLOSED", str(shop.marta.id))


def test_asking_for_a_recount_tells_the_cashier_and_leaves_the_review_open(
    shop: Shop, bot: RunningBot, phone: Phones
) -> None:
    ana, marta = linked(phone(language="fr"), shop.ana), linked(phone(), shop.marta)
    drawer = closed_with(shop, 20)
    marta.hears()

    (told,) = marta.chooses("Ask for a recount")

    assert told.endswith("↻ Marta asked for a recount. Ana was told.")
    assert ana.hears()[0].startswith("Marta vous demande de recompter la caisse de Caja 1")
    assert session(shop.marta.back_office(), drawer)["status"] == "PENDING_REVIEW"


def test_a_force_close_is_told_to_those_who_did_not_do_it(shop: Shop, bot: RunningBot, phone: Phones) -> None:
    marta, elena = linked(phone(), shop.marta), linked(phone(), shop.elena)
    drawer = open_drawer(shop.ana.login(shop.registers[0]), {"EUR": 50})
    manager = shop.marta.back_office()
    manager.ok(manager.post(f"/v1/cash/sessions/{drawer['id']}/force-close", {"reason": "went home"}))

    (told,) = elena.hears()

    assert "closed by somebody else: went home" in told
    marta.hears_nothing(seconds=0.5)


def test_a_drawer_open_past_its_day_is_told(shop: Shop, bot: RunningBot, phone: Phones, superuser_dsn: str) -> None:
    marta = linked(phone(), shop.marta)
    drawer = open_drawer(shop.ana.login(shop.registers[0]), {"EUR": 50})
    fetch(superuser_dsn, "UPDATE cash_sessions SET business_date = business_date - 1 WHERE id = $1", drawer["id"])

    (told,) = marta.hears()
    (seen,) = marta.chooses("Acknowledge")

    assert "is still open after the end of its day" in told
    assert seen.endswith("✔ Acknowledged by Marta.")


def test_a_vault_that_refuses_its_log_is_told_once(
    shop: Shop, bot: RunningBot, phone: Phones, superuser_dsn: str
) -> None:
    marta = linked(phone(), shop.marta)
    machine = Api(shop.http, shop.api_key)
    ticket = {"tenant": shop.slug, "source_model": "pos.order", "source_id": "A/1", "ticket": {"a": 1}}
    assert machine.post("/api/v1/pos-tickets", ticket).status_code == 201
    marta.hears_nothing(seconds=0.5)

    fetch(
        superuser_dsn,
        "UPDATE vault_logs SET size = size + 1 WHERE organisation_id = $1",
        shop.id,
    )
    (told,) = marta.hears()

    assert told.startswith("⚠ The vault refuses to sign its log")
    marta.hears_nothing()


def test_a_log_that_a_check_found_broken_is_told_once_to_managers(
    shop: Shop, bot: RunningBot, phone: Phones, settings: Settings, superuser_dsn: str
) -> None:
    marta, ana = linked(phone(language="fr"), shop.marta), linked(phone(), shop.ana)
    post_many(shop, threads=1, count=1)
    tamper(superuser_dsn, f"UPDATE vault_tickets SET raw = '{{}}' WHERE organisation_id = '{shop.id}'")

    assert not check(settings, shop).holds
    (told,) = marta.hears()
    assert not check(settings, shop).holds

    assert told.startswith("⚠ Un contrôle a trouvé le journal du coffre rompu à l'entrée 0 :")
    marta.hears_nothing()
    ana.hears_nothing(seconds=0)


def test_what_happened_while_the_api_was_away_is_told_when_it_is_back(
    shop: Shop, bot: RunningBot, phone: Phones, line: Line
) -> None:
    marta = linked(phone(), shop.marta)
    line.cut()
    closed_with(shop, 20)
    marta.hears_nothing(seconds=0.6)

    line.mend()

    assert "-30.00 EUR" in marta.hears()[0]
