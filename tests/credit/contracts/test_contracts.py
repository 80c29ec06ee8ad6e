"""A contract's life: generated, confirmed, signed, effective, archived; expired at its instant, renewed, withdrawn."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from credit.applications.contract import Refusal as ApplicationRefusal
from credit.approval.contract import ContractWithdrawn
from credit.approval.contract import Refusal as ApprovalRefusal
from credit.codes import Grade, Guarantee, Handler, Lane, Method, Segment, Step
from credit.contracts import rules, subsystem
from credit.contracts.contract import (
    ApplicationApproved,
    CancelReason,
    ContractCancelled,
    ContractChangeRequested,
    ContractChecked,
    ContractOffered,
    ContractRenewalRequested,
    ContractReturned,
    ContractSigned,
    Event,
    Gauge,
    Refusal,
    RenewalReason,
    ReturnReason,
)
from credit.contracts.states import ALLOWED, MOVES, SIGNING, Action, ContractState, SignMode
from credit.contracts.subsystem import ContractsSubsystem
from credit.disbursement.contract import ContractEffective
from credit.mail import Inbox, Outbox
from credit.room import Kind, Rows
from credit.subsystem import Setting, Window
from credit.times import DAY_MS, HOUR_MS, instant
from credit.track import query
from tests.rows import sample

NINE = instant(dt.date(2026, 3, 2), 9)
CASE = 1 * 10**9 + 1
YUAN = 100
EXPIRES = NINE + 3 * DAY_MS
FIRST = 1
CLERK = 1_420_001


def approved(case: int = CASE, at: int = NINE, **columns: Any) -> Rows:
    """An approval of 50,000 yuan, 12 months at 6 %, valid for thirty days."""
    facts: dict[str, Any] = {
        "customer": case,
        "party": 7,
        "branch": case // 10**9,
        "segment": Segment.INDIVIDUAL,
        "product": 1,
        "amount_fen": 50_000 * YUAN,
        "term_months": 12,
        "method": Method.EQUAL_INSTALMENT,
        "purpose": 1,
        "account": 6217_0000_0000_0000,
        "payee_account": 6222_0000_0000_0000,
        "grade": Grade.GOOD,
        "lane": Lane.AUTOMATIC,
        "rate_ppm": 60_000,
        "guarantee": Guarantee.CREDIT,
        "approved_at": at,
        "valid_until": at + 30 * DAY_MS,
    }
    return sample(ApplicationApproved, 1, at=at, case=case, **(facts | columns))


def signed(at: int, case: int = CASE, **columns: Any) -> tuple[Kind, Rows]:
    facts = {"attempt": FIRST, "mode": SignMode.ELECTRONIC, "confirmed_at": at - 1}
    return ContractSigned, sample(ContractSigned, 1, at=at, case=case, **(facts | columns))


def changed(at: int, **columns: Any) -> tuple[Kind, Rows]:
    facts = {"attempt": FIRST, "amount_fen": 40_000 * YUAN, "term_months": 12, "reason": 1}
    return ContractChangeRequested, sample(ContractChangeRequested, 1, at=at, case=CASE, **(facts | columns))


def renewal(at: int, attempt: int = FIRST, reason: int = RenewalReason.NOT_IN_TIME) -> tuple[Kind, Rows]:
    rows = sample(ContractRenewalRequested, 1, at=at, case=CASE, attempt=attempt, reason=reason)
    return ContractRenewalRequested, rows


def handled(kind: Kind, at: int, **columns: Any) -> tuple[Kind, Rows]:
    """What somebody of the staff does about the contract."""
    reason = {ContractReturned: ReturnReason.RATE_WRONG, ContractCancelled: CancelReason.NAME_CHANGED}[kind]
    facts = {"attempt": FIRST, "reason": reason, "person": CLERK}
    return kind, sample(kind, 1, at=at, case=CASE, **(facts | columns))


def checked(at: int, **columns: Any) -> tuple[Kind, Rows]:
    """What a clerk read in the contract."""
    facts = {"attempt": FIRST, "amount_fen": 50_000 * YUAN, "term_months": 12, "rate_ppm": 60_000, "person": CLERK}
    return ContractChecked, sample(ContractChecked, 1, at=at, case=CASE, **(facts | columns))


def run(desk: ContractsSubsystem, *mail: tuple[Kind, Rows], start: int = NINE, until: int | None = None) -> Outbox:
    """One window, a day unless an end is given; invariants must hold at its end."""
    window, out = Window(0, start, until or start + DAY_MS), Outbox()
    desk.open(window, out)
    desk.apply(Inbox.of(*mail), window, out)
    desk.close(window, out)
    assert desk.check() == []
    return out


def opened(**columns: Any) -> ContractsSubsystem:
    desk = ContractsSubsystem.build()
    run(desk, (ApplicationApproved, approved(**columns)), until=NINE + 1)
    return desk


def refusals(out: Outbox) -> list[int]:
    return list(out.events_of(Event.CONTRACT_ACTION_REFUSED)["reason"].tolist())


def state(desk: ContractsSubsystem, column: str = "state") -> list[int]:
    return list(desk.export_state()["contracts"][column].tolist())


@pytest.mark.requirement("CON-01.a")
def test_an_approval_becomes_an_offer_at_once():
    out = run(ContractsSubsystem.build(), (ApplicationApproved, approved(lane=Lane.MANUAL)))
    [offer] = out.take(ContractOffered)
    assert (offer["at"], offer["amount_fen"], offer["term_months"]) == (NINE, 50_000 * YUAN, 12)
    assert (offer["mode"], offer["attempt"], offer["expires_at"]) == (SignMode.ELECTRONIC, FIRST, EXPIRES)
    assert out.events_of(Event.CONTRACT_GENERATED)["value"].tolist() == [FIRST]


@pytest.mark.requirement("CON-07.a")
def test_a_signature_walks_through_the_whole_flow_and_hands_over_to_disbursement():
    desk, at = opened(), NINE + HOUR_MS
    out = run(desk, signed(at, confirmed_at=NINE + 60_000))
    walked = [int(event) for rows in out.events for event in rows["event"]]
    assert walked == [
        Event.CONTRACT_CONFIRMED,
        Event.CONTRACT_SIGNED,
        Event.CONTRACT_EFFECTIVE,
        Event.CONTRACT_ARCHIVED,
    ]
    assert out.events_of(Event.CONTRACT_CONFIRMED)["value"].tolist() == [NINE + 60_000]
    [terms] = out.take(ContractEffective)
    assert (terms["signed_at"], terms["mode"], terms["rate_ppm"]) == (at, SignMode.ELECTRONIC, 60_000)
    assert (terms["amount_fen"], terms["guarantee"], terms["customer"]) == (50_000 * YUAN, Guarantee.CREDIT, CASE)
    assert state(desk) == []


@pytest.mark.requirement("CON-07.a")
def test_the_tables_of_states_agree_with_one_another():
    for before, after in pairwise((ContractState.GENERATED, *SIGNING)):
        assert after in MOVES.table[before]
    results = {
        Action.SIGN: ContractState.CONFIRMED,
        Action.CHANGE: ContractState.WITHDRAWN,
        Action.RENEW: ContractState.GENERATED,
    }
    for action, result in results.items():
        assert ALLOWED[action] == tuple(
            s for s in ContractState if s is not ContractState.DRAFT and result in MOVES.table[s]
        )


@pytest.mark.requirement("CON-15.a")
@pytest.mark.parametrize(("late_ms", "accepted"), [(-1, True), (0, False), (1, False)])
def test_three_days_end_to_the_millisecond(late_ms, accepted):
    desk = opened()
    out = run(desk, signed(EXPIRES + late_ms), start=EXPIRES - HOUR_MS)
    assert len(out.take(ContractEffective)) == accepted
    assert refusals(out) == ([] if accepted else [Refusal.CONTRACT_EXPIRED])
    assert out.events_of(Event.CONTRACT_EXPIRED)["at"].tolist() == ([] if accepted else [EXPIRES])


@pytest.mark.requirement("CON-15.a")
@pytest.mark.parametrize(("until", "expired"), [(EXPIRES, False), (EXPIRES + 1, True)])
def test_time_alone_expires_a_contract(until, expired):
    desk = opened()
    out = run(desk, start=EXPIRES - HOUR_MS, until=until)
    assert out.events_of(Event.CONTRACT_EXPIRED)["at"].tolist() == [EXPIRES] * expired
    assert state(desk) == [ContractState.EXPIRED if expired else ContractState.GENERATED]


@pytest.mark.requirement("CON-15.b")
def test_an_expired_contract_must_be_generated_again_before_it_is_signed():
    desk, later = opened(), EXPIRES + HOUR_MS
    run(desk, start=EXPIRES)
    assert refusals(run(desk, signed(later), start=later)) == [Refusal.CONTRACT_EXPIRED]
    out = run(desk, renewal(later), start=later)
    assert out.take(ContractOffered)[["attempt", "expires_at"]].tolist() == [(FIRST + 1, later + 3 * DAY_MS)]
    assert len(out.events_of(Event.CONTRACT_REGENERATED)) == 1
    assert refusals(run(desk, signed(later + 9), start=later)) == [Refusal.CONTRACT_EXPIRED], "the old one stays dead"
    assert len(run(desk, signed(later + 9, attempt=FIRST + 1), start=later).take(ContractEffective)) == 1


@pytest.mark.requirement("CON-15.b")
def test_expiry_and_renewal_within_one_window_are_met_in_order_of_time():
    desk = opened()
    late = [signed(EXPIRES - 5, attempt=FIRST + 1), renewal(EXPIRES + 7), signed(EXPIRES + 9, attempt=FIRST + 1)]
    out = run(desk, *late, start=EXPIRES - HOUR_MS)
    assert out.events_of(Event.CONTRACT_EXPIRED)["at"].tolist() == [EXPIRES]
    assert out.events_of(Event.CONTRACT_ACTION_REFUSED)["at"].tolist() == [EXPIRES - 5]
    assert out.take(ContractEffective)["at"].tolist() == [EXPIRES + 9]


def test_the_days_are_a_parameter():
    desk = ContractsSubsystem.build(Setting({"contracts": {"valid_days": 7}}))
    out = run(desk, (ApplicationApproved, approved()))
    assert out.take(ContractOffered)["expires_at"].tolist() == [NINE + 7 * DAY_MS]


@pytest.mark.requirement("CON-16.a")
def test_a_changed_wish_withdraws_the_contract_and_goes_back_to_approval():
    desk = opened()
    out = run(desk, changed(NINE + 5, term_months=24, reason=2))
    [mail] = out.take(ContractWithdrawn)
    assert (mail["amount_fen"], mail["term_months"], mail["previous_fen"]) == (40_000 * YUAN, 24, 50_000 * YUAN)
    assert (mail["reason"], mail["round"], mail["customer"]) == (2, 0, CASE)
    assert len(out.events_of(Event.CONTRACT_WITHDRAWN)) == 1
    assert refusals(run(desk, signed(NINE + 9))) == [Refusal.CONTRACT_STATE]


@pytest.mark.requirement("CON-12.a", "CON-12.b", "CON-17.b")
def test_a_contract_that_staff_return_is_generated_anew_with_who_and_why_in_the_trace():
    desk = opened()
    out = run(desk, handled(ContractReturned, NINE + 5), signed(NINE + 9), until=NINE + HOUR_MS)
    [told] = out.events_of(Event.CONTRACT_RETURNED)
    assert (told["actor"], told["reason"], told["value"]) == (CLERK, ReturnReason.RATE_WRONG, FIRST)
    assert out.take(ContractOffered)[["at", "attempt"]].tolist() == [(NINE + 5, FIRST + 1)]
    assert refusals(out) == [Refusal.CONTRACT_EXPIRED], "the old one can't be signed any more"
    signature = signed(NINE + HOUR_MS, attempt=FIRST + 1)
    assert len(run(desk, signature, start=NINE + HOUR_MS).take(ContractEffective)) == 1


@pytest.mark.requirement("CON-14.a", "CON-14.b", "CON-17.b")
def test_a_contract_whose_customer_is_another_by_name_is_cancelled_and_the_case_ends():
    desk = opened()
    out = run(desk, handled(ContractCancelled, NINE + 5), until=NINE + HOUR_MS)
    [told] = out.events_of(Event.CONTRACT_CANCELLED)
    assert (told["actor"], told["reason"], told["amount_fen"]) == (CLERK, CancelReason.NAME_CHANGED, 50_000 * YUAN)
    assert len(out.take(ContractWithdrawn)) == 0, "nobody is asked to approve it again"
    assert state(desk) == []
    assert refusals(run(desk, signed(NINE + HOUR_MS), start=NINE + HOUR_MS)) == [Refusal.CONTRACT_STATE]


def test_a_contract_of_the_next_round_is_another_one_than_those_before_it():
    desk = ContractsSubsystem.build()
    out = run(desk, (ApplicationApproved, approved(round=2)), until=NINE + 1)
    assert out.take(ContractOffered)[["round", "attempt"]].tolist() == [(2, FIRST)]
    early, late = signed(NINE + 5, round=1, attempt=150), signed(NINE + 6, round=3)
    assert refusals(run(desk, early, late, until=NINE + 8)) == [Refusal.CONTRACT_EXPIRED, Refusal.CONTRACT_STATE]
    assert len(run(desk, signed(NINE + 9, round=2)).take(ContractEffective)) == 1


@pytest.mark.requirement("CON-07.a", "CON-17.a")
@pytest.mark.parametrize(
    ("mail", "reason"),
    [
        (signed(NINE + 5, case=CASE + 1), Refusal.CONTRACT_STATE),
        (signed(NINE + 5, attempt=2), Refusal.CONTRACT_STATE),
        (signed(NINE + 5, mode=7), Refusal.CONTRACT_STATE),
        (signed(NINE + 5, confirmed_at=NINE - 1), Refusal.CONTRACT_STATE),
        (signed(NINE + 5, confirmed_at=NINE + 6), Refusal.CONTRACT_STATE),
        (renewal(NINE + 5), Refusal.CONTRACT_STATE),
        (handled(ContractReturned, NINE + 5, reason=CancelReason.NAME_CHANGED), Refusal.CONTRACT_STATE),
        (handled(ContractReturned, NINE + 5, person=0), Refusal.CONTRACT_STATE),
        (handled(ContractCancelled, NINE + 5, reason=0), Refusal.CONTRACT_STATE),
        (handled(ContractCancelled, NINE + 5, attempt=2), Refusal.CONTRACT_STATE),
        (changed(NINE + 5, amount_fen=50_000 * YUAN), Refusal.CONTRACT_STATE),
        (changed(NINE + 5, reason=0), Refusal.CONTRACT_STATE),
        (changed(NINE + 5, amount_fen=1), ApplicationRefusal.AMOUNT_RANGE),
        (changed(NINE + 5, term_months=7), ApplicationRefusal.TERM_OPTION),
    ],
)
def test_an_action_in_the_wrong_state_or_shape_is_refused_with_a_reason(mail, reason):
    desk = opened()
    before = desk.export_state()["contracts"].tobytes()
    out = run(desk, mail)
    assert refusals(out) == [reason]
    assert desk.export_state()["contracts"].tobytes() == before
    assert not out.mail


@pytest.mark.parametrize("amount_fen", [500_000, 30_000_000])
def test_a_wish_may_go_to_the_ends_of_the_products_range(amount_fen):
    assert refusals(run(opened(), changed(NINE + 5, amount_fen=amount_fen))) == []


def test_a_signed_contract_is_kept_with_when_and_how_it_was_signed():
    desk = opened()
    run(desk, signed(NINE + 5))
    [kept] = desk.export_state()["archived"][["case", "mode", "confirmed_at", "signed_at"]].tolist()
    assert kept == (CASE, SignMode.ELECTRONIC, NINE + 4, NINE + 5)


@pytest.mark.requirement("CON-07.e")
def test_a_signed_contract_is_kept_with_who_checked_it_and_before_whom_it_was_signed():
    """And what was shown can be proved from it: the digest of the contract that was offered."""
    desk = opened()
    pending = desk.tables["contracts"].export()
    run(desk, checked(NINE + 2), signed(NINE + 5, mode=SignMode.PAPER, person=CLERK + 1))
    archived = desk.export_state()["archived"]
    assert archived[["offered_at", "checked_by", "person"]].tolist() == [
        (int(pending["offered_at"][0]), CLERK, CLERK + 1)
    ]
    assert desk.templates.digests(archived).tolist() == desk.templates.digests(pending).tolist()


def test_a_second_signature_finds_no_contract():
    out = run(opened(), signed(NINE + 5), signed(NINE + 6))
    assert refusals(out) == [Refusal.CONTRACT_STATE]
    assert len(out.take(ContractEffective)) == 1


@pytest.mark.parametrize("confirmed_at", [NINE, NINE + 5])
def test_a_customer_confirms_from_the_instant_of_the_offer_to_that_of_the_signature(confirmed_at):
    assert refusals(run(opened(), signed(NINE + 5, confirmed_at=confirmed_at))) == []


@pytest.mark.parametrize(("mode", "accepted"), [(SignMode.PAPER, True), (SignMode.ELECTRONIC, False)])
def test_a_paper_product_is_signed_on_paper_only(mode, accepted):
    desk = opened(product=3, guarantee=Guarantee.MORTGAGE, collateral_fen=10**8)
    assert len(run(desk, checked(NINE + 4), signed(NINE + 5, mode=mode)).take(ContractEffective)) == accepted


@pytest.mark.parametrize(
    ("product", "mode"),
    [(1, SignMode.ELECTRONIC), (2, SignMode.ELECTRONIC), (3, SignMode.PAPER), (4, SignMode.PAPER), (5, SignMode.PAPER)],
)
def test_consumer_loans_and_card_instalments_alone_are_offered_for_an_electronic_signature(product, mode):
    assert state(opened(product=product, guarantee=0, collateral_fen=10**9), "mode") == [mode]


@pytest.mark.requirement("CON-17.c")
@pytest.mark.parametrize("reason", [0, 1, 411, 999])
def test_a_renewal_without_a_reason_is_refused_and_one_with_a_reason_keeps_it(reason):
    expired = opened()
    out = run(expired, renewal(EXPIRES + 1, reason=reason), renewal(EXPIRES + 2), start=EXPIRES - 5)
    assert refusals(out) == [Refusal.CONTRACT_STATE]
    assert out.events_of(Event.CONTRACT_REGENERATED)["reason"].tolist() == [RenewalReason.NOT_IN_TIME]


def test_a_contract_lapses_with_its_approval():
    until = NINE + 2 * DAY_MS
    desk = opened(valid_until=until)
    assert state(desk, "expires_at") == [until], "no contract outlives its approval"
    out = run(desk, renewal(until), start=until - 5)
    assert refusals(out) == [ApprovalRefusal.APPROVAL_EXPIRED]
    assert out.events_of(Event.CONTRACT_WITHDRAWN)[["at", "reason"]].tolist() == [
        (until, ApprovalRefusal.APPROVAL_EXPIRED)
    ]
    assert out.events_of(Event.CONTRACT_LAPSED)["at"].tolist() == [until]
    assert state(desk) == []


@pytest.mark.requirement("APP-18.d")
def test_a_case_whose_contract_lapsed_is_shown_as_over():
    until = NINE + 2 * DAY_MS
    out = run(opened(valid_until=until), start=until - 5)
    found = query(np.concatenate(out.events), CASE, until + DAY_MS)
    assert found is not None
    assert (found.step, found.handler, found.expected_at) == (Step.CLOSED, Handler.NOBODY, 0)


def test_waiting_contracts_are_counted_at_midnight():
    rows = np.concatenate([approved(CASE + n) for n in range(3)])
    out = run(ContractsSubsystem.build(), (ApplicationApproved, rows), until=NINE - NINE % DAY_MS + DAY_MS)
    [measure] = out.measures
    assert measure[["gauge", "branch", "group", "count"]].tolist() == [
        (Gauge.PENDING_CONTRACTS, 1, ContractState.GENERATED, 3)
    ]


def day_of_mail(day: int) -> list[tuple[Kind, Rows]]:
    """Three approvals a day; yesterday's first signs, the second of three days ago renews, the third changes its mind."""
    at = NINE + day * DAY_MS
    mail: list[tuple[Kind, Rows]] = [
        (ApplicationApproved, np.concatenate([approved(CASE + 10 * day + n, at + n) for n in range(3)]))
    ]
    if day:
        mail.append(signed(at + 50, CASE + 10 * day - 10))
    if day > 3:
        old = CASE + 10 * (day - 4)
        why = RenewalReason.NOT_IN_TIME
        again = sample(ContractRenewalRequested, 1, at=at, case=old + 1, attempt=FIRST, reason=why)
        mail.append((ContractRenewalRequested, again))
        change = sample(
            ContractChangeRequested, 1, at=at, case=old + 2, attempt=FIRST, amount_fen=10**6, term_months=6, reason=1
        )
        mail.append((ContractChangeRequested, change))
    return mail


