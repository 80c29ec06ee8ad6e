"""Small builders for disbursement tests: a bench that drives the bare subsystem window by window, invariants checked after each,
and one function a fact. The contracts are of all five products; Monday 2 March 2026, nine o'clock, is when they take effect."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from credit.codes import Consent, Grade, Guarantee, Lane, Material, Method, Segment, Status, Verdict
from credit.disbursement.contract import (
    DESK,
    ConditionFulfilled,
    ContractEffective,
    Desk,
    DrawdownRequested,
    Event,
    GuaranteeReported,
    LimitReleased,
    PaymentInstruction,
    PaymentResult,
    RestrictLimit,
    UseEvidenceFiled,
)
from credit.disbursement.subsystem import DisbursementSubsystem
from credit.mail import Inbox, Outbox
from credit.numbers import task_of
from credit.policies import Overrides
from credit.room import EVENTS, EventCode, Kind, Rows
from credit.staff import ADMINISTRATOR_DESK, StaffRegister
from credit.subsystem import Setting, Window
from credit.times import DAY_MS, HOUR_MS, MINUTE_MS, instant
from tests.rows import sample

MONDAY = instant(dt.date(2026, 3, 2))
NINE = MONDAY + 9 * HOUR_MS
BRANCH = 3
CASE = BRANCH * 10**9 + 1
LOAN = CASE * 100 + 1
YUAN = 100
OWN, PAYEE = 6217_0000_0000_0001, 6222_0000_0000_0002
"""An account of this bank, and a seller's account at another."""
CONSUMER, CARD, MORTGAGE, MICRO, WORKING = range(1, 6)
OPERATOR, SECOND, REVIEWER, VERIFIER, OTHER_BRANCH, ADMINISTRATOR = 3_101, 3_102, 3_201, 3_301, 4_201, 9
_SEATS = ((Desk.DISBURSEMENT_OPERATOR, (OPERATOR, SECOND)), (Desk.DISBURSEMENT_REVIEWER, (OPERATOR, REVIEWER)))
STAFF = StaffRegister.of(
    [(person, BRANCH, desk) for desk, people in _SEATS for person in people]
    + [(VERIFIER, BRANCH, Desk.USE_VERIFIER), (OTHER_BRANCH, 4, Desk.DISBURSEMENT_REVIEWER)]
    + [(ADMINISTRATOR, 0, ADMINISTRATOR_DESK)]
)
"""OPERATOR holds the reviewer's seat too: only the rule keeps the two apart."""
HOLDER = {Desk.DISBURSEMENT_OPERATOR: OPERATOR, Desk.DISBURSEMENT_REVIEWER: REVIEWER, Desk.USE_VERIFIER: VERIFIER}

_KNOWN: dict[int, dict[str, Any]] = {
    CONSUMER: {"amount_fen": 50_000 * YUAN, "guarantee": Guarantee.CREDIT, "lane": Lane.AUTOMATIC, "term_months": 12},
    CARD: {"amount_fen": 8_000 * YUAN, "guarantee": Guarantee.CREDIT, "lane": Lane.AUTOMATIC, "term_months": 6},
    MORTGAGE: {
        "amount_fen": 900_000 * YUAN,
        "guarantee": Guarantee.MORTGAGE,
        "collateral_fen": 1_500_000 * YUAN,
        "documents": Material.PROPERTY_CERTIFICATE,
        "term_months": 240,
        "payee_account": PAYEE,
    },
    MICRO: {
        "amount_fen": 250_000 * YUAN,
        "guarantee": Guarantee.DOCUMENT,
        "documents": Material.LEASE_CONTRACT,
        "segment": Segment.MICRO,
        "term_months": 24,
        "payee_account": PAYEE,
    },
    WORKING: {
        "amount_fen": 5_000_000 * YUAN,
        "guarantee": Guarantee.GUARANTOR,
        "segment": Segment.ENTERPRISE,
        "term_months": 12,
        "method": Method.INTEREST_FIRST,
        "payee_account": PAYEE,
    },
}

