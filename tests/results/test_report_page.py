"""What the page shows first, what it says where there is nothing, and how trouble and queues are drawn."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from credit.applications.contract import Event as ApplicationEvent
from credit.approval.contract import Event as ApprovalEvent
from credit.approval.contract import Gauge as ApprovalGauge
from credit.approval.contract import Refusal as ApprovalRefusal
from credit.codes import Step
from credit.collateral.contract import Event as CollateralEvent
from credit.collections.contract import Event as CollectionEvent
from credit.collections.contract import RefusedBecause
from credit.contracts.contract import Event as ContractEvent
from credit.contracts.contract import Gauge as ContractGauge
from credit.customers.contract import Event as CustomerEvent
from credit.disbursement.contract import Event as DisbursementEvent
from credit.disbursement.contract import Gauge as DisbursementGauge
from credit.disbursement.contract import Refusal as DisbursementRefusal
from credit.disbursement.states import PaymentState
from credit.due_diligence.contract import Event as DueDiligenceEvent
from credit.post_loan.contract import Event as PostLoanEvent
from credit.room import DESKS, EVENT_DTYPE, EVENTS, ROOMS
from credit.scoring.contract import Event as ScoringEvent
from credit.scoring.contract import Refusal as ScoringRefusal
from credit.times import DAY_MS, HOUR_MS
from lendrill.tables import figure_text
from results import book_charts, charts, names
from results.figures import figures
from results.findings import findings
from results.report import _gathered, _listed, _worked
from results.schemas import event_table
from results.standing import CLOSING, STEPPED
from tests.results.builders import START, Bank, bank, record, seal, whole_run
from tests.results.test_report import Page, charts_of, html_of


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "run"
    whole_run(path)
    return path


def test_open_work_has_one_line_a_gauge_that_its_room_gives_one(tmp_path: Path) -> None:
    """Amount and count of the last day's end; a gauge that had work once and has none now says so."""
    plan, _ = bank(days=20)
    end = START + 20 * DAY_MS - 1
    rows = plan.measures.setdefault(0, [])
    rows += [(end, ApprovalGauge.PENDING_APPROVALS, branch, 1, 2, 1_200 + branch, 10_050) for branch in (1, 2)]
    rows += [(end - DAY_MS, ApprovalGauge.PENDING_APPROVALS, 1, 1, 2, 7, 7)]
    rows += [(end - DAY_MS, ContractGauge.PENDING_CONTRACTS, 1, 1, 1, 3, 3)]
    record(plan, tmp_path / "run")
    seal(plan, tmp_path / "run", 20)
    html = html_of(tmp_path / "run")
    assert "Open work at the end" in Page(html).text
    assert "contracts to be signed 0 0.00 applications in approval 2,403 201.00" in Page(html).text
    assert "期末在办" in Page(html, "zh").text
    assert "待签合同 0 0.00 待审批 2,403 201.00" in Page(html, "zh").text
    assert "payments under way" not in Page(html).text


def test_money_that_has_arrived_is_no_payment_under_way(tmp_path: Path) -> None:
    plan, _ = bank(days=20)
    end = START + 20 * DAY_MS - 1
    rows = plan.measures.setdefault(0, [])
    for state in [state for state in PaymentState if state != PaymentState.CLOSED]:
        rows.append((end, DisbursementGauge.PENDING_DISBURSEMENTS, 1, 1, int(state), 10 ** int(state - 1), 100))
    record(plan, tmp_path / "run")
    seal(plan, tmp_path / "run", 20)
    text = Page(html_of(tmp_path / "run")).text
    assert "payments under way 11,111 5.00 paid out, use of the money still to be shown 1,100,000 2.00" in text


def test_the_page_opens_in_chinese_and_english_is_one_press_away(full: Path) -> None:
    html = html_of(full)
    assert '<html lang="zh-CN" data-lang="zh"' in html
    assert html.index('value="zh" aria-pressed="true"') < html.index('value="en" aria-pressed="false"')


def test_a_scenarios_own_chinese_words_are_shown_where_it_has_them(full: Path) -> None:
    file = full / "scenario.json"
    before = file.read_text(encoding="utf-8")
    more = {"title_zh": "写下来的银行", "purpose_zh": "供测试。", "look_at_zh": ["计数"]}
    try:
        file.write_text(json.dumps(json.loads(before) | more), encoding="utf-8")
        html = html_of(full)
    finally:
        file.write_text(before, encoding="utf-8")
    assert "写下来的银行" in Page(html, "zh").text
    assert "供测试。" in Page(html, "zh").text
    assert "供测试。" not in Page(html).text
    assert "A written-down bank" in Page(html).text


