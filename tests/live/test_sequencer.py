"""The sequencer: durable before done, once, in order, and the same bank again from its book."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from actors.book.around import Around
from actors.book.sqlite import SqliteStore
from actors.book.store import Damaged, Entry, Fenced, Snapshot, Store, StoreError
from actors.host import StageHost
from actors.local import LocalExecutor
from actors.partners import befalls, over
from actors.pipeline import CellLost
from actors.replay import Diverged, replay
from actors.sequencer import Command
from actors.topology import Cell, Flow
from credit.applications.contract import Refusal
from credit.approval.contract import Event as Approval
from credit.codes import Partner
from credit.contracts.contract import ContractSigned
from credit.contracts.states import SignMode
from credit.repayment.contract import Event as Repayment
from credit.room import RequestRefusal
from credit.scoring.contract import Event as Scoring
from credit.times import DAY_MS, HOUR_MS, MINUTE_MS, instant
from lendrill.assembly import live_blueprints
from scenarios.loading import load_scenario
from tests.live.banks import (
    CASE,
    LOAN,
    SCENARIO,
    START,
    answers,
    applied,
    events,
    form,
    go,
    look,
    names,
    pass_time,
    sequencer,
)


class Watched(Around):
    """Says at each commit since when the bank waits for it; the first one fails."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.said: list[float | None] = []
        self.bank: Any = None

    def append(self, entries: Sequence[Entry], epoch: int | None = None) -> None:
        self.said.append(self.bank.waits_since)
        if len(self.said) == 1:
            raise StoreError("away")
        super().append(entries, epoch)


def test_a_store_that_takes_its_time_is_waited_for_from_the_first_moment_on(tmp_path: Path) -> None:
    """A leader whose disk is slow gives no more signs of life (`actors.sites.site`), as one whose disk is full."""
    bank = sequencer(tmp_path)
    bank._store = watched = Watched(bank._store)
    watched.bank = bank
    go(bank, bank.until + 1_000)
    assert watched.said[0] is not None
    assert watched.said[1] == watched.said[0]
    assert bank.waits_since is None


def test_mr_zhang_is_decided_signs_is_paid_out_and_repays_to_the_fen(tmp_path: Path) -> None:
    bank = sequencer(tmp_path)
    came = instant(dt.date(2026, 2, 10), 10)
    go(bank, came, every_ms=HOUR_MS)
    done = go(bank, came + 10, applied(77))
    assert answers(done) == [(77, CASE, 0)]
    done = pass_time(bank, bank.until + MINUTE_MS)
    [approved] = events(done, Approval.APPLICATION_APPROVED)
    assert approved["at"] - came < 5_000
    [contract] = look(bank, "contracts", "contracts", "case", CASE)
    signed = ContractSigned.rows(
        1, at=0, case=CASE, round=0, attempt=1, mode=SignMode.ELECTRONIC, confirmed_at=bank.until, request=78
    )
    assert contract["amount_fen"] == 5_000_000
    done = go(bank, bank.until + 1_000, Command(ContractSigned, signed))
    assert answers(done) == [(78, CASE, 0)]
    done = pass_time(bank, bank.until + 10 * MINUTE_MS)
    assert "LOAN_DISBURSED" in names(done)
    done = go(bank, bank.until + 390 * DAY_MS, every_ms=HOUR_MS)
    paid = events(done, Repayment.INSTALMENT_PAID)
    assert (len(paid), int(paid["amount_fen"].sum())) == (12, 5_163_986)
    assert not len(look(bank, "repayment", "loans", "loan", LOAN))


def test_the_same_request_is_done_once_and_answered_alike(tmp_path: Path) -> None:
    bank = sequencer(tmp_path)
    first = answers(go(bank, bank.until + 10, applied(5), applied(5)))
    again = answers(go(bank, bank.until + 10, applied(5)))
    assert {*first, *again} == {(5, CASE, 0)}
    other = form(5)
    other["amount_fen"] = 4_000_000
    taken = answers(go(bank, bank.until + 10, Command(applied().kind, other)))
    assert taken == [(5, 0, int(RequestRefusal.NUMBER_TAKEN))]


