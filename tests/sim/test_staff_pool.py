"""A staffed pool: order, pauses, dual-person rule, urging, deputies, and independence of windows, snapshots and row order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.approval.contract import Desk
from credit.times import DAY_MS, HOUR_MS, MINUTE_MS
from sim.staff import Person, Pool, Tasks, check_completions, no_tasks
from sim.staff.tasks import StaffState
from tests.sim.staffing import (
    DAYS,
    EARLY,
    HOLIDAY,
    MONDAY,
    at,
    clerk,
    is_workday,
    peoples,
    pool_of,
    rows_of,
    run,
    workloads,
)

START, END = MONDAY * DAY_MS, (MONDAY + DAYS) * DAY_MS
LATER = END + 60 * DAY_MS
DAILY = [*range(START, END + 1, DAY_MS), LATER]
HOURLY = [*range(START, END + 1, HOUR_MS), LATER]


def served(people: list[Person], tasks: Tasks) -> dict[int, tuple[int, ...]]:
    """Task id → (person, on behalf of, started, finished, waited, urged) after one run of everything."""
    return {row[0]: row[1:] for row in rows_of(run(pool_of(people), tasks, [START, LATER]))}


# ---- what a desk does


def test_a_task_begun_before_closing_ends_the_next_workday() -> None:
    done = served([clerk(1, shift=EARLY)], Tasks.of([1], [at(4, 17, 50)], 30 * MINUTE_MS))
    assert done[1][2:4] == (at(4, 17, 50), at(7, 8, 50))


def test_nobody_begins_on_a_holiday_or_on_leave() -> None:
    people = [clerk(1, leave=((HOLIDAY + 1, HOLIDAY + 1),))]
    done = served(people, Tasks.of([1], [HOLIDAY * DAY_MS + 10 * HOUR_MS], MINUTE_MS))
    assert done[1][2] == (HOLIDAY + 2) * DAY_MS + 9 * HOUR_MS


def test_speed_shortens_and_lengthens_work() -> None:
    slow = served([clerk(1, speed_ppm=500_000)], Tasks.of([1], [at(0, 9)], 10 * MINUTE_MS))
    fast = served([clerk(1, speed_ppm=1_500_000)], Tasks.of([1], [at(0, 9)], 10 * MINUTE_MS))
    assert slow[1][3] == at(0, 9, 20)
    assert fast[1][3] == at(0, 9) + 400_000


def test_urgent_first_then_first_come_then_task_id() -> None:
    tasks = Tasks.of(
        [9, 5, 4, 3, 2],
        [at(0, 9), at(0, 9, 1), at(0, 9, 2), at(0, 9, 3), at(0, 9, 3)],
        HOUR_MS,
        priority=[2, 2, 1, 1, 1],
    )
    done = served([clerk(1)], tasks)
    assert sorted(done, key=lambda task: done[task][2]) == [9, 4, 2, 3, 5]


def test_within_one_instant_the_urgent_task_goes_first_whatever_the_row_order() -> None:
    tasks = Tasks.of([1, 2], [at(0, 10), at(0, 10)], HOUR_MS, priority=[1, 0])
    assert served([clerk(1)], tasks)[2][2] == at(0, 10)


def test_a_task_arriving_as_somebody_finishes_competes_in_that_instant() -> None:
    tasks = Tasks.of([1, 2, 3], [at(0, 9), at(0, 9, 30), at(0, 10)], HOUR_MS, priority=[1, 1, 0])
    done = served([clerk(1)], tasks)
    assert (done[3][2], done[2][2]) == (at(0, 10), at(0, 11))


def test_the_longest_idle_person_gets_the_next_task() -> None:
    done = served([clerk(1), clerk(2)], Tasks.of([1, 2, 3], [at(0, 9), at(0, 10), at(0, 11)], MINUTE_MS))
    assert [done[task][0] for task in (1, 2, 3)] == [1001, 1002, 1001]


@pytest.mark.requirement("APR-04.a")
def test_the_excluded_person_leaves_a_task_to_another() -> None:
    tasks = Tasks.of([1, 2], [at(0, 9), at(0, 9)], HOUR_MS, excluded=[1001, 0])
    done = served([clerk(1), clerk(2, leave=((MONDAY, MONDAY),))], tasks)
    assert done[2][:3] == (1001, 0, at(0, 9))  # not held up by the task before it
    assert done[1][:3] == (1002, 0, at(1, 9))


@pytest.mark.requirement("APR-04.a")
def test_alone_at_the_desk_nobody_reviews_their_own_case() -> None:
    assert served([clerk(1)], Tasks.of([1], [at(0, 9)], HOUR_MS, excluded=1001)) == {}


def test_only_a_person_with_the_skills_takes_a_task() -> None:
    done = served([clerk(1, skills=1), clerk(2, skills=7)], Tasks.of([1], [at(0, 9)], HOUR_MS, needs=6))
    assert done[1][0] == 1002


@pytest.mark.requirement("APR-10.b")
def test_past_its_limit_a_waiting_task_rises_one_class() -> None:
    arrivals = [at(0, 9), at(0, 9, 1), at(0, 9, 2), at(0, 9, 3)]
    limits = [at(0, 17), at(0, 17), at(0, 11), at(0, 17)]
    tasks = Tasks.of([1, 2, 3, 4], arrivals, 2 * HOUR_MS, priority=[1, 1, 2, 2], limit_at=limits)
    done = served([clerk(1)], tasks)
    assert sorted(done, key=lambda task: done[task][2]) == [1, 2, 3, 4]
    urged = Tasks.of(
        [1, 2, 3, 4], arrivals, 2 * HOUR_MS, priority=[1, 2, 3, 2], limit_at=[at(0, 17)] * 2 + [at(0, 11)] * 2
    )
    done = served([clerk(1)], urged)
    assert sorted(done, key=lambda task: done[task][2]) == [1, 4, 2, 3]
    assert [done[task][5] for task in (1, 4, 2, 3)] == [0, 1, 0, 1]  # 2 begins at 14:00, 3 at 16:00


@pytest.mark.requirement("APR-12.b")
def test_a_deputy_serves_while_everybody_is_away_and_only_then() -> None:
    deputy = Person(2001, 2, Desk.RE_REVIEWER).deputise(1, Desk.INITIAL_APPROVER, [(MONDAY + 1, MONDAY + 3)], 1001)
    people = [clerk(1, leave=((MONDAY + 1, MONDAY + 2),)), clerk(2, leave=((MONDAY + 2, MONDAY + 4),)), deputy]
    tasks = Tasks.of([0, 1, 2, 3], [at(day, 10) for day in range(4)], 9 * HOUR_MS)
    done = served(people, tasks)
    assert [done[task][:2] for task in range(4)] == [(1001, 0), (1002, 0), (2001, 1001), (1001, 0)]
    assert done[2][2:4] == (at(2, 10), at(3, 11))  # what the deputy began, the deputy ends in their own hours


# ---- the future and the past are out of reach


def test_a_window_cannot_be_served_twice() -> None:
    pool = pool_of([clerk(1)])
    pool.serve(no_tasks(), START, END)
    with pytest.raises(AssertionError, match="never see the future"):
        pool.serve(no_tasks(), START, END)


@pytest.mark.parametrize("arrives", [START - 1, END])
def test_a_task_of_another_window_is_refused(arrives: int) -> None:
    with pytest.raises(AssertionError, match="outside of the window"):
        pool_of([clerk(1)]).serve(Tasks.of([1], [arrives], 1), START, END)


def test_time_in_which_the_pool_has_work_to_do_cannot_be_skipped() -> None:
    pool = pool_of([clerk(1)])
    pool.serve(Tasks.of([1], [at(0, 20)], 1), START, START + DAY_MS)
    with pytest.raises(AssertionError, match="would skip it"):
        pool.serve(no_tasks(), START + 2 * DAY_MS, END)


def test_the_same_task_twice_is_refused() -> None:
    pool = pool_of([clerk(1)])
    with pytest.raises(ValueError, match="task 7 arrives twice"):
        pool.serve(Tasks.of([7, 7], [at(0, 9), at(0, 10)], 1), START, START + DAY_MS)
    pool.serve(Tasks.of([7, 8], [at(0, 9), at(0, 10)], 60 * HOUR_MS), START, START + DAY_MS)
    for task in (7, 8):  # one in service, one waiting
        with pytest.raises(ValueError, match=f"task {task} arrives again"):
            pool.serve(Tasks.of([task], [at(1, 9)], 1), START + DAY_MS, START + 2 * DAY_MS)


def test_a_pool_may_be_set_back_to_an_earlier_state() -> None:
    """As a drill or a trainer does: the desk that has lived on forgets what it knew of its later hours."""
    tasks = Tasks.of([1, 2, 3], [at(0, 17, 30), at(1, 9), at(4, 10)], 2 * HOUR_MS)
    pool = pool_of([clerk(1), clerk(2)])
    pool.serve(tasks.take(tasks.at < at(1, 0)), START, at(1, 0))
    state = pool.export_state()
    rest = tasks.take(tasks.at >= at(1, 0))
    first = pool.serve(rest, at(1, 0), LATER)
    pool.import_state(state)
    assert rows_of(pool.serve(rest, at(1, 0), LATER)) == rows_of(first)


def test_people_of_an_earlier_roster_finish_what_they_began_and_no_more() -> None:
    before, after = pool_of([clerk(7), clerk(8)]), pool_of([clerk(1)])
    before.serve(Tasks.of([1, 2, 3], at(0, 17, 30), [HOUR_MS, MINUTE_MS, 9 * HOUR_MS]), START, at(1, 0))
    after.import_state(before.export_state())
    done = after.serve(Tasks.of([4, 5], at(1, 9), 20 * HOUR_MS), at(1, 0), LATER)
    assert list(zip(done.task.tolist(), done.person.tolist(), strict=True)) == [
        (1, 1007),
        (3, 1008),
        (4, 1001),
        (5, 1001),
    ]
    after.import_state(pool_of([clerk(1)]).export_state())
    assert not after.holds_work
    assert len(after.seats) == 1


def test_state_of_another_desk_is_refused() -> None:
    other = Pool([Person(2001, 2, Desk.INITIAL_APPROVER)], is_workday, MONDAY)
    with pytest.raises(ValueError, match="state is of other desks"):
        pool_of([clerk(1)]).import_state(other.export_state())


# ---- properties


@given(people=peoples(), tasks=workloads())
def test_every_run_obeys_the_rules_of_a_desk(people: list[Person], tasks: Tasks) -> None:
    done = run(pool_of(people), tasks, DAILY)
    check_completions(tasks, done, people, is_workday)


@given(people=peoples(deputies=False), tasks=workloads(plain=True))
def test_nobody_idles_while_a_task_waits_and_every_task_ends(people: list[Person], tasks: Tasks) -> None:
    done = run(pool_of(people), tasks, [START, LATER, LATER + 400 * DAY_MS])
    assert sorted(done.task.tolist()) == sorted(tasks.task.tolist())
    check_completions(tasks, done, people, is_workday, drained=True)


@given(people=peoples(), tasks=workloads(), cuts=st.lists(st.integers(START + 1, END), max_size=6, unique=True))
def test_the_cut_into_windows_changes_nothing(people: list[Person], tasks: Tasks, cuts: list[int]) -> None:
    uncut = pool_of(people)
    whole = rows_of(run(uncut, tasks, [START, LATER]))
    for windows in (DAILY, HOURLY, [START, *sorted(cuts), LATER]):
        pool = pool_of(people)
        assert rows_of(run(pool, tasks, windows)) == whole
        assert all(np.array_equal(a, b) for a, b in zip(pool.export_state(), uncut.export_state(), strict=True))


@given(people=peoples(), tasks=workloads(), slot=st.integers(1, DAYS * 48 - 1))
def test_a_snapshot_and_restore_in_between_changes_nothing(people: list[Person], tasks: Tasks, slot: int) -> None:
    """Snapshots fall on arrivals, beginnings and ends, since all lie on half hours."""
    middle = START + slot * (HOUR_MS // 2)
    whole = rows_of(run(pool_of(people), tasks, [START, LATER]))
    before, after = pool_of(people), pool_of(list(reversed(people)))
    first = run(before, tasks, [START, middle])
    state = before.export_state()
    after.import_state(state)
    assert all(np.array_equal(a, b) for a, b in zip(after.export_state(), state, strict=True))
    rest = after.serve(tasks.take(tasks.at >= middle), middle, LATER)
    assert sorted(rows_of(first) + rows_of(rest)) == whole


@given(people=peoples(), tasks=workloads(), order=st.randoms(use_true_random=False))
def test_the_order_of_rows_and_people_changes_nothing(people: list[Person], tasks: Tasks, order: object) -> None:
    rows, mixed = list(range(len(tasks))), list(people)
    order.shuffle(rows)  # type: ignore[attr-defined]
    order.shuffle(mixed)  # type: ignore[attr-defined]
    one, other = pool_of(people), pool_of(mixed)
    done, again = run(one, tasks, DAILY), run(other, tasks.take(np.array(rows)), DAILY)
    for name in ("task", "person", "on_behalf_of", "started_at", "finished_at", "waited_ms", "urged"):
        assert np.array_equal(getattr(done, name), getattr(again, name)), name
    assert [array.tobytes() for array in one.export_state()] == [array.tobytes() for array in other.export_state()]


def test_state_is_plain_int64_columns() -> None:
    pool = pool_of([clerk(1)])
    pool.serve(Tasks.of([1, 2], [at(0, 17, 59), at(0, 17, 59)], HOUR_MS), START, START + DAY_MS)
    state: StaffState = pool.export_state()
    assert (len(state.waiting), len(state.in_service)) == (1, 1)
    for array in state:
        assert all(array.dtype[name] == np.int64 for name in array.dtype.names or ())
