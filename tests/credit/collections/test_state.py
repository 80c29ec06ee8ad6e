"""State: the same cases whatever the windows, the shards and the order of rows, exported and taken up at any time."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from credit.codes import ContactOutcome
from credit.collections.contract import COLLECTION, Gauge, LoanOverdue, OverduePaid, OverdueReported
from credit.collections.subsystem import CollectionsSubsystem
from credit.digest import Digest
from credit.mail import Inbox, Outbox
from credit.room import Kind, Rows
from credit.staff import StaffRegister
from credit.subsystem import Setting, Window
from credit.times import DAY_MS, HOUR_MS, Bools, Ints
from tests.credit.collections.desk import DAY, STAFF, Bench, overdue, paid, reports
from tests.rows import sample

DAYS = 60
Facts = list[tuple[int, int, int, int]]
"""(branch, day overdue, days until paid, outcome of every contact)."""

facts = st.lists(
    st.tuples(st.integers(1, 4), st.integers(1, 10), st.integers(1, 70), st.integers(0, 3)), min_size=1, max_size=12
)


class World:
    """Answers tasks at once, as the facts say, whatever the windows."""

    def __init__(self, rows: Facts) -> None:
        self.mail: list[tuple[Kind, Rows]] = []
        self.outcome: dict[int, int] = {}
        for n, (branch, start, length, outcome) in enumerate(rows):
            loan = (branch * 10**9 + n + 1) * 100 + 1
            self.outcome[loan] = outcome
            self.mail.append(
                overdue(start, loan=loan, branch=branch, since=DAY + start - 1, hour=n % 20, fen=3_000_000)
            )
            half = start + length // 2
            if 0 < length // 2 < length:
                self.mail.append(paid(half, loan=loan, fen=1_000_000, left=2_000_000, since=DAY + start - 1, hour=13))
            self.mail.append(paid(start + length, loan=loan, fen=2_000_000, left=0, hour=n % 20))

    def within(self, window: Window, branches: list[int]) -> list[tuple[Kind, Rows]]:
        inside = []
        for kind, rows in self.mail:
            at, branch = int(rows["at"][0]), int(rows["loan"][0]) // 10**11
            if window.start <= at < window.until and branch in branches:
                inside.append((kind, rows))
        return inside

    def answered_at(self, tasks: Rows) -> Ints:
        return np.asarray(tasks["at"] + (tasks["loan"] % 7 + 1) * HOUR_MS)

    def answers(self, tasks: Rows) -> Rows:
        outcome = np.array([self.outcome[loan] for loan in tasks["loan"].tolist()], dtype=np.int64)
        return sample(
            COLLECTION.opinion,
            source=tasks,
            at=self.answered_at(tasks),
            person=tasks["branch"] * 1_000 + 101 + 100 * (tasks["desk"] - 21),
            outcome=outcome,
            promise_day=np.where(outcome == ContactOutcome.PROMISE, tasks["at"] // DAY_MS + 6, 0),
            promise_fen=1,
        )


class Run:
    """One run of the bare subsystem with this world: its record and its state."""

    def __init__(
        self, facts: Facts, hours: int, branches: list[int], cut: int | None = None, leaves_out: bool = False
    ) -> None:
        """`leaves_out`: windows in which nothing comes and nothing is due, as hosts leave them out."""
        self.leaves_out = leaves_out
        self.world, self.bank, self.digest = (
            World(facts),
            CollectionsSubsystem.build(Setting(register=staff_of_all())),
            Digest(),
        )
        self.asked = COLLECTION.task.empty()
        for step in range(0, DAYS * 24, hours):
            if cut is not None and step == cut * 24:
                state = {name: rows.copy() for name, rows in self.bank.export_state().items()}
                self.bank = CollectionsSubsystem.build(Setting(register=staff_of_all()))
                self.bank.import_state(state)
            self._window(step, hours, branches)
        for name, rows in sorted(self.bank.export_state().items()):
            self.digest.add(sum(name.encode()), rows)

    def _window(self, step: int, hours: int, branches: list[int]) -> None:
        start = DAY * DAY_MS + step * HOUR_MS
        window, out = Window(step, start, start + hours * HOUR_MS), Outbox()
        mail = self.world.within(window, branches)
        if start % DAY_MS == 0:
            mail.append((OverdueReported, reports(self.bank, start)))
        idle = not mail and not window.ends_day and not self._answered(window).any()
        if self.leaves_out and idle and self.bank.due() >= window.until:
            return
        self.bank.open(window, out)
        self.bank.apply(Inbox.of(*mail), window, out)
        if len(new := out.take(COLLECTION.task)):
            self.asked = np.concatenate([self.asked, new])
        now = self._answered(window)
        self.bank.apply(Inbox.of((COLLECTION.opinion, self.world.answers(self.asked[now]))), window, out)
        self.asked = self.asked[~now]
        self.bank.close(window, out)
        if window.ends_day:  # of everything since yesterday
            assert self.bank.check() == []
        for rows in out.events:
            self.digest.add(1, rows)
        for number, parts in out.mail.items():
            for rows in parts:
                self.digest.add(number, rows)

    def _answered(self, window: Window) -> Bools:
        """Which of the tasks that wait for an answer have it in this window."""
        at = self.world.answered_at(self.asked)
        return (at >= window.start) & (at < window.until)


def staff_of_all() -> StaffRegister:
    seats = [(b * 1_000 + 101 + 100 * k, b, 21 + k) for b in range(1, 5) for k in range(3)]
    return StaffRegister.of(seats)


@given(facts)
@settings(max_examples=15)
def test_days_and_hours_give_the_same_record_and_state(rows: Facts) -> None:
    every = [1, 2, 3, 4]
    assert Run(rows, 24, every).digest.hex() == Run(rows, 3, every, leaves_out=True).digest.hex()


@given(facts)
@settings(max_examples=4)
def test_hours_in_which_nothing_happens_change_nothing(rows: Facts) -> None:
    every = [1, 2, 3, 4]
    assert Run(rows, 24, every).digest.hex() == Run(rows, 3, every).digest.hex()


@given(facts, st.integers(1, DAYS - 1))
@settings(max_examples=15)
def test_export_and_import_in_between_changes_nothing(rows: Facts, cut: int) -> None:
    every = [1, 2, 3, 4]
    assert Run(rows, 24, every).digest.hex() == Run(rows, 24, every, cut).digest.hex()


@given(facts)
@settings(max_examples=15)
def test_two_shards_together_give_what_one_gives(rows: Facts) -> None:
    whole, odd, even = Run(rows, 24, [1, 2, 3, 4]), Run(rows, 24, [1, 3]), Run(rows, 24, [2, 4])
    odd.digest.merge(even.digest)
    assert odd.digest.hex() == whole.digest.hex()


def test_cases_are_counted_at_each_days_end_by_branch_product_and_stage() -> None:
    bench = Bench()
    out = bench.day(1, overdue(), overdue(loan=10**11 + 101, branch=1, fen=300))
    rows = np.concatenate(out.measures)
    counted = rows[rows["gauge"] == Gauge.COLLECTION_CASES]
    assert counted[["branch", "group", "count", "amount_fen"]].tolist() == [(1, 1, 1, 300), (3, 1, 1, 500_000)]


def test_ten_thousand_cases_are_planned_in_columns() -> None:
    bank, out = CollectionsSubsystem.build(Setting(register=STAFF)), Outbox()
    count = 10_000
    rows = sample(
        LoanOverdue,
        count,
        at=(DAY + 1) * DAY_MS,
        loan=3 * 10**11 + 101 + 100 * np.arange(count),
        branch=3,
        segment=1,
        product=1,
        grade=3,
        overdue_since_day=DAY,
        overdue_fen=1_000 * np.arange(1, count + 1),
        principal_fen=10**8,
    )
    window = Window(0, (DAY + 1) * DAY_MS, (DAY + 2) * DAY_MS)
    bank.open(window, out)
    bank.apply(Inbox.of((LoanOverdue, rows), (OverduePaid, OverduePaid.empty())), window, out)
    bank.close(window, out)
    assert len(bank.cases) == count
    assert bank.check() == []
