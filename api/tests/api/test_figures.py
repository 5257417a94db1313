"""Figures over many drawers: takings and differences, summed from the rows themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.selling import product, sold
from tests.support import Api, Shop, Shops, fetch, open_drawer, refused

CASH = [{"method": "CASH", "amount": 20}]


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make(branches=2)


def day_of(drawer: dict[str, Any]) -> str:
    return drawer["businessDate"]


def figures(client: Api, what: str, day: str, **query: str) -> list[dict[str, Any]]:
    return client.ok(client.get(f"/v1/reports/{what}", params={"from": day, "to": day, **query}))["items"]


@pytest.fixture
def day(superuser_dsn: str, shop: Shop) -> str:
    """Ana sells for 10 by cash with change and for 25 by card, takes the first back; Luis sells for 10."""
    cheap, dear = product(superuser_dsn, shop, price=1000), product(superuser_dsn, shop, price=2500)
    till = shop.ana.login(shop.registers[0])
    drawer = open_drawer(till, {"EUR": 50})
    first = sold(till, [cheap], CASH)
    sold(till, [dear], [{"method": "CARD", "amount": 25}])
    till.ok(till.post(f"/v1/sales/{first['id']}/refunds", {"reason": "does not fit"}), 201)
    other = shop.luis.login(shop.registers[1])
    open_drawer(other, {"EUR": 50})
    sold(other, [cheap], CASH)
    return day_of(drawer)


def test_a_day_adds_up_however_it_is_cut(shop: Shop, day: str) -> None:
    manager = shop.marta.back_office()

    cuts = {by: figures(manager, "takings", day, by=by) for by in ("day", "month", "hour", "cashier", "register")}
    cuts |= {by: figures(manager, "takings", day, by=by) for by in ("method", "category")}

    for by, lines in cuts.items():
        assert sum(line["total"] for line in lines) == 35, by
        assert sum(line["sales"] for line in lines) == 45, by
        assert sum(line["refunds"] for line in lines) == -10, by
        assert {line["currency"] for line in lines} == {"EUR"}
    assert [(line["key"], line["salesCount"], line["refundsCount"]) for line in cuts["day"]] == [(day, 3, 1)]
    assert [line["key"] for line in cuts["month"]] == [day[:7]]
    assert [(line["label"], line["total"]) for line in cuts["cashier"]] == [("Ana", 25), ("Luis", 10)]
    assert [(line["label"], line["total"]) for line in cuts["register"]] == [("Caja 1", 25), ("Caja 2", 10)]
    assert [(line["key"], line["total"]) for line in cuts["method"]] == [("CASH", 10), ("CARD", 25)]


def test_the_sums_are_those_of_the_rows(shop: Shop, day: str, superuser_dsn: str) -> None:
    told = figures(shop.elena.back_office(), "takings", day)

    rows = fetch(superuser_dsn, "SELECT sum(total_minor)::int AS total FROM sales WHERE organisation_id = $1", shop.id)
    assert [line["total"] * 100 for line in told] == [rows[0]["total"]]


def test_sales_without_a_drawer_belong_to_the_day_in_which_they_were_recorded(superuser_dsn: str, shops: Shops) -> None:
    shop = shops.make(policies={"cashRequireSessionForSales": False})
    thing = product(superuser_dsn, shop, price=1000)
    till = shop.ana.login(shop.registers[0])
    sold(till, [thing], [{"method": "CARD", "amount": 10}])
    # What day it is for the shop, a drawer says.
    day = day_of(open_drawer(shop.luis.login(shop.registers[1])))

    told = figures(shop.marta.back_office(), "takings", day)

    assert [(line["key"], line["total"]) for line in told] == [(day, 10)]


def test_a_manager_sees_their_branches_and_an_admin_may_choose_one(shop: Shop, day: str) -> None:
    admin = shop.elena.back_office()

    here = figures(admin, "takings", day, branchId=str(shop.branches[0].id))
    there = figures(admin, "takings", day, branchId=str(shop.branches[1].id))

    assert [line["total"] for line in here] == [35]
    assert there == []


def test_another_day_has_taken_nothing(shop: Shop, day: str) -> None:
    assert figures(shop.marta.back_office(), "takings", "2020-02-29") == []


def test_differences_are_told_per_person_and_a_surplus_hides_no_shortage(shop: Shop) -> None:
    till = shop.ana.login(shop.registers[0])
    counts: list[dict[str, Any]] = []
    for counted in (48, 53, 50):
        drawer = open_drawer(till, {"EUR": 50})
        counts.append(till.ok(till.post(f"/v1/cash/sessions/{drawer['id']}/close", {"countedCash": {"EUR": counted}})))
    forced = open_drawer(till, {"EUR": 50})
    manager = shop.marta.back_office()
    manager.ok(manager.post(f"/v1/cash/sessions/{forced['id']}/force-close", {"reason": "went home"}))

    by_person = figures(manager, "variances", day_of(counts[0]))
    by_day = figures(manager, "variances", day_of(counts[0]), by="day")
    by_register = figures(manager, "variances", day_of(counts[0]), by="register")
    by_month = figures(manager, "variances", day_of(counts[0]), by="month")

    expected = {"sessions": 3, "withDifference": 2, "surplus": 3, "shortage": -2, "total": 1}
    for (line,), label in ((by_person, "Ana"), (by_register, "Caja 1"), (by_day, None), (by_month, None)):
        assert expected.items() <= line.items()
        assert line["label"] == label


def test_differences_of_one_person_or_one_register_are_told_over_time(shop: Shop) -> None:
    for person, register, counted in ((shop.ana, 0, 48), (shop.luis, 1, 53)):
        till = person.login(shop.registers[register])
        drawer = open_drawer(till, {"EUR": 50})
        till.ok(till.post(f"/v1/cash/sessions/{drawer['id']}/close", {"countedCash": {"EUR": counted}}))
    day, manager = day_of(drawer), shop.marta.back_office()

    by_ana = figures(manager, "variances", day, by="day", openedBy=str(shop.ana.id))
    by_second = figures(manager, "variances", day, by="day", registerId=str(shop.registers[1]))
    by_neither = figures(manager, "variances", day, openedBy=str(shop.ana.id), registerId=str(shop.registers[1]))

    assert [(line["key"], line["total"]) for line in by_ana] == [(day, -2)]
    assert [(line["key"], line["total"]) for line in by_second] == [(day, 3)]
    assert by_neither == []


@pytest.mark.parametrize("what", ["takings", "variances"])
def test_a_cashier_is_refused_and_a_machine_needs_its_scope(shop: Shop, what: str) -> None:
    query = {"from": "2026-11-01", "to": "2026-11-21"}
    admin = shop.elena.back_office()
    made: Callable[[str], Api] = lambda scope: Api(  # noqa: E731  (a name for one line)
        shop.http, admin.ok(admin.post("/v1/api-keys", {"name": scope, "scopes": [scope]}), 201)["key"]
    )

    cashier = shop.ana.login(shop.registers[0]).get(f"/v1/reports/{what}", params=query)
    other = made("cash:read").get(f"/v1/reports/{what}", params=query)
    right = made("reports:read").get(f"/v1/reports/{what}", params=query)

    refused(cashier, 403, "ROLE_FORBIDDEN")
    refused(other, 403, "ROLE_FORBIDDEN")
    assert right.status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"from": "2026-11-02", "to": "2026-11-01"},
        {"from": "2025-01-01", "to": "2026-11-01"},
        {"from": "yesterday", "to": "2026-11-01"},
        {"from": "2026-11-01", "to": "2026-11-01", "by": "weather"},
    ],
    ids=["no period", "backwards", "too long", "no date", "by something else"],
)
def test_a_period_that_makes_no_sense_is_refused(shop: Shop, query: dict[str, str]) -> None:
    refused(shop.marta.back_office().get("/v1/reports/takings", params=query), 400, "VALIDATION_ERROR")
