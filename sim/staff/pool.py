"""A pool: the people of one desk, served window by window. A pool is its state (waiting tasks, tasks in service, idle
people); the SimPy environment is built anew for each window and thrown away, so a run cut into days, hours or not at all,
or snapshotted and restored in between, gives the same completions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from simpy.core import Environment

from credit.masks import true_rows
from credit.times import DAY_MS, NEVER, Ints, text_of
from sim.staff.desk import DeskWindow
from sim.staff.hours import DayMask, WorkingHours, covered_days
from sim.staff.people import Person, duty_hours_of, hours_of, label_of
from sim.staff.queue import TaskQueue
from sim.staff.seat import Begun, Entry, Seat
from sim.staff.tasks import Completions, PoolRows, Row, StaffState, Tasks, state_of


@dataclass(slots=True)
class PoolWindow:
    """What happened at one pool in one window, for completions and statistics."""

    pool: Pool
    since: int
    """Until when the pool was served before."""
    waited: int
    """How many tasks waited when the window began."""
    came: list[Entry]
    """Tasks that arrived in the window."""
    carried: list[Begun]
    begun: list[Begun]
    stirs: bool

    def finished(self, until: int) -> list[Begun]:
        """Tasks finished before `until`, carried ones included."""
        return [row for row in (*self.carried, *self.begun) if row[6] < until]


class Pool:
    """The people of one branch and role, their deputies and their queue. `is_workday` tells workdays from holidays;
    `first_day` is the day number before which nothing is asked."""

    def __init__(self, people: Sequence[Person], is_workday: DayMask, first_day: int) -> None:
        desks = sorted({(person.branch, int(person.role)) for person in people})
        if len(desks) != 1:
            raise ValueError(f"a pool needs people of exactly one branch and role, got {desks}")
        self.branch, self.role = self.desk = desks[0]
        self.label = f"{label_of(self.role)} of branch {self.branch}"
        self.served_until = 0
        self._is_workday, self._first_day = is_workday, first_day
        ordered = sorted(people, key=lambda person: (person.person, person.on_behalf_of))
        regulars = [person for person in ordered if not person.is_deputy]
        self.seats = []
        for person in ordered:
            hours = hours_of(person, is_workday, first_day)
            begins = duty_hours_of(person, regulars, is_workday, first_day) if person.is_deputy else hours
            self.seats.append(Seat(person, hours, begins))
        self.own = tuple(self.seats)
        """The seats of those who work here; beside them those may still sit who have left."""
        keys = [seat.who for seat in self.seats]
        if len(dict.fromkeys(keys)) != len(keys):
            raise ValueError(f"{self.label}: the same person twice in {keys}")
        self.queue = self._queue_of_seats()
        self.told_until = first_day * DAY_MS
        self.worked_on: list[Begun] = []
        """Tasks in service since `told_until`, whose working time has not been told."""

    @property
    def waiting(self) -> dict[int, Entry]:
        """The tasks that wait, by id."""
        return self.queue.waiting

    @property
    def serving(self) -> int:
        """How many tasks are in service."""
        return sum(seat.begun is not None for seat in self.seats)

    @property
    def holds_work(self) -> bool:
        """True while a task waits or is in service."""
        return bool(self.waiting) or any(seat.begun is not None for seat in self.seats)

    def serve(self, tasks: Tasks, start: int, until: int) -> Completions:
        """Serve the window [start, until) with the `tasks` that arrive in it (their branch is not looked at) and return
        what is finished before `until`; the rest stays. Raises AssertionError if the window was served before, leaves out
        time in which this pool held work, or holds a task of another time."""
        check_times(tasks, start, until)
        return completions_of(serve_together([(self, entries_of(tasks))], start, until), until)

    def pass_by(self, start: int, until: int) -> None:
        """A window in which there is nothing to do."""
        self.check([], start)
        self.served_until = until

    def check(self, entries: list[Entry], start: int) -> None:
        """Raise unless this pool may now be served from `start` with `entries`, in order of (at, task)."""
        if start != self.served_until:
            self._check_start(start)
        if entries:
            self._check_news(entries)

    def open(self, env: Environment, entries: list[Entry], until: int) -> PoolWindow:
        """Enter the pool's people and arrivals into `env` if anybody can do anything in the window."""
        stirs = self._stirs(int(env.now), until, bool(entries or self.waiting))
        since, self.served_until = self.served_until, until
        carried, waited = [seat.begun for seat in self.seats if seat.begun], len(self.waiting)
        begun: list[Begun] = []
        if stirs:
            begun = DeskWindow(env, self.seats, self.queue, entries, until).begun
        else:  # what comes waits
            for entry in entries:
                self.queue.admit(entry)
        return PoolWindow(self, since, waited, entries, carried, begun, stirs)

    def _stirs(self, start: int, until: int, has_tasks: bool) -> bool:
        """Whether anybody is done with a task within the window [start, until), or can begin one of those that there are."""
        return any(
            has_tasks and (seat.may_begin(start) or seat.opens < until) if seat.begun is None else seat.begun[6] < until
            for seat in self.seats
        )

    def due(self) -> int:
        """When something happens though nothing arrives: a task is done, somebody idle comes on shift while tasks wait, the limit
        of a waiting task passes."""
        instants = [seat.begun[6] for seat in self.seats if seat.begun is not None]
        if self.waiting:
            now = self.served_until
            instants += [now if seat.may_begin(now) else seat.opens for seat in self.seats if seat.begun is None]
            instants.append(self.queue.next_limit())
        return min(instants, default=NEVER)

    def _check_start(self, start: int) -> None:
        if start < self.served_until:
            raise AssertionError(
                f"{self.label} is served until {text_of(self.served_until)}; a window from {text_of(start)} "
                "would serve that time twice: a queue may never see the future"
            )
        if self.due() < start:
            raise AssertionError(
                f"{self.label} has work to do from {text_of(self.due())} on; a window from {text_of(start)} would skip it"
            )

    def _check_news(self, entries: list[Entry]) -> None:
        begun = {seat.begun[0] for seat in self.seats if seat.begun}
        again = [entry[2] for entry in entries if entry[2] in self.waiting or entry[2] in begun]
        if again:
            raise ValueError(f"{self.label}: task {min(again)} arrives again while it waits or is in service")

    # ---- state

    def export_state(self) -> StaffState:
        """Everything the pool keeps, as columns."""
        return state_of(rows_of([self]))

    def import_state(self, state: StaffState) -> None:
        """Become the pool that exported `state`; without any row, an empty pool. ValueError if it is another pool's."""
        rows = PoolRows(*(part.tolist() for part in state))
        desks = [row[:2] for part in rows for row in part]
        if any(desk != (self.branch, self.role) for desk in desks) or len(rows.served) > 1:
            raise ValueError(f"{self.label}: the state is of other desks: {sorted(dict.fromkeys(map(str, desks)))}")
        self.become(rows)

    def become(self, rows: PoolRows) -> None:
        """The pool that kept these rows. Of people who do not work here any more (an earlier run's roster), what they have begun
        is still finished, and no more."""
        free_since = {row[2:4]: row[4] for row in rows.people}
        for seat in self.own:
            seat.sit_down(free_since.get(seat.who, 0))
        self.seats = [*self.own]
        if rows.in_service:
            self._take_up(rows.in_service)
        self.served_until = rows.served[0][2] if rows.served else 0
        self.queue = self._queue_of_seats()
        self.queue.load(
            (
                (priority, at, task, service_ms, limit_at, excluded, needs)
                for _, _, task, at, service_ms, priority, limit_at, excluded, needs in rows.waiting
            ),
            self.served_until,
        )
        self.told_until = max(self.served_until, self._first_day * DAY_MS)
        self.worked_on = [seat.begun for seat in self.seats if seat.begun]

    def _queue_of_seats(self) -> TaskQueue:
        """An empty queue for those who sit here."""
        return TaskQueue(seat.person.person for seat in self.seats)

    def _take_up(self, in_service: list[Row]) -> None:
        seats: dict[Row, Seat] = {seat.who: seat for seat in self.own}
        for row in in_service:
            if row[5:7] not in seats:
                seats[row[5:7]] = self._leaver(*row[5:7])
            seats[row[5:7]].begun = row[2:]  # type: ignore[assignment]
        self.seats = [seats[key] for key in sorted(seats)]

    def _leaver(self, person: int, on_behalf_of: int) -> Seat:
        """A seat that is left for good once its task is done."""
        away = self.own[0].person.away
        leaver = Person(person, self.branch, self.role, on_behalf_of=on_behalf_of, away=away)
        never = WorkingHours(leaver.shift, covered_days(()), self._first_day)
        return Seat(leaver, hours_of(leaver, self._is_workday, self._first_day), never)


