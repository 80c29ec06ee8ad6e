"""The staff register (员工名册): who sits at which desk of which branch, as the personnel department knows it. The
world may claim that anybody decided; only the register says who may. A person's number says branch and desk (see
`credit.numbers`), head office is branch 0, and the desks of head office decide for every branch."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from credit.masks import any_of, true_rows
from credit.numbers import BRANCH_MAX, HEAD_OFFICE
from credit.room import DESKS
from credit.times import Bools, Ints

ADMINISTRATOR_DESK = 9
"""The seat from which the administrator appoints deputies, at head office (APR-12)."""
_DESKS = 100
_BRANCHES = BRANCH_MAX + 1


def branch_of_desk(branch: npt.ArrayLike, desk: npt.ArrayLike) -> Ints:
    """Where the people of a desk sit who serve a case of `branch`: the branch itself, or head office (0)."""
    at_head_office = _at_head_office(len(DESKS)).take(np.asarray(desk, dtype=np.int64), mode="clip")
    return np.where(at_head_office, HEAD_OFFICE, np.asarray(branch, dtype=np.int64))


@lru_cache(maxsize=4)
def _at_head_office(known: int) -> Bools:
    """Desks that exist once, for all branches, by number; as many desks as are `known` have declared themselves."""
    del known
    table = np.zeros(_DESKS, dtype=bool)
    table[[int(desk) for desk in DESKS.values() if desk.at_head_office]] = True
    return table


class StaffRegister:
    """Columns person, branch, desk, one row a seat; a person may hold several seats. Immutable, so no part of any state."""

    def __init__(self, person: npt.ArrayLike, branch: npt.ArrayLike, desk: npt.ArrayLike) -> None:
        """Raises ValueError on a person or desk number out of range, or columns of different lengths."""
        columns = [np.atleast_1d(np.asarray(column, dtype=np.int64)) for column in (person, branch, desk)]
        if len({len(column) for column in columns}) != 1:
            raise ValueError(f"staff register: columns of lengths {[len(c) for c in columns]}, they must be equal")
        self.person, self.branch, self.desk = columns
        wrong = (self.person <= 0) | (self.branch < 0) | (self.branch >= _BRANCHES) | (self.desk <= 0)
        wrong |= self.desk >= _DESKS
        if any_of(wrong):
            row = int(true_rows(wrong)[0])
            raise ValueError(
                f"staff register: person {self.person[row]}, branch {self.branch[row]}, desk {self.desk[row]}: persons "
                f"are numbered from 1, branches 0 to {_BRANCHES - 1}, desks 1 to {_DESKS - 1}"
            )
        self._seats = np.unique(_seat(self.person, self.branch, self.desk))
        self._desks, self._people = np.unique(_at_desk(self.person, self.desk)), np.unique(self.person)

    @classmethod
    def of(cls, seats: Iterable[tuple[int, int, int]]) -> StaffRegister:
        """A register from (person, branch, desk) rows."""
        table = np.array(list(seats), dtype=np.int64).reshape(-1, 3)
        return cls(table[:, 0], table[:, 1], table[:, 2])

    def __len__(self) -> int:
        return len(self._seats)

    def knows(self, person: npt.ArrayLike) -> Bools:
        """True where the person is on the register at all."""
        return _holds(self._people, np.asarray(person, dtype=np.int64))

    def holds(self, person: npt.ArrayLike, desk: npt.ArrayLike) -> Bools:
        """True where the person has a seat at the desk, whichever branch it serves."""
        return _holds(self._desks, _at_desk(np.asarray(person, dtype=np.int64), np.asarray(desk, dtype=np.int64)))

    def may_act(
        self, person: npt.ArrayLike, branch: npt.ArrayLike, desk: npt.ArrayLike, on_behalf_of: npt.ArrayLike = 0
    ) -> Bools:
        """True where the person holds the desk that serves the branch's cases. A row with `on_behalf_of` ≠ 0 is a deputy's
        (审批代理): the absent person must hold the desk, and the deputy must be another person on the register. Whether that
        deputy was appointed for the day is `credit.worklists.deputies`' question (APR-12)."""
        who, absent = np.asarray(person, dtype=np.int64), np.asarray(on_behalf_of, dtype=np.int64)
        seated = branch_of_desk(branch, desk)
        stands_in = absent != 0
        holder = np.where(stands_in, absent, who)
        entitled = _holds(self._seats, _seat(holder, seated, np.asarray(desk, dtype=np.int64)))
        return np.asarray(entitled & (~stands_in | (self.knows(who) & (who != absent))))

    def people_at(self, branch: int, desk: int) -> Ints:
        """The people of one desk, in order."""
        place = int(branch_of_desk(branch, desk))
        return np.sort(self.person[(self.branch == place) & (self.desk == desk)])


def _seat(person: Ints, branch: Ints, desk: Ints) -> Ints:
    return (person * _BRANCHES + branch) * _DESKS + desk


def _at_desk(person: Ints, desk: Ints) -> Ints:
    return person * _DESKS + desk


def _holds(known: Ints, wanted: Ints) -> Bools:
    """Membership in a sorted column."""
    if not len(known):
        return np.zeros(np.shape(wanted), dtype=bool)
    place = np.minimum(known.searchsorted(wanted), len(known) - 1)
    return np.asarray(known[place] == wanted)
