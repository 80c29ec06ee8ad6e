"""Keys by which people are known again: one a number, whatever the width of the column it stands in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.customers.keys import customer_keys, id_keys
from credit.identifiers import credit_codes, resident_ids
from tests.credit.applications.builders import business_forms, forms

PEOPLE = st.tuples(st.integers(110_000, 659_999), st.integers(-25_000, 20_000), st.integers(0, 999))


@pytest.mark.requirement("CUS-10.a")
@given(st.lists(PEOPLE, min_size=1, max_size=30, unique=True))
def test_no_two_numbers_share_a_key(people: list[tuple[int, int, int]]) -> None:
    numbers = resident_ids(*zip(*people, strict=True))
    keys = id_keys(numbers)
    assert len(np.unique(keys)) == len(people)
    assert (id_keys(numbers.astype("U20")) == keys).all()
    assert (keys > 0).all()


@pytest.mark.requirement("CUS-10.a")
def test_a_company_is_known_by_its_code_and_never_taken_for_a_person() -> None:
    person, company = forms(3), business_forms(3)
    assert not set(customer_keys(person).tolist()) & set(customer_keys(company).tolist())
    assert (customer_keys(person) == id_keys(person["id_number"])).all()
    codes = credit_codes(310104, np.arange(20_000))
    assert len(np.unique(customer_keys(business_forms(20_000, credit_code=codes)))) == 20_000
