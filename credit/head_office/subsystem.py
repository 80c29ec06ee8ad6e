"""Head office's approval desk."""

from __future__ import annotations

from credit.approval.subsystem import ApprovalSubsystem
from credit.subsystem import Setting


def build(setting: Setting) -> ApprovalSubsystem:
    """The room under a setting."""
    return ApprovalSubsystem.build("head_office", setting.register, setting.overrides)