def test_shares_carry_an_interval_and_the_rest_says_that_it_has_none(full: Path) -> None:
    english, chinese = Page(html_of(full)).text, Page(html_of(full), "zh").text
    assert "95% CI 40.4%–59.6%" in english
    assert "95% 置信区间 40.4%–59.6%" in chinese
    assert english.count("without a confidence interval") == 1
    assert english.count("No confidence interval") == 2
    assert english.count("Exact, without an interval") == 1
    assert chinese.count("无置信区间") == 4
    assert "2026-01" in english
    vintage = next(row for row in charts_of(html_of(full))["vintages"]["data"] if row["name"] == "2026-03")
    assert vintage["customdata"][0][1].count("%") == 2


def test_where_every_customer_is_written_down_nothing_is_estimated(tmp_path: Path) -> None:
    whole_run(tmp_path / "run")
    file = tmp_path / "run" / "scenario.json"
    file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")) | {"script": [{}] * 100}), encoding="utf-8")
    page = html_of(tmp_path / "run")
    assert "40.4%" not in page
    assert "nothing is estimated" in Page(page).text
    assert not any(figure.interval for figure in figures(tmp_path / "run").values())


def test_what_was_planned_for_another_time_is_told_as_missed(tmp_path: Path) -> None:
    late = {"kind": "partner_outage", "target": "bureau", "share_ppm": 1_000_000}
    faults = [
        late | {"start": "2026-07-14T10:00:00", "end": "2026-07-14T15:00:00"},
        late | {"target": "tax", "start": "2026-04-30T10:00:00", "end": "2026-05-02T10:00:00"},
    ]
    whole_run(tmp_path / "run", faults=faults)
    text = Page(html_of(tmp_path / "run")).text
    assert "Planned, but not in this run: bureau does not answer." in text
    assert "Only in part in this run: tax" in text


def test_those_who_came_before_stand_apart_from_those_who_come(tmp_path: Path) -> None:
    """A continued run decides cases of the run before: they are no part of its own funnel."""
    plan, _ = bank()
    first = START + 50 * DAY_MS
    plan.events = {
        key: [row for row in rows if row[2] != ApplicationEvent.APPLICATION_SUBMITTED or row[0] >= first]
        for key, rows in plan.events.items()
    }
    found = seal(plan, tmp_path / "run", record(plan, tmp_path / "run"), continued_from="runs/before")
    assert found["funnel"]["submitted"] == 50
    assert found["funnel"]["approved"] + found["inherited"]["approved"] == 50
    assert 0 < found["inherited"]["approved"] < 50
    said = f"of the book this run began with: {found['inherited']['approved']} approved"
    assert said in Page(html_of(tmp_path / "run")).text


def test_rates_of_nothing_are_no_data_not_zero(tmp_path: Path) -> None:
    plan = Bank(days=10)
    seal(plan, tmp_path / "run", record(plan, tmp_path / "run"))
    html = html_of(tmp_path / "run")
    assert Page(html).text.count("no data") == 6
    assert Page(html, "zh").text.count("无数据") == 6
    assert "0.00%" not in Page(html).text


def test_what_broke_is_counted_by_kind_with_its_worst_day(tmp_path: Path) -> None:
    plan, _ = bank(cases=10, days=90)
    for day, times in ((3, 1), (40, 5), (70, 2)):
        for n in range(times):
            plan.event(ScoringEvent.BUREAU_UNAVAILABLE, START + day * DAY_MS + n * HOUR_MS, 10**9 + 1)
    for rows in plan.events.values():
        rows.sort()
    seal(plan, tmp_path / "run", record(plan, tmp_path / "run"))
    html = html_of(tmp_path / "run")
    assert "bureau unanswered 8 2026-01-04 2026-03-12 2026-02-10 5" in Page(html).text
    drawn = charts_of(html)["trouble"]["data"]
    trace = next(row for row in drawn if row["name"] == "bureau unanswered")
    assert sum(trace["y"]) == 8  # by the week, so that single days do not comb a long run
    assert max(trace["y"]) == 5
    assert trace["xperiod"] == 7 * DAY_MS


