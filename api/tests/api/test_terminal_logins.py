"""Stores, PINs and logins at a terminal (terminal-login-api.md)."""

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


# Stores


@pytest.mark.parametrize("change", [str.upper, str.lower, str.swapcase])
def test_a_store_is_found_whatever_the_case_of_its_code(shop: Shop, change: Any) -> None:
    answer = shop.http.get(f"/api/tienda/verificar/{change(shop.branches[0].code)}")

    assert answer.status_code == 200
    assert answer.json()["valido"] is True
    assert answer.json()["tienda_nombre"] == "Branch 0"
    assert answer.json()["organizacion_nombre"].startswith("Shop ")
    assert set(answer.json()) == {"valido", "tienda_nombre", "organizacion_nombre"}


@pytest.mark.parametrize("code", ["NONE-0000", "%00", "%F0%9F%92%A9", "' OR 1=1 --"])
def test_an_unknown_store_is_404(api: Api, code: str) -> None:
    refused(api.get(f"/api/tienda/verificar/{code}"), 404, "STORE_NOT_FOUND")


def test_an_inactive_store_is_404_and_lets_nobody_in(shops: Shops) -> None:
    shop = shops.make(branches=2)
    admin = shop.elena.back_office()
    admin.ok(admin.patch(f"/v1/branches/{shop.branches[1].id}", {"isActive": False}))

    refused(shop.http.get(f"/api/tienda/verificar/{shop.branches[1].code}"), 404, "STORE_NOT_FOUND")
    refused(validate(shop.marta, branch=1), 401, "INVALID_CREDENTIALS")


# PINs


def test_a_pin_shows_the_person_the_store_and_the_free_registers(shop: Shop) -> None:
    shop.luis.login(shop.registers[1])

    answer = validate(shop.ana)

    assert answer.status_code == 200
    assert answer.json() == {
        "usuario": {"id": str(shop.ana.id), "nombre": "Ana", "rol": "cajero"},
        "tienda": {"codigo": shop.branches[0].code, "nombre": "Branch 0"},
        "sesion_pausada": None,
        "tpvs_disponibles": [
            {
                "id": str(shop.registers[n]),
                "nombre": f"Caja {n + 1}",
                "tienda_nombre": "Branch 0",
                "punto_emision": f"{n + 1:03d}",
                "es_mi_caja": False,
            }
            for n in (0, 2)
        ],
    }


def test_an_unknown_store_an_unknown_pin_and_an_inactive_user_are_refused_alike(shop: Shop, superuser_dsn: str) -> None:
    fetch(superuser_dsn, "UPDATE users SET is_active = false WHERE id = $1", shop.luis.id)

    unknown_store = shop.http.post("/api/auth/validar-pin", json={"pin": "1000", "codigo_tienda": "NONE-0000"})
    unknown_pin = validate(shop.ana, pin="99999999")
    inactive = validate(shop.luis)
    at_login = shop.luis.try_login(shop.registers[0])

    body = refused(unknown_store, 401, "INVALID_CREDENTIALS")
    assert [answer.json() for answer in (unknown_pin, inactive, at_login)] == [body] * 3
    assert {answer.status_code for answer in (unknown_pin, inactive, at_login)} == {401}


def test_a_pin_is_good_only_in_the_branches_where_its_person_works(shops: Shops) -> None:
    shop = shops.make(branches=2)

    refused(validate(shop.ana, branch=1), 401, "INVALID_CREDENTIALS")
    assert validate(shop.marta, branch=1).status_code == 200


