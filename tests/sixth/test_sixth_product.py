"""A sixth product from one file is applied for, approved by machine and by people, signed, paid out, repaid and written off in
a run; nothing else knows of it."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from credit.applications.contract import Event, Refusal
from credit.bank import PIPELINE
from credit.codes import Method
from credit.scoring.contract import ApplicationAccepted
from results.names import products
from scenarios.loading import ScenarioError, load_scenario
from tests.credit.applications.builders import Front, desk_day, forms
from tests.lendrill import harness

HERE = Path(__file__).parent
SCENARIO = HERE / "electric_cars.toml"
FATES = (
    "application_submitted",
    "application_approved",
    "node_decided",
    "contract_effective",
    "loan_disbursed",
    "instalment_paid",
    "loan_settled",
    "loan_written_off",
)


@pytest.fixture(scope="module")
def bank(tmp_path_factory):
    path = tmp_path_factory.mktemp("sixth") / "run"
    return path, harness.run(load_scenario(str(SCENARIO)), path, report=True)


@pytest.mark.requirement("PRD-08.d")
@pytest.mark.parametrize("fate", FATES)
def test_a_sixth_product_meets_every_fate(bank, fate):
    path, _ = bank
    mine = f"SELECT case_no FROM '{path}/cases.parquet' WHERE product = 'electric_car'"
    events = f"SELECT count(*) FROM '{path}/events/*.parquet' WHERE event = ? AND case_no IN ({mine})"
    assert duckdb.execute(events, [fate]).fetchall()[0][0] > 0


@pytest.mark.requirement("PRD-08.c")
def test_its_own_form_is_checked_by_its_file_alone():
    """The world writes what the file asks for, the desk refuses a form without it, and no other product asks for it."""
    overrides = load_scenario(str(SCENARIO)).policies
    asked = {"product": 6, "amount_fen": 2_000_000, "term_months": 12, "method": Method.EQUAL_PRINCIPAL}
    rows = forms(4, detail1=["比亚迪秦PLUS", "比亚迪秦PLUS", "", ""], detail2=["150000", "9999", "150000", ""], **asked)
    rows["product"][3], rows["method"][3] = 1, Method.EQUAL_INSTALMENT
    front = Front(overrides)
    run = desk_day(rows, front=front)
    assert run.sent(ApplicationAccepted)["product"].tolist() == [6, 1]
    refused = run.events_of(Event.DETAIL_REFUSED)
    assert refused[["reason", "value"]].tolist() == [(Refusal.DETAIL_WRONG, 2), (Refusal.DETAIL_MISSING, 1)]
    assert front.customers.tables["details"].text("detail1").tolist() == ["比亚迪秦PLUS"]


def test_every_event_of_a_case_says_its_product(bank):
    """But for forms that name no product of the bank's, refusals of what is about a case that has left the room, and requests for
    other terms, which come before the book has told of the loan."""
    path, _ = bank
    silent = (
        f"SELECT DISTINCT event FROM '{path}/events/*.parquet' WHERE case_no > 0 AND product IS NULL "
        "AND (reason IS NULL OR reason <> 'product_unknown')"
    )
    refusals = {event.name.lower() for room in PIPELINE for event in room.events or () if event.said.refuses}
    assert {event for (event,) in duckdb.execute(silent).fetchall()} <= (refusals | {"restructuring_requested"}) - {
        "application_refused"
    }
    several = (
        f"SELECT case_no FROM '{path}/events/*.parquet' WHERE case_no > 0 GROUP BY 1 HAVING count(DISTINCT product) > 1"
    )
    assert duckdb.execute(several).fetchall() == []


def test_the_report_calls_it_by_its_name(bank):
    path, _ = bank
    page = (path / "report.html").read_text(encoding="utf-8")
    assert "Electric car loan" in page
    assert "新能源汽车贷款" in page


def test_what_the_file_says_is_what_the_world_does():
    scenario = load_scenario(str(SCENARIO))
    assert scenario.demand["electric_car"].weight == 750_000  # the scenario's own
    assert scenario.demand["electric_car"].miss_ppm == 2_000_000  # the product's file
    assert products(scenario.policies)["electric_car"] == (6, ("Electric car loan", "新能源汽车贷款"))


@pytest.mark.parametrize(
    ("line", "instead", "words"),
    [
        ("code = 6", "code = 2", "key 'electric_car' or code 2 is taken"),
        ('key = "electric_car"', 'key = "mortgage"', "key 'mortgage' or code 6 is taken"),
        ('key = "electric_car"', "", 'a product needs a key = "…" and a code = number'),
        ("[world]", "[wrld]", "needs a section [world] with weight, amount_in_incomes_ppm"),
        ("weight = 250_000", "", "demand.electric_car.weight: Field required"),
        ("desk_time_ppm = 900_000", "desk_tme_ppm = 1", "did you mean 'desk_time_ppm'"),
        ("[early_fee]", "[early_fees]", "[early_fees] is no section of a product"),
        ("version = 1", "version = ", "not valid TOML"),
    ],
)
def test_a_wrong_product_file_is_refused_with_its_name(tmp_path, line, instead, words):
    text = (HERE / "electric_car.toml").read_text(encoding="utf-8")
    (tmp_path / "electric_car.toml").write_text(text.replace(line, instead, 1), encoding="utf-8")
    scenario = SCENARIO.read_text(encoding="utf-8").replace("[demand.electric_car]\nweight = 750_000\n", "")
    (tmp_path / "cars.toml").write_text(scenario, encoding="utf-8")
    with pytest.raises(ScenarioError) as refused:
        load_scenario(str(tmp_path / "cars.toml"))
    assert re.search(r"(electric_car|cars)\.toml", str(refused.value))
    assert words in str(refused.value)


def test_a_product_file_that_is_not_there_is_named(tmp_path):
    (tmp_path / "cars.toml").write_text(SCENARIO.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"electric_car.toml: can't read the product's file"):
        load_scenario(str(tmp_path / "cars.toml"))


@pytest.mark.parametrize(
    ("line", "instead", "words"),
    [
        ('["electric_car.toml"]', '"electric_car.toml"', "products: needs a list of file names"),
        ('["electric_car.toml"]', "5", "products: needs a list of file names"),
        (
            '["electric_car.toml"]',
            '["electric_car.toml", "electric_car.toml"]',
            "key 'electric_car' or code 6 is taken",
        ),
        ("[policies.collections.write_off]\ndpd_over = 91\n", "[policies]\nproducts = 5\n", "policies.products"),
        ("[policies.collections.write_off]\ndpd_over = 91\n", "[policies.products]\nproducts = 5\n", "no product"),
    ],
)
def test_a_scenario_that_names_its_products_wrongly_is_refused(tmp_path, line, instead, words):
    (tmp_path / "electric_car.toml").write_text(
        (HERE / "electric_car.toml").read_text(encoding="utf-8"), encoding="utf-8"
    )
    text = SCENARIO.read_text(encoding="utf-8")
    assert line in text
    (tmp_path / "cars.toml").write_text(text.replace(line, instead), encoding="utf-8")
    with pytest.raises(ScenarioError) as refused:
        load_scenario(str(tmp_path / "cars.toml"))
    assert words in str(refused.value)
