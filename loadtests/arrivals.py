"""The open model: visits begin when they are due, whether or not those before have ended, as customers do who know nothing
of one another. So a server that stalls meets all who come meanwhile, and their latency counts from when they meant to begin."""

from __future__ import annotations

import random
import time

import gevent
from gevent.pool import Pool

from loadtests.schedule import Schedule
from loadtests.visits import Session, Visit, Visitor

OPEN_MAX = 5_000
"""Visits of one process that may be open; those due beyond are dropped and counted so."""
PATIENCE_S = 60.0
"""How long visits that are still open are waited for at the end."""


class Arrivals:
    """The visits of one process."""

    def __init__(
        self, session: Session, schedule: Schedule, visitors: list[Visitor], weights: list[float], place: int, of: int
    ) -> None:
        self._session, self._schedule, self._place, self._of = session, schedule, place, of
        self._visitors, self._weights = visitors, weights
        self._open = Pool()

    def run(self) -> None:
        """Begins every visit at its instant, then waits for those that are open."""
        session = self._session
        session.began = began = time.perf_counter()
        for nth, at in enumerate(self._schedule.arrivals(session.seed, self._place, self._of)):
            due = began + at
            gevent.sleep(max(0.0, due - time.perf_counter()))
            self._begin(nth * self._of + self._place, due)
        gevent.sleep(max(0.0, began + self._schedule.duration_s - time.perf_counter()))
        self._open.join(PATIENCE_S)
        self.stop()

    def _begin(self, number: int, due: float) -> None:
        draw = random.Random(f"visitor {self._session.seed} {number}")
        visitor = draw.choices(self._visitors, self._weights)[0]
        cell = self._session.cell(visitor.name, due)
        cell.counts["scheduled"] += 1
        if len(self._open) >= OPEN_MAX:
            cell.counts["dropped"] += 1
            return
        self._open.spawn(_visited, visitor, Visit(self._session, visitor.name, number, due))

    def stop(self) -> None:
        """Ends what is still open; each visit counts itself as given up."""
        self._open.kill()


def _visited(visitor: Visitor, visit: Visit) -> None:
    try:
        visitor.visit(visit)
    except gevent.GreenletExit:
        visit.given_up()
        raise
