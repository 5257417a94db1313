"""The database edge: a pool, and one transaction per request.

Decision 2: the transaction commits before the response leaves. Decision 4: the organisation is set in the same round
trip as BEGIN, with SET LOCAL, so that it ends with the transaction and cannot leak to the pool's next user.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

import asyncpg

from tillvault.core.config import Settings
from tillvault.core.errors import AppError, DatabaseBusy, DatabaseUnavailable
from tillvault.core.logging import log

Row = asyncpg.Record

ACQUIRE_TIMEOUT_SECONDS = 10.0


class StartupRefused(RuntimeError):
    """The product will not start like this; the sentence says what to do."""


@dataclass(slots=True)
class Journal:
    """What the transaction has to tell: audit entries and events, written in one statement, with the last write of a
    use case or just before COMMIT."""

    audit: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    events: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    audit_written: int = 0
    events_written: int = 0

    @property
    def is_written(self) -> bool:
        return self.audit_written == len(self.audit) and self.events_written == len(self.events)

    def take(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """What is not written yet, which the caller writes now."""
        unwritten = self.audit[self.audit_written :], self.events[self.events_written :]
        self.audit_written, self.events_written = len(self.audit), len(self.events)
        return unwritten


class Connection:
    """One open transaction of one organisation. Use cases get it as `db` and never commit."""

    __slots__ = ("_raw", "after_commit", "journal", "organisation_id")

    def __init__(self, raw: Any, organisation_id: UUID | None) -> None:
        self._raw = raw
        self.organisation_id = organisation_id
        self.journal = Journal()
        self.after_commit: list[Callable[[], None]] = []
        """What may be said only once it is true: logs and metrics of a success."""

    async def fetch(self, statement: str, *args: object) -> list[Row]:
        return await self._raw.fetch(statement, *args)

    async def fetchrow(self, statement: str, *args: object) -> Row | None:
        return await self._raw.fetchrow(statement, *args)

    async def fetchval(self, statement: str, *args: object) -> Any:
        return await self._raw.fetchval(statement, *args)

    async def execute(self, statement: str, *args: object) -> str:
        return await self._raw.execute(statement, *args)

    @asynccontextmanager
    async def savepoint(self) -> AsyncGenerator[None]:
        """A part that may fail on a constraint while the transaction goes on."""
        # By hand: the driver refuses to nest its own transactions in one that was begun with a plain BEGIN.
        await self._raw.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            await self._raw.execute("ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part")
            raise
        await self._raw.execute("RELEASE SAVEPOINT part")


class Flush(Protocol):
    """Writes the journal of a transaction just before its COMMIT."""

    async def __call__(self, db: Connection) -> None: ...


class Database:
    """The pool of one process."""

    def __init__(self, pool: asyncpg.Pool[Any], flush: Flush) -> None:
        self._pool = pool
        self._flush = flush
        self.on_events: Callable[[Connection], None] | None = None
        """Hears of every committed transaction that told events."""

    @classmethod
    async def connect(cls, dsn: str, settings: Settings, *, flush: Flush) -> Database:
        pool = await asyncpg.create_pool(
            dsn,
            min_size=min(2, settings.database_pool_size),
            max_size=settings.database_pool_size,
            max_inactive_connection_lifetime=300,
            timeout=10,
            # For a server that hangs and so cannot keep to its own limit.
            command_timeout=settings.database_statement_timeout_ms / 1000 + 5,
            reset=_leave_as_it_is,
            server_settings={
                "application_name": "tillvault",
                "timezone": "UTC",
                "jit": "off",
                "statement_timeout": str(settings.database_statement_timeout_ms),
                "lock_timeout": "10000",
                "idle_in_transaction_session_timeout": "60000",
            },
        )
        return cls(pool, flush)

    async def close(self) -> None:
        try:
            await asyncio.wait_for(self._pool.close(), timeout=5)
        except (TimeoutError, OSError, asyncpg.PostgresError):
            self._pool.terminate()

    @asynccontextmanager
    async def transaction(self, organisation_id: UUID | None) -> AsyncGenerator[Connection]:
        """One transaction, committed when the block ends well, rolled back when it raises.

        Without an organisation only the directory functions answer; row-level security hides the rest.
        Raises DatabaseUnavailable or DatabaseBusy when PostgreSQL does not answer or gives up.
        """
        async with self._acquired() as raw:
            db = Connection(raw, organisation_id)
            try:
                # A UUID has no character that could end the literal; SET takes no parameters.
                await raw.execute(
                    "BEGIN"
                    if organisation_id is None
                    else f"BEGIN; SET LOCAL app.organisation_id = '{UUID(bytes=organisation_id.bytes)}'"
                )
                yield db
                if not db.journal.is_written:
                    await self._flush(db)
                await raw.execute("COMMIT")
            except BaseException as error:
                await _rolled_back(raw)
                if (refusal := as_refusal(error)) is not None:
                    raise refusal from error
                raise
        self._told(db)

    def _told(self, db: Connection) -> None:
        """The transaction is committed: whatever goes wrong here must not turn the answer into a failure."""
        try:
            for tell in db.after_commit:
                tell()
            if db.journal.events and self.on_events is not None:
                self.on_events(db)
        except Exception as error:  # noqa: BLE001  (as said above)
            log().error("after_commit.failed", exc_info=error)

    async def answers(self) -> None:
        """Raise unless PostgreSQL answers a query."""
        async with self._acquired() as raw:
            await raw.fetchval("SELECT 1")

    @asynccontextmanager
    async def _acquired(self) -> AsyncGenerator[Any]:
        try:
            raw = await self._pool.acquire(timeout=ACQUIRE_TIMEOUT_SECONDS)
        except TimeoutError as error:
            raise DatabaseBusy from error
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise DatabaseUnavailable from error
        try:
            yield raw
        finally:
            await self._pool.release(raw)


async def _leave_as_it_is(_: Any) -> None:
    """Every transaction ends by COMMIT or ROLLBACK and sets nothing beyond itself: there is nothing to reset, and a
    RESET ALL after each request would cost a round trip."""


async def _rolled_back(raw: Any) -> None:
    try:
        if raw.is_closed():
            return
    except asyncpg.InterfaceError:
        # The pool has taken a lost connection back already; that it was lost is what the client must hear of.
        return
    try:
        # A cancelled statement leaves the connection busy until the server has said so; a connection that cannot
        # roll back is thrown away, because its open transaction would leak into the next request.
        await asyncio.shield(asyncio.wait_for(raw.execute("ROLLBACK"), timeout=5))
    except Exception:  # noqa: BLE001  (what made us roll back is what the client must hear of, not this)
        raw.terminate()
    except BaseException:
        raw.terminate()
        raise


def as_refusal(error: BaseException) -> AppError | None:
    """What an error of the driver means to the client; None when it is something else."""
    match error:
        case AppError():
            return None
        case (
            asyncpg.DeadlockDetectedError()
            | asyncpg.SerializationError()
            | asyncpg.LockNotAvailableError()
            | asyncpg.QueryCanceledError()
            | asyncpg.TooManyConnectionsError()
        ):
            return DatabaseBusy()
        case (
            asyncpg.PostgresConnectionError()
            | asyncpg.InterfaceError()
            | asyncpg.InternalClientError()  # a connection that the server ended while it was idle
            | asyncpg.OperatorInterventionError()
            | asyncpg.InsufficientResourcesError()
            | asyncpg.CannotConnectNowError()
            | ConnectionError()
            | TimeoutError()
        ):
            return DatabaseUnavailable()
        case _:
            return None


def constraint_of(error: asyncpg.IntegrityConstraintViolationError) -> str:
    """The name of the constraint that a statement broke; `queries.py` turns it into a domain error."""
    return str(getattr(error, "constraint_name", None) or "")


async def refuse_powerful_role(dsn: str) -> None:
    """Decision 4: the app's role owns nothing, is no superuser and cannot bypass row-level security."""
    raw = await asyncpg.connect(dsn, timeout=10)
    try:
        row = await raw.fetchrow(
            """
            SELECT current_user AS name, r.rolsuper, r.rolbypassrls,
                   EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                           WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')
                             AND pg_has_role(current_user, c.relowner, 'MEMBER')) AS owns
            FROM pg_roles r WHERE r.rolname = current_user
            """
        )
    finally:
        await raw.close()
    assert row is not None  # noqa: S101  (the current role is always listed)
    if row["rolsuper"] or row["rolbypassrls"] or row["owns"]:
        raise StartupRefused(
            f"DATABASE_URL connects as {row['name']!r}, which is a superuser, can bypass row-level security or owns "
            "tables. One shop could then read another's rows. Put the owner into DATABASE_OWNER_URL, name a plain "
            "role in DATABASE_URL, and run `tillvault db upgrade`: it makes the role and grants what it needs."
        )
