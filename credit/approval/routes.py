"""Routes (审批路线): which nodes a case passes, by product, amount, grade and alert (APR-02, APR-03), and who stands above whom
(APR-07). A route is a set of nodes as bits, 1 << node, and is walked from the lowest node to the highest."""

from __future__ import annotations

import numpy as np

from credit.codes import Doubt, Node
from credit.policies.approval import ApprovalPolicy
from credit.policies.products import ProductPolicy
from credit.room import Rows
from credit.rows import among
from credit.times import MINUTE_MS, Bools, Ints

NODES = max(Node) + 1
_PATHS = 1 << NODES


def _lowest_bits() -> Ints:
    lowest = np.zeros(_PATHS, dtype=np.int64)
    for path in range(1, _PATHS):
        lowest[path] = (path & -path).bit_length() - 1
    return lowest


_LOWEST = _lowest_bits()


def path_of(names: list[str]) -> int:
    """Node keys as bits: ``path_of(["initial", "re_review"]) == 6``."""
    return sum(1 << Node[name.upper()] for name in names)


def next_node(path: Ints) -> Ints:
    """The lowest node of each path; 0 where none is left."""
    return np.asarray(_LOWEST[path])


class Routes:
    """The matrix compiled from the policy."""

    def __init__(self, policy: ApprovalPolicy, products: ProductPolicy) -> None:
        self._rows = [
            (
                np.array([products.by_key(key).code for key in row.products], dtype=np.int64),
                row.amount_from,
                row.grade_from,
                row.alert_from,
                path_of(row.nodes),
            )
            for row in policy.routes
        ]
        self.lighter = path_of(policy.lighter_nodes)
        self.fraud_doubts = sum(Doubt[name.upper()] for name in policy.fraud_doubts)
        self.yellow_adds = np.int64(Node[policy.yellow_adds.upper()] if policy.yellow_adds else 0)
        self.weak_adds = np.int64(Node[policy.weak_adds.upper()] if policy.weak_adds else 0)
        self.authority_fen = np.zeros(NODES, dtype=np.int64)
        self.limit_ms = np.ones(NODES, dtype=np.int64)
        self.priority = np.zeros(NODES, dtype=np.int64)
        self.may_reduce = np.zeros(NODES, dtype=bool)
        self._wish = np.zeros(NODES, dtype=np.int64)
        for node in policy.nodes:
            code = Node[node.key.upper()]
            self.authority_fen[code] = node.authority
            self.limit_ms[code] = node.limit_minutes * MINUTE_MS
            self.priority[code] = node.priority
            self.may_reduce[code] = node.may_reduce
            self._wish[code] = Node[node.escalates_to.upper()] if node.escalates_to else 0

    def paths(self, cases: Rows) -> Ints:
        """The route of each case by the first row of the matrix that fits."""
        path = np.zeros(len(cases), dtype=np.int64)
        for products, amount_from, grade_from, alert_from, nodes in reversed(self._rows):
            fits = (cases["amount_fen"] >= amount_from) & (cases["grade"] >= grade_from)
            fits &= cases["alert"] >= alert_from
            if len(products):
                fits &= among(cases["product"], products)
            path[fits] = nodes
        return path

    def has_fraud_doubt(self, cases: Rows) -> Bools:
        """True where a doubt is one that only the risk specialist may clear."""
        return np.asarray((cases["doubts"] & self.fraud_doubts) != 0)

    def above_authority(self, node: Ints, amount_fen: Ints) -> Ints:
        """The lowest higher node whose authority covers the amount; 0 where the node's own authority does."""
        found = np.zeros(len(node), dtype=np.int64)
        lacking = amount_fen > self.authority_fen[node]
        for higher in sorted(Node, reverse=True):
            covers = (higher > node) & (amount_fen <= self.authority_fen[higher])
            found = np.where(lacking & covers, int(higher), found)
        return found

    def wished_above(self, node: Ints) -> Ints:
        """Where a person's wish to pass a case up leads; 0 = nowhere."""
        return self._wish.take(node, mode="clip")
