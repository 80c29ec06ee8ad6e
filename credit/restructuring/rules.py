"""Rules of restructuring on plain columns: which terms make sense, how a loan is classified, how long it is observed."""

from __future__ import annotations

import numpy as np

from credit.calendar import add_months
from credit.codes_trouble import Hardship, Measure, RiskClass
from credit.errors import CreditError
from credit.room import Rows
from credit.schedules import read_stages, staged_plan
from credit.times import Bools, Ints

TERMS = ("measure", "months", "free_months")


def proposable(said: Rows, drafted: Ints, months_drafted: Ints, months_max: int) -> Bools:
    """True for proposals that name what was found, a measure, and months that go with it: those of the plan set by hand where
    there is one, which is staged; a time without principal belongs to a moratorium alone."""
    measure, months, free = (said[name] for name in TERMS)
    found = np.isin(said["ground"], [int(one) for one in Hardship if one]) & np.isin(measure, list(Measure))
    right = (drafted == 0) | ((measure == Measure.STAGED) & (months == months_drafted))
    free_right = np.where(measure == Measure.MORATORIUM, (free >= 1) & (free < months), free == 0)
    return np.asarray(found & right & free_right & (months >= 1) & (months <= months_max))


def without_terms(said: Rows) -> Bools:
    """True where an opinion says nothing about terms."""
    return np.asarray((said["measure"] == 0) & (said["months"] == 0) & (said["free_months"] == 0))


def makes_a_plan(months: int, interest_every: int, stages: str) -> bool:
    """Whether shares set by hand are a plan of so many months (REP-03)."""
    try:
        staged_plan(months, interest_every, read_stages(stages))
    except CreditError:
        return False
    return bool(stages)


def class_of(non_performing: Ints) -> Ints:
    """The class of loans whose terms have changed: special mention (关注), or substandard (次级) where they were non-performing
    or their terms change again."""
    return np.where(non_performing != 0, int(RiskClass.SUBSTANDARD), int(RiskClass.SPECIAL_MENTION))


def observed_until(from_day: Ints, second_day: Ints, months: int) -> Ints:
    """The first day after an observation of so many months and two payments: what is missed on its last day shows then."""
    return np.asarray(np.maximum(add_months(from_day, months), second_day) + 1)
