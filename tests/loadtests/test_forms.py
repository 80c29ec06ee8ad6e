"""Forms are what the bank takes: held against its own catalogue and checks, and the same for the same seed."""

from __future__ import annotations

from datetime import date

import numpy as np

from actors.gateway.applications import Application
from credit.identifiers import check_credit_codes, check_resident_ids
from credit.policies import ProductPolicy, load
from loadtests.forms import PRODUCTS, form

FORMS = [form(5, number, 8, "mobile_bank") for number in range(3_000)]


def test_the_same_number_of_the_same_seed_is_the_same_form() -> None:
    assert FORMS[:50] == [form(5, number, 8, "mobile_bank") for number in range(50)]
    assert FORMS[0] != form(6, 0, 8, "mobile_bank")


def test_every_form_is_one_that_the_gateway_reads() -> None:
    assert all(Application.model_validate(one).branch <= 8 for one in FORMS)
    assert {one["branch"] for one in FORMS} == set(range(1, 9))


def test_numbers_of_people_and_firms_have_right_check_digits() -> None:
    assert not check_resident_ids(np.array([one["id_number"] for one in FORMS])).any()
    assert not check_credit_codes(np.array([one["credit_code"] for one in FORMS if "credit_code" in one])).any()
    assert all(date.fromisoformat(one["id_number"][6:14]).year < 2001 for one in FORMS)


def test_products_are_the_banks_and_within_their_limits() -> None:
    products = {one.key: one for one in load("products", ProductPolicy).products}
    assert set(PRODUCTS) == set(products)
    assert {one["product"] for one in FORMS} == set(products)
    for one in FORMS:
        product = products[one["product"]]
        assert product.amount_min <= one["amount_fen"] <= product.amount_max
        assert one["term_months"] in product.terms_months
        assert one["method"] in product.methods
        assert one["segment"] in product.segments
        assert set(product.required_materials) <= set(one["documents"])
    for key, sold in PRODUCTS.items():
        assert sold.scorecard == (products[key].automatic_amount_max > 0)
