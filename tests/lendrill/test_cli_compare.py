"""`lendrill compare` puts two runs side by side without adding a figure of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from lendrill.cli import main
from lendrill.conditions import holds
from lendrill.errors import UserError
from lendrill.tables import comparison_tables
from results.compare import FATES, Comparison, Difference
from results.figures import Figure


def comparison(*differences: Difference) -> Comparison:
    fates = {a: dict.fromkeys(FATES, 0) for a in FATES}
    fates["paid out"]["was overdue"] = 1_234
    figures = [
        ("submitted", Figure(2_000.0), Figure(1_990.0)),
        ("overdue_rate", Figure(0.5, (0.25, 0.75)), Figure(2.25)),
        ("wait_manual_p99_hours", Figure(12.5), Figure(None)),
    ]
    return Comparison(
        ("runs/a", "runs/b"), figures, fates, 1_980, {"other people": 7}, list(differences), "2026-03-02 00:00:00.000"
    )


def test_figures_stand_side_by_side_with_their_difference(capsys: pytest.CaptureFixture[str]) -> None:
    comparison_tables(comparison())
    printed = capsys.readouterr().out
    rows = [[cell.strip() for cell in line.split("│")] for line in printed.splitlines()]
    assert ["submitted", "2,000", "1,990", "-10"] in rows
    assert ["overdue_rate", "0.500 [0.250–0.750]", "2.250", "+1.750"] in rows
    assert ["wait_manual_p99_hours", "12.50", "–", "–"] in rows
    assert "1,980 applications in both runs" in printed
    assert "Not paired: 7 other people." in printed
    assert any(row[0] == "paid out" and "1,234" in row for row in rows)
    assert "The same scenario, seed and policies." in printed


def test_in_what_the_runs_differ_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    comparison_tables(comparison(Difference("scenario.run.seed", "1", "2"), Difference("scenario.run.start", "a", "b")))
    printed = capsys.readouterr().out
    assert ["scenario.run.seed", "1", "2"] in [
        [cell.strip() for cell in line.split("│")] for line in printed.splitlines()
    ]
    assert "begin on different days" in printed


PAIRS = {"approved": (Figure(100.0), Figure(80.0)), "npl_rate": (Figure(None), Figure(0.02))}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("approved < 90", True),
        ("first.approved < 90", False),
        ("change.approved <= -20 and not npl_rate > 0.05", True),
        ("npl_rate > 0.02", False),
        ("second.approved / first.approved >= 0.9 or npl_rate == 0.02", True),
        ("70 < approved < 75", False),
        ("-approved + 2 * 50 != 20", False),
    ],
)
def test_a_condition_holds_as_arithmetic_says(condition: str, expected: bool) -> None:
    assert holds(condition, PAIRS) is expected


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("aproved < 1", "no figure 'aproved' (did you mean approved? known: approved, npl_rate)"),
        ("change.npl_rate > 0", "npl_rate has no value in the first run"),
        ("third.approved > 0", "third.approved: a figure is of the first or second run"),
        ("approved", "a number, not a condition"),
        ("approved <", "not a condition"),
        ("__import__('os')", "is not understood"),
        ("approved ** 9 > 1", "is not understood"),
        ("approved / 0 > 1", "divides by zero"),
        ("approved > 'x'", "is not understood"),
    ],
)
def test_a_condition_that_cannot_be_asked_says_why(condition: str, said: str) -> None:
    with pytest.raises(UserError) as refused:
        holds(condition, PAIRS)
    assert said in refused.value.user_message


def test_of_many_figures_the_nearest_is_told_and_where_all_stand() -> None:
    many = {f"wait_desk_{n}_hours": (Figure(1.0), Figure(2.0)) for n in range(40)}
    with pytest.raises(UserError) as refused:
        holds("wait_desk_7 > 1", many)
    assert refused.value.user_message.endswith("(did you mean wait_desk_7_hours? --json names all 40)")


def test_a_folder_that_is_no_run_is_not_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(tmp_path), str(tmp_path)]) == 2
    assert str(tmp_path) in capsys.readouterr().err
