"""Starts Ray on this machine for one run or one bank: closed, and with no more processes than that needs.

Closed: Ray's own sockets would listen on every interface, and who reaches one may run code. So each cluster gets a token of its
own, drawn at random, which its processes inherit in their environment and nobody else is told; its node is given the loopback
address, after which Ray listens there only; and its files and local sockets stand in a folder that only its owner may enter.

Owned: a process of its own starts Ray and keeps it (`actors.ray_head`), for as long as anybody holds the other end of its pipe.
So who works with Ray may die without taking Ray along, and when all are gone, however they went, Ray goes too."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from actors.ray_address import RayUnavailable

_log = logging.getLogger(__name__)
_TEMPORARY = "/tmp"
"""Ray's own choice: its local sockets' names may not be long."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
LOOPBACK = "127.0.0.1"
ADDRESS_FILE, LOG_FILE = "address", "head.log"
_TOKEN_BYTES = 32
_VARIABLES = ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")
_PATIENCE_S = 60.0
_GRACE_S = 10.0


class Enclosure:
    """What keeps strangers out of one cluster: a fresh token, for the environment of who belongs to it, and a folder of the
    owner's."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="lendrill-ray-", dir=os.environ.get("RAY_TMPDIR", _TEMPORARY)))
        self.variables = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(_TOKEN_BYTES)}
        self._before: dict[str, str | None] = {}

    def enter(self) -> None:
        """Makes this process one of those who belong to it."""
        self._before = {name: os.environ.pop(name, None) for name in _VARIABLES}
        os.environ |= self.variables
        _read_anew()

    def environment(self) -> dict[str, str]:
        """The environment of another process that belongs to it."""
        return {name: value for name, value in os.environ.items() if name not in _VARIABLES} | self.variables

    def leave(self) -> None:
        """Leaves the environment as it was, and no files."""
        for name, value in self._before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        if self._before:
            _read_anew()
        shutil.rmtree(self.folder, ignore_errors=True)


def head_command(folder: Path, pipe: int, preload: str) -> list[str]:
    """The command of the process that owns Ray (`actors.ray_head`): it needs the reading end of a pipe."""
    return [sys.executable, "-m", "actors.ray_head", str(folder), str(pipe), preload]


def address_in(folder: Path, process: subprocess.Popen[bytes] | None = None) -> str:
    """Where Ray listens whose owner works in this folder, as soon as it does. RayUnavailable when it doesn't."""
    until = time.monotonic() + _PATIENCE_S
    while not (file := folder / ADDRESS_FILE).exists():
        if time.monotonic() > until or (process is not None and process.poll() is not None):
            raise RayUnavailable(f"Ray can't start on this machine ({_last_words(folder)}); try --executor local")
        time.sleep(0.02)
    return file.read_text(encoding="utf-8")


def _last_words(folder: Path) -> str:
    with contextlib.suppress(OSError):
        lines = (folder / LOG_FILE).read_text(encoding="utf-8", errors="replace").strip().splitlines()
        if lines:
            return lines[-1][:200]
    return "it said nothing"


class Head:
    """Ray of this process's own: begun at once, awaited when it is needed."""

    def __init__(self, preload: str = "") -> None:
        """`preload`: what the actors' processes have imported when they begin, as ``module:function``."""
        self._enclosure = Enclosure()
        self.folder = self._enclosure.folder
        reading, self._pipe = os.pipe()
        with (self.folder / LOG_FILE).open("wb") as log:
            self.process = subprocess.Popen(
                head_command(self.folder, reading, preload),
                env=self._enclosure.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(reading,),
                start_new_session=True,
            )
        os.close(reading)

    def join(self, **options: Any) -> None:
        """Connects this process. RayUnavailable when Ray can't start."""
        self._enclosure.enter()
        join(address_in(self.folder, self.process), **options)

    def end(self) -> None:
        """Ends Ray, and leaves nothing of it."""
        os.close(self._pipe)
        try:
            self.process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._enclosure.leave()


def join(address: str, **options: Any) -> None:
    """Connects this process to a Ray of our own, which listens on the loopback address only."""
    import ray

    with replaced("services.resolve_ip_for_localhost", lambda host: host), out_of_the_way():
        ray.init(address=address, _node_ip_address=LOOPBACK, **options)


@contextmanager
def lean() -> Iterator[None]:
    """Keeps Ray, while it is started, on the loopback address and from starting what only dashboards need. Ray has no public
    switches for these, so a few of its private names are replaced; where a release has them no longer, it says so and Ray starts
    as it likes."""
    with ExitStack() as stack:
        stack.enter_context(replaced("services.resolve_ip_for_localhost", lambda host: host))
        stack.enter_context(replaced("node.Node.start_api_server", nothing))
        yield


@contextmanager
def out_of_the_way() -> Iterator[None]:
    """Keeps Ray, started or joined, from what is the run's to do: hear signals, and print on standard output what went wrong."""
    with (
        replaced("utils.set_sigterm_handler", nothing),
        replaced("worker.listen_error_messages", nothing),
        replaced("ray_constants.RAY_DISABLE_FAILURE_SIGNAL_HANDLER", True),
        _held_back(),
    ):
        yield


@contextmanager
def _held_back() -> Iterator[None]:
    """Has a first Ctrl-C or SIGTERM wait until Ray stands, whose compiled half it might crash. A second one does not wait."""
    heard: list[int] = []

    def hear(number: int, frame: Any) -> None:  # noqa: ARG001
        heard.append(number)
        if len(heard) > 1:
            raise KeyboardInterrupt

    main = threading.current_thread() is threading.main_thread()
    heeded = [number for number in _SIGNALS if main and signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, hear) for number in heeded}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if heard:
        signal.raise_signal(heard[0])


def _read_anew() -> None:
    """Ray reads its mode and token once, when it is imported or first asked; it has no public way to do so again. A process that
    has not imported it yet has nothing to read anew."""
    if "ray" not in sys.modules:
        return
    try:
        compiled: Any = importlib.import_module("ray._raylet")
        compiled.Config.initialize("")
        compiled.AuthenticationTokenLoader.instance().reset_cache()
    except (ImportError, AttributeError) as error:
        _log.warning("this release of Ray may not heed the token of the run: %s", error)


def nothing(*_: Any, **__: Any) -> None:
    """In the place of what is not wanted."""


@contextmanager
def replaced(name: str, other: Any) -> Iterator[None]:
    """Puts something else under one of Ray's private names (below `ray._private`) for a while; says so if there is none."""
    module, *inner, last = name.split(".")
    try:
        owner: Any = importlib.import_module(f"ray._private.{module}")
        for part in inner:
            owner = getattr(owner, part)
        own = getattr(owner, last)
    except (ImportError, AttributeError):
        _log.warning("this release of Ray has no ray._private.%s; it starts without that", name)
        yield
        return
    setattr(owner, last, other)
    try:
        yield
    finally:
        setattr(owner, last, own)
