"""Restructured loans under observation (观察期), NPL-12, EX-18: their class, a monthly inspection of the borrower, renewed
default, and the return to normal once he has paid as agreed for long enough and nobody has found him worse."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from credit.calendar import add_months, close_of_workday
from credit.mail import Outbox
from credit.masks import any_of
from credit.numbers import occasion_of_day
from credit.policies.restructuring import RestructuringPolicy
from credit.repayment.contract import ObservationEnded
from credit.restructuring import invariants
from credit.restructuring.cases import Endings, log_case
from credit.restructuring.contract import Desk, Event, Finding, RefusedBecause
from credit.restructuring.rules import class_of, observed_until
from credit.restructuring.states import CaseState
from credit.room import Rows
from credit.table import Table
from credit.times import DAY_MS, HOUR_MS, NEVER, Ints
from credit.worklists.worklist import Worklist

_WORK_HOUR_MS = 9 * HOUR_MS
"""The hour at which a day's inspections reach the desk."""
Note = Callable[[str, Rows], None]


class Observation:
    """Watches restructured loans; each loan at most once a call."""

    def __init__(
        self,
        tables: dict[str, Table],
        policy: RestructuringPolicy,
        inspectors: Worklist,
        endings: Endings,
        desk: Worklist,
        note: Note,
    ) -> None:
        self._watched, self._cases, self._policy = tables["watched"], tables["cases"], policy
        self._inspectors, self._endings, self._desk, self._note = inspectors, endings, desk, note

    # beginning --------------------------------------------------------------------------------------------------------

    def restructured(self, rows: Rows, out: Outbox) -> None:
        """The book has taken new terms in, and the loan is observed from then on; or it could not, and nothing has changed."""
        place = self._cases.find(rows["loan"])
        failed = (rows["reason"] != 0) & np.isin(
            self._cases.get("state", place), (CaseState.SIGNED, CaseState.REQUESTED)
        )
        self._endings.end(place[failed], rows["at"][failed], rows["reason"][failed], out)
        rows, place = rows[rows["reason"] == 0], place[rows["reason"] == 0]
        if not len(rows):
            return
        self._note("carried out", invariants.carried_out(rows, self._cases, place))
        day, watched = rows["at"] // DAY_MS, self._watched
        found = self._cases.take(place)
        old = watched.find(rows["loan"])
        watched.drop(old[old >= 0])
        new = watched.append(
            found,
            principal_fen=rows["principal_fen"],
            risk_class=class_of(rows["non_performing"]),
            since_day=day,
            second_day=rows["second_day"],
            observe_until=observed_until(rows["first_day"], rows["second_day"], self._policy.observed_months),
            next_day=add_months(day, 1),
        )
        self._classified(new, rows["at"], out)
        self._cases.drop(place)
        self._desk.forget(rows["loan"])

    def _classified(self, place: Ints, at: Ints, out: Outbox) -> None:
        watched = self._watched
        reason, until = watched["risk_class"][place], watched["observe_until"][place]
        log_case(out, Event.CLASS_ASSIGNED, watched, place, at, reason=reason, value=until)

    # paying -----------------------------------------------------------------------------------------------------------

    def overdue(self, rows: Rows, out: Outbox) -> None:
        """NPL-12: a missed payment is a renewed default, and the observation is counted from it."""
        watched = self._watched
        place = watched.find(rows["loan"])
        rows, place = rows[place >= 0], place[place >= 0]
        if not len(rows):
            return
        watched["overdue"][place] = 1
        watched["defaults"][place] += 1
        self._count_anew(place, rows["at"] // DAY_MS)
        log_case(out, Event.RENEWED_DEFAULT, watched, place, rows["at"], value=watched["defaults"][place])

    def _count_anew(self, place: Ints, day: Ints) -> None:
        watched = self._watched
        months = self._policy.observed_months
        watched["observe_until"][place] = observed_until(day, watched["second_day"][place], months)

    def paid(self, rows: Rows) -> None:
        """Payments on arrears of loans observed."""
        place = self._watched.find(rows["loan"])
        there = place >= 0
        self._watched["overdue"][place[there]] = rows["overdue_fen"][there] > 0

    def left(self, rows: Rows, out: Outbox) -> None:
        """Loans repaid or written off are observed no more."""
        place = self._watched.find(rows["loan"])
        rows, place = rows[place >= 0], place[place >= 0]
        self._inspectors.withdraw(rows["loan"], rows["at"], out)
        self._watched.drop(place)

    # inspections ------------------------------------------------------------------------------------------------------

    def ask(self, start: int, until: int, out: Outbox) -> None:
        """EX-18: every month somebody looks at the borrower; who has not been looked at yet is not asked for twice."""
        watched = self._watched
        if not len(watched):
            return
        place = np.flatnonzero(watched["next_day"] * DAY_MS + _WORK_HOUR_MS < until)
        if not len(place):
            return
        day = watched["next_day"][place]
        watched["next_day"][place] = add_months(day, 1)
        free = ~self._inspectors.has_open(watched["loan"][place])
        place, at = place[free], np.maximum(day[free] * DAY_MS + _WORK_HOUR_MS, start)
        found = watched.take(place)
        self._inspectors.put(
            found,
            out,
            at=at,
            occasion=occasion_of_day(at // DAY_MS),
            desk=int(Desk.RESTRUCTURED_INSPECTOR),
            priority=2,
            limit_at=close_of_workday(at, self._policy.inspection_workdays, self._policy.closing_minute),
            excluded=0,
            amount_fen=found["principal_fen"],
        )

    def inspected(self, rows: Rows, out: Outbox) -> None:
        """What inspections find."""
        rows, tasks = self._inspectors.heard(rows, out)
        wrong = ~np.isin(rows["finding"], list(Finding))
        reasons = np.full(int(wrong.sum()), int(RefusedBecause.FINDING_INVALID))
        self._inspectors.reject(rows[wrong], tasks[wrong], reasons, out)
        rows, tasks = rows[~wrong], tasks[~wrong]
        if not len(rows):
            return
        self._inspectors.done(tasks, rows["at"], out)
        watched, place = self._watched, self._watched.find(rows["loan"])
        watched["inspections"][place] += 1
        watched["finding"][place] = rows["finding"]
        count = watched["inspections"][place]
        actor, finding = rows["person"], rows["finding"]
        log_case(
            out, Event.RESTRUCTURED_INSPECTED, watched, place, rows["at"], actor=actor, reason=finding, value=count
        )

    def due(self) -> int:
        """When the next inspection is asked for."""
        return self._watched.least("next_day") * DAY_MS + _WORK_HOUR_MS if len(self._watched) else NEVER

    # ending -----------------------------------------------------------------------------------------------------------

    def end_day(self, day: int, at: int, out: Outbox) -> None:
        """Observations that end with a day: who was found worse last is observed anew, the others are back to normal."""
        watched = self._watched
        over = (watched["observe_until"] <= day) & (watched["overdue"] == 0)
        if not any_of(over):
            return
        place = np.flatnonzero(over)
        worse = watched["finding"][place] == Finding.WORSE
        anew, place = place[worse], place[~worse]
        self._count_anew(anew, np.full(len(anew), day))
        self._classified(anew, np.full(len(anew), at), out)
        loans, when = watched["loan"][place], np.full(len(place), at)
        log_case(out, Event.RETURNED_TO_NORMAL, watched, place, when, value=watched["inspections"][place])
        out.send(ObservationEnded, ObservationEnded.rows(len(loans), at=at, loan=loans))
        self._inspectors.withdraw(loans, when, out)
        watched.drop(place)
