"""Makes a bank's home of backups: a new folder, there whole or not at all, whose day book ends with the last window that is not
after an instant, seal for seal what it was."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import msgpack

from actors.backup.chains import Chain
from actors.backup.container import Manifest, member, pieces_of
from actors.backup.errors import BackupError, DamagedBackup
from actors.backup.key import FILE as KEY_FILE
from actors.backup.key import BackupKey
from actors.backup.making import (
    AUDIT,
    AUDIT_ROWS,
    BANK_FILE,
    HEAD_OF_AUDIT,
    IDENTITY_KEYS,
    LOGS,
    SNAPSHOT,
    TRAIL,
    WINDOWS,
    digest_of,
)
from actors.book.store import Entry, Snapshot, Standing, Store, seal_of
from actors.gateway import archive, contents
from actors.identity import files, service
from actors.trail import Trail

LATER_CONTRACTS = "contracts-later.db"
"""Contracts of key data that is newer than the day book: the bank does not know of all of them."""
_WINDOWS_AT_ONCE = 500
Find = Callable[[Manifest], Path]
"""A good copy of a backup."""
OpenStore = Callable[[Path], Store]
"""Opens the day book of a home that is being restored."""
IdentityOf = Callable[[Mapping[str, Any]], str]
"""What a day book depends on, of what the bank's own file says."""


@dataclass
class Restored:
    """What was restored: how far the day book goes, and the bank's instant there. `unknown`: contracts that were signed and that
    the day book does not know of, by number."""

    standing: Standing
    until: int
    windows: int
    backups: int
    unknown: list[str] = field(default_factory=list)
    older: list[str] = field(default_factory=list)
    """What is of an earlier backup than it should be, since no copy of the later one is good."""


@dataclass
class _Home:
    """A home that is being restored in a folder that has not its name yet."""

    folder: Path
    key: BackupKey
    store: Store
    at: int | None
    until: int = 0
    windows: int = 0
    epoch: int = 0
    waiting: list[Entry] = field(default_factory=list)
    expected: dict[str, str] = field(default_factory=dict)
    """The digests of the bank's files, as the backups say that they were."""
    audit_gap: bool = False
    logs: dict[str, int] = field(default_factory=dict)
    """How many bytes of each log there are."""
    places: dict[str, int] = field(default_factory=dict)
    """By log of the backup that is laid over the others, how far it was read."""
    written: set[str] = field(default_factory=set)
    """The files of that backup that were begun."""

    def cuts(self, backup: Manifest) -> bool:
        """Whether a backup is of a later instant, and only some of its windows are taken."""
        return self.at is not None and backup.until > self.at


def restored(
    chain: Chain,
    find: Find,
    key: BackupKey,
    home: Path,
    at: int | None,
    open_store: OpenStore,
    identity_of: IdentityOf,
    address: str = "",
    lasting: bool = True,
) -> Restored:
    """The home that a chain of backups is of, in a folder that is not there yet. `open_store`: opens the new day book of a home,
    which must be empty; `address`: where that is, unless it lies in the home; `lasting`: False for a proof that goes again, which
    need not be on the disk and gets no key of backups. BackupError where the home or the day book is there already,
    DamagedBackup where the backups contradict each other."""
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise BackupError(f"{home}: already there and not an empty folder; give another --home")
    home.parent.mkdir(parents=True, exist_ok=True)
    fresh = home.with_name(f".{home.name}.{os.getpid()}")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=files.FOLDER_MODE)
    try:
        store = open_store(fresh)
        try:
            found = _filled(_Home(fresh, key, store, at), chain, find, identity_of)
        finally:
            store.close()
        _settle(fresh, address or "sqlite:daybook.db")
        if lasting:
            key.save(fresh / service.FOLDER / KEY_FILE)
        if home.exists():
            home.rmdir()
        for path in fresh.rglob("*") if lasting else ():
            _synced(path)
        fresh.rename(home)
        files.sync_folder(home.parent)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return found


