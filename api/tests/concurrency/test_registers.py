"""Races for registers: one user each, kept for an open drawer and for nothing else (domain.md, "Terminal sessions")."""

from __future__ import annotations

from functools import partial

import pytest

from tests.support import Api, Shop, Shops, codes, fetch, open_drawer, race, statuses
from tillvault.identity.domain import Role

LOCKED_ELSEWHERE = {"UNAUTHORIZED", "REGISTER_ALREADY_OPEN", "USER_ALREADY_OPEN", "SESSION_NOT_OPEN"}


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make()


def kept_for_nothing(dsn: str, shop: Shop) -> list[str]:
    """Paused sessions whose register has no open drawer of theirs. There must never be one."""
    rows = fetch(
        dsn,
        """
        SELECT t.id FROM terminal_sessions t
        WHERE t.organisation_id = $1 AND t.status = 'pausada' AND NOT EXISTS (
            SELECT FROM cash_sessions s WHERE s.organisation_id = $1 AND s.register_id = t.register_id
              AND s.opened_by = t.user_id AND s.status = 'OPEN')
        """,
        shop.id,
    )
    return [str(row["id"]) for row in rows]


def live(dsn: str, shop: Shop) -> list[tuple[str, str]]:
    """User and register of every session that is active or paused."""
    rows = fetch(
        dsn,
        "SELECT user_id, register_id FROM terminal_sessions WHERE organisation_id = $1"
        " AND status IN ('activa', 'pausada') AND register_id IS NOT NULL",
        shop.id,
    )
    return [(str(row["user_id"]), str(row["register_id"])) for row in rows]


@pytest.mark.parametrize("attempt", range(5))
def test_one_of_twenty_people_gets_the_register(shops: Shops, superuser_dsn: str, attempt: int) -> None:
    shop = shops.make(people=[(f"c{n}", Role.CASHIER) for n in range(20)])
    register = shop.registers[attempt % 3]

    answers = race([partial(person.try_login, register) for person in shop.people.values()])

    assert statuses(answers) == {200: 1, 409: 19}
    assert codes(answers) == {"TPV_BUSY": 19}
    assert len(live(superuser_dsn, shop)) == 1


def test_one_person_gets_one_of_three_registers(shop: Shop, superuser_dsn: str) -> None:
    answers = race([partial(shop.ana.try_login, shop.registers[n % 3]) for n in range(15)])

    assert statuses(answers) == {200: 1, 409: 14}
    assert codes(answers) == {"SESSION_ACTIVE": 14}
    assert len(live(superuser_dsn, shop)) == 1


def test_forced_logins_follow_each_other_and_one_token_is_left(shop: Shop, superuser_dsn: str) -> None:
    answers = race([partial(shop.ana.try_login, shop.registers[n % 3], forzar_cierre=True) for n in range(15)])

    assert statuses(answers) == {200: 15}
    tokens = [Api(shop.http, answer.json()["access_token"]) for answer in answers]
    assert sum(token.get("/v1/cash/sessions").status_code == 200 for token in tokens) == 1
    assert len(live(superuser_dsn, shop)) == 1


def test_two_people_who_change_places_never_wait_for_each_other(shop: Shop, superuser_dsn: str) -> None:
    for n in range(40):
        here, there = shop.registers[n % 2], shop.registers[(n + 1) % 2]

        answers = race(
            [
                partial(shop.ana.try_login, here, forzar_cierre=True),
                partial(shop.luis.try_login, there, forzar_cierre=True),
                partial(shop.ana.try_login, there, forzar_cierre=True),
                partial(shop.luis.try_login, here, forzar_cierre=True),
            ]
        )

        assert set(statuses(answers)) <= {200, 409}, codes(answers)
        now = live(superuser_dsn, shop)
        assert len({user for user, _ in now}) == len({register for _, register in now}) == len(now)


