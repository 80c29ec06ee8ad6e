"""Two runs are compared customer by customer: the party is the pair, never the case number."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from credit.applications.contract import Event as ApplicationEvent
from credit.applications.contract import SubmitApplication
from credit.applications.subsystem import ApplicationsSubsystem
from credit.mail import Inbox, Outbox
from credit.repayment.contract import Event as RepaymentEvent
from credit.room import DESK_LABELS
from credit.subsystem import Window
from credit.times import DAY_MS
from lendrill.tables import comparison_tables
from results.compare import FATES, compare
from results.compare_page import write_page
from results.figure_words import figure_words
from results.figures import figures
from results.folder import RunFolderError
from tests.results.builders import START, bank, record, seal, whole_run
from tests.rows import sample


def test_the_same_run_twice_differs_in_nothing(tmp_path: Path) -> None:
    plan, loans, _ = whole_run(tmp_path / "a")
    whole_run(tmp_path / "b", shards=2)
    overdue = len(plan.happened(RepaymentEvent.OVERDUE_STARTED))
    found = compare(tmp_path / "a", tmp_path / "b")
    assert [row.field for row in found.differences] == ["shards"]
    assert found.paired == 100
    assert found.unpaired == {}
    assert all(one == other for _, one, other in found.figures)
    assert sum(found.fates[fate][fate] for fate in FATES) == 100
    assert {fate: found.fates[fate][fate] for fate in FATES} == {
        "not approved": 50,
        "approved only": 10,
        "paid out": len(loans) - overdue,
        "was overdue": overdue,
        "non-performing": 0,
    }


def test_customers_are_paired_by_party_though_their_case_numbers_differ(tmp_path: Path) -> None:
    whole_run(tmp_path / "a")
    plan, _ = bank()
    plan.events = {
        key: [(row[0], row[1] + 5_000 if row[1] else 0, *row[2:]) for row in rows] for key, rows in plan.events.items()
    }
    seal(plan, tmp_path / "b", record(plan, tmp_path / "b"))
    found = compare(tmp_path / "a", tmp_path / "b")
    assert found.paired == 100
    assert sum(found.fates[fate][fate] for fate in FATES) == 100


def test_a_customer_whose_fate_changed_stands_off_the_diagonal(tmp_path: Path) -> None:
    whole_run(tmp_path / "a")
    plan, loans = bank()
    spared, worse = [loan for loan in loans if loan.overdue_day is not None][:2]
    overdue = len(plan.happened(RepaymentEvent.OVERDUE_STARTED))
    for key, rows in plan.events.items():
        plan.events[key] = [
            row for row in rows if not (row[2] == RepaymentEvent.OVERDUE_STARTED and row[1] == spared.case)
        ]
    plan.event(RepaymentEvent.NPL_MARKED, START + 119 * DAY_MS, worse.case, loan=worse.number)
    seal(plan, tmp_path / "b", record(plan, tmp_path / "b"), seed=8)
    found = compare(tmp_path / "a", tmp_path / "b")
    assert ("seed", "7", "8") in found.differences
    assert found.fates["was overdue"]["paid out"] == 1
    assert found.fates["was overdue"]["non-performing"] == 1
    assert found.fates["was overdue"]["was overdue"] == overdue - 2


def test_only_customers_of_both_runs_are_paired(tmp_path: Path) -> None:
    whole_run(tmp_path / "a", cases=100)
    whole_run(tmp_path / "b", cases=60)
    found = compare(tmp_path / "a", tmp_path / "b")
    assert found.paired == 60
    assert found.unpaired == {"only in the first run": 40}
    assert {name: (one.value, other.value) for name, one, other in found.figures}["submitted"] == (100, 60)


def test_strangers_and_other_wishes_are_not_paired(tmp_path: Path) -> None:
    """The same number may be given to somebody else, or the same person may ask for something else."""
    whole_run(tmp_path / "a", cases=20, days=30)
    plan, _ = bank(cases=20, days=30)
    submitted = plan.happened(ApplicationEvent.APPLICATION_SUBMITTED)
    stranger, richer, other = submitted[3], submitted[7], submitted[11]
    plan.people[other[7]] = "somebody else"
    changed = {
        stranger: (*stranger[:5], stranger[5], stranger[6], 9_999, *stranger[8:]),
        richer: (*richer[:5], 1, *richer[6:]),
    }
    plan.events = {key: [changed.get(row, row) for row in rows] for key, rows in plan.events.items()}
    seal(plan, tmp_path / "b", record(plan, tmp_path / "b"))
    found = compare(tmp_path / "a", tmp_path / "b")
    assert found.paired == 17
    assert found.unpaired == {
        "only in the first run": 1,
        "only in the second run": 1,
        "other people": 1,
        "the same people, who ask for something else": 1,
    }


def test_fates_count_up_to_the_earlier_end_of_the_two(tmp_path: Path) -> None:
    whole_run(tmp_path / "a")
    plan, _ = bank()
    seal(plan, tmp_path / "b", record(plan, tmp_path / "b", windows=60))
    found = compare(tmp_path / "a", tmp_path / "b")
    assert found.paired == len(
        [row for row in plan.happened(ApplicationEvent.APPLICATION_SUBMITTED) if row[0] < START + 60 * DAY_MS]
    )
    assert all(count == 0 for a, row in found.fates.items() for b, count in row.items() if a != b)
    assert found.until.startswith("2026-03-02 00:00")
    assert ("status", "complete", "partial") in found.differences
    assert found.unpaired == {"in the first run, after the second had ended": 100 - found.paired}


def test_where_nothing_is_paired_it_is_said_of_both_runs_and_no_table_stands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second run's people came when the first run was over."""
    plan, _ = bank(cases=20, days=60)
    come = {row[1] for row in plan.happened(ApplicationEvent.APPLICATION_SUBMITTED) if row[0] < START + 10 * DAY_MS}
    later = {key: [row for row in rows if row[1] not in come] for key, rows in plan.events.items()}
    first = {key: [row for row in rows if row[1] in come] for key, rows in plan.events.items()}
    for name, events, windows in (("a", first, 10), ("b", later, 60)):
        plan.events = events
        seal(plan, tmp_path / name, record(plan, tmp_path / name, windows=windows))
    found = compare(tmp_path / "a", tmp_path / "b")
    assert found.paired == 0
    assert found.unpaired == {
        "only in the first run": len(come),
        "in the second run, after the first had ended": 20 - len(come),
    }
    comparison_tables(found)
    said = " ".join(capsys.readouterr().out.split())
    assert "Nothing is paired: no application is in both runs." in said
    assert f"Not paired: {20 - len(come)} in the second run, after the first had ended." in said
    assert "first ↓ second →" not in said
    page = write_page(found, tmp_path / "both.html").read_text(encoding="utf-8")
    assert "1 ↓ 2 →" not in page
    assert "无可配对：两次运行没有共同的申请。" in page


