"""Login, logout, pause, resume and release (terminal-login-api.md, domain.md "Terminal sessions").

Lock order (decision 13): the person, then registers by id, then the drawer. A logout and a close of the same drawer
both hold the register first, so a register is never kept for a drawer that has just been closed.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from tillvault.cash.closing import service as closing
from tillvault.cash.domain import CloseReason
from tillvault.cash.sessions import queries as drawers
from tillvault.cash.sessions.queries import Found
from tillvault.core.clock import iso, utc_now
from tillvault.core.db import Connection
from tillvault.core.ids import new_id
from tillvault.core.money import from_minor
from tillvault.events import service as events
from tillvault.identity.access import queries as access_queries
from tillvault.identity.access import service as access
from tillvault.identity.access.service import Doorkeeper, Login, Proven
from tillvault.identity.audit import service as audit
from tillvault.identity.branches import queries as branches
from tillvault.identity.domain import (
    Actor,
    Caller,
    Role,
    TerminalSessionEnded,
    TerminalSessionEvent,
    TerminalSessionPaused,
    TerminalSessionReleased,
    TerminalSessionStarted,
    terminal_key,
)
from tillvault.identity.errors import RegisterNotFound
from tillvault.identity.permissions import Permission, require
from tillvault.identity.tokens import Claims
from tillvault.terminals import queries
from tillvault.terminals.domain import Estado, Terminal
from tillvault.terminals.errors import SessionActive, SessionPaused, TpvBusy, TpvNotFound, TpvReserved
from tillvault.terminals.queries import RegisterRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a person can do after their PIN: resume, or choose a free register."""

    paused: Terminal | None
    amount: Decimal | None
    registers: list[RegisterRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedOut:
    """How a logout left the session."""

    estado: Estado
    register_id: UUID | None
    amount: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    user_name: str | None
    drawer_closed: bool


async def choose(db: Connection, *, user: Proven, force: bool) -> Choice:
    """The free registers of the store, or the paused session to resume. With `force` another login is ended as its
    logout would. Raises SessionActive.
    """
    live = await _settled(db, user.user_id, also=None)
    if live is not None and live.estado is Estado.ACTIVA:
        if not force:
            raise SessionActive(extra={"session_info": _session_info(live)})
        live = await _leave(db, live)
    if live is None:
        return Choice(
            paused=None, amount=None, registers=await queries.free_registers(db, user.branch_id, now=utc_now())
        )
    drawer = await drawers.open_session_on(db, live.register_id)
    return Choice(paused=live, amount=await _amount(db, drawer, role=user.role), registers=[])


async def login(
    db: Connection,
    door: Doorkeeper,
    *,
    user: Proven,
    register_id: UUID,
    force: bool,
    device: str | None,
    caller: Caller,
) -> tuple[Login, RegisterRow]:
    """Take a register, or resume the paused session on it.

    Raises TpvNotFound, SessionActive, SessionPaused, TpvBusy, TpvReserved.
    """
    register = await queries.register(db, register_id)
    if register is None or register.branch_id != user.branch_id or not register.is_active:
        raise TpvNotFound
    live = await _settled(db, user.user_id, also=register_id)
    if live is not None and live.estado is Estado.ACTIVA:
        if not force:
            raise SessionActive(extra={"session_info": _session_info(live)})
        live = await _leave(db, live)
    if live is not None and live.register_id != register_id:
        drawer = await drawers.open_session_on(db, live.register_id)
        amount = await _amount(db, drawer, role=user.role)
        raise SessionPaused(extra={"session_info": _session_info(live) | {"monto_caja": amount}})
    if live is None:
        await _refuse_taken(db, register)
    made = await _started(db, door, user=user, register=register, paused=live, device=device, caller=caller)
    return made, register


async def logout(db: Connection, *, claims: Claims) -> LoggedOut:
    """End a login: paused while its drawer is open, else closed. Asked again it says the same."""
    row = await queries.state_of(db, claims.session_id)
    if row is None or row["token_id"] != claims.token_id:
        # The login of this token was followed by another one; what it left behind is not this token's to end.
        return LoggedOut(estado=Estado.CERRADA, register_id=None, amount=None)
    if row["register_id"] is not None:
        await queries.lock_registers(db, [row["register_id"]])
        row = await queries.state_of(db, claims.session_id)
        assert row is not None  # noqa: S101  (sessions are never deleted)
    estado = Estado(row["estado"])
    if estado is Estado.ACTIVA and row["token_id"] == claims.token_id:
        if row["register_id"] is None:
            estado = Estado.CERRADA
            await queries.end(db, row["id"], estado=estado, now=utc_now())
        else:
            live = await queries.live_on_register(db, row["register_id"])
            assert live is not None  # noqa: S101  (it is active and the register is held)
            left = await _leave(db, live)
            estado = left.estado if left else Estado.CERRADA
    if estado is not Estado.PAUSADA:
        return LoggedOut(estado=estado, register_id=row["register_id"], amount=None)
    drawer = await drawers.open_session_on(db, row["register_id"])
    amount = await _amount(db, drawer, role=Role(row["user_role"]))
    return LoggedOut(estado=estado, register_id=row["register_id"], amount=amount)


async def release(db: Connection, *, actor: Actor, register_id: UUID) -> Released:
    """Free a register: end its session as `cerrada_por_admin` and force-close its drawer without a count. Again:
    nothing more to do. Raises RoleForbidden, RegisterNotFound.
    """
    require(actor, Permission.TERMINALS_ADMINISTER)
    register = await queries.register(db, register_id)
    if register is None:
        raise RegisterNotFound
    await queries.lock_registers(db, [register_id])
    live = await queries.live_on_register(db, register_id)
    drawer = await drawers.unsummed_session_on(db, register_id)
    if live is not None:
        await queries.end(db, live.id, estado=Estado.CERRADA_POR_ADMIN, now=utc_now())
    if drawer is not None:
        await closing.force_close_session(
            db,
            actor=actor,
            session_id=drawer.session.id,
            counted=None,
            denominations={},
            forced_reason="Released by an administrator",
            note=None,
            reason=CloseReason.RELEASED,
        )
    if live is not None:
        events.emit(
            db,
            TerminalSessionReleased(
                branch_id=register.branch_id,
                key=terminal_key(register_id),
                session_id=live.id,
                register_id=register_id,
                user_id=live.user_id,
                released_by=actor.id,
                drawer_closed=drawer is not None,
            ),
        )
    if live is not None or drawer is not None:
        audit.record(
            db,
            actor,
            "TERMINAL_RELEASED",
            resource_type="register",
            resource_id=register_id,
            branch_id=register.branch_id,
            after={"userId": live.user_id if live else None, "drawerClosed": drawer is not None},
        )
    user_name = live.user_name if live else drawer.session.opened_by_name if drawer else None
    return Released(user_name=user_name, drawer_closed=drawer is not None)


async def _settled(db: Connection, user_id: UUID, *, also: UUID | None) -> Terminal | None:
    """The user's live session, with the user, its register and the wanted one held, and lapsed logins ended."""
    await queries.lock_user(db, user_id)
    live = await queries.live_of_user(db, user_id)
    wanted = {register_id for register_id in (also, live.register_id if live else None) if register_id}
    if not wanted:
        return None
    await queries.lock_registers(db, sorted(wanted))
    # Read again under the locks: until then a logout or a release of the register may have ended it.
    live = await queries.live_of_user(db, user_id)
    if live is not None and live.has_lapsed(utc_now()):
        live = await _leave(db, live)
    return live


async def _leave(db: Connection, live: Terminal) -> Terminal | None:
    """End an active session as its logout would; gives it back if it is paused now."""
    now = utc_now()
    drawer = await drawers.unsummed_session_on(db, live.register_id)
    is_kept = drawer is not None and drawer.session.opened_by == live.user_id
    await queries.end(db, live.id, estado=Estado.PAUSADA if is_kept else Estado.CERRADA, now=now)
    events.emit(db, _event(TerminalSessionPaused if is_kept else TerminalSessionEnded, live))
    return await queries.live_on_register(db, live.register_id) if is_kept else None


async def _refuse_taken(db: Connection, register: RegisterRow) -> None:
    other = await queries.live_on_register(db, register.id)
    if other is not None and other.has_lapsed(utc_now()):
        other = await _leave(db, other)
    if other is None:
        return
    kind = TpvReserved if other.estado is Estado.PAUSADA else TpvBusy
    raise kind(extra={"tpv_info": {"nombre": register.name, "usuario": other.user_name}})


async def _started(
    db: Connection,
    door: Doorkeeper,
    *,
    user: Proven,
    register: RegisterRow,
    paused: Terminal | None,
    device: str | None,
    caller: Caller,
) -> Login:
    now = utc_now()
    token_id = new_id()
    session_id = paused.id if paused else new_id()
    expires_at = now + door.token_ttl
    if paused:
        await queries.resume(
            db, session_id, token_id=token_id, device=device, address=caller.address, expires_at=expires_at
        )
    else:
        await access_queries.insert_session(
            db,
            session_id=session_id,
            user_id=user.user_id,
            branch_id=user.branch_id,
            register_id=register.id,
            token_id=token_id,
            device=device,
            address=caller.address,
            now=now,
            expires_at=expires_at,
        )
    events.emit(
        db,
        TerminalSessionStarted(
            branch_id=register.branch_id,
            key=terminal_key(register.id),
            session_id=session_id,
            register_id=register.id,
            user_id=user.user_id,
            resumed=paused is not None,
        ),
    )
    return access.issue(door, user=user, session_id=session_id, token_id=token_id, now=now)


async def _amount(db: Connection, drawer: Found | None, *, role: Role) -> Decimal | None:
    """`monto_caja`: expected cash in the branch's base currency; None for a cashier who counts blind."""
    if drawer is None or (drawer.policies.cash_blind_close and role is Role.CASHIER):
        return None
    branch = await branches.branch(db, drawer.session.branch_id)
    assert branch is not None  # noqa: S101  (a session stands in a branch)
    return from_minor(drawer.session.expected.get(branch.base_currency, 0), branch.base_currency)


def _session_info(live: Terminal) -> dict[str, Any]:
    info: dict[str, Any] = {
        "usuario_nombre": live.user_name,
        "usuario_rol": live.user_role.wire_es,
        "tpv_id": live.register_id,
        "tpv_nombre": live.register_name,
        "dispositivo": live.device,
        "iniciada": iso(live.started_at),
    }
    if live.paused_at is not None:
        info["fecha_pausa"] = iso(live.paused_at)
    return info


def _event(kind: type[TerminalSessionPaused | TerminalSessionEnded], live: Terminal) -> TerminalSessionEvent:
    return kind(
        branch_id=live.branch_id,
        key=terminal_key(live.register_id),
        session_id=live.id,
        register_id=live.register_id,
        user_id=live.user_id,
    )
