"""How reasons are found: the first check that fails, row by row."""

from __future__ import annotations

import numpy as np

from credit.times import Bools, Ints


def first_fault(*checks: tuple[Bools, Ints | int]) -> Ints:
    """The reason of the first check that is true of a row; 0 = none. A check is (where it fails, reason or reasons); a reason
    of 0 says nothing, so the next check is asked."""
    faults = np.zeros(len(checks[0][0]), dtype=np.int64)
    for wrong, reason in checks:
        new = (faults == 0) & wrong
        if bool(new.any()):
            faults = np.where(new, reason, faults)
    return faults
