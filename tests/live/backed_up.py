"""A home whose bank is worked in this process, for tests of its backups: the worked example of Mr Zhang on a business date."""

from __future__ import annotations

import time
from itertools import count
from pathlib import Path

from actors.backup.keeper import Keeper, Kept
from actors.book.opening import open_store
from actors.book.store import Entry, Standing
from actors.gateway.archive import Archive, Laid
from actors.gateway.contents import Contents
from actors.identity.audit import Deed
from actors.local import LocalExecutor
from actors.sequencer import Sequencer
from credit.contracts.states import SignMode
from credit.times import DAY_MS
from lendrill.backups import keeper_of, key_file
from lendrill.cli import main
from lendrill.live import Home
from lendrill.serve import ServeOptions, first_accounts, home_of
from tests.live.banks import applied, go

SECOND_MS = 1_000
_new = count()


class BackedUp:
    """A bank that lives in this process, and who keeps its backups."""

    def __init__(self, folder: Path, *places: Path, store: str | None = None) -> None:
        self.home = folder / "bank"
        for place in places:
            place.mkdir()
        options = ServeOptions(
            "zhang_consumer_loan", self.home, clock="business", date="2026-02-10", store=store, backup_to=places
        )
        home_of(options)
        first_accounts(self.home)
        self.read = Home(self.home)
        self.reopen()
        self.identity = self.read.identity_services()
        self.keeper: Keeper = keeper_of(self.read)
        self.key = key_file(self.home)
        self.now = time.time_ns() // 1_000_000
        self.requests = 0

    def reopen(self) -> None:
        """The bank as its day book has it."""
        self.store = self.read.store()
        self.store.found(self.read.identity())
        self.bank = Sequencer(
            LocalExecutor(), self.read.flow, self.read.blueprints(), self.store, int(self.read.bank["start_ms"])
        )
        list(self.bank.open())

    def day(self, *, customers: int = 1) -> Standing:
        """A day in which customers come, one a window; how far the book goes then."""
        end = (self.bank.until // DAY_MS + 1) * DAY_MS
        for _ in range(customers):
            self.requests += 1
            go(self.bank, self.bank.until + SECOND_MS, applied(self.requests))
        go(self.bank, end, every_ms=DAY_MS // 4)
        return self.store.standing()

    def snapshot(self) -> None:
        self.bank.keep(self.bank.snapshot())

    def backup(self, kind: str) -> Kept:
        """A backup, a second after the one before."""
        self.now += SECOND_MS
        return self.keeper.make(kind, self.now)

    def signs_in(self, path: str = "/v1/clock") -> None:
        """One more row of the operation log."""
        self.identity.audit.append([Deed(self.now, "staff", "staff:7", "127.0.0.1", "GET", path, 200)])

    def signed(self, number: str) -> None:
        """A contract in the archive."""
        archive = Archive(self.home, self.identity.vault)
        archive.sign(Laid(number, 1, 1, "张先生", 1, "consumer_loan", "合同"), SignMode.ELECTRONIC, 1, 2)
        archive.close()

    def uploaded(self, content: bytes) -> str:
        return Contents(self.home, self.identity.vault).keep(content)

    def entries(self) -> list[Entry]:
        """The windows of its book, sealed as they lie there."""
        return entries_at(self.read.bank["store"])

    def close(self) -> None:
        self.identity.close()
        self.store.close()


def entries_at(where: str) -> list[Entry]:
    """The windows of a day book, sealed as they lie there."""
    store = open_store(where)
    try:
        return list(store.read())
    finally:
        store.close()


def standing_at(home: Path) -> Standing:
    store = open_store(Home(home).bank["store"])
    try:
        return store.standing()
    finally:
        store.close()


class Moments:
    """A bank with a full backup and three incremental ones in two places, and how its book stood at each."""

    def __init__(self, folder: Path, store: str | None = None) -> None:
        self.folder, self.remote = folder, folder / "remote"
        self.bank = bank = BackedUp(folder, self.remote, store=store)
        bank.day()
        self.materials = [bank.uploaded(b"an ID card")]
        bank.signs_in()
        bank.snapshot()
        self.standings = [bank.day()]
        self.kept = [bank.backup("full")]
        for number in range(3):
            self.standings.append(bank.day(customers=2))
            self.materials.append(bank.uploaded(b"a statement %d" % number))
            bank.signs_in(f"/v1/tasks/{number}")
            self.kept.append(bank.backup("incremental"))
        self.kept.append(bank.backup("log"))
        self.lost = bank.day(customers=1)

    def restore(self, *options: str, where: Path | None = None, key: Path | None = None) -> tuple[int, Path]:
        home = self.folder / f"new-{next(_new)}"
        words = ["restore", str(where or self.remote), "--home", str(home), "--key", str(key or self.bank.key)]
        return main([*words, *options]), home
