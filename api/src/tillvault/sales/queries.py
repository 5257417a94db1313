"""SQL of the place that sells."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import orjson

from tillvault.cash.takings.queries import NEXT_RECEIPT
from tillvault.core.db import Connection, Row
from tillvault.identity import policies
from tillvault.sales.catalogue.domain import SaleProduct, Unit
from tillvault.sales.catalogue.queries import FOR_SALE
from tillvault.sales.domain import Offer, Till

# The lock is the one that movements and a close take: a sale is in the Z, or refused. A drawer that was closed while
# we waited is no longer OPEN and is not found.
_DRAWER = """
SELECT o.slug AS tenant, s.branch_id, b.name AS branch_name, b.is_active AS branch_is_active, s.register_id,
       r.name AS register_name, s.id AS session_id, s.opened_by, s.base_currency, p.policies,
       (SELECT jsonb_object_agg(f.currency, f.opening_minor) FROM cash_session_floats f
        WHERE f.organisation_id = $1 AND f.session_id = s.id) AS opening
FROM cash_sessions s
JOIN organisations o ON o.id = $1
JOIN branches b ON b.organisation_id = $1 AND b.id = s.branch_id
LEFT JOIN registers r ON r.organisation_id = $1 AND r.id = s.register_id
LEFT JOIN branch_policies p ON p.organisation_id = $1 AND p.branch_id = s.branch_id
WHERE s.organisation_id = $1 AND s.status = 'OPEN' AND {which}
FOR NO KEY UPDATE OF s
"""

# A sale takes its number and its products in the same round trip: after the drawer, from which the number's series and
# the branch of the prices come.
_SELLING = f"""
WITH drawer AS MATERIALIZED ({_DRAWER}), receipt AS (
    {NEXT_RECEIPT.format(first="SELECT $1, coalesce(register_id, branch_id), 1 FROM drawer")}
)
SELECT d.*, receipt.last_number AS receipt_number,
       (SELECT json_agg(p) FROM ({FOR_SALE.format(branch="d.branch_id", products="{products}")}) p) AS products
FROM drawer d, receipt
"""  # noqa: S608  (statements of our own)

_OWN = "s.branch_id = $2 AND s.opened_by = $3"
_NAMED = "s.id = $2"
_HOLD_OWN, _SELL_OWN = _DRAWER.format(which=_OWN), _SELLING.format(which=_OWN, products="$4")
_HOLD_NAMED, _SELL_NAMED = _DRAWER.format(which=_NAMED), _SELLING.format(which=_NAMED, products="$3")

_PLACE = """
SELECT o.slug AS tenant, b.id AS branch_id, b.name AS branch_name, b.is_active AS branch_is_active,
       r.id AS register_id, r.name AS register_name, NULL::uuid AS session_id, NULL::uuid AS opened_by,
       b.base_currency, p.policies, NULL::text AS opening
FROM branches b
JOIN organisations o ON o.id = $1
LEFT JOIN registers r ON r.organisation_id = $1 AND r.branch_id = b.id AND r.id = $3
LEFT JOIN branch_policies p ON p.organisation_id = $1 AND p.branch_id = b.id
WHERE b.organisation_id = $1 AND b.id = $2
"""


async def hold_own_drawer(
    db: Connection, *, branch_id: UUID, user_id: UUID, selling: Collection[UUID] | None = None
) -> Till | None:
    """The open drawer of a person in a branch, held for the rest of the transaction; with what a sale of the products
    `selling` takes from it."""
    row = (
        await db.fetchrow(_HOLD_OWN, db.organisation_id, branch_id, user_id)
        if selling is None
        else await db.fetchrow(_SELL_OWN, db.organisation_id, branch_id, user_id, selling)
    )
    return _till(row) if row else None


async def hold_drawer(db: Connection, session_id: UUID, *, selling: Collection[UUID] | None = None) -> Till | None:
    """A drawer, held if it is open; with what a sale of the products `selling` takes from it."""
    row = (
        await db.fetchrow(_HOLD_NAMED, db.organisation_id, session_id)
        if selling is None
        else await db.fetchrow(_SELL_NAMED, db.organisation_id, session_id, selling)
    )
    return _till(row) if row else None


async def place(db: Connection, *, branch_id: UUID, register_id: UUID | None) -> Till | None:
    """A branch that sells without a drawer."""
    row = await db.fetchrow(_PLACE, db.organisation_id, branch_id, register_id)
    return _till(row) if row else None


def _till(row: Row) -> Till:
    known = dict(row)
    stored = known.pop("policies")
    opening = known.pop("opening")
    number, products = known.pop("receipt_number", None), known.pop("products", None)
    return Till(
        **known,
        policies=policies.from_stored(orjson.loads(stored) if stored else None),
        opening=orjson.loads(opening) if opening else None,
        offer=None if number is None else Offer(products=_products(products), receipt_number=number),
    )


def _products(text: str | None) -> dict[UUID, SaleProduct]:
    found: dict[UUID, SaleProduct] = {}
    for row in orjson.loads(text) if text else ():
        category_id = row["category_id"]
        row["id"] = UUID(row["id"])
        row["category_id"] = None if category_id is None else UUID(category_id)
        row["unit"] = Unit(row["unit"])
        found[row["id"]] = SaleProduct(**row)
    return found