def test_a_refusal_says_why_and_changes_nothing(tmp_path: Path) -> None:
    bank = sequencer(tmp_path)
    wrong = form(6)
    wrong["term_months"] = 13
    assert answers(go(bank, bank.until + 10, Command(applied().kind, wrong))) == [(6, CASE, int(Refusal.TERM_OPTION))]
    assert answers(go(bank, bank.until + 10, applied(7))) == [(7, CASE + 1, 0)]


@pytest.mark.parametrize("shards", [1, 3])
def test_a_bank_opened_again_is_the_same_bank(tmp_path: Path, shards: int) -> None:
    bank = sequencer(tmp_path, shards=shards)
    go(bank, bank.until + 10, *(applied(request, 1 + request % 4) for request in range(1, 9)))
    pass_time(bank, bank.until + MINUTE_MS)
    bank.keep(bank.snapshot())
    go(bank, bank.until + 3 * DAY_MS, applied(20), every_ms=HOUR_MS)
    again = sequencer(tmp_path, shards=shards)
    assert (again.chain, again.number, again.until, again.due) == (bank.chain, bank.number, bank.until, bank.due)
    assert again.figures.replayed < bank.number
    assert answers(go(again, again.until + 10, applied(20))) == [(20, CASE + 2, 0)]


def test_snapshots_make_no_difference(tmp_path: Path) -> None:
    chains = []
    for kept in (False, True):
        (tmp_path / str(kept)).mkdir()
        bank = sequencer(tmp_path / str(kept))
        go(bank, bank.until + 10, applied(1))
        for _ in range(4):
            if kept:
                bank.keep(bank.snapshot())
            go(bank, bank.until + DAY_MS, every_ms=HOUR_MS)
        chains.append(bank.chain)
    assert chains[0] == chains[1]


class _Dies(SqliteStore):
    """A store whose process is killed just after a commit."""

    def append(self, entries: Any, epoch: int | None = None) -> None:
        super().append(entries)
        raise KeyboardInterrupt


def test_what_was_durable_when_the_process_died_is_done_once(tmp_path: Path) -> None:
    bank = sequencer(tmp_path)
    bank._store.close()
    bank._store = _Dies(tmp_path / "daybook.db")
    bank._epoch = bank._store.enter()
    with pytest.raises(KeyboardInterrupt):
        go(bank, bank.until + 10, applied(9))
    again = sequencer(tmp_path)
    assert again.number == 1
    assert answers(go(again, again.until + 10, applied(9))) == [(9, CASE, 0)]


def test_a_later_writer_fences_the_one_before(tmp_path: Path) -> None:
    first, second = sequencer(tmp_path), sequencer(tmp_path)
    with pytest.raises(Fenced, match="taken the bank over"):
        go(first, first.until + 10, applied(1))
    assert first.number == 0
    assert answers(go(second, second.until + 10, applied(1))) == [(1, CASE, 0)]


