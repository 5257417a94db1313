"""Making an organisation from nothing: what `tillvault init`, the demo data and the tests share.

No actor exists yet, so nothing here asks for permission; every later change goes through the services that do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tillvault.core.clock import utc_now
from tillvault.core.db import Connection, StartupRefused
from tillvault.core.ids import new_id
from tillvault.events import service as events
from tillvault.events.domain import AuditEntry
from tillvault.identity import hashing, policies
from tillvault.identity.access import queries as access
from tillvault.identity.api_keys import queries as api_keys
from tillvault.identity.branches import queries as branches
from tillvault.identity.branches import service as branches_service
from tillvault.identity.branches.domain import CURRENCIES_MAX, known_currency, known_timezone, plain_letters
from tillvault.identity.domain import Branch, Role
from tillvault.identity.hashing import Hasher
from tillvault.identity.permissions import MACHINE_SCOPES
from tillvault.identity.registers import queries as registers
from tillvault.identity.registers.domain import next_emission_point
from tillvault.identity.users import queries as users
from tillvault.identity.users.domain import USERNAME_PATTERN

SLUG_PATTERN = r"[a-z0-9][a-z0-9-]{0,62}"
_NAME_LENGTH_MAX = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """What a database holds."""

    organisations: int
    demo_organisations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Founding:
    """What it takes to found a shop. Raises StartupRefused, naming the option of `tillvault init` that is wrong."""

    organisation: str
    slug: str
    branch: str
    timezone: str
    currencies: tuple[str, ...]
    """The first is the base currency."""
    register: str
    admin_name: str
    admin_username: str

    def __post_init__(self) -> None:
        for name in ("organisation", "branch", "register", "admin_name"):
            text = getattr(self, name)
            if not 1 <= len(text) <= _NAME_LENGTH_MAX or not text.isprintable():
                raise _wrong(name, f"must have 1 to {_NAME_LENGTH_MAX} characters")
        if not re.fullmatch(SLUG_PATTERN, self.slug):
            raise _wrong("slug", "must be 1 to 63 small letters, digits and hyphens, the first one no hyphen")
        if not re.fullmatch(USERNAME_PATTERN, self.admin_username):
            raise _wrong("admin_username", "must be 2 to 40 letters, digits, dots, hyphens and underscores")
        if not 1 <= len(self.currencies) <= CURRENCIES_MAX or len(set(self.currencies)) != len(self.currencies):
            raise _wrong("currency", f"must be given 1 to {CURRENCIES_MAX} times, each another one")
        try:
            known_timezone(self.timezone)
        except ValueError as error:
            raise _wrong("timezone", str(error)) from error
        try:
            for currency in self.currencies:
                known_currency(currency)
        except ValueError as error:
            raise _wrong("currency", str(error)) from error


def _wrong(name: str, why: str) -> StartupRefused:
    return StartupRefused(f"--{name.replace('_', '-')}: {why}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Founded:
    """A shop that can be logged in to, with the secrets that are shown once."""

    store_code: str
    emission_point: str
    pin: str = field(repr=False)
    password: str = field(repr=False)


def slug_of(name: str) -> str:
    """The name as a slug; empty when it has no Latin letter or digit."""
    return re.sub(r"[^a-z0-9]+", "-", plain_letters(name).lower()).strip("-")[:63].strip("-")


async def installation(db: Connection) -> Installation:
    return Installation(**dict(await branches.installation(db)))


async def hold_empty_installation(db: Connection) -> bool:
    """Whether there is no organisation yet; until the transaction ends no other process finds the same."""
    await branches.lock_installation(db)
    return (await installation(db)).organisations == 0


async def enter_new_organisation(db: Connection) -> UUID:
    """Let the transaction go on in an organisation that is about to be made."""
    organisation_id = new_id()
    await access.enter_organisation(db, organisation_id)
    return organisation_id


async def found(
    db: Connection, hasher: Hasher, *, pepper: bytes, founding: Founding, teller: str = "tillvault init"
) -> Founded:
    """An organisation with its first branch, register and admin; the audit trail says that `teller` made it.

    Raises OrganisationSlugTaken.
    """
    await branches.lock_installation(db)
    organisation_id = await enter_new_organisation(db)
    await create_organisation(db, slug=founding.slug, name=founding.organisation)
    branch = Branch(
        id=new_id(),
        code="",
        name=founding.branch,
        timezone=founding.timezone,
        base_currency=founding.currencies[0],
        currencies=founding.currencies,
        is_active=True,
    )
    store_code = (await branches_service.insert(db, branch=branch))["code"]
    emission_point = next_emission_point(())
    await create_register(db, branch_id=branch.id, name=founding.register, emission_point=emission_point)
    pin, password = hashing.new_pin(), hashing.new_password()
    await create_user(
        db,
        hasher,
        pepper=pepper,
        username=founding.admin_username,
        name=founding.admin_name,
        role=Role.ADMIN,
        branch_ids=[branch.id],
        pin=pin,
        password=password,
    )
    _tell(db, organisation_id, founding, store_code, teller)
    return Founded(store_code=store_code, emission_point=emission_point, pin=pin, password=password)


def _tell(db: Connection, organisation_id: UUID, founding: Founding, store_code: str, teller: str) -> None:
    # Whoever holds the machine acts here; there is no user yet to name.
    events.record_audit(
        db,
        AuditEntry(
            id=new_id(),
            branch_id=None,
            actor_id=None,
            actor_name=teller,
            actor_role="OPERATOR",
            action="ORGANISATION_CREATED",
            resource_type="organisation",
            resource_id=str(organisation_id),
            before=None,
            after={
                "name": founding.organisation,
                "slug": founding.slug,
                "storeCode": store_code,
                "admin": founding.admin_username,
            },
            outcome="SUCCESS",
            address=None,
            device=None,
            request_id=None,
            occurred_at=utc_now(),
        ),
    )


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


async def decide_policies(db: Connection, *, branch_id: UUID, decided: Mapping[str, Any]) -> None:
    """What a new branch has decided, by the names of `BranchPolicies`."""
    await branches.save_policies(db, branch_id=branch_id, stored=policies.to_stored(decided), now=utc_now())


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
        pin_hash=await hasher.hash(hashing.pin_secret(pepper, pin)),
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
