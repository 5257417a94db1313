"""The endpoints of terminal-login-api.md."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from tillvault.core.errors import TooManyAttempts, Unauthorized, ValidationFailed
from tillvault.core.http.answers import json_answer
from tillvault.core.http.body import StrictRoute
from tillvault.core.http.dialects import Dialect
from tillvault.core.http.openapi import ALWAYS, AUTHENTICATED, BODY, refusals
from tillvault.core.jsontext import dumps
from tillvault.identity.access import service as access
from tillvault.identity.access.schemas import LoginAnswer, Tienda, Tpv
from tillvault.identity.access.service import Doorkeeper
from tillvault.identity.edge import Authorised, Door, bearer_of, caller_of
from tillvault.identity.errors import InvalidCredentials, RegisterNotFound, RoleForbidden
from tillvault.identity.tokens import Claims
from tillvault.terminals import reports, service
from tillvault.terminals.alerts.routes import router as alerts
from tillvault.terminals.board.routes import router as live_board
from tillvault.terminals.domain import Estado
from tillvault.terminals.errors import (
    SessionActive,
    SessionPaused,
    StoreNotFound,
    TpvBusy,
    TpvNotFound,
    TpvReserved,
)
from tillvault.terminals.own.routes import router as own
from tillvault.terminals.schemas import (
    EstadoSesiones,
    LoginPin,
    PinValidado,
    SesionCerrada,
    SesionPausada,
    SesionVerificada,
    TiendaVerificada,
    TpvDisponible,
    TpvLiberado,
    UsuarioCorto,
    ValidarPin,
)

router = APIRouter(tags=["terminals"], route_class=StrictRoute)

_PIN = (*BODY, InvalidCredentials, TooManyAttempts, SessionActive)


@router.get(
    "/api/tienda/verificar/{codigo}",
    response_model=TiendaVerificada,
    responses=refusals(Dialect.DETAIL, ValidationFailed, StoreNotFound, ALWAYS),
)
async def verify_store(codigo: Annotated[str, Path(min_length=1, max_length=64)], door: Door) -> Response:
    """Which store a code belongs to; case does not matter."""
    found = await access.find_store(door, codigo.strip()) if codigo.isprintable() else None
    if found is None:
        raise StoreNotFound
    name, organisation = found
    return json_answer(dumps(TiendaVerificada(valido=True, tienda_nombre=name, organizacion_nombre=organisation)))


@router.post("/api/auth/validar-pin", response_model=PinValidado, responses=refusals(Dialect.DETAIL, _PIN, ALWAYS))
async def validate_pin(body: ValidarPin, request: Request, door: Door) -> Response:
    """Who this PIN is, and where they can work: the paused session to resume, or the free registers."""
    user = await access.prove_pin(door, store_code=body.codigo_tienda, pin=body.pin, caller=caller_of(request))
    async with door.database.transaction(user.organisation_id) as db:
        choice = await service.choose(db, user=user, force=body.forzar_cierre)
    paused = choice.paused
    return json_answer(
        dumps(
            PinValidado(
                usuario=UsuarioCorto(id=user.user_id, nombre=user.name, rol=user.role.wire_es),
                tienda=Tienda(codigo=user.branch_code, nombre=user.branch_name),
                sesion_pausada=SesionPausada(
                    tpv_id=paused.register_id,
                    tpv_nombre=paused.register_name,
                    monto_caja=choice.amount,
                    fecha_pausa=paused.paused_at,
                )
                if paused
                else None,
                tpvs_disponibles=[
                    TpvDisponible(
                        id=register.id,
                        nombre=register.name,
                        tienda_nombre=register.branch_name,
                        punto_emision=register.emission_point,
                        # A register kept for the user is never in this list: then there is a paused session.
                        es_mi_caja=False,
                    )
                    for register in choice.registers
                ],
            )
        )
    )


@router.post(
    "/api/auth/login-pin",
    response_model=LoginAnswer,
    responses=refusals(Dialect.DETAIL, _PIN, SessionPaused, TpvBusy, TpvReserved, TpvNotFound, ALWAYS),
)
async def login_pin(body: LoginPin, request: Request, door: Door) -> Response:
    """Log in on a register, or resume there."""
    caller = caller_of(request)
    user = await access.prove_pin(door, store_code=body.codigo_tienda, pin=body.pin, caller=caller)
    async with door.database.transaction(user.organisation_id) as db:
        made, register = await service.login(
            db,
            door,
            user=user,
            register_id=body.tpv_id,
            force=body.forzar_cierre,
            device=body.dispositivo or caller.device,
            caller=caller,
        )
    return json_answer(dumps(LoginAnswer.of(made, Tpv(id=register.id, nombre=register.name))))


@router.post("/api/auth/logout-pos", response_model=SesionCerrada, responses=refusals(Dialect.DETAIL, AUTHENTICATED))
async def logout(request: Request, door: Door) -> Response:
    """End the login; with an open drawer the session is paused and the register kept."""
    claims = _claims(request, door)
    async with door.database.transaction(claims.organisation_id) as db:
        left = await service.logout(db, claims=claims)
    if left.estado is Estado.PAUSADA:
        answer = SesionCerrada(
            message="Sesión pausada - Tienes caja abierta",
            estado=left.estado,
            tpv_reservado=left.register_id,
            debe_cerrar_caja=True,
            monto_caja=left.amount,
        )
        return json_answer(dumps(answer))
    closed = SesionCerrada(message="Sesión cerrada correctamente", estado=left.estado)
    return json_answer(dumps(closed.model_dump(include={"message", "estado"})))


@router.get(
    "/api/auth/verificar-sesion",
    response_model=SesionVerificada,
    responses=refusals(Dialect.DETAIL, AUTHENTICATED),
)
async def verify_session(request: Request, door: Door) -> Response:
    """Whether the login still stands. A till asks this to notice a release."""
    claims = _claims(request, door)
    async with door.database.transaction(claims.organisation_id) as db:
        found = await reports.own_session(db, claims=claims)
    shown = {"valida", "session_id", "usuario", "tpv"} if found.valida else {"valida", "razon", "estado"}
    return json_answer(dumps(found.model_dump(include=shown)))


@router.get(
    "/api/tpv/estado-sesiones",
    response_model=EstadoSesiones,
    responses=refusals(Dialect.DETAIL, RoleForbidden, AUTHENTICATED),
)
async def board(edge: Authorised) -> Response:
    """Every register of the organisation: who, since when, and what is in the drawer (admins)."""
    return json_answer(dumps(EstadoSesiones(tpvs=await reports.board(edge.db, actor=edge.actor))))


@router.post(
    "/api/tpv/{tpv_id}/liberar",
    response_model=TpvLiberado,
    responses=refusals(Dialect.DETAIL, ValidationFailed, RoleForbidden, RegisterNotFound, AUTHENTICATED),
)
async def release(tpv_id: UUID, edge: Authorised) -> Response:
    """Free a register: its session ends, its drawer is force-closed without a count (admins)."""
    released = await service.release(edge.db, actor=edge.actor, register_id=tpv_id)
    return json_answer(
        dumps(
            TpvLiberado(
                message="TPV liberado correctamente",
                usuario_afectado=released.user_name,
                caja_cerrada=released.drawer_closed,
            )
        )
    )


def _claims(request: Request, door: Doorkeeper) -> Claims:
    """The claims of the token, expired or not: a login that is over may still be asked about and logged out."""
    bearer = bearer_of(request)
    claims = door.tokens.claims(bearer) if bearer else None
    if claims is None:
        raise Unauthorized
    return claims


ROUTERS = (router, own, live_board, alerts)
