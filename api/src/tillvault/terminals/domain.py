"""States of terminal sessions and registers, in the contract's words (terminal-login-api.md)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from tillvault.identity.domain import Role


class Estado(StrEnum):
    """Of a session."""

    ACTIVA = "activa"
    PAUSADA = "pausada"
    CERRADA = "cerrada"
    CERRADA_POR_ADMIN = "cerrada_por_admin"


class EstadoTpv(StrEnum):
    """Of a register: always derived from its sessions, never stored beside them."""

    DISPONIBLE = "disponible"
    OCUPADO = "ocupado"
    PAUSADO = "pausado"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """A live (active or paused) session on a register."""

    id: UUID
    user_id: UUID
    user_name: str
    user_role: Role
    branch_id: UUID
    register_id: UUID
    register_name: str
    estado: Estado
    device: str | None
    started_at: datetime
    paused_at: datetime | None
    expires_at: datetime

    def has_lapsed(self, now: datetime) -> bool:
        """Whether its token has expired while it stood active: nobody can use it any more."""
        return self.estado is Estado.ACTIVA and self.expires_at <= now


def estado_tpv(terminal: Terminal | None) -> EstadoTpv:
    if terminal is None:
        return EstadoTpv.DISPONIBLE
    return EstadoTpv.PAUSADO if terminal.estado is Estado.PAUSADA else EstadoTpv.OCUPADO
