"""Refunds: never more than was sold, paid by the drawer of today, on a manager's word where the branch wants it
(domain.md, "Money, sales, refunds")."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.books import audited
from tests.selling import product, report, sold
from tests.support import Api, Shop, Shops, open_drawer, refused
from tillvault.identity.domain import Role


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make()


@pytest.fixture
def till(shop: Shop) -> Api:
    till = shop.ana.login(shop.registers[0])
    open_drawer(till, {"EUR": 50})
    return till


def give_back(till: Api, sale: dict[str, Any], headers: dict[str, str] | None = None, **body: Any) -> httpx.Response:
    return till.post(f"/v1/sales/{sale['id']}/refunds", {"reason": "broken"} | body, headers=headers)


def given_back(till: Api, sale: dict[str, Any], **body: Any) -> dict[str, Any]:
    return till.ok(give_back(till, sale, **body), 201)


def some(number: int, quantity: float) -> dict[str, Any]:
    return {"number": number, "quantity": quantity}


def expected(till: Api) -> dict[str, Any]:
    """What the open drawer should hold beyond its float, by currency."""
    balances = till.ok(till.get("/v1/cash/sessions/active"))["balances"]
    return {line["currency"]: line["expectedCash"] - line["openingFloat"] for line in balances}


# What comes back


def test_a_refund_of_all_takes_back_what_was_paid(superuser_dsn: str, shop: Shop, till: Api) -> None:
    thing = product(superuser_dsn, shop, price=1999)
    sale = sold(till, [{"productId": thing, "quantity": 3, "discount": {"percent": 10}}], 60)

    refund = given_back(till, sale)

    assert (refund["total"], refund["tax"], refund["kind"]) == (-sale["total"], -sale["tax"], "REFUND")
    assert (refund["refundedSaleId"], refund["note"], refund["receiptNumber"]) == (sale["id"], "broken", 2)
    assert expected(till) == {"EUR": 0}
    assert [line["quantity"] for line in refund["lines"]] == [-3]
    totals = report(till, shop)["sales"]
    assert (totals["total"], totals["perpetual"]["absolute"]["EUR"]) == (0, 2 * sale["total"])
    assert (totals["refundCount"], totals["refunds"], totals["average"]) == (1, -sale["total"], sale["total"])
    assert refund["ledgerHash"] == "LEDGER:POS:00000002"
    assert till.ok(till.get(f"/v1/sales/{sale['id']}/refunds"))["items"] == [refund]
    assert till.ok(till.get(f"/v1/sales/{sale['id']}")) == sale
    audited(superuser_dsn, shop)


def test_parts_add_up_to_the_whole_to_the_cent(superuser_dsn: str, shop: Shop, till: Api) -> None:
    """Three for 10.00 less a share of a discount: no third of it is a whole number of cents."""
    trio = product(superuser_dsn, shop, price=333)
    rice = product(superuser_dsn, shop, price=199, unit="KILOGRAM", tax_rate_bp=550)
    sale = sold(
        till, [{"productId": trio, "quantity": 3}, {"productId": rice, "quantity": 0.777}], 20, discount={"amount": 1}
    )

    parts = [
        given_back(till, sale, lines=lines)
        for lines in ([some(1, 1)], [some(1, 1), some(2, 0.001)], [some(2, 0.5)], [some(1, 1), some(2, 0.276)])
    ]

    assert round(sum(part["total"] for part in parts), 2) == -sale["total"]
    assert round(sum(part["tax"] for part in parts), 2) == -sale["tax"]
    assert round(sum(part["discount"] for part in parts), 2) == -sale["discount"]
    assert expected(till) == {"EUR": 0}
    refused(give_back(till, sale), 400, "REFUND_EXCEEDS_SALE")
    refused(give_back(till, sale, lines=[some(2, 0.001)]), 400, "REFUND_EXCEEDS_SALE")
    audited(superuser_dsn, shop)


def test_never_more_comes_back_than_was_sold(superuser_dsn: str, shop: Shop, till: Api) -> None:
    thing = product(superuser_dsn, shop, price=1000)
    sale = sold(till, [{"productId": thing, "quantity": 3}, thing], 40)

    refused(give_back(till, sale, lines=[some(1, 4)]), 400, "REFUND_EXCEEDS_SALE")
    refused(give_back(till, sale, lines=[some(1, 1), some(2, 2)]), 400, "REFUND_EXCEEDS_SALE")
    given_back(till, sale, lines=[some(1, 2)])
    refused(give_back(till, sale, lines=[some(1, 2)]), 400, "REFUND_EXCEEDS_SALE")
    rest = given_back(till, sale)

    assert [(line["number"], line["quantity"]) for line in rest["lines"]] == [(1, -1), (2, -1)]
    assert expected(till) == {"EUR": 0}


def test_a_donation_stays_given(superuser_dsn: str, shop: Shop, till: Api) -> None:
    thing = product(superuser_dsn, shop, price=1000)
    sale = sold(till, [thing], 20, donation=5)
    gift = sold(till, [], 5, donation=5)

    refund = given_back(till, sale)

    assert (refund["total"], refund["donation"]) == (-10, 0)
    assert expected(till) == {"EUR": 10}
    assert report(till, shop)["sales"]["donations"] == 10
    refused(give_back(till, gift), 400, "REFUND_EXCEEDS_SALE")
    audited(superuser_dsn, shop)


def test_a_refund_is_not_refunded(superuser_dsn: str, shop: Shop, till: Api) -> None:
    sale = sold(till, [product(superuser_dsn, shop, price=1000)], 10)
    refund = given_back(till, sale)

    refused(give_back(till, refund), 400, "NOT_REFUNDABLE")
    refused(give_back(till, {"id": str(uuid4())}), 404, "SALE_NOT_FOUND")


# Who pays, and how


def test_a_refund_on_another_day_by_another_till_leaves_the_old_z_as_it_is(
    superuser_dsn: str, shop: Shop, till: Api
) -> None:
    thing = product(superuser_dsn, shop, price=1000)
    sale = sold(till, [{"productId": thing, "quantity": 2}], 20)
    session = sale["sessionId"]
    till.ok(till.post(f"/v1/cash/sessions/{session}/close", {"countedCash": {"EUR": 70}}))
    z = till.get(f"/v1/cash/sessions/reports/z/{session}").content
    other = shop.luis.login(shop.registers[1])
    refused(give_back(other, sale), 409, "CASH_SESSION_REQUIRED")
    drawer = open_drawer(other, {"EUR": 30})

    refund = given_back(other, sale, lines=[some(1, 1)])

    assert (refund["sessionId"], refund["registerId"]) == (drawer["id"], str(shop.registers[1]))
    assert (refund["cashierName"], refund["receiptNumber"]) == ("Luis", 1)
    assert expected(other) == {"EUR": -10}
    x = report(other, shop, 1)
    assert (x["sales"]["count"], x["sales"]["refunds"], x["sales"]["total"], x["sales"]["average"]) == (
        0,
        -10,
        -10,
        None,
    )
    assert x["summary"]["byCurrency"][0]["totalRefunds"] == 10
    assert till.get(f"/v1/cash/sessions/reports/z/{session}").content == z
    audited(superuser_dsn, shop)


def test_a_refund_to_a_card_leaves_the_drawer(superuser_dsn: str, shop: Shop, till: Api) -> None:
    sale = sold(till, [product(superuser_dsn, shop, price=1000)], 10)

    refund = given_back(till, sale, payments=[{"method": "CARD", "amount": 10}])

    assert refund["payments"][0]["amount"] == -10
    assert expected(till) == {"EUR": 10}
    methods = report(till, shop)["sales"]["byMethod"]
    assert {line["method"]: (line["sales"], line["refunds"]) for line in methods} == {"CASH": (10, 0), "CARD": (0, -10)}


@pytest.mark.parametrize(
    "payments",
    [
        [],
        [{"method": "CASH", "amount": 9.99}],
        [{"method": "CASH", "amount": 10.01}],
        [{"method": "CARD", "amount": 20}],
        [{"method": "CASH", "amount": 10}, {"method": "CARD", "amount": 10}],
    ],
    ids=["nothing", "less", "more", "twice", "both"],
)
def test_what_is_paid_back_is_what_comes_back(superuser_dsn: str, shop: Shop, till: Api, payments: Any) -> None:
    sale = sold(till, [product(superuser_dsn, shop, price=1000)], 10)

    refused(give_back(till, sale, payments=payments), 400, "REFUND_AMOUNT_MISMATCH")

    assert expected(till) == {"EUR": 10}


def test_riel_come_back_at_the_rate_of_the_sale(superuser_dsn: str, shops: Shops) -> None:
    shop = shops.make(currencies=("USD", "KHR"), policies={"fxRates": {"KHR": 4100}})
    till = shop.ana.login(shop.registers[0])
    open_drawer(till, {"USD": 50, "KHR": 100_000})
    thing = product(superuser_dsn, shop, price=1001, currency="USD")
    riel = {"method": "CASH", "currency": "KHR"}
    sale = sold(till, [thing], [riel | {"amount": 41_000}])
    boss = shop.elena.back_office()
    boss.ok(boss.patch(f"/v1/branches/{shop.branches[0].id}/policies", {"fxRates": {"KHR": 5000}}))

    refused(give_back(till, sale, payments=[riel | {"amount": 50_100}]), 400, "REFUND_AMOUNT_MISMATCH")
    refund = given_back(till, sale, payments=[riel | {"amount": 41_000}])

    assert (sale["goods"], sale["total"], sale["rounding"]["baseAmount"]) == (10.01, 10, -0.01)
    assert (refund["goods"], refund["total"], refund["fxRates"]) == (-10.01, -10, {"KHR": 4100})
    assert expected(till) == {"USD": 0, "KHR": 0}
    totals = report(till, shop)["sales"]
    assert (totals["total"], totals["rounding"]) == (0, 0)
    audited(superuser_dsn, shop)


def test_a_drawer_cannot_pay_back_what_it_does_not_hold(superuser_dsn: str, shop: Shop, till: Api) -> None:
    sale = sold(till, [product(superuser_dsn, shop, price=5001)], [{"method": "CARD", "amount": 50.01}])

    refused(give_back(till, sale), 400, "INSUFFICIENT_CASH")
    boss = shop.elena.back_office()
    boss.ok(boss.patch(f"/v1/branches/{shop.branches[0].id}/policies", {"cashAllowNegativeDrawer": True}))
    given_back(till, sale)

    assert expected(till) == {"EUR": -50.01}


def test_a_refund_is_paid_from_the_drawer_that_it_names_if_it_is_the_cashiers_to_use(
    superuser_dsn: str, shop: Shop, till: Api
) -> None:
    sale = sold(till, [{"productId": product(superuser_dsn, shop, price=100), "quantity": 9}], 9)
    other, boss = shop.luis.login(shop.registers[1]), shop.marta.back_office()
    theirs = open_drawer(other, {"EUR": 20})
    part: dict[str, Any] = {"lines": [some(1, 1)], "sessionId": theirs["id"]}

    refused(give_back(till, sale, **part), 403, "ROLE_FORBIDDEN")
    refund = given_back(boss, sale, **part)
    refused(give_back(till, sale, lines=[some(1, 1)], sessionId=str(uuid4())), 404, "SESSION_NOT_FOUND")
    other.ok(other.post(f"/v1/cash/sessions/{theirs['id']}/close", {"countedCash": {"EUR": 19}}))
    refused(give_back(other, sale, **part), 409, "SESSION_NOT_OPEN")

    assert (refund["sessionId"], refund["cashierName"]) == (theirs["id"], "Marta")


# What one request is worth


def test_a_refund_sent_again_is_the_same_refund(superuser_dsn: str, shop: Shop, till: Api) -> None:
    sale = sold(till, [{"productId": product(superuser_dsn, shop, price=100), "quantity": 9}], 9)
    body: dict[str, Any] = {"id": str(uuid4()), "lines": [some(1, 4)]}
    key = {"Idempotency-Key": "back-1"}

    first, again = give_back(till, sale, **body), give_back(till, sale, **body)
    keyed, replayed = (give_back(till, sale, headers=key, lines=[some(1, 3)]) for _ in range(2))

    assert (first.status_code, again.status_code, again.content) == (201, 200, first.content)
    assert (keyed.status_code, replayed.status_code, replayed.content) == (201, 201, keyed.content)
    refused(give_back(till, sale, id=body["id"], lines=[some(1, 1)]), 409, "SALE_ID_TAKEN")
    refused(give_back(till, sale, id=sale["id"], lines=[some(1, 1)]), 409, "SALE_ID_TAKEN")
    refused(give_back(till, sale, headers=key, lines=[some(1, 1)]), 422, "IDEMPOTENCY_KEY_REUSED")
    assert len(audited(superuser_dsn, shop).of("REFUND")) == 2


# A manager's word


@pytest.fixture
def strict(shops: Shops) -> Shop:
    people = [("ana", Role.CASHIER), ("luis", Role.CASHIER), ("marta", Role.MANAGER), ("elena", Role.ADMIN)]
    return shops.make(policies={"cashRequireRefundApproval": True}, people=people)


@pytest.fixture
def at_strict(superuser_dsn: str, strict: Shop) -> tuple[Api, dict[str, Any]]:
    """A cashier there, and a sale of 9.00."""
    till = strict.ana.login(strict.registers[0])
    open_drawer(till, {"EUR": 50})
    return till, sold(till, [{"productId": product(superuser_dsn, strict, price=100), "quantity": 9}], 9)


def with_pin(pin: str) -> dict[str, str]:
    return {"X-Approver-Pin": pin}


def test_a_refund_needs_a_managers_pin_where_the_branch_says_so(
    superuser_dsn: str, strict: Shop, at_strict: tuple[Api, dict[str, Any]]
) -> None:
    till, sale = at_strict
    part: dict[str, Any] = {"lines": [some(1, 1)]}

    refused(give_back(till, sale, **part), 403, "REFUND_APPROVAL_REQUIRED")
    for pin in ("99999999", strict.luis.pin, strict.ana.pin):
        refused(give_back(till, sale, with_pin(pin), **part), 403, "REFUND_APPROVAL_REQUIRED")
    for odd in ("12", "123456789", "abcd"):
        refused(give_back(till, sale, with_pin(odd), **part), 400, "VALIDATION_ERROR")
    approved = till.ok(give_back(till, sale, with_pin(strict.marta.pin), **part), 201)
    by_an_admin = till.ok(give_back(till, sale, with_pin(strict.elena.pin), **part), 201)

    assert (approved["approvedBy"], approved["cashierName"]) == (str(strict.marta.id), "Ana")
    assert by_an_admin["approvedBy"] == str(strict.elena.id)
    boss = strict.elena.back_office()
    trail = boss.ok(boss.get("/v1/audit", params={"action": "SALE_REFUNDED"}))["items"]
    assert [entry["after"]["approvedBy"] for entry in trail] == [str(strict.elena.id), str(strict.marta.id)]
    assert len(audited(superuser_dsn, strict).of("REFUND")) == 2


def test_a_manager_needs_nobodys_word(strict: Shop, at_strict: tuple[Api, dict[str, Any]]) -> None:
    _, sale = at_strict
    boss = strict.marta.login(strict.registers[1])
    open_drawer(boss, {"EUR": 50})

    assert given_back(boss, sale)["approvedBy"] is None


def test_another_organisations_manager_approves_nothing(
    shops: Shops, strict: Shop, at_strict: tuple[Api, dict[str, Any]]
) -> None:
    till, sale = at_strict
    stranger = shops.make(people=[*((f"c{n}", Role.CASHIER) for n in range(9)), ("boss", Role.MANAGER)])

    refused(give_back(till, sale, with_pin(stranger.boss.pin)), 403, "REFUND_APPROVAL_REQUIRED")


def test_five_wrong_pins_are_enough(strict: Shop, at_strict: tuple[Api, dict[str, Any]]) -> None:
    till, sale = at_strict

    for _ in range(5):
        refused(give_back(till, sale, with_pin("99999999")), 403, "REFUND_APPROVAL_REQUIRED")

    answer = give_back(till, sale, with_pin(strict.marta.pin))
    refused(answer, 429, "TOO_MANY_ATTEMPTS")
    assert int(answer.headers["retry-after"]) >= 1


def test_a_pin_leaves_no_trace(superuser_dsn: str, strict: Shop, at_strict: tuple[Api, dict[str, Any]]) -> None:
    """Not under the idempotency key either: the same body with and without it is the same request."""
    till, sale = at_strict
    key = {"Idempotency-Key": "with a PIN"}

    first = give_back(till, sale, with_pin(strict.marta.pin) | key)
    again = give_back(till, sale, key)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content


# Limits


@pytest.mark.parametrize(
    "body",
    [
        {"reason": "no"},
        {"reason": "  x  "},
        {"reason": "x" * 201},
        {"reason": None},
        {"reason": 123},
        {"lines": []},
        {"lines": [some(1, 0)]},
        {"lines": [some(1, -1)]},
        {"lines": [some(1, 0.0001)]},
        {"lines": [some(0, 1)]},
        {"lines": [some(2, 1)]},
        {"lines": [some(1, 0.5), some(1, 0.5)]},
        {"lines": [{"number": "1", "quantity": 1}]},
        {"lines": [{"number": True, "quantity": 1}]},
        {"lines": [{"number": 1, "quantity": "1"}]},
        {"lines": [{"number": 1}]},
        {"lines": [some(1, 1)] * 201},
        {"payments": [{"method": "CASH", "amount": 0}]},
        {"payments": [{"method": "CASH", "amount": -10}]},
        {"payments": [{"method": "CARD", "amount": 1}] * 11},
        {"id": "no id"},
        {"amount": 10},
    ],
    ids=lambda body: str(body)[:40],
)
def test_a_refund_out_of_limits_is_refused(superuser_dsn: str, shop: Shop, till: Api, body: dict[str, Any]) -> None:
    sale = sold(till, [product(superuser_dsn, shop, price=1000)], 10)

    refused(give_back(till, sale, **body), 400, "VALIDATION_ERROR")
