"""The tables of the accounts as they are mirrored: which rows changed here, in the order in which they did, and what became of
rows that other sites changed too (`actors.sites.states`). Triggers note each row that anybody touches, in the transaction in
which he does; what a note means for the row's state is worked out when the mirror comes round.

    mirror_touched   rows that were touched since then, and which of them were gone meanwhile, even if they are there again
    mirror_rows      the state of each row, numbered anew whenever it changes"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from actors.identity import accounts, changes, tokens
from actors.identity.database import Database
from actors.identity.places import Place
from actors.sites.states import MERGES, Row, State
from credit.times import DAY_MS, HOUR_MS

_BYTES = ("name", "digest", "id_fingerprint")
"""Columns that hold bytes."""
_KEPT_MS = 2 * DAY_MS
"""For so long it is remembered that wrong passwords were forgiven; longer than any lock."""
_AT_ONCE = 2_000
_TABLES = (
    (
        "CREATE TABLE mirror_touched (of_table TEXT NOT NULL, key NOT NULL, gone INTEGER NOT NULL, "
        "PRIMARY KEY (of_table, key)) WITHOUT ROWID"
    ),
    (
        "CREATE TABLE mirror_rows (number INTEGER PRIMARY KEY AUTOINCREMENT, of_table TEXT NOT NULL, key NOT NULL, "
        "state TEXT NOT NULL, spent_at INTEGER NOT NULL, UNIQUE (of_table, key))"
    ),
    "CREATE INDEX mirror_spent ON mirror_rows (spent_at) WHERE spent_at > 0",
)
_THERE = "SELECT 1 FROM sqlite_master WHERE name = 'mirror_rows'"


class Tables:
    """The accounts' database of one site."""

    def __init__(self, database: Database, place: Place) -> None:
        """Takes a database as it is found: what it holds when it is first mirrored is ascribed to no site."""
        self._database, self._here, self._step = database, place.name, place.step
        with database.transaction():
            for statement in (*accounts.TABLES, *changes.TABLES, *tokens.TABLES):
                database.run(statement)
            if database.row(_THERE) is None:
                self._begin()

    def _begin(self) -> None:
        for statement in _TABLES:
            self._database.run(statement)
        for name, merge in MERGES.items():
            self._database.run(f"INSERT INTO mirror_touched SELECT '{name}', {merge.key}, 0 FROM {name}")
            for event, row, gone in (("INSERT", "NEW", 0), ("UPDATE", "NEW", 0), ("DELETE", "OLD", 1)):
                self._database.run(
                    f"CREATE TRIGGER mirror_{name}_{event.lower()} AFTER {event} ON {name} BEGIN "
                    f"INSERT INTO mirror_touched VALUES ('{name}', {row}.{merge.key}, {gone}) "
                    "ON CONFLICT (of_table, key) DO UPDATE SET gone = max(gone, excluded.gone); END"
                )
        self._settle("")

    # telling ----------------------------------------------------------------------------------------------------------

    def changes(self, since: int) -> Iterator[tuple[int, bytes]]:
        """(number, table and state) of the rows that changed after a number, in their order."""
        if self._database.row("SELECT 1 FROM mirror_touched LIMIT 1") is not None:
            with self._database.transaction():
                self._settle(self._here)
        query = "SELECT number, of_table, state FROM mirror_rows WHERE number > ? ORDER BY number LIMIT ?"
        while rows := self._database.rows(query, since, _AT_ONCE):
            for number, name, state in rows:
                yield number, f'["{name}",{state}]'.encode()
            since = rows[-1]["number"]

    def newest(self) -> int:
        """The number of the last change."""
        return int(self._database.rows("SELECT coalesce(max(number), 0) FROM mirror_rows")[0][0])

    # taking -----------------------------------------------------------------------------------------------------------

    def take(self, contents: Iterable[bytes]) -> None:
        """Takes in what another site told (`changes`), all or nothing."""
        with self._database.transaction():
            self._settle(self._here)
            for content in contents:
                self._join(*json.loads(content))
            self._settle(self._here)

    def _join(self, name: str, theirs: State) -> None:
        merge = MERGES[name]
        mine = self._state(name, key := _key(merge.key, theirs))
        new = theirs if mine is None else merge.joined(mine, theirs)
        if new == mine:
            return
        if name == "accounts":
            new = self._one_proven(new)
        self._keep(name, key, new)
        self._show(name, key, new)
        if name == "refreshes" and len(new["used"]) > 1:
            self._end_family(new)

    def _one_proven(self, state: State) -> State:
        """Where two accounts of one person were proven at two sites that did not hear of each other, the second one is closed, as
        any other is when one is proven (`Accounts.bind_customer`)."""
        merge, row = MERGES["accounts"], MERGES["accounts"].shown(state)
        assert row is not None, "accounts are never removed"
        if not row["party"] or row["id_fingerprint"] is None:
            return state
        others = self._database.rows(
            "SELECT subject, active FROM accounts WHERE id_fingerprint = ? AND party > 0 AND subject <> ?",
            bytes.fromhex(row["id_fingerprint"]),
            row["subject"],
        )
        for subject, active in others:
            # an open one stays, and of two such the one with the lesser name
            if (not active, subject) > (not row["active"], row["subject"]):
                self._database.run(
                    "UPDATE accounts SET party = 0, active = 0, generation = generation + ? WHERE subject = ?",
                    *(self._step, subject),
                )
                self._database.run("DELETE FROM logins WHERE subject = ?", subject)
                self._settle(self._here)
            else:
                closed = {"party": 0, "active": 0, "generation": row["generation"] + self._step}
                self._database.run("DELETE FROM logins WHERE subject = ?", row["subject"])
                self._settle(self._here)
                return merge.observed(state, row | closed, self._here) or state
        return state

    def _end_family(self, state: State) -> None:
        """A refresh token that was used at two sites was stolen, now or then."""
        self._database.run(
            "INSERT INTO revoked (number, ends_at) VALUES (?, ?) "
            "ON CONFLICT (number) DO UPDATE SET ends_at = excluded.ends_at WHERE ends_at < excluded.ends_at",
            *(state["family"], state["ends_at"] + HOUR_MS),
        )

    # rows and states --------------------------------------------------------------------------------------------------

    def _settle(self, here: str) -> None:
        """Takes every touched row into its state; `here`: the site to which the changes are ascribed."""
        for name, key, gone in self._database.rows("SELECT * FROM mirror_touched ORDER BY of_table, key"):
            merge, state = MERGES[name], self._state(name, key)
            known = merge.observed(state, None, here) if gone else state
            new = merge.observed(known, self._row(name, key), here)
            if new is None:
                self._database.run("DELETE FROM mirror_rows WHERE of_table = ? AND key = ?", name, key)
            elif new != state:
                self._keep(name, key, new)
            if new is not None:
                self._show(name, key, new)
        self._database.run("DELETE FROM mirror_touched")
        newest = "SELECT max(spent_at) FROM mirror_rows WHERE spent_at > 0"
        self._database.run(f"DELETE FROM mirror_rows WHERE spent_at > 0 AND spent_at < ({newest}) - ?", _KEPT_MS)

    def _state(self, name: str, key: Any) -> State | None:
        found = self._database.row("SELECT state FROM mirror_rows WHERE of_table = ? AND key = ?", name, key)
        return json.loads(found["state"]) if found is not None else None

    def _keep(self, name: str, key: Any, state: State) -> None:
        spent_at = state["last_at"] if name == "attempts" and MERGES[name].shown(state) is None else 0
        self._database.run(
            "INSERT OR REPLACE INTO mirror_rows (of_table, key, state, spent_at) VALUES (?, ?, ?, ?)",
            *(name, key, json.dumps(state, ensure_ascii=False, separators=(",", ":"), sort_keys=True), spent_at),
        )

    def _row(self, name: str, key: Any) -> Row | None:
        found = self._database.row(f"SELECT * FROM {name} WHERE {MERGES[name].key} = ?", key)
        return None if found is None else {column: _plain(found[column]) for column in found.keys()}  # noqa: SIM118

    def _show(self, name: str, key: Any, state: State) -> None:
        """Makes a row what its state says."""
        row = MERGES[name].shown(state)
        if row == self._row(name, key):
            return
        if row is None:
            self._database.run(f"DELETE FROM {name} WHERE {MERGES[name].key} = ?", key)
            return
        names = [column for column in row if column != MERGES[name].key]
        self._database.run(
            f"INSERT INTO {name} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))}) ON CONFLICT ({MERGES[name].key}) "
            f"DO UPDATE SET {', '.join(f'{column} = excluded.{column}' for column in names)}",
            *(_bound(column, value) for column, value in row.items()),
        )

    def close(self) -> None:
        """Ends the connection."""
        self._database.close()


def _key(column: str, state: State) -> Any:
    """The key of a row as its table has it, from its state."""
    return _bound(column, state["fixed"][0] if "fixed" in state else state[column])


def _plain(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value


def _bound(column: str, value: Any) -> Any:
    return bytes.fromhex(value) if column in _BYTES and value is not None else value
