"""The bank owns its worklists: each command in a table with its answer, and what holds of any sequence of commands."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credit.approval.contract import DESK, Desk, Event
from credit.head_office.contract import Desk as HeadOfficeDesk
from credit.mail import Inbox, Outbox
from credit.moves import ImpossibleMove
from credit.staff import StaffRegister
from credit.subsystem import Window
from credit.times import DAY_MS, HOUR_MS
from credit.worklists.states import MOVES, Handling, Refusal, TaskState
from tests.credit.worklists.builders import (
    ADMINISTRATOR,
    ANNA,
    BO,
    CHEN,
    DAY,
    DING,
    ELSEWHERE,
    EXCLUDING,
    FIRST,
    NINE,
    SECOND,
    command,
    desk,
    refusals,
    run,
)

_R = Refusal
APPOINTED = {"person": ANNA, "deputy": DING, "desk": Desk.INITIAL_APPROVER, "from_day": DAY, "to_day": DAY}
FOR_ANNA = ("appoint", 0, ADMINISTRATOR, APPOINTED)
FOR_BO = ("appoint", 0, ADMINISTRATOR, APPOINTED | {"person": BO})


def wrongly(**columns):
    """An appointment with something wrong in it."""
    return "appoint", 0, ADMINISTRATOR, APPOINTED | columns


CLAIM, ASK = ("claim", FIRST, ANNA), ("ask", FIRST, ANNA, {"asked": BO})


def mail(*steps):
    """Commands a millisecond apart."""
    return [
        command(name, task, who, at=NINE + n + 1, **(more[0] if more else {}))
        for n, (name, task, who, *more) in enumerate(steps)
    ]


@pytest.mark.parametrize(("late_ms", "reasons"), [(-1, [_R.NO_OPEN_TASK]), (0, [])])
def test_a_task_is_there_from_the_instant_at_which_it_is_put(late_ms, reasons):
    assert refusals(run(desk(), command("claim", FIRST, ANNA, at=NINE + late_ms))) == reasons


@pytest.mark.requirement("APR-03.d", "APR-04.a", "APR-12.a")
@pytest.mark.parametrize(
    ("steps", "reasons", "state"),
    [
        # one command a row: what went before, the command, why it is refused, where the first task stands afterwards
        ([CLAIM], [], TaskState.CLAIMED),
        ([("claim", FIRST, 4_711)], [_R.NOT_ON_REGISTER], TaskState.WAITING),
        ([("claim", FIRST, DING)], [_R.NO_AUTHORITY], TaskState.WAITING),  # of another desk
        ([("claim", FIRST, ELSEWHERE)], [_R.NO_AUTHORITY], TaskState.WAITING),  # of another branch
        ([("claim", FIRST + 7, ANNA)], [_R.NO_OPEN_TASK], TaskState.WAITING),
        ([("claim", FIRST, DING, {"on_behalf_of": ANNA})], [_R.NOT_APPOINTED], TaskState.WAITING),
        ([CLAIM, ("claim", FIRST, BO)], [_R.CLAIMED_BY_ANOTHER], TaskState.CLAIMED),
        ([CLAIM, ("claim", FIRST, ANNA)], [_R.CLAIMED_ALREADY], TaskState.CLAIMED),
        ([("claim", EXCLUDING, BO)], [_R.EXCLUDED], TaskState.WAITING),
        ([CLAIM, ("opinion", FIRST, ANNA), ("claim", FIRST, BO)], [_R.ALREADY_DECIDED], TaskState.DONE),
        ([("opinion", SECOND, ANNA), CLAIM], [_R.SAME_PERSON], TaskState.WAITING),
        ([CLAIM, ("opinion", FIRST, ANNA)], [], TaskState.DONE),
        ([("opinion", FIRST, ANNA)], [], TaskState.DONE),  # claims it by deciding
        ([CLAIM, ("opinion", FIRST, BO)], [_R.CLAIMED_BY_ANOTHER], TaskState.CLAIMED),
        ([CLAIM, ("opinion", SECOND, ANNA), ("opinion", FIRST, ANNA)], [_R.SAME_PERSON], TaskState.CLAIMED),
        ([CLAIM, ("release", FIRST, ANNA)], [], TaskState.WAITING),
        ([CLAIM, ("release", FIRST, BO)], [_R.CLAIMED_BY_ANOTHER], TaskState.CLAIMED),
        ([("release", FIRST, ANNA)], [_R.NOT_CLAIMED], TaskState.WAITING),
        ([CLAIM, ("release", FIRST, ANNA), ("claim", FIRST, BO)], [], TaskState.CLAIMED),
        ([CLAIM, ("hand_over", FIRST, ANNA, {"to": BO}), ("opinion", FIRST, BO)], [], TaskState.DONE),
        ([CLAIM, ("hand_over", FIRST, ANNA, {"to": DING})], [_R.NO_AUTHORITY], TaskState.CLAIMED),
        ([CLAIM, ("hand_over", FIRST, ANNA, {"to": ANNA})], [_R.SAME_PERSON], TaskState.CLAIMED),
        ([CLAIM, ("hand_over", FIRST, BO, {"to": CHEN})], [_R.CLAIMED_BY_ANOTHER], TaskState.CLAIMED),
        ([("opinion", SECOND, BO), CLAIM, ("hand_over", FIRST, ANNA, {"to": BO})], [_R.SAME_PERSON], TaskState.CLAIMED),
        ([CLAIM, ASK], [], TaskState.ASKED),
        ([ASK], [_R.NOT_CLAIMED], TaskState.WAITING),
        ([CLAIM, ("ask", FIRST, ANNA, {"asked": ANNA})], [_R.SAME_PERSON], TaskState.CLAIMED),
        ([CLAIM, ("ask", FIRST, ANNA, {"asked": DING})], [_R.NO_AUTHORITY], TaskState.CLAIMED),
        ([CLAIM, ASK, ("opinion", FIRST, ANNA)], [_R.OPINION_OUTSTANDING], TaskState.ASKED),
        ([CLAIM, ASK, ("hand_over", FIRST, ANNA, {"to": CHEN})], [_R.OPINION_OUTSTANDING], TaskState.ASKED),
        ([CLAIM, ASK, ("second", FIRST, CHEN)], [_R.NO_AUTHORITY], TaskState.ASKED),
        ([CLAIM, ("second", FIRST, BO)], [_R.NO_OPEN_TASK], TaskState.CLAIMED),
        ([CLAIM, ASK, ("second", FIRST, BO, {"verdict": 1})], [], TaskState.CLAIMED),
        ([CLAIM, ASK, ("second", FIRST, BO), ("opinion", FIRST, ANNA)], [], TaskState.DONE),
        ([CLAIM, ASK, ("second", FIRST, BO), ("opinion", SECOND, BO)], [_R.SAME_PERSON], TaskState.CLAIMED),
        ([CLAIM, ASK, ("release", FIRST, ANNA)], [], TaskState.WAITING),
        ([CLAIM, ASK, ("opinion", SECOND, BO), ("second", FIRST, BO)], [_R.SAME_PERSON], TaskState.ASKED),
        ([("appoint", 0, ANNA, APPOINTED)], [_R.NOT_ADMINISTRATOR], TaskState.WAITING),
        ([FOR_ANNA, FOR_ANNA, CLAIM], [], TaskState.CLAIMED),
        ([wrongly(desk=HeadOfficeDesk.COMMITTEE)], [_R.NOT_THIS_DESK], TaskState.WAITING),
        ([wrongly(deputy=77)], [_R.NOT_ON_REGISTER], TaskState.WAITING),
        ([wrongly(person=77)], [_R.NOT_ON_REGISTER], TaskState.WAITING),
        ([wrongly(person=DING)], [_R.NO_AUTHORITY], TaskState.WAITING),
        ([wrongly(deputy=ANNA)], [_R.SAME_PERSON], TaskState.WAITING),
        ([wrongly(to_day=DAY - 1)], [_R.DAYS_REVERSED], TaskState.WAITING),
        (
            [FOR_ANNA, ("claim", FIRST, DING, {"on_behalf_of": ANNA}), ("hand_over", FIRST, DING, {"to": ANNA})],
            [_R.SAME_PERSON],
            TaskState.CLAIMED,
        ),
        ([FOR_BO, ("claim", EXCLUDING, DING, {"on_behalf_of": BO})], [_R.EXCLUDED], TaskState.WAITING),
    ],
)
def test_a_command_is_taken_or_refused_with_its_reason(steps, reasons, state):
    room = desk()
    out = run(room, *mail(*steps))
    assert refusals(out) == reasons
    assert room.desk.tasks.get("state", room.desk.tasks.find([FIRST])).tolist() == [state]
    assert room.check() == []


@pytest.mark.parametrize("command_", ["claim", "release", "hand_over", "ask", "second", "opinion"])
def test_a_command_that_is_refused_changes_nothing(command_):
    room = desk()
    run(room, *mail(CLAIM))
    before = {name: rows.tobytes() for name, rows in room.export_state().items()}
    out = run(room, command(command_, FIRST, ELSEWHERE, at=NINE + 5))
    assert len(refusals(out)) == 1
    assert {name: rows.tobytes() for name, rows in room.export_state().items()} == before


@pytest.mark.requirement("APR-12.b")
@pytest.mark.parametrize(("first", "last", "taken"), [(0, 0, True), (-2, 3, True), (1, 3, False), (-3, -1, False)])
def test_a_deputy_claims_on_the_appointed_days_and_nobody_acts_in_anothers_name_after_his_own(first, last, taken):
    room = desk()
    days = APPOINTED | {"from_day": DAY + first, "to_day": DAY + last}
    appoint = command("appoint", 0, ADMINISTRATOR, at=NINE + 1, **days)
    out = run(room, appoint, command("opinion", FIRST, DING, at=NINE + 5, on_behalf_of=ANNA))
    assert refusals(out) == ([] if taken else [Refusal.NOT_APPOINTED])
    again = run(room, command("opinion", SECOND, ANNA, at=NINE + 6))
    assert refusals(again) == ([Refusal.SAME_PERSON] if taken else []), "who was acted for has acted"
    assert room.check() == []


@pytest.mark.requirement("APR-12.a")
def test_an_appointment_is_recorded_once_and_answered_and_a_wrong_one_leaves_no_trace() -> None:
    room = desk()
    out = run(room, *mail(FOR_ANNA, FOR_ANNA, wrongly(deputy=ANNA)))
    assert out.events_of(Event.DEPUTY_APPOINTED)["value"].tolist() == [DING]
    assert room.desk.deputies.table["deputy"].tolist() == [DING]


def test_what_somebody_held_who_has_left_the_desk_is_anybodys() -> None:
    room = desk()
    run(room, *mail(CLAIM, ("claim", SECOND, BO)))
    room.desk.register = StaffRegister.of([(BO, 1, Desk.INITIAL_APPROVER), (CHEN, 1, Desk.INITIAL_APPROVER)])
    out = run(room, *[command("opinion", task, CHEN, at=NINE + 9) for task in (FIRST, SECOND)])
    assert refusals(out) == [Refusal.CLAIMED_BY_ANOTHER], "BO is still there"
    assert room.decided == [(FIRST, CHEN)]


def test_who_has_left_the_desk_may_finish_what_he_had_claimed() -> None:
    room = desk()
    run(room, *mail(CLAIM))
    room.desk.register = StaffRegister.of([(BO, 1, Desk.INITIAL_APPROVER)])
    assert refusals(run(room, command("opinion", FIRST, ANNA, at=NINE + 9))) == []
    assert room.decided == [(FIRST, ANNA)]


@pytest.mark.requirement("APR-10.b")
def test_a_task_is_urged_at_its_limit_once_and_rises_by_a_class_whoever_holds_it():
    room, limit = desk(), NINE + 3 * HOUR_MS
    run(room, *mail(CLAIM), until=limit)
    assert room.desk.tasks["urged"].tolist() == [0, 0, 0]
    out = run(room, command("opinion", SECOND, BO, at=limit + 1), until=limit + 2)
    assert out.events_of(Event.CASE_URGED)["at"].tolist() == [limit] * 3
    assert room.desk.tasks["priority"].tolist() == [2, 2, 2]
    assert len(run(room, until=limit + HOUR_MS).events_of(Event.CASE_URGED)) == 0


def test_what_happens_to_a_task_is_recorded_and_it_is_offered_again():
    room = desk()
    out = run(room, *mail(CLAIM, ASK, ("second", FIRST, BO, {"verdict": 2}), ("release", FIRST, ANNA)))
    told = out.events_of(Event.TASK_HANDLED)[["actor", "reason", "value"]].tolist()
    assert sorted(told) == [
        (ANNA, Handling.RELEASED, ANNA),
        (ANNA, Handling.OPINION_ASKED, BO),
        (BO, Handling.OPINION_GIVEN, 2),
    ]
    [again] = out.take(DESK.task)
    assert (again["task"], again["excluded"], again["at"]) == (FIRST, ANNA, NINE + 4)


def test_a_withdrawn_task_is_told_to_the_world_and_decided_by_nobody():
    room = desk()
    run(room, *mail(CLAIM, ASK))
    out = run(room)
    room.desk.withdraw(np.array([FIRST // 10_000]), np.array([NINE + HOUR_MS]), out)
    assert room.check() == []
    assert sorted(out.take(DESK.withdrawn)["task"].tolist()) == [FIRST, SECOND]
    late = run(room, command("opinion", FIRST, ANNA, at=NINE + 2 * HOUR_MS))
    assert refusals(late) == [Refusal.NO_OPEN_TASK]
    room.close(Window(1, DAY * DAY_MS, (DAY + 1) * DAY_MS), out)
    assert room.desk.tasks["task"].tolist() == [EXCLUDING], "a day's end forgets what is over"


def test_a_move_that_the_table_does_not_hold_stops_the_run():
    room = desk()
    run(room, *mail(("opinion", FIRST, ANNA)))
    with pytest.raises(ImpossibleMove, match=f"task {FIRST} can't go from DONE to CLAIMED"):
        MOVES.to(room.desk.tasks, room.desk.tasks.find([FIRST]), TaskState.CLAIMED)


def test_an_appointment_counts_from_its_instant_on_also_within_its_window():
    days = {"from_day": DAY, "to_day": DAY, "desk": Desk.INITIAL_APPROVER}
    appointed = command("appoint", 0, ADMINISTRATOR, at=NINE + 5, person=ANNA, deputy=BO, **days)
    early = command("claim", FIRST, BO, at=NINE + 4, on_behalf_of=ANNA)
    assert refusals(run(desk(), appointed, early)) == [Refusal.NOT_APPOINTED]
    assert refusals(run(desk(), appointed, command("claim", FIRST, BO, at=NINE + 5, on_behalf_of=ANNA))) == []


PEOPLE = st.sampled_from([ANNA, BO, CHEN, DING, ELSEWHERE, 4_711])
COMMANDS = st.lists(
    st.tuples(
        st.sampled_from(["claim", "release", "hand_over", "ask", "second", "opinion", "opinion", "appoint"]),
        st.sampled_from([FIRST, SECOND, EXCLUDING]),
        PEOPLE,
        st.sampled_from([0, 0, ANNA, CHEN]),
        st.integers(0, 3),
    ),
    max_size=40,
)


def as_mail(commands):
    """Commands some milliseconds apart, several at one instant among them."""
    at, found = NINE + 1, []
    for name, task, person, other, gap in commands:
        at += gap
        match name:
            case "appoint":
                days = {"from_day": DAY, "to_day": DAY, "desk": Desk.INITIAL_APPROVER}
                found.append(command(name, 0, ADMINISTRATOR, at=at, person=other or BO, deputy=person, **days))
            case "claim" | "opinion":
                found.append(command(name, task, person, at=at, on_behalf_of=other))
            case "hand_over":
                found.append(command(name, task, person, at=at, to=other))
            case "ask":
                found.append(command(name, task, person, at=at, asked=other))
            case _:
                found.append(command(name, task, person, at=at))
    return found


@given(COMMANDS)
@settings(max_examples=150, deadline=None)
def test_any_commands_keep_each_task_in_one_state_and_nobody_acts_twice_on_a_case(commands):
    room = desk()
    run(room, *as_mail(commands))
    assert room.check() == []
    assert np.isin(room.desk.tasks["state"], list(TaskState)).all()
    assert sorted(room.desk.tasks["task"].tolist()) == sorted([FIRST, SECOND, EXCLUDING])
    acts = [(int(row["case"]), int(row["person"])) for row in room.desk.acts.export()]
    assert len(dict.fromkeys(acts)) == len(acts)
    deciders = [(task // 10_000, person) for task, person in room.decided]
    assert len(dict.fromkeys(deciders)) == len(deciders)
    assert len(dict.fromkeys(task for task, _ in room.decided)) == len(room.decided), "decided once"


@given(COMMANDS, st.integers(1, 60))
@settings(max_examples=200, deadline=None)
def test_however_the_time_is_cut_the_commands_have_the_same_answers(commands, cut):
    whole, parts, every, some = desk(), desk(), as_mail(commands), Outbox()
    all_at_once = run(whole, *every)
    start, until = DAY * DAY_MS, NINE + 12 * HOUR_MS
    for number, (low, high) in enumerate(((start, NINE + cut), (NINE + cut, until))):
        window = Window(number, low, high)
        parts.open(window, some)
        now = [(kind, rows) for kind, rows in every if low <= rows["at"][0] < high]
        parts.apply(Inbox.of(*now), window, some)
        parts.close(window, some)
    for name, rows in whole.export_state().items():
        assert rows.tobytes() == parts.export_state()[name].tobytes()
    assert sorted(refusals(all_at_once)) == sorted(refusals(some))