def test_a_summary_that_lacks_a_figure_says_which(tmp_path: Path) -> None:
    whole_run(tmp_path / "a", cases=10, days=20)
    file = tmp_path / "a" / "summary.json"
    file.write_text(json.dumps({k: v for k, v in json.loads(file.read_text()).items() if k != "portfolio"}))
    with pytest.raises(RunFolderError, match="lacks 'portfolio'; run it again"):
        compare(tmp_path / "a", tmp_path / "a")


def test_every_figure_has_words_of_its_own_in_both_languages(tmp_path: Path) -> None:
    whole_run(tmp_path / "a")
    names = [*figures(tmp_path / "a"), *(f"drain_{desk}_hours" for desk in DESK_LABELS), "outage_urged"]
    for language in (0, 1):
        said = [figure_words(name)[language] for name in names]
        assert len(set(said)) == len(said)
    assert figure_words("wait_to_sign_p95_hours") == (
        "decision → signature: 95%, hours",
        "审批 → 签约：95 分位（小时）",
    )
    with pytest.raises(KeyError, match="use_nobody"):
        figure_words("use_nobody")


def test_the_application_desk_names_the_party_of_every_form() -> None:
    forms = sample(SubmitApplication, 3, at=START + np.arange(3), branch=1, party=[41, 42, 43], channel=1)
    out, window = Outbox(), Window(0, START, START + DAY_MS)
    ApplicationsSubsystem.build().apply(Inbox.of((SubmitApplication, forms)), window, out)
    assert out.events_of(ApplicationEvent.APPLICATION_SUBMITTED)["value"].tolist() == [41, 42, 43]
