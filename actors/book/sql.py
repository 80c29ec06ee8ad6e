"""A store in an SQL database: windows sealed one upon another, and the bank's own row, which says the epoch, the number that
comes next and the last seal. Every append reads and writes that row, so it is what two writers contend for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from actors.book import snapshots
from actors.book.database import Connection, Database
from actors.book.snapshots import Snapshots, are
from actors.book.store import (
    OPENING,
    Damaged,
    Entry,
    Fenced,
    Founding,
    Snapshot,
    Standing,
    StoreError,
    seal_of,
    seal_over,
)

RELEASE = 1
"""Of these tables; a store of a newer one is not touched."""
TABLES = {
    "bank": (
        "CREATE TABLE IF NOT EXISTS bank (one {key} PRIMARY KEY CHECK (one = 1), release INTEGER NOT NULL, "
        "identity TEXT NOT NULL, epoch BIGINT NOT NULL, next_number BIGINT NOT NULL, last_seal {bytes} NOT NULL, "
        "seal {bytes} NOT NULL)"
    ),
    "windows": (
        "CREATE TABLE IF NOT EXISTS windows (number {key} PRIMARY KEY, epoch BIGINT NOT NULL, start_ms BIGINT NOT NULL, "
        "until_ms BIGINT NOT NULL, inputs {bytes} NOT NULL, proved BIGINT NOT NULL, chain TEXT NOT NULL, "
        "seal {bytes} NOT NULL)"
    ),
}
_ALL_TABLES = frozenset(TABLES) | frozenset(snapshots.TABLES)
_READ_AT_ONCE = 50
_INSERT_BANK = (
    "INSERT INTO bank (one, release, identity, epoch, next_number, last_seal, seal) VALUES (1, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (one) DO NOTHING"
)
_READ_BANK = "SELECT release, identity, epoch, next_number, last_seal, seal FROM bank WHERE one = 1"
_UPDATE_BANK = "UPDATE bank SET epoch = ?, next_number = ?, last_seal = ?, seal = ? WHERE one = 1"
_COLUMNS = "number, epoch, start_ms, until_ms, inputs, proved, chain, seal"
_INSERT_WINDOW = f"INSERT INTO windows ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_READ_WINDOWS = f"SELECT {_COLUMNS} FROM windows WHERE number >= ? ORDER BY number LIMIT {_READ_AT_ONCE}"
_RESTORE = "restore the store from a copy"


class _Bank(NamedTuple):
    """The bank's row. `next_number`: of the window that is appended next; `last_seal`: of the one before it. Both say nothing
    while there is no window."""

    release: int
    identity: str
    epoch: int
    next_number: int
    last_seal: bytes

    @property
    def empty(self) -> bool:
        return self.last_seal == OPENING


class SqlStore:
    """A store in a database; see the module's text."""

    def __init__(self, database: Database) -> None:
        self._database, self._snapshots = database, Snapshots(database)
        self._proved: Sequence[Any] = ()
        """The bank's row as it was last read and was what is written."""
        self._unsure: tuple[int, bytes] | None = None
        """Where an append began whose end was not heard of."""
        try:
            database.prepare("append", TABLES, _ALL_TABLES)
            with database.using("append") as connection:
                self._check_release(database.run(connection, "SELECT release FROM bank WHERE one = 1").fetchone())
            database.prepare("snapshots", snapshots.TABLES, _ALL_TABLES)
        except BaseException:
            database.close()
            raise

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._database.name!r})"

    def found(self, identity: str) -> Founding:
        bank = _Bank(RELEASE, identity, 0, 0, OPENING)
        with self._database.transaction("append") as connection:
            inserted = self._database.run(connection, _INSERT_BANK, *bank, seal_over(*bank)).rowcount == 1
            founding = Founding(self._bank(connection).identity, inserted)
            if founding.new and (kept := self.snapshots()):
                raise self._damaged(f"there is a snapshot of all before window {kept[0]}, its day book is missing")
        return founding

    def enter(self, epoch: int | None = None) -> int:
        with self._database.transaction("append") as connection:
            bank = self._bank(connection, self._database.FOR_UPDATE)
            begin, last = self._database.run(connection, "SELECT min(number), max(number) FROM windows").fetchone()
            if wrong := self._contradiction(bank, begin, last):
                raise self._damaged(f"the day book has lost windows: {wrong}")
            epoch = bank.epoch + 1 if epoch is None else epoch
            if epoch < bank.epoch:
                raise self._fenced()
            bank = bank._replace(epoch=epoch)
            self._keep(connection, bank)
        return bank.epoch

    def append(self, entries: Sequence[Entry], epoch: int | None = None) -> None:
        if not entries:
            return
        writer = min(entry.epoch for entry in entries) if epoch is None else epoch
        with self._database.using("append") as connection:
            with self._database.begun(connection, "append"):
                bank = self._bank(connection, self._database.FOR_UPDATE)
                self._check_epoch(bank, writer, entries)
                if not self._is_there(bank, entries):
                    self._add(connection, bank, entries)
            self._unsure = None

    def read(self, first: int = 0) -> Iterator[Entry]:
        with self._database.using("read") as connection:
            bank = self._bank(connection)
            seal = self._seal_before(connection, bank, first)
        number = first
        while True:
            with self._database.using("read") as connection:
                rows = self._database.run(connection, _READ_WINDOWS, number).fetchall()
            for row in rows:
                entry, kept = self._entry(number, row)
                if seal_of(seal, entry) != kept or (number == bank.next_number - 1 and kept != bank.last_seal):
                    raise self._window_damaged(number)
                yield entry
                number, seal = number + 1, kept
            if len(rows) < _READ_AT_ONCE:
                break
        if number < bank.next_number:
            raise self._damaged(f"window {number} is missing from the day book")

    def standing(self) -> Standing:
        with self._database.using("append") as connection:
            bank = self._bank(connection)
        return Standing(bank.epoch, self._next_number(bank), bank.last_seal)

    def seal_before(self, number: int) -> bytes:
        with self._database.using("read") as connection:
            return self._seal_before(connection, self._bank(connection), number)

    def put_snapshot(self, snapshot: Snapshot) -> None:
        with self._database.using("read") as connection:
            bank = self._bank(connection)
        if bank.empty and (others := [other for other in self.snapshots() if other != snapshot.number]):
            raise StoreError(
                f"{self._database.name}: the bank is opened with snapshot {others[0]}; it can't be with {snapshot.number} too"
            )
        if snapshot.number > bank.next_number and not bank.empty:
            raise StoreError(
                f"{self._database.name}: a snapshot of all before window {snapshot.number} is ahead of the day book, which "
                f"ends with window {bank.next_number - 1}"
            )
        self._snapshots.put(snapshot)

    def snapshots(self) -> list[int]:
        return self._snapshots.numbers()

    def snapshot(self, number: int) -> Snapshot:
        return self._snapshots.read(number)

    def close(self) -> None:
        self._database.close()

    # windows ----------------------------------------------------------------------------------------------------------

    def _check_epoch(self, bank: _Bank, writer: int, entries: Sequence[Entry]) -> None:
        if writer < bank.epoch:
            raise self._fenced()
        if (latest := max(writer, *(entry.epoch for entry in entries))) > bank.epoch:
            raise StoreError(f"{self._database.name}: epoch {latest} was never given to a writer; enter first")

    def _is_there(self, bank: _Bank, entries: Sequence[Entry]) -> bool:
        """Whether the append before, of which only an error was heard, had been done after all, and these are its windows."""
        if self._unsure is None:
            return False
        number, seal = self._unsure
        for entry in entries:
            seal = seal_of(seal, entry)
        return entries[0].number == number and (number + len(entries), seal) == (bank.next_number, bank.last_seal)

    def _add(self, connection: Connection, bank: _Bank, entries: Sequence[Entry]) -> None:
        number, seal = self._next_number(bank), bank.last_seal
        began = (number, seal)
        rows = []
        for entry in entries:
            if entry.number != number:
                raise StoreError(
                    f"{self._database.name}: window {entry.number} can't be appended: window {number} comes next"
                )
            seal = seal_of(seal, entry)
            rows.append((*entry, seal))
            number += 1
        self._unsure = began
        self._database.run_many(connection, _INSERT_WINDOW, rows)
        self._keep(connection, bank._replace(next_number=number, last_seal=seal))

    def _next_number(self, bank: _Bank) -> int:
        return min(self.snapshots(), default=0) if bank.empty else bank.next_number

    def _entry(self, number: int, row: Sequence[Any]) -> tuple[Entry, bytes]:
        if not are(row, (int, int, int, int, bytes, int, str, bytes)):
            raise self._window_damaged(number)
        if row[0] != number:
            raise self._damaged(f"window {number} is missing from the day book")
        return Entry(*row[:7]), row[7]

    def _seal_before(self, connection: Connection, bank: _Bank, first: int) -> bytes:
        """What the seal of window `first` follows upon."""
        if bank.empty or first == bank.next_number:
            return bank.last_seal
        if first > bank.next_number:
            raise self._damaged(f"window {first} is to come next, and the day book ends with {bank.next_number - 1}")
        row = self._database.run(connection, "SELECT seal FROM windows WHERE number = ?", first - 1).fetchone()
        if row is not None:
            if not are(row, (bytes,)):
                raise self._window_damaged(first - 1)
            return bytes(row[0])
        begin = self._database.run(connection, "SELECT min(number) FROM windows").fetchone()[0]
        if begin == first:
            return OPENING
        if begin is not None and begin > first:
            raise StoreError(f"{self._database.name}: the day book begins with window {begin}; {first} is not in it")
        raise self._damaged(f"window {first - 1} is missing from the day book")

    # the bank's row ---------------------------------------------------------------------------------------------------

    def _check_release(self, row: Sequence[Any] | None) -> None:
        if row is not None and isinstance(row[0], int) and row[0] > RELEASE:
            raise StoreError(
                f"{self._database.name}: written by a newer release (its tables are of version {row[0]}, this release knows "
                f"{RELEASE}); use the release that wrote it"
            )

    def _bank(self, connection: Connection, lock: str = "") -> _Bank:
        row = self._database.run(connection, f"{_READ_BANK}{lock}").fetchone()
        if row is None:
            raise StoreError(f"{self._database.name}: belongs to no bank yet")
        if row != self._proved:
            self._check_release(row)
            if not are(row, (int, str, int, int, bytes, bytes)) or seal_over(*row[:5]) != row[5]:
                raise self._damaged("the bank's own row is not what was written")
            self._proved = row
        return _Bank(*row[:5])

    def _keep(self, connection: Connection, bank: _Bank) -> None:
        values = (bank.epoch, bank.next_number, bank.last_seal, seal_over(*bank))
        self._database.run(connection, _UPDATE_BANK, *values)

    def _contradiction(self, bank: _Bank, begin: int | None, last: int | None) -> str:
        """Where the windows, the bank's row and the snapshots contradict one another; a damaged snapshot says nothing."""
        kept = self.snapshots()
        due = None if bank.empty else bank.next_number - 1
        if last != due:
            return f"its last window is {last}, and should be {due}"
        if bank.empty:
            return f"it is empty, and there are snapshots up to window {kept[0]}" if len(kept) > 1 else ""
        if begin and not kept:
            return f"it begins with window {begin}, and the snapshot it was opened with is missing"
        for number in kept:
            if number > bank.next_number and self._snapshots.is_good(number):
                return f"it ends with window {last}, and there is a snapshot of all before window {number}"
        return ""

    def _fenced(self) -> Fenced:
        return Fenced(f"{self._database.name}: another process has taken the bank over; this one must stop")

    def _window_damaged(self, number: int) -> Damaged:
        return self._damaged(f"window {number} of the day book is not what was written")

    def _damaged(self, what: str) -> Damaged:
        return Damaged(f"{self._database.name}: damaged: {what}; {_RESTORE}")