@pytest.mark.parametrize("path", ["/api/auth/validar-pin", "/api/auth/login-pin"])
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"pin": "123"}, "pin"),
        ({"pin": "123456789"}, "pin"),
        ({"pin": "12a4"}, "pin"),
        ({"pin": "1234\n"}, "pin"),
        ({"pin": "١٢٣٤"}, "pin"),
        ({"pin": 1234}, "pin"),
        ({"pin": None}, "pin"),
        ({"codigo_tienda": ""}, "codigo_tienda"),
        ({"codigo_tienda": "x" * 33}, "codigo_tienda"),
        ({"codigo_tienda": 7}, "codigo_tienda"),
        ({"forzar_cierre": "perhaps"}, "forzar_cierre"),
        ({"forzar": True}, "forzar"),
    ],
)
def test_a_malformed_body_names_its_field(api: Api, path: str, change: dict[str, Any], field: str) -> None:
    body: dict[str, Any] = {"pin": "1234", "codigo_tienda": "NONE-0000"}
    if path.endswith("login-pin"):
        body["tpv_id"] = str(uuid4())

    answer = api.post(path, body | change)

    told = refused(answer, 422, "VALIDATION_ERROR")["detail"]
    assert [item["field"] for item in told["details"]] == [field]


@pytest.mark.parametrize("change", [{"tpv_id": "no-uuid"}, {"tpv_id": None}, {"dispositivo": "x" * 121}])
def test_a_malformed_login_names_its_field(api: Api, change: dict[str, Any]) -> None:
    body = {"pin": "1234", "codigo_tienda": "NONE-0000", "tpv_id": str(uuid4())} | change

    told = refused(api.post("/api/auth/login-pin", body), 422, "VALIDATION_ERROR")["detail"]

    assert [item["field"] for item in told["details"]] == list(change)


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'"x"', b"null", b'{"pin": "1234", "pin": "1234"}', b"\xff"])
def test_a_body_that_is_no_json_object_is_422(api: Api, raw: bytes) -> None:
    answer = api.request("POST", "/api/auth/login-pin", content=raw, headers={"content-type": "application/json"})

    assert answer.status_code == 422
    assert answer.json()["detail"]["code"] == "VALIDATION_ERROR"


# Login


def test_login_answers_as_the_contract_says(shop: Shop) -> None:
    answer = shop.ana.try_login(shop.registers[0], dispositivo="APK Android")

    assert answer.status_code == 200
    body = answer.json()
    assert body.pop("access_token").count(".") == 2
    assert len(body.pop("session_id")) == 36
    assert body == {
        "token_type": "bearer",
        "usuario": {
            "id": str(shop.ana.id),
            "nombre": "Ana",
            "username": "ana",
            "rol": "cajero",
            "organizacion_id": str(shop.id),
            "tpv_id": str(shop.registers[0]),
            "tpv_nombre": "Caja 1",
        },
        "tienda": {"codigo": shop.branches[0].code, "nombre": "Branch 0"},
        "tpv": {"id": str(shop.registers[0]), "nombre": "Caja 1"},
    }


def test_a_register_of_another_store_inactive_or_unknown_is_not_found(shops: Shops, superuser_dsn: str) -> None:
    shop, other = shops.make(branches=2), shops.make()
    fetch(superuser_dsn, "UPDATE registers SET is_active = false WHERE id = $1", shop.registers[2])

    for register in (shop.branches[1].registers[0], other.registers[0], shop.registers[2], uuid4()):
        refused(shop.ana.try_login(register), 404, "TPV_NOT_FOUND")
    assert len(validate(shop.ana).json()["tpvs_disponibles"]) == 2


def test_a_register_in_use_is_busy_and_says_by_whom(shop: Shop) -> None:
    shop.ana.login(shop.registers[0])

    body = refused(shop.luis.try_login(shop.registers[0]), 409, "TPV_BUSY")

    assert body["detail"]["tpv_info"] == {"nombre": "Caja 1", "usuario": "Ana"}
    refused(shop.luis.try_login(shop.registers[0], forzar_cierre=True), 409, "TPV_BUSY")


def test_a_register_with_somebodys_open_drawer_is_reserved(shop: Shop) -> None:
    till = shop.ana.login(shop.registers[0])
    open_drawer(till)
    till.post("/api/auth/logout-pos")

    body = refused(shop.luis.try_login(shop.registers[0], forzar_cierre=True), 409, "TPV_RESERVED")

    assert body["detail"]["tpv_info"] == {"nombre": "Caja 1", "usuario": "Ana"}
    assert str(shop.registers[0]) not in {tpv["id"] for tpv in validate(shop.luis).json()["tpvs_disponibles"]}


