"""Desks that nothing can come before in a run of a scenario, and why: people there, and their absence, change nothing. Only what
policies, products and chances prove is said here; whether anything came to a desk while its people were away is read from the
run (`results.happenings`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from credit.collateral.rules import security_of
from credit.policies import ProductPolicy, load
from credit.policies.approval import ApprovalPolicy
from credit.policies.collateral import CollateralPolicy
from credit.policies.due_diligence import DueDiligencePolicy
from credit.policies.loading import resolved
from credit.policies.products import Product
from credit.policies.restructuring import RestructuringPolicy
from scenarios.model import Scenario

_BY_PEOPLE = ("call", "visit", "legal")
"""The means of collection that take somebody's time."""


class Unreached(NamedTuple):
    """A desk by its label, and why nothing comes before it."""

    desk: str
    why: str


def unreached(scenario: Scenario, continued: bool) -> Iterator[Unreached]:
    """`continued`: the run goes on with the book of an earlier one, which may hold products that nobody asks for any more."""
    yield from _collectors(scenario)
    yield from _by_chance(scenario)
    if not continued:
        yield from _by_product(scenario)


def _collectors(scenario: Scenario) -> Iterator[Unreached]:
    """Those whose stage knows messages alone."""
    rules = resolved("collections", scenario.policies)
    used = {rules["default_set"], *(one["set"] for one in rules.get("assignments", []))}
    busy = {
        stage["desk"]
        for one in (resolved(f"collections_{key}", scenario.policies) for key in sorted(used))
        for stage in one["stages"]
        for row in one["rows"]
        if row["stage"] == stage["key"] and any(action["action"] in _BY_PEOPLE for action in row["actions"])
    }
    for desk in ("collector_early", "collector_middle", "collector_long"):
        if desk not in busy:
            yield Unreached(desk, "no collection strategy in use has them call, visit or go to court")


def _by_chance(scenario: Scenario) -> Iterator[Unreached]:
    """Desks to which a case comes because somebody finds or wishes something."""
    approval = load("approval", ApprovalPolicy, scenario.policies)
    if not (approval.special_max and scenario.behaviour.approver_special_ppm):
        yield Unreached("approval_supervisor", "no approver asks for special approval")
    if not approval.fraud_doubts and not approval.fraud_team:
        yield Unreached(
            "fraud_investigator", "no doubt and no team sends a case there (policies.approval.fraud_doubts)"
        )
    referral = resolved("collections", scenario.policies)["referral"]
    found = referral["unable"] and scenario.behaviour.unable_ppm
    if not (found or referral["segments"] or scenario.behaviour.restructuring_request_ppm):
        for desk in ("specialist", "approver", "head"):
            yield Unreached(f"restructuring_{desk}", "nobody is referred and nobody asks for other terms")
        yield Unreached("restructured_inspector", "no loan is restructured")


def _by_product(scenario: Scenario) -> Iterator[Unreached]:
    """Desks that only some products come before."""
    catalogue = load("products", ProductPolicy, scenario.policies)
    asked = [one for one in catalogue.products if one.key in _asked_for(scenario)]
    security = security_of(load("collateral", CollateralPolicy, scenario.policies), catalogue)
    if not any(security.valued[one.code] for one in asked):
        yield Unreached("collateral_valuer", "no product that anybody asks for is secured by a thing")
    if not any(security.formal[one.code] for one in asked):
        for desk in ("collateral_registrar", "collateral_custodian"):
            yield Unreached(desk, "no product that anybody asks for has formalities")
    if not any(_looked_into(scenario, one) for one in asked):
        for desk in ("site_investigator", "financial_analyst"):
            yield Unreached(desk, "no product that anybody asks for is looked into (policies.due_diligence.scope)")
    if not any(one.revolving or len(one.staged_shares_ppm) > 1 for one in asked):
        yield Unreached("use_verifier", "no product that anybody asks for is paid in stages or drawn upon")
    from_fen = load("restructuring", RestructuringPolicy, scenario.policies).head_office_from
    if all(one.amount_max < from_fen for one in asked):
        yield Unreached("restructuring_head", "no product that anybody asks for reaches head_office_from")


def _asked_for(scenario: Scenario) -> set[str]:
    """Keys of the products that customers of the run come for: their own, and others of the mix when they come again."""
    scripted = {one.product for one in scenario.script}
    if scenario.run.customers <= len(scenario.script):
        return scripted
    return scripted | {key for key, demand in scenario.demand.items() if demand.weight}


def _looked_into(scenario: Scenario, product: Product) -> bool:
    return any(
        (not row.products or product.key in row.products)
        and (not row.segments or set(row.segments) & set(product.segments))
        and row.amount_from <= product.amount_max
        for row in load("due_diligence", DueDiligencePolicy, scenario.policies).scope
    )
