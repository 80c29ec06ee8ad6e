"""Contract elements (合同要素): the exact mapping from a template's placeholders to the columns of an approval (CON-04), how
each is written, and the check that none is empty or wrong (CON-05). A placeholder is filled from its one column
and from nothing else; whole columns are checked in bulk, text is written only for the contract somebody looks at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from credit.amount_words import amount_words, parse_amount_words
from credit.codes import Guarantee, Method
from credit.contracts.agreed import percent
from credit.errors import CreditError
from credit.money import MAX_AMOUNT_FEN
from credit.room import Rows
from credit.times import DAY_MS, Bools, Ints, date_of

METHODS_ZH = {
    Method.EQUAL_INSTALMENT: "等额本息",
    Method.EQUAL_PRINCIPAL: "等额本金",
    Method.INTEREST_FIRST: "先息后本",
    Method.CUSTOM: "自定义",
}
GUARANTEES_ZH = {
    Guarantee.CREDIT: "信用",
    Guarantee.MORTGAGE: "抵押",
    Guarantee.PLEDGE: "质押",
    Guarantee.GUARANTOR: "保证",
    Guarantee.DOCUMENT: "担保文件",
}


def figures(fen: int) -> str:
    """An amount in figures: ``figures(5_000_000) == "50,000.00"``."""
    return f"{fen // 100:,}.{fen % 100:02d}"


def until_day(at: int) -> str:
    """The instant a contract lapses: ``2026年3月5日 09时00分00秒``."""
    day, seconds = date_of(at // DAY_MS), at % DAY_MS // 1_000
    return f"{day.year}年{day.month}月{day.day}日 {seconds // 3600:02d}时{seconds // 60 % 60:02d}分{seconds % 60:02d}秒"


@lru_cache(maxsize=1 << 14)
def words_agree(fen: int) -> bool:
    """Whether the amount can be written in words, and the words read back as the same amount."""
    try:
        return fen > 0 and parse_amount_words(amount_words(fen)) == fen
    except CreditError:
        return False


def _present(rows: Rows, column: str) -> Bools:
    return np.asarray(rows[column] > 0)


def _amounts_agree(rows: Rows, column: str) -> Bools:
    return np.array([0 < a <= MAX_AMOUNT_FEN and words_agree(a) for a in rows[column].tolist()], dtype=bool)


@dataclass(frozen=True)
class Element:
    """One placeholder: its column, how a value is written, and the whole-column check that it is right."""

    column: str
    write: Callable[[object], str]
    holds: Callable[[Rows, str], Bools] = _present


def _number(write: Callable[[int], str]) -> Callable[[object], str]:
    return lambda value: write(int(value))  # type: ignore[call-overload]


MAPPING: dict[str, Element] = {
    "customer_name": Element("customer", str),
    "id_number": Element("customer", str),
    "amount_figures": Element("amount_fen", _number(figures)),
    "amount_words": Element("amount_fen", _number(amount_words), _amounts_agree),
    "term_months": Element("term_months", str),
    "rate_percent": Element("rate_ppm", _number(percent)),
    "method": Element("method", _number(lambda code: METHODS_ZH[Method(code)])),
    "guarantee": Element("guarantee", _number(lambda code: GUARANTEES_ZH[Guarantee(code)])),
    "purpose": Element("purpose", str),
    "account": Element("account", str),
    "payee_account": Element("payee_account", str),
    "collateral_figures": Element("collateral_fen", _number(figures)),
    "contract_number": Element("case", str),
    "sign_before": Element("valid_until", _number(until_day)),
    "penalty": Element("rate_ppm", str),
    "early_fee": Element("product", str),
    "debit": Element("account", str),
}
"""Placeholder → element. Who the customer is, stands in the register: a contract carries his number. `purpose`,
`contract_number`, `sign_before` and the clauses of `credit.contracts.agreed` are written by the template from more than one
value; their column is what must not be empty. `lender`, `product_name` and `clause` are the template's own."""

NAMES = tuple(MAPPING)
_BITS = 1 << np.arange(len(NAMES))
ESSENTIAL = ("customer_name", "id_number", "amount_figures", "amount_words", "term_months", "rate_percent", "method")
"""What every template must hold (CON-01, CON-05)."""


def element_faults(rows: Rows, needed: Bools) -> Ints:
    """Faulty elements of each contract as bits in the order of `NAMES`; 0 = complete. `needed`: (product, element)."""
    asked = needed[rows["product"]]
    holds = np.array([element.holds(rows, element.column) for element in MAPPING.values()]).T
    return np.asarray((asked & ~holds) @ _BITS)
