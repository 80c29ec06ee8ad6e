"""Cases in scoring: the application as accepted, the answers of the bureau and the other sources, and when what is due. Its
rule: an answer counts when it fits an open question and comes in time; anything else is handed back as refused."""

from __future__ import annotations

import numpy as np

from credit.policies.products import ProductPolicy
from credit.policies.scorecard import BureauPolicy
from credit.room import Kind, Rows, blank
from credit.rows import firsts
from credit.scoring.contract import ApplicationAccepted, BureauQuery, BureauReport, VerificationReply
from credit.scoring.states import CaseState
from credit.table import Table
from credit.times import MINUTE_MS, NEVER, Bools, Ints


def _fields(kind: Kind) -> list[str]:
    forms = [(name, kind.dtype[name]) for name in kind.dtype.names or ()]
    return [f"{name}:U{form.itemsize // 4}" if form.kind == "U" else name for name, form in forms]


BUREAU_FIELDS = [n for n in _fields(BureauReport) if n not in ("at", "case", "status", "attempt")]
SOURCE_FIELDS = [n for n in _fields(VerificationReply) if n not in ("at", "case")]
_ASKED = ("case", "party", "segment", "reason", "operator", "attempt")
TIMES = ["state", "attempt", "operator", "reason", "next_at", "deadline", "bureau_at", "verified_at", "ready_at"]


class Cases:
    """Open cases, by application number."""

    def __init__(self, policy: BureauPolicy, products: ProductPolicy) -> None:
        self.table = Table(
            " ".join([*_fields(ApplicationAccepted), blank(" ".join([*BUREAU_FIELDS, *SOURCE_FIELDS, *TIMES]))]), "case"
        )
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
            operator=rows["branch"] * 1_000 + policy.operator_seat,
            reason=policy.query_reason,
            next_at=first,
            deadline=first + wait * MINUTE_MS,
            ready_at=NEVER,
        )

    def due_questions(self, until: int) -> Ints:
        """Rows whose next bureau query falls before `until`."""
        return np.flatnonzero(self.table["next_at"] < until)

    def queries(self, rows: Ints) -> Rows:
        """The bureau queries of those rows. Nothing more is planned for them until an answer comes."""
        table = self.table
        table["attempt"][rows] += 1
        columns = {name: table[name][rows] for name in _ASKED}
        queries = BureauQuery.rows(
            len(rows), at=table["next_at"][rows], batch=self.batch(table["product"][rows]), **columns
        )
        table["next_at"][rows] = NEVER
        return queries

    def bureau_answers(self, reports: Rows) -> tuple[Ints, Bools]:
        """Table rows of reports, and which of them answer the open question in time."""
        rows = self.table.find(reports["case"])
        fits = self._open(rows, reports, "bureau_at")
        known = rows[fits]
        fits[fits] = (self.table["attempt"][known] == reports["attempt"][fits]) & (
            self.table["next_at"][known] == NEVER
        )
        return rows, fits

    def source_answers(self, replies: Rows) -> tuple[Ints, Bools]:
        """The same for the other sources."""
        rows = self.table.find(replies["case"])
        return rows, self._open(rows, replies, "verified_at")

    def store(self, rows: Ints, answers: Rows, fields: list[str], stamp: str) -> None:
        """Writes answers into their cases."""
        for name in fields:
            self.table[name][rows] = answers[name]
        self.table[stamp][rows] = answers["at"]

    def plan_retry(self, rows: Ints, at: Ints) -> None:
        """Another attempt after a pause that grows with the attempts, unless the waiting is over before."""
        attempt = self.table["attempt"][rows]
        next_at = at + self._backoff[np.minimum(attempt - 1, len(self._backoff) - 1)]
        self.table["next_at"][rows] = np.where(next_at < self.table["deadline"][rows], next_at, NEVER)

    def settle(self, score_ms: int) -> None:
        """Cases with all answers become ready `score_ms` after the last one."""
        table = self.table
        rows = np.flatnonzero(
            (table["state"] == CaseState.WAITING) & (table["bureau_at"] > 0) & (table["verified_at"] > 0)
        )
        table["state"][rows] = CaseState.READY
        table["ready_at"][rows] = np.maximum(table["bureau_at"][rows], table["verified_at"][rows]) + score_ms

    def time_out(self, until: int) -> None:
        """Cases still waiting when their deadline passes are decided then, with what there is."""
        table = self.table
        rows = np.flatnonzero((table["state"] == CaseState.WAITING) & (table["deadline"] < until))
        table["state"][rows] = CaseState.TIMED_OUT
        table["ready_at"][rows] = table["deadline"][rows]

    def take_ready(self, until: int) -> Rows:
        """Removes and returns the cases to be decided before `until`."""
        ready = self.table["ready_at"] < until
        cases = self.table.take(ready)
        if len(cases):
            self.table.keep(~ready)
        return cases

    def _open(self, rows: Ints, answers: Rows, stamp: str) -> Bools:
        fits = (rows >= 0) & firsts(answers["case"])
        known = rows[fits]
        table = self.table
        fits[fits] = (
            (table["state"][known] == CaseState.WAITING)
            & (table[stamp][known] == 0)
            & (answers["at"][fits] <= table["deadline"][known])
        )
        return fits