def test_whoever_is_active_elsewhere_is_told_where(shop: Shop) -> None:
    shop.ana.login(shop.registers[0], dispositivo="Computadora")

    at_pin = refused(validate(shop.ana), 409, "SESSION_ACTIVE")
    at_login = refused(shop.ana.try_login(shop.registers[1]), 409, "SESSION_ACTIVE")

    info = at_pin["detail"]["session_info"]
    assert info.pop("iniciada").endswith("Z")
    assert info == {
        "usuario_nombre": "Ana",
        "usuario_rol": "cajero",
        "tpv_id": str(shop.registers[0]),
        "tpv_nombre": "Caja 1",
        "dispositivo": "Computadora",
    }
    assert at_login["detail"]["session_info"]["tpv_id"] == str(shop.registers[0])


def test_forcing_ends_the_other_login_when_its_drawer_is_closed(shop: Shop) -> None:
    old = shop.ana.login(shop.registers[0])

    choice = validate(shop.ana, forzar_cierre=True)

    assert choice.status_code == 200
    assert len(choice.json()["tpvs_disponibles"]) == 3
    assert old.get("/v1/cash/sessions").status_code == 401
    assert old.get("/api/auth/verificar-sesion").json()["estado"] == "cerrada"
    new = shop.ana.login(shop.registers[1])
    refused(shop.ana.try_login(shop.registers[2]), 409, "SESSION_ACTIVE")
    assert shop.ana.try_login(shop.registers[2], forzar_cierre=True).status_code == 200
    assert new.get("/v1/cash/sessions").status_code == 401


def test_forcing_pauses_the_other_login_when_its_drawer_is_open(shop: Shop) -> None:
    old = shop.ana.login(shop.registers[0])
    open_drawer(old, {"EUR": 150})

    elsewhere = shop.ana.try_login(shop.registers[1], forzar_cierre=True)
    still_active = validate(shop.ana)
    choice = validate(shop.ana, forzar_cierre=True)

    refused(elsewhere, 409, "SESSION_PAUSED")
    refused(still_active, 409, "SESSION_ACTIVE")  # A refused login changes nothing.
    assert old.get("/v1/cash/sessions").status_code == 401
    assert choice.json()["sesion_pausada"]["tpv_id"] == str(shop.registers[0])
    assert choice.json()["tpvs_disponibles"] == []


def test_forcing_a_login_on_ones_own_register_takes_it_over_with_its_drawer(shop: Shop) -> None:
    lost = shop.ana.login(shop.registers[0])
    drawer = open_drawer(lost, {"EUR": 10})

    refused(shop.ana.try_login(shop.registers[0]), 409, "SESSION_ACTIVE")
    found = shop.ana.login(shop.registers[0], forzar_cierre=True)

    assert lost.get("/v1/cash/sessions/active").status_code == 401
    assert found.ok(found.get("/v1/cash/sessions/active"))["id"] == drawer["id"]


def test_a_login_elsewhere_is_sent_back_to_the_paused_drawer(shop: Shop) -> None:
    till = shop.ana.login(shop.registers[0], dispositivo="Computadora")
    open_drawer(till, {"EUR": 150})
    till.post("/api/auth/logout-pos")

    body = refused(shop.ana.try_login(shop.registers[1]), 409, "SESSION_PAUSED")

    info = body["detail"]["session_info"]
    assert info["tpv_id"] == str(shop.registers[0])
    assert info["tpv_nombre"] == "Caja 1"
    assert info["usuario_nombre"] == "Ana"
    assert info["monto_caja"] == 150.0
    assert not isinstance(info["monto_caja"], str)
    assert info["fecha_pausa"].endswith("Z")
