"""A drill while it goes on: what befalls the bank is noted as of when it began, days are ended when the file says so, and whoever
ends the drill is heard."""

from __future__ import annotations

import datetime as dt
import signal
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lendrill.cli import main
from lendrill.drills import befall
from lendrill.drills import drill as drills
from lendrill.drills.drill import DrillOptions, Going, is_ended
from lendrill.errors import EXIT_INTERRUPTED
from scenarios.drill import Drill

WORDS = dict.fromkeys(("name_zh", "name_en", "about_zh", "about_en"), "–")


class Noted:
    """A record whose clock a test moves."""

    def __init__(self) -> None:
        self.time, self.events = 10.0, list[tuple[str, float]]()

    def now(self) -> float:
        return self.time

    def event(self, what: str, words: tuple[str, str], *_: str, **more: Any) -> None:
        del words
        self.events.append((what, more.get("t", self.time)))


def going(noted: Noted, **of: Any) -> Going:
    bank: Any = SimpleNamespace(home=Path("bank"), date=lambda: dt.date(2026, 3, 2), advance=lambda to: None)
    return Going(Drill.model_validate(WORDS | of), DrillOptions("one", play=True), bank, noted)  # type: ignore[arg-type]


def test_what_takes_its_time_befell_and_was_over_when_it_began(monkeypatch: pytest.MonkeyPatch) -> None:
    noted = Noted()

    def slowly(home: Path, one: object) -> object:
        del home, one
        noted.time += 3.0

        def undo() -> None:
            noted.time += 2.0

        return undo

    monkeypatch.setattr(befall, "befall", slowly)
    one = going(noted, befalls=[{"at_s": 5, "what": "lose", "for_s": 20}])
    [(at_s, _, befalls)] = one.due
    assert at_s == 5.0
    one.due.clear()
    befalls()
    [(over_s, _, over)] = one.due
    assert over_s == 33.0, "so long after it had befallen"
    noted.time = over_s
    over()
    assert noted.events == [("befalls", 10.0), ("over", 33.0)]


def test_days_are_ended_when_the_file_says_so() -> None:
    noted = Noted()
    one = going(noted, load={"day_ends_at_s": [20, 40]})
    assert [at_s for at_s, *_ in one.due] == [20.0, 40.0]
    to: list[str] = []
    one._bank.advance = to.append  # type: ignore[assignment, method-assign]
    for _, _, end in list(one.due):
        end()
    until = time.monotonic() + 5.0
    while len(to) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    assert to == ["2026-03-03T09:00", "2026-03-04T09:00"]
    assert [what for what, _ in noted.events] == ["day", "day"]


@pytest.mark.parametrize(
    ("final", "opens_at", "ended"),
    [
        ({"worked_until": "2026-03-03 00:00:00.000"}, "2026-03-03T09:00", True),
        ({"worked_until": "2026-03-02 23:59:59.999"}, "2026-03-03T09:00", False),
        ({"worked_until": "2026-03-03 00:00:00.000"}, "", False),
        ({}, "2026-03-03T09:00", False),
    ],
)
def test_the_day_was_ended_where_the_book_goes_to_the_next(final: dict[str, Any], opens_at: str, ended: bool) -> None:
    assert is_ended(final, opens_at) is ended


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_whoever_ends_a_drill_is_heard(
    number: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mended: list[bool] = []

    def drilled(*_: object) -> None:
        try:
            signal.raise_signal(number)
        finally:
            mended.append(True)

    monkeypatch.setattr(drills, "_drilled", drilled)
    before = signal.signal(number, lambda *_: None)  # whoever runs the tests may ignore it
    try:
        assert main(["drill", "lose_the_primary", "--out", str(tmp_path / "drill")]) == EXIT_INTERRUPTED
    finally:
        signal.signal(number, before)
    assert mended == [True]
    assert "Interrupted" in capsys.readouterr().err
