"""What cannot matter for a run is told by name when it starts, and stays in its scenario.json; what matters is not."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from lendrill.cli import main
from lendrill.idle import idle
from scenarios.loading import load_scenario, packaged_names, parse_scenario

HEAD = 'name = "odd"\ntitle = "t"\npurpose = "p"\nlook_at = ["one"]\n[run]\ndays = 30\narrival_days = 10\n'
ABSENT = '[[faults]]\nkind = "absence"\ntarget = "finance"\nstart = {}T00:00:00\nend = {}T00:00:00\nshare_ppm = {}\n'
HERE = ABSENT.format("2026-01-05", "2026-01-09", 500_000)
CAMPAIGN = '[[arrivals.campaigns]]\nname = "x"\nfrom_day = {}\nto_day = {}\nfactor_ppm = 5\n'


def told(text: str) -> list[str]:
    return idle(parse_scenario(HEAD + text, "odd.toml"))


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (HERE + ABSENT.format("2035-01-05", "2035-01-09", 500_000), "faults.1: the absence of finance is 2035-01-05"),
        (ABSENT.format("2026-01-05", "2026-01-09", 100_000), "faults.0.share_ppm: 100000 millionths of 2 people"),
        (CAMPAIGN.format("2026-01-12", "2026-01-13"), "arrivals.campaigns.0: 'x' is 2026-01-12"),
        ("[[economy]]\nday = 2025-01-01\n[[economy]]\nday = 2025-06-01\n", "economy.0: another point"),
        ("[[economy]]\nday = 2026-02-01\n[[economy]]\nday = 2026-06-01\n", "economy.1: another point"),
        ("[demand.mortgage]\nweight = 0\n", "demand.mortgage: its weight is 0"),
        ("[staff]\nscale_per_day = 200\n", "staff.scale_per_day: "),
        (
            "[staff.collector_early]\nservice_minutes_median = 5\n",
            "staff.collector_early: no collection strategy in use",
        ),
        ("[staff.finance]\nbreak_start_minute = 100\nbreak_end_minute = 110\n", "staff.finance.break_start_minute: "),
        ("[bank]\nbranches = 1\nbranch_weights_ppm = [3]\n", "bank.branch_weights_ppm: "),
        ("[policies.posts.sign_in]\nlock_hours = 3\n", "policies.posts: only a live bank"),
        (
            "[behaviour]\ncertificate_lapsed_ppm = 9_000\n",
            "behaviour.certificate_lapsed_ppm: nobody signs by a certificate",
        ),
        (
            "[policies.admission]\nstep_minutes = { approval = 60 }\n",
            "policies.admission.step_minutes: only a live bank",
        ),
        ("[policies.due_diligence]\nphotos_max = 12\n", "policies.due_diligence.photos_max: only a live bank"),
        ('[policies.contracts]\nlender = "某某银行"\n', "policies.contracts.lender: only a live bank"),
        (
            "[policies.repayment]\nfirst_period_days_min = 31\n",
            "policies.repayment.first_period_days_min: no loan has a debit day of its own",
        ),
        (
            HERE.replace("finance", "collector_early"),
            "faults.0.target: nothing comes before collector_early: no collection strategy in use",
        ),
        ("[policies.products]\nshort_months_max = 10\n", "policies.products.short_months_max: only a live bank"),
    ],
)
def test_what_cannot_matter_is_told_by_name(text: str, path: str) -> None:
    [line] = told(text)
    assert line.startswith(path)


NOBODY_ASKS = "".join(f"[demand.{key}]\nweight = 0\n" for key in ("mortgage", "micro_business", "working_capital"))
NOBODY_REFERS = "[policies.collections.referral]\nunable = false\nsegments = []\n"


@pytest.mark.parametrize(
    ("desk", "text", "why"),
    [
        ("approval_supervisor", "[behaviour]\napprover_special_ppm = 0\n", "no approver asks for special approval"),
        ("approval_supervisor", "[policies.approval]\nspecial_max = 0\n", "no approver asks for special approval"),
        (
            "fraud_investigator",
            "[policies.approval]\nfraud_doubts = []\nfraud_team = 0\n",
            "no doubt and no team sends",
        ),
        (
            "restructuring_specialist",
            f"{NOBODY_REFERS}[behaviour]\nrestructuring_request_ppm = 0\n",
            "nobody is referred",
        ),
        ("restructuring_head", f"{NOBODY_REFERS}[behaviour]\nrestructuring_request_ppm = 0\n", "nobody is referred"),
        ("restructured_inspector", f"{NOBODY_REFERS}[behaviour]\nrestructuring_request_ppm = 0\n", "no loan is restru"),
        ("collateral_valuer", NOBODY_ASKS, "no product that anybody asks for is secured by a thing"),
        ("collateral_registrar", NOBODY_ASKS, "no product that anybody asks for has formalities"),
        ("collateral_custodian", NOBODY_ASKS, "no product that anybody asks for has formalities"),
        ("site_investigator", NOBODY_ASKS, "no product that anybody asks for is looked into"),
        ("financial_analyst", NOBODY_ASKS, "no product that anybody asks for is looked into"),
        ("use_verifier", NOBODY_ASKS, "no product that anybody asks for is paid in stages"),
        (
            "restructuring_head",
            f"{NOBODY_ASKS}[policies.restructuring]\nhead_office_from = 300_001\n",
            "no product that",
        ),
    ],
)
def test_an_absence_at_any_desk_that_nothing_can_reach_is_told(desk: str, text: str, why: str) -> None:
    """And so is another staff of it; where something can, neither is."""
    absent, staff = HERE.replace("finance", desk), f"[staff.{desk}]\nservice_minutes_median = 7\n"
    lines = [line for line in told(text + staff + absent) if desk in line]
    assert [line.split(why)[0] for line in lines] == [
        f"staff.{desk}: ",
        f"faults.0.target: nothing comes before {desk}: ",
    ]
    assert [line for line in told(staff + absent) if desk in line] == []


@pytest.mark.parametrize(
    "text",
    [
        "[policies.collections.referral]\nunable = false\n[behaviour]\nrestructuring_request_ppm = 0\n",
        "[policies.collections.referral]\nsegments = []\n[behaviour]\nrestructuring_request_ppm = 0\n",
        NOBODY_REFERS,
    ],
)
def test_one_way_to_a_desk_is_enough(text: str) -> None:
    assert told(text + HERE.replace("finance", "restructuring_specialist")) == []


def test_who_is_scripted_asks_for_what_is_in_the_script_alone_and_an_earlier_book_may_hold_anything() -> None:
    scenario = load_scenario("zhang_consumer_loan")
    absent = {"kind": "absence", "target": "use_verifier", "share_ppm": 1_000_000}
    absent |= {
        "start": f"{scenario.run.start}T00:00:00",
        "end": f"{scenario.run.start + dt.timedelta(days=2)}T00:00:00",
    }
    alone = load_scenario("zhang_consumer_loan", {"faults": [absent]})
    assert idle(alone) == [
        "faults.0.target: nothing comes before use_verifier: no product that anybody asks for is paid in stages or drawn upon"
    ]
    assert idle(alone, continued=True) == []


@pytest.mark.parametrize(
    "text",
    [
        HERE,
        CAMPAIGN.format("2026-01-10", "2026-01-13"),
        "[[economy]]\nday = 2025-01-01\n[[economy]]\nday = 2026-06-01\n",
        "[staff]\nscale = true\nscale_per_day = 200\n",
        "[staff.finance]\nbreak_start_minute = 700\nbreak_end_minute = 710\n",
        "[policies.contracts]\nvalid_days = 4\n",
        "[staff.collector_middle]\nservice_minutes_median = 5\n",
        "[behaviour]\ncertificate_lapsed_ppm = 9_000\n[policies.contracts]\ncertified = true\n",
    ],
)
def test_what_matters_is_not_told(text: str) -> None:
    assert told(text) == []


def test_the_scenarios_that_come_with_lendrill_say_nothing_in_vain() -> None:
    assert {name: idle(load_scenario(name)) for name in packaged_names()} == {name: [] for name in packaged_names()}


def test_a_run_tells_it_at_its_start_and_keeps_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "odd.toml"
    path.write_text(HEAD.replace("30", "10") + "customers = 5\n[staff]\nscale_per_day = 200\n", encoding="utf-8")
    assert main(["run", str(path), "--executor", "local", "--out", str(tmp_path / "run")]) == 0
    lines = capsys.readouterr().err.splitlines()
    told = json.loads((tmp_path / "run" / "scenario.json").read_text(encoding="utf-8"))
    branch, head = (sum(of[where] for of in told["headcount"].values()) for where in ("per_branch", "head_office"))
    assert any(line.startswith(f"Staff: {branch} people a branch and {head} at head office") for line in lines)
    [line] = [line for line in lines if "Without effect" in line]
    kept = told["without_effect"]
    assert [line.removeprefix("Without effect on this run: ")] == kept
    assert kept[0].startswith("staff.scale_per_day")
