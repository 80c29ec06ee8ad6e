"""What the bank does with sound forms: customer numbers, the potential and the formal customer, anomalies, the initial review
and dispatch; one person is one person at every branch, and nothing depends on how time is cut or branches are shared out."""

from __future__ import annotations

import numpy as np
import pytest

from credit.appeals.contract import EntryMade
from credit.applications.contract import Event as FormEvent
from credit.applications.contract import SubmitApplication
from credit.applications.subsystem import ApplicationsSubsystem
from credit.approval.contract import CustomerListed
from credit.codes import Channel, Material, RiskList, Segment
from credit.customers.contract import (
    CustomerEnteredBusiness,
    Event,
    FormChecked,
    FraudConfirmed,
    ListQuery,
    ListReply,
    RefreshRiskList,
    Refusal,
    RiskEntryRemoved,
)
from credit.customers.register import Register
from credit.customers.subsystem import CustomersSubsystem
from credit.mail import Inbox, Outbox
from credit.room import KINDS, Kind, Rows
from credit.rows import previous, ranks
from credit.scoring.contract import ApplicationAccepted
from credit.subsystem import Window
from credit.times import DAY_MS, HOUR_MS, MINUTE_MS
from tests.credit.applications.builders import (
    DAY,
    MORNING,
    PAPERS,
    START,
    Front,
    born,
    business_forms,
    desk_day,
    down,
    fingerprint,
    forms,
    listed,
    no_hit,
    silent,
    walk,
    windows,
)
from tests.rows import sample


@pytest.mark.requirement("CUS-10.a")
def test_one_person_applying_twice_keeps_one_number() -> None:
    rows = forms(4, id_number=born(35, [7, 8, 7, 7]), party=[1, 2, 1, 1])
    accepted = desk_day(rows).sent(ApplicationAccepted)
    assert accepted["customer"].tolist() == [1, 2, 1, 1]
    assert accepted["existing"].tolist() == [0, 0, 1, 1]
    assert len(np.unique(accepted["case"])) == 4


@pytest.mark.requirement("CUS-10.a")
def test_a_company_is_known_by_its_credit_code_whoever_signs() -> None:
    rows = business_forms(2, credit_code=business_forms()["credit_code"][0], id_number=born(40, [1, 2]))
    assert len(np.unique(desk_day(rows).sent(ApplicationAccepted)["customer"])) == 1


@pytest.mark.requirement("CUS-10.a")
def test_a_refused_or_declined_form_uses_no_customer_number() -> None:
    rows = forms(3, amount_fen=[1, 5_000_000, 5_000_000], employment_months=[84, 0, 84])
    run = desk_day(rows)
    assert run.sent(ApplicationAccepted)["customer"].tolist() == [1]
    assert run.events_of(Event.CUSTOMER_CREATED)["value"].tolist() == [1]


@pytest.mark.requirement("CUS-11.a", "CUS-11.b")
def test_a_potential_customer_becomes_formal_once() -> None:
    bank = Front()
    case = desk_day(forms(), front=bank).sent(ApplicationAccepted)["case"][0]
    assert bank.export_state()["customers"]["state"].tolist() == [0]
    notice = sample(CustomerEnteredBusiness, 3, at=DAY.until, customer=1, case=[case, case + 1, case + 2])
    notice["customer"][2] = 99
    run = bank.walk([(CustomerEnteredBusiness, notice)], [Window(1, DAY.until, DAY.until + DAY_MS)], no_hit)
    assert run.events_of(Event.CUSTOMER_FORMAL)["case"].tolist() == [case]
    assert run.events_of(Event.MAIL_REFUSED)["case"].tolist() == [case + 2]
    assert bank.export_state()["customers"]["state"].tolist() == [1]
    again = bank.walk([(CustomerEnteredBusiness, notice[:1])], [Window(2, DAY.until, DAY.until + DAY_MS)], no_hit)
    assert not len(again.events_of(Event.CUSTOMER_FORMAL))


