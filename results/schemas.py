"""Arrow schemas of a run's Parquet files, and how the bank's codes become the names that people query by. One place, so
that what the report reads is what the stages wrote. On the long columns nothing is sorted and nothing is formatted;
names are made once for each distinct code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from credit.applications.contract import FormText, SubmitApplication
from credit.approval.contract import DESK, ApplicationScored
from credit.codes import Account, Actor
from credit.collateral.contract import CollateralOffered
from credit.contracts.contract import ApplicationApproved
from credit.due_diligence.contract import DESK as DUE_DILIGENCE_DESK
from credit.due_diligence.contract import BusinessScored, RecordStatement
from credit.fingerprints import of_text
from credit.head_office.contract import DESK as HEAD_OFFICE_DESK
from credit.repayment.contract import LoanDisbursed
from credit.room import EVENT_DTYPE, REASONS, EventCode, Reason, Rows
from credit.room import EVENTS as EVENT_CODES
from credit.rows import joined
from credit.times import Ints

NAMES = pa.dictionary(pa.int16(), pa.string())
MANY_NAMES = pa.dictionary(pa.int32(), pa.string())

EVENTS = pa.schema(
    [
        ("ts", pa.timestamp("ms")),
        ("case_no", pa.int64()),
        ("room", NAMES),
        ("event", NAMES),
        ("actor", MANY_NAMES),
        ("loan", pa.int64()),
        ("amount_fen", pa.int64()),
        ("reason", MANY_NAMES),
        ("value", pa.int64()),
        ("branch", pa.int32()),
        ("product", NAMES),
        ("seq", pa.int64()),
    ]
)
"""One row an event; ordered by `ts`, then `seq`, the steps of a case stand as they happened. `case_no` is the application
number (0 for none), `loan` the loan note, `reason` a refusal's, channel's or outcome's name, or a number where the event
counts something else; null for none. `product` is said where the room knows it; ``cases.parquet`` has it of every case."""

LEDGER = pa.schema(
    [
        ("ts", pa.timestamp("ms")),
        ("window_no", pa.int32()),
        ("transaction", pa.int64()),
        ("account", NAMES),
        ("loan", pa.int64()),
        ("amount_fen", pa.int64()),
    ]
)
"""One row a posting, debit positive; `loan` 0 on control postings."""

LEDGER_DTYPE = np.dtype([(name, "i8") for name in "at window transaction account loan amount_fen".split()])
"""A posting with the number of its window, as it waits for its row group."""

PAPERS = {
    "forms": SubmitApplication,
    "texts": FormText,
    "scores": ApplicationScored,
    "scores_of_secured": CollateralOffered,
    "scores_of_businesses": BusinessScored,
    "statements": RecordStatement,
    "opinions_due_diligence": DUE_DILIGENCE_DESK.opinion,
    "opinions": DESK.opinion,
    "opinions_head_office": HEAD_OFFICE_DESK.opinion,
    "approvals": ApplicationApproved,
    "loans": LoanDisbursed,
}
"""Mail that is kept as a run's papers, by the name of their files: what stood in the form, in the score, in a business's books,
in the opinions that took effect, in the approval that the contract is written from, and in the order to open the loan. Columns
and codes are the kind's own."""

SCHEMA = b"lendrill_schema"
"""Where a file's metadata say which schema its rows are of."""


def fingerprint(name: str, columns: Iterable[tuple[str, object]]) -> str:
    """The fingerprint of a file's schema: names and types of its columns in their order."""
    return of_text(f"{name} " + " ".join(f"{column}:{form}" for column, form in columns))


def marked(name: str, schema: pa.Schema) -> pa.Schema:
    """A schema with its fingerprint in the metadata."""
    return schema.with_metadata({SCHEMA: fingerprint(name, ((field.name, field.type) for field in schema)).encode()})


_SPAN_MAX = 4_194_304
"""Codes that lie within so many numbers are looked up in a table; wider ones are sorted."""

_ACCOUNT_NAMES = {int(code): code.name.lower() for code in Account}
_ACTOR_NAMES = {int(code): code.name.lower() for code in Actor}


def refusing_events() -> list[EventCode]:
    """Events that say no to somebody."""
    return [one for one in EVENT_CODES.values() if one.said.refuses]


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


