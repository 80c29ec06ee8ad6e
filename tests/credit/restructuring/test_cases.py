"""Cases of restructuring (REP-13, NPL-11): who proposes, who approves, what the customer signs, how a case ends in nothing."""

from __future__ import annotations

import pytest

from credit.codes import Verdict
from credit.codes_trouble import Hardship, Measure, ReferralCause
from credit.collections.contract import RestructuringUnderWay
from credit.errors import InvariantViolation
from credit.mail import Inbox, Outbox
from credit.repayment.contract import LossEvidence, Refusal, RestructureLoan, RestructuringReferred
from credit.restructuring.contract import (
    RESTRUCTURING,
    Desk,
    DraftRestructuringPlan,
    Ending,
    Event,
    RefusedBecause,
    TermsOffered,
)
from credit.restructuring.states import CaseState
from credit.subsystem import Window
from credit.times import MINUTE_MS
from credit.worklists.states import Refusal as TaskRefusal
from tests.credit.restructuring.desk import (
    APPROVER,
    BOTH,
    HEAD,
    LOAN,
    TEAM,
    TERMS,
    Bench,
    Mail,
    answer,
    at,
    opened,
    opinion,
    paid,
    proposed,
    request,
)
from tests.rows import sample


def refusals(out: Outbox) -> list[int]:
    return [int(reason) for reason in out.events_of(Event.RESTRUCTURING_REFUSED)["reason"]]


def endings(out: Outbox) -> list[int]:
    return [int(reason) for reason in out.events_of(Event.RESTRUCTURING_ENDED)["reason"]]


@pytest.mark.requirement("NPL-11.a", "EX-17.b")
def test_a_referred_loan_comes_to_the_teams_desk_with_what_it_owes_and_the_team_says_what_it_found() -> None:
    bench = Bench()
    out = bench.day(1, opened())
    [task] = out.take(RESTRUCTURING.task)
    assert (task["desk"], task["amount_fen"], task["overdue_fen"], task["dpd"], task["left"]) == (
        Desk.RESTRUCTURING_SPECIALIST,
        20_000_000,
        500_000,
        40,
        9,
    )
    assert out.take(RestructuringUnderWay)["under_way"].tolist() == [1]
    bench.day(2, opinion(out.take(RESTRUCTURING.task), 2, TEAM, **TERMS))
    [found] = bench.happened(Event.CONDITION_ANALYSED)
    assert (found["reason"], found["value"], found["actor"]) == (Hardship.CASH_SHORT, 41, TEAM)


@pytest.mark.requirement("REP-13.c", "NPL-11.c")
def test_nothing_changes_before_another_has_approved_and_the_customer_has_signed() -> None:
    bench = Bench()
    task = proposed(bench)
    assert task["desk"].tolist() == [Desk.RESTRUCTURING_APPROVER]
    assert len(bench.out.take(RestructureLoan)) == 0
    out = bench.day(3, opinion(task, 3, APPROVER))
    assert out.take(TermsOffered)["months"].tolist() == [24]
    assert len(out.take(RestructureLoan)) == 0
    out = bench.day(4, answer(4))
    [order] = out.take(RestructureLoan)
    assert (order["loan"], order["measure"], order["months"]) == (LOAN, Measure.STAGED, 24)


@pytest.mark.requirement("REP-13.c", "NPL-11.c")
def test_who_proposed_does_not_approve() -> None:
    bench = Bench()
    task = bench.day(1, opened()).take(RESTRUCTURING.task)
    task = bench.day(2, opinion(task, 2, BOTH, **TERMS)).take(RESTRUCTURING.task)
    out = bench.day(3, opinion(task, 3, BOTH))
    assert refusals(out) in ([int(TaskRefusal.SAME_PERSON)], [int(TaskRefusal.EXCLUDED)])
    assert bench.state() == CaseState.PROPOSED


@pytest.mark.requirement("REP-13.c", "NPL-11.c")
@pytest.mark.parametrize(("fen", "asked"), [(49_999_999, False), (50_000_000, True)])
def test_from_an_amount_on_head_office_approves_after_the_branch(fen: int, asked: bool) -> None:
    bench = Bench()
    task = proposed(bench, fen=fen)
    out = bench.day(3, opinion(task, 3, APPROVER))
    further = out.take(RESTRUCTURING.task)
    assert further["desk"].tolist() == ([Desk.RESTRUCTURING_HEAD] if asked else [])
    assert (bench.state() == CaseState.OFFERED) is not asked
    if asked:
        bench.day(4, opinion(further, 4, HEAD))
        assert bench.state() == CaseState.OFFERED
        assert bench.happened(Event.TERMS_DECIDED)["reason"].tolist() == [37, 38]


