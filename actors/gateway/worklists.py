"""The worklists of a bank, read off the contracts of its rooms: which there are, which desks they serve, and what a decision on
each says. A room that declares a list has its endpoints."""

from __future__ import annotations

import importlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from credit.bank import PIPELINE
from credit.numbers import branch_of_case, branch_of_loan, case_of, entity_of_task
from credit.room import DeskCode, Room
from credit.times import Ints
from credit.worklists.kinds import DeskKinds


@dataclass(frozen=True)
class Worklist:
    """One list: its name in task numbers, its room and its kinds."""

    name: str
    room: Room
    kinds: DeskKinds

    @property
    def table(self) -> str:
        """The table of its tasks."""
        return f"{self.kinds.tables}tasks"

    def branch_of(self, task: Ints) -> Ints:
        """The branch whose case or loan a task is about."""
        of = branch_of_loan if self.kinds.entity == "loan" else branch_of_case
        return of(entity_of_task(task))


@dataclass(frozen=True)
class Worklists:
    """All lists of some rooms."""

    rooms: Sequence[Room]

    @cached_property
    def all(self) -> dict[str, Worklist]:
        """By name: the room's own, and what stands before the names of its tables where it has two."""
        found = [
            Worklist("_".join(filter(None, (room.name, kinds.tables.strip("_")))), room, kinds)
            for room in self.rooms
            for kinds in vars(importlib.import_module(room.module)).values()
            if isinstance(kinds, DeskKinds) and kinds.room is room
        ]
        return {one.name: one for one in sorted(found, key=lambda one: one.kinds.task.number)}

    def find(self, text: str) -> tuple[Worklist, int] | None:
        """The list and the number that a task's name in a path says; None where it can be none."""
        name, _, number = text.rpartition("-")
        if name not in self.all or not re.fullmatch(r"[1-9][0-9]{0,17}", number):
            return None
        return self.all[name], int(number)

    def case_in(self, text: str) -> int | None:
        """The case that such a task is about."""
        found = self.find(text)
        if found is None:
            return None
        entity = entity_of_task(np.array([found[1]]))
        return int((case_of(entity) if found[0].kinds.entity == "loan" else entity)[0])

    @cached_property
    def of_desk(self) -> dict[str, tuple[DeskCode, Worklist]]:
        """Each desk that has a list, by its label."""
        return {desk.label: (desk, one) for one in self.all.values() for desk in one.kinds.desks}


LISTS = Worklists(PIPELINE)
"""The bank's."""
