"""Terminals and drawers against a small model, in whatever order a day can bring.

Hypothesis plays days of 30 acts: people log in, log out, are paused and resume, registers are released, drawers opened,
moved, closed, force-closed and reviewed, in two branches. After each act the board of registers must be what the model
says: never a register with two users, never a user on two registers, and in each drawer its float plus what was moved.
TILLVAULT_TEST_EXAMPLES=2000 plays that many days instead of 200.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.support import Api, Shop, Shops
from tillvault.identity.domain import Role

PEOPLE = (
    ("ana", Role.CASHIER),
    ("luis", Role.CASHIER),
    ("marta", Role.MANAGER),
    ("mario", Role.MANAGER),
    ("elena", Role.ADMIN),
)
AT_TILLS = st.sampled_from(["ana", "luis", "marta"])
SEATS = st.sampled_from([(0, 0), (0, 1), (1, 0)])
"""Branch and register, by position."""
LIMIT, THRESHOLD = 10_000, 500
CENTS = st.integers(1, 20_000) | st.sampled_from([LIMIT, LIMIT + 1])


@dataclass
class Login:
    """A live terminal session of the model."""

    register: UUID
    branch: int
    is_paused: bool = False


@dataclass
class Drawer:
    """A cash session of the model; amounts in cents."""

    id: str
    owner: str
    branch: int
    register: UUID
    expected: int
    status: str = "OPEN"
    closed_by: str | None = None
    waiting: dict[str, int] = field(default_factory=dict[str, int])


class TillMachine(RuleBasedStateMachine):
    """Acts as people do and predicts each answer."""

    def __init__(self, shops: Shops) -> None:
        super().__init__()
        self.shops = shops
        self.logins: dict[str, Login] = {}
        self.tokens: dict[str, Api] = {}
        self.dead: list[Api] = []
        self.drawers: list[Drawer] = []

    @initialize()
    def start_the_day(self) -> None:
        self.shop: Shop = self.shops.make(branches=2, registers=2, people=PEOPLE)
        self.admin = self.shop.elena.back_office()
        self.mario = self.shop.mario.back_office()

    # What the model knows

    def open_on(self, register: UUID) -> Drawer | None:
        return next((d for d in self.drawers if d.status == "OPEN" and d.register == register), None)

    def holder(self, register: UUID) -> str | None:
        return next((name for name, login in self.logins.items() if login.register == register), None)

    def left(self, user: str) -> Login | None:
        """What a logout of this user leaves: the paused session, or nothing."""
        login = self.logins[user]
        drawer = self.open_on(login.register)
        return Login(login.register, login.branch, is_paused=True) if drawer and drawer.owner == user else None

    def leave(self, user: str) -> None:
        paused = self.left(user)
        self.dead.append(self.tokens.pop(user))
        if paused:
            self.logins[user] = paused
        else:
            del self.logins[user]

    def closed(self, drawer: Drawer, by: str, answer: httpx.Response, status: str) -> None:
        data = self.told(answer, 200)
        assert data["status"] == status
        assert data["balances"][0]["expectedCash"] == drawer.expected / 100
        drawer.status, drawer.closed_by = status, by
        drawer.waiting.clear()
        login = self.logins.get(drawer.owner)
        if login and login.is_paused and login.register == drawer.register:
            del self.logins[drawer.owner]

    @staticmethod
    def told(answer: httpx.Response, status: int, code: str | None = None) -> Any:
        body = answer.json()
        given = (body.get("detail") or body).get("code")
        assert (answer.status_code, given) == (status, code), answer.text
        return body.get("data", body)

    # Terminals

    @rule(user=AT_TILLS, seat=SEATS, force=st.booleans())
    def log_in(self, user: str, seat: tuple[int, int], force: bool) -> None:
        branch, register = seat[0], self.shop.branches[seat[0]].registers[seat[1]]
        if branch == 1 and user != "marta":
            return
        answer = self.shop.people[user].try_login(register, branch=branch, forzar_cierre=force)
        current = self.logins.get(user)
        if current and not current.is_paused:
            if not force:
                self.told(answer, 409, "SESSION_ACTIVE")
                return
            current = self.left(user)
        other = self.holder(register)
        if current and current.register != register:
            self.told(answer, 409, "SESSION_PAUSED")
        elif other not in {None, user}:
            assert other is not None
            self.told(answer, 409, "TPV_RESERVED" if self.logins[other].is_paused else "TPV_BUSY")
        else:
            body = self.told(answer, 200)
            if user in self.tokens:
                self.dead.append(self.tokens[user])
            self.tokens[user] = Api(self.shop.http, body["access_token"])
            self.logins[user] = Login(register, branch)

    @precondition(lambda self: self.tokens)
    @rule(data=st.data())
    def log_out(self, data: st.DataObject) -> None:
        user = data.draw(st.sampled_from(sorted(self.tokens)))
        token, paused = self.tokens[user], self.left(user)

        body = self.told(token.post("/api/auth/logout-pos"), 200)

        assert body["estado"] == ("pausada" if paused else "cerrada")
        self.leave(user)
        assert self.told(token.post("/api/auth/logout-pos"), 200) == body

    @precondition(lambda self: self.dead)
    @rule(data=st.data())
    def use_a_dead_token(self, data: st.DataObject) -> None:
        token = data.draw(st.sampled_from(self.dead))

        self.told(token.post("/v1/cash/sessions", {}), 401, "UNAUTHORIZED")
        assert self.told(token.get("/api/auth/verificar-sesion"), 200)["valida"] is False

    @rule(seat=SEATS)
    def release(self, seat: tuple[int, int]) -> None:
        register = self.shop.branches[seat[0]].registers[seat[1]]
        user, drawer = self.holder(register), self.open_on(register)

        body = self.told(self.admin.post(f"/api/tpv/{register}/liberar"), 200)

        assert body["caja_cerrada"] is (drawer is not None)
        affected = user or (drawer.owner if drawer else None)
        assert body["usuario_afectado"] == (affected.capitalize() if affected else None)
        if user:
            del self.logins[user]
            if user in self.tokens:
                self.dead.append(self.tokens.pop(user))
        if drawer:
            drawer.status, drawer.closed_by = "PENDING_REVIEW", "elena"
            drawer.waiting.clear()

    # Drawers

    @precondition(lambda self: self.tokens)
    @rule(data=st.data(), seat=st.integers(0, 1), cents=CENTS)
    def open(self, data: st.DataObject, seat: int, cents: int) -> None:
        user = data.draw(st.sampled_from(sorted(self.tokens)))
        branch = self.logins[user].branch
        # Mostly where they stand, sometimes beside it.
        register = data.draw(st.sampled_from([self.logins[user].register, self.shop.branches[branch].registers[seat]]))
        body = {"registerId": str(register), "openingFloat": {"EUR": cents / 100}}
        answer = self.tokens[user].post("/v1/cash/sessions", body)
        own = any(d.status == "OPEN" and d.owner == user and d.branch == branch for d in self.drawers)
        if self.open_on(register) or own:
            assert answer.status_code == 409
            assert answer.json()["code"] in {"REGISTER_ALREADY_OPEN", "USER_ALREADY_OPEN"}
            return
        made = self.told(answer, 201)
        self.drawers.append(Drawer(made["id"], user, branch, register, cents))

    def some(self, data: st.DataObject, status: str) -> Drawer:
        return data.draw(st.sampled_from([d for d in self.drawers if d.status == status]))

    def at_hand(self, drawer: Drawer) -> tuple[str, Api]:
        """The owner where they are logged in, else a manager."""
        if drawer.owner in self.tokens:
            return drawer.owner, self.tokens[drawer.owner]
        return "mario", self.mario

    @precondition(lambda self: any(d.status == "OPEN" for d in self.drawers))
    @rule(data=st.data(), kind=st.sampled_from(["PAID_IN", "PAID_OUT", "SAFE_DROP", "ADJUSTMENT"]), cents=CENTS)
    def move(self, data: st.DataObject, kind: str, cents: int) -> None:
        drawer = self.some(data, "OPEN")
        who, client = self.at_hand(drawer)
        effect = -cents if kind in {"PAID_OUT", "SAFE_DROP"} else cents
        body = {"type": kind, "amount": {"EUR": cents / 100}, "reason": "by the machine"}
        answer = client.post(f"/v1/cash/sessions/{drawer.id}/movements", body)
        if drawer.expected + effect < 0:
            self.told(answer, 400, "INSUFFICIENT_CASH")
            return
        movement = self.told(answer, 201)
        waits = who in {"ana", "luis"} and cents > LIMIT
        assert movement["status"] == ("PENDING" if waits else "APPROVED")
        if waits:
            drawer.waiting[movement["id"]] = effect
        else:
            drawer.expected += effect

    @precondition(lambda self: any(d.waiting for d in self.drawers))
    @rule(data=st.data(), verb=st.sampled_from(["approve", "decline"]))
    def decide(self, data: st.DataObject, verb: str) -> None:
        drawer = data.draw(st.sampled_from([d for d in self.drawers if d.waiting]))
        movement = data.draw(st.sampled_from(sorted(drawer.waiting)))
        effect = drawer.waiting[movement]
        answer = self.mario.post(f"/v1/cash/sessions/{drawer.id}/movements/{movement}/{verb}")
        if verb == "approve" and drawer.expected + effect < 0:
            self.told(answer, 400, "INSUFFICIENT_CASH")
            return
        self.told(answer, 200)
        del drawer.waiting[movement]
        if verb == "approve":
            drawer.expected += effect

    @precondition(lambda self: any(d.status == "OPEN" for d in self.drawers))
    @rule(data=st.data(), off=st.sampled_from([0, 1, THRESHOLD, THRESHOLD + 1, 5000]))
    def close(self, data: st.DataObject, off: int) -> None:
        drawer = self.some(data, "OPEN")
        who, client = self.at_hand(drawer)
        body = {"countedCash": {"EUR": (drawer.expected + off) / 100}}
        answer = client.post(f"/v1/cash/sessions/{drawer.id}/close", body)
        if drawer.waiting:
            self.told(answer, 409, "MOVEMENTS_PENDING")
            return
        self.closed(drawer, who, answer, "CLOSED" if off <= THRESHOLD else "PENDING_REVIEW")

    @precondition(lambda self: any(d.status == "OPEN" for d in self.drawers))
    @rule(data=st.data(), off=st.sampled_from([None, 0, THRESHOLD + 1]))
    def force_close(self, data: st.DataObject, off: int | None) -> None:
        drawer = self.some(data, "OPEN")
        count = {} if off is None else {"countedCash": {"EUR": (drawer.expected + off) / 100}}
        answer = self.mario.post(f"/v1/cash/sessions/{drawer.id}/force-close", {"reason": "the machine"} | count)
        self.closed(drawer, "mario", answer, "CLOSED" if off == 0 else "PENDING_REVIEW")

    @precondition(lambda self: any(d.status == "PENDING_REVIEW" for d in self.drawers))
    @rule(data=st.data(), off=st.sampled_from([None, 0, THRESHOLD + 1]), by_admin=st.booleans())
    def review(self, data: st.DataObject, off: int | None, by_admin: bool) -> None:
        drawer = self.some(data, "PENDING_REVIEW")
        body: dict[str, Any] = {"decision": "APPROVE"}
        if off is not None:
            body = {"decision": "RECOUNT", "countedCash": {"EUR": (drawer.expected + off) / 100}}
        client = self.admin if by_admin else self.mario
        answer = client.post(f"/v1/cash/sessions/{drawer.id}/review", body)
        if drawer.closed_by == ("elena" if by_admin else "mario"):
            self.told(answer, 403, "SELF_REVIEW_FORBIDDEN")
            return
        drawer.status = self.told(answer, 200)["status"]
        assert drawer.status == ("CLOSED" if off in {None, 0} else "PENDING_REVIEW")

    @precondition(lambda self: any(d.status != "OPEN" for d in self.drawers))
    @rule(data=st.data())
    def come_too_late(self, data: st.DataObject) -> None:
        drawer = data.draw(st.sampled_from([d for d in self.drawers if d.status != "OPEN"]))
        _, client = self.at_hand(drawer)
        path = f"/v1/cash/sessions/{drawer.id}"

        movement = {"type": "PAID_IN", "amount": {"EUR": 1}, "reason": "too late"}
        self.told(client.post(f"{path}/movements", movement), 409, "SESSION_NOT_OPEN")
        self.told(client.post(f"{path}/close", {"countedCash": {"EUR": 1}}), 409, "SESSION_NOT_OPEN")

    # What must hold

    @invariant()
    def the_board_is_what_the_model_says(self) -> None:
        if not hasattr(self, "admin"):
            return
        lines = self.told(self.admin.get("/api/tpv/estado-sesiones"), 200)["tpvs"]
        users = [line["usuario"]["id"] for line in lines if line["usuario"]]
        assert len(users) == len(set(users)), "a user on two registers"
        assert len(lines) == len({line["tpv_id"] for line in lines}) == 4, "a register with two users"
        for line in lines:
            register = UUID(line["tpv_id"])
            user, drawer = self.holder(register), self.open_on(register)
            state = "disponible" if user is None else "pausado" if self.logins[user].is_paused else "ocupado"
            assert line["estado"] == state
            assert (line["usuario"] and line["usuario"]["nombre"]) == (user.capitalize() if user else None)
            assert line["caja_abierta"] is (drawer is not None)
            assert line["monto_caja"] == (drawer.expected / 100 if drawer else None)

    def teardown(self) -> None:
        """At the end of the day every drawer, Z and number is looked at once."""
        if not self.drawers:
            return
        kept = self.told(self.admin.get("/v1/cash/sessions?limit=100"), 200)["items"]
        numbers: dict[str, list[int]] = {}
        assert len(kept) == len(self.drawers)
        for drawer in self.drawers:
            session = next(item for item in kept if item["id"] == drawer.id)
            assert session["status"] == drawer.status
            assert session["balances"][0]["expectedCash"] == drawer.expected / 100
            if drawer.status != "OPEN":
                numbers.setdefault(session["registerId"], []).append(session["zNumber"])
        for found in numbers.values():
            assert sorted(found) == list(range(1, len(found) + 1))


@pytest.mark.slow
def test_a_day_at_the_tills_never_leaves_the_model(shops: Shops) -> None:
    class Day(TillMachine):
        def __init__(self) -> None:
            super().__init__(shops)

    run_state_machine_as_test(
        Day,
        settings=settings(
            max_examples=int(os.environ.get("TILLVAULT_TEST_EXAMPLES", "200")),
            stateful_step_count=30,
            deadline=None,
            database=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
        ),
    )