@pytest.mark.parametrize("days", [8, 90])
def test_what_broke_in_two_rooms_by_one_name_is_told_apart(tmp_path: Path, days: int) -> None:
    """By the hour, from the events, and by the day, from the daily figures; in the table and in the chart. A room that tells of
    another's event tells of that one."""
    plan, _ = bank(cases=10, days=days)
    urged = ((CollateralEvent, 1), (DueDiligenceEvent, 2), (DisbursementEvent, 3), (PostLoanEvent, 4))
    for event, times in urged:
        for n in range(times):
            plan.event(event.TASK_URGED, START + 2 * DAY_MS + n * HOUR_MS, 10**9 + 2, value=1)
    plan.event(ApprovalEvent.CASE_URGED, START + 2 * DAY_MS, 10**9 + 2, value=1)
    plan.events["head_office", 0] = plan.events["approval", 0][-1:]
    for rows in plan.events.values():
        rows.sort()
    seal(plan, tmp_path / "run", record(plan, tmp_path / "run"))
    html = html_of(tmp_path / "run")
    drawn = {row["name"]: sum(row["y"]) for row in charts_of(html)["trouble"]["data"]}
    lines = names.trouble()
    told = {lines[event.TASK_URGED][0]: times for event, times in urged} | {"cases urged": 2}
    assert {name: drawn[name] for name in told} == told
    assert all(f"{name} {times} 2026-01-03" in Page(html).text for name, times in told.items())


def test_what_a_closed_case_waited_for_is_not_still_open(tmp_path: Path) -> None:
    """Whatever closes it: supplements that never came, an approval that lapsed, a payment that was stopped; the page says which,
    and every application stands in it once."""
    plan, _ = bank()
    unsigned = [row[:2] for row in plan.happened(ContractEvent.CONTRACT_EXPIRED)]
    for at, case in unsigned[:4]:
        plan.event(ContractEvent.CONTRACT_LAPSED, at + 7 * DAY_MS, case)
    submitted = max(row[0] for row in plan.happened(ApplicationEvent.APPLICATION_SUBMITTED))
    at, drawn = plan.happened(DisbursementEvent.LOAN_DISBURSED)[0][:2]
    plan.event(DisbursementEvent.PAYMENT_STOPPED, at + DAY_MS, drawn)
    for n, (event, more) in enumerate(
        (
            (CustomerEvent.MATERIALS_OVERDUE, (CustomerEvent.APPLICATION_ACCEPTED, ApprovalEvent.NODE_ENTERED)),
            (CustomerEvent.MATERIALS_OVERDUE, ()),
            (DisbursementEvent.NOTHING_PAID, (ApprovalEvent.APPLICATION_APPROVED, ContractEvent.CONTRACT_SIGNED)),
            (DisbursementEvent.PAYMENT_STOPPED, (ApprovalEvent.APPLICATION_APPROVED, ContractEvent.CONTRACT_SIGNED)),
            (ScoringEvent.BUREAU_REFUSED, (CustomerEvent.APPLICATION_ACCEPTED,)),
        )
    ):
        steps = (ApplicationEvent.APPLICATION_SUBMITTED, *more, event)
        for place, step in enumerate(steps):
            plan.event(step, submitted + place * HOUR_MS, 10**9 + 501 + n, value=2_000 + n, reason=0)
    for rows in plan.events.values():
        rows.sort()
    found = seal(plan, tmp_path / "run", record(plan, tmp_path / "run"))
    text = Page(html_of(tmp_path / "run")).text
    for line in (
        "at the desks 31 0 0",
        "automatic 41 0 0",
        "decision → signature 52 6 4 ",
        "signature → payout 42 0 2 ",
        "materials not brought in time 2",
        "approval ran out before a signature, the case is over 4",
        "over before anything was paid 1",
        "payment stopped 1",
        "bureau query refused 1",
        "still open at the end 6",
    ):
        assert line in text
    assert found["funnel"]["screened_out"] == 30 + 2
    assert found["funnel"]["submitted"] == 105 == 40 + sum(row["count"] for row in found["ends"]) + 6
    told = figures(tmp_path / "run")
    assert [told[name].value for name in ("open", "closed", "ended_materials_overdue", "closed_to_sign")] == [
        6,
        59,
        2,
        4,
    ]


