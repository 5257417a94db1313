"""Logout, pause, resume, lapsed logins, the board and the release (terminal-login-api.md)."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.support import Api, Person, Shop, Shops, fetch, open_drawer, refused


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make()


def validate(person: Person, *, branch: int = 0, **body: Any) -> Any:
    sent = {"pin": person.pin, "codigo_tienda": person.shop.branches[branch].code, **body}
    return person.shop.http.post("/api/auth/validar-pin", json=sent)


def lapse(superuser_dsn: str, person: Person) -> None:
    """Let the logins of a person run out."""
    fetch(
        superuser_dsn,
        "UPDATE terminal_sessions SET expires_at = now() - interval '1 second' WHERE user_id = $1 RETURNING id",
        person.id,
    )


def board(admin: Api) -> dict[str, dict[str, Any]]:
    """Every register's line by its id."""
    answer = admin.get("/api/tpv/estado-sesiones")
    assert answer.status_code == 200, answer.text
    return {line["tpv_id"]: line for line in answer.json()["tpvs"]}


# Logout, pause, resume


def test_logout_without_a_drawer_closes_and_says_so_again(shop: Shop) -> None:
    till = shop.ana.login(shop.registers[0])

    first, second = till.post("/api/auth/logout-pos"), till.post("/api/auth/logout-pos")

    assert first.status_code == second.status_code == 200
    assert first.json() == second.json() == {"message": "Sesión cerrada correctamente", "estado": "cerrada"}
    assert shop.luis.try_login(shop.registers[0]).status_code == 200


def test_logout_with_a_drawer_pauses_and_says_so_again(shop: Shop) -> None:
    till = shop.ana.login(shop.registers[0])
    open_drawer(till, {"EUR": 150})

    first, second = till.post("/api/auth/logout-pos"), till.post("/api/auth/logout-pos")

    assert first.json() == second.json()
    assert first.json() == {
        "message": "Sesión pausada - Tienes caja abierta",
        "estado": "pausada",
        "tpv_reservado": str(shop.registers[0]),
        "debe_cerrar_caja": True,
        "monto_caja": 150.0,
    }
    assert b'"monto_caja":150.00' in first.content


def test_a_resumed_session_is_the_same_under_a_new_token_and_the_old_one_stays_dead(shop: Shop) -> None:
    first = shop.ana.try_login(shop.registers[0]).json()
    old = Api(shop.http, first["access_token"])
    open_drawer(old)
    old.post("/api/auth/logout-pos")

    second = shop.ana.try_login(shop.registers[0]).json()
    new = Api(shop.http, second["access_token"])

    assert second["session_id"] == first["session_id"]
    assert second["access_token"] != first["access_token"]
    assert new.get("/v1/cash/sessions/active").status_code == 200
    refused(old.get("/v1/cash/sessions/active"), 401, "UNAUTHORIZED")
    assert old.get("/api/auth/verificar-sesion").json()["valida"] is False
    assert old.post("/api/auth/logout-pos").status_code == 200
    assert new.get("/api/auth/verificar-sesion").json()["valida"] is True


def test_a_drawer_on_another_register_does_not_keep_the_terminal(shop: Shop) -> None:
    till = shop.ana.login(shop.registers[0])
    open_drawer(till, registerId=str(shop.registers[1]))

    left = till.post("/api/auth/logout-pos")

    assert left.json()["estado"] == "cerrada"
    assert shop.ana.try_login(shop.registers[1]).status_code == 200


def test_somebody_elses_drawer_on_the_register_does_not_keep_the_terminal(shop: Shop) -> None:
    opener = shop.ana.login(shop.registers[0])
    open_drawer(opener, registerId=str(shop.registers[1]))
    guest = shop.luis.login(shop.registers[1])

    assert guest.post("/api/auth/logout-pos").json()["estado"] == "cerrada"


