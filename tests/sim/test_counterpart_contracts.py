"""Customers with a contract to sign, run against the bank itself: in hours or days by mode, in the counter's hours, and with
the shares of forgetting, coming late and changing their minds that the scenario says."""

from __future__ import annotations

import numpy as np
import pytest

from credit.approval.contract import ContractWithdrawn
from credit.approval.contract import Event as ApprovalEvent
from credit.approval.contract import Refusal as ApprovalRefusal
from credit.calendar import is_workday
from credit.codes import Segment
from credit.contracts.contract import (
    ChangeReason,
    ContractChangeRequested,
    ContractChecked,
    ContractOffered,
    ContractRenewalRequested,
    ContractReturned,
    ContractSigned,
)
from credit.contracts.contract import Event as ContractEvent
from credit.contracts.contract import Refusal as ContractRefusal
from credit.contracts.states import SignMode
from credit.disbursement.contract import ContractEffective
from credit.mail import Inbox
from credit.policies import ProductPolicy, columns_of, load
from credit.room import EVENTS, Kind, Rows
from credit.subsystem import Window
from credit.times import DAY_MS, HOUR_MS, MINUTE_MS
from scenarios.model import Scenario
from sim.counterparts.contracts import ContractsCounterpart
from sim.occasions import reference_of
from tests.rows import sample
from tests.sim.signing_chain import PLAIN, SEED, YUAN, Chain, applications, scenario

COUNT = 6_000
START = PLAIN.run.start_ms + 10 * HOUR_MS
YEAR = Window(0, PLAIN.run.start_ms, PLAIN.run.start_ms + 900 * DAY_MS)


def offers(count: int = COUNT, **columns) -> Rows:
    number = np.arange(1, count + 1)
    facts = {
        "at": START,
        "case": 10**9 + number,
        "party": reference_of(number, 1),
        "branch": 1,
        "product": 1,
        "term_months": 12,
        "amount_fen": 50_000 * YUAN,
        "mode": SignMode.ELECTRONIC,
        "expires_at": START + 3 * DAY_MS,
        "attempt": 1,
    }
    return sample(ContractOffered, count, **(facts | columns))


def answers(rows: Rows, plan: Scenario | None = None) -> dict[Kind, Rows]:
    """Everything that customers will ever do about these offers."""
    people = ContractsCounterpart(plan or scenario(), SEED)
    return dict(people.respond(Inbox.of((ContractOffered, rows)), YEAR, 0))


def test_most_sign_on_the_phone_within_hours_after_they_have_read() -> None:
    signed = answers(offers())[ContractSigned]
    assert 0.90 < len(signed) / COUNT < 0.96
    delay = signed["at"] - START
    assert 60 * MINUTE_MS < float(np.median(delay)) < 130 * MINUTE_MS
    assert bool((signed["confirmed_at"] >= START).all() & (signed["confirmed_at"] < signed["at"]).all())
    assert bool((signed["mode"] == SignMode.ELECTRONIC).all())


@pytest.mark.requirement("CUS-02.e")
def test_micro_customers_leave_what_is_dear_or_late_and_others_do_not() -> None:
    def share(segment: Segment, rate_ppm: int, days: int) -> float:
        about = {"segment": segment, "rate_ppm": rate_ppm, "applied_at": START - days * DAY_MS}
        return len(answers(offers(**about), plan)[ContractSigned]) / COUNT

    plan = scenario(behaviour={"abandon_ppm": 0, "change_request_ppm": 0})
    cheap, dear = share(Segment.MICRO, 40_000, 3), share(Segment.MICRO, 90_000, 3)
    late = share(Segment.MICRO, 40_000, 13)
    assert abs(cheap - dear - 0.15) < 0.02, "five points above, 3 % each"
    assert abs(cheap - late - 0.20) < 0.02, "ten days more, 2 % each"
    assert share(Segment.MICRO, 30_000, 0) == cheap
    assert share(Segment.INDIVIDUAL, 90_000, 30) == share(Segment.ENTERPRISE, 30_000, 0) == cheap
    gone = answers(offers(segment=Segment.MICRO, rate_ppm=240_000, applied_at=START), plan)
    assert ContractRenewalRequested not in gone or len(gone[ContractRenewalRequested]) < COUNT * 0.01


