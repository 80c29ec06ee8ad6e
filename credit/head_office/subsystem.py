"""Approval at head office (总行审批): the higher nodes, for what the branches pass on (APR-07)."""

from __future__ import annotations

from credit.approval.contract import AppointDeputy
from credit.approval.desk import ApprovalDesk
from credit.codes import Node
from credit.head_office.contract import CaseEscalated, HeadOfficeOpinion, HeadOfficeTask, room
from credit.mail import Outbox
from credit.room import Rows
from credit.subsystem import Takes, Together


class HeadOfficeSubsystem(ApprovalDesk):
    """State: a desk's."""

    room = room
    TASK, OPINION, NODES = HeadOfficeTask, HeadOfficeOpinion, (Node.RISK_SPECIALIST, Node.FINAL, Node.COMMITTEE)
    HANDLERS = (
        Takes(AppointDeputy, "appoint"),
        Takes(CaseEscalated, "escalated"),
        Together("case", (Takes(HeadOfficeOpinion, "decide"),)),
    )

    def escalated(self, rows: Rows, out: Outbox) -> None:
        """Cases that the branch passes on come to the next node of their path."""
        self._enter(rows.copy(), rows["at"], out)


build = HeadOfficeSubsystem.build
