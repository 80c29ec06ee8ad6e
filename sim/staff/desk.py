"""One window of one desk in SimPy. This is the hard module, so here is how it works.

Each person is a SimPy process: ask the desk for work, be called back when the work handed out is done, ask again. The
arrivals are one more process. Between them stands the desk, a priority store. It is not ``simpy.PriorityStore`` because three
rules of a bank do not fit one: a task may be barred to the person who asks (双人审批, missing skill), its priority rises when
its limit passes while it waits (自动催办), and what happens within one millisecond must not depend on the order in which
events were scheduled, since that order changes with the cut into windows. So every instant has three phases, held apart by
event priority:

1. people finish and ask (SimPy's NORMAL),
2. all tasks of the instant arrive and the desk hands out work (ARRIVAL),
3. the desk hands out work to those who asked or came on shift in phase 1 (ROUND).

Handing out takes waiting tasks in the order (priority, at, task id); each goes to the first person able and allowed to
begin it, longest idle first, then by id. Tasks with the same bars form a lane, a heap, so a lane nobody may serve now costs
nothing per task. Urging needs no events: priorities matter only while handing out, so limits that have passed are applied
then, by a second entry with the raised priority; entries of tasks already begun are skipped when they surface.

Rule: the only time the desk reads is ``env.now``. It sees a task only after the arrivals process has waited for it; the
list of those still to come is out of its reach. A queue may never see the future."""

from __future__ import annotations

from bisect import insort
from collections.abc import Generator
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
    """A timeout of a later phase than NORMAL within its instant."""

    def __init__(self, env: Environment, delay: int, phase: EventPriority) -> None:
        self.env = env
        self.callbacks = []
        self._value = None
        self._ok = True
        env.schedule(self, phase, delay)


class Call(Event):
    """A person's request for work, answered after the work: one event instead of a hand-over and a timeout."""

    def answer(self, delay: int) -> None:
        """The work handed over will be done after `delay` ms."""
        self._value = None
        self._ok = True
        self.env.schedule(self, NORMAL, delay)


class Seat:
    """A person at the desk: what stays between windows is `free_since` and `begun`."""

    __slots__ = ("begins", "begun", "call", "closes", "hours", "opens", "person", "rank")

    def __init__(self, person: Person, hours: WorkingHours, begins: WorkingHours) -> None:
        self.person = person
        self.hours = hours
        self.begins = begins
        self.begun: Begun | None = None
        self.call: Call | None = None
        self.free(0)
        self.forget_hours()

    def free(self, since: int) -> None:
        """Idle since an instant; `rank` orders the idle: longest idle first."""
        self.begun = None
        self.rank = (since, self.person.person, self.person.on_behalf_of)

    def forget_hours(self) -> None:
        """Look the hours up anew: time may have been set back by an import."""
        self.opens = self.closes = 0

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
    """Waiting tasks with the same bars."""

    __slots__ = ("excluded", "heap", "needs", "open")

    def __init__(self, excluded: int, needs: int) -> None:
        self.excluded = excluded
        self.needs = needs
        self.open = not excluded and not needs
        self.heap: list[_Queued] = []

    def admits(self, seat: Seat) -> bool:
        person = seat.person
        return person.person != self.excluded and not self.needs & ~person.skills


