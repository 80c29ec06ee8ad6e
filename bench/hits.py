"""The generator that `bench.live` uses for the echo and for the bank alike: applications over kept connections, closed (each
connection asks again once it is answered) or open (Poisson arrivals at a rate, latency from the intended start). Prints JSON.

    python -m bench.hits URL TOKEN FIRST COUNT CONNECTIONS RATE    (RATE 0: closed; else each asks for the
decision, and only what the machine decided is timed)"""

from __future__ import annotations

import gevent.monkey

gevent.monkey.patch_all()

import json  # noqa: E402
import random  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections import Counter  # noqa: E402

import gevent  # noqa: E402
import numpy as np  # noqa: E402
from gevent.pool import Pool  # noqa: E402

from bench.forms import forms  # noqa: E402
from loadtests.client import Client  # noqa: E402
from loadtests.visits import APPLICATIONS, AT_A_DESK  # noqa: E402

_DECISION_S = 3
"""How long a decision is waited for; what comes before people is not timed, and must not keep connections from the rest."""


def main(arguments: list[str]) -> None:
    """See the module's text."""
    host, token, first, count, connections, rate = arguments
    bodies = [json.dumps(one).encode() for one in forms(int(first), int(count))]
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    if float(rate):
        headers["Prefer"] = f"wait={_DECISION_S}"
    client = Client(host, timeout_s=60.0)
    statuses: Counter[str] = Counter()
    took: list[float] = []

    def hit(number: int, intended: float) -> None:
        answer = client.request("POST", APPLICATIONS, bodies[number], headers)
        said = answer.json()
        if not intended or said.get("handler") != AT_A_DESK:
            took.append(answer.done - (intended or answer.sent))
        statuses[f"{answer.status} {said.get('step') or answer.why}".strip()] += 1

    draw, at = random.Random(1), 0.0
    pool = Pool(int(connections))
    began = time.perf_counter()
    for number in range(len(bodies)):
        intended = 0.0
        if float(rate):
            at += draw.expovariate(float(rate))
            intended = began + at
            gevent.sleep(max(0.0, intended - time.perf_counter()))
        pool.spawn(hit, number, intended)
    pool.join()
    seconds = time.perf_counter() - began
    p50, p99 = np.quantile(took, (0.5, 0.99)).tolist()
    print(json.dumps({"per_s": len(bodies) / seconds, "p50_s": p50, "p99_s": p99, "statuses": statuses}))


if __name__ == "__main__":
    main(sys.argv[1:])
