"""SQL of receipts."""

from __future__ import annotations

from uuid import UUID

from tillvault.core.db import Connection, Row
from tillvault.sales.receipts.domain import Form, Language, Paper, Print

_PRINT = """
SELECT p.number, p.printed_by, u.name AS printed_by_name, p.form, p.language, p.paper_mm, p.printed_at
FROM receipt_prints p JOIN users u ON u.organisation_id = $1 AND u.id = p.printed_by
WHERE p.organisation_id = $1 AND p.sale_id = $2
"""


async def names(db: Connection, *, refunded_sale_id: UUID | None) -> tuple[str, str, int | None]:
    """The name of the organisation, what it says of itself, and of a refund the receipt number of the sale."""
    row = await db.fetchrow(
        """
        SELECT o.name, o.legal_identity,
               (SELECT s.receipt_number FROM sales s WHERE s.organisation_id = $1 AND s.id = $2) AS refunded_number
        FROM organisations o WHERE o.id = $1
        """,
        db.organisation_id,
        refunded_sale_id,
    )
    assert row is not None  # noqa: S101  (every row refers to its organisation)
    return row["name"], row["legal_identity"], row["refunded_number"]


async def hold_prints(db: Connection, sale_id: UUID) -> int:
    """One printing of a sale at a time; gives the number of the last one, 0 for none."""
    # The lock comes in a statement of its own: the next one then sees what its last holder committed.
    await db.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1::text || ':' || $2::text, 7246112))",
        str(db.organisation_id),
        str(sale_id),
    )
    return int(
        await db.fetchval(
            "SELECT coalesce(max(number), 0) FROM receipt_prints WHERE organisation_id = $1 AND sale_id = $2",
            db.organisation_id,
            sale_id,
        )
    )


async def insert_print(db: Connection, sale_id: UUID, made: Print) -> None:
    await db.execute(
        """
        INSERT INTO receipt_prints (organisation_id, sale_id, number, printed_by, form, language, paper_mm, printed_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        db.organisation_id,
        sale_id,
        made.number,
        made.printed_by,
        made.form.value,
        made.language.value,
        made.paper.value,
        made.printed_at,
    )


async def prints(db: Connection, sale_id: UUID, *, limit: int) -> list[Print]:
    """The original first."""
    rows = await db.fetch(_PRINT + " ORDER BY p.number LIMIT $3", db.organisation_id, sale_id, limit)
    return [_print_of(row) for row in rows]


def _print_of(row: Row) -> Print:
    return Print(
        number=row["number"],
        printed_at=row["printed_at"],
        printed_by=row["printed_by"],
        printed_by_name=row["printed_by_name"],
        form=Form(row["form"]),
        language=Language(row["language"]),
        paper=Paper(row["paper_mm"]),
    )
