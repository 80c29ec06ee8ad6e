"""The operation log (操作日志, SEC-11, SEC-12, API-10): who did what when, from where, with what result. Rows are only ever
added: triggers refuse all else, and each row carries a seal (HMAC) over itself and the seal before it, so that whoever gets round
the triggers without the key is found out, and the first row that is not as it was is named. The newest row's number and seal, the
head, stand in a second file as well, so that a tail that was cut off is missed. Somebody who can put back old copies of both
files is found out only by a head that was noted elsewhere (`verify(head=…)`), or by another site's copy of the log (`copy`).

Secrets and personal data are masked before they are kept (`actors.identity.masking`). A batch is one commit."""

from __future__ import annotations

import csv
import fcntl
import hmac
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, TextIO

from actors.identity import files
from actors.identity.database import Database, Row
from actors.identity.errors import Damaged, IdentityError, Tampered
from actors.identity.keys import Keys
from actors.identity.logged import Kept, kept
from actors.identity.masking import masked_path, masked_text
from credit.times import text_of

OPENING = b"lendrill operation log"
"""What the first seal follows upon."""
_READ_AT_ONCE = 1_000
_COLUMNS = (
    "number at kind subject person branch ip signed_in_at method path entity parameters status result duration_us request"
).split()
_ADD = f"INSERT INTO log ({', '.join(_COLUMNS)}, seal) VALUES ({', '.join('?' * (len(_COLUMNS) + 1))})"
_TRIGGERS = {
    "log_is_not_changed": "BEFORE UPDATE ON log BEGIN SELECT RAISE(ABORT, 'the operation log can not be changed'); END",
    "log_is_not_cut": "BEFORE DELETE ON log BEGIN SELECT RAISE(ABORT, 'the operation log can not be deleted from'); END",
    "log_only_grows": (
        "BEFORE INSERT ON log WHEN NEW.number <> (SELECT coalesce(max(number), 0) + 1 FROM log) "
        "BEGIN SELECT RAISE(ABORT, 'the operation log only grows, by the next number'); END"
    ),
}
TABLES = (
    (
        "CREATE TABLE IF NOT EXISTS log (number INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, "
        "subject TEXT NOT NULL, person INTEGER NOT NULL, branch INTEGER NOT NULL, ip TEXT NOT NULL, "
        "signed_in_at INTEGER NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL, entity INTEGER NOT NULL, "
        "parameters TEXT NOT NULL, status INTEGER NOT NULL, result TEXT NOT NULL, duration_us INTEGER NOT NULL, "
        "request TEXT NOT NULL, seal BLOB NOT NULL)"
    ),
    "CREATE INDEX IF NOT EXISTS log_by_time ON log (at)",
    "CREATE INDEX IF NOT EXISTS log_by_subject ON log (subject, number)",
)
_DIMENSIONS = {name: name for name in "subject kind branch ip method path status".split()} | {
    "day": "date(at / 1000, 'unixepoch')"
}
_WANTED: dict[str, Any] = {
    "subject": "",
    "person": 0,
    "since": None,
    "until": None,
    "what": "",
    "result": "",
    "entity": 0,
}
_HEAD = re.compile(r"(\d{1,19}):([0-9a-f]{64})")


class Deed(NamedTuple):
    """One call, as the gateway tells it. Times are ms since 1970 UTC, durations µs; `entity` is the case or loan that it was
    about, 0 where none; `signed_in_at` 0 where nobody had signed in. `parameters` and `result` are masked, unless they are
    `Kept`."""

    at: int
    kind: str
    subject: str
    ip: str
    method: str
    path: str
    status: int
    result: str = ""
    person: int = 0
    branch: int = 0
    signed_in_at: int = 0
    entity: int = 0
    parameters: Any = None
    duration_us: int = 0
    request: str = ""


class Entry(NamedTuple):
    """One row of the log."""

    number: int
    at: int
    kind: str
    subject: str
    person: int
    branch: int
    ip: str
    signed_in_at: int
    method: str
    path: str
    entity: int
    parameters: str
    status: int
    result: str
    duration_us: int
    request: str


class Head(NamedTuple):
    """The newest row's number and seal; ``0:…`` before the first."""

    number: int
    seal: bytes

    def __str__(self) -> str:
        return f"{self.number}:{self.seal.hex()}"

    @classmethod
    def read(cls, text: str) -> Head:
        """What `str` made; IdentityError on anything else."""
        found = _HEAD.fullmatch(text.strip())
        if found is None:
            raise IdentityError(f"head {text.strip()[:80]!r}: NUMBER:SEAL is needed, as verify prints it")
        return cls(int(found[1]), bytes.fromhex(found[2]))


