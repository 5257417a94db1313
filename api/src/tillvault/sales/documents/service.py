"""Reports for files: the same reports, under the same rules of who may read them."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from tillvault.cash import reports
from tillvault.core.db import Connection
from tillvault.core.jsontext import dumps
from tillvault.identity.domain import Actor
from tillvault.sales.documents import as_blocks, as_csv, as_xlsx, queries
from tillvault.sales.documents.domain import FileForm, Paper
from tillvault.sales.documents.layout import laid_out
from tillvault.sales.receipts import as_pdf
from tillvault.sales.receipts.domain import Language
from tillvault.sales.receipts.domain import Paper as Roll
from tillvault.sales.receipts.fonts import Fonts


async def z_report(db: Connection, *, actor: Actor, session_id: UUID) -> dict[str, Any]:
    """The Z as it was kept. Raises what reading it raises."""
    return _read(await reports.z_report(db, actor=actor, session_id=session_id))["data"]


async def x_report(db: Connection, *, actor: Actor, register_id: UUID) -> dict[str, Any]:
    """Raises what reading the X raises."""
    return _read(dumps(await reports.x_report(db, actor=actor, register_id=register_id)))


async def paper(db: Connection, report: dict[str, Any], language: Language) -> Paper:
    place = await queries.place(db, UUID(report["session"]["branchId"]))
    return laid_out(
        report,
        organisation=place["organisation"],
        branch=place["branch"],
        timezone=place["timezone"],
        language=language,
    )


def rendered(wanted: Paper, form: FileForm, language: Language, made_at: datetime, fonts: Fonts) -> bytes:
    """The bytes of the file. Takes tenths of a second for a PDF: run it off the event loop."""
    match form:
        case FileForm.CSV:
            return as_csv.content(wanted)
        case FileForm.XLSX:
            return as_xlsx.content(wanted)
        case FileForm.PDF:
            return as_pdf.document(
                list(as_blocks.blocks(wanted)),
                title=wanted.title,
                language=language,
                paper=Roll.WIDE,
                fonts=fonts,
                made_at=made_at,
            )


def _read(body: bytes) -> dict[str, Any]:
    # Amounts as the decimals they are: a float would show 0.1 + 0.2.
    return json.loads(body, parse_float=Decimal)
