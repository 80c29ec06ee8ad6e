"""Due diligence (尽职调查; APP-01, APP-21): before anybody approves, a customer manager visits a business, uploads
photos and his report and records what its books say; somebody else analyses finances and capacity. What they found goes with
the case to approval."""

from __future__ import annotations

import numpy as np

from credit.approval.contract import ApplicationScored
from credit.calendar import close_of_workday
from credit.codes import Verdict
from credit.due_diligence import invariants
from credit.due_diligence.contract import (
    DESK,
    RATIOS,
    BusinessScored,
    Desk,
    Event,
    FilePaper,
    Gauge,
    RecordStatement,
    Refusal,
    room,
)
from credit.due_diligence.findings import Analysis, Concern
from credit.due_diligence.papers import Papers
from credit.due_diligence.rules import Analyst, impossible, inconsistent
from credit.due_diligence.states import DESKS, MOVES, InvestigationState
from credit.mail import Outbox
from credit.masks import any_of
from credit.numbers import branch_of_case, task_of
from credit.policies import ProductPolicy, columns_of, load
from credit.policies.due_diligence import DueDiligencePolicy
from credit.policies.materials import MaterialPolicy
from credit.room import EventCode, Rows
from credit.rows import first_fault, only
from credit.staff import StaffRegister
from credit.subsystem import PLAIN, Setting, Subsystem, Takes, Together
from credit.times import Bools, Ints
from credit.worklists.states import Refusal as TaskRefusal
from credit.worklists.states import TaskState
from credit.worklists.worklist import Events, Worklist, takes_acts, takes_appointments

_PRIORITY = 3
_CONCERNS = sum(Concern)
_RATIOS = RATIOS.split()
_S = InvestigationState


