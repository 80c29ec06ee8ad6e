"""The supervisor (守护进程) of a live bank: it starts the bank's processes, starts anew what has died, tells of their health, and
ends them in order. It holds nothing of the bank's itself."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from actors.backup.keeper import ages_s
from actors.gateway.metrics import SHARED
from actors.link import Away, asked_once
from actors.ray_start import Enclosure, head_command
from lendrill.assembly import PRELOAD
from lendrill.errors import EXIT_BAD_INPUT, UserError
from lendrill.live import SOCKET

_GRACE_S = 20.0
_HEALTH_S = 0.8
"""How long the conductor may take to say how it stands."""
_QUICK_S = 2.0
_QUICK_DEATHS_MAX = 5
_PAUSE_S = 30.0
"""Between two starts of a process that a bank can do without."""
_BEHIND = ("nice", "-n", "5")
"""A process behind gets a third of what another gets while both want more than there is (Linux: weights 335 and 1,024)."""
_LAST = ("nice", "-n", "19")
"""A process that comes last gets a twenty-second part of what conductor and cells get (15 and 335)."""


@dataclass
class Child:
    """A process that is kept alive."""

    name: str
    command: list[str]
    keep: tuple[int, ...] = ()
    environment: dict[str, str] | None = None
    room: int = resource.RLIM_INFINITY
    """Bytes that none of its files may grow beyond: a disk that is full."""
    upon: Child | None = None
    """What it can't outlive: it is started anew with that one."""
    turn: int = 1
    """When it is ended: 0 those whom others ask, 1 who finishes what is under way, 2 what those need until then."""
    vital: bool = True
    """Whether a bank ends that can't run it."""
    process: subprocess.Popen[bytes] | None = None
    born: float = 0.0
    said_from: int = 0
    """Where in its log what it says begins: what stands before, others said."""
    quick_deaths: int = 0
    deaths: int = 0

    def bound(self) -> None:
        """Has the kernel heed `room`."""
        if self.process is not None:
            resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (self.room, resource.RLIM_INFINITY))


