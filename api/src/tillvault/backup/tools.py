"""PostgreSQL's own tools: where they are, and how they are told the address of a database."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from tillvault.core import embedded
from tillvault.core.db import StartupRefused

_NEEDED = ("pg_dump", "pg_restore", "psql")
_VERSION = re.compile(r"\(PostgreSQL\) ((\d+)[\w.]*)")


@dataclass(frozen=True, slots=True)
class Tools:
    """`pg_dump`, `pg_restore` and `psql` of one version."""

    folder: Path
    version: str
    major: int

    def path(self, name: str) -> str:
        return str(self.folder / name)


def tools(*, major: int) -> Tools:
    """Tools not older than a PostgreSQL of this major version: an older pg_dump does not know what it has to read.

    Those of the embedded PostgreSQL if they will do, else those on the PATH. Raises StartupRefused.
    """
    found = [each for folder in _folders() if (each := _in(folder)) is not None]
    for each in found:
        if each.major >= major:
            return each
    seen = ", ".join(f"{each.version} in {each.folder}" for each in found) or "none"
    raise StartupRefused(
        f"PostgreSQL's client tools (pg_dump, pg_restore, psql) of version {major} or later are needed. Install them "
        f"and put their folder into PATH. Found: {seen}."
    )


def _folders() -> list[Path]:
    folders: list[Path] = []
    with suppress(StartupRefused):
        # An installation with a database of its own may do without the package.
        folders.append(embedded.binaries())
    on_path = shutil.which("pg_dump")
    return [*folders, *([Path(on_path).parent] if on_path else [])]


def _in(folder: Path) -> Tools | None:
    if not all((folder / name).exists() for name in _NEEDED):
        return None
    told = subprocess.run([folder / "pg_dump", "--version"], capture_output=True, text=True, check=False)  # noqa: S603  (found above)
    version = _VERSION.search(told.stdout)
    return Tools(folder, version[1], int(version[2])) if version else None


def address(dsn: str) -> tuple[str, dict[str, str]]:
    """What the tools are called with to reach a database: an address without its password, which every user of the
    machine could read among the processes, and the environment that holds it."""
    parts = urlsplit(dsn)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    password = query.pop("password", None) or (unquote(parts.password) if parts.password else None)
    user, at, host = parts.netloc.rpartition("@")
    netloc = f"{user.partition(':')[0]}{at}{host}"
    plain = parts._replace(netloc=netloc, query=urlencode(query, quote_via=quote)).geturl()
    # Messages are read: they must be those of no language but the tools' own.
    environment = {**os.environ, "LC_ALL": "C", "PGAPPNAME": "tillvault backup"}
    if password is not None:
        environment["PGPASSWORD"] = password
    return plain, environment
