"""Who comes to the bank, and what each does there. One class a visitor: his weight among all, the endpoints he needs (he stays
away from a gateway that has them not), and his visit. A visit's first request is what it came for; all others follow up."""

from __future__ import annotations

import random
import re
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from loadtests.client import Answer, Client
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
    endpoints: Mapping[str, Any] = field(default_factory=dict)
    """The gateway's paths, from its OpenAPI document."""
    began: float = 0.0
    warmup_s: float = 0.0
    """Visits due before are counted under a name of their own."""
    recent: deque[str] = field(default_factory=lambda: deque(maxlen=_RECENT))
    """Cases that may be asked for."""

    def cell(self, visitor: str, due: float) -> Cell:
        """Where what happens now to a visit is counted."""
        name = visitor if due - self.began >= self.warmup_s else WARMUP + visitor
        return self.recorder.cell(max(0, int(time.perf_counter() - self.began)), name)


class Visit:
    """One visit: its number, and the instant at which it was to begin."""

    def __init__(self, session: Session, visitor: str, number: int, due: float) -> None:
        self.session, self.visitor, self.number, self.due = session, visitor, number, due
        self.draw = random.Random(f"visit {session.seed} {number}")
        self._begun = False

    @property
    def key(self) -> str:
        """The idempotency key of the visit's n-th request that changes something."""
        return f"{self.session.run}-{self.number}"

    def get(self, path: str, name: str, **headers: str) -> Answer:
        """A GET, known under a name."""
        return self._counted("GET", name, lambda: self.session.client.get(path, **headers))

    def post(self, path: str, name: str, content: Any, key: str = "") -> Answer:
        """A POST, known under a name."""
        return self._counted("POST", name, lambda: self.session.client.post(path, content, f"{self.key}{key}"))

    def _counted(self, method: str, name: str, request: Callable[[], Answer]) -> Answer:
        first, self._begun = not self._begun, True
        if first:
            lag = max(0.0, time.perf_counter() - self.due)
            cell = self.session.cell(self.visitor, self.due)
            cell.counts["offered"] += 1
            cell.counts["late"] += lag > LATE_S
            cell.time("lag", lag)
        answer = request()
        cell = self.session.cell(self.visitor, self.due)
        cell.counts["retried"] += answer.tries > 1
        if first:
            _count_first(cell, answer, self.due)
        else:
            cell.counts["follow_ups"] += 1
            cell.time("follow_up", answer.done - answer.sent)
        if answer.why:
            self.session.recorder.failure(f"{self.visitor}: {answer.why}")
        seconds = answer.done - (self.due if first else answer.sent)
        self.session.report(method, f"{self.visitor}: {name}", seconds, len(answer.body), answer.why)
        return answer

    def apply(self, channel: str) -> tuple[str, bool]:
        """Hands an application in; (case, decided by the automatic lane), no case where it was not taken."""
        filled = form(self.session.seed, self.number, self.session.branches, channel)
        answer = self.post(APPLICATIONS, "apply", filled)
        case = str(answer.json().get("case", "")) if answer.ok else ""
        if case:
            self.session.recent.append(case)
        return case, PRODUCTS[filled["product"]].scorecard

    def track(self, case: str, patience_s: int = 0) -> dict[str, Any]:
        """Where a case stands, once it is decided or the customer's patience is over; nothing where that can't be told."""
        prefer = {"Prefer": f"wait={patience_s}"} if patience_s else {}
        answer = self.get(f"{APPLICATIONS}/{case}", "wait for the decision" if patience_s else "track", **prefer)
        shown = answer.json() if answer.ok else {}
        if answer.ok and not shown.get("step"):
            self.session.cell(self.visitor, self.due).counts["stepless"] += 1
        return shown

    def completed(self) -> None:
        """The visit ended as it was meant to."""
        self.session.cell(self.visitor, self.due).counts["completed"] += 1

    def decision(self, shown: Mapping[str, Any]) -> None:
        """Counts what somebody who waited for a decision of the automatic lane was shown."""
        cell = self.session.cell(self.visitor, self.due)
        cell.counts["waited"] += 1
        if shown.get("handler") == AT_A_DESK:
            cell.counts["referred"] += 1
        elif shown.get("step") and shown["step"] not in UNDECIDED:
            cell.counts["decided"] += 1
            cell.time("decision", time.perf_counter() - self.due)


def _count_first(cell: Cell, answer: Answer, due: float) -> None:
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

    def visit(self, visit: Visit) -> None:
        """What he does."""
        raise NotImplementedError

    def can_come(self, endpoints: Mapping[str, Any]) -> bool:
        """Whether a gateway has all that he needs."""
        return all(path_like(endpoints, method, pattern) for method, pattern in self.needs)


def path_like(endpoints: Mapping[str, Any], method: str, pattern: str) -> str:
    """The gateway's path that a pattern describes; nothing where there is none."""
    return next((path for path, of in endpoints.items() if method in of and re.fullmatch(pattern, path)), "")


