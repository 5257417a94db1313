"""What tests share: shops made to order, people who log in, races."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Any
from uuid import UUID

import asyncpg
import httpx
from argon2 import PasswordHasher

from tillvault.core import secrets
from tillvault.core.config import Settings
from tillvault.core.db import Database
from tillvault.core.ids import new_id
from tillvault.events import service as events
from tillvault.identity import setup
from tillvault.identity.domain import Role
from tillvault.identity.hashing import Hasher

_numbers = itertools.count(1)


class Api:
    """A client with or without a token; every instance counts as another device."""

    def __init__(self, http: httpx.Client, token: str | None = None) -> None:
        self.http = http
        self.token = token

    def request(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        headers: dict[str, str] = dict(kwargs.pop("headers", None) or {})
        if self.token is not None:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        return self.http.request(method, path, headers=headers, **kwargs)

    def get(self, path: str, **kwargs: Any) -> httpx.Response:
        return self.request("GET", path, **kwargs)

    def post(self, path: str, json: Any = None, **kwargs: Any) -> httpx.Response:
        return self.request("POST", path, **({"json": json} if json is not None else {}), **kwargs)

    def patch(self, path: str, json: Any = None, **kwargs: Any) -> httpx.Response:
        return self.request("PATCH", path, json=json, **kwargs)

    def delete(self, path: str, **kwargs: Any) -> httpx.Response:
        return self.request("DELETE", path, **kwargs)

    def ok(self, response: httpx.Response, status: int = 200) -> Any:
        """The `data` of an answer that must have succeeded."""
        assert response.status_code == status, (response.status_code, response.text)
        return response.json()["data"]


@dataclass(kw_only=True)
class Person:
    """A user of a test shop, and how they log in."""

    id: UUID
    username: str
    name: str
    role: Role
    pin: str
    password: str
    shop: Shop

    def login(self, register: UUID | str | None, *, branch: int = 0, **body: Any) -> Api:
        """Log in on a register of a branch (its position in the shop)."""
        answer = self.try_login(register, branch=branch, **body)
        assert answer.status_code == 200, answer.text
        return Api(self.shop.http, answer.json()["access_token"])

    def try_login(self, register: UUID | str | None, *, branch: int = 0, **body: Any) -> httpx.Response:
        sent = {"pin": self.pin, "codigo_tienda": self.shop.branches[branch].code, "tpv_id": str(register), **body}
        return self.shop.http.post("/api/auth/login-pin", json=sent)

    def back_office(self) -> Api:
        """Log in with the password, without a register."""
        answer = self.shop.http.post(
            "/api/auth/login",
            json={"username": self.username, "password": self.password, "organizacion": self.shop.slug},
        )
        assert answer.status_code == 200, answer.text
        return Api(self.shop.http, answer.json()["access_token"])


@dataclass(kw_only=True)
class BranchOfShop:
    id: UUID
    code: str
    registers: list[UUID]


@dataclass(kw_only=True)
class Shop:
    """An organisation made for one test. `branches[0]` is where everybody works; `registers` are its registers."""

    http: httpx.Client
    id: UUID
    slug: str
    api_key: str
    branches: list[BranchOfShop]
    people: dict[str, Person] = field(default_factory=dict[str, Person])

    @property
    def registers(self) -> list[UUID]:
        return self.branches[0].registers

    def __getattr__(self, name: str) -> Person:
        """`shop.ana`: the person of that name."""
        try:
            return self.__dict__["people"][name]
        except KeyError:
            raise AttributeError(name) from None


PersonSpec = tuple[str, Role] | tuple[str, Role, Sequence[int]]
"""Name, role and where (positions of branches); without a place a cashier works in the first branch, others in all."""

DEFAULT_PEOPLE: tuple[PersonSpec, ...] = (
    ("ana", Role.CASHIER),
    ("luis", Role.CASHIER),
    ("marta", Role.MANAGER),
    ("elena", Role.ADMIN),
)


class QuickHasher(Hasher):
    """argon2id with its smallest cost, each secret hashed once: a test makes people by the dozen, and a stored hash
    says itself what it costs to check."""

    def __init__(self) -> None:
        super().__init__(1)
        self._quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        self._known: dict[str, str] = {}

    async def hash(self, secret: str) -> str:
        if secret not in self._known:
            self._known[secret] = self._quick.hash(secret)
        return self._known[secret]


class Shops:
    """Makes shops in the database of these settings; within a `with` block over one connection, which it keeps."""

    def __init__(self, http: httpx.Client, settings: Settings) -> None:
        self.http = http
        self.settings = settings
        self.hasher = QuickHasher()
        self._kept: tuple[asyncio.Runner, Database] | None = None

    def __enter__(self) -> Shops:
        runner = asyncio.Runner()
        self._kept = runner, runner.run(self._connect())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        assert self._kept is not None
        (runner, database), self._kept = self._kept, None
        with runner:
            runner.run(database.close())

    def make(
        self,
        *,
        registers: int = 3,
        branches: int = 1,
        currencies: Sequence[str] = ("EUR",),
        timezone: str = "Europe/Madrid",
        people: Iterable[PersonSpec] = DEFAULT_PEOPLE,
        policies: dict[str, Any] | None = None,
    ) -> Shop:
        """A new organisation; `policies` are in the shape of PATCH /v1/branches/{id}/policies, for every branch."""
        shop = self._run(partial(self._make, registers, branches, currencies, timezone, list(people)))
        if policies:
            admin = next(person for person in shop.people.values() if person.role is Role.ADMIN).back_office()
            for branch in shop.branches:
                admin.ok(admin.patch(f"/v1/branches/{branch.id}/policies", policies))
        return shop

    def _run(self, act: Callable[[Database], Coroutine[Any, Any, Shop]]) -> Shop:
        if self._kept is not None:
            runner, database = self._kept
            return runner.run(act(database))

        async def alone() -> Shop:
            database = await self._connect()
            try:
                return await act(database)
            finally:
                await database.close()

        return asyncio.run(alone())

    async def _connect(self) -> Database:
        assert self.settings.database_url is not None
        return await Database.connect(self.settings.database_url.get_secret_value(), self.settings, flush=events.flush)

    async def _make(
        self,
        registers: int,
        branches: int,
        currencies: Sequence[str],
        timezone: str,
        people: list[PersonSpec],
        database: Database,
    ) -> Shop:
        number = f"{next(_numbers)}-{new_id().hex[-8:]}"
        async with database.transaction(new_id()) as db:
            slug = f"shop-{number}"
            organisation_id = await setup.create_organisation(db, slug=slug, name=f"Shop {number}")
            made: list[BranchOfShop] = []
            for at in range(branches):
                branch = await setup.create_branch(
                    db,
                    code=f"T{at}-{number}".upper(),
                    name=f"Branch {at}",
                    timezone=timezone,
                    base_currency=currencies[0],
                    currencies=currencies,
                )
                ids = [
                    await setup.create_register(
                        db, branch_id=branch.id, name=f"Caja {n + 1}", emission_point=f"{n + 1:03d}"
                    )
                    for n in range(registers)
                ]
                made.append(BranchOfShop(id=branch.id, code=branch.code, registers=ids))
            shop = Shop(
                http=self.http,
                id=organisation_id,
                slug=slug,
                api_key=await setup.create_api_key(db, name="test"),
                branches=made,
            )
            for at, (username, role, *places) in enumerate(people):
                where = [made[n] for n in places[0]] if places else made[:1] if role is Role.CASHIER else made
                pin, password = f"{1000 + at}", f"password-{username}"
                user_id = await setup.create_user(
                    db,
                    self.hasher,
                    pepper=secrets.pin_pepper(self.settings),
                    username=username,
                    name=username.capitalize(),
                    role=role,
                    branch_ids=[b.id for b in where],
                    pin=pin,
                    password=password,
                )
                shop.people[username] = Person(
                    id=user_id,
                    username=username,
                    name=username.capitalize(),
                    role=role,
                    pin=pin,
                    password=password,
                    shop=shop,
                )
        return shop


def race(acts: Sequence[Callable[[], httpx.Response]]) -> list[httpx.Response]:
    """Run all at once, each in a thread of its own, released together."""
    gate = threading.Barrier(len(acts))

    def run(act: Callable[[], httpx.Response]) -> httpx.Response:
        gate.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(run, acts))


def statuses(answers: Iterable[httpx.Response]) -> dict[int, int]:
    return dict(Counter(answer.status_code for answer in answers))


def codes(answers: Iterable[httpx.Response]) -> dict[str, int]:
    """How often each refusal came, whichever the dialect."""
    found: Counter[str] = Counter()
    for answer in answers:
        body = answer.json()
        if answer.status_code >= 400:
            found[body.get("code") or body["detail"]["code"]] += 1
    return dict(found)


def fetch(dsn: str, statement: str, *args: object) -> list[asyncpg.Record]:
    """Ask the database itself, past the API."""

    async def run() -> list[asyncpg.Record]:
        raw = await asyncpg.connect(dsn)
        try:
            return await raw.fetch(statement, *args)
        finally:
            await raw.close()

    return asyncio.run(run())


def refused(answer: httpx.Response, status: int, code: str) -> Any:
    """The body of an answer that must be this refusal, in the dialect of its path."""
    body = answer.json()
    told = body.get("detail", body)
    assert (answer.status_code, told.get("code")) == (status, code), answer.text
    if "detail" in body:
        assert told["message"]
    else:
        assert (body["success"], bool(body["error"])) == (False, True)
    return body


def open_drawer(till: Api, opening: dict[str, Any] | None = None, **body: Any) -> dict[str, Any]:
    """Open a drawer as this login; without a register in the body, on the register of the login."""
    return till.ok(till.post("/v1/cash/sessions", {"openingFloat": opening or {}} | body), 201)


def move(till: Api, session_id: str, kind: str, amount: dict[str, Any], *, reason: str = "because of a test") -> Any:
    """Record a movement that must be accepted."""
    path = f"/v1/cash/sessions/{session_id}/movements"
    return till.ok(till.post(path, {"type": kind, "amount": amount, "reason": reason}), 201)
