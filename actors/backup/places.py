"""The places (备份位置) in which a bank's backups are kept: the folder of its home, and any number of further ones. Each backup
is in all of them; a place that can't be reached gets it later. What is older than the full backups that are kept goes, and
never before a newer full one was proved to restore."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from actors.backup.container import SUFFIX, Manifest, check, manifest_of
from actors.backup.errors import BackupError
from actors.backup.key import BackupKey
from actors.identity import files

FOLDER = "backups"


@dataclass
class Copies:
    """The copies of a backup, and what is wrong with those that can't be used. `good`: those that were read to their end."""

    name: str
    manifest: Manifest
    paths: list[Path] = field(default_factory=list)
    good: dict[Path, bool] = field(default_factory=dict)


@dataclass
class Shelf:
    """What some places hold of one key's backups, by name, and what is wrong there, a line each."""

    key: BackupKey
    copies: dict[str, Copies] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    unread: list[Exception] = field(default_factory=list)
    """Why manifests can't be read."""

    def look(self, folder: Path) -> None:
        """Takes in what a place holds. BackupError where it can't be read."""
        for path in names_in(folder):
            self.take(path)

    def take(self, path: Path) -> None:
        """Takes in one file."""
        try:
            manifest = manifest_of(path, self.key)
        except (BackupError, OSError) as error:
            self.faults.append(_line(path, error))
            self.unread.append(error)
        else:
            self.copies.setdefault(path.name, Copies(path.name, manifest)).paths.append(path)

    def manifests(self) -> list[Manifest]:
        """Those of all backups, the oldest first."""
        return [self.copies[name].manifest for name in sorted(self.copies)]

    def good(self, name: str) -> Path | None:
        """A copy that is what was written, to its last byte; what is wrong with the others is added to the faults."""
        copies = self.copies[name]
        for path in copies.paths:
            if path not in copies.good:
                try:
                    check(path, self.key)
                    copies.good[path] = True
                except (BackupError, OSError) as error:
                    copies.good[path] = False
                    self.faults.append(_line(path, error))
            if copies.good[path]:
                return path
        return None

    def has(self, one: Manifest) -> bool:
        """Whether a backup has a good copy."""
        return self.good(one.name) is not None

    def find(self, one: Manifest) -> Path:
        """A good copy of a backup. BackupError where there is none."""
        if (path := self.good(one.name)) is None:
            raise BackupError(f"{one.name}: no good copy of it")
        return path

    def prove(self) -> int:
        """Reads every copy; how many are good."""
        for copies in self.copies.values():
            for path in list(copies.paths):
                one = Copies(copies.name, copies.manifest, [path])
                Shelf(self.key, {copies.name: one}, self.faults).good(copies.name)
                copies.good |= one.good
        return sum(sum(copies.good.values()) for copies in self.copies.values())


def names_in(folder: Path) -> list[Path]:
    """The backups in a place, the oldest first. BackupError where there is no such place."""
    try:
        return sorted(path for path in folder.iterdir() if path.name.endswith(SUFFIX) and path.name[0] != ".")
    except OSError as error:
        raise BackupError(f"{folder}: can't be read ({error.strerror}); give a folder with backups") from None


def copied(path: Path, folder: Path) -> Path:
    """A backup in another place, there whole or not at all, once it is on the disk. OSError where that can't be."""
    fresh, found = folder / f".{path.name}.{os.getpid()}", folder / path.name
    try:
        with path.open("rb") as source, _made(fresh) as into:
            shutil.copyfileobj(source, into, 1 << 20)
            into.flush()
            os.fsync(into.fileno())
        fresh.rename(found)
    finally:
        fresh.unlink(missing_ok=True)
    files.sync_folder(folder)
    return found


def made_up(folder: Path, place: Path, wanted: Iterable[str]) -> list[str]:
    """Brings into a place what it lacks of a folder's backups; their names. OSError where it can't be reached."""
    there = {path.name: path.stat().st_size for path in place.iterdir()}
    lacking = [name for name in wanted if there.get(name) != (folder / name).stat().st_size]
    for name in lacking:
        copied(folder / name, place)
    return lacking


def outlived(manifests: Sequence[Manifest], fulls_kept: int) -> list[Manifest]:
    """The backups, the oldest first, that the newest of them makes needless: a full one what is older than the oldest full one
    that is kept, an incremental one the key data before it, which it holds too."""
    newest = manifests[-1]
    if newest.kind == "incremental":
        return [one for one in manifests if one.kind == "key" and one.time < newest.time]
    fulls = [place for place, one in enumerate(manifests) if one.kind == "full"]
    return list(manifests[: fulls[-fulls_kept]]) if newest.kind == "full" and len(fulls) > fulls_kept else []


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """A place in which nobody else makes a backup meanwhile."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def swept(folder: Path) -> None:
    """Removes what was left half written."""
    for path in folder.glob(".*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif SUFFIX in path.name:
            path.unlink(missing_ok=True)


def _made(path: Path) -> BinaryIO:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, files.FILE_MODE), "wb")


def _line(path: Path, error: Exception) -> str:
    return str(getattr(error, "user_message", None) or f"{path}: can't be read ({getattr(error, 'strerror', error)})")
