"""`tillvault keys`: list the keys of the vault, and rotate them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from tillvault.core.config import Settings
from tillvault.core.db import Database, refuse_powerful_role
from tillvault.core.errors import AppError
from tillvault.core.logging import log
from tillvault.events import service as events
from tillvault.vault import fsck_queries, key_following, key_leaves, key_rotation, keys, service
from tillvault.vault.key_leaves import CHECKPOINT, EVIDENCE, USES
from tillvault.vault.key_register import Key, Register
from tillvault.vault.key_rotation import Rotated
from tillvault.vault.keys import Signers

RunningDatabase = Callable[[Settings], AbstractContextManager[str]]
_T = TypeVar("_T")


def commands(
    running_database: RunningDatabase, refusals_as_exit: Callable[[], AbstractContextManager[None]]
) -> typer.Typer:
    """The group `keys`. How a database is had and a refusal is told, the command line knows."""
    group = typer.Typer(no_args_is_help=True, help="The keys that the vault signs with.")

    @group.command("list")
    def _list(*, as_json: Annotated[bool, typer.Option("--json", help="Print the keys as JSON.")] = False) -> None:
        """Every key that the vault has ever signed with, and when."""
        with refusals_as_exit():
            settings = Settings()
            with running_database(settings) as dsn:
                found = asyncio.run(
                    _with(dsn, settings, lambda database: register(database, keys.registered(settings)))
                )
        _tell(found, as_json=as_json)

    @group.command("rotate")
    def _rotate(
        *,
        evidence: Annotated[bool, typer.Option("--evidence", help="Only the key that signs evidence.")] = False,
        checkpoint: Annotated[bool, typer.Option("--checkpoint", help="Only the key that signs checkpoints.")] = False,
        reason: Annotated[str | None, typer.Option(help="Why; it is written into every log, for ever.")] = None,
        lost: Annotated[bool, typer.Option("--lost", help="The keys that sign now are not in the folder.")] = False,
    ) -> None:
        """Make new keys, retire those that sign now, and write the change into every log.

        The API goes on meanwhile. Exit code 0: done. 1: done, but not in every log, since one is broken. 2: not done.
        """
        if reason is not None and not (reason.isprintable() and 0 < len(reason.strip()) <= key_leaves.REASON_MAX):
            raise typer.BadParameter(
                f"must have 1 to {key_leaves.REASON_MAX} printable characters", param_hint="--reason"
            )
        uses = [use for use, only in ((EVIDENCE, evidence), (CHECKPOINT, checkpoint)) if only] or list(USES)
        with refusals_as_exit():
            settings = Settings()
            with running_database(settings) as dsn:
                signers = keys.load(settings)

                async def run(database: Database) -> Rotated:
                    rotated = await key_rotation.rotate(
                        database, signers, uses=uses, reason=reason.strip() if reason else None, lost=lost
                    )
                    await sign_heads(database, signers)
                    return rotated

                rotated = asyncio.run(_with(dsn, settings, run))
        for change in rotated.changes:
            typer.echo(f"{change.use}: {change.new['kid']} takes the place of {change.old_kid}")
        typer.echo(f"Written into {rotated.logs} {'log' if rotated.logs == 1 else 'logs'}.")
        if rotated.passed_over:
            typer.echo(
                f"NOT written into the broken logs of {', '.join(rotated.passed_over)}: nothing is signed there. Run "
                "`tillvault vault fsck`, repair them, and rotate again.",
                err=True,
            )
            raise typer.Exit(1)

    return group


async def _with(dsn: str, settings: Settings, run: Callable[[Database], Awaitable[_T]]) -> _T:
    await refuse_powerful_role(dsn)
    database = await Database.connect(dsn, settings, flush=events.flush)
    try:
        return await run(database)
    finally:
        await database.close()


async def register(database: Database, beside: Register) -> Register:
    """What the database and the folder know together."""
    async with database.transaction(None) as db:
        return (await key_following.registered(db)).joined(beside)


async def sign_heads(database: Database, signers: Signers) -> None:
    """Sign the heads with the new keys, so that nobody can take the leaves of the rotation away unseen."""
    async with database.transaction(None) as db:
        logs = await fsck_queries.logs(db)
    for row in logs:
        try:
            async with database.transaction(row["organisation_id"]) as db:
                await service.checkpoint(db, signers)
        except AppError as error:
            # The rotation is done; the API signs the head with the next ticket.
            log().warning("vault.head_not_signed", tenant=row["tenant"], error=str(error))


def _tell(found: Register, *, as_json: bool) -> None:
    keys_in_order = found.in_order()
    if as_json:
        typer.echo(json.dumps({"keys": [_fields(key) for key in keys_in_order]}))
        return
    table = Table("kid", "algorithm", "use", "from", "until", box=None)
    for key in keys_in_order:
        until = "signs now" if key.until is None else _moment(key.until)
        table.add_row(key.kid, key.jwk.get("alg", ""), key.use, _moment(key.since), until)
    # A kid must not be cut, whatever the width of the terminal.
    Console(highlight=False, width=200).print(table)
    if not keys_in_order:
        typer.echo("There is no key yet: the first start of the API makes them.")


def _fields(key: Key) -> dict[str, object]:
    return {
        "kid": key.kid,
        "algorithm": key.jwk.get("alg"),
        "use": key.use,
        "from": _moment(key.since),
        "until": None if key.until is None else _moment(key.until),
        "current": key.until is None,
    }


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
