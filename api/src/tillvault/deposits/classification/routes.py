"""`/v1/deposits/classify` and `/v1/deposits/transcribe`. Neither holds a transaction while it waits for an answer."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from tillvault.core.errors import PayloadTooLarge, ValidationFailed
from tillvault.core.http.answers import Success, json_answer
from tillvault.core.http.body import StrictRoute
from tillvault.core.http.dialects import Dialect
from tillvault.core.http.openapi import AUTHENTICATED, BODY, refusals
from tillvault.core.jsontext import dumps
from tillvault.deposits.classification.providers import Classifier
from tillvault.deposits.errors import AudioTypeUnknown, AudioUnreadable, TranscriptionUnavailable
from tillvault.deposits.schemas import ClassificationAnswer, ClassifyText, Lang, TranscriptAnswer
from tillvault.identity.edge import Door, actor_of_request
from tillvault.identity.errors import RoleForbidden
from tillvault.identity.permissions import Permission, require

router = APIRouter(prefix="/v1/deposits", tags=["deposits"], route_class=StrictRoute)

AUDIO_TYPES = frozenset(
    {
        "audio/ogg",
        "audio/mpeg",
        "audio/mp4",
        "audio/x-m4a",
        "audio/wav",
        "audio/x-wav",
        "audio/webm",
        "audio/flac",
    }
)


async def _classifier(request: Request) -> Classifier:
    # A coroutine although it waits for nothing: FastAPI sends plain functions to a thread.
    return request.app.state.classifier


AtClassifier = Annotated[Classifier, Depends(_classifier)]


async def may_record(request: Request, door: Door) -> None:
    """Raises Unauthorized or RoleForbidden."""
    require(await actor_of_request(request, door), Permission.DEPOSITS_RECORD)


@router.post(
    "/classify",
    response_model=Success[ClassificationAnswer],
    responses=refusals(Dialect.ENVELOPE, RoleForbidden, BODY, AUTHENTICATED),
    dependencies=[Depends(may_record)],
)
async def classify_text(at: AtClassifier, body: ClassifyText) -> Response:
    """What a description is taken for: the three likeliest categories. Changes nothing."""
    found = await at.classify(body.text, lang=body.lang)
    return json_answer(dumps({"success": True, "data": ClassificationAnswer.of(found)}))


@router.post(
    "/transcribe",
    response_model=Success[TranscriptAnswer],
    responses=refusals(
        Dialect.ENVELOPE,
        RoleForbidden,
        ValidationFailed,
        AudioUnreadable,
        AudioTypeUnknown,
        PayloadTooLarge,
        TranscriptionUnavailable,
        AUTHENTICATED,
    ),
    dependencies=[Depends(may_record)],
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in sorted(AUDIO_TYPES)},
        }
    },
)
async def transcribe_voice(
    request: Request, at: AtClassifier, lang: Annotated[Lang | None, Query(description="That is spoken.")] = None
) -> Response:
    """The words of a recording, where an endpoint for it is configured. It is not kept."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in AUDIO_TYPES:
        raise AudioTypeUnknown
    audio = await request.body()
    if not audio:
        raise AudioUnreadable
    text = await at.transcribe(audio, media_type=media_type, lang=lang)
    return json_answer(dumps({"success": True, "data": TranscriptAnswer(text=text)}))
