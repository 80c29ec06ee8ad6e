"""The world opposite collections: customers, collectors and deciding bodies, run against the bank itself. The same answers
for any windows and any shards, nothing before its time, and behaviour that follows willingness."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from actors.host import Blueprint, FinalReport, Parts, StageHost
from actors.topology import Cell, Flow
from actors.wire import unpack
from credit.calendar import is_workday
from credit.codes import Contact, ContactOutcome, Verdict
from credit.collections.contract import (
    COLLECTION,
    WRITE_OFF,
    Desk,
    Event,
    LoanOverdue,
    NoticeSent,
    OverduePaid,
    OverdueReported,
    RefusedBecause,
    room,
)
from credit.collections.subsystem import CollectionsSubsystem
from credit.digest import Digest
from credit.mail import Inbox
from credit.numbers import task_of
from credit.repayment.contract import PaymentIntended, WriteOffApproved
from credit.room import EventCode, Kind, Rows
from credit.staff import StaffRegister
from credit.stage import WindowResult
from credit.subsystem import Setting, Window
from credit.times import DAY_MS, HOUR_MS
from credit.worklists.states import Refusal
from scenarios.model import Scenario
from sim.counterparts.collections import (
    COLLECTORS,
    REASON_NOTICE,
    REASON_PROMISE,
    CollectionsCounterpart,
    Customers,
    opposite,
)
from sim.counterparts.staffed import Done
from sim.occasions import reference_of
from sim.opposite import World
from sim.staff import Completions, Person, build_roster
from sim.staffing import DeputySource, Staffing
from sim.truth import Truth
from tests.hosts import step
from tests.rows import sample

SEED = 7
BRANCHES = [1, 2, 3, 4]
SCENARIO = Scenario.model_validate(
    {
        "name": "test",
        "title": "t",
        "purpose": "p",
        "look_at": [],
        "run": {"customers": 4_000, "days": 365},
        "bank": {"branches": 4},
    }
)
START = SCENARIO.run.start_ms
FIRST_DAY = START // DAY_MS
TRUTH = Truth(SEED, SCENARIO)


def roster(days: int = 400) -> tuple[Person, ...]:
    branch = {"collector_early": 1, "collector_middle": 2, "collector_long": 2, "branch_risk_director": 1}
    staffing = {0: {"head_office_risk": 2, "finance": 1, "administrator": 1}} | dict.fromkeys(BRANCHES, branch)
    return build_roster(SEED, staffing, is_workday, FIRST_DAY, days)


PEOPLE = roster()


def register() -> StaffRegister:
    return Staffing(PEOPLE, FIRST_DAY).register()


class Street:
    """Overdue loans of some branches, who pay when they mean to; the source of a collections host."""

    def __init__(self, loans: int, branches: Sequence[int]) -> None:
        number = np.arange(loans)
        branch = number % len(BRANCHES) + 1
        start = FIRST_DAY + 1 + number % 25
        rows = sample(
            LoanOverdue,
            loans,
            at=start * DAY_MS + HOUR_MS,
            loan=(branch * 10**9 + number + 1) * 100 + 1,
            party=reference_of(number + 1, 1),
            branch=branch,
            segment=1,
            product=1 + number % 3,
            grade=1 + number % 5,
            overdue_since_day=start - 1,
            overdue_fen=100_000 + 10_007 * number,
            principal_fen=10_000_000,
        )
        rows["case"], rows["customer"] = rows["loan"] // 100, rows["loan"] // 100
        self.overdue = rows[np.isin(branch, branches)]
        self.pay_at = dict.fromkeys(self.overdue["loan"].tolist(), 0)
        desks = {COLLECTION.appoint: COLLECTORS, WRITE_OFF.appoint: (Desk.BRANCH_RISK_DIRECTOR,)}
        self.deputies = DeputySource(desks, Staffing(PEOPLE, FIRST_DAY), np.array(branches))

    def mail(self, window: Window) -> list[tuple[Kind, Rows]]:
        at = self.overdue["at"]
        new = self.overdue[(at >= window.start) & (at < window.until)]
        due = sorted((at, loan) for loan, at in self.pay_at.items() if window.start <= at < window.until)
        loans = np.array([loan for _, loan in due], dtype=np.int64)
        paid = sample(
            OverduePaid, len(due), at=[at for at, _ in due], loan=loans, paid_fen=1, transaction=loans * 10_000 + 2
        )
        facts = [(LoanOverdue, new), (OverduePaid, paid), (OverdueReported, self.report(window))]
        return [*facts, *self.deputies.mail(window)]

    def due(self) -> int:
        return 0

    def report(self, window: Window) -> Rows:
        """What is still owed, told at each midnight."""
        pay_at = np.array(list(self.pay_at.values()), dtype=np.int64)
        there = (self.overdue["at"] < window.start) & ((pay_at == 0) | (pay_at >= window.start))
        midnight = there & (window.start % DAY_MS == 0)
        return sample(OverdueReported, source=self.overdue[midnight], at=window.start)

    def hear(self, intended: Rows) -> None:
        """The first intention of each loan is carried out."""
        for row in intended:
            loan, pay_at = int(row["loan"]), int(row["pay_at"])
            assert pay_at > int(row["at"]), "an intention arrives before its time comes"
            if not self.pay_at[loan] or pay_at < self.pay_at[loan]:
                self.pay_at[loan] = pay_at


class Ear:
    """A sink that keeps what happened."""

    def __init__(self) -> None:
        self.events: list[Rows] = []
        self.statistics: dict[str, list[Rows]] = {}

    def record(self, window: Window, outcome: WindowResult, statistics: dict[str, Rows]) -> None:
        self.events += outcome.out.events
        for name, rows in statistics.items():
            self.statistics.setdefault(name, []).append(rows)

    def close(self, statistics: dict[str, Rows]) -> None:
        pass

    def of(self, event: EventCode) -> Rows:
        every = np.concatenate(self.events)
        return np.asarray(every[every["event"] == event])


class Run:
    """A collections host with its world, over some days."""

    def __init__(
        self,
        loans: int = 60,
        days: int = 100,
        hours: int = 24,
        branches: Sequence[int] = BRANCHES,
        cut: int = -1,
        scenario: Scenario = SCENARIO,
    ) -> None:
        self.street, self.ear, self.branches, self.scenario = Street(loans, branches), Ear(), branches, scenario
        self.intended = PaymentIntended.empty()
        self.written_off = WriteOffApproved.empty()
        host = self._host()
        for hour in range(0, days * 24, hours):
            if hour == cut * 24:
                state = {name: rows.copy() for name, rows in host.export_state().items()}
                host = self._host()
                host.import_state(state)
            window = Window(hour, START + hour * HOUR_MS, START + (hour + hours) * HOUR_MS)
            for parts in [unpack([bundle]) for bundle in step(host, window)]:
                self._hear(parts)
        self.final: FinalReport = host.finish()

    def record(self) -> str:
        """Digest of all that happened and of the state at the end, whichever hosts it passed through."""
        digest = Digest()
        for rows in (*self.ear.events, self.intended, self.written_off):
            digest.add(1, rows)
        for name, rows in self.final.state.items():
            digest.add(sum(name.encode()), rows)
        return digest.hex()

    def _host(self) -> StageHost:
        def parts(cell: Cell) -> Parts:
            bank = CollectionsSubsystem.build(Setting(self.scenario.policies, register()))
            world = CollectionsCounterpart(self.scenario, SEED, PEOPLE, self.branches, TRUTH)
            return Parts(bank, world, self.street, self.ear, check_every_window=True)

        return StageHost(Blueprint(Cell("collections", 0), Flow(1), parts))

    def _hear(self, parts: dict[int, list[Rows]]) -> None:
        for rows in parts.get(PaymentIntended.number, []):
            self.intended = np.concatenate([self.intended, rows])
            self.street.hear(rows)
        for rows in parts.get(WriteOffApproved.number, []):
            self.written_off = np.concatenate([self.written_off, rows])


# ---- sameness


def test_days_and_hours_give_the_same_run() -> None:
    assert Run().final.digest == Run(hours=4).final.digest


def test_export_and_import_in_between_changes_nothing() -> None:
    assert Run(cut=47).record() == Run().record()


def test_two_shards_together_give_what_one_gives() -> None:
    parts = [Run(branches=[1, 3]).final.digest, Run(branches=[2, 4]).final.digest]
    together = tuple(sum(lanes) % 2**64 for lanes in zip(*parts, strict=True))
    assert together == Run().final.digest


# ---- sense


@pytest.fixture(scope="module")
def long_run() -> Run:
    """A year of a small street in which nobody pays after a message, so that everything else happens."""
    quiet = SCENARIO.model_copy(update={"behaviour": SCENARIO.behaviour.model_copy(update={"notice_response_ppm": 0})})
    return Run(loans=80, days=330, scenario=quiet)


@pytest.mark.requirement("COL-08.a", "COL-09.c")
def test_a_year_shows_every_result_and_its_next_step(long_run: Run) -> None:
    contacts = long_run.ear.of(Event.CONTACT_MADE)
    assert set(np.unique(contacts["reason"]).tolist()) == {
        ContactOutcome.NONE,
        ContactOutcome.PROMISE,
        ContactOutcome.UNABLE,
        ContactOutcome.LOST,
    }
    assert set(np.unique(contacts["value"]).tolist()) == {Contact.CALL, Contact.VISIT, Contact.LEGAL}
    for event in (Event.PROMISE_KEPT, Event.PROMISE_BROKEN, Event.LEVEL_RAISED, Event.HARDSHIP_REFERRED):
        assert len(long_run.ear.of(event)) > 0, event.name


@pytest.mark.requirement("NPL-08.a", "NPL-08.b")
def test_the_hopeless_are_written_off_by_three_people_each(long_run: Run) -> None:
    decided = long_run.ear.of(Event.WRITE_OFF_DECIDED)
    assert len(long_run.written_off) > 0
    for loan in long_run.written_off["loan"].tolist():
        mine = decided[(decided["loan"] == loan) & (decided["value"] == Verdict.APPROVE)]
        assert len(np.unique(mine["actor"][-3:])) == 3
        assert mine["reason"][-3:].tolist() == [Desk.BRANCH_RISK_DIRECTOR, Desk.HEAD_OFFICE_RISK, Desk.FINANCE]


def test_the_bank_refuses_none_of_its_own_people(long_run: Run) -> None:
    refused = long_run.ear.of(Event.COLLECTION_ACTION_REFUSED)
    late = [Refusal.NO_OPEN_TASK, RefusedBecause.UNKNOWN_CASE]
    assert np.isin(refused["reason"], late).all(), "only what came too late: nobody tells people what was withdrawn"
    assert len(refused) < len(long_run.ear.of(Event.CONTACT_MADE)) // 50


def test_kept_promises_are_those_that_customers_meant(long_run: Run) -> None:
    promises = long_run.intended[long_run.intended["reason"] == REASON_PROMISE]
    kept = long_run.ear.of(Event.PROMISE_KEPT)
    assert len(kept)
    assert np.isin(kept["loan"], promises["loan"]).all()
    # The intention was a day under way.
    assert (promises["pay_at"] // DAY_MS - promises["at"] // DAY_MS >= SCENARIO.behaviour.promise_days_min - 1).all()


def test_collectors_work_in_their_hours_only(long_run: Run) -> None:
    at = long_run.ear.of(Event.CONTACT_MADE)["at"]
    assert is_workday(at // DAY_MS).all()
    minute = at % DAY_MS // 60_000
    assert (minute >= 8 * 60).all()
    assert (minute <= 18 * 60 + 30).all()


def test_desks_report_queues_and_people_with_head_office_hours_shared_among_branches(long_run: Run) -> None:
    queues = np.concatenate(long_run.ear.statistics["queues"])
    staff = np.concatenate(long_run.ear.statistics["staff"])
    assert queues["completions"].sum() == len(long_run.ear.of(Event.CONTACT_MADE)) + len(
        long_run.ear.of(Event.WRITE_OFF_DECIDED)
    ) + len(np.unique(long_run.ear.of(Event.COLLECTION_ACTION_REFUSED)["value"])), "a task refused is refused twice"
    finance = staff[(staff["role"] == Desk.FINANCE) & (staff["on_behalf_of"] == 0)]
    days = finance["start"] // DAY_MS
    most = max(int(finance["on_shift_ms"][days == day].sum()) for day in np.unique(days))
    assert 7 * HOUR_MS <= most <= 9 * HOUR_MS, "one person's day, though four branches share it"


# ---- customers


def tasks_of(parties: Sequence[int], action: Contact = Contact.CALL) -> Rows:
    loans = 10**11 + 101 + 100 * np.arange(len(parties))
    return sample(
        COLLECTION.task,
        len(parties),
        loan=loans,
        task=task_of(loans, 4_555),
        party=reference_of(parties, 1),
        action=action,
        amount_fen=70_000,
    )


def test_the_willing_promise_more_and_hide_less() -> None:
    customers = Customers(SCENARIO, SEED, TRUTH)
    parties = np.arange(1, 4_001)
    order = np.argsort(TRUTH.willingness_ppm(parties))
    weak, strong = customers.outcomes(tasks_of(order[:1_000] + 1)), customers.outcomes(tasks_of(order[-1_000:] + 1))
    assert (strong == ContactOutcome.PROMISE).mean() > (weak == ContactOutcome.PROMISE).mean() + 0.1
    assert (strong == ContactOutcome.LOST).mean() < (weak == ContactOutcome.LOST).mean() - 0.05


def test_the_average_customer_behaves_as_the_scenario_says() -> None:
    outcomes = Customers(SCENARIO, SEED, TRUTH).outcomes(tasks_of(np.arange(1, 20_001)))
    for outcome, ppm in ((ContactOutcome.PROMISE, "promise_ppm"), (ContactOutcome.UNABLE, "unable_ppm")):
        assert (outcomes == outcome).mean() == pytest.approx(getattr(SCENARIO.behaviour, ppm) / 1e6, abs=0.03)


def test_messages_move_a_few_and_fewer_the_longer_it_lasts() -> None:
    customers = Customers(SCENARIO, SEED, TRUTH)
    count = 10_000
    moved = []
    for dpd in (1, 90):
        notices = sample(
            NoticeSent,
            count,
            at=START + 9 * HOUR_MS,
            loan=np.arange(count) + 1,
            party=reference_of(np.arange(count) + 1, 1),
            dpd=dpd,
        )
        rows = customers.after_notice(notices)
        assert (rows["reason"] == REASON_NOTICE).all()
        assert (rows["at"] == START + 9 * HOUR_MS).all()
        moved.append(len(rows))
    assert 0.03 * count < moved[0] < 0.09 * count
    assert moved[1] < moved[0] / 2


def test_a_customers_answer_depends_on_person_loan_and_day_alone() -> None:
    customers = Customers(SCENARIO, SEED, TRUTH)
    tasks = tasks_of(np.arange(1, 501))
    shuffled = np.random.default_rng(3).permutation(len(tasks))
    assert (customers.outcomes(tasks)[shuffled] == customers.outcomes(tasks[shuffled])).all()
    again = tasks.copy()
    again["at"], again["priority"], again["branch"], again["desk"] = START, 1, 2, Desk.COLLECTOR_LONG
    assert (customers.outcomes(again) == customers.outcomes(tasks)).all(), (
        "nor on who asks, and when he gets round to it"
    )
    again["task"] += 1
    assert (customers.outcomes(again) != customers.outcomes(tasks)).any()


def test_no_collector_notes_a_day_that_the_bank_would_not_take() -> None:
    strict = SCENARIO.model_copy(update={"policies": {"collections": {"promise_days_max": 3}}})
    tasks, nobody, noon = tasks_of(np.arange(1, 501)), np.zeros(500, dtype=np.int64), np.full(500, START + 12 * HOUR_MS)
    work = Completions(tasks["task"], tasks["branch"], nobody, nobody, noon, noon, nobody, nobody > 0)
    done = Done(Desk.COLLECTOR_MIDDLE, tasks, work)
    said = Customers(strict, SEED, TRUTH).say(done)
    promised = said["outcome"] == ContactOutcome.PROMISE
    assert np.unique(said["promise_day"][promised]).tolist() == [FIRST_DAY + 3]
    assert not said["promise_day"][~promised].any()


# ---- the desks


def answered(
    world: CollectionsCounterpart, window: Window, round_number: int, *mail: tuple[Kind, Rows]
) -> dict[str, Rows]:
    return {kind.name: rows for kind, rows in world.respond(Inbox.of(*mail), window, round_number)}


def test_a_desk_served_already_sees_a_new_task_in_the_next_window_only() -> None:
    world = CollectionsCounterpart(SCENARIO, SEED, PEOPLE, BRANCHES, TRUTH)
    monday = FIRST_DAY + 4
    windows = [Window(n, (monday + n) * DAY_MS, (monday + n + 1) * DAY_MS) for n in range(2)]
    task = sample(
        WRITE_OFF.task,
        1,
        at=windows[0].start + 9 * HOUR_MS,
        loan=10**11 + 101,
        task=(10**11 + 101) * 10_000 + 1,
        branch=1,
        desk=Desk.BRANCH_RISK_DIRECTOR,
        limit_at=2**60,
    )
    for round_number in range(world.rounds):
        assert answered(world, windows[0], round_number) == {}
    assert answered(world, windows[0], world.rounds, (WRITE_OFF.task, task)) == {}
    done = answered(world, windows[1], 0)[WRITE_OFF.opinion.name]
    assert (done["at"] >= windows[1].start).all()


def test_the_excluded_person_does_not_decide() -> None:
    world = CollectionsCounterpart(SCENARIO, SEED, PEOPLE, BRANCHES, TRUTH)
    risk = sorted(one.person for one in PEOPLE if one.role == Desk.HEAD_OFFICE_RISK and not one.is_deputy)
    monday = FIRST_DAY + 4
    window = Window(0, monday * DAY_MS, (monday + 1) * DAY_MS)
    loans = 10**11 + 101 + 100 * np.arange(10)
    tasks = sample(
        WRITE_OFF.task,
        10,
        at=window.start + 9 * HOUR_MS,
        loan=loans,
        task=loans * 10_000 + 2,
        branch=1,
        desk=Desk.HEAD_OFFICE_RISK,
        limit_at=2**60,
        excluded=risk[0],
    )
    answered(world, window, 0)
    done = answered(world, window, 1, (WRITE_OFF.task, tasks))[WRITE_OFF.opinion.name]
    assert np.unique(done["person"]).tolist() == [risk[1]]


@pytest.mark.requirement("APR-12.a")
def test_the_administrator_appoints_deputies_for_collectors_and_for_the_directors() -> None:
    world = World(SCENARIO, room, np.array(BRANCHES), Staffing(PEOPLE, FIRST_DAY))
    source = opposite(world).source
    assert source is not None
    appointed = dict(source.mail(Window(0, START, START + 400 * DAY_MS)))
    assert set(appointed[COLLECTION.appoint]["desk"].tolist()) <= set(COLLECTORS)
    assert set(appointed[WRITE_OFF.appoint]["desk"].tolist()) == {Desk.BRANCH_RISK_DIRECTOR}


def test_where_nobody_sits_nobody_answers() -> None:
    world = CollectionsCounterpart(SCENARIO, SEED, [one for one in PEOPLE if one.branch != 2], BRANCHES, TRUTH)
    window = Window(0, (FIRST_DAY + 4) * DAY_MS, (FIRST_DAY + 5) * DAY_MS)
    tasks = sample(
        COLLECTION.task,
        2,
        at=window.start + 9 * HOUR_MS,
        loan=[10**11 + 101, 2 * 10**11 + 101],
        task=task_of(np.array([10**11 + 101, 2 * 10**11 + 101]), 1),
        branch=[1, 2],
        desk=Desk.COLLECTOR_EARLY,
        action=Contact.CALL,
        limit_at=2**60,
        party=int(reference_of(np.array(1), 1)),
    )
    done = answered(world, window, 0, (COLLECTION.task, tasks))[COLLECTION.opinion.name]
    assert done["loan"].tolist() == [10**11 + 101]
