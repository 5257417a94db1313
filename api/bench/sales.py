"""Sales against the echo, and the X and the Z of a long day."""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
import uuid
from decimal import Decimal
from typing import Any

import asyncpg
from rich.table import Table

from bench import load
from bench.load import Conversation, Result
from bench.stage import Stage
from tillvault.core.ids import new_id

CONNECTIONS = 32
_PRODUCTS = (("Roman de poche", 250, 550), ("Lampe à poser", 1200, 2000), ("Machine à café", 3490, 2000))
_PAID = 50


def stock(at: Stage) -> list[str]:
    """Three products in the catalogue; their ids."""

    async def fill() -> list[str]:
        raw = await asyncpg.connect(at.dsn)
        ids = [new_id() for _ in _PRODUCTS]
        async with raw.transaction():
            await raw.execute("SELECT set_config('app.organisation_id', $1, true)", str(at.organisation_id))
            for product_id, (name, price, rate) in zip(ids, _PRODUCTS, strict=True):
                await raw.execute(
                    "INSERT INTO products (organisation_id, id, name, search, tax_rate_bp, price_minor, currency,"
                    " is_open_price, unit, is_favourite, is_active, created_at, updated_at)"
                    " VALUES ($1, $2, $3, lower($3), $4, $5, 'EUR', false, 'PIECE', false, true, now(), now())",
                    at.organisation_id,
                    product_id,
                    name,
                    rate,
                    price,
                )
        await raw.close()
        return [str(product_id) for product_id in ids]

    return asyncio.run(fill())


def body_of(products: list[str]) -> bytes:
    """Three lines paid in cash, with an id made by the client."""
    lines = ",".join(f'{{"productId":"{product}"}}' for product in products)
    paid = f'{{"method":"CASH","amount":{_PAID}}}'
    return f'{{"id":"{uuid.uuid4()}","lines":[{lines}],"payments":[{paid}]}}'.encode()


def compare(at: Stage, table: Table, seconds: float) -> None:
    """One-request sales of three lines, cash, vaulted; the echo parses the same body."""
    products = stock(at)

    def echo(_: int) -> Conversation:
        return load.repeat(load.request("POST", "/v1/echo-sale", body=body_of(products)))

    def sell(number: int) -> Conversation:
        till = at.tills[number]
        while True:
            yield load.request("POST", "/v1/sales", token=till.token, body=body_of(products))

    before = _sound(load.run(at.port, echo, connections=CONNECTIONS, seconds=seconds))
    sold = _sound(load.run(at.port, sell, connections=CONNECTIONS, seconds=seconds))
    after = _sound(load.run(at.port, echo, connections=CONNECTIONS, seconds=seconds))
    base = (before.rate + after.rate) / 2
    table.add_row(
        "sale of three lines in one request, cash, vaulted",
        f"{sold.rate / base:.3f} of the echo",
        "≥ 0.12",
        f"{sold.rate:.0f}/s of {base:.0f}/s, p99 {sold.percentile_ms(0.99):.1f} ms",
    )


def _sound(result: Result) -> Result:
    if set(result.statuses) - {201}:
        sys.exit(f"unexpected answers: {dict(result.statuses)}")
    return result


def reports(at: Stage, table: Table, *, number: int = 20_000, rounds: int = 10) -> None:
    """X and Z of a drawer with many sales of three lines; the last till's drawer, so that no other figure has them."""
    till = at.tills[CONNECTIONS - 1]
    asyncio.run(_fill(at, till.session_id, number))
    x: Any = None
    seconds: list[float] = []
    for _ in range(rounds):
        started = time.perf_counter()
        x = at.call("GET", f"/v1/cash/sessions/reports/x?registerId={till.register_id}", token=till.token)
        seconds.append(time.perf_counter() - started)
    if x["data"]["sales"]["count"] < number:
        sys.exit("the X does not count the sales")
    table.add_row(
        f"X of a drawer with over {number} sales",
        f"{statistics.median(seconds) * 1000:.0f} ms",
        "< 200 ms",
        f"median of {rounds}, {x['data']['sales']['count']} sales",
    )
    expected = x["data"]["session"]["balances"][0]["expectedCash"]
    started = time.perf_counter()
    at.call(
        "POST",
        f"/v1/cash/sessions/{till.session_id}/close",
        token=till.token,
        body={"countedCash": {"EUR": expected}},
    )
    closed = time.perf_counter() - started
    table.add_row(f"close and Z of a drawer with over {number} sales", f"{closed * 1000:.0f} ms", "< 1000 ms", "once")


