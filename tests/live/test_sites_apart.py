"""Sites on hosts of their own: network namespaces on a bridge, of which one loses its cable."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lendrill.errors import UserError
from lendrill.sites import site_standing
from lendrill.sites_apart import places_in
from tests.live.served import ROOT

_HOSTS = ("primary", "same-city", "remote", "witness")
_BRIDGE = "lendrill0"


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


@pytest.fixture
def hosts() -> Iterator[dict[str, str]]:
    """Four hosts; their addresses by name."""
    if os.geteuid() or not shutil.which("ip"):
        pytest.skip("network namespaces need root and iproute2")
    _ip("link", "add", _BRIDGE, "type", "bridge")
    try:
        _ip("addr", "add", "10.77.9.254/24", "dev", _BRIDGE)
        _ip("link", "set", _BRIDGE, "up")
        for number, name in enumerate(_HOSTS, 1):
            _ip("netns", "add", f"l-{name}")
            _ip("link", "add", f"lv{number}", "type", "veth", "peer", "name", "e0", "netns", f"l-{name}")
            _ip("link", "set", f"lv{number}", "master", _BRIDGE, "up")
            _ip("-n", f"l-{name}", "addr", "add", f"10.77.9.{number}/24", "dev", "e0")
            _ip("-n", f"l-{name}", "link", "set", "e0", "up")
            _ip("-n", f"l-{name}", "link", "set", "lo", "up")
        yield {name: f"10.77.9.{number}" for number, name in enumerate(_HOSTS, 1)}
    finally:
        for name in _HOSTS:
            subprocess.run(["ip", "netns", "del", f"l-{name}"], check=False, capture_output=True)
        for link in (
            _BRIDGE,
            *(f"lv{number}" for number, _ in enumerate(_HOSTS, 1)),
        ):  # a namespace goes some time after
            subprocess.run(["ip", "link", "del", link], check=False, capture_output=True)


def _until(holds: Callable[[], bool], patience_s: float = 90.0) -> bool:
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.2)
    return False


@pytest.mark.slow
def test_a_site_that_loses_its_cable_is_taken_over_from_and_comes_back(hosts: dict[str, str], tmp_path: Path) -> None:
    home, lendrill = tmp_path / "bank", [sys.executable, "-m", "lendrill"]
    options = ["--sites", "3", "--executor", "local", "--clock", "business", "--port", "0", "--home", str(home)]
    with (tmp_path / "founding.log").open("w") as log:
        founding = subprocess.Popen(
            [*lendrill, "serve", "zhang_consumer_loan", *options], cwd=ROOT, stdout=log, stderr=log
        )
    assert _until(lambda: "Health of all sites" in (tmp_path / "founding.log").read_text())
    founding.terminate()
    assert founding.wait(60) == 0
    places = tmp_path / "places.toml"
    places.write_text("".join(f'{name} = "{at}:7001"\n' for name, at in hosts.items()), encoding="utf-8")

    def started(name: str) -> subprocess.Popen[bytes]:
        words = (
            ["witness", str(home)] if name == "witness" else ["run", str(home / "sites" / name), "--host", hosts[name]]
        )
        command = ["ip", "netns", "exec", f"l-{name}", *lendrill, "sites", *words, "--places", str(places)]
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def leads(name: str, with_others: int) -> bool:
        said = site_standing(home / "sites" / name)
        return bool(said.get("leads")) and len(said["in_step"]) >= with_others

    running = [started(name) for name in hosts]
    try:
        assert _until(lambda: leads("primary", 2))
        _ip("link", "set", "lv1", "down")
        assert _until(lambda: leads("same-city", 1))
        _ip("link", "set", "lv1", "up")
        assert _until(lambda: leads("same-city", 2))
        assert not leads("primary", 1)  # which may have thought so while it heard of nobody
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        for name in _HOSTS[:3]:
            with opener.open(f"http://{hosts[name]}:8000/health", timeout=10) as answer:
                assert json.loads(answer.read())["ready"], name
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(60)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('primary = "10.0.0.1:7001"\n', "says nothing of witness"),
        ('primary = "10.0.0.1"\nwitness = "10.0.0.4:7001"\n', "'10.0.0.1' is no address; right is HOST:PORT"),
        ('primry = "10.0.0.1:7001"\n', "primry: no such place"),
        ("primary = ", "not valid TOML"),
    ],
)
def test_a_file_of_places_that_can_not_be_used_is_refused(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "places.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match="--places") as refused:
        places_in(tmp_path / "places.toml")
    assert said in refused.value.user_message
    with pytest.raises(UserError, match="No such file"):
        places_in(tmp_path / "none.toml")
