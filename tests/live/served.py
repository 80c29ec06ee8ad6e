"""A served bank in processes of its own, for tests that kill parts of it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parents[2]
_OPENS_S = 90.0


class Served:
    """One `lendrill serve`."""

    def __init__(self, home: Path, *options: str, opens_s: float = _OPENS_S) -> None:
        command = [sys.executable, "-m", "lendrill", "serve", *options, "--home", str(home), "--port", "0"]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.home, self.said = home, ""
        assert self.process.stdout is not None
        began = time.monotonic()
        until = began + opens_s
        while time.monotonic() < until:
            line = self.process.stdout.readline()
            self.said += line
            found = re.search(r"listens on (http://\S+)", line)
            if found:
                self.url, self.opened_s = found[1], time.monotonic() - began
                self._token = self._signed("load")
                return
            if not line and self.process.poll() is not None:
                break
        raise AssertionError(f"the bank did not open: {self.said}")

    def _signed(self, name: str) -> str:
        """A token of a client, or of somebody with a post."""
        command = [sys.executable, "-m", "lendrill", "token", name, "--home", str(self.home)]
        return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()

    def call(
        self, method: str, path: str, content: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """Status and document of one answer; OSError while nobody answers."""
        data = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(self.url + path, data, headers or {}, method=method)
        request.add_header("Content-Type", "application/json")
        request.add_header("Authorization", f"Bearer {self._token}")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"{}")
        except HTTPException as error:  # the gateway died in the middle of its answer
            raise ConnectionError(str(error)) from None

    def parts(self, what: str) -> list[psutil.Process]:
        """The processes of the bank that are conductor, gateway, or ``ray::StageActor``."""
        found = []
        for process in psutil.Process(self.process.pid).children(recursive=True):
            with _gone():
                if what in " ".join(process.cmdline()):
                    found.append(process)
        return found

    def family(self) -> list[psutil.Process]:
        """All its processes."""
        supervisor = psutil.Process(self.process.pid)
        return [supervisor, *supervisor.children(recursive=True)]

    def kill(self, what: str, place: int = 0) -> None:
        """Kills one of its processes, as a power cut would."""
        parts = self.parts(what)
        os.kill(parts[place % len(parts)].pid, signal.SIGKILL)

    def close(self) -> int:
        """Ends it in order; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        said, _ = self.process.communicate(timeout=60)
        self.said += said
        return self.process.returncode


@contextmanager
def _gone() -> Iterator[None]:
    """A process that has ended meanwhile is none."""
    with suppress(psutil.Error):
        yield


@contextmanager
def served(home: Path, *options: str, opens_s: float = _OPENS_S) -> Iterator[Served]:
    """A bank that is served while it is entered."""
    bank = Served(home, *options, opens_s=opens_s)
    try:
        yield bank
    finally:
        if bank.process.poll() is None:
            bank.close()
