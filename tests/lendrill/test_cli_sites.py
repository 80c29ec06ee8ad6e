"""`lendrill fault`, `mend`, `sites` and `drill`: bad input is one line, and nothing is taken and ignored."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from credit.codes import Partner
from lendrill.cli import main
from lendrill.drills import befall, by_hand
from lendrill.drills.control import CONTROL
from lendrill.drills.drill import DrillOptions, Going, cut_off
from lendrill.errors import UserError
from lendrill.live import SOCKET
from lendrill.live_site import LINES
from scenarios.drill import Befalls, Drill
from tests.lendrill.test_cli_errors import complaint

HOME = "bank"
TWO = ["--by", "Li", "--by", "Wang"]


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bank of three sites that does not run."""
    monkeypatch.chdir(tmp_path)
    for site in ("primary", "same-city", "remote"):
        (tmp_path / HOME / "sites" / site).mkdir(parents=True)


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["fault", HOME, "boom", "primary"], "fault boom primary: what: Input should be 'kill'"),
        (["fault", HOME, "lose", "moon"], "fault lose moon: place: Input should be 'primary'"),
        (["fault", HOME, "lose", "primary", "remote"], "to: means nothing to lose; it goes with cut, slow_line"),
        (["fault", HOME, "lose", "primary", "--process", "conductor"], "process: means nothing to lose"),
        (["fault", HOME, "kill", "primary", "--for", "3"], "for_s: means nothing to kill"),
        (["fault", HOME, "kill", "primary", "--one-way"], "one_way: means nothing to kill"),
        (["fault", HOME, "cut", "primary", "remote", "--delay-ms", "0"], "delay_ms: means nothing to cut"),
        (["fault", HOME, "cut", "primary", "remote", "--mbit-s", "5"], "mbit_s: means nothing to cut"),
        (["fault", HOME, "cut", "primary", "primary"], "given primary twice"),
        (["fault", HOME, "kill", "witness"], "process: witness has no 'conductor'; right is one of witness, lines"),
        (["fault", HOME, "damage_book", "witness"], "place: the witness has no day book"),
        (["fault", HOME, "lose", "primary"], "bank: no bank of several sites runs here"),
        (["fault", "nowhere", "lose", "primary"], "nowhere: there is no site 'primary' (sites: none)"),
        (["mend", HOME], "bank: no bank of several sites runs here"),
        (["sites", "show", "nowhere"], "nowhere: no bank of several sites"),
        (["sites", "switch", HOME, "same-city"], "switch: decided by nobody (two people decide it"),
        (["sites", "switch", HOME, "same-city", "--by", "Li", "--by", " LI "], "switch: decided by Li, LI ("),
        (["sites", "take-over", HOME, "remote", "--by", "王 芳", "--by", "王芳"], "take_over: decided by 王 芳, 王芳"),
        (["sites", "switch", HOME, "..", *TWO], "bank: there is no site '..' (sites: primary, remote, same-city)"),
        (["sites", "switch", HOME, "", *TWO], "bank: there is no site ''"),
        (["sites", "switch", HOME, "remote", *TWO], "bank: no site leads now"),
        (["sites", "take-over", HOME, "remote", *TWO], "remote: no bank of several sites runs here"),
        (["drill"], "give a drill's name, --random SEED or --calendar"),
        (["drill", "failback", "--random", "3"], "give a drill's name, --random SEED or --calendar"),
        (["drill", "--calendar", "--play"], "drill --calendar: runs no drill"),
        (["drill", "--calendar", "--runs", "nowhere"], "--runs nowhere: there is no such folder"),
        (["drill", "--calendar", "--seed", "1"], "drill --calendar: runs no drill"),
        (["drill", "cut_line", "--runs", "runs"], "--runs runs: means nothing to a drill that is run"),
        (["drill", "cut_line", "--out", HOME], "--out bank: is not empty"),
        (["serve", "--sites", "4"], "--sites 4: impossible"),
        (["serve", "--home", "new", "--takeover-after", "3"], "--takeover-after: nobody takes over from a single site"),
        (
            ["serve", "--home", "new", "--sites", "2", "--remote-after", "9"],
            "--remote-after: the bank has no remote site",
        ),
        (["serve", "--home", "new", "--sites", "3", "--address", "a:1"], "each of several sites has a Ray of its own"),
        (
            ["serve", "--home", "new", "--sites", "2", "--store", "sqlite:book.db"],
            "each of several sites keeps a day book of its own",
        ),
        (["serve", "--home", "new", "--store", "sqlite:{site}.db"], "the bank has one site, and {site} means nothing"),
        (["fault", HOME, "wrong_clock", "primary"], "ahead_s: is needed by wrong_clock"),
        (["fault", HOME, "slow_disk", "primary"], "delay_ms: is needed by slow_disk"),
        (["fault", HOME, "slow_disk", "witness", "--delay-ms", "9"], "place: the witness has no day book to slow_disk"),
        (["fault", HOME, "partner_outage", "moon"], "partner: there is no 'moon'; right is one of bureau"),
        (["fault", HOME, "slow_partner", "sms"], "delay_ms: is needed by slow_partner"),
        (["fault", HOME, "partner_outage", "sms"], "no site leads a bank here now"),
        (["fault", HOME, "branch_outage", "3"], "whoever comes to a branch comes from outside"),
        (["drill", "bad_disk", "--store", "postgresql:///x?bank={site}"], "a database server's is not ours to fill"),
    ],
)
def test_bad_input_is_one_line_that_names_it(
    arguments: list[str], names: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert names in complaint(capsys)
    assert not Path("new").exists()


def test_ports_of_several_sites_that_do_not_exist_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    given = ["serve", "--executor", "local", "--home", "new", "--sites", "3", "--port", "65530"]
    assert main([*given, "--quiet"]) == 2
    assert "port 65540: impossible; several sites take ports 10 apart" in complaint(capsys)
    assert main([*given, "--takeover-after", "9"]) == 2
    assert "holds a bank with terms_s [1.5, 300.0]; [9.0, 300.0] was asked for" in complaint(capsys)


def test_a_branch_that_the_bank_does_not_have_is_refused_before_anything_is_founded(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = 'name_zh = "演练"\nname_en = "A drill"\nabout_zh = "。"\nabout_en = "."\n'
    Path("mine.toml").write_text(
        f'{words}[[befalls]]\nat_s = 1\nwhat = "branch_outage"\nbranch = 5\n', encoding="utf-8"
    )
    assert main(["drill", "mine.toml", "--out", "new"]) == 2
    assert "mine.toml: befalls.0.branch: 5 of 4 branches, counted from 1" in complaint(capsys)
    assert not Path("new").exists()


def test_whoever_comes_to_a_branch_is_told_when_it_is_cut_off() -> None:
    told = [
        Befalls(at_s=3, what="branch_outage", branch=2, for_s=4, times=2, every_s=10),
        Befalls(at_s=9, what="branch_outage", branch=1),
        Befalls(at_s=1, what="lose"),
    ]
    words = dict.fromkeys(("name_zh", "name_en", "about_zh", "about_en"), "–")
    drill = Drill.model_validate(words | {"befalls": told, "load": {"seconds": 30, "patience_s": 20}})
    assert list(cut_off(drill)) == [(2, 3, 7), (2, 13, 17), (1, 9, 59)]


def test_what_befalls_a_partner_is_told_to_a_site_that_answers_and_is_over_afterwards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[tuple[Any, ...]] = []

    def told(site: Path, socket: str, message: dict[str, Any], patience_s: float) -> None:
        assert patience_s < 10
        if site.name == "primary":
            raise UserError("does not answer")
        said.append((site.name, socket, *message.values()))

    monkeypatch.setattr(befall, "told", told)
    assert main(["fault", HOME, "slow_partner", "sms", "--delay-ms", "900", "--for", "0.1"]) == 0
    sms = int(Partner.SMS)
    assert said == [
        ("remote", SOCKET, "partner", False, sms, {"slower_ms": 900}),
        ("remote", SOCKET, "partner", True, sms, {}),
    ]


def test_mending_lets_processes_go_on_before_it_asks_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process of the lines may be one that hangs; stages are processes of their own."""
    said: list[tuple[Any, ...]] = []

    def told(home: Path, socket: str, message: dict[str, Any], patience_s: float = 0.0) -> Any:
        del patience_s
        said.append((socket, *(value for name, value in message.items() if name != "how")))
        if message["do"] == "processes":
            return {"primary": {"conductor": {}, "ray": {}, "held": {}}, "witness": {"lines": {}}}
        cut = {"cut": True, "delay_ms": 0.0, "jitter_ms": 0.0, "loss": 0.0, "mbit_s": 0.0}
        return [["a", "b", cut], ["b", "a", cut | {"cut": False}]] if message["do"] == "lines" else None

    monkeypatch.setattr(befall, "told", told)
    assert main(["mend", HOME]) == 0
    assert said == [
        (CONTROL, "processes"),
        (CONTROL, "regain", "primary"),
        *((CONTROL, do, "primary", of) for of in ("conductor", "ray") for do in ("go_on", "free_disk")),
        (CONTROL, "go_on", "primary", "stage"),
        (CONTROL, "regain", "witness"),
        *((CONTROL, do, "witness", "lines") for do in ("go_on", "free_disk")),
        (LINES, "lines"),
        (LINES, "change", "a", "b"),
        (SOCKET, "partner", True, 0),
    ]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_fault_for_a_time_is_undone_by_whoever_ends_it_early(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    undone: list[bool] = []
    monkeypatch.setattr(befall, "befall", lambda home, one: lambda: undone.append(True))
    monkeypatch.setattr(time, "sleep", lambda _: signal.raise_signal(number))
    before = signal.signal(number, signal.default_int_handler)  # whoever runs the tests may ignore it
    try:
        assert main(["fault", HOME, "lose", "primary", "--for", "30"]) == 130
    finally:
        signal.signal(number, before)
    assert undone == [True]


def test_what_can_be_told_nobody_is_told_a_second_later_until_the_drill_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = dict.fromkeys(("name_zh", "name_en", "about_zh", "about_en"), "–")
    drill = Drill.model_validate(words | {"load": {"seconds": 30}})
    bank = SimpleNamespace(date=lambda: None)
    now = [10.0]
    noted: list[str] = []
    record: Any = SimpleNamespace(now=lambda: now[0], event=lambda what, words: noted.append(what))
    going = Going(drill, DrillOptions("one", play=True), bank, record)  # type: ignore[arg-type]
    tried: list[float] = []

    def tells() -> None:
        tried.append(now[0])
        if len(tried) != 2:
            raise befall.NoLeader("nobody leads")

    going.do(tells)
    [(at_s, _, again)] = going.due
    assert (at_s, again) == (11.0, tells)
    going.do(again)
    assert tried == [10.0, 10.0]
    going.due.clear()

    def kills() -> None:
        raise befall.NotThere("it does not run now")

    going.do(kills)
    assert [at_s for at_s, *_ in going.due] == [11.0]
    now[0] = 1_000.0
    going.due.clear()
    going.do(kills)
    assert not going.due, "the record shows that it never befell"
    going.do(tells)
    assert not going.due
    assert noted == ["untold"]


def test_a_day_that_no_site_could_end_is_told_and_not_taken_for_done() -> None:
    words = dict.fromkeys(("name_zh", "name_en", "about_zh", "about_en"), "–")
    noted: list[str] = []
    record: Any = SimpleNamespace(now=lambda: 0.0, event=lambda what, words: noted.append(what))
    away, refuses, opens_at = [True], [False], "2026-03-03T09:00"

    def next_opening() -> str:
        if away[0]:
            raise UserError("no site answers")
        return opens_at

    def advance(to: str) -> None:
        assert to == opens_at
        if refuses[0]:
            raise UserError("no site answers")

    bank: Any = SimpleNamespace(date=lambda: None, next_opening=next_opening, advance=advance)
    going = Going(Drill.model_validate(words), DrillOptions("one", play=True), bank, record)
    assert (going.last_day(), noted) == ("", ["not_ended"])
    away[0] = False
    assert (going.last_day(), noted) == (opens_at, ["not_ended", "ended"])
    refuses[0] = True
    assert (going.last_day(), noted[2:]) == ("", ["not_ended"])


def test_of_two_faults_by_hand_the_second_waits_where_the_end_of_one_would_end_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    line = {"to": "same-city", "delay_ms": 50.0, "for_s": 0.0}
    back = line | {"to": "primary"}
    refused: list[str] = []

    def meanwhile(home: Path, one: Befalls) -> Callable[[], object]:
        monkeypatch.setattr(befall, "befall", lambda home, one: bool)
        with pytest.raises(UserError, match="stands there already") as error:
            by_hand.fault_command(home, "slow_line", "same-city", back)
        refused.append(error.value.message)
        assert by_hand.fault_command(home, "cut", "primary", {"to": "same-city", "for_s": 0.0}) == 0
        return bool

    monkeypatch.setattr(befall, "befall", meanwhile)
    assert by_hand.fault_command(Path(HOME), "slow_line", "primary", line) == 0
    assert len(refused) == 1
    assert by_hand.fault_command(Path(HOME), "slow_line", "same-city", back) == 0
