"""States of a case in approval, and the moves between them, as one table (APR-01, APR-05). Its rule: what isn't listed can't
happen.

    ┌───────────┐ scored, automatic ┌──────────┐
    │  RECEIVED ├──────────────────►│ DECIDING ├──► APPROVED | DECLINED
    └─┬───────┬─┘                   └──────────┘
      │       │ scored, manual      ┌──────────┐  opinion, nodes left: to the next node
      │       └────────────────────►│ AT_NODE  ├──┐
      ▼                             │          │◄─┘
    DECLINED                        └─┬──────┬─┘──► APPROVED | DECLINED
                                      └──────┴────► PASSED_ON (the next node is head office's)
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from credit.approval.contract import ApprovalOpinion, ApprovalTask
from credit.codes import Node
from credit.head_office.contract import HeadOfficeOpinion, HeadOfficeTask
from credit.room import Kind


class CaseState(IntEnum):
    """Where a case stands. Only DECIDING and AT_NODE are kept; the rest is final here or lasts no time."""

    RECEIVED = 1
    DECIDING = 2
    AT_NODE = 3
    APPROVED = 4
    DECLINED = 5
    PASSED_ON = 6


MOVES: dict[CaseState, tuple[CaseState, ...]] = {
    CaseState.RECEIVED: (CaseState.DECIDING, CaseState.AT_NODE, CaseState.DECLINED),
    CaseState.DECIDING: (CaseState.APPROVED, CaseState.DECLINED),
    CaseState.AT_NODE: (CaseState.AT_NODE, CaseState.APPROVED, CaseState.DECLINED, CaseState.PASSED_ON),
    CaseState.APPROVED: (),
    CaseState.DECLINED: (),
    CaseState.PASSED_ON: (),
}


@dataclass(frozen=True)
class DeskKinds:
    """The messages of one desk, and the nodes it serves."""

    task: Kind
    opinion: Kind
    nodes: tuple[Node, ...]


DESKS: dict[str, DeskKinds] = {
    "approval": DeskKinds(ApprovalTask, ApprovalOpinion, (Node.INITIAL, Node.RE_REVIEW)),
    "head_office": DeskKinds(HeadOfficeTask, HeadOfficeOpinion, (Node.RISK_SPECIALIST, Node.FINAL, Node.COMMITTEE)),
}