@pytest.mark.requirement("NPL-11.c")
def test_terms_that_are_declined_or_not_wanted_or_not_signed_end_the_case_and_change_nothing() -> None:
    declined, unwanted, silent = Bench(), Bench(), Bench()
    out = declined.day(3, opinion(proposed(declined), 3, APPROVER, verdict=Verdict.DECLINE))
    assert endings(out) == [Ending.DECLINED]
    for bench in (unwanted, silent):
        bench.day(3, opinion(proposed(bench), 3, APPROVER))
    assert endings(unwanted.day(4, answer(4, accept=0))) == [Ending.NOT_WANTED]
    silent.day(12)
    assert silent.state() == CaseState.OFFERED
    out = silent.day(13)
    [lapsed] = out.events_of(Event.RESTRUCTURING_ENDED)
    assert (lapsed["reason"], lapsed["at"]) == (Ending.NOT_SIGNED, at(13))
    for bench in (declined, unwanted, silent):
        assert bench.state() == CaseState.ENDED
        assert len(bench.out.take(RestructureLoan)) == 0
    assert out.take(RestructuringUnderWay)["under_way"].tolist() == [0]


def test_a_signature_that_comes_when_the_terms_have_lapsed_is_refused_in_the_same_window_too() -> None:
    bench = Bench()
    bench.day(3, opinion(proposed(bench), 3, APPROVER))
    out = bench.day(13, answer(13, hour=13))
    assert refusals(out) == [RefusedBecause.NOTHING_OFFERED]
    assert endings(out) == [Ending.NOT_SIGNED]


def test_the_windows_do_not_decide_when_terms_lapse() -> None:
    for hours in (1, 24):
        bench = Bench()
        bench.day(3, opinion(proposed(bench), 3, APPROVER))
        bench.day(13, hours=hours)
        assert bench.happened(Event.RESTRUCTURING_ENDED)["at"].tolist() == [at(13)]


def test_a_loan_that_came_to_nothing_is_not_referred_again_for_a_while() -> None:
    bench = Bench()
    bench.day(3, opinion(proposed(bench), 3, APPROVER, verdict=Verdict.DECLINE))
    assert refusals(bench.day(4, opened(4))) == [RefusedBecause.TOO_SOON]
    assert refusals(bench.day(5, request(5))) == [RefusedBecause.TOO_SOON]
    bench.day(93)
    assert bench.state() == 0
    bench.day(94, opened(94))
    assert bench.state() == CaseState.ANALYSED


def test_a_case_ends_with_the_day_on_which_nothing_is_overdue_any_more_unless_the_customer_asked() -> None:
    bench = Bench()
    bench.day(1, opened())
    out = bench.day(2, paid(2, left=5))
    assert endings(out) == []
    out = bench.day(3, paid(3))
    assert endings(out) == [Ending.PAID]
    assert len(out.take(RESTRUCTURING.withdrawn)) == 1
    asked = Bench()
    asked.day(1, request(1))
    asked.day(2, opened(2, cause=ReferralCause.REQUESTED))
    assert endings(asked.day(3, paid(3))) == []


@pytest.mark.requirement("REP-13.a")
def test_a_customer_asks_with_his_hardship_and_a_proof_and_not_without() -> None:
    bench = Bench()
    assert refusals(bench.day(1, request(1, hardship=Hardship.NONE))) == [RefusedBecause.PROOF_MISSING]
    assert refusals(bench.day(2, request(2, proof=1))) == [
        RefusedBecause.PROOF_MISSING
    ]  # an ID card proves no hardship
    out = bench.day(3, request(3))
    [referred] = out.take(RestructuringReferred)
    assert (referred["cause"], referred["hardship"], referred["proof"]) == (
        ReferralCause.REQUESTED,
        Hardship.ILLNESS,
        4,
    )
    assert refusals(bench.day(4, request(4))) == [RefusedBecause.UNDER_WAY]


@pytest.mark.requirement("NPL-01.b")
def test_a_case_that_no_terms_help_is_evidence_that_the_loan_is_lost() -> None:
    bench = Bench()
    task = bench.day(1, opened()).take(RESTRUCTURING.task)
    out = bench.day(2, opinion(task, 2, TEAM, verdict=Verdict.DECLINE))
    assert endings(out) == [Ending.HOPELESS]
    assert out.take(LossEvidence)["loan"].tolist() == [LOAN]


@pytest.mark.parametrize(
    "terms",
    [
        {"ground": 0},
        {"measure": 9},
        {"months": 0},
        {"months": 61},
        {"free_months": 3},
        {"measure": Measure.MORATORIUM},
        {"measure": Measure.MORATORIUM, "free_months": 24},
    ],
)
def test_a_proposal_says_what_was_found_and_terms_that_make_a_plan(terms: dict[str, int]) -> None:
    bench = Bench()
    task = bench.day(1, opened()).take(RESTRUCTURING.task)
    assert refusals(bench.day(2, opinion(task, 2, TEAM, **(TERMS | terms)))) == [RefusedBecause.TERMS_INVALID]
    assert bench.state() == CaseState.ANALYSED


