"""How rows that change at several sites become one (an essay, since all that follows rests on it).

Beside each row that is mirrored stands its **state**: what the row says, and who said it when. Three pure functions are all
there is:

    observed(state, row, here)   the state after this site changed the row
    joined(one, other)           the state that knows what both know
    shown(state)                 the row that a state stands for; None where there is none

`joined` is a semilattice (associative, commutative, idempotent) and `observed` only ever adds to a state: so states may be told
in any order, twice, by whomever, and sites that were told the same show the same (Shapiro and others, CRDTs, 2011). No clock is
read: "later" means "had seen the other".

    closed, locked   counted by site. Opening or unlocking answers the counts that it has seen, and no others: so whoever was
                     closed or locked where that was not seen stays so (关闭、锁定优先)
    generation       digits of each site (`actors.identity.places`): the larger of each digit
    password         the later reset, then the later change, then the later rehash of the same one
    posts, scopes    whole lists, the later one; of two that did not see each other that of the larger site name. Never a mixture:
                     two people decided on each list, and proved that its posts may be held together
    refresh tokens   used is used; used at two sites, its family ends (`actors.sites.tables`)
    proposals        decided at one site (`actors.identity.changes`), so decided once"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from actors.identity.places import later

Counts = dict[str, int]
"""By site."""
Row = dict[str, Any]
"""A row of a table, its bytes as hexadecimal digits."""
State = dict[str, Any]
"""What JSON carries."""
_REGISTERS = ("posts", "scopes", "party")
_FIXED = ("subject", "kind", "person", "branch", "id_fingerprint")


class Merge(Protocol):
    """How the rows of one table become one. `key`: the column by which they are known."""

    key: str

    def observed(self, state: State | None, row: Row | None, here: str) -> State | None:
        """See the module's text. None: the row is gone because its time was over, so nothing more is said of it."""

    def joined(self, one: State, other: State) -> State: ...

    def shown(self, state: State) -> Row | None: ...


class Password(NamedTuple):
    """A register for the columns `turn` and `hash`, in the order in which one gives way to another."""

    turn: int
    changes: int
    rehashes: int
    site: str
    hash: str | None


class AccountRows:
    """Accounts are never removed."""

    key = "subject"

    def observed(self, state: State | None, row: Row | None, here: str) -> State | None:
        if row is None:
            return state
        if state is None:
            return self._first(row, here)
        before, new = self._shown(state), dict(state)
        if (row["turn"], row["hash"]) != (before["turn"], before["hash"]):
            new["password"] = list(_chosen(Password(*state["password"]), row, before["generation"], here))
        for name in _REGISTERS:
            if row[name] != before[name]:
                new[name] = [state[name][0] + 1, here, row[name]]
        if not row["active"] and (before["active"] or row["generation"] != before["generation"]):  # open meanwhile?
            new["closed"] = _raised(state["closed"], here, 1)
        elif row["active"] > before["active"]:
            new["opened"] = _largest(state["opened"], state["closed"])
        return new | {"generation": later(state["generation"], row["generation"])}

    def _first(self, row: Row, here: str) -> State:
        version = 1 if here else 0
        registers: State = {name: [version, here, row[name]] for name in _REGISTERS}
        return registers | {
            "fixed": [row[name] for name in _FIXED],
            "made_at": row["made_at"],
            "password": [row["turn"], version, 0, here, row["hash"]],
            "generation": row["generation"],
            "closed": {} if row["active"] else {here: 1},
            "opened": {},
        }

    def joined(self, one: State, other: State) -> State:
        new: State = {name: _the_later(one[name], other[name]) for name in (*_REGISTERS, "password", "fixed")}
        return new | {
            "made_at": min(one["made_at"], other["made_at"]),
            "generation": later(one["generation"], other["generation"]),
            "closed": _largest(one["closed"], other["closed"]),
            "opened": _largest(one["opened"], other["opened"]),
        }

    def shown(self, state: State) -> Row | None:
        return self._shown(state)

    def _shown(self, state: State) -> Row:
        password = Password(*state["password"])
        row = dict(zip(_FIXED, state["fixed"], strict=True)) | {name: state[name][2] for name in _REGISTERS}
        return row | {
            "turn": password.turn,
            "hash": password.hash,
            "generation": state["generation"],
            "active": int(not _unanswered(state["closed"], state["opened"])),
            "made_at": state["made_at"],
        }


def _chosen(before: Password, row: Row, generation: int, here: str) -> Password:
    """A change of a password raises the generation, hashing the same one again does not."""
    if row["turn"] != before.turn or row["generation"] != generation:
        return Password(row["turn"], before.changes + 1, 0, here, row["hash"])
    return before._replace(rehashes=before.rehashes + 1, site=here, hash=row["hash"])


