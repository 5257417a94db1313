"""The four conflicts of terminal-login-api.md and domain.md, and the unknown register."""

from __future__ import annotations

from tillvault.core.errors import Conflict, NotFound

_INFO = {
    "usuario_nombre": "Juan Pérez",
    "usuario_rol": "cajero",
    "tpv_id": "0190c3a4-0000-7000-8000-000000000001",
    "tpv_nombre": "Caja 1",
    "dispositivo": "Computadora",
    "iniciada": "2026-01-30T08:00:00Z",
}


class StoreNotFound(NotFound):
    code = "STORE_NOT_FOUND"
    message = "Código de tienda no encontrado"


class TpvNotFound(NotFound):
    code = "TPV_NOT_FOUND"
    message = "TPV no encontrado en esta tienda"


class TpvBusy(Conflict):
    code = "TPV_BUSY"
    message = "TPV en uso por otro usuario"
    example_extra = {"tpv_info": {"nombre": "Caja 1", "usuario": "Ana"}}  # noqa: RUF012  (read only)


class TpvReserved(Conflict):
    code = "TPV_RESERVED"
    message = "TPV reservado por otro usuario con caja abierta"
    example_extra = {"tpv_info": {"nombre": "Caja 1", "usuario": "Ana"}}  # noqa: RUF012  (read only)


class SessionActive(Conflict):
    code = "SESSION_ACTIVE"
    message = "Este usuario ya tiene una sesión activa"
    example_extra = {"session_info": _INFO}  # noqa: RUF012  (read only)


class SessionPaused(Conflict):
    code = "SESSION_PAUSED"
    message = "Este usuario tiene una caja abierta en otro TPV"
    example_extra = {  # noqa: RUF012  (read only)
        "session_info": {**_INFO, "monto_caja": 150.00, "fecha_pausa": "2026-01-30T10:00:00Z"}
    }
