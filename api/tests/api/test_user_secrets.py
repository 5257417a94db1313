"""PINs and passwords: given by the system, shown once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.support import Person, Shop, Shops, fetch
from tillvault.core import secrets
from tillvault.core.db import Database
from tillvault.events import service as events
from tillvault.identity.access.service import Doorkeeper
from tillvault.identity.domain import Actor, Caller, Role
from tillvault.identity.errors import PinTaken
from tillvault.identity.hashing import Hasher
from tillvault.identity.throttle import Throttle
from tillvault.identity.tokens import Tokens
from tillvault.identity.users import service


def test_nobody_joins_a_branch_where_somebody_has_their_pin(shops: Shops, superuser_dsn: str) -> None:
    shop = shops.make(branches=2)
    admin = shop.elena.back_office()
    path = f"/v1/users/{shop.ana.id}"
    before = admin.ok(admin.get(path))
    # Luis moves to the other branch and gets the PIN that Ana has in the first.
    admin.ok(admin.patch(f"/v1/users/{shop.luis.id}", {"branchIds": [str(shop.branches[1].id)]}))
    fetch(
        superuser_dsn,
        "UPDATE user_branches SET pin_lookup = (SELECT pin_lookup FROM user_branches WHERE user_id = $1)"
        " WHERE user_id = $2",
        shop.ana.id,
        shop.luis.id,
    )

    answer = admin.patch(path, {"branchIds": [str(branch.id) for branch in shop.branches]})

    assert answer.status_code == 409
    assert answer.json()["code"] == "PIN_TAKEN"
    assert admin.ok(admin.get(path)) == before


def test_a_pin_that_somebody_has_is_drawn_again(shops: Shops) -> None:
    shop = shops.make()
    draws = iter([shop.ana.pin, shop.marta.pin, "424242"])

    given = asyncio.run(_renew_pin(shops, shop, shop.luis, lambda: next(draws)))

    assert given == "424242"


def test_drawing_ends_when_there_is_no_free_pin(shops: Shops) -> None:
    shop = shops.make()

    with pytest.raises(PinTaken):
        asyncio.run(_renew_pin(shops, shop, shop.luis, lambda: shop.ana.pin))


async def _renew_pin(shops: Shops, shop: Shop, whose: Person, draw: Callable[[], str]) -> str | None:
    """The use case with a dice of our own: the API's is random."""
    assert shops.settings.database_url is not None
    database = await Database.connect(
        shops.settings.database_url.get_secret_value(), shops.settings, flush=events.flush
    )
    door = Doorkeeper(
        database=database,
        tokens=Tokens(b"x" * 32),
        hasher=Hasher(1),
        throttle=Throttle(None),
        pin_pepper=secrets.pin_pepper(shops.settings),
        token_ttl=timedelta(hours=1),
    )
    actor = Actor(
        organisation_id=shop.id,
        id=shop.elena.id,
        name="Elena",
        role=Role.ADMIN,
        scopes=frozenset(),
        branch_id=None,
        branch_is_active=True,
        branch_ids=frozenset(),
        session_id=None,
        register_id=None,
        caller=Caller(address="127.0.0.1", device_id=None, device=None, request_id=None),
    )
    try:
        async with database.transaction(shop.id) as db:
            _, given = await service.renew_pin(db, door, actor=actor, user_id=whose.id, draw=draw)
            return given.pin
    finally:
        await database.close()


def test_a_new_pin_works_and_the_old_one_does_not(shops: Shops) -> None:
    shop = shops.make()
    admin = shop.elena.back_office()

    given = admin.ok(admin.post(f"/v1/users/{shop.ana.id}/pin"))

    store = {"codigo_tienda": shop.branches[0].code}
    old = shop.http.post("/api/auth/validar-pin", json={"pin": shop.ana.pin, **store})
    fresh = shop.http.post("/api/auth/validar-pin", json={"pin": given["pin"], **store})
    assert given["password"] is None
    assert (old.status_code, fresh.status_code) == (401, 200)


def test_a_new_pin_ends_back_office_logins_and_no_running_till(shops: Shops) -> None:
    shop = shops.make()
    admin = shop.elena.back_office()
    desk, till = shop.marta.back_office(), shop.marta.login(shop.registers[0])

    admin.ok(admin.post(f"/v1/users/{shop.marta.id}/pin"))

    assert desk.get("/v1/branches").status_code == 401
    assert till.get("/v1/branches").status_code == 200


def test_a_new_password_ends_back_office_logins_with_the_old_one(shops: Shops) -> None:
    shop = shops.make()
    admin = shop.elena.back_office()
    desk = shop.marta.back_office()

    given = admin.ok(admin.post(f"/v1/users/{shop.marta.id}/password"))

    old = shop.http.post(
        "/api/auth/login", json={"username": "marta", "password": shop.marta.password, "organizacion": shop.slug}
    )
    assert desk.get("/v1/branches").status_code == 401
    assert old.status_code == 401
    shop.marta.password = given["password"]
    assert shop.marta.back_office().get("/v1/branches").status_code == 200


def test_an_admin_who_renews_their_own_password_stays_where_they_read_it(shops: Shops) -> None:
    shop = shops.make()
    here, elsewhere = shop.elena.back_office(), shop.elena.back_office()

    here.ok(here.post(f"/v1/users/{shop.elena.id}/password"))

    assert here.get("/v1/branches").status_code == 200
    assert elsewhere.get("/v1/branches").status_code == 401
