"""How the fields of people's decisions are written over HTTP, where they are no plain numbers."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from actors.gateway.coded import ByName
from actors.gateway.models import AccountNumber, Date, MaterialName, VerdictName
from credit.codes import ContactOutcome, Finding, Material
from credit.codes_trouble import Hardship, Measure
from credit.due_diligence.findings import Concern
from credit.repayment.contract import FollowUp
from credit.restructuring.contract import Finding as Observed

Written = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
WRITTEN = ("opinion", "background", "finance")
FIELDS: dict[str, tuple[Any, Any]] = {
    "verdict": (VerdictName | None, None),
    "outcome": (Annotated[ContactOutcome, ByName(ContactOutcome)] | None, None),
    "promise_day": (Date | None, None),
    "ground": (Annotated[Hardship, ByName(Hardship)] | None, None),
    "measure": (Annotated[Measure, ByName(Measure)] | None, None),
    "finding": (Annotated[Observed, ByName(Observed)] | None, None),
    "findings": (Annotated[list[Annotated[Finding, ByName(Finding)]], Field(max_length=len(Finding))] | None, None),
    "concerns": (Annotated[list[Annotated[Concern, ByName(Concern)]], Field(max_length=len(Concern))] | None, None),
    "follow_up": (Annotated[FollowUp, ByName(FollowUp)] | None, None),
    "account": (AccountNumber | None, None),
    "materials": (Annotated[list[MaterialName], Field(max_length=len(Material))] | None, None),
    "opinion": (Annotated[Written, Field(description="书面意见, required of approvers (APR-01).")] | None, None),
    "background": (
        Annotated[Written, Field(description="背景分析, of a review whose product asks for it.")] | None,
        None,
    ),
    "finance": (Annotated[Written, Field(description="财务分析, of a review whose product asks for it.")] | None, None),
}
NUMBER: tuple[Any, Any] = (Annotated[int, Field(ge=0, lt=1 << 53)] | None, None)
"""Any other field."""
