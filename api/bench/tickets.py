"""Tickets into the vault: single posts against the echo, with and without batches, and lines in bulk."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections import Counter
from collections.abc import Iterator

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


def plain(source_id: str) -> bytes:
    """A ticket as in the contract's example."""
    return (_TICKET % source_id).encode()


def posts(at: Stage, path: str, seconds: float) -> Result:
    """Each connection posts tickets of its own, every one new."""
    run = next(_runs)

    def make(number: int) -> Conversation:
        for count in itertools.count(1):
            body = plain(f"POS/{run}/{number}/{count}")
            yield load.request("POST", path, token=at.api_key, body=body)

    result = load.run(at.port, make, connections=CONNECTIONS, seconds=seconds)
    if set(result.statuses) != {201}:
        raise SystemExit(f"unexpected answers: {dict(result.statuses)}")
    return result


def compare(at: Stage, table: Table, seconds: float) -> None:
    """Every ticket new, durable, chained and signed; the echo before and after."""
    before = posts(at, "/v1/echo-any", seconds)
    recorded = posts(at, "/api/v1/pos-tickets", seconds)
    after = posts(at, "/v1/echo-any", seconds)
    base = (before.rate + after.rate) / 2
    table.add_row(
        f"recording a ticket in the vault, {CONNECTIONS} connections",
        f"{recorded.rate / base:.2f} of the echo",
        "≥ 0.50",
        f"{recorded.rate:.0f}/s of {base:.0f}/s, p99 {recorded.percentile_ms(0.99):.1f} ms",
    )


def compare_unbatched(table: Table, seconds: float) -> None:
    """What a plain design reaches: one transaction for each ticket."""
    with stage.running(BENCH_GROUP_MAX="1") as at:
        asyncio.run(stage.build(at, tills=1, stores=0))
        base = posts(at, "/v1/echo-any", seconds)
        recorded = posts(at, "/api/v1/pos-tickets", seconds)
    table.add_row(
        "the same with one transaction per ticket",
        f"{recorded.rate / base.rate:.2f} of the echo",
        "for comparison",
        f"{recorded.rate:.0f}/s of {base.rate:.0f}/s, p99 {recorded.percentile_ms(0.99):.1f} ms",
    )


async def _batch(at: Stage, lines: Iterator[bytes]) -> Counter[int]:
    """Send the lines and read the answers at the same time, as the route asks for; neither side is kept."""
    reader, writer = await asyncio.open_connection("127.0.0.1", at.port, limit=1 << 20)
    head = (
        "POST /api/v1/pos-tickets/batch HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Authorization: Bearer {at.api_key}\r\nContent-Type: application/x-ndjson\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
    )

    async def send() -> None:
        writer.write(head.encode())
        while some := b"".join(line + b"\n" for line in itertools.islice(lines, 128)):
            writer.write(b"%x\r\n%s\r\n" % (len(some), some))
            await writer.drain()
        writer.write(b"0\r\n\r\n")

    sending = asyncio.create_task(send())
    await reader.readuntil(b"\r\n\r\n")
    statuses: Counter[int] = Counter()
    rest = b""
    while size := int(await reader.readline(), 16):
        *whole, rest = (rest + (await reader.readexactly(size + 2))[:size]).split(b"\n")
        statuses.update(json.loads(line)["status"] for line in whole)
    await sending
    writer.close()
    return statuses


def send_batch(at: Stage, lines: Iterator[bytes], number: int) -> None:
    """New tickets as NDJSON in one request; all must be recorded."""
    statuses = asyncio.run(_batch(at, lines))
    if statuses != {201: number}:
        raise SystemExit(f"unexpected answers: {dict(statuses)}")