Mail = tuple[Kind, Rows]


def contract(product: int = CONSUMER, case: int = CASE, at: int = NINE, **columns: Any) -> Mail:
    """A contract as it takes effect: of an ordinary customer, its approval valid for thirty days."""
    facts = {
        "customer": case,
        "party": 7,
        "branch": case // 10**9,
        "segment": Segment.INDIVIDUAL,
        "product": product,
        "method": Method.EQUAL_INSTALMENT,
        "consent": Consent.AUTO_DEBIT,
        "account": OWN,
        "grade": Grade.GOOD,
        "lane": Lane.MANUAL,
        "rate_ppm": 60_000,
        "valid_until": at + 30 * DAY_MS,
        "signed_at": at,
    }
    return ContractEffective, sample(ContractEffective, 1, at=at, case=case, **(facts | _KNOWN[product] | columns))


def opinion(
    desk: Desk,
    at: int,
    verdict: int = Verdict.APPROVE,
    *,
    person: int = 0,
    loan: int = LOAN,
    attempt: int = 1,
    on_behalf_of: int = 0,
) -> Mail:
    """What somebody says at a desk, by default the one who holds it, on the payment's task number `attempt`."""
    return DESK.opinion, sample(
        DESK.opinion,
        1,
        at=at,
        loan=loan,
        task=task_of(loan, attempt),
        person=person or HOLDER[desk],
        verdict=verdict,
        on_behalf_of=on_behalf_of,
    )


def initiated(at: int, attempt: int = 1, **how: Any) -> Mail:
    return opinion(Desk.DISBURSEMENT_OPERATOR, at, attempt=attempt, **how)


def reviewed(at: int, attempt: int = 2, **how: Any) -> Mail:
    return opinion(Desk.DISBURSEMENT_REVIEWER, at, attempt=attempt, **how)


def result(instruction: Rows, after_ms: int = MINUTE_MS, **columns: Any) -> Mail:
    """Core banking's answer to one `PaymentInstruction`, by default that all went well a minute later."""
    row = instruction[-1:]
    facts = {"at": row["at"] + after_ms, "status": Status.OK}
    return PaymentResult, sample(PaymentResult, source=row, **(facts | columns))


def drawdown(
    at: int,
    yuan: int,
    *,
    case: int = CASE,
    months: int = 6,
    request: int = 1,
    purpose: str = "支付货款",
    payee: int = PAYEE,
) -> Mail:
    about = {"case": case, "amount_fen": yuan * YUAN, "term_months": months, "number": request}
    return DrawdownRequested, sample(DrawdownRequested, 1, at=at, purpose=purpose, payee_account=payee, **about)


def released(at: int, yuan: int, *, loan: int = LOAN, case: int = CASE) -> Mail:
    return LimitReleased, sample(LimitReleased, 1, at=at, case=case, loan=loan, principal_fen=yuan * YUAN)


def restricted(at: int, on: bool = True, case: int = CASE, operator: int = ADMINISTRATOR) -> Mail:
    return RestrictLimit, sample(RestrictLimit, 1, at=at, case=case, restricted=on, operator=operator)


def fulfilled(at: int, conditions: int, case: int = CASE) -> Mail:
    return ConditionFulfilled, sample(ConditionFulfilled, 1, at=at, case=case, conditions=conditions)


def guaranteed(at: int, in_place: bool = True, case: int = CASE) -> Mail:
    return GuaranteeReported, sample(GuaranteeReported, 1, at=at, case=case, in_place=in_place)


def evidence(at: int, loan: int = LOAN) -> Mail:
    return UseEvidenceFiled, sample(UseEvidenceFiled, 1, at=at, loan=loan, genuine=1)


WITHOUT_FORMALITIES: Overrides = {"collateral": {"formalities": []}}
"""Guarantees count as soon as the contract does; `test_guarantees` has those that take formalities."""


