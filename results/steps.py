"""What a story (`results.story`) is made of, whoever keeps it: steps with their events' words, where a case stands, and the story
of a case that a live bank tells from its own events and from the papers that its rooms still have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from credit.applications.contract import Event as ApplicationEvent
from credit.approval.contract import Event as ApprovalEvent
from credit.contracts.contract import Event as ContractEvent
from credit.due_diligence.contract import Event as DueDiligenceEvent
from credit.repayment.contract import Event as RepaymentEvent
from credit.room import EVENTS, EventCode, Rows
from results.names import event_of, room_of
from results.schemas import actor_name, reason_name

Told = dict[str, Any]
OPINED = (
    ApprovalEvent.NODE_DECIDED,
    ApprovalEvent.VOTE_CAST,
    DueDiligenceEvent.SITE_VISITED,
    DueDiligenceEvent.VISIT_SENT_BACK,
    DueDiligenceEvent.BUSINESS_ANALYSED,
)
_OFFERED = (ContractEvent.CONTRACT_GENERATED, ContractEvent.CONTRACT_REGENERATED)
_FATES = (RepaymentEvent.LOAN_RESTRUCTURED, RepaymentEvent.LOAN_SETTLED, RepaymentEvent.LOAN_WRITTEN_OFF)
_PLANNED = (RepaymentEvent.SCHEDULE_GENERATED, RepaymentEvent.SCHEDULE_REGENERATED, RepaymentEvent.LOAN_RESTRUCTURED)


class Kept(NamedTuple):
    """What a live bank keeps of a case beside its events; empty where it has nothing, or where its reader may not see it.
    `opinions` and `statements` say when (`at`), `opinions` whose (`person`); `plans` are the running ones, by loan;
    `principal_fen` is the ledger's own word, by loan."""

    form: Told
    opinions: Sequence[Told]
    statements: Sequence[Told]
    contract: Told
    plans: Mapping[int, Sequence[Told]]
    principal_fen: Mapping[int, int]


def event_step(row: Told) -> Told:
    """An event as a step; `actor`, `reason` and `value` as its files spell them."""
    step = {"kind": "event", **row}
    english, chinese = code_of(step).said.words
    return step | {"event_en": english, "event_zh": chinese}


def code_of(step: Told) -> EventCode:
    """The event of a step (`results.names.event_of`)."""
    found = event_of(step["room"], step["event"])
    if found is None:
        raise KeyError(step["event"])
    return found


def live_story(case: int, now: int, events: Rows, kept: Kept) -> Told:
    """The story of a case of a live bank, in the form of `results.story.story`; `now` in place of the run. The one contract and
    the plans that are kept stand at the last event that made them."""
    steps = [event_step(_named(row)) for row in events]
    steps.sort(key=lambda step: (step["at"], step["seq"]))
    opinions = {(one["at"], f"staff {one['person']}"): one for one in kept.opinions}
    statements = {one["at"]: one for one in kept.statements}
    made = {
        (step["loan"] if code_of(step) in _PLANNED else 0): step
        for step in steps
        if code_of(step) in _OFFERED + _PLANNED
    }
    for step in steps:
        event = code_of(step)
        if event is ApplicationEvent.APPLICATION_SUBMITTED and kept.form:
            step["form"] = kept.form
        elif event in OPINED and (step["at"], step["actor"]) in opinions:
            step["opinion"] = opinions[step["at"], step["actor"]]
        elif event is DueDiligenceEvent.STATEMENT_RECORDED and step["at"] in statements:
            step["statement"] = statements[step["at"]]
    for loan, step in made.items():
        if loan == 0 and kept.contract:
            step["contract"] = kept.contract
        elif loan and kept.plans.get(loan):
            step["schedule"] = kept.plans[loan]
    stands = ends(steps) | {"principal_fen": dict(kept.principal_fen)}
    return {"case": case, "run": "", "now": now, "began_in": "", "steps": steps, "ends": stands}


def _named(row: np.void) -> Told:
    """An event of the bank's as its files spell it."""
    said = plain(row)
    event = said["event"]
    return {
        "at": said["at"],
        "seq": said["seq"],
        "room": room_of(EVENTS[event]),
        "event": EVENTS[event].name.lower(),
        "actor": actor_name(said["actor"]),
        "loan": said["loan"],
        "amount_fen": said["amount_fen"],
        "reason": reason_name(event, said["reason"]),
        "value": said["value"],
    }


def plain(row: np.void) -> Told:
    """A row by its columns' names."""
    return {name: row[name].item() for name in row.dtype.names or ()}


def ends(steps: list[Told]) -> Told:
    """Where the case stands when the run ends: the last event that moved it a step on, and of each loan what is left of its
    principal on the balance sheet, and what has become of it since it was paid out."""
    last = [step for step in steps if step["kind"] == "event" and code_of(step).said.step is not None]
    loans: dict[int, int] = {}
    for step in steps:
        for posting in (one for one in step.get("postings", ()) if one["loan"]):
            loans.setdefault(posting["loan"], 0)
            loans[posting["loan"]] += posting["amount_fen"] if posting["account"] == "principal" else 0
    where = {name: last[-1][name] if last else "" for name in ("room", "event")}
    became = {step["loan"]: step["event"] for step in steps if step["kind"] == "event" and code_of(step) in _FATES}
    return where | {"principal_fen": loans, "became": became}
