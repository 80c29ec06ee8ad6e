"""Scans of paper contracts: wanted from the signature on, filed once and whole, chased while they are missing."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from credit.codes import Actor, FileFormat
from credit.contracts.contract import ApplicationApproved, ContractScanned, Event, Refusal, ScanWanted
from credit.contracts.states import SignMode
from credit.contracts.subsystem import ContractsSubsystem
from credit.room import Kind, Rows
from credit.subsystem import Setting
from credit.times import DAY_MS, HOUR_MS, day_number, text_of
from tests.credit.contracts.test_contracts import CASE, NINE, approved, checked, refusals, run, signed
from tests.rows import sample

WHOLE = {"pages": 4, "format": FileFormat.PDF, "size": 240_000, "digest": "a" * 64, "person": 1410002}
MANY = 40 * DAY_MS


def scan(at: int, case: int = CASE, **columns: Any) -> tuple[Kind, Rows]:
    return ContractScanned, sample(ContractScanned, 1, at=at, case=case, **WHOLE | columns)


def signed_on(mode: SignMode, **policy: Any) -> ContractsSubsystem:
    desk = ContractsSubsystem.build(Setting({"contracts": policy}))
    run(desk, (ApplicationApproved, approved()), until=NINE + 1)
    out = run(desk, checked(NINE + 1), signed(NINE + HOUR_MS, mode=mode), start=NINE + 1, until=NINE + 2 * HOUR_MS)
    assert len(out.take(ScanWanted)) == (mode is SignMode.PAPER)
    return desk


def filed(desk: ContractsSubsystem) -> list[tuple[Any, ...]]:
    names = ["case", "pages", "size", "digest", "scanned_at", "person"]
    return [row for row in desk.export_state()["scans"][names].tolist() if row[4]]


@pytest.mark.requirement("EX-09.b")
def test_a_scan_is_filed_beside_the_text_with_pages_digest_who_and_when() -> None:
    desk, at = signed_on(SignMode.PAPER), NINE + 3 * HOUR_MS
    assert filed(desk) == []
    [told] = run(desk, scan(at), start=NINE + 2 * HOUR_MS).events_of(Event.CONTRACT_SCANNED)
    assert (told["case"], told["actor"], told["value"]) == (CASE, 1410002, 4)
    assert filed(desk) == [(CASE, 4, 240_000, "a" * 64, at, 1410002)]
    again = run(desk, scan(at + 2 * DAY_MS, pages=5, digest="b" * 64), start=NINE + 2 * DAY_MS)
    assert refusals(again) == [Refusal.NO_SCAN_WANTED], "what is filed stays"
    assert filed(desk) == [(CASE, 4, 240_000, "a" * 64, at, 1410002)]


@pytest.mark.requirement("EX-09.b")
@pytest.mark.parametrize(
    "wrong", [{"pages": 0}, {"size": 0}, {"digest": "a" * 63}, {"digest": ""}, {"person": 0}, {"format": 0}]
)
def test_a_scan_that_is_not_whole_is_refused(wrong: dict[str, Any]) -> None:
    desk = signed_on(SignMode.PAPER)
    assert refusals(run(desk, scan(NINE + 3 * HOUR_MS, **wrong), start=NINE + 2 * HOUR_MS)) == [Refusal.SCAN_FAULTY]
    assert filed(desk) == []


@pytest.mark.requirement("EX-09.b")
def test_of_a_contract_that_was_signed_electronically_no_scan_is_wanted() -> None:
    desk = signed_on(SignMode.ELECTRONIC)
    assert refusals(run(desk, scan(NINE + 3 * HOUR_MS), start=NINE + 2 * HOUR_MS)) == [Refusal.NO_SCAN_WANTED]
    assert len(desk.export_state()["scans"]) == 0


@pytest.mark.requirement("EX-09.b")
def test_a_missing_scan_is_chased_at_the_end_of_every_so_many_workdays_until_it_comes() -> None:
    desk = signed_on(SignMode.PAPER, scan_workdays=2)
    friday = day_number(dt.date(2026, 3, 6))
    times, wanted, start = [], 0, NINE + 2 * HOUR_MS
    while start < friday * DAY_MS + 24 * HOUR_MS * 6:
        until = (start // DAY_MS + 1) * DAY_MS
        mail = [scan(until - 1)] if start // DAY_MS == friday + 5 else []
        out = run(desk, *mail, start=start, until=until)
        chased = out.events_of(Event.SCAN_CHASED)
        assert chased["actor"].tolist() == [Actor.SYSTEM] * len(chased)
        times += [(text_of(at)[:13], value) for at, value in chased[["at", "value"]].tolist()]
        wanted += len(out.take(ScanWanted))
        start = until
    assert times == [("2026-03-04 23", 1), ("2026-03-06 23", 2), ("2026-03-10 23", 3)]
    assert wanted == 3
    assert len(filed(desk)) == 1


@pytest.mark.requirement("EX-09.b")
def test_a_scan_that_comes_on_the_last_day_is_not_chased() -> None:
    desk = signed_on(SignMode.PAPER, scan_workdays=1)
    out = run(desk, scan(NINE + DAY_MS + 2 * HOUR_MS), start=NINE + 2 * HOUR_MS, until=(NINE // DAY_MS + 2) * DAY_MS)
    assert len(out.events_of(Event.SCAN_CHASED)) == 0
    assert len(out.events_of(Event.CONTRACT_SCANNED)) == 1
