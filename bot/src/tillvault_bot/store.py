"""What survives a restart: documents by name, in Redis or in one file."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Protocol

from redis.asyncio import Redis

Document = dict[str, Any]


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
        self._documents[name] = json.loads(json.dumps(document))
        self._write()

    async def delete(self, name: str) -> None:
        if self._documents.pop(name, None) is not None:
            self._write()

    async def names(self, prefix: str) -> list[str]:
        return [name for name in self._documents if name.startswith(prefix)]

    async def close(self) -> None:
        return

    def _write(self) -> None:
        beside = self._path.with_suffix(".new")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(self._documents, file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)


class RedisStore:
    """A hash in Redis; it should keep an append-only file, or conversations go with it."""

    _KEY = "tillvault:bot"

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(url, decode_responses=True, socket_timeout=5, socket_connect_timeout=5)  # pyright: ignore[reportUnknownMemberType]  # redis leaves its further options untyped

    async def get(self, name: str) -> Document | None:
        text = await self._redis.hget(self._KEY, name)
        return None if text is None else json.loads(str(text))

    async def put(self, name: str, document: Document) -> None:
        await self._redis.hset(self._KEY, name, json.dumps(document))

    async def delete(self, name: str) -> None:
        await self._redis.hdel(self._KEY, name)

    async def names(self, prefix: str) -> list[str]:
        found: Any = await self._redis.hkeys(self._KEY)
        return [str(name) for name in found if str(name).startswith(prefix)]

    async def close(self) -> None:
        await self._redis.aclose()


def open_store(redis_url: str | None, folder: Path) -> Store:
    return RedisStore(redis_url) if redis_url else FileStore(folder)
