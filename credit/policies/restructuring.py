"""Restructuring policy (重组政策): who may ask for other terms and with what proof, who approves them, and how long restructured
loans are observed (REP-13, NPL-11, NPL-12)."""

from __future__ import annotations

from pydantic import Field, model_validator

from credit.codes import Material
from credit.policies.base import Minute, PolicyModel, Yuan


class RestructuringPolicy(PolicyModel):
    """All that the restructuring room decides by."""

    proofs: list[str] = Field(min_length=1)
    """Materials of which a customer who asks for other terms shows one at least."""
    months_max: int = Field(ge=1, le=480)
    """The longest term, or lengthening of one, that may be proposed."""
    proposal_workdays: int = Field(ge=1, le=90)
    """A case for which nobody has proposed terms is urged at the close of the so-manieth workday."""
    approval_workdays: int = Field(ge=1, le=90)
    """A proposal that nobody has decided on is urged at the close of the so-manieth workday."""
    head_office_from: Yuan
    """Principal from which head office approves after the branch."""
    sign_days: int = Field(ge=1, le=366)
    """How long approved terms may be signed."""
    retry_days: int = Field(ge=1, le=3_650)
    """Days after a case that came to nothing before the loan may be referred again."""
    inspection_workdays: int = Field(ge=1, le=60)
    """A monthly inspection that nobody has done is urged at the close of the so-manieth workday."""
    closing_minute: Minute
    """Close of business."""
    observed_months: int = Field(ge=12, le=120)
    """How long a restructured loan is observed (观察期), from its first payment under the new terms or its last default."""

    @model_validator(mode="after")
    def _known(self) -> RestructuringPolicy:
        for name in self.proofs:
            if name.upper() not in Material.__members__:
                known = ", ".join(one.lower() for one in Material.__members__)
                raise ValueError(f"proofs: {name!r} is no material; known: {known}")
        return self

    @property
    def proof_bits(self) -> int:
        """The materials as bits."""
        return sum(Material[name.upper()] for name in self.proofs)
