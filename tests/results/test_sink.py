"""Event, ledger and statistics files: every row comes back as it was logged, with names for codes, group by group."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.applications.contract import Event as ApplicationEvent
from credit.applications.contract import Refusal as ApplicationRefusal
from credit.approval.contract import Event as ApprovalEvent
from credit.codes import Account, Actor, Channel, ContactOutcome
from credit.collections.contract import Event as CollectionEvent
from credit.contracts.contract import Event as ContractEvent
from credit.mail import ANSWER_DTYPE, Inbox, Outbox, in_sequence
from credit.room import EVENT_DTYPE
from credit.room import EVENTS as BANK_EVENTS
from credit.scoring.contract import Event as ScoringEvent
from credit.scoring.contract import Refusal as ScoringRefusal
from credit.stage import WindowResult
from credit.subsystem import Window
from credit.times import DAY_MS
from results import schemas, sink
from results.schemas import EVENTS, LEDGER, event_table, plain_table
from results.sink import RunSink
from tests.results.builders import PORT, START, bank, record


def rows(*values: tuple[int, ...]) -> np.ndarray:
    return np.array([(*value, 0, 0, 0) for value in values], dtype=EVENT_DTYPE)


def read(path: Path, name: str) -> pa.Table:
    return pa.concat_tables([pq.read_table(file) for file in sorted((path / name).glob("*.parquet"))])


def test_codes_become_the_names_people_query_by() -> None:
    table = event_table(
        "applications",
        {},
        [
            rows(
                (
                    START,
                    10**9 + 1,
                    ApplicationEvent.APPLICATION_SUBMITTED,
                    Actor.CUSTOMER,
                    0,
                    5_000,
                    Channel.COUNTER,
                    77,
                )
            ),
            rows(
                (
                    START + 1,
                    10**9 + 1,
                    ApplicationEvent.APPLICATION_REFUSED,
                    Actor.SYSTEM,
                    0,
                    0,
                    ApplicationRefusal.ID_CHECK_DIGIT,
                    0,
                ),
                (START + 2, 10**9 + 2, CollectionEvent.CONTACT_MADE, 20_003, 9, 0, ContactOutcome.PROMISE, 0),
                (START + 3, 10**9 + 2, CollectionEvent.CASE_ASSIGNED, Actor.CORE_BANKING, 9, 0, 3, 0),
                (START + 4, 10**9 + 2, ApprovalEvent.NODE_DECIDED, 20_004, 0, 0, 0, 0),
                (START + 5, 0, ApplicationEvent.APPLICATION_REFUSED, 0, 0, 0, 999_999, 0),
            ),
        ],
    )
    assert table.schema == EVENTS
    found = table.to_pydict()
    assert found["event"][:3] == ["application_submitted", "application_refused", "contact_made"]
    assert found["actor"] == ["customer", "system", "staff 20003", "core_banking", "staff 20004", "system"]
    assert found["reason"] == ["counter", "id_check_digit", "promise", "3", None, "999999"]
    assert set(found["room"]) == {"applications"}
    assert found["value"][0] == 77
    assert found["case_no"] == [10**9 + 1, 10**9 + 1, 10**9 + 2, 10**9 + 2, 10**9 + 2, 0]
    assert str(found["ts"][1]) == "2026-01-01 00:00:00.001000"


def test_events_carry_branch_product_and_the_order_in_which_they_happened() -> None:
    """Within one instant a case's steps are numbered as they were logged, whatever else was logged between them."""
    out = Outbox()
    case, other, noon = 2 * 10**9 + 1, 3 * 10**9 + 1, START + DAY_MS // 2
    out.log(ContractEvent.CONTRACT_CONFIRMED, [noon, noon], [case, other], product=[1, 3])
    out.log(ContractEvent.CONTRACT_SIGNED, [noon], [case])
    out.log(ContractEvent.CONTRACT_EFFECTIVE, [noon, noon + 1], [case, other], loan=[case * 100 + 1, 0])
    out.log(ContractEvent.CONTRACT_ARCHIVED, [noon], [case])
    before = Outbox()
    before.log(ApprovalEvent.APPLICATION_APPROVED, [noon], [case])
    events = [in_sequence(out.events, 4), in_sequence(before.events, 2)]
    table = event_table("contracts", {1: "consumer_loan"}, events).sort_by([("ts", "ascending"), ("seq", "ascending")])
    told = [row for row in table.to_pylist() if row["case_no"] == case]
    assert [row["event"].split("_")[1] for row in told] == ["approved", "confirmed", "signed", "effective", "archived"]
    assert {row["branch"] for row in told} == {2}
    assert table["product"].to_pylist().count("consumer_loan") == 1
    assert table["product"].to_pylist().count("3") == 1


