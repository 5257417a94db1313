"""What a backup says of itself: pure, and strict about what it reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import orjson

FORMAT = "tillvault-backup/1"
NAME = "manifest.json"
DUMP = "database.dump"
KEYS = "keys/"
"""What stands before the name of a file of the keys folder."""

_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)
_KEY_FILE = re.compile(r"keys/[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}", re.ASCII)


class ManifestRefused(ValueError):
    """A text that is no manifest of a backup."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A file within the backup."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """The head of a log, as it was in the snapshot."""

    tenant: str
    origin: str
    size: int
    root: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """Whose rows there are."""

    id: str
    slug: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What stands in one snapshot of the database."""

    revision: str
    """Of the schema: the newest migration that it has seen."""
    server_version: str
    taken_at: str
    organisations: tuple[Organisation, ...]
    logs: tuple[Log, ...]
    keys: tuple[str, ...]
    """The `kid` of every key that the vault has ever signed with."""
    tables: Mapping[str, int]
    """Their sizes in bytes, for whoever shows progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    version: str
    """Of Tillvault."""
    dumped_by: str
    """The version of pg_dump: an older pg_restore does not read what it wrote."""
    facts: Facts
    parts: tuple[Part, ...]

    @property
    def holds_keys(self) -> bool:
        return any(part.name.startswith(KEYS) for part in self.parts)

    def log_of(self, tenant: str) -> Log | None:
        return next((log for log in self.facts.logs if log.tenant == tenant), None)


def written(manifest: Manifest) -> bytes:
    """The manifest as a file that people can read too."""
    return orjson.dumps({"format": FORMAT, **asdict(manifest)}, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def read(text: bytes) -> Manifest:
    """Raises ManifestRefused for anything that `written` would not have made."""
    try:
        found = orjson.loads(text)
        form, facts = found["format"], found["facts"]
        manifest = Manifest(
            version=str(found["version"]),
            dumped_by=str(found["dumped_by"]),
            facts=Facts(
                revision=str(facts["revision"]),
                server_version=str(facts["server_version"]),
                taken_at=_moment(facts["taken_at"]),
                organisations=tuple(Organisation(**each) for each in facts["organisations"]),
                logs=tuple(_log(each) for each in facts["logs"]),
                keys=tuple(str(kid) for kid in facts["keys"]),
                tables={str(name): int(size) for name, size in facts["tables"].items()},
            ),
            parts=tuple(_part(each) for each in found["parts"]),
        )
    except ManifestRefused:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ManifestRefused("its manifest is not that of a backup which this version reads") from error
    if form != FORMAT:
        raise ManifestRefused(f"it is of the form {form!r}, this version reads {FORMAT!r}")
    names = [part.name for part in manifest.parts]
    if DUMP not in names or len(set(names)) != len(names):
        raise ManifestRefused("it does not name the parts of a backup")
    return manifest


def _moment(value: Any) -> str:
    datetime.fromisoformat(value)
    return value


def _log(value: Any) -> Log:
    log = Log(**value)
    if not _HASH.fullmatch(log.root) or type(log.size) is not int or log.size < 0:
        raise ManifestRefused("it names the head of a log that cannot be")
    return log


def _part(value: Any) -> Part:
    part = Part(**value)
    if part.name != DUMP and not _KEY_FILE.fullmatch(part.name):
        raise ManifestRefused(f"it names a part that no backup has, {part.name!r}")
    if not _HASH.fullmatch(part.sha256) or type(part.size_bytes) is not int:
        raise ManifestRefused(f"it does not say what {part.name} is")
    return part
