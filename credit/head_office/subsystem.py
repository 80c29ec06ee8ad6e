"""Approval at head office (总行审批): the higher nodes, for what the branches pass on (APR-07)."""

from __future__ import annotations

from credit.approval.contract import CustomerListed
from credit.approval.desk import ApprovalDesk
from credit.codes import Node
from credit.head_office.contract import DESK, CaseEscalated, CaseHandled, room
from credit.mail import Outbox
from credit.room import Rows
from credit.subsystem import Takes
from credit.worklists.worklist import takes


class HeadOfficeSubsystem(ApprovalDesk):
    """State: a desk's."""

    room = room
    DESK, NODES = DESK, (Node.RISK_SPECIALIST, Node.FINAL, Node.COMMITTEE, Node.SUPERVISOR)
    HANDLERS = (
        Takes(CustomerListed, "listed"),
        Takes(CaseHandled, "handled"),
        Takes(CaseEscalated, "escalated"),
        *takes(DESK, "desk", "decide"),
    )

    def handled(self, rows: Rows, out: Outbox) -> None:
        """Who has had a hand in a case at the branch does not decide on it here (APR-04)."""
        del out
        self.desk.remember(rows)

    def escalated(self, rows: Rows, out: Outbox) -> None:
        """Cases that the branch passes on come to the next node of their path."""
        self._admit(rows, rows["at"], out)


build = HeadOfficeSubsystem.build