def test_who_approves_changes_no_terms() -> None:
    bench = Bench()
    task = proposed(bench)
    assert refusals(bench.day(3, opinion(task, 3, APPROVER, **(TERMS | {"months": 12})))) == [
        RefusedBecause.NOT_PROPOSED
    ]
    bench.day(4, opinion(task, 4, APPROVER, **TERMS))
    assert bench.state() == CaseState.OFFERED


def test_terms_that_the_book_can_not_carry_out_end_the_case() -> None:
    bench = Bench()
    bench.reason = int(Refusal.TERMS_TOO_LONG)
    bench.day(3, opinion(proposed(bench), 3, APPROVER))
    bench.day(4, answer(4))
    out = bench.day(5)
    assert endings(out) == [Refusal.TERMS_TOO_LONG]
    assert bench.watched("loan") == []


def test_a_case_that_waits_too_long_is_urged() -> None:
    """Limits are counted in workdays: of January 2026 the 1st to 3rd and the weekend of the 10th are none."""
    bench = Bench()
    task = bench.day(1, opened()).take(RESTRUCTURING.task)
    closing = at(7, 17) + 30 * MINUTE_MS
    bench.day(8)
    assert bench.happened(Event.RESTRUCTURING_URGED)["at"].tolist() == task["limit_at"].tolist() == [closing]
    proposal = bench.day(9, opinion(task, 9, TEAM, **TERMS)).take(RESTRUCTURING.task)
    assert proposal["limit_at"].tolist() == [at(12, 17) + 30 * MINUTE_MS]


def drafted(day: int, months: int, stages: str) -> Mail:
    rows = sample(DraftRestructuringPlan, 1, at=at(day), loan=LOAN, person=TEAM, months=months, interest_every=1)
    rows["stages"] = stages
    return DraftRestructuringPlan, rows


@pytest.mark.requirement("REP-03.a")
def test_a_plan_set_by_hand_has_shares_no_more_months_than_allowed_and_is_what_is_proposed() -> None:
    bench = Bench()
    task = bench.day(1, opened()).take(RESTRUCTURING.task)
    assert refusals(bench.day(2, drafted(2, 24, ""))) == [RefusedBecause.PLAN_INVALID]
    assert refusals(bench.day(3, drafted(3, 61, "61:100"))) == [RefusedBecause.PLAN_INVALID]
    assert refusals(bench.day(4, drafted(4, 24, "24:100"))) == []
    assert refusals(bench.day(5, opinion(task, 5, TEAM, **(TERMS | {"months": 12})))) == [RefusedBecause.TERMS_INVALID]
    bench.day(6, opinion(task, 6, TEAM, **TERMS))
    assert bench.state() == CaseState.PROPOSED


def test_the_longest_terms_may_be_proposed_and_a_no_names_none() -> None:
    bench = Bench()
    task = bench.day(1, opened()).take(RESTRUCTURING.task)
    no = opinion(task, 2, TEAM, verdict=Verdict.DECLINE, months=12)
    assert refusals(bench.day(2, no)) == [RefusedBecause.TERMS_INVALID]
    bench.day(3, opinion(task, 3, TEAM, **(TERMS | {"months": 60})))
    assert bench.state() == CaseState.PROPOSED


def test_a_task_on_a_loan_that_owes_nothing_overdue_says_no_days() -> None:
    bench = Bench()
    bench.day(1, request(1))
    [task] = bench.day(2, opened(2, cause=ReferralCause.REQUESTED, overdue_since_day=0)).take(RESTRUCTURING.task)
    assert task["dpd"] == 0


def test_terms_lapse_at_their_instant_and_no_signature_counts_from_then_on() -> None:
    bench = Bench()
    bench.day(3, opinion(proposed(bench), 3, APPROVER))
    assert refusals(bench.day(13, answer(13))) == [RefusedBecause.NOTHING_OFFERED]
    again = Bench()
    again.day(3, opinion(proposed(again), 3, APPROVER))
    again.day(12)
    window, out = Window(0, at(13, 0), at(13)), Outbox()
    again.room.open(window, out)
    again.room.apply(Inbox.of(), window, out)
    again.room.close(window, out)
    assert again.state() == CaseState.OFFERED, "it lapses at noon, in the next window"


@pytest.mark.planted
def test_an_approval_by_who_proposed_would_be_noticed() -> None:
    bench = Bench()
    task = proposed(bench)
    bench.room.tables["cases"]["proposed_by"][:] = APPROVER
    with pytest.raises(InvariantViolation, match="one person acted twice"):
        bench.day(3, opinion(task, 3, APPROVER))


@pytest.mark.planted
def test_terms_that_nobody_signed_would_be_noticed() -> None:
    bench = Bench()
    bench.day(3, opinion(proposed(bench), 3, APPROVER))
    bench.day(4, answer(4))
    bench.room.tables["cases"]["measure"][:] = Measure.EXTENSION
    with pytest.raises(InvariantViolation, match="that nobody signed"):
        bench.day(5)
