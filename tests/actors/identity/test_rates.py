"""Token buckets: what a client may ask at once, how it fills again, and that clients do not share one."""

from __future__ import annotations

import pytest

from actors.identity import rates
from actors.identity.rates import Rates
from credit.policies.posts import Rate


class Seconds:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Seconds:
    return Seconds()


@pytest.mark.requirement("API-08.b")
def test_a_bucket_holds_a_burst_and_fills_at_its_rate(clock: Seconds) -> None:
    found = Rates({"system": Rate(per_second=2.0, burst=3)}, clock)
    assert [found.wait_s("one", "system") for _ in range(5)] == [0.0, 0.0, 0.0, 0.5, 0.5]
    clock.now = 0.25
    assert found.wait_s("one", "system") == pytest.approx(0.25)
    clock.now = 1.0
    assert [found.wait_s("one", "system") for _ in range(3)] == [0.0, 0.0, 0.5]
    clock.now = 1_000.0
    assert [found.wait_s("one", "system") for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]


def test_each_client_has_a_bucket_and_some_have_a_rate_of_their_own(clock: Seconds) -> None:
    found = Rates({"system": Rate(per_second=1.0, burst=1), "system:load": Rate(per_second=1.0, burst=2)}, clock)
    assert [found.wait_s("system:load", "system") for _ in range(3)] == [0.0, 0.0, 1.0]
    assert [found.wait_s("system:one", "system") for _ in range(2)] == [0.0, 1.0]
    assert found.wait_s("system:two", "system") == 0.0


def test_buckets_are_bounded(clock: Seconds, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "CLIENTS_MAX", 10)
    found = Rates({"nobody": Rate(per_second=1.0, burst=1)}, clock)
    for number in range(100):
        found.wait_s(f"address {number}", "nobody")
    assert len(found._full_at) <= 10


def test_who_has_asked_much_of_late_is_kept_before_those_whose_buckets_are_full_again(
    clock: Seconds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "CLIENTS_MAX", 10)
    found = Rates({"nobody": Rate(per_second=1.0, burst=5)}, clock)
    assert [found.wait_s("busy", "nobody") for _ in range(6)] == [0.0] * 5 + [1.0]
    for number in range(9):
        found.wait_s(f"address {number}", "nobody")
    clock.now = 1.5
    found.wait_s("one more than are kept", "nobody")
    assert [found.wait_s("busy", "nobody") for _ in range(2)] == [0.0, 0.5]
