"""Who may decide what: two people, the right desk, deputies on their days, limits and urging, and the way back from a
withdrawn contract."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from credit.applications.contract import Refusal as ApplicationRefusal
from credit.approval.contract import DESK, ApplicationScored, ContractWithdrawn, Event, Gauge, Refusal
from credit.approval.deadlines import WorkingTime
from credit.approval.routes import next_node
from credit.approval.trail import trail
from credit.calendar import is_workday
from credit.codes import Lane, Material, Node, Verdict
from credit.contracts.contract import ApplicationApproved
from credit.head_office.contract import CaseEscalated, CaseHandled
from credit.head_office.subsystem import HeadOfficeSubsystem
from credit.mail import Inbox, Outbox
from credit.numbers import task_of
from credit.room import Rows
from credit.subsystem import Window
from credit.times import DAY_MS, MINUTE_MS, instant
from credit.worklists.states import Refusal as TaskRefusal
from tests.credit.approval.builders import (
    ADMINISTRATOR,
    CARD,
    CASE,
    CLERK,
    FINAL,
    FOREIGN_INITIAL,
    INITIAL,
    MICRO,
    MONDAY,
    MORTGAGE,
    NINE,
    RE_REVIEWER,
    RISK,
    SECOND_INITIAL,
    YUAN,
    day_window,
    desk,
    escalated,
    hours,
    manual,
    opinion,
    run,
    withdrawn,
)
from tests.credit.worklists.planted import anybody_may
from tests.rows import sample

LATER = NINE + hours(1)


def at_re_review():
    """A desk with one case that INITIAL has reviewed."""
    subsystem = desk()
    run(subsystem, (ApplicationScored, manual()), opinion(INITIAL, Node.INITIAL, LATER))
    return subsystem


def refusals(out) -> list[int]:
    return list(out.events_of(Event.DECISION_REFUSED)["reason"].tolist())


@pytest.mark.requirement("APR-04.a")
def test_the_same_person_may_not_decide_twice_and_the_task_is_put_again():
    subsystem = at_re_review()
    out = run(subsystem, opinion(INITIAL, Node.RE_REVIEW, LATER + 1_000))
    assert refusals(out) == [TaskRefusal.SAME_PERSON]
    [again] = out.take(DESK.task)
    assert (again["desk"], again["excluded"], again["at"]) == (Node.RE_REVIEW, INITIAL, LATER + 1_000)
    done = run(subsystem, opinion(RE_REVIEWER, Node.RE_REVIEW, LATER + hours(1)))
    assert len(done.take(ApplicationApproved)) == 1


@pytest.mark.requirement("APR-03.d")
@pytest.mark.parametrize(
    ("person", "reason"),
    [(who, TaskRefusal.NO_AUTHORITY) for who in (CLERK, FOREIGN_INITIAL, RE_REVIEWER)]
    + [(who, TaskRefusal.NOT_ON_REGISTER) for who in (4_711, 0, -3)],
)
def test_a_decision_by_somebody_not_entitled_is_refused_and_named(person, reason):
    subsystem = desk()
    out = run(subsystem, (ApplicationScored, manual()), opinion(person, Node.INITIAL, LATER))
    [event] = out.events_of(Event.DECISION_REFUSED)
    assert (event["reason"], event["actor"], event["case"]) == (reason, person, CASE)
    assert len(out.take(DESK.task)) == 2
    assert subsystem.export_state()["cases"]["node"].tolist() == [Node.INITIAL]


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"case": CASE + 1}, TaskRefusal.NO_OPEN_TASK),
        ({"task": task_of(CASE, Node.RE_REVIEW), "person": RE_REVIEWER}, TaskRefusal.NO_OPEN_TASK),
        ({"verdict": 9}, TaskRefusal.DECISION_INVALID),
        ({"verdict": Verdict.REDUCE, "amount_fen": 4_999 * YUAN}, TaskRefusal.DECISION_INVALID),
        ({"verdict": Verdict.APPROVE, "amount_fen": 20_000 * YUAN}, TaskRefusal.DECISION_INVALID),
        ({"verdict": Verdict.REDUCE, "amount_fen": 50_001 * YUAN}, Refusal.LIMIT_EXCEEDED),
    ],
)
def test_an_opinion_that_does_not_hold_changes_nothing(columns, reason):
    subsystem = desk()
    run(subsystem, (ApplicationScored, manual()))
    before = subsystem.export_state()["cases"].tobytes()
    kind, rows = opinion(INITIAL, Node.INITIAL, LATER)
    for name, value in columns.items():
        rows[name] = value
    assert refusals(run(subsystem, (kind, rows))) == [reason]
    assert subsystem.export_state()["cases"].tobytes() == before


def test_the_second_of_two_opinions_on_one_task_comes_too_late():
    twice = [opinion(INITIAL, Node.INITIAL, LATER), opinion(SECOND_INITIAL, Node.INITIAL, LATER + 5)]
    out = run(desk(), (ApplicationScored, manual()), *twice)
    assert refusals(out) == [TaskRefusal.ALREADY_DECIDED]
    assert out.events_of(Event.NODE_DECIDED)["actor"].tolist() == [INITIAL]


@pytest.mark.requirement("APR-14.b")
def test_people_may_grant_less_than_asked():
    subsystem = at_re_review()
    less = opinion(RE_REVIEWER, Node.RE_REVIEW, LATER + hours(1), verdict=Verdict.REDUCE, amount_fen=30_000 * YUAN)
    assert run(subsystem, less).take(ApplicationApproved)["amount_fen"].tolist() == [30_000 * YUAN]


def test_a_decline_ends_the_case_with_the_person_named():
    subsystem = at_re_review()
    out = run(subsystem, opinion(RE_REVIEWER, Node.RE_REVIEW, LATER + hours(1), verdict=Verdict.DECLINE))
    [event] = out.events_of(Event.APPLICATION_DECLINED)
    assert (event["reason"], event["actor"]) == (Refusal.HUMAN_DECLINE, RE_REVIEWER)
    assert len(subsystem.export_state()["cases"]) == 0


@pytest.mark.requirement("APR-03.c", "APR-10.a")
def test_a_case_is_urged_at_the_very_instant_its_limit_passes():
    subsystem = desk()
    first = run(subsystem, (ApplicationScored, manual()))
    limit = int(first.take(DESK.task)["limit_at"][0])
    assert limit == instant(dt.date(2026, 3, 3), 9), "eight working hours after Monday nine"
    assert len(first.events_of(Event.CASE_URGED)) == 0
    assert run(subsystem, window=Window(1, limit - hours(9), limit)).events_of(Event.CASE_URGED).size == 0
    out = run(subsystem, window=Window(2, limit, limit + 1))
    assert out.events_of(Event.CASE_URGED)[["at", "value"]].tolist() == [(limit, Node.INITIAL)]
    assert run(subsystem, window=day_window(2)).events_of(Event.CASE_URGED).size == 0, "once a node"


@pytest.mark.requirement("APR-10.a")
@pytest.mark.parametrize(("late_ms", "urged"), [(0, False), (1, True)])
def test_a_decision_after_the_limit_was_urged_before(late_ms, urged):
    subsystem = desk()
    limit = int(run(subsystem, (ApplicationScored, manual())).take(DESK.task)["limit_at"][0])
    out = run(subsystem, opinion(INITIAL, Node.INITIAL, limit + late_ms), window=day_window(1))
    assert out.events_of(Event.CASE_URGED)["at"].tolist() == ([limit] if urged else [])


def test_working_time_pauses_at_lunch_at_night_and_at_weekends():
    time = WorkingTime([(510, 720), (780, 1050)], is_workday)
    friday = instant(dt.date(2026, 3, 6), 17)
    assert int(time.add(friday, 30 * MINUTE_MS)) == friday + 30 * MINUTE_MS
    assert int(time.add(friday, 30 * MINUTE_MS + 1)) == instant(dt.date(2026, 3, 9), 8, 30) + 1
    assert int(time.add(instant(MONDAY, 11), hours(2))) == instant(MONDAY, 14)
    assert int(time.add(instant(dt.date(2026, 3, 8), 12), hours(8))) == instant(dt.date(2026, 3, 9), 17, 30)
    for at in (friday - 7, instant(MONDAY, 12, 30), instant(dt.date(2026, 3, 7), 3)):
        for spent in (1, hours(3), hours(8), hours(100) + 1):
            assert int(time.elapsed(time.add(at, spent)) - time.elapsed(at)) == spent


def deputy(node: Node, absent: int, stand_in: int, from_day: int, to_day: int, operator: int = ADMINISTRATOR) -> Rows:
    return sample(
        DESK.appoint,
        1,
        at=instant(MONDAY),
        person=absent,
        deputy=stand_in,
        desk=node,
        from_day=from_day,
        to_day=to_day,
        operator=operator,
    )


@pytest.mark.requirement("APR-12.b")
@pytest.mark.parametrize(("first", "last", "accepted"), [(0, 0, True), (-3, 4, True), (1, 3, False), (-3, -1, False)])
def test_a_deputy_decides_on_the_appointed_days_only(first, last, accepted):
    day = NINE // DAY_MS
    appointed = (DESK.appoint, deputy(Node.INITIAL, INITIAL, FOREIGN_INITIAL, day + first, day + last))
    stood_in = opinion(FOREIGN_INITIAL, Node.INITIAL, LATER, on_behalf_of=INITIAL)
    out = run(desk(), appointed, (ApplicationScored, manual()), stood_in)
    assert refusals(out) == ([] if accepted else [TaskRefusal.NOT_APPOINTED])
    assert out.events_of(Event.DEPUTY_APPOINTED)["value"].tolist() == [FOREIGN_INITIAL]
    if accepted:
        [entry] = trail(np.concatenate(out.events), CASE)
        assert (entry.person, entry.on_behalf_of) == (FOREIGN_INITIAL, INITIAL)


@pytest.mark.requirement("APR-12.b")
def test_a_deputy_must_name_an_absent_person_of_that_desk():
    day = NINE // DAY_MS
    appointed = (DESK.appoint, deputy(Node.INITIAL, INITIAL, FOREIGN_INITIAL, day, day))
    for absent, reason in (
        (CLERK, TaskRefusal.NO_AUTHORITY),
        (FOREIGN_INITIAL, TaskRefusal.NO_AUTHORITY),
        (SECOND_INITIAL, TaskRefusal.NOT_APPOINTED),
    ):
        claim = opinion(FOREIGN_INITIAL, Node.INITIAL, LATER, on_behalf_of=absent)
        assert refusals(run(desk(), appointed, (ApplicationScored, manual()), claim)) == [reason]


def test_appointed_twice_is_appointed_once():
    day, kind = NINE // DAY_MS, HeadOfficeSubsystem.DESK.appoint
    appointed = deputy(Node.FINAL, FINAL, CLERK, day, day)
    subsystem = desk(HeadOfficeSubsystem)
    case = (CaseEscalated, escalated([Node.FINAL]))
    out = run(
        subsystem, (kind, appointed), (kind, appointed), case, opinion(CLERK, Node.FINAL, LATER, on_behalf_of=FINAL)
    )
    assert len(out.take(ApplicationApproved)) == 1
    assert len(subsystem.export_state()["deputies"]) == 1


@pytest.mark.requirement("APR-04.a", "APR-12.b")
def test_who_passed_a_case_on_at_the_branch_does_not_decide_it_at_head_office_in_anothers_name():
    day, kind = NINE // DAY_MS, HeadOfficeSubsystem.DESK.appoint
    branch = desk()
    run(branch, (ApplicationScored, manual()), opinion(INITIAL, Node.INITIAL, LATER, verdict=Verdict.APPROVE))
    passed = run(branch, opinion(RE_REVIEWER, Node.RE_REVIEW, LATER + hours(1), verdict=Verdict.ESCALATE))
    assert passed.take(CaseHandled)["person"].tolist() == [INITIAL, RE_REVIEWER]
    mail = [(one, passed.take(one)) for one in (CaseHandled, CaseEscalated)]
    node = Node(int(next_node(passed.take(CaseEscalated)["path"])[0]))
    absent = {Node.RISK_SPECIALIST: RISK, Node.FINAL: FINAL}[node]
    for operator, reasons in (
        (INITIAL, [TaskRefusal.NOT_ADMINISTRATOR, TaskRefusal.NOT_APPOINTED]),
        (ADMINISTRATOR, [TaskRefusal.SAME_PERSON]),
    ):
        appointed = (kind, deputy(node, absent, INITIAL, day, day, operator))
        out = run(
            desk(HeadOfficeSubsystem), appointed, *mail, opinion(INITIAL, node, LATER + hours(2), on_behalf_of=absent)
        )
        assert refusals(out) == reasons
        assert len(out.take(ApplicationApproved)) == 0


def test_a_lower_wish_on_an_automatic_product_is_decided_by_machine_under_the_next_round():
    out = run(desk(), (ContractWithdrawn, withdrawn(40_000, 50_000)))
    [terms] = out.take(ApplicationApproved)
    assert (terms["round"], terms["amount_fen"], terms["lane"]) == (1, 40_000 * YUAN, Lane.AUTOMATIC)
    assert out.events_of(Event.RE_APPROVAL_OPENED)["value"].tolist() == [1]


def test_a_lower_wish_of_a_manual_product_takes_two_people_and_goes_first():
    micro = withdrawn(800_000, 900_000, product=MICRO, term_months=24, lane=Lane.MANUAL, verified_income_fen=10**8)
    subsystem = desk()
    [task] = run(subsystem, (ContractWithdrawn, micro)).take(DESK.task)
    assert (task["desk"], task["priority"], task["round"]) == (Node.INITIAL, 1, 1)
    assert subsystem.export_state()["cases"]["path"].tolist() == [1 << Node.RE_REVIEW]


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"term_months": 13}, ApplicationRefusal.TERM_OPTION),
        ({"term_months": -12}, ApplicationRefusal.TERM_OPTION),
        ({"amount_fen": 4_999 * YUAN}, ApplicationRefusal.AMOUNT_RANGE),
        ({"amount_fen": 300_001 * YUAN}, ApplicationRefusal.AMOUNT_RANGE),
        ({"term_months": 36, "product": CARD}, ApplicationRefusal.TERM_OPTION),
    ],
)
def test_a_wish_that_the_product_does_not_offer_is_declined(columns, reason):
    rows = withdrawn(40_000, 50_000)
    for name, value in columns.items():
        rows[name] = value
    assert run(desk(), (ContractWithdrawn, rows)).events_of(Event.APPLICATION_DECLINED)["reason"].tolist() == [reason]


def test_a_higher_wish_needs_people_even_where_a_machine_decided_before():
    out = run(desk(), (ContractWithdrawn, withdrawn(60_000, 50_000)))
    assert len(out.take(ApplicationApproved)) == 0
    assert out.take(DESK.task)["desk"].tolist() == [Node.INITIAL]


def test_open_cases_are_counted_at_midnight_by_branch_product_and_node():
    rows = np.concatenate([manual(CASE + n) for n in range(3)] + [manual(2 * 10**9 + 1)])
    [measure] = run(desk(), (ApplicationScored, rows)).measures
    assert measure["gauge"].tolist() == [Gauge.PENDING_APPROVALS] * 2
    assert measure[["branch", "group", "count"]].tolist() == [(1, Node.INITIAL, 3), (2, Node.INITIAL, 1)]


def mail_of_day(day: int) -> list:
    """A day's mail: two new cases, opinions on those of the day before."""
    base, start = CASE + 10 * day, NINE + day * DAY_MS
    rows = np.concatenate([manual(base, start), manual(base + 1, start + 5, doubts=16)])
    mail = [(ApplicationScored, rows)]
    if day:
        mail.append(opinion(INITIAL, Node.INITIAL, start + hours(1), base - 10))
        mail.append(opinion(SECOND_INITIAL, Node.INITIAL, start + hours(2), base - 9, verdict=Verdict.ESCALATE))
    if day > 1:
        mail.append(opinion(RE_REVIEWER, Node.RE_REVIEW, start + hours(3), base - 20))
    return mail


