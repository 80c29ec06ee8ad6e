"""Addresses of Ray clusters: a dead one is found out in seconds, a living one is joined."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.ray_address import RayUnavailable, prove_cluster


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_dead_address_is_named_with_the_reason() -> None:
    address = f"127.0.0.1:{free_port()}"
    with pytest.raises(RayUnavailable, match=f"no Ray cluster answers at {address} .*refused"):
        prove_cluster(address)


@pytest.mark.parametrize("address", ["nowhere", "host:", "10.0.0.1", "host:port"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(RayUnavailable, match="not an address; give host:port, or auto"):
        prove_cluster(address)


@pytest.mark.parametrize("address", ["auto", "local"])
def test_rays_own_names_are_left_to_ray(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("actors.ray_address.socket.create_connection", lambda *_, **__: asked.append(address))
    prove_cluster(address)
    assert asked == []


@pytest.mark.slow
def test_another_service_at_the_address_is_no_cluster() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(RayUnavailable, match="no healthy Ray cluster"):
            prove_cluster(f"127.0.0.1:{other.getsockname()[1]}")


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A Ray head of its own, started as an administrator would who gives out a token; ended by itself, for `ray stop` would end
    every Ray of the machine."""
    port = free_port()
    monkeypatch.setenv("RAY_AUTH_TOKEN", "ab" * 32)
    words = f"start --head --block --port={port} --num-cpus=2 --include-dashboard=false --disable-usage-stats"
    command = [sys.executable, "-m", "ray.scripts.scripts", *words.split()]
    environment, quiet = os.environ | {"RAY_AUTH_MODE": "token"}, subprocess.DEVNULL
    with (
        tempfile.TemporaryDirectory(
            prefix="ray-", dir="/tmp", ignore_cleanup_errors=True
        ) as own,  # sockets' names are short
        subprocess.Popen([*command, f"--temp-dir={own}"], env=environment, stdout=quiet, stderr=quiet) as head,
    ):
        deadline = time.monotonic() + 120
        while not _answers(port) and time.monotonic() < deadline:
            time.sleep(0.2)
        yield f"127.0.0.1:{port}"
        head.terminate()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.slow
@pytest.mark.ray
def test_two_runs_join_a_running_cluster_at_once_and_give_the_digest_of_the_local_executor(
    cluster: str, tmp_path: Path
) -> None:
    joined, running = ["--address", cluster], []
    for name, given in (("one", joined), ("other", joined), ("local", ["--executor", "local"])):
        command = [sys.executable, "-m", "lendrill", "run", "baseline", "--customers", "300", "--days", "10", *given]
        running.append(subprocess.Popen([*command, "--out", str(tmp_path / name)], stdout=subprocess.PIPE, text=True))
    said = [process.communicate(timeout=240)[0] for process in running]
    assert len({next(line for line in words.splitlines() if line.startswith("digest")) for words in said}) == 1
