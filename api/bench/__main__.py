"""`make bench`: prints each figure beside its target. Nothing here fails on a number; people read it."""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import asyncpg
from argon2 import PasswordHasher
from rich.console import Console
from rich.table import Table

from bench import board, classify, ledger, load, relay, sales, stage, tickets, webapp
from bench.load import Conversation, Result
from bench.stage import Stage
from tillvault.core.ids import new_id

CONNECTIONS = 32
_MOVEMENT = b'{"type":"PAID_IN","amount":{"EUR":1.25},"reason":"Change from the bank"}'

console = Console(width=170)
table = Table("measured", "figure", "target", "detail")


def echo(at: Stage, seconds: float) -> Result:
    sent = load.request("POST", "/v1/echo", body=_MOVEMENT)
    return _sound(load.run(at.port, lambda _: load.repeat(sent), connections=CONNECTIONS, seconds=seconds), {201})


def movements(at: Stage, seconds: float) -> Result:
    """Each connection records on a session of its own."""

    def make(number: int) -> Conversation:
        till = at.tills[number]
        path = f"/v1/cash/sessions/{till.session_id}/movements"
        return load.repeat(load.request("POST", path, token=till.token, body=_MOVEMENT))

    return _sound(load.run(at.port, make, connections=CONNECTIONS, seconds=seconds), {201})


def cycles(at: Stage, seconds: float) -> Result:
    """Each connection opens and closes on a register of its own; two requests are one cycle."""

    def make(number: int) -> Conversation:
        till = at.tills[CONNECTIONS + number]
        opening = load.request("POST", "/v1/cash/sessions", token=till.token, body=b'{"openingFloat":{"EUR":100}}')
        while True:
            body = yield opening
            session_id = body[body.index(b'"id":"') + 6 :][:36].decode()
            yield load.request(
                "POST",
                f"/v1/cash/sessions/{session_id}/close",
                token=till.token,
                body=b'{"countedCash":{"EUR":100}}',
            )

    return _sound(load.run(at.port, make, connections=CONNECTIONS, seconds=seconds), {200, 201})


def _sound(result: Result, wanted: set[int]) -> Result:
    """A refused request is no work done: a run with any is no measurement."""
    if set(result.statuses) - wanted:
        sys.exit(f"unexpected answers: {dict(result.statuses)}")
    return result


def compare(at: Stage, seconds: float) -> None:
    """Movements and cycles against the echo, taken before and after each."""
    before = echo(at, seconds)
    recorded = movements(at, seconds)
    between = echo(at, seconds)
    turned = cycles(at, seconds)
    after = echo(at, seconds)
    base = (before.rate + between.rate) / 2
    table.add_row(
        f"recording a movement, {CONNECTIONS} connections on {CONNECTIONS} sessions",
        f"{recorded.rate / base:.3f} of the echo",
        "≥ 0.20",
        f"{recorded.rate:.0f}/s of {base:.0f}/s, p99 {recorded.percentile_ms(0.99):.1f} ms",
    )
    base = (between.rate + after.rate) / 2
    table.add_row(
        "open + close, Z included",
        f"{turned.rate / 2 / base:.3f} of the echo",
        "≥ 0.07",
        f"{turned.rate / 2:.0f} cycles/s of {base:.0f}/s, p99 of a request {turned.percentile_ms(0.99):.1f} ms",
    )


async def _fill(at: Stage, session_id: str, number: int) -> None:
    raw = await asyncpg.connect(at.dsn)
    async with raw.transaction():
        await raw.execute("SELECT set_config('app.organisation_id', $1, true)", str(at.organisation_id))
        branch_id, opened_by = await raw.fetchrow(
            "SELECT branch_id, opened_by FROM cash_sessions WHERE id = $1", session_id
        ) or (None, None)
        ids = [new_id() for _ in range(number)]
        await raw.execute(
            "INSERT INTO cash_movements (organisation_id, id, branch_id, session_id, actor_id, type, status, reason,"
            " currencies, effects_minor, created_at) SELECT $1, m.id, $3, $4, $5, 'PAID_IN', 'APPROVED',"
            " 'Change from the bank', '{EUR}', '{125}', now()"
            " FROM unnest($2::uuid[]) AS m(id)",
            at.organisation_id,
            ids,
            branch_id,
            session_id,
            opened_by,
        )
    await raw.close()


async def _aggregate_ms(at: Stage, session_id: str, rounds: int) -> float:
    """The bare SQL aggregate of what an X sums, as the app's role."""
    raw = await asyncpg.connect(at.dsn, server_settings={"jit": "off"})
    seconds: list[float] = []
    async with raw.transaction():
        await raw.execute("SELECT set_config('app.organisation_id', $1, true)", str(at.organisation_id))
        for _ in range(rounds):
            started = time.perf_counter()
            await raw.fetch(
                "SELECT m.type, a.currency, sum(a.minor) FROM cash_movements m,"
                " unnest(m.currencies, m.effects_minor) AS a(currency, minor)"
                " WHERE m.organisation_id = $1 AND m.session_id = $2 AND m.status = 'APPROVED'"
                " GROUP BY m.type, a.currency",
                at.organisation_id,
                session_id,
            )
            seconds.append(time.perf_counter() - started)
    await raw.close()
    return statistics.median(seconds) * 1000


