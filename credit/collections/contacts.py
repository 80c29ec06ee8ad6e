"""What collectors report: each contact is checked, recorded, and starts the next step that its result asks for (COL-08). Only
the task that was given counts, only by somebody of the team it was given to; what is recorded comes from the report alone,
so payments of the same day can't change it."""

from __future__ import annotations

import numpy as np

from credit.codes import Contact, ContactOutcome
from credit.collections.cases import Refuse, log_case, to_work
from credit.collections.contract import Event, RefusedBecause
from credit.collections.states import MOVES, CaseState
from credit.collections.strategy import Strategies
from credit.mail import Outbox
from credit.policies.collections import CollectionPolicy
from credit.room import Rows
from credit.staff import StaffRegister
from credit.table import Table
from credit.times import DAY_MS, Bools, Ints
from credit.worklists.states import Refusal

_DONE = {Contact.CALL: "call_done", Contact.VISIT: "visit_done", Contact.LEGAL: "legal_done"}


class Contacts:
    """Records contacts, and watches promises at each day's end (COL-09)."""

    def __init__(
        self,
        cases: Table,
        receipts: Table,
        policy: CollectionPolicy,
        strategies: Strategies,
        register: StaffRegister,
        refuse: Refuse,
    ) -> None:
        self._cases, self._receipts, self._policy, self._strategies = cases, receipts, policy, strategies
        self._register, self._refuse = register, refuse

    def record(self, rows: Rows, out: Outbox) -> None:
        """Contacts, each loan at most once."""
        place = self._cases.find(rows["loan"])
        because = self._objections(rows, place)
        self._refuse(rows[because > 0], because[because > 0], out)
        self._hand_back(rows[because == Refusal.NO_AUTHORITY], place[because == Refusal.NO_AUTHORITY])
        rows, place = rows[because == 0], place[because == 0]
        if not len(rows):
            return
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
            value=rows["action"],
        )
        self._hand_back(rows, place)
        cases["contacts"][place] += 1
        for means, name in _DONE.items():
            chosen = rows["action"] == means
            cases[name][place[chosen]] = rows["at"][chosen] // DAY_MS
        self._follow(rows, place, out)

    def _objections(self, rows: Rows, place: Ints) -> Ints:
        """Why each row has no effect; 0 where it has."""
        cases = self._cases
        open_task, former = self._answers(rows, place, "task"), self._answers(rows, place, "former")
        given = open_task | former
        stage = np.where(open_task, cases.get("task_stage", place), cases.get("former_stage", place))
        entitled = self._register.may_act(
            rows["person"], cases.get("branch", place), self._strategies.desk[stage], rows["on_behalf_of"]
        )
        return np.select(
            [rows["at"] >= cases.get("closed_at", place), ~given, ~entitled],
            [int(RefusedBecause.UNKNOWN_CASE), int(RefusedBecause.NOT_ASKED), int(Refusal.NO_AUTHORITY)],
            0,
        )

    def _answers(self, rows: Rows, place: Ints, which: str) -> Bools:
        """True where a contact answers the case's task, or its former one."""
        asked, means = self._cases.get(f"{which}_day", place), self._cases.get(f"{which}_means", place)
        return np.asarray((asked > 0) & (rows["asked_day"] == asked) & (rows["action"] == means))

    def _hand_back(self, rows: Rows, place: Ints) -> None:
        """A task that came back is open no longer."""
        for which in ("task", "former"):
            mine = place[self._answers(rows, place, which)]
            for name in ("day", "means", "stage"):
                self._cases[f"{which}_{name}"][mine] = 0

    # ---- what each result starts

    def _follow(self, rows: Rows, place: Ints, out: Outbox) -> None:
        """Promise → watched; unable → hardship referred, contacts rest; lost → a visit, then legal action. A case whose
        write-off is being decided keeps its course; one paid later the same day keeps the record alone."""
        on_course = self._cases["state"][place] != CaseState.WRITE_OFF
        for outcome, follow in (
            (ContactOutcome.PROMISE, self._promise),
            (ContactOutcome.UNABLE, self._refer),
            (ContactOutcome.LOST, self._seek),
        ):
            chosen = on_course & (rows["outcome"] == outcome)
            if bool(chosen.any()):
                follow(rows[chosen], place[chosen], out)

    def _promise(self, rows: Rows, place: Ints, out: Outbox) -> None:
        ahead = rows["promise_day"] - rows["at"] // DAY_MS
        sound = (ahead >= 1) & (ahead <= self._policy.promise_days_max) & (rows["promise_fen"] > 0)
        self._refuse(rows[~sound], RefusedBecause.PROMISE_TERMS, out)
        rows, place = rows[sound], place[sound]
        if len(rows):
            self._note_promise(rows, place, out)
        self._unless_closed(place, CaseState.PROMISED)

    def _unless_closed(self, place: Ints, state: CaseState) -> None:
        MOVES.to(self._cases, place[self._cases["state"][place] != CaseState.CLOSED], state)

    def _note_promise(self, rows: Rows, place: Ints, out: Outbox) -> None:
        cases = self._cases
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
        order = np.argsort(rows["loan"], kind="stable")
        place = order[np.minimum(np.searchsorted(rows["loan"][order], receipts["loan"]), len(rows) - 1)]
        later = (rows["loan"][place] == receipts["loan"]) & (receipts["at"] > rows["at"][place])
        paid = np.zeros(len(rows), dtype=np.int64)
        np.add.at(paid, place[later], receipts["paid_fen"][later])
        return paid

    def _refer(self, rows: Rows, place: Ints, out: Outbox) -> None:
        cases = self._cases
        cases["promise_day"][place] = 0
        cases["pause_until"][place] = rows["at"] // DAY_MS + 1 + self._policy.hardship_pause_days
        self._unless_closed(place, CaseState.PAUSED)
        log_case(out, Event.HARDSHIP_REFERRED, cases, place, rows["at"], actor=rows["person"], amount_fen=0)

    def _seek(self, rows: Rows, place: Ints, out: Outbox) -> None:  # noqa: ARG002
        """A person who can't be reached by phone is visited; who can't be found is a matter for the lawyers. The step waits
        until the strategy of the case's stage allows it."""
        after = np.where(rows["action"] == Contact.CALL, Contact.VISIT, Contact.LEGAL)
        self._cases["next_means"][place] = np.where(rows["action"] == Contact.LEGAL, 0, after)

    # ---- promises, at the day's end

    def watch(self, day: int, at: int, out: Outbox) -> None:
        """Kept promises settle, broken ones raise the level (COL-09). `at`: the day's last instant."""
        cases = self._cases
        promised = cases["promise_day"] > 0
        if not bool(promised.any()):
            return
        paid = (cases["promise_paid_fen"] >= cases["promise_fen"]) | (cases["state"] == CaseState.CLOSED)
        kept = np.flatnonzero(promised & paid)
        broken = np.flatnonzero(promised & ~paid & (cases["promise_day"] <= day))
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
