"""The archive of signed contracts (合同档案, CON-18): the text that was signed, sealed, found by contract, case, name, product
and time of signing. A text is laid down before the signature is handed to the bank, and stays as it is once the bank has said
that it is signed. What the bank has in its own archive and nobody laid down is laid down when it is first asked for. Where two
sites did, the signed one stays, and of two such the one that was laid down more often (`actors.sites.lists`).

HOME/contracts.db"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from actors.identity.database import Database, Row
from actors.identity.vault import Vault
from credit.contracts.states import SignMode

FILE = "contracts.db"
PAGE = 200
TABLES = (
    (
        "CREATE TABLE IF NOT EXISTS contracts (number TEXT PRIMARY KEY, of_case INTEGER NOT NULL, "
        "customer INTEGER NOT NULL, name BLOB NOT NULL, branch INTEGER NOT NULL, "
        "product TEXT NOT NULL, sealed BLOB NOT NULL, mode INTEGER NOT NULL DEFAULT 0, confirmed_at INTEGER NOT NULL DEFAULT 0, "
        "signed_at INTEGER NOT NULL DEFAULT 0, laid INTEGER NOT NULL DEFAULT 0)"
    ),
    "CREATE INDEX IF NOT EXISTS contracts_by_case ON contracts (of_case)",
    "CREATE INDEX IF NOT EXISTS contracts_by_name ON contracts (name)",
    "CREATE INDEX IF NOT EXISTS contracts_by_time ON contracts (signed_at)",
)
_NAME = "contracts.name"


class Laid(NamedTuple):
    """A contract that is about to be signed, or was."""

    number: str
    case: int
    customer: int
    name: str
    branch: int
    product: str
    text: str


class Archived(NamedTuple):
    """A signed contract; times are the bank's."""

    number: str
    case: int
    customer: int
    product: str
    mode: SignMode
    confirmed_at: int
    signed_at: int


class Archive:
    """The contracts of a bank, in a database that its gateways share."""

    def __init__(self, home: Path, vault: Vault) -> None:
        self._database, self._vault = open_archive(home), vault

    def lay(self, one: Laid) -> None:
        """Lays a contract down; one that is signed already stays as it is. It is on the disk when this returns."""
        self._put(one, 1, "DO UPDATE SET sealed = excluded.sealed, laid = laid + 1 WHERE signed_at = 0")

    def sign(self, one: Laid, mode: SignMode, confirmed_at: int, signed_at: int) -> None:
        """The bank has said that a contract is signed. The text that was laid down under its number stays; where there is none,
        this one is. Said again, it changes nothing."""
        with self._database.transaction():
            self._put(one, 0, "DO NOTHING")
            self._database.run(
                "UPDATE contracts SET mode = ?, confirmed_at = ?, signed_at = ? WHERE signed_at = 0 AND number = ?",
                *(int(mode), confirmed_at, signed_at, one.number),
            )

    def _put(self, one: Laid, laid: int, otherwise: str) -> None:
        self._database.run(
            "INSERT INTO contracts (number, of_case, customer, name, branch, product, sealed, laid) "
            f"VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (number) {otherwise}",
            *one[:3],
            self._vault.fingerprint(one.name, _NAME),
            *(one.branch, one.product, self._vault.seal(one.text.encode(), _about(one.number)), laid),
        )

    def of(self, case: int) -> Archived | None:
        """The signed contract of a case."""
        found = self._database.row("SELECT * FROM contracts WHERE of_case = ? AND signed_at > 0", case)
        return _archived(found) if found is not None else None

    def text(self, number: str) -> str:
        """The text of a contract, as it was signed. Damaged where it was changed."""
        found = self._database.row("SELECT sealed FROM contracts WHERE number = ?", number)
        return self._vault.open(bytes(found["sealed"]), _about(number)).decode() if found is not None else ""

    def search(self, branch: int | None, name: str, product: str, since: int, until: int, after: str) -> list[Archived]:
        """Signed contracts in the order of their numbers, those after one, at most `PAGE`. Empty texts and None mean any;
        `since` ≤ signed < `until`."""
        fingerprint = self._vault.fingerprint(name, _NAME) if name else b""
        rows = self._database.rows(
            "SELECT * FROM contracts WHERE signed_at > 0 AND signed_at >= ? AND signed_at < ? AND number > ? "
            "AND (? = '' OR name = ?) AND (? = '' OR product = ?) AND (? IS NULL OR branch = ?) ORDER BY number LIMIT ?",
            *(since, until, after, name, fingerprint, product, product, branch, branch, PAGE),
        )
        return [_archived(row) for row in rows]

    def close(self) -> None:
        """Ends the connection."""
        self._database.close()


def open_archive(home: Path) -> Database:
    """The archive's database, with how often each text was laid down, also where it was made without."""
    database = Database(home / FILE, TABLES)
    with database.transaction():
        if "laid" not in [row["name"] for row in database.rows("PRAGMA table_info(contracts)")]:
            database.run("ALTER TABLE contracts ADD COLUMN laid INTEGER NOT NULL DEFAULT 0")
    return database


def _archived(row: Row) -> Archived:
    mode, about = SignMode(row["mode"]), (row["number"], row["of_case"], row["customer"], row["product"])
    return Archived(*about, mode, row["confirmed_at"], row["signed_at"])


def _about(number: str) -> bytes:
    return b"contract " + number.encode()
