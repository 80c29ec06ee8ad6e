"""The conductor: callers are answered once the bank has answered, time wakes the bank by itself, and it closes in order."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from actors.clock import HELD_MS, LEAP_MS, BusinessClock, ClockError, WallClock
from actors.conductor import Answer, Conductor, Pace
from actors.frames import framed, read, write
from actors.host import Look
from actors.link import Away, LinkClient, LinkServer, _told
from actors.local import LocalExecutor
from actors.pipeline import CellLost
from actors.refusals import Busy, Closing, DayOver
from actors.sequencer import Sequencer
from actors.topology import Cell, Flow
from actors.trail import Trail
from credit.applications.contract import SubmitApplication
from credit.approval.contract import Event as Approval
from credit.codes import Partner
from credit.contracts.contract import ContractSigned
from credit.contracts.states import SignMode
from credit.ledger.contract import Gauge as Ledger
from credit.repayment.contract import Gauge as Repayment
from credit.room import EVENT_DTYPE, Rows
from credit.times import DAY_MS, NEVER
from lendrill.assembly import live_blueprints
from tests.live.banks import CASE, SCENARIO, START, form, go, sequencer

_WAIT_S = 20.0


@asynccontextmanager
async def living(
    folder: Path, executor: LocalExecutor | None = None, pace: Pace | None = None
) -> AsyncIterator[Conductor]:
    """A bank on a business date that lives while it is entered."""
    from actors.book.sqlite import SqliteStore

    store = SqliteStore(folder / "daybook.db")
    store.found("zhang")
    flow = Flow(1)
    bank = Sequencer(executor or LocalExecutor(), flow, live_blueprints(SCENARIO, flow, (), False), store, START)
    live = Conductor(bank, BusinessClock(START), Trail(folder / "trail.db"), pace)
    await live.open()
    live.start_clock(BusinessClock(bank.until))
    running = asyncio.create_task(live.run())
    try:
        yield live
    finally:
        live.close()
        with contextlib.suppress(Exception):
            await running
        store.close()


async def decided(live: Conductor, case: int) -> list[int]:
    """The events of a case once it is approved."""
    happened = asyncio.Event()

    def hear(_: int, rows: Rows) -> None:
        if Approval.APPLICATION_APPROVED in rows["event"][rows["case"] == case]:
            happened.set()

    stop = live.listen(hear)
    if Approval.APPLICATION_APPROVED not in (await live.story(case)).events["event"]:
        await asyncio.wait_for(happened.wait(), _WAIT_S)
    stop()
    return [int(event) for event in (await live.story(case)).events["event"]]


def test_callers_are_answered_and_time_brings_the_decision_by_itself(tmp_path: Path) -> None:
    async def hour() -> None:
        async with living(tmp_path) as live:
            [answer] = await live.submit(SubmitApplication, form(1))
            assert (answer.number, answer.reason) == (CASE, 0)
            assert Approval.APPLICATION_APPROVED in await decided(live, CASE)
            [again] = await live.submit(SubmitApplication, form(1))
            assert again[:2] == answer[:2]
            rows = await live.look(Cell("contracts", 0), Look("contracts", "case", (CASE,)))
            assert rows["amount_fen"].tolist() == [5_000_000]

    asyncio.run(hour())


def test_many_callers_share_windows_and_each_gets_his_own_answer(tmp_path: Path) -> None:
    async def hour() -> None:
        async with living(tmp_path) as live:
            calls = (live.submit(SubmitApplication, form(number, 1 + number % 4)) for number in range(1, 41))
            answers = [answer for [answer] in await asyncio.gather(*calls)]
            assert len({answer.number for answer in answers}) == 40
            assert live.figures()["windows"] < 40

    asyncio.run(hour())


def test_the_business_date_moves_when_it_is_told_to(tmp_path: Path) -> None:
    async def hour() -> None:
        async with living(tmp_path) as live:
            await live.submit(SubmitApplication, form(1))
            stands = await live.advance(START + 40 * DAY_MS)
            assert stands >= START + 40 * DAY_MS
            assert live.now() // DAY_MS == (START + 40 * DAY_MS) // DAY_MS
            with pytest.raises(ClockError, match="can't go back"):
                await live.advance(START)
            with pytest.raises(ClockError, match="in steps"):
                await live.advance(START + 1_000 * DAY_MS)

    asyncio.run(hour())


def test_the_wall_clock_is_nobodys_to_set() -> None:
    with pytest.raises(ClockError, match="--clock business"):
        WallClock().set(START)


class Leaping:
    """A wall clock of a machine whose clock a test sets."""

    def __init__(self) -> None:
        self.ticks = self.ahead = 0
        self.doubted = False
        self.clock = WallClock(lambda: START + self.ticks + self.ahead, lambda: self.ticks, lambda: self.doubted)

    def after(self, ms: int, ahead: int) -> int:
        """What it shows then, beyond the time that went by."""
        self.ticks, self.ahead = self.ticks + ms, ahead
        return self.clock.now() - START - self.ticks


def test_a_clock_that_is_put_right_by_little_is_followed_at_once() -> None:
    machine = Leaping()
    assert machine.after(1_000, LEAP_MS) == LEAP_MS
    assert machine.after(1_000, LEAP_MS + 1) == LEAP_MS + 1


def test_a_clock_that_leaps_is_followed_once_that_has_stood_and_nobody_doubts_it() -> None:
    machine = Leaping()
    machine.doubted = True
    assert machine.after(500, DAY_MS) == 0
    assert machine.after(2 * HELD_MS, DAY_MS) == 0
    machine.doubted = False
    assert machine.after(1, DAY_MS) == DAY_MS
    assert machine.after(HELD_MS, 0) == DAY_MS
    assert machine.after(HELD_MS - 1, 0) == DAY_MS
    assert machine.after(1, 0) == DAY_MS - 1, "it stands still: the bank's time never goes back"


def test_a_leap_that_ends_by_itself_or_becomes_another_is_not_followed_yet() -> None:
    machine = Leaping()
    for ms, ahead in ((10, DAY_MS), (10, 0), (HELD_MS, DAY_MS), (9, 2 * DAY_MS), (HELD_MS - 1, 2 * DAY_MS)):
        assert machine.after(ms, ahead) == 0
    assert machine.after(1, 2 * DAY_MS) == 2 * DAY_MS


def test_a_business_date_stays_until_it_is_moved() -> None:
    last = (START // DAY_MS + 1) * DAY_MS - 1
    assert BusinessClock(last).now() == last


def test_a_business_date_that_has_run_out_is_not_gone_beyond(tmp_path: Path) -> None:
    """Each of its last ms has a window; then nothing more is done, and nobody's interest is reckoned, before it is moved on."""

    async def hour() -> None:
        last = (START // DAY_MS + 1) * DAY_MS
        async with living(tmp_path) as live:
            await live.advance(last - 3)
            refused = 0
            for number in range(1, 9):
                try:
                    await live.submit(SubmitApplication, form(number))
                except DayOver:
                    refused += 1
            assert 0 < refused < 8
            assert live.standing()["until"] == last
            assert live.now() == last - 1
            assert await live.advance(last + 1) > last
            [answer] = await live.submit(SubmitApplication, form(9))
            assert answer.number

    asyncio.run(hour())


@pytest.mark.parametrize(("wall", "ends"), [(True, True), (False, False)], ids=["wall", "business"])
def test_a_day_ends_by_itself_where_days_do_though_nothing_is_due(tmp_path: Path, wall: bool, ends: bool) -> None:
    async def evening() -> bool:
        bank, midnight = sequencer(tmp_path), (START // DAY_MS + 1) * DAY_MS
        go(bank, midnight - 200)
        began = time.monotonic()
        shown = WallClock(lambda: midnight - 200 + int((time.monotonic() - began) * 1_000))
        live = Conductor(bank, shown if wall else BusinessClock(midnight - 200), Trail(tmp_path / "trail.db"))
        await live.open()
        bank.due = NEVER
        running = asyncio.create_task(live.run())
        while bank.until < midnight and time.monotonic() < began + 2.0:
            await asyncio.sleep(0.02)
        ended = bank.until >= midnight
        live.close()
        await running
        return ended

    assert asyncio.run(evening()) == ends


def test_what_would_wait_too_long_is_refused_at_once(tmp_path: Path) -> None:
    async def hour() -> None:
        async with living(tmp_path, pace=Pace(queue_rows=2)) as live:
            calls = [live.submit(SubmitApplication, form(number)) for number in range(1, 9)]
            found = await asyncio.gather(*calls, return_exceptions=True)
            refused = [one for one in found if isinstance(one, Busy)]
            assert len(refused) == 6
            assert live.figures()["busy"] == 6
            assert (await live.submit(SubmitApplication, form(9)))[0].reason == 0

    asyncio.run(hour())


def test_a_closing_bank_finishes_what_it_took_and_takes_nothing_more(tmp_path: Path) -> None:
    async def hour() -> None:
        async with living(tmp_path) as live:
            taken = asyncio.create_task(live.submit(SubmitApplication, form(1)))
            await asyncio.sleep(0)
            live.close()
            for number in (2, 3):
                with pytest.raises(Closing):
                    await live.submit(SubmitApplication, form(number))
                assert (await taken)[0].number == CASE

    asyncio.run(hour())


def test_a_bank_that_was_closed_goes_on_where_it_stood(tmp_path: Path) -> None:
    async def hour() -> tuple[str, int, Answer]:
        async with living(tmp_path) as live:
            [answer] = await live.submit(SubmitApplication, form(1))
            standing = live.standing()
            _, rows = await live.story(CASE)
            return standing["chain"], len(rows), answer

    _, first, answer = asyncio.run(hour())
    _, second, again = asyncio.run(hour())
    assert again[:2] == answer[:2]
    assert second >= first > 0


class _Loses(LocalExecutor):
    def __init__(self) -> None:
        super().__init__()
        self.lose = False

    def get(self, handles: object) -> list[object]:  # type: ignore[override]
        if self.lose:
            self.lose = False
            raise CellLost(Cell("approval", 0), "killed")
        return super().get(handles)  # type: ignore[arg-type]


def test_a_lost_cell_is_noticed_by_nobody_who_waits(tmp_path: Path) -> None:
    async def hour() -> None:
        executor = _Loses()
        async with living(tmp_path, executor) as live:
            for number in range(1, 7):
                executor.lose = number % 2 == 0
                [answer] = await asyncio.wait_for(live.submit(SubmitApplication, form(number)), _WAIT_S)
                assert answer.number == CASE + number - 1
            assert live.figures()["lost_cells"] == 3
            for number in range(6):
                rows = np.array(await decided(live, CASE + number))
                assert int((rows == Approval.APPLICATION_APPROVED).sum()) == 1

    asyncio.run(hour())


def test_who_moves_the_date_is_answered_though_a_cell_was_lost_on_the_way(tmp_path: Path) -> None:
    async def hour() -> None:
        executor = _Loses()
        async with living(tmp_path, executor) as live:
            executor.lose = True
            assert await asyncio.wait_for(live.advance(START + 2 * DAY_MS), _WAIT_S) >= START + 2 * DAY_MS
            assert (live.figures()["lost_cells"], live.ready) == (1, True)

    asyncio.run(hour())


def test_a_call_outlives_its_connection(tmp_path: Path) -> None:
    async def hour() -> None:
        async with living(tmp_path) as live:
            socket = tmp_path / "s"
            link = LinkClient(socket, _WAIT_S)
            link.start()
            early = asyncio.create_task(link.submit(SubmitApplication, form(1)))
            await asyncio.sleep(0.1)
            assert not early.done()
            server = await LinkServer(live).serve(socket)
            assert (await early)[0].number == CASE
            heard: list[int] = []
            link.listen(lambda _, rows: heard.extend(rows["case"].tolist()))
            [answer] = await link.submit(SubmitApplication, form(2))
            assert answer.number == CASE + 1
            both = await link.stories([CASE + 1, CASE, CASE + 9])
            assert [set(one.events["case"].tolist()) for one in both] == [{CASE + 1}, {CASE}, set()]
            assert (await link.standing())["ready"]
            rows = await link.look(Cell("applications", 0), Look("counters"))
            assert rows["checked"].sum() == 2
            with pytest.raises(ClockError):
                await link.advance(START - 1)
            await link.advance(START + DAY_MS)
            assert CASE in heard
            server.close()
            await link.stop()

    asyncio.run(hour())


def test_who_listens_is_told_that_the_bank_went_and_hears_again_once_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.link._RETRY_S", 0.01)
    asked: list[str] = []

    async def tells_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            asked.append((await read(reader))["do"])
            write(writer, framed({"window": len(asked), "events": np.zeros(1, dtype=EVENT_DTYPE).tobytes()}))
        writer.close()

    async def hour() -> tuple[list[int], list[int]]:
        heard, lost = asyncio.Queue[int](), list[int]()
        link = LinkClient(tmp_path / "s")
        link.listen(lambda window, _: heard.put_nowait(window), lambda: lost.append(len(asked)))
        link.start()
        await asyncio.sleep(0.05)
        assert lost == [], "who was never there does not go"
        server = await asyncio.start_unix_server(tells_once, tmp_path / "s")
        try:
            return [await asyncio.wait_for(heard.get(), 5.0) for _ in range(3)], lost
        finally:
            await link.stop()
            server.close()

    heard, lost = asyncio.run(hour())
    assert (heard, lost[:2]) == ([1, 2, 3], [1, 2])
    assert set(asked) == {"listen"}


def test_a_listener_who_does_not_read_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.link._BEHIND_MAX", 1 << 20)
    rows = np.zeros(2_000, dtype=EVENT_DTYPE)

    async def hour() -> list[int]:
        waits, done = list[int](), asyncio.Event()

        async def tells(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while not writer.is_closing() and len(waits) < 500:
                _told(writer, len(waits), rows)
                waits.append(writer.transport.get_write_buffer_size())
                await asyncio.sleep(0)
            done.set()

        server = await asyncio.start_unix_server(tells, tmp_path / "s")
        _, writer = await asyncio.open_unix_connection(tmp_path / "s", limit=1)
        await asyncio.wait_for(done.wait(), _WAIT_S)
        writer.close()
        server.close()
        return waits

    waits = asyncio.run(hour())
    assert len(waits) < 500
    assert max(waits) <= (1 << 20) + 2 * rows.nbytes


def test_every_caller_of_a_call_of_many_counts_as_one_under_way(tmp_path: Path) -> None:
    async def hour() -> None:
        link = LinkClient(tmp_path / "nobody", patience_s=0.2, submits_max=4)
        rows = np.concatenate([form(number) for number in range(1, 4)])
        many = asyncio.create_task(link.submit_told(SubmitApplication, rows))
        await asyncio.sleep(0)
        assert link.under_way == 3
        one = asyncio.create_task(link.submit(SubmitApplication, form(4)))
        await asyncio.sleep(0)
        assert link.under_way == 4
        with pytest.raises(Busy, match="4 commands are under way"):
            await link.submit(SubmitApplication, form(5))
        found = await asyncio.gather(many, one, return_exceptions=True)
        assert [type(error) for error in found] == [Away, Away]
        assert link.under_way == 0

    asyncio.run(hour())


def test_a_bank_that_reads_nothing_is_asked_no_more_than_it_can_be_told(tmp_path: Path) -> None:
    async def hour() -> tuple[int, int]:
        reads_nothing = await asyncio.start_unix_server(lambda *_: asyncio.sleep(_WAIT_S), tmp_path / "s")
        link = LinkClient(tmp_path / "s", patience_s=0.05)
        link.start()
        while not link.connected:
            await asyncio.sleep(0.01)
        large = Look("counters", "case", tuple(range(200_000)))
        refused = [
            await asyncio.gather(link.look(Cell("applications", 0), large), return_exceptions=True) for _ in range(30)
        ]
        said = [type(error) for [error] in refused]
        with pytest.raises(Away):
            await link.standing()
        assert set(said) == {Away, Busy}
        await link.stop()
        reads_nothing.close()
        return said.count(Away), said.index(Busy)

    given_up, first = asyncio.run(hour())
    assert given_up == first < 30


def test_what_befalls_a_partner_stands_in_the_book_once_it_is_answered(tmp_path: Path) -> None:
    async def hour() -> list[int]:
        found = []
        async with living(tmp_path) as live:
            server = LinkServer(live)
            for over in (False, True):
                await server.answer({"do": "partner", "over": over, "partner": int(Partner.BUREAU), "how": {}})
                found.append(live.standing()["until"])
                [told] = live._bank.get([live._bank.ask(Cell("scoring", 0), "export_state")])
                found.append(int((told["world.told.ScoringPartnerTold"]["until"] == NEVER).sum()))
        return found

    first, begun, second, ended = asyncio.run(hour())
    assert START < first < second
    assert (begun, ended) == (1, 0)


def test_figures_of_a_stage_and_of_the_book_are_sums_over_its_cells(tmp_path: Path) -> None:
    bank = sequencer(tmp_path, shards=2)
    live = Conductor(bank, BusinessClock(bank.until), Trail(tmp_path / "trail.db"))
    columns = [("gauge", "i8"), ("group", "i8"), ("count", "i8"), ("amount_fen", "i8")]
    for shard, (count, fen) in enumerate(((2, 500), (3, 70))):
        cell = Cell("repayment", shard)
        live.meters.tables[cell] = {"loans": count}
        live.meters.book[cell] = [np.array([(1, 0, count, fen), (1, 2, 1, 1)], dtype=columns)]
    figures = live.figures()
    assert figures["rows"] == [("repayment", "loans", 5)]
    assert figures["book"] == [(1, 0, 5, 570), (1, 2, 2, 2)]


def test_a_bank_that_is_opened_again_tells_its_book_without_waiting_for_a_days_end(tmp_path: Path) -> None:
    async def lived() -> list[tuple[int, int, int, int]]:
        async with living(tmp_path) as live:
            await live.submit(SubmitApplication, form())
            await decided(live, CASE)
            about = {"case": CASE, "round": 0, "attempt": 1, "mode": SignMode.ELECTRONIC, "confirmed_at": live.now()}
            await live.submit(ContractSigned, ContractSigned.rows(1, at=0, request=78, **about))
            await live.advance((START // DAY_MS + 3) * DAY_MS)
            return live.figures()["book"]  # type: ignore[no-any-return]

    async def again() -> list[tuple[int, int, int, int]]:
        async with living(tmp_path) as live:
            return live.figures()["book"]  # type: ignore[no-any-return]

    told = asyncio.run(lived())
    assert {Ledger.TRIAL_BALANCE, Repayment.LOANS_ACTIVE} <= {gauge for gauge, *_ in told}
    assert asyncio.run(again()) == told


def test_a_bank_that_took_long_to_open_answers_before_it_takes_a_snapshot(tmp_path: Path) -> None:
    """Restoring the cells is not work that a snapshot would save."""

    class Slow(LocalExecutor):
        def start(self, *arguments: Any) -> None:
            time.sleep(0.3)
            super().start(*arguments)

    async def day() -> None:
        pace = Pace(replay_s=0.1)
        async with living(tmp_path, Slow(), pace) as live:
            await live.submit(SubmitApplication, form(1))
            live.close()
        async with living(tmp_path, Slow(), pace) as live:
            figures = live._bank.figures
            assert figures.restored_s > 0.3 > pace.replay_s
            await live.submit(SubmitApplication, form(2))
            assert figures.snapshots == 0

    asyncio.run(day())
