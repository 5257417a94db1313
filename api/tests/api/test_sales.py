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
