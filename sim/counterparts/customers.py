"""The world opposite the bank's customers: the port to the risk lists (EXT-07), the list owners who send the bank a refresh of
its own copy every week, and customers who bring what their case was sent back for (APP-19). A list query agrees with the
latent truth; a copy is incomplete and late."""

from __future__ import annotations

import numpy as np

from credit.codes import FileFormat, Material, Status
from credit.customers.contract import (
    FileMaterial,
    HandInMaterials,
    ListQuery,
    ListReply,
    RefreshRiskList,
    SupplementRequested,
)
from credit.mail import Inbox
from credit.masks import true_rows
from credit.policies.products import ProductPolicy
from credit.room import Kind, Rows
from credit.subsystem import State, Window
from credit.times import DAY_MS, MINUTE_MS, Ints
from scenarios.model import Scenario
from sim.counterparts.ports import Port, port_statistics
from sim.curves import lognormal
from sim.held import Held
from sim.occasions import party_of
from sim.opposite import Opposite, World
from sim.randomness import Draw, Draws
from sim.truth import Truth

REFRESH_DAYS = 7
COPY_ENTRIES_MAX = 1_000
_SPREAD_PPM, _LONGEST_MS = 800_000, 400 * DAY_MS
_FILE_BYTES = 200_000
"""Of a scan that a simulated customer brings; it has no content."""
_SEARCHED_MAX, _SEARCHED_AT_ONCE = 400_000, 20_000
_KNOWN_FROM_START_WEEKS = 8
_WEEKS = 20
"""An entry reaches the copy in one of `_WEEKS` weeks, the first eight of which lie before the run."""


class CustomersCounterpart:
    """List port and list owners."""

    rounds = 1

    def __init__(
        self, scenario: Scenario, seed: int, truth: Truth | None = None, products: ProductPolicy | None = None
    ) -> None:
        self._truth = truth or Truth(seed, scenario, products)
        self._port = Port(scenario, seed, "lists")
        self.ports = [self._port]
        self._start = scenario.run.start_ms
        self._held = Held()
        self._next_refresh = self._start
        self._never_ppm = scenario.behaviour.supplement_never_ppm
        median = scenario.behaviour.supplement_days_median * DAY_MS
        self._spent = lognormal(median, _SPREAD_PPM, MINUTE_MS, _LONGEST_MS)
        self._draws = Draws(seed, "supplement", ("never", "spent"))
        self._copy, self._weeks = self._entries(scenario, seed)

    def respond(self, requests: Inbox, window: Window, round_number: int) -> list[tuple[Kind, Rows]]:
        """Answers to list queries, and the refresh of the week when its hour falls in the window."""
        queries = requests.take(ListQuery)
        if len(queries):
            self._held.put(ListReply, self._answers(queries))
        asked = requests.take(SupplementRequested)
        if len(asked):
            self._bring(asked)
        answers = self._held.release(window)
        if round_number == 0:
            answers += [(RefreshRiskList, rows) for rows in self._refresh(window) if len(rows)]
        return answers

    def due(self) -> int:
        return min(self._held.due(), self._next_refresh)

    def statistics(self, window: Window, closing: bool) -> dict[str, Rows]:  # noqa: ARG002
        return port_statistics(self.ports, window)

    def export_state(self) -> State:
        return self._held.export_state()

    def import_state(self, state: State) -> None:
        self._held.import_state(state)

    def _answers(self, queries: Rows) -> Rows:
        answer = self._port.call(queries["party"], 0, queries["at"])
        lists = np.where(answer.missing, 0, self._truth.lists(party_of(queries["party"])))
        status = np.where(answer.missing, Status.UNAVAILABLE, Status.OK)
        return ListReply.rows(len(queries), at=answer.at, case=queries["case"], lists=lists, status=status)

    def _bring(self, asked: Rows) -> None:
        """Each material that is missing, then the word that all is there; some never come."""
        about, occasion = asked["party"], asked["round"]
        asked = asked[~self._draws["never"].happens(self._never_ppm, about, occasion)]
        at = asked["at"] + self._draws["spent"].quantile(self._spent, asked["party"], asked["round"])
        for place, material in enumerate(Material):
            mine = (asked["materials"] & material) != 0
            digest = [f"{case:048x}{int(material):016x}" for case in asked["case"][mine].tolist()]
            rows = FileMaterial.carry(
                asked[mine],
                at=at[mine] + place,
                material=int(material),
                format=FileFormat.PDF,
                size=_FILE_BYTES,
                digest=np.array(digest, dtype="U64"),
            )
            self._held.put(FileMaterial, rows)
        self._held.put(HandInMaterials, HandInMaterials.carry(asked, at=at + MINUTE_MS))

    def _refresh(self, window: Window) -> list[Rows]:
        """Refreshes go out at the start of the run and every week after, at midnight."""
        period = REFRESH_DAYS * DAY_MS
        self._next_refresh = self._start + ((window.until - 1 - self._start) // period + 1) * period
        first = -(-(window.start - self._start) // period)
        last = (window.until - 1 - self._start) // period
        return [self._copy[self._weeks == week].copy() for week in range(max(first, 0), last + 1)]

    def _entries(self, scenario: Scenario, seed: int) -> tuple[Rows, Ints]:
        """Entries of the bank's copy, and the week in which each arrives."""
        party, lists = self._listed(scenario.run.first_arrival - 1 + scenario.run.customers)
        weeks = np.maximum(Draw(seed, "lists.week").below(_WEEKS, party) - _KNOWN_FROM_START_WEEKS + 1, 0)
        rows = RefreshRiskList.rows(
            len(party),
            at=self._start + weeks * REFRESH_DAYS * DAY_MS,
            entry=party,
            list=lists,
            removed=0,
            id_number=self._truth.people.id_numbers(party),
        )
        return rows, weeks

    def _listed(self, last: int) -> tuple[Ints, Ints]:
        """The first people who stand on a list, and on which; nobody further is asked about than is needed."""
        found, count, last = [np.zeros((2, 0), dtype=np.int64)], 0, min(last, _SEARCHED_MAX)
        for low in range(1, last + 1, _SEARCHED_AT_ONCE):
            party = np.arange(low, min(low + _SEARCHED_AT_ONCE, last + 1), dtype=np.int64)
            lists = self._truth.lists(party)
            found.append(np.stack((party, lists))[:, true_rows(lists)])
            count += found[-1].shape[1]
            if count >= COPY_ENTRIES_MAX:
                break
        party, lists = np.concatenate(found, axis=1)[:, :COPY_ENTRIES_MAX]
        return party, lists


def opposite(world: World) -> Opposite:
    """The list port and the list owners."""
    return Opposite(CustomersCounterpart(world.scenario, world.seed))
