"""Addresses of Ray clusters: a dead one is found out in seconds, a living one is joined."""

from __future__ import annotations

import socket
import subprocess
import sys
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
def cluster() -> Iterator[str]:
    """A Ray head of its own, started as an administrator would."""
    port, ray = free_port(), [sys.executable, "-m", "ray.scripts.scripts"]
    start = [
        *ray,
        "start",
        "--head",
        f"--port={port}",
        "--num-cpus=2",
        "--include-dashboard=false",
        "--disable-usage-stats",
    ]
    subprocess.run(start, check=True, capture_output=True, timeout=120)
    yield f"127.0.0.1:{port}"
    subprocess.run([*ray, "stop", "--force"], check=True, capture_output=True, timeout=120)


@pytest.mark.slow
@pytest.mark.ray
def test_a_running_cluster_is_joined_and_gives_the_digest_of_the_local_executor(cluster: str, tmp_path: Path) -> None:
    digests = []
    for name, given in (("joined", ["--address", cluster]), ("local", ["--executor", "local"])):
        command = [sys.executable, "-m", "lendrill", "run", "baseline", "--customers", "300", "--days", "10", *given]
        done = subprocess.run(
            [*command, "--out", str(tmp_path / name)], capture_output=True, text=True, timeout=240, check=True
        )
        digests.append(next(line for line in done.stdout.splitlines() if line.startswith("digest")))
    assert digests[0] == digests[1]
