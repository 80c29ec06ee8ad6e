"""A site as one of several: whom it passes calls on to, when it gives signs of life, when it leads, hands over and ends."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from actors.book.store import Damaged, Fenced, StoreError
from actors.clock import wall_ms
from actors.frames import FrameServer, Message
from actors.link import Moved
from actors.sites import site as sites
from actors.sites import wire
from actors.sites.receiver import Away
from actors.sites.site import Deposed, SiteServer
from actors.sites.witness import Configuration
from tests.actors.sites.bench import FAR, HERE, LED_BY_OTHER, LED_HERE, OTHER, Bench, going, run, until


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (("BEAT_S", 0.01), ("_FEED_S", 0.01), ("_MIRROR_S", 0.01), ("_MOVED_S", 0.01)):
        monkeypatch.setattr(sites, name, seconds)


class Leader(FrameServer):
    """The conductor of a leader, which says what it was asked; `moves`: it has just been deposed."""

    def __init__(self, moves: bool = False) -> None:
        super().__init__()
        self.heard: list[Message] = []
        self.moves = moves
        self.refusals = SiteServer.refusals

    async def answer(self, message: Message) -> Any:
        self.heard.append(message)
        if self.moves:
            raise Moved("not here")
        return f"answered {message['do']}"


async def reached(leader: Leader, folder: Path) -> Any:
    await leader.serve(folder / "leader.sock")
    return partial(asyncio.open_unix_connection, folder / "leader.sock")


def test_a_site_that_does_not_lead_has_the_leader_answer_and_says_that_it_was_passed_on(tmp_path: Path) -> None:
    async def work() -> None:
        leader = Leader()
        bench = Bench({OTHER: await reached(leader, tmp_path)})
        bench.site.seen = LED_BY_OTHER
        assert await SiteServer(bench.site).answer({"do": "submit", "n": 1}) == "answered submit"
        assert [one["passed"] for one in leader.heard] == [True]

    run(work)


def test_what_was_passed_on_once_is_not_passed_on_again(tmp_path: Path) -> None:
    async def work() -> None:
        leader = Leader()
        bench = Bench({OTHER: await reached(leader, tmp_path)})
        bench.site.seen = LED_BY_OTHER
        with pytest.raises(Moved, match="does not lead"):
            await SiteServer(bench.site).answer({"do": "submit", "n": 1, "passed": True})
        assert not leader.heard

    run(work)


def test_a_call_goes_to_the_next_leader_while_its_caller_waits(tmp_path: Path) -> None:
    async def work() -> None:
        leader = Leader()
        bench = Bench({OTHER: await reached(leader, tmp_path)})
        bench.site.seen = Configuration(2, 1, "")
        asked = asyncio.create_task(SiteServer(bench.site).answer({"do": "submit", "n": 1}))
        await asyncio.sleep(0.05)
        assert not asked.done()
        bench.site.seen = LED_BY_OTHER
        assert await asked == "answered submit"

    run(work)


def test_a_call_that_every_site_passes_on_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sites, "_PATIENCE_S", 0.1)

    async def work() -> None:
        leader = Leader(moves=True)
        bench = Bench({OTHER: await reached(leader, tmp_path)})
        bench.site.seen = LED_BY_OTHER
        with pytest.raises(Moved):
            await SiteServer(bench.site).answer({"do": "submit", "n": 1})
        assert len(leader.heard) > 1

    run(work)


def test_who_asks_how_things_stand_is_not_kept_waiting_for_a_leader() -> None:
    async def work() -> None:
        bench = Bench()
        with pytest.raises(Moved, match="no other site leads now"):
            await SiteServer(bench.site).answer({"do": "standing", "n": 1})

    run(work)


def test_whoever_leads_a_site_says_itself_how_it_stands_and_holds_what_it_is_told() -> None:
    async def work() -> None:
        bench = Bench()
        bench.site.seen, bench.receiver.damage = LED_BY_OTHER, "a page is damaged"
        server = SiteServer(bench.site)
        assert await server.answer({"do": "site", "n": 1}) == {
            "site": HERE, "sites": [HERE], "leads": False, "leader": OTHER, "epoch": 2, "in_step": [OTHER, HERE],
            "windows": 7, "seal": "0102",
            "damage": "a page is damaged", "wrong_clock": "", "worked": 6, "chain": "c",
        }  # fmt: skip
        call = {"n": 2, "do": "folder", "call": "told", "with": wire.packed(("it",))}
        assert wire.unpacked(await server.answer(call)) == "told it"
        with pytest.raises(StoreError, match="nothing to call 'close'"):
            await server.answer(call | {"do": "book", "call": "close"})

    run(work)


@pytest.mark.parametrize(
    ("damage", "waits", "well"),
    [("", (0.0, 0.0), True), ("damaged", (0.0, 0.0), False), ("", (1.5, 0.0), False), ("", (0.0, 11.0), False),
     ("", (0.9, 9.0), True)],
)  # fmt: skip
def test_a_site_that_is_damaged_or_stalls_gives_no_sign_of_life_but_looks_who_leads(
    damage: str, waits: tuple[float, float], well: bool
) -> None:
    async def work() -> None:
        bench = Bench()
        bench.receiver.damage, bench.live.waits, bench.live.opens = damage, waits, StoreError("not now")
        async with going(bench.site):
            await until(lambda: bench.site.seen)
        assert (bool(bench.beats.heard_of), bool(bench.beats.asked)) == (well, not well)
        assert bench.site.seen == LED_BY_OTHER
        assert bench.mirror.rounds

    run(work)


def test_a_site_tells_the_witness_what_time_it_is_and_says_when_its_clock_is_doubted() -> None:
    async def doubted() -> None:
        bench = Bench()
        bench.beats.wrong_clock, bench.live.opens = "same-city: its clock is 60.0 s ahead", StoreError("not now")
        async with going(bench.site):
            await until(lambda: bench.site.standing()["wrong_clock"] and bench.site.seen)
            assert (bench.beats.heard_of, bench.site.seen) == ([], LED_BY_OTHER)
            bench.beats.wrong_clock = ""
            await until(lambda: bench.beats.heard_of)
            await until(lambda: not bench.site.wrong_clock)
            assert abs(bench.beats.walls[0] - wall_ms()) < 5_000

    run(doubted)


def test_a_site_follows_until_the_witness_lets_it_lead() -> None:
    async def work() -> None:
        bench = Bench()
        bench.live.opens = StoreError("not yours yet")
        async with going(bench.site):
            await until(lambda: bench.live.followed > 2)
            assert (bench.site.leads, bench.led) == (False, 0)
            bench.live.opens, bench.beats.says = None, LED_HERE
            await until(lambda: bench.site.leads)
            assert (bench.led, bench.site.seen) == (1, LED_HERE)

    run(work)


@pytest.mark.parametrize(("site", "leads"), [(OTHER, True), (HERE, False)])
def test_the_first_of_the_near_sites_leads_a_new_bank(site: str, leads: bool) -> None:
    async def work() -> None:
        bench = Bench(site=site)
        bench.beats.says = Configuration()
        async with going(bench.site):
            await until(lambda: bench.site.leads or bench.live.followed > 3)
            assert bench.site.leads == leads

    run(work)


def test_a_site_whose_book_is_damaged_neither_leads_nor_follows_until_it_is_copied_anew() -> None:
    async def work() -> None:
        bench = Bench()
        bench.live.opens = Damaged("a page is damaged")
        async with going(bench.site):
            await until(lambda: bench.receiver.damage)
            await asyncio.sleep(0.02)
            bench.live.opens, followed = None, bench.live.followed
            await asyncio.sleep(0.05)
            assert (bench.site.leads, bench.live.followed) == (False, followed)
            with pytest.raises(StoreError, match="a page is damaged"):
                await bench.site.take_over(["Li", "Wang"])
            bench.receiver.damage = ""
            await until(lambda: bench.site.leads)

    run(work)


def test_a_page_that_is_damaged_is_found_while_following_or_by_reading_all_of_the_book(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("_FIRST_LOOK_S", "_VERIFY_S"):
        monkeypatch.setattr(sites, name, 0.01)

    async def work() -> None:
        bench = Bench()
        bench.live.opens = StoreError("not now")
        async with going(bench.site):
            await until(lambda: bench.receiver.read > 1)
            bench.live.follows = Damaged("a window is damaged")
            await until(lambda: bench.receiver.damage)
            await asyncio.sleep(0.03)
            read = bench.receiver.read
            await asyncio.sleep(0.05)
            assert bench.receiver.read == read
        assert bench.receiver.damage == "a window is damaged"

    run(work)


def test_a_leader_ends_when_another_leads_a_later_epoch_and_not_for_older_news() -> None:
    async def work() -> None:
        bench = Bench()
        async with going(bench.site) as living:
            await until(lambda: bench.site.leads)
            await asyncio.sleep(0.05)  # the witness still tells of the epoch before
            assert not living.done()
            bench.beats.says = Configuration(9, 4, OTHER, (OTHER,))
            with pytest.raises(Deposed, match="primary leads"):
                await living
        assert not bench.site.leads

    run(work)


def test_a_leader_brings_near_sites_into_step_once_they_know_what_lies_beside_the_book_and_feeds_far_ones() -> None:
    async def work() -> None:
        bench = Bench({OTHER: None, FAR: None})
        bench.book.configuration = LED_HERE._replace(in_step=(HERE,))
        bench.mirror.away = {OTHER: "there is more to tell"}
        bench.book.fails[FAR] = Away("remote does not answer")
        async with going(bench.site):
            await until(lambda: len(bench.book.said) >= 4)
            assert set(bench.book.said) == {("feed", OTHER), ("feed", FAR)}
            bench.mirror.away[OTHER] = ""
            await until(lambda: ("admit", OTHER) in bench.book.said)
            assert ("admit", FAR) not in bench.book.said
            bench.book.configuration = LED_HERE
            await asyncio.sleep(0.03)
            bench.book.said.clear()
            await until(lambda: len(bench.book.said) >= 2)
            assert set(bench.book.said) == {("feed", FAR)}

    run(work)


def test_a_leader_that_is_fenced_begins_anew() -> None:
    async def work() -> None:
        bench = Bench({OTHER: None})
        bench.book.configuration = LED_HERE._replace(in_step=(HERE,))
        bench.book.fails[OTHER] = Fenced("primary follows a later leader")
        async with going(bench.site) as living:
            with pytest.raises(Deposed, match="follows a later leader"):
                await living

    run(work)


@pytest.mark.parametrize(
    ("leads", "to", "by", "why"),
    [
        (False, OTHER, ["Li", "Wang"], "same-city does not lead; ask primary"),
        (True, FAR, ["Li", "Wang"], "remote is not in step with same-city; in step: primary"),
        (True, HERE, ["Li", "Wang"], "same-city leads already"),
        (True, OTHER, ["Li", " li"], "decided by 2 people; given: Li,  li"),
        (True, OTHER, [], "decided by 2 people; given: nobody"),
    ],
)
def test_a_planned_switch_that_can_not_be_is_refused(leads: bool, to: str, by: list[str], why: str) -> None:
    async def work() -> None:
        bench = Bench()
        bench.site.leads, bench.site.seen = leads, LED_BY_OTHER
        with pytest.raises(StoreError, match=why):
            await SiteServer(bench.site).answer({"do": "hand_over", "n": 1, "to": to, "by": by})
        assert not bench.live.closed.is_set()
        assert bench.site.leads == leads

    run(work)


def test_a_leader_that_hands_over_finishes_what_is_under_way_and_begins_anew() -> None:
    async def work() -> None:
        bench = Bench()
        async with going(bench.site) as living:
            await until(lambda: bench.site.leads)
            await SiteServer(bench.site).answer({"do": "hand_over", "n": 1, "to": OTHER, "by": ["Li", "Wang"]})
            assert (bench.site.leads, bench.live.closed.is_set()) == (False, True)
            with pytest.raises(Deposed, match="handed over to primary"):
                await living
        assert bench.book.said == [("hand_over", OTHER)]
        assert bench.site.seen == LED_BY_OTHER

    run(work)


def test_a_bank_that_closes_leaves_no_site_behind() -> None:
    async def work() -> None:
        bench = Bench({OTHER: None, FAR: None})
        bench.book.fails[OTHER] = Away("primary does not answer")
        async with going(bench.site) as living:
            await until(lambda: bench.site.leads)
            bench.book.said.clear()
            bench.site.close()
            await living
        assert bench.book.said[-2:] == [("feed", OTHER), ("feed", FAR)]

    run(work)


def test_two_people_have_a_site_lead_and_one_under_two_spellings_has_not() -> None:
    async def work() -> None:
        bench = Bench()
        server = SiteServer(bench.site)
        for alone in ([], ["Li"], ["Li", "ＬＩ "]):
            with pytest.raises(StoreError, match="decided by 2 people"):
                await server.answer({"do": "take_over", "n": 1, "by": alone})
        assert not bench.beats.decided
        await server.answer({"do": "take_over", "n": 1, "by": ["Li", "Wang"]})
        assert bench.beats.decided == [(HERE, ("Li", "Wang"))]
        assert bench.site.seen is not None
        assert bench.site.seen.leader == HERE
        bench.site.leads = True
        with pytest.raises(StoreError, match="leads already"):
            await server.answer({"do": "take_over", "n": 1, "by": ["Li", "Wang"]})

    run(work)


def test_older_news_of_the_witness_is_no_news() -> None:
    async def work() -> None:
        bench = Bench()
        bench.live.opens = StoreError("not now")
        bench.site.seen = LED_HERE._replace(version=9)
        async with going(bench.site):
            await until(lambda: len(bench.beats.heard_of) > 2)
            assert bench.site.seen == LED_HERE._replace(version=9)

    run(work)
