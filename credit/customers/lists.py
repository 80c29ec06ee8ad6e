"""Risk lists (EXT-07, EXT-08): the bank's own copy of the outside lists, refreshed from time to time and used while the list
port is down, and the internal risk library (内部风险客户库), filled by confirmed fraud. An entry counts from the moment it was
entered until the moment it was removed, whatever the order in which mail is read."""

from __future__ import annotations

import numpy as np

from credit.customers.keys import id_keys
from credit.masks import true_rows
from credit.room import Rows
from credit.rows import firsts
from credit.table import Table
from credit.times import NEVER, Bools, Ints


class ListCopy:
    """The bank's own copy of the outside lists, by entry number."""

    def __init__(self, entries: Table) -> None:
        self.entries = entries

    def refresh(self, rows: Rows) -> None:
        """Enters and removes RefreshRiskList rows, in row order. An entry that stands already is not entered twice."""
        removed = rows["removed"] != 0
        new = rows[~removed]
        new = new[firsts(new["entry"]) & (self.entries.find(new["entry"]) < 0)]
        self.entries.append(new, since=new["at"], until=NEVER, person=id_keys(new["id_number"]))
        gone = rows[removed]
        places = self.entries.find(gone["entry"])
        known = places >= 0
        np.minimum.at(self.entries["until"], places[known], gone["at"][known])

    def forget(self, before: int) -> None:
        """Drops entries that were removed before an instant."""
        self.entries.keep(self.entries["until"] >= before)

    def lists(self, people: Ints, at: Ints) -> Ints:
        """The list bits of each person, by key, at an instant."""
        order = self.entries["person"].argsort(kind="stable")
        sorted_people = self.entries["person"][order]
        left = sorted_people.searchsorted(people, side="left")
        right = sorted_people.searchsorted(people, side="right")
        bits = np.zeros(len(people), dtype=np.int64)
        for depth in range(int((right - left).max(initial=0))):
            has = true_rows(left + depth < right)
            entry = order[left[has] + depth]
            counts = (self.entries["since"][entry] <= at[has]) & (at[has] < self.entries["until"][entry])
            bits[has] |= np.where(counts, self.entries["list"][entry], 0)
        return bits


class RiskLibrary:
    """The internal risk customer library of the whole bank: persons and companies by key."""

    def __init__(self, people: Table) -> None:
        self.people = people

    def enter(self, keys: Ints, at: Ints, case: Ints) -> None:
        """Enters people; who is in it already stays as first entered."""
        new = firsts(keys) & (self.people.find(keys) < 0)
        self.people.append(length=int(new.sum()), key=keys[new], since=at[new], case=case[new])

    def holds(self, keys: Ints, at: Ints) -> Bools:
        """Whether each stood in the library at an instant."""
        return np.asarray(self.people.get("since", self.people.find(keys), NEVER) <= at)
