"""Cases in scoring: the application as accepted, the answers of the bureau and the other sources, and when what is due. An
answer counts when it fits an open question and comes in time; anything else is handed back as refused."""

from __future__ import annotations

import numpy as np

from credit.codes import Segment
from credit.masks import true_rows
from credit.policies.products import ProductPolicy
from credit.policies.scorecard import BureauPolicy
from credit.room import Kind, Rows
from credit.rows import firsts
from credit.scoring.contract import (
    COMPANY_FACTS,
    PERSON_FACTS,
    SOURCE_FACTS,
    BureauQuery,
    CompanyReport,
    PersonReport,
    VerificationReply,
)
from credit.scoring.officers import NOBODY, Officers
from credit.scoring.states import MOVES, CaseState
from credit.table import Table
from credit.times import MINUTE_MS, NEVER, Bools, Ints

_ASKED = "case party segment reason operator attempt"
_TO_SOURCES = "case party segment sources income_fen"
_FILLS = {
    PersonReport: ("bureau_at", PERSON_FACTS.split()),
    CompanyReport: ("bureau_at", COMPANY_FACTS.split()),
    VerificationReply: ("verified_at", SOURCE_FACTS.split()),
}
"""The column that says when an answer came, and those that it fills, by its kind."""


class Cases:
    """Open cases, by application number."""

    def __init__(self, table: Table, policy: BureauPolicy, products: ProductPolicy, officers: Officers) -> None:
        self.table, self._officers = table, officers
        self._policy = policy
        self._backoff = np.array(policy.backoff_minutes, dtype=np.int64) * MINUTE_MS
        self._batch = np.zeros(max(p.code for p in products.products) + 1, dtype=np.int64)
        self._batch[[products.by_key(key).code for key in policy.batch_products]] = 1

    def batch(self, product: Ints) -> Ints:
        """1 where the report is fetched in the nightly batch, else 0 (EXT-01)."""
        return self._batch[np.where((product >= 0) & (product < len(self._batch)), product, 0)]

    def add(self, rows: Rows) -> None:
        """Opens cases; the first questions are due `ask_ms` later (EXT-03: reason and operator are recorded)."""
        policy = self._policy
        first = rows["at"] + policy.ask_ms
        wait = np.where(self.batch(rows["product"]) == 1, policy.batch_wait_max_minutes, policy.wait_max_minutes)
        self.table.append(
            rows,
            state=CaseState.WAITING,
            operator=self._officers.of(rows["branch"], rows["case"]),
            reason=policy.query_reason,
            next_at=first,
            deadline=first + wait * MINUTE_MS,
            ready_at=NEVER,
        )

    def due_questions(self, until: int) -> Ints:
        """Rows whose next bureau query falls before `until`."""
        return true_rows(self.table["next_at"] < until)

    def without_ground(self, rows: Ints) -> Ints:
        """Those of some rows for which nobody may ask; nothing more is planned for them (EXT-03)."""
        table = self.table
        nobody: Ints = rows[table["operator"][rows] == NOBODY]
        table["next_at"][nobody] = NEVER
        return nobody

    def ask_now(self, rows: Ints, orders: Rows) -> None:
        """Questions that somebody has ordered, in his name."""
        table = self.table
        table["next_at"][rows], table["operator"][rows] = orders["at"], orders["person"]
        table["reason"][rows] = orders["purpose"]

    def queries(self, rows: Ints) -> Rows:
        """The bureau queries of those rows. Nothing more is planned for them until an answer comes."""
        table = self.table
        table["attempt"][rows] += 1
        at, batch = table["next_at"][rows], self.batch(table["product"][rows])
        table["next_at"][rows] = NEVER
        return BureauQuery.carry(table.take(rows, _ASKED), at=at, batch=batch)

    def answering(self, answers: Rows, kind: Kind) -> tuple[Ints, Bools]:
        """Table rows of answers of a kind, and which of them are the first in time to a question that is open."""
        stamp, _ = _FILLS[kind]
        rows, table = self.table.find(answers["case"]), self.table
        fits = firsts(answers["case"]) & (table.get("state", rows) == CaseState.WAITING)
        fits &= (table.get(stamp, rows) == 0) & (answers["at"] <= table.get("deadline", rows))
        return rows, fits

    def asked(self, rows: Ints, reports: Rows, kind: Kind) -> Bools:
        """Whether each report answers the attempt that is under way, and is of the kind that its customer has (EXT-01)."""
        table = self.table
        fits = (table.get("attempt", rows) == reports["attempt"]) & (table.get("next_at", rows) == NEVER)
        person = table.get("segment", rows) == Segment.INDIVIDUAL
        return np.asarray(fits & (person if kind is PersonReport else ~person))

    def store(self, rows: Ints, answers: Rows, kind: Kind) -> None:
        """Writes answers of a kind into their cases."""
        stamp, filled = _FILLS[kind]
        for name in filled:
            self.table[name][rows] = answers[name]
        self.table[stamp][rows] = answers["at"]

    def plan_retry(self, rows: Ints, at: Ints) -> None:
        """Another attempt after a pause that grows with the attempts, unless the waiting is over before."""
        if not len(rows):
            return
        attempt = self.table["attempt"][rows]
        next_at = at + self._backoff[np.minimum(attempt - 1, len(self._backoff) - 1)]
        self.table["next_at"][rows] = np.where(next_at < self.table["deadline"][rows], next_at, NEVER)

    def to_sources(self, rows: Ints) -> Rows:
        """What the other sources are told of those rows."""
        return self.table.take(rows, _TO_SOURCES)

    def unasked(self, rows: Ints, sources: Ints) -> Ints:
        """Those of the rows whose other sources have not been asked yet. They count as asked from here on; `sources` by
        segment."""
        rows = rows[self.table["sources"][rows] == 0]
        self.table["sources"][rows] = sources[self.table["segment"][rows]]
        return rows

    def settle(self, score_ms: int) -> None:
        """Cases with all answers become ready `score_ms` after the last one; of sources that were not asked none is awaited."""
        table = self.table
        waiting = table["state"] == CaseState.WAITING
        told = (table["verified_at"] > 0) | (table["sources"] == 0)
        rows = true_rows(waiting & (table["bureau_at"] > 0) & told)
        if not len(rows):
            return
        MOVES.to(table, rows, CaseState.READY)
        table["ready_at"][rows] = np.maximum(table["bureau_at"][rows], table["verified_at"][rows]) + score_ms

    def time_out(self, until: int) -> None:
        """Cases still waiting when their deadline passes are decided then, with what there is."""
        table = self.table
        rows = true_rows((table["state"] == CaseState.WAITING) & (table["deadline"] < until))
        if not len(rows):
            return
        MOVES.to(table, rows, CaseState.TIMED_OUT)
        table["ready_at"][rows] = table["deadline"][rows]

    def ready(self, until: int) -> Ints:
        """Rows of the cases to be decided before `until`."""
        return true_rows(self.table["ready_at"] < until)

    def due(self) -> int:
        """When the next question, decision or deadline falls."""
        waiting = self.table["state"] == CaseState.WAITING
        return min(self.table.least("next_at"), self.table.least("ready_at"), self.table.least("deadline", waiting))

    def leave(self, rows: Ints, intercepted: Bools) -> None:
        """Decided cases go."""
        MOVES.to(self.table, rows, np.where(intercepted, int(CaseState.INTERCEPTED), int(CaseState.SCORED)))
        self.table.drop(rows)
