"""Use cases of the key register: settle it at start-up, rotate keys (vault.md, "Evidence").

One transaction holds the register and the head of every log, gives each log its leaf of the stream `KEY`, and moves
the register: a key changes everywhere or nowhere, and nothing is signed meanwhile. The private halves are moved around
it so that a crash at any point leaves the key that the database names in the folder, under one of two names.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from tillvault.core.clock import utc_now
from tillvault.core.db import Connection, Database, StartupRefused
from tillvault.core.logging import log
from tillvault.vault import jwk, key_leaves, key_queries, key_register, keys, leaves, queries, recording
from tillvault.vault.checkpoints import Guard
from tillvault.vault.errors import VaultUnavailable
from tillvault.vault.jwk import EvidenceKey, NoteKey
from tillvault.vault.key_following import keep
from tillvault.vault.key_leaves import USES
from tillvault.vault.key_register import Key, Register
from tillvault.vault.keys import Signers

_LOCK_FILE = "rotation.lock"
_IN_ENVIRONMENT = "The environment names another key."


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A use that gets another key."""

    use: str
    old_kid: str
    new: Mapping[str, str]
    """Its public JWK."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """What a rotation did. `passed_over` are the tenants whose log is broken, and which has no leaf of it."""

    changes: Sequence[Change]
    logs: int
    passed_over: Sequence[str]


# Start-up -----------------------------------------------------------------------------------------------------------


async def settle(database: Database, signers: Signers) -> list[str]:
    """Bring keys and register together before anything is signed; gives the uses whose key does not sign.

    First keys are registered. A key in the environment that is new takes the place of the one before. A rotation that
    was committed and cut off is brought to its end. Raises StartupRefused for a retired key in the environment.
    """
    async with database.transaction(None) as db:
        await key_queries.hold_register(db)
        known = await key_queries.register(db)
        await _recall(db, known, [key for key in signers.register.keys.values() if key.until is not None])
        changes: list[Change] = []
        for use in USES:
            own, current = signers.key(use), known.current(use)
            if current is not None and current.kid == own.kid:
                continue
            if current is None or use in signers.given:
                _refuse_retired(known.joined(signers.register), own, use)
            if current is None:
                before = signers.register.keys.get(own.kid)
                since = before.since if before else int(utc_now().timestamp())
                await key_queries.begin_key(db, Key(use=use, jwk=own.public_jwk, since=since))
            elif use in signers.given:
                changes.append(Change(use=use, old_kid=current.kid, new=own.public_jwk))
        if changes:
            await _apply(db, signers, changes, reason=_IN_ENVIRONMENT)
        settled = await key_queries.register(db)
    signers.follow(settled)
    keep(signers)
    if any((signers.folder / keys.next_file_of(use)).exists() for use in USES):
        # A rotation that is under way does it itself.
        with suppress(BlockingIOError), key_register.held(signers.folder / _LOCK_FILE, wait=False):
            _promote(signers)
    return _strangers(signers, settled)


def _refuse_retired(known: Register, own: EvidenceKey | NoteKey, use: str) -> None:
    key = known.keys.get(own.kid)
    if key is not None and key.until is not None:
        raise StartupRefused(f"The key for {use}, {own.kid}, has been retired. What is retired never signs again.")


async def _recall(db: Connection, known: Register, retired: Iterable[Key]) -> None:
    """Give a database that was restored, or made anew, the keys that it has forgotten."""
    for key in retired:
        if key.kid not in known.keys:
            await key_queries.begin_key(db, key)


def _strangers(signers: Signers, register: Register) -> list[str]:
    current = {use: register.current(use) for use in USES}
    return [use for use, key in current.items() if key is None or key.kid != signers.key(use).kid]


def tell_strangers(signers: Signers, uses: Sequence[str]) -> None:
    """The till goes on; the vault signs nothing until its keys are back."""
    if uses:
        log().error(
            "vault.keys_not_current",
            uses=list(uses),
            folder=str(signers.folder),
            what_to_do="Tickets are refused. Bring back the keys folder that the vault has signed with, or say with "
            "`tillvault keys rotate --lost` that its keys are lost.",
        )


def _promote(signers: Signers) -> None:
    """Put the keys that sign in the place of the retired ones, of which nothing is left."""
    for use in USES:
        path = signers.folder / keys.next_file_of(use)
        found = keys.in_file(path, use)
        if found is not None and found.kid == signers.key(use).kid:
            path.replace(signers.folder / keys.file_of(use))
            key_register.sync_folder(signers.folder)


# Rotation -----------------------------------------------------------------------------------------------------------


async def rotate(
    database: Database, signers: Signers, *, uses: Sequence[str], reason: str | None, lost: bool = False
) -> Rotated:
    """Give each of the uses a new key, at once in every log.

    Raises StartupRefused while another rotation runs, for keys in the environment, and, unless they are `lost`, where
    the folder does not hold the keys that sign: another folder's would silence the vault.
    """
    if named := [use for use in uses if use in signers.given]:
        raise StartupRefused(
            f"The key for {' and '.join(named)} is in the environment. Change it there and start the API again."
        )
    try:
        with key_register.held(signers.folder / _LOCK_FILE, wait=False):
            return await _rotate(database, signers, uses=uses, reason=reason, lost=lost)
    except BlockingIOError as error:
        raise StartupRefused("Another rotation is under way.") from error


async def _rotate(
    database: Database, signers: Signers, *, uses: Sequence[str], reason: str | None, lost: bool
) -> Rotated:
    strangers = await settle(database, signers)
    _promote(signers)
    if strangers and not lost:
        raise StartupRefused(
            f"{signers.folder} does not hold the keys that the vault signs with. Name their folder in "
            "TILLVAULT_KEYS_DIR, or say that they are lost: --lost."
        )
    made = {use: _made(signers, use) for use in uses}
    async with database.transaction(None) as db:
        await key_queries.hold_register(db)
        known = await key_queries.register(db)
        open_ended = [key for key in signers.register.keys.values() if key.kid not in known.keys]
        now = math.ceil(utc_now().timestamp())
        await _recall(db, known, [key if key.until else replace(key, until=max(now, key.since)) for key in open_ended])
        current = {use: known.current(use) for use in uses}
        changes = [
            Change(use=use, old_kid=key.kid, new=made[use].public_jwk)
            for use, key in current.items()
            if key is not None
        ]
        rotated = await _apply(db, signers, changes, reason=reason)
        register = await key_queries.register(db)
    signers.follow(register)
    keep(signers)
    _promote(signers)
    return rotated


def _made(signers: Signers, use: str) -> EvidenceKey | NoteKey:
    """A new key, in the folder before anybody hears of it."""
    pem = jwk.new_key(keys.KINDS[use])
    key_register.replace_file(signers.folder, keys.next_file_of(use), pem)
    return jwk.load_key(pem)


async def _apply(db: Connection, signers: Signers, changes: Sequence[Change], *, reason: str | None) -> Rotated:
    """Write the changes into every log and into the register, which the transaction holds."""
    now = utc_now()
    moments = [now]
    passed_over: list[str] = []
    texts = [
        key_leaves.body(use=each.use, old_kid=each.old_kid, new=each.new, at=leaves.moment(now), reason=reason)
        for each in changes
    ]
    signs_next = next((each.new["kid"] for each in changes if each.use == key_leaves.EVIDENCE), None)
    guard = Guard(signers)
    rows = await key_queries.logs(db)
    for row in rows:
        await key_queries.enter(db, row["organisation_id"])
        held = await queries.hold_head(db, origin=signers.origin_of(row["tenant"]), api_key_ids=())
        moments += [each for each in (held.head.last_received_at, await key_queries.last_issued_at(db)) if each]
        try:
            await guard.examine(db, held.head)
        except VaultUnavailable:
            # Nothing is signed or recorded in a broken log, by no key; the others must not wait for it.
            passed_over.append(row["tenant"])
            continue
        await recording.append(db, held.head, texts, kind=leaves.KEY, stream=key_leaves.STREAM, signs_next=signs_next)
    # Clocks go back: whatever the old keys have signed lies in their windows.
    until = math.ceil(max(moments).timestamp())
    register = await key_queries.register(db)
    for each in changes:
        await key_queries.end_key(db, each.old_kid, until=max(until, register.keys[each.old_kid].since))
        await key_queries.begin_key(db, Key(use=each.use, jwk=each.new, since=int(now.timestamp())))
    return Rotated(changes=changes, logs=len(rows) - len(passed_over), passed_over=passed_over)
