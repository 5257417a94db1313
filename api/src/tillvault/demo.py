"""The demo: four organisations to try the product on, and `demo.json`, which tells scripts how to get in."""

from __future__ import annotations

import os
import secrets as randomness
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from tillvault import demo_deposits, demo_history
from tillvault.core import secrets
from tillvault.core.clock import utc_now
from tillvault.core.config import Settings
from tillvault.core.db import Connection, Database, refuse_powerful_role
from tillvault.core.errors import DatabaseBusy
from tillvault.core.jsontext import dumps
from tillvault.core.logging import log
from tillvault.events import service as events
from tillvault.identity import setup
from tillvault.identity.domain import Role
from tillvault.identity.hashing import Hasher
from tillvault.identity.setup import Installation
from tillvault.sales.catalogue import demo as catalogue

_FILE = "demo.json"
_WAITS_MAX = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoBranch:
    code: str
    name: str
    timezone: str
    registers: tuple[str, ...]
    """Their emission points are 001, 002 … in this order."""
    currencies: tuple[str, ...] = ("EUR",)
    policies: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoUser:
    username: str
    name: str
    role: Role
    pin: str
    branches: tuple[str, ...]
    """Store codes; the first is their own branch."""
    password: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOrganisation:
    slug: str
    name: str
    branches: tuple[DemoBranch, ...]
    users: tuple[DemoUser, ...]
    has_history: bool = False
    """Past weeks of sales and of deposits, by the first cashier and the first manager on the first register."""
    sold: tuple[catalogue.DemoProduct, ...] = catalogue.REUSE_SHOP


def _people(*rows: tuple[str, str, Role, str], branches: tuple[str, ...]) -> tuple[DemoUser, ...]:
    """Rows of username, name, role and PIN; whoever works at the desk has the password `demo-` and their username."""
    return tuple(
        DemoUser(
            username=username,
            name=name,
            role=role,
            pin=pin,
            branches=branches,
            password=f"demo-{username}" if role is not Role.CASHIER else None,
        )
        for username, name, role, pin in rows
    )


ORGANISATIONS: Sequence[DemoOrganisation] = (
    DemoOrganisation(
        slug="mi-empresa",
        name="Mi Empresa",
        branches=(
            DemoBranch(
                code="TIEN-7A31",
                name="Tienda Principal",
                timezone="Europe/Madrid",
                registers=("Caja 1", "Caja 2", "Caja 3"),
            ),
            DemoBranch(code="TIEN-8B42", name="Tienda Norte", timezone="Europe/Madrid", registers=("Caja 1",)),
        ),
        users=(
            *_people(
                ("juan", "Juan Pérez", Role.CASHIER, "1234"),
                ("ana", "Ana", Role.CASHIER, "2345"),
                ("luis", "Luis", Role.CASHIER, "3456"),
                branches=("TIEN-7A31",),
            ),
            *_people(
                ("marta", "Marta", Role.MANAGER, "5678"),
                ("elena", "Elena", Role.ADMIN, "9999"),
                branches=("TIEN-7A31", "TIEN-8B42"),
            ),
        ),
    ),
    DemoOrganisation(
        slug="laplatine",
        name="La Platine",
        branches=(
            DemoBranch(
                code="PLAT-1000",
                name="La Platine - Boutique",
                timezone="Indian/Reunion",
                registers=("Caisse 1", "Caisse 2"),
            ),
        ),
        users=_people(
            ("verena", "Verena", Role.CASHIER, "1111"),
            ("chloe", "Chloé", Role.ADMIN, "9999"),
            branches=("PLAT-1000",),
        ),
    ),
    DemoOrganisation(
        slug="riverside",
        name="Riverside Café",
        sold=catalogue.CAFE,
        branches=(
            DemoBranch(
                code="RIVR-2000",
                name="Riverside",
                timezone="Asia/Phnom_Penh",
                registers=("Till 1", "Till 2"),
                currencies=("USD", "KHR"),
                policies={"fx_rates": {"KHR": Decimal(4100)}},
            ),
        ),
        users=_people(
            ("sophea", "Sophea", Role.CASHIER, "1234"),
            ("dara", "Dara", Role.MANAGER, "5678"),
            ("bopha", "Bopha", Role.ADMIN, "9999"),
            branches=("RIVR-2000",),
        ),
    ),
    DemoOrganisation(
        slug="recyclerie",
        name="La Recyclerie du Port",
        has_history=True,
        branches=(
            DemoBranch(
                code="RECY-3000", name="La Recyclerie du Port", timezone="Europe/Paris", registers=("Caisse 1",)
            ),
        ),
        users=_people(
            ("lea", "Léa", Role.CASHIER, "1234"),
            ("paul", "Paul", Role.MANAGER, "5678"),
            ("nora", "Nora", Role.ADMIN, "9999"),
            branches=("RECY-3000",),
        ),
    ),
)


@asynccontextmanager
async def connected(dsn: str, settings: Settings) -> AsyncGenerator[Database]:
    """The database for a command of the CLI. Raises StartupRefused for a role that may too much."""
    await refuse_powerful_role(dsn)
    database = await Database.connect(dsn, settings, flush=events.flush)
    try:
        yield database
    finally:
        await database.close()


async def installation(dsn: str, settings: Settings) -> Installation:
    """What the database holds."""
    async with connected(dsn, settings) as database, database.transaction(None) as db:
        return await setup.installation(db)


async def load(dsn: str, settings: Settings) -> bool:
    """Load the demo into an empty database, all of it or nothing; False when the database is not empty.

    Waits for another load at the same time, which a slow machine may need more than a lock's time for.
    """
    for _ in range(_WAITS_MAX):
        with suppress(DatabaseBusy):
            return await _load(dsn, settings)
    return await _load(dsn, settings)


