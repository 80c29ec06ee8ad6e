"""The product catalogue: what the five products are, that each changes by configuration alone, and that a
wrong value is named where it stands."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.approval.contract import Refusal
from credit.codes import Guarantee, Material, Method, Segment
from credit.disbursement.contract import DESK, Event, FacilityOpened, PaymentInstruction
from credit.policies import PolicyError, Product, ProductPolicy, columns_of, load
from credit.policies.products import DAYCOUNT_CODES, TermClass
from credit.scoring.contract import ApplicationAccepted
from credit.times import instant
from tests.credit.applications.builders import Front, desk_day, forms
from tests.credit.disbursement import builders as pay

CATALOGUE = load("products", ProductPolicy)
COLUMNS = columns_of(CATALOGUE)
YUAN = 100
LONGEST = 360
KEYS = ["consumer_loan", "card_instalment", "mortgage", "micro_business", "working_capital"]


def changed(key: str, **fields: Any) -> dict[str, Any]:
    """An override of one product."""
    return {"products": {"products": [{"key": key, **fields}]}}


def classes(product: Product) -> set[TermClass]:
    return {TermClass(int(term)) for term in CATALOGUE.term_class(product.terms_months)}


# ---- classification


@pytest.mark.requirement("PRD-01.a", "PRD-01.b", "PRD-01.d")
@pytest.mark.parametrize(
    ("key", "purpose", "guarantee", "terms"),
    [
        ("consumer_loan", "consumer", "credit", {TermClass.SHORT, TermClass.MEDIUM}),
        ("card_instalment", "consumer", "credit", {TermClass.SHORT, TermClass.MEDIUM}),
        ("mortgage", "housing", "mortgage", {TermClass.MEDIUM, TermClass.LONG}),
        ("micro_business", "operating", "document", {TermClass.SHORT, TermClass.MEDIUM}),
        ("working_capital", "operating", "guarantor", {TermClass.SHORT}),
    ],
)
def test_each_product_has_its_purpose_its_guarantee_and_its_terms(key, purpose, guarantee, terms):
    product = CATALOGUE.by_key(key)
    assert (product.purpose_class, product.guarantee, classes(product)) == (purpose, guarantee, terms)
    assert COLUMNS.guarantee[product.code] == Guarantee[guarantee.upper()]


@pytest.mark.requirement("PRD-01.b")
@pytest.mark.parametrize("kind", ["credit", "mortgage", "pledge", "guarantor"])
def test_every_kind_of_guarantee_can_be_asked_for(kind):
    columns = columns_of(load("products", ProductPolicy, changed("consumer_loan", guarantee=kind)))
    assert columns.guarantee[1] == Guarantee[kind.upper()]


@pytest.mark.requirement("PRD-01.d")
@pytest.mark.parametrize(("months", "term"), [(1, 1), (12, 1), (13, 2), (60, 2), (61, 3), (LONGEST, 3)])
def test_short_terms_reach_to_a_year_and_medium_ones_to_five(months, term):
    assert CATALOGUE.term_class(months) == TermClass(term)


@pytest.mark.requirement("PRD-01.d")
@given(st.integers(1, 100), st.integers(1, 200))
def test_where_terms_begin_is_a_parameter(short, more):
    policy = load(
        "products", ProductPolicy, {"products": {"short_months_max": short, "medium_months_max": short + more}}
    )
    months = np.arange(1, LONGEST + 1)
    expected = [1 if m <= short else 2 if m <= short + more else 3 for m in range(1, LONGEST + 1)]
    assert policy.term_class(months).tolist() == expected


@pytest.mark.requirement("PRD-01.d")
@pytest.mark.parametrize("limits", [(60, 60), (61, 60)])
def test_terms_that_do_not_rise_are_refused(limits):
    with pytest.raises(PolicyError, match="short_months_max: must be below medium_months_max"):
        load("products", ProductPolicy, {"products": {"short_months_max": limits[0], "medium_months_max": limits[1]}})


# ---- what each product is


@pytest.mark.requirement("PRD-03.a", "PRD-03.b", "PRD-03.g")
def test_a_mortgage_is_large_long_cheap_secured_decided_by_people_and_paid_to_the_seller():
    house, others = CATALOGUE.by_key("mortgage"), [p for p in CATALOGUE.products if p.key != "mortgage"]
    retail = [p for p in others if p.segments == ["individual"]]
    assert house.amount_max > max(p.amount_max for p in retail)
    assert min(house.terms_months) >= max(max(p.terms_months) for p in others)
    lower = [house.rate_ppm_by_grade[grade] < min(p.rate_ppm_by_grade[grade] for p in others) for grade in range(5)]
    assert all(lower), "at every grade"
    assert "property_certificate" in house.required_materials
    assert (house.automatic_amount_max, house.automatic_disbursement, house.entrusted_payment) == (0, False, True)
    assert house.contract_mode == "paper"
    short = pay.Bench().run(pay.contract(pay.MORTGAGE, collateral_fen=0))
    assert pay.reasons(short, Event.DISBURSEMENT_PRECHECK_FAILED) == [Refusal.GUARANTEE_MISSING]


@pytest.mark.requirement("PRD-04.a")
def test_working_capital_is_short_and_revolves():
    product = CATALOGUE.by_key("working_capital")
    assert classes(product) == {TermClass.SHORT}
    assert (product.revolving, product.limit_months, product.segments) == (True, 12, ["enterprise", "micro"])
    assert [p.key for p in CATALOGUE.products if p.revolving] == ["working_capital"]
    assert {"purpose_statement", "financial_statements"} <= set(product.required_materials)


@pytest.mark.requirement("PRD-05.a", "PRD-05.c")
def test_a_micro_loan_needs_registry_and_tax_papers_and_people_and_is_paid_in_tranches():
    product = CATALOGUE.by_key("micro_business")
    required = Material(CATALOGUE.materials(product, "micro").required)
    assert Material.BUSINESS_LICENCE | Material.TAX_PROOF in required
    assert (product.automatic_amount_max, product.automatic_disbursement) == (0, False)
    assert product.staged_shares_ppm == [600_000, 400_000]
    assert all(
        mine > theirs
        for mine, theirs in zip(
            product.rate_ppm_by_grade, CATALOGUE.by_key("working_capital").rate_ppm_by_grade, strict=True
        )
    ), "the dearer of the two operating products: higher risk"


@pytest.mark.requirement("PRD-06.a", "PRD-06.c")
@pytest.mark.parametrize("key", KEYS[:2])
def test_consumer_products_are_small_signed_online_decided_by_rules_and_paid_at_once(key):
    product = CATALOGUE.by_key(key)
    assert product.amount_max <= 300_000 * YUAN
    assert max(product.terms_months) <= CATALOGUE.medium_months_max
    assert 0 < product.automatic_amount_max <= product.amount_max
    assert (product.contract_mode, product.automatic_disbursement, product.entrusted_payment) == (
        "electronic",
        True,
        False,
    )
    out = pay.Bench().run(pay.contract(product.code))
    assert out.take(PaymentInstruction)["at"].tolist() == [pay.NINE], "in the very millisecond"
    assert out.take(DESK.task).tolist() == []


# ---- changed by configuration


@pytest.mark.requirement("PRD-08.a")
def test_every_column_that_rules_read_comes_from_the_catalogue():
    for product in CATALOGUE.products:
        c = product.code
        assert COLUMNS.amount_min[c] == product.amount_min
        assert COLUMNS.amount_max[c] == product.amount_max
        assert np.flatnonzero(COLUMNS.terms[c]).tolist() == sorted(product.terms_months)
        assert np.flatnonzero(COLUMNS.methods[c]).tolist() == sorted(Method[m.upper()] for m in product.methods)
        assert np.flatnonzero(COLUMNS.segments[c]).tolist() == sorted(Segment[s.upper()] for s in product.segments)
        assert COLUMNS.rate_ppm[c, 1:].tolist() == product.rate_ppm_by_grade
        for segment in Segment:
            brings = CATALOGUE.materials(product, segment.name.lower())
            assert COLUMNS.required[c, segment] == brings.required
        assert COLUMNS.daycount[c] == DAYCOUNT_CODES[product.daycount]
        assert COLUMNS.tranche_share_ppm[c].sum() == 1_000_000
    assert np.flatnonzero(COLUMNS.known).tolist() == [1, 2, 3, 4, 5]


@pytest.mark.requirement("PRD-08.b", "PRD-08.d")
@pytest.mark.parametrize(
    ("fields", "column", "value"),
    [
        ({"amount_min": 6_000}, "amount_min", 6_000 * YUAN),
        ({"amount_max": "400,000.50"}, "amount_max", 40_000_050),
        ({"rate_ppm_by_grade": [1, 2, 3, 4, 5]}, "rate_ppm", [0, 1, 2, 3, 4, 5]),
        ({"conditional_materials": ["work_proof"]}, "conditional", Material.WORK_PROOF),
        ({"contract_mode": "paper"}, "electronic", False),
        ({"automatic_amount_max": 0}, "automatic_max", 0),
        ({"entrusted_payment": True}, "entrusted", True),
        ({"daycount": "act_365"}, "daycount", DAYCOUNT_CODES["act_365"]),
        ({"staged_shares_ppm": [500_000, 300_000, 200_000]}, "tranche_count", 3),
    ],
)
def test_one_field_of_one_product_changes_and_nothing_else_does(fields, column, value):
    policy = load("products", ProductPolicy, changed("consumer_loan", **fields))
    columns = columns_of(policy)
    assert np.asarray(getattr(columns, column)[1]).tolist() == value
    assert np.array_equal(getattr(columns, column)[2:4], getattr(COLUMNS, column)[2:4])
    assert policy.products[1:] == CATALOGUE.products[1:]
    assert policy.products[0].model_copy(update=dict.fromkeys(fields)) == CATALOGUE.products[0].model_copy(
        update=dict.fromkeys(fields)
    )


@pytest.mark.requirement("PRD-06.b")
def test_what_is_for_consumption_is_lent_for_short_terms():
    consumer = [one for one in CATALOGUE.products if one.purpose_class == "consumer"]
    assert {one.key: max(one.terms_months) for one in consumer} == {"consumer_loan": 36, "card_instalment": 24}
    with pytest.raises(PolicyError, match=r"consumer_loan: terms_months: 37 is more than consumer_months_max \(36\)"):
        load("products", ProductPolicy, changed("consumer_loan", terms_months=[12, 37]))
    run = desk_day(forms(2, term_months=[36, 60]))
    assert run.sent(ApplicationAccepted)["term_months"].tolist() == [36]


@pytest.mark.requirement("PRD-08.d")
def test_a_sixth_product_is_taken_in_and_paid_without_a_line_of_code():
    green = CATALOGUE.by_key("consumer_loan").model_dump() | {
        "code": 6,
        "key": "green_car",
        "name": "Electric car loan",
        "name_zh": "新能源汽车贷款",
        "amount_min": "10000",
        "amount_max": "500000",
        "automatic_amount_max": "0",
        "terms_months": [36],
        "entrusted_payment": True,
        "automatic_disbursement": False,
    }
    more = {"products": {"products": [green]}, "payments": {"routes": [{"product": 6, "kind": "batch"}]}}
    desk = Front(more)
    rows = forms(2, product=6, amount_fen=[40_000_000, 60_000_000], term_months=36, income_fen=10_000_000)
    run = desk_day(rows, front=desk)
    assert run.sent(ApplicationAccepted)["product"].tolist() == [6]
    bench, columns = pay.Bench(more), {"product": 6, "amount_fen": 40_000_000, "payee_account": pay.PAYEE, "lane": 2}
    kind, signed = pay.contract()
    for name, value in columns.items():
        signed[name] = value
    bench.run((kind, signed))
    bench.steps(pay.initiated(pay.NINE + 1), pay.reviewed(pay.NINE + 2))
    bench.run(until=instant(dt.date(2026, 3, 2), 11))
    [order] = bench.all.take(PaymentInstruction)
    assert (order["at"], order["account"]) == (instant(dt.date(2026, 3, 2), 10), pay.PAYEE)


@pytest.mark.requirement("PRD-08.b", "PRD-08.d")
def test_a_loan_becomes_a_limit_by_configuration():
    out = pay.Bench(changed("consumer_loan", revolving=True, limit_months=6, drawdown_purposes=["装修"])).run(
        pay.contract()
    )
    assert out.take(FacilityOpened)["valid_until"].tolist() == [instant(dt.date(2026, 9, 2))]
    assert out.take(PaymentInstruction).tolist() == []


@pytest.mark.requirement("PRD-08.d")
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"amount_min": 400_000}, "amount_max: must be at least amount_min"),
        ({"amount_max": 1.5}, "an amount in yuan"),
        ({"amount_max": "1.005"}, "at most two decimals"),
        ({"amount_max": -1}, "amount_max"),
        ({"staged_shares_ppm": [500_000]}, "staged_shares_ppm must sum to 1000000"),
        ({"terms_months": [361]}, "less than or equal to 360"),
        ({"terms_months": []}, "terms_months"),
        ({"rate_ppm_by_grade": [1, 2, 3, 4]}, "rate_ppm_by_grade"),
        ({"rate_ppm_by_grade": [240_001, 2, 3, 4, 5]}, "240000"),
        ({"methods": ["balloon"]}, "'balloon' is not one of equal_instalment, equal_principal"),
        ({"guarantee": "honour"}, "'honour' is not one of credit, mortgage"),
        ({"required_materials": ["passport"]}, "'passport' is not one of id_front"),
        ({"purpose_class": "gambling"}, "purpose_class"),
        ({"rate": 3}, "rate"),
        ({"code": 2}, "two products share a code"),
    ],
)
def test_a_wrong_catalogue_is_refused_with_the_product_the_field_and_what_is_allowed(fields, words):
    with pytest.raises(PolicyError, match=words) as refused:
        load("products", ProductPolicy, changed("consumer_loan", **fields))
    assert str(refused.value).startswith("policies.products: ")
    assert "\n" not in str(refused.value)
