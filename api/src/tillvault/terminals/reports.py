"""Reading terminals: one's own login, and the board of all registers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from tillvault.cash.sessions import queries as drawers
from tillvault.cash.sessions.queries import Found
from tillvault.core.clock import utc_now
from tillvault.core.db import Connection
from tillvault.core.money import from_minor
from tillvault.identity.branches import queries as branches
from tillvault.identity.domain import Actor, Role
from tillvault.identity.permissions import Permission, require
from tillvault.identity.tokens import Claims
from tillvault.terminals import queries
from tillvault.terminals.domain import Estado, Terminal, estado_tpv
from tillvault.terminals.schemas import EstadoDeTpv, SesionDeTpv, SesionVerificada, Tpv, UsuarioCorto

_REASONS = {
    Estado.PAUSADA: "La sesión está pausada",
    Estado.CERRADA: "La sesión está cerrada",
    Estado.CERRADA_POR_ADMIN: "Un administrador liberó el TPV",
}


async def own_session(db: Connection, *, claims: Claims) -> SesionVerificada:
    """Whether the login of a token still stands, and if not, why."""
    row = await queries.state_of(db, claims.session_id)
    if row is None:
        return SesionVerificada(valida=False, razon="La sesión no existe", estado=Estado.CERRADA)
    estado = Estado(row["estado"])
    reason = _REASONS.get(estado)
    if reason is None and row["token_id"] != claims.token_id:
        reason = "La sesión continúa con otro inicio de sesión"
    elif reason is None and not row["is_active"]:
        reason = "El usuario está desactivado"
    elif reason is None and min(claims.expires_at, row["expires_at"].timestamp()) <= utc_now().timestamp():
        reason = "El token ha caducado"
    if reason is not None:
        return SesionVerificada(valida=False, razon=reason, estado=estado)
    return SesionVerificada(
        valida=True,
        session_id=row["id"],
        usuario=UsuarioCorto(id=row["user_id"], nombre=row["user_name"], rol=Role(row["user_role"]).wire_es),
        tpv=Tpv(id=row["register_id"], nombre=row["register_name"]) if row["register_id"] else None,
    )


async def board(db: Connection, *, actor: Actor) -> list[EstadoDeTpv]:
    """Every register of the organisation with its user and drawer. Raises RoleForbidden."""
    require(actor, Permission.TERMINALS_ADMINISTER)
    live = await queries.all_live(db)
    open_drawers = await drawers.open_sessions_on_registers(db)
    base_currencies = await branches.base_currencies(db)
    now = utc_now()
    lines: list[EstadoDeTpv] = []
    for register in await queries.all_registers(db):
        drawer = open_drawers.get(register.id)
        terminal = as_it_counts(live.get(register.id), drawer, now)
        currency = base_currencies[register.branch_id]
        lines.append(
            EstadoDeTpv(
                tpv_id=register.id,
                tpv_nombre=register.name,
                tienda_nombre=register.branch_name,
                estado=estado_tpv(terminal),
                usuario=UsuarioCorto(id=terminal.user_id, nombre=terminal.user_name, rol=terminal.user_role.wire_es)
                if terminal
                else None,
                sesion=SesionDeTpv(
                    id=terminal.id,
                    estado=terminal.estado,
                    iniciada=terminal.started_at,
                    dispositivo=terminal.device,
                )
                if terminal
                else None,
                caja_abierta=drawer is not None,
                monto_caja=from_minor(drawer.session.expected.get(currency, 0), currency) if drawer else None,
            )
        )
    return lines


def as_it_counts(terminal: Terminal | None, drawer: Found | None, now: datetime) -> Terminal | None:
    """A login that has run out counts as logged out, as it does for the next person at the register."""
    if terminal is None or not terminal.has_lapsed(now):
        return terminal
    is_kept = drawer is not None and drawer.session.opened_by == terminal.user_id
    return replace(terminal, estado=Estado.PAUSADA) if is_kept else None
