"""Applications in bulk (批量申请): a table of forms, as CSV or as an Arrow stream. Whole columns from the first byte to the last:
what one form must be, a column must be, and what is wrong names its row and its column."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from fastapi import APIRouter, Depends, Request
from pydantic import Field

from actors.gateway.applications import Application, form_rows
from actors.gateway.bank import Bank, attesting, bank_of, request_number
from actors.gateway.callers import Caller, Identity, identity_of, needs
from actors.gateway.details import last_day, unknown_detail
from actors.gateway.models import IdempotencyKey, Model, shown
from actors.gateway.problems import Problem
from actors.gateway.reach import handed_in
from actors.gateway.writing import NAMES, TEXT, is_name, is_text, unwritten
from credit.applications.contract import SubmitApplication
from credit.codes import Channel, Consent, Material, Method, Segment
from credit.policies.forms import VALUE_CHARACTERS
from credit.room import REASONS
from credit.times import Bools, Ints

router = APIRouter(prefix="/v1/applications", tags=["applications"])

ROWS_MAX = 20_000
OF_ONE_MAX = 20
"""Most forms of one person: the bank looks at these one after the other."""
_FAULTS_MAX = 100
MEDIA_CSV, _ARROW = "text/csv", "application/vnd.apache.arrow.stream"
_COMPRESSED = (b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18")
"""How what is compressed by Zstandard or LZ4 begins."""
REQUEST_BITS = (1 << 62) - 1
_CODES: dict[str, type[IntEnum]] = {"channel": Channel, "segment": Segment, "method": Method}
_FLAGS: dict[str, type[IntFlag]] = {"documents": Material, "consents": Consent}
_ACCOUNTS = ("account", "payee_account")
_DAYS = ("id_valid_until", "licence_valid_until")


@dataclass
class Faults:
    """What is wrong with a table: the first so many, with row (from 1) and column."""

    found: list[dict[str, Any]]

    def add(self, column: str, bad: Bools, values: Any, right: str) -> None:
        """Rows whose value is wrong."""
        for row in np.flatnonzero(bad)[: _FAULTS_MAX - len(self.found)].tolist():
            value = str(values[row])[:60]
            self.found.append({"row": row + 1, "column": column, "what": f"{value!r}; right is {right}"})

    def raise_any(self) -> None:
        """Problem 422 where anything is wrong: then nothing is handed in."""
        if self.found:
            first = self.found[0]
            says = f"row {first['row']}, column {first['column']}: {first['what']}"
            wrong = f"第{first['row']}行“{first['column']}”列有误，请核对后重新提交"
            raise Problem(422, "Invalid request", says, errors=self.found, detail_zh=wrong)


class Answers(Model):
    """What became of each row, by its position."""

    model_config = shown({"rows": 2, "refused": 1, "cases": ["1000000001", "1000000002"], "reasons": [0, 142]})

    rows: int
    refused: int
    cases: list[str]
    reasons: list[int]
    """0 where the form was taken; else why not, see `codes`."""
    codes: dict[str, list[str]] = Field(default_factory=dict)
    """The reasons that occur, in words."""


@router.post(
    "/bulk",
    status_code=202,
    summary="Hand in many applications",
    response_model=Answers,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                MEDIA_CSV: {"schema": {"type": "string"}, "example": ""},
                _ARROW: {"schema": {"type": "string", "format": "binary"}},
            },
        }
    },
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
    table = _read(await request.body(), request.headers.get("content-type", ""))
    request.state.table = {"rows": table.num_rows}
    columns = _columns(table, bank)
    first = request_number(request, caller.subject, SubmitApplication)
    numbers = (first + np.arange(table.num_rows)) & REQUEST_BITS
    numbers[numbers == 0] = REQUEST_BITS
    rows, beside = form_rows(columns, bank, numbers)
    rows["attested"] = np.where(columns["documents"] != 0, attesting(caller, columns["documents"].any()), 0)
    answers = np.array(await bank.told(SubmitApplication, rows, *beside), dtype=np.int64).reshape(-1, 3)
    cases, reasons = answers[:, 0], answers[:, 1]
    taken = reasons == 0
    held = cases[taken].tolist(), columns["id_number"][taken].tolist()
    await asyncio.to_thread(handed_in, identity, [caller] * len(held[0]), *held)
    occurring = {str(one): list(REASONS[one].words) for one in np.unique(reasons[reasons > 0]).tolist()}
    refused = int((reasons > 0).sum())
    request.state.table = {"rows": len(rows), "refused": refused}
    return {
        "rows": len(rows),
        "refused": refused,
        "cases": cases.astype(str).tolist(),
        "reasons": reasons.tolist(),
        "codes": occurring,
    }


def _read(body: bytes, media: str) -> pa.Table:
    """The table; Problem 415 for another kind of body, 422 for one that can't be read, 413 for too many rows."""
    kind = media.partition(";")[0].strip().lower()
    if kind not in (MEDIA_CSV, _ARROW):
        raise Problem(415, "Unsupported media type", f"Content-Type: {MEDIA_CSV} or {_ARROW}")
    try:
        table = _csv(body) if kind == MEDIA_CSV else _arrow(body)
        names = table.column_names
    except UnicodeDecodeError:
        what = "the names of its columns are not in UTF-8; save it as CSV UTF-8"
        zh = "表头不是UTF-8编码，请另存为“CSV UTF-8”"
        raise Problem(422, "Invalid request", f"the table can't be read: {what}", detail_zh=zh) from None
    except (pa.ArrowException, OSError, ValueError) as error:
        raise Problem(422, "Invalid request", f"the table can't be read: {str(error).splitlines()[0][:200]}") from None
    if table.num_rows > ROWS_MAX:
        raise Problem(413, "Too large", f"{table.num_rows:,} rows; {ROWS_MAX:,} are allowed in one go")
    if not table.num_rows:
        raise Problem(422, "Invalid request", "the table has no rows")
    known = Application.model_fields
    strange = [name for name in names if name not in known] + [n for n in dict.fromkeys(names) if names.count(n) > 1]
    lacking = [name for name, field in known.items() if field.is_required() and name not in names]
    if strange or lacking:
        wrong = f"there is no column {strange[0]!r}" if strange else f"the column {lacking[0]!r} is lacking"
        raise Problem(422, "Invalid request", f"{wrong}; columns: {', '.join(known)}"[:600])
    return table