def test_no_register_is_kept_for_a_drawer_that_a_close_just_closed(shop: Shop, superuser_dsn: str) -> None:
    paused = 0
    for n in range(60):
        till = shop.ana.login(shop.registers[n % 3])
        drawer = open_drawer(till)
        acts = [
            partial(till.post, f"/v1/cash/sessions/{drawer['id']}/close", {}),
            partial(till.post, "/api/auth/logout-pos"),
        ]

        closed, left = race(acts) if n % 2 else race(acts[::-1])[::-1]

        assert left.status_code == 200
        assert closed.status_code in {200, 401}
        if closed.status_code == 401:
            # The logout came first: the drawer is still open and the register kept for it.
            assert left.json()["estado"] == "pausada"
            paused += 1
            till = shop.ana.login(shop.registers[n % 3])
            till.ok(till.post(f"/v1/cash/sessions/{drawer['id']}/close", {}))
            till.post("/api/auth/logout-pos")
        assert kept_for_nothing(superuser_dsn, shop) == []
        assert live(superuser_dsn, shop) == []
    assert paused < 60, "the logout always won: this was no race"


def test_no_drawer_is_opened_on_a_login_that_a_logout_just_ended(shop: Shop, superuser_dsn: str) -> None:
    for n in range(60):
        till = shop.ana.login(shop.registers[0])
        acts = [partial(till.post, "/v1/cash/sessions", {}), partial(till.post, "/api/auth/logout-pos")]

        opened, left = race(acts) if n % 2 else race(acts[::-1])[::-1]

        assert opened.status_code in {201, 401}
        assert left.json()["estado"] == ("pausada" if opened.status_code == 201 else "cerrada")
        if opened.status_code == 201:
            again = shop.ana.login(shop.registers[0])
            again.ok(again.post(f"/v1/cash/sessions/{opened.json()['data']['id']}/close", {}))
            again.post("/api/auth/logout-pos")
        assert live(superuser_dsn, shop) == []


def test_a_release_comes_before_or_after_an_opening_a_close_and_a_login(shop: Shop, superuser_dsn: str) -> None:
    admin = shop.elena.back_office()
    register = shop.registers[0]
    for n in range(60):
        till = shop.ana.login(register)
        drawer = open_drawer(till) if n % 2 else None
        act = (
            partial(till.post, f"/v1/cash/sessions/{drawer['id']}/close", {})
            if drawer
            else partial(till.post, "/v1/cash/sessions", {})
        )

        released, acted, entered = race(
            [partial(admin.post, f"/api/tpv/{register}/liberar"), act, partial(shop.luis.try_login, register)]
        )

        assert released.status_code == 200
        assert acted.status_code in {200, 201, 401, 409}
        assert acted.status_code < 400 or set(codes([acted])) <= LOCKED_ELSEWHERE
        assert entered.status_code == 200 or codes([entered]) == {"TPV_BUSY": 1}
        open_now = fetch(
            superuser_dsn,
            "SELECT opened_by FROM cash_sessions WHERE organisation_id = $1 AND status = 'OPEN'",
            shop.id,
        )
        assert open_now == []
        assert kept_for_nothing(superuser_dsn, shop) == []
        assert till.get("/v1/cash/sessions").status_code == 401
        admin.post(f"/api/tpv/{register}/liberar")
    z_numbers = fetch(superuser_dsn, "SELECT z_number FROM z_reports WHERE organisation_id = $1", shop.id)
    assert sorted(row["z_number"] for row in z_numbers) == list(range(1, len(z_numbers) + 1))


def test_a_forced_close_and_a_forced_login_of_the_same_drawer_do_not_deadlock(shop: Shop, superuser_dsn: str) -> None:
    manager = shop.marta.back_office()
    for _ in range(40):
        till = shop.ana.login(shop.registers[0], forzar_cierre=True)
        drawer = open_drawer(till)

        closed, entered, left = race(
            [
                partial(manager.post, f"/v1/cash/sessions/{drawer['id']}/force-close", {"reason": "race"}),
                partial(shop.ana.try_login, shop.registers[1], forzar_cierre=True),
                partial(till.post, "/api/auth/logout-pos"),
            ]
        )

        assert (closed.status_code, left.status_code) == (200, 200)
        assert entered.status_code == 200 or codes([entered]) == {"SESSION_PAUSED": 1}
        assert kept_for_nothing(superuser_dsn, shop) == []