def _synced(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _filled(home: _Home, chain: Chain, find: Find, identity_of: IdentityOf) -> Restored:
    steps = [chain.full, *chain.steps]
    backups = sorted([*steps, *chain.beside], key=lambda one: one.time)
    _found(home, chain, find, identity_of)
    for backup in backups:
        later = backup.kind == "key" and backup.time >= chain.last.time
        home.written, home.places = set(), {}
        _apply(home, backup, find(backup), windows=backup in steps, later=later)
        if backup.kind != "log" and not home.cuts(backup):
            home.expected |= {name: of for name, of in backup.files.items() if not (later and name == archive.FILE)}
    standing = home.store.standing()
    last = chain.last
    whole = home.at is None or last.until <= home.at
    if whole and (standing.number, standing.seal.hex()) != (last.following, last.seal):
        raise DamagedBackup(
            f"the restored day book ends with window {standing.number - 1}, seal {standing.seal.hex()}; the backup says "
            f"{last.following - 1}, {last.seal}"
        )
    files.claim(home.folder / TRAIL)
    with closing(Trail(home.folder / TRAIL)) as trail:
        trail.forget_from(standing.number)
    older = [name for name, digest in home.expected.items() if name != IDENTITY_KEYS and _digest(home, name) != digest]
    older += ["the operation log"] if home.audit_gap else []
    return Restored(standing, home.until, home.windows, len(backups), _unknown(home.folder), older)


def _found(home: _Home, chain: Chain, find: Find, identity_of: IdentityOf) -> None:
    """The day book of the bank, empty."""
    path = find(chain.full)
    bank = _said(member(path, home.key, BANK_FILE), path)
    try:
        identity = identity_of(bank)
    except KeyError as lacking:
        raise BackupError(
            f"{path}: the bank's {BANK_FILE} was broken when it was backed up, it lacks {lacking}"
        ) from None
    if not home.store.found(identity).new:
        raise BackupError("--store: there is a day book already; give a place that holds none")
    home.epoch = max(one.epoch for one in (chain.full, *chain.steps, *chain.beside))
    home.store.enter(home.epoch)
    home.until = chain.full.until


def _apply(home: _Home, backup: Manifest, path: Path, windows: bool, later: bool) -> None:
    """What a backup holds, laid over what earlier ones held."""
    unpacker, seals = msgpack.Unpacker(max_buffer_size=0), Seals(backup, home.store.standing())
    rows = msgpack.Unpacker(max_buffer_size=0)
    snapshot, head = _Gathering(home), b""
    for name, content in pieces_of(path, home.key):
        if name.partition("/")[0] == SNAPSHOT:
            if not home.cuts(backup):
                snapshot.add(name, content)
        elif name == WINDOWS:
            snapshot.put()
            if windows:
                unpacker.feed(content)
                _take(home, (seals.proved(Entry(*fields)) for fields in unpacker))
        elif home.cuts(backup) and name.partition("/")[0] != contents.FOLDER:
            continue  # who holds which case is of that later instant, too
        elif name == HEAD_OF_AUDIT and backup.kind == "log":
            head += content  # which says more than the rows where these do not follow upon those that are there
        elif name == AUDIT_ROWS:
            rows.feed(content)
            _add_rows(home, list(rows))
        elif name == IDENTITY_KEYS:
            _write(home, name, home.key.wrapping().open(content, name.encode()))
        elif later and name == archive.FILE:
            _write(home, LATER_CONTRACTS, content)
        elif name.startswith(f"{LOGS}/"):
            _lengthen(home, name, content)
        else:
            _write(home, name, content)
    if head and not home.audit_gap:
        _write(home, HEAD_OF_AUDIT, head)
    if windows:
        seals.end()
    _append(home)
    snapshot.put()


class Seals:
    """Proves the windows of a backup as they come: that they follow upon one another, upon what stands before them, and that they
    end with the seal that the backup names."""

    def __init__(self, backup: Manifest, before: Standing) -> None:
        self._backup, self._before, self._number = backup, before, backup.first
        self._seal = bytes.fromhex(backup.seal_before)

    def proved(self, entry: Entry) -> Entry:
        """The window that comes next. DamagedBackup where it does not."""
        joins = entry.number != self._before.number or self._seal == self._before.seal
        if entry.number != self._number or not joins:
            raise self._wrong(f"window {entry.number} does not follow upon what was before it")
        self._number, self._seal = self._number + 1, seal_of(self._seal, entry)
        return entry

    def end(self) -> None:
        """DamagedBackup where windows are missing, or are not those that were backed up."""
        backup = self._backup
        if self._number != backup.following or (backup.first < backup.following and self._seal.hex() != backup.seal):
            raise self._wrong(f"its windows {backup.first} to {backup.following - 1} are not those of its manifest")

    def _wrong(self, what: str) -> DamagedBackup:
        return DamagedBackup(f"backup {self._backup.kind} {self._backup.id}: damaged: {what}")


class _Gathering:
    """A snapshot that comes in pieces."""

    def __init__(self, home: _Home) -> None:
        self._home, self._number = home, -1
        self._head, self._cells = b"", dict[str, bytearray]()

    def add(self, name: str, content: bytes) -> None:
        """One piece more."""
        _, number, *cell = name.split("/", 2)
        if int(number) != self._number:
            self.put()
            self._number = int(number)
        if cell:
            self._cells.setdefault(cell[0], bytearray()).extend(content)
        else:
            self._head += content

    def put(self) -> None:
        """Into the store, once its windows are there."""
        if self._number < 0:
            return
        _append(self._home)
        until, chain, cells = msgpack.unpackb(self._head)
        packed = {cell: bytes(self._cells.get(cell, b"")) for cell in cells}
        self._home.store.put_snapshot(Snapshot(self._number, until, chain, packed))
        self._number, self._head, self._cells = -1, b"", {}


def _take(home: _Home, entries: Iterable[Entry]) -> None:
    """Windows that come next and are not after the instant."""
    for entry in entries:
        if home.at is not None and entry.until > home.at:
            continue
        home.waiting.append(entry)
        if len(home.waiting) >= _WINDOWS_AT_ONCE:
            _append(home)


def _append(home: _Home) -> None:
    """Those that are there already, since two backups hold them, are passed over."""
    following = home.store.standing().number
    fresh = [entry for entry in home.waiting if entry.number >= following]
    if fresh:
        home.store.append(fresh, home.epoch)
        home.until, home.windows = fresh[-1].until, home.windows + len(fresh)
    home.waiting.clear()


def _lengthen(home: _Home, name: str, content: bytes) -> None:
    """More of a log, without what another backup brought already. A log's member says which file it was, and from which byte."""
    path, number, begin = name.rsplit("/", 2)
    at = home.places.get(name, int(begin))
    home.places[name] = at + len(content)
    known = home.logs.get(number, 0)
    _write(home, path, content[max(0, known - at) :], append=True)
    home.logs[number] = max(known, at + len(content))


def _write(home: _Home, name: str, content: bytes, append: bool = False) -> None:
    path = home.folder / _within(name)
    for folder in reversed(path.parents[: len(PurePosixPath(name).parts) - 1]):
        folder.mkdir(mode=files.FOLDER_MODE, exist_ok=True)
    whole = append or name in home.written
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | (os.O_APPEND if whole else os.O_TRUNC), files.FILE_MODE)
    with os.fdopen(descriptor, "ab" if whole else "wb") as file:
        file.write(content)
    home.written.add(name)


