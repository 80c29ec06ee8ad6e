"""Risk lists (EXT-07, EXT-08): the bank's own copy of the outside lists, refreshed from time to time and used while the list
port is down, and the internal risk library (内部风险客户库), filled by confirmed fraud and emptied by appeals that are granted
(EXT-09). An entry counts from the moment it was entered until the moment it was removed, whatever the order in which mail is
read."""

from __future__ import annotations

import numpy as np

from credit.applications.forms import ID_REFUSALS
from credit.codes import RiskList
from credit.customers.contract import Refusal
from credit.customers.keys import id_keys
from credit.entries import enter_again, stands
from credit.identifiers import check_resident_ids
from credit.masks import true_rows
from credit.room import Rows
from credit.rows import among, first_fault, firsts, waves
from credit.table import Table
from credit.times import NEVER, Bools, Ints

OUTSIDE = (RiskList.CENTRAL_BANK, RiskList.DISHONEST_DEBTOR, RiskList.ASSOCIATION)
"""The lists that others keep."""


class ListCopy:
    """The bank's own copy of the outside lists, by entry number."""

    def __init__(self, entries: Table) -> None:
        self.entries = entries

    def refresh(self, rows: Rows) -> Ints:
        """Enters and removes RefreshRiskList rows, in row order; why each has no effect, 0 where it has. An entry that stands
        already is not entered twice; one that was removed counts anew."""
        faults = np.zeros(len(rows), dtype=np.int64)
        for wave in waves(rows["entry"]):
            faults[wave] = self._refresh(rows[wave])
        return faults

    def _refresh(self, rows: Rows) -> Ints:
        """Of each entry one row."""
        entries, at, removed = self.entries, rows["at"], rows["removed"] != 0
        found, person = entries.find(rows["entry"]), id_keys(rows["id_number"])
        another = (entries.get("person", found) != person) | (entries.get("list", found) != rows["list"])
        standing = stands(entries, found, at)
        faults = first_fault(
            (removed & ~standing, int(Refusal.ENTRY_UNKNOWN)),
            (~removed & ~among(rows["list"], OUTSIDE), int(Refusal.LIST_UNKNOWN)),
            (~removed, ID_REFUSALS[check_resident_ids(rows["id_number"])]),
            (~removed & (found >= 0) & another, int(Refusal.ENTRY_TAKEN)),
        )
        good = faults == 0
        new, gone = good & (found < 0), good & removed
        entries.append(rows[new], since=at[new], until=NEVER, person=person[new])
        entries["until"][found[gone]] = at[gone]
        enter_again(entries, found[good & ~removed], at[good & ~removed])
        return faults

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
        enter_again(self.entries, found, at)

    def remove(self, case: Ints, at: Ints) -> tuple[Ints, Ints]:
        """Ends the entries of some applications, which are distinct, at an instant each. Returns the keys, and the row of `case`
        that each belongs to, of the entries that this ends."""
        number = np.concatenate((case * _ROLES, case * _ROLES + 1))
        when, row = np.tile(at, _ROLES), np.tile(np.arange(len(case)), _ROLES)
        found = self.entries.find(number)
        ends = stands(self.entries, found, when)
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

    def stands(self, case: Ints, at: Ints) -> Bools:
        """Whether somebody stood in the library for each application at an instant."""
        return stands(self.entries, self.entries.find(case * _ROLES), at)

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
    counts = stands(entries, entry, at[place])
    return place[counts], entry[counts]