def test_the_session_says_whether_it_stands(shop: Shop) -> None:
    login = shop.ana.try_login(shop.registers[0]).json()
    till = Api(shop.http, login["access_token"])

    standing = till.get("/api/auth/verificar-sesion")
    till.post("/api/auth/logout-pos")
    ended = till.get("/api/auth/verificar-sesion")

    assert standing.json() == {
        "valida": True,
        "session_id": login["session_id"],
        "usuario": {"id": str(shop.ana.id), "nombre": "Ana", "rol": "cajero"},
        "tpv": {"id": str(shop.registers[0]), "nombre": "Caja 1"},
    }
    assert ended.status_code == 200
    assert ended.json() == {"valida": False, "razon": "La sesión está cerrada", "estado": "cerrada"}


def test_a_back_office_login_stands_without_a_register(shop: Shop) -> None:
    office = shop.elena.back_office()

    assert office.get("/api/auth/verificar-sesion").json()["tpv"] is None
    assert office.post("/api/auth/logout-pos").json()["estado"] == "cerrada"
    assert office.get("/v1/cash/sessions").status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/auth/verificar-sesion"),
        ("POST", "/api/auth/logout-pos"),
        ("GET", "/api/tpv/estado-sesiones"),
        ("POST", "/api/tpv/0190c3a4-0000-7000-8000-000000000001/liberar"),
    ],
)
@pytest.mark.parametrize("token", [None, "nonsense", "eyJhbGciOiJub25lIn0.e30.", "tv_unknown"])
def test_without_a_token_of_ours_it_is_401_in_the_detail_dialect(
    api: Api, method: str, path: str, token: str | None
) -> None:
    answer = Api(api.http, token).request(method, path)

    assert refused(answer, 401, "UNAUTHORIZED")["detail"]["message"]
    assert answer.headers["www-authenticate"] == "Bearer"


# Lapsed logins


def test_a_lapsed_login_is_refused_and_can_still_be_logged_out(shop: Shop, superuser_dsn: str) -> None:
    till = shop.ana.login(shop.registers[0])
    open_drawer(till)
    lapse(superuser_dsn, shop.ana)

    refused(till.get("/v1/cash/sessions"), 401, "UNAUTHORIZED")
    verified = till.get("/api/auth/verificar-sesion").json()
    assert (verified["valida"], verified["razon"]) == (False, "El token ha caducado")
    assert till.post("/api/auth/logout-pos").json()["estado"] == "pausada"


def test_a_lapsed_login_frees_its_register_for_others(shop: Shop, superuser_dsn: str) -> None:
    shop.ana.login(shop.registers[0])
    lapse(superuser_dsn, shop.ana)

    listed = {tpv["id"] for tpv in validate(shop.luis).json()["tpvs_disponibles"]}
    state = board(shop.elena.back_office())[str(shop.registers[0])]
    answer = shop.luis.try_login(shop.registers[0])

    assert str(shop.registers[0]) in listed
    assert (state["estado"], state["usuario"], state["sesion"]) == ("disponible", None, None)
    assert answer.status_code == 200


def test_a_lapsed_login_with_an_open_drawer_keeps_its_register(shop: Shop, superuser_dsn: str) -> None:
    till = shop.ana.login(shop.registers[0])
    drawer = open_drawer(till, {"EUR": 20})
    lapse(superuser_dsn, shop.ana)

    listed = {tpv["id"] for tpv in validate(shop.luis).json()["tpvs_disponibles"]}
    state = board(shop.elena.back_office())[str(shop.registers[0])]

    assert str(shop.registers[0]) not in listed
    assert (state["estado"], state["sesion"]["estado"]) == ("pausado", "pausada")
    refused(shop.luis.try_login(shop.registers[0]), 409, "TPV_RESERVED")
    assert validate(shop.ana).json()["sesion_pausada"]["monto_caja"] == 20.0
    resumed = shop.ana.login(shop.registers[0])
    assert resumed.ok(resumed.get("/v1/cash/sessions/active"))["id"] == drawer["id"]


