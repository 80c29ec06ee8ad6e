"""Tables that come over HTTP, as CSV or as an Arrow stream: whole columns from the first byte to the last. What can be none is
told with its row and column, and the table handed back; what the bank refuses, it refuses row by row."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from fastapi import Request
from pydantic import Field

from actors.gateway.models import Model, shown
from actors.gateway.problems import Problem
from actors.gateway.writing import unwritten
from credit.room import REASONS
from credit.times import Bools, Ints

CSV, ARROW = "text/csv", "application/vnd.apache.arrow.stream"
CONTENT: dict[str, Any] = {
    CSV: {"schema": {"type": "string"}, "example": ""},
    ARROW: {"schema": {"type": "string", "format": "binary"}},
}
"""A table as the API's description has it."""
_FAULTS_MAX = 100
_COMPRESSED = (b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18")
"""How what is compressed by Zstandard or LZ4 begins."""
_REQUEST_BITS = (1 << 62) - 1


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
    """What became of each row of a table, by its position."""

    model_config = shown({"rows": 2, "refused": 0, "reasons": [0, 0]})

    rows: int
    refused: int
    reasons: list[int]
    """0 where the row was taken; else why not, see `codes`."""
    codes: dict[str, list[str]] = Field(default_factory=dict)
    """The reasons that occur, in words."""


async def read_table(request: Request, columns: Mapping[str, bool], rows_max: int) -> pa.Table:
    """The table of a request; `columns`: those that there are, and whether each must come. Problem 415 for another kind of body,
    422 for one that can't be read or has other columns, 413 for too many rows."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in CONTENT:
        raise Problem(
            415, "Unsupported media type", f"Content-Type: {CSV} or {ARROW}", detail_zh=f"请以 {CSV} 或 {ARROW} 提交"
        )
    body = await request.body()
    try:
        table = _csv(body, columns) if kind == CSV else _arrow(body)
        names = table.column_names
    except UnicodeDecodeError:
        what = "the names of its columns are not in UTF-8; save it as CSV UTF-8"
        zh = "表头不是UTF-8编码，请另存为“CSV UTF-8”"
        raise Problem(422, "Invalid request", f"the table can't be read: {what}", detail_zh=zh) from None
    except (pa.ArrowException, OSError, ValueError) as error:
        what = str(error).splitlines()[0][:200]
        zh = "表格无法读取，请检查格式后重新提交"
        raise Problem(422, "Invalid request", f"the table can't be read: {what}", detail_zh=zh) from None
    if table.num_rows > rows_max:
        says = f"{table.num_rows:,} rows; {rows_max:,} are allowed in one go"
        raise Problem(413, "Too large", says, detail_zh=f"每次最多提交 {rows_max:,} 行")
    if not table.num_rows:
        raise Problem(422, "Invalid request", "the table has no rows", detail_zh="表格没有数据行")
    strange = [name for name in names if name not in columns] + [n for n in dict.fromkeys(names) if names.count(n) > 1]
    lacking = [name for name, must in columns.items() if must and name not in names]
    if strange or lacking:
        wrong = f"there is no column {strange[0]!r}" if strange else f"the column {lacking[0]!r} is lacking"
        says = f"{wrong}; columns: {', '.join(columns)}"[:600]
        raise Problem(422, "Invalid request", says, detail_zh=f"表头有误，应为 {'、'.join(columns)}"[:600])
    request.state.table = {"rows": table.num_rows}
    return table


def _csv(body: bytes, columns: Mapping[str, bool]) -> pa.Table:
    """All columns as text: a number is read where one is wanted, so that an ID number keeps its zeros."""
    options = pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=False)
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
    if is_list(kind):
        kind = kind.value_type
        return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_integer(kind))


def is_list(kind: Any) -> bool:
    """Whether a column's type is a list."""
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind))


# columns --------------------------------------------------------------------------------------------------------------


def plain(table: pa.Table, name: str) -> Any:
    """A column of single values; Problem 422 where it has lists."""
    column = table[name].combine_chunks()
    if is_list(column.type):
        raise Problem(
            422,
            "Invalid request",
            f"{name}: a list was given where one value is right",
            field=name,
            detail_zh=f"“{name}”列应为单个值，不能是列表",
        )
    return column


def as_text(column: Any) -> npt.NDArray[np.str_]:
    """A column as text; null as empty."""
    filled = pc.fill_null(pc.cast(column, pa.string()), "")
    return np.asarray(filled.to_numpy(zero_copy_only=False), dtype=np.str_)


def unwritten_in(column: Any) -> Bools:
    """The rows whose text breaks the rule of texts; numpy's own texts lose what is no character at their end."""
    bad = np.zeros(len(column), dtype=bool)
    bad[unwritten(pc.fill_null(pc.cast(column, pa.string()), "").to_pylist())] = True
    return bad


def integers(name: str, column: Any, faults: Faults, right: str) -> Ints:
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
    faults.add(name, ~good, as_text(column), right)
    return found


# requests -------------------------------------------------------------------------------------------------------------


def row_numbers(first: int, count: int) -> Ints:
    """The numbers of the requests that a table's rows are, by their places."""
    numbers = (first + np.arange(count)) & _REQUEST_BITS
    numbers[numbers == 0] = _REQUEST_BITS
    return numbers


def answers_told(request: Request, reasons: Ints) -> dict[str, Any]:
    """What became of a table's rows, and the reasons that occur, in words; its figures are left for the operation log."""
    refused = int(np.count_nonzero(reasons))
    told: dict[str, Any] = {"rows": len(reasons), "refused": refused}
    request.state.table = told
    occurring = {str(one): list(REASONS[one].words) for one in np.unique(reasons[reasons > 0]).tolist()}
    return told | {"reasons": reasons.tolist(), "codes": occurring}
