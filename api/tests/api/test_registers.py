"""/v1/registers."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.support import Api, Shop, Shops, race, statuses


@pytest.fixture(scope="module")
def shop(shops: Shops) -> Shop:
    return shops.make(branches=2, registers=2)


@pytest.fixture(scope="module")
def admin(shop: Shop) -> Api:
    return shop.elena.back_office()


def new(shop: Shop, name: str, **rest: Any) -> dict[str, Any]:
    return {"branchId": str(shop.branches[0].id), "name": name, **rest}


def test_a_register_gets_the_next_free_emission_point(shops: Shops) -> None:
    shop = shops.make(registers=2)
    admin = shop.elena.back_office()
    admin.ok(admin.post("/v1/registers", new(shop, "By hand", emissionPoint="004")), 201)

    made = [admin.ok(admin.post("/v1/registers", new(shop, name)), 201) for name in ("A", "B")]

    assert [register["emissionPoint"] for register in made] == ["003", "005"]
    assert admin.ok(admin.get(f"/v1/registers/{made[0]['id']}")) == made[0]


def test_registers_made_at_the_same_time_get_different_numbers(shops: Shops) -> None:
    shop = shops.make(registers=1)
    admin = shop.elena.back_office()

    answers = race([lambda n=n: admin.post("/v1/registers", new(shop, f"R{n}")) for n in range(6)])

    assert statuses(answers) == {201: 6}
    points = [answer.json()["data"]["emissionPoint"] for answer in answers]
    assert sorted(points) == ["002", "003", "004", "005", "006", "007"]


@pytest.mark.parametrize("body", [{"name": "Caja 1"}, {"name": "Another", "emissionPoint": "001"}])
def test_a_duplicate_is_refused(shop: Shop, admin: Api, body: dict[str, Any]) -> None:
    answer = admin.post("/v1/registers", {"branchId": str(shop.branches[0].id), **body})

    assert answer.status_code == 409
    assert answer.json()["code"] == "REGISTER_NAME_TAKEN"


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": None},
        {"name": "x" * 121},
        {"emissionPoint": "a b"},
        {"emissionPoint": "12345678901"},
        {"isActive": 1},
        {"branchId": "nowhere"},
        {"printer": "thermal"},
    ],
)
def test_a_register_that_makes_no_sense_is_refused(shop: Shop, admin: Api, change: dict[str, Any]) -> None:
    answer = admin.post("/v1/registers", new(shop, "New") | change)

    assert answer.status_code == 400
    assert answer.json()["details"][0]["field"] == next(iter(change))


def test_a_change_replaces_what_it_names_and_is_audited(shop: Shop, admin: Api) -> None:
    made = admin.ok(admin.post("/v1/registers", new(shop, "Old name", emissionPoint="OLD")), 201)

    changed = admin.ok(admin.patch(f"/v1/registers/{made['id']}", {"name": "New name", "isActive": False}))

    assert (changed["name"], changed["emissionPoint"], changed["isActive"]) == ("New name", "OLD", False)
    entries = admin.ok(admin.get(f"/v1/audit?resourceId={made['id']}"))["items"]
    assert [entry["action"] for entry in entries] == ["REGISTER_UPDATED", "REGISTER_CREATED"]
    assert entries[0]["before"] == {"name": "Old name", "isActive": True}
    assert entries[0]["after"] == {"name": "New name", "isActive": False}
    assert entries[0]["branchId"] == str(shop.branches[0].id)


def test_a_register_cannot_take_anothers_name_nor_lose_its_own(shop: Shop, admin: Api) -> None:
    path = f"/v1/registers/{shop.registers[0]}"
    before = admin.ok(admin.get(path))

    taken = admin.patch(path, {"name": "Caja 2"})
    gone = admin.patch(path, {"name": None})
    moved = admin.patch(path, {"branchId": str(shop.branches[1].id)})

    assert (taken.status_code, gone.status_code, moved.status_code) == (409, 400, 400)
    assert admin.ok(admin.get(path)) == before


def test_the_list_is_narrowed_by_branch_and_state_and_comes_in_pages(shops: Shops) -> None:
    shop = shops.make(branches=2, registers=3)
    admin = shop.elena.back_office()
    admin.ok(admin.patch(f"/v1/registers/{shop.registers[2]}", {"isActive": False}))

    first = admin.ok(admin.get("/v1/registers?limit=4"))
    second = admin.ok(admin.get(f"/v1/registers?limit=4&cursor={first['nextCursor']}"))
    active = admin.ok(admin.get(f"/v1/registers?branchId={shop.branches[0].id}&isActive=true"))

    everything = [str(register) for branch in shop.branches for register in branch.registers]
    assert [item["id"] for item in first["items"] + second["items"]] == everything
    assert second["nextCursor"] is None
    assert [item["id"] for item in active["items"]] == everything[:2]


def test_a_cashier_is_refused(shop: Shop) -> None:
    cashier = shop.ana.back_office()

    answers = [
        cashier.get("/v1/registers"),
        cashier.get(f"/v1/registers/{shop.registers[0]}"),
        cashier.post("/v1/registers", new(shop, "Mine")),
        cashier.patch(f"/v1/registers/{shop.registers[0]}", {"name": "Mine"}),
    ]

    assert statuses(answers) == {403: 4}


def test_a_manager_reads_those_of_their_branches_and_writes_none(shops: Shops) -> None:
    shop = shops.make()
    admin, manager = shop.elena.back_office(), shop.marta.back_office()
    branch = admin.ok(
        admin.post("/v1/branches", {"name": "Elsewhere", "timezone": "Europe/Paris", "baseCurrency": "EUR"}), 201
    )
    elsewhere = admin.ok(admin.post("/v1/registers", {"branchId": branch["id"], "name": "Far"}), 201)

    listed = manager.ok(manager.get("/v1/registers"))["items"]

    assert {item["id"] for item in listed} == {str(register) for register in shop.registers}
    assert manager.get(f"/v1/registers/{elsewhere['id']}").json()["code"] == "BRANCH_FORBIDDEN"
    assert manager.get(f"/v1/registers?branchId={branch['id']}").json()["code"] == "BRANCH_FORBIDDEN"
    assert manager.patch(f"/v1/registers/{shop.registers[0]}", {"name": "x"}).json()["code"] == "ROLE_FORBIDDEN"


def test_another_organisations_registers_and_branches_are_unknown(shop: Shop, shops: Shops) -> None:
    foreign = shops.make().elena.back_office()
    path = f"/v1/registers/{shop.registers[0]}"

    answers = [
        foreign.get(path),
        foreign.patch(path, {"name": "Mine"}),
        foreign.post("/v1/registers", new(shop, "Mine")),
        foreign.get(f"/v1/registers?branchId={shop.branches[0].id}"),
        foreign.get(f"/v1/registers/{uuid4()}"),
    ]

    assert statuses(answers) == {404: 5}


def test_a_repeated_request_makes_one_register(shop: Shop, admin: Api) -> None:
    answers = [
        admin.post("/v1/registers", new(shop, "Once"), headers={"Idempotency-Key": "register-once"}) for _ in range(2)
    ]

    assert answers[0].text == answers[1].text
    assert statuses(answers) == {201: 2}
