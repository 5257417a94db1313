"""POST /api/auth/login."""

from __future__ import annotations

from tests.support import Shops


def test_admin_logs_in_without_a_register(shops: Shops) -> None:
    shop = shops.make()

    answer = shop.http.post(
        "/api/auth/login",
        json={"username": "elena", "password": "password-elena", "organizacion": shop.slug},
    )

    assert answer.status_code == 200
    body = answer.json()
    assert body["usuario"]["rol"] == "propietario"
    assert body["tpv"] is None
    assert body["tienda"]["codigo"] == shop.branches[0].code