def totals(desk: ContractsSubsystem, from_day: int, to_day: int, cut: int) -> list[bytes]:
    """Everything that days of mail lead to, each day cut into `cut` windows."""
    out = Outbox()
    for day in range(from_day, to_day):
        start = NINE + day * DAY_MS
        for part in range(cut):
            window = Window(day, start + part * DAY_MS // cut, start + (part + 1) * DAY_MS // cut)
            mail = [(k, r[(r["at"] >= window.start) & (r["at"] < window.until)]) for k, r in day_of_mail(day)]
            desk.apply(Inbox.of(*mail), window, out)
            desk.close(window, out)
            assert desk.check() == []
    events = np.sort(np.concatenate(out.events)) if out.events else np.zeros(0)
    kinds = (ContractOffered, ContractEffective, ContractWithdrawn)
    return [events.tobytes(), *(out.take(kind).tobytes() for kind in kinds), desk.export_state()["contracts"].tobytes()]


@pytest.mark.parametrize("cut", [2, 24])
def test_the_length_of_a_window_changes_nothing(cut):
    assert totals(ContractsSubsystem.build(), 0, 9, 1) == totals(ContractsSubsystem.build(), 0, 9, cut)


@pytest.mark.parametrize("stop", range(1, 9, 3))
def test_a_restored_desk_goes_on_as_if_nothing_had_happened(stop):
    whole, first, second = (ContractsSubsystem.build() for _ in range(3))
    totals(whole, 0, stop, 1)
    totals(first, 0, stop, 1)
    second.import_state(first.export_state())
    assert totals(whole, stop, 9, 1) == totals(second, stop, 9, 1)


# planted bugs -------------------------------------------------------------------------------------------------------
def unchecked(desk: ContractsSubsystem, *mail: tuple[Kind, Rows], start: int) -> list[str]:
    window, out = Window(0, start, start + DAY_MS), Outbox()
    desk.open(window, out)
    desk.apply(Inbox.of(*mail), window, out)
    desk.close(window, out)
    return desk.check()


@pytest.mark.planted
def test_planted_expiry_a_millisecond_late_is_caught(monkeypatch):
    desk = opened()
    monkeypatch.setattr(rules, "has_expired", lambda at, expires_at: at > expires_at)
    found = unchecked(desk, signed(EXPIRES), start=EXPIRES - HOUR_MS)
    assert found == [f"contract of case {CASE} was signed after it expired: {EXPIRES}"]


@pytest.mark.planted
def test_planted_forgotten_expiry_is_caught(monkeypatch):
    desk = opened()
    monkeypatch.setattr(desk, "_expire", lambda rows, out: None)
    assert "was not marked expired" in unchecked(desk, start=EXPIRES)[0]


@pytest.mark.planted
def test_planted_amount_rounded_on_its_way_into_the_contract_is_caught(monkeypatch):
    desk = ContractsSubsystem.build()
    real = desk._contracts.append

    def rounded(source, **columns):
        slipped = source.copy()
        slipped["amount_fen"] = slipped["amount_fen"] // 1000 * 1000
        return real(slipped, **columns)

    monkeypatch.setattr(desk._contracts, "append", rounded)
    found = unchecked(desk, (ApplicationApproved, approved(amount_fen=5_000_001)), start=NINE)
    assert found == [f"contract of case {CASE} says another amount than was approved: 5000000"]


@pytest.mark.planted
def test_planted_skipped_element_check_is_caught(monkeypatch):
    monkeypatch.setattr(subsystem, "element_faults", lambda rows, needed: np.zeros(len(rows), dtype=np.int64))
    desk = ContractsSubsystem.build()
    found = unchecked(desk, (ApplicationApproved, approved(customer=0)), start=NINE)
    assert found == [f"contract of case {CASE} is offered to nobody: 0"]


@pytest.mark.requirement("CON-15.c")
@pytest.mark.parametrize("days", [1, 5])
def test_how_long_an_offer_stands_is_the_policys(days):
    desk = ContractsSubsystem.build(Setting({"contracts": {"valid_days": days}}))
    out = run(desk, (ApplicationApproved, approved()), until=NINE + days * DAY_MS + 1)
    assert out.take(ContractOffered)["expires_at"].tolist() == [NINE + days * DAY_MS]
    assert out.events_of(Event.CONTRACT_EXPIRED)["at"].tolist() == [NINE + days * DAY_MS]
