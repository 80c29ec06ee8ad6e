"""Small builders for tests of the collateral register: a bench that drives the bare subsystem window by window, invariants
checked after each, and one function a fact. Monday 2 March 2026, nine o'clock, is when things begin."""

from __future__ import annotations

import datetime as dt
from typing import Any

from credit.codes import Guarantee, Lane, Verdict
from credit.collateral.contract import DESK, CollateralOffered, Desk, SecuredLoanTold
from credit.collateral.subsystem import CollateralSubsystem
from credit.disbursement.contract import ContractEffective
from credit.mail import Outbox
from credit.numbers import task_of
from credit.policies import Overrides
from credit.room import EventCode, Rows
from credit.staff import StaffRegister
from credit.subsystem import Setting
from credit.times import HOUR_MS, MINUTE_MS, instant
from tests.credit import bench
from tests.rows import sample

MONDAY = instant(dt.date(2026, 3, 2))
NINE = MONDAY + 9 * HOUR_MS
BRANCH = 3
CASE = BRANCH * 10**9 + 1
YUAN = 100
MORTGAGE, WORKING = 3, 5
VALUER, REGISTRAR, CUSTODIAN, BOTH = 3_641, 3_651, 3_661, 3_999
STAFF = StaffRegister.of(
    [
        (VALUER, BRANCH, Desk.COLLATERAL_VALUER),
        (REGISTRAR, BRANCH, Desk.COLLATERAL_REGISTRAR),
        (CUSTODIAN, BRANCH, Desk.COLLATERAL_CUSTODIAN),
    ]
    + [(BOTH, BRANCH, desk) for desk in Desk]
)
"""BOTH has a seat everywhere: only the rule keeps the parts apart."""
HOLDER = (VALUER, REGISTRAR, CUSTODIAN)
Mail = tuple[Any, Rows]


def offered(at: int = NINE, yuan: int = 2_000_000, **columns: Any) -> Mail:
    """A scored mortgage of 1,500,000 that a home is to secure."""
    facts = {
        "customer": 17,
        "party": 7,
        "branch": BRANCH,
        "product": MORTGAGE,
        "amount_fen": 1_500_000 * YUAN,
        "lane": Lane.MANUAL,
    }
    return CollateralOffered, sample(
        CollateralOffered, 1, at=at, case=CASE, collateral_fen=yuan * YUAN, **(facts | columns)
    )


def effective(at: int, yuan: int = 1_500_000, **columns: Any) -> Mail:
    """Its contract takes effect."""
    facts = {"customer": 17, "party": 7, "branch": BRANCH, "product": MORTGAGE, "guarantee": Guarantee.MORTGAGE}
    return ContractEffective, sample(
        ContractEffective, 1, at=at, case=CASE, amount_fen=yuan * YUAN, **(facts | columns)
    )


def told(event: EventCode, at: int, reason: int = 0, place: int = 1) -> Mail:
    """Something became of a loan of the case."""
    return SecuredLoanTold, sample(
        SecuredLoanTold, 1, at=at, case=CASE, loan=CASE * 100 + place, branch=BRANCH, event=event, reason=reason
    )


class Bench(bench.Bench[CollateralSubsystem]):
    """One subsystem, its time, and everything it has sent and logged."""

    def __init__(self, overrides: Overrides | None = None) -> None:
        super().__init__(CollateralSubsystem.build(Setting(overrides, STAFF)), MONDAY)

    def says(self, person: int, yes: bool = True, yuan: int = 0, after_ms: int = 10 * MINUTE_MS) -> Outbox:
        """Somebody decides on the case's last task, a little later."""
        task = task_of(self.row()["case"], self.row()["tasks"])
        opinion = sample(
            DESK.opinion,
            1,
            at=self.now + after_ms,
            case=CASE,
            task=task,
            person=person,
            verdict=Verdict.APPROVE if yes else Verdict.DECLINE,
            value_fen=yuan * YUAN,
        )
        return self.run((DESK.opinion, opinion))

    def valued(self, yuan: int = 2_000_000) -> Outbox:
        self.run(offered())
        return self.says(VALUER, yuan=yuan)

    def in_force(self) -> Bench:
        """Valued, contracted, registered, taken in."""
        self.valued()
        self.run(effective(self.now + HOUR_MS))
        self.says(REGISTRAR)
        self.says(CUSTODIAN)
        return self

    def row(self) -> Any:
        """The case's row of the register."""
        [found] = self.room.register.find([CASE])
        assert found >= 0, "not in the register"
        return self.room.register.take([found])[0]

    @property
    def is_gone(self) -> bool:
        return bool(self.room.register.find([CASE])[0] < 0)


def reasons(out: Outbox, event: EventCode) -> list[int]:
    """Why: the reason of each such event, in order."""
    return list(out.events_of(event)["reason"].tolist())
