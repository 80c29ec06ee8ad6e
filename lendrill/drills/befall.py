"""What befalls a bank of several sites that runs: each thing by one call to who can do it, and one that undoes it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from actors.book.aside import damage
from actors.book.opening import is_server
from actors.book.store import StoreError
from actors.frames import Caller, unix
from actors.partners import EVERY
from actors.sites.slow_disk import slow_down
from actors.sites.wrong_clock import shift
from credit.codes import Partner
from credit.times import SECOND_MS
from lendrill import bank_file
from lendrill.bank_file import BANK_FILE
from lendrill.drills.control import CONTROL, STAGE
from lendrill.errors import UserError
from lendrill.live import SOCKET
from lendrill.live_site import LINES, WITNESS
from lendrill.sites import site_standing
from scenarios.drill import Befalls

_PATIENCE_S, _LEADER_PATIENCE_S, _LEADS_AGAIN_S = 10.0, 3.0, 20.0
Undo = Callable[[], object]


def told(home: Path, socket: str, message: dict[str, Any], patience_s: float = _PATIENCE_S) -> Any:
    """What is answered at a socket of a bank's home. UserError where nobody is there, or it can't be done."""
    caller = Caller(unix(home / socket))
    try:
        said = caller.call(message, patience_s)
    except TimeoutError:
        raise UserError(f"{home}: {socket} does not answer", "a process hangs: lendrill mend HOME") from None
    except OSError:
        raise UserError(
            f"{home}: no bank of several sites runs here", "start one: lendrill serve --sites 3 --home HOME"
        ) from None
    finally:
        caller.close()
    if "no" in said:
        raise UserError(said["why"])
    return said["ok"]


def site_home(home: Path, site: str) -> Path:
    """The home of a site. UserError where the bank has no such site."""
    known = sorted(one.name for one in (home / "sites").glob("*"))
    if site not in known:
        raise UserError(f"{home}: there is no site {site!r}", f"sites: {', '.join(known) or 'none'}")
    return home / "sites" / site


def decided(home: Path, what: str, site: str, by: Sequence[str]) -> None:
    """People have a site lead: `switch`, which the leader does, or `take_over`. UserError where that can't be."""
    if what == "take_over":
        told(site_home(home, site), SOCKET, {"do": "take_over", "by": list(by)})
        return
    for path in sorted((home / "sites").iterdir()):
        if site_standing(path).get("leads"):
            told(path, SOCKET, {"do": "hand_over", "to": site, "by": list(by)})
            return
    raise UserError(f"{home}: no site leads now", "take_over has one lead that does not")


def befall(home: Path, one: Befalls) -> Undo:
    """Has it befall the bank; gives what undoes it."""
    if one.to is not None:
        return _line(home, one)
    if one.partner:
        return _partner(home, one)
    if one.branch:  # its clients know (`loadtests.drill_clients`)
        return bool
    if one.what.startswith("damage"):
        with _told_to_users():
            damage(store_of(site_home(home, one.place)), snapshot=one.what == "damage_snapshot")
        return bool
    if one.what == "slow_disk":
        site = site_home(home, one.place)
        slow_down(site, one.delay_ms)
        return lambda: slow_down(site, 0)
    if one.what == "wrong_clock":
        site = site_home(home, one.place)
        shift(site, one.ahead_s * SECOND_MS)
        return lambda: shift(site, 0)
    if one.what == "full_disk" and one.process == "conductor" and _on_server(home / "sites" / one.place):
        raise UserError(
            f"full_disk {one.place}: its day book is on a database server, whose disk is not ours to fill",
            "slow_disk, damage_book and damage_snapshot befall it",
        )
    reached = told(home, CONTROL, {"do": one.what, "place": one.place, "process": one.process})
    if one.what in ("kill", "hang") and not reached:
        raise NotThere(
            f"{one.what} {one.place}: its {one.process} does not run now", "try again once it was started anew"
        )
    if (undo := {"hang": "go_on", "lose": "regain", "full_disk": "free_disk"}.get(one.what)) is None:
        return bool
    return lambda: told(home, CONTROL, {"do": undo, "place": one.place, "process": one.process})


def _partner(home: Path, one: Befalls) -> Undo:
    number = int(Partner[one.partner.upper()])
    _told_to_leader(
        home, {"do": "partner", "over": False, "partner": number, "how": {"slower_ms": round(one.delay_ms)}}
    )
    return lambda: _told_to_leader(home, {"do": "partner", "over": True, "partner": number, "how": {}})


class NotThere(UserError):
    """What it would befall does not run now."""


class NoLeader(UserError):
    """Nobody leads now to whom it could be told."""


def _told_to_leader(home: Path, message: dict[str, Any]) -> Any:
    """What the site that leads answers, through any that is there."""
    why = ["there is no site"]
    for site in sorted((home / "sites").glob("*")):
        try:
            return told(site, SOCKET, message, _LEADER_PATIENCE_S)
        except UserError as error:
            why.append(error.message)
    raise NoLeader(
        f"{home}: no site leads a bank here now: {why[-1]}", "start one: lendrill serve --sites 3 --home HOME"
    )


def mend(home: Path) -> None:
    """Lines carry all again, places are regained, processes go on, disks have room, clocks are right and partners answer."""
    for place, processes in told(home, CONTROL, {"do": "processes"}).items():
        told(home, CONTROL, {"do": "regain", "place": place})
        if place != WITNESS:
            site = site_home(home, place)
            slow_down(site, 0)
            shift(site, 0)
        for process in processes:
            if process != "held":
                for do in ("go_on", "free_disk"):
                    told(home, CONTROL, {"do": do, "place": place, "process": process})
        if "ray" in processes:
            told(home, CONTROL, {"do": "go_on", "place": place, "process": STAGE})
    for here, there, line in told(home, LINES, {"do": "lines"}):  # whose process may have hung until now
        whole = {"cut": False, "delay_ms": 0.0, "jitter_ms": 0.0, "loss": 0.0, "mbit_s": 0.0}
        if line != whole:
            told(home, LINES, {"do": "change", "here": here, "there": there, "how": whole})
    until = time.monotonic() + _LEADS_AGAIN_S  # processes that go on only now may have to find who leads
    while True:
        try:
            _told_to_leader(home, {"do": "partner", "over": True, "partner": EVERY, "how": {}})
        except NoLeader:
            if time.monotonic() > until:
                raise UserError(
                    f"{home}: all is mended but what befell partners, since no site leads",
                    "lendrill mend HOME once one does",
                ) from None
            time.sleep(0.5)
        else:
            return


def store_of(site: Path) -> str:
    """Where a site keeps its day book."""
    return str(bank_file.read(site)["store"])


def _on_server(site: Path) -> bool:
    return (site / BANK_FILE).exists() and is_server(store_of(site))


@contextmanager
def _told_to_users() -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        raise UserError(error.user_message) from None


def _line(home: Path, one: Befalls) -> Undo:
    slow = one.what == "slow_line"
    how = {"delay_ms": one.delay_ms, "mbit_s": one.mbit_s, "loss": one.loss} if slow else {"cut": True}
    before = {(here, there): line for here, there, line in told(home, LINES, {"do": "lines"})}

    def change(back: bool) -> None:
        for here, there in one.ways:
            was = {name: before[here, there][name] for name in how} if slow else {"cut": False}
            told(home, LINES, {"do": "change", "here": here, "there": there, "how": was if back else how})

    change(back=False)
    return lambda: change(back=True)
