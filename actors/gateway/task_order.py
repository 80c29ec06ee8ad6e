"""The order of tasks in a page: the most urgent first, over all lists; a cursor says where the page before ended."""

from __future__ import annotations

import base64
import re
from typing import Any

import numpy as np

from actors.gateway.problems import Problem
from credit.room import Rows

_ORDER = ("priority", "limit_at", "task")


def first_of(rows: Rows, place: int, after: tuple[int, ...] | None, most: int) -> list[tuple[tuple[int, ...], Any]]:
    """The most urgent rows of a list that come after a place, with their keys: priority, limit, number, list."""
    if after is not None and len(rows):
        *head, last = after
        priority, limit, task = (rows[name] for name in _ORDER)
        same = (priority == head[0]) & (limit == head[1])
        later = (priority > head[0]) | ((priority == head[0]) & (limit > head[1])) | (same & (task > head[2]))
        rows = rows[later | (same & (task == head[2]) & (place > last))]
    order = np.lexsort([rows[name] for name in reversed(_ORDER)])[:most]
    return [((*(int(rows[place_][name]) for name in _ORDER), place), rows[place_]) for place_ in order]


def cursor_of(key: tuple[int, ...]) -> str:
    """A key as callers carry it to the next page."""
    return base64.urlsafe_b64encode("/".join(map(str, key)).encode()).decode()


def place_of(cursor: str) -> tuple[int, ...]:
    """The key that a cursor carries; Problem 422 for one that no page gave."""
    try:
        read = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True).decode("ascii")
    except ValueError:
        read = ""
    if not re.fullmatch(r"[0-9]{1,19}(/[0-9]{1,19}){3}", read) or any(int(one) >= 1 << 63 for one in read.split("/")):
        raise Problem(
            422,
            "Invalid request",
            "cursor: take the one that the page before gave",
            field="cursor",
            detail_zh="cursor 应为上一页返回的值",
        )
    return tuple(int(part) for part in read.split("/"))
