"""Merged files and the summary say what the plan says, whatever the shards and the length of the windows."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest

from credit.applications.contract import Event as ApplicationEvent
from credit.codes import Account, Bucket
from credit.customers.contract import Refusal as CustomerRefusal
from credit.notices.contract import Event as NoticeEvent
from credit.repayment.contract import Event as RepaymentEvent
from credit.room import EVENTS
from credit.times import DAY_MS, HOUR_MS
from results import names, summary
from tests.results.builders import FATES, START, Bank, Loan, bank, record, seal, whole_run


def ask(query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        return connection.execute(query).fetchall()


def fates(cases: int = 100) -> Counter[str]:
    return Counter(FATES[n % len(FATES)] for n in range(1, cases + 1))


@pytest.mark.parametrize("shards", [1, 2])
def test_the_funnel_counts_cases_by_how_far_they_came(tmp_path: Path, shards: int) -> None:
    _, _, found = whole_run(tmp_path / "run", shards=shards)
    count = fates()
    paid = count["paid"] + count["late"] + count["bad"]
    assert found["funnel"] == {
        "submitted": 100,
        "screened_out": count["form"] + count["admission"] + count["list"],
        "approved": paid + count["unsigned"],
        "declined": count["score"] + count["human"],
        "signed": paid,
        "disbursed": paid,
        "closed": 100 - paid - count["unsigned"],
        "open": count["unsigned"],
    }


def test_refusals_are_counted_by_event_and_reason(tmp_path: Path) -> None:
    _, _, found = whole_run(tmp_path / "run")
    assert {(row["room"], row["event"], row["reason"]): row["count"] for row in found["refusals"]} == {
        ("applications", "application_refused", "id_check_digit"): 10,
        ("customers", "customer_declined", "age_limit"): 10,
        ("customers", "application_intercepted", "list_dishonest"): 10,
        ("scoring", "scoring_rejected", "score_low"): 10,
        ("approval", "application_declined", "score_low"): 10,
        ("approval", "application_declined", "human_decline"): 10,
    }


def test_refusals_of_two_rooms_by_one_name_are_two_rows(tmp_path: Path) -> None:
    plan, _ = bank(cases=5, days=10)
    for n, event in enumerate(
        (RepaymentEvent.RECEIPT_REFUSED, NoticeEvent.RECEIPT_REFUSED, NoticeEvent.RECEIPT_REFUSED)
    ):
        plan.event(event, START + DAY_MS + n, 10**9 + 2, reason=CustomerRefusal.LIST_DISHONEST)
    found = seal(plan, tmp_path / "run", record(plan, tmp_path / "run"))
    rows = [row for row in found["refusals"] if row["event"] == "receipt_refused"]
    assert [(row["room"], row["count"]) for row in rows] == [("notices", 2), ("repayment", 1)]
    assert [names.event(row["room"], row["event"])[0] for row in rows] == [
        "receipt without a notice",
        "receipt refused",
    ]


def at_end(loans: list[Loan], day: int) -> dict[Bucket, list[int]]:
    found: dict[Bucket, list[int]] = {}
    for loan in loans:
        bucket = loan.bucket(day)
        if bucket is not None:
            found.setdefault(bucket, []).append(loan.amount)
    return found


@pytest.mark.parametrize("window_ms", [DAY_MS, 6 * HOUR_MS])
def test_the_portfolio_is_the_last_days_end(tmp_path: Path, window_ms: int) -> None:
    plan, loans = bank(shards=2)
    found = seal(plan, tmp_path / "run", record(plan, tmp_path / "run", window_ms), window_ms)["portfolio"]
    book = at_end(loans, plan.days - 1)
    outstanding = sum(map(sum, book.values()))
    overdue = outstanding - sum(book[Bucket.CURRENT])
    assert overdue > sum(book[Bucket.DPD_OVER_90]) > 0
    assert found["active_loans"] == len(loans)
    assert found["outstanding_fen"] == outstanding
    assert found["overdue_rate"] == pytest.approx(overdue / outstanding, abs=1e-6)
    assert found["npl_rate"] == pytest.approx(sum(book[Bucket.DPD_OVER_90]) / outstanding, abs=1e-6)
    assert found["by_bucket"] == {
        bucket.name.lower(): {"loans": len(book[bucket]), "outstanding_fen": sum(book[bucket])}
        for bucket in sorted(book)
    }


def test_an_empty_book_on_the_last_day_is_empty_though_it_was_full_before(tmp_path: Path) -> None:
    plan, _ = bank(days=60)
    last = START + 60 * DAY_MS - 1
    for shard, rows in plan.measures.items():
        plan.measures[shard] = [row for row in rows if row[0] != last] + [(last, 6, 0, 0, int(Account.PRINCIPAL), 9, 0)]
    found = seal(plan, tmp_path / "run", record(plan, tmp_path / "run"))
    assert found["portfolio"]["active_loans"] == 0
    assert found["portfolio"]["overdue_rate"] == 0.0
    assert found["performance"]["loan_days"] > 0


def test_ledger_and_loan_days_are_counted_from_the_rows(tmp_path: Path) -> None:
    plan, loans, found = whole_run(tmp_path / "run", shards=2)
    assert found["ledger"] == {"postings": sum(map(len, plan.postings.values())), "trial_balance_fen": 0}
    assert found["performance"]["loan_days"] == sum(120 - loan.day for loan in loans)


@pytest.mark.planted
def test_planted_lost_posting_shows_in_the_trial_balance(tmp_path: Path) -> None:
    plan, _ = bank()
    lost = plan.postings[0].pop(5)
    found = seal(plan, tmp_path / "run", record(plan, tmp_path / "run"))
    assert found["ledger"]["trial_balance_fen"] == -lost[4] != 0


def test_write_offs_are_counted_loan_by_loan(tmp_path: Path) -> None:
    plan, loans = bank()
    gone = loans[3]
    plan.event(RepaymentEvent.LOAN_WRITTEN_OFF, START + 110 * DAY_MS, gone.case, loan=gone.number, amount=gone.amount)
    found = seal(plan, tmp_path / "run", record(plan, tmp_path / "run"))["portfolio"]
    assert (found["written_off_loans"], found["written_off_fen"]) == (1, gone.amount)


def test_daily_counts_every_event_on_its_own_day(tmp_path: Path) -> None:
    plan, _, _ = whole_run(tmp_path / "run", shards=2)
    rows = ask(f"SELECT day, metric, branch, count FROM '{tmp_path}/run/daily.parquet' WHERE metric LIKE 'event.%'")
    expected = Counter(
        ((row[0] - START) // DAY_MS, f"event.{EVENTS[row[2]].name.lower()}", row[1] // 10**9)
        for part in plan.events.values()
        for row in part
    )
    first = dt.date(2026, 1, 1)
    assert Counter({((day - first).days, metric, branch): n for day, metric, branch, n in rows}) == expected


def test_cases_say_branch_and_product_and_daily_counts_are_by_product(tmp_path: Path) -> None:
    whole_run(tmp_path / "run", shards=2)
    cases = f"'{tmp_path}/run/cases.parquet'"
    assert ask(f"SELECT COUNT(*), COUNT(DISTINCT reference), COUNT(submitted) FROM {cases}") == [(100, 100, 100)]
    assert ask(f"SELECT DISTINCT branch, product FROM {cases} WHERE case_no % 1000000000 % 10 = 3") == [
        (2, "micro_business")
    ]
    signed = f"SELECT product, SUM(count) FROM '{tmp_path}/run/daily.parquet' WHERE metric = 'event.contract_signed' GROUP BY 1"
    assert {product for product, _ in ask(signed)} == {
        "card_instalment",
        "mortgage",
        "micro_business",
        "working_capital",
    }


def test_readings_of_shorter_windows_are_not_added_up(tmp_path: Path) -> None:
    """A gauge read every six hours: the day's figure is its last reading."""
    plan, _ = bank(cases=10, days=10)
    for shard, rows in plan.measures.items():
        earlier = [(at - 6 * HOUR_MS, gauge, *rest[:-2], 99, 99) for at, gauge, *rest in rows]
        plan.measures[shard] = sorted(rows + earlier)
    quarter = seal(plan, tmp_path / "a", record(plan, tmp_path / "a", 6 * HOUR_MS), 6 * HOUR_MS)
    plain, _ = bank(cases=10, days=10)
    assert quarter["portfolio"] == seal(plain, tmp_path / "b", record(plain, tmp_path / "b"))["portfolio"]


