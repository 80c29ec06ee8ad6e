"""A worklist (待办任务): the tasks of a room's desks, and the one place where it is decided what a person may do about them. This
is how a room uses it (`credit.approval.desk` is the model):

1. Its contract declares the mail and the tables: ``DESK = desk_kinds(room, "Approval", 320, entity="case", offers=…,
   decides=…)``. A room with two lists (collectors' tasks, and the bodies that decide on write-offs) declares two, the second
   with ``tables="write_off_"``; one whose acts bar nobody (collectors call again and again) says ``once=False``. Its desks
   stand in its `DeskCode` enum as before, its events hold one member for each of `Events`, and
   `credit.worklists.states.Refusal` is among its reasons.
2. It builds ``self.desk = Worklist(self, DESK, register, Events(…))`` and puts ``*takes(DESK, "desk", "decide")`` among its
   HANDLERS; claims, releases, hand-overs, second opinions and appointments never reach its own code.
3. It asks with `put`. The tasks of one entity are numbered by the room (`occasion`), once for ever.
4. Its `decide(rows, out)` begins with ``rows, tasks = self.desk.heard(rows, out)``: what is left may be decided by these
   people; what the room itself finds wrong it refuses with `reject`, the rest it ends with `done`. A task that time or
   another event makes needless ends with `withdraw`.
5. It calls `urge` in `end`, `tidy` in `end_day`, adds `violations` to its own, and `forget` once the people of an entity may
   meet it again: when it leaves, or when a new round of control begins. What happened in another room comes in by
   `remember`, and goes out as `acts_of`.

A command that a person may not give at that time is refused with a reason and changes nothing. Nobody acts twice on one
entity, in his own name or another's: deciding, deciding for somebody absent and giving a second opinion all count. (Where acts
bar nobody, a second opinion is still somebody else's.)"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from credit.mail import Outbox
from credit.masks import all_of, any_of, true_rows
from credit.numbers import HEAD_OFFICE, act_of, case_of, task_of
from credit.room import EventCode, Rows
from credit.rows import first_fault, only, passes
from credit.staff import ADMINISTRATOR_DESK, StaffRegister
from credit.subsystem import Subsystem, Takes, Together
from credit.times import NEVER, Bools, Ints
from credit.worklists import invariants
from credit.worklists.deputies import Deputies
from credit.worklists.kinds import DeskKinds
from credit.worklists.states import MOVES, Handling, Refusal, TaskState

_DEPUTY_KEPT_DAYS = 60
_NOBODY = 0


class Events(NamedTuple):
    """What a list records in its room's name. `urged` counts the desk, `handled` is reasoned by `Handling` and counts whom
    it was given to (or what the second opinion says), `deputy` the person appointed."""

    urged: EventCode
    handled: EventCode
    deputy: EventCode


def takes(kinds: DeskKinds, worklist: str, decide: str) -> tuple[Takes | Together, ...]:
    """Handlers for a room's list: `worklist` its attribute, `decide` the method that takes decisions. Appointments come first,
    and count from their instant; of one entity everything in the order of its time, at one instant in the order of the kinds."""
    return takes_appointments(kinds, worklist), Together(kinds.entity, takes_acts(kinds, worklist, decide))


def takes_appointments(kinds: DeskKinds, worklist: str) -> Takes:
    """The handler of a list's appointments, for a room that has put the rest among handlers of its own; see `takes`."""
    return Takes(kinds.appoint, f"{worklist}.appoint")


def takes_acts(kinds: DeskKinds, worklist: str, decide: str) -> tuple[Takes, ...]:
    """The handlers of what is done with a list's tasks, in the order of the kinds; see `takes`."""
    commands = [
        Takes(getattr(kinds, name), f"{worklist}.{name}") for name in ("claim", "release", "hand_over", "ask", "second")
    ]
    return (*commands, Takes(kinds.opinion, decide))


