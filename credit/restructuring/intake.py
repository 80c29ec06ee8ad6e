"""How loans come before the restructuring team (REP-13, COL-08, EX-17): the customer asks and shows a proof, a collector finds
him unable, or he is overdue for months in a row. What the loan owes comes from the book, a day after it was asked for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from credit.calendar import close_of_workday
from credit.codes import Actor
from credit.codes_trouble import Hardship, ReferralCause
from credit.mail import Outbox
from credit.numbers import branch_of_loan, case_of, occasion_of_day
from credit.policies.restructuring import RestructuringPolicy
from credit.repayment.contract import RestructuringReferred
from credit.restructuring.cases import Endings, log_case, tell_collections
from credit.restructuring.contract import Desk, Ending, Event, HelpOffered, RefusedBecause
from credit.restructuring.states import MOVES, CaseState
from credit.room import Rows
from credit.rows import first_fault
from credit.table import Table
from credit.times import DAY_MS, Ints
from credit.worklists.worklist import Worklist

STEPS = (Desk.RESTRUCTURING_SPECIALIST, Desk.RESTRUCTURING_APPROVER, Desk.RESTRUCTURING_HEAD)
"""The desks in the order in which a case passes them."""
_FACTS = (
    "case customer party branch segment product grade overdue_since_day overdue_fen principal_fen interest_fen penalty_fen "
    "non_performing left instalment_fen"
).split()
_BEFORE_TERMS = (CaseState.ANALYSED, CaseState.PROPOSED, CaseState.CONFIRMING, CaseState.OFFERED)
Refuse = Callable[[Rows, Ints, Outbox], None]


def put_task(
    desk: Worklist, cases: Rows, step: int, at: Ints, limit_at: Ints, excluded: Ints | int, out: Outbox
) -> None:
    """Puts cases before the desk of a step."""
    since, day = cases["overdue_since_day"], at // DAY_MS
    desk.put(
        cases,
        out,
        at=at,
        occasion=occasion_of_day(day, step, len(STEPS)),
        desk=int(STEPS[step]),
        priority=1,
        limit_at=limit_at,
        excluded=excluded,
        amount_fen=cases["principal_fen"],
        dpd=np.where(since > 0, day - since, 0),
    )


class Intake:
    """Opens cases, and drops those that need no terms any more; each loan at most once a call."""

    def __init__(
        self, cases: Table, policy: RestructuringPolicy, desk: Worklist, endings: Endings, refuse: Refuse
    ) -> None:
        self._cases, self._policy, self._desk, self._endings, self._refuse = cases, policy, desk, endings, refuse

    def request(self, rows: Rows, out: Outbox) -> None:
        """REP-13: a customer asks, says why, and shows at least one of the proofs that the policy names."""
        hardship = np.isin(rows["hardship"], [int(one) for one in Hardship if one])
        proven = (rows["proof"] & self._policy.proof_bits) != 0
        faults = first_fault(
            (~(hardship & proven), RefusedBecause.PROOF_MISSING),
            (np.ones(len(rows), dtype=bool), self._busy(rows["loan"])),
        )
        self._refuse(rows[faults != 0], faults[faults != 0], out)
        rows = rows[faults == 0]
        loans, case = rows["loan"], case_of(rows["loan"])
        new = np.zeros(len(rows), self._cases.dtype)
        for name, values in (
            ("loan", loans),
            ("case", case),
            ("branch", branch_of_loan(loans)),
            ("hardship", rows["hardship"]),
            ("proof", rows["proof"]),
            ("cause", int(ReferralCause.REQUESTED)),
            ("state", int(CaseState.REQUESTED)),
        ):
            new[name] = values
        self._cases.append(new)
        said = {"loan": loans, "value": rows["hardship"]}
        out.log(Event.RESTRUCTURING_REQUESTED, rows["at"], case, actor=Actor.CUSTOMER, **said)
        out.send(RestructuringReferred, RestructuringReferred.carry(rows, cause=ReferralCause.REQUESTED))

    def _busy(self, loans: Ints) -> Ints:
        """Why a loan is not brought before the team once more; 0 = it is."""
        state = self._cases.get("state", self._cases.find(loans))
        return np.where(
            state == CaseState.ENDED,
            int(RefusedBecause.TOO_SOON),
            np.where(state > 0, int(RefusedBecause.UNDER_WAY), 0),
        )

    def opened(self, rows: Rows, out: Outbox) -> None:
        """NPL-11: a loan with what it owes comes to the team's desk."""
        cases = self._cases
        place = cases.find(rows["loan"])
        asked = (cases.get("state", place) == CaseState.REQUESTED) & (rows["cause"] == ReferralCause.REQUESTED)
        faults = np.where(asked, 0, self._busy(rows["loan"]))
        self._refuse(rows[faults != 0], faults[faults != 0], out)
        for name in _FACTS:
            cases[name][place[asked]] = rows[name][asked]
        fresh = (faults == 0) & ~asked
        place[fresh] = cases.append(rows[fresh], state=CaseState.REQUESTED)
        rows, place = rows[faults == 0], place[faults == 0]
        if not len(rows):
            return
        MOVES.to(cases, place, CaseState.ANALYSED)
        cases["opened_at"][place] = rows["at"]
        log_case(
            out, Event.RESTRUCTURING_OPENED, cases, place, rows["at"], reason=rows["cause"], value=rows["hardship"]
        )
        tell_collections(out, rows["loan"], rows["at"], 1)
        limit_at = close_of_workday(rows["at"], self._policy.proposal_workdays, self._policy.closing_minute)
        put_task(self._desk, cases.take(place), 0, rows["at"], limit_at, 0, out)

    # arrears ----------------------------------------------------------------------------------------------------------

    def overdue(self, rows: Rows, out: Outbox) -> None:
        """A customer newly overdue is told of the help that there is; a case that is open hears of it."""
        out.send(HelpOffered, HelpOffered.carry(rows))
        self._update(rows)

    def paid(self, rows: Rows) -> None:
        """Payments on loans whose case is open."""
        self._update(rows)

    def _update(self, rows: Rows) -> None:
        place = self._cases.find(rows["loan"])
        there = place >= 0
        for name in ("overdue_since_day", "overdue_fen", "principal_fen", "interest_fen", "penalty_fen"):
            self._cases[name][place[there]] = rows[name][there]

    def end_day(self, day: int, at: int, out: Outbox) -> None:
        """Cases of loans that owe nothing overdue any more end with the day, unless the customer asked himself; what came to
        nothing long ago is forgotten."""
        cases = self._cases
        if not len(cases):
            return
        paid = np.isin(cases["state"], _BEFORE_TERMS) & (cases["overdue_fen"] <= 0)
        place = np.flatnonzero(paid & (cases["cause"] != ReferralCause.REQUESTED))
        ending = np.full(len(place), at)
        self._desk.withdraw(cases["loan"][place], ending, out)
        self._endings.end(place, ending, int(Ending.PAID), out)
        cases.keep(~((cases["state"] == CaseState.ENDED) & (cases["retry_day"] <= day)))
