"""What people are drawn from is frozen: no library's version has a say in it."""

from __future__ import annotations

import hashlib
import sys

import faker
import numpy as np
import pytest
from faker import Faker
from faker.providers.phone_number.zh_CN import Provider as Phones
from faker.providers.ssn.zh_CN import Provider as Residents

from sim.population.text import texts_of
from sim.population.vocabulary import GIVEN, SURNAMES, vocabulary
from tests.sim.worlds import numbers, people

SEED = 2026


def test_the_words_are_those_of_the_release() -> None:
    """A changed word is another world: change this only together with a note of why every digest changes."""
    words = vocabulary()
    parts = (
        words.surnames,
        words.given_female,
        words.given_male,
        words.firm_prefixes,
        words.firm_suffixes,
        words.cities,
    )
    digest = hashlib.blake2b(b"".join(part.tobytes() for part in parts), digest_size=8)
    for column in (*words.counties, words.mobile_prefixes):
        digest.update(column.tobytes())
    assert digest.hexdigest() == "ecc45045e36cceec"


def test_a_world_is_drawn_without_faker(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = texts_of(people().person_names(numbers(50))).tolist()
    vocabulary.cache_clear()
    monkeypatch.setitem(sys.modules, "faker", None)
    assert texts_of(people().person_names(numbers(50))).tolist() == expected


def test_the_named_version_of_faker_draws_just_these() -> None:
    words, fake = vocabulary(), Faker("zh_CN")
    if faker.VERSION not in words.source:
        pytest.skip(f"drawn from {words.source}, here is {faker.VERSION}")
    fake.seed_instance(SEED)
    firms = [fake.company_prefix() for _ in range(1_024)]
    assert texts_of(words.firm_prefixes).tolist() == sorted({word for word in firms if len(word) <= 6})
    for column, draw, count in (
        (words.surnames, fake.last_name, SURNAMES),
        (words.given_female, fake.first_name_female, GIVEN),
        (words.given_male, fake.first_name_male, GIVEN),
    ):
        assert sorted(texts_of(column).tolist()) == sorted(draw() for _ in range(count))
    counties = sorted(int(code) for code in Residents.area_codes if not code.endswith("00"))
    assert np.concatenate(words.counties).tolist() == counties
    assert words.mobile_prefixes.tolist() == sorted(Phones.phonenumber_prefixes)
