"""One seed of the fault search: faults, then everything heals, and everything that was promised must hold:

no window that anybody was answered for becomes another one      nobody is answered twice differently
everybody is answered in the end                                  all sites hold the same book
the bank worked again from the book alone is the bank that is     the ledger balances
what is restored from backups is the book that was backed up      backups are no older than their intervals"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from random import Random
from typing import NamedTuple

import numpy as np

from actors.book.store import Damaged, StoreError
from actors.replay import Diverged, replay
from actors.topology import Cell
from credit.room import Rows
from credit.times import HOUR_MS, MINUTE_MS, NEVER
from sim.search.customers import Broken, Customers, Form
from sim.search.plan import NEAR, PROOF, SITES, SPARE, TICKS, Fault
from sim.search.sites import Bank, Cells, Wrong
from sim.search.world import World

HEAL_TICKS = 60
"""Everything accepted is finished so soon after everything healed."""
CUSTOMERS_MAX = 5
_TICK_MS = (1_000, MINUTE_MS, 20 * MINUTE_MS, HOUR_MS, 4 * HOUR_MS)
"""A whole search is shorter than a request number is kept (`credit.requests.KEPT_MS`)."""


class Found(NamedTuple):
    """What a seed came to: what went wrong (empty where nothing did), and what it went through."""

    wrong: str
    windows: int
    ticks: int
    takeovers: tuple[str, ...]
    lost: int
    """Requests answered and then lost with both near sites; that was told."""
    virtual_ms: int


class Searcher:
    """Runs seeds over one bank; cells are built once."""

    def __init__(self, bank: Bank, form: Form) -> None:
        self._bank, self._form = bank, form
        self._cells = {name: Cells() for name in (*SITES, SPARE, PROOF)}

    def run(self, seed: int, faults: Sequence[Fault]) -> Found:
        """A seed's customers and clocks, with these faults."""
        draw = Random(f"world {seed}")
        customers = Customers(draw, self._form, draw.randint(1, CUSTOMERS_MAX), TICKS)
        for cells in self._cells.values():
            cells.lost_in = 0
        with closing(World(self._bank, faults, customers, self._cells, draw.choice(_TICK_MS))) as world:
            wrong = self._wrong(world)
            lost = sum(one.lost for one in customers.requests.values())
            return Found(wrong, world.windows, world.tick, tuple(world.takeovers), lost, world.tick * world.tick_ms)

    def _wrong(self, world: World) -> str:
        try:
            for _ in range(TICKS):
                world.step()
            world.heal()
            for _ in range(HEAL_TICKS):
                world.step()
                if settled(world):
                    break
            else:
                return f"not healed: {unsettled(world)}"
            return self._promises(world)
        except (Wrong, Broken) as wrong:
            return f"tick {world.tick}: {wrong}"
        except Exception as error:  # whatever else: the bank's own fault
            return f"tick {world.tick}: {type(error).__name__}: {error}"

    def _promises(self, world: World) -> str:
        books = {name: list(site.receiver.store.read()) for name, site in world.sites.items() if name in NEAR}
        first, *others = books.values()
        if any(other != first for other in others):
            return "the books of the sites differ"
        [leader] = [site for site in world.sites.values() if site.leads]
        try:
            again = replay(leader.receiver.store, self._bank.flow, self._bank.blueprints, self._cells[PROOF])
        except (Diverged, Damaged) as error:
            return str(error)
        if again.chain != leader.bank.chain:
            return f"worked again the bank has the chain {again.chain}, it has {leader.bank.chain}"
        wrong = self._ledger(leader.cells)  # before the same cells work what is restored
        if world.backups is not None:
            world.backups.restore(0)
        return wrong

    def _ledger(self, led: Cells) -> str:
        """What is wrong with the ledger that was worked again, or with that of the cells that lead: chains tell what cells said,
        not what they hold."""
        again = _accounts(self._cells[PROOF])
        if balance := sum(int(rows["debit_fen"].sum()) - int(rows["credit_fen"].sum()) for rows in again.values()):
            return f"the trial balance is {balance} fen"
        now = _accounts(led)
        differ = [str(cell) for cell in again if not np.array_equal(again[cell], now[cell])]
        return f"worked again {', '.join(differ)} holds other accounts than the bank" if differ else ""


def _accounts(cells: Cells) -> dict[Cell, Rows]:
    return {cell: host.export_state()["bank.accounts"] for cell, host in cells.hosts.items() if cell.room == "ledger"}


def settled(world: World) -> bool:
    """Whether everybody is answered and every site follows one leader."""
    return not unsettled(world)


def unsettled(world: World) -> str:
    """What is still to come."""
    leaders = [site for site in world.sites.values() if site.leads]
    if len(leaders) != 1:
        return f"{len(leaders)} sites lead"
    if waiting := world.customers.unanswered():
        return f"requests {waiting} are not answered"
    stands = {}
    for name, site in world.sites.items():
        if site.looks_at < NEVER:
            return f"{name} has not read its book yet"
        if site.receiver is None or site.receiver.damage:
            return f"{name} has no good book"
        try:
            stands[name] = site.receiver.store.standing()
        except (AttributeError, StoreError) as error:
            return f"{name} has no book: {error}"
    if len(set(stands.values())) > 1:
        return f"the sites stand apart: {stands}"
    in_step = world.witness.configuration().in_step
    return "" if set(in_step) >= set(NEAR) else f"only {in_step} are in step"