def test_an_event_that_moves_a_case_has_a_name_of_its_own() -> None:
    """Ends are told by the names of events; else one that closes cases could be another room's."""
    spelt = [event.name for room in ROOMS.values() for event in room.events or ()]
    assert {event.name for event in STEPPED if spelt.count(event.name) > 1} == set()
    assert {event for event in EVENTS.values() if event.said.step == Step.CLOSED} == set(CLOSING)


def test_desks_that_nothing_came_to_are_told_with_their_people() -> None:
    idle = {"role": "re_reviewer", "people": 8, "used": 0.0} | dict.fromkeys(
        ("tasks", "begun", "urged", "peak", "left"), 0
    )
    assert not _worked(idle)
    assert all(_worked(idle | {figure: 1}) for figure in ("tasks", "begun", "used", "urged", "peak", "left"))
    assert _listed([idle, idle | {"role": "committee"}]) == (
        "re-review (8), credit committee (8)",
        "复审（8）、信贷委员会（8）",
    )


def _desk(role: str, waited: float, full: int, branch: int, hours: int = 100) -> dict[str, Any]:
    where = {"full_hours": full, "open_hours": hours, "full_share": full / hours, "full_branch": branch}
    queue = {"peak": 3, "peak_at": dt.datetime(2026, 1, 2), "peak_branch": branch, "peak_left": 1}
    return {"role": role, "waited": waited, "used": 0.5, "urged": 0, **where, **queue}


@pytest.mark.requirement("SVC-05.c")
def test_the_bottleneck_is_the_desk_that_was_full_for_most_of_its_hours() -> None:
    """Not the one at which most waited; where none was full for a tenth of its hours, none is called so."""
    figures_of = {"refusals": [], "portfolio": {"written_off_loans": 0}}
    desks = [_desk("initial_approver", 70, 20, 3), _desk("final_approver", 30, 75, 0), _desk("re_reviewer", 0, 9, 1)]
    told = [one.words for one in findings([], desks, [], figures_of)]
    [narrow] = [one for one in told if one[0].startswith("Bottleneck")]
    assert narrow[0].startswith(
        "Bottleneck: final approval, head office, full in 75 of 100 hours (75%); then initial approval, branch 3, full in 20 of "
        "100 hours (20%). Full: "
    )
    assert "30% of all waiting" in narrow[0]
    assert narrow[1].startswith("瓶颈：终审（总行），100 个当班小时中 75 个满负荷（75%）；其次 初审（分行 3）")
    assert "re-review" not in narrow[0]
    told = [one.words for one in findings([], [_desk("initial_approver", 70, 9, 3)], [], figures_of)]
    [none] = [one[0] for one in told if "ottleneck" in one[0]]
    assert none.startswith(
        "No bottleneck: at no branch was a desk full in 10% of its hours. Most waiting for a person: initial"
    )
    [longest] = [one[0] for one in told if "queue" in one[0]]
    assert longest.startswith(
        "Longest queue: initial approval, branch 3: 3 tasks at once, on 2026-01-02; 1 still waiting there"
    )


@pytest.mark.parametrize("role", ["head_office_risk", "finance", "restructuring_head"])
def test_a_body_of_head_office_sits_there_whichever_branchs_task_it_has(role: str) -> None:
    figures_of = {"refusals": [], "portfolio": {"written_off_loans": 0}}
    told = [one.words for one in findings([], [_desk(role, 70, 0, 3)], [], figures_of)]
    [(english, chinese)] = [words for words in told if "queue" in words[0]]
    assert ", head office, tasks of branch 3: 3 tasks at once" in english
    assert "（总行，分行 3 的任务），" in chinese
    assert names.queue_at(role, 0) == ("head office", "总行")
    assert names.queue_at("re_reviewer", 3) == ("branch 3", "分行 3")


def test_a_share_of_few_says_of_how_many(tmp_path: Path) -> None:
    """Nineteen applications are few, twenty are not."""
    for cases in (19, 20):
        whole_run(tmp_path / str(cases), cases=cases)
        few = cases == 19
        html = html_of(tmp_path / str(cases))
        funnel = html.split('<section id="funnel">')[1].split("</section>")[0]
        assert funnel.count(f"<small>n = {cases}</small>") == 4 * few
        assert html.split("<section")[0].count(f"<small>n = {cases}</small>") == few
        quality = html.split('<section id="quality">')[1].split("</section>")[0]
        assert (f"<small>n = {cases}</small>" in quality) == few
        told = figures(tmp_path / str(cases))["approved_share"]
        assert told.of == cases
        assert figure_text(told).endswith(f"(n = {cases})") == few


