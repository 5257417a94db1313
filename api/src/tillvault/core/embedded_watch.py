"""Starts the embedded PostgreSQL again when it has died under a server that goes on.

The API answers 503 meanwhile and connects anew by itself. A database that dies again and again is given longer and
longer pauses, so that a full disk is not made worse by a start every second.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

from tillvault.core.embedded import EmbeddedPostgres
from tillvault.core.logging import log

_LOOKS_EVERY_SECONDS = 0.25
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0
_STABLE_SECONDS = 60.0
"""Whoever has lived this long begins again with no pause at all."""


@contextmanager
def watched(server: EmbeddedPostgres) -> Generator[None]:
    """The server, which is this process's own, is started again for as long as the block lasts."""
    watch = _Watch(server)
    thread = threading.Thread(target=watch.run, name="embedded-postgres", daemon=True)
    thread.start()
    try:
        yield
    finally:
        watch.over.set()
        server.give_up()
        thread.join()


class _Watch:
    def __init__(self, server: EmbeddedPostgres) -> None:
        self.over = threading.Event()
        self._server = server
        self._attempts = 0
        self._tried_at: float | None = None

    def run(self) -> None:
        while not self.over.wait(_LOOKS_EVERY_SECONDS):
            if self._server.has_died:
                self._start_again()

    def _start_again(self) -> None:
        began = time.monotonic()
        if self._tried_at is not None and began - self._tried_at > _STABLE_SECONDS:
            self._attempts = 0
        pause = pause_before(self._attempts)
        self._attempts += 1
        log().error("database.died", folder=str(self._server.data_dir), attempt=self._attempts, pause_seconds=pause)
        if self.over.wait(pause):
            return
        self._tried_at = time.monotonic()
        try:
            self._server.revive()
        except Exception as error:  # noqa: BLE001  (a watch that ended unseen would leave the shop without a database)
            if not self.over.is_set():
                log().error("database.not_started_again", attempt=self._attempts, error=str(error))
        else:
            log().warning("database.started_again", seconds=round(time.monotonic() - began, 3))


def pause_before(attempt: int) -> float:
    """How long to wait before an attempt, in seconds; the first, number 0, comes at once."""
    return 0.0 if attempt == 0 else min(_FIRST_PAUSE_SECONDS * 2 ** min(attempt - 1, 10), _LONGEST_PAUSE_SECONDS)
