"""Core terms of the credit business as data (核心术语, PRD-02): what a credit grant, a limit, overdue and default are, each
told by the events that make it true and those that end it. Its rule: a term means what its row says, and `cases_under`
counts by it."""

from __future__ import annotations

import numpy as np
from pydantic import Field, model_validator

from credit.codes import Event
from credit.messages import Rows
from credit.policies.base import PolicyModel
from credit.times import Ints


class CoreTerm(PolicyModel):
    """One term: true of a case from the last of `needs` (all of them) until the first of `ends` after it."""

    key: str
    name: str
    name_zh: str
    meaning: str
    needs: list[str] = Field(min_length=1)
    ends: list[str] = []

    @model_validator(mode="after")
    def _known(self) -> CoreTerm:
        for name in (*self.needs, *self.ends):
            if name.upper() not in Event.__members__:
                raise ValueError(f"term {self.key}: {name!r} is no event")
        return self

    def cases_under(self, events: Rows) -> Ints:
        """The cases of which the term is true after `events` (columns at, case, event), rising. A term that begins and ends
        at one instant has ended."""
        cases = np.unique(events["case"])
        began = np.min([_latest(events, cases, name) for name in self.needs], axis=0)
        reached = np.max([_latest(events, cases, name) for name in self.needs], axis=0)
        ended = np.max([_latest(events, cases, name) for name in self.ends], axis=0, initial=-1)
        return np.asarray(cases[(began >= 0) & (reached > ended)])


def _latest(events: Rows, cases: Ints, name: str) -> Ints:
    """When an event last happened to each case; −1 = never."""
    mine = events[events["event"] == Event[name.upper()]]
    latest = np.full(len(cases), -1, dtype=np.int64)
    np.maximum.at(latest, np.searchsorted(cases, mine["case"]), mine["at"])
    return latest


class CoreTermPolicy(PolicyModel):
    """All core terms."""

    terms: list[CoreTerm] = Field(min_length=1)

    def by_key(self, key: str) -> CoreTerm:
        """The term of a key; KeyError when there is none."""
        for term in self.terms:
            if term.key == key:
                return term
        raise KeyError(key)
