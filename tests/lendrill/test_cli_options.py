"""What the command line lets through, the scenario's own model accepts: one set of limits, said in two places."""

from __future__ import annotations

import pytest

from lendrill import options
from lendrill.errors import UserError
from lendrill.options import RunOptions
from scenarios.model import Run

LIMITS = {"customers": (1, options.CUSTOMERS_MAX), "days": (1, options.DAYS_MAX), "seed": (0, options.SEED_MAX)}


@pytest.mark.parametrize("field", LIMITS)
def test_the_limits_are_those_of_the_scenario_model(field: str) -> None:
    for value in LIMITS[field]:
        assert getattr(Run.model_validate({field: value}), field) == value
        assert getattr(RunOptions("baseline", **{field: value}), field) == value
    for value in (LIMITS[field][0] - 1, LIMITS[field][1] + 1):
        with pytest.raises(ValueError, match=field):
            Run.model_validate({field: value})
        with pytest.raises(UserError, match=f"--{field} {value}: impossible"):
            RunOptions("baseline", **{field: value})


def test_what_is_not_given_is_left_to_the_scenario() -> None:
    given = vars(RunOptions("baseline"))
    assert {name for name, value in given.items() if value is not None} == {"scenario", "quiet"}