_TRACKED = (("post", r"/v1/applications"), ("get", r"/v1/applications/\{\w+\}"))


class MobileCustomer(Visitor):
    """Applies on his phone and looks until he is decided."""

    name, weight = "mobile_customer", 6.0
    needs: Sequence[tuple[str, str]] = _TRACKED

    def visit(self, visit: Visit) -> None:
        self.decided(visit)

    def decided(self, visit: Visit) -> str:
        """Applies and waits; the case, where its contract is offered."""
        case, automatic = visit.apply("mobile_bank")
        if not case:
            return ""
        shown = visit.track(case, visit.session.decision_wait_s if automatic else 0)
        if automatic and shown:
            visit.decision(shown)
        if shown.get("step"):
            visit.completed()
        return case if shown.get("step") == "contract" else ""


class SigningCustomer(MobileCustomer):
    """Applies, waits, and signs at once what he is offered."""

    name, weight = "signing_customer", 2.0
    signature = ("post", r"/v1/(applications|contracts)/\{\w+\}(/contract)?/(sign|signature|signatures)")
    needs = (*_TRACKED, signature)

    def visit(self, visit: Visit) -> None:
        case = self.decided(visit)
        if case:
            endpoints = visit.session.endpoints
            path = path_like(endpoints, *self.signature)
            content = example_of(endpoints[path]["post"])
            visit.post(re.sub(r"\{\w+\}", case, path), "sign", content, key="-sign")


def example_of(operation: Mapping[str, Any]) -> Any:
    """The first example that a gateway's document gives for a request's body; an empty object where it gives none."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    named = [one.get("value") for one in content.get("examples", {}).values()]
    schema = content.get("schema", {}).get("examples", [])
    return next(iter([*([content["example"]] if "example" in content else []), *named, *schema]), {})


class CounterClerk(Visitor):
    """Takes a form at the counter and looks once whether it has arrived."""

    name, weight, needs = "counter_clerk", 2.0, _TRACKED

    def visit(self, visit: Visit) -> None:
        case, _ = visit.apply("counter")
        if case and visit.track(case).get("step"):
            visit.completed()


class ThirdParty(Visitor):
    """Another firm's system: hands applications in and is content with the number."""

    name, weight = "third_party", 2.0

    def visit(self, visit: Visit) -> None:
        if visit.apply("third_party")[0]:
            visit.completed()


class Reader(Visitor):
    """Looks at a case of somebody's, or whether the bank is open."""

    name, weight, applies, needs = "reader", 2.0, False, (("get", r"/health"),)

    def visit(self, visit: Visit) -> None:
        recent = visit.session.recent
        if recent and visit.draw.random() < 0.8:
            done = bool(visit.track(visit.draw.choice(recent)).get("step"))
        else:
            done = visit.get("/health", "health").ok
        if done:
            visit.completed()


VISITORS: tuple[Visitor, ...] = (MobileCustomer(), SigningCustomer(), CounterClerk(), ThirdParty(), Reader())


class NobodyComes(ValueError):
    """A mix of visitors that can't be; its text is the one line that says why."""


def mixed(mix: str) -> dict[str, float]:
    """Weights by visitor from ``third_party=3,reader=1``; those named alone come. All with their own weights for nothing."""
    known = {one.name: one.weight for one in VISITORS}
    if not mix.strip():
        return known
    found = {}
    for part in mix.split(","):
        name, _, weight = part.strip().partition("=")
        if name not in known:
            raise NobodyComes(f"mix {part.strip()!r}: there is no visitor {name!r}; there are {', '.join(known)}")
        try:
            found[name] = float(weight or 1)
        except ValueError:
            raise NobodyComes(f"mix {part.strip()!r}: {weight!r} is no weight") from None
        if not 0 <= found[name] < float("inf"):
            raise NobodyComes(f"mix {part.strip()!r}: a weight is 0 or more")
    if not any(found.values()):
        raise NobodyComes(f"mix {mix!r}: at least one visitor needs a weight above 0")
    return found


def comers(mix: str, endpoints: Mapping[str, Any]) -> tuple[list[Visitor], list[float]]:
    """Who comes to a gateway with these endpoints, and their weights. NobodyComes where nobody can."""
    weights = mixed(mix)
    found = [one for one in VISITORS if weights.get(one.name, 0) > 0 and one.can_come(endpoints)]
    if not found:
        raise NobodyComes(f"the gateway has no endpoints for {', '.join(weights)}")
    return found, [weights[one.name] for one in found]


def endpoints_of(client: Client) -> dict[str, Any]:
    """The paths of a gateway's OpenAPI document. NobodyComes where that can't be had."""
    answer = client.get("/openapi.json")
    paths = answer.json().get("paths") if answer.ok else None
    if not isinstance(paths, dict):
        raise NobodyComes(f"/openapi.json: {answer.why or 'no OpenAPI document'}")
    return paths
