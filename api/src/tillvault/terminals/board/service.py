"""Reading the board: a manager the registers of their branches, an admin those of the organisation."""

from __future__ import annotations

from uuid import UUID

from tillvault.cash.schemas import balances
from tillvault.cash.sessions import queries as drawers
from tillvault.cash.sessions.queries import Found
from tillvault.core.clock import utc_now
from tillvault.core.db import Connection
from tillvault.identity.branches import queries as branches
from tillvault.identity.domain import Actor
from tillvault.identity.errors import BranchNotFound
from tillvault.identity.permissions import Permission, may_act_in, require, require_branch
from tillvault.terminals import queries
from tillvault.terminals.board import queries as board_queries
from tillvault.terminals.board.schemas import BoardDrawer, BoardLine, BoardUser, RegisterState
from tillvault.terminals.domain import Estado, Terminal
from tillvault.terminals.queries import RegisterRow
from tillvault.terminals.reports import as_it_counts


async def board(db: Connection, *, actor: Actor, branch_id: UUID | None, register_id: UUID | None) -> list[BoardLine]:
    """The registers that the actor supervises; `register_id` reads one of them, after something happened there.

    Raises RoleForbidden, BranchNotFound, BranchForbidden, BranchInactive.
    """
    require(actor, Permission.CASH_SUPERVISE)
    if branch_id is not None:
        branch = await branches.branch(db, branch_id)
        if branch is None:
            raise BranchNotFound
        require_branch(actor, branch.id, is_active=branch.is_active)
    if register_id is None:
        registers = await queries.all_registers(db)
        live, found = await queries.all_live(db), await drawers.open_sessions_on_registers(db)
    else:
        one = await queries.register(db, register_id)
        registers = [] if one is None else [one]
        terminal = await queries.live_on_register(db, register_id)
        drawer = await drawers.open_session_on(db, register_id)
        live = {} if terminal is None else {register_id: terminal}
        found = {} if drawer is None else {register_id: drawer}
    shown = [
        register
        for register in registers
        if may_act_in(actor, register.branch_id) and branch_id in {None, register.branch_id}
    ]
    sold = await board_queries.last_sales(db, [register.id for register in shown])
    waiting = await board_queries.waiting_movements(db, [each.session.id for each in found.values()])
    now = utc_now()
    lines: list[BoardLine] = []
    for register in shown:
        drawer = found.get(register.id)
        terminal = as_it_counts(live.get(register.id), drawer, now)
        line = _line(register, terminal)
        line.drawer = None if drawer is None else _drawer(drawer, waiting.get(drawer.session.id, 0))
        line.last_sale_at = sold.get(register.id)
        lines.append(line)
    return lines


def _line(register: RegisterRow, terminal: Terminal | None) -> BoardLine:
    state = RegisterState.FREE
    if terminal is not None:
        state = RegisterState.PAUSED if terminal.estado is Estado.PAUSADA else RegisterState.BUSY
    return BoardLine.model_construct(
        register_id=register.id,
        register_name=register.name,
        branch_id=register.branch_id,
        branch_name=register.branch_name,
        is_active=register.is_active,
        state=state,
        user=BoardUser(id=terminal.user_id, name=terminal.user_name) if terminal else None,
        since=terminal.started_at if terminal else None,
        paused_at=terminal.paused_at if terminal else None,
        device=terminal.device if terminal else None,
        drawer=None,
        last_sale_at=None,
    )


def _drawer(found: Found, waiting: int) -> BoardDrawer:
    session = found.session
    return BoardDrawer.model_construct(
        session_id=session.id,
        opened_by=session.opened_by,
        opened_by_name=session.opened_by_name,
        opened_at=session.opened_at,
        balances=balances(session.opening, session.expected, None),
        movements_waiting=waiting,
    )
