"""Small worlds for tests: a scenario from keyword sections, and what belongs to it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from credit.policies.loading import load
from credit.policies.products import ProductPolicy
from credit.subsystem import Window
from credit.times import DAY_MS, Ints, instant
from scenarios.model import Scenario
from sim.occasions import reference_of
from sim.population.forms import Forms
from sim.population.people import People

SEED = 7
PERFECT = {
    "wrong_check_digit_ppm": 0,
    "wrong_id_length_ppm": 0,
    "malformed_mobile_ppm": 0,
    "missing_field_ppm": 0,
    "amount_out_of_range_ppm": 0,
    "vague_purpose_ppm": 0,
    "missing_document_ppm": 0,
    "no_bureau_consent_ppm": 0,
    "expired_document_ppm": 0,
}
"""Population settings under which nobody makes a mistake."""
ZHANG: dict[str, Any] = {
    "party": 1,
    "at": "2026-01-08T10:00:00",
    "name": "张建国",
    "id_number": "11010519900307287X",
    "mobile": "13800138000",
    "amount": 50_000,
    "term_months": 12,
    "purpose": "装修",
    "income": 18_000,
    "documents": ["id_front", "id_back"],
    "quality_ppm": 820_000,
}


def scenario(**sections: Any) -> Scenario:
    """A scenario in which only the given sections differ from the defaults."""
    return Scenario.model_validate(
        {"name": "small", "title": "Small", "purpose": "A test", "look_at": ["it"], **sections}
    )


def products() -> ProductPolicy:
    return load("products", ProductPolicy)


def people(**sections: Any) -> People:
    return People(scenario(**sections), SEED, products())


def forms_of(**sections: Any) -> Forms:
    return Forms(scenario(**sections), SEED, products())


def numbers(last: int, first: int = 1) -> Ints:
    return np.arange(first, last + 1, dtype=np.int64)


def references(last: int, first: int = 1) -> Ints:
    """The first applications of parties `first` to `last`."""
    return reference_of(numbers(last, first), 1)


ZHANG_ASKS = int(references(1)[0])
"""Reference of the scripted customer's application."""


def morning(count: int) -> Ints:
    """`count` instants from 10:00 on 5 January 2026 on, a second apart."""
    return instant(dt.date(2026, 1, 5), 10) + 1_000 * np.arange(count, dtype=np.int64)


def windows(start: int, until: int, length: int = DAY_MS) -> list[Window]:
    """Windows of a length that cover [start, until)."""
    return [Window(number, at, min(at + length, until)) for number, at in enumerate(range(start, until, length))]
