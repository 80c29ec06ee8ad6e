"""A run that is asked to end says at once that it has heard, ends between windows, and breaks off when it is asked again."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from actors.pipeline import Pipeline
from lendrill import cli
from lendrill.errors import EXIT_INTERRUPTED
from lendrill.interruption import Interruption


def test_the_first_signal_is_answered_and_the_second_breaks_off() -> None:
    said: list[str] = []
    with Interruption() as interruption:
        interruption.patient = lambda: said.append("ending")
        signal.raise_signal(signal.SIGTERM)
        assert (interruption.asked(), said) == (True, ["ending"])
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
    assert said == ["ending"]


def test_a_run_that_is_asked_to_end_says_so_and_ends_between_windows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    submit, out = Pipeline.submit, tmp_path / "run"

    def interrupted(self: Pipeline, *arguments: object) -> object:
        if self.progress.windows_done == 2:
            signal.raise_signal(signal.SIGTERM)
        return submit(self, *arguments)

    monkeypatch.setattr(Pipeline, "submit", interrupted)
    words = f"run baseline --customers 20 --days 20 --executor local --out {out}"
    assert cli.main(words.split()) == EXIT_INTERRUPTED
    assert "Ending: the windows under way are finished first" in capsys.readouterr().err
    said = json.loads((out / "summary.json").read_text())
    assert said["status"] == "partial"
    assert 2 < said["windows_done"] < 20
