"""What befalls the processes of a bank's places, tried on processes that sleep; and in which order they are ended."""

from __future__ import annotations

import re
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from lendrill import bank_file
from lendrill.drills.bank import RunningBank, fitted
from lendrill.drills.befall import NotThere, befall, told
from lendrill.drills.control import CONTROL, Control
from lendrill.errors import UserError
from lendrill.serve import ServeOptions, founded
from lendrill.supervisor import Child, Supervisor, end_all
from scenarios.drill import Befalls, load_drill

_SLEEP = ["sleep", "60"]
URLS = {"primary": "http://127.0.0.1:1", "same-city": "http://127.0.0.1:2"}


def until(holds: Callable[[], object], patience_s: float = 5.0) -> None:
    end = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < end, "did not come true"
        time.sleep(0.01)


def status(child: Child) -> str:
    assert child.process is not None
    return str(psutil.Process(child.process.pid).status())


@pytest.fixture
def places(tmp_path: Path) -> Iterator[dict[str, Supervisor]]:
    found = {}
    for name in ("primary", "same-city"):
        (tmp_path / name).mkdir()
        found[name] = Supervisor(tmp_path / name, [Child("conductor", _SLEEP), Child("gateway-0", _SLEEP, turn=0)])
        for child in found[name].children:
            found[name].start(child)
    control = Control(tmp_path, found, URLS)
    try:
        yield found
    finally:
        control.close()
        for one in found.values():
            one.lose()
    assert not (tmp_path / CONTROL).exists()


def test_a_killed_process_is_gone_and_the_others_are_not(places: dict[str, Supervisor], tmp_path: Path) -> None:
    befall(tmp_path, Befalls(at_s=0, what="kill", place="same-city", process="gateway-0"))
    gone = places["same-city"].children[1].process
    assert gone is not None
    with pytest.raises(
        NotThere, match="its gateway-0 does not run now"
    ):  # nor does one of whose end nobody has heard yet
        befall(tmp_path, Befalls(at_s=0, what="kill", place="same-city", process="gateway-0"))
    assert gone.wait(5) == -signal.SIGKILL
    for child in (*places["primary"].children, places["same-city"].children[0]):
        assert child.process is not None
        assert child.process.poll() is None


def test_a_hung_process_goes_on_when_it_is_over(places: dict[str, Supervisor], tmp_path: Path) -> None:
    conductor = places["primary"].children[0]
    undo = befall(tmp_path, Befalls(at_s=0, what="hang"))
    until(lambda: status(conductor) == psutil.STATUS_STOPPED)
    assert status(places["primary"].children[1]) != psutil.STATUS_STOPPED
    undo()
    until(lambda: status(conductor) != psutil.STATUS_STOPPED)


def test_a_lost_place_stays_away_until_it_is_regained(places: dict[str, Supervisor], tmp_path: Path) -> None:
    place = places["primary"]
    before = [child.process for child in place.children]
    undo = befall(tmp_path, Befalls(at_s=0, what="lose"))
    assert all(one is not None and one.poll() == -signal.SIGKILL for one in before)
    place.watch()
    assert [child.process for child in place.children] == before
    told_of: dict[str, Any] = told(tmp_path, CONTROL, {"do": "processes"})
    assert ("held" in told_of["primary"], "held" in told_of["same-city"]) == (True, False)
    undo()
    assert all(child.process is not None and child.process.poll() is None for child in place.children)
    again = [child.process for child in place.children]
    befall(tmp_path, Befalls(at_s=0, what="regain"))  # nothing is lost now, so nothing is started twice
    assert [child.process for child in place.children] == again


def test_a_full_disk_has_no_room_even_for_a_process_that_is_started_anew(
    places: dict[str, Supervisor], tmp_path: Path
) -> None:
    place = places["primary"]
    conductor, gateway = place.children

    def room(child: Child) -> int:
        assert child.process is not None
        return resource.prlimit(child.process.pid, resource.RLIMIT_FSIZE)[0]

    undo = befall(tmp_path, Befalls(at_s=0, what="full_disk"))
    assert (room(conductor), room(gateway)) == (1, resource.RLIM_INFINITY)
    assert conductor.process is not None
    conductor.process.kill()
    conductor.process.wait()
    place.watch()
    assert room(conductor) == 1
    undo()
    assert room(conductor) == resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("message", "why"),
    [
        ({"do": "kill", "place": "moon", "process": "ray"}, "there is no place 'moon'; places: primary, same-city"),
        (
            {"do": "kill", "place": "primary", "process": "ray"},
            "primary has no process 'ray'; it has conductor, gateway-0",
        ),
        ({"do": "hang", "place": "primary", "process": "stage"}, "there is no stage that is a process"),
        ({"do": "explode"}, "there is nothing to do 'explode'"),
    ],
)
@pytest.mark.usefixtures("places")
def test_what_can_not_befall_is_told(message: dict[str, Any], why: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=why):
        told(tmp_path, CONTROL, message)


