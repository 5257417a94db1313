"""SQL of the catalogue."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from tillvault.core.db import Connection
from tillvault.sales.catalogue.domain import SaleProduct, Unit

_FOR_SALE = """
SELECT p.id, p.name, p.sku, p.barcode, p.category_id, c.name AS category_name, p.tax_rate_bp, p.eee_category,
       p.weight_grams, coalesce(b.price_minor, p.price_minor) AS price_minor,
       coalesce(b.currency, p.currency) AS currency, p.is_open_price, p.unit, p.is_active
FROM products p
LEFT JOIN product_prices b
    ON b.organisation_id = p.organisation_id AND b.product_id = p.id AND b.branch_id = $2
LEFT JOIN product_categories c ON c.organisation_id = p.organisation_id AND c.id = p.category_id
WHERE p.organisation_id = $1 AND p.id = ANY($3)
"""


async def for_sale(db: Connection, *, branch_id: UUID, product_ids: Collection[UUID]) -> dict[UUID, SaleProduct]:
    """The named products as this branch sells them, inactive ones too; an unknown id is not in the answer."""
    rows = await db.fetch(_FOR_SALE, db.organisation_id, branch_id, list(product_ids))
    return {row["id"]: _for_sale(dict(row)) for row in rows}


def _for_sale(fields: dict[str, Any]) -> SaleProduct:
    return SaleProduct(**fields | {"unit": Unit(fields["unit"])})