@pytest.mark.requirement("APP-05.a")
@pytest.mark.parametrize("first_day", [True, False])
def test_what_is_on_file_need_not_be_brought_again(first_day: bool) -> None:
    thin = PAPERS & ~int(Material.ID_FRONT | Material.ID_BACK)
    rows = forms(2, id_number=born(35, 7), documents=[PAPERS, thin], party=1)
    if not first_day:
        rows["at"][1] += DAY_MS
    run = Front().walk([(SubmitApplication, rows)], windows(DAY_MS, 2), no_hit)
    assert run.sent(ApplicationAccepted)["documents"].tolist() == [PAPERS, PAPERS]
    stranger = forms(2, documents=[PAPERS, thin])
    assert len(desk_day(stranger).sent(ApplicationAccepted)) == 1


@pytest.mark.requirement("SCO-11.a", "SCO-11.b")
def test_repeated_applications_channels_and_growth_are_counted_within_the_policys_days() -> None:
    rows = forms(
        5,
        id_number=born(35, 7),
        party=1,
        at=MORNING + np.array([0, 1, 2, 31, 32]) * DAY_MS,
        amount_fen=[2_000_000, 3_000_000, 9_000_000, 9_000_000, 4_500_000],
        channel=[Channel.MOBILE_BANK, Channel.ONLINE_BANK, Channel.MOBILE_BANK, Channel.COUNTER, Channel.COUNTER],
    )
    accepted = Front().walk([(SubmitApplication, rows)], windows(DAY_MS, 33), no_hit).sent(ApplicationAccepted)
    assert accepted["recent_applications"].tolist() == [1, 2, 3, 3, 3]
    assert accepted["recent_channels"].tolist() == [1, 2, 2, 3, 2]
    assert accepted["amount_growth_ppm"].tolist() == [0, 500_000, 2_000_000, 0, 0]


@pytest.mark.requirement("SCO-10.d")
def test_what_is_said_is_compared_with_what_was_said_lately_through_another_channel() -> None:
    rows = forms(
        6,
        id_number=born(35, 7),
        party=1,
        at=MORNING + np.array([0, 1, 2, 31, 120, 121]) * DAY_MS,
        channel=[
            Channel.MOBILE_BANK,
            Channel.COUNTER,
            Channel.COUNTER,
            Channel.MOBILE_BANK,
            Channel.COUNTER,
            Channel.MOBILE_BANK,
        ],
        income_fen=[1_000_000, 1_300_000, 2_600_000, 1_950_000, 9_000_000, 9_000_000],
        employment_months=[60, 48, 12, 13, 90, 90],
        purpose_text=["装修", "旅游", "装修", "装修", "旅游", "旅游"],
    )
    accepted = Front().walk([(SubmitApplication, rows)], windows(DAY_MS, 122), no_hit).sent(ApplicationAccepted)
    assert accepted["income_apart_ppm"].tolist() == [0, 300_000, 0, 250_000, 0, 0]
    assert accepted["employment_apart_months"].tolist() == [0, 12, 0, 1, 0, 0]
    assert accepted["purpose_apart"].tolist() == [0, 1, 0, 0, 0, 0]


@pytest.mark.requirement("SCO-10.d")
def test_another_purpose_of_another_product_is_no_contradiction() -> None:
    rows = forms(
        2,
        id_number=born(35, 7),
        party=1,
        product=[1, 2],
        channel=[Channel.MOBILE_BANK, Channel.COUNTER],
        purpose_text=["装修", "旅游"],
        detail1=["", "6217000000000000009"],
        at=MORNING + np.array([0, 1]) * DAY_MS,
    )
    accepted = Front().walk([(SubmitApplication, rows)], windows(DAY_MS, 2), no_hit).sent(ApplicationAccepted)
    assert accepted["purpose_apart"].tolist() == [0, 0]


