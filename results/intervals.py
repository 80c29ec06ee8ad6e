"""Confidence intervals of shares. An interval is given only where the counted things can be taken as independent draws
(cases, loans, people); for the rest the report says that there is none."""

from __future__ import annotations

import math

Interval = tuple[float, float]
_Z = 1.959964
"""Two-sided 95%."""
FEW = 20
"""A share of fewer says of how many it is."""


def wilson(count: int, total: int) -> Interval | None:
    """Wilson's 95% interval of the share `count` of `total`, within 0 and 1; None where there is no such share: nothing was
    counted, or more than the total (a continued run decides cases of the run before).

    >>> [round(end, 3) for end in wilson(8, 10)]
    [0.49, 0.943]
    """
    if total <= 0 or not 0 <= count <= total:
        return None
    share, z2 = count / total, _Z * _Z / total
    middle = (share + z2 / 2) / (1 + z2)
    half = _Z * math.sqrt(share * (1 - share) / total + z2 / (4 * total)) / (1 + z2)
    return (max(middle - half, 0.0) if count else 0.0, min(middle + half, 1.0) if count < total else 1.0)


def few_text(of: int | None) -> str:
    """Of how many a share is, where they are few; of none there is no share."""
    return f"n = {of}" if of and of < FEW else ""


def interval_text(interval: Interval | None, digits: int = 1) -> str:
    """An interval as percentages; a dash where there is none."""
    return "–" if interval is None else f"{interval[0]:.{digits}%}–{interval[1]:.{digits}%}"
