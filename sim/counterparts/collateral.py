"""The world opposite the collateral register: people at three desks of each branch. What a thing is worth is a truth
of the case, and its price moves with the years; applicants think highly of what is theirs. Scripted customers' things are
worth what they say. Registrars serve before custodians, so one window can carry a guarantee through both."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from credit.codes import Verdict
from credit.collateral.contract import DESK, Desk
from credit.room import Rows
from credit.times import Bools, Ints
from scenarios.model import Scenario
from sim.counterparts.staffed import Done, StaffedDesks, service_table
from sim.occasions import is_scripted
from sim.opposite import Around, Opposite, World
from sim.randomness import PPM, Draws
from sim.staff import Desks
from sim.staffing import DeputySource

DESKS = (Desk.COLLATERAL_VALUER, Desk.COLLATERAL_REGISTRAR, Desk.COLLATERAL_CUSTODIAN)
"""The desks in the order in which they are served."""

_DESK_CODES = 100
_WORTH_LEAST_PPM, _WORTH_SPAN_PPM = 850_000, 200_000
_MOVE_LEAST_PPM, _MOVE_SPAN_PPM = 930_000, 120_000
"""Of a value, from one valuation to the next."""
_STEP_FEN = 1_000_000


class CollateralCounterpart(Around):
    """The three desks, served once a window."""

    def __init__(self, scenario: Scenario, seed: int, desks: Desks) -> None:
        self._tables = {int(desk): service_table(scenario, desk) for desk in DESKS}
        self._behaviour, self._scripted = scenario.behaviour, len(scenario.script)
        self._draws = Draws(seed, "collateral", ("service", "unfit", "worth", "move", "unregistered", "incomplete"))
        super().__init__(StaffedDesks(desks, DESK, DESKS, 0, self._service_ms, self._says))

    def _service_ms(self, desk: IntEnum, tasks: Rows) -> Ints:
        occasion = tasks["attempt"] * _DESK_CODES + int(desk)
        return self._draws["service"].quantile(self._tables[desk], tasks["party"], occasion)

    def _says(self, done: Done) -> dict[str, Ints]:
        tasks = done.tasks
        no = self._declines(done.desk, tasks) & ~is_scripted(tasks["party"], self._scripted)
        values = done.desk is Desk.COLLATERAL_VALUER
        value = np.where(no, 0, self._worth(tasks)) if values else np.zeros(len(tasks), dtype=np.int64)
        return {"verdict": np.where(no, int(Verdict.DECLINE), int(Verdict.APPROVE)), "value_fen": value}

    def _declines(self, desk: IntEnum, tasks: Rows) -> Bools:
        about, again = tasks["party"], tasks["attempt"]
        if desk is Desk.COLLATERAL_VALUER:
            unfit = self._draws["unfit"].happens(self._behaviour.collateral_unfit_ppm, about)
            return np.asarray((tasks["value_fen"] == 0) & unfit)
        if desk is Desk.COLLATERAL_REGISTRAR:
            lacks = self._draws["unregistered"].happens(self._behaviour.collateral_unregistered_ppm, about)
            return np.asarray(lacks & (again <= 2))
        return self._draws["incomplete"].happens(self._behaviour.collateral_incomplete_ppm, about, again)

    def _worth(self, tasks: Rows) -> Ints:
        """The first value follows from what the applicant says, a later one from the last."""
        about, first = tasks["party"], tasks["value_fen"] == 0
        share = _WORTH_LEAST_PPM + self._draws["worth"].below(_WORTH_SPAN_PPM, about)
        share = np.where(is_scripted(about, self._scripted), PPM, share)
        move = _MOVE_LEAST_PPM + self._draws["move"].below(_MOVE_SPAN_PPM, about, tasks["attempt"])
        before = np.where(first, tasks["declared_fen"], tasks["value_fen"])
        value = before // 1_000 * (np.where(first, share, move) // 1_000)
        return np.asarray(np.maximum(value // _STEP_FEN, 1) * _STEP_FEN)


def opposite(world: World) -> Opposite:
    """The people at the desks; the administrator appoints deputies."""
    people = CollateralCounterpart(world.scenario, world.seed, world.staffing.desks(world.branches, DESKS))
    return Opposite(people, DeputySource({DESK.appoint: DESKS}, world.staffing, world.branches))
