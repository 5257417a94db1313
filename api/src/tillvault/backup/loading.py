"""Load a dump into a database: pg_restore makes statements of it, psql runs them, all in one transaction.

The statements go through this process for three reasons. Some are left out which not every server takes: versions of
PostgreSQL meet here. What the dump cannot say for another owner is added. And COMMIT is sent only once pg_restore has
come to its end: whatever goes wrong before leaves the database as it was.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
import threading
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from tillvault.backup import queries
from tillvault.backup.archive import CHUNK, Archive
from tillvault.backup.manifest import DUMP
from tillvault.backup.tables import Progress, Words
from tillvault.backup.tools import Tools, address
from tillvault.core.db import StartupRefused

_FIRST_OF_DATA = b"COPY "
_TOO_NEW = b"SET transaction_timeout"
"""Said by every pg_restore since version 17, whatever the server."""
_KNOWN_SINCE = 17
_COLUMN_OPTION = re.compile(rb"ALTER TABLE ONLY \S+ ALTER COLUMN \S+ SET \((?!n_distinct)\w+=[^()]*\);\n")
"""`pg_attver`: newer minor releases keep it in a column's options for themselves. A pg_dump older than the server
writes it down, no other server takes it, and in another table it would be wrong. Our columns have no options."""
_NOT_OURS = re.compile(r"^\d+; \d+ \d+ (?:SCHEMA - |COMMENT - |ACL - |EXTENSION )")
"""The schema itself and what hangs on it: the database has it already."""
_DIRECTORY = re.compile(r"^\d+; \d+ \d+ POLICY public (\w+) directory ")
_WORDS_KEPT = 1500


def load(archive: Archive, dsn: str, *, found: Tools, major: int, progress: Progress) -> None:
    """Put what the dump holds in the place of what the database holds, as the owner. Raises StartupRefused."""
    listed = _listed(found, archive).splitlines(keepends=True)
    kept = [line for line in listed if not _NOT_OURS.match(line) and not _DIRECTORY.match(line)]
    directory = [match[1] for line in listed if (match := _DIRECTORY.match(line))]
    with tempfile.NamedTemporaryFile("w", prefix="tillvault-") as chosen:
        chosen.writelines(kept)
        chosen.flush()
        with _statements(found, archive, Path(chosen.name), progress) as statements, _psql(found, dsn) as run:
            run.send(b"BEGIN;\n" + queries.CLEAR.encode())
            for chunk in for_server(statements, major):
                run.send(chunk)
            run.send(queries.finishing(directory).encode())
            # Only now: the block of the statements has not ended, but pg_restore has, and well.
            run.send(b"COMMIT;\n")
            run.end()


def _listed(found: Tools, archive: Archive) -> str:
    """What stands in the dump."""
    with _fed([found.path("pg_restore"), "--list"], archive.chunks(DUMP)) as process:
        assert process.stdout is not None  # noqa: S101  (piped)
        text = process.stdout.read().decode()
        if process.wait() != 0:
            raise StartupRefused("pg_restore cannot read the dump in the backup. Nothing was changed.")
    return text


@contextmanager
def _fed(command: list[str], chunks: Iterable[bytes]) -> Generator[subprocess.Popen[bytes]]:
    """A tool that reads chunks; it is gone when the block ends, whether it has read them all or not."""
    process = subprocess.Popen(  # noqa: S603  (PostgreSQL's own tool, with arguments of ours)
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    feeder = threading.Thread(target=_feed, args=(process.stdin, chunks), daemon=True)
    feeder.start()
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        feeder.join()
        for stream in (process.stdout, process.stderr):
            if stream is not None and not stream.closed:
                stream.close()


def _feed(into: IO[bytes], chunks: Iterable[bytes]) -> None:
    with suppress(BrokenPipeError), into:
        for chunk in chunks:
            into.write(chunk)


@contextmanager
def _statements(found: Tools, archive: Archive, chosen: Path, progress: Progress) -> Generator[Generator[bytes]]:
    """The statements of a dump. To take them all raises StartupRefused when pg_restore does not come to its end."""
    how = ("--no-owner", "--verbose", "--exit-on-error", f"--use-list={chosen}", "--file=-")
    with _fed([found.path("pg_restore"), *how], archive.chunks(DUMP)) as process:
        assert process.stdout is not None  # noqa: S101  (piped)
        assert process.stderr is not None  # noqa: S101  (likewise)
        words = Words(process.stderr, archive.manifest.facts.tables, progress)

        def lines() -> Generator[bytes]:
            assert process.stdout is not None  # noqa: S101  (as above)
            while line := process.stdout.readline():
                yield line
                if line.startswith(_FIRST_OF_DATA):
                    break
            while chunk := process.stdout.read(CHUNK):
                yield chunk
            if process.wait() != 0:
                raise StartupRefused(f"pg_restore failed. The database is as it was. Its last words:\n{words.last}")

        yield lines()


def for_server(statements: Iterable[bytes], major: int) -> Generator[bytes]:
    """Without what this server does not take. Up to the first data each is a line; nothing of the data is looked at."""
    before_data = True
    for each in statements:
        before_data = before_data and not each.startswith(_FIRST_OF_DATA)
        too_new = major < _KNOWN_SINCE and each.startswith(_TOO_NEW)
        if before_data and (too_new or _COLUMN_OPTION.fullmatch(each)):
            continue
        yield each


class _Run:
    """A psql that runs what it is sent."""

    def __init__(self, process: subprocess.Popen[bytes], words: IO[bytes]) -> None:
        self._process, self._words = process, words

    def send(self, text: bytes) -> None:
        assert self._process.stdin is not None  # noqa: S101  (piped)
        try:
            self._process.stdin.write(text)
        except BrokenPipeError as error:
            raise self._refused() from error

    def end(self) -> None:
        assert self._process.stdin is not None  # noqa: S101  (piped)
        try:
            self._process.stdin.close()
        except BrokenPipeError as error:
            raise self._refused() from error
        if self._process.wait() != 0:
            raise self._refused()

    def _refused(self) -> StartupRefused:
        self._process.wait()
        self._words.seek(0)
        said = self._words.read()[-_WORDS_KEPT:].decode(errors="replace").strip()
        return StartupRefused(f"PostgreSQL refuses what the backup holds. The database is as it was. It says:\n{said}")


@contextmanager
def _psql(found: Tools, dsn: str) -> Generator[_Run]:
    database, environment = address(dsn)
    with tempfile.TemporaryFile() as words:
        process = subprocess.Popen(  # noqa: S603  (PostgreSQL's own tool, with arguments of ours)
            [
                found.path("psql"),
                *("--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1", "--file=-"),
                f"--dbname={database}",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=words,
            env=environment,
        )
        try:
            yield _Run(process, words)
        finally:
            # A transaction that nobody has committed goes with its connection.
            process.kill()
            process.wait()
            with suppress(BrokenPipeError):
                if process.stdin is not None:
                    process.stdin.close()
