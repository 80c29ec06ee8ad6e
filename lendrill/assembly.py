"""Where everybody meets: builds what a cell's host is made of. Called in the process in which the cell will live, so its
arguments are plain data. Its rule: nothing here depends on the number of shards but which branches a cell serves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from actors.host import Parts, Source
from actors.topology import Cell, shard_of_branch
from credit.codes import Desk, Stage
from credit.policies import Overrides
from credit.staff import StaffRegister
from credit.subsystem import Counterpart, Subsystem
from credit.times import Ints
from results.sink import RunSink
from scenarios.model import Scenario
from sim.staffing import DeputySource, Staffing, build_staffing


@dataclass(frozen=True)
class Site:
    """One cell's place in one scenario."""

    scenario: Scenario
    cell: Cell
    shards: int

    @property
    def seed(self) -> int:
        return self.scenario.run.seed

    @property
    def overrides(self) -> Overrides:
        return self.scenario.policies

    @cached_property
    def branches(self) -> Ints:
        """The branches of the cell's shard; head office is branch 0 and has a cell of its own."""
        if self.cell.stage is Stage.HEAD_OFFICE:
            return np.zeros(1, dtype=np.int64)
        every = np.arange(1, self.scenario.bank.branches + 1, dtype=np.int64)
        return np.asarray(every[shard_of_branch(every, self.shards) == self.cell.shard])

    @cached_property
    def staffing(self) -> Staffing:
        return build_staffing(self.scenario, self.seed)

    @cached_property
    def register(self) -> StaffRegister:
        return self.staffing.register()


def build_parts(scenario: Scenario, shards: int, folder: Path, check_every_window: bool, cell: Cell) -> Parts:
    """The subsystem, its counterpart, its source of mail and its sink, for one cell."""
    site = Site(scenario, cell, shards)
    subsystem, counterpart = _BUILDERS[cell.stage](site)
    source = _source(site)
    return Parts(subsystem, counterpart, source, RunSink(folder, cell.stage, cell.shard), check_every_window)


Pair = tuple[Subsystem, Counterpart | None]


def _source(site: Site) -> Source | None:
    if site.cell.stage is Stage.APPLICATIONS:
        from sim.arrivals import Arrivals

        return Arrivals(site.scenario, site.seed).source(site.branches)
    if site.cell.stage in (Stage.APPROVAL, Stage.HEAD_OFFICE, Stage.DISBURSEMENT):
        return DeputySource(site.staffing.appointments(), site.branches)
    return None


def _applications(site: Site) -> Pair:
    from credit.applications import ApplicationsSubsystem
    from sim.counterparts.applications import ApplicationsCounterpart

    return ApplicationsSubsystem.build(site.overrides), ApplicationsCounterpart(site.scenario, site.seed, site.branches)


def _scoring(site: Site) -> Pair:
    from credit.scoring import ScoringSubsystem
    from sim.counterparts.scoring import ScoringCounterpart

    return ScoringSubsystem.build(site.overrides), ScoringCounterpart(site.scenario, site.seed)


def _approval(site: Site) -> Pair:
    from credit.approval import ApprovalSubsystem
    from sim.counterparts.approval import ApprovalCounterpart

    stage = site.cell.stage
    desks = (1, 2) if stage is Stage.APPROVAL else (3, 4, 5)
    staff = site.staffing.desks(site.branches, tuple(Desk(desk) for desk in desks))
    return (
        ApprovalSubsystem.build(stage, site.register, site.overrides),
        ApprovalCounterpart(stage, site.scenario, site.seed, staff),
    )


def _contracts(site: Site) -> Pair:
    from credit.contracts import ContractsSubsystem
    from sim.counterparts.contracts import ContractsCounterpart

    return ContractsSubsystem.build(site.overrides), ContractsCounterpart(site.scenario, site.seed)


def _disbursement(site: Site) -> Pair:
    from credit.disbursement import DisbursementSubsystem
    from sim.counterparts.disbursement import DESKS, DisbursementCounterpart

    return (
        DisbursementSubsystem.build(site.register, site.overrides),
        DisbursementCounterpart(site.scenario, site.seed, site.staffing.desks(site.branches, DESKS)),
    )


def _repayment(site: Site) -> Pair:
    from credit.repayment import RepaymentSubsystem
    from sim.counterparts.repayment import RepaymentCounterpart

    return RepaymentSubsystem.build(site.overrides), RepaymentCounterpart(site.scenario, site.seed)


def _collections(site: Site) -> Pair:
    from credit.collections import CollectionsSubsystem
    from sim.counterparts.collections import CollectionsCounterpart

    return (
        CollectionsSubsystem.build(site.register, site.overrides),
        CollectionsCounterpart(site.scenario, site.seed, site.staffing.people, site.branches.tolist()),
    )


def _ledger(site: Site) -> Pair:
    from credit.ledger import LedgerSubsystem

    return LedgerSubsystem.build(site.overrides), None


_BUILDERS: dict[Stage, Callable[[Site], Pair]] = {
    Stage.APPLICATIONS: _applications,
    Stage.SCORING: _scoring,
    Stage.APPROVAL: _approval,
    Stage.HEAD_OFFICE: _approval,
    Stage.CONTRACTS: _contracts,
    Stage.DISBURSEMENT: _disbursement,
    Stage.REPAYMENT: _repayment,
    Stage.COLLECTIONS: _collections,
    Stage.LEDGER: _ledger,
}
