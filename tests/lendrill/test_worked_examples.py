"""The worked examples of the requirement catalogue, run through the whole bank and read back from the run's own files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from credit.contracts.states import SignMode
from lendrill.cli import main
from scenarios.loading import load_scenario
from tests.lendrill import harness

Rows = list[tuple[Any, ...]]


class Story:
    """One scripted run and its event log."""

    def __init__(self, name: str, path: Path) -> None:
        self.path = path
        self.summary = harness.run(load_scenario(name), path)

    def ask(self, query: str) -> Rows:
        events, ledger = self.path / "events" / "*.parquet", self.path / "ledger" / "*.parquet"
        return duckdb.execute(query.format(events=events, ledger=ledger)).fetchall()

    def events(self, *names: str) -> Rows:
        """(at, event, amount_fen, value, reason, actor, loan) of the named events, in time order."""
        listed = ", ".join(f"'{name}'" for name in names)
        return self.ask(
            "SELECT ts, CAST(event AS VARCHAR), amount_fen, value, CAST(reason AS VARCHAR), CAST(actor AS VARCHAR), loan "
            f"FROM read_parquet('{{events}}') WHERE event IN ({listed}) ORDER BY ALL"
        )

    def order(self) -> list[str]:
        """The events of the one case, as they happened."""
        return [
            row[0] for row in self.ask("SELECT event FROM read_parquet('{events}') WHERE case_no > 0 ORDER BY ts, seq")
        ]

    def moment(self, name: str) -> Any:
        found = self.events(name)
        assert len(found) == 1, f"{name}: {found}"
        return found[0][0]


@pytest.fixture(scope="module")
def zhang(tmp_path_factory: pytest.TempPathFactory) -> Story:
    return Story("zhang_consumer_loan", tmp_path_factory.mktemp("zhang") / "run")


@pytest.fixture(scope="module")
def li(tmp_path_factory: pytest.TempPathFactory) -> Story:
    return Story("li_food_store", tmp_path_factory.mktemp("li") / "run")


@pytest.fixture(scope="module")
def wang(tmp_path_factory: pytest.TempPathFactory) -> Story:
    return Story("wang_bakery", tmp_path_factory.mktemp("wang") / "run")


@pytest.fixture(scope="module")
def chen(tmp_path_factory: pytest.TempPathFactory) -> Story:
    return Story("chen_written_off", tmp_path_factory.mktemp("chen") / "run")


@pytest.mark.requirement("SCO-03.b", "APR-15.a", "EX-01.a", "EX-01.b", "EX-02.a", "EX-02.b", "EX-02.c", "EX-03.a")
def test_zhang_is_scored_82_and_approved_as_asked_within_seconds(zhang: Story) -> None:
    ((_, _, asked, _, channel, _, _),) = zhang.events("application_submitted")
    assert (asked, channel) == (5_000_000, "mobile_bank")
    assert len(zhang.events("bureau_answered")) == 1
    ((read_at, _, held, months, *_),) = zhang.events("accounts_read")
    assert zhang.moment("application_accepted") < read_at < zhang.moment("application_scored")
    assert (held, months) == (120_000 + 500_000, 12), "deposits and wealth products; a salary in each month"
    assert zhang.events("alert_raised", "doubt_marked") == []
    assert [row[3] for row in zhang.events("application_scored")] == [82]
    assert zhang.events("node_entered") == []
    (approved,) = zhang.events("application_approved")
    assert approved[2] == 5_000_000
    assert (approved[0] - zhang.moment("application_accepted")).total_seconds() < 60


@pytest.mark.requirement("DIS-06.a", "DIS-17.a", "EX-03.b", "EX-04.a", "EX-04.b")
def test_zhang_signs_and_the_money_is_there_within_ten_minutes(zhang: Story) -> None:
    assert zhang.moment("contract_signed") < zhang.moment("loan_disbursed")
    assert (zhang.moment("funds_arrived") - zhang.moment("contract_effective")).total_seconds() <= 600
    assert [row[5] for row in zhang.events("disbursement_initiated")] == ["system"]
    assert zhang.events("disbursement_reviewed") == []


@pytest.mark.requirement("EX-03.d")
def test_zhang_signs_by_a_certificate_of_his_own_which_is_verified(zhang: Story) -> None:
    ((issued_at, *_, serial, _, _, _),) = zhang.events("certificate_issued")
    ((verified_at, *_, verified, _, _, _),) = zhang.events("certificate_verified")
    assert issued_at < verified_at == zhang.moment("contract_signed")
    assert verified == serial > 0


@pytest.mark.requirement("REP-07.b", "EX-05.a")
def test_zhang_is_reminded_on_the_8th_and_debited_on_the_10th(zhang: Story) -> None:
    assert [row[0].day for row in zhang.events("reminder_sent")] == [8] * 12
    dues = zhang.events("instalment_due")
    assert [(row[0].day, row[0].month) for row in dues] == [(10, (2 + n) % 12 + 1) for n in range(12)]
    assert [row[0].day for row in zhang.events("instalment_paid")] == [10] * 12


@pytest.mark.requirement("REP-01.a", "REP-02.a", "EX-06.a")
def test_zhang_pays_to_the_fen(zhang: Story) -> None:
    assert [row[2] for row in zhang.events("instalment_paid")] == [430_332] * 11 + [430_334]
    received = zhang.ask(
        "SELECT SUM(-amount_fen) FROM read_parquet('{ledger}') WHERE account = 'interest_receivable' AND amount_fen < 0 "
        "GROUP BY ts ORDER BY ts"
    )
    assert received[0][0] == 25_000
    assert sum(row[0] for row in received) == 163_986
    assert len(zhang.events("loan_settled")) == 1
    assert zhang.summary["portfolio"]["active_loans"] == 0
    assert zhang.summary["ledger"]["trial_balance_fen"] == 0


def test_steps_of_one_instant_stand_in_the_order_in_which_they_happened(li: Story, zhang: Story) -> None:
    for story in (li, zhang):
        order = story.order()
        steps = ["contract_confirmed", "contract_signed", "contract_effective", "contract_archived"]
        found = [name for name in order if name in steps]
        assert found == steps, found
        assert order.index("application_submitted") == 0
    assert li.order().index("drawdown_requested") < li.order().index("drawdown_refused")


@pytest.mark.requirement("APR-14.b", "EX-07.a", "EX-07.d", "EX-08.c")
def test_li_asks_two_million_and_gets_one_million_eight_hundred_thousand_from_people(li: Story) -> None:
    (submitted,) = li.events("application_submitted")
    (approved,) = li.events("application_approved")
    assert (submitted[2], approved[2]) == (200_000_000, 180_000_000)
    deciders = {row[5] for row in li.events("node_decided")}
    people = deciders - {"system"}  # the automatic initial review
    assert len(people) >= 2
    assert all(actor.startswith("staff ") for actor in people)


@pytest.mark.requirement("APP-01.b", "EX-07.c", "EX-08.b")
def test_li_is_visited_and_analysed_by_two_people_before_anybody_approves(li: Story) -> None:
    (visited,), (analysed,) = li.events("site_visited"), li.events("business_analysed")
    papers = [row[4] for row in li.events("paper_filed")]
    assert sorted(papers) == ["photo", "photo", "photo", "report"]
    assert [row[3] for row in li.events("statement_recorded")] == [2025]
    assert visited[5] != analysed[5]
    assert (analysed[2], analysed[4]) == (185_000_000, "sound")
    (first, *_) = li.events("node_entered")
    assert visited[0] < analysed[0] <= first[0] < li.moment("application_approved")


@pytest.mark.requirement("EX-07.c", "EX-08.b")
def test_explain_ends_with_what_became_of_a_loan(chen: Story, capsys: pytest.CaptureFixture[str]) -> None:
    case = chen.events("loan_written_off")[0][-1] // 100
    assert main(["explain", str(chen.path), str(case)]) == 0
    assert ": written off 核销; principal on the books" in " ".join(capsys.readouterr().out.split())


def test_explain_tells_lis_books_and_what_was_said_of_them(li: Story, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", str(li.path), "1000000001"]) == 0
    said = capsys.readouterr().out
    for told in (
        "why it scored so",
        "revenue 营业收入          ¥7,680,000.00",
        "can carry 偿债能力",
        "财务稳健，偿债能力充足",
    ):
        assert told in said


@pytest.mark.requirement("CON-07.a", "CON-07.c", "EX-09.a")
def test_li_signs_on_paper_after_two_days(li: Story) -> None:
    generated, signed = li.moment("contract_generated"), li.moment("contract_signed")
    assert 1 <= (signed - generated).total_seconds() / 86_400 <= 3
    assert len(li.events("contract_archived")) == 1


@pytest.mark.requirement("CON-11.c")
def test_lis_contract_is_checked_at_the_counter_before_he_signs_it(li: Story) -> None:
    assert li.moment("contract_generated") < li.moment("contract_checked") < li.moment("contract_confirmed")
    [checked] = li.events("contract_checked")
    assert checked[5].startswith("staff 142000")


@pytest.mark.requirement("EX-09.b")
def test_lis_contract_is_scanned_and_filed_by_his_manager_within_two_workdays(li: Story) -> None:
    (signed,), (scanned,) = li.events("contract_signed"), li.events("contract_scanned")
    assert signed[3] == SignMode.PAPER
    assert scanned[3] > 0
    assert scanned[5].startswith("staff 141000")
    assert 0 < (scanned[0] - signed[0]).total_seconds() < 2 * 86_400
    assert li.events("scan_chased") == []


@pytest.mark.requirement("DIS-16.a", "EX-10.a", "EX-10.b")
def test_li_gets_the_second_tranche_only_when_the_use_of_the_first_is_verified(li: Story) -> None:
    paid = li.events("loan_disbursed")
    assert [row[2] for row in paid] == [100_000_000, 80_000_000]
    refused = [row for row in li.events("drawdown_refused") if row[4] == "use_not_verified"]
    assert len(refused) == 1
    verified = li.moment("use_verified")
    assert paid[0][0] < refused[0][0] < verified < paid[1][0]


@pytest.mark.requirement("EX-17.a", "EX-17.b", "NPL-11.a", "NPL-11.b")
def test_wang_is_two_months_overdue_and_comes_before_the_team_by_himself(wang: Story) -> None:
    (overdue,) = wang.events("overdue_started")
    (referred,) = wang.events("hardship_referred")
    assert (overdue[0].month, referred[0].month, referred[0].day, referred[4]) == (7, 9, 5, "months_overdue")
    (found,) = wang.events("condition_analysed")
    assert (found[4], found[3]) == ("cash_short", 64)
    (proposed,), (decided,) = wang.events("terms_proposed"), wang.events("terms_decided")
    assert (proposed[4], proposed[3]) == ("staged", 24)
    assert proposed[5] != decided[5]
    assert all(actor.startswith("staff ") for actor in (proposed[5], decided[5]))


@pytest.mark.requirement("EX-18.a", "EX-18.b", "REP-03.b")
def test_wang_pays_half_yearly_interest_and_staged_principal_to_the_fen(wang: Story) -> None:
    """226,257.38 yuan at 4.35 % a year, actual days of 360: 2,236.50 in arrears and 8 days before the signature are put off to
    the first half year's interest; then 30 and 30 % of the principal, each with half a year's interest on what was owed."""
    (restructured,), (eased,) = wang.events("loan_restructured"), wang.events("burden_eased")
    assert (restructured[2], restructured[4], restructured[3]) == (22_625_738, "staged", 24)
    assert (eased[3], eased[2]) == (23_099_205, 711_284)
    owed, first, second = 22_625_738, 6_787_721, 6_787_722
    halves = (owed, (31, 30, 31, 30, 31, 31)), (owed - first, (30, 31, 30, 31, 31, 29))
    interest = [sum(round(base * 0.0435 * days / 360) for days in months) for base, months in halves]
    paid = [row for row in wang.events("instalment_paid") if row[0] > restructured[0]]
    assert [(row[3], row[2]) for row in paid] == [(12, 711_284), (18, first + interest[0]), (24, second + interest[1])]
    principal = wang.ask(
        "SELECT -amount_fen FROM read_parquet('{ledger}') WHERE account = 'principal' AND amount_fen < 0 AND ts > "
        f"'{restructured[0]}' ORDER BY ts"
    )
    assert [row[0] for row in principal] == [first, second]
    assert round(owed * 0.6) == first + second
    assert wang.summary["ledger"]["trial_balance_fen"] == 0


@pytest.mark.requirement("EX-18.c", "EX-18.d", "NPL-12.a")
def test_wang_is_inspected_every_month_and_returns_to_normal(wang: Story) -> None:
    inspected = wang.events("restructured_inspected")
    assert [row[3] for row in inspected] == list(range(1, 18))
    months = [(row[0].year, row[0].month) for row in inspected]
    assert len(set(months)) == 17
    assert [row[4] for row in wang.events("class_assigned")] == ["special_mention"]
    (normal,) = wang.events("returned_to_normal")
    first_payment = next(row for row in wang.events("instalment_paid") if row[0] > wang.moment("loan_restructured"))
    assert (normal[0] - first_payment[0]).days >= 365
    assert wang.events("renewed_default") == []


@pytest.mark.requirement("NPL-08.c", "NPL-09.a", "NPL-09.b", "NPL-09.c", "NPL-09.d")
def test_what_chen_pays_after_the_write_off_is_income_and_shrinks_the_claim(chen: Story) -> None:
    proposed, written_off = chen.moment("write_off_proposed"), chen.events("loan_written_off")
    ((gone, _, claim, dpd, _, _, loan),) = written_off
    assert proposed < gone
    assert dpd > 180
    decided = chen.events("write_off_decided")
    assert [row[3] for row in decided] == [1, 1, 1]
    ((_, _, since, last, *_),) = chen.events("write_off_differs")
    assert since > 0
    assert (last, claim) == (decided[-1][2], decided[-1][2] + since)
    recovered = chen.events("recovery_received")
    assert [(row[2], row[4], row[6]) for row in recovered] == [(500_000, "counter", loan), (300_000, "counter", loan)]
    assert all(row[0] > gone for row in recovered)
    balance: dict[str, int] = dict(
        chen.ask("SELECT CAST(account AS VARCHAR), SUM(amount_fen) FROM read_parquet('{ledger}') GROUP BY account")
    )
    assert balance["recovery_income"] == -800_000
    assert balance["off_balance_write_off"] == claim - 800_000
    assert balance["off_balance_contra"] == 800_000 - claim
    assert balance["write_off_loss"] == claim
    assert [row for row in chen.events("contact_made") if row[0] > gone] != []
    assert chen.summary["ledger"]["trial_balance_fen"] == 0


@pytest.mark.parametrize("name", ["zhang_consumer_loan", "li_food_store", "wang_bakery", "chen_written_off"])
def test_each_example_reaches_what_the_catalogue_says(
    name: str, zhang: Story, li: Story, wang: Story, chen: Story
) -> None:
    stories = {"zhang_consumer_loan": zhang, "li_food_store": li, "wang_bakery": wang, "chen_written_off": chen}
    story = stories[name]
    happened = {row[0] for row in story.ask("SELECT DISTINCT CAST(event AS VARCHAR) FROM read_parquet('{events}')")}
    wanted = harness.claimed(name)
    assert wanted
    assert wanted <= happened
