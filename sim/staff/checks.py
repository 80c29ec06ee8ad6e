"""Checks that completions obey the rules of a desk, from the outside: they look only at what arrived and what came out, and
they reckon working time minute by minute from the people's own data, not with the pool's arithmetic. Each check names
the task, the person and the times, and a pool that sees the future, works on a holiday or overtakes is caught."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from credit.masks import true_rows
from credit.times import DAY_MS, MINUTE_MS, Bools, Ints, text_of
from sim.staff.hours import DayMask
from sim.staff.people import NORMAL_SPEED_PPM, Person, presence
from sim.staff.tasks import Completions, Tasks


class StaffRuleBroken(AssertionError):
    """A desk broke one of its rules."""


@dataclass(frozen=True, slots=True)
class _Clock:
    """Working time of one person as a step function over minutes: `before[i]` working minutes before minute i."""

    first_at: int
    before: Ints

    def worked(self, at: Ints) -> Ints:
        """Working ms before each instant."""
        minute, rest = np.divmod(at - self.first_at, MINUTE_MS)
        return self.before[minute] * MINUTE_MS + np.where(self.on(at), rest, 0)

    def on(self, at: Ints) -> Bools:
        """Whether each instant lies in working time."""
        minute = (at - self.first_at) // MINUTE_MS
        return np.asarray(self.before[minute + 1] > self.before[minute])


def _clock(person: Person, is_workday: DayMask, first_day: int, days: int) -> _Clock:
    minutes = np.zeros(24 * 60, dtype=np.int64)
    for opens, closes in person.shift.spans:
        minutes[opens:closes] = 1
    works = presence(person, is_workday)(np.arange(first_day, first_day + days, dtype=np.int64)).astype(np.int64)
    steps = np.outer(works, minutes).ravel()
    for start, until in person.away:
        low, high = ((at - first_day * DAY_MS) // MINUTE_MS for at in (start, until))
        steps[max(low, 0) : max(high, 0)] = 0
    return _Clock(first_day * DAY_MS, np.concatenate([[0], steps.cumsum(), [steps.sum()]]))


def check_completions(
    tasks: Tasks, completions: Completions, people: Sequence[Person], is_workday: DayMask, *, drained: bool = False
) -> None:
    """Raise StaffRuleBroken if `completions` of one pool of `people` cannot come from a right desk that was given `tasks`.

    Checked for each row: the task was given, and is finished once; work begins at or after its arrival, in the working time
    of a person present on that day, who is not excluded and has the skills; takes exactly its working time; nobody does two
    tasks at once; waiting, urging and deputies are reported as they are; nobody overtakes a task that comes first and that
    they may take. `drained` says that the desk got to the end of all its tasks: then also nobody idles on shift while a
    task waits that they may take."""
    if not len(completions):
        return
    order = tasks.task.argsort()
    given = tasks.take(order)
    rows = given.task.searchsorted(completions.task).clip(max=max(len(given) - 1, 0))
    _refuse(given.task[rows] != completions.task, completions, "was never given to this desk")
    _check_finished_once(completions)
    done = given.take(rows)
    _refuse(completions.started_at < done.at, completions, "begins before it arrives")
    _refuse(completions.waited_ms != completions.started_at - done.at, completions, "reports another wait than it had")
    _refuse(completions.urged != (completions.started_at >= done.limit_at), completions, "is urged wrongly")
    _refuse(completions.person == done.excluded, completions, "is done by the person excluded (dual-person rule)")
    first = int(done.at.min()) // DAY_MS - 1
    days = int(completions.finished_at.max()) // DAY_MS + 2 - first
    clocks = _check_people(done, completions, people, is_workday, (first, days))
    _check_order(done, completions, people)
    if drained:
        _check_idling(done, completions, people, clocks)


def _refuse(broken: Bools, completions: Completions, what: str) -> None:
    if broken.any():
        row = int(np.argmax(broken))
        raise StaffRuleBroken(
            f"task {completions.task[row]} of person {completions.person[row]}, begun {text_of(completions.started_at[row])}, "
            f"finished {text_of(completions.finished_at[row])}: {what} ({int(broken.sum())} such)"
        )


def _check_finished_once(completions: Completions) -> None:
    order = completions.task.argsort(kind="stable")
    ids = completions.task[order]
    again = np.zeros(len(ids), dtype=np.bool_)
    again[order[1:]] = ids[1:] == ids[:-1]
    _refuse(again, completions, "is finished twice")


def _of(completions: Completions, person: Person) -> Bools:
    mine = (completions.person == person.person) & (completions.on_behalf_of == person.on_behalf_of)
    return np.asarray(mine)


def _check_people(
    done: Tasks, completions: Completions, people: Sequence[Person], is_workday: DayMask, span: tuple[int, int]
) -> list[_Clock]:
    known = np.zeros(len(completions), dtype=np.bool_)
    regulars = [person for person in people if not person.is_deputy]
    clocks = []
    for person in people:
        clock = _clock(person, is_workday, *span)
        clocks.append(clock)
        rows = true_rows(_of(completions, person))
        known[rows] = True
        mine, work = completions.take(rows), done.take(rows)
        _refuse(~clock.on(mine.started_at), mine, "begins off shift, on a holiday or on leave")
        _refuse(~clock.on(mine.finished_at - 1), mine, "ends off shift, on a holiday or on leave")
        need = -(-work.service_ms * NORMAL_SPEED_PPM // person.speed_ppm)
        took = clock.worked(mine.finished_at) - clock.worked(mine.started_at)
        _refuse(took != need, mine, "takes another working time than it needs")
        _refuse((work.needs & ~person.skills) != 0, mine, "needs a skill that the person lacks")
        by_start = mine.take(mine.started_at.argsort())
        overlap = np.concatenate([[False], by_start.started_at[1:] < by_start.finished_at[:-1]])
        _refuse(overlap, by_start, "begins while the person is at another task")
        if person.is_deputy:
            _check_deputy(person, mine, regulars, is_workday)
    _refuse(~known, completions, "is done by somebody who does not work at this desk")
    return clocks


def _check_deputy(deputy: Person, mine: Completions, regulars: Sequence[Person], is_workday: DayMask) -> None:
    days = mine.started_at // DAY_MS
    on_duty = np.zeros(len(mine), dtype=np.bool_)
    for first, last in deputy.duty:
        on_duty |= (days >= first) & (days <= last)
    _refuse(~on_duty, mine, "is begun by a deputy out of the days of the duty")
    for regular in regulars:
        _refuse(
            presence(regular, is_workday)(days), mine, f"is begun by a deputy while person {regular.person} is present"
        )


def _check_order(done: Tasks, completions: Completions, people: Sequence[Person]) -> None:
    """Nobody begins a task while another waits that comes first at that instant and that they may take."""
    skills = {(person.person, person.on_behalf_of): person.skills for person in people}
    for row in range(len(completions)):
        now = completions.started_at[row]
        queued = (done.at <= now) & (completions.started_at > now)
        if not queued.any():
            continue
        who = (int(completions.person[row]), int(completions.on_behalf_of[row]))
        allowed = queued & (done.excluded != who[0]) & ((done.needs & ~skills[who]) == 0)
        rank = np.maximum(done.priority - (done.limit_at <= now), 0)
        mine = (rank[row], done.at[row], done.task[row])
        first = (rank < mine[0]) | (rank == mine[0]) & (
            (done.at < mine[1]) | (done.at == mine[1]) & (done.task < mine[2])
        )
        _refuse(allowed & first, completions, f"is overtaken at {text_of(now)} by task {mine[2]}")


class _Diary:
    """How much of a person's working time was spent on tasks before an instant."""

    def __init__(self, mine: Completions, clock: _Clock) -> None:
        mine = mine.take(mine.started_at.argsort())
        self._clock = clock
        self._started_at = mine.started_at
        self._from, self._to = clock.worked(mine.started_at), clock.worked(mine.finished_at)
        self._before = np.concatenate([[0], (self._to - self._from).cumsum()])

    def idle(self, start: Ints, until: Ints) -> Ints:
        """Working ms without a task in each [start, until)."""
        worked = self._clock.worked(until) - self._clock.worked(start)
        return np.asarray(worked - self._busy(until) + self._busy(start))

    def _busy(self, at: Ints) -> Ints:
        if not len(self._from):
            return np.zeros(len(at), dtype=np.int64)
        begun = self._started_at.searchsorted(at, side="right")
        last = np.maximum(begun - 1, 0)
        part = np.minimum(self._clock.worked(at), self._to[last]) - self._from[last]
        return np.where(begun > 0, self._before[last] + part, 0)


def _check_idling(done: Tasks, completions: Completions, people: Sequence[Person], clocks: list[_Clock]) -> None:
    """From its arrival to its beginning, each regular person who may take a task works all their time on others."""
    for person, clock in zip(people, clocks, strict=True):
        if person.is_deputy:
            continue
        diary = _Diary(completions.take(_of(completions, person)), clock)
        allowed = (done.excluded != person.person) & ((done.needs & ~person.skills) == 0)
        idle = diary.idle(done.at, completions.started_at)
        _refuse(allowed & (idle > 0), completions, f"waits while person {person.person} idles on shift")
