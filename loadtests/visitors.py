"""Customers, clerks and other firms' systems, and what each does at the bank. One class a visitor: his weight among all, the
endpoints he needs (he stays away from a gateway that has them not), the posts that he must hold, and his visit."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import gevent

from loadtests.accounts import PARTNER, Accounts
from loadtests.client import Client
from loadtests.forms import form
from loadtests.visits import APPLICATIONS, Visit, Visitor

_TRACKED = (("post", r"/v1/applications"), ("get", r"/v1/applications/\{\w+\}"))
_CONTRACT = r"/v1/applications/\{\w+\}/contract"


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
    """Applies, waits, and at once reads, confirms and signs the contract that he is offered."""

    name, weight = "signing_customer", 2.0
    needs = (*_TRACKED, ("get", _CONTRACT), ("post", _CONTRACT + "/confirmation"), ("post", _CONTRACT + "/signature"))

    def visit(self, visit: Visit) -> None:
        case = self.decided(visit)
        if not case:
            return
        contract = f"{APPLICATIONS}/{case}/contract"
        offered = visit.get(contract, "contract").json()
        which = {name: offered.get(name) for name in ("round", "attempt")}
        confirmed = visit.post(f"{contract}/confirmation", "confirm", which, key=None).json().get("confirmation")
        signature = {"confirmation": confirmed, "mode": offered.get("mode")}
        if confirmed and visit.post(f"{contract}/signature", "sign", signature, key="-sign").ok:
            visit.count("signed")


class CounterClerk(Visitor):
    """Takes a form at the counter of his branch and looks once whether it has arrived."""

    name, weight, needs, posts = "counter_clerk", 2.0, _TRACKED, ("counter_clerk",)
    must_sign_in = False

    def visit(self, visit: Visit) -> None:
        visit.account = visit.session.accounts.one_with(visit.draw, *self.posts)
        case, _ = visit.apply("counter", visit.account.branch)
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
            done = bool(visit.track(visit.draw.choice(recent)["case"]).get("step"))
        else:
            done = visit.get("/health", "health").ok
        if done:
            visit.completed()


class FailingPartner(Visitor):
    """Another firm's system that has gone wrong. It sends what is no JSON, what is no form, a number again for another form, and
    forms that come in drips. The bank has to refuse the first three, and to bear the last."""

    name, weight, applies = "failing_partner", 0.5, False
    REFUSED = (400, 409, 413, 422)
    DRIPS, DRIP_S = 4, 0.5

    def visit(self, visit: Visit) -> None:
        visit.account = visit.session.accounts.system(PARTNER)
        filled = form(visit.session.seed, visit.number, visit.session.branches, "third_party")
        ways = (self.cut_off, self.incomplete, self.mistyped, self.repeated, self.slow)
        if visit.draw.choice(ways)(visit, filled):
            visit.completed()

    def cut_off(self, visit: Visit, filled: dict[str, Any]) -> bool:
        """JSON that ends in the middle."""
        body = json.dumps(filled, ensure_ascii=False).encode()
        return self._refused(visit, "cut off", body[: len(body) // 2])

    def incomplete(self, visit: Visit, filled: dict[str, Any]) -> bool:
        """A form without its amount."""
        return self._refused(visit, "incomplete", json.dumps({**filled, "amount_fen": None}).encode())

    def mistyped(self, visit: Visit, filled: dict[str, Any]) -> bool:
        """A form with words where a number belongs, and a field that nobody knows."""
        return self._refused(visit, "mistyped", json.dumps(filled | {"income_fen": "much", "x": 1}).encode())

    def repeated(self, visit: Visit, filled: dict[str, Any]) -> bool:
        """The same form twice under one number, which is done once, and then another one under it, which is refused."""
        cases = {visit.post(APPLICATIONS, "repeated", filled).json().get("case") for _ in range(2)}
        other = filled | {"amount_fen": filled["amount_fen"] + 100_000}
        again = visit.post(APPLICATIONS, "number of another form", other, expected=self.REFUSED)
        return len(cases) == 1 and None not in cases and again.status in self.REFUSED

    def slow(self, visit: Visit, filled: dict[str, Any]) -> bool:
        """A form that comes in drips."""
        body = json.dumps(filled, ensure_ascii=False).encode()
        size = -(-len(body) // self.DRIPS)

        def drips() -> Iterable[bytes]:
            for begin in range(0, len(body), size):
                gevent.sleep(self.DRIP_S)
                yield body[begin : begin + size]

        return visit.post_raw(APPLICATIONS, "in drips", drips).ok

    def _refused(self, visit: Visit, name: str, body: bytes) -> bool:
        return visit.post_raw(APPLICATIONS, name, body, expected=self.REFUSED).status in self.REFUSED


# staff ----------------------------------------------------------------------------------------------------------------


class DeskWorker(Visitor):
    """Somebody at a desk: looks at his worklist, takes a task up, and decides it. Others do so at the same time, so a task that
    was there may be gone; and who has acted on a case before is not given it again (APR-04)."""

    applies, must_sign_in = False, True
    needs = (("get", r"/v1/tasks"), *(("post", rf"/v1/tasks/\{{\w+\}}/{act}") for act in ("claim", "decision")))
    TASKS = 20
    """The most urgent ones, of which he takes one."""
    NOT_MINE = (404, 409, 422)
    TRIES = 3

    def __init__(self, name: str, weight: float, desks: Sequence[str], says: Sequence[Mapping[str, Any]]) -> None:
        self.name, self.weight, self.posts, self.desks, self.says = name, weight, (name,), desks, says

    def visit(self, visit: Visit) -> None:
        visit.account = visit.session.accounts.one_with(visit.draw, *self.posts)
        waiting: list[str] = []
        for desk in self.desks:  # he has a seat at one of them
            answer = visit.get(f"/v1/tasks?desk={desk}&state=waiting&limit={self.TASKS}", "worklist")
            if not answer.ok:
                return
            waiting += [str(one.get("task")) for one in answer.json().get("tasks", ())]
        visit.draw.shuffle(waiting)
        for nth, task in enumerate(waiting[: self.TRIES]):
            claimed = visit.post(f"/v1/tasks/{task}/claim", "claim", {}, f"-claim{nth}", self.NOT_MINE)
            if claimed.status in self.NOT_MINE:
                continue
            said = visit.draw.choice(self.says)
            if claimed.ok and visit.post(f"/v1/tasks/{task}/decision", "decide", said, "-decide").ok:
                visit.count("worked")
                visit.completed()
            return
        visit.completed()


_MOSTLY_YES = [{"verdict": "approve"}] * 4 + [{"verdict": "decline"}]
_WRITTEN = {"opinion": "资料齐全，已核实。", "background": "经营正常。", "finance": "负债率合理。"}
_OPINIONS = [one | _WRITTEN for one in _MOSTLY_YES]
_CONTACTS = [{"outcome": "unable"}, {"outcome": "lost"}, {"outcome": "none"}]
_NEW_TERMS = [{"verdict": "approve", "ground": "cash_short", "measure": "extension", "months": 6}]
DESKS = (
    DeskWorker("initial_approver", 1.0, ("initial_approver",), _OPINIONS),
    DeskWorker("re_reviewer", 0.5, ("re_reviewer",), _OPINIONS),
    DeskWorker("branch_risk_director", 0.2, ("branch_risk_director",), _MOSTLY_YES),
    DeskWorker("final_approver", 0.2, ("final_approver",), _OPINIONS),
    DeskWorker("risk_specialist", 0.2, ("risk_specialist",), _OPINIONS),
    DeskWorker("approval_supervisor", 0.1, ("approval_supervisor",), _OPINIONS),
    DeskWorker("committee_member", 0.1, ("committee",), _OPINIONS),
    DeskWorker("disbursement_operator", 0.5, ("disbursement_operator",), [{"verdict": "approve"}]),
    DeskWorker("disbursement_reviewer", 0.5, ("disbursement_reviewer",), [{"verdict": "approve"}]),
    DeskWorker("use_verifier", 0.2, ("use_verifier",), [{"verdict": "approve"}]),
    DeskWorker("head_office_risk", 0.1, ("head_office_risk",), _MOSTLY_YES),
    DeskWorker("finance_officer", 0.1, ("finance",), _MOSTLY_YES),
    DeskWorker("collector", 0.5, ("collector_early", "collector_middle", "collector_long"), _CONTACTS),
    DeskWorker("fraud_investigator", 0.2, ("fraud_investigator",), _MOSTLY_YES),
    DeskWorker("collateral_valuer", 0.2, ("collateral_valuer",), [{"verdict": "approve", "value_fen": 100_000_000}]),
    DeskWorker("collateral_registrar", 0.2, ("collateral_registrar",), [{"verdict": "approve"}]),
    DeskWorker("collateral_custodian", 0.2, ("collateral_custodian",), [{"verdict": "approve"}]),
    DeskWorker("customer_manager", 0.5, ("customer_manager",), [{"verdict": "approve", "findings": []}]),
    DeskWorker("post_loan_reviewer", 0.2, ("post_loan_reviewer",), [{"verdict": "approve"}]),
    DeskWorker("restructuring_specialist", 0.1, ("restructuring_specialist", "restructured_inspector"), _NEW_TERMS),
    DeskWorker("restructuring_approver", 0.1, ("restructuring_approver",), _MOSTLY_YES),
    DeskWorker("restructuring_head", 0.1, ("restructuring_head",), _MOSTLY_YES),
    DeskWorker(
        "repayment_clerk", 0.2, ("repayment_clerk",), [{"follow_up": "debit_again"}, {"follow_up": "hand_over"}]
    ),
)
"""Staff by their posts; a test holds posts and desks against the bank's own."""
VISITORS: tuple[Visitor, ...] = (
    MobileCustomer(), SigningCustomer(), CounterClerk(), ThirdParty(), Reader(), FailingPartner(), *DESKS,
)  # fmt: skip