async def _load(dsn: str, settings: Settings) -> bool:
    path = file_of(settings)
    is_written = False
    try:
        async with connected(dsn, settings) as database, database.transaction(None) as db:
            if not await setup.hold_empty_installation(db):
                return False
            hasher, pepper = Hasher(settings.argon2_threads), secrets.pin_pepper(settings)
            made = [await _make(db, hasher, pepper, organisation) for organisation in ORGANISATIONS]
            # Before the commit: keys that are in the database but in no file could not be had again, while a file
            # without its data is removed below, or overwritten by the next try.
            _write_private(path, {"base_url": settings.public_url, "organisations": made})
            is_written = True
    except BaseException:
        if is_written:
            path.unlink(missing_ok=True)
        raise
    return True


async def _make(db: Connection, hasher: Hasher, pepper: bytes, demo: DemoOrganisation) -> dict[str, Any]:
    """One organisation; what demo.json tells of it."""
    organisation_id = await setup.enter_new_organisation(db)
    await setup.create_organisation(db, slug=demo.slug, name=demo.name, is_demo=True)
    branch_ids: dict[str, UUID] = {}
    branches: list[dict[str, Any]] = []
    for branch in demo.branches:
        told = await _make_branch(db, branch)
        branch_ids[branch.code] = told["id"]
        branches.append(told)
    await catalogue.load(db, currency=demo.branches[0].currencies[0], sold=demo.sold)
    users = [
        {
            "id": await setup.create_user(
                db,
                hasher,
                pepper=pepper,
                username=user.username,
                name=user.name,
                role=user.role,
                branch_ids=[branch_ids[code] for code in user.branches],
                pin=user.pin,
                password=user.password,
            ),
            "username": user.username,
            "name": user.name,
            "role": user.role,
            "pin": user.pin,
            "password": user.password,
            "branches": user.branches,
        }
        for user in demo.users
    ]
    if demo.has_history:
        await _make_history(db, organisation_id, demo, branches[0], users)
    return {
        "id": organisation_id,
        "slug": demo.slug,
        "name": demo.name,
        "api_key": await setup.create_api_key(db, name="Demo"),
        "branches": branches,
        "users": users,
    }


async def _make_history(
    db: Connection,
    organisation_id: UUID,
    demo: DemoOrganisation,
    branch: Mapping[str, Any],
    users: Sequence[Mapping[str, Any]],
) -> None:
    def first(role: Role) -> tuple[UUID, str]:
        found = next(user for user in users if user["role"] is role)
        return found["id"], found["name"]

    place = demo_history.Place(
        organisation_id=organisation_id,
        branch_id=branch["id"],
        register_id=branch["registers"][0]["id"],
        timezone=demo.branches[0].timezone,
        currency=demo.branches[0].currencies[0],
        cashier=first(Role.CASHIER),
        manager=first(Role.MANAGER),
    )
    now = utc_now()
    await demo_history.load(db, place, today=now)
    await demo_deposits.load(db, place, today=now)


async def _make_branch(db: Connection, demo: DemoBranch) -> dict[str, Any]:
    branch = await setup.create_branch(
        db,
        code=demo.code,
        name=demo.name,
        timezone=demo.timezone,
        base_currency=demo.currencies[0],
        currencies=demo.currencies,
    )
    if demo.policies:
        await setup.decide_policies(db, branch_id=branch.id, decided=demo.policies)
    registers: list[dict[str, Any]] = []
    for number, name in enumerate(demo.registers, start=1):
        emission_point = f"{number:03d}"
        register_id = await setup.create_register(db, branch_id=branch.id, name=name, emission_point=emission_point)
        registers.append({"id": register_id, "name": name, "emission_point": emission_point})
    return {
        "id": branch.id,
        "code": demo.code,
        "name": demo.name,
        "timezone": demo.timezone,
        "base_currency": demo.currencies[0],
        "currencies": demo.currencies,
        "registers": registers,
    }


def file_of(settings: Settings) -> Path:
    return settings.data_dir / _FILE


def refresh_base_url(settings: Settings) -> None:
    """Let an existing demo.json name the present address, and leave the rest of it as it is."""
    path = file_of(settings)
    try:
        told = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return
    except orjson.JSONDecodeError:
        log().warning("demo.file_unreadable", path=str(path))
        return
    if told.get("base_url") != settings.public_url:
        _write_private(path, told | {"base_url": settings.public_url})


def _write_private(path: Path, content: Any) -> None:
    """Written aside, readable by its owner alone from the first byte, and put in place whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{randomness.token_hex(8)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(orjson.dumps(orjson.loads(dumps(content)), option=orjson.OPT_INDENT_2) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def banner(settings: Settings, *, is_demo: bool) -> str:
    """Where to look, for the person who has just started the product."""
    lines = [f"Tillvault: {settings.public_url}", f"API documentation: {settings.public_url}/docs"]
    if not is_demo:
        return "\n".join([*lines, "To set up a shop: tillvault init"])
    lines += ["", "Runs on demo data: nothing for a real shop. To try, with store code and PIN:"]
    for organisation in ORGANISATIONS:
        for branch in organisation.branches:
            pins = ", ".join(
                f"{user.username} {user.pin} ({user.role.lower()})"
                for user in organisation.users
                if branch.code in user.branches
            )
            lines.append(f"  {branch.code}  {branch.name}: {pins}")
    desks = ", ".join(
        f"{user.username} {user.password} ({organisation.slug})"
        for organisation in ORGANISATIONS
        for user in organisation.users
        if user.password
    )
    lines += ["Back office, with username and password:", f"  {desks}"]
    return "\n".join([*lines, f"For scripts, API keys too: {file_of(settings)}"])