@pytest.mark.requirement("APP-03.a")
def test_every_channel_is_served_and_recorded() -> None:
    rows = forms(len(Channel), channel=[int(c) for c in Channel])
    run = desk_day(rows)
    assert sorted(run.sent(ApplicationAccepted)["channel"].tolist()) == [int(c) for c in Channel]
    assert sorted(run.events_of(FormEvent.APPLICATION_SUBMITTED)["reason"].tolist()) == [int(c) for c in Channel]


@pytest.mark.requirement("APP-16.b", "EXT-07.a", "EXT-07.c")
@pytest.mark.parametrize(
    ("bits", "refusal"),
    [
        (RiskList.CENTRAL_BANK, Refusal.LIST_CENTRAL_BANK),
        (RiskList.DISHONEST_DEBTOR, Refusal.LIST_DISHONEST),
        (RiskList.ASSOCIATION, Refusal.LIST_ASSOCIATION),
        (RiskList.ASSOCIATION | RiskList.DISHONEST_DEBTOR, Refusal.LIST_DISHONEST),
    ],
)
def test_a_listed_person_is_intercepted_at_once(bits: RiskList, refusal: Refusal) -> None:
    run = desk_day(forms(), listed(bits))
    assert run.events_of(Event.APPLICATION_INTERCEPTED)["reason"].tolist() == [refusal]
    assert run.events_of(Event.APPLICATION_INTERCEPTED)["at"].tolist() == [MORNING + 20 + 150]
    assert not len(run.sent(ApplicationAccepted))


@pytest.mark.requirement("EXT-07.b", "EXT-07.c")
def test_the_banks_own_copy_decides_while_the_port_is_down() -> None:
    rows = forms(3)
    ids = rows["id_number"]
    entry = {"entry": [1, 2, 3], "list": int(RiskList.DISHONEST_DEBTOR), "id_number": [*ids[:2], born(60)[0]]}
    copy = sample(RefreshRiskList, 3, at=START, **entry)  # the third is nobody who applies
    removal = sample(RefreshRiskList, 1, at=START + HOUR_MS, entry=2, removed=1)
    mail = [(RefreshRiskList, copy), (RefreshRiskList, removal), (SubmitApplication, rows)]
    for port, after in ((down, 10_000), (silent, 15_000)):
        run = Front().walk(mail, [DAY], port)
        hits = run.events_of(Event.APPLICATION_INTERCEPTED)
        assert hits["reason"].tolist() == [Refusal.LIST_DISHONEST]
        assert hits["at"].tolist() == [MORNING + 20 + after]
        assert len(run.sent(ApplicationAccepted)) == 2
    assert len(Front().walk(mail, [DAY], no_hit).sent(ApplicationAccepted)) == 3


@pytest.mark.requirement("EXT-07.b")
def test_an_entry_counts_from_its_own_instant() -> None:
    late = sample(RefreshRiskList, 1, at=MORNING + HOUR_MS, entry=1, list=1, id_number=forms()["id_number"])
    run = Front().walk([(RefreshRiskList, late), (SubmitApplication, forms())], [DAY], down)
    assert len(run.sent(ApplicationAccepted)) == 1


@pytest.mark.requirement("EXT-07.b")
@pytest.mark.parametrize(("since", "until", "hits"), [(0, 1, 1), (1, 2, 0), (-1, 0, 0)])
def test_an_entry_counts_from_its_first_instant_until_it_is_removed(since: int, until: int, hits: int) -> None:
    review = MORNING + 20 + 10_000
    entered = sample(RefreshRiskList, 1, at=review + since, entry=1, list=1, id_number=forms()["id_number"])
    removed = sample(RefreshRiskList, 1, at=review + until, entry=1, removed=1)
    mail = [(RefreshRiskList, entered), (RefreshRiskList, removed), (SubmitApplication, forms())]
    assert len(Front().walk(mail, [DAY], down).events_of(Event.APPLICATION_INTERCEPTED)) == hits


