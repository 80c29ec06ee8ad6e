"""What befalls a bank of several sites that runs: each thing by one call to who can do it, and one that undoes it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from actors.frames import Caller, unix
from lendrill.drills.control import CONTROL
from lendrill.errors import UserError
from lendrill.live import DAY_BOOK, SOCKET
from lendrill.live_site import LINES
from lendrill.sites import site_standing
from scenarios.drill import Befalls

_PATIENCE_S = 10.0
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
    if one.what.startswith("damage"):
        damage(site_home(home, one.place), snapshot=one.what == "damage_snapshot")
        return bool
    told(home, CONTROL, {"do": one.what, "place": one.place, "process": one.process})
    if (undo := {"hang": "go_on", "lose": "regain", "full_disk": "free_disk"}.get(one.what)) is None:
        return bool
    return lambda: told(home, CONTROL, {"do": undo, "place": one.place, "process": one.process})


def _line(home: Path, one: Befalls) -> Undo:
    assert one.to is not None
    ways = [(one.place, one.to)] if one.one_way else [(one.place, one.to), (one.to, one.place)]
    slow = one.what == "slow_line"
    how = {"delay_ms": one.delay_ms, "mbit_s": one.mbit_s} if slow else {"cut": True}
    before = {(here, there): line for here, there, line in told(home, LINES, {"do": "lines"})}

    def change(back: bool) -> None:
        for here, there in ways:
            was = {name: before[here, there][name] for name in how} if slow else {"cut": False}
            told(home, LINES, {"do": "change", "here": here, "there": there, "how": was if back else how})

    change(back=False)
    return lambda: change(back=True)


def damage(home: Path, *, snapshot: bool) -> None:
    """Changes one byte, on the disk, of the last window of a site's day book that carries something, or of its newest
    snapshot."""
    path = home / (f"{DAY_BOOK}-snapshots" if snapshot else DAY_BOOK)
    find = (
        "SELECT content FROM snapshot_parts ORDER BY number DESC, length(content) DESC LIMIT 1"
        if snapshot
        else "SELECT inputs FROM windows ORDER BY length(inputs) > 100 DESC, number DESC LIMIT 1"
    )
    with closing(sqlite3.connect(path)) as book:
        book.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        found = book.execute(find).fetchone()
    if found is None or not found[0]:
        raise UserError(f"{path}: holds nothing yet that could be damaged")
    content, mark = path.read_bytes(), bytes(found[0][:32])
    if (at := content.find(mark)) < 0:
        raise UserError(f"{path}: its last window is not on the disk yet", "wait a moment, and try again")
    with path.open("r+b") as file:
        file.seek(at + len(mark) // 2)
        byte = file.read(1)[0]
        file.seek(at + len(mark) // 2)
        file.write(bytes([byte ^ 0x55]))
