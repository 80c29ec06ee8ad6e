"""Starts Ray on this machine for one run: closed, and with no more processes than a run needs.

Closed: Ray's own sockets would listen on every interface, and who reaches one may run code. So each cluster gets a token of its
own, drawn at random, which its processes inherit in their environment and nobody else is told; its node is given the loopback
address, after which Ray listens there only; and its files and local sockets stand in a folder that only its owner may enter.

Lean: a cluster for one run needs no autoscaler, no tailing of logs and no dashboard, each a Python process that imports Ray
before the first window. Ray has no public switches for the loopback address and for these three, so for the moment of the start
a few of its private names are replaced; where a release has them no longer, it says so and Ray starts as it likes."""

from __future__ import annotations

import importlib
import logging
import os
import secrets
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import ray

_log = logging.getLogger(__name__)
_TEMPORARY = "/tmp"
"""Ray's own choice: its local sockets' names may not be long."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_LOOPBACK = "127.0.0.1"
_TOKEN_BYTES = 32
_VARIABLES = ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")
_AT_ONCE = 4
"""So many processes are begun at once where there are fewer processors: all at once, they only get in each other's way."""


class Enclosure:
    """What keeps strangers out of one cluster: a fresh token in this process's environment, which only its owner can read, and a
    folder of the owner's. Entered before Ray starts, left after it has stopped."""

    def __init__(self) -> None:
        self._before = {name: os.environ.pop(name, None) for name in _VARIABLES}
        os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(_TOKEN_BYTES)}
        self.folder = Path(tempfile.mkdtemp(prefix="lendrill-ray-", dir=os.environ.get("RAY_TMPDIR", _TEMPORARY)))
        _read_anew()

    def leave(self) -> None:
        """Leaves the environment as it was, and no files."""
        for name, value in self._before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        _read_anew()
        shutil.rmtree(self.folder, ignore_errors=True)


def start(enclosure: Enclosure, cpus: int, **options: Any) -> None:
    """Starts Ray here, on so many processors."""
    with ExitStack() as replaced:
        replaced.enter_context(_replaced("services.resolve_ip_for_localhost", lambda host: host))
        for needless in ("start_monitor", "start_log_monitor", "start_api_server"):
            replaced.enter_context(_replaced(f"node.Node.{needless}", _nothing))
        replaced.enter_context(out_of_the_way())
        ray.init(
            address="local",
            include_dashboard=False,
            num_cpus=cpus,
            _node_ip_address=_LOOPBACK,
            _temp_dir=str(enclosure.folder / "ray"),
            _system_config={"worker_maximum_startup_concurrency": max(cpus, _AT_ONCE)},
            **options,
        )


@contextmanager
def out_of_the_way() -> Iterator[None]:
    """Keeps Ray, started or joined, from what is the run's to do: hear signals, and print on standard output what went wrong."""
    with (
        _replaced("utils.set_sigterm_handler", _nothing),
        _replaced("worker.listen_error_messages", _nothing),
        _replaced("ray_constants.RAY_DISABLE_FAILURE_SIGNAL_HANDLER", True),
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
    """Ray reads its mode and token once, when it is imported or first asked; it has no public way to do so again."""
    try:
        compiled: Any = importlib.import_module("ray._raylet")
        compiled.Config.initialize("")
        compiled.AuthenticationTokenLoader.instance().reset_cache()
    except (ImportError, AttributeError) as error:
        _log.warning("this release of Ray may not heed the token of the run: %s", error)


def _nothing(*_: Any, **__: Any) -> None:
    """In the place of what is not wanted."""


@contextmanager
def _replaced(name: str, other: Any) -> Iterator[None]:
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
