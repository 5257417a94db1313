"""Races of sales: with the close, with each other, for what comes back, and for what one request is worth (domain.md,
"Money, sales, refunds").

TILLVAULT_TEST_ROUNDS=5000 lets sales race the close five thousand times instead of five hundred.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.books import audited
from tests.selling import product, sell, sold
from tests.support import Api, Shop, Shops, codes, fetch, open_drawer, race, refused, statuses
from tillvault.identity.domain import Role

ROUNDS = max(500, int(os.environ.get("TILLVAULT_TEST_ROUNDS", "500")))


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make()


@pytest.fixture
def till(shop: Shop) -> Api:
    till = shop.ana.login(shop.registers[0])
    open_drawer(till, {"EUR": 500})
    return till


def close(till: Api, session_id: str, **body: Any) -> httpx.Response:
    return till.post(f"/v1/cash/sessions/{session_id}/close", {"countedCash": {"EUR": 1}} | body)


# The close


Played = tuple[str, list[httpx.Response], httpx.Response]


def play(shop: Shop, till: Api, register: UUID, book: str, count: int) -> list[Played]:
    """Open, sell once, then let sales and a refund race the close: the session, the answers, the close's."""
    played: list[Played] = []
    chance = random.Random(str(register))  # noqa: S311  (an order)
    for _ in range(count):
        drawer = open_drawer(till, {"EUR": 10}, registerId=str(register))
        first = sold(till, [book], 20)
        acts = [
            partial(sell, till, [book], 20),
            partial(sell, till, [book], [{"method": "CARD", "amount": 12.5}]),
            partial(till.post, f"/v1/sales/{first['id']}/refunds", {"reason": "a race"}),
            partial(close, till, drawer["id"]),
        ]
        # The order of starting changes from round to round, so that each side wins its share.
        order = chance.sample(range(4), 4)
        answers = dict(zip(order, race([acts[at] for at in order]), strict=True))
        played.append((drawer["id"], [answers[0], answers[1], answers[2]], answers[3]))
    return played


