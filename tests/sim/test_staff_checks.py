"""The checks can fail: each planted bug in a desk, and each single figure bent in its output, is caught and named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from credit.approval.contract import Desk
from credit.times import DAY_MS, HOUR_MS, MINUTE_MS, Ints
from sim.staff import Completions, Person, StaffRuleBroken, Tasks, check_completions
from sim.staff import queue as queue_module
from sim.staff.desk import DeskWindow
from sim.staff.hours import WorkingHours
from sim.staff.queue import Lane, TaskQueue
from sim.staff.seat import Entry, Seat
from tests.sim.staffing import HOLIDAY, MONDAY, at, clerk, is_workday, pool_of, run

CUTS = [*range(MONDAY * DAY_MS, (MONDAY + 30) * DAY_MS, DAY_MS)]
PEOPLE = [clerk(1, leave=((MONDAY + 2, MONDAY + 3),)), clerk(2, speed_ppm=800_000), clerk(3, skills=1)]
DEPUTY = Person(2001, 2, Desk.RE_REVIEWER).deputise(1, Desk.INITIAL_APPROVER, [(MONDAY, MONDAY + 30)], 1001)


def workload() -> Tasks:
    """A busy fortnight: queues every day, empty every night."""
    rng = np.random.default_rng(11)
    days = np.repeat([0, 1, 2, 3, 4, 7, 8, 9, 10, 11], 40)
    arrivals = np.sort((MONDAY + days) * DAY_MS + rng.integers(8 * 60, 17 * 60, len(days)) * MINUTE_MS)
    tasks = np.arange(1, len(days) + 1)
    return Tasks.of(
        tasks,
        arrivals,
        rng.integers(5, 50, len(days)) * MINUTE_MS,
        priority=rng.integers(0, 3, len(days)),
        limit_at=arrivals + rng.integers(1, 6, len(days)) * HOUR_MS,
        excluded=np.where(tasks % 5 == 0, 1002, 0),
        needs=np.where(tasks % 11 == 0, 1, 0),
    )


def finish(people: list[Person] = PEOPLE) -> tuple[Tasks, Completions]:
    tasks = workload()
    done = run(pool_of(people), tasks, CUTS)
    assert len(done) == len(tasks)
    return tasks, done


def test_a_right_desk_passes() -> None:
    tasks, done = finish()
    check_completions(tasks, done, PEOPLE, is_workday, drained=True)
    assert (done.waited_ms > HOUR_MS).any()
    assert done.urged.any()


# ---- planted bugs: a desk that is wrong in one place


def peek_at_arrivals(patch: pytest.MonkeyPatch) -> None:
    """The desk may choose among all tasks of its window, arrived or not."""
    arrive = DeskWindow._arrive

    def early(self: DeskWindow, arrivals: list[Entry]) -> object:
        for entry in arrivals:
            self._queue.admit(entry)
        self._call_round()
        return arrive(self, [])

    patch.setattr(DeskWindow, "_arrive", early)


def wait_for_an_urgent_task(patch: pytest.MonkeyPatch) -> None:
    """The desk keeps people idle while it knows of an urgent task to come within the hour."""
    build, hand_out = DeskWindow.__init__, DeskWindow._hand_out

    def remember(
        self: DeskWindow, env: object, seats: object, queue: object, arrivals: list[Entry], until: int
    ) -> None:
        self.coming = [entry[1] for entry in arrivals if entry[0] == 0]  # type: ignore[attr-defined]
        build(self, env, seats, queue, arrivals, until)  # type: ignore[arg-type]

    def hold_back(self: DeskWindow) -> None:
        now = self.env.now
        if not any(now < urgent < now + HOUR_MS for urgent in self.coming):  # type: ignore[attr-defined]
            hand_out(self)

    patch.setattr(DeskWindow, "__init__", remember)
    patch.setattr(DeskWindow, "_hand_out", hold_back)


def last_come_first_served(patch: pytest.MonkeyPatch) -> None:
    queued = queue_module._queued

    def reverse(entry: Entry, now: int) -> tuple[int, int, int, Entry]:
        priority, arrived, task, same = queued(entry, now)
        return priority, -arrived, task, same

    patch.setattr(queue_module, "_queued", reverse)


def forget_to_urge(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(TaskQueue, "urge", lambda _self, _now: None)


def let_anybody_take_it(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Lane, "admits", lambda _self, _seat: True)


def work_around_the_clock(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Seat, "may_begin", lambda _self, _now: True)


def work_through_the_night(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(WorkingHours, "finish", lambda _self, begun, work_ms: begun + work_ms)


def come_in_on_holidays(patch: pytest.MonkeyPatch) -> None:
    grow = WorkingHours._grow

    def open_holiday(self: WorkingHours, size: int) -> None:
        grow(self, size)
        days = bytearray(self._days)
        days[HOLIDAY - MONDAY] = 1
        self._days = bytes(days)

    patch.setattr(WorkingHours, "_grow", open_holiday)


BUGS: list[tuple[Callable[[pytest.MonkeyPatch], None], str]] = [
    (peek_at_arrivals, "begins before it arrives"),
    (wait_for_an_urgent_task, "idles on shift"),
    (last_come_first_served, "is overtaken"),
    (forget_to_urge, "is overtaken"),
    (let_anybody_take_it, "excluded"),
    (work_around_the_clock, "begins off shift"),
    (work_through_the_night, "off shift"),
    (come_in_on_holidays, "off shift"),
]


@pytest.mark.planted
@pytest.mark.parametrize(("bug", "caught"), BUGS, ids=[bug.__name__ for bug, _ in BUGS])
def test_a_planted_bug_is_caught(bug: Callable[[pytest.MonkeyPatch], None], caught: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        bug(patch)
        tasks = workload()
        done = run(pool_of(PEOPLE), tasks, CUTS)
    assert len(done) > 100
    with pytest.raises(StaffRuleBroken, match=caught):
        check_completions(tasks, done, PEOPLE, is_workday, drained=True)


# ---- bent figures: one column of a right output is changed


def moved(column: str, by: int) -> Callable[[Completions], Completions]:
    def bend(done: Completions) -> Completions:
        values: Ints = getattr(done, column).copy()
        values[len(done) // 2] += by
        return replace(done, **{column: values})  # type: ignore[arg-type]

    bend.__name__ = f"{column}{by:+d}"
    return bend


def not_urged(done: Completions) -> Completions:
    return replace(done, urged=np.zeros_like(done.urged))


def twice(done: Completions) -> Completions:
    return done.take(np.array([*range(len(done)), 0]))


BENT: list[tuple[Callable[[Completions], Completions], str]] = [
    (moved("task", 10_000), "never given"),
    (twice, "finished twice"),
    (moved("waited_ms", 1), "another wait"),
    (moved("started_at", -60 * DAY_MS), "before it arrives"),
    (moved("finished_at", 1), "another working time|off shift"),
    (moved("person", 500), "does not work at this desk"),
    (moved("on_behalf_of", 1), "does not work at this desk"),
    (not_urged, "urged wrongly"),
]


@pytest.mark.parametrize(("bend", "caught"), BENT, ids=[bend.__name__ for bend, _ in BENT])
def test_a_bent_figure_is_caught(bend: Callable[[Completions], Completions], caught: str) -> None:
    tasks, done = finish()
    with pytest.raises(StaffRuleBroken, match=caught):
        check_completions(tasks, bend(done), PEOPLE, is_workday)


def test_doing_two_tasks_at_once_is_caught() -> None:
    tasks = Tasks.of([1, 2], [at(0, 9), at(0, 9)], HOUR_MS)
    done = run(pool_of([clerk(1), clerk(2)]), tasks, CUTS)
    with pytest.raises(StaffRuleBroken, match="at another task"):
        check_completions(tasks, replace(done, person=np.full(2, 1001)), [clerk(1), clerk(2)], is_workday)


def test_a_deputy_beside_the_people_they_stand_for_is_caught() -> None:
    tasks = Tasks.of([1], [at(0, 9)], HOUR_MS)
    done = run(pool_of([clerk(1)]), tasks, CUTS)
    stolen = replace(done, person=np.array([2001]), on_behalf_of=np.array([1001]))
    with pytest.raises(StaffRuleBroken, match="while person 1001 is present"):
        check_completions(tasks, stolen, [clerk(1), DEPUTY], is_workday)
    late = replace(DEPUTY, duty=((MONDAY + 1, MONDAY + 1),))
    with pytest.raises(StaffRuleBroken, match="out of the days of the duty"):
        check_completions(tasks, stolen, [clerk(1, leave=((MONDAY, MONDAY),)), late], is_workday)


def test_work_by_somebody_without_the_skill_is_caught() -> None:
    tasks = Tasks.of([1], [at(0, 9)], HOUR_MS, needs=1)
    done = run(pool_of([clerk(3, skills=1)]), tasks, CUTS)
    with pytest.raises(StaffRuleBroken, match="lacks"):
        check_completions(tasks, replace(done, person=np.array([1001])), [clerk(1), clerk(3, skills=1)], is_workday)
