"""What is written down of a drill, what is proved of it afterwards, and the damage that it does."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actors.book.aside import damage
from actors.book.store import StoreError
from actors.gateway.bank import number_of_key
from credit.applications.contract import SubmitApplication
from lendrill.bank_file import DAY_BOOK
from lendrill.drills import record as records
from lendrill.drills.proof import CALLER, requests_in
from lendrill.drills.record import Record

SITES = ["primary", "same-city", "remote"]


@pytest.fixture
def stands(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    """How sites stand, for a test to say."""
    found: dict[str, dict[str, Any]] = {}
    monkeypatch.setattr(records, "site_standing", lambda home, patience_s: found.get(home.name, {}))
    return found


@pytest.fixture
def record(tmp_path: Path, stands: dict[str, dict[str, Any]]) -> Iterator[Record]:
    del stands
    found = Record(tmp_path, tmp_path, SITES)
    yield found
    found.close()


def led(by: str, epoch: int, *in_step: str, away: str = "") -> dict[str, dict[str, Any]]:
    return {
        name: {"leads": name == by, "epoch": epoch, "in_step": list(in_step)} for name in SITES if name != away
    }  # fmt: skip


def events(record: Record) -> list[tuple[str, str]]:
    lines = (record.folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    return [(one["what"], one["place"]) for one in map(json.loads, lines)]


def test_what_changes_between_two_looks_is_an_event_once(record: Record, stands: dict[str, dict[str, Any]]) -> None:
    stands |= led("primary", 1, "primary", "same-city")
    for _ in range(2):
        record.look([])
    first = [("leads", "primary"), ("in_step", "primary"), ("in_step", "same-city")]
    assert events(record) == first
    assert record.in_step == 2
    stands.clear()
    stands |= led("same-city", 2, "same-city", away="primary")
    for _ in range(2):
        record.look(["primary"])
    then = [("noticed", "primary"), ("leads", "same-city"), ("out_of_step", "primary")]
    assert events(record) == first + then
    stands |= led("same-city", 2, "same-city")
    record.look([])
    stands.pop("primary")
    record.look([])
    assert events(record) == [*first, *then, ("noticed", "primary")]
    looks = [json.loads(line) for line in (record.folder / "sites.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [one["held"] for one in looks] == [[], [], ["primary"], ["primary"], [], []]


def test_of_two_that_say_they_lead_the_later_epoch_counts(record: Record, stands: dict[str, dict[str, Any]]) -> None:
    stands |= led("same-city", 3, "same-city") | {"primary": {"leads": True, "epoch": 2, "in_step": ["primary"]}}
    record.look([])
    assert record.leader == "same-city"
    assert events(record) == [("leads", "same-city"), ("in_step", "same-city")]


def test_an_event_may_have_begun_before_it_is_written(record: Record) -> None:
    record.began -= 10.0
    record.event("befalls", ("中断", "lost"), "primary", fault=0, t=4.25)
    record.event("ended", ("结束", "over"))
    first, last = map(json.loads, (record.folder / "events.jsonl").read_text(encoding="utf-8").splitlines())
    assert (first["t"], first["fault"], first["by"]) == (4.25, 0, [])
    assert 10.0 <= last["t"] < 12.0


def written(folder: Path, *tries: tuple[str, str, int], asks: bool = True) -> Path:
    lines = [{"id": name, "outcome": outcome, "case": case, "written": asks} for name, outcome, case in tries]
    (folder / "requests.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return folder


def number(name: str) -> int:
    return number_of_key(CALLER, SubmitApplication.room, name)


@pytest.mark.parametrize(
    ("tries", "holds", "lost", "doubled"),
    [
        ([("a", "acknowledged", 7)], {"a": [7]}, [], []),
        ([("a", "acknowledged", 7)], {}, ["a"], []),
        ([("a", "acknowledged", 7)], {"a": [8]}, ["a"], []),
        ([("a", "acknowledged", 7)], {"a": [7, 8]}, [], ["a"]),
        ([("a", "acknowledged", 7), ("a", "acknowledged", 8)], {"a": [7]}, [], ["a"]),
        ([("a", "acknowledged", 7), ("a", "acknowledged", 7)], {"a": [7]}, [], []),
        ([("a", "given_up", 0), ("b", "refused", 0)], {}, [], []),
        ([("b", "acknowledged", 2), ("a", "acknowledged", 1)], {}, ["a", "b"], []),
    ],
)
def test_what_was_acknowledged_must_be_held_once_under_the_number_that_was_told(
    tries: list[tuple[str, str, int]], holds: dict[str, list[int]], lost: list[str], doubled: list[str], tmp_path: Path
) -> None:
    found = requests_in(written(tmp_path, *tries), {number(name): cases for name, cases in holds.items()})
    assert (found["lost"], found["doubled"]) == (lost, doubled)
    assert found["acknowledged"] - found["held"] == len(lost)


def test_questions_owe_nothing_and_customers_who_asked_twice_are_counted(tmp_path: Path) -> None:
    asked = requests_in(written(tmp_path, ("a", "acknowledged", 0), asks=False), {})
    assert (asked["acknowledged"], asked["customers_touched"]) == (0, 0)
    twice = written(tmp_path, ("a", "again", 0), ("a", "acknowledged", 7), ("b", "acknowledged", 8))
    assert requests_in(twice, {})["customers_touched"] == 1


@pytest.mark.parametrize("snapshot", [False, True])
def test_damage_is_one_byte_of_the_last_window_that_carries_something_or_of_the_newest_snapshot(
    snapshot: bool, tmp_path: Path
) -> None:
    path = tmp_path / (f"{DAY_BOOK}-snapshots" if snapshot else DAY_BOOK)
    with sqlite3.connect(path) as book:
        book.execute("CREATE TABLE windows (number INTEGER, inputs BLOB)")
        book.execute("CREATE TABLE snapshot_parts (number INTEGER, content BLOB)")
        for at, size in ((1, 200), (2, 300), (3, 40)):
            book.execute("INSERT INTO windows VALUES (?, ?)", (at, bytes([at]) * size))
        for at, size in ((1, 900), (2, 100), (2, 200)):
            book.execute("INSERT INTO snapshot_parts VALUES (?, ?)", (at, bytes([16 * at + size // 100]) * size))
    book.close()
    before = path.read_bytes()
    damage(f"sqlite:{tmp_path / DAY_BOOK}", snapshot=snapshot)
    after = path.read_bytes()
    [(was, now)] = [(one, other) for one, other in zip(before, after, strict=True) if one != other]
    assert (was, now) == ((0x22, 0x77) if snapshot else (2, 0x57))


def test_a_book_that_holds_nothing_can_not_be_damaged(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / DAY_BOOK) as book:
        book.execute("CREATE TABLE windows (number INTEGER, inputs BLOB)")
    book.close()
    with pytest.raises(StoreError, match="holds nothing yet that could be damaged"):
        damage(f"sqlite:{tmp_path / DAY_BOOK}", snapshot=False)
