"""How often a client may ask (API-08): a token bucket for each, which holds `burst` requests and fills by `per_second`.

A bucket is one number, the instant at which it will be full again (the generic cell rate algorithm), so a client costs an entry
of a dictionary, and a full bucket need not be kept. Buckets live in the memory of one gateway process: a bank with several
gateways lets a client through that many times as often. The library `limits` has no token bucket: it counts in windows."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from credit.policies.posts import Rate

CLIENTS_MAX = 100_000
"""Most buckets that are kept; beyond, the one begun longest ago is forgotten."""


class Rates:
    """The buckets of one gateway process."""

    def __init__(self, rates: Mapping[str, Rate], clock: Callable[[], float] = time.monotonic) -> None:
        """`rates` by client or by kind of client; `clock` gives seconds."""
        self._rates, self._clock = rates, clock
        self._full_at: dict[str, float] = {}

    def wait_s(self, client: str, kind: str) -> float:
        """Takes one request out of a client's bucket: 0, or how long to wait where none is left, and then nothing is taken."""
        rate, now = self._rates.get(client) or self._rates[kind], self._clock()
        full_at = max(self._full_at.get(client, now), now) + 1 / rate.per_second
        wait = full_at - now - rate.burst / rate.per_second
        if wait > 1e-9:
            return wait
        self._full_at[client] = full_at
        if len(self._full_at) > CLIENTS_MAX:
            self._forget(now)
        return 0.0

    def _forget(self, now: float) -> None:
        self._full_at = {client: at for client, at in self._full_at.items() if at > now}
        while len(self._full_at) > CLIENTS_MAX:
            del self._full_at[next(iter(self._full_at))]
