"""The packaged scenario files: each says in both languages what it is for and what to look at, loads as it stands and with
values laid over it, and has its faults and campaigns inside its run; a file that can't be meant is refused in words."""

from __future__ import annotations

import datetime as dt
import re
from importlib import resources

import numpy as np
import pytest

from credit.codes import Segment
from credit.collections.subsystem import CollectionsSubsystem
from credit.numbers import INSTALMENTS_MAX
from credit.policies.loading import PolicyError, load
from credit.policies.products import TERM_MONTHS_MAX, ProductPolicy
from credit.subsystem import Setting
from credit.times import DAY_MS, day_number
from scenarios.loading import ScenarioError, load_scenario, packaged_names, parse_scenario
from scenarios.model import Scenario
from scenarios.planned import Fault
from sim.arrivals import drawn_visits
from sim.staffing import build_staffing

NAMES = packaged_names()
CHINESE = re.compile("[\u4e00-\u9fff]")
PRODUCTS = ("consumer_loan", "card_instalment", "mortgage", "micro_business", "working_capital")
HEAD = 'name = "odd"\ntitle = "t"\npurpose = "p"\nlook_at = ["one", "two"]\n'


def text_of(name: str) -> str:
    return resources.files("scenarios").joinpath("files", f"{name}.toml").read_text(encoding="utf-8")


def refusal_of(text: str) -> str:
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(HEAD + text, "odd.toml")
    return caught.value.user_message


def faults_outside(scenario: Scenario) -> list[Fault]:
    run = scenario.run
    return [fault for fault in scenario.faults if fault.start_ms < run.start_ms or fault.end_ms > run.until_ms]


