"""Quarantine: one row that breaks a rule is set aside, answered and written down; everything else is as if it had never come."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.book.sqlite import SqliteStore
from actors.clock import BusinessClock
from actors.conductor import Conductor
from actors.host import Broken
from actors.local import LocalExecutor
from actors.quarantine import Aside, rows_of, to_blame
from actors.replay import replay
from actors.sequencer import Command
from actors.topology import Cell, Flow
from actors.trail import Trail
from actors.wire import pack
from credit.applications.contract import FormText, SubmitApplication
from credit.applications.subsystem import ApplicationsSubsystem
from credit.errors import InvariantViolation
from credit.mail import Outbox
from credit.room import RequestRefusal, Rows
from credit.texts import Field, cut_columns
from lendrill.assembly import live_blueprints
from tests.live.banks import CASE, SCENARIO, answers, applied, form, go, look, pass_time, sequencer

POISON = 4_444_400
"""Whoever applies for so much breaks a rule."""


@pytest.fixture
def poisoned(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that breaks; `IndexError` stands for a fault in the code, which is dealt with alike."""
    error = getattr(request, "param", InvariantViolation)
    submit = ApplicationsSubsystem.submit

    def breaking(self: ApplicationsSubsystem, rows: Rows, out: Outbox) -> None:
        submit(self, rows, out)
        if bool((rows["amount_fen"] == POISON).any()):
            raise error("the books don't balance")

    monkeypatch.setattr(ApplicationsSubsystem, "submit", breaking)


def poison(request: int) -> Command:
    rows = form(request)
    rows["amount_fen"] = POISON
    return Command(SubmitApplication, rows)


@pytest.mark.parametrize(("shards", "poisoned"), [(1, IndexError), (3, InvariantViolation)], indirect=["poisoned"])
@pytest.mark.usefixtures("poisoned")
def test_what_breaks_a_rule_is_set_aside_and_the_rest_is_done(tmp_path: Path, shards: int) -> None:
    bank = sequencer(tmp_path, shards=shards)
    go(bank, bank.until + 10, applied(1))
    with pytest.raises(Broken, match="don't balance"):
        go(bank, bank.until + 10, applied(2), poison(3), applied(4), poison(5), applied(6))
    done = list(bank.rebuild())
    assert sorted(answers(done)) == [
        (2, CASE + 1, 0),
        (3, 0, RequestRefusal.SET_ASIDE),
        (4, CASE + 2, 0),
        (5, 0, RequestRefusal.SET_ASIDE),
        (6, CASE + 3, 0),
    ]
    assert bank.figures.set_aside == 2
    assert answers(go(bank, bank.until + 10, poison(3))) == [(3, 0, RequestRefusal.SET_ASIDE)]
    pass_time(bank, bank.until + 60_000)
    again = sequencer(tmp_path, shards=shards)
    assert (again.chain, again.until, again.figures.set_aside) == (bank.chain, bank.until, 0)
    flow = Flow(shards)
    found = replay(
        SqliteStore(tmp_path / "daybook.db"), flow, live_blueprints(SCENARIO, flow, (), arrivals=False), LocalExecutor()
    )
    assert found.chain == bank.chain
    assert [(row.request, row.kind) for row in found.asides] == [
        (3, SubmitApplication.number),
        (5, SubmitApplication.number),
    ]
    assert "don't balance" in str(found.asides[0])


@pytest.mark.usefixtures("poisoned")
def test_what_is_set_aside_leaves_no_trace_but_its_answer(tmp_path: Path) -> None:
    banks = []
    for name, more in (("with", [poison(3)]), ("without", [])):
        (tmp_path / name).mkdir()
        bank = sequencer(tmp_path / name)
        came = bank.until
        try:
            go(bank, came + 10, applied(2), *more)
        except Broken:
            list(bank.rebuild())
        pass_time(bank, came + 120_000)
        banks.append(bank)
    ours, theirs = (look(bank, "contracts", "contracts", "case", CASE, CASE + 1) for bank in banks)
    assert len(ours) == 1
    assert ours.tolist() == theirs.tolist()


@pytest.mark.usefixtures("poisoned")
def test_a_form_and_the_texts_beside_it_are_set_aside_together(tmp_path: Path) -> None:
    bank = sequencer(tmp_path)
    came = poison(3)
    texts = cut_columns(
        FormText, Field.PURPOSE, ["renovation of the kitchen " * 9], at=0, party=came.rows["party"], branch=1
    )
    with pytest.raises(Broken):
        go(bank, bank.until + 10, applied(2), came, Command(FormText, texts))
    assert sorted(answers(bank.rebuild())) == [(2, CASE, 0), (3, 0, RequestRefusal.SET_ASIDE)]


