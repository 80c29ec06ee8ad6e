"""Makes a backup of a bank, which may live meanwhile: reads its files and its day book, and never writes to them.

The order is what makes the parts fit: who holds which case, accounts and contracts come first, then the day book as far as it
goes by then, then contents and the trail. So a restored home speaks of no case that its book does not know, and no command of its
book lacks the file that was kept before it."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

import msgpack

from actors.backup.chains import living
from actors.backup.container import Head, Manifest, Writer
from actors.backup.key import BackupKey
from actors.book.store import Entry, Store, StoreError
from actors.gateway import archive, contents
from actors.identity import service
from actors.identity.keys import NAME as KEYS

WINDOWS, SNAPSHOT, AUDIT_ROWS, LOGS = "windows", "snapshot", "audit rows", "log"
BANK_FILE, TRAIL = "bank.json", "trail.db"
IDENTITY_KEYS = f"{service.FOLDER}/{KEYS}"
ACCOUNTS, HOLDINGS = f"{service.FOLDER}/{service.ACCOUNTS}", f"{service.FOLDER}/{service.HOLDINGS}"
AUDIT, HEAD_OF_AUDIT = f"{service.FOLDER}/{service.LOG}", service.HEAD
KEY_DATA = (BANK_FILE, IDENTITY_KEYS, ACCOUNTS, archive.FILE)
"""What is backed up at every change, whatever the hour (DR-03)."""
_PIECE = 1 << 20


@dataclass(frozen=True)
class Source:
    """A bank that is backed up. `store`: opens its day book as it lies there, sealed with the bank's own keys; `identity`: whose
    book it is; `start`: the bank's first instant; `places`: where copies are kept besides."""

    home: Path
    name: str
    store: Callable[[], Store]
    start: int
    places: tuple[Path, ...] = ()


@dataclass
class Before:
    """What earlier backups hold, which a new one need not: see the fields of `Manifest`."""

    following: int = 0
    seal: str = ""
    until: int = 0
    epoch: int = 0
    files: dict[str, str] = field(default_factory=dict)
    key_data: dict[str, str] = field(default_factory=dict)
    """As backups of key data have it, which are kept until the next incremental one and count for nothing there."""
    contents: set[str] = field(default_factory=set)
    audit: int = 0
    logs: dict[str, list[int]] = field(default_factory=dict)
    given_up: list[list[int]] = field(default_factory=list)

    @classmethod
    def of(cls, manifests: Iterable[Manifest]) -> Before:
        """What backups hold together, the oldest first, beginning with a full one. Later full ones count for nothing, unless
        their day book is another one: what came since is in the others too, so that one that is damaged can be done without."""
        found, begun = cls(), False
        for one in manifests:
            first = one.kind == "full" and (not begun or one.anew_from is not None)
            begun |= first
            found.given_up = one.given_up
            found.contents.update(name for name in one.members if name.startswith(f"{contents.FOLDER}/"))
            if first or one.kind in ("incremental", "key"):
                found.key_data = one.files
            if first or one.kind == "incremental":
                found.files = one.files
                found.following, found.seal, found.until, found.epoch = one.following, one.seal, one.until, one.epoch
            if first or one.kind == "log":
                found.audit, found.logs = one.audit, one.logs
        return found


def anew_from(source: Source, manifests: Sequence[Manifest]) -> int | None:
    """None where the bank's day book goes on from what was backed up last. Where it is another one — a site that lost the lead
    and had its book copied anew — the first window that is not as the backups hold it, as far as they tell: 0 where none is."""
    with closing(source.store()) as store:
        following = store.standing().number

        def holds(one: Manifest) -> bool:
            return one.following <= following and (
                not one.following or store.seal_before(one.following).hex() == one.seal
            )

        kept = [one for one in living(manifests) if one.kind in ("full", "incremental")]
        if not kept or holds(max(kept, key=lambda one: one.following)):
            return None
        return max((one.following for one in kept if holds(one)), default=0)


