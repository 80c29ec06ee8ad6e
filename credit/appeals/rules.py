"""Rules of appeals: what stopped an application, whose list that is, and why an appeal is not taken."""

from __future__ import annotations

import numpy as np

from credit.appeals.contract import Ground, Refusal
from credit.appeals.states import EntryState
from credit.approval.contract import Event as Approval
from credit.customers.contract import Event as Customers
from credit.customers.contract import Refusal as Lists
from credit.policies.appeals import AppealPolicy
from credit.room import Rows
from credit.rows import among, first_fault
from credit.scoring.contract import Refusal as Scoring
from credit.table import Table
from credit.times import DAY_MS, Bools, Ints

OWNERS = {
    Lists.LIST_CENTRAL_BANK: Refusal.OF_CENTRAL_BANK,
    Lists.LIST_DISHONEST: Refusal.OF_COURTS,
    Lists.LIST_ASSOCIATION: Refusal.OF_ASSOCIATION,
}
"""Lists of others, and where the correction of an entry is to be asked for."""
_OF_FRAUD = (Scoring.FRAUD, Scoring.FRAUD_MODEL, Lists.LIST_INTERNAL)
APPEALS_MAX = 2
"""Of one entry: the appeal, and one more against its decision."""


def stops(rows: Rows) -> Bools:
    """Which of the events told stopped an application by a list, or by a suspicion of fraud."""
    declined = rows["event"] == Approval.APPLICATION_DECLINED
    return np.asarray(((rows["event"] == Customers.APPLICATION_INTERCEPTED) | declined) & _by_a_list(rows["reason"]))


def _by_a_list(reason: Ints) -> Bools:
    return among(reason, [*OWNERS, *_OF_FRAUD])


def entry_of(rows: Rows) -> Ints:
    """The application that the entry rests on by which each was stopped; 0 where that was no entry of the risk library."""
    return np.where(rows["reason"] == Lists.LIST_INTERNAL, rows["value"], 0)


def faults(appeals: Rows, reason: Ints, entries: Table, found: Ints, policy: AppealPolicy) -> Ints:
    """Why each appeal is not taken; 0 where it is. `reason`: what stopped its application, 0 = nothing · `found`: the entry's
    row."""
    state, at = entries.get("state", found), appeals["at"]
    late = at > entries.get("decided_at", found) + policy.again_days * DAY_MS
    unlisted = found < 0
    whose = [((reason == listed) & unlisted, int(refusal)) for listed, refusal in OWNERS.items()]
    return first_fault(
        ((reason == 0) & unlisted, int(Refusal.NOT_STOPPED)),
        *whose,
        (unlisted, int(Refusal.NOT_LISTED)),
        (~among(appeals["ground"], list(Ground)), int(Refusal.GROUND_UNKNOWN)),
        (state == EntryState.UNDER_REVIEW, int(Refusal.UNDER_WAY)),
        (state == EntryState.REMOVED, int(Refusal.REMOVED_ALREADY)),
        (entries.get("appeals", found) >= APPEALS_MAX, int(Refusal.DECIDED)),
        ((state == EntryState.UPHELD) & late, int(Refusal.TOO_LATE)),
    )
