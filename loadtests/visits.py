"""A visit to the bank: what its requests count, and what all visitors have in common. A visit's first request is what it came
for; all others follow up."""

from __future__ import annotations

import random
import re
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from loadtests.accounts import Accounts
from loadtests.client import Answer, Body, Client
from loadtests.forms import PRODUCTS, form
from loadtests.recorder import LATE_S, WARMUP, Cell, Recorder

Report = Callable[[str, str, float, int, str], object]
"""(method, name, seconds, bytes, why it failed) of each request: how Locust hears of it."""
APPLICATIONS = "/v1/applications"
UNDECIDED, AT_A_DESK = ("initial_review", "scoring", "approval"), "approver"
_RECENT = 1_000


@dataclass
class Session:
    """What the visits of one process share."""

    client: Client
    recorder: Recorder
    report: Report
    seed: int
    run: str
    branches: int
    decision_wait_s: int
    began: float = 0.0
    warmup_s: float = 0.0
    """Visits due before are counted under a name of their own."""
    accounts: Accounts = field(default_factory=Accounts)
    recent: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=_RECENT))
    """Cases that may be asked for, as they were first shown."""

    def cell(self, visitor: str, due: float) -> Cell:
        """Where what happens now to a visit is counted."""
        name = visitor if due - self.began >= self.warmup_s else WARMUP + visitor
        return self.recorder.cell(max(0, int(time.perf_counter() - self.began)), name)


class Visit:
    """One visit: its number, and the instant at which it was to begin."""

    def __init__(self, session: Session, visitor: str, number: int, due: float) -> None:
        self.session, self.visitor, self.number, self.due = session, visitor, number, due
        self.draw = random.Random(f"visit {session.seed} {number}")
        self.account = session.accounts.system()
        """Who asks; the system that stands for all customers, where nobody else is named."""
        self._begun = self._answered = False

    @property
    def key(self) -> str:
        """The idempotency key of the visit's n-th request that changes something."""
        return f"{self.session.run}-{self.number}"

    def get(self, path: str, name: str, **headers: str) -> Answer:
        """A GET, known under a name."""
        return self._counted("GET", name, lambda: self.session.client.get(path, self.account, **headers))

    def post(self, path: str, name: str, content: Any, key: str | None = "", expected: Sequence[int] = ()) -> Answer:
        """A POST, known under a name, with the visit's key and what tells it from others; None: where no key is kept. `expected`:
        the statuses of a refusal that is right."""
        client, whole = self.session.client, None if key is None else self.key + key
        return self._counted("POST", name, lambda: client.post(path, content, whole, self.account), expected)

    def post_raw(self, path: str, name: str, body: Body, expected: Sequence[int] = ()) -> Answer:
        """A POST of what need not be JSON."""
        client = self.session.client
        return self._counted("POST", name, lambda: client.post_raw(path, body, self.key, self.account), expected)

    def _counted(self, method: str, name: str, request: Callable[[], Answer], expected: Sequence[int] = ()) -> Answer:
        first, self._begun = not self._begun, True
        if first:
            lag = max(0.0, time.perf_counter() - self.due)
            cell = self.session.cell(self.visitor, self.due)
            cell.counts["offered"] += 1
            cell.counts["late"] += lag > LATE_S
            cell.time("lag", lag)
        answer = request()
        self._answered = True
        cell = self.session.cell(self.visitor, self.due)
        cell.counts["retried"] += answer.tries > 1
        refused = answer.status in expected
        cell.counts["refused"] += refused
        why = "" if refused else answer.why
        if first:
            _count_first(cell, answer, self.due, refused)
        else:
            cell.counts["follow_ups"] += 1
            cell.time("follow_up", answer.done - answer.sent)
        if why:
            self.session.recorder.failure(f"{self.visitor}: {name}: {why}")
        seconds = answer.done - (self.due if first else answer.sent)
        self.session.report(method, f"{self.visitor}: {name}", seconds, len(answer.body), why)
        return answer

    def apply(self, channel: str, branch: int = 0) -> tuple[str, bool]:
        """Hands an application in, at a branch or any (0); (case, whether the automatic lane decides), no case when refused."""
        filled = form(self.session.seed, self.number, self.session.branches, channel)
        filled["branch"] = branch or filled["branch"]
        answer = self.post(APPLICATIONS, "apply", filled)
        shown = answer.json() if answer.ok else {}
        case = str(shown.get("case", ""))
        if case and not self.account.is_staff:
            self.session.recent.append(shown)
        return case, PRODUCTS[filled["product"]].scorecard

    def track(self, case: str, patience_s: int = 0) -> dict[str, Any]:
        """Where a case stands, once it is decided or the customer's patience is over; nothing where that can't be told."""
        prefer = {"Prefer": f"wait={patience_s}"} if patience_s else {}
        answer = self.get(f"{APPLICATIONS}/{case}", "wait for the decision" if patience_s else "track", **prefer)
        shown = answer.json() if answer.ok else {}
        if answer.ok and not shown.get("step"):
            self.session.cell(self.visitor, self.due).counts["stepless"] += 1
        return shown

    def given_up(self) -> None:
        """The test ended before the visit. It failed where what it came for was not answered: nobody knows what became of it."""
        self.session.recorder.failure("given up: no answer when the test ended")
        if self._begun and not self._answered:
            self.count("failed")

    def completed(self) -> None:
        """The visit ended as it was meant to."""
        self.count("completed")

    def count(self, name: str) -> None:
        """Something that visits of this kind are counted by."""
        self.session.cell(self.visitor, self.due).counts[name] += 1

    def decision(self, shown: Mapping[str, Any]) -> None:
        """Counts what somebody who waited for a decision of the automatic lane was shown."""
        cell = self.session.cell(self.visitor, self.due)
        cell.counts["waited"] += 1
        if shown.get("handler") == AT_A_DESK:
            cell.counts["referred"] += 1
        elif shown.get("step") and shown["step"] not in UNDECIDED:
            cell.counts["decided"] += 1
            cell.time("decision", time.perf_counter() - self.due)


def _count_first(cell: Cell, answer: Answer, due: float, refused: bool) -> None:
    if not refused:
        cell.counts["accepted" if answer.ok else "shed" if answer.shed else "failed"] += 1
    if answer.ok:
        cell.time("latency", answer.done - due)
        cell.time("service", answer.done - answer.sent)


class Visitor:
    """Somebody who comes to the bank."""

    name = ""
    weight = 1.0
    applies = True
    """Whether he hands an application in; thresholds are about those who do."""
    needs: Sequence[tuple[str, str]] = (("post", r"/v1/applications"),)
    """(method, pattern of a path) of each endpoint."""
    posts: Sequence[str] = ()
    must_sign_in = False
    """Whether he can't come without an account with one of his posts."""

    def visit(self, visit: Visit) -> None:
        """What he does."""
        raise NotImplementedError

    def can_come(self, endpoints: Mapping[str, Any], accounts: Accounts) -> bool:
        """Whether a gateway has all that he needs, and he may sign in where he has to."""
        if self.must_sign_in and not accounts.with_post(*self.posts):
            return False
        return all(_has(endpoints, method, pattern) for method, pattern in self.needs)


def _has(endpoints: Mapping[str, Any], method: str, pattern: str) -> bool:
    return any(method in of and re.fullmatch(pattern, path) for path, of in endpoints.items())