def test_statistics_are_merged_and_the_pieces_gone(tmp_path: Path) -> None:
    whole_run(tmp_path / "run", shards=2)
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert {"daily.parquet", "queues.parquet", "staff.parquet", "partners.parquet", "summary.json"} <= names
    assert "parts" not in names
    assert ask(f"SELECT COUNT(*), SUM(begun) FROM '{tmp_path}/run/queues.parquet'") == [(240, 2_400)]
    assert ask(f"SELECT COUNT(*), COUNT(DISTINCT person) FROM '{tmp_path}/run/staff.parquet'") == [(480, 4)]


def test_codes_stand_as_names_and_the_dictionary_says_what_they_are(tmp_path: Path) -> None:
    """No column needs quotes, and every name of the files is in ``codes.parquet`` in both languages."""
    whole_run(tmp_path / "run", shards=2)
    run = tmp_path / "run"
    assert ask(f"SELECT DISTINCT role FROM '{run}/queues.parquet'") == [("initial_approver",)]
    assert ask(f"SELECT DISTINCT partner FROM '{run}/partners.parquet'") == [("bureau",)]
    assert ask(f"SELECT DISTINCT metric, room, grp FROM '{run}/daily.parquet' WHERE grp = 'dpd_8_30'") == [
        ("loans_by_bucket", "repayment", "dpd_8_30")
    ]
    bucket = "kind = 'grp.loans_by_bucket' AND name = 'dpd_8_30'"
    assert ask(f"SELECT code, english, chinese FROM '{run}/codes.parquet' WHERE {bucket}") == [
        (2, "8–30 days", "8–30 天")
    ]
    for file, column, kind in (
        ("events/*", "event", "event"),
        ("events/*", "room", "room"),
        ("ledger/*", "account", "account"),
        ("queues", "role", "role"),
        ("partners", "partner", "partner"),
        ("daily", "product", "product"),
    ):
        rows = ask(
            f"SELECT DISTINCT {column} FROM '{run}/{file}.parquet' WHERE {column} NOT IN "
            f"(SELECT name FROM '{run}/codes.parquet' WHERE kind = '{kind}' AND english <> '' AND chinese <> '')"
        )
        assert rows == [], column


def test_a_bank_without_desks_or_loans_has_a_summary_all_the_same(tmp_path: Path) -> None:
    plan = Bank(days=3)
    plan.event(ApplicationEvent.APPLICATION_SUBMITTED, START + HOUR_MS, 10**9 + 1, value=1)
    found = seal(plan, tmp_path / "run", record(plan, tmp_path / "run"))
    assert found["funnel"] == dict.fromkeys(found["funnel"], 0) | {"submitted": 1, "open": 1}
    assert found["portfolio"]["outstanding_fen"] == 0
    assert found["refusals"] == []
    assert not (tmp_path / "run" / "queues.parquet").exists()


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    odd = tmp_path / "Li's run [2]? *"
    plan, loans, found = whole_run(odd, cases=20, days=40)
    assert found["funnel"]["submitted"] == 20
    assert summary.figures(odd)["portfolio"]["active_loans"] == len(loans)
    assert plan.days == 40
