"""Keys by which the bank recognises a person or a company again (CUS-10). A resident ID number packs into 47 bits without loss; a
unified social credit code, too long for that, is mixed into 61 bits (a million companies hold two of one key with a chance of
one in four million). A key holds no branch: one person, one customer, in the whole bank."""

from __future__ import annotations

import datetime as dt

import numpy as np
import numpy.typing as npt

from credit.identifiers import resident_ids
from credit.masks import any_of
from credit.room import Rows
from credit.texts import codes_of, present, text_keys
from credit.times import Ints, day_number

ID_LENGTH = 18
_ZERO = 48
_PARTS = np.zeros((17, 5), dtype=np.int64)
"""What each of the first 17 digits counts: in region, year, month, day and serial."""
for _part, (_from, _to) in enumerate(((0, 6), (6, 10), (10, 12), (12, 14), (14, 17))):
    _PARTS[_from:_to, _part] = 10 ** np.arange(_to - _from)[::-1]
_YEAR_FIRST = 1900
_COMPANY = np.int64(1) << np.int64(62)
_MASK_61 = np.uint64((1 << 61) - 1)


def id_keys(id_numbers: npt.NDArray[np.generic]) -> Ints:
    """A key for each resident ID number: region (20 bits), birthday (8, 4, 5) and serial (10) packed, so that two numbers never
    share one. Numbers of another shape (which the form's checks refuse) get mixed keys."""
    codes = codes_of(id_numbers)[:, :ID_LENGTH]
    digits = codes[:, :17].astype(np.int64) - _ZERO
    region, year, month, day, serial = (digits @ _PARTS).T
    year = year - _YEAR_FIRST
    keys: Ints = (((region << 8 | year & 255) << 4 | month & 15) << 5 | day & 31) << 10 | serial
    odd = np.logical_or.reduce((digits < 0) | (digits > 9), axis=1)
    odd |= (year < 0) | (year > 255) | (month > 12) | (day > 31)
    if any_of(odd):
        keys[odd] = _mixed(id_numbers[odd])
    return keys


def id_number_of(key: int) -> str:
    """The resident ID number that a key was packed of; empty for a company's key, or one of another shape."""
    rest, serial = divmod(key, 1 << 10)
    rest, day = divmod(rest, 1 << 5)
    rest, month = divmod(rest, 1 << 4)
    region, year = divmod(rest, 1 << 8)
    if not 0 < key < int(_COMPANY) or region >= 10**6:
        return ""
    try:
        born = day_number(dt.date(_YEAR_FIRST + year, month, day))
    except ValueError:
        return ""
    return str(resident_ids(np.array([region]), np.array([born]), np.array([serial]))[0])


def customer_keys(rows: Rows) -> Ints:
    """The key of each applicant of checked forms: the company's where a credit code is given, else the person's."""
    keys, company = id_keys(rows["id_number"]), present(rows["credit_code"])
    if any_of(company):
        keys[company] = _mixed(rows["credit_code"][company])
    return keys


def _mixed(texts: npt.NDArray[np.generic]) -> Ints:
    return np.asarray((text_keys(texts) & _MASK_61).astype(np.int64) | _COMPANY)
