"""The world opposite due diligence: customer managers who visit businesses, photograph them, write reports and copy their
books, and analysts who sit over them. What there is to find is a truth of the party; scripted customers have nothing to hide."""

from __future__ import annotations

import hashlib
from enum import IntEnum

import numpy as np

from credit.calendar import month_of
from credit.codes import FileFormat, Verdict
from credit.due_diligence.contract import DESK, Desk, FilePaper, Paper, RecordStatement
from credit.due_diligence.findings import Analysis, Concern
from credit.identifiers import Texts
from credit.policies import load
from credit.policies.due_diligence import DueDiligencePolicy
from credit.room import Kind, Rows
from credit.times import DAY_MS, Ints
from scenarios.model import Scenario
from sim.counterparts.staffed import Done, StaffedDesks, service_table
from sim.occasions import is_scripted, party_of
from sim.opposite import Around, Opposite, World
from sim.population.statements import Statements
from sim.randomness import Draws
from sim.staff import Desks
from sim.staffing import DeputySource
from sim.truth import Truth

DESKS = (Desk.SITE_INVESTIGATOR, Desk.FINANCIAL_ANALYST)
"""The desks in the order in which they are served."""

_DESK_CODES = 100
_EPOCH_YEAR, _MONTHS = 1970, 12
_SENT_BACK_PPM = 30_000
_BARE_QUALITY_PPM = 100_000
"""Shops of those below have thin shelves."""
_BYTES, _PIXELS, _SHARPNESS = 1_800_000, 3_000, 900
"""Of a photo by a telephone, and of a report as PDF."""
_REPORTS = np.array(
    [
        "实地走访，经营正常，资料齐备，建议授信。",
        "实地走访，发现疑点，已列明，建议审慎。",
        "实地走访，经营情况不符，不建议授信。",
    ]
)
_ASSESSMENTS = np.array(
    ["", "财务稳健，偿债能力充足。", "财务一般，偿债能力尚可。", "财务偏弱，建议上报审慎决定。", "不建议授信。"]
)


class DueDiligenceCounterpart(Around):
    """The two desks, served once a window."""

    def __init__(self, scenario: Scenario, seed: int, desks: Desks) -> None:
        policy = load("due_diligence", DueDiligencePolicy, scenario.policies)
        self._photos, self._declines = policy.photos_min, sum(Concern[name.upper()] for name in policy.declines)
        self._tables = {int(desk): service_table(scenario, desk) for desk in DESKS}
        self._behaviour, self._scripted = scenario.behaviour, len(scenario.script)
        self._truth = Truth(seed, scenario)
        self._statements = Statements(scenario, seed, self._truth)
        self._draws = Draws(seed, "due_diligence", ("service", "absent", "idle", "records", "back"))
        super().__init__(StaffedDesks(desks, DESK, DESKS, 0, self._service_ms, self._says, besides=self._brings))

    def _service_ms(self, desk: IntEnum, tasks: Rows) -> Ints:
        occasion = tasks["attempt"] * _DESK_CODES + int(desk)
        return self._draws["service"].quantile(self._tables[desk], tasks["party"], occasion)

    def _says(self, done: Done) -> dict[str, Ints | Texts]:
        return self._report(done.tasks) if done.desk is Desk.SITE_INVESTIGATOR else self._assessment(done.tasks)

    def _report(self, tasks: Rows) -> dict[str, Ints | Texts]:
        concerns = self._concerns(tasks["party"])
        no = (concerns & self._declines) != 0
        return {
            "verdict": np.where(no, int(Verdict.DECLINE), int(Verdict.APPROVE)),
            "amount_fen": np.where(no, 0, tasks["amount_fen"]),
            "concerns": concerns,
            "opinion": _REPORTS[np.where(no, 2, np.where(concerns > 0, 1, 0))],
        }

    def _concerns(self, about: Ints) -> Ints:
        """Who means to defraud often has no premises, or none where anybody works; the weak have little to sell, and some keep
        poor books."""
        party, ours = party_of(about), self._behaviour
        shell = self._truth.is_fraud(party) & self._draws["absent"].happens(ours.shell_business_ppm, party)
        idle = self._draws["idle"].happens(500_000, party)
        found = np.where(shell, np.where(idle, int(Concern.NOT_OPERATING), int(Concern.PREMISES_MISSING)), 0)
        bare = self._truth.quality_ppm(party) < _BARE_QUALITY_PPM
        poor = self._draws["records"].happens(ours.records_poor_ppm, party)
        found = found | bare * int(Concern.STOCK_THIN) | poor * int(Concern.RECORDS_POOR)
        return np.asarray(np.where(is_scripted(about, self._scripted), 0, found))

    def _assessment(self, tasks: Rows) -> dict[str, Ints | Texts]:
        about = tasks["party"]
        back = (tasks["attempt"] == 2) & self._draws["back"].happens(_SENT_BACK_PPM, about)
        back &= ~is_scripted(about, self._scripted)
        no = ~back & (tasks["analysis"] == Analysis.AGAINST)
        verdict = np.where(back, int(Verdict.RETURN), np.where(no, int(Verdict.DECLINE), int(Verdict.APPROVE)))
        return {
            "verdict": verdict,
            "amount_fen": np.where(back | no, 0, tasks["amount_fen"]),
            "concerns": np.zeros(len(tasks), dtype=np.int64),
            "opinion": np.where(back, "资料不足，请重新走访。", _ASSESSMENTS[tasks["analysis"]]),
        }

    def _brings(self, done: Done, decisions: Rows) -> list[tuple[Kind, Rows]]:
        """What a customer manager brings back from a visit: photos, his report, and what the books say of the last whole year."""
        if done.desk is not Desk.SITE_INVESTIGATOR:
            return []
        year = _EPOCH_YEAR + month_of(decisions["at"] // DAY_MS) // _MONTHS - 1
        figures = self._statements.of(party_of(done.tasks["party"]), year)
        statement = RecordStatement.carry(decisions, request=0, **figures)
        nth = np.arange(1, self._photos + 1)
        photos = _papers(np.repeat(decisions, self._photos), Paper.PHOTO, np.tile(nth, len(decisions)))
        report = _papers(decisions, Paper.REPORT, np.ones(len(decisions), dtype=np.int64))
        return [(FilePaper, photos), (FilePaper, report), (RecordStatement, statement)]


def _papers(decisions: Rows, kind: Paper, nth: Ints) -> Rows:
    form = FileFormat.JPG if kind is Paper.PHOTO else FileFormat.PDF
    texts = [
        f"{case} {int(kind)} {number}" for case, number in zip(decisions["case"].tolist(), nth.tolist(), strict=True)
    ]
    return FilePaper.carry(
        decisions,
        paper=kind,
        nth=nth,
        format=form,
        size=_BYTES,
        short_side_px=_PIXELS if kind is Paper.PHOTO else 0,
        sharpness=_SHARPNESS if kind is Paper.PHOTO else 0,
        digest=[hashlib.sha256(text.encode()).hexdigest() for text in texts],
        request=0,
    )


def opposite(world: World) -> Opposite:
    """The people at the desks; the administrator appoints deputies."""
    people = DueDiligenceCounterpart(world.scenario, world.seed, world.staffing.desks(world.branches, DESKS))
    return Opposite(people, DeputySource({DESK.appoint: DESKS}, world.staffing, world.branches))
