"""The end state of a run, kept and taken up again: `lendrill run --from`. A continued run starts with exactly the
state, the mail under way and the seed that the earlier one ended with, whatever the number of shards of either."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from actors.pipeline import RunEnd
from actors.topology import Cell, Flow, shard_of_branch
from credit.fingerprints import differing
from credit.numbers import branch_of
from credit.room import Rows
from credit.subsystem import State
from credit.times import DAY_MS, date_of
from lendrill.errors import UserError
from results.folder import About, load_state, read_summary, save_state
from scenarios.model import Scenario

_TOLD = ("first_party", "branches", "policies", "schemas", "chain")


def about(summary: dict[str, Any]) -> About:
    """What each state file says of the run it belongs to, as the run's summary has it."""
    following = summary["next"]
    run = {"seed": summary["seed"], "shards": summary["shards"], "until_ms": following["start_ms"]}
    return run | {name: following[name] for name in _TOLD}


def save(path: Path, outcome: RunEnd, told: About) -> dict[str, str]:
    """Writes every cell's state, mail under way included, with what it says of itself; returns the checksums for the summary."""
    checksums: dict[str, str] = {}
    for final in outcome.finals:
        checksums |= save_state(path, str(final.cell), final.state, told)
    return checksums


@dataclass
class Saved:
    """An earlier run's end."""

    name: Path
    summary: dict[str, Any]
    by_cell: dict[str, State]

    @property
    def first_party(self) -> int:
        """The first number not yet given to a customer of the world."""
        return int(self.summary["next"]["first_party"])

    @property
    def chain(self) -> str:
        """The digests of all windows so far, one folded into the next."""
        return str(self.summary["next"]["chain"])

    def differing(self, now: dict[str, Any]) -> list[str]:
        """What is not as in the earlier run: policies and versions, by name. Both are allowed, and told."""
        return [
            f"{one} {name}"
            for what, one in (("policies", "policy"), ("versions", "version of"))
            for name in differing(self.summary.get(what, {}), now[what])
            if name != "fingerprint"
        ]

    def continued(self, changes: dict[str, Any]) -> dict[str, Any]:
        """The command line's changes plus what the earlier run fixes: the day it ended and its seed."""
        seed = self.summary["seed"]
        if changes.get("run.seed", seed) != seed:
            raise UserError(
                f"--seed {changes['run.seed']}: a continued run keeps the seed of the run it comes from ({seed})",
                "leave --seed out",
            )
        start = int(self.summary["next"]["start_ms"])
        if start % DAY_MS:
            raise UserError(f"{self.name}: ended in the middle of a day; only whole days can be continued from")
        day = date_of(start // DAY_MS)
        fixed = {
            "run.seed": seed,
            "run.start": dt.date(day.year, day.month, day.day),
            "run.first_arrival": self.first_party,
        }
        return changes | fixed

    def check_fits(self, scenario: Scenario) -> None:
        """UserError when the scenario describes another bank."""
        branches = self.summary["next"]["branches"]
        if scenario.bank.branches != branches:
            raise UserError(
                f"{self.name} has {branches} branches, scenario {scenario.name!r} has {scenario.bank.branches}",
                "continue with a scenario of the same bank",
            )
        if scenario.script:
            raise UserError(f"scenario {scenario.name!r} is scripted and can't start from an earlier run")

    def states(self, flow: Flow) -> dict[Cell, State]:
        """The state of every cell, dealt out anew when the number of shards differs."""
        if flow.shards == self.summary["shards"]:
            return {cell: self.by_cell[str(cell)] for cell in flow.cells}
        merged: dict[str, dict[str, list[Rows]]] = {}
        for name, state in self.by_cell.items():
            tables = merged.setdefault(Cell.named(name).room, {})
            for table, rows in state.items():
                tables.setdefault(table, []).append(rows)
        return {cell: _share(cell, merged[cell.room], flow) for cell in flow.cells}


def _share(cell: Cell, tables: dict[str, list[Rows]], flow: Flow) -> State:
    state: State = {}
    for table, parts in tables.items():
        rows = np.concatenate(parts)
        whole = cell.room in flow.shared
        state[table] = rows if whole else rows[shard_of_branch(branch_of(rows), flow.shards) == cell.shard]
    return state


def load_saved(path: Path) -> Saved:
    """The end state of the run in `path`; RunFolderError or UserError when it is no whole, undamaged run, or when a file of it is
    another run's."""
    summary = read_summary(path)
    try:
        checksums, told = summary["next"]["state"], about(summary)
        names = [str(cell) for cell in Flow(int(summary["shards"])).cells]
        checksums = dict(checksums)
    except (KeyError, TypeError, ValueError):
        raise UserError(
            f"{path}: its summary does not say where its end state is; it can't be continued from"
        ) from None
    return Saved(path, summary, {name: load_state(path, name, checksums, told) for name in names})