def _within(name: str) -> str:
    """A member's name as a path that leads out of no folder."""
    parts = PurePosixPath(name).parts
    if not parts or parts[0] == "/" or ".." in parts:
        raise DamagedBackup(f"{name}: no member of a backup has such a name")
    return name


def _digest(home: _Home, name: str) -> str:
    path = home.folder / name
    return digest_of(path) if path.exists() else ""


def _add_rows(home: _Home, rows: list[list[Any]]) -> None:
    """Rows of the operation log that are not there yet, and follow upon those that are."""
    path = home.folder / AUDIT
    if not rows or not path.exists():
        home.audit_gap |= bool(rows)
        return
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        (last,) = database.execute("SELECT coalesce(max(number), 0) FROM log").fetchone()
        fresh = [row for row in rows if row[0] > last]
        if fresh and fresh[0][0] != last + 1:
            home.audit_gap = True
            return
        database.execute("BEGIN")
        database.executemany(f"INSERT INTO log VALUES ({', '.join('?' * len(rows[0]))})", fresh)
        database.execute("COMMIT")


def _settle(folder: Path, address: str) -> None:
    """The bank's own file says where the day book is now. Copies of its backups are kept nowhere else until somebody says where:
    a bank that was restored to look at it must not write among those of the bank that lives."""
    path = folder / BANK_FILE
    bank = _said(path.read_bytes(), path) | {"store": address, "backup_to": []}
    files.replace(path, (json.dumps(bank, ensure_ascii=False, indent=1) + "\n").encode())


def _said(content: bytes, path: Path) -> dict[str, Any]:
    """What a bank's own file says. BackupError where it was broken when it was backed up."""
    try:
        return dict(json.loads(content))
    except (ValueError, TypeError) as error:
        why = f"the bank's {BANK_FILE} was broken when it was backed up ({error})"
        raise BackupError(f"{path}: {why}; give an earlier --at") from None


def _unknown(folder: Path) -> list[str]:
    """Contracts that key data holds as signed and the restored archive does not."""
    later = folder / LATER_CONTRACTS
    if not later.exists():
        return []
    return sorted(_signed(later) - _signed(folder / archive.FILE))


def _signed(path: Path) -> set[str]:
    if not path.exists():
        return set()
    with closing(sqlite3.connect(path)) as database:
        return {number for (number,) in database.execute("SELECT number FROM contracts WHERE signed_at > 0")}


def windows_proved(path: Path, key: BackupKey, backup: Manifest) -> int:
    """How many windows a backup holds, each proved to follow upon the one before."""
    unpacker, seals = msgpack.Unpacker(max_buffer_size=0), Seals(backup, Standing(0, -1, b""))
    for name, content in pieces_of(path, key):
        if name == WINDOWS:
            unpacker.feed(content)
            for fields in unpacker:
                seals.proved(Entry(*fields))
    seals.end()
    return backup.following - backup.first
