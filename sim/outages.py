"""When the bank is away, and what the world makes of it. An outage of the bank's own strikes nothing inside the bank: it is what
can't pass between bank and world. So it is one wrapper around every counterpart, hours cut out of people's shifts, and applicants
who come at another time. While a stage is away

    partners' answers   wait at the line and arrive when the stage is back
    its own calls       leave when it is back; so debits of the day run then
    customers           find nobody, and come again
    people at desks     have no working time; what is under way goes on afterwards
    deadlines           run on: they are the law's and the contract's, not the machine's

Whoever has a case or a loan comes again, all in the order in which they came first, so that nobody's own acts change places. Of
who would have applied a share never does. Everything follows from person and instant: neither windows nor shards have a say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from credit.codes import Channel, Waits
from credit.contracts.states import SignMode
from credit.customers.contract import RefreshRiskList
from credit.mail import Inbox
from credit.masks import all_of, any_of
from credit.numbers import branch_of, case_of
from credit.room import Kind, Rows
from credit.rows import joined
from credit.subsystem import Counterpart, State, Window
from credit.times import MINUTE_MS, Bools, Ints
from scenarios.model import Scenario
from sim.away import Span, branch_spans, postponed, system_spans
from sim.curves import lognormal
from sim.held import Held
from sim.opposite import Around, Opposite, World
from sim.randomness import Draws

_SPREAD_PPM, _LONGEST_MS = 900_000, 30 * 24 * 60 * MINUTE_MS
WAITED_DTYPE = np.dtype([(name, "i8") for name in "start until who comes branch case reference".split()])
"""Something that met an outage: when it first came, when it got through (of who never comes again, when the service was
back), who (`Waits`), whether it comes at all, whose."""


class Comeback(NamedTuple):
    """What becomes of applications: when they are handed in, and which are at all."""

    at: Ints
    comes: Bools


class Applicants:
    """Applicants who find the bank away. Keyed by application and outage. `branch`: at whose counter each is, 0 at none."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        behaviour = scenario.behaviour
        spans = [*system_spans(scenario, "applications"), *branch_spans(scenario)]
        self._spans = sorted(spans, key=lambda span: span.start)
        self._again_ppm = behaviour.outage_again_ppm
        self._after = lognormal(behaviour.outage_again_minutes_median * MINUTE_MS, _SPREAD_PPM, 1, _LONGEST_MS)
        self._draws = Draws(seed, "outage", ("again", "after"))

    def may_meet_one(self, at: Ints) -> Bools:
        """Who comes at a time of an outage, at whatever counter."""
        met = np.zeros(len(at), dtype=bool)
        for span in self._spans:
            met |= (at >= span.start) & (at < span.until)
        return met

    def drawn(self, reference: Ints, at: Ints, branch: Ints) -> Comeback:
        """What becomes of drawn applications."""
        at, comes = at.copy(), np.ones(len(at), dtype=bool)
        for span in self._spans:
            occasion = span.start // MINUTE_MS
            inside = comes & (at >= span.start) & (at < span.until)
            if len(span.branches):
                inside &= np.isin(branch, span.branches)
            if any_of(inside):
                comes[inside] = self._draws["again"].happens(self._again_ppm, reference[inside], occasion)
                after = self._draws["after"].quantile(self._after, reference[inside], occasion)
                at[inside] = span.until + np.where(comes[inside], after, 0)
        return Comeback(at, comes)

    def scripted(self, at: Ints, branch: Ints) -> Ints:
        """When scripted customers come: as soon as they can."""
        return postponed(at, self._spans, 0, branch)