@dataclass
class Supervisor:
    """Starts a bank's processes and keeps them alive."""

    home: Path
    children: list[Child] = field(default_factory=list)
    patient: bool = False
    """Whatever dies again and again is started again and again, after a while: another site serves meanwhile."""
    held: bool = False
    """Nothing runs, and nothing is started anew: a site that is lost."""

    def start(self, child: Child) -> None:
        """A new process; what it says goes to a file of its name."""
        with (self.home / f"{child.name}.log").open("ab") as log:
            child.said_from = log.tell()
            child.process = subprocess.Popen(
                child.command,
                cwd=self.home,
                env=child.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=child.keep,
                start_new_session=True,
            )
        if child.room != resource.RLIM_INFINITY:
            child.bound()
        child.born = time.monotonic()

    def watch(self) -> None:
        """Starts anew what has died; UserError when something dies again and again, with its last words."""
        if self.held:
            return
        for child in self.children:
            if child.process is None or child.process.poll() is None:
                continue
            lived_s = time.monotonic() - child.born
            quick = lived_s < _QUICK_S
            if (self.patient and quick) or (not child.vital and lived_s < _PAUSE_S):
                continue
            child.deaths += 1
            child.quick_deaths = child.quick_deaths + 1 if quick else 0
            fatal = child.process.returncode == EXIT_BAD_INPUT or child.quick_deaths >= _QUICK_DEATHS_MAX
            if fatal and child.vital and not self.patient:
                raise UserError(f"the {child.name} can't run: {self.last_words(child) or 'it said nothing'}")
            self.start(child)
            for other in self.children:
                if other.upon is child and other.process is not None:
                    other.process.kill()

    def lose(self) -> None:
        """All processes are gone at once, and stay away until `regain`: what the loss of a place is."""
        self.held = True
        for child in self.children:
            if child.process is not None and child.process.poll() is None:
                child.process.kill()
                child.process.wait()

    def regain(self) -> None:
        """The processes are started again."""
        if self.held:
            self.held = False
            for child in self.children:
                self.start(child)

    def health(self) -> dict[str, Any]:
        """Which processes run, how often each was started anew, how old the last good backup of each kind is, and how the
        conductor stands."""
        running = {child.name: child.process is not None and child.process.poll() is None for child in self.children}
        standing: dict[str, Any] = {}
        with contextlib.suppress(Away):
            standing = asked_once(self.home / SOCKET, "standing", _HEALTH_S)
        gateways = any(running[name] for name in running if name.startswith("gateway"))
        return {
            "live": True,
            "ready": bool(standing.get("ready")) and gateways,
            "processes": {
                child.name: {"running": running[child.name], "started_anew": child.deaths} for child in self.children
            },
            "backup_age_s": ages_s(self.home, time.time_ns() // 1_000_000),
        } | {name: standing[name] for name in ("now", "window", "queued", "under_way") if name in standing}

    def last_words(self, child: Child) -> str:
        """The last line that a process said; empty where it said nothing."""
        with contextlib.suppress(OSError), (self.home / f"{child.name}.log").open("rb") as log:
            log.seek(child.said_from)
            return log.read().decode(errors="replace").strip().rpartition("\n")[2]
        return ""

    def end(self) -> None:
        """Gateways first, so that nobody is turned away by a bank that is closing; then the conductor, which finishes windows;
        then Ray."""
        end_all([self])


def end_all(supervisors: Sequence[Supervisor], first: Callable[[], Supervisor | None] = lambda: None) -> None:
    """Ends the processes of several places, turn by turn (`Child.turn`); in a turn those of the place `first` before others'."""
    for turn in sorted({child.turn for one in supervisors for child in one.children}):
        leading = first()
        for places in ([leading] if leading else [], [one for one in supervisors if one is not leading]):
            _end([child for one in places for child in one.children if child.turn == turn])


def _end(children: Sequence[Child]) -> None:
    running = [one.process for one in children if one.process is not None and one.process.poll() is None]
    for process in running:
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGCONT)
    until = time.monotonic() + _GRACE_S
    for process in running:
        try:
            process.wait(max(until - time.monotonic(), 0.01))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _emptied(folder: Path) -> Path:
    """A folder for figures that are counted from now on."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def children_of(
    home: Path, gateways: int, listening: socket.socket, enclosure: Enclosure | None, door: socket.socket | None = None
) -> list[Child]:
    """A bank's processes, in the order in which they are started. `door`: where other sites reach the conductor of one. Ray,
    where the bank has one of its own, lives as long as this process or the conductor, which hold the other end of its pipe.
    Gateways come first where processors are short: a bank that has too much to do must still say so."""
    python = [sys.executable, "-m", "lendrill.live"]
    conductor = Child("conductor", [*_BEHIND, *python, "conductor", str(home)])
    if door is not None:
        conductor.command[-3:] = ["lendrill.live_site", "site", str(home), str(door.fileno())]
        conductor.keep = (door.fileno(),)
    children = [conductor]
    if enclosure is not None:
        reading, writing = os.pipe()
        belonging = enclosure.environment()
        command = [*_BEHIND, *head_command(enclosure.folder, reading, PRELOAD)]
        conductor.upon = Child("ray", command, keep=(reading,), environment=belonging, turn=2)
        conductor.command.append(str(enclosure.folder))
        conductor.keep, conductor.environment = (*conductor.keep, writing), belonging
        children = [conductor.upon, conductor]
    counting = os.environ | {SHARED: str(_emptied(home / "metrics"))}
    for number in range(gateways):
        name = f"gateway-{number}"
        command = [*python, "gateway", str(home), str(listening.fileno()), name]
        children.append(Child(name, command, keep=(listening.fileno(),), environment=counting, turn=0))
    children.append(Child("backups", [*_LAST, *python, "backups", str(home)], vital=False, turn=0))
    return children
