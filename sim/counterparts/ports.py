"""Ports to partners: how long an answer takes, whether there is one. A call waits for its latency; it ends without an answer
when the partner is down, when the latency passes the timeout (then at the timeout), or by an error of the partner.
Everything is keyed by whom a call is about and the occasion, and what befalls a partner is looked up at the instant of the call,
so shards and windows have no say.

What befalls a partner stands in the scenario, or the world is told of it while the bank lives (`PartnerTold`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from credit.codes import Partner
from credit.masks import any_of
from credit.room import Rows
from credit.subsystem import Window
from credit.times import Bools, Ints
from scenarios.model import Scenario
from scenarios.planned import STRIKE_PARTNERS
from sim.curves import lognormal
from sim.randomness import Draw, Draws

PORT_DTYPE = np.dtype(
    [(name, "i8") for name in "start until partner calls unavailable struck latency_ms_sum latency_ms_max".split()]
)
"""Statistics of one port in one window; `partner` counts in `Partner`, `struck` those calls that something befell."""


class Befallen(NamedTuple):
    """What befalls a port from `start` to `until`, for a share of its calls: no answer, or one that takes so much longer."""

    port: int
    start: int
    until: int
    share_ppm: int
    slower_ms: int


class Answer(NamedTuple):
    """When each call ends, and whether it brought nothing."""

    at: Ints
    missing: Bools


class Ports:
    """Ports of a scenario that are called at one time. Counts their calls for the statistics of the running window."""

    def __init__(self, scenario: Scenario, seed: int, names: Sequence[str]) -> None:
        partners = [getattr(scenario.partners, name) for name in names]
        self._numbers = [int(Partner[name.upper()]) for name in names]
        self._timeout_ms = np.array([[one.timeout_ms] for one in partners], dtype=np.int64)
        self._error_ppm = np.array([[one.error_ppm] for one in partners], dtype=np.int64)
        tables = [lognormal(one.latency_ms_median, one.latency_spread_ppm) for one in partners]
        self._latencies = np.concatenate(tables)
        self._table_of = np.arange(len(tables))[:, None] * len(tables[0])
        self._planned = [
            Befallen(names.index(fault.target), fault.start_ms, fault.end_ms, fault.share_ppm, fault.slower_ms)
            for fault in scenario.faults
            if fault.kind in STRIKE_PARTNERS and fault.target in names
        ]
        self._befallen = self._planned
        self._draws = Draws(seed, "port", [f"{name}.{what}" for what in ("latency", "error") for name in names])
        self._latency, self._error = (
            self._draws.rows(*(f"{name}.{what}" for name in names)) for what in ("latency", "error")
        )
        self._struck = [Draw(seed, f"port.{name}.outage") for name in names]
        self._begin_counting()

    def told(self, rows: Rows) -> None:
        """What befalls these partners besides what the scenario plans, rows of `PARTNER_TOLD`; it takes the place of what was
        told before."""
        self._befallen = self._planned + [
            Befallen(self._numbers.index(partner), at, until, share_ppm, slower_ms)
            for partner, at, until, share_ppm, slower_ms in rows[
                ["partner", "at", "until", "share_ppm", "slower_ms"]
            ].tolist()
            if partner in self._numbers
        ]

    def _begin_counting(self) -> None:
        self._sums = np.zeros((3, len(self._numbers)), dtype=np.int64)
        """Calls, those without an answer, and the time they took, by port."""
        self._struck_calls = np.zeros(len(self._numbers), dtype=np.int64)
        self._longest = np.zeros(len(self._numbers), dtype=np.int64)

    def call(self, about: Ints, occasion: Ints | int, at: Ints, called: Bools) -> Answer:
        """Calls at `at`, with a row for each port, of which those `called` are made; the same (about, occasion) at the same time
        has the same fate."""
        latency = self._latency.quantile(self._latencies, about, occasion, self._table_of)
        silent = latency > self._timeout_ms
        if self._befallen:
            down, slower_ms = self._fates(about, occasion, at)
            latency = latency + slower_ms
            silent = down | (latency > self._timeout_ms)
            self._struck_calls += ((down | (slower_ms > 0)) & called).sum(axis=1)
        took = np.where(silent, self._timeout_ms, latency)
        missing = silent | self._error.happens(self._error_ppm, about, occasion)
        spent = took * called
        self._sums += np.array([called, missing & called, spent]).sum(axis=2)
        np.maximum(self._longest, spent.max(axis=1, initial=0), out=self._longest)
        return Answer(at + took, missing)

    def are_down(self, about: Ints, occasion: Ints | int, at: Ints) -> Bools:
        """Which calls meet an outage, a row for each port."""
        return self._fates(about, occasion, at)[0]

    def _fates(self, about: Ints, occasion: Ints | int, at: Ints) -> tuple[Bools, Ints]:
        """Which calls meet an outage, and by how much each takes longer; a row for each port."""
        shape = (len(self._numbers), len(at))
        down, slower_ms = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=np.int64)
        for one in self._befallen:
            met = self._met(one, about, occasion, at)
            if one.slower_ms:
                slower_ms[one.port] += one.slower_ms * met
            else:
                down[one.port] |= met
        return down, slower_ms

    def _met(self, one: Befallen, about: Ints, occasion: Ints | int, at: Ints) -> Bools:
        """Which calls it befalls."""
        inside = (at >= one.start) & (at < one.until)
        if any_of(inside):
            inside &= self._struck[one.port].happens(one.share_ppm, about, occasion)
        return inside

    def statistics(self, window: Window) -> list[tuple[int, ...]]:
        """A row of `PORT_DTYPE` for each port with calls since the last time; then counting starts anew."""
        calls, unavailable, spent = self._sums.tolist()
        told = zip(
            self._numbers, calls, unavailable, self._struck_calls.tolist(), spent, self._longest.tolist(), strict=True
        )
        self._begin_counting()
        return [(window.start, window.until, *row) for row in told if row[1]]


class Port:
    """One partner port of a scenario."""

    def __init__(self, scenario: Scenario, seed: int, name: str) -> None:
        self._ports = Ports(scenario, seed, (name,))
        self.statistics, self.told = self._ports.statistics, self._ports.told

    def call(self, about: Ints, occasion: Ints | int, at: Ints) -> Answer:
        """Calls made at `at`; see `Ports.call`."""
        answer = self._ports.call(about, occasion, at, np.ones((1, len(at)), dtype=bool))
        return Answer(answer.at[0], answer.missing[0])

    def is_down(self, about: Ints, occasion: Ints | int, at: Ints) -> Bools:
        """Which calls meet an outage."""
        down: Bools = self._ports.are_down(about, occasion, at)[0]
        return down


def port_statistics(ports: Iterable[Port | Ports], window: Window) -> dict[str, Rows]:
    """Statistics of ports under the name that run folders use."""
    rows = [row for port in ports for row in port.statistics(window)]
    return {"partners": np.array(rows, dtype=PORT_DTYPE)} if rows else {}
