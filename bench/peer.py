"""The peer of `bench.kills`: a PostgreSQL server with rows in it, whose every process is killed under load and which is started
again at once, as `pg_ctl start` does it; how long nobody's insert was committed. One table, one row an insert, no work behind it.

    python -m bench.peer 10 100000"""

from __future__ import annotations

import json
import sys
import threading
import time
from contextlib import suppress

import numpy as np
import psutil
import psycopg

from actors.gateway.applications import ZHANG
from tests.actors.book.server import Server, programs, running

_CALLERS = 4
_FORM = json.dumps(ZHANG)


class _Callers:
    """Who inserts a form, one after another, and again where it failed."""

    def __init__(self, server: Server) -> None:
        self._server, self._stop = server, threading.Event()
        self.done: list[tuple[float, float]] = []
        self._threads = [threading.Thread(target=self._call, args=(number,)) for number in range(_CALLERS)]
        for thread in self._threads:
            thread.start()

    def _call(self, caller: int) -> None:
        number, connection = 0, None
        while not self._stop.is_set():
            number += 1
            asked = time.monotonic()
            while not self._stop.is_set():
                try:
                    connection = connection or self._server.connect()
                    connection.execute(
                        "INSERT INTO applications VALUES (%s, %s) ON CONFLICT DO NOTHING", (f"{caller}-{number}", _FORM)
                    )
                    break
                except psycopg.Error:
                    connection = None
                    time.sleep(0.02)
            self.done.append((asked, time.monotonic()))
            time.sleep(0.05)

    def gap_s(self, since: float) -> float:
        """From a kill until something was committed that was asked for after it."""
        while not (found := [heard for asked, heard in self.done if asked >= since]):
            time.sleep(0.01)
        return min(found) - since

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


def peer(kills: int, rows: int) -> str:
    """What a line says of it; that there is none where no server is installed."""
    if (bins := programs()) is None:
        return "no peer: no PostgreSQL server is installed (Debian: apt install postgresql)"
    with running(bins) as server:
        with server.connect() as connection:
            connection.execute("CREATE TABLE applications (key TEXT PRIMARY KEY, form TEXT NOT NULL)")
            connection.execute(
                "INSERT INTO applications SELECT 'before-' || n, %s FROM generate_series(1, %s) n", (_FORM, rows)
            )
        callers, gaps = _Callers(server), []
        try:
            for _ in range(kills):
                time.sleep(2.0)
                killed = time.monotonic()
                first = psutil.Process(server.pid)
                for process in (first, *first.children(recursive=True)):
                    with suppress(psutil.NoSuchProcess):
                        process.kill()
                server.stop()
                server.start()
                gaps.append(callers.gap_s(killed))
        finally:
            callers.stop()
    p50, p95 = np.quantile(gaps, (0.5, 0.95))
    return (
        f"peer: PostgreSQL with {rows:,} rows, killed {kills} times and started at once: nobody's insert was committed for "
        f"{p50:.2f} s (p50), {p95:.2f} s (p95), {max(gaps):.2f} s at most"
    )


if __name__ == "__main__":
    print(peer(int(sys.argv[1]), int(sys.argv[2])))
