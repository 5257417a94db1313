"""/v1/api-keys."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.support import Api, Shop, Shops, fetch, statuses

NEW: dict[str, Any] = {"name": "Accounting", "scopes": ["audit:read", "cash:read"]}


@pytest.fixture(scope="module")
def shop(shops: Shops) -> Shop:
    return shops.make()


@pytest.fixture(scope="module")
def admin(shop: Shop) -> Api:
    return shop.elena.back_office()


def test_a_key_is_shown_once_and_opens_what_its_scopes_say(shop: Shop, admin: Api) -> None:
    made = admin.ok(admin.post("/v1/api-keys", NEW), 201)
    machine = Api(shop.http, made["key"])

    listed = admin.ok(admin.get("/v1/api-keys"))["items"]

    assert made["key"].startswith("tv_")
    assert made["createdBy"] == str(shop.elena.id)
    assert {name: value for name, value in made.items() if name != "key"} in listed
    assert made["key"] not in admin.get("/v1/api-keys").text
    assert machine.get("/v1/audit").status_code == 200
    assert machine.get("/v1/branches").json()["code"] == "ROLE_FORBIDDEN"


def test_a_revoked_key_is_refused_from_the_next_request_on(shop: Shop, admin: Api) -> None:
    made = admin.ok(admin.post("/v1/api-keys", NEW), 201)
    machine = Api(shop.http, made["key"])
    before = machine.get("/v1/audit")

    revoked = admin.ok(admin.delete(f"/v1/api-keys/{made['id']}"))
    again = admin.ok(admin.delete(f"/v1/api-keys/{made['id']}"))

    assert before.status_code == 200
    assert machine.get("/v1/audit").status_code == 401
    assert revoked["revokedAt"] is not None
    assert again == revoked


def test_giving_and_revoking_are_audited_without_the_key(admin: Api) -> None:
    made = admin.ok(admin.post("/v1/api-keys", NEW), 201)
    admin.ok(admin.delete(f"/v1/api-keys/{made['id']}"))

    trail = admin.get(f"/v1/audit?resourceId={made['id']}")

    assert [entry["action"] for entry in admin.ok(trail)["items"]] == ["API_KEY_REVOKED", "API_KEY_CREATED"]
    assert admin.ok(trail)["items"][1]["after"]["scopes"] == ["audit:read", "cash:read"]
    assert made["key"] not in trail.text


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x", "scopes": []},
        {"name": "x", "scopes": ["admin:write"]},
        {"name": "x", "scopes": ["cash:operate"]},
        {"name": "x", "scopes": ["cash:read", "cash:read"]},
        {"name": "x", "scopes": "cash:read"},
        {"name": "", "scopes": ["cash:read"]},
        {"scopes": ["cash:read"]},
        {"name": "x", "scopes": ["cash:read"], "key": "tv_mine"},
    ],
)
def test_a_key_that_makes_no_sense_is_refused(admin: Api, body: dict[str, Any]) -> None:
    assert admin.post("/v1/api-keys", body).json()["code"] == "VALIDATION_ERROR"


def test_only_a_person_who_is_admin_gives_and_revokes(shop: Shop, admin: Api) -> None:
    made = admin.ok(admin.post("/v1/api-keys", {"name": "All", "scopes": ["admin:read"]}), 201)
    others = [shop.ana.back_office(), shop.marta.back_office(), Api(shop.http, made["key"])]

    answers = [other.post("/v1/api-keys", NEW) for other in others]
    answers += [other.delete(f"/v1/api-keys/{made['id']}") for other in others]

    assert statuses(answers) == {403: 6}
    assert shop.ana.back_office().get("/v1/api-keys").status_code == 403
    assert shop.marta.back_office().get("/v1/api-keys").status_code == 200


def test_another_organisations_key_is_unknown(shops: Shops, admin: Api) -> None:
    foreign = shops.make().elena.back_office()
    made = admin.ok(admin.post("/v1/api-keys", NEW), 201)

    answers = [foreign.delete(f"/v1/api-keys/{made['id']}"), admin.delete(f"/v1/api-keys/{uuid4()}")]

    assert statuses(answers) == {404: 2}
    assert made["id"] not in foreign.get("/v1/api-keys").text


def test_a_repeated_request_gives_one_key_and_does_not_show_it_again(
    shop: Shop, admin: Api, superuser_dsn: str
) -> None:
    answers = [admin.post("/v1/api-keys", NEW, headers={"Idempotency-Key": "key-once"}) for _ in range(2)]

    first, second = (answer.json()["data"] for answer in answers)
    (kept,) = fetch(
        superuser_dsn,
        "SELECT convert_from(body, 'utf8') AS body FROM idempotency_keys WHERE organisation_id = $1 AND key = $2",
        shop.id,
        "key-once",
    )
    assert first["key"].startswith("tv_")
    assert second == first | {"key": None}
    assert first["key"] not in kept["body"]


def test_the_list_comes_in_pages(shops: Shops) -> None:
    admin = shops.make().elena.back_office()
    for number in range(3):
        admin.ok(admin.post("/v1/api-keys", NEW | {"name": f"key {number}"}), 201)

    first = admin.ok(admin.get("/v1/api-keys?limit=2"))
    second = admin.ok(admin.get(f"/v1/api-keys?limit=2&cursor={first['nextCursor']}"))

    names = [item["name"] for item in first["items"] + second["items"]]
    assert names == ["test", "key 0", "key 1", "key 2"]
    assert second["nextCursor"] is None
