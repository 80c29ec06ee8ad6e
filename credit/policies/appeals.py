"""Appeals policy (名单申诉政策): how long an appeal may take, and how long one is taken (EXT-09)."""

from __future__ import annotations

from pydantic import Field

from credit.policies.base import PolicyModel


class AppealPolicy(PolicyModel):
    """All that the room of appeals decides by."""

    limit_days: int = Field(ge=1, le=60)
    """Until an appeal is answered; a review that takes longer is urged."""
    again_days: int = Field(ge=1, le=365)
    """After a decision, within which it can be looked at once more (再次复核)."""
    again_limit_days: int = Field(ge=1, le=60)
    """Until such a second appeal is answered."""
    open_days: int = Field(ge=30, le=3_650)
    """After an application was stopped, within which that can be appealed against; so long a removed entry is shown as well."""
    opinion_min: int = Field(ge=1, le=50)
    """[characters] The shortest opinion with which an appeal is decided."""
