"""The stage host: carries one subsystem, and the piece of the world opposite it, through the windows. It knows the order of
the calls, where mail goes, and what must never happen (mail from the future, from the past, or to nobody); it knows nothing
of loans. The same object runs in the local executor and inside a Ray actor."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from actors.topology import Cell, branch_of, destinations, is_late, shard_of_branch
from actors.wire import Bundle, inbox_of, pack, unpack
from credit.codes import Event, Stage
from credit.digest import Digest
from credit.messages import KINDS, Kind, Rows
from credit.subsystem import Counterpart, Inbox, InvariantViolation, Outbox, State, Subsystem, Window, in_order
from credit.times import text_of

ROUNDS_MAX = 400
EVENT_LABEL = 1
STATE_LABEL = 2
Mail = dict[int, list[Rows]]


class Source(Protocol):
    """Where a stage's mail from outside comes from: arrivals in a simulation."""

    def mail(self, window: Window) -> list[tuple[Kind, Rows]]: ...


class Sink(Protocol):
    """Where a stage's record goes while the run goes on."""

    def record(self, window: Window, inbox: Inbox, out: Outbox, statistics: dict[str, Rows]) -> None: ...

    def close(self) -> None: ...


@dataclass
class Parts:
    """What a host is made of."""

    subsystem: Subsystem
    counterpart: Counterpart | None = None
    source: Source | None = None
    sink: Sink | None = None
    check_every_window: bool = False


@dataclass(frozen=True)
class Blueprint:
    """How to build a host where it will live: `build` is called there, with the cell."""

    cell: Cell
    shards: int
    build: Callable[[Cell], Parts]


@dataclass
class StepReport:
    """What a step tells the driver: rows by event, and how long it worked."""

    events: dict[int, int]
    busy_s: float


@dataclass
class FinalReport:
    """What a host tells at the end."""

    cell: Cell
    digest: tuple[int, int]
    state: dict[str, Rows]
    busy_s: float
    phases_s: dict[str, float]
    cpu_s: float
    peak_rss_mib: float
    process: int
    """The operating system's number of the process; cells of the local executor share one."""
    checks: int
    violations: list[str] = field(default_factory=list)