class Worklist:
    """One list of tasks; see the module's text."""

    def __init__(self, owner: Subsystem, kinds: DeskKinds, register: StaffRegister, events: Events) -> None:
        self._owner, self.kinds, self.register, self._events = owner, kinds, register, events
        self.entity, self._again = kinds.entity, f"{kinds.tables}acted again"
        self.tasks, self.acts = (owner.tables[f"{kinds.tables}{name}"] for name in ("tasks", "acts"))
        self.deputies = Deputies(owner.tables[f"{kinds.tables}deputies"])

    # what the room does -----------------------------------------------------------------------------------------------

    def put(self, source: Rows, out: Outbox, *, at: Ints, occasion: Ints, **columns: Any) -> None:
        """Tasks are put (APR-05): their columns come from `source` and `columns`. An entity's tasks have distinct occasions."""
        numbers = task_of(source[self.entity], occasion)
        new = self.tasks.append(source, task=numbers, put_at=at, state=TaskState.WAITING, **columns)
        self._offer(new, at, out)

    def heard(self, rows: Rows, out: Outbox) -> tuple[Rows, Ints]:
        """The decisions that their tasks admit, with the tasks' row numbers; the others are refused. A decision on a task that
        nobody has claimed claims it. A task that still waits after a refusal is offered again, to somebody else."""
        found = self._find(rows)
        state = self.tasks.get("state", found)
        waiting = true_rows((state == TaskState.WAITING) | self._left(found, rows["person"]))
        unclaimable = np.zeros(len(rows), dtype=np.int64)
        if len(waiting):
            unclaimable[waiting] = self._claim_faults(rows[waiting], found[waiting])
            claiming = waiting[unclaimable[waiting] == 0]
            self._take_up(rows[claiming], found[claiming])
        faults = first_fault(
            *self._gone(state),
            (state == TaskState.ASKED, Refusal.OPINION_OUTSTANDING),
            (unclaimable > 0, unclaimable),
            (self.tasks.get("claimed_by", found) != rows["person"], Refusal.CLAIMED_BY_ANOTHER),
            (self.tasks.get("on_behalf_of", found) != rows["on_behalf_of"], Refusal.CLAIMED_BY_ANOTHER),
            (self._has_acted(rows[self.entity], rows["person"], rows["on_behalf_of"]), Refusal.SAME_PERSON),
        )
        good = faults == 0
        self.reject(rows[~good], found[~good], faults[~good], out)
        return only(rows, good), only(found, good)

    def reject(self, rows: Rows, found: Ints, reason: Ints, out: Outbox) -> None:
        """Decisions that have no effect."""
        if not len(rows):
            return
        self._refuse(rows, reason, out)
        waiting = self.tasks.get("state", found) == TaskState.WAITING
        self._offer(found[waiting], rows["at"][waiting], out, excluded=rows["person"][waiting])

    def done(self, found: Ints, at: Ints, out: Outbox) -> None:
        """Tasks are decided; whoever had a hand in it has acted on the entity."""
        self._urge(found[self.tasks["limit_at"][found] < at], out)
        MOVES.to(self.tasks, found, TaskState.DONE)
        tasks = self.tasks.take(found, f"{self.entity} branch claimed_by on_behalf_of")
        for name in ("claimed_by", "on_behalf_of"):
            acted = tasks[tasks[name] != _NOBODY]
            self._add_acts(acted["branch"], acted[self.entity], acted[name])

    def withdraw(self, entities: Ints, at: Ints, out: Outbox) -> None:
        """The open tasks of some entities, which are distinct, are needed no more since an instant."""
        if not (len(entities) and len(self.tasks)):
            return
        rows = true_rows(self.is_open() & np.isin(self.tasks[self.entity], entities))
        when = at[self._places(entities, self.tasks[self.entity][rows])]
        self._urge(rows[self.tasks["limit_at"][rows] < when], out)
        MOVES.to(self.tasks, rows, TaskState.WITHDRAWN)
        self.tasks["asked"][rows] = _NOBODY
        out.send(self.kinds.withdrawn, self.kinds.withdrawn.carry(self.tasks.take(rows), at=when))

    def is_open(self) -> Bools:
        """True for the tasks that are neither done nor withdrawn."""
        return ~MOVES.final[self.tasks["state"]]

    def has_open(self, entities: Ints) -> Bools:
        """True for the entities about which somebody still has something to do."""
        return np.isin(entities, self.tasks[self.entity][self.is_open()])

    def acts_of(self, entities: Ints) -> tuple[Rows, Ints]:
        """Who has acted on some entities: rows with entity, branch and person, and the place of each one's entity."""
        acts = self.acts.take(self._acts_on(entities))
        return acts, self._places(entities, acts[self.entity])

    def remember(self, rows: Rows) -> None:
        """Acts of another room (entity, branch, person) count here too."""
        for part in passes(rows, self.entity):
            self._add_acts(part["branch"], part[self.entity], part["person"])

    def instants(self, rows: Rows) -> Ints:
        """For each task of the list when one of some rows, of distinct entities, comes to its entity; 0 where none does."""
        tasks, at = self.tasks[self.entity], np.zeros(len(self.tasks), dtype=np.int64)
        mine = true_rows(np.isin(tasks, rows[self.entity]))
        at[mine] = rows["at"][self._places(rows[self.entity], tasks[mine])]
        return at

    def has_acted(self, entities: Ints, people: Ints) -> Bools:
        """True where a person has acted on an entity."""
        return self._has_acted(entities, people, np.zeros(len(people), dtype=np.int64))

    def forget(self, entities: Ints) -> None:
        """From here on everybody may act on these entities again."""
        if not len(self.acts):
            return
        rows = self._acts_on(entities)
        if len(rows):
            self._owner.note(self._again, invariants.twice(self.acts.take(rows), self.entity))
            self.acts.drop(rows)

    # time -------------------------------------------------------------------------------------------------------------

    def urge(self, until: int, out: Outbox) -> None:
        """APR-10 (自动催办): a task is urged at the instant its limit passes, and rises by a class."""
        if len(self.tasks):
            self._urge(true_rows(self.is_open() & (self.tasks["limit_at"] < until)), out)

    def due(self) -> int:
        """When the next task is to be urged."""
        if not len(self.tasks):
            return NEVER
        return self.tasks.least("limit_at", self.is_open() & (self.tasks["urged"] == 0))

    def tidy(self, day: int) -> None:
        """At a day's end, and not before, so that what is refused, and why, does not depend on how a day is cut."""
        self.tasks.keep(self.is_open())
        self.deputies.forget(day - _DEPUTY_KEPT_DAYS)

    def violations(self, until: int) -> list[str]:
        """Of tasks and acts as they stand, and of the acts forgotten since the last look."""
        found = invariants.tasks(self.tasks, until)
        standing = [invariants.twice(self.acts.take(np.arange(len(self.acts))), self.entity)] if len(self.acts) else []
        for again in (*standing, *self._owner.noted(self._again)):
            found += invariants.acts(again, self.entity)
        return found

    # what people do ---------------------------------------------------------------------------------------------------

    def claim(self, rows: Rows, out: Outbox) -> None:
        """领取: somebody takes a task up."""
        found = self._find(rows)
        rows, found = self._admit(rows, found, self._claim_faults(rows, found), out)
        self._take_up(rows, found)

    def release(self, rows: Rows, out: Outbox) -> None:
        """退回: who holds a task gives it back, an opinion asked for or not, and it is offered again."""
        found = self._find(rows)
        rows, found = self._admit(rows, found, self._holder_faults(rows, found), out)
        self._hold(found, TaskState.WAITING, _NOBODY, _NOBODY, 0)
        self._log(Handling.RELEASED, rows, rows["person"], out)
        self._offer(found, rows["at"], out, excluded=rows["person"])

    def hand_over(self, rows: Rows, out: Outbox) -> None:
        """转办: who holds a task gives it to another person, who must be one that could claim it."""
        found = self._find(rows)
        rows, found = self._admit(rows, found, self._between_faults(rows, found, rows["to"]), out)
        self._hold(found, TaskState.CLAIMED, rows["to"], _NOBODY, rows["at"])
        self._log(Handling.HANDED_OVER, rows, rows["to"], out)

    def ask(self, rows: Rows, out: Outbox) -> None:
        """加签: who holds a task asks another person of the desk for an opinion; until it comes nothing is decided."""
        found = self._find(rows)
        rows, found = self._admit(rows, found, self._between_faults(rows, found, rows["asked"]), out)
        MOVES.to(self.tasks, found, TaskState.ASKED)
        self.tasks["asked"][found] = rows["asked"]
        self._log(Handling.OPINION_ASKED, rows, rows["asked"], out)

    def second(self, rows: Rows, out: Outbox) -> None:
        """加签意见: the person asked gives an opinion, which counts as an act, and the task goes on where it was."""
        found = self._find(rows)
        rows, found = self._admit(rows, found, self._second_faults(rows, found), out)
        MOVES.to(self.tasks, found, TaskState.CLAIMED)
        self.tasks["asked"][found] = _NOBODY
        self._add_acts(self.tasks["branch"][found], rows[self.entity], rows["person"])
        self._log(Handling.OPINION_GIVEN, rows, rows["verdict"], out)

    def appoint(self, rows: Rows, out: Outbox) -> None:
        """APR-12: the administrator, and nobody else, appoints for somebody of a desk another who works here."""
        desks, person, deputy = [int(one) for one in self.kinds.desks], rows["person"], rows["deputy"]
        faults = first_fault(
            (~self.register.may_act(rows["operator"], HEAD_OFFICE, ADMINISTRATOR_DESK), Refusal.NOT_ADMINISTRATOR),
            (~np.isin(rows["desk"], desks), Refusal.NOT_THIS_DESK),
            (~self.register.knows(person) | ~self.register.knows(deputy), Refusal.NOT_ON_REGISTER),
            (~self.register.holds(person, rows["desk"]), Refusal.NO_AUTHORITY),
            (person == deputy, Refusal.SAME_PERSON),
            (rows["from_day"] > rows["to_day"], Refusal.DAYS_REVERSED),
        )
        bad = rows[faults != 0]
        out.log(self._owner.REFUSED, bad["at"], 0, actor=bad["operator"], reason=faults[faults != 0])
        out.answer(bad, reason=faults[faults != 0])
        new = self.deputies.appoint(rows[faults == 0])
        out.log(self._events.deputy, new["at"], 0, actor=new["operator"], value=new["deputy"])

    # who may ----------------------------------------------------------------------------------------------------------

    def _find(self, rows: Rows) -> Ints:
        """The tasks that commands are about; −1 for one that is another entity's, or not put yet."""
        found = self.tasks.find(rows["task"])
        right = self.tasks.get(self.entity, found) == rows[self.entity]
        return np.where(right & (rows["at"] >= self.tasks.get("put_at", found)), found, -1)

    def _gone(self, state: Ints) -> tuple[tuple[Bools, Refusal], ...]:
        return (
            ((state == 0) | (state == TaskState.WITHDRAWN), Refusal.NO_OPEN_TASK),
            (state == TaskState.DONE, Refusal.ALREADY_DECIDED),
        )

    def _claim_faults(self, rows: Rows, found: Ints) -> Ints:
        state = self.tasks.get("state", found)
        own = self.tasks.get("claimed_by", found) == rows["person"]
        return first_fault(
            *self._gone(state),
            ((state != TaskState.WAITING) & own, Refusal.CLAIMED_ALREADY),
            ((state != TaskState.WAITING) & ~self._left(found, rows["person"]), Refusal.CLAIMED_BY_ANOTHER),
            (
                np.ones(len(rows), dtype=bool),
                self._person_faults(found, rows["person"], rows["on_behalf_of"], rows["at"]),
            ),
        )

    def _left(self, found: Ints, person: Ints) -> Bools:
        """True for a claimed task whose holder, another person, has left the desk: anybody of the desk may take it up. What
        somebody leaves unfinished he may still finish himself."""
        holder = self.tasks.get("claimed_by", found)
        left: Bools = (self.tasks.get("state", found) == TaskState.CLAIMED) & (holder != person)
        others = true_rows(left)
        if len(others):
            tasks = self.tasks.take(found[others], "branch desk on_behalf_of")
            seats = tasks["branch"], tasks["desk"], tasks["on_behalf_of"]
            left[others] = ~self.register.may_act(holder[others], *seats)
        return left

    def _person_faults(self, found: Ints, person: Ints, absent: Ints, at: Ints) -> Ints:
        """Why a person may not have a task at an instant: APR-03, APR-04, APR-12."""
        tasks = self.tasks
        branch, desk, entity = (tasks.get(name, found) for name in ("branch", "desk", self.entity))
        usurps = absent != _NOBODY
        if any_of(usurps):
            usurps[usurps] = ~self.deputies.stands_in(*(column[usurps] for column in (person, absent, desk, at)))
        excluded = tasks.get("excluded", found)
        return first_fault(
            (~self.register.knows(person), Refusal.NOT_ON_REGISTER),
            (~self.register.may_act(person, branch, desk, absent), Refusal.NO_AUTHORITY),
            (usurps, Refusal.NOT_APPOINTED),
            (self._has_acted(entity, person, absent), Refusal.SAME_PERSON),
            ((excluded != _NOBODY) & ((person == excluded) | (absent == excluded)), Refusal.EXCLUDED),
            (self._named_for_another(found, person, absent), Refusal.NAMED_FOR_ANOTHER),
        )

    def _named_for_another(self, found: Ints, person: Ints, absent: Ints) -> Bools:
        """True for a task that names its `member`, who is somebody else, and whom the person does not stand in for. What somebody
        who has left the desk was named for is anybody's."""
        wrong = np.zeros(len(person), dtype=bool)
        if "member" not in self.tasks.names:
            return wrong
        named = self.tasks.get("member", found)
        other = true_rows((named != _NOBODY) & (named != person) & (named != absent))
        if len(other):
            tasks = self.tasks.take(found[other], "branch desk")
            wrong[other] = self.register.may_act(named[other], tasks["branch"], tasks["desk"])
        return wrong

    def _holder_faults(self, rows: Rows, found: Ints) -> Ints:
        state = self.tasks.get("state", found)
        return first_fault(
            *self._gone(state),
            (state == TaskState.WAITING, Refusal.NOT_CLAIMED),
            (self.tasks.get("claimed_by", found) != rows["person"], Refusal.CLAIMED_BY_ANOTHER),
        )

    def _between_faults(self, rows: Rows, found: Ints, other: Ints) -> Ints:
        """Of a command by the holder that names somebody else."""
        nobody = np.zeros(len(rows), dtype=np.int64)
        same = (other == rows["person"]) | (other == self.tasks.get("on_behalf_of", found))
        return first_fault(
            (np.ones(len(rows), dtype=bool), self._holder_faults(rows, found)),
            (self.tasks.get("state", found) == TaskState.ASKED, Refusal.OPINION_OUTSTANDING),
            (same, Refusal.SAME_PERSON),
            (np.ones(len(rows), dtype=bool), self._person_faults(found, other, nobody, rows["at"])),
        )

    def _second_faults(self, rows: Rows, found: Ints) -> Ints:
        state, nobody = self.tasks.get("state", found), np.zeros(len(rows), dtype=np.int64)
        return first_fault(
            *self._gone(state),
            (state != TaskState.ASKED, Refusal.NO_OPEN_TASK),
            (self.tasks.get("asked", found) != rows["person"], Refusal.NO_AUTHORITY),
            (self._has_acted(rows[self.entity], rows["person"], nobody), Refusal.SAME_PERSON),
        )

    def _has_acted(self, entity: Ints, person: Ints, absent: Ints) -> Bools:
        """Nobody acts twice on one entity, in his own name or another's."""
        acted = np.zeros(len(entity), dtype=bool)
        number = 0
        while True:
            number += 1
            found = self.acts.find(act_of(entity, number))
            if not any_of(found >= 0):
                return acted
            before = self.acts.get("person", found, -1)
            acted |= (before == person) | ((before == absent) & (absent != _NOBODY))

    # what they share --------------------------------------------------------------------------------------------------

    def _acts_on(self, entities: Ints) -> Ints:
        """The rows of the acts on some entities, rising. An entity's acts are numbered from 1 and leave together."""
        rows, number = [np.zeros(0, dtype=np.int64)], 1
        while any_of(there := (found := self.acts.find(act_of(entities, number))) >= 0):
            rows.append(found[there])
            number += 1
        return np.unique(np.concatenate(rows)) if number > 1 else rows[0]

    def _places(self, entities: Ints, wanted: Ints) -> Ints:
        """Where each of some entities stands in a column that holds them all."""
        order = entities.argsort()
        return order[entities[order].searchsorted(wanted)]

    def _admit(self, rows: Rows, found: Ints, faults: Ints, out: Outbox) -> tuple[Rows, Ints]:
        """Commands without fault, with their tasks; the others are refused."""
        good = faults == 0
        if not all_of(good):
            self._refuse(rows[~good], faults[~good], out)
        return only(rows, good), only(found, good)

    def _refuse(self, rows: Rows, reason: Ints, out: Outbox) -> None:
        self._owner.refuse(rows, reason, out, value=rows["task"])

    def _take_up(self, rows: Rows, found: Ints) -> None:
        self._hold(found, TaskState.CLAIMED, rows["person"], rows["on_behalf_of"], rows["at"])

    def _hold(self, found: Ints, state: TaskState, person: Ints | int, absent: Ints | int, at: Ints | int) -> None:
        MOVES.to(self.tasks, found, state)
        for name, values in (("claimed_by", person), ("on_behalf_of", absent), ("claimed_at", at), ("asked", _NOBODY)):
            self.tasks[name][found] = values

    def _offer(self, found: Ints, at: Ints, out: Outbox, **columns: Ints) -> None:
        if not len(found):
            return
        self._urge(found[self.tasks["limit_at"][found] < at], out)
        out.send(self.kinds.task, self.kinds.task.carry(self.tasks.take(found), at=at, **columns))

    def _add_acts(self, branch: Ints, entity: Ints, person: Ints) -> None:
        """Notes one act an entity; entities are distinct."""
        if not len(entity) or not self.kinds.once:
            return
        number = np.ones(len(entity), dtype=np.int64)
        while any_of(taken := self.acts.find(act_of(entity, number)) >= 0):
            number += taken
        acts = np.zeros(len(entity), dtype=self.acts.dtype)
        acts["act"], acts[self.entity], acts["branch"], acts["person"] = act_of(entity, number), entity, branch, person
        self.acts.append(acts)

    def _urge(self, rows: Ints, out: Outbox) -> None:
        rows = rows[self.tasks["urged"][rows] == 0]
        if not len(rows):
            return
        tasks = self.tasks.take(rows)
        self.tasks["urged"][rows] = 1
        self.tasks["priority"][rows] = np.maximum(tasks["priority"] - 1, 0)
        out.log(self._events.urged, tasks["limit_at"], value=tasks["desk"], **self._named(tasks))

    def _log(self, what: Handling, rows: Rows, value: Ints, out: Outbox) -> None:
        out.log(self._events.handled, rows["at"], actor=rows["person"], reason=what, value=value, **self._named(rows))

    def _named(self, rows: Rows) -> dict[str, Ints]:
        """How events call the entity."""
        if self.entity == "loan":
            return {"case": case_of(rows["loan"]), "loan": rows["loan"]}
        return {"case": rows[self.entity]}
