"""Sales: what they do to the drawer, to the reports and to the vault (domain.md, "Money, sales, refunds")."""

from __future__ import annotations

from typing import Any

import pytest

from tests.selling import product, report, sold
from tests.support import Api, Shop, Shops, open_drawer


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make()


@pytest.fixture
def till(shop: Shop) -> Api:
    till = shop.ana.login(shop.registers[0])
    open_drawer(till, {"EUR": 50})
    return till


def expected(till: Api) -> dict[str, Any]:
    """What the open drawer should hold beyond its float, by currency."""
    balances = till.ok(till.get("/v1/cash/sessions/active"))["balances"]
    return {line["currency"]: line["expectedCash"] - line["openingFloat"] for line in balances}


# What a sale does to the drawer


@pytest.mark.parametrize(
    ("payments", "in_drawer", "change"),
    [
        ([{"method": "CASH", "amount": 100}], 75, [-25]),
        ([{"method": "CASH", "amount": 75}], 75, []),
        ([{"method": "CARD", "amount": 75}], 0, []),
        ([{"method": "CASH", "amount": 30}, {"method": "CARD", "amount": 45}], 30, []),
    ],
    ids=["with change", "exact", "card", "mixed"],
)
def test_only_cash_less_change_is_expected_in_the_drawer(
    superuser_dsn: str, shop: Shop, till: Api, payments: Any, in_drawer: int, change: list[int]
) -> None:
    thing = product(superuser_dsn, shop, price=7500)

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


def test_change_in_riel_is_floored_at_the_frozen_rate(superuser_dsn: str, shops: Shops) -> None:
    """47.50 USD paid with 50 USD, change in KHR at 4100, floored to 100."""
    shop = shops.make(
        currencies=("USD", "KHR"),
        policies={"fxRates": {"KHR": 4100}, "cashRounding": {"KHR": {"step": 100, "mode": "DOWN"}}},
    )
    till = shop.ana.login(shop.registers[0])
    open_drawer(till, {"USD": 20, "KHR": 50_000})
    thing = product(superuser_dsn, shop, price=4750, currency="USD")

    sale = sold(till, [thing], [{"method": "CASH", "amount": 50, "currency": "USD"}], changeCurrency="KHR")

    assert expected(till) == {"USD": 50, "KHR": -10_200}
    assert sale["rounding"] == {"currency": "KHR", "amount": 50, "baseAmount": 0.01}
    assert (sale["goods"], sale["total"], sale["fxRates"]) == (47.5, 47.51, {"KHR": 4100})


def test_a_refund_of_all_takes_back_what_was_paid(superuser_dsn: str, shop: Shop, till: Api) -> None:
    thing = product(superuser_dsn, shop, price=1999)
    sale = sold(till, [{"productId": thing, "quantity": 3, "discount": {"percent": 10}}], 60)

    refund = till.ok(till.post(f"/v1/sales/{sale['id']}/refunds", {"reason": "broken"}), 201)

    assert (refund["total"], refund["tax"], refund["kind"]) == (-sale["total"], -sale["tax"], "REFUND")
    assert expected(till) == {"EUR": 0}
    assert [line["quantity"] for line in refund["lines"]] == [-3]
    totals = report(till, shop)["sales"]
    assert (totals["total"], totals["perpetual"]["absolute"]["EUR"]) == (0, 2 * sale["total"])
    assert refund["ledgerHash"] == "LEDGER:POS:00000002"
    assert len(till.ok(till.get(f"/v1/sales/{sale['id']}/refunds"))["items"]) == 1
