"""Figures for Prometheus (监控指标): what this bank's gateways answered, how long that took, and what the conductor tells of
windows, stages and the book. Gateway processes that serve one port keep their counts in one folder (`SHARED`, which
`lendrill serve` sets), so that whichever of them is asked tells of all."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

from credit.room import EVENTS, GAUGES

SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable that names the folder; it must be set before prometheus_client is imported."""
_BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.4, 0.75, 1.5, 3.0, 10.0)
_GAUGES = {
    "queued": "commands that wait for a window",
    "under_way": "blocks of windows under way",
    "window": "number of the last window cut",
}
_COUNTERS = {
    "windows": "windows worked since the conductor started",
    "commands": "commands taken",
    "busy": "commands refused because too much waited",
    "lost_cells": "times that a cell was lost and built anew",
    "set_aside": "rows from outside that broke a rule and were set aside",
    "snapshots": "snapshots taken",
    "replayed": "windows worked again from the day book",
}
_SUMMARIES = {
    "window_ms": "from the cut of a window to its answers, of the last 2,000",
    "commit_ms": "commit of the day book, of the last 2,000",
    "window_rows": "rows of a window, of the last 2,000",
}


class Meters:
    """What the gateways answered, by method, path and status."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._answers = Counter(
            "lendrill_http_answers", "answers", ("method", "path", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "lendrill_http_seconds", "time to answer", ("method", "path"), registry=self._registry, buckets=_BOUNDS_S
        )
        self._counted = lru_cache(maxsize=4_096)(
            lambda method, path, status: (
                self._answers.labels(method, path, status),
                self._seconds.labels(method, path),
            )
        )
        """What counts a kind of answer; methods, paths and statuses are few."""

    def add(self, method: str, path: str, status: int, seconds: float) -> None:
        """One answer."""
        answers, took = self._counted(method, path, status)
        answers.inc()
        took.observe(seconds)

    def text(self, figures: Mapping[str, Any]) -> bytes:
        """As Prometheus reads them, with the bank's own (`actors.conductor.Conductor.figures`; empty while it is away)."""
        registry = self._registry
        if SHARED in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        bank = CollectorRegistry()
        bank.register(_Told(figures))
        return generate_latest(bank) + generate_latest(registry)


class _Told:
    """A conductor's figures as a collector."""

    def __init__(self, figures: Mapping[str, Any]) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        """See `prometheus_client.registry.Collector`."""
        told = self._figures
        yield GaugeMetricFamily("lendrill_ready", "1 while the bank is open", int(bool(told.get("ready"))))
        for name, words in _GAUGES.items():
            if name in told:
                yield GaugeMetricFamily(f"lendrill_{name}", words, told[name])
        for name, words in _COUNTERS.items():
            if name in told:
                yield CounterMetricFamily(f"lendrill_{name}", words, told[name])
        for name, words in _SUMMARIES.items():
            summary = SummaryMetricFamily(f"lendrill_{name}", words)
            for quantile, value in told.get(name, {}).items():
                summary.add_sample(f"lendrill_{name}", {"quantile": f"0.{quantile[1:]}"}, value)
            yield summary
        events = CounterMetricFamily("lendrill_events", "events of the bank", labels=["event"])
        for number, count in sorted(told.get("events", {}).items()):
            events.add_metric([EVENTS[int(number)].name.lower()], count)
        yield events
        ages = GaugeMetricFamily("lendrill_backup_age_seconds", "age of the last good backup", labels=["kind"])
        for kind, age_s in told.get("backup_age_s", {}).items():
            ages.add_metric([kind], age_s)
        yield ages
        yield from self._sites()
        yield from self._stages()
        yield from self._book()

    def _sites(self) -> Iterator[Metric]:
        """Of a bank of several sites, as the one that leads sees them."""
        if (said := self._figures.get("site")) is None:
            return
        yield GaugeMetricFamily(
            "lendrill_site_epoch", "of the site that leads: rises with each that does", said["epoch"]
        )
        names = {"leads": {said["site"]}, "in_step": set(said["in_step"])}
        for name, sites in names.items():
            gauge = GaugeMetricFamily(
                f"lendrill_site_{name}", f"1 where a site {name.replace('_', ' is ')}", labels=["site"]
            )
            for site in said["sites"]:
                gauge.add_metric([site], int(site in sites))
            yield gauge

    def _stages(self) -> Iterator[Metric]:
        busy = CounterMetricFamily("lendrill_stage_busy_seconds", "time a stage was at work", labels=["stage"])
        for stage, seconds in self._figures.get("busy_s", {}).items():
            busy.add_metric([stage], seconds)
        yield busy
        rows = GaugeMetricFamily(
            "lendrill_stage_rows", "rows of a stage's tables: cases at it, tasks, loans", labels=["stage", "table"]
        )
        for stage, table, count in self._figures.get("rows", ()):
            rows.add_metric([stage, table], count)
        yield rows

    def _book(self) -> Iterator[Metric]:
        labels = ["gauge", "group"]
        count = GaugeMetricFamily(
            "lendrill_book_count",
            "the book at the last end of day, or when the bank was opened since, over all branches",
            labels=labels,
        )
        amount = GaugeMetricFamily("lendrill_book_amount_fen", "the same in fen", labels=labels)
        for gauge, group, number, fen in self._figures.get("book", ()):
            code = GAUGES[gauge]
            names = {int(one): one.name.lower() for one in code.groups}
            of = [code.name.lower(), names.get(group, str(group))]
            count.add_metric(of, number)
            amount.add_metric(of, fen)
        yield count
        yield amount