@pytest.mark.parametrize("cut", range(1, 5))
def test_a_desk_restored_from_its_state_goes_on_as_if_nothing_had_happened(cut):
    whole, halves = desk(), desk()
    for day in range(5):
        expected = run(whole, *mail_of_day(day), window=day_window(day))
        if day == cut:
            state, halves = halves.export_state(), desk()
            halves.import_state(state)
        got = run(halves, *mail_of_day(day), window=day_window(day))
        for kind in (DESK.task, ApplicationApproved, CaseEscalated):
            assert expected.take(kind).tobytes() == got.take(kind).tobytes()
    for name, rows in whole.export_state().items():
        assert rows.tobytes() == halves.export_state()[name].tobytes()


def test_the_order_of_rows_changes_nothing():
    rows = np.concatenate([manual(CASE + n, NINE + n % 3, alert=n % 2, doubts=n % 2 * 16) for n in range(20)])
    opinions = [opinion(INITIAL, Node.INITIAL, LATER + n % 4, CASE + n) for n in range(20)]
    outs = []
    for order in (1, -1):
        inbox = Inbox.of((ApplicationScored, rows[::order]), *opinions[::order])
        subsystem, out = desk(), Outbox()
        subsystem.apply(inbox, day_window(), out)
        outs.append((out.take(DESK.task).tobytes(), subsystem.export_state()["cases"].tobytes()))
    assert outs[0] == outs[1]