def test_a_refusal_and_a_plain_number_of_the_same_code_are_told_apart() -> None:
    code = int(ScoringRefusal.SCORE_LOW)
    table = event_table(
        "scoring",
        {},
        [
            rows(
                (1, 1, ScoringEvent.SCORING_REJECTED, 0, 0, 0, code, 0),
                (1, 1, ScoringEvent.DOUBT_MARKED, 0, 0, 0, code, 0),
            )
        ],
    )
    assert table["reason"].to_pylist() == ["score_low", str(code)]


@given(st.lists(st.integers(-(2**40), 2**40) | st.integers(-5, 5), max_size=60))
def test_encoding_is_the_same_for_near_and_far_codes(codes: list[int]) -> None:
    distinct, index = schemas._distinct(np.array(codes, dtype=np.int64))
    assert distinct[index].tolist() == codes
    assert distinct.tolist() == sorted(set(codes))


def test_every_event_and_posting_of_a_run_is_in_its_files_once(tmp_path: Path) -> None:
    plan, _ = bank(shards=2)
    record(plan, tmp_path / "run")
    events = read(tmp_path / "run", "events")
    expected = Counter((row[1], BANK_EVENTS[row[2]].name.lower()) for part in plan.events.values() for row in part)
    assert Counter(zip(events["case_no"].to_pylist(), events["event"].to_pylist(), strict=True)) == expected
    ledger = read(tmp_path / "run", "ledger")
    assert ledger.schema == LEDGER
    names = {int(account): account.name.lower() for account in Account}
    planned = [(row[1], names[row[2]], row[4]) for part in plan.postings.values() for row in part]
    columns = [ledger[name].to_pylist() for name in ("transaction", "account", "amount_fen")]
    assert sorted(zip(*columns, strict=True)) == sorted(planned)
    at, window = ledger["ts"].cast(pa.int64()).to_numpy(), ledger["window_no"].to_numpy()
    assert np.array_equal(window, (at - START) // DAY_MS)


def test_rows_are_written_group_by_group_while_the_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sink, "GROUP_ROWS", 100)
    stream = RunSink(tmp_path, "scoring", 0)
    file = tmp_path / "events" / "scoring-0.parquet"
    sizes = []
    for number in range(10):
        out = Outbox()
        at = START + number * DAY_MS + np.arange(60)
        out.log(ScoringEvent.APPLICATION_SCORED, at, np.arange(60) * 7_919 % 1_000)
        stream.record(
            Window(number, START + number * DAY_MS, START + (number + 1) * DAY_MS),
            WindowResult(Inbox(), out, {}, np.zeros(0, dtype=ANSWER_DTYPE)),
            {},
        )
        assert sum(map(len, stream._events._waiting)) < 100
        sizes.append(file.stat().st_size)
    stream.close({})
    assert sizes[-1] > sizes[0]
    written = pq.ParquetFile(file)
    assert written.metadata.num_rows == 600
    assert all(written.metadata.row_group(n).num_rows <= 100 for n in range(written.num_row_groups))
    assert written.read()["ts"].cast(pa.int64()).to_numpy().tolist() == sorted(
        START + number * DAY_MS + n for number in range(10) for n in range(60)
    )


def test_a_stage_without_a_single_event_leaves_a_readable_file(tmp_path: Path) -> None:
    RunSink(tmp_path, "ledger", 0).close({})
    assert pq.read_table(tmp_path / "events" / "ledger-0.parquet").schema == EVENTS
    assert pq.read_table(tmp_path / "ledger" / "0.parquet").num_rows == 0


def test_statistics_keep_their_columns_and_tell_time_as_time() -> None:
    table = plain_table([np.array([(START, START + DAY_MS, 3, 5, 1, 1, 900, 400)], dtype=PORT)])
    assert table.column_names == list(PORT.names or ())
    assert str(table["until"][0]) == "2026-01-02 00:00:00"
    assert table["unavailable"].to_pylist() == [1]


def test_an_interrupted_run_has_all_rows_of_the_windows_it_lived(tmp_path: Path) -> None:
    plan, _ = bank()
    record(plan, tmp_path / "run", windows=40)
    at = read(tmp_path / "run", "events")["ts"].cast(pa.int64()).to_numpy()
    expected = [row[0] for part in plan.events.values() for row in part if row[0] < START + 40 * DAY_MS]
    assert sorted(at.tolist()) == sorted(expected)
