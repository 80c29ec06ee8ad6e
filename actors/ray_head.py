"""The process that owns a Ray of ours: ``python -m actors.ray_head FOLDER PIPE PRELOAD``. It starts Ray, writes down where that
listens, and stays until nobody holds the other end of its pipe any more, until it is told to end, or until a part of Ray has
died; then all of Ray goes, and its files.

Ray starts a fresh Python for each actor, which imports Ray and the bank before it can do anything: 1.4 s of processor time each.
Here a process is made once that has imported both, the mould (模子); what Ray starts is `actors.ray_worker`, which has the mould
fork and hands its own arguments, environment and output to the child. That one does what Ray's worker does, from Ray's own file.

The mould imports Ray only once it knows Ray's node process, because Ray's compiled half reads that number, and a job's, from the
environment when it is imported; the job's is left open, as in workers that Ray starts ahead. It may draw no random number of
Ray's, or all children would draw the same ones after it: so it imports no module that makes an actor class."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import runpy
import select
import shutil
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from actors.ray_start import ADDRESS_FILE, LOOPBACK, lean, replaced
from actors.ray_worker import MOULD, RECORD

_LOOK_EVERY_S = 0.2
_NIL_JOB = "ffffffff"
_AT_ONCE = 16
"""So many actors' processes may begin at once: they are forked, so they cost little."""
_BACKLOG = 64
_NO_PORTS = {"--metrics-agent-port", "--metrics_export_port", "--runtime_env_agent_port"}
_NO_PORT = 1
"""The port of agents that are not there; nobody but the superuser may listen on it."""
_AGENTS = ("--dashboard_agent_command", "--runtime_env_agent_command")


def mould(listening: socket.socket, raylet: int, preload: str) -> None:
    """Imports everything once, then forks for who asks, until the owner of `raylet`'s other end is gone."""
    if preload:
        module, _, function = preload.partition(":")
        getattr(importlib.import_module(module), function)()
    number = os.read(raylet, 32)
    if not number:
        return
    os.environ |= {"RAY_RAYLET_PID": number.decode(), "RAY_JOB_ID": _NIL_JOB}
    worker = str(importlib.import_module("ray._private.workers.default_worker").__file__)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while raylet not in select.select([listening.fileno(), raylet], [], [])[0]:
        asking, _ = listening.accept()
        with asking:
            told, outputs, _, _ = socket.recv_fds(asking, RECORD, 2)
            while part := asking.recv(RECORD):
                told += part
        if told and os.fork() == 0:
            listening.close()
            _work(worker, json.loads(told), outputs)
        for output in outputs:
            os.close(output)


def _work(worker: str, told: dict[str, Any], outputs: list[int]) -> None:
    """Ray's worker, in a process that was forked; does not return."""
    try:
        os.setpgid(0, 0)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for place, output in enumerate(outputs, 1):
            os.dup2(output, place)
            os.close(output)
        os.environ.clear()
        os.environ.update(told["environment"])
        os.chdir(told["folder"])
        sys.argv = [worker, *told["arguments"]]
        runpy.run_path(worker, run_name="__main__")
    except SystemExit:
        pass
    except BaseException as error:
        sys.stderr.write(f"a worker of Ray's failed: {type(error).__name__}: {error}\n")
    finally:
        os._exit(0)


def started(folder: Path, raylet: int) -> Any:
    """Ray's node, with the number of its process told to the mould."""
    from ray._private import node, parameter, services

    begin = services.start_ray_process
    idle = f"{sys.executable} -I -S {Path(__file__).with_name('ray_idle.py')}"

    def begun(command: list[str], kind: str, **options: Any) -> Any:
        """Ray insists on two agents, each a Python process that imports Ray: others stand in their places."""
        if kind == "raylet":
            command = [*(_changed(word, idle) for word in command), f"--dashboard_agent_listen_port={_NO_PORT}"]
        found = begin(command, kind, **options)
        if kind == "raylet":
            os.write(raylet, str(found.process.pid).encode())
        return found

    cpus = os.cpu_count() or 1
    parameters = parameter.RayParams(
        node_ip_address=LOOPBACK,
        num_cpus=cpus,
        include_dashboard=False,
        include_log_monitor=False,  # type: ignore[arg-type]
        no_monitor=True,
        worker_path=str(Path(__file__).with_name("ray_worker.py")),
        temp_dir=str(folder / "ray"),
        _system_config={"worker_maximum_startup_concurrency": max(cpus, _AT_ONCE), "enable_metrics_collection": False},  # type: ignore[dict-item]
    )
    with lean(), replaced("services.start_ray_process", begun):
        return node.Node(parameters, head=True, shutdown_at_exit=False, spawn_reaper=True)


def _changed(word: str, idle: str) -> str:
    name, _, _ = word.partition("=")
    if name in _AGENTS:
        return f"{name}={idle}"
    return f"{name}={_NO_PORT}" if name in _NO_PORTS else word


def main(folder: Path, pipe: int, preload: str) -> int:
    """See the module's text; 0 when Ray was ended, 1 when it died."""
    told: list[int] = []
    (folder / ADDRESS_FILE).unlink(missing_ok=True)
    (folder / MOULD).unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(folder / MOULD))
    listening.listen(_BACKLOG)
    os.environ[MOULD] = str(folder / MOULD)
    reading, raylet = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(raylet)
        os.close(pipe)
        try:
            mould(listening, reading, preload)
        finally:
            os._exit(0)
    os.close(reading)
    listening.close()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: told.append(number))
    node = started(folder, raylet)
    (folder / "address.new").write_text(node.gcs_address, encoding="utf-8")
    (folder / "address.new").rename(folder / ADDRESS_FILE)
    held = True
    while held and not told and not node.dead_processes() and os.waitpid(child, os.WNOHANG) == (0, 0):
        held = not select.select([pipe], [], [], _LOOK_EVERY_S)[0]
    died = held and not told
    if died:
        sys.stderr.write(f"a part of Ray died: {', '.join(kind for kind, _ in node.dead_processes()) or 'the mould'}\n")
    (folder / ADDRESS_FILE).unlink(missing_ok=True)
    with contextlib.suppress(Exception):
        node.kill_all_processes(check_alive=False, allow_graceful=False)
    shutil.rmtree(folder if not held else folder / "ray", ignore_errors=True)
    return int(died)


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
