"""What survives a restart: documents by name, in Redis or in one file."""

from __future__ import annotations

import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from redis.asyncio import Redis
from redis.exceptions import RedisError

Document = dict[str, Any]


class StoreDown(Exception):
    """What is kept cannot be read or written at present."""


class Store(Protocol):
    async def get(self, name: str) -> Document | None: ...

    async def put(self, name: str, document: Document) -> None:
        """Written before it returns, as a whole or not at all."""
        ...

    async def delete(self, name: str) -> None: ...

    async def names(self, prefix: str) -> list[str]: ...

    async def close(self) -> None: ...


class FileStore:
    """One JSON file, read once and replaced at every change. A shop has dozens of conversations, not millions."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path = folder / "state.json"
        self._documents: dict[str, Document] = json.loads(self._path.read_text()) if self._path.exists() else {}

    async def get(self, name: str) -> Document | None:
        found = self._documents.get(name)
        # A copy: what a caller changes is not stored before it is put.
        return None if found is None else json.loads(json.dumps(found))

    async def put(self, name: str, document: Document) -> None:
        self._write({**self._documents, name: json.loads(json.dumps(document))})

    async def delete(self, name: str) -> None:
        if name in self._documents:
            self._write({each: document for each, document in self._documents.items() if each != name})

    async def names(self, prefix: str) -> list[str]:
        return [name for name in self._documents if name.startswith(prefix)]

    async def close(self) -> None:
        return

    def _write(self, documents: dict[str, Document]) -> None:
        """What is not on the disk is not known either."""
        beside = self._path.with_suffix(".new")
        try:
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as file:
                json.dump(documents, file)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._path)
        except OSError as error:
            raise StoreDown(str(error)) from error
        self._documents = documents


class RedisStore:
    """A hash in Redis; it should keep an append-only file, or conversations go with it."""

    _KEY = "tillvault:bot"

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(url, decode_responses=True, socket_timeout=5, socket_connect_timeout=5)  # pyright: ignore[reportUnknownMemberType]  # redis leaves its further options untyped

    async def get(self, name: str) -> Document | None:
        with _down():
            text = await self._redis.hget(self._KEY, name)
        return None if text is None else json.loads(str(text))

    async def put(self, name: str, document: Document) -> None:
        with _down():
            await self._redis.hset(self._KEY, name, json.dumps(document))

    async def delete(self, name: str) -> None:
        with _down():
            await self._redis.hdel(self._KEY, name)

    async def names(self, prefix: str) -> list[str]:
        with _down():
            found: Any = await self._redis.hkeys(self._KEY)
        return [str(name) for name in found if str(name).startswith(prefix)]

    async def close(self) -> None:
        await self._redis.aclose()


@contextmanager
def _down() -> Generator[None]:
    try:
        yield
    except (RedisError, OSError) as error:
        raise StoreDown(f"{type(error).__name__}: {error}") from error


def open_store(redis_url: str | None, folder: Path) -> Store:
    return RedisStore(redis_url) if redis_url else FileStore(folder)