async def _fill(at: Stage, session_id: str, number: int) -> None:
    """Sales as the API writes them, but for their tickets, which no report reads."""
    raw = await asyncpg.connect(at.dsn)
    totals = [price for _, price, _ in _PRODUCTS]
    taxes = [int(Decimal(price * rate) / (10_000 + rate)) for _, price, rate in _PRODUCTS]
    async with raw.transaction():
        await raw.execute("SELECT set_config('app.organisation_id', $1, true)", str(at.organisation_id))
        session = await raw.fetchrow(
            "SELECT branch_id, register_id, opened_by FROM cash_sessions WHERE id = $1", session_id
        )
        assert session is not None
        first = await raw.fetchval(
            "INSERT INTO receipt_series (organisation_id, series_id, last_number) VALUES ($1, $2, $3)"
            " ON CONFLICT (organisation_id, series_id)"
            " DO UPDATE SET last_number = receipt_series.last_number + $3 RETURNING last_number - $3",
            at.organisation_id,
            session["register_id"],
            number,
        )
        ids = [new_id() for _ in range(number)]
        place = (at.organisation_id, ids, session_id)
        await raw.execute(
            "INSERT INTO sales (organisation_id, id, kind, branch_id, register_id, session_id, cashier_id, series_id,"
            " receipt_number, currency, goods_minor, discount_minor, tax_minor, donation_minor, rounding_minor,"
            " total_minor, fx_rates, request_sha256, ticket, ticket_sha256, occurred_at, created_at)"
            " SELECT $1, s.id, 'SALE', $4, $5, $3, $6, $5, $7 + s.number, 'EUR', $8, 0, $9, 0, 0, $8, '{}',"
            " decode(repeat('00', 32), 'hex'), '', decode(repeat('00', 32), 'hex'), now(), now()"
            " FROM unnest($2::uuid[]) WITH ORDINALITY AS s(id, number)",
            *place,
            session["branch_id"],
            session["register_id"],
            session["opened_by"],
            first,
            sum(totals),
            sum(taxes),
        )
        await raw.execute(
            "INSERT INTO sale_lines (organisation_id, sale_id, number, session_id, name, quantity_milli,"
            " unit_price_minor, gross_minor, discount_minor, total_minor, tax_rate_bp, tax_minor)"
            " SELECT $1, s.id, l.number, $3, l.name, 1000, l.price, l.price, 0, l.price, l.rate, l.tax"
            " FROM unnest($2::uuid[]) AS s(id),"
            " unnest($4::text[], $5::bigint[], $6::int[], $7::bigint[]) WITH ORDINALITY"
            " AS l(name, price, rate, tax, number)",
            *place,
            [name for name, _, _ in _PRODUCTS],
            totals,
            [rate for _, _, rate in _PRODUCTS],
            taxes,
        )
        await raw.execute(
            "INSERT INTO sale_payments (organisation_id, sale_id, number, session_id, flow, method, currency,"
            " amount_minor, base_minor)"
            " SELECT $1, s.id, p.number, $3, p.flow, 'CASH', 'EUR', p.amount, p.amount"
            " FROM unnest($2::uuid[]) AS s(id),"
            " (VALUES (1, 'TENDER'::payment_flow, $4::bigint), (2, 'CHANGE', $5)) AS p(number, flow, amount)",
            *place,
            _PAID * 100,
            sum(totals) - _PAID * 100,
        )
        await raw.execute(
            "INSERT INTO cash_movements (organisation_id, id, branch_id, session_id, actor_id, type, status, reason,"
            " ref_sale_id, currencies, effects_minor, created_at)"
            " SELECT $1, s.id, $4, $3, $5, 'SALE_CASH', 'APPROVED', 'Sale', s.id, '{EUR}', ARRAY[$6::bigint], now()"
            " FROM unnest($2::uuid[]) AS s(id)",
            *place,
            session["branch_id"],
            session["opened_by"],
            sum(totals),
        )
    await raw.close()
