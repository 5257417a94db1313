"""SQL of Telegram accounts."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from asyncpg import UniqueViolationError

from tillvault.core.db import Connection, Row
from tillvault.identity.telegram.errors import LinkedMeanwhile

_LINK = """
SELECT l.id, l.user_id, u.name AS user_name, u.role::text AS role, l.telegram_id, l.chat_id, l.name, l.language,
       l.linked_at AS created_at, o.slug AS organisation,
       ARRAY(SELECT ub.branch_id FROM user_branches ub WHERE ub.organisation_id = $1 AND ub.user_id = l.user_id
             ORDER BY ub.position) AS branch_ids,
       ARRAY(SELECT b.name FROM user_branches ub JOIN branches b ON b.organisation_id = $1 AND b.id = ub.branch_id
             WHERE ub.organisation_id = $1 AND ub.user_id = l.user_id ORDER BY ub.position) AS branch_names
FROM telegram_links l
JOIN users u ON u.organisation_id = $1 AND u.id = l.user_id
JOIN organisations o ON o.id = $1
WHERE l.organisation_id = $1 AND l.linked_at IS NOT NULL AND l.unlinked_at IS NULL AND u.is_active
"""


async def take_back_codes(db: Connection, *, user_id: UUID, now: datetime) -> None:
    """Codes of a person that were not used yet: only the newest is good."""
    await db.execute(
        """
        UPDATE telegram_links SET code_hash = NULL, unlinked_at = $3
        WHERE organisation_id = $1 AND user_id = $2 AND linked_at IS NULL AND code_hash IS NOT NULL
        """,
        db.organisation_id,
        user_id,
        now,
    )


async def insert_code(
    db: Connection, *, link_id: UUID, user_id: UUID, code_hash: bytes, now: datetime, expires_at: datetime
) -> None:
    await db.execute(
        """
        INSERT INTO telegram_links (organisation_id, id, user_id, code_hash, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        """,
        db.organisation_id,
        link_id,
        user_id,
        code_hash,
        now,
        expires_at,
    )


async def hold_code(db: Connection, *, code_hash: bytes, now: datetime) -> Row | None:
    """The row of a code that is good, held: of two who use it at once the second finds nothing."""
    return await db.fetchrow(
        """
        SELECT l.id, l.user_id FROM telegram_links l
        JOIN users u ON u.organisation_id = $1 AND u.id = l.user_id AND u.is_active
        WHERE l.organisation_id = $1 AND l.code_hash = $2 AND l.expires_at > $3 AND l.linked_at IS NULL
        FOR UPDATE OF l
        """,
        db.organisation_id,
        code_hash,
        now,
    )


async def unlink_others(db: Connection, *, user_id: UUID, telegram_id: int, now: datetime) -> None:
    """What the person and the account were linked to before."""
    await db.execute(
        """
        UPDATE telegram_links SET unlinked_at = $4
        WHERE organisation_id = $1 AND (user_id = $2 OR telegram_id = $3)
          AND linked_at IS NOT NULL AND unlinked_at IS NULL
        """,
        db.organisation_id,
        user_id,
        telegram_id,
        now,
    )


async def use_code(
    db: Connection, *, link_id: UUID, telegram_id: int, chat_id: int, name: str, language: str, now: datetime
) -> None:
    """Raises LinkedMeanwhile."""
    try:
        await db.execute(
            """
            UPDATE telegram_links
            SET code_hash = NULL, telegram_id = $3, chat_id = $4, name = $5, language = $6, linked_at = $7
            WHERE organisation_id = $1 AND id = $2
            """,
            db.organisation_id,
            link_id,
            telegram_id,
            chat_id,
            name,
            language,
            now,
        )
    except UniqueViolationError as error:
        raise LinkedMeanwhile from error


async def unlink(db: Connection, *, link_id: UUID, now: datetime) -> None:
    await db.execute(
        "UPDATE telegram_links SET unlinked_at = $3 WHERE organisation_id = $1 AND id = $2",
        db.organisation_id,
        link_id,
        now,
    )


async def record(db: Connection, link_id: UUID) -> Row | None:
    return await db.fetchrow(f"{_LINK} AND l.id = $2", db.organisation_id, link_id)


async def of_account(db: Connection, telegram_id: int) -> Row | None:
    return await db.fetchrow(f"{_LINK} AND l.telegram_id = $2", db.organisation_id, telegram_id)


async def records(
    db: Connection, *, user_id: UUID | None, after: tuple[datetime | None, UUID | None], limit: int
) -> list[Row]:
    """Oldest first; of one person, or of everybody."""
    return await db.fetch(
        f"""
        {_LINK} AND ($2::uuid IS NULL OR l.user_id = $2)
          AND ($3::timestamptz IS NULL OR (l.linked_at, l.id) > ($3, $4::uuid))
        ORDER BY l.linked_at, l.id LIMIT $5
        """,
        db.organisation_id,
        user_id,
        *after,
        limit,
    )
