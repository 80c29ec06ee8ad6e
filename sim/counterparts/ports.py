"""A port to a partner: how long an answer takes, whether there is one. A call waits for its latency; it ends without an answer
when the partner is down, when the latency passes the timeout (then at the timeout), or by an error of the partner.
Everything is keyed by whom a call is about and the occasion, and an outage is looked up at the instant of the call, so
shards and windows have no say."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from credit.codes import Partner
from credit.masks import any_of
from credit.room import Rows
from credit.subsystem import Window
from credit.times import Bools, Ints
from scenarios.model import Scenario
from sim.curves import lognormal
from sim.randomness import Draws

PORT_DTYPE = np.dtype(
    [(name, "i8") for name in "start until partner calls unavailable latency_ms_sum latency_ms_max".split()]
)
"""Statistics of one port in one window; `partner` counts in `Partner`."""


class Answer(NamedTuple):
    """When each call ends, and whether it brought nothing."""

    at: Ints
    missing: Bools


class Port:
    """One partner port of a scenario. Counts its calls for the statistics of the running window."""

    def __init__(self, scenario: Scenario, seed: int, name: str) -> None:
        partner = getattr(scenario.partners, name)
        self.number = int(Partner[name.upper()])
        self._timeout_ms, self._error_ppm = partner.timeout_ms, partner.error_ppm
        self._latency = lognormal(partner.latency_ms_median, partner.latency_spread_ppm)
        self._outages = [
            (fault.start_ms, fault.end_ms, fault.share_ppm)
            for fault in scenario.faults
            if fault.kind == "partner_outage" and fault.target == name
        ]
        self._draws = Draws(seed, f"port.{name}", ("latency", "error", "outage"))
        self._calls: list[tuple[int, int, int, int]] = []

    def call(self, about: Ints, occasion: Ints | int, at: Ints) -> Answer:
        """Calls made at `at`; the same (about, occasion) at the same time has the same fate."""
        down = self.is_down(about, occasion, at)
        latency = self._draws["latency"].quantile(self._latency, about, occasion)
        silent = down | (latency > self._timeout_ms)
        took = np.where(silent, self._timeout_ms, latency)
        missing = silent | self._draws["error"].happens(self._error_ppm, about, occasion)
        if len(took):
            self._calls.append((len(took), int(missing.sum()), int(took.sum()), int(took.max())))
        return Answer(at + took, missing)

    def is_down(self, about: Ints, occasion: Ints | int, at: Ints) -> Bools:
        """Which calls meet an outage of the scenario."""
        down = np.zeros(len(at), dtype=bool)
        for start, end, share_ppm in self._outages:
            inside = (at >= start) & (at < end)
            if any_of(inside):
                down |= inside & self._draws["outage"].happens(share_ppm, about, occasion)
        return down

    def statistics(self, window: Window) -> list[tuple[int, ...]]:
        """One row of `PORT_DTYPE` if there were calls since the last time; then counting starts anew."""
        calls, self._calls = self._calls, []
        if not calls:
            return []
        counts, missing, spent, longest = zip(*calls, strict=True)
        return [(window.start, window.until, self.number, sum(counts), sum(missing), sum(spent), max(longest))]


def port_statistics(ports: list[Port], window: Window) -> dict[str, Rows]:
    """Statistics of several ports under the name that run folders use."""
    rows = [row for port in ports for row in port.statistics(window)]
    return {"partners": np.array(rows, dtype=PORT_DTYPE)} if rows else {}
