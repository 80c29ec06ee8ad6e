"""Applications in bulk (批量申请): a table of forms, as CSV or as an Arrow stream. Whole columns from the first byte to the last:
what one form must be, a column must be, and what is wrong names its row and its column."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import IntEnum, IntFlag
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from fastapi import APIRouter, Depends, Request

from actors.gateway.applications import Application, form_rows
from actors.gateway.bank import Bank, attesting, bank_of, request_number
from actors.gateway.callers import Caller, Identity, identity_of, needs
from actors.gateway.details import last_day, unknown_detail
from actors.gateway.models import IdempotencyKey, shown
from actors.gateway.reach import handed_in
from actors.gateway.tables import (
    CONTENT,
    Answers,
    Faults,
    answers_told,
    as_text,
    integers,
    is_list,
    plain,
    read_table,
    row_numbers,
    unwritten_in,
)
from actors.gateway.writing import NAMES, TEXT, is_name, is_text
from credit.applications.contract import SubmitApplication
from credit.codes import Channel, Consent, Material, Method, Segment
from credit.policies.forms import VALUE_CHARACTERS
from credit.times import Ints

router = APIRouter(prefix="/v1/applications", tags=["applications"])

ROWS_MAX = 20_000
OF_ONE_MAX = 20
"""Most forms of one person: the bank looks at these one after the other."""
_CODES: dict[str, type[IntEnum]] = {"channel": Channel, "segment": Segment, "method": Method}
_FLAGS: dict[str, type[IntFlag]] = {"documents": Material, "consents": Consent}
_ACCOUNTS = ("account", "payee_account")
_DAYS = ("id_valid_until", "licence_valid_until")


class Taken(Answers):
    """What became of each form, and the case that it is."""

    model_config = shown({"rows": 2, "refused": 1, "cases": ["1000000001", "1000000002"], "reasons": [0, 142]})

    cases: list[str]


@router.post(
    "/bulk",
    status_code=202,
    summary="Hand in many applications",
    response_model=Taken,
    openapi_extra={"requestBody": {"required": True, "content": CONTENT}},
)
async def submit(
    request: Request,
    bank: Annotated[Bank, Depends(bank_of)],
    identity: Annotated[Identity, Depends(identity_of)],
    caller: Annotated[Caller, Depends(needs("bulk:submit"))],
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Columns are named as the fields of one form; `documents` and `consents` hold names with a bar between them
    (`id_front|id_back`), or are lists in Arrow; `details` hold `key=value`, with a bar between them. All rows are durable
    when it is answered. A table with a value that can be none is handed back whole; what the bank refuses, it refuses row
    by row."""
    del key
    required = {name: field.is_required() for name, field in Application.model_fields.items()}
    table = await read_table(request, required, ROWS_MAX)
    columns = _columns(table, bank)
    numbers = row_numbers(request_number(request, caller.subject, SubmitApplication), table.num_rows)
    rows, beside = form_rows(columns, bank, numbers)
    rows["attested"] = np.where(columns["documents"] != 0, attesting(caller, columns["documents"].any()), 0)
    answers = np.array(await bank.told(SubmitApplication, rows, *beside), dtype=np.int64).reshape(-1, 3)
    cases, reasons = answers[:, 0], answers[:, 1]
    taken = reasons == 0
    held = cases[taken].tolist(), columns["id_number"][taken].tolist()
    await asyncio.to_thread(handed_in, identity, [caller] * len(held[0]), *held)
    return answers_told(request, reasons) | {"cases": cases.astype(str).tolist()}


# columns --------------------------------------------------------------------------------------------------------------


def _columns(table: pa.Table, bank: Bank) -> dict[str, npt.NDArray[Any]]:
    """Every field of the form as a column of what it may be; Problem 422 names what is not."""
    faults, found = Faults([]), {}
    for name, field in Application.model_fields.items():
        if name not in table.column_names:
            value = field.default
            found[name] = np.array([value] * table.num_rows)
            continue
        column = table[name].combine_chunks() if name in _FLAGS else plain(table, name)
        found[name] = _reader(name)(name, column, faults)
    strange = [
        unknown_detail(bank.products, key, said) for key, said in zip(found["product"], found["details"], strict=True)
    ]
    for row in [row for row, one in enumerate(strange) if one is not None][:1]:
        name, known_fields = strange[row] or ("", [])
        right = (
            " or ".join(known_fields) or f"nothing here: the form of {found['product'][row]} has no fields of its own"
        )
        faults.add("details", np.arange(table.num_rows) == row, [name] * table.num_rows, right)
    people = found["segment"] == Segment.INDIVIDUAL
    for is_person, whose in ((True, people), (False, ~people)):
        strange_name = np.zeros(table.num_rows, dtype=bool)
        strange_name[whose] = [is_text(one) and not is_name(one, is_person) for one in found["name"][whose].tolist()]
        faults.add("name", strange_name, found["name"], NAMES[is_person])
    known = (found["branch"] >= 1) & (found["branch"] <= bank.branches)
    faults.add("branch", ~known, found["branch"], f"1 to {bank.branches}")
    _, same, count = np.unique(found["id_number"], return_inverse=True, return_counts=True)
    faults.add("id_number", count[same] > OF_ONE_MAX, found["id_number"], f"of one person at most {OF_ONE_MAX} forms")
    faults.raise_any()
    return found


