"""Arrow schemas of a run's Parquet files, and how the bank's codes become the names that people query by. One place, so
that what the report reads is what the stages wrote. Rule: on the long columns nothing is sorted and nothing is formatted;
names are made once for each distinct code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Any

import numpy as np
import pyarrow as pa

from credit.approval.states import Cause
from credit.codes import Account, Actor, ChangeReason, Channel, ContactOutcome, Event, Gauge, Refusal, Stage
from credit.collections.states import RefusedBecause
from credit.messages import EVENT_DTYPE, Rows
from credit.times import Ints

NAMES = pa.dictionary(pa.int16(), pa.string())
MANY_NAMES = pa.dictionary(pa.int32(), pa.string())

EVENTS = pa.schema(
    [
        ("at", pa.timestamp("ms")),
        ("case", pa.int64()),
        ("stage", NAMES),
        ("event", NAMES),
        ("actor", MANY_NAMES),
        ("loan", pa.int64()),
        ("amount_fen", pa.int64()),
        ("reason", MANY_NAMES),
        ("value", pa.int64()),
    ]
)
"""One row an event. `case` is the application number (0 for none), `loan` the loan note, `reason` a refusal's, channel's or
outcome's name, or a number where the event counts something else; null for none."""

LEDGER = pa.schema(
    [
        ("at", pa.timestamp("ms")),
        ("window", pa.int32()),
        ("transaction", pa.int64()),
        ("account", pa.int32()),
        ("loan", pa.int64()),
        ("amount_fen", pa.int64()),
    ]
)
"""One row a posting, debit positive; `loan` 0 on control postings."""

LEDGER_DTYPE = np.dtype([(name, "i8") for name in LEDGER.names])
"""A posting with the number of its window, as it waits for its row group."""

_SPAN_MAX = 4_194_304
"""Codes that lie within so many numbers are looked up in a table; wider ones are sorted."""


class _Names:
    """Dictionary encoding of one code column: a fixed list of names and a lookup from code to its index."""

    def __init__(self, codes: type[IntEnum]) -> None:
        members = sorted(codes, key=int)
        self._lowest = int(members[0])
        self.values = pa.array([m.name.lower() for m in members])
        self._index = np.full(int(members[-1]) - self._lowest + 1, -1, dtype=np.int16)
        for place, member in enumerate(members):
            self._index[int(member) - self._lowest] = place

    def encode(self, column: Ints) -> pa.DictionaryArray:
        return pa.DictionaryArray.from_arrays(pa.array(self._index[column - self._lowest]), self.values)


ACCOUNT_NAMES = {int(code): code.name.lower() for code in Account}
GAUGE_NAMES = {int(code): code.name.lower() for code in Gauge}
_EVENT_NAMES = _Names(Event)
_ACTOR_NAMES = {int(code): code.name.lower() for code in Actor}
REFUSING_EVENTS = (
    Event.APPLICATION_REFUSED,
    Event.CUSTOMER_DECLINED,
    Event.APPLICATION_INTERCEPTED,
    Event.BUREAU_REFUSED,
    Event.SCORING_REJECTED,
    Event.APPLICATION_DECLINED,
    Event.DECISION_REFUSED,
    Event.CONTRACT_BLOCKED,
    Event.CONTRACT_WITHDRAWN,
    Event.CONTRACT_ACTION_REFUSED,
    Event.DISBURSEMENT_PRECHECK_FAILED,
    Event.DISBURSEMENT_REJECTED,
    Event.DRAWDOWN_REFUSED,
    Event.USE_REJECTED,
    Event.PAYMENT_FAILED,
    Event.PAYMENT_STOPPED,
    Event.DISBURSEMENT_ACTION_REFUSED,
    Event.EARLY_REPAYMENT_REFUSED,
    Event.RECEIPT_REFUSED,
    Event.COLLECTION_ACTION_REFUSED,
)
"""Events that say no to somebody; their `reason` is a `Refusal`, the last one's a `RefusedBecause`."""
_REFUSALS = {int(code): code.name.lower() for code in Refusal}
_REASON_NAMES: tuple[dict[int, str], ...] = (
    {},
    _REFUSALS,
    {int(code): code.name.lower() for code in Channel},
    {int(code): code.name.lower() for code in ContactOutcome},
    {int(code): code.name.lower() for code in RefusedBecause},
    {int(code): code.name.lower() for code in Cause},
    _REFUSALS | {int(code): code.name.lower() for code in ChangeReason},
)
_REASON_KIND = np.zeros(1000, dtype=np.int64)
"""Event → place in `_REASON_NAMES`; a plain number unless said otherwise."""
_REASON_KIND[[*REFUSING_EVENTS, Event.NODE_DECIDED, Event.APPLICATION_SCORED, Event.FACILITY_CLOSED]] = 1
_REASON_KIND[Event.APPLICATION_SUBMITTED] = 2
_REASON_KIND[Event.CONTACT_MADE] = 3
_REASON_KIND[Event.COLLECTION_ACTION_REFUSED] = 4
_REASON_KIND[Event.CASE_ESCALATED] = 5
_REASON_KIND[Event.CONTRACT_WITHDRAWN] = 6  # by the bank with a `Refusal`, by the customer with a wish (CON-16)


