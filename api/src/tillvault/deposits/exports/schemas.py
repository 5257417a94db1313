"""Wire shapes of exports."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, SecretStr, StringConstraints

from tillvault.core.db import Row
from tillvault.core.http.answers import Wire
from tillvault.core.http.fields import Body, Label, Plain
from tillvault.deposits.exports import queries
from tillvault.deposits.exports.domain import ExportFormat, ExportPeriod, Target
from tillvault.deposits.exports.service import Plan
from tillvault.deposits.schemas import Lang
from tillvault.identity.branches.schemas import Timezone
from tillvault.identity.schemas import Change, StrictFlag

Address = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^https?://[!-~]{1,2000}$"), Plain]


def _word(pattern: str) -> Any:
    return StringConstraints(pattern=pattern)


def _inside(prefix: str) -> str:
    if ".." in prefix or "//" in prefix:
        raise ValueError("must name a place below")
    return prefix


class ToFolder(Body):
    """A folder of the organisation on the server, below EXPORTS_DIR."""

    target: Literal["folder"]
    folder: Annotated[str, _word("^[A-Za-z0-9_-]{1,60}$")] | None = None


class ToS3(Body):
    """A bucket of S3-compatible storage."""

    target: Literal["s3"]
    endpoint: Address = Field(description="Such as https://s3.eu-west-3.amazonaws.com")
    region: Annotated[str, _word("^[a-z0-9-]{1,40}$")] = "us-east-1"
    bucket: Annotated[str, _word("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
    prefix: Annotated[str, _word("^[A-Za-z0-9._/-]{0,200}$"), AfterValidator(_inside)] = ""
    access_key_id: Annotated[str, _word("^[!-~]{1,200}$")]
    secret_access_key: Annotated[SecretStr, Field(min_length=1, max_length=200)]


class ToWebhook(Body):
    """An address that takes signed deliveries (Standard Webhooks) with the file inside."""

    target: Literal["webhook"]
    url: Address


class NewExport(Body):
    name: Label
    destination: Annotated[ToFolder | ToS3 | ToWebhook, Field(discriminator="target")]
    format: ExportFormat = ExportFormat.CSV
    period: ExportPeriod = ExportPeriod.MONTH
    lang: Lang = "fr"
    timezone: Timezone = "Europe/Paris"
    since: date | None = Field(
        None,
        ge=date(2000, 1, 1),
        le=date(2100, 1, 1),
        description="The first period exported is the one that this day lies in. Left out: the present one.",
    )

    def plan(self) -> Plan:
        known = self.destination.model_dump(exclude={"target", "secret_access_key"})
        secret = self.destination.secret_access_key.get_secret_value() if isinstance(self.destination, ToS3) else None
        return Plan(
            name=self.name,
            target=Target(self.destination.target),
            destination={name: value for name, value in known.items() if value is not None},
            secret=secret,
            kind=self.format,
            period=self.period,
            lang=self.lang,
            timezone=self.timezone,
            since=self.since,
        )


class ExportChange(Body):
    name: Change[Label] = None
    is_active: Change[StrictFlag] = None

    def changes(self) -> dict[str, Any]:
        return self.model_dump(exclude_unset=True)


class ExportAnswer(Wire):
    id: UUID
    name: str
    target: Target
    destination: dict[str, str] = Field(description="Where to, without any secret.")
    format: ExportFormat
    period: ExportPeriod
    lang: Lang
    timezone: str
    is_active: bool
    period_start: date = Field(description="First day of the period that is sent next.")
    next_attempt_at: datetime
    attempts: int = Field(description="Failed ones for that period. Each stands in `/v1/sync-logs`.")
    last_error: str | None
    last_succeeded_at: datetime | None
    created_by: UUID
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: Row) -> ExportAnswer:
        return cls.model_validate(_told(row))


class ExportGiven(ExportAnswer):
    secret: str | None = Field(description="Of a webhook; shown once, null when the request is repeated.")

    @classmethod
    def giving(cls, row: Row, secret: str | None) -> ExportGiven:
        return cls.model_validate(_told(row) | {"secret": secret})


_NAMES = {"access_key_id": "accessKeyId"}


def _told(row: Row) -> dict[str, Any]:
    known = queries.plain(row)
    known["destination"] = {_NAMES.get(name, name): value for name, value in known["destination"].items()}
    return known