def test_windows_end_at_midnights_and_commands_fall_into_theirs(tmp_path: Path) -> None:
    bank = sequencer(tmp_path)
    midnight = (bank.until // DAY_MS + 1) * DAY_MS
    early, late, next_day = applied(1), applied(2), applied(3)
    early.rows["at"], late.rows["at"], next_day.rows["at"] = 0, midnight - 1, midnight
    bank.cut(midnight + HOUR_MS, [early, late, next_day])
    done = bank.collect(), bank.collect()
    assert [[(one.start, one.until) for one in block.block] for block in done] == [
        [(START, midnight)],
        [(midnight, midnight + HOUR_MS)],
    ]
    told = {row["request"]: row["at"] for block in done for part in block.told for row in part.answers}
    assert (told[1], told[2], told[3]) == (START, midnight - 1, midnight)


def test_another_policy_does_not_pass_for_the_bank_that_was(tmp_path: Path) -> None:
    bank = sequencer(tmp_path)
    go(bank, bank.until + 10, applied(1))
    go(bank, bank.until + 10 * DAY_MS, every_ms=HOUR_MS)
    go(bank, bank.until + 10)
    other = load_scenario("zhang_consumer_loan", {"run.seed": 4})
    with pytest.raises(Damaged, match="worked anew"):
        sequencer(tmp_path, scenario=other)


class _Loses(LocalExecutor):
    """An executor that loses a cell now and then, as Ray does when a process is killed."""

    def __init__(self, when: int, cell: Cell) -> None:
        super().__init__()
        self._left, self._cell = when, cell
        self.lost = 0

    def get(self, handles: Any) -> list[Any]:
        self._left -= 1
        if self._left == 0:
            self.lost += 1
            self.hosts[self._cell] = StageHost(self._blueprints[self._cell])  # what it knew is gone
            raise CellLost(self._cell, "killed")
        return super().get(handles)

    def start(self, blueprints: Any, states: Any) -> None:
        self._blueprints = {blueprint.cell: blueprint for blueprint in blueprints}
        super().start(blueprints, states)


@pytest.mark.parametrize("room", ["applications", "approval", "ledger"])
@pytest.mark.parametrize("when", [1, 4])
def test_a_lost_cell_is_built_anew_and_everybody_is_answered_once(tmp_path: Path, room: str, when: int) -> None:
    for name in ("whole", "lost"):
        (tmp_path / name).mkdir()
    whole = sequencer(tmp_path / "whole")
    executor = _Loses(when, Cell(room, 0))
    lost = sequencer(tmp_path / "lost", executor=executor)
    told = {whole: [], lost: []}  # type: ignore[var-annotated]
    for bank in (whole, lost):
        for step in range(6):
            commands = [applied(step + 1)]
            commands[0].rows["at"] = bank.until
            bank.cut(bank.until + 500, commands)
            try:
                while bank.under_way:
                    told[bank].append(bank.collect())
            except CellLost:
                told[bank] += list(bank.rebuild())
    assert executor.lost == 1
    assert lost.chain == whole.chain
    assert answers(told[lost]) == answers(told[whole])
    assert names(told[lost]) == names(told[whole])


def test_a_chain_that_does_not_agree_is_damage(tmp_path: Path) -> None:
    bank = sequencer(tmp_path)
    go(bank, bank.until + 10, applied(1))
    go(bank, bank.until + 10)
    entries = [entry._replace(chain="0" * 32) if entry.proved == 0 else entry for entry in bank._store.read()]
    (tmp_path / "other").mkdir()
    store = SqliteStore(tmp_path / "other" / "daybook.db")
    store.found("zhang")
    epoch = store.enter()
    store.append([Entry(*entry._replace(epoch=epoch)) for entry in entries])
    store.close()
    with pytest.raises(Damaged, match="after window 0"):
        sequencer(tmp_path / "other")


def test_shards_deal_commands_out_and_tell_the_same(tmp_path: Path) -> None:
    found = []
    for shards in (1, 2):
        (tmp_path / str(shards)).mkdir()
        bank = sequencer(tmp_path / str(shards), shards=shards)
        done = go(bank, bank.until + 10, *(applied(request, 1 + request % 4) for request in range(1, 9)))
        done += pass_time(bank, bank.until + MINUTE_MS)
        found.append((bank.chain, sorted(answers(done)), sorted(names(done))))
    assert found[0] == found[1]


def test_the_blueprints_of_a_live_bank_serve_every_branch_once() -> None:
    flow = Flow(2)
    cells = [blueprint.cell for blueprint in live_blueprints(SCENARIO, flow, (), arrivals=False)]
    assert cells == flow.cells
    assert len(np.unique([str(cell) for cell in cells])) == len(cells)


class _Away(SqliteStore):
    """A store that does not answer for a while."""

    away = 0

    def append(self, entries: Any, epoch: int | None = None) -> None:
        if self.away:
            self.away -= 1
            raise StoreError("away")
        super().append(entries)


def test_a_store_that_is_away_for_a_while_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.sequencer._STORE_RETRY_S", 0.0)
    bank = sequencer(tmp_path)
    bank._store.close()
    bank._store = store = _Away(tmp_path / "daybook.db")
    bank._epoch, store.away = store.enter(), 3
    assert answers(go(bank, bank.until + 10, applied(1))) == [(1, CASE, 0)]
    assert bank.figures.store_away == 3
    monkeypatch.setattr("actors.sequencer.STORE_PATIENCE_S", 0.0)
    store.away = 10
    with pytest.raises(StoreError, match="away"):
        go(bank, bank.until + 10, applied(2))


@pytest.mark.parametrize("error", [Fenced, Damaged])
def test_a_store_that_will_never_take_a_window_is_not_asked_again(tmp_path: Path, error: type[StoreError]) -> None:
    class Refuses(Around):
        def append(self, entries: Sequence[Entry], epoch: int | None = None) -> None:
            raise error("never")

    def waits(_: float) -> None:
        raise AssertionError("it waits for the store")

    bank = sequencer(tmp_path)
    bank._store, bank._pause = Refuses(bank._store), waits
    with pytest.raises(error, match="never"):
        go(bank, bank.until + 10, applied(1))
    assert bank.figures.store_away == 0


def test_who_follows_a_book_that_has_become_another_tells_all_of_it(tmp_path: Path) -> None:
    """Also windows of which the same numbers were told before, of the book that it was."""
    for name, requests in (("one", (1, 2)), ("other", (7, 8))):
        (tmp_path / name).mkdir()
        leads = sequencer(tmp_path / name)
        for request in requests:
            go(leads, leads.until + 10, applied(request))
    follows = sequencer(tmp_path / "one", opened=False)
    assert answers(follows.follow()) == [(1, CASE, 0), (2, CASE + 1, 0)]
    assert answers(follows.follow()) == []
    follows._store = SqliteStore(tmp_path / "other" / "daybook.db")
    assert answers(follows.follow()) == [(7, CASE, 0), (8, CASE + 1, 0)]
    assert (follows.chain, follows.number) == (leads.chain, leads.number)


def test_a_book_worked_again_is_compared_with_its_snapshots_too(tmp_path: Path) -> None:
    """The newest window's chain stands nowhere else: the next window would have told it."""

    class Forged(Around):
        def snapshot(self, number: int) -> Snapshot:
            return super().snapshot(number)._replace(chain="0" * 32)

    bank, flow = sequencer(tmp_path), Flow(1)
    for request in (1, 2):
        go(bank, bank.until + 10, applied(request))
    bank.keep(bank.snapshot())
    cells = live_blueprints(SCENARIO, flow, (), arrivals=False)
    found = replay(bank._store, flow, cells, LocalExecutor())
    assert (found.windows, found.compared, found.chain) == (2, 2, bank.chain)
    with pytest.raises(Diverged, match="windows 1 to 1: worked again"):
        replay(Forged(bank._store), flow, cells, LocalExecutor())


def test_a_bank_to_which_nobody_comes_by_himself_does_not_draw_who_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten years of visits, at every opening."""
    monkeypatch.delattr("sim.arrivals.drawn_visits")
    assert sequencer(tmp_path).number == 0


@pytest.mark.parametrize("shards", [1, 3])
def test_partners_that_are_told_of_are_away_in_every_shard_and_when_the_book_is_worked_again(
    tmp_path: Path, shards: int
) -> None:
    bank = sequencer(tmp_path, shards=shards)
    go(bank, bank.until + MINUTE_MS, *befalls(shards, Partner.BUREAU))
    bank.keep(bank.snapshot())
    done = go(bank, bank.until + 1, applied(1), applied(2, branch=2)) + pass_time(bank, bank.until + MINUTE_MS)
    assert sorted(set(events(done, Scoring.BUREAU_UNAVAILABLE)["case"].tolist())) == [CASE, 2 * 10**9 + 1]
    done = go(bank, bank.until + MINUTE_MS, *over(shards)) + pass_time(bank, bank.until + DAY_MS)
    assert len(events(done, Approval.APPLICATION_APPROVED)) == 2
    again = sequencer(tmp_path, shards=shards)
    assert (again.chain, again.number) == (bank.chain, bank.number)
