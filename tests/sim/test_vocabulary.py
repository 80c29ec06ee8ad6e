"""What people are drawn from is frozen: no library's version has a say in it."""

from __future__ import annotations

import hashlib
import json
import sys

import faker
import pytest

from sim.population.text import texts_of
from sim.population.vocabulary import vocabulary
from tests.frozen import words
from tests.frozen.writing import text_of
from tests.sim.worlds import numbers, people


def test_the_words_are_those_of_the_release() -> None:
    """A changed word is another world: change this only together with a note of why every digest changes."""
    found = vocabulary()
    parts = (
        found.surnames,
        found.given_female,
        found.given_male,
        found.firm_prefixes,
        found.firm_suffixes,
        found.cities,
    )
    digest = hashlib.blake2b(b"".join(part.tobytes() for part in parts), digest_size=8)
    for column in (*found.counties, found.mobile_prefixes):
        digest.update(column.tobytes())
    assert digest.hexdigest() == "ecc45045e36cceec"


def test_a_world_is_drawn_without_faker(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = texts_of(people().person_names(numbers(50))).tolist()
    vocabulary.cache_clear()
    monkeypatch.setitem(sys.modules, "faker", None)
    assert texts_of(people().person_names(numbers(50))).tolist() == expected


def test_the_named_version_of_faker_draws_just_these() -> None:
    frozen = json.loads(words.FILE.read_text(encoding="utf-8"))
    if faker.VERSION not in vocabulary().source:
        pytest.skip(f"drawn from {vocabulary().source}, here is {faker.VERSION}")
    assert words.drawn() == frozen
    assert text_of(words.drawn()) == words.FILE.read_text(encoding="utf-8")
