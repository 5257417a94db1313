"""Putting one object into S3-compatible storage, signed with AWS Signature Version 4.

A client of our own, because the address comes from an admin of a shop: like a webhook it must not lead into the network
that the server stands in, and the connection must go to the very address that was judged. The libraries for S3 open
their connections themselves.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

import httpcore

from tillvault.events.webhooks import targets

_ALGORITHM = "AWS4-HMAC-SHA256"
_ANSWER_BYTES_MAX = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """Where objects are put, and under whose name. The bucket stands in the path, which every server understands."""

    endpoint: str
    region: str
    bucket: str
    access_key_id: str
    secret_access_key: str


class Refused(Exception):
    """The storage did not take the object."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


def signed_headers(
    bucket: Bucket, *, method: str, path: str, headers: Mapping[str, str], body: bytes, at: datetime
) -> dict[str, str]:
    """All headers of a request, its signature included (AWS, "Create a signed AWS API request"). `path` is encoded."""
    moment = at.astimezone(UTC)
    stamp, day = f"{moment:%Y%m%dT%H%M%SZ}", f"{moment:%Y%m%d}"
    digest = hashlib.sha256(body).hexdigest()
    every = {
        **{name.lower(): value for name, value in headers.items()},
        "host": urlsplit(bucket.endpoint).netloc,
        "x-amz-content-sha256": digest,
        "x-amz-date": stamp,
    }
    names = sorted(every)
    listed = ";".join(names)
    canonical = "\n".join(
        (method, path, "", *(f"{name}:{' '.join(every[name].split())}" for name in names), "", listed, digest)
    )
    scope = f"{day}/{bucket.region}/s3/aws4_request"
    told = "\n".join((_ALGORITHM, stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    key = f"AWS4{bucket.secret_access_key}".encode()
    for part in (day, bucket.region, "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, told.encode(), hashlib.sha256).hexdigest()
    return every | {
        "authorization": f"{_ALGORITHM} Credential={bucket.access_key_id}/{scope}, "
        f"SignedHeaders={listed}, Signature={signature}"
    }


def path_of(bucket: Bucket, key: str) -> str:
    base = urlsplit(bucket.endpoint).path.rstrip("/")
    return f"{base}/{quote(bucket.bucket, safe='-_.~')}/{quote(key, safe='/-_.~')}"


async def put(
    bucket: Bucket,
    key: str,
    body: bytes,
    *,
    media_type: str,
    at: datetime,
    allow_private: bool,
    timeout_seconds: float,
) -> None:
    """Put an object, over one that was there before. Raises Refused, TargetRefused, or what httpcore raises."""
    targets.check_url(bucket.endpoint, allow_private=allow_private)
    path = path_of(bucket, key)
    headers: dict[bytes | str, bytes | str] = {"content-length": str(len(body))}
    headers |= signed_headers(bucket, method="PUT", path=path, headers={"content-type": media_type}, body=body, at=at)
    parts = urlsplit(bucket.endpoint)
    async with (
        asyncio.timeout(timeout_seconds),
        httpcore.AsyncConnectionPool(
            ssl_context=targets.trusted(), network_backend=targets.PinnedBackend(allow_private=allow_private)
        ) as pool,
        pool.stream("PUT", f"{parts.scheme}://{parts.netloc}{path}", headers=headers, content=body) as response,
    ):
        read = bytearray()
        async for chunk in response.aiter_stream():
            read += chunk
            if len(read) > _ANSWER_BYTES_MAX:
                break
        if response.status not in {200, 201, 204}:
            raise Refused(response.status, _sentence(response.status, bytes(read)))


def _sentence(status: int, answer: bytes) -> str:
    """The storage's own code, such as `NoSuchBucket`, where it tells one."""
    text = answer.decode("utf-8", "replace")
    code = text.partition("<Code>")[2].partition("</Code>")[0]
    return f"The storage answered {status}" + (f" {code}." if code.isalnum() else ".")
