"""Numbers that people and firms are known by: resident ID (居民身份证号, GB 11643), unified social credit code (统一社会信用代码,
GB 32100) and mobile number; checked, read and built. A text column is looked at as a matrix of code points, one
row a position, and checked as a whole; a faulty number gets a code for the first thing wrong with it and never raises,
because a form may hold anything."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from credit.calendar import FIRST_YEAR, LAST_YEAR, day_in_month, day_of_month, month_days, month_of
from credit.errors import CreditError
from credit.times import Bools, Ints

Texts = npt.NDArray[np.str_]
Matrix = npt.NDArray[np.int64]

OK, LENGTH, CHARACTERS, REGION, BIRTHDAY, CHECK_DIGIT = range(6)
"""What is wrong with a number."""

_CODE_LENGTH = 18
_MOBILE_LENGTH = 11
_ZERO, _NINE, _X = 48, 57, 88
_ID_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2], dtype=np.int64)
_ID_CHECKS = np.array([ord(c) for c in "10X98765432"], dtype=np.int64)
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_SYMBOLS = np.array([ord(c) for c in _ALPHABET], dtype=np.int64)
_VALUES = np.full(128, -1, dtype=np.int64)
_VALUES[_SYMBOLS] = np.arange(len(_ALPHABET))
_CREDIT_WEIGHTS = np.array([pow(3, k, 31) for k in range(17)], dtype=np.int64)
_ORGANISATION_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2], dtype=np.int64)
_ORGANISATION_CHECKS = np.array([ord(c) for c in "0123456789X"], dtype=np.int64)
_SERIALS_BASE = len(_ALPHABET)
PROVINCES = (
    11,
    12,
    13,
    14,
    15,
    21,
    22,
    23,
    31,
    32,
    33,
    34,
    35,
    36,
    37,
    41,
    42,
    43,
    44,
    45,
    46,
    50,
    51,
    52,
    53,
    54,
    61,
    62,
    63,
    64,
    65,
    71,
    81,
    82,
    83,
)
"""First two digits of a region (GB/T 2260); 83 stands in residence permits of people from Taiwan."""
_PERSON_REGIONS: Bools = np.isin(np.arange(100), PROVINCES)
_FIRM_REGIONS: Bools = np.isin(np.arange(100), (10, *PROVINCES))  # 10: registered with the central authority
_POWERS = 10 ** np.arange(8, dtype=np.int64)[::-1]
_ACCOUNT_POWERS = 10 ** np.arange(19, dtype=np.int64)


def _matrix(texts: npt.NDArray[np.generic], width: int) -> tuple[Matrix, Bools]:
    """(code points, `width` rows, one column a text; whether each text is exactly that long) of a column of any width."""
    whole = np.ascontiguousarray(texts)
    codes = whole.view(np.uint32).reshape(len(whole), whole.dtype.itemsize // 4)
    if codes.shape[1] < width:
        codes = np.pad(codes, ((0, 0), (0, width - codes.shape[1])))
    fits = np.asarray(codes[:, width - 1] != 0)
    if codes.shape[1] > width:
        fits &= ~np.logical_or.reduce(codes[:, width:], axis=1)
    return np.ascontiguousarray(codes[:, :width].T, dtype=np.int64), fits


def _texts(codes: Matrix) -> Texts:
    whole = np.ascontiguousarray(codes.T, dtype=np.uint32)
    return whole.view(f"U{whole.shape[1]}").reshape(len(whole))


def _number(digits: Matrix) -> Ints:
    """The number that each column of digits writes."""
    return np.asarray(_POWERS[len(_POWERS) - len(digits) :] @ digits)


def _digits(number: npt.ArrayLike, width: int, name: str) -> Matrix:
    """Each number as `width` digits (code points), zero-filled; one that needs more raises CreditError."""
    values = np.atleast_1d(np.asarray(number, dtype=np.int64))
    if values.size and (int(values.min()) < 0 or int(values.max()) >= 10**width):
        raise CreditError(f"{name}: {width} digits are allowed, 0 to {10**width - 1}")
    return values // _POWERS[len(_POWERS) - width :, None] % 10 + _ZERO


def _first(conditions: list[tuple[Bools, int]]) -> Ints:
    """For each row the code of the first condition that holds, 0 if none does."""
    codes = np.zeros(len(conditions[0][0]), dtype=np.int64)
    for condition, code in reversed(conditions):
        codes[condition] = code
    return codes


# resident ID ----------------------------------------------------------------------------------------------------------


def check_resident_ids(texts: npt.NDArray[np.generic]) -> Ints:
    """0 where a resident ID number is right, else what is wrong first (CUS-08): 1 not 18 characters, 2 not 17 digits and a
    digit or capital X, 3 unknown province, 4 no such day in 1900 … 2199, 5 check digit (ISO 7064 MOD 11-2)."""
    codes, fits = _matrix(texts, _CODE_LENGTH)
    body, last = codes[:17], codes[17]
    plain = ((body >= _ZERO) & (body <= _NINE)).all(axis=0) & (((last >= _ZERO) & (last <= _NINE)) | (last == _X))
    digits = np.where(plain, body - _ZERO, 0)
    real_day, _ = _birthdays(digits)
    wrong = _ID_CHECKS[_ID_WEIGHTS @ digits % 11] != last
    region = _PERSON_REGIONS[_number(digits[:2])]
    return _first(
        [(~fits, LENGTH), (~plain, CHARACTERS), (~region, REGION), (~real_day, BIRTHDAY), (wrong, CHECK_DIGIT)]
    )


def _birthdays(digits: Matrix) -> tuple[Bools, Ints]:
    """(whether there is such a day, its day number or 0) from the digits of ID numbers."""
    year, month, day = _number(digits[6:10]), _number(digits[10:12]), _number(digits[12:14])
    known = (year >= FIRST_YEAR) & (year <= LAST_YEAR) & (month >= 1) & (month <= 12)
    index = np.where(known, year * 12 + month - 1 - 1970 * 12, 0)
    real = known & (day >= 1) & (day <= month_days(index))
    return real, np.where(real, day_in_month(index, np.maximum(day, 1)), 0)


def birth_days(texts: npt.NDArray[np.generic]) -> Ints:
    """Day number of the birthday in resident ID numbers; 0 where a number is not right (ask `check_resident_ids`)."""
    codes, _ = _matrix(texts, _CODE_LENGTH)
    digits = codes[:17] - _ZERO
    plain = ((digits >= 0) & (digits <= 9)).all(axis=0)
    return _birthdays(np.where(plain, digits, 0))[1]


def age_years(birth_day: npt.ArrayLike, day: npt.ArrayLike) -> Ints:
    """Full years of age (周岁) on a day; who was born on 29 February turns a year older on 1 March of other years."""
    born, now = month_of(birth_day), month_of(day)
    return np.asarray((now - born - (day_of_month(day) < day_of_month(birth_day))) // 12)


def ages_at(texts: npt.NDArray[np.generic], day: npt.ArrayLike) -> Ints:
    """Full years of age on a day, read from resident ID numbers that are right."""
    return age_years(birth_days(texts), day)


def resident_ids(region6: npt.ArrayLike, birth_day: npt.ArrayLike, serial: npt.ArrayLike) -> Texts:
    """Resident ID numbers ('U18') from region (six digits), birthday (day number) and serial 0 … 999, odd for men."""
    region, born, order = np.broadcast_arrays(
        *(np.atleast_1d(np.asarray(x, dtype=np.int64)) for x in (region6, birth_day, serial))
    )
    month = month_of(born) + 1970 * 12
    date = month // 12 * 10_000 + (month % 12 + 1) * 100 + day_of_month(born)
    codes = np.empty((_CODE_LENGTH, len(region)), dtype=np.int64)
    codes[:6] = _digits(region, 6, "region6")
    codes[6:14] = _digits(date, 8, "birth_day")
    codes[14:17] = _digits(order, 3, "serial")
    codes[17] = _ID_CHECKS[_ID_WEIGHTS @ (codes[:17] - _ZERO) % 11]
    return _texts(codes)


# unified social credit code -------------------------------------------------------------------------------------------


def check_credit_codes(texts: npt.NDArray[np.generic]) -> Ints:
    """0 where a unified social credit code is right, else what is wrong first (CUS-08): 1 not 18 characters, 2 characters
    outside the alphabet (no I, O, S, V, Z; the region in digits), 3 unknown province, 5 check character (GB 32100)."""
    codes, fits = _matrix(texts, _CODE_LENGTH)
    values = np.where(codes < len(_VALUES), _VALUES[np.minimum(codes, len(_VALUES) - 1)], -1)
    plain = np.asarray((values >= 0).all(axis=0) & (values[2:8] <= 9).all(axis=0))
    known = np.where(plain, values, 0)
    wrong = (_CREDIT_WEIGHTS @ known[:17] + known[17]) % 31 != 0
    region = _FIRM_REGIONS[_number(known[2:4])]
    return _first([(~fits, LENGTH), (~plain, CHARACTERS), (~region, REGION), (wrong, CHECK_DIGIT)])


def credit_codes(region6: npt.ArrayLike, serial: npt.ArrayLike) -> Texts:
    """Unified social credit codes ('U18') of firms registered for business (91): region (six digits), an organisation code
    (GB 11714) made of `serial` 0 … 31**8 − 1 with its own check character, and the check character of the whole."""
    region, order = np.broadcast_arrays(*(np.atleast_1d(np.asarray(x, dtype=np.int64)) for x in (region6, serial)))
    if order.size and (int(order.min()) < 0 or int(order.max()) >= _SERIALS_BASE**8):
        raise CreditError(f"serial: 0 to {_SERIALS_BASE**8 - 1} is allowed")
    places = _SERIALS_BASE ** np.arange(8, dtype=np.int64)[::-1]
    organisation = _SYMBOLS[order // places[:, None] % _SERIALS_BASE]
    codes = np.empty((_CODE_LENGTH, len(region)), dtype=np.int64)
    codes[0], codes[1] = ord("9"), ord("1")
    codes[2:8] = _digits(region, 6, "region6")
    codes[8:16] = organisation
    codes[16] = _ORGANISATION_CHECKS[-(_ORGANISATION_WEIGHTS @ _organisation_values(organisation)) % 11]
    codes[17] = _SYMBOLS[-(_CREDIT_WEIGHTS @ _VALUES[codes[:17]]) % 31]
    return _texts(codes)


def _organisation_values(symbols: Matrix) -> Matrix:
    """Values in GB 11714, which counts all letters: A is 10, Z is 35."""
    return np.where(symbols <= _NINE, symbols - _ZERO, symbols - ord("A") + 10)


# mobile number --------------------------------------------------------------------------------------------------------


def check_mobiles(texts: npt.NDArray[np.generic]) -> Bools:
    """True where a text is a mobile number (CUS-08): 11 digits, 1 and then 3 … 9 in front."""
    codes, fits = _matrix(texts, _MOBILE_LENGTH)
    plain = ((codes >= _ZERO) & (codes <= _NINE)).all(axis=0)
    return np.asarray(fits & plain & (codes[0] == ord("1")) & (codes[1] >= ord("3")))


def mobiles(prefix: npt.ArrayLike, serial: npt.ArrayLike) -> Texts:
    """Mobile numbers ('U12', eleven characters used) from a carrier's prefix (130 … 199) and serial 0 … 99,999,999."""
    front, order = np.broadcast_arrays(*(np.atleast_1d(np.asarray(x, dtype=np.int64)) for x in (prefix, serial)))
    if front.size and (int(front.min()) < 130 or int(front.max()) > 199):
        raise CreditError("prefix: three digits from 130 to 199 are allowed")
    codes = np.zeros((_MOBILE_LENGTH + 1, len(front)), dtype=np.int64)
    codes[:3] = _digits(front, 3, "prefix")
    codes[3:11] = _digits(order, 8, "serial")
    return _texts(codes)


# accounts -------------------------------------------------------------------------------------------------------------


def has_digits(numbers: Ints, low: int, high: int) -> Bools:
    """True where a number has at least `low` and at most `high` digits, 1 to 19."""
    enough = numbers >= _ACCOUNT_POWERS[low - 1]
    return np.asarray(enough if high >= len(_ACCOUNT_POWERS) else enough & (numbers < _ACCOUNT_POWERS[high]))