class Bench:
    """One subsystem, its time, and everything it has sent and logged. Each `run` is one window from where the last ended."""

    def __init__(self, overrides: Overrides | None = None, start: int = MONDAY) -> None:
        self.bank = DisbursementSubsystem.build(Setting(WITHOUT_FORMALITIES | (overrides or {}), STAFF))
        self.now, self.number = start, 0
        self.all = Outbox()

    def run(self, *mail: Mail, until: int | None = None) -> Outbox:
        """A window up to `until`, by default just past the last of the mail; invariants must hold at its end."""
        last = max([int(rows["at"].max()) for _, rows in mail], default=self.now)
        end = until if until is not None else last + 1
        assert end > self.now, "that window is over"
        window, out = Window(self.number, self.now, end), Outbox()
        self.bank.open(window, out)
        self.bank.apply(Inbox.of(*mail), window, out)
        self.bank.close(window, out)
        self.now, self.number = end, self.number + 1
        self._keep(out)
        found = self.bank.check()
        assert found == [], found[0]
        return out

    def steps(self, *mail: Mail) -> Outbox:
        """One window a piece of mail; what the last brought."""
        out = Outbox()
        for one in mail:
            out = self.run(one)
        return out

    def begun(self, product: int, **columns: Any) -> Bench:
        """With one contract that has taken effect."""
        self.run(contract(product, **columns))
        return self

    def instructed(self, product: int = CONSUMER, **columns: Any) -> Rows:
        """A contract is paid through both desks, at 9:10 and 9:20; returns the instruction that leaves at once."""
        self.begun(product, **({"lane": Lane.MANUAL} | columns))
        out = self.steps(initiated(NINE + 10 * MINUTE_MS), reviewed(NINE + 20 * MINUTE_MS))
        return out.take(PaymentInstruction)

    def pays(self, at: int, loan: int, task: int = 1) -> Outbox:
        """A payment's way from the operator's desk at `at` to its arrival, a quarter of an hour in all."""
        self.steps(initiated(at, task, loan=loan), reviewed(at + 5 * MINUTE_MS, task + 1, loan=loan))
        order = self.all.take(PaymentInstruction)
        order = order[order["loan"] == loan]
        return self.run(result(order, 10 * MINUTE_MS))

    def _keep(self, out: Outbox) -> None:
        for number, parts in out.mail.items():
            self.all.mail.setdefault(number, []).extend(parts)
        self.all.events += out.events

    def payment(self, column: str, loan: int = LOAN) -> int:
        """A column of a payment under way; AssertionError when there is none."""
        table = self.bank.payments.table
        [row] = table.find([loan])
        assert row >= 0, f"loan {loan} has no payment under way"
        return int(table[column][row])

    def facility(self, column: str, case: int = CASE) -> int:
        table = self.bank.facilities.table
        [row] = table.find([case])
        assert row >= 0, f"case {case} has no facility"
        return int(table[column][row])


def reasons(out: Outbox, event: EventCode) -> list[int]:
    """Why: the reason of each such event, in order."""
    return list(out.events_of(event)["reason"].tolist())


def times(out: Outbox, event: EventCode) -> list[int]:
    return list(out.events_of(event)["at"].tolist())


def desks(out: Outbox) -> list[int]:
    """The desks that were asked, in order of time."""
    return list(out.take(DESK.task)["desk"].tolist())


def story(out: Outbox, loan: int = LOAN) -> list[EventCode]:
    """What happened to a loan, in order of time."""
    rows = np.concatenate(out.events)
    rows = rows[rows["loan"] == loan]
    return [EVENTS[int(row["event"])] for row in rows[np.argsort(rows["at"], kind="stable")]]


def transactions(out: Outbox, loan: int = LOAN) -> set[int]:
    """Every transaction number that any event of a loan carries; the last names the account instead (DIS-10)."""
    rows = np.concatenate(out.events)
    return set(rows["value"][(rows["loan"] == loan) & (rows["event"] != Event.LOAN_DISBURSED)].tolist())
