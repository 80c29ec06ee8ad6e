"""The conductor under many who ask at once: each hears of his own, windows are bounded, and snapshots hold nobody up."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from actors.conductor import Pace
from actors.refusals import Closing
from credit.applications.contract import SubmitApplication
from credit.room import RequestRefusal
from tests.live.banks import CASE, form
from tests.live.test_conductor import living

_WAIT_S = 20.0


def test_each_of_those_who_ask_at_once_under_one_number_is_told_of_his_own(tmp_path: Path) -> None:
    """The first is done, one who asks for the same is told so, and one who asks for something else is refused."""
    other = form(1)
    other["amount_fen"] += 100

    async def hour() -> None:
        async with living(tmp_path) as live:
            calls = [live.submit(SubmitApplication, rows) for rows in (form(1), other.copy(), form(1), other.copy())]
            found = [answers[0] for answers in await asyncio.wait_for(asyncio.gather(*calls), _WAIT_S)]
            assert [(one.number, one.reason) for one in found[::2]] == [(CASE, 0), (CASE, 0)]
            assert [one.reason for one in found[1::2]] == [RequestRefusal.NUMBER_TAKEN] * 2

    asyncio.run(hour())


def test_who_waits_behind_his_own_number_hears_that_the_bank_closes(tmp_path: Path) -> None:
    async def hour() -> None:
        async with living(tmp_path) as live:
            first, again = (asyncio.create_task(live.submit(SubmitApplication, form(1))) for _ in range(2))
            await asyncio.sleep(0)
            live.close()
            assert (await first)[0].number == CASE
            with pytest.raises(Closing):
                await asyncio.wait_for(again, _WAIT_S)

    asyncio.run(hour())


def test_no_window_has_more_rows_than_it_may(tmp_path: Path) -> None:
    async def hour() -> None:
        async with living(tmp_path, pace=Pace(window_rows=2)) as live:
            calls = [live.submit(SubmitApplication, form(number)) for number in range(1, 8)]
            assert [answers[0].reason for answers in await asyncio.gather(*calls)] == [0] * 7
            assert (max(live.meters.rows), sum(live.meters.rows)) == (2, 7)

    asyncio.run(hour())


def test_nobody_waits_for_a_snapshot_that_is_still_being_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[object] = []
    kept = threading.Event()

    def slowly(taken: object) -> None:
        begun.append(taken)
        kept.wait(_WAIT_S)

    async def hour() -> None:
        async with living(tmp_path, pace=Pace(replay_s=0.0, snapshot_share=1e9)) as live:
            monkeypatch.setattr(live._bank, "keep", slowly)
            live._since.kept_s = 0.0  # no matter how long this one took to open
            for number in range(1, 6):
                await asyncio.wait_for(live.submit(SubmitApplication, form(number)), _WAIT_S / 2)
            assert len(begun) == 1
            kept.set()

    asyncio.run(hour())