def _csv(body: bytes) -> pa.Table:
    """All columns as text: a number is read where one is wanted, so that an ID number keeps its zeros."""
    options = pyarrow.csv.ConvertOptions(
        column_types=dict.fromkeys(Application.model_fields, pa.string()), strings_can_be_null=False
    )
    return pyarrow.csv.read_csv(io.BytesIO(body), convert_options=options)


def _arrow(body: bytes) -> pa.Table:
    """Plain columns alone, which are never larger than what was sent: no compression, and no type that says things once for many
    rows."""
    if any(magic in body for magic in _COMPRESSED):
        raise ValueError("it is compressed; send it as it is")
    with pa.ipc.open_stream(io.BytesIO(body)) as reader:
        for field in reader.schema:
            if not _is_plain(field.type):
                raise ValueError(
                    f"column {field.name!r} is of type {field.type}; right are text, whole numbers and lists of text"
                )
        table = reader.read_all()
    table.validate(full=True)
    return table


def _is_plain(kind: Any) -> bool:
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        kind = kind.value_type
        return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_integer(kind))


# columns --------------------------------------------------------------------------------------------------------------


def _columns(table: pa.Table, bank: Bank) -> dict[str, npt.NDArray[Any]]:
    """Every field of the form as a column of what it may be; Problem 422 names what is not."""
    faults, found = Faults([]), {}
    for name, field in Application.model_fields.items():
        if name not in table.column_names:
            value = field.default
            found[name] = np.array([value] * table.num_rows)
            continue
        column = table[name].combine_chunks()
        if (pa.types.is_list(column.type) or pa.types.is_large_list(column.type)) and name not in _FLAGS:
            raise Problem(
                422,
                "Invalid request",
                f"{name}: a list was given where one value is right",
                field=name,
                detail_zh=f"“{name}”列应为单个值，不能是列表",
            )
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


def _as_text(column: Any) -> npt.NDArray[np.str_]:
    """A column as text; null as empty."""
    filled = pc.fill_null(pc.cast(column, pa.string()), "")
    return np.asarray(filled.to_numpy(zero_copy_only=False), dtype=np.str_)


def _texts(name: str, column: Any, faults: Faults) -> npt.NDArray[np.str_]:
    texts = _as_text(column)
    longest = _bound(name, "max_length")
    faults.add(name, _unwritten(column), texts, TEXT)
    faults.add(name, np.char.str_len(texts) > longest, texts, f"at most {longest} characters")
    return texts


