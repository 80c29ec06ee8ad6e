"""The world opposite collections: overdue customers who read a message or don't, collectors at their desks, and the three
bodies that decide on write-offs. What a customer does is keyed by application, loan and occasion, so it is the same for any
windows and shards; when a collector gets round to it is the queue's affair.

Head office's two desks (risk management, finance) serve each branch's write-offs as if it were the only one: they are few,
and a shared queue would tie the shards together. Their working hours are divided among the branches in the statistics, and nobody
deputises for them: their tasks wait."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from enum import IntEnum

import numpy as np

from credit.calendar import is_workday
from credit.codes import Contact, ContactOutcome, Verdict
from credit.collections.contract import WRITE_OFF, CollectionTask, ContactMade, Desk, NoticeSent
from credit.mail import Inbox
from credit.numbers import occasion_of_task
from credit.repayment.contract import PaymentIntended
from credit.room import Kind, Rows
from credit.rows import joined
from credit.subsystem import State, Window
from credit.table import Table
from credit.times import DAY_MS, HOUR_MS, Bools, Ints
from scenarios.model import Behaviour, Scenario
from sim.counterparts.staffed import LEAST_SERVICE_MS, Done, StaffedDesks, records, service_table
from sim.held import Held
from sim.occasions import on_loan, party_of
from sim.opposite import Opposite, World
from sim.randomness import PPM, Draw
from sim.staff import Completions, Desks, Person, StaffState, Tasks, no_tasks
from sim.staffing import DeputySource
from sim.truth import Truth

COLLECTORS = (Desk.COLLECTOR_EARLY, Desk.COLLECTOR_MIDDLE, Desk.COLLECTOR_LONG)
BODIES = (Desk.BRANCH_RISK_DIRECTOR, Desk.HEAD_OFFICE_RISK, Desk.FINANCE)
"""Served one a round: each body of a write-off may still decide in the window of the one before."""

_HEAD_OFFICE = (Desk.HEAD_OFFICE_RISK, Desk.FINANCE)
_TASK_FIELDS = "task loan party branch desk action dpd amount_fen asked_day"
_TASKS_A_LOAN = 4_000
_NOTICE_WANES_DPD = 30
_WILLING_PPM = 625_000
"""Willingness of the average customer, for whom the chances in `Behaviour` hold."""
_FIRST_HOUR, _HOURS = 8, 12
REASON_PROMISE, REASON_NOTICE = 1, 2


class CollectionsCounterpart:
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
        self._desks = Desks(_collectors(everybody, branches), is_workday, first_day)
        bodies = Desks(_bodies(everybody, branches), is_workday, first_day)
        self._bodies = StaffedDesks(bodies, WRITE_OFF, BODIES, 0, self._deciding_ms, self._verdicts, _at_the_branch)
        self.rounds = self._bodies.rounds
        self._service: dict[int, Ints] = {desk: service_table(scenario, desk) for desk in (*COLLECTORS, *BODIES)}
        self._customers = Customers(scenario.behaviour, seed, truth or Truth(seed, scenario))
        self._draws = {name: Draw(seed, f"collections.{name}") for name in ("service", "verdict")}
        self._behaviour = scenario.behaviour
        self._bank_branches = max(scenario.bank.branches, 1)
        self._tasks = Table(_TASK_FIELDS, "task")
        self._next_round: dict[int, list[Rows]] = {}
        self._again = Held()
        self._served: list[Desk] = []

    # ---- the conversation

    def respond(self, requests: Inbox, window: Window, round_number: int) -> list[tuple[Kind, Rows]]:
        """Notices are answered by customers at once; tasks go to the desks of their round."""
        answers: list[tuple[Kind, Rows]] = []
        if round_number == 0:
            self._served = []
            for _, rows in self._again.release(window):
                self._sort(rows, window, round_number)
        notices = requests.take(NoticeSent)
        if len(notices):
            answers.append((PaymentIntended, self._customers.after_notice(notices)))
        self._sort(requests.take(CollectionTask), window, round_number)
        if round_number == 0:
            for desk in COLLECTORS:
                answers += self._serve(desk, window)
        return answers + self._bodies.respond(requests, window, round_number)

    def _sort(self, rows: Rows, window: Window, round_number: int) -> None:
        """Puts tasks before their desk; one that has been served sees them in the next window."""
        if not len(rows):
            return
        if round_number:
            rows["at"] = window.until
            self._again.put(CollectionTask, rows)
            return
        for desk in np.unique(rows["desk"]).tolist():
            self._next_round.setdefault(desk, []).append(self._accept(rows[rows["desk"] == desk]))

    def _accept(self, rows: Rows) -> Rows:
        """Columns that a desk needs; the number is unique while a task waits or is in service."""
        fields = [(name, "i8") for name in (*_TASK_FIELDS.split(), "at", "priority", "limit_at")]
        accepted = np.zeros(len(rows), dtype=fields)
        for name in rows.dtype.names or ():
            if name in (accepted.dtype.names or ()):
                accepted[name] = rows[name]
        day, means = rows["at"] // DAY_MS, np.maximum(accepted["action"] - Contact.CALL, 0)
        accepted["task"] = rows["loan"] * _TASKS_A_LOAN + day % 1_000 * 4 + means
        return accepted

    def _serve(self, desk: Desk, window: Window) -> list[tuple[Kind, Rows]]:
        """One desk's window, at all branches of the shard."""
        staffed = self._desks.branches(desk)
        if not staffed:
            self._next_round.pop(desk, None)
            return []
        parts = self._next_round.pop(desk, [])
        tasks = self._arrive(desk, joined(parts), staffed) if parts else no_tasks()
        completions = self._desks.serve(desk, tasks, window.start, window.until)
        self._served.append(desk)
        return self._finished(completions)

    def _arrive(self, desk: Desk, rows: Rows, staffed: list[int]) -> Tasks:
        """Remembers tasks and hands them to the desk; at a branch where nobody sits, nobody ever answers."""
        rows = rows[np.isin(rows["branch"], staffed)]
        self._tasks.append(rows)
        return Tasks.of(
            rows["task"],
            rows["at"],
            self._service_ms(desk, rows),
            priority=rows["priority"],
            limit_at=rows["limit_at"],
            branch=rows["branch"],
        )

    def _service_ms(self, desk: Desk, rows: Rows) -> Ints:
        occasion = on_loan(rows["loan"], rows["task"] % _TASKS_A_LOAN)
        drawn = self._draws["service"].quantile(self._service[desk], rows["party"], occasion)
        factor = np.full(len(rows), PPM, dtype=np.int64)
        factor[rows["action"] == Contact.VISIT] = self._behaviour.visit_time_ppm
        factor[rows["action"] == Contact.LEGAL] = self._behaviour.legal_time_ppm
        return np.asarray(np.maximum(drawn * factor // PPM, LEAST_SERVICE_MS))

    def _finished(self, done: Completions) -> list[tuple[Kind, Rows]]:
        if not len(done):
            return []
        place = self._tasks.find(done.task)
        tasks = self._tasks.take(place)
        keep = np.ones(len(self._tasks), dtype=bool)
        keep[place] = False
        self._tasks.keep(keep)
        return self._customers.contacted(tasks, done)

    # ---- the bodies

    def _deciding_ms(self, desk: IntEnum, rows: Rows) -> Ints:
        drawn = self._draws["service"].quantile(self._service[desk], rows["party"], _write_off_occasion(rows))
        return np.asarray(np.maximum(drawn, LEAST_SERVICE_MS))

    def _verdicts(self, done: Done) -> dict[str, Ints]:
        tasks = done.tasks
        no = self._draws["verdict"].happens(
            self._behaviour.write_off_decline_ppm, tasks["party"], _write_off_occasion(tasks)
        )
        return {"verdict": np.where(no, int(Verdict.DECLINE), int(Verdict.APPROVE))}

    # ---- figures and state

    def statistics(self, window: Window) -> dict[str, Rows]:
        """Rows for ``queues`` and ``staff`` of the desks served in the window."""
        del window
        bodies = self._bodies.statistics()
        if bodies:
            mine = np.isin(bodies["staff"]["role"], _HEAD_OFFICE)
            bodies["staff"]["on_shift_ms"][mine] //= self._bank_branches
        if not self._served:
            return bodies
        queues = [records(self._desks.queues(desk)) for desk in self._served]
        staff = [records(self._desks.staff(desk)) for desk in self._served]
        return {
            "queues": joined([*queues, *([bodies["queues"]] if bodies else [])]),
            "staff": joined([*staff, *([bodies["staff"]] if bodies else [])]),
        }

    def export_state(self) -> State:
        """Tasks known to the desks, the desks themselves, and tasks put off to the next window."""
        state = {"tasks": self._tasks.export()} | self._again.export_state("again")
        desks = self._desks.export_state()
        state |= {f"desks.{name}": rows for name, rows in zip(desks._fields, desks, strict=True)}
        return state | {f"bodies.{name}": rows for name, rows in self._bodies.export_state().items()}

    def import_state(self, state: State) -> None:
        """Replaces everything by exported state."""
        self._tasks.load(state["tasks"])
        self._again.import_state(state, "again")
        self._desks.import_state(StaffState(*(state[f"desks.{name}"] for name in StaffState._fields)))
        self._bodies.import_state(
            {name.removeprefix("bodies."): rows for name, rows in state.items() if name.startswith("bodies.")}
        )
        self._next_round, self._served = {}, []


class Customers:
    """How overdue customers answer. Keyed by application, loan, day and means; willingness is the truth's."""

    def __init__(self, behaviour: Behaviour, seed: int, truth: Truth) -> None:
        self._behaviour, self._truth = behaviour, truth
        names = ("notice", "notice_day", "hour", "outcome", "promise_day", "kept")
        self._draws = {name: Draw(seed, f"collections.customer.{name}") for name in names}

    def after_notice(self, notices: Rows) -> Rows:
        """The few that a message moves to pay within days; it wears off with the days past due."""
        day = notices["at"] // DAY_MS
        chance = self._scaled(self._behaviour.notice_response_ppm, party_of(notices["party"]))
        chance = chance * _NOTICE_WANES_DPD // (_NOTICE_WANES_DPD + notices["dpd"])
        moved = self._draws["notice"].happens(chance, notices["party"], _occasion(notices, day))
        rows, day = notices[moved], day[moved]
        days = 5 + self._draws["notice_day"].below(4, rows["party"], _occasion(rows, day))
        return self._intended(rows, rows["at"], day, day + days, REASON_NOTICE)

    def contacted(self, tasks: Rows, done: Completions) -> list[tuple[Kind, Rows]]:
        """What comes of contacts by collectors, and the payments that customers mean to make on the promised day."""
        outcome = self.outcomes(tasks)
        promised = outcome == ContactOutcome.PROMISE
        least, most = (
            self._behaviour.promise_days_min,
            max(self._behaviour.promise_days_max, self._behaviour.promise_days_min),
        )
        days = least + self._draws["promise_day"].below(
            most - least + 1, tasks["party"], _occasion(tasks, tasks["asked_day"])
        )
        promise_day = np.where(promised, done.finished_at // DAY_MS + days, 0)
        contacts = ContactMade.rows(
            len(tasks),
            at=done.finished_at,
            loan=tasks["loan"],
            action=tasks["action"],
            person=done.person,
            on_behalf_of=done.on_behalf_of,
            started_at=done.started_at,
            outcome=outcome,
            promise_day=promise_day,
            promise_fen=np.where(promised, tasks["amount_fen"], 0),
            asked_day=tasks["asked_day"],
        )
        kept = promised & self._keeps(tasks)
        asked = tasks[kept]
        paying = self._intended(asked, done.finished_at[kept], asked["asked_day"], promise_day[kept], REASON_PROMISE)
        return [(ContactMade, contacts), (PaymentIntended, paying)]

    def outcomes(self, tasks: Rows) -> Ints:
        """Promise, unable, lost or nothing: the unwilling promise less and hide more; a visit finds people."""
        behaviour, party = self._behaviour, party_of(tasks["party"])
        promise = self._scaled(behaviour.promise_ppm, party)
        willing = np.minimum(self._truth.willingness_ppm(party), PPM)
        lost = np.minimum(behaviour.lost_ppm * 2 * (PPM - willing) // (2 * (PPM - _WILLING_PPM)), PPM // 2)
        lost = np.where(tasks["action"] == Contact.VISIT, lost // 2, lost)
        drawn = self._draws["outcome"].ppm(tasks["party"], _occasion(tasks, tasks["asked_day"]))
        unable_to = promise + behaviour.unable_ppm
        return np.select(
            [drawn < promise, drawn < unable_to, drawn < unable_to + lost],
            [ContactOutcome.PROMISE, ContactOutcome.UNABLE, ContactOutcome.LOST],
            ContactOutcome.NONE,
        ).astype(np.int64)

    def _keeps(self, tasks: Rows) -> Bools:
        chance = self._scaled(self._behaviour.promise_kept_ppm, party_of(tasks["party"]))
        return self._draws["kept"].happens(chance, tasks["party"], _occasion(tasks, tasks["asked_day"]))

    def _scaled(self, chance_ppm: int, party: Ints) -> Ints:
        """A chance of the average customer, for each customer's willingness; at most 95 %."""
        return np.minimum(chance_ppm * self._truth.willingness_ppm(party) // _WILLING_PPM, 950_000)

    def _intended(self, rows: Rows, at: Ints, asked_day: Ints, day: Ints, reason: int) -> Rows:
        """Payments of all that is due, at some hour of a day."""
        within = self._draws["hour"].below(_HOURS * HOUR_MS, rows["party"], _occasion(rows, asked_day))
        return PaymentIntended.rows(
            len(rows),
            at=at,
            loan=rows["loan"],
            party=rows["party"],
            pay_at=day * DAY_MS + _FIRST_HOUR * HOUR_MS + within,
            share_ppm=PPM,
            reason=reason,
        )


def _occasion(rows: Rows, day: Ints) -> Ints:
    """What a customer's answer hangs on, beside the application: its loan, and each means is used at most once a day."""
    return on_loan(rows["loan"], day * (max(Contact) + 1) + rows["action"])


def _write_off_occasion(tasks: Rows) -> Ints:
    return on_loan(tasks["loan"], occasion_of_task(tasks["task"]))


def _at_the_branch(branch: Ints, desk: Ints) -> Ints:
    del desk
    return branch


def _collectors(people: Sequence[Person], branches: Sequence[int]) -> list[Person]:
    return [person for person in people if person.role in COLLECTORS and person.branch in branches]


def _bodies(people: Sequence[Person], branches: Sequence[int]) -> list[Person]:
    """Who decides on write-offs; those of head office sit once at each branch, see the module's text."""
    seated = [person for person in people if person.role == Desk.BRANCH_RISK_DIRECTOR and person.branch in branches]
    for branch in branches:
        seated += [
            replace(person, branch=branch) for person in people if person.role in _HEAD_OFFICE and not person.is_deputy
        ]
    return seated


def opposite(world: World) -> Opposite:
    """Overdue customers, collectors, and those who decide on write-offs; the administrator appoints the directors' deputies."""
    people, branches = world.staffing.people, world.branches.tolist()
    deputies = DeputySource(WRITE_OFF.appoint, world.staffing, world.branches, (Desk.BRANCH_RISK_DIRECTOR,))
    return Opposite(CollectionsCounterpart(world.scenario, world.seed, people, branches), deputies)