class StageHost:
    """One cell of the bank; see the module's text."""

    def __init__(self, blueprint: Blueprint) -> None:
        self.cell = blueprint.cell
        self._shards = blueprint.shards
        self._parts = blueprint.build(blueprint.cell)
        self._destinations = destinations(self.cell, self._shards)
        self._carried: Mail = {}  # requests stamped at or after the last window's end
        self._digest = Digest()
        self._phases: dict[str, float] = {}
        self._checks = 0

    def step(self, window: Window, bundles: Sequence[Bundle]) -> tuple[list[Bundle], StepReport]:
        """One window: mail in, mail out (one bundle a destination, in the order of `destinations`)."""
        began = lap = time.perf_counter()
        cpu = time.process_time()
        inbox, world = self._receive(window, bundles)
        lap = self._lap("wire", lap)
        out = Outbox()
        self._parts.subsystem.open(window, out)
        self._parts.subsystem.apply(inbox, window, out)
        lap = self._lap("subsystem", lap)
        mail = self._converse(window, world, out)
        lap = time.perf_counter()
        self._parts.subsystem.close(window, out)
        self._carry(self._sort_out(window, out, mail))
        self._check(window)
        lap = self._lap("subsystem", lap)
        self._record(window, inbox, out, mail)
        lap = self._lap("record", lap)
        bundles_out = self._send(mail)
        self._lap("wire", lap)
        self._phases["processor"] = self._phases.get("processor", 0.0) + time.process_time() - cpu
        return bundles_out, self._report(out, began)

    def _receive(self, window: Window, bundles: Sequence[Bundle]) -> tuple[Inbox, Mail]:
        """The bank's inbox and the mail for the counterpart; late mail is stamped at the window's start."""
        bank, world = self._carry_over(window)
        for number, parts in unpack(bundles).items():
            for rows in parts:
                np.maximum(rows["at"], window.start, out=rows["at"])
            (world if KINDS[number].world else bank).setdefault(number, []).extend(parts)
        if self._parts.source is not None:
            for kind, rows in self._parts.source.mail(window):
                bank.setdefault(kind.number, []).append(rows)
        return inbox_of(bank), world

    def _carry_over(self, window: Window) -> tuple[Mail, Mail]:
        bank: Mail = {}
        world: Mail = {}
        carried, self._carried = self._carried, {}
        for number, parts in carried.items():
            rows = np.concatenate(parts)
            due = rows["at"] < window.until
            if bool((~due).any()):
                self._carried[number] = [rows[~due]]
            if bool(due.any()):
                now = rows[due]
                now["at"] = np.maximum(now["at"], window.start)
                (world if KINDS[number].world else bank).setdefault(number, []).append(now)
        return bank, world

    def _converse(self, window: Window, world: Mail, out: Outbox) -> Mail:
        """Asks the counterpart and applies its answers until nothing is outstanding in this window."""
        mail: Mail = {}
        requests = world
        counterpart = self._parts.counterpart
        for round_number in range(ROUNDS_MAX):
            for number, parts in self._sort_out(window, out, mail).items():
                requests.setdefault(number, []).extend(parts)
            if counterpart is None or (round_number >= counterpart.rounds and not requests):
                break
            lap = time.perf_counter()
            answers = self._answers(counterpart.respond(inbox_of(requests), window, round_number), window, mail)
            lap = self._lap("counterpart", lap)
            requests = {}
            if answers:
                self._parts.subsystem.apply(inbox_of(answers), window, out)
                self._lap("subsystem", lap)
        else:
            raise InvariantViolation(f"{self.cell}: requests and answers do not end in window {window.number}")
        if requests:
            raise InvariantViolation(f"{self.cell}: requests to nobody: {', '.join(KINDS[n].name for n in requests)}")
        return mail

    def _answers(self, replies: list[tuple[Kind, Rows]], window: Window, mail: Mail) -> Mail:
        answers: Mail = {}
        for kind, rows in replies:
            if not len(rows):
                continue
            self._assert_inside(kind, rows, window)
            target = answers if kind.stage == self.cell.stage else mail
            target.setdefault(kind.number, []).append(rows)
        return answers

    def _sort_out(self, window: Window, out: Outbox, mail: Mail) -> Mail:
        """Splits what the subsystem sent: requests due now (returned), requests for later (carried), mail (collected)."""
        requests: Mail = {}
        for number, parts in out.mail.items():
            kind = KINDS[number]
            if kind.stage != self.cell.stage:
                for rows in parts:
                    self._assert_inside(kind, rows, window)
                mail.setdefault(number, []).extend(parts)
                continue
            for rows in parts:
                due = rows["at"] < window.until
                if bool(due.any()):
                    requests.setdefault(number, []).append(rows[due])
                if not bool(due.all()):
                    self._carried.setdefault(number, []).append(rows[~due])
        out.mail = {}
        return requests

    def _carry(self, requests: Mail) -> None:
        """Requests made at the close reach the counterpart when the next window opens."""
        for number, parts in requests.items():
            self._carried.setdefault(number, []).extend(parts)

    def _assert_inside(self, kind: Kind, rows: Rows, window: Window) -> None:
        at = rows["at"]
        if int(at.min()) < window.start or int(at.max()) >= window.until:
            bad = at[(at < window.start) | (at >= window.until)][0]
            raise InvariantViolation(
                f"{self.cell}: {kind.name} stamped {text_of(int(bad))}, outside window {window.number} "
                f"[{text_of(window.start)}, {text_of(window.until)})"
            )

    def _check(self, window: Window) -> None:
        if self._parts.check_every_window or window.ends_day:
            self._checks += 1
            violations = self._parts.subsystem.check()
            if violations:
                raise InvariantViolation(
                    f"{self.cell}, window {window.number} ({text_of(window.start)}): {violations[0]}"
                )

    def _record(self, window: Window, inbox: Inbox, out: Outbox, mail: Mail) -> None:
        statistics = self._parts.counterpart.statistics(window) if self._parts.counterpart is not None else {}
        if self._parts.sink is not None:
            self._parts.sink.record(window, inbox, out, statistics)
        if self.cell.stage is not Stage.LEDGER:
            for rows in out.events:
                self._digest.add(EVENT_LABEL, rows)
        for number, parts in mail.items():
            for rows in parts:
                self._digest.add(number, rows)

    def _send(self, mail: Mail) -> list[Bundle]:
        sorted_mail: dict[Cell, Mail] = {}
        for number, parts in mail.items():
            for cell, rows in self._addressed(number, in_order(KINDS[number], parts)):
                sorted_mail.setdefault(cell, {}).setdefault(number, []).append(rows)
        return [pack(sorted_mail.get(cell, {})) for cell in self._destinations]

    def _addressed(self, number: int, rows: Rows) -> list[tuple[Cell, Rows]]:
        targets = [cell for cell in self._destinations if cell.stage == KINDS[number].stage]
        if not targets:
            raise InvariantViolation(f"{self.cell}: {KINDS[number].name} has no route from here")
        if len(targets) == 1:
            return [(targets[0], rows)]
        shard = shard_of_branch(branch_of(rows), self._shards)
        return [(cell, rows[shard == cell.shard]) for cell in targets if bool((shard == cell.shard).any())]

    def _report(self, out: Outbox, began: float) -> StepReport:
        events = [rows["event"] for rows in out.events]
        counts = np.bincount(np.concatenate(events), minlength=1) if events else np.zeros(1, dtype=np.int64)
        busy = time.perf_counter() - began
        self._phases["step"] = self._phases.get("step", 0.0) + busy
        present = np.flatnonzero(counts)
        return StepReport({int(Event(int(code))): int(counts[code]) for code in present}, busy)

    def finish(self) -> FinalReport:
        """Closes the record and gives the final state, its digest and what the host has used."""
        state = self.export_state()
        for name, rows in sorted(state.items()):
            self._digest.add(STATE_LABEL + sum(name.encode()), rows)
        if self._parts.sink is not None:
            self._parts.sink.close()
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return FinalReport(
            self.cell,
            self._digest.lanes,
            state,
            self._phases.get("step", 0.0),
            dict(self._phases),
            usage.ru_utime + usage.ru_stime,
            usage.ru_maxrss / 1024,
            os.getpid(),
            self._checks,
        )

    def export_state(self) -> State:
        """Everything the cell knows: ``bank.*`` of the subsystem, ``world.*`` of its counterpart, ``carried.*``."""
        state: State = {f"bank.{name}": rows for name, rows in self._parts.subsystem.export_state().items()}
        if self._parts.counterpart is not None:
            state |= {f"world.{name}": rows for name, rows in self._parts.counterpart.export_state().items()}
        for number, parts in self._carried.items():
            state[f"carried.{KINDS[number].name}"] = in_order(KINDS[number], parts)
        return state

    def import_state(self, state: State) -> None:
        """Replaces everything the cell knows."""
        self._parts.subsystem.import_state(_under("bank.", state))
        if self._parts.counterpart is not None:
            self._parts.counterpart.import_state(_under("world.", state))
        by_name = {kind.name: kind.number for kind in KINDS.values()}
        self._carried = {by_name[name]: [rows] for name, rows in _under("carried.", state).items()}

    def _lap(self, phase: str, began: float) -> float:
        now = time.perf_counter()
        self._phases[phase] = self._phases.get(phase, 0.0) + now - began
        return now


def _under(prefix: str, state: State) -> State:
    return {name.removeprefix(prefix): rows for name, rows in state.items() if name.startswith(prefix)}


__all__ = ["Blueprint", "FinalReport", "Parts", "Sink", "Source", "StageHost", "StepReport", "is_late"]
