"""Corruptions that are planted in a bank that runs are heard of within a day of its time, by name; each in a fork of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.corruptions import Bank
from tests.corruptions.planted import MONEY, NOT_HEARD, ORDER, Planted, cell


@pytest.fixture(scope="module")
def by_days(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    with Bank.running(tmp_path_factory.mktemp("bank") / "run", "day") as bank:
        yield bank


@pytest.fixture(scope="module", params=["hour", "5min"])
def by_short_windows(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    with Bank.running(tmp_path_factory.mktemp("bank") / "run", request.param) as bank:
        yield bank


def hears(bank: Bank, planted: Planted) -> str:
    """What is wrong with what is heard; empty where the corruption is named."""
    victim, said = bank.noticed(planted.plant)
    if victim == []:
        return f"{planted.name}: was never planted"
    if not said:
        return f"{planted.name} of {victim}: nothing was heard"
    wanted = planted.heard.replace("{}", str(victim[0] if isinstance(victim, list) else victim))
    return "" if wanted in said and "window" in said else f"{planted.name} of {victim}: {wanted!r} is not in {said!r}"


def test_nothing_is_heard_of_a_bank_in_which_nothing_was_planted(by_days: Bank) -> None:
    assert by_days.noticed(lambda bank: 1) == (1, "")


@pytest.mark.parametrize("planted", MONEY + ORDER, ids=lambda planted: planted.name)
def test_a_corruption_is_heard_of_by_name_within_a_day(by_days: Bank, planted: Planted) -> None:
    assert hears(by_days, planted) == ""


@pytest.mark.parametrize(("planted", "why"), NOT_HEARD, ids=lambda one: getattr(one, "name", ""))
def test_what_is_not_heard_of_is_known(by_days: Bank, planted: Planted, why: str) -> None:
    assert "nothing was heard" in hears(by_days, planted), f"it is heard of now, though {why}"


@pytest.mark.slow
@pytest.mark.parametrize("planted", MONEY + ORDER, ids=lambda planted: planted.name)
def test_in_short_windows_as_well(by_short_windows: Bank, planted: Planted) -> None:
    assert hears(by_short_windows, planted) == ""


def test_every_column_is_sealed_or_said_to_be_written_in_place(by_days: Bank) -> None:
    """One more in any sealed column of any room is heard of; `changes` of a table names all that is not sealed."""
    silent = []
    for room, name, column in by_days.sealed_columns():
        victim, said = by_days.noticed(cell(room, name, column, lambda value: value ^ 1, "").plant)
        if not said:
            silent.append(f"{room}.{name}.{column} of {victim}")
    assert silent == []
