"""What a bank that is served does otherwise than its scenario says: nobody plays a certificate authority over HTTP."""

from __future__ import annotations

from typing import Any

from credit.policies import load
from credit.policies.contracts import ContractPolicy
from scenarios.model import Scenario

UNCERTIFIED = (
    "Electronic contracts are signed without certificates: the scenario asks for them (policies.contracts.certified), "
    "and policies.contracts.authority holds no authority's certificate to prove them by."
)


def changes_when_served(scenario: Scenario) -> dict[str, Any]:
    """Certificates are asked for where the bank holds their authority's (CON-09), and nowhere else (`UNCERTIFIED`)."""
    contracts = load("contracts", ContractPolicy, scenario.policies)
    return {"policies.contracts.certified": False} if contracts.certified and not contracts.authority else {}
