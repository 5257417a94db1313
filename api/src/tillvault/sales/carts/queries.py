"""SQL of carts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from asyncpg import UniqueViolationError

from tillvault.core.db import Connection, Row
from tillvault.core.money import from_minor
from tillvault.sales.carts.domain import Cart, CartLine, CartStatus
from tillvault.sales.carts.errors import CartIdTaken
from tillvault.sales.domain import WantedDiscount, WantedLine
from tillvault.sales.pricing import Discount

# The name is no join: whoever waited for a cart that changed hands would look for its new cashier in the joined row of
# the old one, and find no cart at all.
_CART = """
SELECT c.organisation_id, c.id, c.branch_id, c.session_id, c.cashier_id,
       (SELECT u.name FROM users u WHERE u.organisation_id = $1 AND u.id = c.cashier_id) AS cashier_name,
       c.status, c.currency, c.label, c.note, c.discount_percent_bp, c.discount_minor, c.donation_minor, c.created_at,
       c.updated_at
FROM carts c
WHERE c.organisation_id = $1
"""

_LINES = """
SELECT cart_id, id, product_id, name, quantity_milli, unit_price_minor, price_decided_by, tax_rate_bp,
       discount_percent_bp, discount_minor, eee_category, weight_grams
FROM cart_lines WHERE organisation_id = $1 AND cart_id = ANY($2::uuid[]) ORDER BY cart_id, id
"""


async def insert(db: Connection, cart: Cart) -> None:
    """Raises CartIdTaken."""
    try:
        await db.execute(
            """
            INSERT INTO carts (organisation_id, id, branch_id, session_id, cashier_id, status, currency, label, note,
                               donation_minor, created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)
            """,
            db.organisation_id,
            cart.id,
            cart.branch_id,
            cart.session_id,
            cart.cashier_id,
            cart.status,
            cart.currency,
            cart.label,
            cart.note,
            cart.donation_minor,
            cart.created_at,
        )
    except UniqueViolationError as error:
        raise CartIdTaken from error


async def cart(db: Connection, cart_id: UUID, *, hold: bool = False) -> Cart | None:
    """A cart with its lines; `hold` keeps it for the rest of the transaction."""
    row = await db.fetchrow(
        _CART + " AND c.id = $2" + (" FOR NO KEY UPDATE OF c" if hold else ""), db.organisation_id, cart_id
    )
    return (await _whole(db, [row]))[0] if row else None


async def carts(
    db: Connection,
    *,
    branch_ids: list[UUID] | None,
    statuses: Sequence[CartStatus],
    cashier_id: UUID | None,
    after: tuple[datetime | None, UUID | None],
    limit: int,
) -> list[Cart]:
    """Newest first. Of the open ones a cashier sees their own, of the parked ones all of the branch."""
    rows = await db.fetch(
        _CART
        + """
          AND ($2::uuid[] IS NULL OR c.branch_id = ANY($2))
          AND c.status = ANY($3::cart_status[])
          AND ($4::uuid IS NULL OR c.cashier_id = $4 OR c.status = 'PARKED')
          AND ($5::timestamptz IS NULL OR (c.created_at, c.id) < ($5, $6::uuid))
        ORDER BY c.created_at DESC, c.id DESC LIMIT $7
        """,
        db.organisation_id,
        branch_ids,
        list(statuses),
        cashier_id,
        *after,
        limit,
    )
    return await _whole(db, rows)


async def save(db: Connection, cart: Cart) -> None:
    discount = cart.discount
    await db.execute(
        """
        UPDATE carts SET session_id = $3, cashier_id = $4, status = $5, label = $6, note = $7, discount_percent_bp = $8,
                         discount_minor = $9, donation_minor = $10, updated_at = $11
        WHERE organisation_id = $1 AND id = $2
        """,
        db.organisation_id,
        cart.id,
        cart.session_id,
        cart.cashier_id,
        cart.status,
        cart.label,
        cart.note,
        _bp(discount.percent if discount else None),
        discount.amount_minor if discount else None,
        cart.donation_minor,
        cart.updated_at,
    )


async def put_line(
    db: Connection, cart_id: UUID, line: CartLine, *, unit_price_minor: int | None, discount: Discount | None
) -> None:
    """Add a line, or change the one with its id."""
    wanted = line.wanted
    await db.execute(
        """
        INSERT INTO cart_lines (organisation_id, cart_id, id, product_id, name, quantity_milli, unit_price_minor,
                                price_decided_by, tax_rate_bp, discount_percent_bp, discount_minor, eee_category,
                                weight_grams)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        ON CONFLICT (organisation_id, cart_id, id) DO UPDATE
        SET quantity_milli = excluded.quantity_milli, unit_price_minor = excluded.unit_price_minor,
            price_decided_by = excluded.price_decided_by, discount_percent_bp = excluded.discount_percent_bp,
            discount_minor = excluded.discount_minor, eee_category = excluded.eee_category,
            weight_grams = excluded.weight_grams
        """,
        db.organisation_id,
        cart_id,
        line.id,
        wanted.product_id,
        wanted.name,
        wanted.quantity_milli,
        unit_price_minor,
        line.price_decided_by,
        wanted.tax_rate_bp,
        _bp(discount.percent if discount else None),
        discount.amount_minor if discount else None,
        wanted.eee_category,
        wanted.weight_grams,
    )


async def delete_line(db: Connection, cart_id: UUID, line_id: UUID) -> None:
    await db.execute(
        "DELETE FROM cart_lines WHERE organisation_id = $1 AND cart_id = $2 AND id = $3",
        db.organisation_id,
        cart_id,
        line_id,
    )


def _bp(percent: Decimal | None) -> int | None:
    return None if percent is None else int(percent * 100)


def _percent(bp: int | None) -> Decimal | None:
    return None if bp is None else Decimal(bp).scaleb(-2)


async def _whole(db: Connection, rows: Sequence[Row]) -> list[Cart]:
    currencies: dict[UUID, str] = {row["id"]: row["currency"] for row in rows}
    lines: dict[UUID, list[CartLine]] = {cart_id: [] for cart_id in currencies}
    for row in await db.fetch(_LINES, db.organisation_id, list(currencies)):
        lines[row["cart_id"]].append(_line(row, currencies[row["cart_id"]]))
    return [_cart(row, lines[row["id"]]) for row in rows]


def _cart(row: Row, lines: list[CartLine]) -> Cart:
    known: dict[str, Any] = dict(row)
    percent, amount = _percent(known.pop("discount_percent_bp")), known.pop("discount_minor")
    known["status"] = CartStatus(known["status"])
    has_discount = percent is not None or amount is not None
    return Cart(**known, discount=Discount(percent=percent, amount_minor=amount) if has_discount else None, lines=lines)


def _line(row: Row, currency: str) -> CartLine:
    percent, amount = _percent(row["discount_percent_bp"]), row["discount_minor"]
    price = row["unit_price_minor"]
    return CartLine(
        id=row["id"],
        price_decided_by=row["price_decided_by"],
        wanted=WantedLine(
            product_id=row["product_id"],
            name=row["name"],
            quantity_milli=row["quantity_milli"],
            unit_price=None if price is None else from_minor(price, currency),
            tax_rate_bp=row["tax_rate_bp"],
            eee_category=row["eee_category"],
            weight_grams=row["weight_grams"],
            price_decided_by=row["price_decided_by"],
            discount=WantedDiscount(percent=percent, amount=None if amount is None else from_minor(amount, currency))
            if percent is not None or amount is not None
            else None,
        ),
    )