class Audit:
    """The log of a bank, shared by several processes. `anchor`: the second place, best on another disk."""

    def __init__(self, path: Path, anchor: Path, keys: Keys, create: bool = True) -> None:
        """Opens the log; `create=False` opens one that is there, for reading, and mends nothing of it."""
        self._key, self._anchor, self.path = keys.derived("operation log"), anchor, path
        if not create and not path.is_file():
            anchored = self._read_anchor()
            if anchored is not None:
                raise Tampered(1, f"row 1 of the operation log was cut off, with all after it: {path} is gone")
            raise IdentityError(f"{path}: there is no operation log")
        triggers = (f"CREATE TRIGGER IF NOT EXISTS {name} {text}" for name, text in _TRIGGERS.items())
        try:
            self._database = Database(path, (*TABLES, *triggers) if create else ())
        except Damaged as error:
            raise Tampered(1, f"row 1 of the operation log can't be read: {error.user_message}") from None
        if create and not self._newest().number and files.create(anchor, _line(self._newest())):
            return
        if create and anchor.exists():  # one that is gone is not made anew: that it is gone is what `verify` tells
            files.claim(anchor)

    def close(self) -> None:
        """Ends the connection."""
        self._database.close()

    # writing ----------------------------------------------------------------------------------------------------------

    def append(self, deeds: Sequence[Deed]) -> None:
        """Adds rows with one commit, in their order; they are on the disk when it returns."""
        if not deeds:
            return
        with self._database.transaction():
            head, rows = self._newest(), []
            for deed in deeds:
                entry = _entry(head.number + 1, deed)
                head = Head(entry.number, self._seal(head.seal, entry))
                rows.append((*entry, head.seal))
            self._database.run_all(_ADD, rows)
        self._write_anchor(head)

    # copying ----------------------------------------------------------------------------------------------------------

    def written(self, after: int, limit: int) -> list[tuple[Any, ...]]:
        """Rows after a number as they stand, with their seals, for `copy` at another site; at most so many."""
        rows = self._database.rows("SELECT * FROM log WHERE number > ? ORDER BY number LIMIT ?", after, limit)
        return [(*(row[name] for name in _COLUMNS), bytes(row["seal"])) for row in rows]

    def copy(self, written: Iterable[Sequence[Any]]) -> Head:
        """Takes rows of the log that this is a copy of, and gives its head; those that are here already are passed over, and so
        is what does not follow yet. Tampered where a row is not what was written, or is another than the one here."""
        with self._database.transaction():
            head = self._newest()
            for *columns, seal in written:
                one = Head(Entry(*columns).number, seal)
                if one.number <= head.number and not self.holds(one):
                    raise Tampered(one.number, f"row {one.number} of the operation log is another one than in its copy")
                if one.number == head.number + 1:
                    head = self._follows(
                        head, dict(zip((*_COLUMNS, "seal"), (*columns, seal), strict=True)), one.number
                    )
                    self._database.run(_ADD, *columns, seal)
        self._write_anchor(head)
        return head

    def _newest(self) -> Head:
        row = self._database.row("SELECT number, seal FROM log ORDER BY number DESC LIMIT 1")
        return Head(row["number"], bytes(row["seal"])) if row is not None else Head(0, self._opening())

    def _opening(self) -> bytes:
        return hmac.digest(self._key, OPENING, "sha256")

    def _seal(self, before: bytes, entry: Entry) -> bytes:
        content = json.dumps(entry, ensure_ascii=True, separators=(",", ":"), default=repr).encode()
        return hmac.digest(self._key, before + content, "sha256")

    def _write_anchor(self, head: Head) -> None:
        """Moves the anchor on, never back: of two processes the later one may come first. One that is not a head of this log
        stays where it is, so that what was cut off is still missed after the bank went on."""
        try:
            with os.fdopen(os.open(self._anchor, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC), "r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                found = _HEAD.fullmatch(file.read().decode("ascii", "replace").strip())
                if found is not None and int(found[1]) < head.number and self.holds(Head.read(found[0])):
                    file.seek(0)
                    file.write(_line(head))
                    file.flush()
                    os.fdatasync(file.fileno())
        except FileNotFoundError:
            return
        except OSError as error:
            raise IdentityError(
                f"{self._anchor}: the head of the operation log can't be written ({error.strerror})"
            ) from None

    def holds(self, head: Head) -> bool:
        """Whether a head is one of this log's."""
        if not head.number:
            return hmac.compare_digest(head.seal, self._opening())
        row = self._database.row("SELECT seal FROM log WHERE number = ?", head.number)
        return row is not None and isinstance(row["seal"], bytes) and hmac.compare_digest(head.seal, row["seal"])

    # proving ----------------------------------------------------------------------------------------------------------

    def head(self) -> Head:
        """The newest row's number and seal, to be noted elsewhere."""
        return self._newest()

    def verify(self, head: Head | None = None) -> Head:
        """Proves the log from its first row to its last, and gives its head; Tampered names the first row that was altered, is
        missing, was added or cut off. `head`: one noted before, which must be part of it."""
        anchored = self._read_anchor()
        known = {one.number: one for one in (anchored, head) if one is not None and one.number}
        sure = anchored.number if anchored is not None else 0
        last = Head(0, self._opening())
        try:
            for row in self._all():
                last = self._follows(last, row, sure)
                if last.number in known and known[last.number].seal != last.seal:
                    raise Tampered(
                        last.number,
                        f"row {last.number} of the operation log was altered: the head kept of it is another one",
                    )
        except Damaged as error:
            what = f"row {last.number + 1} of the operation log can't be read: {error.user_message}"
            raise Tampered(last.number + 1, what) from None
        for one in known.values():
            if one.number > last.number:
                raise Tampered(
                    last.number + 1,
                    f"row {last.number + 1} of the operation log was cut off, and all up to row {one.number}",
                )
        if anchored is None and last.number:
            raise Tampered(1, f"row 1 of the operation log can't be proved: {self._anchor} is missing or empty")
        if anchored is not None and not anchored.number and not self.holds(anchored):
            raise Tampered(1, f"row 1 of the operation log can't be proved: {self._anchor} was altered")
        self._prove_guarded(last.number)
        return last

    def _follows(self, last: Head, row: Row | Mapping[str, Any], sure: int) -> Head:
        """The head after a row, once it is proved that it is the one that was written next; up to `sure` there must be rows."""
        entry, number = Entry(*(row[name] for name in _COLUMNS)), last.number + 1
        if entry.number < number:
            raise Tampered(entry.number, f"row {entry.number} of the operation log was added")
        if entry.number > number:
            raise Tampered(number, f"row {number} of the operation log is missing")
        seal = row["seal"] if isinstance(row["seal"], bytes) else b""
        if not hmac.compare_digest(self._seal(last.seal, entry), seal):
            what = "was added" if number > sure else "was altered"
            raise Tampered(number, f"row {number} of the operation log {what}: it is not what was written")
        return Head(number, seal)

    def _all(self) -> Iterator[Row]:
        if self._database.row("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'log'") is None:
            return
        number = -(2**63)
        while True:
            statement = "SELECT * FROM log WHERE number >= ? ORDER BY number LIMIT ?"
            rows = self._database.rows(statement, number, _READ_AT_ONCE)
            yield from rows
            if len(rows) < _READ_AT_ONCE:
                return
            number = rows[-1]["number"] + 1

    def _read_anchor(self) -> Head | None:
        """The head in the second place; None where there is none."""
        try:
            content = self._anchor.read_text(encoding="ascii", errors="replace")
        except FileNotFoundError:
            content = ""
        except OSError as error:
            raise IdentityError(f"{self._anchor}: can't be read ({error.strerror})") from None
        if not content:
            return None
        try:
            return Head.read(content)
        except IdentityError:
            raise Tampered(1, f"row 1 of the operation log can't be proved: {self._anchor} was altered") from None

    def _prove_guarded(self, last: int) -> None:
        found = {row["name"] for row in self._database.rows("SELECT name FROM sqlite_master WHERE type = 'trigger'")}
        if lacking := [name for name in _TRIGGERS if name not in found]:
            raise Tampered(
                last,
                f"row {last} is the last of the operation log that was guarded: its trigger {lacking[0]} was removed",
            )

    # asking -----------------------------------------------------------------------------------------------------------

    def find(
        self,
        *,
        subject: str = "",
        person: int = 0,
        since: int | None = None,
        until: int | None = None,
        what: str = "",
        result: str = "",
        entity: int = 0,
        after: int = 0,
        limit: int = 100,
    ) -> list[Entry]:
        """Rows by who (subject or person), when (`since` ≤ at < `until`), what (method, or the beginning of a path), result
        (``ok``, ``refused``, ``failed``, or a status such as ``403``) and case or loan; those after a number, at most so many."""
        conditions, values = _conditions(subject, person, since, until, what, result, entity)
        statement = f"SELECT {', '.join(_COLUMNS)} FROM log WHERE {' AND '.join(['number > ?', *conditions])}"
        rows = self._database.rows(f"{statement} ORDER BY number LIMIT ?", after, *values, limit)
        return [Entry(*row) for row in rows]

    def counts(self, dimension: str, **wanted: Any) -> list[tuple[str, int, int]]:
        """How many rows there are, and how many of them were not ``ok``, by a dimension: subject, kind, branch, ip, method, path,
        status or day; the most frequent first. `wanted` as for `find`."""
        if dimension not in _DIMENSIONS:
            raise IdentityError(f"dimension {dimension[:40]!r}: {', '.join(_DIMENSIONS)} are known")
        conditions, values = _conditions(**_WANTED | wanted)
        statement = (
            f"SELECT {_DIMENSIONS[dimension]} AS what, count(*), sum(status >= 400) FROM log "
            f"WHERE {' AND '.join(['1', *conditions])} GROUP BY 1 ORDER BY 2 DESC, 1"
        )
        return [(str(row[0]), row[1], row[2]) for row in self._database.rows(statement, *values)]

    def export(self, entries: Iterable[Entry], form: Literal["csv", "jsonl"], file: TextIO) -> int:
        """Writes rows as CSV or JSON lines; how many."""
        count = 0
        table = csv.writer(file, lineterminator="\n") if form == "csv" else None
        if table is not None:
            table.writerow(["time", *_COLUMNS])
        for entry in entries:
            count += 1
            time = f"{text_of(entry.at)} UTC"
            if table is not None:
                table.writerow([time, *map(_cell, entry)])
            else:
                record = {"time": time} | entry._asdict() | {"parameters": json.loads(entry.parameters)}
                file.write(json.dumps(record, ensure_ascii=False) + "\n")
        return count


def _line(head: Head) -> bytes:
    """A head as it stands in its file, always of the same length."""
    return f"{head.number:019}:{head.seal.hex()}\n".encode()


def _entry(number: int, deed: Deed) -> Entry:
    """The row of a deed, masked, its texts cut to what a log needs."""
    result = deed.result or result_of(deed.status)
    texts = {
        "kind": deed.kind[:16],
        "subject": masked_text(deed.subject[:80]) if not deed.kind else deed.subject[:80],
        "ip": deed.ip[:64],
        "method": deed.method[:16],
        "path": masked_path(deed.path[:500]),
        "parameters": deed.parameters if isinstance(deed.parameters, Kept) else kept(deed.parameters),
        "result": result[:500] if isinstance(result, Kept) else masked_text(result[:500]),
        "request": deed.request[:80],
    }
    clean = {name: text.encode("utf-8", "replace").decode() for name, text in texts.items()}
    columns = deed._asdict() | clean | {"number": number}
    return Entry(**columns)


def result_of(status: int) -> str:
    """The result in one word."""
    return "ok" if status < 400 else "refused" if status < 500 else "failed"


def _conditions(
    subject: str, person: int, since: int | None, until: int | None, what: str, result: str, entity: int
) -> tuple[list[str], list[Any]]:
    wanted: list[tuple[str, Any]] = []
    if subject:
        wanted.append(("subject = ?", subject))
    if person:
        wanted.append(("person = ?", person))
    if since is not None:
        wanted.append(("at >= ?", since))
    if until is not None:
        wanted.append(("at < ?", until))
    if what.startswith("/"):
        wanted.append(("substr(path, 1, length(?1)) = ?1".replace("?1", "?"), what))
    elif what:
        wanted.append(("method = ?", what.upper()))
    if result.isdigit() and result.isascii():
        wanted.append(("status = ?", int(result[:9])))
    elif result:
        low, high = {"ok": (0, 400), "refused": (400, 500), "failed": (500, 10**9)}.get(result, (-1, -1))
        if low < 0:
            raise IdentityError(f"result {result[:40]!r}: ok, refused, failed or a status such as 403 is needed")
        wanted.append((f"status >= {low} AND status < ?", high))
    if entity:
        wanted.append(("entity = ?", entity))
    values: list[Any] = []
    for condition, value in wanted:
        values += [value] * condition.count("?")
    return [condition for condition, _ in wanted], values


def _cell(value: object) -> object:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
