"""The main path, end to end: PIN, open, move, X, pause, resume, close with a difference, review, Z."""

from __future__ import annotations

from tests.support import Api, Shops


def test_a_day_at_the_drawer_from_pin_to_z(shops: Shops) -> None:
    shop = shops.make()
    register = shop.registers[0]
    till = shop.ana.login(register, dispositivo="Computadora")

    opened = till.ok(till.post("/v1/cash/sessions", {"openingFloat": {"EUR": 150.00}}), 201)
    path = f"/v1/cash/sessions/{opened['id']}"
    till.ok(
        till.post(f"{path}/movements", {"type": "PAID_IN", "amount": {"EUR": 20}, "reason": "Change from bank"}), 201
    )
    out = till.ok(
        till.post(f"{path}/movements", {"type": "PAID_OUT", "amount": {"EUR": 12.35}, "reason": "Window cleaner"}), 201
    )
    x = till.ok(till.get("/v1/cash/sessions/reports/x", params={"registerId": str(register)}))
    left = till.post("/api/auth/logout-pos")
    refused = till.get(path)
    choice = shop.http.post("/api/auth/validar-pin", json={"pin": shop.ana.pin, "codigo_tienda": shop.branches[0].code})
    again = shop.ana.login(register)
    closed = again.ok(again.post(f"{path}/close", {"countedCash": {"EUR": 140.00}, "note": "short"}))
    z = again.get(f"/v1/cash/sessions/reports/z/{opened['id']}")
    manager = shop.marta.back_office()
    reviewed = manager.ok(manager.post(f"{path}/review", {"decision": "APPROVE", "note": "seen"}))

    assert opened["status"] == "OPEN"
    assert opened["registerId"] == str(register)
    assert opened["balances"] == [
        {"currency": "EUR", "openingFloat": 150.0, "expectedCash": 150.0, "countedCash": None, "variance": None}
    ]
    assert opened["openingFloatUsd"] == 0
    assert out["amounts"] == {"EUR": 12.35}
    assert out["status"] == "APPROVED"
    assert x["summary"]["byCurrency"][0]["expectedCash"] == 157.65
    assert x["summary"]["byCurrency"][0]["totalPaidOut"] == 12.35
    assert [movement["type"] for movement in x["movements"]] == ["PAID_IN", "PAID_OUT"]
    assert left.json() == {
        "message": "Sesión pausada - Tienes caja abierta",
        "estado": "pausada",
        "tpv_reservado": str(register),
        "debe_cerrar_caja": True,
        "monto_caja": 157.65,
    }
    assert refused.status_code == 401
    assert choice.json()["sesion_pausada"]["tpv_id"] == str(register)
    assert choice.json()["sesion_pausada"]["monto_caja"] == 157.65
    assert choice.json()["tpvs_disponibles"] == []
    assert closed["status"] == "PENDING_REVIEW"
    assert closed["balances"][0]["variance"] == -17.65
    assert closed["zNumber"] == 1
    assert reviewed["status"] == "CLOSED"
    assert reviewed["reviewedBy"] == str(shop.marta.id)
    assert z.json()["data"]["session"]["status"] == "PENDING_REVIEW"
    assert z.content == Api(shop.http, manager.token).get(f"/v1/cash/sessions/reports/z/{opened['id']}").content
