"""The queue of a desk, kept from window to window, against one that is sorted anew whenever it is asked."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from credit.approval.contract import Desk
from credit.times import NEVER
from sim.staff import Person
from sim.staff.hours import OFFICE, WorkingHours, covered_days
from sim.staff.queue import TaskQueue
from sim.staff.seat import Entry, Seat

HOURS = WorkingHours(OFFICE, covered_days([(0, 10)]), 0)
PEOPLE = [Person(1, 2, Desk.RE_REVIEWER), Person(2, 2, Desk.RE_REVIEWER, skills=1)]
SEATS = [Seat(person, HOURS, HOURS) for person in PEOPLE]
STRANGER = 9
"""Barred from a task, but not of this desk."""


@dataclass
class Sorted:
    """What the queue says of itself, in the plainest words."""

    waiting: list[Entry] = field(default_factory=list)
    seen_until: int = -1

    def admit(self, entry: Entry) -> None:
        self.waiting.append(entry)

    def urge(self, now: int) -> None:
        self.seen_until = max(self.seen_until, now)

    def next_limit(self) -> int:
        return min((entry[4] for entry in self.waiting if entry[4] > self.seen_until), default=NEVER)

    def first_for(self, seat: Seat, now: int) -> Entry | None:
        def order(entry: Entry) -> tuple[int, int, int]:
            priority, at, task, _, limit, _, _ = entry
            return (priority - 1 if priority and limit <= now else priority), at, task

        allowed = [
            entry for entry in self.waiting if entry[5] != seat.person.person and not entry[6] & ~seat.person.skills
        ]
        return min(allowed, key=order, default=None)


def first_for(queue: TaskQueue, seat: Seat) -> Entry | None:
    """Take the first task that a person may begin, as a desk does."""
    shut, found = [], None
    while (lane := queue.take_lane()) is not None:
        if lane.admits(seat):
            found = queue.begin(lane)
            break
        shut.append(lane)
    for lane in shut:
        queue.put_back(lane)
    return found


Arrival = st.tuples(
    st.integers(0, 2), st.integers(0, 6) | st.just(NEVER), st.sampled_from([0, 1, 2, STRANGER]), st.integers(0, 1)
)
Step = st.lists(Arrival, max_size=4), st.lists(st.integers(0, 1), max_size=3), st.booleans()


def test_a_queue_kept_is_a_queue_sorted_anew() -> None:
    @given(st.lists(st.tuples(*Step), min_size=1, max_size=25))
    def of(steps: list[tuple[list[tuple[int, int, int, int]], list[int], bool]]) -> None:
        queue, plain = TaskQueue(seat.person.person for seat in SEATS), Sorted()
        freed: list[int] = []
        for now, (arrivals, asking, again) in enumerate(steps):
            for place, (priority, limit, excluded, needs) in enumerate(arrivals):
                task = freed.pop() if again and freed else 10 * now + place
                entry = (priority, now, task, 60, limit if limit == NEVER else now + limit - 1, excluded, needs)
                queue.admit(entry)
                plain.admit(entry)
            queue.urge(now)
            plain.urge(now)
            for who in asking:
                wanted = plain.first_for(SEATS[who], now)
                assert first_for(queue, SEATS[who]) == wanted
                if wanted is not None:
                    plain.waiting.remove(wanted)
                    freed.append(wanted[2])
            assert queue.next_limit() == plain.next_limit()
            assert queue.waiting == {entry[2]: entry for entry in plain.waiting}

    of()


def test_a_queue_loaded_is_the_one_that_was_left() -> None:
    @given(st.lists(st.tuples(Arrival, st.integers(0, 4)), max_size=12), st.integers(5, 9))
    def of(tasks: list[tuple[tuple[int, int, int, int], int]], now: int) -> None:
        plain = Sorted()
        for task, ((priority, limit, excluded, needs), at) in enumerate(tasks):
            plain.admit((priority, at, task, 60, NEVER if limit == NEVER else at + limit, excluded, needs))
        plain.urge(now - 1)
        queue = TaskQueue(seat.person.person for seat in SEATS)
        queue.load(plain.waiting, now)
        assert queue.next_limit() == plain.next_limit()
        plain.urge(now)
        queue.urge(now)
        for _ in range(len(tasks) + 1):
            for seat in SEATS:
                wanted = plain.first_for(seat, now)
                assert first_for(queue, seat) == wanted
                if wanted is not None:
                    plain.waiting.remove(wanted)

    of()


def test_what_is_left_of_tasks_begun_is_swept_out() -> None:
    """A desk that begins each task by its raised priority never sees the entry it came with: they must not pile up."""
    queue, most = TaskQueue([1, 2]), 0
    queue.admit((2, 0, 0, 60, 10**9, 0, 0))
    for now in range(1, 3_000):
        queue.admit((2, now, now, 60, now + 1, 0, 0))
        queue.urge(now + 1)
        begun = first_for(queue, SEATS[0])
        assert begun is not None
        assert begun[2] == now
        most = max(most, queue.size)
    assert most < 300
    assert list(queue.waiting) == [0]
