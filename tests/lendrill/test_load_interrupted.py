"""A search for the limit that is ended from outside says what it has found."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lendrill import load
from lendrill.cli import main
from lendrill.errors import EXIT_INTERRUPTED
from lendrill.load_limit import Step, until_now, words
from tests.loadtests.stub import Stub, serving


@pytest.fixture(autouse=True)
def heeding() -> Iterator[None]:
    """Whoever runs these tests in a shell's background has them begin with SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def stepped(rate: float, held: bool) -> Step:
    return Step(rate, held, rate, 1.0, [] if held else ["p99_ms"], [], "gateway")


def test_what_held_until_then_is_between_the_highest_that_held_and_the_lowest_above_it_that_broke() -> None:
    found = until_now(
        [stepped(*of) for of in ((20.0, True), (40.0, True), (80.0, False), (56.0, False), (30.0, False))]
    )
    assert (found.interrupted, found.held_rate, found.low, found.high) == (True, 40.0, 40.0, 56.0)
    assert words(found).startswith(
        "interrupted after 5 rates; until then: highest rate that held: 40/s (limit 40 to 56/s"
    )
    assert "not repeated to the end" in words(found)
    nothing = until_now([stepped(20.0, False), stepped(10.0, False)])
    assert (nothing.held_rate, nothing.high) == (0.0, 10.0)
    assert words(nothing) == "interrupted after 2 rates; until then: no rate held; the lowest tried was 10/s"
    assert until_now([stepped(20.0, True)]).high is None


@pytest.mark.parametrize(("number", "after"), [(signal.SIGINT, 1), (signal.SIGTERM, 2), (signal.SIGINT, 0)])
def test_a_search_that_is_interrupted_leaves_what_it_found(
    number: signal.Signals,
    after: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    done: list[Any] = []

    def interrupted(*of: Any) -> Any:
        if len(done) == after:
            signal.raise_signal(number)
        done.append(of)
        return load.measure(*of)

    monkeypatch.setattr("lendrill.load_limit.measure", interrupted)
    options = (
        "--find-limit --rate 10 --duration 0.5 --warmup 0.1 --mix third_party --quiet --offered-share 0 --error-rate 1"
    )
    with serving(Stub()) as stub:
        words_of = ["load", "--host", stub.url, "--out", str(tmp_path / "run"), *options.split(), "--p99-ms", "60000"]
        assert main(words_of) == EXIT_INTERRUPTED
    said = capsys.readouterr()
    if not after:
        assert f"no report; what was counted is in {tmp_path / 'run'}" in said.err
        return
    assert f"interrupted after {after} rates; until then: highest rate that held: {10 * 2 ** (after - 1)}/s" in said.out
    assert "report: " in said.out
    limit = json.loads((tmp_path / "run" / "limit.json").read_text(encoding="utf-8"))
    assert (limit["interrupted"], len(limit["steps"])) == (True, after)
    page = (tmp_path / "run" / f"step-{after - 1:02}" / "report.html").read_text(encoding="utf-8")
    assert "what was found until then" in page


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_test_that_is_interrupted_ends_its_generator_and_says_so(
    number: signal.Signals, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The signal comes once visits are made; nobody comes after it."""
    with serving(Stub()) as stub:
        threading.Thread(target=_signalled, args=(stub, number), daemon=True).start()
        words_of = ["load", "--host", stub.url, "--rate", "20", "--duration", "60", "--mix", "third_party", "--quiet"]
        assert main([*words_of, "--out", str(tmp_path / "run")]) == EXIT_INTERRUPTED
        came = len(stub.keys)
        time.sleep(0.5)
        assert 0 < came == len(stub.keys) < 1_000
    assert "interrupted: no test came to its end" in capsys.readouterr().err


def _signalled(stub: Stub, number: signal.Signals) -> None:
    while not stub.keys:
        time.sleep(0.01)
    os.kill(os.getpid(), number)
