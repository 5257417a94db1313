"""Wire shapes of terminals, in the contract's words (terminal-login-api.md)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from tillvault.core.http.answers import Amount
from tillvault.core.http.fields import Label
from tillvault.identity.access.schemas import Pin, StoreCode, Strict, Tienda, Tpv
from tillvault.terminals.domain import Estado, EstadoTpv


class ValidarPin(Strict):
    pin: Pin
    codigo_tienda: StoreCode
    forzar_cierre: bool = False


class LoginPin(Strict):
    pin: Pin
    codigo_tienda: StoreCode
    tpv_id: UUID
    forzar_cierre: bool = False
    dispositivo: Label | None = None


class TiendaVerificada(BaseModel):
    valido: bool
    tienda_nombre: str
    organizacion_nombre: str


class UsuarioCorto(BaseModel):
    id: UUID
    nombre: str
    rol: str


class SesionPausada(BaseModel):
    tpv_id: UUID
    tpv_nombre: str
    monto_caja: Amount | None
    fecha_pausa: datetime | None


class TpvDisponible(BaseModel):
    id: UUID
    nombre: str
    tienda_nombre: str
    punto_emision: str
    es_mi_caja: bool


class PinValidado(BaseModel):
    usuario: UsuarioCorto
    tienda: Tienda
    sesion_pausada: SesionPausada | None
    tpvs_disponibles: list[TpvDisponible]


class SesionCerrada(BaseModel):
    """`tpv_reservado`, `debe_cerrar_caja` and `monto_caja` stand there when the session is paused."""

    message: str
    estado: Estado
    tpv_reservado: UUID | None = None
    debe_cerrar_caja: bool | None = None
    monto_caja: Amount | None = None


class SesionVerificada(BaseModel):
    """`valida` true with session, user and register; or false with the reason and the session's state."""

    valida: bool
    session_id: UUID | None = None
    usuario: UsuarioCorto | None = None
    tpv: Tpv | None = None
    razon: str | None = None
    estado: Estado | None = None


class SesionDeTpv(BaseModel):
    id: UUID
    estado: Estado
    iniciada: datetime
    dispositivo: str | None


class EstadoDeTpv(BaseModel):
    tpv_id: UUID
    tpv_nombre: str
    tienda_nombre: str
    estado: EstadoTpv
    usuario: UsuarioCorto | None
    sesion: SesionDeTpv | None
    caja_abierta: bool
    monto_caja: Amount | None


class EstadoSesiones(BaseModel):
    tpvs: list[EstadoDeTpv]


class TpvLiberado(BaseModel):
    message: str
    usuario_afectado: str | None
    caja_cerrada: bool