class DeskWindow:
    """The desk and its people from the present of `env` to `until`, as processes of `env`. `waiting` is the pool's own table
    of waiting tasks by id and is kept up to date; `arrivals` are in order of their time. While `env` runs, the tasks begun
    are noted in `begun`, in order of their beginning; then the window has to be closed."""

    def __init__(
        self, env: Environment, seats: list[Seat], waiting: dict[int, Entry], arrivals: list[Entry], until: int
    ) -> None:
        start = int(env.now)
        self.env = env
        self.begun: list[Begun] = []
        self._seats = seats
        self._until = until
        self._waiting = waiting
        self._people = {seat.person.person for seat in seats}
        self._lanes: dict[tuple[int, int], _Lane] = {}
        self._idle: list[Seat] = []
        self._quiet_until = 0
        self._wake_at = start - 1
        self._round_at = start - 1
        self._limits = sorted(
            ((e[4], e[2]) for e in (*waiting.values(), *arrivals) if e[0] and max(e[1], start) < e[4] < until),
            reverse=True,
        )
        self._load(start)
        for seat in seats:
            env.process(self._work(seat))
        if arrivals:
            env.process(self._arrive(arrivals))

    def close(self) -> None:
        """Send the processes away. Without it each window would leave its reference cycles to the garbage collector, which
        costs more time than the window itself."""
        for seat in self._seats:
            if seat.call is not None and seat.call.callbacks is not None:
                seat.call.callbacks.clear()
            seat.call = None

    # ---- processes

    def _work(self, seat: Seat) -> Generator[Event, None, None]:
        while True:
            seat.call = Call(self.env)
            if seat.begun is None:
                self._ask(seat)
            else:
                seat.call.answer(seat.begun[6] - int(self.env.now))
            yield seat.call
            if seat.begun is not None:
                seat.free(seat.begun[6])

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
        """A person asks for work; their call is answered when the task that the desk then hands them is done."""
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

    def _admit(self, entry: Entry, now: int) -> None:
        self._waiting[entry[2]] = entry
        heappush(self._lane_of(entry).heap, _queued(entry, now))

    def _lane_of(self, entry: Entry) -> _Lane:
        key = (entry[5] if entry[5] in self._people else 0, entry[6])
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = _Lane(*key)
        return lane

    def _urge(self, now: int) -> None:
        """Queue again, one class higher, the waiting tasks whose limit has passed (APR-10)."""
        while self._limits and self._limits[-1][0] <= now:
            entry = self._waiting.get(self._limits.pop()[1])
            if entry is not None:
                heappush(self._lane_of(entry).heap, _queued(entry, now))

    def _hand_out(self) -> None:
        """Give waiting tasks to people who are idle and on shift, until one side runs out."""
        now = int(self.env.now)
        if now < self._quiet_until or not self._idle or not self._waiting:
            return
        ready = [seat for seat in self._idle if seat.may_begin(now)]
        if ready:
            self._urge(now)
            self._match(ready, now)
        else:
            self._quiet_until = min(seat.opens for seat in self._idle)
        if self._waiting:
            self._call_wake(now)

    def _match(self, ready: list[Seat], now: int) -> None:
        lanes = [lane for lane in self._lanes.values() if self._head(lane)]
        while lanes and ready:
            lane = lanes[0] if len(lanes) == 1 else min(lanes, key=_first_of_lane)
            seat = ready[0] if lane.open else next((seat for seat in ready if lane.admits(seat)), None)
            if seat is None:
                lanes.remove(lane)
                continue
            ready.remove(seat)
            self._start(seat, heappop(lane.heap)[3], now)
            if not self._head(lane):
                lanes.remove(lane)

    def _start(self, seat: Seat, entry: Entry, now: int) -> None:
        del self._waiting[entry[2]]
        self._idle.remove(seat)
        begun = seat.begin(entry, now)
        self.begun.append(begun)
        if seat.call is not None:
            seat.call.answer(begun[6] - now)

    def _head(self, lane: _Lane) -> bool:
        """Drop entries of tasks already begun; True if a waiting task is left."""
        heap, waiting = lane.heap, self._waiting
        while heap and heap[0][2] not in waiting:
            heappop(heap)
        return bool(heap)

    # ---- when to hand out next

    def _call_round(self) -> None:
        """Hand out at the end of this instant, once however many ask."""
        if self._round_at != self.env.now:
            self._round_at = int(self.env.now)
            self._later(0)

    def _call_wake(self, now: int) -> None:
        """Hand out when the next idle person comes on shift."""
        opens = min((seat.opens for seat in self._idle if seat.opens > now), default=NEVER)
        if opens < self._until and not now < self._wake_at <= opens:
            self._wake_at = opens
            self._later(opens - now)

    def _later(self, delay: int) -> None:
        moment = Moment(self.env, delay, _ROUND)
        moment.callbacks.append(lambda _: self._hand_out())


def _queued(entry: Entry, now: int) -> _Queued:
    priority = entry[0]
    return (priority - 1 if priority and entry[4] <= now else priority, entry[1], entry[2], entry)


def _first_of_lane(lane: _Lane) -> _Queued:
    return lane.heap[0]
