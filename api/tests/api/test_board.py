"""The live board: every register with who works on it and what its drawer should hold."""

from __future__ import annotations

from typing import Any

import pytest

from tests.selling import product, sold
from tests.support import Api, Shop, Shops, move, open_drawer, refused
from tillvault.identity.domain import Role


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make(branches=2, registers=2)


def lines(client: Api, **query: str) -> dict[str, dict[str, Any]]:
    """By the name of the register."""
    return {line["registerName"]: line for line in client.ok(client.get("/v1/board", params=query))["items"]}


def test_the_board_says_who_works_where_and_what_their_drawer_should_hold(superuser_dsn: str, shop: Shop) -> None:
    thing = product(superuser_dsn, shop, price=1000)
    till = shop.ana.login(shop.registers[0])
    drawer = open_drawer(till, {"EUR": 50})
    sale = sold(till, [thing], [{"method": "CASH", "amount": 10}])
    move(till, drawer["id"], "PAID_IN", {"EUR": 500})

    board = lines(shop.marta.back_office(), branchId=str(shop.branches[0].id))

    busy, free = board["Caja 1"], board["Caja 2"]
    assert (busy["state"], busy["user"]["name"], free["state"], free["user"], free["drawer"]) == (
        "BUSY",
        "Ana",
        "FREE",
        None,
        None,
    )
    assert (busy["drawer"]["sessionId"], busy["drawer"]["movementsWaiting"]) == (drawer["id"], 1)
    assert [(line["currency"], line["expectedCash"]) for line in busy["drawer"]["balances"]] == [("EUR", 60)]
    assert busy["lastSaleAt"] == sale["occurredAt"]
    assert free["lastSaleAt"] is None


def test_a_paused_drawer_shows_whose_it_is(shop: Shop) -> None:
    till = shop.ana.login(shop.registers[0])
    open_drawer(till, {"EUR": 50})
    till.post("/api/auth/logout-pos")

    line = lines(shop.marta.back_office(), registerId=str(shop.registers[0]))["Caja 1"]

    assert (line["state"], line["user"]["name"], line["pausedAt"] is not None) == ("PAUSED", "Ana", True)


def test_one_register_is_read_as_the_whole_board_shows_it(shop: Shop) -> None:
    open_drawer(shop.ana.login(shop.registers[0]), {"EUR": 50})
    manager = shop.marta.back_office()

    one = lines(manager, registerId=str(shop.registers[0]))

    assert one == {"Caja 1": lines(manager, branchId=str(shop.branches[0].id))["Caja 1"]}


def test_a_manager_sees_the_registers_of_their_branches_and_an_admin_all(shops: Shops) -> None:
    shop = shops.make(branches=2, registers=2, people=[("marta", Role.MANAGER, [0]), ("elena", Role.ADMIN)])

    mine = shop.marta.back_office()
    own = mine.ok(mine.get("/v1/board"))["items"]
    admin = shop.elena.back_office()
    every = admin.ok(admin.get("/v1/board"))["items"]

    assert {line["branchId"] for line in own} == {str(shop.branches[0].id)}
    assert {line["branchId"] for line in every} == {str(branch.id) for branch in shop.branches}
    refused(mine.get("/v1/board", params={"branchId": str(shop.branches[1].id)}), 403, "BRANCH_FORBIDDEN")
    assert mine.ok(mine.get("/v1/board", params={"registerId": str(shop.branches[1].registers[0])}))["items"] == []


def test_the_board_is_not_for_cashiers(shop: Shop) -> None:
    refused(shop.ana.login(shop.registers[0]).get("/v1/board"), 403, "ROLE_FORBIDDEN")


def test_sessions_are_found_by_the_person_who_opened_them(shop: Shop) -> None:
    ana, luis = shop.ana.login(shop.registers[0]), shop.luis.login(shop.registers[1])
    drawers = {"ana": open_drawer(ana)["id"], "luis": open_drawer(luis)["id"]}
    manager = shop.marta.back_office()

    def found(client: Api, person: str) -> list[str]:
        query = {"openedBy": str(shop.people[person].id)}
        return [item["id"] for item in client.ok(client.get("/v1/cash/sessions", params=query))["items"]]

    assert found(manager, "ana") == [drawers["ana"]]
    assert found(ana, "ana") == [drawers["ana"]]
    assert found(ana, "luis") == []
