"""SQL of the place that sells."""

from __future__ import annotations

from uuid import UUID

import orjson

from tillvault.core.db import Connection, Row
from tillvault.identity import policies
from tillvault.sales.domain import Till

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

_OWN = _DRAWER.format(which="s.branch_id = $2 AND s.opened_by = $3")
_NAMED = _DRAWER.format(which="s.id = $2")

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


async def hold_own_drawer(db: Connection, *, branch_id: UUID, user_id: UUID) -> Till | None:
    """The open drawer of a person in a branch, held for the rest of the transaction."""
    row = await db.fetchrow(_OWN, db.organisation_id, branch_id, user_id)
    return _till(row) if row else None


async def hold_drawer(db: Connection, session_id: UUID) -> Till | None:
    """A drawer, held if it is open."""
    row = await db.fetchrow(_NAMED, db.organisation_id, session_id)
    return _till(row) if row else None


async def place(db: Connection, *, branch_id: UUID, register_id: UUID | None) -> Till | None:
    """A branch that sells without a drawer."""
    row = await db.fetchrow(_PLACE, db.organisation_id, branch_id, register_id)
    return _till(row) if row else None


def _till(row: Row) -> Till:
    known = dict(row)
    stored = known.pop("policies")
    opening = known.pop("opening")
    return Till(
        **known,
        policies=policies.from_stored(orjson.loads(stored) if stored else None),
        opening=orjson.loads(opening) if opening else None,
    )
