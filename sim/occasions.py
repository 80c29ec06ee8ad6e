"""What luck hangs on: a person and an occasion. Every application carries a reference, opaque to the bank, that says whose it
is and the how-manieth of that person: `party` × `VISITS` + visit, counted from 1. Whatever is drawn about an application, its
contract, its loans and their instalments is keyed by the reference and what happens to it, never by the numbers that the bank
gives: those depend on who else came, and to which branch."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from credit.numbers import place_in_case
from credit.times import Bools, Ints

VISITS = 1 << 20
"""Applications of one person are numbered below."""
_OF_A_LOAN = 1 << 32


def reference_of(party: Ints, visit: npt.ArrayLike) -> Ints:
    """The reference of a person's visit."""
    return np.asarray(party * VISITS + np.asarray(visit, dtype=np.int64))


def party_of(reference: Ints) -> Ints:
    """Whose application it is."""
    return reference // VISITS


def is_scripted(reference: Ints, people: int) -> Bools:
    """Whether each is an application of one of the scenario's scripted `people`, who come first."""
    party = party_of(reference)
    return np.asarray((party >= 1) & (party <= people))


def visit_of(reference: Ints) -> Ints:
    """The how-manieth of its person it is, from 1."""
    return reference % VISITS


def on_loan(loan: Ints, number: npt.ArrayLike = 0) -> Ints:
    """The occasion of a number (an instalment, a day, an attempt, below 2³²) of the first, second … loan of an application."""
    return np.asarray(place_in_case(loan) * _OF_A_LOAN + np.asarray(number, dtype=np.int64))