def _last_days(name: str, column: Any, faults: Faults) -> npt.NDArray[np.str_]:
    """Days as text; what is none is a fault, and empty."""
    texts, bad = _as_text(column), np.zeros(len(column), dtype=bool)
    for row, text in enumerate(texts.tolist()):
        try:
            last_day(text)
        except ValueError:
            bad[row] = True
    faults.add(name, bad, texts, "a date as 2031-05-01, or long_term")
    return np.where(bad, "", texts)


def _unwritten(column: Any) -> npt.NDArray[np.bool_]:
    """The rows whose text breaks the rule of texts; numpy's own texts lose what is no character at their end."""
    bad = np.zeros(len(column), dtype=bool)
    bad[unwritten(pc.fill_null(pc.cast(column, pa.string()), "").to_pylist())] = True
    return bad


def _details(name: str, column: Any, faults: Faults) -> npt.NDArray[np.object_]:
    """The fields of the product's own form: `key=value`, with a bar between them."""
    texts = _as_text(column)
    pairs = [[one.partition("=") for one in text.split("|") if one] for text in texts.tolist()]
    bad = [any(not (key and sign) or len(value) > VALUE_CHARACTERS for key, sign, value in row) for row in pairs]
    faults.add(
        name,
        np.array(bad) | _unwritten(column),
        texts,
        f"key=value|key=value, values of at most {VALUE_CHARACTERS} characters",
    )
    found = np.empty(len(texts), dtype=object)
    found[:] = [{key: value for key, _, value in row} for row in pairs]
    return found


def _integers(name: str, column: Any, faults: Faults, right: str) -> Ints:
    """Whole numbers; what is none is a fault, and 0."""
    if pa.types.is_integer(column.type):
        whole = pc.is_valid(column)
        numbers = pc.fill_null(pc.cast(column, pa.int64(), safe=False), 0)
        if pa.types.is_uint64(column.type):
            whole = pc.and_(whole, pc.less(pc.fill_null(column, 0), pa.scalar(1 << 63, pa.uint64())))
    else:
        texts = pc.fill_null(pc.cast(column, pa.string()), "")
        whole = pc.match_substring_regex(texts, r"^-?[0-9]{1,18}$|^[0-8][0-9]{18}$")
        numbers = pc.cast(pc.if_else(whole, texts, "0"), pa.int64())
    good = np.asarray(whole.to_numpy(zero_copy_only=False), dtype=bool)
    found: Ints = np.array(numbers.to_numpy(zero_copy_only=False), dtype=np.int64)
    faults.add(name, ~good, _as_text(column), right)
    return found


def _numbers(name: str, column: Any, faults: Faults) -> Ints:
    """Within the bounds that the form's field has."""
    least, below, most = (_bound(name, limit) for limit in ("ge", "lt", "le"))
    most = below - 1 if below else most
    right = f"a whole number from {least} to {most}"
    found = _integers(name, column, faults, right)
    faults.add(name, (found < least) | (found > most), found, right)
    return found


def _bound(name: str, limit: str) -> int:
    """A limit that the form's field has; 0 for none."""
    return max((getattr(one, limit, 0) for one in Application.model_fields[name].metadata), default=0)


def _account_numbers(name: str, column: Any, faults: Faults) -> Ints:
    right = "12 to 19 digits"
    found = _integers(name, column, faults, right)
    faults.add(name, (found != 0) & (found < 10**11), found, right)
    return found


def _codes(name: str, column: Any, faults: Faults) -> Ints:
    """Codes by their names, looked up for a whole column."""
    codes = _CODES[name]
    names = [one.name.lower() for one in codes]
    texts = _as_text(column)
    places = pc.index_in(pa.array(texts), value_set=pa.array(names))
    found = np.asarray(pc.fill_null(places, -1).to_numpy(zero_copy_only=False), dtype=np.int64)
    faults.add(name, found < 0, texts, ", ".join(names))
    return np.array([int(one) for one in codes])[np.maximum(found, 0)]


def _flags(name: str, column: Any, faults: Faults) -> Ints:
    """Sets of names, as bits: each name is looked for in all rows at once."""
    lists = column if pa.types.is_list(column.type) or pa.types.is_large_list(column.type) else None
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
    said[rows[found < 0]] = _as_text(words)[found < 0]
    faults.add(name, bad, said, ", ".join(names))
    bits = np.zeros(len(column), dtype=np.int64)
    np.bitwise_or.at(bits, rows, np.array([int(one) for one in flags])[np.maximum(found, 0)])
    return bits
