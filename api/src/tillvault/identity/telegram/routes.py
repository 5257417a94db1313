"""`/v1/telegram/links`."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from starlette.responses import Response

from tillvault.core.errors import TooManyAttempts, ValidationFailed
from tillvault.core.http.answers import Page, Success
from tillvault.core.http.body import StrictRoute
from tillvault.core.http.dialects import Dialect
from tillvault.core.http.fields import Cursor, Limit
from tillvault.core.http.openapi import AUTHENTICATED, BODY, refusals
from tillvault.core.paging import PAGE_SIZE
from tillvault.identity.edge import Authorised, Door
from tillvault.identity.errors import RoleForbidden
from tillvault.identity.schemas import REPEATABLE
from tillvault.identity.telegram import service
from tillvault.identity.telegram.domain import TELEGRAM_ID_MAX
from tillvault.identity.telegram.errors import LinkCodeUnknown, LinkedMeanwhile, LinkNotFound
from tillvault.identity.telegram.schemas import LinkCode, RedeemCode, TelegramLink

router = APIRouter(prefix="/v1/telegram/links", tags=["Telegram"], route_class=StrictRoute)

_READ = (RoleForbidden, ValidationFailed, AUTHENTICATED)


@router.post(
    "",
    status_code=201,
    response_model=Success[LinkCode],
    responses=refusals(Dialect.ENVELOPE, RoleForbidden, ValidationFailed, REPEATABLE, AUTHENTICATED),
)
async def give_code(edge: Authorised) -> Response:
    """A code that links your Telegram account: tell it to the bot within ten minutes. It is good once."""
    link_id, code, expires_at = await service.new_code(edge.db, actor=edge.actor)
    told = LinkCode(id=link_id, code=code, expires_at=expires_at)
    return await edge.answer(told, 201, kept=told.model_copy(update={"code": None}))


@router.get("", response_model=Success[Page[TelegramLink]], responses=refusals(Dialect.ENVELOPE, *_READ))
async def list_links(edge: Authorised, cursor: Cursor = None, limit: Limit = PAGE_SIZE) -> Response:
    """Your account; those of everybody for an admin and for the bot (`bot:link`)."""
    rows, following = await service.listed(edge.db, actor=edge.actor, cursor=cursor, limit=limit)
    return await edge.answer(Page(items=[TelegramLink.of(row) for row in rows], next_cursor=following))


@router.post(
    "/redeem",
    response_model=Success[TelegramLink],
    responses=refusals(
        Dialect.ENVELOPE,
        RoleForbidden,
        BODY,
        REPEATABLE,
        LinkCodeUnknown,
        LinkedMeanwhile,
        TooManyAttempts,
        AUTHENTICATED,
    ),
)
async def redeem_code(edge: Authorised, door: Door, body: RedeemCode) -> Response:
    """Use a code (the bot's API key, scope `bot:link`). Five wrong ones hold the Telegram account back."""
    row = await service.redeem(
        edge.db,
        door.throttle,
        actor=edge.actor,
        code=body.code,
        telegram_id=body.telegram_id,
        chat_id=body.chat_id,
        name=body.name,
        language=body.language,
    )
    return await edge.answer(TelegramLink.of(row))


@router.get(
    "/by-telegram/{telegram_id}",
    response_model=Success[TelegramLink],
    responses=refusals(Dialect.ENVELOPE, LinkNotFound, *_READ),
)
async def read_link(edge: Authorised, telegram_id: Annotated[int, Path(ge=1, le=TELEGRAM_ID_MAX)]) -> Response:
    """The person behind a Telegram account (the bot's API key, scope `bot:link`)."""
    return await edge.answer(
        TelegramLink.of(await service.of_account(edge.db, actor=edge.actor, telegram_id=telegram_id))
    )


@router.delete(
    "/{link_id}",
    response_model=Success[TelegramLink],
    responses=refusals(Dialect.ENVELOPE, LinkNotFound, REPEATABLE, *_READ),
)
async def remove_link(edge: Authorised, link_id: UUID) -> Response:
    """Unlink your account, or as an admin anybody's: the bot stops to act for the person at once."""
    return await edge.answer(TelegramLink.of(await service.unlink(edge.db, actor=edge.actor, link_id=link_id)))
