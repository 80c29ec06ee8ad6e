"""Small builders of approval's mail, so that each test says only what it is about."""

from __future__ import annotations

import datetime as dt
from typing import Any

from credit.approval.contract import DESK, ApplicationScored, ContractWithdrawn, Desk
from credit.approval.desk import ApprovalDesk
from credit.approval.subsystem import ApprovalSubsystem
from credit.codes import Consent, Grade, Guarantee, Lane, Method, Node, Segment, Verdict
from credit.disbursement.contract import Desk as DisbursementDesk
from credit.head_office.contract import DESK as HEAD_OFFICE_DESK
from credit.head_office.contract import CaseEscalated
from credit.head_office.contract import Desk as HeadOfficeDesk
from credit.mail import Inbox, Outbox
from credit.numbers import task_of
from credit.policies import Overrides
from credit.room import Kind, Rows
from credit.staff import StaffRegister
from credit.subsystem import Setting, Window
from credit.times import DAY_MS, HOUR_MS, instant
from tests.rows import sample

MONDAY = dt.date(2026, 3, 2)
NINE = instant(MONDAY, 9)
CASE = 1 * 10**9 + 1
YUAN = 100
INITIAL, SECOND_INITIAL, RE_REVIEWER, CLERK = 1001, 1002, 1201, 1900
RISK, FINAL, SECOND_FINAL, CHAIR, ADMINISTRATOR = 300, 200, 201, 250, 999
FOREIGN_INITIAL = 2001
WRITTEN = {"opinion": "还款来源稳定，同意。", "background": "经营正常。", "finance": "负债率合理。"}
CONSUMER, CARD, MORTGAGE, MICRO, WORKING_CAPITAL = 1, 2, 3, 4, 5


def register() -> StaffRegister:
    return StaffRegister.of(
        [
            (INITIAL, 1, Desk.INITIAL_APPROVER),
            (SECOND_INITIAL, 1, Desk.INITIAL_APPROVER),
            (INITIAL, 1, Desk.RE_REVIEWER),  # holds both desks: only the dual-person rule stops him
            (RE_REVIEWER, 1, Desk.RE_REVIEWER),
            (CLERK, 1, DisbursementDesk.DISBURSEMENT_OPERATOR),
            (FOREIGN_INITIAL, 2, Desk.INITIAL_APPROVER),
            (RISK, 0, HeadOfficeDesk.RISK_SPECIALIST),
            (FINAL, 0, HeadOfficeDesk.FINAL_APPROVER),
            (SECOND_FINAL, 0, HeadOfficeDesk.FINAL_APPROVER),
            (CHAIR, 0, HeadOfficeDesk.COMMITTEE),
            (ADMINISTRATOR, 0, HeadOfficeDesk.ADMINISTRATOR),
        ]
    )


def desk(of: type[ApprovalDesk] = ApprovalSubsystem, overrides: Overrides | None = None) -> ApprovalDesk:
    return of.build(Setting(overrides, register()))


def day_window(number: int = 0, day: dt.date = MONDAY) -> Window:
    start = instant(day) + number * DAY_MS
    return Window(number, start, start + DAY_MS)


def scored(case: int = CASE, at: int = NINE, **columns: Any) -> Rows:
    """A good consumer application for 50,000 yuan in the automatic lane."""
    facts: dict[str, Any] = {
        "customer": case,
        "party": 7,
        "branch": case // 10**9,
        "channel": 2,
        "segment": Segment.INDIVIDUAL,
        "product": CONSUMER,
        "amount_fen": 50_000 * YUAN,
        "term_months": 12,
        "method": Method.EQUAL_INSTALMENT,
        "purpose": 1,
        "age": 35,
        "income_fen": 18_000 * YUAN,
        "employment_months": 60,
        "documents": 39,
        "consent": Consent.BUREAU,
        "account": 6217_0000_0000_0000,
        "score": 82,
        "grade": Grade.GOOD,
        "pd_ppm": 12_000,
        "lane": Lane.AUTOMATIC,
        "verified_income_fen": 18_000 * YUAN,
    }
    return sample(ApplicationScored, 1, at=at, case=case, **(facts | columns))


def manual(case: int = CASE, at: int = NINE, **columns: Any) -> Rows:
    """The same application, for people to decide."""
    return scored(case, at, **({"lane": Lane.MANUAL} | columns))


def micro(case: int = CASE, at: int = NINE, **columns: Any) -> Rows:
    facts: dict[str, Any] = {
        "product": MICRO,
        "segment": Segment.MICRO,
        "amount_fen": 600_000 * YUAN,
        "term_months": 24,
        "income_fen": 320_000 * YUAN,
        "verified_income_fen": 300_000 * YUAN,
        "lane": Lane.MANUAL,
    }
    return scored(case, at, **(facts | columns))


def opinion(person: int, node: Node, at: int, case: int = CASE, **columns: Any) -> tuple[Kind, Rows]:
    """A person's approval of a case's task at a node, unless another verdict is given."""
    kind = (DESK if node <= Node.RE_REVIEW else HEAD_OFFICE_DESK).opinion
    facts: dict[str, Any] = {"verdict": Verdict.APPROVE, "task": task_of(case, node), **WRITTEN}
    return kind, sample(kind, 1, at=at, case=case, person=person, **(facts | columns))


def escalated(path: list[Node], at: int = NINE, case: int = CASE, previous: int = RE_REVIEWER, **columns: Any) -> Rows:
    """A case that comes to head office with the nodes it is still to pass."""
    bits = sum(1 << node for node in path)
    return sample(CaseEscalated, source=manual(case, at, **columns), path=bits, previous=previous)


def withdrawn(amount: int, previous: int, at: int = NINE, **columns: Any) -> Rows:
    return sample(
        ContractWithdrawn,
        source=scored(at=at),
        amount_fen=amount * YUAN,
        previous_fen=previous * YUAN,
        rate_ppm=60_000,
        guarantee=Guarantee.CREDIT,
        **columns,
    )


def run(subsystem: ApprovalDesk, *mail: tuple[Kind, Rows], window: Window | None = None) -> Outbox:
    """One whole window; invariants must hold at its end."""
    span, out = window or day_window(), Outbox()
    subsystem.open(span, out)
    subsystem.apply(Inbox.of(*mail), span, out)
    subsystem.close(span, out)
    assert subsystem.check() == []
    return out


def hours(count: int) -> int:
    return count * HOUR_MS
