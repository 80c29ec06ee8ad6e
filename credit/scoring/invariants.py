"""What must hold in scoring: every case has exactly one fate, no bureau is asked without consent, reason and operator, nothing
waits past its time, and the automatic lane holds only what it may. Its rule: a violation names the case or branch."""

from __future__ import annotations

import numpy as np

from credit.codes import Alert, Consent, Grade, Lane
from credit.room import Rows
from credit.scoring.states import KEPT, CaseState
from credit.scoring.tally import NUMBERS_A_BRANCH, Tally
from credit.table import Table
from credit.times import Bools, Ints

SCORE_MAX = 100


def violations(table: Table, tally: Tally, decided: Rows, automatic_max: Ints, until: int) -> list[str]:
    """All violated invariants at a window's end. `decided`: ApplicationScored rows of the window; `automatic_max` by product."""
    return [
        *cases_are_conserved(table, tally),
        *queries_have_a_ground(table),
        *nobody_waits_past_the_deadline(table, until),
        *lanes_are_earned(decided, automatic_max),
    ]


def cases_are_conserved(table: Table, tally: Tally) -> list[str]:
    """accepted = refused + intercepted + scored + open, in each branch."""
    counts = tally.table
    waiting = np.zeros(len(counts), dtype=np.int64)
    np.add.at(waiting, counts.find(table["case"] // NUMBERS_A_BRANCH), 1)
    fates = counts["refused"] + counts["intercepted"] + counts["scored"] + waiting
    bad = np.flatnonzero(fates != counts["accepted"])
    return [f"branch {counts['branch'][r]}: {counts['accepted'][r]} cases but {fates[r]} fates" for r in bad.tolist()]


def queries_have_a_ground(table: Table) -> list[str]:
    """Whoever was asked about has agreed to it (EXT-02); reason and operator are on record (EXT-03)."""
    asked = table["attempt"] > 0
    no_consent = asked & ((table["consent"] & Consent.BUREAU) == 0)
    no_ground = asked & ((table["reason"] <= 0) | (table["operator"] <= 0))
    return [
        *_cases(table, no_consent, "bureau asked without consent"),
        *_cases(table, no_ground, "bureau asked without reason or operator"),
    ]


def nobody_waits_past_the_deadline(table: Table, until: int) -> list[str]:
    """No case outlives its deadline, none is in a final state, and what is ready in the past is gone."""
    state = table["state"]
    late = ((state == CaseState.WAITING) & (table["deadline"] < until)) | (table["ready_at"] < until)
    return [
        *_cases(table, late, "still open past its time"),
        *_cases(table, ~np.isin(state, KEPT), "kept in a final state"),
    ]


def lanes_are_earned(decided: Rows, automatic_max: Ints) -> list[str]:
    """The automatic lane: within the product's amount, fair or better, no alert, no doubt (SCO-07). Scores lie in 0 … 100."""
    automatic = decided["lane"] == Lane.AUTOMATIC
    limit = automatic_max[np.clip(decided["product"], 0, len(automatic_max) - 1)]
    unearned = automatic & (
        (decided["amount_fen"] > limit)
        | (decided["grade"] > Grade.FAIR)
        | (decided["alert"] != Alert.NONE)
        | (decided["doubts"] != 0)
    )
    outside = (decided["score"] < 0) | (decided["score"] > SCORE_MAX)
    return [
        *(f"case {case}: in the automatic lane without earning it" for case in decided["case"][unearned][:20].tolist()),
        *(f"case {case}: score outside 0 to {SCORE_MAX}" for case in decided["case"][outside][:20].tolist()),
    ]


def _cases(table: Table, bad: Bools, what: str) -> list[str]:
    return [f"case {case}: {what}" for case in table["case"][bad][:20].tolist()]
