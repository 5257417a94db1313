"""SQL of the catalogue; that of imports and exports is in `transfer/queries.py`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from asyncpg import ForeignKeyViolationError, UniqueViolationError

from tillvault.core.db import Connection, Row, constraint_of
from tillvault.core.errors import AppError
from tillvault.sales.catalogue.domain import Category, Product, SaleProduct, Unit, folded_name, search_text
from tillvault.sales.catalogue.errors import BarcodeTaken, CategoryNameTaken, CategoryNotFound, SkuTaken

_PRODUCT = (
    "id, name, sku, barcode, category_id, tax_rate_bp, eee_category, weight_grams, price_minor, currency,"
    " is_open_price, unit, is_favourite, is_active"
)
_CATEGORY = "id, name, position, colour, is_active, created_at, updated_at"

FOR_SALE = """
SELECT p.id, p.name, p.sku, p.barcode, p.category_id, c.name AS category_name, p.tax_rate_bp, p.eee_category,
       p.weight_grams, coalesce(b.price_minor, p.price_minor) AS price_minor,
       coalesce(b.currency, p.currency) AS currency, p.is_open_price, p.unit, p.is_active
FROM products p
LEFT JOIN product_prices b
    ON b.organisation_id = p.organisation_id AND b.product_id = p.id AND b.branch_id = {branch}
LEFT JOIN product_categories c ON c.organisation_id = p.organisation_id AND c.id = p.category_id
WHERE p.organisation_id = $1 AND p.id = ANY({products}::uuid[])
"""

_FOR_SALE = FOR_SALE.format(branch="$2", products="$3")

# The page is cut before anything is joined to it: a word that thousands of products have would join them all.
_LISTED = """
SELECT p.id, p.name, p.search, p.sku, p.barcode, p.category_id, c.name AS category_name, p.tax_rate_bp,
       p.eee_category, p.weight_grams, coalesce(b.price_minor, p.price_minor) AS price_minor,
       coalesce(b.currency, p.currency) AS currency, b.product_id IS NOT NULL AS is_branch_price, p.is_open_price,
       p.unit, p.is_favourite, p.is_active, p.created_at, p.updated_at
FROM (SELECT * FROM products p WHERE p.organisation_id = $1 {clauses} ORDER BY {order} LIMIT {limit}) p
LEFT JOIN product_prices b
    ON b.organisation_id = p.organisation_id AND b.product_id = p.id AND b.branch_id = $2
