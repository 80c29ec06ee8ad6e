"""One window of one desk in SimPy. This is the hard module, so here is how it works.
The arrivals are a SimPy process. A person is two steps that follow each other: ask the desk for work, be called back by an
event when the work handed out is done, ask again. That is a process without a generator; half of all events are theirs.
Between them stands the queue of tasks. What happens within one millisecond must not depend on the order in which events were
scheduled, since that order changes with the cut into windows. So every instant has three phases, held apart by event priority:

1. people finish and ask (SimPy's NORMAL),
2. all tasks of the instant arrive and the desk hands out work (ARRIVAL),
3. the desk hands out work to those who asked or came on shift in phase 1 (ROUND).
Handing out takes waiting tasks in the queue's order; each goes to the first person able and allowed to begin it, longest
idle first, then by id.
The only time the desk reads is ``env.now``. It sees a task only after the arrivals process has waited for it; the
list of those still to come is out of its reach. A queue may never see the future."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Generator, Iterator
from operator import attrgetter

from simpy.core import Environment
from simpy.events import NORMAL, Event, EventPriority

from credit.times import NEVER
from sim.staff.queue import Lane, TaskQueue
from sim.staff.seat import Begun, Entry, Seat

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


class DeskWindow:
    """The desk and its people from the present of `env` to `until`. `queue` is the pool's own and is kept up to date;
    `arrivals` are in order of their time. While `env` runs, the tasks begun are noted in `begun`, in
    order of their beginning. When it has run until `until`, no event of the desk is left: what ends later is scheduled by
    the window that it ends in, and no reference cycle waits for the garbage collector."""

    def __init__(
        self, env: Environment, seats: list[Seat], queue: TaskQueue, arrivals: list[Entry], until: int
    ) -> None:
        start = int(env.now)
        self.env = env
        self.begun: list[Begun] = []
        self._until = until
        self._queue = queue
        self._idle = sorted((seat for seat in seats if seat.begun is None), key=_by_rank)
        self._quiet_until = 0
        self._wake_at = start - 1
        self._round_at = start - 1
        if self._idle and queue.waiting:
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
                self._queue.admit(arrivals[row])
                row += 1
            self._hand_out()

    # ---- handing out

    def _ask(self, seat: Seat) -> None:
        """A person asks for work."""
        insort(self._idle, seat, key=_by_rank)
        self._quiet_until = 0
        if self._queue.waiting:
            self._call_round()

    def _hand_out(self) -> None:
        """Give waiting tasks to people who are idle and on shift, until one side runs out."""
        now = int(self.env.now)
        if now < self._quiet_until or not self._idle or not self._queue.waiting:
            return
        self._queue.urge(now)
        if not self._match(now):
            self._quiet_until = min(seat.opens for seat in self._idle)
        if self._queue.waiting:
            self._call_wake(now)

    def _match(self, now: int) -> bool:
        """Hand out work; False if nobody idle is on shift. Idle people are looked at one by one and only as far as needed:
        mostly one task has come and the first of them takes it. If tasks are left, everybody has been looked at."""
        queue = self._queue
        unseen, barred = iter(self._idle.copy()), list[Seat]()
        found, shut = False, list[Lane]()
        while (lane := queue.take_lane()) is not None:
            seat = next((one for one in barred if lane.admits(one)), None) if barred else None
            if seat is not None:
                barred.remove(seat)
            else:
                seat = self._next_on_shift(lane, unseen, barred, now)
            if seat is not None:
                found = True
                self._start(seat, queue.begin(lane), now)
                continue
            shut.append(lane)
            if not barred:
                break
        for lane in shut:
            queue.put_back(lane)
        return found or bool(barred)

    def _next_on_shift(self, lane: Lane, unseen: Iterator[Seat], barred: list[Seat], now: int) -> Seat | None:
        """The next one on shift who may take a task of the lane; those who may not are noted in `barred`."""
        for seat in unseen:
            if seat.may_begin(now):
                if lane.admits(seat):
                    return seat
                barred.append(seat)
        return None

    def _start(self, seat: Seat, entry: Entry, now: int) -> None:
        self._idle.remove(seat)
        begun = seat.begin(entry, now)
        self.begun.append(begun)
        self._work(seat, begun, now)

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
