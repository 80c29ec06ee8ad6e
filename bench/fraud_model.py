"""Learns the fraud model of scoring (SCO-08): ``python -m bench.fraud_model``. It stands here because it runs a whole bank
and is no part of one. A year is simulated with more fraudsters than usual; at each decision of scoring the facts that the bank
sees are kept as it sees them, and the truth only as what is to be learnt. A logistic regression over bins of those facts is
fitted to seven in ten customers; what the file says of it is measured on the rest. Its coefficients are rounded to millionths:
scoring reads those.

    python -m bench.fraud_model                     learns, and writes the policy file
    python -m bench.fraud_model --customers 2000 --days 90 --out /tmp/model.toml"""

from __future__ import annotations

import argparse
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from actors.local import LocalExecutor
from actors.pipeline import Pipeline
from actors.topology import Flow
from credit.policies import loading
from credit.policies.fraud import FraudModelPolicy, FraudPolicy
from credit.scoring.facts import Facts
from credit.scoring.fraud import FraudEngine, FraudFindings
from credit.scoring.subsystem import ScoringSubsystem
from credit.subsystem import windows
from credit.times import Bools, Ints
from lendrill.assembly import blueprints
from results import folder
from scenarios.loading import load_scenario
from scenarios.model import Scenario
from sim.occasions import party_of
from sim.randomness import PPM, Draw
from sim.truth import Truth

FILE = Path(loading.__file__).with_name("data") / "fraud_model.toml"
CUSTOMERS, DAYS = 20_000, 365
UNHEEDED = 30_000_000
"""The largest log-odds a policy may name: the model that the bank has now stops nobody while another one is learnt."""
CHANGES: dict[str, Any] = {
    "run.window": "day",
    "population.fraud_ppm": 40_000,
    "population.gang_ppm": 10_000,
    "policies.fraud.model_watch_at": UNHEEDED,
    "policies.fraud.model_intercept_at": UNHEEDED,
}
TRAINED_OF_TEN = 7
RIDGE = 2.0
"""Weight of the penalty on each coefficient but the intercept: bins that few fall into say little."""
FEATURES: dict[str, list[int]] = {
    "mobile_months": [1, 3, 6, 12, 36],
    "mobile_matches": [1],
    "shared_devices": [1, 2, 4, 6],
    "income_excess_ppm": [50_000, 150_000, 400_000, 1_000_000],
    "queries_3m": [2, 4, 6, 9],
    "lenders": [2, 4, 6, 9],
    "history_months": [1, 12, 36],
    "recent_applications": [2, 3],
    "existing": [1],
    "registry_active": [1],
    "account_months": [3, 6, 12, 36],
    "income_months": [2, 5, 8, 11],
    "flow_left_ppm": [0, 100_000, 200_000],
    "amount_months": [4, 8, 16],
}
BANDS = (0.0, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 1.0)
Floats = npt.NDArray[np.float64]


class Applications(NamedTuple):
    """What was seen: whose each application is, its row of 0 and 1 by bin, and whether he deceives the bank."""

    party: Ints
    bins: Floats
    fraud: Bools

    def of(self, rows: Bools) -> Applications:
        return Applications(*(column[rows] for column in self))


class Watching(FraudEngine):
    """The engine that also keeps what it is asked about."""

    def __init__(self, scenario: Scenario) -> None:
        found = (("fraud", FraudPolicy), ("fraud_model", FraudModelPolicy))
        super().__init__(*(loading.load(name, model, scenario.policies) for name, model in found))  # type: ignore[arg-type]
        self.party: list[Ints] = [np.zeros(0, dtype=np.int64)]
        self.bins: list[Floats] = [np.zeros((0, sum(len(edges) + 1 for edges in FEATURES.values())))]

    def examine(self, facts: Facts) -> FraudFindings:
        self.party.append(party_of(facts.party))
        self.bins.append(one_hot(facts))
        return super().examine(facts)


def one_hot(facts: Facts) -> Floats:
    """A column a bin; of a fact that nobody told all are 0."""
    columns = []
    for name, edges in FEATURES.items():
        place = np.array(edges).searchsorted(facts[name], side="right")
        columns.append((place[:, None] == np.arange(len(edges) + 1)) & facts.knows(name)[:, None])
    return np.concatenate(columns, axis=1).astype(np.float64)


def applications(customers: int, days: int) -> tuple[Scenario, Applications]:
    """Runs the bank; what its scoring was asked about."""
    scenario = load_scenario("baseline", CHANGES | {"run.customers": customers, "run.days": days})
    flow, executor, engine, run = Flow(1), LocalExecutor(), Watching(scenario), scenario.run
    with tempfile.TemporaryDirectory() as place:
        folder.create(Path(place) / "run")
        executor.start(blueprints(scenario, flow, Path(place) / "run", False), None)
        for host in executor.hosts.values():
            if isinstance(host.stage.subsystem, ScoringSubsystem):
                host.stage.subsystem.engine = engine
        spans = list(windows([*range(run.start_ms, run.until_ms, run.window_ms), run.until_ms]))
        Pipeline(executor, flow, "").run(spans, lambda _: None, lambda: False)
        executor.stop()
    party = np.concatenate(engine.party)
    return scenario, Applications(party, np.concatenate(engine.bins), Truth(run.seed, scenario).is_fraud(party))


