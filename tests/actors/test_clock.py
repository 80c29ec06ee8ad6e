"""A business clock that is taken up again by another process."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.clock import AHEAD_MS, BusinessClock, Mark
from credit.times import DAY_MS, HOUR_MS

START = 20_500 * DAY_MS + 9 * HOUR_MS


class Ticking:
    """A machine's count of time gone by, as it is told to count."""

    def __init__(self) -> None:
        self.ms = 0

    def monotonic_ns(self) -> int:
        return self.ms * 1_000_000


@pytest.fixture
def ticking(monkeypatch: pytest.MonkeyPatch) -> Ticking:
    monkeypatch.setattr("actors.clock.time", found := Ticking())
    return found


def test_a_business_clock_never_goes_back_within_the_day_whoever_takes_it_up(tmp_path: Path, ticking: Ticking) -> None:
    mark, shown = Mark(tmp_path / "clock"), [START]
    for gone in (0, 1, AHEAD_MS - 1, 2, 3_600_000, 20 * 3_600_000):
        clock = BusinessClock(START, mark)  # nothing came meanwhile: the bank stands where it stood
        shown.append(clock.now())
        ticking.ms += gone
        shown.append(clock.now())
        assert shown[-1] - shown[-2] == min(gone, (START // DAY_MS + 1) * DAY_MS - 1 - shown[-2])
        assert shown[-2] - shown[-3] <= AHEAD_MS
    assert shown == sorted(shown)
    assert shown[-1] == (START // DAY_MS + 1) * DAY_MS - 1
    assert BusinessClock(START, mark).now() == shown[-1]


def test_a_mark_of_another_day_or_of_no_form_moves_nothing(tmp_path: Path, ticking: Ticking) -> None:
    mark = Mark(tmp_path / "clock")
    mark.move(START + DAY_MS)
    assert BusinessClock(START, mark).now() == START
    for content in ("", "x", "9" * 21, "-1"):
        (tmp_path / "clock").write_text(content)
        assert BusinessClock(START, mark).now() == START
    (tmp_path / "clock").write_bytes(b"\xff")
    assert BusinessClock(START, mark).now() == START


def test_a_business_clock_whose_mark_can_not_be_kept_stands_still(tmp_path: Path, ticking: Ticking) -> None:
    clock = BusinessClock(START, Mark(tmp_path / "away" / "clock"))
    ticking.ms += 5_000
    assert clock.now() == START
    (tmp_path / "away").mkdir()
    assert clock.now() == START + 5_000
    clock.set(START + DAY_MS)
    ticking.ms += 1
    assert clock.now() == START + DAY_MS + 1
    assert Mark(tmp_path / "away" / "clock").read() == START + DAY_MS + 1 + AHEAD_MS
