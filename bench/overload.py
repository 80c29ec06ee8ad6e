"""A live bank that is asked three times as much as it can do: what its health says meanwhile, what memory it takes, how soon it
answers as before. ``python -m bench.overload SECONDS --executor local``"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil

from bench import live

TIMES = 3
_LIMIT_COUNT = 2_000
_AS_BEFORE_S = 0.5
_LOOK_EVERY_S = 0.5
_CURVE_S = 30
"""The curve of memory has a figure for each stretch of so many seconds, the most in it."""


class Watch:
    """Looks at a bank twice a second: how long its health takes, and the memory of conductor and gateways in MiB. A page that
    several processes share, as those do that pack a snapshot, counts in parts (PSS)."""

    def __init__(self, served: live.Served) -> None:
        self._served, self._ends = served, threading.Event()
        self.health_s: dict[str, list[float]] = {"own port": [], "gateway": []}
        self.memory: list[float] = []
        self.weighed_at: list[float] = []
        looks = (lambda: self._ask("own port", served.health), lambda: self._ask("gateway", served.port), self._weigh)
        self._threads = [threading.Thread(target=self._go_on, args=(look,)) for look in looks]
        for thread in self._threads:
            thread.start()

    def _go_on(self, look: object) -> None:
        while not self._ends.wait(_LOOK_EVERY_S):
            look()  # type: ignore[operator]

    def _ask(self, where: str, port: int) -> None:
        began = time.perf_counter()
        with contextlib.suppress(urllib.error.HTTPError):  # not ready, and says so
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=60).close()
        self.health_s[where].append(time.perf_counter() - began)

    def _weigh(self) -> None:
        parts, weight = [one for name in ("conductor", "gateway") for one in self._served.parts(name)], 0
        for one in parts:
            with contextlib.suppress(psutil.NoSuchProcess):  # a snapshot is packed, and its process ends
                weight += one.memory_full_info().pss
        self.memory.append(weight / 2**20)
        self.weighed_at.append(time.perf_counter())

    def curve(self) -> list[float]:
        """The most memory in each stretch of time."""
        stretches: dict[int, float] = {}
        for at, weight in zip(self.weighed_at, self.memory, strict=True):
            place = int((at - self.weighed_at[0]) // _CURVE_S)
            stretches[place] = max(weight, stretches.get(place, 0.0))
        return list(stretches.values())

    def end(self) -> None:
        """Looks no more."""
        self._ends.set()
        for thread in self._threads:
            thread.join()


def main(seconds: int, *options: str) -> None:
    """See the module's text."""
    with tempfile.TemporaryDirectory() as folder, live.bank(home := Path(folder) / "bank", *options) as served:
        token = live.token_of(home)
        live.hit(served.port, token, 0, 500)
        limit = live.hit(served.port, token, 10_000, _LIMIT_COUNT)["per_s"]
        watch = Watch(served)
        command = [sys.executable, "-m", "lendrill", "load", "--host", f"http://127.0.0.1:{served.port}", "--quiet"]
        command += [
            "--rate",
            str(round(TIMES * limit)),
            "--duration",
            str(seconds),
            "--out",
            str(Path(folder) / "load"),
        ]
        command += ["--mix", "third_party=1"]
        environment = os.environ | {"LENDRILL_CREDENTIALS": str(home / "identity" / "first-credentials.txt")}
        subprocess.run(command, env=environment, check=False, capture_output=True)
        ended = time.perf_counter()
        while live.hit(served.port, token, 900_000, 20)["p99_s"] > _AS_BEFORE_S:
            pass
        recovered = time.perf_counter() - ended
        accepted = json.loads((Path(folder) / "load" / "summary.json").read_text(encoding="utf-8"))["applications"][
            "accepted"
        ]
        watch.end()
    print(f"limit {limit:,.0f} a second, asked {TIMES} times as much for {seconds} s")
    for where, took in watch.health_s.items():
        print(f"health by {where}: {len(took)} times, {max(took) * 1e3:,.0f} ms at most")
    least, most, last = min(watch.memory), max(watch.memory), watch.memory[-1]
    print(f"memory of conductor and gateways: {least:,.0f} to {most:,.0f} MiB, {last:,.0f} at the end")
    print(f"its most in each {_CURVE_S} s: {', '.join(f'{one:,.0f}' for one in watch.curve())} MiB")
    print(f"applications that the bank holds then: {accepted:,}")
    print(f"answers as before within {recovered:.1f} s, starting the generator included")


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
