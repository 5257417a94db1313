"""Bringing a file to where it is wanted. An attempt may be repeated: the same name is written over, and a webhook
carries the same id."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from tillvault.core.clock import iso, utc_now
from tillvault.core.ids import new_id
from tillvault.core.jsontext import dumps
from tillvault.deposits.exports import s3
from tillvault.deposits.exports.domain import ExportFile, Target
from tillvault.deposits.exports.sealing import unseal
from tillvault.events.webhooks.secrets import secret_of
from tillvault.events.webhooks.sending import Sender

WEBHOOK_TYPE = "deposits.export"


class SendingFailed(Exception):
    """The file did not arrive; the sentence says why, and the status what was answered."""

    def __init__(self, sentence: str, *, status: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One file of one scheduled export."""

    organisation_id: UUID
    export_id: UUID
    target: Target
    destination: dict[str, Any]
    sealed_secret: bytes | None
    file: ExportFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Courier:
    """What it takes to send: made once per process."""

    folder: Path
    sender: Sender
    secret: bytes
    """From which those of webhooks are derived, and under which those of storage are sealed."""
    allow_private: bool
    timeout_seconds: float

    async def send(self, errand: Errand) -> int | None:
        """The status that was answered, where there is one. Raises SendingFailed or whatever went wrong."""
        match errand.target:
            case Target.FOLDER:
                await asyncio.to_thread(write, self.folder, errand)
                return None
            case Target.S3:
                return await self._to_s3(errand)
            case Target.WEBHOOK:
                return await self._to_webhook(errand)

    async def _to_s3(self, errand: Errand) -> int:
        assert errand.sealed_secret is not None  # noqa: S101  (the table says so)
        bucket = s3.Bucket(
            endpoint=errand.destination["endpoint"],
            region=errand.destination["region"],
            bucket=errand.destination["bucket"],
            access_key_id=errand.destination["access_key_id"],
            secret_access_key=unseal(
                errand.sealed_secret,
                master=self.secret,
                organisation_id=errand.organisation_id,
                export_id=errand.export_id,
            ),
        )
        try:
            await s3.put(
                bucket,
                f"{errand.destination.get('prefix') or ''}{errand.file.name}",
                errand.file.content,
                media_type=errand.file.media_type,
                at=utc_now(),
                allow_private=self.allow_private,
                timeout_seconds=self.timeout_seconds,
            )
        except s3.Refused as error:
            raise SendingFailed(error.sentence, status=error.status) from error
        return 200

    async def _to_webhook(self, errand: Errand) -> int | None:
        file = errand.file
        body = dumps(
            {
                "type": WEBHOOK_TYPE,
                "timestamp": iso(utc_now()),
                "data": {
                    "organisationId": errand.organisation_id,
                    "exportId": errand.export_id,
                    "periodStart": file.since.isoformat(),
                    "periodEnd": file.until.isoformat(),
                    "fileName": file.name,
                    "mediaType": file.media_type,
                    "sha256": hashlib.sha256(file.content).hexdigest(),
                    "content": base64.b64encode(file.content).decode(),
                },
            }
        )
        secret = secret_of(
            self.secret, organisation_id=errand.organisation_id, endpoint_id=errand.export_id, generation=1
        )
        answer = await self.sender.send(
            errand.destination["url"],
            message_id=f"export_{errand.export_id}_{file.since.isoformat()}",
            body=body,
            secrets=[secret],
        )
        if answer.error is not None:
            raise SendingFailed(answer.error, status=answer.status)
        return answer.status


def write(root: Path, errand: Errand) -> Path:
    """Into the organisation's own folder; a reader never sees half a file."""
    folder = root / str(errand.organisation_id) / (errand.destination.get("folder") or "")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / errand.file.name
    aside = folder / f".{errand.file.name}.{new_id().hex}"
    try:
        with aside.open("wb") as file:
            file.write(errand.file.content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    return path