@pytest.mark.requirement("EXT-08.a")
def test_the_internal_risk_library_intercepts_a_confirmed_fraudster_at_every_branch() -> None:
    bank, rows = Front(), forms(2)
    first = desk_day(rows, front=bank).sent(ApplicationAccepted)[:1]
    confirmed = sample(FraudConfirmed, source=first, at=DAY.until)
    again = rows.copy()
    again["at"] += DAY_MS
    again["branch"] = 5
    mail = [(FraudConfirmed, confirmed), (SubmitApplication, again)]
    run = bank.walk(mail, [Window(1, DAY.until, DAY.until + DAY_MS)], no_hit)
    assert run.events_of(Event.APPLICATION_INTERCEPTED)["reason"].tolist() == [Refusal.LIST_INTERNAL]
    assert run.sent(ApplicationAccepted)["party"].tolist() == [2]


@pytest.mark.requirement("EXT-08.b")
def test_whoever_decides_on_cases_under_way_hears_at_every_branch_of_who_was_entered() -> None:
    bank = Front()
    accepted = desk_day(np.concatenate([forms(2, branch=[3, 5]), business_forms()]), front=bank).sent(
        ApplicationAccepted
    )
    signer = accepted[accepted["segment"] == Segment.INDIVIDUAL]
    confirmed = sample(FraudConfirmed, source=signer[:1], at=DAY.until)
    run = bank.walk([(FraudConfirmed, confirmed)], [Window(1, DAY.until, DAY.until + DAY_MS)], no_hit)
    told = run.sent(CustomerListed)
    branches = sorted(set(accepted["branch"].tolist()))
    assert sorted(set(told["branch"].tolist())) == branches
    assert set(told["at"].tolist()) == {DAY.until}
    assert int(confirmed["customer"][0]) in told["customer"].tolist()
    assert len(told) == len(set(told["customer"].tolist())) * len(branches)
    assert int(signer["customer"][1]) not in told["customer"].tolist()


@pytest.mark.requirement("EXT-08.a")
def test_with_a_company_the_person_who_signed_is_known_too_and_the_company_whoever_signs() -> None:
    bank = Front()
    first = desk_day(business_forms(), front=bank).sent(ApplicationAccepted)
    code = business_forms()["credit_code"][0]
    other_signs = business_forms(credit_code=code, id_number=born(50), at=MORNING + DAY_MS)
    alone = forms(at=MORNING + DAY_MS + HOUR_MS)
    another = business_forms(2, at=MORNING + DAY_MS + 2 * HOUR_MS)[1:]
    another["id_number"] = business_forms()["id_number"]
    confirmed = sample(FraudConfirmed, source=first, at=DAY.until)
    mail = [(FraudConfirmed, confirmed), (SubmitApplication, np.concatenate([other_signs, alone, another]))]
    run = bank.walk(mail, [Window(1, DAY.until, DAY.until + DAY_MS)], no_hit)
    assert run.events_of(Event.APPLICATION_INTERCEPTED)["reason"].tolist() == [Refusal.LIST_INTERNAL] * 3


def entered_and_gone(source: Rows, entered: list[int], removed: list[int]) -> list[tuple[Kind, Rows]]:
    """One customer, entered at each of some instants for an application of its own; the first of them removed at others."""
    confirmed = sample(FraudConfirmed, source=source[:1].repeat(len(entered)), at=entered)
    confirmed["case"] += np.arange(len(entered))
    gone = sample(RiskEntryRemoved, len(removed), at=removed, case=source["case"][0])
    return [(FraudConfirmed, confirmed), (RiskEntryRemoved, gone)]


