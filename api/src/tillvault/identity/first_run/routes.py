"""The first run: whether it is due, and founding the shop."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from tillvault.core.config import Settings
from tillvault.core.errors import TooManyAttempts
from tillvault.core.http.answers import Success, json_answer
from tillvault.core.http.body import StrictRoute
from tillvault.core.http.dialects import Dialect
from tillvault.core.http.openapi import ALWAYS, BODY, refusals
from tillvault.core.jsontext import dumps
from tillvault.identity.edge import Door, caller_of
from tillvault.identity.first_run import service
from tillvault.identity.first_run.errors import AlreadySetUp, SetupCodeWrong
from tillvault.identity.first_run.schemas import FoundedShop, FoundShop, SetupState

router = APIRouter(prefix="/v1/setup", tags=["first run"], route_class=StrictRoute)


@router.get("", response_model=Success[SetupState], responses=refusals(Dialect.ENVELOPE, ALWAYS))
async def setup_state(request: Request, door: Door) -> Response:
    """Whether a shop can be founded here; no login."""
    async with door.database.transaction(None) as db:
        needed = await service.is_needed(db, code=_code(request))
    return json_answer(dumps({"success": True, "data": SetupState(needed=needed)}))


@router.post(
    "",
    status_code=201,
    response_model=Success[FoundedShop],
    responses=refusals(Dialect.ENVELOPE, BODY, SetupCodeWrong, AlreadySetUp, TooManyAttempts, ALWAYS),
)
async def found_shop(body: FoundShop, request: Request, door: Door) -> Response:
    """Make the organisation with its first branch, register and admin, with the code from the server's log. Possible as
    long as there is no organisation; no login."""
    await service.admit(door, caller=caller_of(request), given=body.code, code=_code(request))
    founding = body.founding()
    async with door.database.transaction(None) as db:
        founded = await service.found(db, door, founding=founding)
    return json_answer(dumps({"success": True, "data": FoundedShop.of(founding, founded)}), 201)


def _code(request: Request) -> str | None:
    settings: Settings = request.app.state.settings
    return None if settings.setup_code is None else settings.setup_code.get_secret_value()