def split(seed: int, seen: Applications) -> tuple[Applications, Applications]:
    """By customers: whoever comes twice is on one side."""
    trained = Draw(seed, "fraud_model.split").below(10, seen.party) < TRAINED_OF_TEN
    return seen.of(trained), seen.of(~trained)


def fitted(seen: Applications) -> Ints:
    """Intercept and coefficients in millionths: logistic regression by Newton's method (IRLS), with a ridge. Each feature is
    centred on those of whom it is known, so that a fact nobody told stands for the customer in the middle."""
    shares = centres(seen.bins)
    x = np.concatenate([np.ones((len(seen.bins), 1)), seen.bins - known(seen.bins) * shares], axis=1)
    penalty = np.full(x.shape[1], RIDGE)
    penalty[0] = 1e-6
    beta = np.zeros(x.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-(x @ beta)))
        step = np.linalg.solve((x.T * (p * (1 - p))) @ x + np.diag(penalty), x.T @ (seen.fraud - p) - penalty * beta)
        beta += step
        if np.abs(step).max() < 1e-9:
            break
    beta[1:] -= np.concatenate([np.full(n, (shares * beta[1:])[at : at + n].sum()) for at, n in blocks()])
    return np.rint(beta * PPM).astype(np.int64)


def blocks() -> list[tuple[int, int]]:
    """Where each feature's bins begin among the columns, and how many they are."""
    sizes = [len(edges) + 1 for edges in FEATURES.values()]
    return [(sum(sizes[:n]), size) for n, size in enumerate(sizes)]


def known(bins: Floats) -> Floats:
    """1 in all columns of a feature that is known, by row."""
    return np.concatenate(
        [bins[:, at : at + n].sum(axis=1, keepdims=True).repeat(n, axis=1) for at, n in blocks()], axis=1
    )


def centres(bins: Floats) -> Floats:
    """The share of each bin, of those of whom its feature is known."""
    return np.asarray(bins.sum(axis=0) / np.maximum(known(bins).sum(axis=0), 1))


def log_odds(beta: Ints, seen: Applications) -> Ints:
    """As scoring reckons them, in millionths."""
    return np.asarray(beta[0] + seen.bins.astype(np.int64) @ beta[1:])


def auc(scores: Ints, fraud: Bools) -> float:
    """Chance that a fraudster's score is above an honest customer's, ties counting half."""
    honest = np.sort(scores[~fraud])
    below, upto = (honest.searchsorted(scores[fraud], side=side) for side in ("left", "right"))
    return float((below + upto).mean() / 2 / len(honest))


def ks(scores: Ints, fraud: Bools) -> float:
    """The greatest distance between the two distributions (Kolmogorov-Smirnov)."""
    levels = np.unique(scores)
    one, other = (np.sort(scores[rows]).searchsorted(levels, side="right") / rows.sum() for rows in (fraud, ~fraud))
    return float(np.abs(one - other).max())


def provenance(scenario: Scenario, beta: Ints, trained: Applications, kept: Applications) -> list[str]:
    """What the file's reader must know: from what it was learnt, and how well it does on customers it has not seen."""
    scores, run = log_odds(beta, kept), scenario.run
    p = 1 / (1 + np.exp(-scores / PPM))
    share = CHANGES["population.fraud_ppm"]
    lines = [
        "The learnt fraud model (SCO-08), written by `python -m bench.fraud_model`: logistic regression over bins, with a ridge.",
        f"Learnt from: scenario {scenario.name}, seed {run.seed}, {run.customers} customers, {run.days} days, in which",
        f"{share} in a million deceive the bank (baseline: 4000), so its odds are those of such a world.",
        f"Trained on {len(trained.party)} applications, {int(trained.fraud.sum())} of them fraud.",
        f"Measured on {len(kept.party)} of other customers, {int(kept.fraud.sum())} of them fraud:",
        f"AUC {auc(scores, kept.fraud):.4f}, KS {ks(scores, kept.fraud):.4f}. Calibration there, by chance of fraud:",
    ]
    for low, high in pairwise(BANDS):
        rows = (p >= low) & ((p < high) | (high == 1))
        said = (
            f"{int(rows.sum())} applications, {p[rows].sum():.1f} frauds expected, {int(kept.fraud[rows].sum())} found"
        )
        lines.append(f"  {low:.2f} to {high:.2f}: {said}")
    return [f"# {line}" for line in lines]


def written(lines: list[str], beta: Ints) -> str:
    """The policy file."""
    lines = [*lines, "", f"intercept = {beta[0]}"]
    place = 1
    for name, edges in FEATURES.items():
        points = beta[place : place + len(edges) + 1].tolist()
        place += len(edges) + 1
        lines += ["", "[[features]]", f'column = "{name}"', f"edges = {edges}", f"log_odds = {points}"]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Learns, measures, writes and prints what the file says of it."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.fraud_model", description="Learns the fraud model of scoring."
    )
    parser.add_argument("--customers", type=int, default=CUSTOMERS)
    parser.add_argument("--days", type=int, default=DAYS)
    parser.add_argument("--out", type=Path, default=FILE, help="the policy file to write")
    options = parser.parse_args()
    scenario, seen = applications(options.customers, options.days)
    trained, kept = split(scenario.run.seed, seen)
    beta = fitted(trained)
    lines = provenance(scenario, beta, trained, kept)
    options.out.write_text(written(lines, beta), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