def x_report(at: Stage, *, number: int = 50_000, rounds: int = 30) -> None:
    till = at.tills[0]
    asyncio.run(_fill(at, till.session_id, number))
    bare = asyncio.run(_aggregate_ms(at, till.session_id, rounds))
    seconds: list[float] = []
    for _ in range(rounds):
        started = time.perf_counter()
        at.call("GET", f"/v1/cash/sessions/reports/x?registerId={till.register_id}", token=till.token)
        seconds.append(time.perf_counter() - started)
    whole = statistics.median(seconds) * 1000
    table.add_row(
        f"X report of a session with over {number} movements",
        f"{whole / bare:.2f} × the bare aggregate",
        "≤ 3",
        f"{whole:.1f} ms against {bare:.1f} ms (medians of {rounds})",
    )


def logins(at: Stage, seconds: float) -> None:
    """PIN checks over HTTP against bare argon2id with as many threads, and what others feel meanwhile."""
    threads = at.settings.argon2_threads
    hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
    stored = hasher.hash("123456")

    def verify_until(end: float) -> int:
        done = 0
        while time.perf_counter() < end:
            hasher.verify(stored, "123456")
            done += 1
        return done

    with ThreadPoolExecutor(threads) as pool:
        end = time.perf_counter() + seconds
        bare = sum(pool.map(verify_until, [end] * threads)) / seconds

    def pins(number: int) -> Conversation:
        till = at.tills[2 * CONNECTIONS + number]
        body = f'{{"pin":"{till.pin}","codigo_tienda":"{till.store}"}}'.encode()
        return load.repeat(load.request("POST", "/api/auth/validar-pin", body=body))

    till = at.tills[0]
    asked = load.request("GET", f"/v1/cash/sessions/{at.tills[1].session_id}", token=at.tills[1].token)
    del till
    alone = _sound(load.run(at.port, pins, connections=50, seconds=seconds), {200})
    running = load.Running(at.port, pins, connections=50, seconds=seconds)
    others = _sound(load.run(at.port, lambda _: load.repeat(asked), connections=2, seconds=seconds - 0.5), {200})
    running.result()
    table.add_row(
        f"PIN logins, 50 connections, {threads} threads",
        f"{alone.rate / bare:.2f} of bare argon2id",
        "≥ 0.7",
        f"{alone.rate:.1f}/s of {bare:.1f}/s",
    )
    table.add_row(
        "other requests while 50 log in",
        f"p99 {others.percentile_ms(0.99):.1f} ms",
        "< 100 ms",
        f"{others.rate:.0f}/s on 2 connections, median {others.percentile_ms(0.5):.1f} ms",
    )


def refusals(at: Stage, stores: list[str]) -> None:
    """Who was refused, and why, must not be read from the clock. Two wrong tries per store and kind: no throttle."""
    half = len(stores) // 2
    bodies = {
        "unknown store": [f'{{"pin":"4321","codigo_tienda":"NONE-{n}"}}' for n in range(half)],
        "unknown PIN": [f'{{"pin":"9876","codigo_tienda":"{code}"}}' for code in stores[:half]],
        "inactive user": [f'{{"pin":"4321","codigo_tienda":"{code}"}}' for code in stores[half:]],
    }
    seconds: dict[str, list[float]] = {kind: [] for kind in bodies}
    for _ in range(2):
        for at_once in zip(*bodies.values(), strict=True):
            for kind, body in zip(bodies, at_once, strict=True):
                sent = load.request("POST", "/api/auth/validar-pin", body=body.encode())
                result = _sound(load.run_inline(at.port, sent), {401})
                seconds[kind] += result.seconds
    medians = {kind: statistics.median(values) * 1000 for kind, values in seconds.items()}
    spread = max(medians.values()) / min(medians.values()) - 1
    table.add_row(
        "refusing an unknown store, an unknown PIN, an inactive user",
        f"medians within {spread:.1%}",
        "≤ 10 %",
        ", ".join(f"{kind} {value:.2f} ms" for kind, value in medians.items()),
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench BENCH_ARGS=…", description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each load")
    parser.add_argument("--million", action="store_true", help="a log of a million tickets: ten minutes more")
    parser.add_argument("--ledger", action="store_true", help="only the long log")
    asked = parser.parse_args()
    seconds = asked.seconds
    if asked.ledger:
        with console.status("a long ledger"):
            ledger.compare(table, seconds, million=asked.million)
        console.print(table)
        return
    with stage.running() as at:
        with console.status("building shops"):
            stores = asyncio.run(stage.build(at, tills=2 * CONNECTIONS + 50, stores=200))
            for number, till in enumerate(at.tills[: 2 * CONNECTIONS]):
                stage.log_in(at, till)
                if number < CONNECTIONS:
                    stage.open_drawer(at, till)
        for name, step in (
            ("movements and cycles", lambda: compare(at, seconds)),
            ("tickets", lambda: tickets.compare(at, table, seconds)),
            ("sales", lambda: sales.compare(at, table, seconds)),
            ("X report", lambda: x_report(at)),
            ("X and Z of many sales", lambda: sales.reports(at, table)),
            ("logins", lambda: logins(at, seconds)),
            ("refusals", lambda: refusals(at, stores)),
        ):
            with console.status(name):
                step()
        table.add_row("resident memory of the API after all this", f"{at.resident_mib():.0f} MiB", "< 200 MiB", "")
    classify.compare(table)
    with console.status("the desk's board"):
        board.compare(table)
    with console.status("the till in a browser"):
        webapp.compare(table)
    with console.status("relay"):
        relay.compare(table)
    with console.status("tickets, one by one"):
        tickets.compare_unbatched(table, seconds)
    with console.status("a long ledger"):
        ledger.compare(table, seconds, million=asked.million)
    console.print(table)


if __name__ == "__main__":
    main()
