"""However a month is cut into windows the bank says the same: shown on contracts, whose mail has instants and whose offers
expire at theirs. And a broken rule is found at the day's end, however short the windows are in which it was broken."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credit.contracts import rules
from credit.contracts.contract import ApplicationApproved, room
from credit.contracts.subsystem import ContractsSubsystem
from credit.errors import InvariantViolation
from credit.mail import Inbox
from credit.room import Kind, Rows
from credit.stage import Mail, Stage
from credit.subsystem import State, Window, windows
from credit.times import DAY_MS, MINUTE_MS
from tests.credit.contracts.test_contracts import CASE, NINE, approved, changed, renewal, signed

FIRST_DAY = NINE // DAY_MS * DAY_MS
MONTH_MS = 31 * DAY_MS
VALID_MS = 3 * DAY_MS


class Silence:
    """A world that hears the bank and says nothing."""

    rounds = 0

    def respond(self, requests: Inbox, window: Window, round_number: int) -> list[tuple[Kind, Rows]]:
        return []

    def due(self) -> int:
        return 0

    def statistics(self, window: Window, closing: bool) -> dict[str, Rows]:
        return {}

    def export_state(self) -> State:
        return {}

    def import_state(self, state: State) -> None: ...


def told(post: Sequence[tuple[Kind, Rows]], cuts: Sequence[int]) -> tuple[list[tuple[int, ...]], State]:
    """The events of a month in order of case and time, and the state at its end."""
    contracts = ContractsSubsystem.build()
    stage = Stage(room, contracts, Silence())
    events: list[tuple[int, ...]] = []
    for window in windows([FIRST_DAY, *cuts, FIRST_DAY + MONTH_MS]):
        mail: Mail = {}
        for kind, rows in post:
            if window.start <= rows["at"][0] < window.until:
                mail.setdefault(kind.number, []).append(rows)
        for rows in stage.step(window, mail).out.events:
            events += rows[["case", "at", "event", "reason", "value", "amount_fen"]].tolist()
    return sorted(events), contracts.export_state()


moments = st.integers(0, MONTH_MS - 1).map(lambda offset: FIRST_DAY + offset)
edges = st.sampled_from([NINE + VALID_MS + d for d in (-1, 0, 1)] + [NINE + 5 * DAY_MS + d for d in (-1, 0, 1)])
wishes = st.builds(
    lambda what, at, attempt: (
        signed(at, attempt=attempt)
        if what == 0
        else renewal(at, attempt)
        if what == 1
        else changed(at, attempt=attempt)
    ),
    st.integers(0, 2),
    st.one_of(moments, edges),
    st.integers(1, 3),
)


@settings(max_examples=60)
@given(
    st.lists(wishes, max_size=6), st.sets(moments.filter(lambda at: at > FIRST_DAY), max_size=40), st.integers(4, 20)
)
def test_any_cut_of_a_month_tells_the_same(post: list[tuple[Kind, Rows]], cuts: set[int], valid_days: int) -> None:
    offer = (ApplicationApproved, approved(valid_until=NINE + valid_days * DAY_MS))
    whole, state = told([offer, *post], [])
    cut, state_cut = told([offer, *post], sorted(cuts))
    assert cut == whole
    assert {name: rows.tolist() for name, rows in state_cut.items()} == {n: rows.tolist() for n, rows in state.items()}


@pytest.mark.planted
def test_planted_rule_broken_in_one_window_of_five_minutes_is_found_at_the_days_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The witness is kept until somebody looks, 130 windows later."""
    monkeypatch.setattr(rules, "has_expired", lambda at, expires_at: np.zeros(len(at), dtype=bool))
    expired = NINE + VALID_MS
    late = signed(expired + 2 * MINUTE_MS)
    monkeypatch.setattr(ContractsSubsystem, "end", lambda self, out: None)
    with pytest.raises(InvariantViolation, match=f"contract of case {CASE} was signed after it expired"):
        told(
            [(ApplicationApproved, approved()), late], range(FIRST_DAY + 5 * MINUTE_MS, expired + DAY_MS, 5 * MINUTE_MS)
        )
