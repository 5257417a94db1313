"""A running process and the key register: what others have changed is taken up without a restart.

Several processes sign, some of them on other machines. Which key signs stands in the database, in rows that are held
while something is signed; a process that has another key looks for that one, and signs nothing until it has it.
"""

from __future__ import annotations

import asyncio

from tillvault.core.db import Connection, Database
from tillvault.core.errors import AppError
from tillvault.core.logging import log
from tillvault.vault import key_queries, key_register
from tillvault.vault.errors import VaultUnavailable
from tillvault.vault.key_leaves import EVIDENCE, USES
from tillvault.vault.key_register import Register
from tillvault.vault.keys import Signers


async def registered(db: Connection) -> Register:
    """Every key that the database knows."""
    return await key_queries.register(db)


async def follow(db: Connection, signers: Signers) -> bool:
    """Learn of the keys that others have begun to sign with. True for news."""
    try:
        is_news = signers.follow(await key_queries.register(db))
    except (OSError, ValueError) as error:
        log().error("vault.keys_unreadable", folder=str(signers.folder), exc_info=error)
        return False
    if is_news:
        # In a thread: an fsync must not hold up the tickets of the process.
        asyncio.get_running_loop().run_in_executor(None, keep, signers)
    return is_news


async def follow_if_possible(database: Database, signers: Signers) -> None:
    """Learn of the keys of others; without a database what is known has to do."""
    try:
        async with database.transaction(None) as db:
            await follow(db, signers)
    except AppError as error:
        log().warning("vault.key_register_unread", error=str(error))


def keep(signers: Signers) -> None:
    """Keep the register beside the keys."""
    try:
        key_register.keep(signers.folder, signers.register)
    except (OSError, ValueError) as error:
        # The database keeps it too.
        log().error("vault.key_register_not_kept", folder=str(signers.folder), exc_info=error)


async def may_sign_evidence(db: Connection, signers: Signers, kid: str) -> None:
    """Have the key that a log names, whose head the transaction holds. Raises VaultUnavailable."""
    if signers.evidence.kid != kid:
        await follow(db, signers)
        if signers.evidence.kid != kid:
            raise _not_current(signers, EVIDENCE, kid)


async def may_sign_checkpoints(db: Connection, signers: Signers) -> None:
    """Have the keys that sign, and see to it that they do until the transaction ends. Raises VaultUnavailable."""
    await key_queries.share_register(db)
    register = await key_queries.register(db)
    for use in USES:
        current = register.current(use)
        if current is None or current.kid != signers.key(use).kid:
            await follow(db, signers)
            if current is None or current.kid != signers.key(use).kid:
                raise _not_current(signers, use, current.kid if current else None)


def _not_current(signers: Signers, use: str, kid: str | None) -> VaultUnavailable:
    log().error(
        "vault.key_not_current",
        use=use,
        signs=kid,
        here=signers.key(use).kid,
        what_to_do="Nothing is signed. Give this process the keys folder, or the key in the environment, that the "
        "others have; start it again after a key in the environment was changed.",
    )
    return VaultUnavailable()
