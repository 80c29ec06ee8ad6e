"""Codes in JSON: by their names in small letters, ``mobile_bank``, whatever their numbers are."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum, IntFlag
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from credit.appeals.contract import Ground
from credit.codes import (
    Alert,
    Collateral,
    Contact,
    ContactOutcome,
    Doubt,
    Fact,
    Finding,
    Grade,
    Material,
    Segment,
    Verdict,
)
from credit.codes_trouble import Hardship, Measure, ReferralCause, RiskClass
from credit.due_diligence.findings import Analysis, Concern
from credit.post_loan.contract import Cause
from credit.scoring.contract import Refusal as Advice

CODES: dict[str, type[IntEnum] | type[IntFlag]] = {
    "segment": Segment,
    "grade": Grade,
    "alert": Alert,
    "doubts": Doubt,
    "missing": Material,
    "action": Contact,
    "verdict": Verdict,
    "outcome": ContactOutcome,
    "cause": ReferralCause,
    "hardship": Hardship,
    "proof": Material,
    "measure": Measure,
    "risk_class": RiskClass,
    "advice": Advice,
    "shortfalls": Fact,
    "kind": Collateral,
    "findings": Finding,
    "concerns": Concern,
    "analysis": Analysis,
    "post_loan.cause": Cause,
    "appeals.ground": Ground,
}
"""Columns of tasks and decisions that count in codes; where lists differ, with the list's name."""


@dataclass(frozen=True)
class ByName:
    """``Annotated[Channel, ByName(Channel)]``: read and written by name; another name is refused with the list of right ones."""

    codes: type[Enum]

    @property
    def names(self) -> list[str]:
        """The names that are right."""
        return [name.lower() for name in self.codes.__members__]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        members = {name.lower(): code for name, code in self.codes.__members__.items()}
        return core_schema.no_info_after_validator_function(
            members.__getitem__,
            core_schema.literal_schema(self.names),
            serialization=core_schema.plain_serializer_function_ser_schema(lambda code: code.name.lower()),
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "enum": self.names}
