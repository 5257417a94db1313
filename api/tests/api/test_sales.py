"""Sales: where they may be made, what they do to the drawer, and what one request is worth (domain.md, "Money, sales,
refunds")."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.books import audited
from tests.selling import product, report, sell, sold, till_with_drawer
from tests.support import Api, Shop, Shops, fetch, open_drawer, refused
from tillvault.identity.domain import Role

CARD = [{"method": "CARD", "amount": 75}]


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make()


@pytest.fixture
def till(shop: Shop) -> Api:
    return till_with_drawer(shop)


@pytest.fixture
def thing(superuser_dsn: str, shop: Shop) -> str:
    return product(superuser_dsn, shop, price=7500)


def expected(till: Api) -> dict[str, Any]:
    """What the open drawer should hold beyond its float, by currency."""
    balances = till.ok(till.get("/v1/cash/sessions/active"))["balances"]
    return {line["currency"]: line["expectedCash"] - line["openingFloat"] for line in balances}


def drawer_of(till: Api) -> str:
    return till.ok(till.get("/v1/cash/sessions/active"))["id"]


def close(till: Api, **counted: float) -> None:
    till.ok(till.post(f"/v1/cash/sessions/{drawer_of(till)}/close", {"countedCash": counted}))


# What a sale does to the drawer


@pytest.mark.parametrize(
    ("payments", "in_drawer", "change"),
    [
        ([{"method": "CASH", "amount": 100}], 75, [-25]),
        ([{"method": "CASH", "amount": 75}], 75, []),
        ([{"method": "CARD", "amount": 75}], 0, []),
        ([{"method": "CASH", "amount": 30}, {"method": "CARD", "amount": 45}], 30, []),
        ([{"method": "CARD", "amount": 45}, {"method": "CASH", "amount": 50}], 30, [-20]),
        (
            [{"method": name, "amount": 12.5} for name in ("CARD", "CHECK", "QR", "TRANSFER", "VOUCHER", "CASH")],
            12.5,
            [],
        ),
        ([{"method": "CASH", "amount": 50}, {"method": "CASH", "amount": 50}], 75, [-25]),
    ],
    ids=["with change", "exact", "card", "mixed", "mixed with change", "every method", "two notes"],
)
def test_only_cash_less_change_is_expected_in_the_drawer(
    superuser_dsn: str, shop: Shop, till: Api, thing: str, payments: Any, in_drawer: float, change: list[int]
) -> None:
    sale = sold(till, [thing], payments)

    assert expected(till) == {"EUR": in_drawer}
    assert [line["amount"] for line in sale["change"]] == change
    assert (sale["total"], sale["receiptNumber"], sale["taxes"]) == (
        75,
        1,
        [{"rate": 20, "net": 62.5, "tax": 12.5, "total": 75}],
    )
    assert sale["ledgerHash"] == "LEDGER:POS:00000001"
    assert report(till, shop)["sales"]["total"] == 75
    audited(superuser_dsn, shop)


@pytest.mark.parametrize(
    ("payments", "code"),
    [
        ([], "PAYMENT_INSUFFICIENT"),
        ([{"method": "CASH", "amount": 74.99}], "PAYMENT_INSUFFICIENT"),
        ([{"method": "CARD", "amount": 74.99}], "PAYMENT_INSUFFICIENT"),
        ([{"method": "CARD", "amount": 75.01}], "OVERPAID"),
        ([{"method": "CARD", "amount": 75}, {"method": "CASH", "amount": 1}], "OVERPAID"),
        ([{"method": "CARD", "amount": 50}, {"method": "CHECK", "amount": 50}], "OVERPAID"),
        ([{"method": "CASH", "amount": 100, "currency": "USD"}], "RATE_UNKNOWN"),
        ([{"method": "CARD", "amount": 75, "currency": "USD"}], "RATE_UNKNOWN"),
    ],
    ids=[
        "nothing",
        "a cent less",
        "a cent less by card",
        "card above",
        "cash beside all",
        "two above",
        "usd",
        "usd card",
    ],
)
def test_payments_that_do_not_fit_are_refused_and_leave_nothing(
    superuser_dsn: str, shop: Shop, till: Api, thing: str, payments: Any, code: str
) -> None:
    refused(sell(till, [thing], payments), 400, code)

    assert expected(till) == {"EUR": 0}
    assert not audited(superuser_dsn, shop).sales


# Several currencies


@pytest.fixture
def riel(shops: Shops) -> Shop:
    """A shop in dollars that gives change in riel, floored to 100."""
    return shops.make(
        currencies=("USD", "KHR"),
        policies={"fxRates": {"KHR": 4100}, "cashRounding": {"KHR": {"step": 100, "mode": "DOWN"}}},
    )


def set_policies(shop: Shop, **changes: Any) -> None:
    admin = shop.elena.back_office()
    admin.ok(admin.patch(f"/v1/branches/{shop.branches[0].id}/policies", changes))


def test_change_in_riel_is_floored_at_the_frozen_rate(superuser_dsn: str, riel: Shop) -> None:
    """47.50 USD paid with 50 USD, change in KHR at 4100, floored to 100; the rate changes later, the sale does not."""
    till = riel.ana.login(riel.registers[0])
    open_drawer(till, {"USD": 20, "KHR": 50_000})
    thing = product(superuser_dsn, riel, price=4750, currency="USD")

    sale = sold(till, [thing], [{"method": "CASH", "amount": 50, "currency": "USD"}], changeCurrency="KHR")
    set_policies(riel, fxRates={"KHR": 4000})
    read = till.ok(till.get(f"/v1/sales/{sale['id']}"))

    assert expected(till) == {"USD": 50, "KHR": -10_200}
    assert sale["rounding"] == {"currency": "KHR", "amount": 50, "baseAmount": 0.01}
    assert (sale["goods"], sale["total"], sale["fxRates"]) == (47.5, 47.51, {"KHR": 4100})
    assert read == sale
    totals = report(till, riel)["sales"]
    assert (totals["total"], totals["rounding"], totals["change"]) == (47.51, 0.01, {"KHR": 10_200})


def test_dollars_and_riel_together_with_change_in_dollars(superuser_dsn: str, riel: Shop) -> None:
    till = riel.ana.login(riel.registers[0])
    open_drawer(till, {"USD": 20, "KHR": 0})
    thing = product(superuser_dsn, riel, price=4750, currency="USD")

    sale = sold(
        till,
        [thing],
        [{"method": "CASH", "amount": 40, "currency": "USD"}, {"method": "CASH", "amount": 41_000, "currency": "KHR"}],
    )

    assert expected(till) == {"USD": 37.5, "KHR": 41_000}
    assert [(line["currency"], line["amount"]) for line in sale["change"]] == [("USD", -2.5)]


@pytest.mark.parametrize("riel_in_drawer", [10_100, 10_200])
def test_change_that_the_drawer_does_not_hold_is_refused(superuser_dsn: str, riel: Shop, riel_in_drawer: int) -> None:
    till = riel.ana.login(riel.registers[0])
    open_drawer(till, {"USD": 20, "KHR": riel_in_drawer})
    thing = product(superuser_dsn, riel, price=4750, currency="USD")

    answer = sell(till, [thing], 50, changeCurrency="KHR")

    if riel_in_drawer < 10_200:
        refused(answer, 400, "INSUFFICIENT_CASH")
        set_policies(riel, cashAllowNegativeDrawer=True)
        till.ok(sell(till, [thing], 50, changeCurrency="KHR"), 201)
    else:
        till.ok(answer, 201)
    audited(superuser_dsn, riel)


def test_a_drawer_takes_only_the_currencies_it_was_opened_with(superuser_dsn: str, shop: Shop, till: Api) -> None:
    """The branch takes dollars from today on; the drawer has been open since before."""
    admin = shop.elena.back_office()
    admin.ok(admin.patch(f"/v1/branches/{shop.branches[0].id}", {"currencies": ["EUR", "USD"]}))
    set_policies(shop, fxRates={"USD": 1.25})
    thing = product(superuser_dsn, shop, price=1000)
    dollars = {"amount": 12.5, "currency": "USD"}

    refused(sell(till, [thing], [{"method": "CASH"} | dollars]), 400, "CURRENCY_NOT_ACCEPTED")
    refused(sell(till, [thing], 20, changeCurrency="USD"), 400, "CURRENCY_NOT_ACCEPTED")
    sale = sold(till, [thing], [{"method": "CARD"} | dollars])

    assert (sale["total"], sale["fxRates"], sale["payments"][0]["baseAmount"]) == (10, {"USD": 1.25}, 10)
    assert expected(till) == {"EUR": 0}


# The gate


def test_nothing_is_sold_without_an_open_drawer(superuser_dsn: str, shop: Shop, till: Api, thing: str) -> None:
    close(till, EUR=50)

    for payments in (100, CARD):
        refused(sell(till, [thing], payments), 409, "CASH_SESSION_REQUIRED")

    assert not audited(superuser_dsn, shop).sales


def test_where_the_branch_lets_go_of_drawers_a_sale_without_one_moves_none(superuser_dsn: str, shops: Shops) -> None:
    shop = shops.make(policies={"cashRequireSessionForSales": False})
    thing = product(superuser_dsn, shop, price=7500)
    till, office = shop.ana.login(shop.registers[0]), shop.marta.back_office()

    sales = [sold(till, [thing], 100), sold(till, [thing], CARD), sold(office, [thing], CARD)]
    drawer = open_drawer(till)
    later = sold(till, [thing], 75)

    assert [sale["sessionId"] for sale in sales] == [None] * 3
    assert [sale["registerId"] for sale in sales] == [str(shop.registers[0])] * 2 + [None]
    # The register has its series of receipts, the branch one for sales without a register.
    assert [sale["receiptNumber"] for sale in [*sales, later]] == [1, 2, 1, 3]
    assert later["sessionId"] == drawer["id"]
    movements = fetch(superuser_dsn, "SELECT ref_sale_id FROM cash_movements WHERE organisation_id = $1", shop.id)
    assert [row["ref_sale_id"] for row in movements] == [UUID(later["id"])]
    x = report(till, shop)["sales"]
    assert (x["total"], x["perpetual"]["sales"]) == (75, {"EUR": 225})
    audited(superuser_dsn, shop)


def test_a_sale_goes_into_the_drawer_that_it_names_or_nowhere(
    superuser_dsn: str, shop: Shop, till: Api, thing: str
) -> None:
    other = shop.luis.login(shop.registers[1])
    theirs, boss = open_drawer(other), shop.marta.login(shop.registers[2])
    mine = drawer_of(till)

    assert sold(till, [thing], 75, sessionId=mine)["sessionId"] == mine
    refused(sell(boss, [thing], 75, sessionId=theirs["id"]), 409, "SESSION_NOT_OPEN")
    answer = sell(till, [thing], 75, sessionId=theirs["id"])
    refused(answer, 403, "ROLE_FORBIDDEN")
    refused(sell(till, [thing], 75, sessionId=str(uuid4())), 404, "SESSION_NOT_FOUND")
    close(till, EUR=125)
    refused(sell(till, [thing], 75, sessionId=mine), 409, "SESSION_NOT_OPEN")
    refused(sell(boss, [thing], 75), 409, "CASH_SESSION_REQUIRED")
    own = open_drawer(boss)
    assert sold(boss, [thing], 75)["sessionId"] == own["id"]
    assert len(audited(superuser_dsn, shop).sales) == 2


def test_a_machine_reads_sales_and_makes_none(shop: Shop, till: Api, thing: str) -> None:
    machine = Api(shop.http, shop.api_key)
    sale = sold(till, [thing], 75)

    assert machine.ok(machine.get("/v1/sales"))["items"] == [sale]
    assert machine.ok(machine.get(f"/v1/sales/{sale['id']}")) == sale
    refused(sell(machine, [thing], 75), 403, "ROLE_FORBIDDEN")
    refused(machine.post(f"/v1/sales/{sale['id']}/refunds", {"reason": "by a machine"}), 403, "ROLE_FORBIDDEN")
    refused(machine.post("/v1/sales/carts", {}), 403, "ROLE_FORBIDDEN")
    refused(Api(shop.http).get("/v1/sales"), 401, "UNAUTHORIZED")


# What one request is worth


def test_a_sale_sent_again_under_its_id_is_the_same_sale_for_ever(
    superuser_dsn: str, shop: Shop, till: Api, thing: str
) -> None:
    body: dict[str, Any] = {"id": str(uuid4()), "note": "for the museum"}
    first = sell(till, [thing], 100, **body)
    at_once = sell(till, [thing], 100, **body)
    close(till, EUR=125)
    after_the_close = sell(till, [thing], 100, **body)
    by_a_colleague = sell(shop.luis.login(shop.registers[1]), [thing], 100, **body)

    assert first.status_code == 201
    for again in (at_once, after_the_close, by_a_colleague):
        assert (again.status_code, again.headers["idempotency-replayed"]) == (200, "true")
        assert again.content == first.content
    open_drawer(till)
    refused(sell(till, [thing], 101, **body), 409, "SALE_ID_TAKEN")
    refused(sell(till, [thing, thing], 200, **body), 409, "SALE_ID_TAKEN")
    assert len(audited(superuser_dsn, shop).sales) == 1


def test_an_idempotency_key_repeats_the_answer_and_keeps_no_refusal(
    superuser_dsn: str, shop: Shop, till: Api, thing: str
) -> None:
    body = {"lines": [{"productId": thing}], "payments": [{"method": "CASH", "amount": 100}]}
    short = body | {"payments": [{"method": "CASH", "amount": 1}]}
    headers = {"Idempotency-Key": "till-1"}

    refused(till.post("/v1/sales", short, headers=headers), 400, "PAYMENT_INSUFFICIENT")
    first = till.post("/v1/sales", body, headers=headers)
    again = till.post("/v1/sales", body, headers=headers)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["data"]["ledgerHash"] == "LEDGER:POS:00000001"
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    refused(till.post("/v1/sales", short, headers=headers), 422, "IDEMPOTENCY_KEY_REUSED")
    assert len(audited(superuser_dsn, shop).sales) == 1


# Reading


def test_a_cashier_sees_their_own_and_finds_the_others_by_the_receipt(shop: Shop, till: Api, thing: str) -> None:
    other, boss = shop.luis.login(shop.registers[1]), shop.marta.back_office()
    open_drawer(other)
    mine = [sold(till, [thing], 75)["id"] for _ in range(2)]
    theirs = sold(other, [thing], 75)

    def ids(who: Api, **params: Any) -> list[str]:
        return [one["id"] for one in who.ok(who.get("/v1/sales", params=params))["items"]]

    assert ids(till) == mine[::-1]
    assert ids(other) == ids(till, registerId=str(shop.registers[1]), receiptNumber=1) == [theirs["id"]]
    assert ids(till, registerId=str(shop.registers[1])) == ids(till, cashierId=str(shop.luis.id)) == []
    assert ids(boss) == [theirs["id"], *mine[::-1]]
    assert ids(boss, cashierId=str(shop.ana.id), kind="SALE") == mine[::-1]
    assert ids(boss, sessionId=theirs["sessionId"]) == [theirs["id"]]
    assert ids(boss, kind="REFUND") == []
    assert ids(boss, **{"from": theirs["createdAt"]}) == [theirs["id"]]
    assert ids(boss, to=theirs["createdAt"]) == mine[::-1]
    assert till.ok(till.get(f"/v1/sales/{theirs['id']}")) == theirs


def test_a_walk_through_the_list_meets_every_row_once(superuser_dsn: str, shop: Shop, till: Api, thing: str) -> None:
    made = [sold(till, [thing], CARD)["id"] for _ in range(7)]

    walked: list[str] = []
    cursor: str | None = None
    while cursor or not walked:
        page = till.ok(till.get("/v1/sales", params={"limit": 3} | ({"cursor": cursor} if cursor else {})))
        walked += [one["id"] for one in page["items"]]
        cursor = page["nextCursor"]

    assert walked == made[::-1]
    refused(till.get("/v1/sales", params={"cursor": "nonsense"}), 400, "VALIDATION_ERROR")
    refused(till.get("/v1/sales", params={"from": "2026-11-21T10:00:00"}), 400, "VALIDATION_ERROR")
    refused(till.get(f"/v1/sales/{uuid4()}"), 404, "SALE_NOT_FOUND")


def test_a_sale_of_another_branch_is_not_a_cashiers_to_read(superuser_dsn: str, shops: Shops) -> None:
    shop = shops.make(branches=2, people=[("ana", Role.CASHIER), ("luis", Role.CASHIER, [1])])
    thing = product(superuser_dsn, shop, price=7500)
    far = shop.luis.login(shop.branches[1].registers[0], branch=1)
    open_drawer(far)
    sale = sold(far, [thing], 75)
    near = shop.ana.login(shop.registers[0])

    refused(near.get(f"/v1/sales/{sale['id']}"), 403, "BRANCH_FORBIDDEN")
    refused(near.get("/v1/sales", params={"branchId": str(shop.branches[1].id)}), 403, "BRANCH_FORBIDDEN")
    assert near.ok(near.get("/v1/sales", params={"receiptNumber": 1}))["items"] == []
    refused(near.post(f"/v1/sales/{sale['id']}/refunds", {"reason": "far away"}), 403, "BRANCH_FORBIDDEN")