@pytest.mark.requirement("EXT-09.c")
@pytest.mark.parametrize(
    ("entered", "removed", "stopped"),
    [
        ([0], [2], False),
        ([0], [3], False),
        ([0], [4], True),
        ([0, 1], [2], True),
        ([2], [1], True),
        ([0, 1], [4], True),
    ],
    ids=["removed before", "in the same instant", "after", "of two entries one", "entered after that", "two entries"],
)
def test_who_has_left_the_library_is_let_in_again(entered: list[int], removed: list[int], stopped: bool) -> None:
    bank, rows = Front(), forms()
    first = desk_day(rows, front=bank).sent(ApplicationAccepted)
    again = forms(at=DAY.until + 3 * HOUR_MS)
    at, gone = ([DAY.until + hour * HOUR_MS for hour in hours] for hours in (entered, removed))
    mail = [*entered_and_gone(first, at, gone), (SubmitApplication, again)]
    run = bank.walk(mail, [Window(1, DAY.until, DAY.until + DAY_MS)], no_hit)
    hits = run.events_of(Event.APPLICATION_INTERCEPTED)
    assert hits["reason"].tolist() == [Refusal.LIST_INTERNAL] * stopped
    if stopped:
        assert hits["value"].tolist() == [int(first["case"][0]) + (len(entered) == 2 and removed < [3])]
    assert len(run.events_of(Event.LIBRARY_LEFT)) == (len(entered) == 1 and removed > entered)


@pytest.mark.requirement("EXT-09.c")
def test_approvers_hear_of_who_has_left_and_under_which_entry_another_stays() -> None:
    bank = Front()
    first = desk_day(forms(), front=bank).sent(ApplicationAccepted)
    case, day = int(first["case"][0]), Window(1, DAY.until, DAY.until + DAY_MS)
    for entered, expected in (([0], [(case, 0), (case, 1)]), ([0, 1], [(case, 0), (case + 1, 0)])):
        bank = Front()
        first = desk_day(forms(), front=bank).sent(ApplicationAccepted)
        at = [DAY.until + hour * HOUR_MS for hour in entered]
        run = bank.walk(entered_and_gone(first, at, [DAY.until + 2 * HOUR_MS]), [day], no_hit)
        told = run.sent(CustomerListed)
        assert told[["case", "removed"]].tolist() == expected
        assert set(told["customer"].tolist()) == set(first["customer"].tolist())


@pytest.mark.requirement("EXT-09.c")
def test_who_signs_for_a_company_leaves_with_it() -> None:
    bank = Front()
    first = desk_day(business_forms(), front=bank).sent(ApplicationAccepted)
    alone = forms(id_number=business_forms()["id_number"], at=DAY.until + 3 * HOUR_MS)
    mail = [*entered_and_gone(first, [DAY.until], [DAY.until + HOUR_MS]), (SubmitApplication, alone)]
    run = bank.walk(mail, [Window(1, DAY.until, DAY.until + DAY_MS)], no_hit)
    assert len(run.events_of(Event.APPLICATION_INTERCEPTED)) == 0
    assert len(run.sent(ApplicationAccepted)) == 1


@pytest.mark.requirement("EXT-09.a")
def test_the_room_of_appeals_hears_of_each_entry() -> None:
    bank = Front()
    first = desk_day(business_forms(), front=bank).sent(ApplicationAccepted)
    run = bank.walk(entered_and_gone(first, [DAY.until], []), [Window(1, DAY.until, DAY.until + DAY_MS)], no_hit)
    [made] = run.sent(EntryMade)
    assert made[["case", "party", "customer"]] == first[["case", "party", "customer"]][0]
    assert len(bank.customers.tables["library"]) == 2, "the company and who signs for it"


def test_entries_that_have_left_long_ago_are_forgotten() -> None:
    bank = Front()
    first = desk_day(forms(), front=bank).sent(ApplicationAccepted)
    days = [Window(n, DAY.until + (n - 1) * DAY_MS, DAY.until + n * DAY_MS) for n in (1, 2, 3)]
    bank.walk(entered_and_gone(first, [DAY.until], [DAY.until + HOUR_MS]), days[:1], no_hit)
    assert len(bank.customers.tables["library"]) == 1
    bank.walk([], days[1:], no_hit)
    assert len(bank.customers.tables["library"]) == 0