def _encoded(
    codes: Ints, name_of: Callable[[int], str | None], index_type: pa.DataType | None = None
) -> pa.DictionaryArray:
    """Codes with few distinct values as names; null where `name_of` gives none."""
    distinct, index = _distinct(codes)
    names = [name_of(code) for code in distinct.tolist()]
    mask = np.array([name is None for name in names])[index] if None in names else None
    places = pa.array(index, type=index_type, mask=mask)
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


def actor_name(code: int) -> str:
    """An actor as the files spell him."""
    return _ACTOR_NAMES.get(code) or f"staff {code}"


def reason_name(event: int, code: int) -> str | None:
    """A reason as its event's contract spells it; a plain number where the event counts something else, null for none."""
    if not code:
        return None
    codes = EVENT_CODES[event].said.reason
    known = REASONS if codes is Reason else {int(one): one for one in codes or ()}
    return known[code].name.lower() if code in known else str(code)


def event_table(room: str, products: Mapping[int, str], parts: Sequence[Rows]) -> pa.Table:
    """Event rows of one room as an Arrow table of `EVENTS`; `products`: their keys by code."""
    columns = columns_of(parts, EVENT_DTYPE)
    event, reason = columns["event"], columns["reason"]
    rooms = pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(len(event), dtype=np.int16)), pa.array([room], type=pa.string())
    )
    lowest = int(reason.min(initial=0))
    span = int(reason.max(initial=0)) - lowest + 1
    return pa.table(
        [
            instants(columns["at"]),
            pa.array(columns["case"]),
            rooms,
            _encoded(event, lambda code: EVENT_CODES[code].name.lower(), pa.int16()),
            _encoded(columns["actor"], actor_name),
            pa.array(columns["loan"]),
            pa.array(columns["amount_fen"]),
            _encoded(
                event * span + (reason - lowest), lambda tagged: reason_name(tagged // span, tagged % span + lowest)
            ),
            pa.array(columns["value"]),
            pa.array(columns["branch"].astype(np.int32)),
            _encoded(columns["product"], lambda code: products.get(code, str(code)) if code else None, pa.int16()),
            pa.array(columns["seq"]),
        ],
        schema=EVENTS,
    )


def posting_table(parts: Sequence[Rows]) -> pa.Table:
    """Posting rows (`LEDGER_DTYPE`) as an Arrow table of `LEDGER`."""
    columns = columns_of(parts, LEDGER_DTYPE)
    arrays = [
        instants(columns["at"]),
        pa.array(columns["window"].astype(np.int32)),
        pa.array(columns["transaction"]),
        _encoded(columns["account"], lambda code: _ACCOUNT_NAMES.get(code, str(code)), pa.int16()),
        pa.array(columns["loan"]),
        pa.array(columns["amount_fen"]),
    ]
    return pa.table(arrays, schema=LEDGER)


def plain_schema(dtype: np.dtype[np.void]) -> pa.Schema:
    """The schema of any record of int64 and text columns; instants (`at`, `start`, `until`) become timestamps, and a name that
    SQL keeps for itself another one."""
    return pa.schema(list(zip(file_names(dtype), (_plain_type(n, dtype[n]) for n in dtype.names or ()), strict=True)))


def file_names(dtype: np.dtype[np.void]) -> list[str]:
    """The columns of a record as its files call them."""
    return [_UNRESERVED.get(name, name) for name in dtype.names or ()]


def plain_table(parts: Sequence[Rows]) -> pa.Table:
    """Any records of int64 and text columns, column for column."""
    rows = joined(parts)
    columns = {name: np.ascontiguousarray(rows[name]) for name in rows.dtype.names or ()}
    arrays = [instants(column) if name in _INSTANTS else pa.array(column) for name, column in columns.items()]
    return pa.table(arrays, schema=plain_schema(rows.dtype))


_INSTANTS = ("at", "start", "until")
_UNRESERVED = {"at": "ts", "case": "case_no", "group": "grp"}


def _plain_type(name: str, form: np.dtype[Any]) -> pa.DataType:
    return pa.string() if form.kind == "U" else pa.timestamp("ms") if name in _INSTANTS else pa.int64()
