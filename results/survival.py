"""How long something lasts, counting what has not ended yet: the product-limit estimate of Kaplan and Meier (乘积限估计). A case
that is open when the run ends has lasted at least so long; to leave it out would make a slow bank look fast."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def quantiles(
    lasted: npt.NDArray[np.number], ended: npt.NDArray[np.bool_], shares: Sequence[float]
) -> list[float | None]:
    """The time within which each share has ended, in the unit of `lasted`; None for a share that is not reached: too many are
    still open to say. `ended`: False where only a lower bound is known.

    >>> quantiles(np.array([1, 2, 3, 3]), np.array([True, True, False, False]), [0.5, 0.9])
    [2.0, None]
    """
    times, place = np.unique(lasted, return_inverse=True)
    ends = np.bincount(place, weights=ended, minlength=len(times))
    at_risk = len(lasted) - np.concatenate([[0], np.bincount(place, minlength=len(times)).cumsum()[:-1]])
    left = np.cumprod(1 - ends / at_risk) if len(times) else np.zeros(0)
    found = [np.flatnonzero(left <= 1 - share + 1e-12)[:1] for share in shares]
    return [float(times[first[0]]) if len(first) else None for first in found]
