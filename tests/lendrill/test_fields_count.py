"""Each field of a scenario and of each policy counts: with another value a small bank has other digests, or the value is
refused. What no run decides by says so (`credit.policies.base.ReadBy`), and changing it changes nothing. fields_seen.txt has all
fields, with what trying each came to, and where it is neither of the two, why."""

from __future__ import annotations

import functools
import operator
from typing import Any, NamedTuple

import pytest

from credit.errors import InvariantViolation
from credit.policies.loading import packaged, resolved
from tests.lendrill import counting
from tests.lendrill.worlds import SMALL, WORLDS, World

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


class Line(NamedTuple):
    """A line of the list. `note`: the world in which a field counts, or why it neither counts nor is refused."""

    verdict: str
    field: str
    note: str = ""


SEEN = [Line(*line.split(" ", 2)) for line in counting.LIST.read_text(encoding="utf-8").splitlines()]
"""`counts` and `refused` are what trying came to; `names` is the key of a row, by which a scenario's own row finds it; `bounds`
limits what other fields may say, `proves` what balances may be; `idle` showed nowhere; `untried` nobody has looked at."""
OF = {line.field: line for line in SEEN}


def with_verdict(*verdicts: str) -> list[str]:
    return [line.field for line in SEEN if line.verdict in verdicts]


def shows(field: str) -> bool:
    """Whether a change of a field comes to what the list says, in the world that it names."""
    verdict, _, world = OF[field]
    place = next(place for place in counting.with_field(field) if WORLDS[place].name == (world or WORLDS[place].name))
    return counting.plain(place).verdict_of_field(field, "refused" if verdict == "refused" else "counts") == verdict


@pytest.mark.parametrize("field", FIRST)
def test_another_value_is_another_digest_or_refused(field: str) -> None:
    assert shows(field)


@pytest.mark.slow
@pytest.mark.parametrize("field", [name for name in with_verdict("counts", "refused") if name not in FIRST])
def test_what_was_seen_to_count_still_does(field: str) -> None:
    assert shows(field)


def test_every_field_that_a_run_decides_by_is_on_the_list() -> None:
    """A new field is tried, and its line added: `python -m tests.lendrill.counting FIELD` prints it."""
    assert list(OF) == sorted(counting.fields())


def test_a_line_says_what_it_has_to() -> None:
    worlds = {world.name for world in WORLDS}
    for line in SEEN:
        assert line.verdict in ("counts", "refused", "names", "bounds", "proves", "idle", "untried"), line
        if line.verdict == "counts":
            assert line.note in worlds, line
        else:
            assert (line.verdict in ("bounds", "proves", "idle", "untried")) == bool(line.note), line


@pytest.mark.parametrize("field", with_verdict("names"))
def test_what_names_a_row_lets_a_scenario_change_that_row(field: str) -> None:
    """A row under a known key is laid over that row; one under another is one row more."""
    _, policy, *steps, last = field.split(".")
    assert last == "key"

    def rows(content: dict[str, Any]) -> Any:
        return functools.reduce(operator.getitem, steps, content)

    def laid_over(key: str) -> Any:
        change: Any = [{"key": key}]
        for step in reversed(steps):
            change = {step: change}
        return rows(resolved(policy, {policy: change}))

    known = rows(packaged(policy))
    assert laid_over(known[0]["key"]) == known
    assert len(laid_over("another")) == len(known) + 1


@pytest.mark.parametrize("field", with_verdict("bounds"))
def test_what_bounds_other_fields_refuses_what_lies_beyond(field: str) -> None:
    plain = counting.plain(counting.with_field(field)[0])
    path, value = next((path, value) for path, value in counting.leaves(plain.base) if counting.field_of(path) == field)
    assert plain.verdict(path, value // 2) == "refused"


@pytest.mark.parametrize("field", with_verdict("proves"))
def test_what_a_run_is_proved_by_stops_it(field: str) -> None:
    """Not another digest: what a loan owes lies on the debit side, and a chart that says otherwise is found out."""
    base = counting.plain(0).base
    path = next(path for path, value in counting.leaves(base) if counting.field_of(path) == field and value == "debit")
    with pytest.raises(InvariantViolation, match="interest_receivable"):
        list(counting.Bank(counting.changed(base, path, "credit")).digests())


def test_what_is_not_read_by_a_run_is_seen_to_be_idle() -> None:
    """The net would see a field without effect: this one has none, as its mark says."""
    short = counting.Plain(World("short", SMALL | {"run": SMALL["run"] | {"days": 66}}))
    assert short.verdict_of_field("policies.contracts.lender") == "idle"
    assert "policies.contracts.lender" not in counting.fields()
