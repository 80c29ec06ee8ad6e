"""The approval trail (审批轨迹): every node records approver, time, opinion and result (APR-09). The event log alone is the
trail: `NODE_DECIDED` carries approver, amount, node and verdict; what only some opinions have stands in events beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from credit.approval.contract import Event
from credit.codes import Node, Verdict
from credit.mail import Outbox
from credit.room import REASONS, Rows
from credit.times import text_of


def record(opinions: Rows, cases: Rows, out: Outbox) -> None:
    """What people said, row by row the case as it is decided."""
    at, case, person = opinions["at"], cases["case"], opinions["person"]
    out.log(
        Event.NODE_DECIDED,
        at,
        case,
        actor=person,
        amount_fen=cases["amount_fen"],
        reason=opinions["verdict"],
        value=cases["node"],
        product=cases["product"],
    )
    for event, value, said in (
        (Event.COMMITTEE_VOTED, cases["ayes"], cases["node"] == Node.COMMITTEE),
        (Event.DEPUTY_DECIDED, opinions["on_behalf_of"], opinions["on_behalf_of"] != 0),
    ):
        out.log(event, at[said], case[said], actor=person[said], value=value[said])


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
    """The opinions on a case in time order, from event rows of any rooms."""
    mine = events[events["case"] == case]
    rows = mine[mine["event"] == Event.NODE_DECIDED]
    return [_opinion(row, mine) for row in rows[np.lexsort((rows["value"], rows["at"]))]]


def _opinion(row: np.void, events: Rows) -> Opinion:
    beside = events[(events["at"] == row["at"]) & (events["actor"] == row["actor"])]

    def said(event: Event, column: str) -> int:
        return int(beside[column][beside["event"] == event].sum())

    verdict = Verdict(int(row["reason"]))
    again = (events["event"] == Event.RE_APPROVAL_OPENED) & (events["at"] <= row["at"])
    return Opinion(
        at=int(row["at"]),
        node=int(row["value"]),
        person=int(row["actor"]),
        on_behalf_of=said(Event.DEPUTY_DECIDED, "value"),
        verdict=verdict,
        amount_fen=int(row["amount_fen"]),
        reason=said(Event.APPLICATION_DECLINED, "reason") if verdict is Verdict.DECLINE else 0,
        votes=said(Event.COMMITTEE_VOTED, "value"),
        round=int(events["value"][again].max(initial=0)),
    )