def test_whoever_lapsed_can_log_in_elsewhere_without_force(shop: Shop, superuser_dsn: str) -> None:
    shop.ana.login(shop.registers[0])
    lapse(superuser_dsn, shop.ana)

    assert len(validate(shop.ana).json()["tpvs_disponibles"]) == 3
    assert shop.ana.try_login(shop.registers[1]).status_code == 200


# Administration


def test_the_board_shows_every_register_of_the_organisation(shops: Shops) -> None:
    shop = shops.make(branches=2)
    till = shop.ana.login(shop.registers[0], dispositivo="Computadora")
    open_drawer(till, {"EUR": 150})
    away = shop.luis.login(shop.registers[1])
    open_drawer(away, {"EUR": 7.5})
    away.post("/api/auth/logout-pos")

    lines = board(shop.elena.back_office())

    assert len(lines) == 6
    busy, kept, free = (lines[str(register)] for register in shop.registers)
    assert busy["sesion"].pop("iniciada")
    assert busy["sesion"].pop("id")
    assert busy == {
        "tpv_id": str(shop.registers[0]),
        "tpv_nombre": "Caja 1",
        "tienda_nombre": "Branch 0",
        "estado": "ocupado",
        "usuario": {"id": str(shop.ana.id), "nombre": "Ana", "rol": "cajero"},
        "sesion": {"estado": "activa", "dispositivo": "Computadora"},
        "caja_abierta": True,
        "monto_caja": 150.0,
    }
    assert (kept["estado"], kept["sesion"]["estado"], kept["monto_caja"]) == ("pausado", "pausada", 7.5)
    assert (free["estado"], free["usuario"], free["sesion"], free["caja_abierta"], free["monto_caja"]) == (
        "disponible",
        None,
        None,
        False,
        None,
    )


def test_only_admins_see_the_board_and_release(shop: Shop) -> None:
    cashier, manager, machine = (
        shop.ana.login(shop.registers[0]),
        shop.marta.back_office(),
        Api(shop.http, shop.api_key),
    )

    for caller in (cashier, manager, machine):
        refused(caller.get("/api/tpv/estado-sesiones"), 403, "ROLE_FORBIDDEN")
        refused(caller.post(f"/api/tpv/{shop.registers[0]}/liberar"), 403, "ROLE_FORBIDDEN")


def test_a_release_ends_the_session_and_force_closes_the_drawer(shop: Shop) -> None:
    till = shop.ana.login(shop.registers[0])
    drawer = open_drawer(till, {"EUR": 150})
    admin = shop.elena.back_office()

    first = admin.post(f"/api/tpv/{shop.registers[0]}/liberar")
    second = admin.post(f"/api/tpv/{shop.registers[0]}/liberar")

    assert first.status_code == second.status_code == 200
    assert first.json() == {
        "message": "TPV liberado correctamente",
        "usuario_afectado": "Ana",
        "caja_cerrada": True,
    }
    assert second.json() == {
        "message": "TPV liberado correctamente",
        "usuario_afectado": None,
        "caja_cerrada": False,
    }
    refused(till.get("/v1/cash/sessions/active"), 401, "UNAUTHORIZED")
    assert till.get("/api/auth/verificar-sesion").json()["estado"] == "cerrada_por_admin"
    assert till.get("/api/auth/verificar-sesion").json()["valida"] is False
    assert till.post("/api/auth/logout-pos").json()["estado"] == "cerrada_por_admin"
    closed = admin.ok(admin.get(f"/v1/cash/sessions/{drawer['id']}"))
    assert (closed["status"], closed["closeReason"], closed["countedProvided"]) == ("PENDING_REVIEW", "RELEASED", False)
    assert (closed["closedBy"], closed["balances"][0]["variance"]) == (str(shop.elena.id), 0)
    assert shop.luis.try_login(shop.registers[0]).status_code == 200


