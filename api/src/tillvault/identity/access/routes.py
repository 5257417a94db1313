"""Back-office login."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from tillvault.core.errors import TooManyAttempts
from tillvault.core.http.answers import json_answer
from tillvault.core.http.body import StrictRoute
from tillvault.core.http.dialects import Dialect
from tillvault.core.http.openapi import ALWAYS, BODY, refusals
from tillvault.core.jsontext import dumps
from tillvault.identity.access import service
from tillvault.identity.access.schemas import LoginAnswer, PasswordLogin
from tillvault.identity.edge import Door, caller_of
from tillvault.identity.errors import InvalidCredentials

router = APIRouter(prefix="/api/auth", tags=["logins"], route_class=StrictRoute)


@router.post(
    "/login",
    response_model=LoginAnswer,
    responses=refusals(Dialect.DETAIL, BODY, InvalidCredentials, TooManyAttempts, ALWAYS),
)
async def login(body: PasswordLogin, request: Request, door: Door) -> Response:
    """Log in with name and password, without a register."""
    caller = caller_of(request)
    user = await service.prove_password(
        door, username=body.username, password=body.password, organisation=body.organizacion, caller=caller
    )
    async with door.database.transaction(user.organisation_id) as db:
        made = await service.login_back_office(
            db, door, user=user, device=body.dispositivo or caller.device, caller=caller
        )
    return json_answer(dumps(LoginAnswer.of(made, None)))
