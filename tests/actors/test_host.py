"""The stage host's guard rails, shown on a subsystem that does nothing but misbehave on demand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.host import Blueprint, Parts, StageHost
from actors.topology import LATE_MS, Cell, Flow, shard_of_branch
from actors.wire import pack, unpack
from credit.approval.contract import ContractWithdrawn
from credit.contracts.contract import ContractOffered, ContractSigned, Event
from credit.errors import InvariantViolation
from credit.ledger.contract import Posting
from credit.mail import Inbox, Outbox, in_order
from credit.numbers import branch_of
from credit.repayment.contract import LoanDisbursed
from credit.room import Kind, Rows
from credit.scoring.contract import BureauQuery
from credit.subsystem import State, Window, windows
from credit.table import Table
from credit.times import DAY_MS, NEVER, Ints
from tests.hosts import step
from tests.rows import sample

WINDOW = Window(3, 3_000, 4_000)


class Scripted:
    """A contracts subsystem that sends what it is told and remembers what it got."""

    cut_free = False

    def __init__(self, *sends: tuple[Kind, Rows], at_close: tuple[Kind, Rows] | None = None, fault: str = "") -> None:
        self._sends, self._at_close, self._fault = list(sends), at_close, fault
        self.got: list[tuple[str, list[int]]] = []

    def open(self, window: Window, out: Outbox) -> None:
        for kind, rows in self._sends:
            out.send(kind, rows)
        self._sends = []

    def apply(self, inbox: Inbox, window: Window, out: Outbox) -> None:
        for kind, rows in inbox:
            self.got.append((kind.name, rows["at"].tolist()))
            out.log(Event.CONTRACT_SIGNED, rows["at"], rows["case"])

    def close(self, window: Window, out: Outbox) -> None:
        if self._at_close:
            out.send(*self._at_close)
            self._at_close = None

    def due(self) -> int:
        return 0

    def product_of(self, case: Ints, loan: Ints) -> Ints:
        return np.zeros_like(case + loan)

    def check(self) -> list[str]:
        return [self._fault] if self._fault else []

    def export_state(self) -> State:
        return {}

    def import_state(self, state: State) -> None: ...


class Customers:
    """Signs 100 ms after the offer."""

    rounds = 1

    def respond(self, requests: Inbox, window: Window, round_number: int) -> list[tuple[Kind, Rows]]:
        offers = requests.take(ContractOffered)
        signed = sample(ContractSigned, source=offers, at=offers["at"] + 100, mode=1, confirmed_at=offers["at"])
        return [(ContractSigned, signed)]

    def due(self) -> int:
        return 0

    def statistics(self, window: Window, closing: bool) -> dict[str, Rows]:
        return {}

    def export_state(self) -> State:
        return {}

    def import_state(self, state: State) -> None: ...


class Quiet(Scripted):
    """Has two rows, and nothing to do."""

    def __init__(self) -> None:
        super().__init__()
        self.tables = {"some": Table("one", "one")}
        self.tables["some"].append(length=2, one=[1, 2])

    def open(self, window: Window, out: Outbox) -> None:
        self.got.append(("opened", [window.start]))

    def due(self) -> int:
        return NEVER


class Asked(Customers):
    """Counts how often it is asked; `until`: when it has something to say by itself."""

    def __init__(self, until: int) -> None:
        self.until, self.times = until, 0

    def respond(self, requests: Inbox, window: Window, round_number: int) -> list[tuple[Kind, Rows]]:
        self.times += 1
        return super().respond(requests, window, round_number)

    def due(self) -> int:
        return self.until


def host(subsystem: Scripted, counterpart: Customers | None = None) -> StageHost:
    parts = Parts(subsystem, counterpart, check_every_window=True)
    return StageHost(Blueprint(Cell("contracts", 0), Flow(1), lambda cell: parts))


@pytest.mark.parametrize("at", [2_999, 4_000])
def test_mail_stamped_outside_its_window_stops_the_run(at: int) -> None:
    late = (ContractWithdrawn, sample(ContractWithdrawn, 1, at=at, case=5))
    with pytest.raises(InvariantViolation, match=r"contracts, window 3 .*ContractWithdrawn stamped .* outside"):
        step(host(Scripted(late)), WINDOW)


def test_mail_without_a_route_stops_the_run() -> None:
    stray = (LoanDisbursed, sample(LoanDisbursed, 1, at=3_500, loan=1))
    with pytest.raises(InvariantViolation, match="LoanDisbursed has no route"):
        step(host(Scripted(stray)), WINDOW)


def test_a_request_that_nobody_answers_stops_the_run() -> None:
    with pytest.raises(InvariantViolation, match="requests to nobody: ContractOffered"):
        step(host(Scripted((ContractOffered, sample(ContractOffered, 1, at=3_100)))), WINDOW)


def test_a_broken_invariant_names_cell_and_window() -> None:
    with pytest.raises(InvariantViolation, match=r"contracts, window 3 .*loan 7 is off by a fen \[shard 0\]"):
        step(host(Scripted(fault="loan 7 is off by a fen")), WINDOW)


def test_answers_come_back_within_the_window() -> None:
    subsystem = Scripted((ContractOffered, sample(ContractOffered, 2, at=[3_100, 3_050], case=[1, 2])))
    step(host(subsystem, Customers()), WINDOW)
    assert subsystem.got == [("ContractSigned", [3_150, 3_200])]


@pytest.mark.parametrize(("due", "times"), [(WINDOW.until, 0), (WINDOW.until - 1, 1)])
def test_the_world_is_asked_when_it_was_asked_something_or_has_something_due(due: int, times: int) -> None:
    world = Asked(due)
    step(host(Scripted(), world), WINDOW)
    assert world.times == times
    offered = sample(ContractOffered, 1, at=WINDOW.start + 5)
    asked = Asked(due)
    step(host(Scripted((ContractOffered, offered)), asked), WINDOW)
    assert asked.times >= 1


def test_a_cell_that_rests_tells_of_its_tables_as_they_are() -> None:
    quiet = Quiet()
    cell = Cell("contracts", 0)
    resting = StageHost(Blueprint(cell, Flow(1), lambda _: Parts(quiet, tells=True)))
    _, report = resting.step([WINDOW], [])
    assert (report.rows, report.due, report.digests) == ({"some": 2}, NEVER, [(0, 0)])
    assert quiet.got == []


def test_requests_for_later_and_requests_at_the_close_wait_for_their_window() -> None:
    later = (ContractOffered, sample(ContractOffered, 1, at=4_700, case=1))
    closing = (ContractOffered, sample(ContractOffered, 1, at=3_999, case=2))
    subsystem = Scripted(later, at_close=closing)
    stage = host(subsystem, Customers())
    step(stage, WINDOW)
    assert subsystem.got == []
    step(stage, Window(4, 4_000, 5_000))
    assert subsystem.got == [("ContractSigned", [4_100, 4_800])]


def test_mail_waits_until_its_time_comes_and_keeps_it() -> None:
    subsystem = Scripted()
    rows = sample(ContractSigned, 2, at=[4_999, 3_700], case=[9, 8])
    stage = host(subsystem)
    step(stage, WINDOW, [pack({ContractSigned.number: [rows]})])
    assert subsystem.got == [("ContractSigned", [3_700])]
    step(stage, Window(4, 4_000, 5_000))
    assert subsystem.got[1:] == [("ContractSigned", [4_999])]


def test_mail_from_the_past_stops_the_run() -> None:
    with pytest.raises(InvariantViolation, match=r"ContractSigned stamped 1970-01-01 00:00:00.017, outside"):
        step(host(Scripted()), WINDOW, [pack({ContractSigned.number: [sample(ContractSigned, 1, at=17, case=9)]})])


def test_mail_to_an_earlier_room_arrives_a_stated_time_later() -> None:
    back = (ContractWithdrawn, sample(ContractWithdrawn, 1, at=3_500, case=10**9 + 1))
    stage = host(Scripted(back))
    bundles = step(stage, WINDOW)
    mail = dict(zip(Flow(1).destinations(Cell("contracts", 0)), bundles, strict=True))
    assert unpack([mail[Cell("approval", 0)]])[ContractWithdrawn.number][0]["at"].tolist() == [3_500 + LATE_MS]


def test_time_that_no_window_covers_stops_the_run() -> None:
    stage = host(Scripted())
    step(stage, WINDOW)
    with pytest.raises(InvariantViolation, match=r"the last window ended at .*04.000: the time between would be lost"):
        step(stage, Window(4, 5_000, 6_000))


def test_a_window_belongs_to_one_day() -> None:
    with pytest.raises(InvariantViolation, match="it spans a midnight"):
        step(host(Scripted()), Window(0, DAY_MS - 5, DAY_MS + 5))


@given(st.lists(st.integers(1, 3 * DAY_MS), max_size=12))
def test_however_time_is_cut_every_instant_lies_in_one_window_of_its_day(lengths: list[int]) -> None:
    cuts = [7]
    for length in lengths:
        cuts.append(cuts[-1] + length)
    spans = list(windows(cuts))
    assert [span.start for span in spans] == [7, *(span.until for span in spans[:-1])][: len(spans)]
    assert set(cuts[1:]) <= {span.until for span in spans}
    assert all(span.day == (span.until - 1) // DAY_MS for span in spans)
    assert [span.number for span in spans] == list(range(len(spans)))


def test_bundles_carry_rows_to_the_last_bit_and_stay_writable() -> None:
    rows = sample(Posting, 3, at=[3, 1, 2], transaction=-5, amount_fen=[-(2**62), 0, 2**62])
    back = unpack([pack({Posting.number: [rows[:1], rows[1:]]})])[Posting.number][0]
    assert (back == rows).all()
    back["at"] = 0


def test_an_inbox_does_not_depend_on_where_its_rows_came_from() -> None:
    rows = sample(Posting, 4, at=[5, 5, 5, 1], transaction=[9, 9, 9, 3], account=[3, 1, 2, 0])
    one, other = in_order(Posting, [rows[:2], rows[2:]]), in_order(Posting, [rows[::-1]])
    assert (one == other).all()
    assert one["account"].tolist() == [0, 1, 2, 3]


def test_the_map_is_feed_forward_but_for_declared_late_mail() -> None:
    flow = Flow(1)
    late = [(a.room, b.room) for a in flow.cells for b in flow.destinations(a) if flow.is_late(a, b)]
    assert late == [
        ("scoring", "customers"),
        ("approval", "customers"),
        ("head_office", "customers"),
        ("contracts", "collateral"),
        ("contracts", "approval"),
        ("disbursement", "customers"),
        ("disbursement", "collateral"),
        ("repayment", "collateral"),
        ("repayment", "disbursement"),
        ("collections", "repayment"),
        ("restructuring", "repayment"),
        ("restructuring", "collections"),
        ("post_loan", "disbursement"),
        ("appeals", "customers"),
    ]
    assert LATE_MS >= DAY_MS


def test_the_head_office_desk_is_shared_and_mails_every_shard() -> None:
    head = Cell("head_office", 0)
    flow = Flow(3)
    assert [c for c in flow.cells if c.room == "head_office"] == [head]
    assert flow.destinations(head)[0] == Cell("customers", 0)
    contracts, notices = ([Cell(room, shard) for shard in range(3)] for room in ("contracts", "notices"))
    assert flow.destinations(head)[1:] == [*contracts, Cell("appeals", 0), *notices]
    assert flow.sources(head) == [Cell("customers", 0), *(Cell("approval", shard) for shard in range(3))]


def test_every_number_says_its_branch() -> None:
    case, loan, transaction = 7 * 10**9 + 12, (7 * 10**9 + 12) * 100 + 3, ((7 * 10**9 + 12) * 100 + 3) * 10_000 + 1
    for name, value in (("case", case), ("loan", loan), ("transaction", transaction), ("branch", 7)):
        assert branch_of(np.array([(value,)], dtype=[(name, "i8")])).tolist() == [7]
    with pytest.raises(ValueError, match="do not say which branch"):
        branch_of(np.zeros(1, dtype=[("at", "i8")]))
    assert shard_of_branch(np.array([0, 1, 2, 3, 4]), 2).tolist() == [0, 0, 1, 0, 1]
    assert BureauQuery.key == "case"
