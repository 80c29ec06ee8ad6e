"""The behaviour card (行为评分卡, SCO-04): the chance of default of a loan by how it is being repaid. A loan is scored anew
when an instalment falls due, so a month's scores cost what the month's dues do; its grade follows the score, and collections
goes by the grade."""

from __future__ import annotations

import numpy as np

from credit.cards import SCORE_MAX, Card, between
from credit.codes import Grade
from credit.mail import Outbox
from credit.masks import true_rows
from credit.numbers import case_of
from credit.policies.scorecard import BEHAVIOUR_CARD, ScorecardPolicy
from credit.repayment.book import NO_DAY, Book
from credit.repayment.contract import Event
from credit.times import Ints


class Behaviour:
    """Scores the loans of a book."""

    def __init__(self, book: Book, policy: ScorecardPolicy) -> None:
        self._book, self._card = book, Card(policy.card(BEHAVIOUR_CARD))
        self._bands = np.array(policy.bands[::-1], dtype=np.int64)
        self._pd = between(policy.pd.scores, policy.pd.ppm, SCORE_MAX)

    def became_overdue(self, rows: Ints) -> None:
        """Loans that have just become overdue begin their row of instalments met anew."""
        loans = self._book.loans
        loans.put(rows, lates=loans["lates"][rows] + 1, met=0)

    def review(self, rows: Ints, day: int, at: int, out: Outbox) -> None:
        """Scores loans whose instalment falls due on a day and that have another to come, before it counts as owed. Told is the
        first score of a loan, and each that changes its grade."""
        loans = self._book.loans
        rows = rows[loans["due_day"][rows] != NO_DAY]
        if not len(rows):
            return
        arrears, owed = self._book.owed(loans["loan"][rows])
        dpd = np.where(owed > 0, day - self._book.arrears.get("since_day", arrears), 0)
        loans.put(rows, met=np.where(dpd > 0, 0, loans["met"][rows] + 1))
        facts = {
            "dpd": dpd,
            "lates": loans["lates"][rows],
            "met_in_a_row": loans["met"][rows],
            "application_pd_ppm": loans["pd_ppm"][rows],
            "months_on_book": loans["number"][rows] - 1,
        }
        score = np.maximum(self._card.scores(facts), 1)
        grade = Grade.POOR - self._bands.searchsorted(score, side="right")
        new = true_rows((loans["behaviour"][rows] == 0) | (grade != loans["grade"][rows]))
        loans.put(rows, behaviour=score, grade=grade)
        ids = loans["loan"][rows[new]]
        when = np.full(len(new), at)
        out.log(Event.BEHAVIOUR_SCORED, when, case_of(ids), loan=ids, reason=grade[new], value=self._pd[score[new]])
