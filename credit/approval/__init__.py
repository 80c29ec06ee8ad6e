"""Approval (审批): branch desk and head office desk."""

from credit.approval.deadlines import WorkingTime
from credit.approval.states import CaseState, Cause
from credit.approval.subsystem import ApprovalSubsystem
from credit.approval.trail import Opinion, trail

__all__ = ["ApprovalSubsystem", "CaseState", "Cause", "Opinion", "WorkingTime", "trail"]