# planted bugs -------------------------------------------------------------------------------------------------------
@pytest.mark.planted
def test_planted_one_person_approving_alone_is_caught(monkeypatch):
    anybody_may(monkeypatch)
    subsystem, out = at_re_review(), Outbox()
    alone = opinion(INITIAL, Node.RE_REVIEW, LATER + 1_000)
    subsystem.apply(Inbox.of(alone), day_window(), out)
    assert subsystem.check() == [
        f"case {CASE} was acted on twice by person {INITIAL}",
        f"case {CASE} was approved by one person alone: {INITIAL}",
    ]


@pytest.mark.planted
def test_planted_approval_above_authority_is_caught(monkeypatch):
    subsystem, out = desk(), Outbox()
    monkeypatch.setattr(subsystem._routes, "above_authority", lambda node, amount: np.zeros(len(node), dtype=np.int64))
    rich = manual(product=3, amount_fen=1_200_000 * YUAN, collateral_fen=10**9)
    run(subsystem, (ApplicationScored, rich), opinion(INITIAL, Node.INITIAL, LATER))
    subsystem.apply(Inbox.of(opinion(RE_REVIEWER, Node.RE_REVIEW, LATER + hours(1))), day_window(), out)
    assert len(out.take(ApplicationApproved)) == 1
    assert "above the authority of its node" in subsystem.check()[0]


@pytest.mark.planted
def test_planted_forgotten_urging_is_caught(monkeypatch):
    subsystem = desk()
    run(subsystem, (ApplicationScored, manual()))
    monkeypatch.setattr(subsystem.desk, "_urge", lambda rows, out: None)
    subsystem.close(day_window(1), Outbox())
    assert "was not urged" in subsystem.check()[0]


@pytest.mark.requirement("APR-13.a")
@pytest.mark.parametrize("missing", [0, Material.RESIDENCE_PROOF])
def test_what_was_missing_is_a_condition_of_the_approval(missing):
    house = {"product": MORTGAGE, "collateral_fen": 10**9, "term_months": 60, "amount_fen": 200_000 * YUAN}
    mail = [opinion(INITIAL, Node.INITIAL, LATER), opinion(RE_REVIEWER, Node.RE_REVIEW, LATER + hours(1))]
    out = run(desk(), (ApplicationScored, manual(missing=missing, **house)), *mail)
    assert out.take(ApplicationApproved)["conditions"].tolist() == [missing]
