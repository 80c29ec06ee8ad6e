"""Choosing rows. Its rule: when a mask chooses all rows, which is the common case on the hot path, nothing is copied."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from credit.times import Bools

Array = TypeVar("Array", bound=npt.NDArray[np.generic])


def only(rows: Array, mask: Bools) -> Array:
    """``rows[mask]``, or `rows` itself where the mask is true throughout: who writes to the result may write to `rows`."""
    return rows if bool(mask.all()) else rows[mask]  # type: ignore[return-value]