APPLICANTS = "applicants"
"""The mix in which every visit is an application."""


class NobodyComes(ValueError):
    """A mix of visitors that can't be; its text is the one line that says why."""


def mixed(mix: str) -> dict[str, float]:
    """Weights by visitor from ``third_party=3,reader=1``; those named alone come. All with their own weights for
    nothing, all who apply for `APPLICANTS`."""
    known = {one.name: one.weight for one in VISITORS}
    if not mix.strip():
        return known
    if mix == APPLICANTS:
        return {one.name: one.weight for one in VISITORS if one.applies}
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


def comers(mix: str, endpoints: Mapping[str, Any], accounts: Accounts) -> tuple[list[Visitor], list[float]]:
    """Who comes to a gateway with these endpoints, and their weights. NobodyComes where nobody can."""
    weights = mixed(mix)
    found = [one for one in VISITORS if weights.get(one.name, 0) > 0 and one.can_come(endpoints, accounts)]
    if not found:
        raise NobodyComes(f"the gateway has no endpoints for {', '.join(weights)}, or they have no accounts")
    return found, [weights[one.name] for one in found]


def endpoints_of(client: Client) -> dict[str, Any]:
    """The paths of a gateway's OpenAPI document. NobodyComes where that can't be had."""
    answer = client.get("/openapi.json")
    paths = answer.json().get("paths") if answer.ok else None
    if not isinstance(paths, dict):
        raise NobodyComes(f"/openapi.json: {answer.why or 'no OpenAPI document'}")
    return paths