@pytest.mark.slow
def test_a_sale_that_races_the_close_is_in_the_z_or_refused(shops: Shops, superuser_dsn: str) -> None:
    shop = shops.make()
    book = product(superuser_dsn, shop, price=1250)
    tills = [shop.ana.login(shop.registers[0]), shop.luis.login(shop.registers[1])]
    halves = [(ROUNDS + 1) // 2, ROUNDS // 2]

    with ThreadPoolExecutor(2) as desks:
        played = [
            one for half in desks.map(play, [shop] * 2, tills, shop.registers[:2], [book] * 2, halves) for one in half
        ]

    office = shop.elena.back_office()
    outcomes: Counter[bool] = Counter()
    for session_id, answers, closed in played:
        assert closed.status_code == 200, closed.text
        in_z = office.ok(office.get(f"/v1/cash/sessions/reports/z/{session_id}"))
        landed = [answer.json()["data"] for answer in answers if answer.status_code == 201]
        for answer in answers:
            outcomes[answer.status_code == 201] += 1
            if answer.status_code != 201:
                # Whoever waited for the lock finds no open drawer of theirs.
                refused(answer, 409, "CASH_SESSION_REQUIRED")
        assert {sale["sessionId"] for sale in landed} <= {session_id}
        sales = in_z["sales"]
        total = Decimal("12.5") + sum(Decimal(str(sale["total"])) for sale in landed)
        cash = sum(
            Decimal(str(payment["amount"]))
            for sale in landed
            for payment in sale["payments"]
            if payment["method"] == "CASH"
        )
        assert Decimal(str(sales["total"])) == total
        assert sales["count"] + sales["refundCount"] == 1 + len(landed)
        assert Decimal(str(in_z["summary"]["byCurrency"][0]["expectedCash"])) == 10 + Decimal("12.5") + cash
    assert outcomes[True] > ROUNDS // 6, "the close always won: this was no race"
    assert outcomes[False] > ROUNDS // 6, "the sales always won: this was no race"
    assert len(fetch(superuser_dsn, "SELECT FROM z_reports WHERE organisation_id = $1", shop.id)) == ROUNDS
    audited(superuser_dsn, shop)


def test_a_sale_that_races_a_release_or_a_forced_close_is_in_the_z_or_refused(shops: Shops, superuser_dsn: str) -> None:
    shop = shops.make()
    book = product(superuser_dsn, shop, price=1250)
    boss = shop.elena.back_office()
    seen: set[tuple[int, ...]] = set()
    till = shop.ana.login(shop.registers[0])
    for number in range(24):
        drawer = open_drawer(till)
        end = (
            partial(boss.post, f"/api/tpv/{shop.registers[0]}/liberar")
            if number % 2
            else partial(boss.post, f"/v1/cash/sessions/{drawer['id']}/force-close", {"reason": "end of day"})
        )
        sales = [partial(sell, till, [book], 20) for _ in range(3)]

        *answers, ended = race([*sales, end] if number % 3 else [end, *sales][::-1])

        assert ended.status_code == 200, ended.text
        landed = [answer for answer in answers if answer.status_code == 201]
        assert set(codes(answers)) <= {"CASH_SESSION_REQUIRED", "UNAUTHORIZED"}
        z = boss.ok(boss.get(f"/v1/cash/sessions/reports/z/{drawer['id']}"))
        assert z["sales"]["count"] == len(landed)
        assert z["summary"]["byCurrency"][0]["expectedCash"] == 12.5 * len(landed)
        seen.add((len(landed), number % 2))
        if number % 2:
            till = shop.ana.login(shop.registers[0])
    assert len(seen) > 2, "one side always won: this was no race"
    audited(superuser_dsn, shop)


# What comes back


@pytest.mark.parametrize("attempt", range(4))
def test_fifty_refunds_at_once_never_exceed_the_sale(shops: Shops, superuser_dsn: str, attempt: int) -> None:
    shop = shops.make(people=[(f"c{n}", Role.CASHIER) for n in range(5)], registers=5)
    tills = [shop.people[f"c{n}"].login(shop.registers[n]) for n in range(5)]
    for one in tills:
        open_drawer(one, {"EUR": 500})
    book, lamp = product(superuser_dsn, shop, price=333), product(superuser_dsn, shop, price=1999)
    sale = sold(tills[0], [{"productId": book, "quantity": 20}, {"productId": lamp, "quantity": 3}], 200)
    some = {"lines": [{"number": 1, "quantity": 1 + attempt}], "reason": "half of it"}
    rest = {"reason": "all of it"}
    # In one of the four all that is left is asked for, too; in the others each could have been first.
    bodies = [rest if attempt == 3 and n % 10 == 9 else some for n in range(50)]

    answers = race(
        [partial(tills[n % 5].post, f"/v1/sales/{sale['id']}/refunds", body) for n, body in enumerate(bodies)]
    )

    assert statuses(answers).keys() <= {201, 400}
    assert set(codes(answers)) == {"REFUND_EXCEEDS_SALE"}
    books = audited(superuser_dsn, shop)
    back = fetch(
        superuser_dsn,
        "SELECT -sum(quantity_milli)::bigint AS n FROM sale_lines"
        " WHERE organisation_id = $1 AND refunded_sale_id = $2 AND number = 1",
        shop.id,
        UUID(sale["id"]),
    )[0]["n"]
    # Whole steps, as many as fit.
    step = (1 + attempt) * 1000
    assert back == 20_000 if attempt == 3 else back == 20_000 // step * step
    if attempt == 3:
        assert -sum(row["total_minor"] for row in books.of("REFUND")) == round(sale["total"] * 100)
    again = tills[1].post(f"/v1/sales/{sale['id']}/refunds", some)
    refused(again, 400, "REFUND_EXCEEDS_SALE")


def test_two_refunds_of_two_sales_do_not_wait_for_each_other_for_ever(shops: Shops, superuser_dsn: str) -> None:
    """Drawers and sales crosswise: each drawer pays for the sale of the other."""
    shop = shops.make()
    ana, luis = shop.ana.login(shop.registers[0]), shop.luis.login(shop.registers[1])
    book = product(superuser_dsn, shop, price=100)
    for one in (ana, luis):
        open_drawer(one, {"EUR": 500})
    sales = [sold(one, [{"productId": book, "quantity": 40}], 40) for one in (ana, luis)]
    part = {"lines": [{"number": 1, "quantity": 1}], "reason": "crosswise"}

    answers = race(
        [
            partial(who.post, f"/v1/sales/{sale['id']}/refunds", part)
            for _ in range(10)
            for who in (ana, luis)
            for sale in sales
        ]
    )

    assert statuses(answers) == {201: 40}
    audited(superuser_dsn, shop)


# What one request is worth


def test_one_client_id_a_hundred_times_is_one_sale(superuser_dsn: str, shop: Shop, till: Api) -> None:
    book = product(superuser_dsn, shop, price=7500)
    sale_id = str(uuid4())

    answers = race([partial(sell, till, [book], 100, id=sale_id) for _ in range(100)])

    assert statuses(answers) == {201: 1, 200: 99}
    assert len({answer.content for answer in answers}) == 1
    books = audited(superuser_dsn, shop)
    assert [str(one) for one in books.sales] == [sale_id]


def test_one_idempotency_key_a_hundred_times_is_one_sale(superuser_dsn: str, shop: Shop, till: Api) -> None:
    book = product(superuser_dsn, shop, price=7500)
    headers = {"Idempotency-Key": f"tap-{uuid4()}"}
    body = {"lines": [{"productId": book}], "payments": [{"method": "CASH", "amount": 100}]}

    answers = race([partial(till.post, "/v1/sales", body, headers=headers) for _ in range(100)])
    afterwards = till.post("/v1/sales", body, headers=headers)

    made = [answer for answer in answers if answer.status_code == 201]
    assert set(codes(answers)) <= {"IDEMPOTENCY_IN_FLIGHT"}
    assert len({answer.content for answer in [*made, afterwards]}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in made) == 1
    assert len(audited(superuser_dsn, shop).sales) == 1


def test_one_refund_id_fifty_times_is_one_refund(superuser_dsn: str, shop: Shop, till: Api) -> None:
    book = product(superuser_dsn, shop, price=7500)
    sale = sold(till, [{"productId": book, "quantity": 60}], 4500)
    body = {"id": str(uuid4()), "lines": [{"number": 1, "quantity": 1}], "reason": "double tap"}

    answers = race([partial(till.post, f"/v1/sales/{sale['id']}/refunds", body) for _ in range(50)])

    assert statuses(answers) == {201: 1, 200: 49}
    assert len({answer.content for answer in answers}) == 1
    assert len(audited(superuser_dsn, shop).of("REFUND")) == 1


def test_numbers_have_no_gaps_where_half_of_the_sales_are_refused(superuser_dsn: str, shop: Shop, till: Api) -> None:
    """Refused late, after the number was drawn: by an id that is taken, and by change that the drawer does not hold."""
    book = product(superuser_dsn, shop, price=100)
    taken = sold(till, [book], 1)["id"]
    boss = shop.marta.login(shop.registers[1])
    open_drawer(boss)

    answers = race(
        [
            partial(sell, who, [book], 2 if n % 2 else 1, **({"id": taken} if n % 3 == 0 else {}))
            for n in range(20)
            for who in (till, boss)
        ]
        + [partial(sell, boss, [book], [{"method": "CASH", "amount": 200}]) for _ in range(10)]
    )

    assert set(codes(answers)) <= {"SALE_ID_TAKEN", "INSUFFICIENT_CASH"}
    assert statuses(answers)[409] == 14
    books = audited(superuser_dsn, shop)
    assert len(books.sales) == 1 + statuses(answers)[201]


# Carts


def test_a_parked_cart_is_taken_up_by_one_and_sold_once(shops: Shops, superuser_dsn: str) -> None:
    shop = shops.make()
    book = product(superuser_dsn, shop, price=1000)
    tills = [shop.ana.login(shop.registers[0]), shop.luis.login(shop.registers[1])]
    for one in tills:
        open_drawer(one)
    winners: set[str] = set()
    for _ in range(12):
        # Whoever parks it, or is asked first, may have an advantage: each has it in turn.
        tills.reverse()
        cart = tills[0].ok(tills[0].post("/v1/sales/carts", {}), 201)
        path = f"/v1/sales/carts/{cart['id']}"
        tills[0].ok(tills[0].post(f"{path}/lines", {"productId": book}), 201)
        tills[0].ok(tills[0].post(f"{path}/park"))

        resumed = race([partial(one.post, f"{path}/resume") for one in tills for _ in range(3)])
        finalised = race(
            [
                partial(one.post, f"{path}/finalize", {"payments": [{"method": "CASH", "amount": paid}]})
                for paid, one in zip((10, 20), tills, strict=True)
                for _ in range(3)
            ]
        )

        assert statuses(resumed) == {200: 1, 409: 5}
        assert codes(resumed) == {"CART_NOT_OPEN": 5}
        assert statuses(finalised) == {201: 1, 200: 2, 409: 3}
        assert set(codes(finalised)) <= {"CART_NOT_OPEN", "SALE_ID_TAKEN"}
        holder = next(answer.json()["data"]["cashierName"] for answer in resumed if answer.status_code == 200)
        sale = tills[0].ok(tills[0].get(f"/v1/sales/{cart['id']}"))
        assert sale["cashierName"] == holder
        winners.add(holder)
    assert winners == {"Ana", "Luis"}, "one always won: this was no race"
    assert len(audited(superuser_dsn, shop).sales) == 12


def test_a_cart_that_is_changed_while_it_is_sold_is_sold_with_or_without_the_change(
    superuser_dsn: str, shop: Shop, till: Api
) -> None:
    book = product(superuser_dsn, shop, price=1000)
    seen: set[float] = set()
    for n in range(20):
        cart = till.ok(till.post("/v1/sales/carts", {}), 201)
        path = f"/v1/sales/carts/{cart['id']}"
        till.ok(till.post(f"{path}/lines", {"productId": book}), 201)
        pay = partial(till.post, f"{path}/finalize", {"payments": [{"method": "CASH", "amount": 20}]})
        change = partial(till.post, f"{path}/lines", {"productId": book})

        answers = race([pay, change] if n % 2 else [change, pay])

        changed, paid = sorted(answers, key=lambda answer: "receiptNumber" in answer.text)
        assert paid.status_code == 201, paid.text
        if changed.status_code != 201:
            refused(changed, 409, "CART_NOT_OPEN")
        assert paid.json()["data"]["goods"] == (20 if changed.status_code == 201 else 10)
        seen.add(paid.json()["data"]["goods"])
    assert seen == {10, 20}, "one side always won: this was no race"
