"""/v1/users."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.support import Api, Person, Shop, Shops, fetch, race, statuses
from tillvault.identity.domain import Role

_TWO_ADMINS = (("elena", Role.ADMIN), ("nora", Role.ADMIN), ("marta", Role.MANAGER), ("ana", Role.CASHIER))


@pytest.fixture(scope="module")
def shop(shops: Shops) -> Shop:
    return shops.make(branches=2)


@pytest.fixture(scope="module")
def admin(shop: Shop) -> Api:
    return shop.elena.back_office()


def new(shop: Shop, username: str, **rest: Any) -> dict[str, Any]:
    return {
        "username": username,
        "name": username.capitalize(),
        "role": "CASHIER",
        "branchIds": [str(shop.branches[0].id)],
        **rest,
    }


def person(shop: Shop, made: dict[str, Any]) -> Person:
    """Somebody made over the API, with what was given to them."""
    return Person(
        id=UUID(made["id"]),
        username=made["username"],
        name=made["name"],
        role=Role(made["role"]),
        pin=made["pin"] or "",
        password=made["password"] or "",
        shop=shop,
    )


def test_a_new_user_gets_a_pin_and_a_password_once(shop: Shop, admin: Api) -> None:
    made = admin.ok(admin.post("/v1/users", new(shop, "Pablo", role="MANAGER", withPassword=True)), 201)

    seen = admin.ok(admin.get(f"/v1/users/{made['id']}"))

    assert re.fullmatch(r"[0-9]{6}", made["pin"])
    assert made["username"] == "pablo"
    assert seen == {name: value for name, value in made.items() if name not in {"pin", "password"}}
    assert (seen["hasPin"], seen["hasPassword"]) == (True, True)
    assert person(shop, made).back_office().get("/v1/branches").status_code == 200


def test_a_password_is_given_only_when_asked_for(shop: Shop, admin: Api) -> None:
    made = admin.ok(admin.post("/v1/users", new(shop, "sin.clave")), 201)

    assert made["password"] is None
    assert made["hasPassword"] is False


def test_no_answer_holds_a_hash(shop: Shop, admin: Api) -> None:
    made = admin.post("/v1/users", new(shop, "hashless", withPassword=True))

    texts = [made.text, admin.get("/v1/users").text, admin.get("/v1/audit").text]

    assert not any("argon2" in text or "hash" in text.lower().replace("hashless", "") for text in texts)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"username": "x"}, "username"),
        ({"username": "with space"}, "username"),
        ({"username": "josé"}, "username"),
        ({"username": "x" * 41}, "username"),
        ({"name": " "}, "name"),
        ({"role": "OWNER"}, "role"),
        ({"role": "cashier"}, "role"),
        ({"branchIds": []}, "branchIds"),
        ({"branchIds": ["x"]}, "branchIds.0"),
        ({"withPassword": "yes"}, "withPassword"),
        ({"pin": "1234"}, "pin"),
    ],
)
def test_a_user_that_makes_no_sense_is_refused(shop: Shop, admin: Api, change: dict[str, Any], field: str) -> None:
    answer = admin.post("/v1/users", new(shop, "valid") | change)

    assert answer.status_code == 400
    assert answer.json()["details"][0]["field"] == field


def test_a_branch_named_twice_or_too_many_are_refused(shop: Shop, admin: Api) -> None:
    twice = [str(shop.branches[0].id)] * 2
    many = [str(uuid4()) for _ in range(51)]

    answers = [admin.post("/v1/users", new(shop, "twice", branchIds=ids)) for ids in (twice, many)]

    assert statuses(answers) == {400: 2}


def test_a_username_is_taken_whatever_its_case(shop: Shop, admin: Api) -> None:
    answer = admin.post("/v1/users", new(shop, "ANA"))

    assert answer.status_code == 409
    assert answer.json()["code"] == "USERNAME_TAKEN"


def test_a_branch_of_another_organisation_is_unknown(shop: Shop, admin: Api, shops: Shops) -> None:
    foreign = str(shops.make().branches[0].id)

    created = admin.post("/v1/users", new(shop, "spy", branchIds=[str(shop.branches[0].id), foreign]))
    changed = admin.patch(f"/v1/users/{shop.ana.id}", {"branchIds": [foreign]})

    assert [answer.json()["code"] for answer in (created, changed)] == ["BRANCH_NOT_FOUND"] * 2
    assert admin.ok(admin.get(f"/v1/users/{shop.ana.id}"))["branchIds"] == [str(shop.branches[0].id)]


def test_users_of_another_organisation_are_unknown(shop: Shop, shops: Shops) -> None:
    foreign = shops.make().elena.back_office()
    path = f"/v1/users/{shop.ana.id}"

    answers = [
        foreign.get(path),
        foreign.patch(path, {"isActive": False}),
        foreign.patch(path, {"name": "Mine"}),
        foreign.post(f"{path}/pin"),
        foreign.post(f"{path}/password"),
        foreign.get(f"/v1/users?branchId={shop.branches[0].id}"),
    ]

    assert statuses(answers) == {404: 6}
    assert str(shop.ana.id) not in foreign.get("/v1/users").text


def test_a_change_replaces_what_it_names_and_is_audited(shop: Shop, admin: Api) -> None:
    made = admin.ok(admin.post("/v1/users", new(shop, "rosa")), 201)
    both = [str(shop.branches[1].id), str(shop.branches[0].id)]

    changed = admin.ok(admin.patch(f"/v1/users/{made['id']}", {"name": "Rosa María", "branchIds": both}))

    assert changed["name"] == "Rosa María"
    assert changed["branchIds"] == both
    assert changed["role"] == "CASHIER"
    entries = admin.ok(admin.get(f"/v1/audit?resourceId={made['id']}"))["items"]
    assert [entry["action"] for entry in entries] == ["USER_UPDATED", "USER_CREATED"]
    assert entries[0]["before"] == {"name": "Rosa", "branchIds": [str(shop.branches[0].id)]}
    assert entries[0]["after"] == {"name": "Rosa María", "branchIds": both}
    assert made["pin"] not in str(entries)


@pytest.mark.parametrize(
    "change", [{"name": None}, {"role": None}, {"role": "BOSS"}, {"branchIds": []}, {"username": "x"}, {"pin": "1"}]
)
def test_a_user_cannot_become_invalid(shop: Shop, admin: Api, change: dict[str, Any]) -> None:
    before = admin.ok(admin.get(f"/v1/users/{shop.luis.id}"))

    answer = admin.patch(f"/v1/users/{shop.luis.id}", change)

    assert answer.status_code == 400
    assert admin.ok(admin.get(f"/v1/users/{shop.luis.id}")) == before


def test_a_dismissal_is_felt_on_the_next_request(shops: Shops) -> None:
    shop = shops.make()
    admin = shop.elena.back_office()
    desk = shop.marta.back_office()
    before = desk.get("/v1/branches")

    admin.ok(admin.patch(f"/v1/users/{shop.marta.id}", {"isActive": False}))

    again = shop.http.post(
        "/api/auth/login", json={"username": "marta", "password": shop.marta.password, "organizacion": shop.slug}
    )
    assert (before.status_code, desk.get("/v1/branches").status_code, again.status_code) == (200, 401, 401)


def test_a_login_that_was_ended_by_a_dismissal_does_not_revive(shops: Shops) -> None:
    shop = shops.make()
    admin = shop.elena.back_office()
    desk = shop.marta.back_office()
    path = f"/v1/users/{shop.marta.id}"

    admin.ok(admin.patch(path, {"isActive": False}))
    admin.ok(admin.patch(path, {"isActive": True}))

    assert desk.get("/v1/branches").status_code == 401
    assert shop.marta.back_office().get("/v1/branches").status_code == 200


def test_a_new_role_is_felt_on_the_next_request(shops: Shops) -> None:
    shop = shops.make()
    admin = shop.elena.back_office()
    desk = shop.ana.back_office()
    before = desk.get("/v1/branches")

    admin.ok(admin.patch(f"/v1/users/{shop.ana.id}", {"role": "MANAGER"}))
    after = desk.get("/v1/branches")

    assert (before.status_code, after.status_code) == (403, 200)


@pytest.mark.parametrize("change", [{"isActive": False}, {"role": "MANAGER"}])
def test_the_last_admin_stays(shops: Shops, change: dict[str, Any]) -> None:
    shop = shops.make()
    admin = shop.elena.back_office()

    answer = admin.patch(f"/v1/users/{shop.elena.id}", change)

    assert answer.status_code == 409
    assert answer.json()["code"] == "LAST_ADMIN"
    assert admin.get("/v1/users").status_code == 200


@pytest.mark.parametrize("change", [{"isActive": False}, {"role": "CASHIER"}])
def test_nobody_dismisses_or_demotes_themselves(shops: Shops, change: dict[str, Any]) -> None:
    shop = shops.make(people=_TWO_ADMINS)
    admin = shop.elena.back_office()

    answer = admin.patch(f"/v1/users/{shop.elena.id}", change)

    assert answer.status_code == 409
    assert answer.json()["code"] == "OWN_ACCOUNT"


def test_an_inactive_admin_does_not_count_as_one(shops: Shops) -> None:
    shop = shops.make(people=_TWO_ADMINS)
    admin = shop.elena.back_office()
    admin.ok(admin.patch(f"/v1/users/{shop.nora.id}", {"isActive": False}))

    answer = admin.patch(f"/v1/users/{shop.elena.id}", {"role": "MANAGER"})

    assert answer.json()["code"] == "LAST_ADMIN"


def test_two_admins_who_dismiss_each_other_do_not_both_succeed(shops: Shops) -> None:
    for _ in range(5):
        shop = shops.make(people=_TWO_ADMINS, registers=1)
        elena, nora = shop.elena.back_office(), shop.nora.back_office()

        answers = race(
            [
                lambda api=elena, whom=shop.nora.id: api.patch(f"/v1/users/{whom}", {"isActive": False}),
                lambda api=nora, whom=shop.elena.id: api.patch(f"/v1/users/{whom}", {"role": "CASHIER"}),
            ]
        )

        assert sorted(answer.status_code for answer in answers) in ([200, 401], [200, 403], [200, 409])


def test_a_cashier_is_refused(shop: Shop) -> None:
    cashier = shop.ana.back_office()
    path = f"/v1/users/{shop.ana.id}"

    answers = [
        cashier.get("/v1/users"),
        cashier.get(path),
        cashier.patch(path, {"role": "ADMIN"}),
        cashier.post("/v1/users", new(shop, "friend")),
        cashier.post(f"{path}/pin"),
        cashier.post(f"{path}/password"),
    ]

    assert statuses(answers) == {403: 6}


def test_a_manager_reads_who_works_in_their_branches_and_writes_nothing(shops: Shops) -> None:
    shop = shops.make()
    admin, manager = shop.elena.back_office(), shop.marta.back_office()
    branch = admin.ok(
        admin.post("/v1/branches", {"name": "Elsewhere", "timezone": "Europe/Paris", "baseCurrency": "EUR"}), 201
    )
    elsewhere = admin.ok(admin.post("/v1/users", new(shop, "far", branchIds=[branch["id"]])), 201)

    listed = manager.ok(manager.get("/v1/users"))["items"]

    assert {item["username"] for item in listed} == {"ana", "luis", "marta", "elena"}
    assert manager.get(f"/v1/users/{elsewhere['id']}").json()["code"] == "BRANCH_FORBIDDEN"
    assert manager.get(f"/v1/users?branchId={branch['id']}").json()["code"] == "BRANCH_FORBIDDEN"
    writes = [
        manager.patch(f"/v1/users/{shop.ana.id}", {"name": "x"}),
        manager.post(f"/v1/users/{shop.ana.id}/pin"),
        manager.post(f"/v1/users/{shop.marta.id}/password"),
        manager.post("/v1/users", new(shop, "friend")),
    ]
    assert statuses(writes) == {403: 4}


def test_the_list_is_narrowed_and_comes_in_pages(shops: Shops) -> None:
    shop = shops.make(branches=2)
    admin = shop.elena.back_office()
    admin.ok(admin.patch(f"/v1/users/{shop.luis.id}", {"isActive": False}))

    def names(query: str) -> list[str]:
        return [item["username"] for item in admin.ok(admin.get(f"/v1/users?{query}"))["items"]]

    first = admin.ok(admin.get("/v1/users?limit=3"))
    assert [item["username"] for item in first["items"]] == ["ana", "luis", "marta"]
    assert names(f"limit=3&cursor={first['nextCursor']}") == ["elena"]
    assert names("role=CASHIER") == ["ana", "luis"]
    assert names("role=CASHIER&isActive=true") == ["ana"]
    assert names(f"branchId={shop.branches[1].id}") == ["marta", "elena"]
    assert admin.get("/v1/users?role=BOSS").status_code == 400


def test_a_repeated_request_makes_one_user_and_does_not_show_the_secrets_again(
    shop: Shop, admin: Api, superuser_dsn: str
) -> None:
    body = new(shop, "once", withPassword=True)
    answers = [admin.post("/v1/users", body, headers={"Idempotency-Key": "user-once"}) for _ in range(2)]

    first, second = (answer.json()["data"] for answer in answers)
    (kept,) = fetch(
        superuser_dsn,
        "SELECT convert_from(body, 'utf8') AS body FROM idempotency_keys WHERE organisation_id = $1 AND key = $2",
        shop.id,
        "user-once",
    )
    assert second == first | {"pin": None, "password": None}
    assert first["password"] not in kept["body"]
    assert f'"pin":"{first["pin"]}"' not in kept["body"]


def test_another_request_under_the_same_key_is_refused(shop: Shop, admin: Api) -> None:
    headers = {"Idempotency-Key": "pin-once"}
    admin.ok(admin.post(f"/v1/users/{shop.ana.id}/pin", headers=headers))

    answer = admin.post(f"/v1/users/{shop.luis.id}/pin", headers=headers)

    assert answer.status_code == 422
    assert answer.json()["code"] == "IDEMPOTENCY_KEY_REUSED"