class DueDiligenceSubsystem(Subsystem):
    """State: the applications that are looked into, papers, figures and reports, which stay with their cases, the
    worklist and its deputies."""

    room = room
    REFUSED = Event.DUE_DILIGENCE_REFUSED
    HANDLERS = (
        Takes(BusinessScored, "scored"),
        takes_appointments(DESK, "desk"),
        Together(
            "case",
            (
                Takes(FilePaper, "file_paper"),
                Takes(RecordStatement, "record_statement"),
                *takes_acts(DESK, "desk", "decide"),
            ),
        ),
    )

    def __init__(
        self, policy: DueDiligencePolicy, files: MaterialPolicy, products: ProductPolicy, register: StaffRegister
    ) -> None:
        super().__init__()
        self.policy, self.analyst = policy, Analyst(policy, columns_of(products))
        self.cases, self.statements, self.reports = (self.tables[name] for name in ("cases", "statements", "reports"))
        self.papers = Papers(policy, files, self.tables["papers"])
        events = Events(Event.TASK_URGED, Event.TASK_HANDLED, Event.DEPUTY_APPOINTED)
        self.desk = Worklist(self, DESK, register, events)

    @classmethod
    def build(cls, setting: Setting = PLAIN) -> DueDiligenceSubsystem:
        """The room under the packaged policies, with a scenario's overrides laid over them."""
        return cls(
            load("due_diligence", DueDiligencePolicy, setting.overrides),
            load("materials", MaterialPolicy, setting.overrides),
            load("products", ProductPolicy, setting.overrides),
            setting.register,
        )

    # time -------------------------------------------------------------------------------------------------------------

    def end(self, out: Outbox) -> None:
        """Tasks past their limits are urged."""
        self.desk.urge(self.window.until, out)

    def end_day(self, out: Outbox) -> None:  # noqa: ARG002
        """What is decided leaves the list."""
        self.desk.tidy(self.window.day)

    def due(self) -> int:
        return self.desk.due()

    def measure(self, until: int, out: Outbox) -> None:
        """What is being looked into, by branch, product and state."""
        columns = (self.cases[name] for name in ("branch", "product", "state", "amount_fen"))
        out.tally(Gauge.INVESTIGATIONS, until - 1, *columns)

    def violations(self) -> list[str]:
        """Of the cases and their tasks as they stand, and of every case passed on since the last look."""
        found = invariants.asked(self.cases, self.desk.tasks)
        for passed in self.noted("passed on"):
            found += invariants.passed_on(passed, self.policy.photos_min, self.policy.declines)
        return found + self.desk.violations(self.window.until)

    # the visit --------------------------------------------------------------------------------------------------------

    def scored(self, rows: Rows, out: Outbox) -> None:
        """APP-01: the customer manager is to go there."""
        found = self.cases.append(rows, state=_S.VISITING, tasks=0)
        self.reports.append(rows, asked_fen=rows["amount_fen"])
        self._ask(found, rows["at"], out)

    def file_paper(self, uploads: Rows, out: Outbox) -> None:
        """APP-21: a paper counts, or is refused with its reason."""
        faults = self.paper_faults(uploads)
        self.refuse(uploads[faults != 0], faults[faults != 0], out)
        good = only(uploads, faults == 0)
        self.papers.file(good)
        said = {"actor": good["person"], "reason": good["paper"], "value": good["nth"]}
        out.log(Event.PAPER_FILED, good["at"], good["case"], **said)

    def paper_faults(self, uploads: Rows) -> Ints:
        """Why each of some FilePaper rows, at most one a case, does not count; 0 where it does."""
        return np.where(self._visits(uploads), self.papers.faults(uploads), int(Refusal.NOT_VISITING))

    def record_statement(self, rows: Rows, out: Outbox) -> None:
        """EX-07: the business's figures are read; what no books can say is refused. Recorded again, they are these."""
        faults = np.where(self._visits(rows), impossible(rows), int(Refusal.NOT_VISITING))
        self.refuse(rows[faults != 0], faults[faults != 0], out)
        good = only(rows, faults == 0)
        before = self.statements.find(good["case"])
        self.statements.drop(before[before >= 0])
        self.statements.append(good, branch=branch_of_case(good["case"]), recorded_at=good["at"])
        out.file(RecordStatement, good)
        out.log(Event.STATEMENT_RECORDED, good["at"], good["case"], actor=good["person"], value=good["year"])

    def _visits(self, rows: Rows) -> Bools:
        """True where a person holds the task of the case's visit."""
        tasks, case = self.desk.tasks, rows["case"]
        found = tasks.find(task_of(case, self.cases.get("tasks", self.cases.find(case))))
        held = (tasks.get("desk", found) == Desk.SITE_INVESTIGATOR) & (tasks.get("state", found) == TaskState.CLAIMED)
        return np.asarray(held & (tasks.get("claimed_by", found) == rows["person"]))

    # decisions --------------------------------------------------------------------------------------------------------

    def decide(self, opinions: Rows, out: Outbox) -> None:
        """What somebody says at a desk takes effect, or is refused."""
        opinions, tasks = self.desk.heard(opinions, out)
        faults = self._faults(opinions, tasks)
        bad = faults != 0
        self.desk.reject(opinions[bad], tasks[bad], faults[bad], out)
        opinions, tasks = only(opinions, ~bad), only(tasks, ~bad)
        visits = self.desk.tasks["desk"][tasks] == Desk.SITE_INVESTIGATOR
        self.desk.done(tasks, opinions["at"], out)
        out.file(DESK.opinion, opinions)
        found, back = self.cases.find(opinions["case"]), opinions["verdict"] == Verdict.RETURN
        for mine, act in ((visits, self._visited), (back, self._sent_back), (~visits & ~back, self._analysed)):
            if any_of(mine):
                act(found[mine], opinions[mine], out)

    def _faults(self, opinions: Rows, tasks: Ints) -> Ints:
        """What is wrong with an opinion as such, and what a visit still lacks."""
        visits = self.desk.tasks["desk"][tasks] == Desk.SITE_INVESTIGATOR
        verdict, amount, most = opinions["verdict"], opinions["amount_fen"], self.desk.tasks["amount_fen"][tasks]
        yes, no = verdict == Verdict.APPROVE, verdict == Verdict.DECLINE
        above = (amount < 0) | (amount > most) | (visits & yes & (amount == 0))
        above |= ~yes & (amount != 0) & (amount != most)
        concerns = opinions["concerns"]
        return first_fault(
            (~(yes | no | (~visits & (verdict == Verdict.RETURN))), TaskRefusal.DECISION_INVALID),
            ((concerns < 0) | ((concerns & ~_CONCERNS) != 0), Refusal.CONCERNS_UNKNOWN),
            (np.char.str_len(np.char.strip(opinions["opinion"])) < self.policy.words_min, Refusal.WORDS_MISSING),
            (above, Refusal.AMOUNT_ABOVE),
            (visits, self.papers.lacking(opinions["case"])),
            (visits & (self.statements.find(opinions["case"]) < 0), Refusal.FIGURES_MISSING),
        )

    def _visited(self, found: Ints, opinions: Rows, out: Outbox) -> None:
        """The report is in: the system reckons with the figures, and somebody else analyses."""
        cases, at, reports = self.cases.take(found), opinions["at"], self.reports
        figures = self.statements.take(self.statements.find(opinions["case"]))
        strange = inconsistent(figures, self.policy.tolerance_ppm)
        said_to_be = opinions["concerns"]
        concerns: Ints = np.where(strange, said_to_be | int(Concern.STATEMENTS_INCONSISTENT), said_to_be)
        judged = self.analyst.judge(cases, figures)
        yes, place = opinions["verdict"] == Verdict.APPROVE, reports.find(opinions["case"])
        reports.put(
            place,
            visitor=opinions["person"],
            visited_at=at,
            advice=opinions["verdict"],
            advice_fen=np.where(yes, opinions["amount_fen"], 0),
            concerns=concerns,
            capacity_fen=judged.capacity_fen,
            analysis=self.analyst.grade(judged.misses, concerns, yes),
            report=opinions["opinion"],
            **{name: getattr(judged, name) for name in _RATIOS},
        )
        said = {"actor": opinions["person"], "value": concerns}
        self._log(Event.SITE_VISITED, found, at, out, **said)
        self._log(Event.STATEMENT_INCONSISTENT, found[strange], at[strange], out, value=figures["year"][strange])
        MOVES.to(self.cases, found, _S.ANALYSING)
        self._ask(found, at, out)

    def _sent_back(self, found: Ints, opinions: Rows, out: Outbox) -> None:
        """The analyst can't work with it: there is another visit, by whomever."""
        self.desk.forget(opinions["case"])
        self._log(Event.VISIT_SENT_BACK, found, opinions["at"], out, actor=opinions["person"])
        MOVES.to(self.cases, found, _S.VISITING)
        self._ask(found, opinions["at"], out)

    def _analysed(self, found: Ints, opinions: Rows, out: Outbox) -> None:
        """The analysis stands: its grade, what can be carried and what is proposed go with the case to approval."""
        reports, place, at = self.reports, self.reports.find(opinions["case"]), opinions["at"]
        yes = opinions["verdict"] == Verdict.APPROVE
        concerns = reports["concerns"][place] | opinions["concerns"]
        weak = (opinions["concerns"] & self.analyst.weakens) != 0
        grade = np.where(weak, np.maximum(reports["analysis"][place], int(Analysis.WEAK)), reports["analysis"][place])
        forbidden = ~yes | ((concerns & self.analyst.declines) != 0)
        reports.put(
            place,
            analyst=opinions["person"],
            analysed_at=at,
            concerns=concerns,
            analysis=np.where(forbidden, int(Analysis.AGAINST), grade),
            proposed_fen=np.where(yes, opinions["amount_fen"], 0),
            assessment=opinions["opinion"],
        )
        result = reports.take(place)
        said = {"actor": opinions["person"], "reason": result["analysis"], "value": result["capacity_fen"]}
        self._log(Event.BUSINESS_ANALYSED, found, at, out, amount_fen=result["proposed_fen"], **said)
        self._pass_on(found, result, at, out)

    def _pass_on(self, found: Ints, result: Rows, at: Ints, out: Outbox) -> None:
        told = {name: result[name] for name in ("analysis", "concerns", "capacity_fen", "proposed_fen")}
        out.send(ApplicationScored, ApplicationScored.carry(self.cases.take(found), at=at, **told))
        self.note("passed on", invariants.witness(result, self.papers.table, self.statements, self.policy.photos_max))
        self.desk.forget(result["case"])
        MOVES.to(self.cases, found, _S.PASSED_ON)
        self.cases.drop(found)

    # what they share --------------------------------------------------------------------------------------------------

    def _ask(self, found: Ints, at: Ints, out: Outbox) -> None:
        """Puts cases before the desk that their state waits for."""
        self.cases.add(found, tasks=1)
        rows = self.cases.take(found)
        results = self.reports.take(self.reports.find(rows["case"]))
        visits = rows["state"] == _S.VISITING
        desk = DESKS[rows["state"]]
        self._log(Event.VISIT_ASKED, found[visits], at[visits], out, value=desk[visits])
        most = np.minimum(rows["amount_fen"], np.minimum(results["capacity_fen"], results["advice_fen"]))
        workdays = np.where(visits, self.policy.visit_workdays, self.policy.analysis_workdays)
        told = ("capacity_fen", "advice_fen", "concerns", "analysis", *_RATIOS)
        given = {name: np.where(visits, 0, results[name]) for name in told}
        self.desk.put(
            rows,
            out,
            at=at,
            occasion=rows["tasks"],
            desk=desk,
            priority=_PRIORITY,
            limit_at=close_of_workday(at, workdays, self.policy.closing_minute),
            excluded=0,
            attempt=rows["tasks"],
            amount_fen=np.where(visits, rows["amount_fen"], most),
            **given,
        )

    def _log(self, event: EventCode, found: Ints, at: Ints, out: Outbox, **said: Ints | int) -> None:
        """One event a case, with the amount asked for unless another is said; see `Outbox.log`."""
        own = {"amount_fen": self.cases["amount_fen"][found]}
        out.log_rows(event, self.cases, found, at, **{**own, **said})


build = DueDiligenceSubsystem.build
