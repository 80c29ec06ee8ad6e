"""Accounts of staff, customers and systems, and signing in (SEC-02, SEC-07).

Staff begin with a first password that follows from the data key (`Keys.first_secret`, 100 bits), so opening hundreds of accounts
hashes nothing and stores nothing secret; it must be changed at the first sign-in, and only what people choose is hashed, with
argon2id. Customers choose their own. Secrets of systems are drawn in the same way, and kept as a digest.

A customer's account says whose it is, and anybody can say so: until it is proven at the counter, by the customer number it is
tied to, it is provisional, takes no ID number and no mobile number from anybody, and ends when another is proven in its place.

Wrong passwords are counted by account and, for names that nobody has, by name, so that both are locked alike; a count ends when
nobody has tried for as long as a lock lasts. The password is compared outside the transaction, and counts only if the account is
still unlocked when it is told: of many tries at once no more than four are ever heard.

Where a bank has several sites, each numbers its customers and counts generations in its own way (`actors.identity.places`)."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from actors.identity.database import Database, Row
from actors.identity.errors import AccountLocked, IdentityError, SignInRefused
from actors.identity.keys import Keys, digest_of
from actors.identity.passwords import Passwords, is_same, prove_strong
from actors.identity.places import Place
from actors.identity.posts import Posts
from actors.identity.vault import Vault
from credit.numbers import branch_of_person
from credit.times import HOUR_MS, text_of

Kind = Literal["staff", "customer", "system"]

TABLES = (
    (
        "CREATE TABLE IF NOT EXISTS accounts (subject TEXT PRIMARY KEY, kind TEXT NOT NULL, person INTEGER NOT NULL, "
        "branch INTEGER NOT NULL, party INTEGER NOT NULL, id_fingerprint BLOB, posts TEXT NOT NULL, scopes TEXT NOT NULL, "
        "hash TEXT, turn INTEGER NOT NULL DEFAULT 0, generation INTEGER NOT NULL DEFAULT 0, active INTEGER NOT NULL DEFAULT 1, "
        "made_at INTEGER NOT NULL)"
    ),
    "CREATE UNIQUE INDEX IF NOT EXISTS accounts_proven ON accounts (id_fingerprint) WHERE party > 0",
    "CREATE INDEX IF NOT EXISTS accounts_by_id ON accounts (id_fingerprint)",
    "CREATE TABLE IF NOT EXISTS logins (name BLOB PRIMARY KEY, subject TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS attempts (name BLOB PRIMARY KEY, failed INTEGER NOT NULL, last_at INTEGER NOT NULL)",
    "CREATE INDEX IF NOT EXISTS attempts_by_time ON attempts (last_at)",
)
_AT_ONCE = 500
"""So many values are asked for with one query."""
_REFUSED = "the name or the password is wrong"
_SHOWN = "subject, kind, person, branch, party, posts, scopes, hash, turn, generation, active"


@dataclass(frozen=True)
class Account:
    """One account. `posts` of staff, `scopes` of systems, `party` (the bank's customer number, 0 until known) of customers.
    `generation` rises when what the account may do changes; tokens of an earlier one are refused."""

    subject: str
    kind: Kind
    person: int
    branch: int
    party: int
    posts: tuple[str, ...]
    scopes: tuple[str, ...]
    generation: int
    active: bool
    must_change: bool
    """The first password has not been changed yet."""


class Accounts:
    """The accounts of a bank in a database that several processes share. Times are ms since 1970 UTC."""

    def __init__(self, database: Database, keys: Keys, posts: Posts, passwords: Passwords) -> None:
        self.database, self.posts, self.rules = database, posts, posts.policy.sign_in
        self._keys, self._passwords, self._vault = keys, passwords, Vault(keys)
        with database.transaction():
            for table in TABLES:
                database.run(table)
            self.place = Place.read(database)

    # finding ----------------------------------------------------------------------------------------------------------

    def find(self, subject: str) -> Account | None:
        """An account by its subject (``staff:1010001``, ``customer:7``, ``system:partner``)."""
        row = self._row(subject)
        return _account(row) if row is not None else None

    def get(self, subject: str) -> Account:
        """An account by its subject; IdentityError where there is none."""
        found = self.find(subject)
        if found is None:
            raise IdentityError(f"account {subject!r}: there is no such account")
        return found

    def all(self, kind: Kind, after: str = "", limit: int = 100) -> list[Account]:
        """Accounts of a kind in the order of their subjects, those after one, at most so many."""
        statement = f"SELECT {_SHOWN} FROM accounts WHERE kind = ? AND subject > ? ORDER BY subject LIMIT ?"
        return [_account(row) for row in self.database.rows(statement, kind, after, limit)]

    def empty(self) -> bool:
        """True before the first account."""
        return self.database.row("SELECT 1 FROM accounts LIMIT 1") is None

    def locked_until(self, subject: str, now: int) -> int:
        """When an account's lock ends; 0 where it is not locked."""
        return self._lock(self._attempts_name("subject", subject), now)

    # opening ----------------------------------------------------------------------------------------------------------

    def open_staff(self, people: Iterable[tuple[int, Sequence[str]]], now: int) -> None:
        """Accounts for people (person number, posts), who begin with their first passwords; people who have one keep it."""
        with self.database.transaction():
            for person, posts in people:
                branch = int(branch_of_person(person))
                self._insert(f"staff:{person}", "staff", now, person=person, branch=branch, posts=posts)
                self._login("staff", str(person), f"staff:{person}")

    def open_system(self, client: str, scopes: Sequence[str], now: int) -> str:
        """An OAuth client; returns its secret. IdentityError where a scope is not for clients, or the client is there."""
        if not client.isidentifier() or not client.isascii() or len(client) > 40:
            raise IdentityError(
                f"client {client[:40]!r}: a name of letters, digits and _ is needed, at most 40 of them"
            )
        self.prove_scopes(scopes)
        secret = self._keys.first_secret(f"system:{client}")
        with self.database.transaction():
            hashed = digest_of(secret).hex()
            if not self._insert(f"system:{client}", "system", now, scopes=scopes, hash=hashed):
                raise IdentityError(f"client {client}: there is one already")
        return secret

    def open_customer(self, id_number: str, mobile: str, password: str, now: int, party: int = 0) -> Account:
        """A customer's account under an ID number, of which only a fingerprint is kept; others may be under the same one until
        one is proven. He signs in with his mobile number where nobody does so yet, and in any case with the account's name, see
        `signs_in_with`. WeakPassword where the password breaks the rules."""
        prove_strong(password, self.rules.password_length_min, (mobile, id_number))
        hashed, fingerprint = self._passwords.hash(password), self._vault.fingerprint(id_number, "accounts.id_number")
        with self.database.transaction():
            subject = f"customer:{self.place.next_number(self._largest_customer())}"
            self._insert(subject, "customer", now, id_fingerprint=fingerprint, hash=hashed)
            self._login("customer", subject, subject)
            self._give_login("customer", mobile, subject)
            if party:
                self._bind(subject, party)
        return self.get(subject)

    def signs_in_with(self, subject: str, mobile: str) -> str:
        """The name with which a customer's account signs in: his mobile number, or the account's own name where another account
        signs in with that number."""
        return mobile if self._subject("customer", mobile) == subject else subject

    def is_proven(self, subject: str) -> bool:
        """Whether a customer's account is tied to the bank's file of him, which takes being seen with his ID card."""
        row = self._row(subject)
        return row is not None and bool(row["party"])

    def bind_customer(self, subject: str, party: int, id_number: str) -> Account:
        """Ties an account to a customer number of the bank, once, if the ID number is the account's own. It takes the place of
        every other account under that ID number, which are closed."""
        fingerprint = self._vault.fingerprint(id_number, "accounts.id_number")
        with self.database.transaction():
            found = self.database.row("SELECT party, id_fingerprint FROM accounts WHERE subject = ?", subject)
            if found is None or not hmac.compare_digest(bytes(found["id_fingerprint"] or b""), fingerprint):
                raise IdentityError(f"account {subject!r}: does not belong to this ID number")
            if found["party"] not in (0, party):
                raise IdentityError(f"account {subject!r}: is bound to another customer number already")
            if not found["party"]:
                self._close_others(fingerprint, subject)
                self._bind(subject, party)
        return self.get(subject)

    def belongs_to(self, subject: str, id_number: str) -> bool:
        """Whether a customer's account was opened with an ID number."""
        fingerprint = self._vault.fingerprint(id_number, "accounts.id_number")
        found = self.database.row(
            "SELECT 1 FROM accounts WHERE subject = ? AND id_fingerprint = ?", subject, fingerprint
        )
        return found is not None

    def bound_to(self, id_numbers: Iterable[str]) -> dict[str, str]:
        """By ID number, the subjects of the accounts that belong to some of these and are tied to a customer number."""
        of = {self._vault.fingerprint(one, "accounts.id_number"): one for one in dict.fromkeys(id_numbers)}
        asked, found = list(of), dict[str, str]()
        for first in range(0, len(asked), _AT_ONCE):
            some = asked[first : first + _AT_ONCE]
            places = ", ".join("?" * len(some))
            query = f"SELECT id_fingerprint, subject FROM accounts WHERE party > 0 AND id_fingerprint IN ({places})"
            found |= {of[bytes(row["id_fingerprint"])]: str(row["subject"]) for row in self.database.rows(query, *some)}
        return found

    def _largest_customer(self) -> int:
        number = f"CAST(substr(subject, {len('customer:') + 1}) AS INTEGER)"
        return int(self.database.rows(f"SELECT coalesce(max({number}), 0) FROM accounts WHERE kind = 'customer'")[0][0])

    def _close_others(self, fingerprint: bytes, subject: str) -> None:
        others = "FROM accounts WHERE id_fingerprint = ? AND subject <> ?"
        self.database.run(f"DELETE FROM logins WHERE subject IN (SELECT subject {others})", fingerprint, subject)
        self.database.run(
            "UPDATE accounts SET party = 0, active = 0, generation = generation + ? WHERE id_fingerprint = ? AND subject <> ?",
            *(self.place.step, fingerprint, subject),
        )

    def _bind(self, subject: str, party: int) -> None:
        self._login("customer", str(party), subject)
        self.database.run("UPDATE accounts SET party = ? WHERE subject = ?", party, subject)

    def prove_scopes(self, scopes: Sequence[str]) -> None:
        """IdentityError where a scope is none that clients may be given."""
        if unknown := [name for name in scopes if name not in self.posts.policy.clients]:
            raise IdentityError(f"scope {unknown[0]!r}: clients may be given {', '.join(self.posts.policy.clients)}")

    # signing in -------------------------------------------------------------------------------------------------------

    def sign_in(self, kind: Kind, name: str, password: str, now: int) -> Account:
        """The account of a person number, mobile or client number, if the password is right. SignInRefused says the same for a
        wrong name and a wrong password; AccountLocked after the fourth wrong one, for 24 hours (SEC-07)."""
        subject = self._subject(kind, name)
        counted = self._attempts_name("subject", subject) if subject else self._attempts_name(kind, name)
        self._check(subject, counted, password, now)
        return self.get(subject)

    def change_password(self, subject: str, old: str, new: str, now: int) -> Account:
        """Sets a new password; every token given out before is refused from now on. SignInRefused and AccountLocked as for
        `sign_in`, WeakPassword where the new one breaks the rules or is the old one."""
        account = self.get(subject)
        if account.kind == "system":
            raise IdentityError("a system has no password; its secret is changed by a proposal")
        self._check(subject, self._attempts_name("subject", subject), old, now)
        if is_same(old, new):
            raise IdentityError("the new password is the old one; choose another")
        own = [str(number) for number in (account.person, account.party) if number]
        prove_strong(new, self.rules.password_length_min, own)
        hashed = self._passwords.hash(new)
        with self.database.transaction():
            self._set(subject, "hash", hashed)
        return self.get(subject)

    def system(self, client: str, secret: str) -> Account:
        """The account of an OAuth client, if the secret is right; SignInRefused says the same for both mistakes."""
        row = self._row(f"system:{client}")
        kept = bytes.fromhex(row["hash"]) if row is not None else digest_of("nobody")
        if not hmac.compare_digest(kept, digest_of(secret)) or row is None or not row["active"]:
            raise SignInRefused("the client or its secret is wrong")
        return _account(row)

    def _check(self, subject: str, counted: bytes, password: str, now: int) -> None:
        self._prove_unlocked(counted, now)
        before = self._row(subject)
        right = self._right(before, password)
        with self.database.transaction():
            self._prove_unlocked(counted, now)
            after = self._row(subject)
            if right and after is not None and before is not None and _same_password(before, after):
                self.database.run("DELETE FROM attempts WHERE name = ?", counted)
                if after["hash"] and self._passwords.outdated(after["hash"]):
                    self.database.run(
                        "UPDATE accounts SET hash = ? WHERE subject = ?", self._passwords.hash(password), subject
                    )
                return
            self._count(counted, now)
            until = self._lock(counted, now)
        raise self._locked(until) if until else SignInRefused(_REFUSED)

    def _right(self, row: Row | None, password: str) -> bool:
        if row is None:
            return self._passwords.matches(password, None, None)
        first = self._keys.first_secret(row["subject"], row["turn"]) if row["hash"] is None else None
        return self._passwords.matches(password, row["hash"], first)

    # locks ------------------------------------------------------------------------------------------------------------

    def _lock(self, counted: bytes, now: int) -> int:
        row = self.database.row("SELECT failed, last_at FROM attempts WHERE name = ?", counted)
        until = row["last_at"] + self.rules.lock_hours * HOUR_MS if row is not None else 0
        return until if row is not None and row["failed"] > self.rules.wrong_passwords_max and now < until else 0

    def _prove_unlocked(self, counted: bytes, now: int) -> None:
        if until := self._lock(counted, now):
            raise self._locked(until)

    def _locked(self, until: int) -> AccountLocked:
        return AccountLocked(
            f"locked after more than {self.rules.wrong_passwords_max} wrong passwords, until {text_of(until)[:19]} UTC; "
            "a system administrator can unlock",
            until,
        )

    def _count(self, counted: bytes, now: int) -> None:
        self.database.run("DELETE FROM attempts WHERE last_at <= ?", now - self.rules.lock_hours * HOUR_MS)
        self.database.run(
            "INSERT INTO attempts (name, failed, last_at) VALUES (?, 1, ?) "
            "ON CONFLICT (name) DO UPDATE SET failed = failed + 1, last_at = excluded.last_at",
            counted,
            now,
        )

    # changes that two people made; see actors.identity.changes, which calls these inside its transaction -------------------

    def set_posts(self, subject: str, posts: Sequence[str]) -> None:
        """Other posts from now on."""
        self._set(subject, "posts", json.dumps(list(posts)))

    def set_scopes(self, subject: str, scopes: Sequence[str]) -> None:
        """Other scopes from now on."""
        self._set(subject, "scopes", json.dumps(list(scopes)))

    def set_active(self, subject: str, active: bool) -> None:
        """Closes or opens an account."""
        self._set(subject, "active", int(active))

    def unlock(self, subject: str) -> None:
        """Forgets the wrong passwords."""
        self.database.run("DELETE FROM attempts WHERE name = ?", self._attempts_name("subject", subject))

    def reset(self, subject: str) -> str:
        """A new first password or client secret; the one before is worth nothing any more."""
        self._set(subject, "turn", self.get_row(subject)["turn"] + 1)
        row = self.get_row(subject)
        secret = self._keys.first_secret(subject, row["turn"])
        self._set(subject, "hash", digest_of(secret).hex() if row["kind"] == "system" else None)
        return secret

    def first_password(self, subject: str) -> str:
        """What an account that was never used signs in with; IdentityError once its password was changed."""
        row = self.get_row(subject)
        if row["hash"] is not None:
            raise IdentityError(f"account {subject!r}: its first password is no longer in use")
        return self._keys.first_secret(subject, row["turn"])

    def get_row(self, subject: str) -> Row:
        """An account's row; IdentityError where there is none."""
        row = self._row(subject)
        if row is None:
            raise IdentityError(f"account {subject!r}: there is no such account")
        return row

    # rows -------------------------------------------------------------------------------------------------------------

    def _row(self, subject: str) -> Row | None:
        return self.database.row(f"SELECT {_SHOWN} FROM accounts WHERE subject = ?", subject)

    def _set(self, subject: str, column: str, value: object) -> None:
        statement = f"UPDATE accounts SET {column} = ?, generation = generation + ? WHERE subject = ?"
        self.database.run(statement, value, self.place.step, subject)

    def _insert(self, subject: str, kind: Kind, now: int, **given: object) -> bool:
        columns: dict[str, object] = {"person": 0, "branch": 0, "party": 0, "posts": (), "scopes": ()} | given
        columns |= {name: json.dumps(list(cast(Sequence[str], columns[name]))) for name in ("posts", "scopes")}
        columns |= {"subject": subject, "kind": kind, "made_at": now}
        places = ", ".join("?" * len(columns))
        return (
            self.database.run(
                f"INSERT INTO accounts ({', '.join(columns)}) VALUES ({places}) ON CONFLICT (subject) DO NOTHING",
                *columns.values(),
            )
            == 1
        )

    def _login(self, kind: Kind, name: str, subject: str) -> None:
        self._give_login(kind, name, subject)
        if self._subject(kind, name) != subject:
            raise IdentityError(f"{name}: another account signs in with this already")

    def _give_login(self, kind: Kind, name: str, subject: str) -> None:
        """A name to sign in with, unless another account has it."""
        key = self._vault.fingerprint(name, f"logins.{kind}")
        self.database.run(
            "INSERT INTO logins (name, subject) VALUES (?, ?) ON CONFLICT (name) DO NOTHING", key, subject
        )

    def _subject(self, kind: Kind, name: str) -> str:
        key = self._vault.fingerprint(name, f"logins.{kind}")
        row = self.database.row("SELECT subject FROM logins WHERE name = ?", key)
        return str(row["subject"]) if row is not None else ""

    def _attempts_name(self, what: str, name: str) -> bytes:
        return self._vault.fingerprint(name, f"attempts.{what}")


def _same_password(before: Row, after: Row) -> bool:
    """False where the password was changed or reset, or the account closed, while it was compared."""
    return all(before[name] == after[name] for name in ("hash", "turn")) and bool(after["active"])


def _account(row: Row) -> Account:
    posts, scopes = (tuple(json.loads(row[name])) for name in ("posts", "scopes"))
    unchanged = row["hash"] is None
    return Account(
        row["subject"],
        row["kind"],
        row["person"],
        row["branch"],
        row["party"],
        posts,
        scopes,
        row["generation"],
        bool(row["active"]),
        unchanged,
    )