def made(
    source: Source,
    kind: str,
    key: BackupKey,
    folder: Path,
    now_ms: int,
    before: Before | None = None,
    anew: int | None = None,
) -> Manifest:
    """A new backup in a folder; its manifest. `now_ms`: since 1970 UTC; `before` is needed for all kinds but the full one;
    `anew`: see `anew_from`. StoreError where the day book can't be read, or is not the one that was backed up before; OSError
    where the folder can't be written."""
    head = Head(1, source.name, kind, now_ms, os.urandom(16).hex(), key.name)
    before = before if before is not None else Before()
    given_up = [*before.given_up, *([[now_ms, anew]] if anew is not None else [])]
    before = before if kind != "full" else Before()
    manifest = Manifest(
        bank=source.name,
        kind=kind,
        id=head.id,
        time=now_ms,
        first=before.following,
        following=before.following,
        seal_before=before.seal,
        seal=before.seal,
        epoch=before.epoch,
        files=before.key_data if kind == "key" else before.files,
        audit=before.audit,
        logs=before.logs,
        given_up=given_up,
        places=[str(folder), *map(str, source.places)],
    )
    with Writer(folder, head, key) as writer, tempfile.TemporaryDirectory(prefix=".copies-", dir=folder) as scratch:
        making = _Making(source, key, writer, Path(scratch), before)
        if kind != "log":
            manifest = making.files(manifest, KEY_DATA if kind == "key" else (*KEY_DATA, HOLDINGS))
        if kind in ("full", "log"):
            manifest = making.audit(manifest, whole=kind == "full")
        if kind in ("full", "incremental"):
            manifest = making.book(manifest)
            making.contents()
        else:
            manifest = replace(manifest, until=making.until())
        if kind == "full":
            making.database(TRAIL)
        if kind in ("full", "log"):
            manifest = making.logs(manifest)
        return writer.finish(manifest)


@dataclass
class _Making:
    """A backup that is being written; see `made`."""

    source: Source
    key: BackupKey
    writer: Writer
    scratch: Path
    before: Before

    def files(self, manifest: Manifest, names: Iterable[str]) -> Manifest:
        """Those files of the bank that are not as an earlier backup has them."""
        found = dict(manifest.files)
        for name in names:
            path = self._copied(name) if name.endswith(".db") else self.source.home / name
            if not path.exists():
                continue
            digest = digest_of(path)
            if found.get(name) != digest:
                if name == IDENTITY_KEYS:
                    self.writer.add(name, [self.key.wrapping().seal(path.read_bytes(), name.encode())])
                else:
                    self.writer.add(name, _pieces(path), deflated=True)
                found[name] = digest
            if path.parent == self.scratch:
                path.unlink()
        return replace(manifest, files=found)

    def database(self, name: str) -> None:
        """A file of SQLite that can be made anew, so that no digest of it is kept."""
        path = self._copied(name)
        if path.exists():
            self.writer.add(name, _pieces(path), deflated=True)
            path.unlink()

    def audit(self, manifest: Manifest, whole: bool) -> Manifest:
        """The operation log: all of it, or the rows that came since. Its head is read first: it never says more than the rows."""
        path, head = self.source.home / AUDIT, self.source.home / HEAD_OF_AUDIT
        if not path.exists():
            return manifest
        if head.exists():
            self.writer.add(HEAD_OF_AUDIT, [head.read_bytes()])
        if whole:
            copy = self._copied(AUDIT)
            with closing(_connected(copy)) as database:
                (last,) = database.execute("SELECT coalesce(max(number), 0) FROM log").fetchone()
            self.writer.add(AUDIT, _pieces(copy), deflated=True)
            copy.unlink()
            return replace(manifest, audit=last)
        with closing(_connected(path)) as database:
            rows = database.execute(
                "SELECT * FROM log WHERE number > ? ORDER BY number", (self.before.audit,)
            ).fetchall()
        self.writer.add(AUDIT_ROWS, (bytes(msgpack.packb(row)) for row in rows), deflated=True)
        last = rows[-1][0] if rows else self.before.audit
        return replace(manifest, audit=last)

    def book(self, manifest: Manifest) -> Manifest:
        """The day book as far as it goes now: what came since an earlier backup, or all of it, with the snapshots it needs."""
        with closing(self.source.store()) as store:
            standing = store.standing()
            first, following = manifest.first, standing.number
            if first > following or (first and store.seal_before(first).hex() != manifest.seal):
                raise StoreError(
                    f"{self.source.home}: the day book is another one than was backed up before; make a full backup"
                )
            kept = [number for number in store.snapshots() if number <= following and manifest.kind == "full"]
            opening = self._snapshot([number for number in kept if number == 0], store)
            last = self._windows(store, first, following)
            newest = self._snapshot([number for number in kept if number > 0], store)
            manifest = replace(
                manifest,
                following=following,
                seal_before=store.seal_before(first).hex() if following else "",
                seal=standing.seal.hex(),
                until=self.before.until or self.source.start,
                epoch=standing.epoch,
                snapshots=opening + newest,
            )
        if last is None:
            return manifest
        return replace(manifest, until=last.until, proved=last.proved, chain=last.chain)

    def until(self) -> int:
        """The bank's instant, by its day book."""
        with closing(self.source.store()) as store:
            following = store.standing().number
            last = next(iter(store.read(following - 1)), None) if following else None
        return self.source.start if last is None else last.until

    def _windows(self, store: Store, first: int, following: int) -> Entry | None:
        last: list[Entry] = []

        def packed() -> Iterator[bytes]:
            for entry in store.read(first) if following > first else ():
                if entry.number >= following:
                    return
                last[:] = [entry]
                yield bytes(msgpack.packb(entry))

        self.writer.add(WINDOWS, _gathered(packed()))
        return last[0] if last else None

    def _snapshot(self, numbers: list[int], store: Store) -> list[int]:
        """The first good one of some snapshots; what is damaged, and what a newer one drove out meanwhile, is passed over."""
        for number in numbers:
            with suppress(StoreError):
                one = store.snapshot(number)
                about = f"{SNAPSHOT}/{number}"
                self.writer.add(about, [bytes(msgpack.packb((one.until, one.chain, sorted(one.cells))))])
                for cell in sorted(one.cells):
                    self.writer.add(f"{about}/{cell}", [one.cells[cell]])
                return [number]
        return []

    def contents(self) -> None:
        """What customers uploaded, by digest, and no earlier backup holds."""
        for path in sorted((self.source.home / contents.FOLDER).glob("[0-9a-f][0-9a-f]/[0-9a-f]*")):
            name = path.relative_to(self.source.home).as_posix()
            if name not in self.before.contents:
                with suppress(FileNotFoundError):  # swept away meanwhile
                    self.writer.add(name, [path.read_bytes()])

    def logs(self, manifest: Manifest) -> Manifest:
        """The lines that the bank's processes wrote since. A file that was put aside since is known by what it is, not by its
        name, and comes before the one that took its place."""
        known: dict[str, list[int]] = {}
        by_inode = {number: size for number, size in self.before.logs.values()}  # noqa: C416
        for path in sorted((self.source.home / LOGS).glob("*"), key=_age):
            with suppress(FileNotFoundError), path.open("rb") as file:
                found = os.fstat(file.fileno())
                number, begin = found.st_ino, by_inode.get(found.st_ino, 0)
                file.seek(begin if begin <= found.st_size else 0)
                begin = file.tell()
                name = f"{LOGS}/{path.name.partition('.jsonl')[0]}.jsonl/{number}/{begin}"
                self.writer.add(name, _read(file), deflated=True)
                known[path.name] = [number, file.tell()]
        return replace(manifest, logs=known)

    def _copied(self, name: str) -> Path:
        return _copied(self.source.home / name, self.scratch)


