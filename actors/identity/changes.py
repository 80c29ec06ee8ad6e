"""What needs two people (SEC-05, SEC-06, DR-10): changes of accounts, bulk exports, and switches between sites. One proposes, a
second one confirms, and what stood there before and after is kept for ever. Nobody takes part in a change of his own account. Who
administers changes whom follows the tiers (SEC-01): system administrators change everybody; others only people of lower tiers. An
export is authorised by somebody who holds none of the posts of whoever asks for it.

A proposal is decided at the site (中心) where it was made, and nowhere else: so it is decided once, also while sites do not hear
of each other. Where that site is lost, it is proposed anew."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from actors.identity.accounts import Account, Accounts
from actors.identity.database import Row
from actors.identity.errors import IdentityError, NotAllowed
from credit.numbers import BRANCH_MAX, PEOPLE_PER_BRANCH
from credit.policies.posts import Tier
from credit.times import DAY_MS

Change = Literal["posts", "open", "active", "reset", "unlock", "client", "scopes", "export", "switch"]
State = Literal["open", "confirmed", "refused"]

TABLES = (
    (
        "CREATE TABLE IF NOT EXISTS proposals (number INTEGER PRIMARY KEY AUTOINCREMENT, made_at INTEGER NOT NULL, "
        "made_by TEXT NOT NULL, change TEXT NOT NULL, target TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL, "
        "state TEXT NOT NULL DEFAULT 'open', decided_at INTEGER NOT NULL DEFAULT 0, decided_by TEXT NOT NULL DEFAULT '')"
    ),
    (
        "CREATE TRIGGER IF NOT EXISTS proposals_stay BEFORE DELETE ON proposals "
        "BEGIN SELECT RAISE(ABORT, 'proposals are kept'); END"
    ),
    (
        "CREATE TRIGGER IF NOT EXISTS proposals_are_decided_once BEFORE UPDATE ON proposals WHEN OLD.state <> 'open' OR "
        "NEW.before <> OLD.before OR NEW.after <> OLD.after OR NEW.made_by <> OLD.made_by OR NEW.target <> OLD.target "
        "BEGIN SELECT RAISE(ABORT, 'proposals are decided once'); END"
    ),
)
CLIENTS = "clients:manage"
NEEDS: dict[Change, str] = {
    "posts": "accounts:manage",
    "open": "accounts:manage",
    "active": "accounts:manage",
    "reset": "accounts:manage",
    "unlock": "accounts:unlock",
    "client": CLIENTS,
    "scopes": CLIENTS,
    "export": "bulk:export",
    "switch": "sites:switch",
}
"""The permission that whoever proposes needs; of systems `CLIENTS`, whatever the change."""
CONFIRMS: dict[Change, str] = NEEDS | {"export": "bulk:confirm"}
"""The permission that the second person needs."""
EXPORTS = ("applications", "loans")
FORMATS = ("csv", "parquet")
OF_NO_ACCOUNT = ("export", "switch")
"""Proposals that change nobody's account."""


class Proposal(NamedTuple):
    """A change, by whom it was proposed and decided, and the values before and after."""

    number: int
    made_at: int
    made_by: str
    change: Change
    target: str
    before: Any
    after: Any
    state: State
    decided_at: int
    decided_by: str


