"""The tasks that wait at one desk, in the order in which they are handed out: (priority, at, task id). It stays from
window to window, so a window costs what it carries, however many wait; a snapshot keeps which tasks wait, the order follows.
It is not ``simpy.PriorityStore`` because two rules of a bank do not fit one: a task may be barred to the person who asks
(双人审批, missing skill), and its priority rises when its limit passes while it waits (自动催办).

Tasks with the same bars form a lane, a heap, so a lane nobody may serve now costs nothing per task; and the lanes form a heap
by their first tasks, since a large desk has a lane for each colleague whose work its people check. Urging needs no events:
priorities matter only while handing out, so limits that have passed are applied then, by a second entry with the raised
priority. Entries of tasks that wait no more are dropped when they surface, and all at once when they are many."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heapify, heappop, heappush

from credit.times import NEVER
from sim.staff.seat import Entry, Seat

_Queued = tuple[int, int, int, Entry]
"""A heap entry: (priority now, at, task, the task itself)."""

_Limit = tuple[int, int, Entry]
"""A limit to come: (when, task, the task itself)."""

_IDLE_ENTRIES = 256
"""So many entries may be kept beyond two for each waiting task."""


class Lane:
    """Waiting tasks with the same bars; `listed`: the task by which the heap of lanes has it, its first or one that was."""

    __slots__ = ("excluded", "heap", "listed", "needs", "number", "open")

    def __init__(self, number: int, excluded: int, needs: int) -> None:
        self.number = number
        self.excluded = excluded
        self.needs = needs
        self.open = not excluded and not needs
        self.heap: list[_Queued] = []
        self.listed: _Queued | None = None

    def admits(self, seat: Seat) -> bool:
        """Whether its tasks are for this person."""
        if self.open:
            return True
        person = seat.person
        return person.person != self.excluded and not self.needs & ~person.skills


class TaskQueue:
    """Tasks that wait, by id in `waiting`; who `people` are tells which bars matter."""

    def __init__(self, people: Iterable[int]) -> None:
        self.waiting: dict[int, Entry] = {}
        self._people = frozenset(people)
        self._clear()

    def _clear(self) -> None:
        self._lanes: dict[tuple[int, int], Lane] = {}
        self._firsts: list[tuple[_Queued, int, Lane]] = []
        self._limits: list[_Limit] = []
        self._entries = 0

    def load(self, entries: Iterable[Entry], now: int) -> None:
        """Forget what waited; these tasks wait, the limits before `now` have passed."""
        self.waiting = {entry[2]: entry for entry in entries}
        self._order(now)

    def _order(self, now: int) -> None:
        """Make lanes and limits anew from what waits."""
        self._clear()
        self._entries = len(self.waiting)
        for entry in self.waiting.values():
            self._lane_of(entry).heap.append(_queued(entry, now - 1))
            if now <= entry[4] < NEVER:
                self._limits.append((entry[4], entry[2], entry))
        for lane in self._lanes.values():
            heapify(lane.heap)
            self.put_back(lane)
        heapify(self._limits)

    @property
    def size(self) -> int:
        """The longest of its lists: entries of tasks that wait no more are among them."""
        return max(self._entries, len(self._firsts), len(self._limits))

    def admit(self, entry: Entry) -> None:
        """A task comes at its time; one whose limit has passed by then has its higher class at once."""
        limit = entry[4]
        self.waiting[entry[2]] = entry
        self._queue(entry, entry[1])
        if entry[1] < limit < NEVER:
            heappush(self._limits, (limit, entry[2], entry))

    def urge(self, now: int) -> None:
        """Queue again, one class higher, the waiting tasks whose limit has passed (APR-10)."""
        limits = self._limits
        while limits and limits[0][0] <= now:
            _, task, entry = heappop(limits)
            if self.waiting.get(task) is entry:
                self._queue(entry, now)
        if self.size > 2 * len(self.waiting) + _IDLE_ENTRIES:
            self._order(now + 1)

    def next_limit(self) -> int:
        """When the limit of a waiting task next passes; NEVER if none does."""
        limits = self._limits
        while limits and self.waiting.get(limits[0][1]) is not limits[0][2]:
            heappop(limits)
        return limits[0][0] if limits else NEVER

    # ---- the order

    def take_lane(self) -> Lane | None:
        """Takes the lane whose first task is the first of all out of the heap of lanes; None where no task is left in it."""
        while self._firsts:
            listed, _, lane = heappop(self._firsts)
            if listed is lane.listed:
                lane.listed = None
                if self._head(lane) is listed:
                    return lane
                self.put_back(lane)
        return None

    def put_back(self, lane: Lane) -> None:
        """Have the heap of lanes know a lane by its first task; as what it was known by before counts no more."""
        lane.listed = lane.heap[0] if lane.heap else None
        if lane.listed is not None:
            heappush(self._firsts, (lane.listed, lane.number, lane))

    def begin(self, lane: Lane) -> Entry:
        """The first task of a lane that was taken out waits no more."""
        entry = heappop(lane.heap)[3]
        self._entries -= 1
        del self.waiting[entry[2]]
        self.put_back(lane)
        return entry

    def _queue(self, entry: Entry, now: int) -> None:
        lane, queued = self._lane_of(entry), _queued(entry, now)
        heappush(lane.heap, queued)
        self._entries += 1
        if lane.listed is None or queued < lane.listed:
            self.put_back(lane)

    def _lane_of(self, entry: Entry) -> Lane:
        key = (entry[5] if entry[5] in self._people else 0, entry[6])
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = Lane(len(self._lanes), *key)
        return lane

    def _head(self, lane: Lane) -> _Queued | None:
        """The first task of a lane that still waits; entries of tasks that do not are dropped."""
        heap, waiting = lane.heap, self.waiting
        while heap and waiting.get(heap[0][2]) is not heap[0][3]:
            heappop(heap)
            self._entries -= 1
        return heap[0] if heap else None


def _queued(entry: Entry, now: int) -> _Queued:
    priority = entry[0]
    return (priority - 1 if priority and entry[4] <= now else priority, entry[1], entry[2], entry)
