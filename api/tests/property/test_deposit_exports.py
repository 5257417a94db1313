"""Exports of any history: what they tell is the sum of validated deposits and of sales less refunds, nothing twice.

TILLVAULT_TEST_EXAMPLES=500 plays more of them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.exporting import exported, rows_of
from tests.selling import product, sold
from tests.support import Api, Shops, open_drawer

CATEGORIES = tuple(f"EEE-{number}" for number in range(1, 9))

acts: st.SearchStrategy[list[Any]] = st.lists(
    st.one_of(
        st.tuples(st.just("record"), st.sampled_from(CATEGORIES), st.integers(1, 99_999), st.integers(1, 9)),
        st.tuples(st.just("validate"), st.integers(0, 30), st.none() | st.sampled_from(CATEGORIES)),
        st.tuples(st.just("reject"), st.integers(0, 30)),
        st.tuples(st.just("correct"), st.integers(0, 30), st.integers(1, 99_999), st.sampled_from(CATEGORIES)),
        st.tuples(st.just("sell"), st.integers(0, 3), st.integers(1, 4), st.integers(0, 3)),
        st.tuples(st.just("refund"), st.integers(0, 30)),
    ),
    min_size=1,
    max_size=25,
)


@dataclass
class Told:
    """A deposit as the model knows it."""

    id: str
    category: str
    grams: int
    status: str = "pending"


def recorded(client: Api, deposits: list[Told], category: str, grams: int, quantity: int) -> None:
    body = {"description": "a thing", "category": category, "weightGrams": grams, "quantity": quantity}
    made = client.ok(client.post("/v1/deposits", body), 201)
    deposits.append(Told(made["id"], category, grams))


def decided(client: Api, deposit: Told, what: str, category: str | None) -> None:
    path = f"/v1/deposits/{deposit.id}/{what}"
    body: dict[str, Any] = {"reason": "because"} if what == "reject" else {"category": category} if category else {}
    answer = client.post(path, body)
    if deposit.status != "pending":
        assert answer.status_code == 409
        return
    assert answer.status_code == 200
    deposit.status = "rejected" if what == "reject" else "validated"
    deposit.category = category or deposit.category


def corrected(client: Api, deposits: list[Told], deposit: Told, grams: int, category: str) -> None:
    answer = client.post(f"/v1/deposits/{deposit.id}/correct", {"weightGrams": grams, "category": category})
    if deposit.status == "corrected":
        assert answer.status_code == 409
        return
    deposit.status = "corrected"
    deposits.append(Told(client.ok(answer, 201)["id"], category, grams))


def bought(client: Api, product_id: str, price: int, quantity: int, donation: int) -> dict[str, Any]:
    total = Decimal(price * quantity).scaleb(-2) + donation
    line = {"productId": product_id, "quantity": quantity}
    return sold(client, [line], [{"method": "CARD", "amount": float(total)}], donation=donation)


def returned(client: Api, sale: dict[str, Any]) -> None:
    answer = client.post(f"/v1/sales/{sale['id']}/refunds", {"reason": "came back"})
    assert answer.status_code == (400 if "is_back" in sale else 201), answer.text
    sale["is_back"] = True


def expected_of(deposits: list[Told], sales: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Deposits, grams, things sold and their price, by category."""
    expected: dict[str, list[Any]] = {category: [0, 0, Decimal(0), Decimal(0)] for category in CATEGORIES}
    for deposit in deposits:
        if deposit.status == "validated":
            expected[deposit.category][0] += 1
            expected[deposit.category][1] += deposit.grams
    for sale in sales:
        line = sale["lines"][0]
        if line["eeeCategory"] is not None and "is_back" not in sale:
            expected[line["eeeCategory"]][2] += Decimal(str(line["quantity"]))
            expected[line["eeeCategory"]][3] += Decimal(str(line["total"]))
    return expected


def test_an_export_is_the_sum_of_what_happened(shops: Shops, superuser_dsn: str) -> None:
    @settings(
        max_examples=int(os.environ.get("TILLVAULT_TEST_EXAMPLES", "10")),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(acts)
    def play(history: list[Any]) -> None:
        shop = shops.make()
        client = shop.elena.login(shop.registers[0])
        day = open_drawer(client, {"EUR": 100_000})["businessDate"]
        prices = (850, 1, 12_345, 300)
        goods: list[str] = [
            product(superuser_dsn, shop, price=price, eee_category=category, weight_grams=500)
            for price, category in zip(prices, ("EEE-1", "EEE-2", "EEE-2", None), strict=True)
        ]
        deposits: list[Told] = []
        sales: list[dict[str, Any]] = []
        for act in history:
            what: str = act[0]
            told: list[Any] = list(act[1:])
            chosen: Told | None = None
            if what in {"validate", "reject", "correct"} and deposits:
                chosen = deposits[int(told[0]) % len(deposits)]
            if what == "record":
                recorded(client, deposits, told[0], told[1], told[2])
            elif what in {"validate", "reject"} and chosen is not None:
                decided(client, chosen, what, told[1] if what == "validate" else None)
            elif what == "correct" and chosen is not None:
                corrected(client, deposits, chosen, told[1], told[2])
            elif what == "sell":
                sales.append(bought(client, goods[int(told[0])], prices[int(told[0])], told[1], told[2]))
            elif what == "refund" and sales:
                returned(client, sales[int(told[0]) % len(sales)])
        expected = expected_of(deposits, sales)

        rows = rows_of(exported(client, day, day))
        statistics = client.get("/v1/deposits/statistics", params={"from": day, "to": day, "by": "category"})

        told_of = {
            category: [
                int(row["deposit_count"]),
                int(Decimal(row["deposit_weight_kg"]) * 1000),
                Decimal(row["sales_quantity"]),
                Decimal(row["sales_amount_eur"]),
            ]
            for category, row in rows.items()
        }
        assert told_of == expected
        weights = {line["key"]: line["weightGrams"] for line in client.ok(statistics)["items"]}
        assert {key: grams for key, grams in weights.items() if grams} == {
            category: found[1] for category, found in expected.items() if found[1]
        }

    play()
