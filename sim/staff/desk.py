"""One window of one desk in SimPy. This is the hard module, so here is how it works.
The arrivals are a SimPy process. A person is two steps that follow each other: ask the desk for work, be called back by an
event when the work handed out is done, ask again. That is a process without a generator; half of all events are theirs.
Between them stands the desk, a priority store. It is not ``simpy.PriorityStore`` because three
rules of a bank do not fit one: a task may be barred to the person who asks (双人审批, missing skill), its priority rises when
its limit passes while it waits (自动催办), and what happens within one millisecond must not depend on the order in which
events were scheduled, since that order changes with the cut into windows. So every instant has three phases, held apart by
event priority:

1. people finish and ask (SimPy's NORMAL),
2. all tasks of the instant arrive and the desk hands out work (ARRIVAL),
3. the desk hands out work to those who asked or came on shift in phase 1 (ROUND).
Handing out takes waiting tasks in the order (priority, at, task id); each goes to the first person able and allowed to
begin it, longest idle first, then by id. Tasks with the same bars form a lane, a heap, so a lane nobody may serve now costs
nothing per task; and the lanes form a heap by their first tasks, since a large desk has a lane for each colleague whose work its
people check. Urging needs no events: priorities matter only while handing out, so limits that have passed are applied
then, by a second entry with the raised priority; entries of tasks already begun are skipped when they surface.
The only time the desk reads is ``env.now``. It sees a task only after the arrivals process has waited for it; the
list of those still to come is out of its reach. A queue may never see the future."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Generator, Iterator
from heapq import heapify, heappop, heappush
from operator import attrgetter

from simpy.core import Environment
from simpy.events import NORMAL, Event, EventPriority

from credit.times import NEVER
from sim.staff.hours import WorkingHours
from sim.staff.people import NORMAL_SPEED_PPM, Person

Entry = tuple[int, int, int, int, int, int, int]
"""A waiting task: (priority, at, task, service_ms, limit_at, excluded, needs)."""

Begun = tuple[int, int, int, int, int, int, int, int]
"""A task begun: (task, at, limit_at, person, on_behalf_of, started_at, finished_at, work_ms)."""

_Queued = tuple[int, int, int, Entry]
"""A heap entry: (priority now, at, task, the task itself)."""

_ARRIVAL = EventPriority(2)
_ROUND = EventPriority(3)
_by_rank = attrgetter("rank")


class Moment(Event):
    """A timeout in a phase of its instant; `value` is for its callbacks."""

    def __init__(
        self,
        env: Environment,
        delay: int,
        phase: EventPriority,
        *callbacks: Callable[[Event], None],
        value: object = None,
    ) -> None:
        self.env = env
        self.callbacks = list(callbacks)
        self._value = value
        self._ok = True
        env.schedule(self, phase, delay)


class Seat:
    """A person at the desk: what stays between windows is `free_since` and `begun`."""

    __slots__ = ("begins", "begun", "closes", "hours", "opens", "person", "rank", "who")

    def __init__(self, person: Person, hours: WorkingHours, begins: WorkingHours) -> None:
        self.person = person
        self.hours = hours
        self.begins = begins
        self.who = (person.person, person.on_behalf_of)
        self.begun: Begun | None = None
        self.sit_down(0)

    def sit_down(self, since: int) -> None:
        """Idle since an instant; the hours are looked up anew, since time may have been set back by an import."""
        self.opens = self.closes = 0
        self.free(since)

    def free(self, since: int) -> None:
        """Idle since an instant; `rank` orders the idle: longest idle first."""
        self.begun = None
        self.rank = (since, *self.who)

    def may_begin(self, now: int) -> bool:
        """True on shift; otherwise `opens` tells when the next shift begins."""
        if now >= self.closes:
            self.opens, self.closes = self.begins.opening(now)
        return self.opens <= now

    def begin(self, entry: Entry, now: int) -> Begun:
        """Take up a task on shift; its end follows from speed and working hours."""
        _, at, task, service_ms, limit_at, _, _ = entry
        person = self.person
        speed = person.speed_ppm
        work = service_ms if speed == NORMAL_SPEED_PPM else -(-service_ms * NORMAL_SPEED_PPM // speed)
        end = now + work
        if end > self.closes:
            end = self.hours.finish(now, work)
        self.begun = (task, at, limit_at, person.person, person.on_behalf_of, now, end, work)
        return self.begun


class _Lane:
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
        if self.open:
            return True
        person = seat.person
        return person.person != self.excluded and not self.needs & ~person.skills

    def first_of(self, seats: list[Seat]) -> Seat | None:
        return next((seat for seat in seats if self.admits(seat)), None) if seats else None


class DeskWindow:
    """The desk and its people from the present of `env` to `until`. `waiting` is the pool's own table of waiting tasks by id
    and is kept up to date; `arrivals` are in order of their time. While `env` runs, the tasks begun are noted in `begun`, in
    order of their beginning. When it has run until `until`, no event of the desk is left: what ends later is scheduled by
    the window that it ends in, and no reference cycle waits for the garbage collector."""

    def __init__(
        self, env: Environment, seats: list[Seat], waiting: dict[int, Entry], arrivals: list[Entry], until: int
    ) -> None:
        start = int(env.now)
        self.env = env
        self.begun: list[Begun] = []
        self._until = until
        self._waiting = waiting
        self._people = {seat.person.person for seat in seats}
        self._lanes: dict[tuple[int, int], _Lane] = {}
        self._firsts: list[tuple[_Queued, int, _Lane]] = []
        self._idle = sorted((seat for seat in seats if seat.begun is None), key=_by_rank)
        self._quiet_until = 0
        self._wake_at = start - 1
        self._round_at = start - 1
        self._limits = sorted(
            ((e[4], e[2]) for e in (*waiting.values(), *arrivals) if e[0] and max(e[1], start) < e[4] < until),
            reverse=True,
        )
        self._load(start)
        if self._idle and waiting:
            self._call_round()
        for seat in seats:
            if seat.begun is not None:
                self._work(seat, seat.begun, start)
        if arrivals:
            env.process(self._arrive(arrivals))

    # ---- people and arrivals

    def _work(self, seat: Seat, begun: Begun, now: int) -> None:
        """Be called back when the work is done, if that is within the window."""
        if begun[6] < self._until:
            Moment(self.env, begun[6] - now, NORMAL, self._done, value=seat)

    def _done(self, finish: Event) -> None:
        seat = finish.value
        assert isinstance(seat, Seat)
        seat.free(int(self.env.now))
        self._ask(seat)

    def _arrive(self, arrivals: list[Entry]) -> Generator[Event, None, None]:
        env, count, row = self.env, len(arrivals), 0
        while row < count:
            at = arrivals[row][1]
            yield Moment(env, at - int(env.now), _ARRIVAL)
            while row < count and arrivals[row][1] == at:
                self._admit(arrivals[row], at)
                row += 1
            self._hand_out()

    # ---- the store

    def _ask(self, seat: Seat) -> None:
        """A person asks for work."""
        insort(self._idle, seat, key=_by_rank)
        self._quiet_until = 0
        if self._waiting:
            self._call_round()

    def _load(self, start: int) -> None:
        """Queue what waits from before the window."""
        for entry in self._waiting.values():
            self._lane_of(entry).heap.append(_queued(entry, start))
        for lane in self._lanes.values():
            heapify(lane.heap)
            self._list(lane)

    def _admit(self, entry: Entry, now: int) -> None:
        self._waiting[entry[2]] = entry
        self._queue(entry, now)

    def _queue(self, entry: Entry, now: int) -> None:
        lane, queued = self._lane_of(entry), _queued(entry, now)
        heappush(lane.heap, queued)
        if lane.listed is None or queued < lane.listed:
            self._list(lane)

    def _list(self, lane: _Lane) -> None:
        """Have the heap of lanes know a lane by its first task; as what it was known by before counts no more."""
        lane.listed = lane.heap[0] if lane.heap else None
        if lane.listed is not None:
            heappush(self._firsts, (lane.listed, lane.number, lane))

    def _lane_of(self, entry: Entry) -> _Lane:
        key = (entry[5] if entry[5] in self._people else 0, entry[6])
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = _Lane(len(self._lanes), *key)
        return lane

    def _urge(self, now: int) -> None:
        """Queue again, one class higher, the waiting tasks whose limit has passed (APR-10)."""
        while self._limits and self._limits[-1][0] <= now:
            entry = self._waiting.get(self._limits.pop()[1])
            if entry is not None:
                self._queue(entry, now)

    def _hand_out(self) -> None:
        """Give waiting tasks to people who are idle and on shift, until one side runs out."""
        now = int(self.env.now)
        if now < self._quiet_until or not self._idle or not self._waiting:
            return
        self._urge(now)
        if not self._match(now):
            self._quiet_until = min(seat.opens for seat in self._idle)
        if self._waiting:
            self._call_wake(now)

    def _match(self, now: int) -> bool:
        """Hand out work; False if nobody idle is on shift. Idle people are looked at one by one and only as far as needed:
        mostly one task has come and the first of them takes it. If tasks are left, everybody has been looked at."""
        unseen, barred = iter(self._idle.copy()), list[Seat]()
        found, shut = False, list[_Lane]()
        while (lane := self._first_lane()) is not None:
            seat = lane.first_of(barred)
            if seat is not None:
                barred.remove(seat)
            else:
                seat = self._next_on_shift(lane, unseen, barred, now)
            if seat is not None:
                found = True
                self._start(seat, heappop(lane.heap)[3], now)
                self._list(lane)
                continue
            shut.append(lane)
            if not barred:
                break
        for lane in shut:
            self._list(lane)
        return found or bool(barred)

    def _first_lane(self) -> _Lane | None:
        """Takes the lane whose first task is the first of all out of the heap of lanes; None where no task is left in it."""
        while self._firsts:
            listed, _, lane = heappop(self._firsts)
            if listed is lane.listed:
                lane.listed = None
                if self._head(lane) is listed:
                    return lane
                self._list(lane)
        return None

    def _next_on_shift(self, lane: _Lane, unseen: Iterator[Seat], barred: list[Seat], now: int) -> Seat | None:
        """The next one on shift who may take a task of the lane; those who may not are noted in `barred`."""
        for seat in unseen:
            if seat.may_begin(now):
                if lane.admits(seat):
                    return seat
                barred.append(seat)
        return None

    def _start(self, seat: Seat, entry: Entry, now: int) -> None:
        del self._waiting[entry[2]]
        self._idle.remove(seat)
        begun = seat.begin(entry, now)
        self.begun.append(begun)
        self._work(seat, begun, now)

    def _head(self, lane: _Lane) -> _Queued | None:
        """The first task of a lane that still waits; entries of tasks already begun are dropped."""
        heap, waiting = lane.heap, self._waiting
        while heap and heap[0][2] not in waiting:
            heappop(heap)
        return heap[0] if heap else None

    # ---- when to hand out next

    def _call_round(self) -> None:
        """Hand out at the end of this instant, once however many ask."""
        now = int(self.env.now)
        if self._round_at != now:
            self._round_at = now
            self._later(0)

    def _call_wake(self, now: int) -> None:
        """Hand out when the next idle person comes on shift."""
        opens = min((seat.opens for seat in self._idle if seat.opens > now), default=NEVER)
        if opens < self._until and not now < self._wake_at <= opens:
            self._wake_at = opens
            self._later(opens - now)

    def _later(self, delay: int) -> None:
        Moment(self.env, delay, _ROUND, lambda _: self._hand_out())


def _queued(entry: Entry, now: int) -> _Queued:
    priority = entry[0]
    return (priority - 1 if priority and entry[4] <= now else priority, entry[1], entry[2], entry)
