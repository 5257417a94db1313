"""Wire shapes of receipts."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from tillvault.core.http.answers import Wire
from tillvault.core.http.fields import Body
from tillvault.sales.receipts.domain import Form, Language, Mark, Paper, Print, Receipt
from tillvault.sales.receipts.rendering import MEDIA_TYPES
from tillvault.sales.schemas import SaleOut


class PrintReceipt(Body):
    """How the receipt is to be printed; left out, as a page of HTML for 80 mm, in the language of the branch."""

    format: Form = Form.HTML
    lang: Language | None = None
    width: Paper = Paper.WIDE


class PrintOut(Wire):
    """A printing: `number` 1 is the original, every later one a duplicate."""

    number: int
    mark: Mark
    duplicate_number: int | None
    printed_at: datetime
    printed_by: UUID
    printed_by_name: str
    format: Form
    lang: Language
    width: Paper

    @classmethod
    def of(cls, made: Print) -> PrintOut:
        return cls.model_construct(**_told(made))


class PrintedOut(PrintOut):
    """A printing with the receipt itself."""

    media_type: str
    encoding: Literal["utf-8", "base64"]
    """Of `content`: HTML as it is, everything else as Base64."""
    content: str

    @classmethod
    def with_content(cls, made: Print, content: bytes) -> PrintedOut:
        is_text = made.form is Form.HTML
        return cls.model_construct(
            **_told(made),
            media_type=MEDIA_TYPES[made.form],
            encoding="utf-8" if is_text else "base64",
            content=content.decode() if is_text else base64.b64encode(content).decode(),
        )


class PrintsOut(Wire):
    items: list[PrintOut]


class ReceiptOut(Wire):
    """The facts of a receipt, for a till that draws its own."""

    organisation_name: str
    timezone: str
    lang: Language
    header: str
    footer: str
    refunded_receipt_number: int | None
    proof_url: str
    """What the QR code holds."""
    sale: SaleOut

    @classmethod
    def of(cls, receipt: Receipt) -> ReceiptOut:
        return cls.model_construct(
            organisation_name=receipt.shop.organisation_name,
            timezone=receipt.shop.timezone,
            lang=receipt.shop.language,
            header=receipt.shop.header,
            footer=receipt.shop.footer,
            refunded_receipt_number=receipt.refunded_number,
            proof_url=receipt.proof_url,
            sale=SaleOut.of(receipt.sale, receipt.ticket),
        )


def _told(made: Print) -> dict[str, Any]:
    return {
        "number": made.number,
        "mark": made.mark,
        "duplicate_number": made.duplicate_number,
        "printed_at": made.printed_at,
        "printed_by": made.printed_by,
        "printed_by_name": made.printed_by_name,
        "format": made.form,
        "lang": made.language,
        "width": made.paper,
    }