@pytest.mark.requirement("CUS-10.a", "SCO-11.a")
def test_one_person_at_two_branches_has_one_number_and_is_recognised() -> None:
    rows = forms(3, id_number=born(35, [7, 7, 8]), branch=[3, 5, 5], party=[1, 1, 2])
    accepted = desk_day(rows).sent(ApplicationAccepted)
    assert accepted["case"].tolist() == [3_000_000_001, 5_000_000_001, 5_000_000_002]
    assert accepted["customer"].tolist() == [1, 1, 2]
    assert accepted["existing"].tolist() == [0, 1, 0]
    assert accepted["recent_applications"].tolist() == [1, 2, 1]


@pytest.mark.requirement("APP-05.a")
def test_what_one_branch_has_on_file_serves_another() -> None:
    thin = PAPERS & ~int(Material.ID_FRONT | Material.ID_BACK)
    rows = forms(2, id_number=born(35, 7), documents=[PAPERS, thin], party=1, branch=[3, 5])
    assert desk_day(rows).sent(ApplicationAccepted)["documents"].tolist() == [PAPERS, PAPERS]


@pytest.mark.requirement("APP-16.d", "APP-17.a")
@pytest.mark.parametrize(
    ("rows", "team"),
    [
        (forms(), "automatic_centre"),
        (forms(amount_fen=20_000_200), "consumer_team"),
        (business_forms(), "micro_team"),
        (business_forms(amount_fen=300_000_000), "large_team"),
    ],
)
def test_dispatch_follows_product_and_amount(rows: np.ndarray, team: str) -> None:
    bank = Front()
    sent = desk_day(rows, front=bank).events_of(Event.APPLICATION_DISPATCHED)
    assert [t.key for t in bank.customers.policy.teams if t.code == sent["value"][0]] == [team]


@pytest.mark.requirement("APP-17.b")
def test_dispatch_follows_risk() -> None:
    bank = Front()
    rows = forms(3, id_number=born(35, 7), party=1)
    codes = desk_day(rows, front=bank).events_of(Event.APPLICATION_DISPATCHED)["value"].tolist()
    names = {t.code: t.key for t in bank.customers.policy.teams}
    assert [names[c] for c in codes] == ["automatic_centre", "automatic_centre", "consumer_team"]


def test_an_answer_that_fits_no_case_or_comes_twice_or_late_is_refused() -> None:
    bank, out = Front(), Outbox()
    checked = walk(bank.desk, [(SubmitApplication, forms())], [DAY], silent).sent(FormChecked)
    bank.customers.apply(Inbox.of((FormChecked, checked)), DAY, out)
    query = out.take(ListQuery)
    answers = sample(ListReply, 4, at=query["at"] + [100, 15_001, 200, 300], case=query["case"] + [0, 0, 0, 9])
    bank.customers.apply(Inbox.of((ListReply, answers[1:2])), DAY, out)
    assert not len(out.take(ApplicationAccepted))
    bank.customers.apply(Inbox.of((ListReply, answers[[0, 2, 3]])), DAY, out)
    assert out.take(ApplicationAccepted)["at"].tolist() == [query["at"][0] + 100]
    assert len(out.events_of(Event.MAIL_REFUSED)) == 3


@pytest.mark.parametrize(("late_ms", "hits"), [(0, 1), (1, 0)])
def test_an_answer_of_the_lists_counts_up_to_its_deadline(late_ms: int, hits: int) -> None:
    def port(requests: Inbox) -> list[tuple[Kind, Rows]]:
        query = requests.take(ListQuery)
        return [(ListReply, sample(ListReply, source=query, at=query["at"] + 15_000 + late_ms, lists=1))]

    assert len(desk_day(forms(), port).events_of(Event.APPLICATION_INTERCEPTED)) == hits