class LoginRows:
    """Names to sign in with: whose each is now, nobody's where it was taken away."""

    key = "name"

    def observed(self, state: State | None, row: Row | None, here: str) -> State | None:
        subject = row["subject"] if row is not None else ""
        if state is None:
            return None if row is None else {"name": row["name"], "subject": [1 if here else 0, here, subject]}
        if subject == state["subject"][2]:
            return state
        return state | {"subject": [state["subject"][0] + 1, here, subject]}

    def joined(self, one: State, other: State) -> State:
        return one | {"subject": _the_later(one["subject"], other["subject"])}

    def shown(self, state: State) -> Row | None:
        subject = state["subject"][2]
        return {"name": state["name"], "subject": subject} if subject else None


class AttemptRows:
    """Wrong passwords: how many each site counted, and how many of these were forgiven. A count begins at the time (ms) of its
    first wrong password, so that one that was forgotten and begun anew stands above what others remember of it."""

    key = "name"

    def observed(self, state: State | None, row: Row | None, here: str) -> State | None:
        if state is None:
            return None if row is None else self._counted(_no_attempts(row), here, row["failed"], row["last_at"])
        shown, failed = self.shown(state), row["failed"] if row is not None else 0
        before = shown["failed"] if shown is not None else 0
        if failed < before:
            state, before = state | {"forgiven": _largest(state["forgiven"], state["failed"])}, 0
        return state if row is None else self._counted(state, here, failed - before, row["last_at"])

    def _counted(self, state: State, here: str, more: int, at: int) -> State:
        """So many more here. Nothing is said of a site that counted none."""
        new = state | {"last_at": max(state["last_at"], at)}
        if more and here not in state["failed"]:
            new |= {"failed": state["failed"] | {here: at}, "forgiven": state["forgiven"] | {here: at}}
        return new | {"failed": _raised(new["failed"], here, more)} if more else new

    def joined(self, one: State, other: State) -> State:
        return {
            "name": one["name"],
            "failed": _largest(one["failed"], other["failed"]),
            "forgiven": _largest(one["forgiven"], other["forgiven"]),
            "last_at": max(one["last_at"], other["last_at"]),
        }

    def shown(self, state: State) -> Row | None:
        failed = _unanswered(state["failed"], state["forgiven"])
        return {"name": state["name"], "failed": failed, "last_at": state["last_at"]} if failed else None


class ProposalRows:
    """Proposals are kept for ever, and decided once."""

    key = "number"

    def observed(self, state: State | None, row: Row | None, here: str) -> State | None:
        del here
        return state if row is None else dict(row)

    def joined(self, one: State, other: State) -> State:
        return max(one, other, key=lambda state: (state["state"] != "open", _said(state)))

    def shown(self, state: State) -> Row | None:
        return dict(state)


class RefreshRows:
    """Refresh tokens, and the sites where each was used."""

    key = "digest"

    def observed(self, state: State | None, row: Row | None, here: str) -> State | None:
        if row is None:
            return None
        used = [] if state is None else state["used"]
        return row | {"used": [here] if row["used"] and not used else used}

    def joined(self, one: State, other: State) -> State:
        return one | {"used": sorted({*one["used"], *other["used"]})}

    def shown(self, state: State) -> Row | None:
        return state | {"used": int(bool(state["used"]))}


class RevokedRows:
    """Numbers of tokens and of their families that are no longer good, until they would have expired anyway."""

    key = "number"

    def observed(self, state: State | None, row: Row | None, here: str) -> State | None:
        del here
        return row if row is None or state is None else self.joined(row, state)

    def joined(self, one: State, other: State) -> State:
        return one | {"ends_at": max(one["ends_at"], other["ends_at"])}

    def shown(self, state: State) -> Row | None:
        return dict(state)


MERGES: Mapping[str, Merge] = {
    "accounts": AccountRows(),
    "logins": LoginRows(),
    "attempts": AttemptRows(),
    "proposals": ProposalRows(),
    "refreshes": RefreshRows(),
    "revoked": RevokedRows(),
}
"""By table."""


def _no_attempts(row: Row) -> State:
    return {"name": row["name"], "failed": {}, "forgiven": {}, "last_at": 0}


def _raised(counts: Counts, site: str, by: int) -> Counts:
    return counts | {site: counts.get(site, 0) + by}


def _largest(one: Counts, other: Counts) -> Counts:
    return {site: max(one.get(site, 0), other.get(site, 0)) for site in sorted({*one, *other})}


def _unanswered(counts: Counts, answered: Counts) -> int:
    """How many are left of what was counted, once those that were answered are taken away."""
    return sum(max(count - answered.get(site, 0), 0) for site, count in counts.items())


def _the_later(one: list[Any], other: list[Any]) -> list[Any]:
    return max(one, other, key=lambda register: [(value is not None, value) for value in register])


def _said(state: State) -> str:
    return json.dumps(state, sort_keys=True)