@pytest.mark.requirement("CUS-02.e")
def test_a_contract_is_offered_with_its_rate_and_with_when_it_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Rows] = []
    monkeypatch.setattr(ContractsCounterpart, "_receive", lambda _, rows: told.append(rows))
    rows = applications(PLAIN, 40, 2)
    rows["applied_at"] = rows["at"] - 4 * DAY_MS
    Chain(PLAIN, rows, 8)
    offered = np.concatenate(told)
    micro = offered["segment"] == Segment.MICRO
    asked = dict(zip(rows["case"].tolist(), rows["applied_at"].tolist(), strict=True))
    assert micro.any()
    assert offered["applied_at"].tolist() == [asked[case] for case in offered["case"].tolist()]
    assert bool((offered["rate_ppm"] > 0).all())


def test_paper_is_signed_at_the_counter_on_workdays() -> None:
    signed = answers(offers(mode=SignMode.PAPER))[ContractSigned]
    minute = signed["at"] % DAY_MS // MINUTE_MS
    assert bool(is_workday(signed["at"] // DAY_MS).all())
    assert bool((minute >= 510).all() & (minute <= 1050).all())
    assert not bool(((minute > 720) & (minute < 780)).any())
    assert len(np.unique(signed["at"] // DAY_MS)) > 2


def test_the_counter_checks_in_its_hours_and_what_is_said_about_a_contract_comes_after() -> None:
    """Offered on a Friday evening: it is checked from Monday on, and nobody signs, changes or gets it back before."""
    evening = START // DAY_MS + (4 - (START // DAY_MS + 3)) % 7
    at = evening * DAY_MS + 20 * HOUR_MS
    plan = scenario(behaviour={"misprint_ppm": 100_000, "change_request_ppm": 200_000})
    found = answers(offers(at=at, expires_at=at + 4 * DAY_MS, mode=SignMode.PAPER, rate_ppm=60_000), plan)
    checks = found[ContractChecked]
    assert len(checks) > 0.9 * COUNT
    assert bool((checks["at"] // DAY_MS >= evening + 3).all())
    when = dict(checks[["case", "at"]].tolist())
    for kind in (ContractSigned, ContractChangeRequested, ContractReturned):
        said = found[kind][["case", "at"]].tolist()
        assert len(said) > 100
        assert all(when.get(case, evening * DAY_MS) < at for case, at in said)
    for kind in (ContractChecked, ContractSigned, ContractReturned):
        minute = found[kind]["at"] % DAY_MS // MINUTE_MS
        assert bool(is_workday(found[kind]["at"] // DAY_MS).all() & (minute >= 510).all() & (minute <= 1050).all())
        assert not bool(((minute > 720) & (minute < 780)).any())


def test_a_contract_that_expires_before_the_counter_opens_is_checked_by_nobody() -> None:
    at = (START // DAY_MS + (4 - (START // DAY_MS + 3)) % 7) * DAY_MS + 20 * HOUR_MS
    found = answers(offers(at=at, expires_at=at + DAY_MS, mode=SignMode.PAPER))
    assert not len(found.get(ContractChecked, ()))


@pytest.mark.requirement("CON-11.c")
def test_the_counter_checks_paper_before_the_customer_comes_and_returns_what_is_wrong() -> None:
    plan = scenario(behaviour={"misprint_ppm": 100_000, "change_request_ppm": 200_000})
    rows = offers(mode=SignMode.PAPER, rate_ppm=60_000)
    found = answers(rows, plan)
    checks, signed, back = found[ContractChecked], found[ContractSigned], found[ContractReturned]
    assert np.sort(checks["case"]).tolist() == rows["case"].tolist()
    when = dict(checks[["case", "at"]].tolist())
    for later in (signed, found[ContractChangeRequested], back):
        assert all(when[case] < at for case, at in later[["case", "at"]].tolist())
    assert set(checks["person"].tolist()).isdisjoint(signed["person"].tolist())
    assert bool((signed["person"] > 0).all())
    wrong = (checks["amount_fen"] != 50_000 * YUAN) | (checks["term_months"] != 12) | (checks["rate_ppm"] != 60_000)
    assert abs(wrong.sum() / COUNT - 0.1) < 0.02
    assert np.sort(checks["case"][wrong]).tolist() == np.sort(back["case"]).tolist()
    assert not np.isin(back["case"], signed["case"]).any()
    assert len(np.unique(back["reason"])) == 3
    electronic = answers(offers(), plan)
    assert ContractChecked not in electronic or not len(electronic[ContractChecked])


@pytest.mark.requirement("CON-11.c")
def test_in_a_running_bank_wrong_contracts_are_blocked_returned_and_signed_in_the_next_version() -> None:
    plan = scenario(behaviour={"misprint_ppm": 200_000, "change_request_ppm": 0})
    chain = Chain(plan, applications(plan, 20, 8), 40)
    blocked, back = (chain.events(one) for one in (ContractEvent.CONTRACT_BLOCKED, ContractEvent.CONTRACT_RETURNED))
    assert len(blocked) > 5
    assert np.sort(blocked["case"]).tolist() == np.sort(back["case"]).tolist()
    assert sorted(blocked["reason"].tolist()) == sorted(back["reason"].tolist())
    signed = chain.events(ContractEvent.CONTRACT_EFFECTIVE)
    assert bool((signed["value"][np.isin(signed["case"], blocked["case"])] > 1).all())
    assert bool(np.isin(blocked["case"], signed["case"]).any())


@pytest.mark.requirement("EX-03.d")
def test_in_a_running_bank_who_signs_by_an_expired_or_revoked_certificate_is_refused_and_signs_by_a_new_one() -> None:
    share = {"certificate_lapsed_ppm": 150_000, "certificate_revoked_ppm": 150_000, "change_request_ppm": 0}
    plan = scenario(behaviour=share, policies={"contracts": {"certified": True}})
    chain = Chain(plan, applications(plan, 30, 6), 20)
    refused = chain.events(ContractEvent.CONTRACT_ACTION_REFUSED)
    signed, verified = chain.events(ContractEvent.CONTRACT_SIGNED), chain.events(ContractEvent.CERTIFICATE_VERIFIED)
    for why in (ContractRefusal.CERTIFICATE_INVALID, ContractRefusal.CERTIFICATE_REVOKED):
        met = refused["case"][refused["reason"] == why]
        assert len(met) > 3
        assert bool(np.isin(met, verified["case"]).all())
    electronic = signed["case"][signed["value"] == SignMode.ELECTRONIC]
    assert np.sort(electronic).tolist() == np.sort(verified["case"]).tolist()
    assert len(electronic) < len(signed)


def test_shares_of_forgetting_and_of_changes_follow_the_scenario() -> None:
    plan = scenario(behaviour={"abandon_ppm": 300_000, "change_request_ppm": 200_000, "renew_ppm": 500_000})
    found = answers(offers(), plan)
    assert abs(len(found[ContractChangeRequested]) / COUNT - 0.2) < 0.02
    assert abs(len(found[ContractRenewalRequested]) / COUNT - 0.15) < 0.02
    renewed = found[ContractRenewalRequested]["at"]
    assert bool((renewed >= START + 3 * DAY_MS).all() & (renewed < START + 6 * DAY_MS).all())


def test_a_changed_wish_is_one_that_the_product_offers() -> None:
    plan = scenario(behaviour={"change_request_ppm": 900_000})
    products = columns_of(load("products", ProductPolicy))
    changes = answers(offers(), plan)[ContractChangeRequested]
    assert bool((changes["reason"] == ChangeReason.OTHER_AMOUNT).all() & (changes["amount_fen"] < 50_000 * YUAN).all())
    assert bool((changes["amount_fen"] >= products.amount_min[1]).all())
    for months, expected in ((12, 18), (60, 36)):
        other = answers(offers(amount_fen=5_000 * YUAN, term_months=months), plan)[ContractChangeRequested]
        assert bool((other["reason"] == ChangeReason.OTHER_TERM).all())
        assert np.unique(other["term_months"]).tolist() == [expected]
    assert ContractChangeRequested not in answers(offers(round=1), plan), "once is enough"


def test_who_comes_too_late_asks_for_a_new_contract() -> None:
    plan = scenario(behaviour={"abandon_ppm": 0, "change_request_ppm": 0})
    found = answers(offers(expires_at=START + 31_000), plan)
    late = len(found[ContractSigned])
    assert 0.15 < late / COUNT < 0.25, "some try the old one"
    assert 0.75 < len(found[ContractRenewalRequested]) / COUNT < 0.85
    assert ContractRenewalRequested not in answers(offers(expires_at=START + 1, attempt=4), plan), "not for ever"


def test_the_luck_of_an_offer_depends_on_case_round_and_attempt_alone() -> None:
    rows = offers(500)
    whole = np.sort(answers(rows)[ContractSigned])
    half = answers(rows[::-2])[ContractSigned]
    assert np.sort(whole[np.isin(whole["case"], rows[::-2]["case"])]).tobytes() == np.sort(half).tobytes()
    for other in ({"attempt": 2}, {"round": 1}):
        again = np.sort(answers(offers(500, **other))[ContractSigned])
        assert again["at"].tolist() != whole["at"].tolist()


def test_a_scripted_customer_signs_when_the_script_says() -> None:
    script = [
        {
            "party": 1,
            "at": "2026-03-03T09:30:00",
            "name": "张建国",
            "id_number": "11010519491231002X",
            "mobile": "13901234567",
            "amount": 50_000,
            "term_months": 12,
            "purpose": "装修",
            "income": 18_000,
            "documents": ["id_front"],
            "sign_after_minutes": 20,
        }
    ]
    plan = scenario(script=script, behaviour={"abandon_ppm": 1_000_000})
    signed = answers(offers(2), plan)[ContractSigned]
    assert signed[["case", "at"]].tolist() == [(10**9 + 1, START + 20 * MINUTE_MS)]


def test_nothing_is_answered_before_its_time_and_the_state_keeps_the_rest() -> None:
    people, restored = (ContractsCounterpart(scenario(), SEED) for _ in range(2))
    hour = Window(0, START, START + HOUR_MS)
    early = people.respond(Inbox.of((ContractOffered, offers())), hour, 0)
    assert all(int(rows["at"].max()) < hour.until for _, rows in early)
    restored.import_state(people.export_state())
    rest = Window(1, hour.until, YEAR.until)
    for (kind, rows), (other, same) in zip(
        people.respond(Inbox(), rest, 0), restored.respond(Inbox(), rest, 0), strict=True
    ):
        assert kind is other
        assert np.sort(rows).tobytes() == np.sort(same).tobytes()
        assert int(rows["at"].min()) >= hour.until


@pytest.mark.requirement("CON-15.a", "CON-15.b", "CON-16.a")
def test_in_a_running_bank_contracts_expire_are_renewed_and_go_back_to_approval() -> None:
    plan = scenario(behaviour={"abandon_ppm": 150_000, "change_request_ppm": 100_000, "late_sign_ppm": 700_000})
    chain = Chain(plan, applications(plan, 30, 12), 75)
    count = {event: len(chain.events(event)) for event in EVENTS.values()}
    for event in (
        ContractEvent.CONTRACT_EXPIRED,
        ContractEvent.CONTRACT_REGENERATED,
        ContractEvent.CONTRACT_WITHDRAWN,
        ApprovalEvent.RE_APPROVAL_OPENED,
        ContractEvent.CONTRACT_ACTION_REFUSED,
    ):
        assert count[event] > 3, event.name
    refused = chain.events(ContractEvent.CONTRACT_ACTION_REFUSED)["reason"].tolist()
    assert dict.fromkeys(refused).keys() <= {ContractRefusal.CONTRACT_EXPIRED, ApprovalRefusal.APPROVAL_EXPIRED}
    effective = chain.sent(ContractEffective)  # of each contract two rooms are told
    effective = effective[np.unique(effective[["case", "round"]], return_index=True)[1]]
    withdrawn = chain.sent(ContractWithdrawn)
    assert len(np.unique(effective["case"])) == len(effective), "no case has two contracts in force"
    assert count[ApprovalEvent.RE_APPROVAL_OPENED] == len(withdrawn)
    again = effective[np.isin(effective["case"], withdrawn["case"])]
    assert len(again) > 3
    assert bool((again["round"] == 1).all())
    wished = dict(zip(withdrawn["case"].tolist(), withdrawn["amount_fen"].tolist(), strict=True))
    assert all(row["amount_fen"] <= wished[int(row["case"])] for row in again)


def test_a_change_of_mind_is_the_same_on_any_number_of_shards() -> None:
    plan = scenario(behaviour={"change_request_ppm": 100_000})
    rows = applications(plan, 20, 6)
    assert Chain(plan, rows, 20).record() == Chain(plan, rows, 20, shards=3).record()
