"""Requests have answers: each exactly one, a repeated one the first, and nothing is done twice."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from credit.codes import Actor
from credit.mail import Inbox, Outbox
from credit.requests import KEPT_MS
from credit.room import EventCode, Kind, Reason, RequestRefusal, Room, Rows, event
from credit.stage import Stage, WindowResult
from credit.subsystem import Subsystem, Takes, Window
from credit.times import DAY_MS
from tests.rows import sample

room = Room(__name__, "till", ("till", "柜台"))
PayIn = room.obeys(9901, "PayIn", "case amount_fen")
PayOut = room.obeys(9902, "PayOut", "case amount_fen")
room.table("tills", "case amount_fen", key="case", changes="amount_fen")
CASE = 10**9 + 1


class Event(EventCode):
    PAY_IN_REFUSED = event(9901, "pay-in refused", "缴存被拒", reason=Reason, refuses=True)


class Refusal(Reason):
    NOTHING = 9901, "nothing is paid in", "未缴存", "amount_fen"


class Till(Subsystem):
    """Adds up what is paid in."""

    room = room
    REFUSED = Event.PAY_IN_REFUSED
    HANDLERS = (Takes(PayIn, "pay_in"), Takes(PayOut, "pay_out"))

    def pay_in(self, rows: Rows, out: Outbox) -> None:
        wrong = rows["amount_fen"] <= 0
        self.refuse(rows[wrong], int(Refusal.NOTHING), out, actor=Actor.CUSTOMER)
        table = self.tables["tills"]
        if not len(table):
            table.append(length=1, case=CASE, amount_fen=0)
        table["amount_fen"][:] += rows["amount_fen"][~wrong].sum()

    def pay_out(self, rows: Rows, out: Outbox) -> None:
        self.tables["tills"]["amount_fen"][:] -= rows["amount_fen"].sum()

    @property
    def total(self) -> int:
        return int(self.tables["tills"]["amount_fen"].sum())


room.logs(Event, reasons=(Refusal,))


def paid(*requests: tuple[int, int, int]) -> dict[int, list[Rows]]:
    """Mail of (at, request, amount) rows."""
    at, request, amount = (list(column) for column in zip(*requests, strict=True))
    return {PayIn.number: [sample(PayIn, len(at), at=at, request=request, amount_fen=amount, case=CASE)]}


def day(stage: Stage, number: int, mail: dict[int, list[Rows]] | None = None) -> WindowResult:
    return stage.step(Window(number, number * DAY_MS, (number + 1) * DAY_MS), mail or {})


def answers(outcome: WindowResult) -> list[tuple[int, ...]]:
    return [tuple(row) for row in outcome.answers[["request", "number", "reason"]].tolist()]


def test_each_request_is_answered_with_its_number_or_with_the_reason() -> None:
    till = Till()
    outcome = day(Stage(room, till), 0, paid((5, 71, 300), (6, 72, -1)))
    assert answers(outcome) == [(71, CASE, 0), (72, 0, Refusal.NOTHING)]
    assert Refusal.NOTHING.field == "amount_fen"
    assert till.total == 300


def test_a_repeated_request_gets_the_first_answer_and_does_nothing() -> None:
    till = Till()
    stage = Stage(room, till)
    day(stage, 0, paid((5, 71, 300), (6, 72, -1)))
    again = day(stage, 1, paid((DAY_MS + 1, 72, -1), (DAY_MS + 2, 71, 300), (DAY_MS + 3, 73, 50)))
    assert sorted(answers(again)) == [(71, CASE, 0), (72, 0, Refusal.NOTHING), (73, CASE, 0)]
    assert dict(again.answers[["request", "at"]].tolist()) == {71: 5, 72: 6, 73: DAY_MS + 3}
    assert till.total == 350


def test_a_request_that_stands_twice_in_one_mail_is_done_once() -> None:
    till = Till()
    outcome = day(Stage(room, till), 0, paid((5, 71, 300), (6, 71, 300), (7, 71, 300)))
    assert answers(outcome) == [(71, CASE, 0)] * 3
    assert till.total == 300


def test_a_number_that_comes_again_with_something_else_is_refused_and_told_nothing_of_the_first() -> None:
    till = Till()
    stage = Stage(room, till)
    first = day(stage, 0, paid((5, 71, 300), (6, 71, 999)))
    later = day(stage, 1, paid((DAY_MS + 1, 71, 301), (DAY_MS + 2, 71, 300)))
    assert answers(first) == [(71, CASE, 0), (71, 0, RequestRefusal.NUMBER_TAKEN)]
    assert answers(later) == [(71, 0, RequestRefusal.NUMBER_TAKEN), (71, CASE, 0)]
    assert (RequestRefusal.NUMBER_TAKEN.field, till.total) == ("request", 300)


def test_a_number_is_its_branchs_own() -> None:
    mail, elsewhere = paid((5, 71, 300)), CASE * 2
    mail[PayIn.number].append(sample(PayIn, 2, at=[6, 7], request=71, amount_fen=[-1, 50], case=elsewhere))
    stage = Stage(room, Till())
    first = day(stage, 0, mail)
    later = day(stage, 1, {PayIn.number: [sample(PayIn, at=DAY_MS, request=71, amount_fen=300, case=CASE)]})
    both = np.concatenate((first.answers, later.answers))[["branch", "request", "number", "reason"]].tolist()
    refused = (2, 71, 0, Refusal.NOTHING), (2, 71, 0, RequestRefusal.NUMBER_TAKEN)
    assert both == [(1, 71, CASE, 0), *refused, (1, 71, CASE, 0)]


def test_a_number_stands_for_one_request_whatever_its_kind() -> None:
    till = Till()
    mail = paid((5, 71, 300)) | {
        PayOut.number: [sample(PayOut, 2, at=[6, 7], request=[71, 72], amount_fen=100, case=CASE)]
    }
    outcome = day(Stage(room, till), 0, mail)
    assert sorted(answers(outcome)) == [(71, 0, RequestRefusal.NUMBER_TAKEN), (71, CASE, 0), (72, CASE, 0)]
    assert till.total == 200


def test_who_gives_no_number_is_served_and_not_answered() -> None:
    till = Till()
    outcome = day(Stage(room, till), 0, paid((5, 0, 300), (6, 0, 300)))
    assert answers(outcome) == []
    assert till.total == 600


def test_the_memory_is_state_and_ends_as_stated() -> None:
    till, other = Till(), Till()
    stage, later = Stage(room, till), Stage(room, other)
    day(stage, 0, paid((5, 71, 300)))
    later.import_state(stage.export_state())
    last = KEPT_MS // DAY_MS
    for number in range(1, last):
        day(later, number)
    assert answers(day(later, last, paid((last * DAY_MS, 71, 300)))) == [(71, CASE, 0)]
    assert other.total == 300
    assert answers(day(later, last + 1, paid(((last + 1) * DAY_MS, 71, 300)))) == [(71, CASE, 0)]
    assert other.total == 600


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(-2, 5)), min_size=1, max_size=30), st.integers(1, 4))
def test_however_often_and_in_whatever_mail_requests_come_each_counts_once(
    asked: list[tuple[int, int]], size: int
) -> None:
    till = Till()
    stage = Stage(room, till)
    given_answers: dict[int, tuple[int, ...]] = {}
    expected: dict[int, int] = {}
    mails = [asked[first : first + size] for first in range(0, len(asked), size)]
    for number, part in enumerate(mails[: KEPT_MS // DAY_MS]):
        for request, amount in part:
            expected.setdefault(request, amount)
        outcome = day(stage, number, paid(*((number * DAY_MS + n, *one) for n, one in enumerate(part))))
        for request, *answer in answers(outcome):
            if answer[1] != RequestRefusal.NUMBER_TAKEN:
                assert given_answers.setdefault(request, tuple(answer)) == tuple(answer)
    done = {request: expected[request] for request in given_answers}
    assert till.total == sum(amount for amount in done.values() if amount > 0)


def test_kinds_of_this_test_are_commands() -> None:
    assert isinstance(PayIn, Kind)
    assert PayIn.command
    assert Inbox.of((PayIn, sample(PayIn, 1, request=4))).take(PayIn)["request"].tolist() == [4]
    assert np.asarray(PayIn.dtype.names)[-1] == "request"


def test_a_request_that_is_set_aside_is_answered_once_and_never_done() -> None:
    till = Till()
    stage = Stage(room, till)
    outcome = day(stage, 0, paid((5, -71, 300), (6, 72, 200)))
    assert answers(outcome) == [(71, 0, RequestRefusal.SET_ASIDE), (72, CASE, 0)]
    assert till.total == 200
    assert answers(day(stage, 1, paid((DAY_MS, 71, 300)))) == [(71, 0, RequestRefusal.SET_ASIDE)]
    assert till.total == 200
