"""What the command line says about scenarios, and about folders that are no runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from credit.errors import InvariantViolation
from lendrill import requirements
from lendrill.cli import main
from scenarios.loading import load_scenario, packaged_names


def test_every_packaged_scenario_is_listed_with_its_purpose(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scenarios"]) == 0
    printed = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert len(packaged_names()) >= 8
    for name in packaged_names():
        assert name in printed
        assert load_scenario(name).purpose.split()[0] in printed


@pytest.mark.parametrize("content", [None, {}, {"summary.json": "{broken"}, {"UNFINISHED": ""}])
def test_a_folder_that_is_no_run_has_no_report(
    tmp_path: Path, content: dict[str, str] | None, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    if content is not None:
        folder.mkdir()
        for name, text in content.items():
            (folder / name).write_text(text, encoding="utf-8")
    assert main(["report", str(folder)]) == 2
    said = capsys.readouterr().err
    assert str(folder) in said
    assert said.count("\n") == 1
    assert not (folder / "report.html").exists()


def test_a_broken_invariant_is_no_bad_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise InvariantViolation("loan 7: off by 1 fen")

    monkeypatch.setattr(requirements, "table", broken)
    assert main(["requirements"]) == 1
    assert capsys.readouterr().err == "lendrill: invariant violated: loan 7: off by 1 fen\n"
