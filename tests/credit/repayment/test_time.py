"""Time is state: however the days are cut into windows, the book does the same work at the same instants, and windows that are
missing lose nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credit.mail import Inbox, Outbox
from credit.repayment.contract import DebitRequest, DebitResult, Event, LoanDisbursed
from credit.repayment.subsystem import RepaymentSubsystem
from credit.room import KINDS, Kind, Rows
from credit.subsystem import Window, windows
from credit.times import DAY_MS, HOUR_MS
from tests.credit.repayment.bank import LOAN, OTHER, START, Mail, at, early, loan, payment
from tests.rows import sample

DAYS = 62
MAIL: list[Mail] = [
    loan(),
    loan(OTHER, START + 2, method=2, product=4),
    early(at(START + 20, 11), OTHER, amount_fen=1_000_000, choice=1),
    payment(at(START + 40, 12), share_ppm=300_000),
    payment(at(START + 45, 17), share_ppm=1_000_000),
    payment(at(START + 55, 12), OTHER, amount_fen=700_000),
]
Work = dict[str, list[tuple[int, ...]]]


def work(cuts: Sequence[int], saved: int = -1) -> tuple[Work, dict[str, list[tuple[int, ...]]]]:
    """(what is done, the state at the end) of a month and more in windows with these cuts; debits are answered five seconds
    later, with a half on every third day. `saved`: the window before which the book is saved and taken up again."""
    room, waiting, done = RepaymentSubsystem.build(), list(MAIL), []
    edges = [START * DAY_MS, *sorted(set(cuts)), (START + DAYS) * DAY_MS]
    for window in windows(edges):
        if window.number == saved:
            state, room = room.export_state(), RepaymentSubsystem.build()
            room.import_state(state)
        out = Outbox()
        room.open(window, out)
        room.apply(Inbox.of(*_take(waiting, window.until, LoanDisbursed)), window, out)
        for row in out.take(DebitRequest):
            answer = sample(DebitResult, source=row.reshape(1), at=row["at"] + 5_000)
            answer["paid_fen"] = row["amount_fen"] // 2 if row["at"] // DAY_MS % 3 == 0 else 0
            waiting.append((DebitResult, answer))
        room.apply(Inbox.of(*_take(waiting, window.until)), window, out)
        room.close(window, out)
        assert room.check() == []
        done.append(out)
    return _told(done), {name: rows.tolist() for name, rows in room.export_state().items()}


def _take(waiting: list[Mail], until: int, *kinds: Kind) -> list[Mail]:
    """Takes out the mail that is stamped before `until`, of some kinds only where they are given."""
    due = [mail for mail in waiting if int(mail[1]["at"][0]) < until and (not kinds or mail[0] in kinds)]
    waiting[:] = [mail for mail in waiting if not any(mail is one for one in due)]
    return due


def _told(done: Sequence[Outbox]) -> Work:
    """Events and mail, sorted. Balances are reported when a window ends, so the last of each day is what counts."""
    told: dict[str, list[Rows]] = {}
    for out in done:
        told.setdefault("events", []).extend(out.events)
        for number, parts in out.mail.items():
            told.setdefault(KINDS[number].name, []).extend(parts)
    told.pop("LoanBalance")
    return {name: sorted(map(tuple, np.concatenate(parts).tolist())) for name, parts in told.items()}


BY_DAY = work([])


@pytest.mark.parametrize("hours", [1, 5, 12])
def test_days_and_hours_do_the_same_work(hours: int) -> None:
    cuts = [START * DAY_MS + n * hours * HOUR_MS for n in range(1, DAYS * 24 // hours)]
    assert work(cuts) == BY_DAY
    assert work(cuts, saved=len(cuts) // 2) == BY_DAY


@given(st.lists(st.integers(START * DAY_MS + 1, (START + DAYS) * DAY_MS - 1), max_size=20), st.integers(0, 80))
@settings(max_examples=15, deadline=None)
def test_any_cut_into_windows_does_the_same_work(cuts: list[int], saved: int) -> None:
    assert work(cuts, saved) == BY_DAY


def test_days_that_no_window_saw_are_made_up_for_when_the_next_one_comes() -> None:
    """The frame never leaves a gap; a room alone that was left alone for ten days still does every day's work."""
    room, out = RepaymentSubsystem.build(), Outbox()
    for window in windows([START * DAY_MS, (START + 30) * DAY_MS]):
        room.open(window, out)
        room.apply(Inbox.of(*(mail for mail in MAIL[:1] if window.number == 0)), window, out)
        room.close(window, out)
    late = Window(31, at(START + 40, 11), (START + 41) * DAY_MS)
    room.open(late, out)
    room.close(late, out)
    due = out.events_of(Event.INSTALMENT_DUE)
    assert due["at"].tolist() == [late.start], "stamped when it was done"
    assert len(out.take(DebitRequest)) == 10, "asked for on the due day and on each of the nine days after it"
    assert room.export_state()["arrears"]["since_day"].tolist() == [START + 31]
    assert int(room.export_state()["loans"]["loan"][0]) == LOAN
    assert room.check() == []


def test_a_new_book_is_due_at_the_instants_of_its_first_day_and_not_between() -> None:
    room, due = RepaymentSubsystem.build(), []
    for window in windows(range(START * DAY_MS, (START + 2) * DAY_MS + 1, HOUR_MS)):
        if window.ends_day or room.due() < window.until:
            out = Outbox()
            room.open(window, out)
            room.apply(Inbox(), window, out)
            room.close(window, out)
            due.append(window.start // HOUR_MS % 24)
    half = len(due) // 2
    assert due[:half] == due[half:]
    assert half <= 4
