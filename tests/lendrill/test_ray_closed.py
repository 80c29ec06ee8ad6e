"""The Ray that a run starts: closed to strangers, its actors named, the loss of one told as what it is, and ended by SIGTERM
as a run in one process is."""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest
import ray

from actors import ray_start
from actors.pipeline import CellLost
from actors.ray_executor import RayExecutor, Tell
from actors.ray_start import Head
from actors.topology import Cell, Flow
from credit.bank import PIPELINE
from lendrill import cli
from lendrill.errors import EXIT_INTERRUPTED, EXIT_LOST, line_for
from lendrill.load_watch import part_of

CALLER = """
import sys
import ray
from ray._private import services
from ray._raylet import GcsClient
from ray.exceptions import AuthenticationError
try:
    GcsClient(address=sys.argv[1])
except AuthenticationError:
    sys.exit("refused")
services.resolve_ip_for_localhost = lambda host: host
ray.init(sys.argv[1], namespace=sys.argv[2], _node_ip_address="127.0.0.1", logging_level="ERROR", log_to_driver=False)
print(*sorted(ray.util.list_named_actors()))
"""
"""Asks a cluster for the names of its actors."""


class Eventful(RayExecutor):
    """Has something happen at the moment when a window is submitted."""

    def __init__(self, happening: dict[int, Callable[[], None]]) -> None:
        super().__init__()
        self.happening, self.windows = happening, 0

    def step(self, cell: Cell, block: Sequence[Any], inputs: Sequence[Any]) -> tuple[list[Any], Any]:
        if cell == next(iter(self._actors)):
            self.windows += 1
            self.happening.get(self.windows, lambda: None)()
        return super().step(cell, block, inputs)


class Watched(Eventful):
    """Looks at the cluster from outside when the first window is submitted, and kills a cell's process in the fourth."""

    def __init__(self) -> None:
        super().__init__({1: self._look, 4: self._kill})
        self.calls: list[subprocess.CompletedProcess[str]] = []
        self.listening: set[str] = set()
        self.named: list[str] = []
        self.python: list[str] = []
        self.folder = Path()

    def _kill(self) -> None:
        until = time.monotonic() + 20
        while (
            "stage" in (self.named or ["stage"]) and time.monotonic() < until
        ):  # whose actor has had nothing to do yet
            self.named = [part_of(one.cmdline()) for one in psutil.Process().children(recursive=True)]
        os.kill(self.pids[list(self._actors).index(Cell("disbursement", 0))], signal.SIGKILL)

    def _look(self) -> None:
        assert self._head is not None
        self.folder = self._head.folder
        address = ray.get_runtime_context().gcs_address
        plain = {name: value for name, value in os.environ.items() if not name.startswith("RAY_AUTH")}
        token = {"RAY_AUTH_MODE": "token"}
        callers = [os.environ | {}, plain, plain | token | {"RAY_AUTH_TOKEN": "0" * 64}]
        command = [sys.executable, "-c", CALLER, address, self.namespace]
        running = [
            subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for env in callers
        ]
        for process in running:
            out, err = process.communicate(timeout=100)
            self.calls.append(subprocess.CompletedProcess(command, process.returncode, out, err))
        family = [psutil.Process(), *psutil.Process().children(recursive=True)]
        self.listening = {c.laddr.ip for one in family for c in one.net_connections("tcp") if c.status == "LISTEN"}
        self.python = [" ".join(one.cmdline()) for one in family[1:]]
        secret = os.environ["RAY_AUTH_TOKEN"].encode()
        self.leaks = [path for path in self.folder.rglob("*") if path.is_file() and secret in path.read_bytes()]
        self.leaks += [Path(words) for words in self.python if secret.decode() in words]
        self.mode = self.folder.stat().st_mode & 0o777