def _reader(name: str) -> Callable[[str, Any, Faults], npt.NDArray[Any]]:
    if name in _CODES:
        return _codes
    if name in _FLAGS:
        return _flags
    if name in _ACCOUNTS:
        return _account_numbers
    if name in _DAYS:
        return _last_days
    if name == "details":
        return _details
    return _numbers if Application.model_fields[name].annotation is int else _texts


def _texts(name: str, column: Any, faults: Faults) -> npt.NDArray[np.str_]:
    texts = as_text(column)
    longest = _bound(name, "max_length")
    faults.add(name, unwritten_in(column), texts, TEXT)
    faults.add(name, np.char.str_len(texts) > longest, texts, f"at most {longest} characters")
    return texts


def _last_days(name: str, column: Any, faults: Faults) -> npt.NDArray[np.str_]:
    """Days as text; what is none is a fault, and empty."""
    texts, bad = as_text(column), np.zeros(len(column), dtype=bool)
    for row, text in enumerate(texts.tolist()):
        try:
            last_day(text)
        except ValueError:
            bad[row] = True
    faults.add(name, bad, texts, "a date as 2031-05-01, or long_term")
    return np.where(bad, "", texts)


def _details(name: str, column: Any, faults: Faults) -> npt.NDArray[np.object_]:
    """The fields of the product's own form: `key=value`, with a bar between them."""
    texts = as_text(column)
    pairs = [[one.partition("=") for one in text.split("|") if one] for text in texts.tolist()]
    bad = [any(not (key and sign) or len(value) > VALUE_CHARACTERS for key, sign, value in row) for row in pairs]
    faults.add(
        name,
        np.array(bad) | unwritten_in(column),
        texts,
        f"key=value|key=value, values of at most {VALUE_CHARACTERS} characters",
    )
    found = np.empty(len(texts), dtype=object)
    found[:] = [{key: value for key, _, value in row} for row in pairs]
    return found


def _numbers(name: str, column: Any, faults: Faults) -> Ints:
    """Within the bounds that the form's field has."""
    least, below, most = (_bound(name, limit) for limit in ("ge", "lt", "le"))
    most = below - 1 if below else most
    right = f"a whole number from {least} to {most}"
    found = integers(name, column, faults, right)
    faults.add(name, (found < least) | (found > most), found, right)
    return found


def _bound(name: str, limit: str) -> int:
    """A limit that the form's field has; 0 for none."""
    return max((getattr(one, limit, 0) for one in Application.model_fields[name].metadata), default=0)


def _account_numbers(name: str, column: Any, faults: Faults) -> Ints:
    right = "12 to 19 digits"
    found = integers(name, column, faults, right)
    faults.add(name, (found != 0) & (found < 10**11), found, right)
    return found


def _codes(name: str, column: Any, faults: Faults) -> Ints:
    """Codes by their names, looked up for a whole column."""
    codes = _CODES[name]
    names = [one.name.lower() for one in codes]
    texts = as_text(column)
    places = pc.index_in(pa.array(texts), value_set=pa.array(names))
    found = np.asarray(pc.fill_null(places, -1).to_numpy(zero_copy_only=False), dtype=np.int64)
    faults.add(name, found < 0, texts, ", ".join(names))
    return np.array([int(one) for one in codes])[np.maximum(found, 0)]


def _flags(name: str, column: Any, faults: Faults) -> Ints:
    """Sets of names, as bits: each name is looked for in all rows at once."""
    lists = column if is_list(column.type) else None
    if lists is None:
        texts = pc.fill_null(pc.cast(column, pa.string()), "")
        lists = pc.if_else(pc.equal(texts, ""), None, texts)
        lists = pc.split_pattern(lists, "|")
    flags = _FLAGS[name]
    names = [str(one.name).lower() for one in flags]
    rows = np.asarray(pc.list_parent_indices(lists).to_numpy(zero_copy_only=False), dtype=np.int64)
    words = pc.utf8_trim_whitespace(pc.cast(pc.list_flatten(lists), pa.string()))
    places = pc.fill_null(pc.index_in(words, value_set=pa.array(names)), -1)
    found = np.asarray(places.to_numpy(zero_copy_only=False), dtype=np.int64)
    bad = np.zeros(len(column), dtype=bool)
    bad[rows[found < 0]] = True
    said = np.full(len(column), "", dtype=object)
    said[rows[found < 0]] = as_text(words)[found < 0]
    faults.add(name, bad, said, ", ".join(names))
    bits = np.zeros(len(column), dtype=np.int64)
    np.bitwise_or.at(bits, rows, np.array([int(one) for one in flags])[np.maximum(found, 0)])
    return bits
