"""Each field of a scenario and of each policy counts: with another value the same bank's windows have other digests, or the value
is refused. What no run decides by says so (`credit.policies.base.ReadBy`), and changing it changes nothing."""

from __future__ import annotations

import pytest

from tests.lendrill import counting

FIRST = (
    "run.seed",
    "bank.branch_weights_ppm",
    "demand.mortgage.weight",
    "arrivals.hour_weights",
    "population.age_weights",
    "files.lenders_mean_ppm",
    "behaviour.electronic_sign_median_minutes",
    "staff.initial_approver.service_minutes_median",
    "partners.bureau.latency_ms_median",
    "faults.share_ppm",
    "script.income",
    "policies.admission.form_ms",
    "policies.approval.decision_ms",
    "policies.contracts.valid_days",
    "policies.fraud.rules.key",
    "policies.ledger.accounts.number",
    "policies.payments.own_prefixes",
    "policies.products.products.required_materials",
    "policies.scorecard.score_ms",
)
"""A field of each section and policy that shows within days."""


SEEN = dict(line.split()[::-1] for line in counting.LIST.read_text(encoding="utf-8").splitlines())
"""By field what trying it came to; `idle`: no change showed in so small a bank; `untried`: nobody has looked."""


def shows(field: str) -> bool:
    return counting.verdict_of_field(counting.content(), field) != "idle"


@pytest.mark.parametrize("field", FIRST)
def test_another_value_is_another_digest_or_refused(field: str) -> None:
    assert shows(field)


@pytest.mark.slow
@pytest.mark.parametrize(
    "field", [name for name, seen in SEEN.items() if seen in ("counts", "refused") and name not in FIRST]
)
def test_what_was_seen_to_count_still_does(field: str) -> None:
    assert shows(field)


def test_every_field_that_a_run_decides_by_is_on_the_list() -> None:
    """A new field is tried, and its line added: `python -m tests.lendrill.counting FIELD` prints it."""
    assert list(SEEN) == sorted(counting.fields())


def test_what_is_not_read_by_a_run_is_seen_to_be_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """The net would see a field without effect: this one has none, as its mark says."""
    monkeypatch.setitem(counting.WORLD["run"], "days", 66)
    counting.plain.cache_clear()
    try:
        assert not shows("policies.contracts.lender")
        assert "policies.contracts.lender" not in counting.fields()
    finally:
        counting.plain.cache_clear()