def test_weeks_begin_on_mondays_and_months_on_their_first() -> None:
    days = [(dt.datetime(2026, 1, 31) + dt.timedelta(days=n), 1) for n in range(3)]  # Saturday to Monday
    assert _gathered(days, "week") == [(dt.datetime(2026, 1, 26), 2), (dt.datetime(2026, 2, 2), 1)]
    assert _gathered(days, "month") == [(dt.datetime(2026, 1, 1), 1), (dt.datetime(2026, 2, 1), 2)]
    assert _gathered(days, "day") == days


def test_of_many_queues_the_longest_are_drawn_and_the_others_wait_in_the_legend() -> None:
    day = dt.datetime(2026, 1, 1)
    rows = [(day, desk.label, int(desk), float(desk)) for desk in DESKS.values()]
    figure = charts.queues(rows, [], "day", 0)
    longest = sorted(DESKS.values(), key=int, reverse=True)[:2]
    assert [trace["name"] for trace in figure["data"][:2]] == [desk.words[0] for desk in longest]
    assert [trace["visible"] for trace in figure["data"]].count(True) == charts.LINES_SHOWN
    assert len(figure["data"]) == len(DESKS)


def test_shares_that_are_all_zero_do_not_stretch_the_axis() -> None:
    day = dt.datetime(2026, 1, 1)
    quiet = book_charts.rates([(day, "current", 5, 100)], [], 0)
    assert quiet["layout"]["yaxis"]["range"] == [0, 0.01]
    assert "range" not in book_charts.rates([(day, "dpd_1_7", 5, 100)], [], 0)["layout"]["yaxis"]


@pytest.mark.requirement("SVC-05.a", "SVC-05.c")
def test_acceptance_approval_and_payout_are_timed_and_the_crowded_desk_is_named(full: Path) -> None:
    text = Page(html_of(full)).text
    for step in (
        "automatic 40 0 0",
        "at the desks 30 0 0",
        "decision → signature 50 10 0 2.0 h",
        "signature → payout 40 0 0 1.0 h",
    ):
        assert step in text
    assert "Busiest desk: initial approval, 88%" in text


def test_reasons_are_named_by_the_event_that_carries_them() -> None:
    """One number means different things: 1 is no such case in collections, another amount in a withdrawn contract."""
    events = (
        (CollectionEvent.COLLECTION_ACTION_REFUSED, RefusedBecause.UNKNOWN_CASE, "unknown_case"),
        (ContractEvent.CONTRACT_WITHDRAWN, 1, "other_amount"),
        (ContractEvent.CONTRACT_WITHDRAWN, ApprovalRefusal.APPROVAL_EXPIRED, "approval_expired"),
        (DisbursementEvent.USE_REJECTED, DisbursementRefusal.USE_NOT_VERIFIED, "use_not_verified"),
        (ApprovalEvent.CASE_ESCALATED, 2, "fraud_doubt"),
    )
    rows = [(START, 10**9 + 1, int(event), 0, 0, 0, int(reason), 0, 0, 0, 0) for event, reason, _ in events]
    every = np.array(rows, dtype=EVENT_DTYPE)
    table = event_table("repayment", {}, [every]).to_pylist()
    found = {(row["event"], row["reason"]) for row in table}
    assert found == {(event.name.lower(), name) for event, _, name in events}


@pytest.mark.planted
def test_planted_double_interception_is_counted_once(tmp_path: Path) -> None:
    """A case that lists and fraud rules both stop is one case, else the funnel loses two applications for one."""
    plan, _ = bank()
    stopped = plan.happened(CustomerEvent.APPLICATION_INTERCEPTED)[0]
    plan.event(CustomerEvent.APPLICATION_INTERCEPTED, stopped[0] + 1, stopped[1], reason=ScoringRefusal.FRAUD)
    found = seal(plan, tmp_path / "run", record(plan, tmp_path / "run"))
    assert found["funnel"]["screened_out"] == 30
