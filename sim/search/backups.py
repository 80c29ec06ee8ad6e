"""Backups in the fault search: the keeper of one site (`actors.backup`) makes them in two places whenever they are due, copies of
them are damaged, and people restore a copy of the bank from them alone, as it was last or earlier. What they restore must be the
day book that was backed up, seal for seal, its state worked again, and no older than the intervals promise."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from actors.backup.chains import chain_to
from actors.backup.container import Manifest
from actors.backup.errors import BackupError
from actors.backup.keeper import Keeper
from actors.backup.key import BackupKey
from actors.backup.making import BANK_FILE, IDENTITY_KEYS, Source
from actors.backup.places import Shelf, names_in
from actors.backup.proof import Bank as Restorable
from actors.backup.proof import proved, worked
from actors.backup.restoring import restored
from actors.book.store import Standing, Store, StoreError
from actors.clock import BANK_OFFSET_MS
from actors.identity import service
from credit.policies import load
from credit.policies.backups import BackupPolicy
from credit.times import DAY_MS, MINUTE_MS
from sim.search.disk import Disk, DiskStore
from sim.search.sites import Bank, Cells, Site, Wrong

POLICY = load("backups", BackupPolicy).model_copy(update={"fulls_kept": 1})
"""Of full backups the last is kept: a search is not long enough to outlive a week of them."""
TICKS_MS = (10 * MINUTE_MS, 20 * MINUTE_MS, 30 * MINUTE_MS)
"""What a tick may be on the keeper's clock."""
FULL_AFTER_TICKS = 15
"""The hour of the day's full backup comes so soon."""
_IN_MEMORY = Path("/dev/shm")
"""Where files are kept, if the machine has it."""
_MARGIN_MS = POLICY.retry_minutes * MINUTE_MS
_key = BackupKey(bytes(32))


class Mark(NamedTuple):
    """A window of the book that was backed up: its instant, and the seal of the book behind it."""

    until: int
    seal: bytes


@dataclass
class Backups:
    """The backups of one site; see the module's text. `read`: a store on its disk, as another process opens it."""

    site: Site
    read: Callable[[], Store]
    bank: Bank
    identity: str
    cells: Cells
    tick_ms: int
    now_ms: int = 0
    able_since: int = 0
    """Since when the site lives, its book can be read, and it is not in the middle of something."""
    made_at: int = -1
    """When its day book was last backed up."""
    full: int = 0
    """How many windows the last full backup holds."""
    epoch: int = 0
    book: list[Mark] = field(default_factory=list)
    """The book as it was backed up last."""

    def __post_init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="lendrill-", dir=_IN_MEMORY if _IN_MEMORY.is_dir() else None))
        home, away = self._folder / "home", self._folder / "away"
        for folder in (home / service.FOLDER, away):
            folder.mkdir(parents=True)
        (home / BANK_FILE).write_text(json.dumps({"name": self.identity}))
        (home / IDENTITY_KEYS).write_bytes(b"keys of the bank")
        source = Source(home, self.identity, self.read, self.bank.start, (away,))
        hour = self.bank.start // DAY_MS * DAY_MS + POLICY.full_from_minute * MINUTE_MS - BANK_OFFSET_MS
        self.now_ms = self.able_since = hour - FULL_AFTER_TICKS * self.tick_ms
        self._away, self._keeper = away, Keeper(source, _key, POLICY, self._proof)

    def close(self) -> None:
        """Lets the files go."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def tick(self) -> None:
        """Time goes on, and the keeper makes what is due where its site lives."""
        self.now_ms += self.tick_ms
        site = self.site
        if not site.up or site.busy or site.disk.damaged or site.receiver is None or site.receiver.damage:
            self.able_since = self.now_ms
        if not site.up or site.busy:
            return
        for kept in self._keeper.tick(self.now_ms):
            if kept.manifest.kind in ("full", "incremental"):
                self._marked(kept.manifest.kind == "full")

    def damage(self, nth: int) -> None:
        """Changes a byte in one copy of the `nth`-newest backup, unless that would leave no good one."""
        names = [path.name for path in names_in(self._keeper.folder)] if self._keeper.folder.is_dir() else []
        if len(names) < nth:
            return
        name = names[-nth]
        copies = [place / name for place in (self._keeper.folder, self._away)]
        if all(path.is_file() for path in copies) and copies[0].read_bytes() == copies[1].read_bytes():
            path = copies[nth % 2]
            content = bytearray(path.read_bytes())
            content[nth * 7919 % len(content)] ^= 0x10
            path.write_bytes(content)

    def restore(self, back: int) -> None:
        """Restores the bank as it was `back` windows before the last that was backed up, as far as the last full backup."""
        waited = self.now_ms - max(self.made_at, self.able_since)
        if waited > POLICY.incremental_minutes * MINUTE_MS + _MARGIN_MS + self.tick_ms:
            raise Wrong(f"{self.site.name}: no backup for {waited / MINUTE_MS:.0f} minutes")
        if self.made_at < 0:
            return
        if lacking := {path.name for path in names_in(self._keeper.folder)} - {p.name for p in names_in(self._away)}:
            raise Wrong(f"{self.site.name}: backups {', '.join(sorted(lacking))} are in one place only")
        last = len(self.book)
        wanted = min(last, max(last - back, self.full, 1))
        found = self._restored(self.book[wanted - 1].until if wanted < last else None)
        seal = self.book[wanted - 1].seal if wanted else found.seal
        expected = Standing(self.epoch if wanted == last else found.epoch, wanted, seal)
        if found != expected:
            raise Wrong(f"{self.site.name}: restored {found}, backed up was {expected}")

    def _restored(self, at: int | None) -> Standing:
        shelf = Shelf(_key)
        for place in (self._keeper.folder, self._away):
            shelf.look(place)
        disk, home = Disk(), self._folder / "restored"

        try:
            chain = chain_to(shelf.manifests(), at, shelf.has)
            found = restored(
                chain, shelf.find, _key, home, at, lambda _: _on(disk), lambda _: self.identity, lasting=False
            )
            worked(self._opened(disk))
        except (BackupError, StoreError) as error:
            raise Wrong(f"{self.site.name}: its backups do not restore: {error}") from error
        finally:
            shutil.rmtree(home, ignore_errors=True)
            disk.close()
        return found.standing

    def _proof(self, path: Path, manifest: Manifest) -> str:
        disk = Disk()
        try:
            return proved(
                path, manifest, _key, lambda _: _on(disk), lambda _: self.identity, lambda _: self._opened(disk)
            )
        finally:
            disk.close()

    def _opened(self, disk: Disk) -> Restorable:
        return Restorable(_on(disk), self.bank.flow, self.bank.blueprints, self.bank.start, self.cells)

    def _marked(self, full: bool) -> None:
        """What the book is now, without asking the keeper what it backed up."""
        store = self.read()
        standing = store.standing()
        if (known := len(self.book)) > standing.number or (known and store.seal_before(known) != self.book[-1].seal):
            self.book.clear()
        for entry in store.read(len(self.book)):
            following = entry.number + 1
            seal = store.seal_before(following) if following < standing.number else standing.seal
            self.book.append(Mark(entry.until, seal))
        self.made_at, self.epoch = self.now_ms, standing.epoch
        if full:
            self.full = standing.number


def _on(disk: Disk) -> Store:
    return DiskStore("restored", disk, lambda write: write())