@pytest.mark.usefixtures("places")
def test_stages_that_are_not_there_may_be_let_go_on(tmp_path: Path) -> None:
    assert told(tmp_path, CONTROL, {"do": "go_on", "place": "primary", "process": "stage"}) is None


def _noting(name: str, file: Path) -> list[str]:
    """A process that writes its name when it is asked to end."""
    script = (
        "import signal, sys, time\n"
        f"def end(*_):\n    open({str(file)!r}, 'a').write({name!r} + ' ')\n    sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\nprint('up', flush=True)\ntime.sleep(60)\n"
    )
    return [sys.executable, "-c", script]


def test_places_end_turn_by_turn_and_in_each_turn_the_leading_one_first(tmp_path: Path) -> None:
    ends, names = tmp_path / "ends", ("primary", "same-city")
    found = []
    for place in names:
        (tmp_path / place).mkdir()
        children = [
            Child(of, _noting(f"{place}/{of}", ends), turn=turn)
            for of, turn in (("ray", 2), ("conductor", 1), ("gateway", 0))
        ]
        found.append(Supervisor(tmp_path / place, children))
        for child in children:
            found[-1].start(child)
    until(lambda: all("up" in one.last_words(child) for one in found for child in one.children))
    hung = found[1].children[1].process
    assert hung is not None
    hung.send_signal(signal.SIGSTOP)  # one that hangs is asked, too
    end_all(found, lambda: found[1])
    assert ends.read_text().split() == [
        f"{name}/{of}" for of in ("gateway", "conductor", "ray") for name in names[::-1]
    ]


def test_what_died_is_started_anew_and_what_depends_on_it_with_it(tmp_path: Path) -> None:
    ray = Child("ray", _SLEEP)
    conductor = Child("conductor", _SLEEP, upon=ray)
    place = Supervisor(tmp_path, [ray, conductor])
    for child in place.children:
        place.start(child)
    assert ray.process is not None
    assert conductor.process is not None
    old = conductor.process
    ray.process.kill()
    ray.process.wait()
    place.watch()
    assert old.wait(5) == -signal.SIGKILL
    place.watch()
    assert (ray.deaths, conductor.deaths) == (1, 1)
    assert conductor.process is not old
    place.lose()


def test_a_process_that_dies_at_once_again_and_again_ends_a_bank_with_its_last_words(tmp_path: Path) -> None:
    child = Child("conductor", [sys.executable, "-c", "print('first'); raise SystemExit('no such book')"])
    place = Supervisor(tmp_path, [child])
    place.start(child)

    def watched() -> bool:
        place.watch()
        return False

    with pytest.raises(UserError, match="the conductor can't run: no such book"):
        until(watched)
    assert child.deaths == 5


def _bank(home: Path, **changes: Any) -> None:
    bank = founded(
        ServeOptions(home=home, sites=2, executor="local", clock="business", date="2026-02-10", takeover_s=4.0)
    )
    bank_file.write(home, bank | changes)


def test_a_drill_is_fitted_to_the_bank_that_runs(places: dict[str, Supervisor], tmp_path: Path) -> None:
    del places
    _bank(tmp_path)
    its = fitted(load_drill("lose_the_primary"), tmp_path).bank
    assert (its.scenario, its.sites, its.gateways, its.takeover_after_s) == ("baseline", 2, 1, 4.0)


@pytest.mark.parametrize(
    ("drill", "changes", "why"),
    [
        ("lose_two_cities", {}, r"there is no remote in a bank of 2 sites"),
        ("kill_a_stage", {}, r'stage is a process with bank\.executor = "ray" only'),
        ("lose_the_primary", {"clock": "wall"}, r"on the wall clock.*--clock business"),
    ],
)
def test_a_drill_that_does_not_fit_the_bank_is_refused(
    drill: str, changes: dict[str, Any], why: str, places: dict[str, Supervisor], tmp_path: Path
) -> None:
    del places
    _bank(tmp_path, **changes)
    with pytest.raises(UserError) as refused:
        fitted(load_drill(drill), tmp_path)
    assert re.search(why, f"{refused.value.user_message} {refused.value}")


def test_a_bank_is_drilled_from_where_drills_begin(places: dict[str, Supervisor], tmp_path: Path) -> None:
    del places
    for name in URLS:
        (tmp_path / "sites" / name).mkdir(parents=True)
    bank = RunningBank(tmp_path, 1)
    with pytest.raises(UserError, match="primary does not lead"):
        bank.opened()
    assert bank.urls == URLS
    assert bank.runs


def test_no_bank_runs_in_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no bank of several sites runs here"):
        fitted(load_drill("lose_the_primary"), tmp_path)
    assert not RunningBank(tmp_path, 1).runs
