"""Facts about parties are pure functions of their numbers, and each follows from others: a form asks nine times what product its
customer wishes for. The last answer of each is kept."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import numpy as np

from credit.times import Ints

Answer = TypeVar("Answer")
Fact = Callable[[Any, Ints], Answer]


def fact(method: Fact[Answer]) -> Fact[Answer]:
    """A method of one argument, parties, that need not work again for the same parties as the last time. Its columns are shared
    by all who asked: nobody may write to them, and numpy sees to it."""
    name = f"_last_{method.__name__}"

    @wraps(method)
    def remembered(self: Any, party: Ints) -> Answer:
        asked = party.tobytes()
        last: tuple[bytes, Answer] | None = self.__dict__.get(name)
        if last is None or last[0] != asked:
            last = self.__dict__[name] = asked, method(self, party)
            for column in last[1] if isinstance(last[1], tuple) else (last[1],):
                _freeze(column)
        return last[1]

    return remembered


def _freeze(column: Any) -> None:
    if isinstance(column, np.ndarray):
        column.flags.writeable = False
