"""Silences, percentiles and the backlog, against their definitions."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from results.drill.record import Request, Try
from results.drill.recovery import FOREVER, Span, drained, quantile, silences


def request(t: float, waits: float, outcome: str = "acknowledged") -> Request:
    return Request((Try(t, t, t + waits, f"{t}-{waits}-{outcome}", "approval", "primary", 200, outcome),))


def by_definition(requests: list[Request]) -> list[Span]:
    """Between two acknowledgements: from the first who came before the second and was not done with at the first."""
    acks = sorted({one.until for one in requests if one.acknowledged})
    found = []
    for begin, end in pairwise([0.0, *acks, FOREVER]):
        if came := [one.t for one in requests if one.t < end and one.until > begin]:
            found.append((max(begin, min(came)), end))
    return found


OUTCOMES = st.sampled_from(["acknowledged", "refused", "given_up"])
ASKED = st.builds(request, st.integers(0, 60).map(float), st.integers(1, 20).map(float), OUTCOMES)


@given(st.lists(ASKED, max_size=30))
def test_silences_are_as_defined(requests: list[Request]) -> None:
    assert silences(requests) == by_definition(requests)


def test_a_time_in_which_nobody_comes_is_no_silence() -> None:
    assert silences([request(1, 0.5), request(30, 0.5)]) == [(1, 1.5), (30, 30.5)]


@given(st.lists(st.integers(0, 1_000), min_size=1, max_size=60), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_percentiles_are_values_that_occurred(values: list[int], share: float) -> None:
    assert quantile(values, share) == np.quantile(values, share, method="inverted_cdf")


def test_no_values_have_no_percentile() -> None:
    assert quantile([], 0.5) is None


def test_the_backlog_is_drained_after_the_last_second_in_which_most_waited() -> None:
    slow = [request(20 + n / 4, 5.0) for n in range(12)]
    quick = [request(23 + n / 4, 0.1) for n in range(8)]
    assert drained([*slow, *quick], 20.0, 30.0, 0.2) == 3.0
    assert drained(quick, 20.0, 30.0, 0.2) == 0.0
    assert drained(slow, 20.0, 30.0, 0.2) is None  # it never was
    assert drained([*slow, *quick], 20.0, 30.0, None) is None  # nobody knows what is usual
    assert drained([], 20.0, 30.0, 0.2) is None


def test_one_slow_client_among_many_is_no_backlog() -> None:
    requests = [request(20 + n / 4, 5.0 if n % 4 == 0 else 0.1) for n in range(40)]
    assert drained(requests, 20.0, 30.0, 0.2) == 0.0
