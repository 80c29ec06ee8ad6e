"""What must hold in scoring: every case has exactly one fate, no bureau is asked without consent, reason and operator, nothing
waits past its time, and the automatic lane holds only what it may. A violation names the case or branch."""

from __future__ import annotations

import numpy as np

from credit.codes import Alert, Consent, Grade, Lane
from credit.numbers import branch_of_case
from credit.room import Rows
from credit.rows import among
from credit.scoring.states import KEPT, CaseState
from credit.staff import StaffRegister
from credit.table import Table
from credit.tally import Tally
from credit.times import Bools, Ints

SCORE_MAX = 100


def of_cases(table: Table, tally: Tally, until: int, history_max_dpd: int) -> list[str]:
    """Of the open cases at a window's end."""
    return [
        *cases_are_conserved(table, tally),
        *queries_have_a_ground(table),
        *nobody_waits_past_the_deadline(table, until),
        *history_goes_first(table, history_max_dpd),
    ]


def cases_are_conserved(table: Table, tally: Tally) -> list[str]:
    """accepted = refused + intercepted + scored + open, in each branch."""
    found = tally.imbalances("accepted", "refused intercepted scored", branch_of_case(table["case"]))
    return [f"branch {branch}: {cases} cases but {fates} fates" for branch, cases, fates in found]


def queries_have_a_ground(table: Table) -> list[str]:
    """Whoever was asked about has agreed to it (EXT-02); reason and operator are on record (EXT-03)."""
    asked = table["attempt"] > 0
    no_consent = asked & ((table["consent"] & Consent.BUREAU) == 0)
    no_ground = asked & ((table["reason"] <= 0) | (table["operator"] <= 0))
    return [
        *_cases(table, no_consent, "bureau asked without consent"),
        *_cases(table, no_ground, "bureau asked without reason or operator"),
    ]


def operators_are_people(table: Table, register: StaffRegister) -> list[str]:
    """EXT-03: whoever the bureau was asked by is a person of the register."""
    stranger = (table["attempt"] > 0) & ~register.knows(table["operator"])
    return _cases(table, stranger, "bureau asked in the name of nobody on the register")


def nobody_waits_past_the_deadline(table: Table, until: int) -> list[str]:
    """No case outlives its deadline, none is in a final state, and what is ready in the past is gone."""
    state = table["state"]
    late = ((state == CaseState.WAITING) & (table["deadline"] < until)) | (table["ready_at"] < until)
    return [
        *_cases(table, late, "still open past its time"),
        *_cases(table, ~among(state, KEPT), "kept in a final state"),
    ]


def history_goes_first(table: Table, max_dpd: int) -> list[str]:
    """CUS-04: no other source is asked before the bureau has been, nor about somebody whose history its first report fails."""
    asked = table["sources"] != 0
    failed = (table["bureau_at"] > 0) & (table["attempt"] == 1) & (table["max_dpd_24m"] >= max_dpd)
    return [
        *_cases(table, asked & (table["attempt"] == 0), "other sources asked before the bureau"),
        *_cases(table, asked & failed, "other sources asked although the credit history fails"),
    ]


def lanes_are_earned(decided: Rows, automatic_max: Ints) -> list[str]:
    """The automatic lane: within the product's amount, fair or better, no alert, no doubt (SCO-07). Whoever is rejected is told
    why (CUS-04). Scores lie in 0 … 100. `decided`: ApplicationScored rows; `automatic_max` by product."""
    automatic = decided["lane"] == Lane.AUTOMATIC
    limit = automatic_max[np.clip(decided["product"], 0, len(automatic_max) - 1)]
    unearned = automatic & (
        (decided["amount_fen"] > limit)
        | (decided["grade"] > Grade.FAIR)
        | (decided["alert"] != Alert.NONE)
        | (decided["doubts"] != 0)
    )
    unsaid = (decided["lane"] == Lane.REJECT) & (decided["advice"] == 0)
    outside = (decided["score"] < 0) | (decided["score"] > SCORE_MAX)
    return [
        *(f"case {case}: in the automatic lane without earning it" for case in decided["case"][unearned][:20].tolist()),
        *(f"case {case}: rejected without a reason" for case in decided["case"][unsaid][:20].tolist()),
        *(f"case {case}: score outside 0 to {SCORE_MAX}" for case in decided["case"][outside][:20].tolist()),
    ]


def _cases(table: Table, bad: Bools, what: str) -> list[str]:
    return [f"case {case}: {what}" for case in table["case"][bad][:20].tolist()]
