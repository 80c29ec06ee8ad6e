"""The reference of fields: complete, with a unit and bounds for every number, and as the page has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from credit.policies.catalogue import MODELS
from credit.policies.loading import packaged_names
from lendrill.cli import main
from lendrill.fields import every, markdown
from scenarios.model import Scenario

PAGE = Path(__file__).resolve().parents[2] / "docs" / "fields.md"
NUMBERS = [field for field in every() if field.kind.endswith("number") or field.kind.endswith("yuan")]


def test_the_page_is_what_the_models_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == markdown(), "lendrill fields --markdown > docs/fields.md"


def test_every_file_of_the_policies_is_in_it() -> None:
    assert sorted(MODELS) == list(packaged_names())
    assert {field.path.split(".")[1] for field in every() if field.path.startswith("policies.")} == set(MODELS)
    assert {field.path.partition(".")[0].removesuffix("[]") for field in every()} == set(Scenario.model_fields)


def test_every_field_says_what_it_does_and_every_number_in_which_unit_and_up_to_where() -> None:
    assert len(every()) > 600
    assert [field.path for field in every() if not field.text] == []
    assert [field.path for field in NUMBERS if not field.unit.strip("–")] == []
    assert [field.path for field in NUMBERS if not any(map(str.isdigit, field.allowed))] == []
    assert [
        field.path
        for field in NUMBERS
        if field.allowed.startswith("at least") and "below" not in field.allowed and "each" not in field.allowed
    ] == []


@pytest.mark.parametrize(
    ("prefix", "paths", "says"),
    [
        ("staff.committee.head_office", 1, "whole number; people; 0 to 1,000,000; default 5"),
        ("demand.mortgage", 4, "demand.<name>.weight"),
        ("faults.1.end", 1, "faults[].end  date and time"),
        ("policies.payments.clearing_above", 1, "yuan; 0 to 1,000,000,000; default 1,000,000"),
        ("population.monthly_income_bands", 1, "default [2,000, 4,000, 6,000"),
    ],
)
def test_a_part_of_it_is_printed(prefix: str, paths: int, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fields", prefix]) == 0
    said = capsys.readouterr().out
    assert says in said
    assert len(said.splitlines()) == 2 * paths


def test_an_unknown_field_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fields", "staff.comittee"]) == 2
    assert "did you mean staff.committee?" in capsys.readouterr().err