class AwayCounterpart(Around):
    """A counterpart to which the bank's own outages apply; see the module's text."""

    def __init__(self, inner: Counterpart, scenario: Scenario, stage: str) -> None:
        super().__init__(inner)
        self._scenario, self._stage = scenario, stage
        self._counters = branch_spans(scenario)
        self._system: dict[str, list[Span]] = {}
        self._strikes_ever = any(fault.strikes_the_bank for fault in scenario.faults)
        self._return_ms = scenario.behaviour.outage_return_minutes * MINUTE_MS
        self._asked, self._said = Held(), Held()
        self._waited: list[Rows] = []

    def respond(self, requests: Inbox, window: Window, round_number: int) -> Sequence[tuple[Kind, Rows]]:
        handed = self._handed(requests, window, round_number)
        passed = self._said.release(window) if round_number == 0 else []
        for kind, rows in self.inner.respond(handed, window, round_number):
            passed.append((kind, self._through(kind, rows, self._said, window)))
        return passed

    def _handed(self, requests: Inbox, window: Window, round_number: int) -> Inbox:
        """What the world hears in this round: what was held up for it, and what the bank asks now."""
        earlier = self._asked.release(window) if round_number == 0 else []
        if not earlier and not self._strikes_ever:
            return requests
        now = [(kind, self._through(kind, rows, self._asked, window)) for kind, rows in requests]
        return Inbox.of(*((kind, rows) for kind, rows in (*earlier, *now) if len(rows)))

    def _through(self, kind: Kind, rows: Rows, held: Held, window: Window) -> Rows:
        """The rows that get through within the window, stamped anew where they had to wait; the others are held."""
        if not self._strikes_ever or not len(rows):
            return rows
        who = Waits.BANK if held is self._asked else _who(kind)
        at = self._when(kind, rows, who, self._return_ms if who is Waits.CUSTOMER else 0)
        late = at != rows["at"]
        if not any_of(late):
            return rows
        away = self._when(kind, rows, who, 0) != rows["at"]
        self._waited.append(_waited(rows[away], at[away], who))
        rows = rows.copy()
        rows["at"] = at
        now = at < window.until
        if all_of(now):
            return rows
        held.put(kind, rows[~now])
        return rows[now]

    def _when(self, kind: Kind, rows: Rows, who: Waits, return_ms: int) -> Ints:
        """When rows get through. Mail for another stage waits for that one, too."""
        spans = [span for stage in dict.fromkeys((self._stage, kind.room)) for span in self._of(stage)]
        branch = None
        if self._counters and who is Waits.CUSTOMER:
            spans, branch = [*spans, *self._counters], np.where(_at_the_counter(rows), branch_of(rows), 0)
        return postponed(rows["at"], sorted(spans, key=lambda span: span.start), return_ms, branch)

    def _of(self, stage: str) -> list[Span]:
        if stage not in self._system:
            self._system[stage] = system_spans(self._scenario, stage)
        return self._system[stage]

    def due(self) -> int:
        return min(self.inner.due(), self._asked.due(), self._said.due())

    def statistics(self, window: Window, closing: bool) -> dict[str, Rows]:
        """What the counterpart tells, and rows for ``waited``."""
        waited, self._waited = self._waited, []
        found = self.inner.statistics(window, closing)
        return found | {"waited": joined(waited)} if waited else found

    def export_state(self) -> State:
        """Beside the counterpart's own, what is held up."""
        held = self._asked.export_state("away.asked") | self._said.export_state("away.said")
        return self.inner.export_state() | held

    def import_state(self, state: State) -> None:
        """Replaces everything by exported state."""
        self.inner.import_state({name: rows for name, rows in state.items() if not name.startswith("away.")})
        self._asked.import_state(state, "away.asked")
        self._said.import_state(state, "away.said")
        self._waited = []


def with_outages(opposite: Opposite, world: World) -> Opposite:
    """The same people and partners, who can't reach the bank while it is away."""
    counterpart = opposite.counterpart
    if counterpart is None:
        return opposite
    return replace(opposite, counterpart=AwayCounterpart(counterpart, world.scenario, world.room.name))


def _who(kind: Kind) -> Waits:
    """Who says it: commands come from people, of whom those at desks say for whom they act; entries of lists from their
    owners."""
    if not kind.command or kind is RefreshRiskList:
        return Waits.PARTNER
    return Waits.STAFF if "on_behalf_of" in (kind.dtype.names or ()) else Waits.CUSTOMER


def _at_the_counter(rows: Rows) -> Bools:
    """What comes over the counter: contracts on paper, payments there."""
    names = rows.dtype.names or ()
    if "mode" in names:
        return np.asarray(rows["mode"] == SignMode.PAPER)
    return np.asarray(rows["channel"] == Channel.COUNTER) if "channel" in names else np.zeros(len(rows), dtype=bool)


def applications_waited(first_at: Ints, again: Comeback, branch: Ints, reference: Ints) -> Rows:
    """Rows of `WAITED_DTYPE`, in the order of instants, of the applications that met an outage."""
    met = (again.at != first_at) | ~again.comes
    found = np.zeros(int(met.sum()), dtype=WAITED_DTYPE)
    columns = {"start": first_at, "until": again.at, "comes": again.comes, "branch": branch, "reference": reference}
    for name, values in columns.items():
        found[name] = values[met]
    found["who"] = Waits.APPLICANT
    return found[np.lexsort((found["reference"], found["start"]))]


def _waited(rows: Rows, until: Ints, who: Waits) -> Rows:
    found = np.zeros(len(rows), dtype=WAITED_DTYPE)
    names = rows.dtype.names or ()
    case = rows["case"] if "case" in names else case_of(rows["loan"]) if "loan" in names else 0
    branch = branch_of(rows) if {"branch", "case", "loan"} & set(names) else 0
    columns = {"start": rows["at"], "until": until, "who": int(who), "comes": 1, "branch": branch, "case": case}
    for name, values in columns.items():
        found[name] = values
    return found