class Changes:
    """Proposals in the database of the accounts."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts, self._database, self._posts = accounts, accounts.database, accounts.posts
        with self._database.transaction():
            for table in TABLES:
                self._database.run(table)

    def propose(self, by: str, change: str, target: str, value: Any, now: int) -> Proposal:
        """Keeps a change for a second person. NotAllowed where the first one may not ask for it, IdentityError where it can't
        be carried out."""
        known = next((one for one in NEEDS if one == change), None)
        if known is None:
            raise IdentityError(f"change {change[:40]!r}: known are {', '.join(NEEDS)}")
        with self._database.transaction():
            value = self._checked(known, target, value)
            self._prove_may(by, known, target, value, NEEDS)
            before = self._before(known, target, now)
            if known == "unlock" and not before:
                raise IdentityError(f"account {target!r}: is not locked")
            largest = self._database.rows("SELECT coalesce(max(number), 0) FROM proposals")[0][0]
            number = self._accounts.place.next_number(largest)
            self._database.run(
                "INSERT INTO proposals (number, made_at, made_by, change, target, before, after) VALUES (?, ?, ?, ?, ?, ?, ?)",
                *(number, now, by, known, target, json.dumps(before), json.dumps(value)),
            )
            return self.get(number)

    def confirm(self, by: str, number: int, now: int) -> tuple[Proposal, str]:
        """Carries a change out, as a second person; with it the new first password or client secret where there is one, which
        is told once and kept nowhere. NotAllowed where this person may not, IdentityError where it can no longer be."""
        with self._database.transaction():
            proposal = self._undecided(number, now)
            if by == proposal.made_by:
                raise NotAllowed(
                    f"proposal {number}: needs a second person, whoever proposed a change does not confirm it"
                )
            for person, needs in ((proposal.made_by, NEEDS), (by, CONFIRMS)):
                self._prove_may(person, proposal.change, proposal.target, proposal.after, needs)
            if proposal.change == "export" and (shared := self._posts_of(by) & self._posts_of(proposal.made_by)):
                raise NotAllowed(f"proposal {number}: needs another role, and both of you hold {min(shared)}")
            if self._before(proposal.change, proposal.target, now) != proposal.before:
                raise IdentityError(
                    f"proposal {number}: {proposal.target} has changed since it was made; propose it anew"
                )
            secret = self._carry_out(proposal, now)
            return self._decided(number, "confirmed", by, now), secret

    def refuse(self, by: str, number: int, now: int) -> Proposal:
        """Ends a proposal without its change: by whoever made it, or who could have confirmed it."""
        with self._database.transaction():
            proposal = self._undecided(number, now)
            if by != proposal.made_by:
                self._prove_may(by, proposal.change, proposal.target, proposal.after, CONFIRMS)
            return self._decided(number, "refused", by, now)

    def get(self, number: int) -> Proposal:
        """A proposal; IdentityError where there is none."""
        row = self._database.row("SELECT * FROM proposals WHERE number = ?", number)
        if row is None:
            raise IdentityError(f"proposal {number}: there is no such proposal")
        return _proposal(row)

    def all(
        self, state: str = "", after: int = 0, limit: int = 100, of: Literal["", "export", "switch"] = "", by: str = ""
    ) -> list[Proposal]:
        """Proposals of changes of accounts, or of exports or switches, of everybody or made by one, in the order of their
        numbers, those after one, at most so many."""
        what = f"change = '{of}'" if of else f"change NOT IN {OF_NO_ACCOUNT}"
        where = f"number > ? AND ? IN ('', state) AND {what} AND ? IN ('', made_by)"
        rows = self._database.rows(
            f"SELECT * FROM proposals WHERE {where} ORDER BY number LIMIT ?", after, state, by, limit
        )
        return [_proposal(row) for row in rows]

    # rules ------------------------------------------------------------------------------------------------------------

    def _posts_of(self, subject: str) -> frozenset[str]:
        return frozenset(self._accounts.get(subject).posts)

    def _prove_may(self, by: str, change: Change, target: str, value: Any, needs: Mapping[Change, str]) -> None:
        """NotAllowed unless this person, with the posts he holds now, may take part in the change."""
        account = self._accounts.find(by)
        if account is None or not account.active or account.kind != "staff":
            raise NotAllowed(f"{by}: only staff with an open account change accounts")
        needed = permission_for(change, target, needs)
        if needed not in self._posts.permissions(account.posts):
            raise NotAllowed(f"{by}: lacks the permission {needed}")
        if change in OF_NO_ACCOUNT:
            return  # what follows is about whose account is changed
        if by == target:
            raise NotAllowed(f"{by}: nobody takes part in a change of his own account")
        mine, theirs = (
            self._posts.tier(account.posts),
            self._tier_of(target, value if change in ("posts", "open") else ()),
        )
        if mine is not Tier.SYSTEM and mine <= theirs:
            raise NotAllowed(f"{by}: {target} is or becomes a {theirs.words[0]}, whom only a higher tier may change")

    def _tier_of(self, target: str, posts: Sequence[str]) -> Tier:
        held = self._accounts.find(target)
        return max(self._posts.tier(held.posts if held is not None else ()), self._posts.tier(posts))

    def _checked(self, change: Change, target: str, value: Any) -> Any:
        """The value in the form in which it is kept; IdentityError where it is none of this change."""
        if change == "export":
            return _checked_export(target, value)
        if change == "switch":
            return _checked_switch(target, value)
        if change == "open":
            _person(target)
            if self._accounts.find(target) is not None:
                raise IdentityError(f"account {target!r}: there is one already")
        if change in ("posts", "open"):
            return self._checked_posts(target, _texts("posts", value))
        if change in ("scopes", "client"):
            scopes = _texts("scopes", value)
            self._accounts.prove_scopes(scopes)
            if change == "client" and self._accounts.find(target) is not None:
                raise IdentityError(f"account {target!r}: there is one already")
            _prove_kind(target, "system")
            return scopes
        if change == "active" and not isinstance(value, bool):
            raise IdentityError("active: true or false is needed")
        self._accounts.get(target)
        return value if change == "active" else None

    def _checked_posts(self, target: str, posts: list[str]) -> list[str]:
        _prove_kind(target, "staff")
        if found := self._posts.conflicts(posts):
            raise IdentityError(f"{target}: nobody may hold {'; nor '.join(map(str, found))}")
        return posts

    def _before(self, change: Change, target: str, now: int) -> Any:
        if change in OF_NO_ACCOUNT:
            return None
        if change in ("open", "client"):
            return None if self._accounts.find(target) is None else "there"
        account: Account = self._accounts.get(target)
        values: dict[Change, Callable[[], Any]] = {
            "posts": lambda: list(account.posts),
            "scopes": lambda: list(account.scopes),
            "active": lambda: account.active,
            "reset": lambda: account.generation,
            "unlock": lambda: self._accounts.locked_until(target, now),
        }
        return values[change]()

    def _carry_out(self, proposal: Proposal, now: int) -> str:
        accounts, target, value = self._accounts, proposal.target, proposal.after
        match proposal.change:
            case "posts":
                accounts.set_posts(target, value)
            case "scopes":
                accounts.set_scopes(target, value)
            case "active":
                accounts.set_active(target, value)
            case "unlock":
                accounts.unlock(target)
            case "reset":
                return accounts.reset(target)
            case "open":
                accounts.open_staff([(_person(target), value)], now)
                return accounts.first_password(target)
            case "client":
                return accounts.open_system(target.removeprefix("system:"), value, now)
        return ""

    def _undecided(self, number: int, now: int) -> Proposal:
        proposal = self.get(number)
        if proposal.state != "open":
            raise IdentityError(f"proposal {number}: was {proposal.state} by {proposal.decided_by} already")
        place = self._accounts.place
        if place.giver(number) != place.name:
            raise IdentityError(
                f"proposal {number}: was made at the site {place.giver(number)}; decide on it there, or propose it anew here"
            )
        if now >= proposal.made_at + self._accounts.rules.proposal_days * DAY_MS:
            raise IdentityError(f"proposal {number}: has lapsed; propose it anew")
        return proposal

    def _decided(self, number: int, state: State, by: str, now: int) -> Proposal:
        self._database.run(
            "UPDATE proposals SET state = ?, decided_at = ?, decided_by = ? WHERE number = ?", state, now, by, number
        )
        return self.get(number)


def permission_for(change: str, target: str, needs: Mapping[Change, str] = NEEDS) -> str:
    """The permission that a change of an account needs of whoever proposes it, or by `CONFIRMS` of the second person; empty for a
    change that does not exist."""
    return CLIENTS if target.startswith("system:") else next((needs[one] for one in needs if one == change), "")


def _checked_export(target: str, value: Any) -> dict[str, str]:
    """``export:loans`` and ``{"format": "csv", "reason": "…"}``."""
    said = value if isinstance(value, Mapping) else {}
    if target not in [f"export:{what}" for what in EXPORTS] or said.get("format") not in FORMATS:
        raise IdentityError(f"export: one of {', '.join(EXPORTS)} as {' or '.join(FORMATS)} is needed")
    return {"format": str(said["format"]), "reason": str(said.get("reason", ""))}


def _checked_switch(target: str, value: Any) -> dict[str, str]:
    """``site:same-city`` and ``{"how": "switch", "reason": "…"}``."""
    said = value if isinstance(value, Mapping) else {}
    if not target.startswith("site:") or said.get("how") not in ("switch", "take_over"):
        raise IdentityError("switch: a site and how, switch or take_over, are needed")
    return {"how": str(said["how"]), "reason": str(said.get("reason", ""))}


def _texts(what: str, value: Any) -> list[str]:
    """Texts in their order, each once."""
    if not isinstance(value, (list, tuple)) or not all(isinstance(one, str) for one in value):
        raise IdentityError(f"{what}: a list of texts is needed")
    return list(dict.fromkeys(value))


def _prove_kind(target: str, kind: str) -> None:
    if not target.startswith(f"{kind}:"):
        raise IdentityError(f"account {target[:60]!r}: this change is for accounts of the kind {kind}")


def _person(target: str) -> int:
    digits = target.removeprefix("staff:")
    largest = (BRANCH_MAX + 1) * PEOPLE_PER_BRANCH - 1
    if not (target.startswith("staff:") and digits.isascii() and digits.isdigit() and 0 < int(digits[:20]) <= largest):
        raise IdentityError(f"account {target[:60]!r}: staff:PERSON is needed, with a person number up to {largest}")
    if digits.startswith("0"):
        raise IdentityError(f"account {target[:60]!r}: a person number begins with no 0")
    return int(digits)


def _proposal(row: Row) -> Proposal:
    values = {name: row[name] for name in Proposal._fields}
    return Proposal(**values | {name: json.loads(row[name]) for name in ("before", "after")})
