"""What a home holds beside its accounts, as it is mirrored: who holds which case, and contracts' texts. Triggers number each row
anew whenever it is written; what comes from another site is written where it says more than what is here, and only then.

    holdings    only ever added to
    contracts   as sealed, since all sites have the same keys: the signed one, then the one that was laid down more often"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgpack

from actors.gateway.archive import open_archive
from actors.identity.database import Database
from actors.identity.holdings import TABLE

_AT_ONCE = 2_000
_CONTRACTS_AT_ONCE = 50
_BEGIN = (
    'CREATE TABLE mirror_holdings (number INTEGER PRIMARY KEY AUTOINCREMENT, "case" INTEGER, subject TEXT)',
    'INSERT INTO mirror_holdings ("case", subject) SELECT "case", subject FROM holdings',
    (
        "CREATE TRIGGER mirror_holdings_insert AFTER INSERT ON holdings BEGIN "
        'INSERT INTO mirror_holdings ("case", subject) VALUES (NEW."case", NEW.subject); END'
    ),
    "CREATE TABLE mirror_surely (number INTEGER NOT NULL)",
    "INSERT INTO mirror_surely VALUES (0)",
)
_THERE = "SELECT 1 FROM sqlite_master WHERE name = ?"


class HoldingList:
    """Who holds which case."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, (TABLE,))
        with self._database.transaction():
            if self._database.row(_THERE, "mirror_holdings") is None:
                for statement in _BEGIN:
                    self._database.run(statement)

    def changes(self, since: int) -> Iterator[tuple[int, bytes]]:
        """(number, case and subject) of what was added after a number, in its order."""
        self._make_sure()
        query = "SELECT * FROM mirror_holdings WHERE number > ? ORDER BY number LIMIT ?"
        while rows := self._database.rows(query, since, _AT_ONCE):
            for number, *held in rows:
                yield number, json.dumps(held).encode()
            since = rows[-1]["number"]

    def _make_sure(self) -> None:
        """What is told is on the disk: holdings are added without waiting for it, and a number that a power cut took back would
        be given again. A commit that does wait takes all before it along."""
        newest = self.newest()
        if self._database.rows("SELECT number FROM mirror_surely")[0][0] != newest:
            self._database.run("UPDATE mirror_surely SET number = ?", newest)

    def newest(self) -> int:
        """The number of the last change."""
        return _newest(self._database, "mirror_holdings")

    def take(self, contents: Iterable[bytes]) -> None:
        """Takes in what another site told."""
        self._database.run_all("INSERT OR IGNORE INTO holdings VALUES (?, ?)", [json.loads(one) for one in contents])

    def close(self) -> None:
        """Ends the connection."""
        self._database.close()


class ContractList:
    """Contracts and their texts."""

    def __init__(self, home: Path) -> None:
        self._database = open_archive(home)
        with self._database.transaction():
            if self._database.row(_THERE, "mirror_contracts") is None:
                self._database.run(
                    "CREATE TABLE mirror_contracts (number INTEGER PRIMARY KEY AUTOINCREMENT, contract TEXT NOT NULL UNIQUE)"
                )
                self._database.run("INSERT INTO mirror_contracts (contract) SELECT number FROM contracts")
                for event in ("INSERT", "UPDATE"):
                    self._database.run(
                        f"CREATE TRIGGER mirror_contracts_{event.lower()} AFTER {event} ON contracts BEGIN "
                        "DELETE FROM mirror_contracts WHERE contract = NEW.number; "
                        "INSERT INTO mirror_contracts (contract) VALUES (NEW.number); END"
                    )

    def changes(self, since: int) -> Iterator[tuple[int, bytes]]:
        """(number, row) of the contracts that were laid down or signed after a number, in their order."""
        query = (
            "SELECT of.number AS at, c.* FROM mirror_contracts AS of JOIN contracts AS c ON c.number = of.contract "
            "WHERE of.number > ? ORDER BY of.number LIMIT ?"
        )
        while rows := self._database.rows(query, since, _CONTRACTS_AT_ONCE):
            for row in rows:
                number, *said = row
                yield number, msgpack.packb(dict(zip(row.keys()[1:], said, strict=True)))
            since = rows[-1]["at"]

    def newest(self) -> int:
        """The number of the last change."""
        return _newest(self._database, "mirror_contracts")

    def take(self, contents: Iterable[bytes]) -> None:
        """Takes in what another site told."""
        with self._database.transaction():
            for content in contents:
                theirs = msgpack.unpackb(content)
                mine = self._database.row("SELECT * FROM contracts WHERE number = ?", theirs["number"])
                if mine is None or _rank(theirs) > _rank(mine):
                    self._database.run(
                        f"INSERT OR REPLACE INTO contracts ({', '.join(theirs)}) VALUES ({', '.join('?' * len(theirs))})",
                        *theirs.values(),
                    )

    def close(self) -> None:
        """Ends the connection."""
        self._database.close()


def _rank(row: Any) -> tuple[bool, int, bytes]:
    return row["signed_at"] > 0, row["laid"], bytes(row["sealed"])


def _newest(database: Database, table: str) -> int:
    return int(database.rows(f"SELECT coalesce(max(number), 0) FROM {table}")[0][0])
