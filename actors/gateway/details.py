"""A product's own form (PRD-08) over HTTP: its fields as the product's file has them, what a form says in them, and the days
until which documents are valid (APP-16)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from actors.gateway.bank import Bank
from actors.gateway.problems import Problem
from actors.host import Look
from credit.policies.forms import OWN, VALUE_CHARACTERS, FormField
from credit.policies.products import ProductPolicy
from credit.times import LONG_TERM, Ints, day_number

_NO_END = ("long_term", "长期")


def last_day(text: str) -> int:
    """The last day of a document: 0 where none is given, `LONG_TERM` for one without an end; ValueError on what is no date."""
    if not text:
        return 0
    return LONG_TERM if text in _NO_END else day_number(dt.date.fromisoformat(text))


def _is_day(text: str) -> str:
    try:
        last_day(text)
    except ValueError:
        raise PydanticCustomError("last_day", "a date as 2031-05-01, or long_term (长期)") from None
    return text


LastDay = Annotated[str, Field(max_length=10, examples=["2041-03-07", "long_term"]), AfterValidator(_is_day)]
Details = Annotated[dict[str, Annotated[str, Field(max_length=VALUE_CHARACTERS)]], Field(max_length=len(OWN))]


def last_days(texts: npt.NDArray[np.str_]) -> Ints:
    """`last_day` of a column."""
    return np.array([last_day(one) for one in texts.tolist()], dtype=np.int64)


def fields_of(products: ProductPolicy, key: str) -> list[FormField]:
    """The fields of a product's own form; none where there is no such product, which the bank says itself."""
    return next((one.fields for one in products.products if one.key == key), [])


def unknown_detail(products: ProductPolicy, key: str, details: Mapping[str, str]) -> tuple[str, list[str]] | None:
    """A field that the form of a product does not have, and those that it has; None where there is none such."""
    known = [field.key for field in fields_of(products, key)]
    strange = [name for name in details if name not in known]
    return (strange[0], known) if strange else None


def prove_details(products: ProductPolicy, key: str, details: Mapping[str, str]) -> None:
    """Problem 422 where a form says what its product does not ask for."""
    if (found := unknown_detail(products, key, details)) is not None:
        name, known = found
        says = f"details.{name}: no such field; the form of {key} asks for {', '.join(known) or 'nothing of its own'}"
        raise Problem(422, "Refused", says, field=f"details.{name}", detail_zh=f"该产品无此项信息：{name}")


def detail_columns(
    products: ProductPolicy, keys: Sequence[str], details: Sequence[Mapping[str, str]]
) -> dict[str, npt.NDArray[np.str_]]:
    """What forms say in their products' own fields, as the bank's columns have it."""
    columns = {name: np.zeros(len(keys), dtype=f"U{VALUE_CHARACTERS}") for name in OWN}
    for row, (key, said) in enumerate(zip(keys, details, strict=True)):
        for place, field in enumerate(fields_of(products, key) if said else ()):
            columns[OWN[place]][row] = said.get(field.key, "")
    return columns


def shown_field(field: FormField) -> dict[str, Any]:
    """A field as the form shows it."""
    said: dict[str, Any] = {"key": field.key, "words": [field.name, field.name_zh], "kind": field.kind}
    said["required"] = field.required
    if field.kind in ("text", "number", "amount"):
        said |= {"least": field.least, "most": field.most}
    more = {"options": field.options, "example": field.example}
    return said | {name: value for name, value in more.items() if value}


async def details_of(bank: Bank, case: int, product: int) -> list[dict[str, Any]]:
    """What a case says in the fields of its product's own form; card and account numbers under `account`."""
    fields = fields_of(bank.products, bank.product_keys.get(product, ""))
    if not fields:
        return []
    [rows] = await bank.looks(bank.cells("customers")[0], Look("details", "case", (case,)))
    return [
        {"key": field.key, "words": [field.name, field.name_zh], _called(field): str(rows[0][OWN[place]])}
        for place, field in enumerate(fields if len(rows) else ())
        if rows[0][OWN[place]]
    ]


def _called(field: FormField) -> str:
    return "account" if field.kind == "account" else "value"
