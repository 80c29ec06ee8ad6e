"""The core terms of lending (PRD-02) as data: what each means here, and which events of a case or loan make it so. `lendrill
terms` and the report say them and count them; the days of a default are the policy's."""

from __future__ import annotations

from typing import Literal, NamedTuple

from credit.approval.contract import Event as ApprovalEvent
from credit.policies.loading import Overrides, load
from credit.policies.repayment import RepaymentPolicy
from credit.repayment.contract import Event as RepaymentEvent
from credit.room import EventCode, Words
from credit.scoring.contract import Event as ScoringEvent


class Term(NamedTuple):
    """A term: it holds of every case or loan (`of`) to which all of `events` have happened."""

    key: str
    words: Words
    means: Words
    of: Literal["case", "loan"]
    events: tuple[EventCode, ...]


_TERMS = (
    Term(
        "credit_grant",
        ("credit grant", "授信"),
        ("A credit evaluation and an approved limit: scored, then approved.", "信用评估加核定额度：先评分，后批准。"),
        "case",
        (ScoringEvent.APPLICATION_SCORED, ApprovalEvent.APPLICATION_APPROVED),
    ),
    Term(
        "limit",
        ("limit", "额度"),
        (
            "The most that may be used at a time: the amount approved; what is repaid of a revolving one may be used again.",
            "客户同一时点最多可用的金额，即批准金额；循环额度还款后可再用。",
        ),
        "case",
        (ApprovalEvent.APPLICATION_APPROVED,),
    ),
    Term(
        "overdue",
        ("overdue", "逾期"),
        (
            "Not repaid on the agreed date: from the day after the due day until nothing is owed.",
            "未在约定日期还款：自到期日次日起，至全部结清欠款为止。",
        ),
        "loan",
        (RepaymentEvent.OVERDUE_STARTED,),
    ),
    Term(
        "default",
        ("default", "违约"),
        (
            "The duty to repay is not met: more than {days} days past due, or on clear evidence that it never will be.",
            "未履行还款义务：逾期超过{days}天，或有明显证据表明无法足额收回。",
        ),
        "loan",
        (RepaymentEvent.NPL_MARKED,),
    ),
)


def terms(policies: Overrides | None = None) -> list[Term]:
    """The terms, with the days of a bank's own policies (`policies`: its changes to the packaged ones)."""
    days = load("repayment", RepaymentPolicy, policies).non_performing_dpd
    return [one._replace(means=(one.means[0].format(days=days), one.means[1].format(days=days))) for one in _TERMS]
