"""The supervisor (守护进程) of a live bank: it starts the bank's processes, starts anew what has died, tells of their health, and
ends them in order. It holds nothing of the bank's itself."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
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
    upon: Child | None = None
    """What it can't outlive: it is started anew with that one."""
    vital: bool = True
    """Whether a bank ends that can't run it."""
    process: subprocess.Popen[bytes] | None = None
    born: float = 0.0
    said_from: int = 0
    """Where in its log what it says begins: what stands before, others said."""
    quick_deaths: int = 0
    deaths: int = 0


@dataclass
class Supervisor:
    """Starts a bank's processes and keeps them alive."""

    home: Path
    children: list[Child] = field(default_factory=list)
    ending: bool = False

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
        child.born = time.monotonic()

    def watch(self) -> None:
        """Starts anew what has died; UserError when something dies again and again, with its last words."""
        for child in self.children:
            if child.process is None or child.process.poll() is None:
                continue
            lived_s = time.monotonic() - child.born
            if not child.vital and lived_s < _PAUSE_S:
                continue
            child.deaths += 1
            child.quick_deaths = child.quick_deaths + 1 if lived_s < _QUICK_S else 0
            if child.vital and (child.process.returncode == EXIT_BAD_INPUT or child.quick_deaths >= _QUICK_DEATHS_MAX):
                raise UserError(f"the {child.name} can't run: {self.last_words(child) or 'it said nothing'}")
            self.start(child)
            for other in self.children:
                if other.upon is child and other.process is not None:
                    other.process.kill()

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
        for child in reversed(self.children):
            if child.process is not None and child.process.poll() is None:
                child.process.send_signal(signal.SIGTERM)
                try:
                    child.process.wait(_GRACE_S)
                except subprocess.TimeoutExpired:
                    child.process.kill()
                    child.process.wait()


def _emptied(folder: Path) -> Path:
    """A folder for figures that are counted from now on."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def children_of(home: Path, gateways: int, listening: socket.socket, enclosure: Enclosure | None) -> list[Child]:
    """A bank's processes, in the order in which they are started. Ray, where the bank has one of its own, lives as long as this
    process or the conductor, which hold the other end of its pipe. Gateways come first where processors are short: a bank that
    has too much to do must still say so."""
    python = [sys.executable, "-m", "lendrill.live"]
    conductor = Child("conductor", [*_BEHIND, *python, "conductor", str(home)])
    children = [conductor]
    if enclosure is not None:
        reading, writing = os.pipe()
        belonging = enclosure.environment()
        command = [*_BEHIND, *head_command(enclosure.folder, reading, PRELOAD)]
        conductor.upon = Child("ray", command, keep=(reading,), environment=belonging)
        conductor.command.append(str(enclosure.folder))
        conductor.keep, conductor.environment = (writing,), belonging
        children = [conductor.upon, conductor]
    counting = os.environ | {SHARED: str(_emptied(home / "metrics"))}
    for number in range(gateways):
        name = f"gateway-{number}"
        command = [*python, "gateway", str(home), str(listening.fileno()), name]
        children.append(Child(name, command, keep=(listening.fileno(),), environment=counting))
    children.append(Child("backups", [*_LAST, *python, "backups", str(home)], vital=False))
    return children
