"""Silences, percentiles and the backlog, against their definitions."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from results.drill.record import Request, Try, read
from results.drill.recovery import FOREVER, Services, Span, disruptions, drained, quantile, silences, waits_before
from tests.results.drill.records import LOSE, Made, bare, drill_of, tried


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


def lost_at_20(target_s: float = 10.0) -> Made:
    """Somebody asks for approval each second until a site is lost; what comes then is for a test to say."""
    record = bare(drill_of([LOSE], expected={"rto_s": {"approval": target_s}}))
    record.event(20.0, "befalls", "primary", 0)
    record.requests = [line for second in range(20) for line in tried(f"{second}", (second, second + 0.1))]
    return record


def services(record: Made, folder: Path) -> Services:
    found = read(record.write(folder))
    return Services(found, disruptions(found))


def test_whoever_meant_it_before_the_fault_and_was_answered_to_a_later_try_shows_the_service(tmp_path: Path) -> None:
    record = lost_at_20()
    record.requests += [*tried("early", (19.8, 20.8), (20.9, 22.0)), *tried("late", (20.5, 22.4))]
    found = services(record, tmp_path).after(0, "approval")
    assert (found["state"], found["rto_s"]) == ("interrupted", 2.0)


def test_a_later_silence_longer_than_the_target_is_an_interruption_though_one_try_is_as_long(tmp_path: Path) -> None:
    record = lost_at_20(target_s=2)
    record.requests += [*tried("early", (20.5, 20.6)), *tried("late", (25.0, 28.0))]
    found = services(record, tmp_path / "short")
    assert (found.stay_s["approval"], found.stay_s["repayment"]) == (2.0, 4.0)
    assert found.after(0, "approval")["rto_s"] == 8.0
    record.plan["drill"]["expected"]["rto_s"] = {"approval": 10}
    found = services(record, tmp_path / "long")
    assert found.stay_s["approval"] == 4.0
    assert found.after(0, "approval")["state"] == "not_interrupted"


def test_an_endless_silence_lasted_as_long_as_the_last_client_waited(tmp_path: Path) -> None:
    record = lost_at_20()
    record.requests += tried("one", (20.5, 23.5), outcome="given_up")
    record.requests += tried("other", (21.0, 40.0), outcome="given_up")
    found = services(record, tmp_path).after(0, "approval")
    assert (found["state"], found["longest_s"]) == ("not_back", 19.5)


def test_only_who_was_answered_before_the_first_fault_says_what_is_usual() -> None:
    requests = [request(1, 0.5), request(2, 3, "given_up"), request(19, 5), request(16, 4)]
    assert waits_before(requests, 20.0) == [0.5, 4.0]
