"""Contract policy (合同政策): how long a generated contract may be signed (CON-15) and the template of each product as a list of
clauses from the clause library (CON-04). Legal wording is data; a clause file is text with `{{placeholders}}`."""

from __future__ import annotations

from importlib import resources
from typing import Annotated, Literal

from pydantic import Field, model_validator

from credit.policies.base import LIVE, PolicyModel
from credit.policies.loading import PolicyError

MANDATORY = ("purpose", "repayment", "guarantee", "breach", "disputes")
"""Every contract says something on each (CON-06); a clause's name begins with the subject it covers."""


class Template(PolicyModel):
    """One product's template: clauses in order, and a version that rises with every change."""

    key: str
    """The product."""
    version: int = Field(ge=1, le=1_000_000)
    """[number] Rises with every change."""
    clauses: list[str] = Field(min_length=1)
    """Names of clauses in their order."""

    @model_validator(mode="after")
    def _complete(self) -> Template:
        for subject in MANDATORY:
            if not any(clause.startswith(subject) for clause in self.clauses):
                raise ValueError(
                    f"template {self.key}: no clause on {subject}; each of {', '.join(MANDATORY)} is needed"
                )
        return self


class ContractPolicy(PolicyModel):
    """Everything the contract desk decides by."""

    lender: Annotated[str, LIVE] = Field(min_length=2)
    """The bank's name in its contracts."""
    valid_days: int = Field(ge=1, le=90)
    """Calendar days from initiation within which a contract may be signed (CON-15)."""
    scan_workdays: int = Field(ge=1, le=90)
    """[workdays] Within which a signature on paper is to be scanned; then it is chased, again and again (CON-08)."""
    checked_modes: list[Literal["electronic", "paper"]] = Field(max_length=2)
    """In which amount, term and rate of a contract are checked by staff before it is signed (CON-11)."""
    certified: bool
    """Whether an electronic contract is signed by a certificate of the customer's, issued by a certificate authority (CON-09)."""
    authority: Annotated[str, LIVE] = ""
    """The certificate of the authority that issues those of customers, as PEM text."""
    templates: list[Template] = Field(min_length=1)
    """By product (CON-04)."""

    @model_validator(mode="after")
    def _unique(self) -> ContractPolicy:
        keys = [template.key for template in self.templates]
        if len(dict.fromkeys(keys)) != len(keys):
            raise ValueError("templates: a product stands twice")
        if len(dict.fromkeys(self.checked_modes)) != len(self.checked_modes):
            raise ValueError("checked_modes: a mode stands twice")
        return self


def clause_text(name: str) -> str:
    """The text of one clause of the packaged library; PolicyError when there is none of that name."""
    folder = resources.files("credit.policies").joinpath("data", "templates")
    try:
        return folder.joinpath(f"{name}.txt").read_text(encoding="utf-8")
    except FileNotFoundError:
        known = sorted(entry.name.removesuffix(".txt") for entry in folder.iterdir())
        raise PolicyError(f"policies.contracts: no clause {name!r}; the library holds {', '.join(known)}") from None
