"""What befalls the places of a bank of several sites, by order of who drills: processes are killed, hung, and let go on, a place
is lost and comes back, a disk has no room left. `lendrill serve --sites` listens for it in the bank's home, which is its owner's
alone. Who asks for it has it undone (`lendrill.drills.befall`)."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import signal
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from actors.book.store import StoreError
from actors.frames import FrameServer, Message
from lendrill.supervisor import Child, Supervisor

CONTROL = "control.sock"
_DIES_S, _LOOKS_EVERY_S = 5.0, 0.002
STAGE, _ACTOR = "stage", "ray::StageActor"


class _Doing(FrameServer):
    refusals = {"bad": StoreError}

    def __init__(self, places: Mapping[str, Supervisor], urls: Mapping[str, str]) -> None:
        super().__init__()
        self._places, self._urls, self._turn = places, urls, 0

    async def answer(self, message: Message) -> Any:
        """Does what is asked for."""
        return getattr(self, f"_{message['do']}", self._unknown)(message)

    def _unknown(self, message: Message) -> None:
        raise StoreError(f"there is nothing to do {message['do']!r}")

    def _processes(self, message: Message) -> dict[str, dict[str, Any]]:
        del message
        return {
            name: {
                child.name: {"pid": child.process.pid if child.process else 0, "started_anew": child.deaths}
                for child in place.children
            }
            | ({"held": {}} if place.held else {})
            for name, place in self._places.items()
        }

    def _listens(self, message: Message) -> dict[str, str]:
        """Where the gateways of each site listen."""
        del message
        return dict(self._urls)

    def _kill(self, message: Message) -> list[int]:
        """The process that is dead now; none where none lived. (`psutil.wait_procs` would take its end from its supervisor.)"""
        killed, until = self._send(message, signal.SIGKILL), time.monotonic() + _DIES_S
        while any(map(_lives, killed)) and time.monotonic() < until:
            time.sleep(_LOOKS_EVERY_S)
        return [one.pid for one in killed if not _lives(one)]

    def _hang(self, message: Message) -> list[int]:
        """The process that stands still; none where none lived."""
        return [one.pid for one in self._send(message, signal.SIGSTOP)]

    def _go_on(self, message: Message) -> None:
        self._send(message, signal.SIGCONT)

    def _lose(self, message: Message) -> None:
        self._place(message).lose()

    def _regain(self, message: Message) -> None:
        self._place(message).regain()

    def _full_disk(self, message: Message) -> None:
        """The kernel lets no file of the process grow any more: less than a page is to be had."""
        self._room(self._child(message), 1)

    def _free_disk(self, message: Message) -> None:
        self._room(self._child(message), resource.RLIM_INFINITY)

    @staticmethod
    def _room(child: Child, most: int) -> None:
        child.room = most
        with contextlib.suppress(ProcessLookupError):
            child.bound()

    def _place(self, message: Message) -> Supervisor:
        place = self._places.get(message["place"])
        if place is None:
            raise StoreError(f"there is no place {message['place']!r}; places: {', '.join(self._places)}")
        return place

    def _child(self, message: Message) -> Child:
        place = self._place(message)
        for child in place.children:
            if child.name == message["process"]:
                return child
        raise StoreError(
            f"{message['place']} has no process {message['process']!r}; it has {', '.join(one.name for one in place.children)}"
        )

    def _send(self, message: Message, number: signal.Signals) -> list[psutil.Process]:
        """To a process of a place; to a stage, to the one of its actors that the next draw says. Those that it reached."""
        reached = []
        for one in self._meant(message, number):
            with contextlib.suppress(psutil.NoSuchProcess):
                one.send_signal(number)
                reached.append(one)
        return reached

    def _meant(self, message: Message, number: signal.Signals) -> list[psutil.Process]:
        if message["process"] != STAGE:
            process = self._child(message).process
            with contextlib.suppress(psutil.NoSuchProcess):
                return [psutil.Process(process.pid)] if process is not None and process.poll() is None else []
            return []
        stages = self._stages(self._place(message))
        if number == signal.SIGCONT:
            return [one for one in stages if one.status() == psutil.STATUS_STOPPED]
        if not stages:
            raise StoreError("there is no stage that is a process; they are with --executor ray")
        self._turn += 7
        return [stages[self._turn % len(stages)]]

    @staticmethod
    def _stages(place: Supervisor) -> list[psutil.Process]:
        found = []
        for child in place.children:
            with contextlib.suppress(psutil.Error):
                if child.process is not None:
                    parts = psutil.Process(child.process.pid).children(recursive=True)
                    found += [one for one in parts if _ACTOR in " ".join(one.cmdline())]
        return sorted(found, key=lambda one: one.pid)


def _lives(process: psutil.Process) -> bool:
    """Not one that is dead and not reaped yet, either."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


async def _ended() -> None:
    """Whoever is still connected is let go."""
    going = asyncio.all_tasks() - {asyncio.current_task()}
    for task in going:
        task.cancel()
    await asyncio.gather(*going, return_exceptions=True)


class Control:
    """Listens in a thread of its own until it is closed."""

    def __init__(self, home: Path, places: Mapping[str, Supervisor], urls: Mapping[str, str]) -> None:
        self._loop = asyncio.new_event_loop()
        self._path = home / CONTROL
        self._server = self._loop.run_until_complete(_Doing(places, urls).serve(self._path))
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Does nothing more."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._server.close()
        self._loop.run_until_complete(_ended())
        self._loop.close()
        self._path.unlink(missing_ok=True)
