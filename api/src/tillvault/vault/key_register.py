"""The key register: every public key that the vault has ever signed with, and when (vault.md, "Evidence").

It is kept twice: in the database, and as a JWK set in the keys folder, so that no restored backup makes the vault
forget a key that evidence was given with. The two are joined, never compared.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from tillvault.vault import jwk
from tillvault.vault.key_leaves import CHECKPOINT, EVIDENCE, USES

FILE = "jwks.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A public key and its window, in whole seconds since 1970, both ends included; no end while it signs."""

    use: str
    jwk: Mapping[str, str]
    since: int
    until: int | None = None

    @property
    def kid(self) -> str:
        return self.jwk["kid"]

    def shown(self) -> dict[str, Any]:
        """The key as the JWK set shows it."""
        return {**self.jwk, "nbf": self.since} | ({} if self.until is None else {"exp": self.until})


@dataclass(frozen=True, slots=True)
class Register:
    """Keys by `kid`."""

    keys: Mapping[str, Key] = field(default_factory=dict[str, Key])

    @staticmethod
    def of(keys: Iterable[Key]) -> Register:
        """Of a key that is known twice the wider beginning holds, and the end if one of the two has it."""
        found: dict[str, Key] = {}
        for key in keys:
            known = found.get(key.kid)
            if known is not None:
                ends = [each.until for each in (known, key) if each.until is not None]
                key = replace(key, since=min(known.since, key.since), until=max(ends, default=None))  # noqa: PLW2901  (the joined one takes its place)
            found[key.kid] = key
        return Register(found)

    def joined(self, other: Register) -> Register:
        return Register.of([*self.keys.values(), *other.keys.values()])

    def current(self, use: str) -> Key | None:
        """The key that signs, where the register knows one; the youngest, should there be several."""
        signing = [key for key in self.keys.values() if key.use == use and key.until is None]
        return max(signing, key=lambda key: key.since, default=None)

    def in_order(self) -> list[Key]:
        """Those that sign first, then the youngest."""
        return sorted(
            self.keys.values(), key=lambda key: (key.until is not None, -(key.until or 0), USES.index(key.use), key.kid)
        )

    def jwks(self) -> dict[str, Any]:
        return {"keys": [key.shown() for key in self.in_order()]}


# The file -----------------------------------------------------------------------------------------------------------


def read(folder: Path) -> Register:
    """The register beside the private keys; empty where there is none. Raises ValueError for a file that is none."""
    try:
        value: Any = orjson.loads((folder / FILE).read_bytes())
    except FileNotFoundError:
        return Register()
    found = jwk.parse_jwks(value)
    return Register.of(_key(kid, shown, found) for kid, shown in found.shown.items())


def _key(kid: str, shown: Mapping[str, Any], found: jwk.PublicKeys) -> Key:
    window = found.windows[kid]
    public = {name: value for name, value in shown.items() if name not in {"nbf", "exp"}} | {"kid": kid}
    return Key(
        use=EVIDENCE if kid in found.evidence else CHECKPOINT,
        jwk=public,
        since=window.since or 0,
        until=window.until,
    )


def keep(folder: Path, known: Register) -> None:
    """Join what is known to the file, at once and for good. Raises OSError, and ValueError for a file that is none."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with held(folder):
        before = read(folder)
        after = before.joined(known)
        if after.jwks() != before.jwks():
            replace_file(folder, FILE, orjson.dumps(after.jwks(), option=orjson.OPT_INDENT_2) + b"\n")


@contextmanager
def held(path: Path, *, wait: bool = True) -> Generator[None]:
    """The exclusive lock of a folder or of a file, which is made, among processes. Raises BlockingIOError where
    somebody else has it and it is not waited for."""
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(descriptor)


def replace_file(folder: Path, name: str, content: bytes) -> None:
    """A file of mode 0600, written aside and renamed: a reader never sees half of it."""
    aside = folder / f".{name}.{secrets.token_hex(8)}"
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(folder / name)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """What was renamed is so after a crash too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
