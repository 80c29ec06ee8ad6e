"""How long customers of a bank of two sites in step wait when the site that leads is lost, with as many loans as its portfolio
has. Each loss waits until the site before is in step again and has worked its book. Whatever `lendrill serve` takes may follow.

    python -m bench.takeovers 10 --executor local --from RUN"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np

from actors.gateway.applications import ZHANG
from lendrill.drills import befall
from lendrill.drills.bank import DrillBank, FoundedBank
from lendrill.sites import site_standing
from scenarios.drill import SITES, Befalls, Drill

_CALLERS = 4
_STEP_S = 120.0
_NEAR = SITES[:2]
_BEHIND = 40
"""Windows that a site works in a moment."""


class _Callers:
    """Customers who apply one after another at whichever site answers."""

    def __init__(self, bank: DrillBank) -> None:
        self._bank, self._token, self._stop = bank, bank.token("load"), threading.Event()
        self.answered: list[tuple[float, float]] = []
        self._threads = [threading.Thread(target=self._call, args=(number,)) for number in range(_CALLERS)]
        for thread in self._threads:
            thread.start()

    def _call(self, caller: int) -> None:
        number, urls = 0, list(self._bank.urls.values())
        while not self._stop.is_set():
            number += 1
            asked, turn = time.monotonic(), caller
            while not self._stop.is_set() and not self._asked(urls[turn % len(urls)], f"{caller}-{number}"):
                turn += 1
                time.sleep(0.05)
            self.answered.append((asked, time.monotonic()))
            time.sleep(0.05)

    def _asked(self, url: str, key: str) -> bool:
        form = ZHANG | {"mobile": f"138{hash(key) % 10**8:08}"}
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json", "Idempotency-Key": key}
        request = urllib.request.Request(url + "/v1/applications", json.dumps(form).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=1.0) as answer:
                return bool(answer.status == 202)
        except (urllib.error.URLError, OSError):
            return False

    def gap_s(self, lost: float) -> float:
        """From a loss until somebody was answered who asked after it."""
        while not (found := [heard for asked, heard in self.answered if asked >= lost]):
            time.sleep(0.02)
        return min(found) - lost

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


def _leader(home: Path) -> str:
    """The site that leads, once the other is in step and its cells have worked what it holds: one that has just begun could take
    over no sooner than it has."""
    until = time.monotonic() + _STEP_S
    while time.monotonic() < until:
        said = {name: site_standing(home / "sites" / name) for name in _NEAR}
        leading = [name for name, one in said.items() if one.get("leads") and len(one["in_step"]) == len(_NEAR)]
        if leading and all(one and one["worked"] >= one["windows"] - _BEHIND for one in said.values()):
            return leading[0]
        time.sleep(0.1)
    raise SystemExit("the sites do not come into step")


def main(losses: int, *options: str) -> None:
    """So many losses of the site that leads, one after another."""
    drill = Drill.model_validate(
        {"name_zh": "–", "name_en": "–", "about_zh": "–", "about_en": "–", "bank": {"sites": 2, "scenario": "baseline"}}
    )
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "bank"
        with FoundedBank(drill, home, Path(folder) / "serve.log", options) as bank:
            began = time.monotonic()
            bank.opened()
            print(f"opened in {time.monotonic() - began:.1f} s", flush=True)
            callers, gaps = _Callers(bank), []
            try:
                for _ in range(losses):
                    leader = _leader(home)
                    time.sleep(1.0)
                    lost = time.monotonic()
                    undo = befall.befall(home, Befalls(at_s=0, what="lose", place=leader))  # type: ignore[arg-type]
                    gaps.append(callers.gap_s(lost))
                    undo()
                _leader(home)
            finally:
                callers.stop()
            p50, p95 = np.quantile(gaps, (0.5, 0.95))
            print(
                f"{losses} losses: nobody answered for {p50:.2f} s (p50), {p95:.2f} s (p95), {max(gaps):.2f} s at most"
            )
        for name in bank.urls:
            replayed = subprocess.run(
                [sys.executable, "-m", "lendrill", "replay", str(home / "sites" / name), "--quiet"],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            print(name, replayed.stdout.strip().replace("\n", "; "))


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
