"""Questions about masks, and bounds, asked many times a window of a handful of rows: numpy's own `any`, `all`, `flatnonzero` and
`clip` say the same, and cost three to five times as much before they look at a row."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from credit.times import Ints


def true_rows(mask: npt.NDArray[Any]) -> Ints:
    """The row numbers at which a mask is true, or a column is not 0."""
    return mask.nonzero()[0]


def any_of(mask: npt.NDArray[Any]) -> bool:
    """Whether a mask is true anywhere."""
    return bool(np.count_nonzero(mask))


def all_of(mask: npt.NDArray[Any]) -> bool:
    """Whether a mask is true throughout."""
    return bool(np.count_nonzero(mask) == mask.size)


def clipped(values: Ints, least: Ints | int, most: Ints | int) -> Ints:
    """Values below `least` as it, those above `most` as that."""
    return np.asarray(np.minimum(np.maximum(values, least), most))