LEFT JOIN product_categories c ON c.organisation_id = p.organisation_id AND c.id = p.category_id
ORDER BY {order}
"""

_FILTERS: Mapping[str, str] = {
    "barcode": "p.barcode = {}",
    "but_barcode": "p.barcode IS DISTINCT FROM {}",
    "product_id": "p.id = {}",
    "category_id": "p.category_id = {}",
    "is_favourite": "p.is_favourite = {}",
    "is_active": "p.is_active = {}",
    "patterns": "p.search LIKE ALL({}::text[])",
    "updated_since": "p.updated_at >= {}",
    "after_name": "(p.search, p.id) > ({}, {})",
    "after_update": "(p.updated_at, p.id) > ({}, {})",
}


async def hold_catalogue(db: Connection, *, alone: bool) -> None:
    """Hold the catalogue for the rest of the transaction: an import alone, single changes beside each other.

    What an import has read must still be so when it writes, or it would undo a change that came in between.
    """
    function = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
    await db.execute(f"SELECT {function}(hashtextextended('tillvault.catalogue.' || $1, 0))", str(db.organisation_id))


async def for_sale(db: Connection, *, branch_id: UUID, product_ids: Collection[UUID]) -> dict[UUID, SaleProduct]:
    """The named products as this branch sells them, inactive ones too; an unknown id is not in the answer."""
    rows = await db.fetch(_FOR_SALE, db.organisation_id, branch_id, list(product_ids))
    return {row["id"]: SaleProduct(**_with_unit(row)) for row in rows}


async def listed(
    db: Connection, *, branch_id: UUID | None, filters: Mapping[str, Any], by_update: bool, limit: int
) -> list[Row]:
    """Products with what they cost in the branch, by name or by their last change.

    `filters` are names of `_FILTERS`; one that is None does not count. Only those that count are in the statement: a
    plan for all of them at once would scan the catalogue for a barcode.
    """
    args: list[object] = [db.organisation_id, branch_id]
    clauses: list[str] = []
    for name, value in filters.items():
        if value is None:
            continue
        values = cast("tuple[object, ...]", value) if isinstance(value, tuple) else (value,)
        args.extend(values)
        places = [f"${len(args) - len(values) + at + 1}" for at in range(len(values))]
        clauses.append(f"AND {_FILTERS[name].format(*places)}")
    order = "p.updated_at, p.id" if by_update else "p.search, p.id"
    args.append(limit)
    statement = _LISTED.format(clauses=" ".join(clauses), order=order, limit=f"${len(args)}")
    return await db.fetch(statement, *args)


async def lock_product(db: Connection, product_id: UUID) -> Product | None:
    """A product, held for the rest of the transaction. Sales that read it do not wait."""
    row = await db.fetchrow(
        f"SELECT {_PRODUCT} FROM products WHERE organisation_id = $1 AND id = $2 FOR NO KEY UPDATE",  # noqa: S608  (our own column list)
        db.organisation_id,
        product_id,
    )
    return Product(**_with_unit(row)) if row else None


async def prices_of(db: Connection, product_id: UUID) -> list[Row]:
    """What the product costs where a branch has a price of its own."""
    return await db.fetch(
        """
        SELECT p.branch_id, b.name AS branch_name, p.price_minor, p.currency, p.updated_at
        FROM product_prices p
        JOIN branches b ON b.organisation_id = p.organisation_id AND b.id = p.branch_id
        WHERE p.organisation_id = $1 AND p.product_id = $2 ORDER BY b.created_at, b.id
        """,
        db.organisation_id,
        product_id,
    )


async def insert_product(db: Connection, *, product: Product, now: datetime) -> None:
    """Raises SkuTaken, BarcodeTaken or CategoryNotFound."""
    try:
        await db.execute(
            """
            INSERT INTO products (organisation_id, id, name, search, sku, barcode, category_id, tax_rate_bp,
                                  eee_category, weight_grams, price_minor, currency, is_open_price, unit, is_favourite,
                                  is_active, created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17)
            """,
            *_values(db, product),
            now,
        )
    except (UniqueViolationError, ForeignKeyViolationError) as error:
        raise _refusal(error) from error


async def update_product(db: Connection, *, product: Product, now: datetime) -> None:
    """Raises SkuTaken, BarcodeTaken or CategoryNotFound."""
    try:
        await db.execute(
            """
            UPDATE products SET name = $3, search = $4, sku = $5, barcode = $6, category_id = $7, tax_rate_bp = $8,
                                eee_category = $9, weight_grams = $10, price_minor = $11, currency = $12,
                                is_open_price = $13, unit = $14, is_favourite = $15, is_active = $16, updated_at = $17
            WHERE organisation_id = $1 AND id = $2
            """,
            *_values(db, product),
            now,
        )
    except (UniqueViolationError, ForeignKeyViolationError) as error:
        raise _refusal(error) from error


async def save_price(
    db: Connection, *, product_id: UUID, branch_id: UUID, price_minor: int, currency: str, now: datetime
) -> None:
    """Let a branch have a price of its own; the product counts as changed, so that tills load it again."""
    await db.execute(
        """
        WITH touched AS (UPDATE products SET updated_at = $6 WHERE organisation_id = $1 AND id = $3)
        INSERT INTO product_prices (organisation_id, branch_id, product_id, price_minor, currency, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (organisation_id, product_id, branch_id) DO UPDATE
        SET price_minor = excluded.price_minor, currency = excluded.currency, updated_at = excluded.updated_at
        """,
        db.organisation_id,
        branch_id,
        product_id,
        price_minor,
        currency,
        now,
    )


async def delete_price(db: Connection, *, product_id: UUID, branch_id: UUID, now: datetime) -> None:
    await db.execute(
        """
        WITH touched AS (UPDATE products SET updated_at = $4 WHERE organisation_id = $1 AND id = $3)
        DELETE FROM product_prices WHERE organisation_id = $1 AND branch_id = $2 AND product_id = $3
        """,
        db.organisation_id,
        branch_id,
        product_id,
        now,
    )


async def categories(
    db: Connection, *, is_active: bool | None, after: tuple[str | None, UUID | None], limit: int
) -> list[Row]:
    """By name, which pages can follow; `position` says how a till shows them."""
    return await db.fetch(
        f"""
        SELECT {_CATEGORY}, name_key FROM product_categories
        WHERE organisation_id = $1 AND ($2::boolean IS NULL OR is_active = $2)
          AND ($3::text IS NULL OR (name_key, id) > ($3, $4::uuid))
        ORDER BY name_key, id LIMIT $5
        """,  # noqa: S608  (our own column list)
        db.organisation_id,
        is_active,
        *after,
        limit,
    )


async def lock_category(db: Connection, category_id: UUID) -> Row | None:
    return await db.fetchrow(
        f"SELECT {_CATEGORY} FROM product_categories WHERE organisation_id = $1 AND id = $2 FOR NO KEY UPDATE",  # noqa: S608  (our own column list)
        db.organisation_id,
        category_id,
    )


async def last_position(db: Connection) -> int:
    """Of the categories; 0 where there is none."""
    return await db.fetchval(
        "SELECT coalesce(max(position), 0) FROM product_categories WHERE organisation_id = $1", db.organisation_id
    )


async def insert_category(db: Connection, *, category: Category, now: datetime) -> Row:
    """Raises CategoryNameTaken."""
    return await _saved_category(
        db,
        f"""
        INSERT INTO product_categories (organisation_id, id, name, name_key, position, colour, is_active, created_at,
                                        updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) RETURNING {_CATEGORY}
        """,  # noqa: S608  (our own column list)
        category,
        now,
    )


async def update_category(db: Connection, *, category: Category, now: datetime) -> Row:
    """Its products count as changed with it when its name does: lists show it. Raises CategoryNameTaken."""
    return await _saved_category(
        db,
        f"""
        UPDATE product_categories SET name = $3, name_key = $4, position = $5, colour = $6, is_active = $7,
                                      updated_at = $8
        WHERE organisation_id = $1 AND id = $2 RETURNING {_CATEGORY}
        """,  # noqa: S608  (our own column list)
        category,
        now,
    )


async def touch_products_of(db: Connection, *, category_id: UUID, now: datetime) -> None:
    """Let tills load the products of a category again: what they show of it has changed."""
    await db.execute(
        "UPDATE products SET updated_at = $3 WHERE organisation_id = $1 AND category_id = $2",
        db.organisation_id,
        category_id,
        now,
    )


async def _saved_category(db: Connection, statement: str, category: Category, now: datetime) -> Row:
    try:
        row = await db.fetchrow(
            statement,
            db.organisation_id,
            category.id,
            category.name,
            folded_name(category.name),
            category.position,
            category.colour,
            category.is_active,
            now,
        )
    except UniqueViolationError as error:
        raise CategoryNameTaken from error
    assert row is not None  # noqa: S101  (inserted, or held by the caller)
    return row


def _with_unit(row: Row) -> dict[str, Any]:
    fields: dict[str, Any] = dict(row)
    fields["unit"] = Unit(fields["unit"])
    return fields


def _values(db: Connection, product: Product) -> tuple[object, ...]:
    return (
        db.organisation_id,
        product.id,
        product.name,
        search_text(product),
        product.sku,
        product.barcode,
        product.category_id,
        product.tax_rate_bp,
        product.eee_category,
        product.weight_grams,
        product.price_minor,
        product.currency,
        product.is_open_price,
        product.unit,
        product.is_favourite,
        product.is_active,
    )


def _refusal(error: UniqueViolationError | ForeignKeyViolationError) -> AppError:
    match constraint_of(error):
        case "uq_products_organisation_id_sku":
            return SkuTaken()
        case "uq_products_organisation_id_barcode":
            return BarcodeTaken()
        case "fk_products_organisation_id_category_id":
            return CategoryNotFound()
        case _:
            raise error