def rows_of(pools: Sequence[Pool]) -> PoolRows:
    """Everything pools keep, exactly, in the columns of `STATE`."""
    waiting: list[Row] = [
        (*pool.desk, task, at, service_ms, priority, limit_at, excluded, needs)
        for pool in pools
        for priority, at, task, service_ms, limit_at, excluded, needs in pool.waiting.values()
    ]
    serving: list[Row] = [(*pool.desk, *seat.begun) for pool in pools for seat in pool.seats if seat.begun]
    idle: list[Row] = [(*pool.desk, *seat.who, seat.rank[0]) for pool in pools for seat in pool.own]
    return PoolRows(waiting, serving, idle, [(*pool.desk, pool.served_until) for pool in pools])


def serve_together(arrivals: list[tuple[Pool, list[Entry]]], start: int, until: int) -> list[PoolWindow]:
    """Serve pools for the window [start, until) in one environment; each has its arrivals in order of (at, task)."""
    for pool, entries in arrivals:
        pool.check(entries, start)
    env = Environment(initial_time=start)
    windows = [pool.open(env, entries, until) for pool, entries in arrivals]
    if any(window.stirs for window in windows):
        env.run(until=until)
    for window in windows:
        window.pool.worked_on += window.begun
        window.pool.queue.urge(until - 1)
    return windows


