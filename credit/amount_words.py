"""Amounts in Chinese capital figures (金额大写) as contracts need them, CON-05: 12,000.05 yuan is 壹万贰仟元零伍分. They
are written digit by digit from the whole number of fen, and read back by a grammar that shares nothing with the writer but the
words, so that a contract whose words and figures differ is found whoever wrote the words."""

from __future__ import annotations

import re
from functools import lru_cache

from credit.errors import CreditError
from credit.money import FEN_PER_YUAN, MAX_AMOUNT_FEN

_FIGURES, _PLACES, _SECTIONS = "零壹贰叁肆伍陆柒捌玖", ("", "拾", "佰", "仟"), {8: "亿", 4: "万", 0: ""}
_DIGITS = {word: value for value, word in enumerate(_FIGURES)}
_UNITS = {"拾": 10, "佰": 100, "仟": 1_000}
_OPEN_ZERO = re.compile("(?<=[万亿元])零(?=.[仟角])")
_MYRIADS = {"亿": 100_000_000, "万": 10_000}


@lru_cache(maxsize=1 << 14)
def amount_words(fen: int) -> str:
    """The amount in words: ``amount_words(1_200_000) == "壹万贰仟元整"``. An amount that ends in yuan ends with 整. Raises
    CreditError outside 0 … MAX_AMOUNT_FEN."""
    if not 0 <= fen <= MAX_AMOUNT_FEN:
        raise CreditError(f"amount: {fen} fen can't be written in words; from 0 to {MAX_AMOUNT_FEN} fen is allowed")
    yuan, jiao, cent = fen // FEN_PER_YUAN, fen // 10 % 10, fen % 10
    words = _yuan_words(yuan) + "元" if yuan or not fen else ""
    words += _FIGURES[jiao] + "角" if jiao else ""
    if cent:
        return words + ("零" if words and not jiao else "") + _FIGURES[cent] + "分"
    return words if jiao else words + "整"


def _yuan_words(yuan: int) -> str:
    """A whole number below 10**12, by sections of four digits; zeros before a digit of the same section are one 零."""
    words = ""
    for section in (8, 4, 0):
        four = f"{yuan // 10**section % 10_000:04d}" if words else str(yuan // 10**section % 10_000)
        told, zeros = "", False
        for place, figure in zip(reversed(range(len(four))), four, strict=True):
            if figure != "0":
                told += ("零" if zeros else "") + _FIGURES[int(figure)] + _PLACES[place]
            zeros = figure == "0"
        words += told + _SECTIONS[section] if told else ""
    return words or _FIGURES[0]


def parse_amount_words(words: str, field: str = "amount in words") -> int:
    """Fen of an amount in words; 圆 for 元 and 正 for 整 are read too. Raises CreditError that names the field."""
    plain = words.replace("圆", "元").replace("正", "整")
    yuan, mark, rest = plain.partition("元")
    if not mark:
        yuan, rest = "零", plain
    try:
        fen = _integer(yuan) * FEN_PER_YUAN + _cents(rest.removesuffix("整"))
    except (KeyError, ValueError):
        fen = -1
    if fen < 0 or not plain or amount_words_differ(fen, plain):
        raise CreditError(
            f"{field}: {words!r} is no amount in capital figures; write it like 壹万贰仟元整 or 伍元零壹分"
        )
    return fen


def amount_words_differ(fen: int, words: str) -> bool:
    """Whether words don't say this amount. A 零 or 整 that the rules leave to the writer may be there or not."""
    return fen > MAX_AMOUNT_FEN or _bare(words) != _bare(amount_words(fen))


def _bare(words: str) -> str:
    """The words without what the People's Bank's rules for bills leave open: the 零 between a 万, 亿 or 元 whose own place is
    0 and the thousands or jiao after it, and the 整 at the end. Every other 零 must stand."""
    plain = words.replace("圆", "元").replace("正", "整").removesuffix("整")
    return _OPEN_ZERO.sub("", plain)


def _integer(words: str) -> int:
    """A whole number in capital figures, by sections of 亿 and 万."""
    for mark, size in _MYRIADS.items():
        head, found, tail = words.partition(mark)
        if found:
            return _integer(head) * size + _integer(tail)
    total, digit = 0, 0
    for word in words:
        if word in _UNITS:
            total, digit = total + digit * _UNITS[word], 0
        else:
            digit = _DIGITS[word]
    return total + digit


def _cents(words: str) -> int:
    total = 0
    for mark, size in (("角", 10), ("分", 1)):
        head, found, tail = words.partition(mark)
        if found:
            total += _DIGITS[head.removeprefix("零")] * size
            words = tail
    if words:
        raise ValueError(words)
    return total
