"""What the desk does with sound forms: customer numbers, the potential and the formal customer, anomalies, the initial review
and dispatch; and that none of it depends on how time is cut into windows or branches into shards."""

from __future__ import annotations

import numpy as np
import pytest

from credit.applications.contract import (
    CustomerEnteredBusiness,
    Event,
    FraudConfirmed,
    ListQuery,
    ListReply,
    RefreshRiskList,
    Refusal,
    SubmitApplication,
)
from credit.applications.customers import Register
from credit.applications.subsystem import ApplicationsSubsystem
from credit.codes import Channel, Material, RiskList
from credit.mail import Inbox, Outbox
from credit.room import KINDS
from credit.rows import previous, ranks
from credit.scoring.contract import ApplicationAccepted
from credit.subsystem import Window
from credit.times import DAY_MS, HOUR_MS, MINUTE_MS
from tests.credit.applications.builders import (
    DAY,
    MORNING,
    PAPERS,
    START,
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


def desk() -> ApplicationsSubsystem:
    return ApplicationsSubsystem.build()


@pytest.mark.requirement("CUS-10")
def test_one_person_applying_twice_keeps_one_number() -> None:
    rows = forms(4, id_number=born(35, [7, 8, 7, 7]), party=[1, 2, 1, 1])
    accepted = desk_day(rows).sent(ApplicationAccepted)
    assert accepted["customer"].tolist() == [3_000_000_001, 3_000_000_002, 3_000_000_001, 3_000_000_001]
    assert accepted["existing"].tolist() == [0, 0, 1, 1]
    assert len(np.unique(accepted["case"])) == 4


@pytest.mark.requirement("CUS-10")
def test_a_company_is_known_by_its_credit_code_whoever_signs() -> None:
    rows = business_forms(2, credit_code=business_forms()["credit_code"][0], id_number=born(40, [1, 2]))
    assert len(np.unique(desk_day(rows).sent(ApplicationAccepted)["customer"])) == 1


@pytest.mark.requirement("CUS-10")
def test_a_refused_or_declined_form_uses_no_customer_number() -> None:
    rows = forms(3, amount_fen=[1, 5_000_000, 5_000_000], employment_months=[84, 0, 84])
    run = desk_day(rows)
    assert run.sent(ApplicationAccepted)["customer"].tolist() == [3_000_000_001]
    assert run.events_of(Event.CUSTOMER_CREATED)["value"].tolist() == [3_000_000_001]


@pytest.mark.requirement("CUS-11")
def test_a_potential_customer_becomes_formal_once() -> None:
    bank = desk()
    case = desk_day(forms(), desk=bank).sent(ApplicationAccepted)["case"][0]
    assert bank.export_state()["customers"]["state"].tolist() == [0]
    notice = sample(CustomerEnteredBusiness, 3, at=DAY.until, customer=3_000_000_001, case=[case, case + 1, case + 2])
    notice["customer"][2] = 3_000_000_099
    run = walk(bank, [(CustomerEnteredBusiness, notice)], [Window(1, DAY.until, DAY.until + DAY_MS)], no_hit)
    assert run.events_of(Event.CUSTOMER_FORMAL)["case"].tolist() == [case]
    assert run.events_of(Event.MAIL_REFUSED)["case"].tolist() == [case + 2]
    assert bank.export_state()["customers"]["state"].tolist() == [1]
    again = walk(bank, [(CustomerEnteredBusiness, notice[:1])], [Window(2, DAY.until, DAY.until + DAY_MS)], no_hit)
    assert not len(again.events_of(Event.CUSTOMER_FORMAL))


@pytest.mark.requirement("APP-05")
@pytest.mark.parametrize("first_day", [True, False])
def test_what_is_on_file_need_not_be_brought_again(first_day: bool) -> None:
    thin = PAPERS & ~int(Material.ID_FRONT | Material.ID_BACK)
    rows = forms(2, id_number=born(35, 7), documents=[PAPERS, thin], party=1)
    if not first_day:
        rows["at"][1] += DAY_MS
    run = walk(desk(), [(SubmitApplication, rows)], windows(DAY_MS, 2), no_hit)
    assert run.sent(ApplicationAccepted)["documents"].tolist() == [PAPERS, PAPERS]
    stranger = forms(2, documents=[PAPERS, thin])
    assert len(desk_day(stranger).sent(ApplicationAccepted)) == 1


@pytest.mark.requirement("SCO-11")
def test_repeated_applications_channels_and_growth_are_counted_within_the_policys_days() -> None:
    rows = forms(
        5,
        id_number=born(35, 7),
        party=1,
        at=MORNING + np.array([0, 1, 2, 31, 32]) * DAY_MS,
        amount_fen=[2_000_000, 3_000_000, 9_000_000, 9_000_000, 4_500_000],
        channel=[Channel.MOBILE_BANK, Channel.ONLINE_BANK, Channel.MOBILE_BANK, Channel.COUNTER, Channel.COUNTER],
    )
    accepted = walk(desk(), [(SubmitApplication, rows)], windows(DAY_MS, 33), no_hit).sent(ApplicationAccepted)
    assert accepted["recent_applications"].tolist() == [1, 2, 3, 3, 3]
    assert accepted["recent_channels"].tolist() == [1, 2, 2, 3, 2]
    assert accepted["amount_growth_ppm"].tolist() == [0, 500_000, 2_000_000, 0, 0]


@pytest.mark.requirement("APP-03")
def test_every_channel_is_served_and_recorded() -> None:
    rows = forms(len(Channel), channel=[int(c) for c in Channel])
    run = desk_day(rows)
    assert sorted(run.sent(ApplicationAccepted)["channel"].tolist()) == [int(c) for c in Channel]
    assert sorted(run.events_of(Event.APPLICATION_SUBMITTED)["reason"].tolist()) == [int(c) for c in Channel]


@pytest.mark.requirement("APP-16", "EXT-07")
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


@pytest.mark.requirement("EXT-07")
def test_the_banks_own_copy_decides_while_the_port_is_down() -> None:
    rows = forms(3)
    ids = rows["id_number"]
    entry = {"entry": [1, 2, 3], "branch": [3, 3, 4], "list": int(RiskList.DISHONEST_DEBTOR), "id_number": ids}
    copy = sample(RefreshRiskList, 3, at=START, **entry)  # the third is another branch's, whatever shard that lives in
    removal = sample(RefreshRiskList, 1, at=START + HOUR_MS, entry=2, removed=1)
    mail = [(RefreshRiskList, copy), (RefreshRiskList, removal), (SubmitApplication, rows)]
    for port, after in ((down, 10_000), (silent, 15_000)):
        run = walk(desk(), mail, [DAY], port)
        hits = run.events_of(Event.APPLICATION_INTERCEPTED)
        assert hits["reason"].tolist() == [Refusal.LIST_DISHONEST]
        assert hits["at"].tolist() == [MORNING + 20 + after]
        assert len(run.sent(ApplicationAccepted)) == 2
    assert len(walk(desk(), mail, [DAY], no_hit).sent(ApplicationAccepted)) == 3


@pytest.mark.requirement("EXT-07")
def test_an_entry_counts_from_its_own_instant() -> None:
    late = sample(RefreshRiskList, 1, at=MORNING + HOUR_MS, entry=1, branch=3, list=1, id_number=forms()["id_number"])
    run = walk(desk(), [(RefreshRiskList, late), (SubmitApplication, forms())], [DAY], down)
    assert len(run.sent(ApplicationAccepted)) == 1


@pytest.mark.requirement("EXT-08")
def test_the_internal_risk_library_intercepts_a_confirmed_fraudster() -> None:
    bank, rows = desk(), forms(2)
    case = int(desk_day(rows, desk=bank).sent(ApplicationAccepted)["case"][0])
    confirmed = sample(FraudConfirmed, 1, at=DAY.until, case=case, id_number=rows["id_number"][0])
    again = rows.copy()
    again["at"] += DAY_MS
    mail = [(FraudConfirmed, confirmed), (SubmitApplication, again)]
    run = walk(bank, mail, [Window(1, DAY.until, DAY.until + DAY_MS)], no_hit)
    assert run.events_of(Event.APPLICATION_INTERCEPTED)["reason"].tolist() == [Refusal.LIST_INTERNAL]
    assert run.sent(ApplicationAccepted)["party"].tolist() == [2]


@pytest.mark.requirement("APP-17")
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
    bank = desk()
    sent = desk_day(rows, desk=bank).events_of(Event.APPLICATION_DISPATCHED)
    assert [t.key for t in bank.policy.teams if t.code == sent["value"][0]] == [team]


@pytest.mark.requirement("APP-17")
def test_dispatch_follows_risk() -> None:
    bank = desk()
    rows = forms(3, id_number=born(35, 7), party=1)
    codes = desk_day(rows, desk=bank).events_of(Event.APPLICATION_DISPATCHED)["value"].tolist()
    names = {t.code: t.key for t in bank.policy.teams}
    assert [names[c] for c in codes] == ["automatic_centre", "automatic_centre", "consumer_team"]


def test_an_answer_that_fits_no_case_or_comes_twice_or_late_is_refused() -> None:
    bank, out = desk(), Outbox()
    bank.apply(Inbox.of((SubmitApplication, forms())), DAY, out)
    query = out.take(ListQuery)
    answers = sample(ListReply, 4, at=query["at"] + [100, 15_001, 200, 300], case=query["case"] + [0, 0, 0, 9])
    bank.apply(Inbox.of((ListReply, answers[1:2])), DAY, out)
    assert not len(out.take(ApplicationAccepted))
    bank.apply(Inbox.of((ListReply, answers[[0, 2, 3]])), DAY, out)
    assert out.take(ApplicationAccepted)["at"].tolist() == [query["at"][0] + 100]
    assert len(out.events_of(Event.MAIL_REFUSED)) == 3


def a_busy_fortnight() -> np.ndarray:
    """Forms of three branches over ten days, some of the same people within minutes, some wrong."""
    count = 240
    number = np.arange(count)
    rows = forms(
        count,
        at=START + (number * 7_919 % (10 * 24 * 60)) * MINUTE_MS + number,
        party=number % 90 + 1,
        branch=1 + number % 90 % 3,
        id_number=born(35, number % 90),
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
        bank = desk()
        prints.append(
            fingerprint(walk(bank, [(SubmitApplication, a_busy_fortnight())], windows(length, 11), down), bank)
        )
    assert prints[0] == prints[1]


def test_results_do_not_depend_on_shards() -> None:
    rows = a_busy_fortnight()
    whole = walk(desk(), [(SubmitApplication, rows)], windows(DAY_MS, 11), no_hit)
    parts = [
        walk(desk(), [(SubmitApplication, rows[rows["branch"] == branch])], windows(DAY_MS, 11), no_hit)
        for branch in (1, 2, 3)
    ]
    together = np.concatenate([part.sent(ApplicationAccepted) for part in parts])
    assert np.array_equal(
        np.sort(together, order=["at", "case"]), np.sort(whole.sent(ApplicationAccepted), order=["at", "case"])
    )
    events = np.concatenate([part.all_events() for part in parts])
    assert np.array_equal(np.sort(events, order=list(events.dtype.names or ())), whole.all_events())


@pytest.mark.parametrize("cut", [1, 4, 9])
def test_state_taken_out_and_put_into_a_fresh_desk_goes_on_the_same(cut: int) -> None:
    rows, days = a_busy_fortnight(), windows(DAY_MS, 11)
    straight = desk()
    walk(straight, [(SubmitApplication, rows)], days, no_hit)
    first = desk()
    walk(first, [(SubmitApplication, rows[rows["at"] < days[cut].start])], days[:cut], no_hit)
    second = desk()
    second.import_state(first.export_state())
    walk(second, [(SubmitApplication, rows[rows["at"] >= days[cut].start])], days[cut:], no_hit)
    for name, exported in straight.export_state().items():
        assert np.array_equal(exported, second.export_state()[name]), name


@pytest.mark.planted
def test_planted_second_number_for_a_known_customer_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Register, "find", lambda self, keys: np.full(len(keys), -1))
    with pytest.raises(ValueError, match="already in the table"):
        desk_day(forms(2, id_number=born(35, 7)))


@pytest.mark.planted
def test_planted_form_that_gets_lost_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ApplicationsSubsystem, "_turn_away", lambda self, *args: None)
    with pytest.raises(AssertionError, match="window 0"):
        desk_day(forms(2, occupation=[0, 3]))


@pytest.mark.planted
def test_planted_case_that_waits_for_ever_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ApplicationsSubsystem, "end", lambda self, out: None)
    with pytest.raises(AssertionError, match="window 0"):
        desk_day(forms(), silent)


def test_running_numbers_and_predecessors_within_groups() -> None:
    groups = np.array([5, 3, 5, 5, 3, 9])
    assert ranks(groups).tolist() == [0, 0, 1, 2, 1, 0]
    assert previous(groups).tolist() == [-1, -1, 0, 2, 1, -1]
    assert KINDS[SubmitApplication.number] is SubmitApplication