def test_a_paused_register_can_be_released(shop: Shop) -> None:
    till = shop.ana.login(shop.registers[0])
    open_drawer(till)
    till.post("/api/auth/logout-pos")
    admin = shop.elena.back_office()

    released = admin.post(f"/api/tpv/{shop.registers[0]}/liberar")

    assert released.json()["caja_cerrada"] is True
    assert till.get("/api/auth/verificar-sesion").json()["estado"] == "cerrada_por_admin"
    assert board(admin)[str(shop.registers[0])]["estado"] == "disponible"
    assert validate(shop.ana).json()["sesion_pausada"] is None


def test_a_release_without_a_drawer_only_ends_the_session(shop: Shop) -> None:
    shop.ana.login(shop.registers[0])
    admin = shop.elena.back_office()

    assert admin.post(f"/api/tpv/{shop.registers[0]}/liberar").json() == {
        "message": "TPV liberado correctamente",
        "usuario_afectado": "Ana",
        "caja_cerrada": False,
    }


def test_a_release_of_an_unknown_or_foreign_register_is_404(shop: Shop, shops: Shops) -> None:
    admin, other = shop.elena.back_office(), shops.make()
    other.ana.login(other.registers[0])

    refused(admin.post(f"/api/tpv/{uuid4()}/liberar"), 404, "REGISTER_NOT_FOUND")
    refused(admin.post(f"/api/tpv/{other.registers[0]}/liberar"), 404, "REGISTER_NOT_FOUND")
    refused(admin.post("/api/tpv/no-uuid/liberar"), 422, "VALIDATION_ERROR")
    assert board(other.elena.back_office())[str(other.registers[0])]["estado"] == "ocupado"


def test_terminals_tell_what_happened(shop: Shop, superuser_dsn: str) -> None:
    till = shop.ana.login(shop.registers[0])
    open_drawer(till)
    till.post("/api/auth/logout-pos")
    shop.ana.login(shop.registers[0])
    admin = shop.elena.back_office()
    admin.post(f"/api/tpv/{shop.registers[0]}/liberar")
    guest = shop.luis.login(shop.registers[0])
    guest.post("/api/auth/logout-pos")

    told = fetch(
        superuser_dsn,
        "SELECT type, data::text FROM outbox_events WHERE organisation_id = $1 AND key = $2 ORDER BY occurred_at, id",
        shop.id,
        f"register:{shop.registers[0]}",
    )
    audited = fetch(
        superuser_dsn,
        "SELECT actor_id, resource_id FROM audit_log WHERE organisation_id = $1 AND action = 'TERMINAL_RELEASED'",
        shop.id,
    )

    assert [row["type"].removeprefix("terminal.") for row in told] == [
        "session_started",
        "session_paused",
        "session_started",
        "session_released",
        "session_started",
        "session_ended",
    ]
    assert ['"resumed": true' in row["data"] for row in told][:3] == [False, False, True]
    assert [(row["actor_id"], row["resource_id"]) for row in audited] == [(shop.elena.id, str(shop.registers[0]))]


def test_a_register_of_an_inactive_branch_can_be_released_with_its_open_drawer(shops: Shops) -> None:
    shop = shops.make(branches=2)
    till = shop.ana.login(shop.registers[0])
    session = till.ok(till.post("/v1/cash/sessions", {}), 201)
    admin = shop.elena.back_office()
    admin.ok(admin.patch(f"/v1/branches/{shop.branches[0].id}", {"isActive": False}))

    released = admin.post(f"/api/tpv/{shop.registers[0]}/liberar")

    assert released.status_code == 200
    assert released.json()["caja_cerrada"] is True
    admin.ok(admin.patch(f"/v1/branches/{shop.branches[0].id}", {"isActive": True}))
    assert admin.ok(admin.get(f"/v1/cash/sessions/{session['id']}"))["closeReason"] == "RELEASED"
