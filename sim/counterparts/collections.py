"""The world opposite collections: overdue customers who read a message or don't, collectors at their desks, and the three
bodies that decide on write-offs. What a customer does is keyed by application, loan and occasion, so it is the same for any
windows and shards; when a collector gets round to it is the queue's affair.

Head office's two desks (risk management, finance) serve each branch's write-offs as if it were the only one: they are few,
and a shared queue would tie the shards together. Their working hours are divided among the branches in the statistics, and nobody
deputises for them: their tasks wait."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum

import numpy as np

from credit.calendar import is_workday
from credit.codes import Contact, ContactOutcome, Verdict
from credit.collections.contract import COLLECTION, WRITE_OFF, Desk, NoticeSent
from credit.mail import Inbox
from credit.numbers import occasion_of_task
from credit.policies import load
from credit.policies.collections import CollectionPolicy
from credit.repayment.contract import PaymentIntended
from credit.room import Kind, Rows
from credit.subsystem import Window
from credit.times import DAY_MS, HOUR_MS, Bools, Ints
from scenarios.model import Scenario
from sim.counterparts.staffed import LEAST_SERVICE_MS, Done, StaffedDesks, service_table
from sim.counterparts.staffed_lists import StaffedLists, at_the_branch, seated
from sim.occasions import on_loan, party_of
from sim.opposite import Around, Opposite, World
from sim.randomness import PPM, Draw
from sim.staff import Desks, Person
from sim.staffing import DeputySource
from sim.truth import Truth

COLLECTORS = (Desk.COLLECTOR_EARLY, Desk.COLLECTOR_MIDDLE, Desk.COLLECTOR_LONG)
BODIES = (Desk.BRANCH_RISK_DIRECTOR, Desk.HEAD_OFFICE_RISK, Desk.FINANCE)
"""Served one a round, as the collectors are: each body of a write-off may still decide in the window of the one before."""

_HEAD_OFFICE = (Desk.HEAD_OFFICE_RISK, Desk.FINANCE)
_NOTICE_WANES_DPD = 30
_WILLING_PPM = 625_000
"""Willingness of the average customer, for whom the chances in `Behaviour` hold."""
_FIRST_HOUR, _HOURS = 8, 12
REASON_PROMISE, REASON_NOTICE = 1, 2


class CollectionsCounterpart(Around):
    """Customers, collectors and deciding bodies of the branches of one shard."""

    def __init__(
        self,
        scenario: Scenario,
        seed: int,
        people: Iterable[Person],
        branches: Sequence[int],
        truth: Truth | None = None,
    ) -> None:
        """`people`: the bank's whole roster; `branches`: those of the shard."""
        everybody, first_day = list(people), scenario.run.start_ms // DAY_MS
        self._customers = customers = Customers(scenario, seed, truth or Truth(seed, scenario))
        desks = Desks(seated(everybody, COLLECTORS, branches), is_workday, first_day)
        collectors = StaffedDesks(
            desks, COLLECTION, COLLECTORS, 0, self._contact_ms, customers.say, besides=customers.mean_to_pay
        )
        desks = Desks(seated(everybody, BODIES, branches, _HEAD_OFFICE), is_workday, first_day)
        bodies = StaffedDesks(desks, WRITE_OFF, BODIES, 0, self._deciding_ms, self._verdicts, at_the_branch)
        lists = {"collectors": collectors, "bodies": bodies}
        super().__init__(StaffedLists(lists, _HEAD_OFFICE, scenario.bank.branches))
        self._service: dict[int, Ints] = {desk: service_table(scenario, desk) for desk in (*COLLECTORS, *BODIES)}
        self._draws = {name: Draw(seed, f"collections.{name}") for name in ("contact", "service", "verdict")}
        self._behaviour = scenario.behaviour

    # ---- the conversation

    def respond(self, requests: Inbox, window: Window, round_number: int) -> list[tuple[Kind, Rows]]:
        """Notices are answered by customers at once; tasks go to the desks of their round."""
        answers: list[tuple[Kind, Rows]] = []
        notices = requests.take(NoticeSent)
        if len(notices):
            answers.append((PaymentIntended, self._customers.after_notice(notices)))
        return [*answers, *super().respond(requests, window, round_number)]

    # ---- the collectors

    def _contact_ms(self, desk: IntEnum, rows: Rows) -> Ints:
        drawn = self._draws["contact"].quantile(self._service[desk], rows["party"], _of_task(rows))
        factor = np.full(len(rows), PPM, dtype=np.int64)
        factor[rows["action"] == Contact.VISIT] = self._behaviour.visit_time_ppm
        factor[rows["action"] == Contact.LEGAL] = self._behaviour.legal_time_ppm
        return np.asarray(np.maximum(drawn * factor // PPM, LEAST_SERVICE_MS))

    # ---- the bodies

    def _deciding_ms(self, desk: IntEnum, rows: Rows) -> Ints:
        drawn = self._draws["service"].quantile(self._service[desk], rows["party"], _of_task(rows))
        return np.asarray(np.maximum(drawn, LEAST_SERVICE_MS))

    def _verdicts(self, done: Done) -> dict[str, Ints]:
        tasks = done.tasks
        no = self._draws["verdict"].happens(self._behaviour.write_off_decline_ppm, tasks["party"], _of_task(tasks))
        return {"verdict": np.where(no, int(Verdict.DECLINE), int(Verdict.APPROVE))}


class Customers:
    """How overdue customers answer. Keyed by application, loan and occasion; willingness is the truth's."""

    def __init__(self, scenario: Scenario, seed: int, truth: Truth) -> None:
        self._behaviour, self._truth = scenario.behaviour, truth
        self._unmoved = [one.party for one in scenario.script if one.misses]
        """Who is scripted to miss instalments is moved by nothing that he is told."""
        self._days_max = load("collections", CollectionPolicy, scenario.policies).promise_days_max
        names = ("notice", "notice_day", "hour", "outcome", "promise_day", "kept")
        self._draws = {name: Draw(seed, f"collections.customer.{name}") for name in names}

    def after_notice(self, notices: Rows) -> Rows:
        """The few that a message moves to pay within days; it wears off with the days past due."""
        chance = self._scaled(self._behaviour.notice_response_ppm, party_of(notices["party"]))
        chance = chance * _NOTICE_WANES_DPD // (_NOTICE_WANES_DPD + notices["dpd"])
        moved = self._draws["notice"].happens(chance, notices["party"], _of_notice(notices))
        moved &= ~np.isin(party_of(notices["party"]), self._unmoved)
        rows = notices[moved]
        occasion = _of_notice(rows)
        days = 5 + self._draws["notice_day"].below(4, rows["party"], occasion)
        return self._intended(rows, occasion, rows["at"], rows["at"] // DAY_MS + days, REASON_NOTICE)

    def say(self, done: Done) -> dict[str, Ints]:
        """What comes of contacts by collectors, who note no day that the bank would not take."""
        tasks, outcome = done.tasks, self.outcomes(done.tasks)
        least, most = self._behaviour.promise_days_min, self._behaviour.promise_days_max
        days = least + self._draws["promise_day"].below(max(most - least, 0) + 1, tasks["party"], _of_task(tasks))
        day = done.work.finished_at // DAY_MS + np.minimum(days, self._days_max)
        promised = outcome == ContactOutcome.PROMISE
        return {
            "outcome": outcome,
            "promise_day": np.where(promised, day, 0),
            "promise_fen": np.where(promised, tasks["amount_fen"], 0),
        }

    def mean_to_pay(self, done: Done, contacts: Rows) -> list[tuple[Kind, Rows]]:
        """The payments that those who promised, and keep their word, mean to make on the promised day."""
        kept = (contacts["outcome"] == ContactOutcome.PROMISE) & self._keeps(done.tasks)
        rows, said = done.tasks[kept], contacts[kept]
        return [
            (PaymentIntended, self._intended(rows, _of_task(rows), said["at"], said["promise_day"], REASON_PROMISE))
        ]

    def outcomes(self, tasks: Rows) -> Ints:
        """Promise, unable, lost or nothing: the unwilling promise less and hide more; a visit finds people."""
        behaviour, party = self._behaviour, party_of(tasks["party"])
        promise = self._scaled(behaviour.promise_ppm, party)
        willing = np.minimum(self._truth.willingness_ppm(party), PPM)
        lost = np.minimum(behaviour.lost_ppm * 2 * (PPM - willing) // (2 * (PPM - _WILLING_PPM)), PPM // 2)
        lost = np.where(tasks["action"] == Contact.VISIT, lost // 2, lost)
        drawn = self._draws["outcome"].ppm(tasks["party"], _of_task(tasks))
        unable_to = promise + behaviour.unable_ppm
        return np.select(
            [np.isin(party, self._unmoved), drawn < promise, drawn < unable_to, drawn < unable_to + lost],
            [ContactOutcome.NONE, ContactOutcome.PROMISE, ContactOutcome.UNABLE, ContactOutcome.LOST],
            ContactOutcome.NONE,
        ).astype(np.int64)

    def _keeps(self, tasks: Rows) -> Bools:
        chance = self._scaled(self._behaviour.promise_kept_ppm, party_of(tasks["party"]))
        return self._draws["kept"].happens(chance, tasks["party"], _of_task(tasks))

    def _scaled(self, chance_ppm: int, party: Ints) -> Ints:
        """A chance of the average customer, for each customer's willingness; at most 95 %."""
        return np.minimum(chance_ppm * self._truth.willingness_ppm(party) // _WILLING_PPM, 950_000)

    def _intended(self, rows: Rows, occasion: Ints, at: Ints, day: Ints, reason: int) -> Rows:
        """Payments of all that is due, at some hour of a day."""
        within = self._draws["hour"].below(_HOURS * HOUR_MS, rows["party"], occasion)
        return PaymentIntended.rows(
            len(rows),
            at=at,
            loan=rows["loan"],
            party=rows["party"],
            pay_at=day * DAY_MS + _FIRST_HOUR * HOUR_MS + within,
            share_ppm=PPM,
            reason=reason,
        )


def _of_notice(notices: Rows) -> Ints:
    """What a customer's luck hangs on, beside the application: the loan, and each means is used at most once a day."""
    return on_loan(notices["loan"], notices["at"] // DAY_MS * (max(Contact) + 1) + notices["action"])


def _of_task(tasks: Rows) -> Ints:
    """The loan, and its how-manieth task: of the collectors' the day."""
    return on_loan(tasks["loan"], occasion_of_task(tasks["task"]))


def opposite(world: World) -> Opposite:
    """Overdue customers, collectors, and those who decide on write-offs; the administrator appoints deputies for the desks at the
    branches."""
    people, branches = world.staffing.people, world.branches.tolist()
    desks = {COLLECTION.appoint: COLLECTORS, WRITE_OFF.appoint: (Desk.BRANCH_RISK_DIRECTOR,)}
    deputies = DeputySource(desks, world.staffing, world.branches)
    return Opposite(CollectionsCounterpart(world.scenario, world.seed, people, branches), deputies)
