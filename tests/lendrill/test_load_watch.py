"""Which processes of a bank are watched beside a load test: by parts, and stages by name."""

from __future__ import annotations

import socket
import subprocess
import sys
import time

import pytest

from lendrill.load_watch import bank_processes, part_of

BANK = """
import socket, subprocess, sys, time
listening = socket.create_server(("127.0.0.1", int(sys.argv[-1])))
stages = ["exec -a 'ray::StageActor(" + cell + ")' sleep 60 & " for cell in ("disbursement-0", "scoring-1")]
parts = [
    subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()", "conductor"], stdin=subprocess.PIPE),
    subprocess.Popen(["bash", "-c", "trap 'kill $(jobs -p)' EXIT; " + "".join(stages) + "read"], stdin=subprocess.PIPE),
]
print("open", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize(
    ("command", "part"),
    [
        (["ray::StageActor(due_diligence-3)", ""], "due_diligence-3"),
        (["ray::StageActor"], "stage"),
        (["ray::StageActor.step"], "stage"),
        (["/site-packages/ray/core/src/ray/raylet/raylet", "--x"], "raylet"),
        (["python", "-m", "lendrill.live", "gateway", "bank", "4", "gateway-0"], "gateway"),
        (["python", "-m", "actors.ray_head", "/tmp/x"], ""),
        ([], ""),
    ],
)
def test_a_part_of_a_bank_is_known_by_its_command_or_title(command: list[str], part: str) -> None:
    assert part_of(command) == part


def test_stages_are_found_by_name_wherever_they_are_below_the_bank() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-c", BANK, "lendrill", "serve", str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as bank:
        assert bank.stdout is not None
        bank.stdout.readline()
        until, found = time.monotonic() + 10, bank_processes(port)
        while len(found) < 3 and time.monotonic() < until:
            found = bank_processes(port)
    assert {name: len(processes) for name, processes in found.items()} == {
        "conductor": 1,
        "disbursement-0": 1,
        "scoring-1": 1,
    }
