"""Sends what is due: a task beside the relay, or `tillvault exports run`. Several may run at once; a lease keeps them
apart, and an attempt that died with its process is made again when its lease has run out."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from tillvault.core import secrets
from tillvault.core.clock import utc_now
from tillvault.core.config import Settings
from tillvault.core.db import Database, Row
from tillvault.core.errors import AppError
from tillvault.core.logging import log
from tillvault.deposits.domain import EEE_CATEGORIES
from tillvault.deposits.exports import figures, queries
from tillvault.deposits.exports.destinations import Courier, Errand, SendingFailed
from tillvault.deposits.exports.domain import (
    ExportFile,
    ExportFormat,
    ExportPeriod,
    Target,
    due_at,
    following,
    last_day,
    pause_after,
)
from tillvault.deposits.exports.files import export_file
from tillvault.events.relay.queries import Attempt, log_attempts
from tillvault.events.webhooks.sending import Sender
from tillvault.identity import policies

OPERATION = "export"
POLL_SECONDS = 15.0
_ERROR_LENGTH = 300
_ATTEMPTS_SHOWN_MAX = 32_000


def target_of(export_id: UUID) -> str:
    """The name of an export in `sync_logs`."""
    return f"deposits-export:{export_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How many attempts were made, and how many of them failed."""

    attempts: int
    failures: int


@dataclass(slots=True, kw_only=True)
class Exporter:
    """One process that sends exports."""

    database: Database
    courier: Courier
    backoff_seconds: float
    backoff_max_seconds: float
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def stop(self) -> None:
        self._stopping.set()

    async def close(self) -> None:
        await self.courier.sender.close()

    async def run(self) -> None:
        """Work until `stop`; trouble is waited out."""
        while not self._stopping.is_set():
            try:
                await self.run_due()
            except AppError as error:
                log().warning("exports.database_unavailable", error=error.sentence)
            except Exception as error:  # noqa: BLE001  (one bad moment must not end the exports for everybody)
                log().error("exports.failed", exc_info=error)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), POLL_SECONDS)
        await self.close()

    async def run_due(self) -> Ran:
        """Send everything that is due now."""
        async with self.database.transaction(None) as db:
            waiting = await queries.organisations_due(db, utc_now())
        attempts = failures = 0
        for organisation_id in waiting:
            while not self._stopping.is_set():
                succeeded = await self._one(organisation_id)
                if succeeded is None:
                    break
                attempts += 1
                failures += not succeeded
        return Ran(attempts=attempts, failures=failures)

    async def _one(self, organisation_id: UUID) -> bool | None:
        """One attempt, noted whatever comes of it; None when nothing is due."""
        async with self.database.transaction(organisation_id) as db:
            row = await queries.lease(db, utc_now())
        if row is None:
            return None
        started, status, error = utc_now(), None, None
        try:
            status = await self.courier.send(
                Errand(
                    organisation_id=organisation_id,
                    export_id=row["id"],
                    target=Target(row["target"]),
                    destination=queries.plain(row)["destination"],
                    sealed_secret=row["sealed_secret"],
                    file=await self._file(organisation_id, row),
                )
            )
        except SendingFailed as failed:
            status, error = failed.status, str(failed)
        except AppError as refusal:
            error = refusal.sentence
        except TimeoutError:
            error = f"No answer within {self.courier.timeout_seconds:g} seconds."
        except Exception as trouble:  # noqa: BLE001  (whatever goes wrong out there is a failed attempt)
            error = f"{type(trouble).__name__}: {trouble}"
        await self._settled(organisation_id, row, started=started, status=status, error=error)
        return error is None

    async def _file(self, organisation_id: UUID, row: Row) -> ExportFile:
        since = row["period_start"]
        async with self.database.transaction(organisation_id) as db:
            found = await figures.figures(
                db,
                since=since,
                until=last_day(ExportPeriod(row["period"]), since),
                branch_ids=None,
                cutoff_hour=policies.DEFAULTS.business_day_cutoff_hour,
                now=utc_now(),
            )
        return await asyncio.to_thread(export_file, found, ExportFormat(row["format"]), row["lang"])

    async def _settled(
        self, organisation_id: UUID, row: Row, *, started: datetime, status: int | None, error: str | None
    ) -> None:
        now = utc_now()
        period, start, attempts = ExportPeriod(row["period"]), row["period_start"], 0
        if error is None:
            start = following(period, start)
            following_at = due_at(period, start, row["timezone"])
        else:
            attempts = min(row["attempts"] + 1, _ATTEMPTS_SHOWN_MAX)
            following_at = now + pause_after(
                attempts, first_seconds=self.backoff_seconds, longest_seconds=self.backoff_max_seconds
            )
            error = error.replace("\0", "")[:_ERROR_LENGTH]
        async with self.database.transaction(organisation_id) as db:
            await queries.settle(
                db,
                export_id=row["id"],
                leased_until=row["leased_until"],
                period_start=start,
                next_attempt_at=following_at,
                attempts=attempts,
                error=error,
                now=now,
            )
            await log_attempts(
                db,
                [
                    Attempt(
                        target=target_of(row["id"]),
                        operation=OPERATION,
                        started_at=started,
                        finished_at=now,
                        error=error,
                        attempts=row["attempts"] + 1,
                        event_count=len(EEE_CATEGORIES),
                        response_code=status,
                    )
                ],
            )
        log().info(
            "export.sent" if error is None else "export.failed",
            export_id=str(row["id"]),
            organisation_id=str(organisation_id),
            period_start=row["period_start"].isoformat(),
            error=error,
        )


def exporter_of(settings: Settings, database: Database) -> Exporter:
    return Exporter(
        database=database,
        courier=Courier(
            folder=settings.exports_folder,
            sender=Sender(
                allow_private=settings.webhooks_allow_private_targets,
                timeout_seconds=settings.webhook_timeout_seconds,
            ),
            secret=secrets.webhook_secret(settings),
            allow_private=settings.webhooks_allow_private_targets,
            timeout_seconds=settings.webhook_timeout_seconds,
        ),
        backoff_seconds=settings.relay_backoff_seconds,
        backoff_max_seconds=settings.relay_backoff_max_seconds,
    )
