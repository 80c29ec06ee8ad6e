"""The applications that a live bank is measured with."""

from __future__ import annotations

from typing import Any

from loadtests.forms import PRODUCTS, form

_SEED, _BRANCHES = 7, 4


def forms(first: int, count: int) -> list[dict[str, Any]]:
    """So many forms of products that the machine decides, beginning with the first of a number or after."""
    found: list[dict[str, Any]] = []
    while len(found) < count:
        one = form(_SEED, first, _BRANCHES, "mobile_bank")
        first += 1
        if PRODUCTS[one["product"]].scorecard:
            found.append(one)
    return found
