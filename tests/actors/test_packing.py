"""A large bank is packed aside, by a copy of its process, and what it knew then is what is kept."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from actors import local
from actors.packing import Packing, PackingLost
from credit.compact import unpacked
from credit.times import HOUR_MS
from tests.live.banks import applied, go, sequencer


def test_what_is_kept_is_the_bank_as_it_stood_though_it_went_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank = sequencer(tmp_path)
    go(bank, bank.until + HOUR_MS, applied())
    said = {cell: bank.get([bank.ask(cell, "export_packed")])[0] for cell in bank.cells}
    monkeypatch.setattr(local, "ASIDE_ROWS", 0)
    taken = bank.snapshot()
    go(bank, bank.until + HOUR_MS, applied(2))
    bank.keep(taken)
    again = sequencer(tmp_path)
    assert again.chain == bank.chain
    kept = again._store.snapshot(taken.number)
    assert kept.chain == taken.chain != bank.chain
    for cell in bank.cells:
        found, due = unpacked(kept.cells[str(cell)]), unpacked(said[cell])
        assert {name: rows.tolist() for name, rows in found.items()} == {n: rows.tolist() for n, rows in due.items()}


class _Slow:
    def export_packed(self) -> bytes:
        time.sleep(60)
        return b""


class _Quick:
    def export_packed(self) -> bytes:
        return b"all"


def test_a_copy_that_dies_is_noticed() -> None:
    packing = Packing([_Quick(), _Slow()])
    os.kill(packing._process, signal.SIGKILL)
    with pytest.raises(PackingLost):
        _ = packing.said


def test_each_says_its_own() -> None:
    assert Packing([_Quick()] * 3).said == [b"all"] * 3
    assert Packing([]).said == []
