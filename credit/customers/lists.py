"""Risk lists (EXT-07, EXT-08): the bank's own copy of the outside lists, refreshed from time to time and used while the list
port is down, and the internal risk library (内部风险客户库), filled by confirmed fraud and emptied by appeals that are granted
(EXT-09). An entry counts from the moment it was entered until the moment it was removed, whatever the order in which mail is
read."""

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
        bits = np.zeros(len(people), dtype=np.int64)
        place, entry = _standing(self.entries, "person", people, at)
        np.bitwise_or.at(bits, place, self.entries["list"][entry])
        return bits


class RiskLibrary:
    """The internal risk customer library of the whole bank: persons and companies by key, each entry for the application that it
    rests on (`case`). Who is entered for several stays in it until each of these entries is removed."""

    def __init__(self, entries: Table) -> None:
        self.entries = entries

    def enter(self, keys: Ints, at: Ints, case: Ints, signs: Bools) -> None:
        """Enters people; who stands in it for the same application stays as first entered. `signs`: whether each is the person
        who signs for a company."""
        number = case * _ROLES + signs
        found = self.entries.find(number)
        new = firsts(number) & (found < 0)
        said = {"entry": number[new], "key": keys[new], "since": at[new], "case": case[new]}
        self.entries.append(None, int(new.sum()), until=NEVER, **said)
        again = (found >= 0) & (self.entries.get("until", found) <= at)
        self.entries["since"][found[again]], self.entries["until"][found[again]] = at[again], NEVER

    def remove(self, case: Ints, at: Ints) -> tuple[Ints, Ints]:
        """Ends the entries of some applications, which are distinct, at an instant each. Returns the keys, and the row of `case`
        that each belongs to, of the entries that this ends."""
        number = np.concatenate((case * _ROLES, case * _ROLES + 1))
        when, row = np.tile(at, _ROLES), np.tile(np.arange(len(case)), _ROLES)
        found = self.entries.find(number)
        ends = (found >= 0) & (self.entries.get("since", found) <= when) & (when < self.entries.get("until", found))
        self.entries["until"][found[ends]] = when[ends]
        return self.entries["key"][found[ends]], row[ends]

    def holds(self, keys: Ints, at: Ints) -> Bools:
        """Whether each stood in the library at an instant."""
        return np.asarray(self.case_of(keys, at) > 0)

    def case_of(self, keys: Ints, at: Ints) -> Ints:
        """The application for which each stood in the library at an instant, the first of several; 0 for who did not."""
        cases = np.zeros(len(keys), dtype=np.int64)
        place, entry = _standing(self.entries, "key", keys, at)
        case, since = self.entries["case"][entry], self.entries["since"][entry]
        order = np.lexsort((case, since))[::-1]
        cases[place[order]] = case[order]
        return cases

    def forget(self, before: int) -> None:
        """Drops entries that were removed before an instant."""
        self.entries.keep(self.entries["until"] >= before)


_ROLES = 2
"""Who is entered for an application: its customer, and who signs for him."""


def _standing(entries: Table, column: str, people: Ints, at: Ints) -> tuple[Ints, Ints]:
    """What stood of people at an instant each: the place of the person, and the row of the entry. Few stand on any list, so
    entries of nobody who is asked about are passed over first."""
    near = true_rows(np.isin(entries[column], people))
    near = near[entries[column][near].argsort(kind="stable")]
    ordered = entries[column][near]
    left, right = ordered.searchsorted(people, side="left"), ordered.searchsorted(people, side="right")
    count = right - left
    place = np.repeat(np.arange(len(people)), count)
    nth = np.arange(len(place)) - np.repeat(count.cumsum() - count, count)
    entry = near[np.repeat(left, count) + nth]
    counts = (entries["since"][entry] <= at[place]) & (at[place] < entries["until"][entry])
    return place[counts], entry[counts]
