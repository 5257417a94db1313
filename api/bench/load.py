"""A load generator: keep-alive connections over asyncio, each with a conversation of its own, latencies kept.

Its own process (see `run`), bounded in time, for loopback only. A general tool cannot give every connection its own
session to talk to, nor use an answer in the next request.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

import uvloop

Conversation = Generator[bytes, bytes, None]
"""Yields a request, gets the answer's body, for as long as it is asked."""


@dataclass(slots=True)
class Result:
    """`seconds` are latencies of single requests."""

    requests: int
    elapsed: float
    statuses: Counter[int] = field(default_factory=Counter[int])
    seconds: list[float] = field(default_factory=list[float])

    @property
    def rate(self) -> float:
        return self.requests / self.elapsed

    def percentile_ms(self, share: float) -> float:
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


def request(method: str, path: str, *, token: str | None = None, body: bytes = b"") -> bytes:
    """The bytes of an HTTP/1.1 request."""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n"
    if token:
        head += f"Authorization: Bearer {token}\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


async def _talk(port: int, conversation: Conversation, until: float, result: Result) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    sent = next(conversation)
    while time.perf_counter() < until:
        started = time.perf_counter()
        writer.write(sent)
        head = await reader.readuntil(b"\r\n\r\n")
        at = head.lower().index(b"content-length:") + 15
        body = await reader.readexactly(int(head[at : head.index(b"\r", at)]))
        result.seconds.append(time.perf_counter() - started)
        result.statuses[int(head[9:12])] += 1
        result.requests += 1
        try:
            sent = conversation.send(body)
        except StopIteration:
            break
    writer.close()


def _child(pipe: Any, port: int, make: Callable[[int], Conversation], connections: int, seconds: float) -> None:
    result = Result(0, 0.0)

    async def all_of_them() -> None:
        started = time.perf_counter()
        await asyncio.gather(*(_talk(port, make(at), started + seconds, result) for at in range(connections)))
        result.elapsed = time.perf_counter() - started

    uvloop.run(all_of_them())
    pipe.send(result)


class Running:
    """A load under way in a process of its own."""

    def __init__(self, port: int, make: Callable[[int], Conversation], *, connections: int, seconds: float) -> None:
        context = multiprocessing.get_context("fork")
        self._mine, theirs = context.Pipe()
        self._process = context.Process(target=_child, args=(theirs, port, make, connections, seconds))
        self._process.start()

    def result(self) -> Result:
        found: Result = self._mine.recv()
        self._process.join()
        return found


def run(port: int, make: Callable[[int], Conversation], *, connections: int, seconds: float) -> Result:
    return Running(port, make, connections=connections, seconds=seconds).result()


def repeat(sent: bytes) -> Conversation:
    """The same request again and again."""
    while True:
        yield sent


def run_inline(port: int, sent: bytes) -> Result:
    """One request from this process, on a connection of its own."""
    result = Result(0, 0.0)

    def once() -> Conversation:
        yield sent

    asyncio.run(_talk(port, once(), time.perf_counter() + 30, result))
    return result