def columns_of(parts: Sequence[Rows], dtype: np.dtype[np.void]) -> dict[str, Ints]:
    """Record arrays whose fields are all int64, laid end to end, as one contiguous array a field."""
    names = dtype.names or ()
    columns = np.empty((len(names), sum(map(len, parts))), dtype=np.int64)
    place = 0
    for rows in parts:
        columns[:, place : place + len(rows)] = np.ascontiguousarray(rows).view(np.int64).reshape(-1, len(names)).T
        place += len(rows)
    return {name: columns[number] for number, name in enumerate(names)}


def instants(column: Ints) -> pa.Array:
    """Milliseconds since 1970 as Arrow timestamps."""
    return pa.array(column.view("datetime64[ms]"))


def _encoded(codes: Ints, name_of: Callable[[int], str | None]) -> pa.DictionaryArray:
    """Codes with few distinct values as names; null where `name_of` gives none."""
    distinct, index = _distinct(codes)
    names = [name_of(code) for code in distinct.tolist()]
    places = pa.array(index, mask=np.array([n is None for n in names])[index]) if None in names else pa.array(index)
    return pa.DictionaryArray.from_arrays(places, pa.array([name or "" for name in names], type=pa.string()))


def _distinct(codes: Ints) -> tuple[Ints, np.ndarray[Any, np.dtype[np.int32]]]:
    """The distinct codes in rising order, and each row's place among them."""
    if not len(codes):
        return codes, np.zeros(0, dtype=np.int32)
    lowest = int(codes.min())
    span = int(codes.max()) - lowest + 1
    if span > _SPAN_MAX:
        distinct, index = np.unique(codes, return_inverse=True)
        return distinct, index.astype(np.int32)
    shifted = codes - lowest
    present = np.zeros(span, dtype=bool)
    present[shifted] = True
    found = np.flatnonzero(present)
    place = np.empty(span, dtype=np.int32)
    place[found] = np.arange(len(found), dtype=np.int32)
    return found + lowest, place[shifted]


def _actor_name(code: int) -> str:
    return _ACTOR_NAMES.get(code) or f"staff {code}"


def _reason_name(tagged: int) -> str | None:
    code, kind = divmod(tagged, len(_REASON_NAMES))
    return _REASON_NAMES[kind].get(code, str(code)) if code else None


def event_table(stage: Stage, parts: Sequence[Rows]) -> pa.Table:
    """Event rows of one stage as an Arrow table of `EVENTS`."""
    columns = columns_of(parts, EVENT_DTYPE)
    event = columns["event"]
    stages = pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(len(event), dtype=np.int16)), pa.array([stage.name.lower()], type=pa.string())
    )
    tagged = columns["reason"] * len(_REASON_NAMES)
    tagged += _REASON_KIND[event]
    return pa.table(
        [
            instants(columns["at"]),
            pa.array(columns["case"]),
            stages,
            _EVENT_NAMES.encode(event),
            _encoded(columns["actor"], _actor_name),
            pa.array(columns["loan"]),
            pa.array(columns["amount_fen"]),
            _encoded(tagged, _reason_name),
            pa.array(columns["value"]),
        ],
        schema=EVENTS,
    )


def posting_table(parts: Sequence[Rows]) -> pa.Table:
    """Posting rows (`LEDGER_DTYPE`) as an Arrow table of `LEDGER`."""
    columns = columns_of(parts, LEDGER_DTYPE)
    columns["window"], columns["account"] = columns["window"].astype(np.int32), columns["account"].astype(np.int32)
    arrays = [instants(column) if name == "at" else pa.array(column) for name, column in columns.items()]
    return pa.table(arrays, schema=LEDGER)


def plain_schema(dtype: np.dtype[np.void]) -> pa.Schema:
    """The schema of any record of int64 columns; instants (`at`, `start`, `until`) become timestamps."""
    return pa.schema([(name, _plain_type(name)) for name in dtype.names or ()])


def plain_table(parts: Sequence[Rows]) -> pa.Table:
    """Any records of int64 columns, column for column."""
    dtype = parts[0].dtype
    columns = columns_of(parts, dtype)
    arrays = [instants(column) if name in _INSTANTS else pa.array(column) for name, column in columns.items()]
    return pa.table(arrays, schema=plain_schema(dtype))


_INSTANTS = ("at", "start", "until")


def _plain_type(name: str) -> pa.DataType:
    return pa.timestamp("ms") if name in _INSTANTS else pa.int64()
