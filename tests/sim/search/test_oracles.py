"""What the fault search demands: each demand is shown a world in which that alone is not so, and names it. In a sound world none
of them says anything."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from random import Random
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from actors.book.store import Damaged, Standing
from actors.replay import Diverged
from actors.sites.witness import Configuration
from actors.topology import Cell
from credit.errors import InvariantViolation
from credit.times import MINUTE_MS, NEVER
from lendrill.search import searcher
from sim.search import backups, run
from sim.search.backups import POLICY
from sim.search.customers import Answer, Broken, Customers
from sim.search.plan import NEAR, PROOF, Fault, fault_of
from sim.search.run import settled, unsettled
from sim.search.sites import Wrong
from sim.search.world import TERMS, TICK_MS, World

RESTORES = "29 restore primary witness 1 1"
MARGIN_MS = POLICY.retry_minutes * MINUTE_MS


@contextmanager
def a_world(*faults: str) -> Iterator[World]:
    """A bank with one customer and nothing amiss yet."""
    one = searcher()
    for cells in one._cells.values():
        cells.lost_in = 0
    plan: list[Fault] = [fault_of(fault) for fault in faults]
    customers = Customers(Random(1), one._form, 1, 2)
    with closing(World(one._bank, plan, customers, one._cells, MINUTE_MS)) as world:
        yield world


def until(world: World, holds: Callable[[World], object]) -> World:
    for _ in range(40):
        if holds(world):
            return world
        world.step()
    raise AssertionError(unsettled(world))


@pytest.fixture
def world() -> Iterator[World]:
    """All is well: both near sites are in step, all sites hold the same, and the customer is answered."""
    with a_world() as one:
        yield until(one, lambda one: one.tick > 3 and settled(one))


@pytest.fixture
def backed_up() -> Iterator[World]:
    """The same with backups of the primary, of which two hold the whole book."""
    with a_world(RESTORES) as one:
        yield until(one, lambda one: one.tick > 20 and one.backups and one.backups.made_at > 0 and settled(one))


def promises(world: World) -> str:
    return searcher()._promises(world)


def book(*windows: Any) -> Any:
    return SimpleNamespace(store=SimpleNamespace(read=lambda: iter(windows)), damage="")


def test_a_sound_world_breaks_no_promise(world: World) -> None:
    assert unsettled(world) == ""
    assert promises(world) == ""
    world.step()
    assert world.windows >= world.tick - 1


# in the end -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NEAR)
def test_books_that_differ(world: World, name: str) -> None:
    *others, last = world.sites[name].receiver.store.read()
    world.sites[name].receiver = book(*others, last._replace(until=last.until + 1))
    assert promises(world) == "the books of the sites differ"


@pytest.mark.parametrize("error", [Diverged("window 3 is another"), Damaged("window 3 is damaged")])
def test_a_bank_that_can_not_be_worked_again(world: World, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise error

    monkeypatch.setattr(run, "replay", fails)
    assert promises(world) == str(error)


def test_a_bank_that_is_not_what_its_book_says(world: World) -> None:
    [leader] = [site for site in world.sites.values() if site.leads]
    leader.bank = SimpleNamespace(chain="another")
    assert re.fullmatch(r"worked again the bank has the chain \w+, it has another", promises(world))


@pytest.mark.parametrize("off_by", [1, -250])
def test_a_ledger_that_does_not_balance(world: World, off_by: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def ledger(*sides: tuple[int, int]) -> Any:
        rows = np.array(list(sides), dtype=[("debit_fen", np.int64), ("credit_fen", np.int64)])
        return SimpleNamespace(export_state=lambda: {"bank.accounts": rows})

    def cells(wrong: int) -> Any:
        first, second = ledger((700, 0), (0, 300 - wrong)), ledger((0, 400))
        return SimpleNamespace(hosts={Cell("ledger", 0): first, Cell("ledger", 1): second, Cell("scoring", 0): None})

    [leader] = [site for site in world.sites.values() if site.leads]
    monkeypatch.setattr(run, "replay", lambda *_: SimpleNamespace(chain=leader.bank.chain))
    for wrong, said in ((0, ""), (off_by, f"the trial balance is {off_by} fen")):
        leader.cells = cells(wrong)
        monkeypatch.setitem(searcher()._cells, PROOF, leader.cells)
        assert promises(world) == said


def test_a_ledger_that_is_not_what_the_book_says(world: World) -> None:
    """Though it balances, and what it said is the same: it was taken over with other accounts, say."""
    [leader] = [site for site in world.sites.values() if site.leads]
    sound = next(host for cell, host in leader.cells.hosts.items() if cell.room == "ledger").export_state()
    other = np.ones(1, sound["bank.accounts"].dtype)
    hosts = dict.fromkeys(leader.cells.hosts, SimpleNamespace(export_state=lambda: {"bank.accounts": other}))
    led: Any = SimpleNamespace(hosts=hosts)
    leader.cells = led
    assert re.fullmatch(r"worked again ledger.* holds other accounts than the bank", promises(world))


def test_what_does_not_come_to_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Customers, "unanswered", lambda _: [7])
    monkeypatch.setattr(run, "TICKS", 2)
    monkeypatch.setattr(run, "HEAL_TICKS", 2)
    assert searcher().run(1, []).wrong == "not healed: requests [7] are not answered"


def _leads_too(world: World) -> None:
    world.sites["same-city"].leads = True


def _waits(world: World) -> None:
    world.customers.requests[1].answer = None


def _looks(world: World) -> None:
    world.sites["remote"].looks_at = NEVER - 1


def _damaged(world: World) -> None:
    world.sites["remote"].receiver.damage = "a byte"


def _gone(world: World) -> None:
    world.sites["same-city"].receiver = None


def _apart(world: World) -> None:
    store = world.sites["remote"].receiver.store
    store.standing = lambda: Standing(1, 2, b"another")


def _out_of_step(world: World) -> None:
    now = world.witness.configuration()
    world.witness.keep_in_step(now.leader, now, ())


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_leads_too, "2 sites lead"),
        (_waits, r"requests \[1\] are not answered"),
        (_looks, "remote has not read its book yet"),
        (_damaged, "remote has no good book"),
        (_gone, "same-city has no good book"),
        (_apart, "the sites stand apart: .*another"),
        (_out_of_step, r"only \('primary',\) are in step"),
    ],
)
def test_what_is_still_to_come(world: World, spoil: Callable[[World], None], said: str) -> None:
    spoil(world)
    assert re.match(said, unsettled(world))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Wrong("two lead"), "tick 1: two lead"),
        (Broken("answered twice"), "tick 1: answered twice"),
        (KeyError("a row"), "tick 1: KeyError: 'a row'"),
    ],
)
def test_whatever_a_tick_raises_is_named_with_it(error: Exception, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: Any, __: Any) -> None:
        raise error

    monkeypatch.setattr(Customers, "write", fails)
    assert searcher().run(1, []).wrong == said


# at every tick --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NEAR)
def test_who_is_in_step_and_lacks_a_window_that_was_answered_for(world: World, name: str) -> None:
    site = world.sites[name]
    world.chains = {site.receiver.store.standing().number - 1: "the newest"}
    world._in_step_holds()
    [last] = world.chains
    site.receiver.store.standing = lambda: Standing(1, last, b"")
    with pytest.raises(Wrong, match=rf"{name} is in step and has {last} windows; window {last} was answered for"):
        world._in_step_holds()


def test_who_is_in_step_is_looked_at_in_every_tick(world: World) -> None:
    world.chains[10_000] = "far ahead"
    with pytest.raises(Wrong, match="is in step and has"):
        world.step()


def _answers_otherwise(world: World) -> None:
    site = world.sites["primary"]
    done: Any = SimpleNamespace(block=[SimpleNamespace(number=3)], told=())
    world._answer(site, done)
    site.bank = SimpleNamespace(chain="another")
    world._answer(site, done)


def _hands_over_to_nobody(world: World) -> None:
    world.sites["primary"].replicated.hand_over = lambda _: None
    world._hand_over(world.sites["primary"], "same-city")


def _hands_over_to_another(world: World) -> None:
    site, witness = world.sites["primary"], world.witness
    site.replicated.hand_over = lambda _: witness.take_over("remote", witness.configuration(), ("Li", "Wang"))
    world._hand_over(site, "same-city")


def _breaks_an_invariant(world: World) -> None:
    def turn(_: Any) -> None:
        raise InvariantViolation("ledger: it does not balance")

    world._on(world.sites["primary"], turn)


def _is_another_bank(world: World) -> None:
    world._die(world.sites["remote"], 0)
    world._store = lambda _: SimpleNamespace(found=lambda _: SimpleNamespace(identity="another"))  # type: ignore[method-assign, assignment, return-value]
    world._start(world.sites["remote"])


def _becomes_another(world: World) -> None:
    world._astray(world.sites["same-city"], Damaged("the bank worked anew has the chain x after window 3"))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_answers_otherwise, "window 3 became another at primary: .*, now another"),
        (_hands_over_to_nobody, "primary handed over to same-city, and primary leads since epoch 1"),
        (_hands_over_to_another, "primary handed over to same-city, and remote leads since epoch 2"),
        (_breaks_an_invariant, "primary: ledger: it does not balance"),
        (_is_another_bank, "remote holds another bank's book"),
        (_becomes_another, "same-city: the bank worked anew"),
    ],
)
def test_what_must_never_be(world: World, spoil: Callable[[World], None], said: str) -> None:
    with pytest.raises(Wrong, match=said):
        spoil(world)


def test_a_planned_switch_to_whom_it_was_meant_for_is_right(world: World) -> None:
    world.switch(world.sites["primary"])
    assert world.witness.configuration().leader == "same-city"


@pytest.mark.parametrize("alive", [("primary",), ("same-city",), NEAR])
def test_who_takes_over_out_of_step_while_others_live(world: World, alive: tuple[str, ...]) -> None:
    remote, seen = world.sites["remote"], Configuration(3, 2, "primary", NEAR)
    remote.bank = SimpleNamespace(number=2)
    world.tick = 100
    silent = world.tick - TERMS.remote_ms // TICK_MS
    world._heard = {name: silent + (name in alive) for name in NEAR}
    with pytest.raises(Wrong, match=f"remote leads, out of step, while {', '.join(alive)} live"):
        world._forget_from(remote, (), seen)
    world._forget_from(remote, ("Li", "Wang"), seen)
    world._heard = dict.fromkeys(NEAR, silent)
    world._forget_from(remote, (), seen)
    assert max(world.chains) == 1


def test_who_is_answered_otherwise_than_before() -> None:
    customers = Customers(Random(1), lambda number: None, 1, 2)  # type: ignore[arg-type, return-value]
    request = customers.requests[1]
    for window in (4, 9):
        customers._answered(request, Answer(77, 0, window), 5)
    assert request.answer == Answer(77, 0, 4)
    for other in (Answer(78, 0, 9), Answer(77, 3, 9)):
        with pytest.raises(Broken, match=r"request 1 was answered Answer\(number=77, .* first, and now Answer"):
            customers._answered(request, other, 9)


# backups --------------------------------------------------------------------------------------------------------------


def test_a_backup_is_no_older_than_its_interval_and_what_it_takes_to_try_again(backed_up: World) -> None:
    kept = backed_up.backups
    assert kept is not None
    allowed = POLICY.incremental_minutes * MINUTE_MS + MARGIN_MS + kept.tick_ms
    kept.able_since = kept.made_at
    kept.now_ms = kept.made_at + allowed
    kept.restore(0)
    kept.now_ms += MINUTE_MS
    with pytest.raises(Wrong, match=f"primary: no backup for {allowed // MINUTE_MS + 1} minutes"):
        kept.restore(0)
    kept.able_since += MINUTE_MS
    kept.restore(0)


def test_backups_in_one_place_only(backed_up: World) -> None:
    kept = backed_up.backups
    assert kept is not None
    kept.restore(0)
    next(kept._away.glob("*.backup")).unlink()
    with pytest.raises(Wrong, match=r"primary: backups [\w-]+\.backup are in one place only"):
        kept.restore(0)


def test_backups_that_can_not_be_restored(backed_up: World) -> None:
    kept = backed_up.backups
    assert kept is not None
    for path in [*kept._away.glob("*.backup"), *kept._keeper.folder.glob("*.backup")]:
        path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(Wrong, match="primary: its backups do not restore"):
        kept.restore(0)


def test_a_restored_bank_whose_state_is_another(backed_up: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: Any) -> None:
        raise Damaged("the bank worked anew has another chain")

    monkeypatch.setattr(backups, "worked", fails)
    kept = backed_up.backups
    assert kept is not None
    with pytest.raises(Wrong, match="primary: its backups do not restore: the bank worked anew has another chain"):
        kept.restore(0)


@pytest.mark.parametrize("what", ["seal", "length", "epoch"])
def test_a_book_that_is_restored_is_the_one_that_was_backed_up(backed_up: World, what: str) -> None:
    kept = backed_up.backups
    assert kept is not None
    kept.restore(0)
    if what == "seal":
        kept.book[-1] = kept.book[-1]._replace(seal=b"another")
    elif what == "length":
        kept.book.append(kept.book[-1])
    else:
        kept.epoch += 1
    with pytest.raises(Wrong, match=r"primary: restored Standing\(.*\), backed up was Standing\("):
        kept.restore(0)


def test_what_was_backed_up_is_restored_in_the_end(backed_up: World) -> None:
    kept = backed_up.backups
    assert kept is not None
    assert promises(backed_up) == ""
    kept.epoch += 1
    with pytest.raises(Wrong, match="backed up was"):
        promises(backed_up)
