"""SQL of imports and exports: the whole catalogue at once, written in batches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from tillvault.core.db import Connection, Row
from tillvault.sales.catalogue.domain import Category, Product, folded_name, search_text

_COLUMNS = (
    "id, name, search, sku, barcode, category_id, tax_rate_bp, eee_category, weight_grams, price_minor, currency,"
    " is_open_price, unit, is_favourite, is_active"
)
_ARRAYS = """
unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::uuid[], $9::int[], $10::text[], $11::int[],
       $12::bigint[], $13::text[], $14::boolean[], $15::text[], $16::boolean[], $17::boolean[])
"""
_SET = ", ".join(f"{name} = r.{name}" for name in _COLUMNS.split(", ") if name != "id")


async def all_products(db: Connection) -> list[Row]:
    return await db.fetch(
        f"SELECT {_COLUMNS} FROM products WHERE organisation_id = $1 ORDER BY search, id",  # noqa: S608  (our own column list)
        db.organisation_id,
    )


async def all_categories(db: Connection) -> list[Row]:
    return await db.fetch(
        "SELECT id, name, position, colour, is_active FROM product_categories WHERE organisation_id = $1",
        db.organisation_id,
    )


async def prices_in(db: Connection, branch_id: UUID) -> list[Row]:
    return await db.fetch(
        "SELECT product_id, price_minor, currency FROM product_prices WHERE organisation_id = $1 AND branch_id = $2",
        db.organisation_id,
        branch_id,
    )


async def postpone_unique_codes(db: Connection) -> None:
    """Let two products change their codes with each other, over as many statements as it takes."""
    await db.execute("SET CONSTRAINTS uq_products_organisation_id_sku, uq_products_organisation_id_barcode DEFERRED")


async def require_unique_codes(db: Connection) -> None:
    await db.execute("SET CONSTRAINTS uq_products_organisation_id_sku, uq_products_organisation_id_barcode IMMEDIATE")


async def insert_products(db: Connection, products: Sequence[Product], now: datetime) -> None:
    await db.execute(
        f"INSERT INTO products (organisation_id, created_at, updated_at, {_COLUMNS})"  # noqa: S608  (our own column list)
        f" SELECT $1, $2, $2, r.* FROM {_ARRAYS} AS r",
        db.organisation_id,
        now,
        *_arrays(products),
    )


async def update_products(db: Connection, products: Sequence[Product], now: datetime) -> None:
    await db.execute(
        f"UPDATE products p SET updated_at = $2, {_SET} FROM {_ARRAYS} AS r ({_COLUMNS})"  # noqa: S608  (our own column list)
        " WHERE p.organisation_id = $1 AND p.id = r.id",
        db.organisation_id,
        now,
        *_arrays(products),
    )


async def save_prices(
    db: Connection, prices: Sequence[tuple[UUID, int, str]], *, branch_id: UUID, now: datetime
) -> None:
    """Rows of product, minor units and currency."""
    await db.execute(
        """
        WITH touched AS (
            UPDATE products SET updated_at = $6 WHERE organisation_id = $1 AND id = ANY($3::uuid[])
        )
        INSERT INTO product_prices (organisation_id, branch_id, product_id, price_minor, currency, updated_at)
        SELECT $1, $2, r.*, $6 FROM unnest($3::uuid[], $4::bigint[], $5::text[]) AS r
        ON CONFLICT (organisation_id, product_id, branch_id) DO UPDATE
        SET price_minor = excluded.price_minor, currency = excluded.currency, updated_at = excluded.updated_at
        """,
        db.organisation_id,
        branch_id,
        *_transposed(prices),
        now,
    )


async def insert_categories(db: Connection, categories: Iterable[Category], now: datetime) -> None:
    rows = [(made.id, made.name, folded_name(made.name), made.position) for made in categories]
    if rows:
        await db.execute(
            """
            INSERT INTO product_categories (organisation_id, created_at, updated_at, id, name, name_key, position)
            SELECT $1, $2, $2, r.* FROM unnest($3::uuid[], $4::text[], $5::text[], $6::int[]) AS r
            """,
            db.organisation_id,
            now,
            *_transposed(rows),
        )


def _arrays(products: Iterable[Product]) -> list[list[object]]:
    return _transposed(
        [
            (
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
            for product in products
        ]
    )


def _transposed(rows: Sequence[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]
