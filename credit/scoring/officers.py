"""The query officers (征信查询员) of the branches, in whose names the system asks the bureau: people of the register (EXT-03)."""

from __future__ import annotations

import numpy as np

from credit.bank import desks
from credit.numbers import BRANCH_MAX
from credit.policies import PolicyError
from credit.staff import StaffRegister
from credit.times import Ints

NOBODY = 0


class Officers:
    """Who asks about which case: the people of one desk take turns by the number of the case."""

    def __init__(self, register: StaffRegister, desk: str) -> None:
        """`desk`: its label; PolicyError where the bank has none of that name."""
        known = desks()
        if desk not in known:
            raise PolicyError(f"policies.scorecard: bureau.query_desk: {desk!r} is no desk; desks: {', '.join(known)}")
        seated = register.desk == int(known[desk])
        order = np.lexsort((register.person[seated], register.branch[seated]))
        self._people = register.person[seated][order]
        self._counts = np.bincount(register.branch[seated], minlength=BRANCH_MAX + 1)
        self._first = self._counts.cumsum() - self._counts

    def of(self, branch: Ints, case: Ints) -> Ints:
        """The officer of each case; NOBODY where the branch has none."""
        count = self._counts[branch]
        officer = np.full(len(branch), NOBODY, dtype=np.int64)
        some = count > 0
        place = self._first[branch[some]] + case[some] % count[some]
        officer[some] = self._people[place]
        return officer
