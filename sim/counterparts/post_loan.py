"""The world opposite the room after the loan: customer managers who go and look, and reviewers. What there is to find is a truth
of the case at that time, and likelier where loans are overdue; scripted customers have nothing to hide."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from credit.codes import Finding, Verdict
from credit.post_loan.contract import DESK, Cause, Desk
from credit.room import Rows
from credit.times import Ints
from scenarios.model import Scenario
from sim.counterparts.staffed import Done, StaffedDesks, service_table
from sim.occasions import is_scripted
from sim.opposite import Around, Opposite, World
from sim.randomness import Draws
from sim.staff import Desks
from sim.staffing import DeputySource

DESKS = (Desk.CUSTOMER_MANAGER, Desk.POST_LOAN_REVIEWER)
"""The desks in the order in which they are served."""

_DESK_CODES = 100
_SENT_BACK_PPM = 50_000
_WORSE_WHEN_OVERDUE = 8


class PostLoanCounterpart(Around):
    """The two desks, served once a window."""

    def __init__(self, scenario: Scenario, seed: int, desks: Desks) -> None:
        self._tables = {int(desk): service_table(scenario, desk) for desk in DESKS}
        self._behaviour, self._scripted = scenario.behaviour, len(scenario.script)
        self._draws = Draws(seed, "post_loan", ("service", "diverted", "worse", "impaired", "back"))
        super().__init__(StaffedDesks(desks, DESK, DESKS, 0, self._service_ms, self._says))

    def _service_ms(self, desk: IntEnum, tasks: Rows) -> Ints:
        occasion = tasks["attempt"] * _DESK_CODES + int(desk)
        return self._draws["service"].quantile(self._tables[desk], tasks["party"], occasion)

    def _says(self, done: Done) -> dict[str, Ints]:
        tasks = done.tasks
        if done.desk is Desk.CUSTOMER_MANAGER:
            return {"verdict": np.full(len(tasks), int(Verdict.APPROVE)), "findings": self._findings(tasks)}
        back = self._draws["back"].happens(_SENT_BACK_PPM, tasks["party"], tasks["attempt"])
        verdict = np.where(back, int(Verdict.DECLINE), int(Verdict.APPROVE))
        return {"verdict": verdict, "findings": np.zeros(len(tasks), dtype=np.int64)}

    def _findings(self, tasks: Rows) -> Ints:
        """Use of the money shows at the first inspection, collateral where it fell in value, finances at any."""
        about, again, cause, ours = tasks["party"], tasks["attempt"], tasks["cause"], self._behaviour
        diverted = (cause == Cause.FIRST) & self._draws["diverted"].happens(ours.use_not_genuine_ppm, about, again)
        chance = ours.finances_worse_ppm * np.where(cause == Cause.OVERDUE, _WORSE_WHEN_OVERDUE, 1)
        worse = self._draws["worse"].happens(np.minimum(chance, 1_000_000), about, again)
        impaired = cause == Cause.COLLATERAL
        found = (
            diverted * Finding.USE_DIVERTED + worse * Finding.FINANCES_WORSE + impaired * Finding.COLLATERAL_IMPAIRED
        )
        return np.asarray(np.where(is_scripted(about, self._scripted), 0, found))


def opposite(world: World) -> Opposite:
    """The people at the desks; the administrator appoints deputies."""
    people = PostLoanCounterpart(world.scenario, world.seed, world.staffing.desks(world.branches, DESKS))
    return Opposite(people, DeputySource({DESK.appoint: DESKS}, world.staffing, world.branches))
