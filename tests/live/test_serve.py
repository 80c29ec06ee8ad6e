"""Founding a bank, finding it again, and what can't be served."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import shutil
import socket
import stat
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from actors.clock import AHEAD_MS, BANK_OFFSET_MS, ClockError
from actors.local import LocalExecutor
from actors.replay import Replayed
from actors.topology import Cell
from credit.bank import PIPELINE
from credit.numbers import case_of
from credit.repayment.contract import Event as RepaymentEvent
from credit.room import DESK_LABELS, Rows
from credit.times import DAY_MS, HOUR_MS, day_number
from lendrill.bank_file import BANK_FILE
from lendrill.cli import main
from lendrill.errors import UserError
from lendrill.live import TRAIL, Home, bank_of
from lendrill.serve import ServeOptions, alone, founded, home_of, people_at, seeded
from lendrill.supervisor import Child, Supervisor
from results.folder import read_summary
from tests.live.served import ROOT

assert PIPELINE  # its contracts name the desks


def options(tmp_path: Path, **more: Any) -> ServeOptions:
    return ServeOptions(home=tmp_path / "bank", **{"clock": "business", **more})


def test_a_new_bank_is_founded_and_found_again(tmp_path: Path) -> None:
    first = home_of(options(tmp_path, scenario="baseline", date="2026-03-02", shards=2))
    again = home_of(ServeOptions(home=tmp_path / "bank"))
    assert again == first
    assert first["start_ms"] == day_number(dt.date(2026, 3, 2)) * DAY_MS + 9 * HOUR_MS
    assert (first["shards"], first["clock"], first["people"]) == (2, "business", [])
    assert stat.S_IMODE((tmp_path / "bank" / BANK_FILE).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("founded_with", "says"),
    [
        ("simulated", "simulated at all of its desks"),
        ("people", "people at all of its desks"),
        ("initial_approver=people", "people at initial_approver, simulated at the others"),
    ],
)
def test_who_sits_at_the_desks_is_settled_when_a_bank_is_founded(tmp_path: Path, founded_with: str, says: str) -> None:
    first = home_of(options(tmp_path, scenario="baseline", staff=founded_with))
    assert home_of(options(tmp_path, staff=founded_with)) == home_of(options(tmp_path)) == first
    with pytest.raises(UserError, match=says) as refused:
        home_of(options(tmp_path, staff="final_approver=people"))
    assert f"--staff {founded_with};" in str(refused.value.hint)
    assert "--home ANOTHER --staff final_approver=people" in str(refused.value.hint)


def test_the_business_clock_of_a_bank_goes_on_where_it_was(tmp_path: Path) -> None:
    """A conductor that was killed leaves a clock behind that had gone on, and a book that had not."""
    start = int(home_of(options(tmp_path, scenario="zhang_consumer_loan"))["start_ms"])
    clock = Home(tmp_path / "bank").clock(start)
    while (shown := clock.now()) <= start + 2:
        time.sleep(0.001)
    assert shown < Home(tmp_path / "bank").clock(start).now() <= shown + AHEAD_MS + 1_000
    before = Home(tmp_path / "bank").clock_before()
    assert shown < before.now() <= Home(tmp_path / "bank").clock(start).now()
    with pytest.raises(ClockError, match="opens"):
        before.set(start)


def test_a_bank_on_the_wall_clock_begins_now(tmp_path: Path) -> None:
    bank = founded(ServeOptions(home=tmp_path))
    assert abs(bank["start_ms"] - time.time() * 1_000 - BANK_OFFSET_MS) < 60_000
    assert bank["scenario"]["name"] == "baseline"


def test_the_staff_of_a_live_bank_is_that_of_its_scenario_s_volume_a_day(tmp_path: Path) -> None:
    bank = founded(options(tmp_path, scenario="baseline"))
    run = bank["scenario"]["run"]
    assert run["customers"] / run["days"] == pytest.approx(20_000 / 180, rel=0.01)


@pytest.mark.parametrize(
    ("more", "right"),
    [
        ({"scenario": "baseline"}, "name 'zhang_consumer_loan'"),
        ({"shards": 3}, "shards 1"),
        ({"clock": "wall"}, "clock 'business'"),
        ({"staff": "people"}, "founded with its staff simulated at all of its desks"),
        ({"date": "2026-03-01"}, "holds a bank already"),
        ({"seed": 3}, "holds a bank already"),
        ({"store": "sqlite:elsewhere.db"}, "store"),
    ],
)
def test_a_home_that_holds_another_bank_is_left_alone(tmp_path: Path, more: dict[str, Any], right: str) -> None:
    home_of(options(tmp_path, scenario="zhang_consumer_loan"))
    before = (tmp_path / "bank" / BANK_FILE).read_text()
    with pytest.raises(UserError, match=right):
        home_of(ServeOptions(home=tmp_path / "bank", **more))
    assert (tmp_path / "bank" / BANK_FILE).read_text() == before


def told_of(home: Home, case: int) -> Rows:
    """What the bank of a home tells of a case once it is open."""

    async def opened() -> Rows:
        store = home.store()
        try:
            _, live = bank_of(home, store, LocalExecutor())
            await live.open()
            return (await live.story(case)).events
        finally:
            store.close()

    return asyncio.run(opened())


def test_a_bank_begins_with_the_portfolio_that_so_many_customers_leave(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("results.report.write_report", lambda _: None)  # which takes longer than the run
    month = (ROOT / "scenarios" / "files" / "baseline.toml").read_text(encoding="utf-8") + "\n[run]\ndays = 31\n"
    (tmp_path / "month.toml").write_text(month, encoding="utf-8")
    asked = ServeOptions(str(tmp_path / "month.toml"), tmp_path / "bank", seed_portfolio=60, seed=3, quiet=True)
    home_of(seeded(asked))
    home = Home(asked.home)
    summary = read_summary(Path(home.bank["from"]))
    assert (summary["customers"], summary["seed"], summary["status"]) == (60, 3, "complete")
    assert summary["days"] == 31
    assert (home.bank["clock"], home.bank["start_ms"]) == ("business", summary["next"]["start_ms"])
    store = home.store()
    opening = home.opening(store)
    store.close()
    assert opening is not None
    loans = opening[Cell("repayment", 0)]["bank.loans"]
    assert len(loans) > 0
    case = int(case_of(loans["loan"][:1])[0])
    first = told_of(home, case)
    assert RepaymentEvent.SCHEDULE_GENERATED in first["event"]
    assert int(first["at"].max()) < home.bank["start_ms"]
    shutil.rmtree(home.bank["from"])
    for left in home.path.glob(f"{TRAIL}*"):
        left.unlink()
    assert np.array_equal(told_of(home, case), first), "the book holds what had happened before"
    with pytest.raises(UserError, match="holds a bank already"):
        seeded(asked)


@pytest.mark.parametrize(
    ("words", "right"),
    [
        ("--port 70000", "1 to 65535"),
        ("--gateways 0", "1 to 64"),
        ("--host=", "127.0.0.1"),
        ("--clock sun", "wall or business"),
        ("--executor swarm", "ray or local"),
        ("--clock wall --date 2026-03-01", "own date"),
        ("--date tomorrow", "2026-03-01"),
        ("--clock business --date 2099-01-01", "2099"),
        ("--shards 99 --clock business", "at most"),
        ("--shards 0 --clock business", "give 1 to"),
        ("--address 127.0.0.1:6379 --executor local --clock business", "joins no Ray"),
        ("--staff nobody=people --clock business", "desks: "),
        ("--staff initial_approver=robots --clock business", "DESK=people"),
        ("no_such_scenario", "no_such_scenario"),
        ("--store mysql://here --clock business", "postgresql://"),
        ("--store sqlite: --clock business", "needs a path"),
        ("--from nowhere", "nowhere"),
        ("--seed-portfolio 5 --from nowhere", "one of them"),
        ("--seed-portfolio 0", "1 to 20,000,000 customers"),
    ],
)
def test_what_can_t_be_served_is_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: str, right: str
) -> None:
    code = main(["serve", *words.split(), "--home", str(tmp_path / "bank")])
    said = capsys.readouterr().err
    assert (code, said.count("\n")) == (2, 1), said
    assert right in said
    assert not (tmp_path / "bank" / BANK_FILE).exists()


def test_a_home_that_is_a_file_is_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bank").write_text("a letter")
    assert main(["serve", "--home", str(tmp_path / "bank")]) == 2
    assert "something else of that name" in capsys.readouterr().err


def test_one_bank_is_served_once_at_a_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = tmp_path / "bank"
    home_of(options(tmp_path, scenario="zhang_consumer_loan"))
    before = (home / BANK_FILE).read_text()
    with alone(home), pytest.raises(UserError, match="has this bank open"), alone(home):
        pass
    with alone(home):
        assert main(["serve", "--home", str(home), "--executor", "local", "--port", "0"]) == 2
    assert "another `lendrill serve` has this bank open" in capsys.readouterr().err
    assert (home / BANK_FILE).read_text() == before
    with alone(home):  # and again once that one has ended
        pass


@pytest.mark.parametrize(("host", "right"), [("no.such.host.invalid", "of that name"), ("192.0.2.1", "own addresses")])
def test_a_host_that_can_t_be_listened_at_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], host: str, right: str
) -> None:
    words = ["serve", "zhang_consumer_loan", "--clock", "business", "--home", str(tmp_path / "bank"), "--host", host]
    assert main(words) == 2
    said = capsys.readouterr().err
    assert right in said
    assert "another port" not in said


def test_a_port_that_is_taken_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert main(["serve", "--clock", "business", "--home", str(tmp_path / "bank"), "--port", port]) == 2
    assert "give another port" in capsys.readouterr().err


def test_people_sit_where_it_is_said() -> None:
    assert people_at("simulated") == []
    assert people_at("people") == sorted(DESK_LABELS)
    assert people_at("risk_specialist=people, initial_approver=people,re_reviewer=simulated") == [
        "initial_approver",
        "risk_specialist",
    ]


def test_a_part_that_dies_is_started_anew_and_one_that_can_t_live_ends_the_bank(tmp_path: Path) -> None:
    dies = Child("part", ["sh", "-c", "echo once more; exit 1"])
    with pytest.raises(UserError, match="part can't run: once more"):
        _watched(Supervisor(tmp_path, [dies]))
    assert dies.deaths == 5
    refuses = Child("book", ["sh", "-c", "echo the book is damaged; exit 2"])
    with pytest.raises(UserError, match="book can't run: the book is damaged"):
        _watched(Supervisor(tmp_path, [refuses]))
    assert refuses.deaths == 1
    silent = Child("book", ["sh", "-c", "exit 2"])
    with pytest.raises(UserError, match="book can't run: it said nothing"):  # not what the one before it said
        _watched(Supervisor(tmp_path, [silent]))


def _watched(supervisor: Supervisor) -> None:
    for child in supervisor.children:
        supervisor.start(child)
    while True:
        supervisor.watch()


@pytest.mark.parametrize(("fen", "code"), [(0, 0), (1, 1), (-7, 1)])
def test_a_bank_whose_books_do_not_balance_is_said_so_and_exits_with_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fen: int, code: int
) -> None:
    again = SimpleNamespace(replayed=Replayed(windows=3, compared=2, chain="abc"), trial_balance_fen=fen, postings=12)
    monkeypatch.setattr("lendrill.live.worked_again", lambda *_: again)
    assert main(["replay", str(tmp_path), "--quiet"]) == code
    assert f"trial balance {fen} fen over 12 postings" in capsys.readouterr().out


def test_no_home_is_no_bank_to_work_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(tmp_path)]) == 2
    assert json.dumps(str(tmp_path))[1:-1] in capsys.readouterr().err
