"""Receipts: looked at, printed and counted, and shown to whoever holds the paper."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from tillvault.cash.sessions.routes import GUARD, WRITE
from tillvault.cash.takings.errors import SaleNotFound
from tillvault.core.errors import ValidationFailed
from tillvault.core.http.answers import Success, json_answer
from tillvault.core.http.body import StrictRoute
from tillvault.core.http.dialects import Dialect
from tillvault.core.http.openapi import ALWAYS, AUTHENTICATED, Responses, refusals
from tillvault.identity.edge import Authorised, Door, guard_branch, opened
from tillvault.sales.receipts import as_html, service
from tillvault.sales.receipts.domain import Copy, Form, Language, Mark, Paper
from tillvault.sales.receipts.errors import ProofNotReady, ReceiptNotFound, TooManyPrints
from tillvault.sales.receipts.links import Address
from tillvault.sales.receipts.rendering import MEDIA_TYPES, SUFFIXES, Press, Wanted
from tillvault.sales.receipts.schemas import PrintedOut, PrintOut, PrintReceipt, PrintsOut, ReceiptOut
from tillvault.vault.errors import VaultUnavailable

router = APIRouter(prefix="/v1/sales/{sale_id}", tags=["receipts"], route_class=StrictRoute)
public = APIRouter(prefix="/r", tags=["receipts"], route_class=StrictRoute)


class Look(StrEnum):
    """How a receipt may be looked at: as it would be printed, or as its facts."""

    HTML = "html"
    PDF = "pdf"
    ESCPOS = "escpos"
    JSON = "json"


Lang = Annotated[
    Language | None,
    Query(description="Of the fixed words, dates and amounts. Left out: the language of the branch."),
]
Width = Annotated[Paper, Query(description="Of the roll, in millimetres.")]
Token = Annotated[str, Path(max_length=200, description="What the QR code of the receipt holds after `/r/`.")]

_FILES: Responses = {
    200: {
        "content": {
            "text/html": {"schema": {"type": "string"}},
            "application/pdf": {"schema": {"type": "string", "format": "binary"}},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        }
    }
}
_PAGE: Responses = {200: {"content": {"text/html": {"schema": {"type": "string"}}}}}
_PROOF: Responses = {200: {"content": {"application/json": {"schema": {"type": "object"}}}}}


@router.get(
    "/receipt",
    response_model=Success[ReceiptOut],
    responses=refusals(Dialect.ENVELOPE, ValidationFailed, SaleNotFound, GUARD, AUTHENTICATED) | _FILES,
)
async def preview_receipt(
    sale_id: UUID,
    request: Request,
    door: Door,
    look: Annotated[Look, Query(alias="format")] = Look.HTML,
    lang: Lang = None,
    width: Width = Paper.WIDE,
) -> Response:
    """The receipt to look at, marked as a preview; it counts as no printing. `json` gives its facts."""
    press = _press(request)
    async with opened(request, door) as edge:
        await guard_branch(edge)
        receipt = await service.previewed(edge.db, actor=edge.actor, sale_id=sale_id, links=press.links)
        if look is Look.JSON:
            return await edge.answer(ReceiptOut.of(receipt))
    wanted = Wanted(form=Form(look.value), language=lang or receipt.shop.language, paper=width)
    content = await press.made(receipt, Copy(mark=Mark.PREVIEW), wanted)
    return _file(content, wanted.form, name=f"receipt-{receipt.sale.receipt_number}")


@router.post(
    "/prints",
    status_code=201,
    response_model=Success[PrintedOut],
    responses=refusals(Dialect.ENVELOPE, WRITE, SaleNotFound, TooManyPrints, GUARD, AUTHENTICATED),
)
async def print_receipt(sale_id: UUID, body: PrintReceipt, request: Request, door: Door) -> Response:
    """Print the receipt: the first time the original, then duplicates that carry their number. A repetition under the
    same `Idempotency-Key` gives the same paper again and counts once."""
    press = _press(request)
    async with press.place(), opened(request, door) as edge:
        await guard_branch(edge)
        receipt, made = await service.printed(
            edge.db,
            actor=edge.actor,
            sale_id=sale_id,
            form=body.format,
            language=body.lang,
            paper=body.width,
            links=press.links,
        )
        # Made before the printing is committed: what cannot be drawn has not been printed.
        wanted = Wanted(form=made.form, language=made.language, paper=made.paper)
        content = await press.made(receipt, Copy.of(made), wanted)
        return await edge.answer(PrintedOut.with_content(made, content), 201)


@router.get(
    "/prints",
    response_model=Success[PrintsOut],
    responses=refusals(Dialect.ENVELOPE, ValidationFailed, SaleNotFound, GUARD, AUTHENTICATED),
    dependencies=[Depends(guard_branch)],
)
async def list_prints(sale_id: UUID, edge: Authorised) -> Response:
    """Every printing of the receipt, the original first."""
    made = await service.prints(edge.db, actor=edge.actor, sale_id=sale_id)
    return await edge.answer(PrintsOut.model_construct(items=[PrintOut.of(one) for one in made]))


@public.get(
    "/{token}",
    response_class=Response,
    responses=refusals(Dialect.ENVELOPE, ValidationFailed, ReceiptNotFound, ALWAYS) | _PAGE,
)
async def show_receipt(
    token: Token,
    request: Request,
    door: Door,
    lang: Annotated[Language | None, Query(description="Left out: what the browser prefers.")] = None,
) -> Response:
    """The receipt as whoever holds it sees it behind the QR code; no login."""
    press, address = _press(request), _address(request, token)
    async with door.database.transaction(address.organisation_id) as db:
        receipt = await service.held_receipt(db, sale_id=address.sale_id, links=press.links)
    language = lang or _preferred(request.headers.get("accept-language", "")) or receipt.shop.language
    wanted = Wanted(form=Form.HTML, language=language, paper=Paper.WIDE)
    return _file(await press.made(receipt, Copy(mark=Mark.ELECTRONIC), wanted), Form.HTML)


@public.get(
    "/{token}/proof",
    response_class=Response,
    responses=refusals(Dialect.ENVELOPE, ValidationFailed, ReceiptNotFound, ProofNotReady, VaultUnavailable, ALWAYS)
    | _PROOF,
)
async def download_proof(token: Token, request: Request, door: Door) -> Response:
    """The proof of the ticket (`tillvault-proof/1`) for whoever holds the receipt; no login."""
    address = _address(request, token)
    async with door.database.transaction(address.organisation_id) as db:
        sale, proof = await service.held_proof(db, request.app.state.signers, sale_id=address.sale_id)
    answer = json_answer(proof)
    answer.headers["Content-Disposition"] = f'attachment; filename="proof-{sale.receipt_number}.json"'
    return answer


def _press(request: Request) -> Press:
    return request.app.state.press


def _address(request: Request, token: str) -> Address:
    """Raises ReceiptNotFound for an address that was not made here."""
    address = _press(request).links.read(token)
    if address is None:
        raise ReceiptNotFound
    return address


def _preferred(accept_language: str) -> Language | None:
    """The first language of the browser that we have."""
    known = {language.value: language for language in Language}
    for part in accept_language[:200].split(","):
        found = known.get(part.split(";")[0].strip().lower().split("-")[0])
        if found is not None:
            return found
    return None


def _file(content: bytes, form: Form, *, name: str | None = None) -> Response:
    headers = {"Content-Security-Policy": as_html.POLICY}
    if name is not None:
        headers["Content-Disposition"] = f'inline; filename="{name}.{SUFFIXES[form]}"'
    return Response(content, media_type=MEDIA_TYPES[form], headers=headers)


ROUTERS = (router, public)
