"""Mail in and mail out: what a room finds in a window, and what it leaves behind. Rows of a kind stand in order of (time, id), an
order that does not depend on shards, batches or who delivered first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from credit.masks import all_of, any_of, true_rows
from credit.numbers import branch_of, branch_of_case, branch_of_loan
from credit.room import EVENT_DTYPE, KINDS, MEASURE_DTYPE, EventCode, GaugeCode, Kind, Rows
from credit.rows import joined, only, ranks_of_pairs
from credit.table import Table
from credit.times import Ints

Column = npt.NDArray[Any]
_ONE_NUMBER_MAX = 1 << 62
ANSWER_DTYPE = np.dtype([(name, "i8") for name in "branch request at number reason".split()])
"""The answer to a branch's request: when it was given, the case or loan it is about (0 = none), and why it is refused (0 =
accepted)."""
NO_ANSWERS = np.zeros(0, dtype=ANSWER_DTYPE)
STEPS_MAX = 1_000_000
"""More than a room says of one case at one instant."""


class Inbox:
    """One window's mail for one receiver: at most one record array a kind, sorted by (at, id, remaining columns); none of a kind
    of which nothing came."""

    def __init__(self, rows: Mapping[int, Rows] | None = None) -> None:
        self._rows = {number: of_kind for number, of_kind in (rows or {}).items() if len(of_kind)}

    def take(self, kind: Kind) -> Rows:
        """The rows of a kind, possibly none."""
        rows = self._rows.get(kind.number)
        return rows if rows is not None else kind.nothing

    def get(self, kind: Kind) -> Rows | None:
        """The rows of a kind; None where none came."""
        return self._rows.get(kind.number)

    def __bool__(self) -> bool:
        return bool(self._rows)

    def __iter__(self) -> Iterator[tuple[Kind, Rows]]:
        for number in sorted(self._rows):
            yield KINDS[number], self._rows[number]

    def in_time(self, kinds: Sequence[Kind], key: str) -> Iterator[tuple[Kind, Rows]]:
        """Rows of several kinds, cut so that an id of the column `key` stands at most once in each piece, and over the pieces
        its rows come in the order of their time, at one instant in the order of `kinds`. As few pieces as that allows: a
        later kind's rows follow an earlier kind's within one wave."""
        present = [(kind, self._rows[kind.number]) for kind in kinds if kind.number in self._rows]
        if not present:
            return
        waves = _waves([(rows[key], rows["at"]) for _, rows in present])
        for wave in range(1 + max(int(of_rows.max()) for of_rows in waves)):
            for (kind, rows), of_rows in zip(present, waves, strict=True):
                mine = of_rows == wave
                if any_of(mine):
                    yield kind, only(rows, mine)

    @staticmethod
    def of(*mail: tuple[Kind, Rows]) -> Inbox:
        """An inbox from (kind, rows) pairs, merged and sorted; for tests and hosts."""
        collected: dict[int, list[Rows]] = {}
        for kind, rows in mail:
            collected.setdefault(kind.number, []).append(rows)
        return Inbox({number: in_order(KINDS[number], parts) for number, parts in collected.items()})


def _waves(columns: Sequence[tuple[Ints, Ints]]) -> list[Ints]:
    """The wave of each row, for the (ids, instants) of several kinds: an id's next row stands in a later wave unless its kind
    comes after the one before."""
    lengths = [len(ids) for ids, _ in columns]
    ids, at = (np.concatenate(parts) for parts in zip(*columns, strict=True))
    ordered = np.sort(ids)
    if not any_of(ordered[1:] == ordered[:-1]):  # nobody stands twice: the common case
        return [np.zeros(length, dtype=np.int64) for length in lengths]
    kind = np.repeat(np.arange(len(columns)), lengths)
    order = np.lexsort((kind, at, ids))
    ids, kind = ids[order], kind[order]
    new = np.ones(len(order), dtype=bool)
    new[1:] = ids[1:] != ids[:-1]
    again = np.zeros(len(order), dtype=np.int64)
    again[1:] = ~new[1:] & (kind[1:] <= kind[:-1])
    steps = again.cumsum()
    waves = np.empty(len(order), dtype=np.int64)
    waves[order] = steps - np.maximum.accumulate(np.where(new, steps, 0))
    return np.split(waves, np.cumsum(lengths)[:-1])


def in_order(kind: Kind, parts: Sequence[Rows]) -> Rows:
    """Concatenates and sorts by (at, id): an order that does not depend on where the parts came from. Rows that agree in
    both are told apart by their remaining columns. Rows that stand in order already are returned as they are."""
    rows = joined(parts)
    if len(rows) < 2:
        return rows
    at = rows["at"]
    if all_of(at[1:] > at[:-1]):
        return rows
    columns = [rows[name] for name in kind.dtype.names or ()]
    return rows if _ascending(columns) else rows[_order_of(columns)]


def _ascending(columns: Sequence[Column]) -> bool:
    """Whether rows stand in order of the first column, then the second …"""
    tied = np.arange(len(columns[0]) - 1)  # rows that are so far equal to the next one
    for column in columns:
        here, there = column[tied], column[tied + 1]
        if any_of(here > there):
            return False
        tied = tied[here == there]
        if not len(tied):
            break
    return True


def _order_of(columns: Sequence[Column]) -> Ints:
    """What ``np.lexsort`` gives for the columns, the first one leading; a later column is looked at only where the ones
    before it leave rows tied, which are few."""
    order = columns[0].argsort(kind="stable")
    first = columns[0][order]
    tied = true_rows(first[1:] == first[:-1])  # places that are so far equal to the next one
    for column in columns[1:]:
        if not len(tied):
            break
        inside = np.zeros(len(order), dtype=bool)
        inside[tied] = inside[tied + 1] = True
        starts = inside.copy()
        starts[tied + 1] = False
        places = true_rows(inside)
        run = starts[places].cumsum()
        sorted_in = order[places][_order_in_runs(run, column[order[places]])]
        order[places] = sorted_in
        values = column[sorted_in]
        tied = places[:-1][(run[1:] == run[:-1]) & (values[1:] == values[:-1])]
    return order


def _order_in_runs(run: Ints, values: Column) -> Ints:
    """Order of values within ascending runs: one sort where both fit into one number, else two."""
    if values.dtype.kind == "i":
        low, high = int(values.min()), int(values.max())
        if (int(run[-1]) + 1) * (high - low + 1) < _ONE_NUMBER_MAX:
            return np.argsort(run * (high - low + 1) + (values - low), kind="stable")
    return np.lexsort((values, run))


def in_sequence(parts: Sequence[Rows], place: int) -> Rows:
    """The events of a room's window as one batch, in the order in which they were logged, with their branch (0 head office) and
    `seq`: it rises with what happened to a case (or loan) at one instant, over the rooms of the flow too, of which this room
    is the one numbered `place`."""
    rows = np.concatenate(parts, dtype=EVENT_DTYPE) if parts else np.zeros(0, dtype=EVENT_DTYPE)
    if len(rows):
        of_case = rows["case"] > 0
        rows["branch"] = np.where(of_case, branch_of_case(rows["case"]), branch_of_loan(rows["loan"]))
        entity = np.where(of_case, rows["case"], rows["loan"])
        rows["seq"] = place * STEPS_MAX + np.where(entity > 0, 1 + ranks_of_pairs(entity, rows["at"]), 0)
    return rows


@dataclass
class Outbox:
    """What a call produces: mail to other stages or to the stage's own counterpart, event rows and measures."""

    mail: dict[int, list[Rows]] = field(default_factory=dict)
    events: list[Rows] = field(default_factory=list)
    measures: list[Rows] = field(default_factory=list)
    answers: list[Rows] = field(default_factory=list)
    papers: list[tuple[Kind, Rows]] = field(default_factory=list)
    """What somebody has written and is kept with the case, as it was said."""
    product_of: Callable[[Ints, Ints], Ints] | None = None
    """What the room knows of the products of cases and loans; see `Subsystem.product_of`."""

    def send(self, kind: Kind, rows: Rows) -> None:
        """Mails rows of a kind; empty batches are dropped."""
        assert rows.dtype == kind.dtype, f"{kind.name}: rows have another record type"
        if len(rows):
            self.mail.setdefault(kind.number, []).append(rows)

    def file(self, kind: Kind, rows: Rows) -> None:
        """Keeps what somebody has written among a run's papers."""
        if len(rows):
            self.papers.append((kind, rows))

    def log(
        self,
        event: EventCode,
        at: npt.ArrayLike,
        case: npt.ArrayLike,
        *,
        actor: npt.ArrayLike = 0,
        loan: npt.ArrayLike = 0,
        amount_fen: npt.ArrayLike = 0,
        reason: npt.ArrayLike = 0,
        value: npt.ArrayLike = 0,
        product: npt.ArrayLike | None = None,
    ) -> None:
        """Records one event a row; `at` sets the length, the rest broadcasts. What is logged first of a case happened first. The
        room looks the product up where it is not given."""
        length = np.size(at)
        if not length:
            return
        rows = np.zeros(length, dtype=EVENT_DTYPE)
        rows["event"], rows["at"], rows["case"] = event, at, case
        given = {"actor": actor, "loan": loan, "amount_fen": amount_fen, "reason": reason, "value": value}
        for name, values in given.items():
            if isinstance(values, np.ndarray) or values != 0:
                rows[name] = values
        if product is None:
            product = self.product_of(rows["case"], rows["loan"]) if self.product_of else 0
        rows["product"] = product
        self.events.append(rows)

    def log_rows(self, event: EventCode, table: Table, rows: Ints, at: Ints | int, **said: npt.ArrayLike) -> None:
        """Records one event a row of a table, with the row's own case, loan and product; the rest as in `log`."""
        if not len(rows):
            return
        loan = table["loan"][rows] if "loan" in table.names else 0
        at = np.broadcast_to(np.asarray(at, dtype=np.int64), rows.shape)
        self.log(event, at, table["case"][rows], loan=loan, product=table["product"][rows], **said)

    def measure(
        self,
        gauge: GaugeCode,
        at: int,
        *,
        branch: npt.ArrayLike = 0,
        product: npt.ArrayLike = 0,
        group: npt.ArrayLike = 0,
        count: npt.ArrayLike = 0,
        amount_fen: npt.ArrayLike = 0,
    ) -> None:
        """Records one row a group at a window's end."""
        rows = np.zeros(np.broadcast(branch, product, group, count, amount_fen).size, dtype=MEASURE_DTYPE)
        rows["at"], rows["gauge"] = at, gauge
        rows["branch"], rows["product"], rows["group"] = branch, product, group
        rows["count"], rows["amount_fen"] = count, amount_fen
        self.measures.append(rows)

    def tally(
        self,
        gauge: GaugeCode,
        at: int,
        branch: npt.NDArray[np.int64],
        product: npt.NDArray[np.int64],
        group: npt.NDArray[np.int64],
        amount_fen: npt.NDArray[np.int64],
    ) -> None:
        """Counts rows and sums their amounts by (branch, product, group); groups are numbered 0 … 99."""
        if not len(branch):
            return
        keys, place, count = np.unique((branch * 100 + product) * 100 + group, return_inverse=True, return_counts=True)
        amount = np.zeros(len(keys), dtype=np.int64)
        np.add.at(amount, place, amount_fen)
        self.measure(
            gauge,
            at,
            branch=keys // 10_000,
            product=keys // 100 % 100,
            group=keys % 100,
            count=count,
            amount_fen=amount,
        )

    def answer(self, rows: Rows, *, number: npt.ArrayLike = 0, reason: npt.ArrayLike = 0) -> None:
        """Answers commands (rows with `request` and `at`): with the number of what came of them, or the reason of a refusal."""
        if not len(rows):
            return
        answers = np.zeros(len(rows), dtype=ANSWER_DTYPE)
        for name in ("request", "at"):
            answers[name] = rows[name]
        answers["branch"], answers["number"], answers["reason"] = branch_of(rows), number, reason
        self.answers.append(answers[answers["request"] != 0])

    def take_answers(self) -> Rows:
        """The answers given so far, which are forgotten here."""
        answers, self.answers = self.answers, []
        return joined(answers) if answers else NO_ANSWERS

    def take(self, kind: Kind) -> Rows:
        """The rows sent of a kind so far, sorted; for tests."""
        parts = self.mail.get(kind.number)
        return in_order(kind, parts) if parts else kind.empty()

    def events_of(self, event: EventCode) -> Rows:
        """The logged rows of an event; for tests."""
        parts = [rows[rows["event"] == event] for rows in self.events]
        return np.concatenate(parts) if parts else np.zeros(0, dtype=EVENT_DTYPE)
