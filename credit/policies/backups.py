"""Policy on backups (备份政策): how often they are made (DR-01 to DR-04), and how many are kept."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from credit.policies.base import LIVE, Minute, PolicyModel, ReadBy


class BackupPolicy(PolicyModel):
    """When a live bank is backed up, and what is kept."""

    read_by: ClassVar[ReadBy | None] = LIVE

    incremental_minutes: int = Field(ge=1, le=1_440)
    """Between incremental backups (DR-01); what is done between two can be lost with all sites (RPO)."""
    full_from_minute: Minute
    """The day's full backup is made from then on, in the small hours (DR-02)."""
    log_minutes: int = Field(ge=1, le=1_440)
    """Between backups of system logs and operation records (DR-04)."""
    key_seconds: int = Field(ge=1, le=3_600)
    """[seconds] Between looks for a change of key data (DR-03)."""
    key_cost_times: int = Field(ge=1, le=1_000)
    """[times] Key data that changes all the time is backed up no sooner than so many times what its last backup took."""
    fulls_kept: int = Field(ge=1, le=1_000)
    """[full backups] That are kept, with all that was made since the oldest of them."""
    retry_minutes: int = Field(ge=1, le=1_440)
    """Until a backup that failed is tried again."""