@pytest.mark.ray
def test_a_ray_of_our_own_is_closed_and_a_lost_actor_is_told(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    executor, out = Watched(), tmp_path / "run"

    def chosen(address: str | None, tell: Tell, head: Head) -> RayExecutor:
        assert address is None
        executor._tell, executor._head = tell, head
        return executor

    monkeypatch.setattr("actors.ray_executor.RayExecutor", chosen)
    before = {name: value for name, value in os.environ.items() if name.startswith("RAY_AUTH")}
    code = cli.main(f"run baseline --customers 100 --days 20 --out {out}".split())

    friend, stranger, liar = executor.calls
    assert friend.stdout.split() == sorted(map(str, Flow(1).cells)), friend.stderr
    assert ("refused" in stranger.stderr, stranger.stdout) == (True, "")
    assert ("refused" in liar.stderr, liar.stdout) == (True, "")
    assert {address.removeprefix("::ffff:") for address in executor.listening} == {"127.0.0.1"}
    assert (executor.leaks, executor.mode) == ([], 0o700)
    assert sorted(filter(None, executor.named)) == sorted([*map(str, Flow(1).cells), "gcs_server", "raylet"])
    assert not [words for words in executor.python if re.search("monitor.py|dashboard.py|^ray::.*Agent", words)]

    assert "this release of Ray" not in caplog.text, (
        "actors/ray_start.py replaces names that this release has no longer"
    )
    printed = capsys.readouterr()
    said = printed.err
    assert printed.out == ""
    assert code == EXIT_LOST
    assert f"{len(PIPELINE)} actors: {len(PIPELINE)} of {len(PIPELINE)} ready" in said
    line = said.splitlines()[-1]
    for part in ("lendrill: lost the actor disbursement-0 (stage disbursement, shard 0) in window ", "UNFINISHED"):
        assert part in line, said
    assert "Traceback" not in said
    assert (out / "UNFINISHED").exists()
    assert not executor.folder.exists()
    assert before == {name: value for name, value in os.environ.items() if name.startswith("RAY_AUTH")}


def test_a_lost_actor_is_named_by_stage_and_shard() -> None:
    line = line_for(CellLost(Cell("scoring", 1), "out of memory"))
    assert line == "lost the actor scoring-1 (stage scoring, shard 1) before the first window: out of memory"


@pytest.mark.slow
@pytest.mark.ray
def test_sigterm_ends_a_run_on_ray_between_windows_and_it_can_be_continued(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, then = tmp_path / "first", tmp_path / "then"
    monkeypatch.setattr("results.report.write_report", lambda _: None)  # which takes longer than the run
    executor = Eventful({8: lambda: signal.raise_signal(signal.SIGTERM)})
    with monkeypatch.context() as patched:
        patched.setattr("lendrill.run._executor", lambda _: executor)
        assert cli.main(f"run baseline --customers 100 --days 20 --out {first}".split()) == EXIT_INTERRUPTED
    said = json.loads((first / "summary.json").read_text())
    assert (said["status"], said["windows_done"], executor.windows) == ("partial", 8, 8)
    words = f"run baseline --customers 10 --days 3 --executor local --from {first} --out {then}"
    assert cli.main(words.split()) == 0
    assert json.loads((then / "summary.json").read_text())["continued_from"] == str(first)


def test_a_private_name_that_ray_has_no_longer_is_told_and_done_without(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    node: Any = ray._private.node.Node
    monkeypatch.delattr(node, "start_log_monitor")
    monkeypatch.delattr(ray._raylet, "AuthenticationTokenLoader")
    with (
        caplog.at_level(logging.WARNING),
        ray_start.replaced("node.Node.start_log_monitor", None),
        ray_start.replaced("gone.anything", None),
    ):
        ray_start._read_anew()
    for name in ("ray._private.node.Node.start_log_monitor", "ray._private.gone.anything", "AuthenticationTokenLoader"):
        assert name in caplog.text
    assert not hasattr(node, "start_log_monitor")
