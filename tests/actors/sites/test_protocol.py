"""Sites: who may lead, what a leader and those who follow hold, and what becomes of a book that went another way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from actors.book.sqlite import SqliteStore
from actors.book.store import Entry, Fenced
from actors.sites.receiver import Away, Receiver
from actors.sites.replicated import ReplicatedStore
from actors.sites.witness import CLOCK_HEARD_MS, CLOCKS_APART_MS, Configuration, NotYours, Terms, Witness, WrongClock
from tests.actors.book.books import entries, entry

BANK = "a bank"


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def witness(clock: Clock) -> Witness:
    return Witness(clock, lambda _: None, terms=Terms(silent_ms=1_000, remote_ms=300_000))


@dataclass
class Line:
    """A line that can be cut, or lose the answer to one kind of call; `far` is what stands at its end."""

    far: Any
    cut: bool = False
    loses: str = ""

    def __getattr__(self, method: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            if self.cut:
                raise Away("cut")
            answer = getattr(self.far, method)(*arguments)
            if method == self.loses:
                raise Away("the answer was lost")
            return answer

        return call


@dataclass
class Bank:
    """Three sites with books in a folder."""

    folder: Path
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.witness = witness(self.clock)
        self.keepers = {name: Line(self.witness) for name in ("a", "b", "far")}
        self.books = {name: Receiver(self._store(f"{name}-0"), self._anew(name)) for name in self.keepers}
        self.lines = {
            (here, there): Line(self.books[there]) for here in self.books for there in self.books if here != there
        }
        self.sites = {
            here: ReplicatedStore(
                here,
                self.books[here],
                {t: line for (h, t), line in self.lines.items() if h == here},
                self.keepers[here],
            )
            for here in self.books
        }
        for site in self.sites.values():
            site.found(BANK)

    def _store(self, name: str) -> SqliteStore:
        store = SqliteStore(self.folder / f"{name}.db")
        store.found(BANK)
        return store

    def _anew(self, name: str) -> Callable[[], SqliteStore]:
        return lambda: self._store(f"{name}-{len(list(self.folder.glob(f'{name}-*.db')))}")

    def isolate(self, name: str, cut: bool = True) -> None:
        """Nothing passes between a site and all others, the witness among them; or passes again."""
        self.keepers[name].cut = cut
        for pair, line in self.lines.items():
            if name in pair:
                line.cut = cut

    def held(self, name: str) -> Sequence[Entry]:
        return list(self.books[name].store.read())


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    """`a` leads, `b` is in step, `far` is fed."""
    bank = Bank(tmp_path)
    epoch = bank.sites["a"].enter()
    bank.sites["a"].append(entries(range(3), epoch))
    bank.sites["a"].admit("b")
    bank.sites["a"].feed("far")
    return bank


@pytest.mark.requirement("DR-07.b")
def test_a_window_is_in_every_book_in_step_when_it_is_appended(bank: Bank) -> None:
    bank.sites["a"].append(entries(range(3, 5), 1))
    assert bank.held("b") == bank.held("a") == entries(range(5), 1)
    assert bank.held("far") == entries(range(3), 1)
    assert bank.books["a"].store.standing() == bank.books["b"].store.standing()


@pytest.mark.requirement("DR-07.c", "DR-09.a")
def test_a_site_in_step_takes_over_with_every_window_and_the_leader_before_is_fenced(bank: Bank) -> None:
    bank.sites["a"].append(entries(range(3, 5), 1))
    bank.isolate("a")
    with pytest.raises(NotYours, match=r"a was heard 0\.0 s ago"):
        bank.sites["b"].enter()
    bank.clock.now = 1_000
    assert bank.sites["b"].enter() == 2
    bank.sites["b"].append([entry(5, 2)])
    with pytest.raises(Away):
        bank.sites["a"].append([entry(5, 1)])
    bank.isolate("a", cut=False)
    with pytest.raises(Fenced):
        bank.sites["a"].append([entry(5, 1)])
    bank.sites["b"].admit("a")
    assert bank.held("a") == bank.held("b") == [*entries(range(5), 1), entry(5, 2)]
    assert len(list(bank.folder.glob("a-*.db"))) == 2, "the book that went another way is set aside, not lost"


def test_a_site_in_step_that_has_lost_its_book_is_brought_up_to_date_with_the_next_window(bank: Bank) -> None:
    bank.books["b"].renew(1, BANK, None)
    bank.sites["a"].append([entry(3, 1)])
    assert bank.held("b") == bank.held("a") == entries(range(4), 1)


def test_a_site_takes_no_window_from_a_leader_it_does_not_follow(bank: Bank) -> None:
    with pytest.raises(Fenced, match="follows the leader of epoch 1, not of 2"):
        bank.books["b"].append(2, bank.books["b"].store.standing(), [entry(3, 2)])
    assert bank.held("b") == entries(range(3), 1)


@pytest.mark.requirement("DR-07.b")
def test_the_bank_goes_on_without_a_site_once_the_witness_knows(bank: Bank) -> None:
    bank.isolate("b")
    bank.sites["a"].append([entry(3, 1)])
    assert bank.witness.configuration().in_step == ("a",)
    bank.clock.now = 200_000
    bank.isolate("b", cut=False)
    with pytest.raises(NotYours):
        bank.sites["b"].enter()
    bank.sites["a"].admit("b")
    assert bank.held("b") == bank.held("a")
    assert bank.witness.configuration().in_step == ("a", "b")


def test_nothing_is_done_while_neither_the_other_site_nor_the_witness_answers(bank: Bank) -> None:
    bank.isolate("a")
    with pytest.raises(Away):
        bank.sites["a"].append([entry(3, 1)])
    bank.isolate("a", cut=False)
    bank.sites["a"].append([entry(3, 1)])
    assert bank.held("a") == bank.held("b") == entries(range(4), 1)


def _out_of_step(bank: Bank) -> None:
    bank.isolate("b")
    bank.sites["a"].append([entry(3, 1)])
    bank.isolate("b", cut=False)


def _let_in_unheard(bank: Bank) -> None:
    """The witness lets a site in, and its answer is lost."""
    _out_of_step(bank)
    bank.keepers["a"].loses = "keep_in_step"
    with pytest.raises(Away):
        bank.sites["a"].admit("b")


@pytest.mark.requirement("DR-07.b")
def test_a_site_that_was_let_in_holds_every_window_though_the_leader_did_not_hear_of_it(bank: Bank) -> None:
    _let_in_unheard(bank)
    assert bank.witness.configuration().in_step == ("a", "b")
    bank.sites["a"].append([entry(4, 1)])
    assert bank.held("b") == bank.held("a") == entries(range(5), 1)
    bank.isolate("b")
    with pytest.raises(Away):
        bank.sites["a"].append([entry(5, 1)])
    bank.keepers["a"].loses = ""
    bank.sites["a"].append([entry(5, 1)])
    assert bank.sites["a"].configuration == bank.witness.configuration()
    assert bank.witness.configuration().in_step == ("a",)


def test_a_site_that_was_put_out_unheard_is_let_in_again(bank: Bank) -> None:
    bank.isolate("b")
    bank.keepers["a"].loses = "keep_in_step"
    with pytest.raises(Away):
        bank.sites["a"].append([entry(3, 1)])
    bank.isolate("b", cut=False)
    bank.keepers["a"].loses = ""
    bank.sites["a"].append([entry(3, 1)])
    assert "b" not in bank.sites["a"].configuration.in_step, "nobody is taken to be in step for sure"
    bank.sites["a"].admit("b")
    assert bank.sites["a"].configuration == bank.witness.configuration()
    assert bank.witness.configuration().in_step == ("a", "b")


def test_a_change_that_may_still_be_on_its_way_is_made_anew_before_anything_is_taken_for_sure(bank: Bank) -> None:
    _out_of_step(bank)
    bank.keepers["a"].loses = "keep_in_step"
    sound, bank.keepers["a"].far = bank.witness, Line(bank.witness, cut=True)
    with pytest.raises(Away):
        bank.sites["a"].admit("b")
    bank.keepers["a"].far, bank.keepers["a"].loses = sound, ""
    seen = bank.witness.configuration()
    bank.isolate("b")
    bank.sites["a"].append([entry(4, 1)])
    with pytest.raises(Fenced):
        bank.witness.keep_in_step("a", seen, ["b"])  # comes too late
    bank.isolate("b", cut=False)
    bank.sites["a"].admit("b")
    assert bank.held("b") == bank.held("a")
    assert bank.witness.configuration().in_step == ("a", "b")


@pytest.mark.requirement("DR-09.a")
def test_a_leader_alone_in_step_that_was_silent_answers_nobody_once_another_leads(bank: Bank) -> None:
    _out_of_step(bank)
    bank.clock.now = 300_000
    assert bank.sites["far"].enter() == 2
    with pytest.raises(Fenced, match="a: far leads since epoch 2"):
        bank.sites["a"].append([entry(4, 1)])


@pytest.mark.requirement("DR-08.a", "DR-08.b", "DR-09.a")
def test_a_site_far_away_takes_over_after_the_preset_time_of_silence_of_all_in_step(bank: Bank) -> None:
    bank.clock.now = 299_999
    bank.witness.heard("b")
    with pytest.raises(NotYours, match=r"b was heard 0\.0 s ago; another site takes over after 300\.0 s"):
        bank.sites["far"].enter()
    bank.clock.now += 300_000
    assert bank.sites["far"].enter() == 2
    assert bank.witness.configuration() == Configuration(3, 2, "far", ("far",))


def test_who_has_a_clock_of_his_own_is_not_heard_and_does_not_take_over(clock: Clock) -> None:
    """Where more clocks agree with another one; of two clocks nobody knows which is wrong."""
    witness = Witness(clock, lambda _: None, wall=lambda: 50_000)
    led = witness.take_over("a", witness.configuration())
    led = witness.keep_in_step("a", led, ["b"])
    witness.heard("a", 3_650_000)
    clock.now += 500
    witness.heard("b", 50_100)
    said = r"a: its clock is 3,600\.0 s ahead of the witness's; 2 clocks agree with one another, 0 with it"
    with pytest.raises(WrongClock, match=said):
        witness.heard("a", 3_650_000)
    witness.heard("a", 50_000 + CLOCKS_APART_MS)
    with pytest.raises(WrongClock, match="behind"):
        witness.heard("b", 50_000 - CLOCKS_APART_MS - 1)
    clock.now += 5_000
    with pytest.raises(WrongClock):
        witness.take_over("b", led)
    witness.heard("b", 50_000)
    assert witness.take_over("b", led).leader == "b"


def test_the_clock_of_the_witness_may_be_the_wrong_one(clock: Clock) -> None:
    witness = Witness(clock, lambda _: None, wall=int)
    for name in ("a", "b", "a"):
        assert witness.heard(name, 77_000_000) == witness.configuration()


def test_one_clock_alone_with_the_witness_is_believed_and_people_may_choose_a_wrong_one(clock: Clock) -> None:
    witness = Witness(clock, lambda _: None, wall=int)
    witness.heard("a", 10**9)
    led = witness.take_over("a", witness.configuration())
    clock.now += CLOCK_HEARD_MS + 1
    witness.heard("b", 0)
    with pytest.raises(WrongClock):
        witness.heard("a", 10**9)
    assert witness.take_over("a", led, ("王", "李")).leader == "a"


def test_what_a_site_said_of_its_clock_counts_no_longer_than_it_is_said_to(clock: Clock) -> None:
    """Two sites that agreed with one another are gone; of the two clocks that are left nobody knows which is wrong."""
    witness = Witness(clock, lambda _: None, wall=int)
    for gone in ("a", "far"):
        witness.heard(gone, 10**9)
    clock.now = CLOCK_HEARD_MS
    with pytest.raises(WrongClock, match=r"2 clocks agree with one another, 0 with it"):
        witness.heard("b", 2 * 10**9)
    clock.now += 1
    assert witness.heard("b", 2 * 10**9) == witness.configuration()


def test_a_site_whose_clock_was_wrong_long_ago_may_take_over(clock: Clock) -> None:
    witness = Witness(clock, lambda _: None, wall=int)
    led = witness.take_over("a", witness.configuration())
    led = witness.keep_in_step("a", led, ["b"])
    with pytest.raises(WrongClock):
        [witness.heard(name, ahead) for name, ahead in (("a", 0), ("b", 10**9))]
    clock.now = CLOCK_HEARD_MS
    with pytest.raises(WrongClock):
        witness.take_over("b", led)
    clock.now += 1
    assert witness.take_over("b", led).leader == "b"


@pytest.mark.requirement("DR-10.b")
def test_two_people_switch_by_hand_and_one_alone_does_not(bank: Bank) -> None:
    seen = bank.witness.configuration()
    for alone in (["Li"], ["Li", "Li"]):
        with pytest.raises(NotYours, match="decided by 2 people; Li is alone"):
            bank.witness.take_over("far", seen, alone)
    assert bank.witness.take_over("far", seen, ["Li", "Wang"]).leader == "far"


@pytest.mark.requirement("DR-10.a")
def test_a_planned_switch_loses_nothing_and_both_stay_in_step(bank: Bank) -> None:
    with pytest.raises(NotYours, match="far is not in step with a; wait until it is, or choose one of b"):
        bank.sites["a"].hand_over("far")
    bank.sites["a"].hand_over("b")
    with pytest.raises(Fenced):
        bank.sites["a"].append([entry(3, 1)])
    assert bank.sites["b"].enter() == 3
    bank.sites["b"].append([entry(3, 3)])
    assert bank.held("a") == bank.held("b")


@pytest.mark.requirement("DR-10.a")
def test_a_planned_switch_is_not_made_to_a_site_that_does_not_answer(bank: Bank) -> None:
    bank.lines["a", "b"].cut = True
    with pytest.raises(NotYours, match="b is not in step with a"):
        bank.sites["a"].hand_over("b")
    assert bank.witness.configuration().leader == "a"
    bank.sites["a"].append([entry(3, 1)])
    assert bank.held("a") == entries(range(4), 1)


@pytest.mark.requirement("DR-10.a")
def test_a_planned_switch_takes_a_window_along_that_nobody_was_answered_for_yet(bank: Bank) -> None:
    bank.isolate("a")
    with pytest.raises(Away):
        bank.sites["a"].append([entry(3, 1)])
    bank.isolate("a", cut=False)
    bank.sites["a"].hand_over("b")
    assert bank.held("b") == bank.held("a") == entries(range(4), 1)


@pytest.mark.requirement("DR-10.a")
def test_a_planned_switch_is_made_to_a_site_that_was_let_in_unheard(bank: Bank) -> None:
    _let_in_unheard(bank)
    bank.keepers["a"].loses = ""
    assert bank.sites["a"].hand_over("b").leader == "b"
    assert bank.held("b") == bank.held("a") == entries(range(4), 1)


def test_who_does_not_know_how_things_stand_changes_nothing(bank: Bank) -> None:
    old = bank.witness.configuration()
    bank.witness.keep_in_step("a", old, ["b"])
    for change in (
        lambda: bank.witness.take_over("b", old, ["Li", "Wang"]),
        lambda: bank.witness.hand_over("a", old, "b"),
        lambda: bank.witness.keep_in_step("a", old, []),
    ):
        with pytest.raises(Fenced, match="have changed meanwhile"):
            change()
    with pytest.raises(NotYours, match="b does not lead: a does"):
        bank.witness.keep_in_step("b", bank.witness.configuration(), ["b"])


def test_a_site_is_let_in_with_what_was_appended_while_it_was_brought_up_to_date(bank: Bank) -> None:
    bank.isolate("b")
    bank.sites["a"].append([entry(3, 1)])
    bank.isolate("b", cut=False)
    far, line = bank.books["b"], bank.lines["a", "b"]

    class Meanwhile:
        """The other site, which takes its time with the first windows."""

        def __getattr__(self, method: str) -> Any:
            return getattr(far, method)

        def append(self, *arguments: Any) -> Any:
            line.far = far
            said = far.append(*arguments)
            bank.sites["a"].append([entry(4, 1)])
            return said

    line.far = Meanwhile()
    bank.sites["a"].admit("b")
    assert bank.held("b") == bank.held("a") == entries(range(5), 1)


def test_a_leader_whose_own_book_follows_another_sends_nothing_on(bank: Bank) -> None:
    """Not even what its book has already, since an answer was not heard."""
    bank.books["a"].store.append([entry(3, 1)], 1)
    bank.books["a"].store.enter(2)
    with pytest.raises(Fenced, match="its book follows the leader of epoch 2"):
        bank.sites["a"].append([entry(3, 1)])
    assert bank.held("b") == entries(range(3), 1)


def test_a_leader_that_another_site_fences_says_so_whether_the_witness_answers_or_not(bank: Bank) -> None:
    bank.books["b"].enter(2, BANK)
    bank.keepers["a"].cut = True
    with pytest.raises(Fenced):
        bank.sites["a"].append([entry(3, 1)])


def test_a_leader_that_was_renews_no_book(bank: Bank) -> None:
    bank.books["b"].enter(5, BANK)
    for _ in range(2):
        with pytest.raises(Fenced, match="follows the leader of epoch 5, not of 2"):
            bank.books["b"].renew(2, BANK, None)
    assert bank.held("b") == entries(range(3), 1)


def test_a_damaged_book_is_copied_anew_while_another_site_has_it(bank: Bank) -> None:
    bank.books["b"].damage = "a byte changed"
    bank.sites["a"].append([entry(3, 1)])
    assert bank.witness.configuration().in_step == ("a",)
    bank.sites["a"].admit("b")
    assert not bank.books["b"].damage
    assert bank.held("b") == bank.held("a") == entries(range(4), 1)
