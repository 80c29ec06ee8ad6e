"""What collectors report: each contact is checked, recorded, and starts the next step that its result asks for (COL-08). The
worklist says whose report on which task counts; what is recorded comes from the report alone, so payments of the same
day can't change it."""

from __future__ import annotations

import numpy as np

from credit.codes import Contact, ContactOutcome
from credit.collections.cases import log_case, to_work
from credit.collections.contract import Event, RefusedBecause
from credit.collections.referral import Referrals
from credit.collections.states import MOVES, CaseState
from credit.collections.strategy import Strategies
from credit.mail import Outbox
from credit.masks import any_of, true_rows
from credit.policies.collections import CollectionPolicy
from credit.room import Rows
from credit.rows import first_fault, only
from credit.table import Table
from credit.times import DAY_MS, Bools, Ints
from credit.worklists.states import Refusal
from credit.worklists.worklist import Worklist

_DONE = {Contact.CALL: "call_done", Contact.VISIT: "visit_done", Contact.LEGAL: "legal_done"}


class Contacts:
    """Records contacts, and watches promises at each day's end (COL-09)."""

    def __init__(
        self,
        cases: Table,
        receipts: Table,
        policy: CollectionPolicy,
        strategies: Strategies,
        collectors: Worklist,
        referrals: Referrals,
    ) -> None:
        self._cases, self._receipts, self._policy, self._strategies = cases, receipts, policy, strategies
        self._collectors, self._referrals = collectors, referrals

    def record(self, rows: Rows, out: Outbox) -> None:
        """Contacts, each loan at most once."""
        rows, tasks = self._collectors.heard(rows, out)
        if not len(rows):
            return
        place = self._cases.find(rows["loan"])
        because = first_fault(
            (rows["at"] >= self._cases.get("closed_at", place), RefusedBecause.UNKNOWN_CASE),
            (~np.isin(rows["outcome"], list(ContactOutcome)), Refusal.DECISION_INVALID),
            (~self._sensible(rows, place), RefusedBecause.PROMISE_TERMS),
        )
        wrong = because > 0
        self._collectors.reject(rows[wrong], tasks[wrong], because[wrong], out)
        rows, tasks, place = only(rows, ~wrong), only(tasks, ~wrong), only(place, ~wrong)
        if not len(rows):
            return
        means = self._collectors.tasks["action"][tasks]
        self._collectors.done(tasks, rows["at"], out)
        cases = self._cases
        log_case(
            out,
            Event.CONTACT_MADE,
            cases,
            place,
            rows["at"],
            actor=rows["person"],
            amount_fen=0,
            reason=rows["outcome"],
            value=means,
        )
        cases["contacts"][place] += 1
        for one, name in _DONE.items():
            chosen = means == one
            cases[name][place[chosen]] = rows["at"][chosen] // DAY_MS
        self._follow(rows, place, means, out)

    def _sensible(self, rows: Rows, place: Ints) -> Bools:
        """False where a promise names no amount or more than all that the loan owed when it was made, or a day that has passed or
        is too far away."""
        ahead = rows["promise_day"] - rows["at"] // DAY_MS
        sound = (ahead >= 1) & (ahead <= self._policy.promise_days_max) & (rows["promise_fen"] > 0)
        whole = sum(self._cases.get(name, place) for name in ("principal_fen", "interest_fen", "penalty_fen"))
        whole = np.maximum(whole, self._cases.get("overdue_fen", place)) + self._paid_since(rows)
        sound &= rows["promise_fen"] <= whole
        return np.asarray(sound | (rows["outcome"] != ContactOutcome.PROMISE))

    # ---- what each result starts

    def _follow(self, rows: Rows, place: Ints, means: Ints, out: Outbox) -> None:
        """Promise → watched; unable → referred, contacts rest; lost → a visit, then legal action. A case paid later
        the same day keeps the record alone."""
        promised, unable = rows["outcome"] == ContactOutcome.PROMISE, rows["outcome"] == ContactOutcome.UNABLE
        lost = rows["outcome"] == ContactOutcome.LOST
        self._promise(rows[promised], place[promised], out)
        self._refer(rows[unable], place[unable], out)
        self._seek(place[lost], means[lost])

    def _unless_closed(self, place: Ints, state: CaseState) -> None:
        MOVES.to(self._cases, place[self._cases["state"][place] != CaseState.CLOSED], state)

    def _promise(self, rows: Rows, place: Ints, out: Outbox) -> None:
        if not len(rows):
            return
        cases = self._cases
        self._unless_closed(place, CaseState.PROMISED)
        cases["promise_day"][place], cases["promise_at"][place] = rows["promise_day"], rows["at"]
        cases["promise_fen"][place], cases["promise_paid_fen"][place] = rows["promise_fen"], self._paid_since(rows)
        log_case(
            out,
            Event.PROMISE_MADE,
            cases,
            place,
            rows["at"],
            actor=rows["person"],
            amount_fen=rows["promise_fen"],
            value=rows["promise_day"],
        )

    def _paid_since(self, rows: Rows) -> Ints:
        """What was paid today after the promises were made, which may be heard of later."""
        receipts = self._receipts
        order = rows["loan"].argsort(kind="stable")
        place = order[np.minimum(rows["loan"][order].searchsorted(receipts["loan"]), len(rows) - 1)]
        later = (rows["loan"][place] == receipts["loan"]) & (receipts["at"] > rows["at"][place])
        paid = np.zeros(len(rows), dtype=np.int64)
        np.add.at(paid, place[later], receipts["paid_fen"][later])
        return paid

    def _refer(self, rows: Rows, place: Ints, out: Outbox) -> None:
        self._referrals.unable(place, rows["at"], rows["person"], out)
        until = rows["at"] // DAY_MS + 1 + self._policy.hardship_pause_days
        self._cases["pause_until"][place] = np.maximum(self._cases["pause_until"][place], until)
        self._unless_closed(place, CaseState.PAUSED)

    def _seek(self, place: Ints, means: Ints) -> None:
        """A person who can't be reached by phone is visited; who can't be found is a matter for the lawyers. The step waits
        until the strategy of the case's stage allows it."""
        after = np.where(means == Contact.CALL, Contact.VISIT, Contact.LEGAL)
        self._cases["next_means"][place] = np.where(means == Contact.LEGAL, 0, after)

    # ---- promises, at the day's end

    def watch(self, day: int, at: int, out: Outbox) -> None:
        """Kept promises settle, broken ones raise the level (COL-09). `at`: the day's last instant."""
        cases = self._cases
        promised = cases["promise_day"] > 0
        if not any_of(promised):
            return
        paid = (cases["promise_paid_fen"] >= cases["promise_fen"]) | (cases["state"] == CaseState.CLOSED)
        kept = true_rows(promised & paid)
        broken = true_rows(promised & ~paid & (cases["promise_day"] <= day))
        log_case(
            out,
            Event.PROMISE_KEPT,
            cases,
            kept,
            at,
            amount_fen=cases["promise_fen"][kept],
            value=cases["promise_day"][kept],
        )
        log_case(
            out,
            Event.PROMISE_BROKEN,
            cases,
            broken,
            at,
            amount_fen=cases["promise_fen"][broken],
            value=cases["promise_day"][broken],
        )
        self._raise(broken, at, out)
        ended = np.concatenate([kept, broken])
        to_work(cases, ended[cases["state"][ended] == CaseState.PROMISED])
        for name in ("promise_day", "promise_at", "promise_fen", "promise_paid_fen"):
            cases[name][ended] = 0

    def _raise(self, rows: Ints, at: int, out: Outbox) -> None:
        top = self._strategies.dpd_from.shape[1]
        rows = rows[self._cases["stage"][rows] < top]
        self._cases["raised"][rows] += 1
        log_case(out, Event.LEVEL_RAISED, self._cases, rows, at, value=self._cases["stage"][rows] + 1)