def test_there_is_a_scenario_for_each_question() -> None:
    assert set(NAMES) == {
        "baseline",
        "bureau_outage",
        "chen_written_off",
        "exceptions",
        "deposit_pledge",
        "growth",
        "li_food_store",
        "peak_day",
        "primary_lost",
        "recession",
        "staff_shortage",
        "wang_bakery",
        "zhang_consumer_loan",
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_file_opens_with_what_it_is_for_in_both_languages(name: str) -> None:
    scenario, text = load_scenario(name), text_of(name)
    assert scenario.name == name
    assert text.startswith("# ")
    assert text.index("look_at_zh = [") < text.find("\n[run]") or "\n[" not in text
    for english, chinese in (
        (scenario.title, scenario.title_zh),
        (scenario.purpose, scenario.purpose_zh),
        *zip(scenario.look_at, scenario.look_at_zh, strict=True),
    ):
        assert english.strip()
        assert CHINESE.search(chinese or "")
    assert scenario.look_at


@pytest.mark.parametrize("name", NAMES)
def test_values_laid_over_a_file_win(name: str) -> None:
    scenario = load_scenario(name, {"run.customers": 5, "run.days": 400, "run.seed": 77})
    assert (scenario.run.customers, scenario.run.days, scenario.run.seed) == (5, 400, 77)
    assert scenario.purpose == load_scenario(name).purpose
    load("products", ProductPolicy, scenario.policies)


@pytest.mark.parametrize("name", NAMES)
def test_what_happens_in_a_scenario_happens_inside_its_run(name: str) -> None:
    scenario = load_scenario(name)
    run = scenario.run
    last = run.start + dt.timedelta(days=run.days - 1)
    assert not faults_outside(scenario)
    for campaign in scenario.arrivals.campaigns:
        assert run.start <= campaign.from_day <= campaign.to_day <= last
    for point in scenario.economy:
        assert run.start <= point.day <= last
    for one in scenario.script:
        assert run.start <= one.at.date() <= last


@pytest.mark.parametrize("at", ["2026-03-02T09:59:59", "2027-04-06T00:00:00"])
def test_what_a_customer_pays_lies_between_his_application_and_the_runs_end(at: str) -> None:
    text = text_of("chen_written_off").replace("2027-03-15T10:30:00", at)
    with pytest.raises(
        ScenarioError, match=r"script: party 1: pays\.1\.at is .*, needed is after he applies on 2026-03-02"
    ):
        parse_scenario(text, "chen_written_off.toml")


@pytest.mark.planted
def test_a_fault_after_the_run_is_noticed() -> None:
    assert faults_outside(load_scenario("staff_shortage", {"run.days": 70}))


@pytest.mark.parametrize("name", NAMES)
def test_every_desk_has_two_people_and_absence_leaves_somebody(name: str) -> None:
    scenario = load_scenario(name)
    heads: dict[tuple[int, int], int] = {}
    for one in build_staffing(scenario, scenario.run.seed).people:
        if not one.is_deputy:
            heads[one.branch, int(one.role)] = heads.get((one.branch, int(one.role)), 0) + 1
    least = 2 if scenario.staff.scale else 1
    assert min(heads.values()) >= least


def test_growth_doubles_arrivals_within_its_year() -> None:
    plain = load_scenario("growth", {"run.customers": 100_000, "arrivals.growth_per_year_ppm": 0})
    grown = load_scenario("growth", {"run.customers": 100_000})
    shares = []
    for scenario in (plain, grown):
        day = (drawn_visits(scenario, 1, 100_000).at - scenario.run.start_ms) // DAY_MS
        shares.append([int((day < 31).sum()), int((day >= 334).sum())])
    (january, december), (first, last) = shares
    assert 1.75 < (last / december) / (first / january) < 2.05


def test_the_shortage_is_the_baseline_but_for_the_people_who_are_away() -> None:
    plain, short = load_scenario("baseline"), load_scenario("staff_shortage")
    assert short.run == plain.run
    assert short.staff == plain.staff
    assert {fault.target for fault in short.faults} == {"initial_approver", "re_reviewer", "final_approver"}


def test_the_peak_is_ten_times_an_ordinary_day() -> None:
    scenario = load_scenario("peak_day")
    day = drawn_visits(scenario, 3, scenario.run.customers).at // DAY_MS
    peak = day_number(scenario.arrivals.campaigns[0].from_day)
    ordinary = (int((day == peak - 1).sum()) + int((day == peak + 1).sum())) / 2
    assert 8 < int((day == peak).sum()) / ordinary < 12


ABSENCE = '[[faults]]\nkind = "absence"\ntarget = "finance"\nstart = 2026-01-02T{}:00:00\nend = 2026-01-03T00:00:00\n'
CAMPAIGN = '[[arrivals.campaigns]]\nname = "x"\nfrom_day = 2026-01-03\nto_day = 2026-01-{}\nfactor_ppm = 1\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[run]\ncustomers = 0\n", "odd.toml:6: run.customers"),
        ("[run]\ndays = -3\n", "run.days"),
        ('[run]\nwindow = "week"\n', "run.window"),
        ("[demand.mortgage]\nweight = -1\n", "odd.toml:6: demand.mortgage.weight"),
        ("[demand.mortgage]\nwait = 1\n", "odd.toml:6: demand.mortgage.wait: unknown field; did you mean 'weight'"),
        ("[demand.mortage]\nweight = 1\n", "demand: there is no product 'mortage'; known: consumer_loan, card"),
        (
            '[[policies.products.products]]\nkey = "tea"\ncode = 7\n',
            "demand: nothing says who asks for 'tea'; give [demand.tea] weight, amount_in_incomes_ppm",
        ),
        (
            "".join(f"[demand.{key}]\nweight = 0\n" for key in PRODUCTS),
            "demand: at least one product needs a weight above zero",
        ),
        ("[behaviour]\nmiss_base_ppm = 1_000_001\n", "behaviour.miss_base_ppm"),
        ("[behaviour]\nmiss_bass_ppm = 1\n", "did you mean 'miss_base_ppm'"),
        ("[staff.finanse]\nper_branch = 1\n", "odd.toml:5: staff.finanse: unknown field; did you mean 'finance'?"),
        ("[staff.qqq]\nper_branch = 1\n", "initial_approver, re_reviewer"),
        (
            "[staff.finance]\nshift_start_minute = 1200\n",
            "odd.toml:6: staff.finance.shift_start_minute: must lie before",
        ),
        ("[bank]\nbranch_weights_ppm = [1, 2]\n", "one weight a branch"),
        ("[[economy]]\nday = 2026-05-01\n[[economy]]\nday = 2026-01-01\n", "order of their days"),
        (
            '[[faults]]\nkind = "absence"\ntarget = "nobody"\nstart = 2026-01-02T00:00:00\nend = 2026-01-03T00:00:00\n',
            "'nobody' is not one of",
        ),
        (
            '[[faults]]\nkind = "absence"\ntarget = "finance"\nstart = 2026-01-03T00:00:00\nend = 2026-01-03T00:00:00\n',
            "faults.0.end: must lie after start",
        ),
        (ABSENCE.format("09"), "absent for whole days"),
        (ABSENCE.format("00") + "share_ppm = 0\n", "share_ppm: Input should be greater than or equal to 1"),
        (CAMPAIGN.format("02"), "to_day: must not lie before from_day"),
        (CAMPAIGN.format("03") + "from_hour = 9\nto_hour = 9\n", "to_hour: must lie after from_hour"),
        ("[behaviour]\npromise_days_min = 12\n", "promise_days_min: must be at most promise_days_max (10)"),
        ("[policies.foo]\nx = 1\n", "no policy 'foo'; known: admission, appeals, approval"),
        ("[run]\ncustomers = true\n", "odd.toml:6: run.customers: Input should be a valid integer; given True"),
        ("[run]\ndays = 8\narrival_days = 100\n", "odd.toml:7: run.arrival_days: must be at most days (8), given 100"),
        ("[run]\nstart = 1900-01-01\n", "run.start: must lie between 2004-01-01 and"),
        ("[run]\nstart = 2059-12-01\ndays = 390\n", "so many days before 2060-01-01; the run would end on 2060-12-25"),
        ("[run]\nfirst_arrival = 33_554_000\ncustomers = 433\n", "at most 33554432 people"),
        ("[bank]\nbranches = 2\nbranch_weights_ppm = [0, 0]\n", "at least one branch needs a weight above zero"),
        ("[staff.finance]\nbreak_start_minute = 800\n", "break_start_minute: must not lie after break_end_minute"),
        ("[staff.re_reviewer]\nper_branch = 0\n", "re_reviewer.per_branch: a desk where nobody sits"),
        (
            "[staff.final_approver]\nper_branch = 2\n",
            "final_approver.per_branch: this desk's people are counted by head_office",
        ),
        (
            '[[faults]]\nkind = "absence"\ntarget = "finance"\nstart = 2035-01-02T00:00:00\nend = 2035-01-03T00:00:00\n',
            "the absence of finance is 2035-01-02 to 2035-01-03",
        ),
        (
            '[[faults]]\nkind = "absence"\ntarget = "finance"\nstart = 2026-01-02T00:00:00\nend = 2026-01-03T00:00:00Z\n',
            "faults.0.end: times are the bank's own wall time",
        ),
        (
            '[[arrivals.campaigns]]\nname = "x"\nfrom_day = 2031-01-01\nto_day = 2031-01-02\nfactor_ppm = 5\n',
            "the campaign 'x' is 2031-01-01 to 2031-01-02",
        ),
        ("[population]\nage_bands = [18, 17]\nage_weights = [1]\n", "rising edges"),
        ('[run]\ncustomers = "40"\n', "odd.toml:6: run.customers: Input should be a valid integer; given '40'"),
        ("[run]\ncustomers = 40.0\n", "odd.toml:6: run.customers: Input should be a valid integer; given 40.0"),
        ('[run]\narrival_days = "2"\n', "odd.toml:6: run.arrival_days: Input should be a valid integer; given '2'"),
        (
            "[staff.finance]\nhead_office = 3.0\n",
            "odd.toml:6: staff.finance.head_office: Input should be a valid integer",
        ),
        (
            "[bank]\nbranches = 2\nbranch_weights_ppm = [1, 2.0]\n",
            "odd.toml:7: bank.branch_weights_ppm.1: Input should be",
        ),
        ('[policies.admission]\nrecent_days = "3"\n', "odd.toml:6: policies.admission.recent_days: Input should be"),
        (
            "[policies.admission.step_minutes]\nscoring = 4.0\n",
            "odd.toml:6: policies.admission.step_minutes.scoring: Input",
        ),
        (
            "[policies.admission]\nform_age_min = 80\nform_age_max = 20\n",
            "odd.toml:7: policies.admission.form_age_max: must be at least form_age_min (80)",
        ),
        (
            "[[policies.approval.products]]\nkey = 'mortgage'\n[[policies.approval.products]]\nkey = 'mortgage'\n",
            "odd.toml:7: policies.approval.products.1: the key 'mortgage' stands twice",
        ),
        (
            "[[policies.post_loan.plans]]\nkey = 'more'\na_year = 4\nby = 'system'\n",
            "odd.toml:5: policies.post_loan.plans: more is never reached: a row before it fits every loan",
        ),
        (
            "[[policies.admission.dispatch]]\nteam = 'consumer_team'\n[[policies.admission.dispatch]]\nteam = 'consumer_team'\n",
            "policies.admission.dispatch: row 2 is never reached: a row before it fits every application",
        ),
        (
            "[behaviour]\nunable_ppm = 500_000\n",
            "odd.toml:6: behaviour.unable_ppm: with promise_ppm and lost_ppm at most 1000000, not 1040000",
        ),
        ("[population]\nrepeat_ppm = 1_000_000\n", "odd.toml:6: population.repeat_ppm: with rush_ppm at most 998000"),
        ("[population]\nrush_ppm = 940_000\n", "odd.toml:6: population.rush_ppm: with repeat_ppm at most 998000"),
        (
            "[policies.payments]\nclearing_opens_minute = 1100\nclearing_closes_minute = 1000\n",
            "odd.toml:6: policies.payments.clearing_opens_minute: must lie before clearing_closes_minute (1000)",
        ),
        (
            "[staff.committee]\nhead_office = 1\n",
            "odd.toml:6: staff.committee.head_office: at least 4, the committee's quorum",
        ),
        (
            '[run]\ndays = 3\n[[arrivals.campaigns]]\nname = "x"\nfrom_day = 2026-01-01\nto_day = 2026-01-03\nfactor_ppm = 0\n',
            "odd.toml:11: arrivals.campaigns.0.factor_ppm: 0 on every day on which customers come",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_words(text: str, said: str) -> None:
    assert said in refusal_of(text)


@pytest.mark.parametrize(
    "text", ['title_zh = ""\n', 'purpose_zh = ""\n', 'look_at_zh = ["", "x"]\n', 'look_at_zh = ["x"]\n']
)
def test_chinese_texts_are_whole_or_absent(text: str) -> None:
    assert "_zh" in refusal_of(text)


@pytest.mark.parametrize("text", ['title = ""', 'purpose = ""', 'look_at = [""]'])
def test_texts_that_are_needed_are_not_empty(text: str) -> None:
    name = text.split(maxsplit=1)[0]
    lines = [text if line.startswith(f"{name} ") else line for line in HEAD.splitlines()]
    with pytest.raises(ScenarioError, match=f"{name}.*at least 1 character"):
        parse_scenario("\n".join(lines), "odd.toml")


@pytest.mark.parametrize(
    "text",
    [
        "[behaviour]\npromise_ppm = 680_000\n",
        "[population]\nrepeat_ppm = 994_000\n",
        "[policies.admission]\nform_age_min = 20\nform_age_max = 20\n",
        '[run]\ndays = 3\n[[arrivals.campaigns]]\nname = "x"\nfrom_day = 2026-01-01\nto_day = 2026-01-02\nfactor_ppm = 0\n',
        "[staff.committee]\nhead_office = 4\n",
        '[policies.approval]\nspecial_max = "50000.00"\n',
    ],
)
def test_what_is_at_its_bound_is_taken(text: str) -> None:
    assert parse_scenario(HEAD + text, "odd.toml").name == "odd"


def test_an_unknown_scenario_names_the_nearest() -> None:
    with pytest.raises(ScenarioError, match="did you mean 'recession'"):
        load_scenario("recesion")


@pytest.mark.parametrize(
    ("start", "days", "sound"),
    [
        ("2059-12-01", 31, True),
        ("2059-12-01", 32, False),
        ("2059-12-01", 360, False),
        ("2004-01-01", 1, True),
        ("2003-12-31", 1, False),
        ("9999-12-31", 3_660, False),
    ],
)
def test_a_run_lies_within_the_calendar(start: str, days: int, sound: bool) -> None:
    text = f"[run]\ndays = {days}\nstart = {start}\n"
    if sound:
        assert str(parse_scenario(HEAD + text, "odd.toml").run.start) == start
    else:
        assert refusal_of(text).startswith(
            "odd.toml:7: run.start: must lie between 2004-01-01 and so many days before 2060"
        )


@pytest.mark.parametrize(("tranches", "sound"), [(99, True), (100, False)])
def test_a_product_has_no_more_tranches_than_a_case_has_numbers_for_loans(tranches: int, sound: bool) -> None:
    shares = [10_000] * (tranches - 1) + [1_000_000 - 10_000 * (tranches - 1)]
    overrides = {"products": {"products": [{"key": "mortgage", "staged_shares_ppm": shares}]}}
    if sound:
        assert len(load("products", ProductPolicy, overrides).by_key("mortgage").staged_shares_ppm) == tranches
    else:
        with pytest.raises(PolicyError, match=r"staged_shares_ppm"):
            load("products", ProductPolicy, overrides)


def test_a_loan_has_numbers_for_all_the_instalments_that_a_product_may_have() -> None:
    assert TERM_MONTHS_MAX <= INSTALMENTS_MAX


OUTAGE = '[[faults]]\nkind = "{}"\nstart = 2026-01-05T10:00:00\n{}\n'
TO_NOON = "end = 2026-01-05T12:00:00\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (OUTAGE.format("system_outage", ""), "odd.toml:5: faults.0.end: needed, or the minutes of the phases"),
        (
            OUTAGE.format("system_outage", "switch_minutes = -5"),
            "odd.toml:8: faults.0.switch_minutes: Input should be greater",
        ),
        (
            OUTAGE.format("system_outage", TO_NOON + "switch_minutes = 5"),
            "odd.toml:8: faults.0.end: the phases take 5 minutes",
        ),
        (
            OUTAGE.format("system_outage", TO_NOON + "share_ppm = 5"),
            "faults.0.share_ppm: a system outage is always whole",
        ),
        (
            OUTAGE.format("system_outage", TO_NOON + 'target = "bureau"'),
            "faults.0.target: a system outage strikes the bank itself",
        ),
        (
            OUTAGE.format("system_outage", TO_NOON + "recovery_minutes = {aproval = 1}"),
            "there is no stage 'aproval'; known: app",
        ),
        (
            OUTAGE.format("system_outage", TO_NOON) * 2,
            "odd.toml:12: faults.1.start: overlaps faults.0, the system outage",
        ),
        (
            OUTAGE.format("system_outage", "end = 2026-03-05T12:00:00"),
            "faults.0.end: a system outage lasts at most 31 days",
        ),
        (
            OUTAGE.format("system_outage", "end = 2026-01-05T12:00:01"),
            "faults.0.start: let start and end be whole minutes",
        ),
        (OUTAGE.format("branch_outage", TO_NOON), "faults.0.branches: a branch outage needs at least one"),
        (
            OUTAGE.format("branch_outage", TO_NOON + "branches = [9]"),
            "odd.toml:9: faults.0.branches: there is no branch 9; the bank",
        ),
        (OUTAGE.format("branch_outage", TO_NOON + "branches = [3, 3]"), "faults.0.branches: each stands here once"),
        (OUTAGE.format("branch_outage", TO_NOON + "branches = [3]\nswitch_minutes = 9"), "only a system_outage has"),
        (OUTAGE.format("partner_outage", TO_NOON), "faults.0.target: needs one of bureau, lists"),
        (
            OUTAGE.format("partner_outage", TO_NOON + 'target = "burau"'),
            "faults.0.target: 'burau' is not one of bureau",
        ),
        (OUTAGE.format("partner_outage", TO_NOON + 'target = "bureau"\nbranches = [1]'), "a partner outage has none"),
        (
            OUTAGE.format("system_outage", TO_NOON).replace("2026", "2031"),
            "nothing of what the scenario is about falls into its run",
        ),
    ],
)
def test_an_outage_that_cannot_be_meant_is_refused_in_one_line(text: str, said: str) -> None:
    told = refusal_of(text)
    assert said in told
    assert len(told.splitlines()) == 1


def test_the_phases_of_an_outage_say_when_it_ends() -> None:
    [fault] = load_scenario("primary_lost").faults
    assert (fault.end, fault.full_ms - fault.end_ms) == (dt.datetime(2026, 3, 16, 12), 3_600_000)
    again = Scenario.model_validate(load_scenario("primary_lost").model_dump(mode="json"))
    assert again.faults == [fault]


@pytest.mark.requirement("COL-01.b", "COL-03.a")
def test_a_recession_collects_the_card_instalments_of_persons_by_the_other_set() -> None:
    bank = CollectionsSubsystem.build(Setting(load_scenario("recession").policies))
    segments = np.array([Segment.INDIVIDUAL, Segment.MICRO, Segment.INDIVIDUAL])
    assert bank.strategies.sets(np.array([2, 2, 1]), segments).tolist() == [1, 0, 0]
