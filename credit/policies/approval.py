"""Approval policy (审批政策): the matrix of routes by product, amount and risk (APR-03), the nodes with authority and time limit,
what the automatic lane may grant (APR-14, APR-15) and which materials may follow (APR-13). No amount, share, node
or limit stands in code."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from credit.codes import Doubt, Material, Node
from credit.policies.base import WORDS, Minute, PolicyModel, SharePpm, Yuan, known_names, last_fits_all


class NodePolicy(PolicyModel):
    """One approval node (审批节点). `authority` is the largest amount it may finally approve; 0 = it only reviews (评审)."""

    key: str
    """The node."""
    name_zh: Annotated[str, WORDS]
    """Its name in Chinese."""
    authority: Yuan
    """The largest amount it may finally approve; 0 = it only reviews."""
    limit_minutes: int = Field(ge=1, le=20_000)
    """Working minutes until the case is urged (APR-10)."""
    priority: int = Field(default=2, ge=1, le=9)
    """[rank] Of its tasks; the lowest is served first."""
    may_reduce: bool = True
    """Whether its people may approve less than was asked for."""
    escalates_to: str = ""
    """Where a person's own wish to pass the case up leads; empty = nowhere."""


class RouteRow(PolicyModel):
    """One row of the matrix; the first row that fits decides. Empty products = all."""

    products: list[str] = []
    """Keys of the products it is for; empty = all."""
    amount_from: Yuan = 0
    """Least amount."""
    grade_from: int = Field(default=0, ge=0, le=5)
    """[grade] Weakest grades only: 4 = from WEAK on; 0 = all."""
    alert_from: int = Field(default=0, ge=0, le=2)
    """[level] Least alert: 0 none, 1 yellow, 2 red."""
    nodes: list[str] = Field(min_length=2)
    """At least two: a manual approval needs two people (APR-04)."""


class ProductApproval(PolicyModel):
    """What approval decides by, one row a product."""

    key: str
    """The product."""
    payment_share_ppm: SharePpm
    """Share of verified monthly income that all monthly payments together may take."""
    valid_days: int = Field(ge=1, le=366)
    """How long an approval may be used."""
    collateral_share_ppm: SharePpm = 0
    """Largest share of the collateral's value; 0 = not lent against collateral."""
    analysis: bool = False
    """Its review records background and financial analysis in words (APR-01)."""
    machine_review: bool = False
    """The system reviews first, then people re-check (PRD-05)."""


class ApprovalPolicy(PolicyModel):
    """Everything the approval desks decide by."""

    decision_ms: int = Field(ge=0, le=10_000)
    """How long the automatic lane takes."""
    amount_step: Yuan
    """Amounts cut by rule are rounded down to this."""
    fraud_doubts: list[str]
    """Doubts that send a case to the fraud desk first, and to the risk specialist (APR-07, APP-17)."""
    fraud_team: int = Field(default=0, ge=0, le=99)
    """[code] The team whose cases come before the fraud desk as well, whatever their doubts (APP-17); 0 = none."""
    fraud_limit_minutes: int = Field(default=960, ge=1, le=100_000)
    """[working minutes] Until a case before the fraud desk is urged."""
    yellow_adds: str
    """The node that a yellow alert adds to the route of a case which people decide in any event (SCO-05); empty = none."""
    weak_adds: str
    """The node that an analysis which comes out weak adds to the route of a business (APP-21); empty = none."""
    key_materials: list[str]
    """Never conditional (APR-13)."""
    special_max: Yuan
    """Largest amount for which special approval (特批) may be asked for (APR-06)."""
    opinion_length_min: int = Field(ge=1, le=100)
    """[characters] An opinion in fewer words is none (APR-01)."""
    committee_members: int = Field(ge=3, le=9)
    """[people] Members who have a ballot on a case (APR-02)."""
    committee_quorum: int = Field(ge=2, le=9)
    """[people] So many must have voted before a case is decided."""
    committee_majority_ppm: SharePpm
    """More than this share of the ballots must be in favour."""
    working_minutes: list[tuple[Minute, Minute]] = Field(min_length=1)
    """Office hours in minutes of the day, in which time limits run."""
    returned_priority: int = Field(default=1, ge=0, le=9)
    """[rank] Priority of a case that comes back from a withdrawn contract."""
    lighter_nodes: list[str] = Field(min_length=2)
    """Route of a returned case that asks for no more than was approved."""
    nodes: list[NodePolicy] = Field(min_length=2)
    """The approval nodes."""
    products: list[ProductApproval] = Field(min_length=1)
    """By product."""
    routes: list[RouteRow] = Field(min_length=1)
    """The approval matrix (APR-03)."""

    @model_validator(mode="after")
    def _consistent(self) -> ApprovalPolicy:
        known_names("fraud_doubts", self.fraud_doubts, list(Doubt.__members__))
        known_names("key_materials", self.key_materials, list(Material.__members__))
        _check_nodes(self.nodes)
        if self.node("supervisor").authority < self.special_max:
            raise ValueError("special_max is above the supervisor's authority")
        if self.committee_quorum > self.committee_members:
            raise ValueError("committee_quorum is above committee_members")
        if self.yellow_adds:
            known_names("yellow_adds", [self.yellow_adds], list(Node.__members__))
        if self.weak_adds:
            known_names("weak_adds", [self.weak_adds], list(Node.__members__))
        keys = [node.key for node in self.nodes]
        for name, nodes in [("lighter_nodes", self.lighter_nodes)] + [("routes", row.nodes) for row in self.routes]:
            _check_route(name, nodes, keys)
        last_fits_all("routes", self.routes, ("products", "amount_from", "grade_from", "alert_from"), "case")
        _check_hours(self.working_minutes)
        return self

    def node(self, key: str) -> NodePolicy:
        """The node of a key; KeyError when there is none."""
        return {node.key: node for node in self.nodes}[key]


def _check_nodes(nodes: list[NodePolicy]) -> None:
    keys = [node.key for node in nodes]
    known_names("nodes", keys, list(Node.__members__))
    if sorted(keys) != sorted(name.lower() for name in Node.__members__):
        raise ValueError(f"nodes: each of {', '.join(n.lower() for n in Node.__members__)} is needed once")
    if next(node for node in nodes if node.key == "committee").authority < 10**11:
        raise ValueError(
            "nodes: the committee's authority must be 1000000000, as the highest node it decides whatever comes"
        )
    for node in nodes:
        if node.escalates_to and Node[node.escalates_to.upper()] <= Node[node.key.upper()]:
            raise ValueError(f"nodes: {node.key} must escalate to a higher node")


def _check_route(name: str, nodes: list[str], keys: list[str]) -> None:
    known_names(name, nodes, [key.upper() for key in keys if key != "supervisor"])
    order = [int(Node[node.upper()]) for node in nodes]
    if order != sorted(order) or len(dict.fromkeys(order)) != len(order):
        raise ValueError(f"{name}: the nodes {', '.join(nodes)} must rise in authority")


def _check_hours(spans: list[tuple[Minute, Minute]]) -> None:
    edges = [edge for span in spans for edge in span]
    if edges != sorted(edges) or len(dict.fromkeys(edges)) != len(edges) or edges[0] < 0 or edges[-1] > 1_440:
        raise ValueError("working_minutes: spans must rise and lie within 0 to 1440 minutes")