def test_a_form_that_breaks_a_rule_with_its_texts_is_to_blame_not_they(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The text alone could be left out too; but then the form would be done without its words."""
    submit = ApplicationsSubsystem.submit

    def breaking(self: ApplicationsSubsystem, rows: Rows, out: Outbox) -> None:
        told = np.isin(rows["party"], self._texts["party"])
        submit(self, rows, out)
        if told.any():
            raise InvariantViolation("words were lost")

    monkeypatch.setattr(ApplicationsSubsystem, "submit", breaking)
    bank, came = sequencer(tmp_path), applied(3)
    text = cut_columns(FormText, Field.REMARK, ["soon"], at=0, party=came.rows["party"], branch=1)
    with pytest.raises(Broken):
        go(bank, bank.until + 10, applied(2), came, Command(FormText, text))
    assert sorted(answers(bank.rebuild())) == [(2, CASE, 0), (3, 0, RequestRefusal.SET_ASIDE)]


def test_rows_are_tried_with_commands_last() -> None:
    came = applied(3)
    text = cut_columns(FormText, Field.REMARK, ["soon"], at=0, party=came.rows["party"], branch=1)
    desk = Cell("applications", 0)
    for order in ([came, Command(FormText, text)], [Command(FormText, text), came]):
        tried = rows_of(7, {desk: pack({kind.number: [rows] for kind, rows in order})})
        assert [(row.kind, row.request) for row in tried] == [(FormText.number, 0), (SubmitApplication.number, 3)]


def test_where_no_row_is_to_blame_the_bank_stops_and_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bank = sequencer(tmp_path)
    go(bank, bank.until + 10, applied(1))
    monkeypatch.setattr(ApplicationsSubsystem, "check", lambda self: ["the books don't balance"])
    with pytest.raises(Broken):
        go(bank, bank.until + 24 * 3_600_000, applied(2))
    with pytest.raises(Broken, match=r"applications, window \d+ .*: the books don't balance"):
        list(bank.rebuild())


@pytest.mark.usefixtures("poisoned")
def test_who_follows_works_the_window_as_it_was_once_something_of_it_is_set_aside(tmp_path: Path) -> None:
    leads, follows = sequencer(tmp_path), sequencer(tmp_path, opened=False)
    go(leads, leads.until + 10, applied(1))
    assert answers(follows.follow()) == [(1, CASE, 0)]
    with pytest.raises(Broken):
        go(leads, leads.until + 10, applied(2), poison(3))
    list(leads.rebuild())
    assert sorted(answers(follows.follow())) == [(1, CASE, 0), (2, CASE + 1, 0), (3, 0, RequestRefusal.SET_ASIDE)]
    assert (follows.chain, follows.number, follows.until) == (leads.chain, leads.number, leads.until)


@pytest.mark.usefixtures("poisoned")
def test_callers_of_a_live_bank_are_answered_and_it_goes_on(tmp_path: Path) -> None:
    bank = sequencer(tmp_path)

    async def live() -> list[tuple[int, int]]:
        conductor = Conductor(bank, BusinessClock(bank.until), Trail(tmp_path / "trail.db"))
        await conductor.open()
        running = asyncio.create_task(conductor.run())
        found = await asyncio.gather(*(conductor.submit(*one) for one in (applied(2), poison(3), applied(4))))
        found += [await conductor.submit(*applied(5))]
        assert conductor.figures()["set_aside"] == 1
        assert conductor.ready
        conductor.close()
        await running
        return [(answer.number, answer.reason) for [answer] in found]

    assert asyncio.run(live()) == [(CASE, 0), (0, RequestRefusal.SET_ASIDE), (CASE + 1, 0), (CASE + 2, 0)]


@given(st.sets(st.integers(0, 29)), st.integers(0, 30))
def test_exactly_the_rows_to_blame_are_found(wrong: set[int], count: int) -> None:
    rows = [Aside(0, "", 0, place, 1, 0) for place in range(count)]
    tries = 0

    def works(aside: Sequence[Aside]) -> bool:
        nonlocal tries
        tries += 1
        return not wrong & (set(range(count)) - {row.place for row in aside})

    blamed = [row.place for row in to_blame(rows, works)]
    assert blamed == sorted(wrong & set(range(count)))
    assert tries <= 2 + len(blamed) * (1 + np.ceil(np.log2(max(count, 1))))
