"""The file of a backup: a plain tar of the parts, the manifest that names them, and the hash of the manifest.

The dump is written as it comes, and its size into the header before it once it is known: a backup needs no room but its
own. The manifest comes after what it names, and its hash last, so that a file that was cut lacks it.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO

from tillvault.backup import manifest
from tillvault.backup.manifest import Manifest, ManifestRefused, Part
from tillvault.core.db import StartupRefused

HASH_NAME = f"{manifest.NAME}.sha256"
"""In the form of `sha256sum --check`."""
CHUNK = 1 << 20
_MANIFEST_BYTES_MAX = 64 << 20

Advance = Callable[[int], None]
"""Called with the bytes that were read since the last time."""


class Writing:
    """A backup that is being written, part by part."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._parts: list[Part] = []

    def add(self, name: str, chunks: Iterable[bytes]) -> Part:
        part = self._member(name, chunks)
        self._parts.append(part)
        return part

    def end(self, made: Callable[[tuple[Part, ...]], Manifest]) -> Manifest:
        """Write the manifest over the parts, and the end of the file."""
        finished = made(tuple(self._parts))
        part = self._member(manifest.NAME, [manifest.written(finished)])
        self._member(HASH_NAME, [f"{part.sha256}  {manifest.NAME}\n".encode()])
        self._file.write(bytes(2 * tarfile.BLOCKSIZE))
        return finished

    def _member(self, name: str, chunks: Iterable[bytes]) -> Part:
        start = self._file.tell()
        self._file.write(bytes(tarfile.BLOCKSIZE))
        size, digest = 0, hashlib.sha256()
        for chunk in chunks:
            self._file.write(chunk)
            digest.update(chunk)
            size += len(chunk)
        self._file.write(bytes(-size % tarfile.BLOCKSIZE))
        end = self._file.tell()
        self._file.seek(start)
        self._file.write(_header(name, size))
        self._file.seek(end)
        return Part(name=name, size_bytes=size, sha256=digest.hexdigest())


def _header(name: str, size: int) -> bytes:
    about = tarfile.TarInfo(name)
    about.size, about.mode, about.mtime = size, 0o600, int(time.time())
    # GNU's form writes any size into the one block that is left for it.
    header = about.tobuf(tarfile.GNU_FORMAT)
    if len(header) != tarfile.BLOCKSIZE:
        raise ValueError(f"{name!r} is too long a name for a part of a backup")
    return header


class Archive:
    """A backup that is read: its manifest is what its hash says, its parts are there with the sizes that it names."""

    def __init__(self, file: BinaryIO, tar: tarfile.TarFile, members: dict[str, tarfile.TarInfo]) -> None:
        self._file, self._tar, self._members = file, tar, members
        self.manifest = _manifest_of(tar, members)
        for part in self.manifest.parts:
            if part.name not in members or members[part.name].size != part.size_bytes:
                raise _Broken(f"{part.name} is missing, or was cut")
        if strange := members.keys() - {part.name for part in self.manifest.parts} - {manifest.NAME, HASH_NAME}:
            raise _Broken(f"{min(strange)} is in the file, but not in its manifest")

    def check(self, advance: Advance) -> None:
        """Compare every part with its hash. Raises StartupRefused."""
        for part in self.manifest.parts:
            digest = hashlib.sha256()
            for chunk in self.chunks(part.name):
                digest.update(chunk)
                advance(len(chunk))
            if digest.hexdigest() != part.sha256:
                raise _refused(f"{part.name} is not what the manifest says: it was changed or damaged")

    def chunks(self, name: str) -> Generator[bytes]:
        found = self._tar.extractfile(self._members[name])
        assert found is not None  # noqa: S101  (only plain files are let in)
        while chunk := found.read(CHUNK):
            yield chunk

    def read(self, name: str) -> bytes:
        return b"".join(self.chunks(name))

    @property
    def key_files(self) -> dict[str, bytes]:
        """The files of the keys folder, by name."""
        names = [part.name for part in self.manifest.parts if part.name.startswith(manifest.KEYS)]
        return {name.removeprefix(manifest.KEYS): self.read(name) for name in names}


class _Broken(ValueError):
    """Why a file is no whole backup."""


def _refused(why: str) -> StartupRefused:
    return StartupRefused(f"This is no whole backup: {why}. Nothing was changed.")


@contextmanager
def opened(path: Path) -> Generator[Archive]:
    """Raises StartupRefused for a file that is no backup, was cut, or has another manifest than its hash says."""
    with path.open("rb") as file:
        try:
            archive = _archive(file)
        except (tarfile.TarError, _Broken, ManifestRefused, EOFError) as error:
            raise _refused(str(error) or "its end is missing") from error
        yield archive


def _archive(file: BinaryIO) -> Archive:
    end = file.seek(0, io.SEEK_END)
    file.seek(0)
    tar = tarfile.open(fileobj=file, mode="r:")  # noqa: SIM115  (it has nothing to close but the file)
    members: dict[str, tarfile.TarInfo] = {}
    for member in tar:
        if not member.isreg() or member.name in members:
            raise _Broken(f"{member.name!r} is not a plain file that stands there once")
        if member.offset_data + member.size > end:
            raise _Broken("its end is missing")
        members[member.name] = member
    return Archive(file, tar, members)


def _manifest_of(tar: tarfile.TarFile, members: dict[str, tarfile.TarInfo]) -> Manifest:
    if manifest.NAME not in members or HASH_NAME not in members:
        raise _Broken("its end is missing")
    text, hashed = (_small(tar, members[name]) for name in (manifest.NAME, HASH_NAME))
    if hashed != f"{hashlib.sha256(text).hexdigest()}  {manifest.NAME}\n".encode():
        raise _Broken("its manifest was changed or damaged")
    return manifest.read(text)


def _small(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    if member.size > _MANIFEST_BYTES_MAX:
        raise _Broken(f"{member.name} is too large")
    found: IO[bytes] | None = tar.extractfile(member)
    assert found is not None  # noqa: S101  (only plain files are let in)
    return found.read()
