"""Making an organisation from nothing: what `tillvault init`, the demo data and the tests share.

No actor exists yet, so nothing here asks for permission; every later change goes through the services that do.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from tillvault.core.clock import utc_now
from tillvault.core.db import Connection
from tillvault.core.ids import new_id
from tillvault.identity import hashing
from tillvault.identity.api_keys import queries as api_keys
from tillvault.identity.branches import queries as branches
from tillvault.identity.domain import Branch, Role
from tillvault.identity.hashing import Hasher
from tillvault.identity.permissions import MACHINE_SCOPES
from tillvault.identity.registers import queries as registers
from tillvault.identity.users import queries as users


async def create_organisation(db: Connection, *, slug: str, name: str, is_demo: bool = False) -> UUID:
    """The organisation of the transaction. Raises OrganisationSlugTaken."""
    assert db.organisation_id is not None  # noqa: S101  (the caller made the id and opened the transaction with it)
    await branches.insert_organisation(
        db, organisation_id=db.organisation_id, slug=slug, name=name, is_demo=is_demo, now=utc_now()
    )
    return db.organisation_id


async def create_branch(
    db: Connection, *, code: str, name: str, timezone: str, base_currency: str, currencies: Sequence[str]
) -> Branch:
    """Raises BranchCodeTaken."""
    branch = Branch(
        id=new_id(),
        code=code.upper(),
        name=name,
        timezone=timezone,
        base_currency=base_currency,
        currencies=tuple(currencies),
        is_active=True,
    )
    await branches.insert_branch(db, branch=branch, now=utc_now())
    return branch


async def create_register(db: Connection, *, branch_id: UUID, name: str, emission_point: str) -> UUID:
    """Raises RegisterNameTaken."""
    register_id = new_id()
    await registers.insert_register(
        db, register_id=register_id, branch_id=branch_id, name=name, emission_point=emission_point, now=utc_now()
    )
    return register_id


async def create_user(
    db: Connection,
    hasher: Hasher,
    *,
    pepper: bytes,
    username: str,
    name: str,
    role: Role,
    branch_ids: Sequence[UUID],
    pin: str,
    password: str | None = None,
) -> UUID:
    """Raises UsernameTaken or PinTaken."""
    assert db.organisation_id is not None  # noqa: S101  (see create_organisation)
    user_id = new_id()
    await users.insert_user(
        db,
        user_id=user_id,
        username=username,
        name=name,
        role=role,
        pin_hash=await hasher.hash(pin),
        password_hash=await hasher.hash(password) if password else None,
        now=utc_now(),
    )
    await users.put_into_branches(
        db,
        user_id=user_id,
        branch_ids=branch_ids,
        pin_lookup=hashing.pin_lookup(pepper, db.organisation_id, pin),
    )
    return user_id


async def create_api_key(db: Connection, *, name: str) -> str:
    """A key with every scope that a machine can have; shown once, stored hashed."""
    key = hashing.new_api_key()
    await api_keys.insert_api_key(
        db,
        key_id=new_id(),
        name=name,
        key_hash=hashing.api_key_hash(key),
        hint=key[:8],
        scopes=sorted(MACHINE_SCOPES),
        created_by=None,
        now=utc_now(),
    )
    return key