def check_times(tasks: Tasks, start: int, until: int) -> None:
    """AssertionError unless start < until and every task arrives in [start, until); ValueError on a repeated task id."""
    if start >= until:
        raise AssertionError(f"a window must end after it starts, got {text_of(start)} to {text_of(until)}")
    late = true_rows((tasks.at < start) | (tasks.at >= until))
    if len(late):
        row = int(late[0])
        raise AssertionError(
            f"task {tasks.task[row]} arrives at {text_of(tasks.at[row])}, outside of the window "
            f"{text_of(start)} to {text_of(until)}: a queue may never see the future, nor change its past"
        )
    ids = np.sort(tasks.task)
    twice = true_rows(ids[1:] == ids[:-1])
    if len(twice):
        raise ValueError(f"task {ids[twice[0]]} arrives twice in one window")


def entries_of(tasks: Tasks, order: Ints | None = None) -> list[Entry]:
    """Rows as tuples in `order`, by default (at, task)."""
    rows = np.lexsort((tasks.task, tasks.at)) if order is None else order
    columns = (tasks.priority, tasks.at, tasks.task, tasks.service_ms, tasks.limit_at, tasks.excluded, tasks.needs)
    return list(zip(*(column[rows].tolist() for column in columns), strict=True))


def completions_of(windows: list[PoolWindow], until: int) -> Completions:
    """What the pools finished before `until`, as columns in order of (finished_at, task)."""
    finished = [(window.pool.branch, *row) for window in windows for row in window.finished(until)]
    table = np.array(finished, dtype=np.int64).reshape(-1, 9).T
    branch, task, at, limit_at, person, on_behalf_of, started, ended, _ = table[:, np.lexsort((table[1], table[7]))]
    return Completions(task, branch, person, on_behalf_of, started, ended, started - at, started >= limit_at)
