"""The fraud model is learnt: a small bank's applications teach one that separates customers it has not seen, the packaged file is
what scoring reckons with, and a run is stopped by it (SCO-08)."""

from __future__ import annotations

import tomllib
from bisect import bisect_right
from pathlib import Path

import duckdb
import numpy as np
import pytest

from bench.fraud_model import (
    FEATURES,
    FILE,
    Applications,
    applications,
    auc,
    blocks,
    fitted,
    ks,
    log_odds,
    split,
    written,
)
from credit.policies import load
from credit.policies.fraud import FraudModelPolicy
from credit.scoring.learnt import LearntModel
from results.sql import tables_of
from scenarios.loading import load_scenario
from sim.occasions import party_of
from sim.truth import Truth
from tests.lendrill import harness

SEED = load_scenario("baseline").run.seed


@pytest.fixture(scope="module")
def seen() -> Applications:
    return applications(1_500, 60)[1]


@pytest.mark.requirement("SCO-08.c")
def test_learning_anew_from_a_small_bank_separates_customers_it_has_not_seen(seen: Applications) -> None:
    trained, kept = split(SEED, seen)
    assert not np.intersect1d(trained.party, kept.party).size
    assert min(int(trained.fraud.sum()), int(kept.fraud.sum())) >= 10
    scores = log_odds(fitted(trained), kept)
    assert auc(scores, kept.fraud) > 0.85
    assert ks(scores, kept.fraud) > 0.5
    other = trained._replace(fraud=np.roll(trained.fraud, len(trained.fraud) // 2))
    assert auc(log_odds(fitted(other), kept), kept.fraud) < 0.75, (
        "it is learnt from the labels: with others it knows nothing"
    )


class Told(dict):  # type: ignore[type-arg]
    """Facts of which all but some are known."""

    def __init__(self, columns: dict[str, np.ndarray], silent: str) -> None:
        super().__init__(columns)
        self._silent = silent

    def knows(self, name: str) -> np.ndarray:
        return np.full(len(self["age"]), name != self._silent)


@pytest.mark.requirement("SCO-08.c")
@pytest.mark.parametrize("silent", ["", "mobile_months"])
def test_the_numbers_of_the_file_are_those_that_scoring_reckons_with(silent: str) -> None:
    file = tomllib.loads(FILE.read_text(encoding="utf-8"))
    assert [one["column"] for one in file["features"]] == list(FEATURES)
    draw = np.random.default_rng(7)
    columns = {name: draw.integers(-5, 2 * edges[-1] + 2, 50) for name, edges in FEATURES.items()}
    columns["age"] = np.zeros(50, dtype=np.int64)
    expected = [
        file["intercept"]
        + sum(
            one["log_odds"][bisect_right(one["edges"], int(columns[one["column"]][row]))]
            for one in file["features"]
            if one["column"] != silent
        )
        for row in range(50)
    ]
    model = LearntModel(load("fraud_model", FraudModelPolicy))
    assert model.log_odds(Told(columns, silent)).tolist() == expected  # type: ignore[arg-type]


def test_a_file_is_written_as_it_is_read(seen: Applications, tmp_path: Path) -> None:
    beta = fitted(seen)
    read = FraudModelPolicy.model_validate(tomllib.loads(written(["# from a small bank"], beta)))
    assert read.intercept == beta[0]
    assert [one.log_odds for one in read.features] == [beta[1 + at : 1 + at + size].tolist() for at, size in blocks()]


def test_a_feature_is_centred_on_those_of_whom_it_is_known(seen: Applications) -> None:
    """So who has no account, or whose carrier is silent, counts as the customer in the middle."""
    beta = fitted(seen)
    for at, size in blocks():
        bins = seen.bins[:, at : at + size].sum(axis=0)
        assert abs((bins * beta[1 + at : 1 + at + size]).sum() / bins.sum()) < 2


@pytest.mark.requirement("SCO-08.c")
def test_the_model_stops_applications_of_a_run_and_most_of_them_are_frauds(tmp_path: Path) -> None:
    scenario = load_scenario("exceptions", {"run.customers": 1_500, "run.days": 30, "run.window": "day"})
    harness.run(scenario, tmp_path / "run")
    events = tables_of(tmp_path / "run")["events"]
    asked = (
        f"SELECT DISTINCT came.value FROM {events} came JOIN {events} stopped USING (case_no) "
        "WHERE came.event = 'application_submitted' AND stopped.event = 'application_intercepted' "
        "AND stopped.reason = 'fraud_model'"
    )
    with duckdb.connect() as connection:
        stopped = np.array(connection.execute(asked).fetchall(), dtype=np.int64).ravel()
    assert len(stopped) >= 3
    assert Truth(scenario.run.seed, scenario).is_fraud(np.unique(party_of(stopped))).mean() > 0.7
