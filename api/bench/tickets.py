"""Tickets into the vault: single posts against the echo, with and without batches."""

from __future__ import annotations

import asyncio
import itertools

from rich.table import Table

from bench import load, stage
from bench.load import Conversation, Result
from bench.stage import Stage

CONNECTIONS = 64
_TICKET = (
    '{"tenant":"bench","source_model":"pos.order","source_id":"%s","currency":"EUR","total_incl_tax":12.50,'
    '"total_excl_tax":10.42,"pos_session":"SESSION/2025/01/14-01","cashier":"Verena","location":"Boutique","ticket":'
    '{"lines":[{"product":"Crêpe Manioc Sucre","quantity":2,"unit_price":3.50,"taxes":[{"name":"TVA 8.5%%","amount":'
    '0.55}]}],"payments":[{"method":"CB","amount":12.50}],"timestamp":"2025-01-14T10:42:00Z"}}'
)
_runs = itertools.count(1)


def _posts(at: Stage, path: str, seconds: float) -> Result:
    """Each connection posts tickets of its own, every one new."""
    run = next(_runs)

    def make(number: int) -> Conversation:
        for count in itertools.count(1):
            body = (_TICKET % f"POS/{run}/{number}/{count}").encode()
            yield load.request("POST", path, token=at.api_key, body=body)

    result = load.run(at.port, make, connections=CONNECTIONS, seconds=seconds)
    if set(result.statuses) != {201}:
        raise SystemExit(f"unexpected answers: {dict(result.statuses)}")
    return result


def compare(at: Stage, table: Table, seconds: float) -> None:
    """Every ticket new, durable, chained and signed; the echo before and after."""
    before = _posts(at, "/v1/echo-any", seconds)
    recorded = _posts(at, "/api/v1/pos-tickets", seconds)
    after = _posts(at, "/v1/echo-any", seconds)
    base = (before.rate + after.rate) / 2
    table.add_row(
        f"recording a ticket in the vault, {CONNECTIONS} connections",
        f"{recorded.rate / base:.2f} of the echo",
        "≥ 0.50",
        f"{recorded.rate:.0f}/s of {base:.0f}/s, p99 {recorded.percentile_ms(0.99):.1f} ms",
    )


def compare_unbatched(table: Table, seconds: float) -> None:
    """What a plain design reaches: one transaction for each ticket."""
    with stage.running(BENCH_BATCH_MAX="1") as at:
        asyncio.run(stage.build(at, tills=1, stores=0))
        base = _posts(at, "/v1/echo-any", seconds)
        recorded = _posts(at, "/api/v1/pos-tickets", seconds)
    table.add_row(
        "the same with one transaction per ticket",
        f"{recorded.rate / base.rate:.2f} of the echo",
        "for comparison",
        f"{recorded.rate:.0f}/s of {base.rate:.0f}/s, p99 {recorded.percentile_ms(0.99):.1f} ms",
    )
