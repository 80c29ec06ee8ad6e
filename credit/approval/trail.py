"""The approval trail (审批轨迹): every node records approver, time, opinion and result (APR-09). Its rule: the event log alone
is the trail. `NODE_DECIDED` carries at, case, actor = approver, amount, reason and, packed in `value`, node, verdict, votes
of the committee, round and the absent person a deputy stood for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from credit.approval.contract import Event
from credit.codes import Node, Verdict
from credit.room import REASONS, Rows
from credit.times import Ints, text_of

_VERDICT, _VOTES, _ROUND, _ABSENT = 10, 100, 10_000, 1_000_000


def pack(
    node: npt.ArrayLike, verdict: npt.ArrayLike, votes: npt.ArrayLike, round_: npt.ArrayLike, absent: npt.ArrayLike
) -> Ints:
    """The `value` of NODE_DECIDED rows; node 0 is the machine's own review."""
    parts = [np.asarray(column, dtype=np.int64) for column in (node, verdict, votes, round_, absent)]
    return np.asarray(
        parts[0] + parts[1] * _VERDICT + parts[2] * _VOTES + np.minimum(parts[3], 99) * _ROUND + parts[4] * _ABSENT
    )


@dataclass(frozen=True)
class Opinion:
    """One entry of a case's trail."""

    at: int
    node: int
    person: int
    on_behalf_of: int
    verdict: Verdict
    amount_fen: int
    reason: int
    votes: int
    round: int

    def __str__(self) -> str:
        node = Node(self.node).name.lower() if self.node else "machine"
        person = f"{self.person} for {self.on_behalf_of}" if self.on_behalf_of else str(self.person)
        reason = f" ({REASONS[self.reason].name.lower()})" if self.reason else ""
        votes = f", {self.votes} votes" if self.votes else ""
        return (
            f"{text_of(self.at)} {node}: {person}: {self.verdict.name.lower()}{reason}, {self.amount_fen} fen{votes}, "
            f"round {self.round}"
        )


def trail(events: Rows, case: int) -> list[Opinion]:
    """The opinions on a case in time order, from event rows of any stage."""
    rows = events[(events["case"] == case) & (events["event"] == Event.NODE_DECIDED)]
    return [_opinion(row) for row in rows[np.lexsort((rows["value"] % _VERDICT, rows["at"]))]]


def _opinion(row: np.void) -> Opinion:
    value = int(row["value"])
    return Opinion(
        at=int(row["at"]),
        node=value % _VERDICT,
        person=int(row["actor"]),
        on_behalf_of=value // _ABSENT,
        verdict=Verdict(value // _VERDICT % 10),
        amount_fen=int(row["amount_fen"]),
        reason=int(row["reason"]),
        votes=value // _VOTES % 100,
        round=value // _ROUND % 100,
    )
