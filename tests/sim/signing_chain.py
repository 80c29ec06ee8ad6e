"""Approval, head office and contracts with the world opposite them, driven window by window as the pipeline drives them: a
small bank whose every event and message the tests can look at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from actors.host import Blueprint, FinalReport, Parts, StageHost
from actors.topology import Cell, Flow, shard_of_branch
from actors.wire import Bundle, unpack
from credit.approval.contract import ApplicationScored
from credit.approval.contract import Desk as FraudDesk
from credit.approval.subsystem import ApprovalSubsystem
from credit.codes import Alert, Grade, Lane, Method, Segment
from credit.contracts.subsystem import ContractsSubsystem
from credit.digest import Digest
from credit.head_office.subsystem import HeadOfficeSubsystem
from credit.room import EventCode, Kind, Rows
from credit.stage import WindowResult
from credit.subsystem import Setting, Window
from credit.times import DAY_MS, HOUR_MS, Ints
from scenarios.model import Scenario
from sim.counterparts.approval import ApprovalCounterpart
from sim.counterparts.contracts import ContractsCounterpart
from sim.occasions import reference_of
from sim.randomness import Draw
from sim.staffing import DeputySource, build_staffing
from sim.truth import Truth
from tests.hosts import step

SEED = 11
BRANCHES = 4
CHAIN = ("approval", "head_office", "contracts")
YUAN = 100


def scenario(**sections: Any) -> Scenario:
    base: dict[str, Any] = {
        "name": "test",
        "title": "t",
        "purpose": "p",
        "look_at": [],
        "bank": {"branches": BRANCHES},
        "run": {"customers": 3_000, "days": 60, "seed": SEED, "start": "2026-03-02"},
        "staff": {"scale": False},
    }
    return Scenario.model_validate(base | sections)


PLAIN = scenario(behaviour={"change_request_ppm": 0, "scan_forgotten_ppm": 0})
"""Nobody changes their mind, so no mail goes back up, and nobody forgets a scan, whose chase goes out when its window
ends: windows of any length must give the same."""

# product: segment, amount in yuan, months, method
_WISHES = {
    1: (Segment.INDIVIDUAL, 80_000, 12, Method.EQUAL_INSTALMENT),
    2: (Segment.INDIVIDUAL, 20_000, 12, Method.EQUAL_INSTALMENT),
    3: (Segment.INDIVIDUAL, 2_000_000, 240, Method.EQUAL_INSTALMENT),
    4: (Segment.MICRO, 800_000, 24, Method.EQUAL_PRINCIPAL),
    5: (Segment.ENTERPRISE, 20_000_000, 12, Method.INTEREST_FIRST),
}


def applications(plan: Scenario, a_day: int, days: int) -> Rows:
    """Scored applications of all products and branches, in working hours, keyed by their number."""
    count = a_day * days
    number = np.arange(1, count + 1)
    rows = ApplicationScored.empty(count)
    branch = number % BRANCHES + 1
    draw = Draw(SEED, "test.applications")
    rows["at"] = plan.run.start_ms + number // a_day * DAY_MS + 8 * HOUR_MS + draw.below(12 * HOUR_MS, number)
    rows["case"] = rows["customer"] = branch * 10**9 + number
    rows["party"], rows["branch"] = reference_of(number, 1), branch
    rows["product"] = product = 1 + draw.below(5, number, 1)
    for code, (segment, amount, months, method) in _WISHES.items():
        mine = product == code
        rows["segment"][mine], rows["amount_fen"][mine] = segment, amount * YUAN
        rows["term_months"][mine], rows["method"][mine] = months, method
    rows["grade"] = Grade.EXCELLENT + draw.below(4, number, 2)
    rows["alert"] = np.where(draw.happens(100_000, number, 3), int(Alert.YELLOW), 0)
    rows["doubts"] = np.where(draw.happens(80_000, number, 4), 32, 0)
    automatic = (product <= 2) & (rows["alert"] == 0) & (rows["doubts"] == 0)
    rows["lane"] = np.where(automatic, int(Lane.AUTOMATIC), int(Lane.MANUAL))
    rows["income_fen"] = rows["verified_income_fen"] = np.where(product <= 3, 20_000, 2_000_000) * YUAN
    rows["collateral_fen"], rows["purpose"] = 4_000_000 * YUAN, 1
    rows["account"], rows["payee_account"] = 6217_0000_0000_0000, 6222_0000_0000_0000
    return rows[np.argsort(rows["at"], kind="stable")]


class Desk:
    """The source of an approval host: its branches' applications, and the administrator's appointments."""

    def __init__(self, rows: Rows, deputies: DeputySource) -> None:
        self._rows, self._deputies = rows, deputies

    def mail(self, window: Window) -> list[tuple[Kind, Rows]]:
        now = (self._rows["at"] >= window.start) & (self._rows["at"] < window.until)
        return [(ApplicationScored, self._rows[now]), *self._deputies.mail(window)]

    def due(self) -> int:
        return 0


class Ear:
    """Keeps every event and every statistic of a host."""

    def __init__(self) -> None:
        self.events: list[Rows] = []
        self.queues: list[Rows] = []
        self.staff: list[Rows] = []

    def record(self, window: Window, outcome: WindowResult, statistics: dict[str, Rows]) -> None:
        self.events += outcome.out.events
        self.close(statistics)

    def close(self, statistics: dict[str, Rows]) -> None:
        for name in ("queues", "staff"):
            if name in statistics:
                getattr(self, name).append(statistics[name])


Wrap = Callable[[ApprovalCounterpart], Any]


class Chain:
    """Hosts of the three stages for a number of shards, through `days` days in windows of `window_ms`."""

    def __init__(
        self,
        plan: Scenario,
        rows: Rows,
        days: int,
        window_ms: int = DAY_MS,
        shards: int = 1,
        restart_at: int = -1,
        wrap: Wrap | None = None,
    ) -> None:
        self._plan, self._rows, self._flow = plan, rows, Flow(shards)
        self._staffing = build_staffing(plan, SEED)
        self._truth = Truth(SEED, plan)
        self._wrap = wrap or (lambda counterpart: counterpart)
        self.ears: dict[Cell, Ear] = {}
        self.mail: dict[int, list[Rows]] = {}
        cells = [Cell(s, n) for s in CHAIN for n in range(1 if s == "head_office" else shards)]
        self.hosts = {cell: self._host(cell) for cell in cells}
        self._late: list[tuple[Cell, Bundle]] = []
        for number in range(days * DAY_MS // window_ms):
            if number == restart_at:
                states = {cell: host.export_state() for cell, host in self.hosts.items()}
                self.hosts = {cell: self._host(cell) for cell in cells}
                for cell, state in states.items():
                    self.hosts[cell].import_state(state)
            start = plan.run.start_ms + number * window_ms
            self._step(Window(number, start, start + window_ms))
        self.finals: list[FinalReport] = [host.finish() for host in self.hosts.values()]

    def _host(self, cell: Cell) -> StageHost:
        def parts(where: Cell) -> Parts:
            ear = self.ears.setdefault(where, Ear())
            if where.room == "contracts":
                customers = ContractsCounterpart(self._plan, SEED, self._truth)
                return Parts(
                    ContractsSubsystem.build(Setting(self._plan.policies)),
                    customers,
                    None,
                    ear,
                    check_every_window=True,
                )
            branches = self._branches(where)
            nodes = {"approval": (1, 2), "head_office": (3, 4, 5)}[where.room]
            desks = self._staffing.desks(branches, (*nodes, FraudDesk.FRAUD_INVESTIGATOR))  # type: ignore[arg-type]
            room = HeadOfficeSubsystem if where.room == "head_office" else ApprovalSubsystem
            people = self._wrap(ApprovalCounterpart(room, self._plan, SEED, desks, self._truth))
            rows = self._rows[np.isin(self._rows["branch"], branches)]
            source = Desk(rows, DeputySource({room.DESK.appoint: nodes}, self._staffing, branches))
            subsystem = room.build(Setting(register=self._staffing.register()))
            return Parts(subsystem, people, source, ear, check_every_window=True)

        return StageHost(Blueprint(cell, self._flow, parts))

    def _branches(self, cell: Cell) -> Ints:
        if cell.room == "head_office":
            return np.zeros(1, dtype=np.int64)
        every = np.arange(1, BRANCHES + 1)
        return np.asarray(every[shard_of_branch(every, self._flow.shards) == cell.shard])

    def _step(self, window: Window) -> None:
        waiting: dict[Cell, list[Bundle]] = {}
        for cell, bundle in self._late:
            waiting.setdefault(cell, []).append(bundle)
        self._late = []
        for cell, host in self.hosts.items():
            bundles = step(host, window, waiting.get(cell, []))
            for target, bundle in zip(self._flow.destinations(cell), bundles, strict=True):
                for number, parts in unpack([bundle]).items():
                    self.mail.setdefault(number, []).extend(parts)
                if self._flow.is_late(cell, target):
                    self._late.append((target, bundle))
                else:
                    waiting.setdefault(target, []).append(bundle)

    def sent(self, kind: Kind) -> Rows:
        """All mail of a kind between stages, sorted by its fields."""
        parts = self.mail.get(kind.number, [])
        return np.sort(np.concatenate(parts)) if parts else kind.empty()

    def events(self, *kinds: EventCode) -> Rows:
        """All events of the chain, or those of some kinds, in order of time."""
        rows = np.sort(np.concatenate([rows for ear in self.ears.values() for rows in ear.events]))
        return rows[np.isin(rows["event"], kinds)] if kinds else rows

    def record(self, *, with_states: bool = True) -> str:
        """A digest of every event, and of the final states."""
        digest = Digest()
        digest.add(1, self.events())
        if with_states:
            for final in self.finals:
                for name, rows in final.state.items():
                    digest.add(sum(name.encode()), rows)
        return digest.hex()


def only_stage(chain: Chain, stage: str) -> Sequence[Ear]:
    """The ears of one stage."""
    return [ear for cell, ear in chain.ears.items() if cell.room == stage]
