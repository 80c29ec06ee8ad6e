"""Keys by which the desk recognises a person or a company again (CUS-10). A resident ID number packs with its branch into
57 bits without loss; a unified social credit code, too long for that, is mixed into 61 bits (a hundred thousand companies
hold two of one key with a chance of one in four hundred million). Its rule: a key holds the branch, because a branch's
customers live in one shard whatever the number of shards is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from credit.room import Rows
from credit.times import Ints

Codes = npt.NDArray[np.uint32]
ID_LENGTH = 18
_ZERO = 48
_YEAR_FIRST = 1900
_BRANCH_SHIFT = np.int64(47)
"""Region 20 bits, year 8, month 4, day 5, serial 10; the branch stands above them."""
_COMPANY = np.int64(1) << np.int64(62)
_MASK_61 = np.uint64((1 << 61) - 1)
_ODD = np.array(
    [0x9E3779B97F4A7C15 * (2 * k + 1) & ((1 << 64) - 1) for k in range(1, 25)], dtype=np.uint64
) | np.uint64(1)
_S29, _S32 = np.uint64(29), np.uint64(32)
_MULTIPLIER = np.uint64(0xFF51AFD7ED558CCD)


def codes_of(texts: npt.NDArray[np.generic]) -> Codes:
    """A text column as its code points: one row a text, zeros at the end."""
    whole = np.ascontiguousarray(texts)
    return whole.view(np.uint32).reshape(len(whole), whole.dtype.itemsize // 4)


def present(texts: npt.NDArray[np.generic]) -> npt.NDArray[np.bool_]:
    """True where a text is not empty."""
    return np.asarray(codes_of(texts)[:, 0] != 0)


def text_keys(texts: npt.NDArray[np.generic]) -> npt.NDArray[np.uint64]:
    """64 mixed bits of each text, whatever the column's width."""
    codes = codes_of(texts)
    mixed = (codes * _ODD[: codes.shape[1]]).sum(axis=1, dtype=np.uint64)
    mixed = (mixed ^ (mixed >> _S29)) * _MULTIPLIER
    return np.asarray(mixed ^ (mixed >> _S32))


def id_keys(branch: npt.ArrayLike, id_numbers: npt.NDArray[np.generic]) -> Ints:
    """A key for each resident ID number: region, birthday and serial packed, so that two numbers never share one. Numbers of
    another shape (which the form's checks refuse) get mixed keys."""
    codes = codes_of(id_numbers)[:, :ID_LENGTH]
    digits = codes[:, :17].astype(np.int64) - _ZERO
    region = digits[:, :6] @ np.array([100_000, 10_000, 1_000, 100, 10, 1])
    year = digits[:, 6:10] @ np.array([1_000, 100, 10, 1]) - _YEAR_FIRST
    month, day = digits[:, 10] * 10 + digits[:, 11], digits[:, 12] * 10 + digits[:, 13]
    serial = digits[:, 14:17] @ np.array([100, 10, 1])
    packed = (((region << 8 | year & 255) << 4 | month & 15) << 5 | day & 31) << 10 | serial
    odd = ((digits < 0) | (digits > 9)).any(axis=1) | (year < 0) | (year > 255) | (month > 12) | (day > 31)
    keys: Ints = packed | np.asarray(branch, dtype=np.int64) << _BRANCH_SHIFT
    if bool(odd.any()):
        keys[odd] = _mixed(branch, id_numbers)[odd]
    return keys


def customer_keys(rows: Rows) -> Ints:
    """The key of each applicant of SubmitApplication rows: the company's where a credit code is given, else the person's."""
    keys = id_keys(rows["branch"], rows["id_number"])
    company = present(rows["credit_code"])
    if bool(company.any()):
        keys[company] = _mixed(rows["branch"][company], rows["credit_code"][company])
    return keys


def _mixed(branch: npt.ArrayLike, texts: npt.NDArray[np.generic]) -> Ints:
    salt = np.asarray(branch, dtype=np.int64).astype(np.uint64) * _ODD[7]
    mixed = (text_keys(texts) ^ salt) * _MULTIPLIER
    return np.asarray(((mixed ^ (mixed >> _S32)) & _MASK_61).astype(np.int64) | _COMPANY)
