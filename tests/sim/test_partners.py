"""Partners answer in time or not at all, in agreement with the truth, whatever the cut into windows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from credit.codes import Partner, RiskList, Segment, Source, Status
from credit.customers.contract import ListQuery, ListReply, RefreshRiskList
from credit.mail import Inbox, in_order
from credit.room import Kind, Rows
from credit.scoring.contract import BureauQuery, CompanyReport, PersonReport, VerificationQuery, VerificationReply
from credit.subsystem import Counterpart, Window
from credit.times import DAY_MS, HOUR_MS, MINUTE_MS
from scenarios.loading import load_scenario
from scenarios.partners import Partners
from sim.counterparts.customers import CustomersCounterpart
from sim.counterparts.files import TOLD_BY
from sim.counterparts.ports import PORT_DTYPE, Port
from sim.counterparts.scoring import SOURCES, ScoringCounterpart
from sim.occasions import reference_of
from sim.truth import Truth
from tests.rows import sample
from tests.sim.worlds import SEED, ZHANG, morning, numbers, scenario, windows

ROOT = Path(__file__).parents[2]
COUNT = 3_000
PARTY = numbers(COUNT)
AT = morning(COUNT)
DAY = Window(4, int(AT[0]) // DAY_MS * DAY_MS, (int(AT[0]) // DAY_MS + 1) * DAY_MS)
ALL_SOURCES = sum(Source)
ALL = numbers(8)
OUTAGE = {"kind": "partner_outage", "target": "bureau", "start": "2026-01-05T10:10:00", "end": "2026-01-05T10:20:00"}
PERFECT = {name: {"error_ppm": 0, "timeout_ms": 86_400_000} for name in Partners.model_fields}


def truth(**sections: Any) -> Truth:
    return Truth(SEED, scenario(**sections))


def bureau(**columns: Any) -> Rows:
    segment = truth().people.segment(PARTY)
    return sample(
        BureauQuery,
        COUNT,
        **{"at": AT, "case": PARTY, "party": reference_of(PARTY, 1), "segment": segment, "attempt": 1} | columns,
    )


def verification(sources: int = ALL_SOURCES) -> Rows:
    segment = truth().people.segment(PARTY)
    return sample(
        VerificationQuery, COUNT, at=AT, case=PARTY, party=reference_of(PARTY, 1), segment=segment, sources=sources
    )


def played(world: Counterpart, requests: list[tuple[Kind, Rows]], cut: list[Window]) -> dict[str, Rows]:
    """All answers by kind, of requests given in the window they are stamped in."""
    answers: dict[str, list[Rows]] = {}
    for window in cut:
        due = [(kind, rows[(rows["at"] >= window.start) & (rows["at"] < window.until)]) for kind, rows in requests]
        for round_number in range(world.rounds):
            for kind, rows in world.respond(Inbox.of(*due) if not round_number else Inbox(), window, round_number):
                assert bool(((rows["at"] >= window.start) & (rows["at"] < window.until)).all())
                answers.setdefault(kind.name, []).append(rows.copy())
    kinds = {kind.name: kind for kind in (PersonReport, CompanyReport, VerificationReply, ListReply, RefreshRiskList)}
    return {name: in_order(kinds[name], parts) for name, parts in answers.items()}


def reports(queries: Rows, days: int = 2, **sections: Any) -> Rows:
    """Bureau reports in order of their case."""
    world = ScoringCounterpart(scenario(**sections), SEED)
    cut = windows(DAY.start, DAY.start + days * DAY_MS)
    return both(played(world, [(BureauQuery, queries)], cut))


def both(answers: dict[str, Rows]) -> Rows:
    """The reports of persons and of companies in order of their case, with the columns of both."""
    names = dict.fromkeys((*PersonReport.fields.names, *CompanyReport.fields.names))
    kinds = [answers[name] for name in ("PersonReport", "CompanyReport") if name in answers]
    rows, place = np.zeros(sum(map(len, kinds)), dtype=[(name, "i8") for name in names]), 0
    for told in kinds:
        for name in told.dtype.names or ():
            rows[name][place : place + len(told)] = told[name]
        place += len(told)
    return rows[np.argsort(rows["case"], kind="stable")]


# the bureau -----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("EXT-01.b")
def test_every_real_time_query_is_answered_within_the_timeout() -> None:
    rows = reports(bureau())
    assert rows["case"].tolist() == PARTY.tolist()
    took = rows["at"] - AT
    assert int(took.min()) > 0
    assert int(took.max()) <= 10_000
    assert 1_050 < float(np.median(took)) < 1_350, "the declared median latency"
    assert float((rows["status"] == Status.OK).mean()) > 0.99


@pytest.mark.requirement("EXT-01.c")
def test_batch_queries_are_answered_in_the_night_after() -> None:
    late = AT.copy()
    late[:10] = DAY.start + HOUR_MS  # asked at one in the morning: answered the same night
    rows = reports(bureau(at=late, batch=1))
    hour = (rows["at"] - DAY.start) // HOUR_MS
    assert set(hour[:10].tolist()) <= {2, 3}
    assert set(hour[10:].tolist()) == {26, 27}


def test_the_file_agrees_with_the_truth() -> None:
    rows, world = reports(bureau()), truth()
    known = rows["status"] == Status.OK
    weak = known & (world.quality_ppm(PARTY) < 200_000)
    strong = known & (world.quality_ppm(PARTY) > 800_000)
    for name in ("overdue_24m", "max_dpd_24m", "lenders", "queries_3m"):
        assert float(rows[name][weak].mean()) > 1.5 * float(rows[name][strong].mean()), name
    assert bool(((rows["max_dpd_24m"] > 0) == (rows["overdue_24m"] > 0)).all())
    assert bool(((rows["debt_fen"] > 0) <= (rows["lenders"] > 0)).all())
    thin = known & (rows["history_months"] == 0)
    assert 0.04 < float(thin.mean()) < 0.1
    assert not rows["overdue_24m"][thin].any()


def test_a_file_says_the_same_however_often_it_is_asked_for() -> None:
    first, second = (reports(bureau(attempt=attempt), partners=PERFECT) for attempt in (1, 2))
    assert (first["at"] != second["at"]).mean() > 0.9
    for name in ("overdue_24m", "lenders", "debt_fen", "history_months"):
        assert (first[name] == second[name]).all()


def test_an_outage_leaves_calls_unanswered_until_their_timeout() -> None:
    rows = reports(bureau(), faults=[OUTAGE])
    minute = (AT - DAY.start) // MINUTE_MS
    down = (minute >= 610) & (minute < 620)
    assert set(rows["status"][down].tolist()) == {Status.UNAVAILABLE}
    assert set((rows["at"] - AT)[down].tolist()) == {10_000}
    assert not rows["history_months"][down].any(), "no facts without an answer"
    assert float((rows["status"][~down] == Status.OK).mean()) > 0.99


def test_a_partial_outage_hits_its_share_and_a_retry_may_get_through() -> None:
    half = [OUTAGE | {"share_ppm": 500_000}]
    minute = (AT - DAY.start) // MINUTE_MS
    down = (minute >= 610) & (minute < 620)
    first, second = (reports(bureau(attempt=n), faults=half)["status"][down] == Status.OK for n in (1, 2))
    assert 0.4 < float(first.mean()) < 0.6
    assert 0.4 < float(second[~first].mean()) < 0.6


def test_errors_come_at_their_rate_and_before_the_timeout() -> None:
    partners = {"bureau": {"error_ppm": 100_000, "timeout_ms": 10**6}}
    rows = reports(bureau(), partners=partners)
    failed = rows["status"] == Status.UNAVAILABLE
    assert 0.08 < float(failed.mean()) < 0.12
    assert int((rows["at"] - AT)[failed].max()) < 10**5


# the other sources ----------------------------------------------------------------------------------------------------


def replies(sources: int = ALL_SOURCES, **sections: Any) -> Rows:
    world = ScoringCounterpart(scenario(**sections), SEED)
    rows = played(world, [(VerificationQuery, verification(sources))], windows(DAY.start, DAY.until))
    answers = rows["VerificationReply"]
    return answers[np.argsort(answers["case"], kind="stable")]


@pytest.mark.requirement("EXT-06.a")
def test_tax_registry_and_the_others_agree_with_the_truth() -> None:
    rows, world = replies(partners=PERFECT), truth()
    true = world.true_income_fen(PARTY)
    assert bool((rows["tax_income_fen"] <= true).all())
    assert bool((rows["tax_income_fen"] >= true * 86 // 100).all())
    honest = ~world.is_fraud(PARTY)
    assert bool((rows["identity_matches"][honest] == 1).all())
    assert float(rows["mobile_matches"][honest].mean()) > 0.99
    firms = world.people.segment(PARTY) != Segment.INDIVIDUAL
    months = world.people.employment_months(PARTY)
    assert float((rows["registry_months"] == months)[firms].mean()) > 0.9
    assert not rows["registry_months"][~firms].any()
    assert (rows["shared_devices"] == world.shared_devices(PARTY)).all()
    assert int(np.abs(rows["sentiment"]).max()) <= 100


@pytest.mark.requirement("EXT-06.a")
def test_a_boastful_income_stands_out_against_tax() -> None:
    rows, world = replies(partners=PERFECT), truth()
    excess = world.people.declared_income_fen(PARTY) * 100 // rows["tax_income_fen"]
    boastful = world.people.inflates_income(PARTY)
    assert int(excess[boastful].min()) > 125
    assert int(excess[~boastful].max()) < 125


def test_fraudsters_often_fail_the_police_and_carrier_checks() -> None:
    many = {"population": {"fraud_ppm": 500_000}}
    rows, fraud = replies(partners=PERFECT, **many), truth(**many).is_fraud(PARTY)
    assert 0.1 < 1 - float(rows["identity_matches"][fraud].mean()) < 0.3
    assert 0.3 < 1 - float(rows["mobile_matches"][fraud].mean()) < 0.5
    assert float(np.median(rows["mobile_months"][fraud])) * 3 < float(np.median(rows["mobile_months"][~fraud]))


@pytest.mark.parametrize("source", list(Source))
def test_a_source_that_is_down_is_named_and_its_facts_are_hidden(source: Source) -> None:
    name = str(source.name).lower()
    outage = OUTAGE | {"target": name, "start": "2026-01-05T00:00:00", "end": "2026-01-06T00:00:00"}
    rows = replies(partners=PERFECT | {name: {"timeout_ms": 9_000}}, faults=[outage])
    assert set(rows["unavailable"].tolist()) == {int(source)}
    assert bool((rows["at"] - AT >= 9_000).all()), "the reply waits for the timeout"
    full = replies(partners=PERFECT)
    for fact, told_by in TOLD_BY.items():
        if told_by == source:
            assert not rows[fact].any()
            assert full[fact].any()
        else:
            assert (rows[fact] == full[fact]).all()


def test_only_the_asked_sources_are_called() -> None:
    rows = replies(int(Source.TAX | Source.CARRIER))
    assert rows["tax_income_fen"].any()
    assert rows["mobile_months"].any()
    assert not rows["sentiment"].any()
    assert not rows["identity_matches"].any()
    assert not (rows["unavailable"] & ~int(Source.TAX | Source.CARRIER)).any()


@pytest.mark.requirement("SCO-01.c", "EXT-06.c")
def test_better_payers_have_better_flows_and_who_has_no_account_has_none() -> None:
    rows, quality = replies(partners=PERFECT), truth().quality_ppm(PARTY)
    held, person = rows["account_months"] > 0, truth().people.segment(PARTY) == Segment.INDIVIDUAL
    assert 0.6 < float(held.mean()) < 0.7
    for name in ("inflow_fen", "outflow_fen", "deposits_fen", "income_months", "least_balance_fen", "settlement_fen"):
        assert not rows[name][~held].any(), name
        assert rows[name][held].any(), name
    assert not rows["wealth_fen"][~person].any()
    assert not rows["settlement_fen"][person].any()
    weak, strong = held & (quality < 250_000), held & (quality > 750_000)
    kept = 1 - rows["outflow_fen"] / np.maximum(rows["inflow_fen"], 1)
    assert float(kept[strong].mean()) > float(kept[weak].mean()) + 0.08
    for name in ("income_months", "least_balance_fen", "deposits_fen"):
        assert float(rows[name][strong].mean()) > 1.1 * float(rows[name][weak].mean()), name


@pytest.mark.requirement("EXT-01.a")
def test_a_persons_report_tells_cards_and_a_companys_guarantees_and_classes() -> None:
    told = played(ScoringCounterpart(scenario(partners=PERFECT), SEED), [(BureauQuery, bureau())], [DAY])
    segment = dict(zip(PARTY.tolist(), truth().people.segment(PARTY).tolist(), strict=True))
    for name, person in (("PersonReport", True), ("CompanyReport", False)):
        assert {segment[case] == Segment.INDIVIDUAL for case in told[name]["case"].tolist()} == {person}
    persons, companies = told["PersonReport"], told["CompanyReport"]
    assert (persons["card_used_fen"] <= persons["card_limit_fen"]).all()
    assert (companies["attention_fen"] + companies["bad_fen"] <= companies["debt_fen"]).all()
    for rows, name in ((persons, "card_used_fen"), (persons, "overdue_now_fen"), (companies, "guarantees_fen")):
        assert rows[name].any(), name


# windows, shards, state -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [HOUR_MS, 15 * MINUTE_MS, 5 * MINUTE_MS])
def test_the_length_of_the_windows_does_not_change_an_answer(length: int) -> None:
    requests = [(BureauQuery, bureau(batch=PARTY % 2)), (VerificationQuery, verification()), (ListQuery, lists())]
    for build in (lambda: ScoringCounterpart(scenario(), SEED), lambda: CustomersCounterpart(scenario(), SEED)):
        asked = [one for one in requests if (one[0] is ListQuery) == isinstance(build(), CustomersCounterpart)]
        daily = played(build(), asked, windows(DAY.start, DAY.until + DAY_MS))
        finer = played(build(), asked, windows(DAY.start, DAY.until + DAY_MS, length))
        assert {name: rows.tobytes() for name, rows in daily.items()} == {
            name: rows.tobytes() for name, rows in finer.items()
        }


def test_shards_get_the_answers_that_one_would() -> None:
    whole = reports(bureau())
    parts = [reports(bureau()[half == PARTY % 2]) for half in (0, 1)]
    together = np.concatenate(parts)
    assert together[np.argsort(together["case"])].tobytes() == whole.tobytes()


def test_answers_on_their_way_survive_export_and_import() -> None:
    cut = windows(DAY.start, DAY.until + DAY_MS)
    straight = ScoringCounterpart(scenario(), SEED)
    first = ScoringCounterpart(scenario(), SEED)
    requests = [(BureauQuery, bureau(batch=1))]
    expected = played(straight, requests, cut)
    before = played(first, requests, cut[:1])
    second = ScoringCounterpart(scenario(), SEED)
    second.import_state(first.export_state())
    after = played(second, [], cut[1:])
    assert not before
    for name in ("PersonReport", "CompanyReport"):
        assert after[name].tobytes() == expected[name].tobytes()
    assert sorted(second.export_state()) == []


def test_statistics_count_calls_once() -> None:
    world = ScoringCounterpart(scenario(faults=[OUTAGE]), SEED)
    played(world, [(BureauQuery, bureau())], [DAY])
    rows = world.statistics(DAY, closing=True)["partners"]
    assert rows.dtype == PORT_DTYPE
    assert rows["partner"].tolist() == [Partner.BUREAU]
    assert rows["calls"].tolist() == [COUNT]
    assert 600 <= int(rows["struck"][0]) <= int(rows["unavailable"][0]) < 640
    assert world.statistics(DAY, closing=True) == {}


# lists ----------------------------------------------------------------------------------------------------------------


def lists() -> Rows:
    return sample(ListQuery, COUNT, at=AT, case=PARTY, party=reference_of(PARTY, 1))


def test_list_queries_are_answered_with_the_truth() -> None:
    world = CustomersCounterpart(scenario(partners=PERFECT), SEED)
    rows = played(world, [(ListQuery, lists())], [DAY])["ListReply"]
    rows = rows[np.argsort(rows["case"])]
    assert (rows["lists"] == truth().lists(PARTY)).all()
    assert rows["lists"].any()
    assert not rows["status"].any()


def test_a_list_port_that_is_down_says_so_and_nothing_else() -> None:
    world = CustomersCounterpart(scenario(faults=[OUTAGE | {"target": "lists"}]), SEED)
    rows = played(world, [(ListQuery, lists())], [DAY])["ListReply"]
    rows = rows[np.argsort(rows["case"])]
    minute = (AT - DAY.start) // MINUTE_MS
    down = (minute >= 610) & (minute < 620)
    assert set(rows["status"][down].tolist()) == {Status.UNAVAILABLE}
    assert not rows["lists"][down].any()


def refreshed(days: int = 100) -> Rows:
    world = scenario(run={"customers": 50_000, "days": days})
    cut = windows(world.run.start_ms, world.run.until_ms)
    return played(CustomersCounterpart(world, SEED), [], cut)["RefreshRiskList"]


def test_the_bank_s_copy_comes_at_the_start_and_grows_weekly() -> None:
    rows, start = refreshed(), scenario().run.start_ms
    week, rest = np.divmod(rows["at"] - start, 7 * DAY_MS)
    assert not rest.any()
    counts = np.bincount(week)
    assert counts[0] > 3 * counts[1:].max()
    assert (counts > 0).sum() >= 10
    assert len(np.unique(rows["entry"])) == len(rows) <= 1_000
    lists_of = truth(run={"customers": 50_000}).lists(rows["entry"])
    assert (rows["list"] == lists_of).all()
    assert set(np.unique(rows["list"]).tolist()) <= set(RiskList)
    assert (rows["id_number"] == truth().people.id_numbers(rows["entry"])).all()


# ports and scripts ----------------------------------------------------------------------------------------------------


def test_a_port_with_a_short_timeout_gives_up_at_it() -> None:
    port = Port(scenario(partners={"tax": {"timeout_ms": 500, "error_ppm": 0}}), SEED, "tax")
    answer = port.call(PARTY, AT, AT)
    took = answer.at - AT
    assert int(took.max()) == 500
    assert bool((took[answer.missing] == 500).all())
    assert bool((took[~answer.missing] <= 500).all())
    assert 0.9 < float(answer.missing.mean()) < 1


def test_a_scripted_customer_has_the_file_that_is_written() -> None:
    written = ZHANG | {"lenders": 2, "queries_3m": 3, "history_months": 70, "other_debt": 1_000}
    written |= {"account_months": 24, "deposits": 30_000, "wealth": 40_000, "income_months": 11, "card_limit": 5_000}
    world = ScoringCounterpart(scenario(script=[written], run={"customers": 5}, partners=PERFECT), SEED)
    one = {"at": AT[:1], "case": 1, "party": int(reference_of(np.array(1), 1)), "segment": int(Segment.INDIVIDUAL)}
    asked = [
        (BureauQuery, sample(BureauQuery, 1, **one)),
        (VerificationQuery, sample(VerificationQuery, 1, sources=ALL_SOURCES, **one)),
    ]
    answers = played(world, asked, [DAY])
    report, reply = answers["PersonReport"][0], answers["VerificationReply"][0]
    facts = ("lenders", "queries_3m", "history_months", "debt_fen", "overdue_24m", "max_dpd_24m")
    assert [int(report[name]) for name in facts] == [2, 3, 70, 100_000, 0, 0]
    assert [int(report[name]) for name in ("card_limit_fen", "card_used_fen")] == [500_000, 0]
    held = ("account_months", "deposits_fen", "wealth_fen", "income_months")
    assert [int(reply[name]) for name in held] == [24, 3_000_000, 4_000_000, 11]
    facts = ("tax_income_fen", "deposits_fen", "mobile_matches", "identity_matches", "litigation", "shared_devices")
    assert [int(reply[name]) for name in facts] == [1_800_000, 3_000_000, 1, 1, 0, 0]


def test_what_a_scenario_says_of_a_partner_leaves_its_other_figures_alone() -> None:
    tax = scenario(partners={"tax": {"timeout_ms": 500}}).partners.tax
    assert (tax.latency_ms_median, tax.error_ppm, tax.timeout_ms) == (1_500, 5_000, 500)
    approver = scenario(staff={"initial_approver": {"service_minutes_median": 7}}).staff.initial_approver
    assert (approver.per_branch, approver.service_minutes_median) == (2, 7)


def test_nobody_is_waited_for_where_the_bank_itself_is_measured() -> None:
    asked = load_scenario(str(ROOT / "bench" / "live.toml")).partners
    waited_for = {name: getattr(asked, name).latency_ms_median for name in ("bureau", "lists", *SOURCES.values())}
    assert set(waited_for.values()) == {1}, waited_for