def a_busy_fortnight() -> np.ndarray:
    """Forms of three branches over ten days, some of the same people within minutes, some wrong."""
    count = 240
    number = np.arange(count)
    rows = forms(
        count,
        at=START + (number * 7_919 % (10 * 24 * 60)) * MINUTE_MS + number,
        party=number % 80 + 1,
        branch=1 + number % 3,
        id_number=born(35, number % 80),
        amount_fen=1_000_000 + number * 20_000,
        employment_months=np.where(number % 17 == 0, 0, 84),
        occupation=(number % 23 > 0).astype(int),
        channel=1 + number % 3,
    )
    rows["documents"][number % 11 == 5] &= ~int(Material.ID_BACK)
    return rows


@pytest.mark.parametrize("length_ms", [HOUR_MS, 10 * MINUTE_MS])
def test_results_do_not_depend_on_the_length_of_windows(length_ms: int) -> None:
    prints = []
    for length in (DAY_MS, length_ms):
        bank = Front()
        prints.append(
            fingerprint(bank.walk([(SubmitApplication, a_busy_fortnight())], windows(length, 11), down), bank)
        )
    assert prints[0] == prints[1]


def test_results_do_not_depend_on_how_branches_are_shared_out() -> None:
    rows, days = a_busy_fortnight(), windows(DAY_MS, 11)
    whole = Front()
    expected = fingerprint(whole.walk([(SubmitApplication, rows)], days, no_hit), whole)
    desks = [ApplicationsSubsystem.build() for _ in range(3)]
    runs = [
        walk(desk, [(SubmitApplication, rows[rows["branch"] == branch])], days, silent)
        for branch, desk in enumerate(desks, 1)
    ]
    apart = Front()
    run = walk(apart.customers, [(FormChecked, one.sent(FormChecked)) for one in runs], days, no_hit)
    run.events += [event for one in runs for event in one.events]
    apart.desk.import_state({"counters": np.concatenate([desk.export_state()["counters"] for desk in desks])})
    assert fingerprint(run, apart) == expected


@pytest.mark.parametrize("cut", [1, 4, 9])
def test_state_taken_out_and_put_into_a_fresh_desk_goes_on_the_same(cut: int) -> None:
    rows, days = a_busy_fortnight(), windows(DAY_MS, 11)
    straight = Front()
    straight.walk([(SubmitApplication, rows)], days, no_hit)
    first = Front()
    first.walk([(SubmitApplication, rows[rows["at"] < days[cut].start])], days[:cut], no_hit)
    second = Front()
    second.import_state(first.export_state())
    second.walk([(SubmitApplication, rows[rows["at"] >= days[cut].start])], days[cut:], no_hit)
    for name, exported in straight.export_state().items():
        assert np.array_equal(exported, second.export_state()[name]), name


@pytest.mark.planted
def test_planted_second_number_for_a_known_customer_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Register, "find", lambda self, keys: np.full(len(keys), -1))
    with pytest.raises(ValueError, match="already in the table"):
        desk_day(forms(2, id_number=born(35, 7)))


@pytest.mark.planted
def test_planted_form_that_gets_lost_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CustomersSubsystem, "_turn_away", lambda self, *args: None)
    with pytest.raises(AssertionError, match="window 0"):
        desk_day(forms(2, employment_months=[0, 84]))


@pytest.mark.planted
def test_planted_case_that_waits_for_ever_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CustomersSubsystem, "end", lambda self, out: None)
    with pytest.raises(AssertionError, match="window 0"):
        desk_day(forms(), silent)


def test_running_numbers_and_predecessors_within_groups() -> None:
    groups = np.array([5, 3, 5, 5, 3, 9])
    assert ranks(groups).tolist() == [0, 0, 1, 2, 1, 0]
    assert previous(groups).tolist() == [-1, -1, 0, 2, 1, -1]
    assert KINDS[SubmitApplication.number] is SubmitApplication
