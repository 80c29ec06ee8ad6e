"""The credit committee (信贷委员会, 贷审会; APR-02): each member has a ballot (表决票) of his own, which nobody else casts. The
members are those of the desk on the register who have had no hand in the case, in turn from case to case. A case is decided once
all have voted, or, when its limit is over, as soon as a quorum has; ballots that are still out are withdrawn then."""

from __future__ import annotations

from typing import Any

import numpy as np

from credit.approval.contract import Event
from credit.codes import Node, Verdict
from credit.mail import Outbox
from credit.masks import any_of, true_rows
from credit.numbers import HEAD_OFFICE, ballot_of, occasion_of
from credit.policies.approval import ApprovalPolicy
from credit.room import Rows
from credit.rows import firsts, joined
from credit.staff import StaffRegister
from credit.table import Table
from credit.times import Bools, Ints
from credit.worklists.worklist import Worklist

PPM = 1_000_000
_NONE = np.zeros(0, dtype=np.int64)


class Committee:
    """Ballots of the cases before the committee, and what comes of them."""

    def __init__(self, policy: ApprovalPolicy, cases: Table, desk: Worklist, register: StaffRegister) -> None:
        self._policy, self._cases, self._desk = policy, cases, desk
        self._people = register.people_at(HEAD_OFFICE, Node.COMMITTEE)

    def ask(self, rows: Ints, out: Outbox, **columns: Any) -> None:
        """Ballots of cases, a task each; one that anybody of the desk may cast where no member is left to be named."""
        found = self._cases.take(rows)
        count = len(self._people)
        turn = found["case"][:, None] + np.arange(max(count, 1))
        member = self._people[turn % count] if count else np.zeros((len(rows), 1), dtype=np.int64)
        case = found["case"].repeat(member.shape[1])
        free = ~self._desk.has_acted(case, member.ravel()).reshape(member.shape)
        member[~free.any(axis=1), 0], free[~free.any(axis=1), 0] = 0, True
        place = free.cumsum(axis=1) - 1
        named = free & (place < self._policy.committee_members)
        for name, values in (
            ("ballots", named.sum(axis=1)),
            ("ayes", 0),
            ("noes", 0),
            ("voter", 0),
            ("least_fen", found["amount_fen"]),
        ):
            self._cases[name][rows] = values
        for k in true_rows(np.asarray(named.any(axis=0))):
            mine = true_rows(named[:, k])
            said = {name: values[mine] for name, values in columns.items()}
            occasion = occasion_of(found["round"][mine], found["node"][mine], place[mine, k])
            self._desk.put(found[mine], out, occasion=occasion, member=member[mine, k], **said)

    def count(self, opinions: Rows, tasks: Ints, rows: Ints, out: Outbox) -> tuple[Rows, Ints]:
        """Counts the ballots among opinions that take effect, cases being distinct. Gives the opinions that conclude: those of
        other nodes as they are, and of ballots the last one's, with the verdict and the amount of the whole committee."""
        voted = self._cases["node"][rows] == Node.COMMITTEE
        if not any_of(voted):
            return opinions, rows
        decided, of = self._count(opinions[voted], tasks[voted], rows[voted], out)
        return joined([opinions[~voted], decided]), np.concatenate((rows[~voted], of))

    def _count(self, votes: Rows, tasks: Ints, rows: Ints, out: Outbox) -> tuple[Rows, Ints]:
        cases, aye = self._cases, votes["verdict"] != Verdict.DECLINE
        ballot = ballot_of(self._desk.tasks["task"][tasks])
        out.log(
            Event.VOTE_CAST,
            votes["at"],
            votes["case"],
            actor=votes["person"],
            amount_fen=np.where(votes["verdict"] == Verdict.REDUCE, votes["amount_fen"], cases["amount_fen"][rows]),
            reason=votes["verdict"],
            value=ballot,
        )
        cases["ayes"][rows] += aye
        cases["noes"][rows] += ~aye
        lower, least = votes["verdict"] == Verdict.REDUCE, cases["least_fen"][rows]
        cases["least_fen"][rows] = np.where(lower, np.minimum(least, votes["amount_fen"]), least)
        cases["voter"][rows] = votes["person"]
        late = votes["at"] > self._desk.tasks["limit_at"][tasks]
        over = (self._cast(rows) == cases["ballots"][rows]) | (late & self._has_quorum(rows))
        return self._outcome(rows[over], votes["at"][over], out), rows[over]

    def lapse(self, before: Ints | int, out: Outbox) -> tuple[Rows, Ints]:
        """Cases whose limit has passed `before` an instant (one for each task of the list) with a quorum are decided as it
        passes: their opinions, and their rows."""
        tasks = self._desk.tasks
        waiting = (tasks["desk"] == Node.COMMITTEE) & (tasks["urged"] == 0) & (tasks["limit_at"] < before)
        late = true_rows(waiting & self._desk.is_open()) if any_of(waiting) else _NONE
        late = late[firsts(tasks["case"][late])]
        rows, at = self._cases.find(tasks["case"][late]), tasks["limit_at"][late]
        over = self._has_quorum(rows)
        return self._outcome(rows[over], at[over], out), rows[over]

    def _outcome(self, rows: Ints, at: Ints, out: Outbox) -> Rows:
        """What the committee has decided on cases, as opinions of whoever voted last; who has not voted need not any more."""
        found = self._cases.take(rows)
        self._desk.withdraw(found["case"], at, out)
        granted = found["ayes"] >= votes_needed(found["ballots"], self._policy.committee_majority_ppm)
        reduced = found["least_fen"] < found["amount_fen"]
        yes = np.where(reduced, int(Verdict.REDUCE), int(Verdict.APPROVE))
        said = self._desk.kinds.opinion.empty(len(rows))
        said["at"], said["case"], said["person"] = at, found["case"], found["voter"]
        said["verdict"] = np.where(granted, yes, int(Verdict.DECLINE))
        said["amount_fen"] = np.where(granted & reduced, found["least_fen"], 0)
        return said

    def _cast(self, rows: Ints) -> Ints:
        return np.asarray(self._cases["ayes"][rows] + self._cases["noes"][rows])

    def _has_quorum(self, rows: Ints) -> Bools:
        quorum = np.minimum(self._policy.committee_quorum, self._cases["ballots"][rows])
        return np.asarray(self._cast(rows) >= quorum)


def votes_needed(ballots: Ints, majority_ppm: int) -> Ints:
    """Votes in favour that grant a case: more than the policy's share of all ballots."""
    return np.asarray(ballots * majority_ppm // PPM + 1)
