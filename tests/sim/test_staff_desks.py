"""Many desks at once: routing by branch, shards, figures, snapshots, and the rules checked over a living fortnight."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from credit.approval.contract import Desk
from credit.times import DAY_MS, HOUR_MS, MINUTE_MS, NEVER, Ints
from sim.staff import (
    Completions,
    Desks,
    Person,
    QueueRows,
    StaffRows,
    Tasks,
    build_roster,
    check_completions,
    join_completions,
    no_tasks,
    pools_of,
)
from sim.staff.statistics import HourRows
from tests.sim.staffing import DAYS, MONDAY, arriving, at, clerk, is_workday, peoples, pool_of, rows_of, run, workloads

ROLE = Desk.INITIAL_APPROVER
BRANCHES = range(1, 9)
PEOPLE = build_roster(5, {b: {ROLE.label: 1 + b % 3} for b in BRANCHES}, is_workday, MONDAY, 30)
START, END = MONDAY * DAY_MS, (MONDAY + 25) * DAY_MS


def workload() -> Tasks:
    rng = np.random.default_rng(2)
    count = 2_000
    arrivals = MONDAY * DAY_MS + rng.integers(0, 12 * 24 * 60, count) * MINUTE_MS
    return Tasks.of(
        rng.permutation(count) + 1,
        arrivals,
        rng.integers(1, 60, count) * MINUTE_MS,
        priority=rng.integers(0, 3, count),
        limit_at=arrivals + 8 * HOUR_MS,
        excluded=rng.choice([person.person for person in PEOPLE] + [0] * 20, count),
        branch=rng.choice(list(BRANCHES), count),
    )


def live(desks: Desks, tasks: Tasks, window: int = DAY_MS) -> tuple[Completions, list[QueueRows], list[StaffRows]]:
    parts, queues, staff = [], [], []
    for start in range(START, END, window):
        parts.append(desks.serve(ROLE, arriving(tasks, start, start + window), start, start + window))
        queues.append(desks.queues(ROLE))
        staff.append(desks.people(start + window, ROLE)[1])
    return join_completions(parts), queues, staff


def test_every_branch_obeys_the_rules_and_serves_its_own_rows() -> None:
    tasks = workload()
    done, _, _ = live(Desks(PEOPLE, is_workday, MONDAY), tasks)
    assert len(done) > 1_000
    for (branch, _), members in pools_of(PEOPLE).items():
        check_completions(tasks.take(tasks.branch == branch), done.take(done.branch == branch), members, is_workday)


def test_a_shard_of_the_branches_does_what_the_whole_does() -> None:
    tasks = workload()
    whole, _, _ = live(Desks(PEOPLE, is_workday, MONDAY), tasks)
    parts = []
    for rest in (0, 1):
        desks = Desks([person for person in PEOPLE if person.branch % 2 == rest], is_workday, MONDAY)
        parts.append(live(desks, tasks.take(tasks.branch % 2 == rest), HOUR_MS * 12)[0])
    assert rows_of(join_completions(parts)) == rows_of(whole)


def test_snapshot_and_restore_of_all_desks_changes_nothing() -> None:
    tasks, middle = workload(), START + 9 * DAY_MS
    first, again = Desks(PEOPLE, is_workday, MONDAY), Desks(PEOPLE, is_workday, MONDAY)
    first.serve(ROLE, arriving(tasks, START, middle), START, middle)
    state = first.export_state()
    assert len(state.waiting) > 10
    assert len(state.in_service) > 3
    again.import_state(state)
    rest = tasks.take(tasks.at >= middle)
    assert rows_of(first.serve(ROLE, rest, middle, END)) == rows_of(again.serve(ROLE, rest, middle, END))
    with pytest.raises(ValueError, match="lacks: initial_approver of branch 3"):
        Desks([person for person in PEOPLE if person.branch != 3], is_workday, MONDAY).import_state(state)


def test_a_desk_served_twice_is_refused() -> None:
    desks = Desks(PEOPLE, is_workday, MONDAY)
    desks.serve(ROLE, no_tasks(), START, START + DAY_MS)
    with pytest.raises(AssertionError, match="never see the future"):
        desks.serve(ROLE, no_tasks(), START, START + DAY_MS)


def test_a_task_older_than_the_time_served_is_refused() -> None:
    desks = Desks(PEOPLE, is_workday, MONDAY)
    with pytest.raises(AssertionError, match="nor change its past"):
        desks.serve(ROLE, Tasks.of([1], [START - 1], 1, branch=1), START, START + DAY_MS)


def test_a_branch_without_the_desk_is_named() -> None:
    with pytest.raises(ValueError, match=r"initial_approver of branch 77, who does not exist \(1 such\)"):
        Desks(PEOPLE, is_workday, MONDAY).serve(ROLE, Tasks.of([1], [START], 1, branch=77), START, END)


def test_windows_without_work_may_be_skipped() -> None:
    desks = Desks([clerk(1)], is_workday, MONDAY)
    assert desks.due(ROLE) == NEVER
    task = Tasks.of([1], [at(8, 10)], MINUTE_MS, branch=1)
    done = desks.serve(ROLE, task, (MONDAY + 8) * DAY_MS, (MONDAY + 9) * DAY_MS)
    assert done.started_at.tolist() == [at(8, 10)]


# ---- figures


def test_figures_of_a_known_day() -> None:
    """09:00 and 09:00 arrive, one person, two hours each: the second waits until 11:00; the third, of 17:30, goes on next
    morning."""
    desks = Desks([clerk(1)], is_workday, MONDAY)
    tasks = Tasks.of([1, 2, 3], [at(0, 9), at(0, 9), at(0, 17, 30)], 2 * HOUR_MS, limit_at=at(0, 10), branch=1)
    desks.serve(ROLE, tasks, START, START + DAY_MS)
    day = {name: int(column[0]) for name, column in desks.queues(ROLE)._asdict().items()}
    assert day == {
        "start": START,
        "until": START + DAY_MS,
        "branch": 1,
        "role": 1,
        "arrivals": 3,
        "begun": 3,
        "completions": 2,
        "waiting_end": 0,
        "waiting_max": 1,
        "waiting_ms": 2 * HOUR_MS,
        "in_service_end": 1,
        "wait_ms_sum": 2 * HOUR_MS,
        "wait_ms_max": 2 * HOUR_MS,
    }
    staff = {name: int(column[0]) for name, column in desks.people(START + DAY_MS, ROLE)[1]._asdict().items()}
    assert (staff["person"], staff["busy_ms"], staff["on_shift_ms"]) == (1001, 4 * HOUR_MS + HOUR_MS // 2, 8 * HOUR_MS)
    desks.serve(ROLE, no_tasks(), START + DAY_MS, START + 2 * DAY_MS)
    assert desks.people(START + 2 * DAY_MS, ROLE)[1].busy_ms.tolist() == [HOUR_MS + HOUR_MS // 2]
    assert desks.queues(ROLE).completions.tolist() == [1]


def test_quiet_time_in_which_tasks_wait_is_told_as_one_row() -> None:
    """Come at 19:00, begun at 09:00: nothing happens for fourteen hours, and fourteen hours of waiting are told."""
    desks = Desks([clerk(1)], is_workday, MONDAY)
    desks.serve(ROLE, Tasks.of([1], [at(0, 19)], HOUR_MS, branch=1), at(0, 19), at(0, 20))
    assert desks.due(ROLE) == at(1, 9)
    desks.serve(ROLE, no_tasks(), at(1, 9), at(1, 10))
    rows = desks.queues(ROLE)
    assert (rows.start.tolist(), rows.until.tolist()) == ([at(0, 20), at(1, 9)], [at(1, 9), at(1, 10)])
    assert (rows.waiting_ms.tolist(), rows.waiting_end.tolist()) == ([13 * HOUR_MS, 0], [1, 0])
    assert (rows.begun.tolist(), rows.wait_ms_sum.tolist()) == ([0, 1], [0, 14 * HOUR_MS])


def test_who_still_waits_when_a_run_ends_is_told_up_to_that_instant() -> None:
    desks = Desks([clerk(1)], is_workday, MONDAY)
    desks.serve(ROLE, Tasks.of([1, 2], [at(0, 19)] * 2, HOUR_MS, branch=1), at(0, 19), at(0, 20))
    rows = desks.rest(at(0, 23), ROLE)
    assert (rows.start.tolist(), rows.until.tolist()) == ([at(0, 20)], [at(0, 23)])
    assert (rows.waiting_ms.tolist(), rows.waiting_end.tolist()) == ([2 * 3 * HOUR_MS], [2])
    assert len(desks.rest(at(0, 20), ROLE).until) == 0


def test_time_in_which_a_desk_has_something_to_do_can_not_be_left_out() -> None:
    desks = Desks([clerk(1)], is_workday, MONDAY)
    desks.serve(ROLE, Tasks.of([1], [at(0, 19)], HOUR_MS, limit_at=at(0, 23), branch=1), at(0, 19), at(0, 20))
    assert desks.due(ROLE) == at(0, 23)
    with pytest.raises(AssertionError, match="has work to do from 2026-01-05 23:00"):
        desks.serve(ROLE, no_tasks(), at(1, 0), at(1, 1))


@given(people=peoples(), tasks=workloads())
@settings(max_examples=20)
def test_figures_add_up_over_any_windows(people: list[Person], tasks: Tasks) -> None:
    """Also where windows in which nothing is due are left out."""
    start, end = MONDAY * DAY_MS, (MONDAY + DAYS + 3) * DAY_MS
    tasks = replace(tasks, branch=np.ones_like(tasks.branch))
    queues, staff, finished = [], [], []
    for window, leaves_out in ((end - start, False), (DAY_MS, False), (HOUR_MS // 2, False), (HOUR_MS // 2, True)):
        desks = Desks(people, is_workday, MONDAY)
        rows, hours, done = [], [], []
        for at_ in range(start, end, window):
            news = arriving(tasks, at_, at_ + window)
            if not leaves_out or len(news) or desks.due(ROLE) < at_ + window or at_ + window == end:
                done.append(desks.serve(ROLE, news, at_, at_ + window))
                rows.append(np.array(desks.queues(ROLE)))
                if (not leaves_out and (at_ + window) % (6 * HOUR_MS) == 0) or at_ + window == end:
                    hours.append(np.array(desks.people(at_ + window, ROLE)[1]))
        table = np.concatenate(rows, axis=1)
        names = dict(zip(QueueRows._fields, table, strict=True))
        sums = [names[name].sum() for name in ("arrivals", "begun", "completions", "waiting_ms", "wait_ms_sum")]
        left = names["waiting_end"][names["until"] == end].sum()
        queues.append([*sums, names["waiting_max"].max(initial=0), names["wait_ms_max"].max(initial=0), left])
        told = StaffRows(*np.concatenate(hours, axis=1))
        by_person: dict[tuple[int, int], list[int]] = {}
        for person, absent, busy, shift in zip(*told[4:], strict=True):
            spent = by_person.setdefault((int(person), int(absent)), [0, 0])
            spent[0], spent[1] = spent[0] + int(busy), spent[1] + int(shift)
        staff.append(by_person)
        finished.append(rows_of(join_completions(done)))
    assert finished[0] == finished[1] == finished[2] == finished[3]
    assert queues[0] == queues[1] == queues[2] == queues[3]
    assert staff[0] == staff[1] == staff[2] == staff[3]
    assert all(busy <= shift for (_, absent), (busy, shift) in staff[0].items() if not absent)


@given(people=peoples(), tasks=workloads())
@settings(max_examples=20)
def test_hours_of_the_desks_sum_to_what_their_people_had_and_worked(people: list[Person], tasks: Tasks) -> None:
    """Each hour once, in order, the same whether they are told a day at a time or all at the end."""
    start, end = MONDAY * DAY_MS, (MONDAY + DAYS + 3) * DAY_MS
    tasks = replace(tasks, branch=np.ones_like(tasks.branch))
    told = []
    for window in (DAY_MS, end - start):
        desks = Desks(people, is_workday, MONDAY)
        hours: list[Ints] = []
        staff: list[Ints] = []
        for at_ in range(start, end, window):
            desks.serve(ROLE, arriving(tasks, at_, at_ + window), at_, at_ + window)
            for parts, part in zip((hours, staff), desks.people(at_ + window, ROLE), strict=True):
                parts.append(np.array(part))
        rows, by_person = HourRows(*np.concatenate(hours, axis=1)), StaffRows(*np.concatenate(staff, axis=1))
        assert (rows.busy_ms.sum(), rows.on_shift_ms.sum()) == (by_person.busy_ms.sum(), by_person.on_shift_ms.sum())
        assert (np.diff(rows.start) > 0).all()
        assert (rows.until - rows.start == HOUR_MS).all()
        assert ((rows.busy_ms > 0) | (rows.on_shift_ms > 0)).all()
        told.append(np.array(rows).tolist())
    assert told[0] == told[1]


@given(people=peoples(), tasks=workloads())
@settings(max_examples=50)
def test_figures_agree_with_the_completions(people: list[Person], tasks: Tasks) -> None:
    pool = pool_of(people)
    done = run(pool, tasks, [START, END])
    desks = Desks(people, is_workday, MONDAY)
    desks.serve(ROLE, replace(tasks, branch=np.ones_like(tasks.branch)), START, END)
    queue, (_, staff) = desks.queues(ROLE), desks.people(END, ROLE)
    if not len(queue.until):
        assert not len(tasks)
        return
    assert int(queue.completions[0]) == len(done)
    serving = pool.export_state().in_service
    waits = [*done.waited_ms.tolist(), *(serving["started_at"] - serving["at"]).tolist()]
    assert int(queue.wait_ms_sum[0]) == sum(waits)
    assert int(queue.wait_ms_max[0]) == max(waits, default=0)
    unserved = END - pool.export_state().waiting["at"]
    assert int(queue.waiting_ms[0]) == sum(waits) + int(unserved.sum())  # Little: the integral is the sum of the waits
    assert int(queue.waiting_max[0]) == _longest_queue(done, pool.export_state())
    assert set(staff.person.tolist()) <= {seat.person.person for seat in pool.seats}


def _longest_queue(done: Completions, state: object) -> int:
    """Greatest number waiting, by asking at each instant at which something happens."""
    serving, waiting = state.in_service, state.waiting  # type: ignore[attr-defined]
    spans = list(zip((done.started_at - done.waited_ms).tolist(), done.started_at.tolist(), strict=True))
    spans += list(zip(serving["at"].tolist(), serving["started_at"].tolist(), strict=True))
    spans += [(arrived, END) for arrived in waiting["at"].tolist()]
    return max((sum(a <= now < b for a, b in spans) for now, _ in spans), default=0)
