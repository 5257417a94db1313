"""A long ledger: filling it in bulk, adding to it, proving out of it, checking it."""

from __future__ import annotations

import asyncio
import json
import os
import random
import statistics
import time
from collections.abc import Iterator

from rich.table import Table

from bench import stage, tickets
from bench.stage import Stage
from bench.tickets import CONNECTIONS
from tillvault.core.db import Database
from tillvault.events import service as events
from tillvault.vault import fsck_command, keys, queries, service

_PRODUCTS = ("Crêpe Manioc Sucre", "Café ☕", "Jus de goyave 😀", 'Pain "tradition"', "Thé")


def varied(run: str, number: int) -> bytes:
    """Tickets as tills send them: nested, floats that are integral or tiny, null, escapes, emoji, blanks."""
    chance = random.Random(number)  # noqa: S311  (the same tickets in every run)
    lines = [
        {
            "product": {"id": chance.randrange(9999), "name": chance.choice(_PRODUCTS)},
            "quantity": float(chance.randrange(1, 9)),
            "unit_price": round(chance.uniform(0.5, 80), 2),
            "discount": None if chance.random() < 0.5 else 1e-7,
            "taxes": [{"name": "TVA 8.5%", "rate": 8.5}],
        }
        for _ in range(chance.randrange(1, 6))
    ]
    body = {
        "tenant": "bench",
        "source_model": "pos.order",
        "source_id": f"{run}/{number}",
        "total_incl_tax": float(chance.randrange(1, 100)),
        "cashier": None,
        "ticket": {"lines": lines, "payments": [{"method": "CB", "amount": 12.5}], "at": "2026-11-20T10:42:00Z"},
    }
    return json.dumps(body, ensure_ascii=chance.random() < 0.5).encode()


def _lines(run: str, number: int) -> Iterator[bytes]:
    """Lines of a batch: every tenth ticket of another shape."""
    for line in range(number):
        yield varied(run, line) if line % 10 == 0 else tickets.plain(f"{run}/{line}")


def compare(table: Table, seconds: float, *, million: bool) -> None:
    """A log of ten thousand tickets, and the same log when it is long: by default of 60,000, else of a million."""
    lines = 990_000 if million else 50_000
    with stage.running() as at:
        asyncio.run(stage.build(at, tills=1, stores=0))
        tickets.send_batch(at, _lines("first", 10_000), 10_000)
        short, short_share = _single(at, seconds)
        before, started = at.resident_mib(), time.perf_counter()
        at.forget_peak()
        tickets.send_batch(at, _lines("bulk", lines), lines)
        rate = lines / (time.perf_counter() - started)
        grown = at.peak_mib() - before
        long, long_share = _single(at, seconds)
        table.add_row(
            f"tickets in bulk, {lines} lines of NDJSON in one request",
            f"{2 * rate / (short + long):.2f} × single posts",
            "≥ 3",
            f"{rate:.0f}/s against {short:.0f}/s before and {long:.0f}/s after, {CONNECTIONS} connections",
        )
        table.add_row("memory of the API at the peak of that batch", f"+ {grown:.0f} MiB", "≤ 100 MiB", "")
        table.add_row(
            f"single posts, log {'of a million' if million else 'six times as long'} against one of 10,000",
            f"{long_share / short_share:.2f} of the rate",
            "≥ 0.90",
            f"{long_share:.2f} of the echo against {short_share:.2f}",
        )
        asyncio.run(_proofs(at, table))
        _fsck(at, table)


def _single(at: Stage, seconds: float) -> tuple[float, float]:
    """The rate of single posts, and its share of the echo's, which is taken beside it."""
    before = tickets.posts(at, "/v1/echo-any", seconds / 2)
    recorded = tickets.posts(at, "/api/v1/pos-tickets", seconds)
    after = tickets.posts(at, "/v1/echo-any", seconds / 2)
    return recorded.rate, 2 * recorded.rate / (before.rate + after.rate)


async def _proofs(at: Stage, table: Table, *, rounds: int = 300) -> None:
    """The use case that makes a proof, with its transaction, in this process: what the server takes beside HTTP."""
    database = await Database.connect(at.dsn, at.settings, flush=events.flush)
    signers = keys.load(at.settings)
    seconds: list[float] = []
    async with database.transaction(at.organisation_id) as db:
        head = await queries.head(db)
        assert head is not None
        size = head.edge.size
        wanted = [size * step // rounds for step in range(rounds)]
        ids = await db.fetch(
            "SELECT id FROM vault_tickets WHERE organisation_id = $1 AND index = ANY($2::bigint[])",
            at.organisation_id,
            wanted,
        )
    for row in ids:
        started = time.perf_counter()
        async with database.transaction(at.organisation_id) as db:
            await service.proof(db, signers, document_id=row["id"])
        seconds.append(time.perf_counter() - started)
    await database.close()
    seconds.sort()
    table.add_row(
        f"a proof out of {size} leaves",
        f"{statistics.median(seconds) * 1000:.1f} ms",
        "< 5 ms",
        f"median of {len(seconds)}, p99 {seconds[int(len(seconds) * 0.99)] * 1000:.1f} ms",
    )


def _fsck(at: Stage, table: Table) -> None:
    """The whole check of the log, by one process and by one for each core."""
    cores = len(os.sched_getaffinity(0))

    def checked(jobs: int, *, signatures: bool) -> tuple[float, float]:
        """Leaves a second, and leaves for each second of this process's own work."""
        worked = time.process_time()
        [finding] = asyncio.run(
            fsck_command.check(
                at.dsn, at.settings, tenant="bench", signers=keys.load(at.settings), signatures=signatures, jobs=jobs
            )
        )
        if not finding.holds:
            raise SystemExit(f"fsck: {finding}")
        return finding.size / finding.seconds, finding.size / (time.process_time() - worked)

    for signatures, name, target in ((False, "fsck without signatures", "≥ 100,000/s"), (True, "fsck", "")):
        alone, worked = checked(1, signatures=signatures)
        together, _ = checked(cores, signatures=signatures)
        table.add_row(
            f"{name}, {cores} processes",
            f"{together:,.0f} leaves/s",
            target,
            f"one process {alone:,.0f}/s; without waiting for PostgreSQL {worked:,.0f}/s on one core",
        )
