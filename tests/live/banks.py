"""Live banks in this process, for tests: the worked example of Mr Zhang on a business date, cells in one process."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from actors.book.sqlite import SqliteStore
from actors.host import Look
from actors.local import LocalExecutor
from actors.pipeline import Executor
from actors.sequencer import Command, Done, Sequencer
from actors.topology import Cell, Flow
from credit.applications.contract import SubmitApplication
from credit.policies import ProductPolicy, load
from credit.room import EVENTS, EventCode, Rows
from credit.times import DAY_MS, HOUR_MS, instant
from lendrill.assembly import live_blueprints
from scenarios.loading import load_scenario
from scenarios.model import Scenario
from scenarios.served import changes_when_served
from sim.played import live_people, live_references
from sim.population.script import Script

SCENARIO = load_scenario("zhang_consumer_loan", changes_when_served(load_scenario("zhang_consumer_loan")))
START = SCENARIO.run.start_ms + 9 * HOUR_MS
CASE = 1_000_000_001
LOAN = CASE * 100 + 1


def sequencer(
    folder: Path,
    *,
    shards: int = 1,
    scenario: Scenario = SCENARIO,
    executor: Executor | None = None,
    people: Iterable[int] = (),
    opened: bool = True,
) -> Sequencer:
    """A bank whose book lies in a folder, opened, or to follow who has it open."""
    store = SqliteStore(folder / "daybook.db")
    store.found("zhang")
    flow = Flow(shards)
    blueprints = live_blueprints(scenario, flow, tuple(people), arrivals=False)
    bank = Sequencer(executor or LocalExecutor(), flow, blueprints, store, START)
    if opened:
        list(bank.open())
    return bank


def form(request: int = 1, branch: int = 1, id_number: str = "") -> Rows:
    """Mr Zhang's form, as a customer of the gateway hands it in."""
    rows = Script(SCENARIO, load("products", ProductPolicy, SCENARIO.policies)).forms[1:2].copy()
    rows["id_number"] = id_number or rows["id_number"]
    rows["party"] = live_references(live_people(rows["id_number"], SCENARIO), np.array([request]))
    rows["request"], rows["branch"] = request, branch
    return rows


def applied(request: int = 1, branch: int = 1) -> Command:
    """The command that hands it in."""
    return Command(SubmitApplication, form(request, branch))


def at(commands: Sequence[Command], when: int) -> list[Command]:
    """The commands, come at an instant."""
    for command in commands:
        command.rows["at"] = when
    return list(commands)


def go(bank: Sequencer, until: int, *commands: Command, every_ms: int = DAY_MS) -> list[Done]:
    """Works the time until an instant, with commands that come as it begins."""
    bank.cut(until, at(commands, bank.until), every_ms)
    found = []
    while bank.under_way:
        found.append(bank.collect())
    return found


def pass_time(bank: Sequencer, until: int) -> list[Done]:
    """Works whatever is due by itself until an instant, window by window, as the conductor does."""
    found = []
    while bank.until < until:
        found += go(bank, min(until, max(bank.due + 1, bank.until + 1), (bank.until // DAY_MS + 1) * DAY_MS))
    return found


def names(done: Iterable[Done]) -> list[str]:
    """The events of some windows, by name."""
    return [EVENTS[int(row["event"])].name for one in done for told in one.told for row in told.events]


def events(done: Iterable[Done], event: EventCode) -> Rows:
    """The rows of one event."""
    found = [told.events[told.events["event"] == event] for one in done for told in one.told]
    return np.concatenate([rows for rows in found if len(rows)] or [np.zeros(0, dtype=[("at", "i8")])])


def answers(done: Iterable[Done]) -> list[tuple[int, int, int]]:
    """(request, number, reason) of the answers in some windows."""
    rows = [told.answers for one in done for told in one.told if len(told.answers)]
    return [tuple(row) for part in rows for row in part[["request", "number", "reason"]].tolist()]


def look(bank: Sequencer, room: str, table: str, column: str, *values: int) -> Rows:
    """Rows of a cell's state, in shard 0."""
    [rows] = bank.get([bank.ask(Cell(room, 0), "look", Look(table, column, values))])
    return rows  # type: ignore[no-any-return]


OPENED = instant(SCENARIO.run.start, 9)
