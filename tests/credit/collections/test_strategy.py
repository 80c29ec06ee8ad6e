"""Strategies: which means are used when, in both policy sets, at every boundary; and exactly one set for each case."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.codes import Contact, Segment
from credit.collections.contract import COLLECTION, Desk, Event, NoticeSent
from credit.collections.strategy import Strategies, compile_strategies
from credit.policies.collections import CollectionPolicy, StrategySet
from credit.policies.loading import PolicyError, load, packaged
from credit.policies.products import ProductPolicy
from credit.times import DAY_MS, HOUR_MS
from tests.credit.collections.desk import DAY, LOAN, Bench, means_sent, overdue

DIGITAL = ["sms", "voice"]
USE_B = {"collections": {"default_set": "b"}}


def compiled(overrides: dict[str, Any] | None = None) -> Strategies:
    sets = [load(f"collections_{key}", StrategySet) for key in "ab"]
    return compile_strategies(load("collections", CollectionPolicy, overrides), sets, load("products", ProductPolicy))


def allowed_at(set_number: int, dpd: int, fen: int = 100_000, grade: int = 2) -> list[str]:
    """Means that a set allows at days past due."""
    strategies = compiled()
    sets = np.array([set_number])
    row = strategies.rows(sets, strategies.stages(sets, np.array([dpd])), np.array([fen]), np.array([grade]))[0]
    return (
        [] if row < 0 else [Contact(means).name.lower() for means in np.flatnonzero(strategies.allowed[row]).tolist()]
    )


A_STAGES = {
    0: [],
    1: DIGITAL,
    7: DIGITAL,
    8: DIGITAL,
    30: DIGITAL,
    31: [*DIGITAL, "call", "visit"],
    90: [*DIGITAL, "call", "visit"],
    91: [*DIGITAL, "call", "visit", "legal"],
}
B_STAGES = {
    0: [],
    1: ["sms"],
    7: ["sms"],
    8: ["sms", "call"],
    30: ["sms", "call"],
    31: ["sms", "call", "visit", "legal"],
    90: ["sms", "call", "visit", "legal"],
    91: ["sms", "call", "visit", "legal"],
}


@pytest.mark.requirement("COL-02.a", "COL-02.c", "COL-02.d", "COL-04.b")
@pytest.mark.parametrize(("dpd", "means"), A_STAGES.items())
def test_set_a_allows_the_means_of_its_stage(dpd: int, means: list[str]) -> None:
    assert allowed_at(0, dpd) == means


@pytest.mark.requirement("COL-03.a", "COL-03.b", "COL-03.c", "COL-04.b")
@pytest.mark.parametrize(("dpd", "means"), B_STAGES.items())
def test_set_b_allows_the_means_of_its_stage(dpd: int, means: list[str]) -> None:
    assert allowed_at(1, dpd) == means


@pytest.mark.requirement("COL-02.a", "COL-02.c", "COL-02.d")
def test_under_set_a_nobody_is_called_before_day_31_nor_sued_before_day_91() -> None:
    bench = Bench()
    bench.day(1, overdue())
    bench.day(150)
    tasks, notices = bench.out.take(COLLECTION.task), bench.out.take(NoticeSent)
    assert sorted(np.unique(notices["action"]).tolist()) == [Contact.SMS, Contact.VOICE]
    assert notices["dpd"].min() == 1
    assert tasks["dpd"].min() >= 31
    assert tasks["desk"][tasks["dpd"] <= 90].tolist() == [Desk.COLLECTOR_MIDDLE] * int((tasks["dpd"] <= 90).sum())


@pytest.mark.requirement("COL-03.a", "COL-03.b")
def test_under_set_b_the_first_week_is_messages_only_and_the_phone_comes_after() -> None:
    bench = Bench(USE_B)
    bench.day(1, overdue())
    bench.day(30)
    notices, tasks = bench.out.take(NoticeSent), bench.out.take(COLLECTION.task)
    assert np.unique(notices["action"]).tolist() == [Contact.SMS]
    assert np.unique(tasks["action"]).tolist() == [Contact.CALL]
    assert tasks["dpd"].min() >= 8


@pytest.mark.requirement("COL-04.b")
def test_a_case_of_a_loan_that_is_due_today_is_left_alone() -> None:
    bench = Bench()
    out = bench.day(0, overdue(dpd=0))
    assert means_sent(out) == []
    assert means_sent(bench.day(1)) == ["sms"]


# ---- amount, grade, product, segment


@pytest.mark.requirement("COL-02.b")
@pytest.mark.parametrize("grade", range(1, 6))
def test_nobody_calls_by_hand_in_the_early_stage_whatever_the_amount_and_the_grade(grade: int) -> None:
    for fen in (1, 1_999_999, 2_000_000, 10**11):
        assert [allowed_at(0, dpd, fen=fen, grade=grade) for dpd in (1, 15, 30)] == [DIGITAL] * 3
        assert "call" in allowed_at(0, 31, fen=fen, grade=grade)


@pytest.mark.requirement("COL-01.a")
def test_amount_and_grade_change_what_is_done_when() -> None:
    def first(means: Contact, **case: int) -> int:
        bench = Bench()
        bench.day(1, overdue(**case))
        bench.day(10)
        notices = bench.out.take(NoticeSent)
        return int(notices["dpd"][notices["action"] == means].min())

    assert first(Contact.VOICE, fen=2_000_000) < first(Contact.VOICE, fen=1_999_999)
    assert first(Contact.VOICE, grade=5) < first(Contact.VOICE, grade=2)


@pytest.mark.requirement("COL-01.a")
def test_a_weak_customer_hears_more_often() -> None:
    counts = {}
    for grade in (2, 5):
        bench = Bench()
        bench.day(1, overdue(grade=grade))
        bench.day(25)
        counts[grade] = int((bench.out.take(NoticeSent)["action"] == Contact.SMS).sum())
    assert counts[5] > counts[2]


@pytest.mark.requirement("COL-01.b", "COL-04.a")
def test_a_product_and_customer_type_may_have_the_other_set() -> None:
    only = {"collections": {"assignments": [{"product": "card_instalment", "segment": "individual", "set": "b"}]}}
    strategies = compiled(only)
    card = load("products", ProductPolicy).by_key("card_instalment").code
    sets = strategies.sets(np.array([card, card, 1]), np.array([Segment.INDIVIDUAL, Segment.MICRO, Segment.INDIVIDUAL]))
    assert sets.tolist() == [1, 0, 0]
    bench = Bench(only)
    bench.day(1, overdue(), overdue(loan=LOAN + 100, product=card))
    out = bench.day(10)
    assert bench.column("set") == 0
    assert bench.column("set", LOAN + 100) == 1
    assert set(out.take(COLLECTION.task)["loan"].tolist()) <= {LOAN + 100}


@pytest.mark.requirement("COL-04.a")
def test_cases_that_were_opened_under_another_policy_are_worked_by_what_applies_now() -> None:
    before, after = Bench(), Bench(USE_B)
    before.day(1, overdue())
    before.day(10)
    assert before.column("set") == 0
    after.bank.import_state(before.bank.export_state())
    after.next_day = before.next_day
    assert after.column("set") == 1
    after.day(12)
    assert after.column("stage") == 2


@pytest.mark.requirement("COL-04.a")
@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            [{"product": "card_instalment", "set": "b"}, {"segment": "individual", "set": "a"}],
            "exactly one set may apply",
        ),
        ([{"product": "gold", "set": "b"}], "'gold' is not one of"),
    ],
)
def test_assignments_that_overlap_or_name_nothing_are_refused(rows: list[dict[str, str]], said: str) -> None:
    with pytest.raises(PolicyError, match=said):
        compiled({"collections": {"assignments": rows}})


@pytest.mark.requirement("COL-04.a")
@given(set_number=st.integers(0, 1), dpd=st.integers(1, 2_000), fen=st.integers(1, 10**11), grade=st.integers(1, 5))
def test_every_overdue_case_finds_exactly_one_row_of_its_own_stage(
    set_number: int, dpd: int, fen: int, grade: int
) -> None:
    strategies = compiled()
    sets = np.array([set_number])
    stage = strategies.stages(sets, np.array([dpd]))
    row = strategies.rows(sets, stage, np.array([fen]), np.array([grade]))
    assert strategies.row_set[row[0]] == set_number
    assert strategies.row_stage[row[0]] == stage[0]


# ---- rhythm


@pytest.mark.requirement("COL-01.a")
def test_the_rhythm_is_the_policys() -> None:
    bench = Bench()
    bench.day(1, overdue())
    bench.day(30)
    notices = bench.out.take(NoticeSent)
    assert notices["dpd"][notices["action"] == Contact.SMS].tolist() == list(range(1, 31, 3))
    assert notices["dpd"][notices["action"] == Contact.VOICE].tolist() == [4, 10, 16, 22, 28]


def test_contacts_go_out_at_the_hour_of_work() -> None:
    bench = Bench({"collections": {"work_hour": 10}})
    out = bench.day(1, overdue())
    assert out.take(NoticeSent)["at"].tolist() == [(DAY + 1) * DAY_MS + 10 * HOUR_MS]


def test_a_case_opened_after_the_hour_of_work_is_worked_on_the_next_day() -> None:
    bench = Bench()
    assert means_sent(bench.day(1, overdue(hour=10))) == []
    assert means_sent(bench.day(2)) == ["sms"]


def test_each_means_is_used_at_most_once_a_day() -> None:
    bench = Bench()
    bench.day(1, overdue())
    bench.day(200)
    used = [
        (row["at"] // DAY_MS, row["action"]) for kind in (NoticeSent, COLLECTION.task) for row in bench.out.take(kind)
    ]
    assert len(set(used)) == len(used)


@pytest.mark.requirement("COL-05.a", "COL-05.b")
def test_each_stage_is_assigned_to_its_own_team() -> None:
    bench = Bench()
    bench.day(1, overdue())
    bench.day(91)
    assigned = bench.out.events_of(Event.CASE_ASSIGNED)
    days = (assigned["at"] // DAY_MS - DAY).tolist()
    assert list(zip(days, assigned["value"].tolist(), strict=True)) == [
        (1, Desk.COLLECTOR_EARLY),
        (31, Desk.COLLECTOR_MIDDLE),
        (91, Desk.COLLECTOR_LONG),
    ]


# ---- the files


def faulty(key: str, change: Any) -> dict[str, Any]:
    content = packaged(f"collections_{key}")
    change(content)
    return content


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c["stages"][0].update(dpd_from=2), "stages must begin at DPD 1"),
        (lambda c: c["stages"][1].update(dpd_from=1), "stages must begin at DPD 1 and rise"),
        (lambda c: c["stages"][0].update(desk="collector_long"), "in this order"),
        (lambda c: c["rows"].pop(), "stage long: its last row"),
        (lambda c: c["rows"][2].update(overdue_from=5), "stage early: its last row"),
        (lambda c: c["rows"][2].update(stage="never"), "'never' is not one of"),
        (lambda c: c["rows"][0].update(grades=["golden"]), "'golden' is not one of"),
        (lambda c: c["rows"][0]["actions"].append({"action": "sms", "every_days": 1}), "an action stands in it twice"),
        (
            lambda c: c["rows"][0]["actions"].append({"action": "legal", "every_days": 0}),
            "possible in the last stage only",
        ),
    ],
)
def test_a_set_with_a_gap_or_a_contradiction_is_refused(change: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        StrategySet.model_validate(faulty("a", change))
