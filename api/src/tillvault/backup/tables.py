"""How far pg_dump and pg_restore have come, from what they say and how large the tables are."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from typing import IO

_BEGUN = re.compile(r'(?:dumping contents of|processing data for) table "public\.([^"]+)"')
_CHATTER = re.compile(
    r"pg_(?:dump|restore): (?:\w+ing |last built-in|identifying|finding|flagging|creating|processing|executing)"
)
_WORDS_KEPT = 1500

Progress = Callable[[int, int], None]
"""Called with the bytes that are done and all bytes."""


class Words:
    """What a tool says on its standard error: the tables that it begins are shown as progress, the last words that are
    no mere report of its work are kept."""

    def __init__(self, stream: IO[bytes], sizes: Mapping[str, int], progress: Progress) -> None:
        self._stream, self._sizes, self._progress = stream, sizes, progress
        self._kept = ""
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        total = sum(self._sizes.values())
        done, current = 0, 0
        for line in self._stream:
            text = line.decode(errors="replace")
            if (begun := _BEGUN.search(text)) is not None:
                done += current
                current = self._sizes.get(begun[1], 0)
                self._progress(done, total)
            elif not _CHATTER.match(text):
                self._kept = (self._kept + text)[-_WORDS_KEPT:]

    @property
    def last(self) -> str:
        self._thread.join(timeout=5)
        return self._kept.strip()

    def end(self) -> None:
        self._thread.join(timeout=5)
        self._stream.close()
