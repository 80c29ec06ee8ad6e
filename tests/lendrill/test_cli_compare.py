"""`lendrill compare` puts two runs side by side without adding a figure of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from lendrill.cli import main
from lendrill.tables import comparison_tables
from results.compare import FATES, Comparison


def comparison(same_seed: bool) -> Comparison:
    fates = {a: dict.fromkeys(FATES, 0) for a in FATES}
    fates["paid out"]["was overdue"] = 1_234
    figures = [("submitted", 2_000.0, 1_990.0), ("overdue rate, %", 1.5, 2.25)]
    return Comparison(("runs/a", "runs/b"), figures, fates, 1_980, same_seed)


def test_figures_stand_side_by_side_with_their_difference(capsys: pytest.CaptureFixture[str]) -> None:
    comparison_tables(comparison(same_seed=True))
    lines = capsys.readouterr().out.splitlines()
    submitted = next(line for line in lines if "submitted" in line)
    assert [cell.strip() for cell in submitted.split("│")] == ["submitted", "2,000", "1,990", "-10"]
    assert any("+0.75" in line for line in lines)
    assert any("1,980 applications in both runs" in line for line in lines)
    assert any("paid out" in line and "1,234" in line for line in lines)
    assert not any("seeds differ" in line for line in lines)


def test_runs_of_different_seeds_are_said_to_be_unpaired(capsys: pytest.CaptureFixture[str]) -> None:
    comparison_tables(comparison(same_seed=False))
    assert "seeds differ" in capsys.readouterr().out


def test_a_folder_that_is_no_run_is_not_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(tmp_path), str(tmp_path)]) == 2
    assert str(tmp_path) in capsys.readouterr().err