def signature(home: Path) -> list[tuple[int, int]]:
    """What is another one once key data may have changed: sizes and instants of its files."""
    found = []
    for name in KEY_DATA:
        for path in (home / name, home / f"{name}-wal"):
            with suppress(FileNotFoundError):
                of = path.stat()
                found.append((of.st_size, of.st_mtime_ns))
    return found


def changed(source: Source, before: Before, scratch: Path) -> bool:
    """Whether key data is not as an earlier backup has it."""
    with tempfile.TemporaryDirectory(prefix=".copies-", dir=scratch) as folder:
        for name in KEY_DATA:
            path = source.home / name
            if path.exists():
                path = _copied(path, Path(folder)) if name.endswith(".db") else path
                if digest_of(path) != before.key_data.get(name):
                    return True
    return False


def _copied(path: Path, folder: Path) -> Path:
    """A file of SQLite as of one instant; nothing where there is none."""
    copy = folder / path.name
    if path.exists():
        with closing(_connected(path)) as found, closing(sqlite3.connect(copy)) as into:
            found.backup(into)
    return copy


def _age(path: Path) -> int:
    """The older, the smaller: ``x.jsonl.4`` before ``x.jsonl.1`` before ``x.jsonl``."""
    number = path.suffix.removeprefix(".")
    return -int(number) if number.isdigit() else 0


def _connected(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=10.0, isolation_level=None)


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from _read(file)


def _read(file: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: file.read(_PIECE), b"")


def _gathered(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Small parts together, so that a frame is not a window."""
    waiting = bytearray()
    for part in parts:
        waiting += part
        if len(waiting) >= _PIECE // 2:
            yield bytes(waiting)
            waiting.clear()
    yield bytes(waiting)


def digest_of(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
