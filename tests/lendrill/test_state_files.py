"""Each file of an end state says of itself which cell of which run it is, and when that run ended. One that is put in another's
place is refused by name, also where its checksum was put into the summary along with it."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from credit.compact import ABOUT
from lendrill.errors import UserError
from lendrill.saved import load_saved
from results.folder import RunFolderError
from tests.lendrill import harness

FEW: dict[str, Any] = {"run__customers": 20, "run__days": 3}
OTHERS: dict[str, dict[str, Any]] = {
    "seed": {"run__seed": 8},
    "until": {"run__days": 2},
    "policies": {"policies__contracts": {"valid_days": 9}},
    "chain": {"demand__mortgage__weight": 900_000},
    "first_party": {"run__customers": 21},
    "branches": {"bank__branches": 5},
}
"""What a state file says, and a change of the bank by which another run's file says something else."""
LEDGER = "ledger-0.npz"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """The folder of a run with some changes, made once."""
    made: dict[str, Path] = {}

    def of(shards: int = 1, **changes: Any) -> Path:
        name = f"{shards} {changes}"
        if name not in made:
            made[name] = tmp_path_factory.mktemp("runs") / "run"
            harness.run(harness.small(**FEW | changes), made[name], shards=shards)
        return made[name]

    return of


@pytest.fixture
def here(runs: Callable[..., Path], tmp_path: Path) -> Path:
    """A copy of the plain run, to be tampered with."""
    return shutil.copytree(runs(), tmp_path / "here")


def replaced(run: Path, source: Path, place: str = LEDGER, **summary: Any) -> None:
    """Puts a file in the place of a state file, and its checksum and other values into the summary."""
    shutil.copy(source, run / "state" / place)
    content = json.loads((run / "summary.json").read_text())
    content["next"]["state"][place] = hashlib.sha256(source.read_bytes()).hexdigest()
    (run / "summary.json").write_text(json.dumps(content | summary))


def test_a_state_file_can_be_told_alone(here: Path) -> None:
    summary = json.loads((here / "summary.json").read_text())
    said = json.loads(str(np.load(here / "state" / "scoring-0.npz")[ABOUT]))
    assert said == {
        "cell": "scoring-0",
        "seed": summary["seed"],
        "shards": 1,
        "until_ms": summary["next"]["start_ms"],
        "first_party": 21,
        "branches": 4,
        "policies": summary["policies"]["fingerprint"],
        "schemas": summary["schemas"]["fingerprint"],
        "chain": summary["chain"],
    }
    assert "bank.cases" in load_saved(here).by_cell["scoring-0"]
    assert ABOUT not in load_saved(here).by_cell["scoring-0"]


@pytest.mark.parametrize("what", OTHERS)
def test_another_runs_file_is_refused(here: Path, runs: Callable[..., Path], what: str) -> None:
    replaced(here, runs(**OTHERS[what]) / "state" / LEDGER)
    with pytest.raises(
        RunFolderError, match=rf"{LEDGER}: not the state.*\b{what} .* where summary\.json has .*put back"
    ):
        load_saved(here)


def test_both_ends_are_told_as_people_read_them(here: Path, runs: Callable[..., Path]) -> None:
    replaced(here, runs(**OTHERS["until"]) / "state" / LEDGER)
    with pytest.raises(
        RunFolderError, match=r"until 2026-01-03 00:00:00\.000 where summary\.json has 2026-01-04 00:00"
    ):
        load_saved(here)


def test_the_file_of_another_cell_or_number_of_shards_is_refused(here: Path, runs: Callable[..., Path]) -> None:
    replaced(here, runs() / "state" / "contracts-0.npz")
    with pytest.raises(RunFolderError, match=r"cell contracts-0 where summary\.json has ledger-0"):
        load_saved(here)
    replaced(here, runs(shards=2) / "state" / LEDGER)
    with pytest.raises(RunFolderError, match=r"it says shards 2 where summary\.json has 1;"):
        load_saved(here)


def test_a_summary_made_to_fit_one_strange_file_fits_none_of_the_others(here: Path, runs: Callable[..., Path]) -> None:
    replaced(here, runs(**OTHERS["seed"]) / "state" / "applications-0.npz", "applications-0.npz", seed=8)
    with pytest.raises(RunFolderError, match=r"applications-0\.npz: .* it says chain"):
        load_saved(here)
    other = json.loads((runs(**OTHERS["seed"]) / "summary.json").read_text())
    content = json.loads((here / "summary.json").read_text())
    following = other["next"] | {"state": content["next"]["state"]}
    (here / "summary.json").write_text(json.dumps(content | {"next": following}))
    with pytest.raises(
        RunFolderError, match=r"customers-0\.npz: .* it says seed 2026\w* where summary\.json has 8, chain"
    ):
        load_saved(here)


def test_a_file_that_says_nothing_of_itself_is_refused(here: Path, tmp_path: Path) -> None:
    with np.load(here / "state" / LEDGER) as archive:
        np.savez(tmp_path / "silent.npz", **{name: archive[name] for name in archive.files if name != ABOUT})
    replaced(here, tmp_path / "silent.npz")
    with pytest.raises(RunFolderError, match=rf"{LEDGER}: does not say which run it belongs to"):
        load_saved(here)


def test_a_summary_that_does_not_say_it_all_is_refused(here: Path) -> None:
    content = json.loads((here / "summary.json").read_text())
    del content["next"]["chain"]
    (here / "summary.json").write_text(json.dumps(content))
    with pytest.raises(UserError, match="can't be continued from"):
        load_saved(here)
