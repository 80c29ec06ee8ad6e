"""What the operation log keeps of what somebody said (API-10): no secret, no whole name or number, nothing of his own writing, no
text without end. A field is judged by its name; where a name is none that an endpoint knows, neither it nor its value is kept,
since it may be a password mistyped."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

from actors.identity.masking import GONE, MASKS, is_id, mask_account, mask_id_number, mask_mobile, mask_name

PARAMETERS_MAX = 8_000
"""Characters of what is kept of one call; the longest form has a tenth."""
_DEPTH_MAX = 12
_ENTRIES_MAX = 200
_SECRETS = re.compile(
    r"pass(word|wd|code)|secret|token|authori[sz]ation|cookie|api_?key|private_?key|assertion|confirmation|"
    r"^code$|^pin$|^(old|new)$"
)
_ENDINGS = (
    ("id_number", mask_id_number),
    ("account", mask_account),
    ("card_number", mask_account),
    ("mobile", mask_mobile),
    ("_name", mask_name),
)
"""How fields are masked whose names end like that."""
_WRITTEN = frozenset(
    "remark purpose opinion background finance reason note text words project counterparty property_address".split()
)
"""Fields of somebody's own writing, in which anything may stand."""
_NUMBERS = frozenset(
    "case loan task customer party person deputy operator to asked on_behalf_of number serial cursor after digest sha256".split()
)
"""Fields that hold the bank's own numbers, as long as accounts of others: they say what was done."""
_WORD = re.compile(r"[A-Za-z0-9_.:,|/+*-]{0,64}", re.ASCII)
_LONG = re.compile(r"[0-9]{11,}")
_KEY = re.compile(r"[A-Za-z_][\w.-]{0,63}", re.ASCII)
_SMALL = 10**10
_WRITER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class Kept(str):
    """A text that went through `kept` or is made up of the bank's own words: the log masks it no further."""

    __slots__ = ()


def kept(said: Any, known: Collection[str] | None = None) -> Kept:
    """What is kept of a call's parameters, as JSON. `known`: the names that there are; others are not kept."""
    text = _WRITER.encode(for_the_log(said, known))
    return Kept(text if len(text) <= PARAMETERS_MAX else json.dumps("too long to be kept"))


def for_the_log(said: Any, known: Collection[str] | None = None) -> Any:
    """The same before it is written down."""
    return _logged(said, _word, known, 0)


def _logged(value: Any, mask: Callable[[str], str], known: Collection[str] | None, depth: int) -> Any:
    kind = type(value)
    if mask is _gone:
        return GONE
    if kind is str:
        return mask(value)
    if kind is int:
        return value if mask in (_word, _number) and -_SMALL < value < _SMALL else _whole(value, mask)
    if value is None or isinstance(value, (bool, float)):
        return value
    if depth > _DEPTH_MAX:
        return GONE
    if isinstance(value, Mapping):
        shown = {}
        for name, one in islice(value.items(), _ENTRIES_MAX):
            if known is not None and name not in known:
                shown[GONE] = GONE
                continue
            key, of_key = _key(name)
            if type(one) is str:  # most are: a call less for each
                shown[key] = of_key(one)
            else:
                shown[key] = _logged(one, of_key, None if name == "details" else known, depth + 1)
        return shown
    if isinstance(value, (list, tuple)):
        if len(value) <= _ENTRIES_MAX and all(type(one) is str for one in value):
            return [mask(one) for one in value]
        return [_logged(one, mask, known, depth + 1) for one in value[:_ENTRIES_MAX]]
    return f"{len(value)} bytes" if isinstance(value, (bytes, bytearray)) else kind.__name__


@lru_cache(4_096)
def _key(name: object) -> tuple[str, Callable[[str], str]]:
    """A field's name as it is kept, and how its values are masked: a name may be anything as well."""
    text = str(name)[:80]
    return text if _KEY.fullmatch(text) and not _LONG.search(text) else GONE, mask_of(text)


def mask_of(name: str) -> Callable[[str], str]:
    """How the values of a field are masked."""
    plain = name.lower()
    if _SECRETS.search(plain):
        return _gone
    if plain in _WRITTEN:
        return _length
    if plain in _NUMBERS:
        return _number
    found = MASKS.get(plain) or next((mask for ending, mask in _ENDINGS if plain.endswith(ending)), None)
    if found is mask_account:
        return _account
    if plain.endswith("_fen"):
        return _number
    return found or _word


def _whole(value: int, mask: Callable[[str], str]) -> Any:
    """A whole number that may be somebody's."""
    shown = mask(str(value))
    return value if shown == str(value) else shown


def _gone(_: str) -> str:
    return GONE


def _length(text: str) -> str:
    return f"{len(text)} characters" if text else ""


def _number(text: str) -> str:
    """The bank's own number, or another word; an ID number in its place is masked."""
    if not text.isascii() or not _WORD.fullmatch(text):
        return _length(text)
    return mask_id_number(text) if len(text) == 18 and text[:17].isdigit() and is_id(text) else text


@lru_cache(4_096)
def _word(text: str) -> str:
    """One word of Latin letters and digits is a code, a date or a number and is kept, the ends of a long number alone; all else
    may be somebody's writing."""
    if not text.isascii() or not _WORD.fullmatch(text):
        return _length(text)
    return _LONG.sub(lambda found: mask_account(found[0]), text) if len(text) > 10 else text


def _account(text: str) -> str:
    """A bank account by its last digits; ``staff:1010001``, which is an account too, whole."""
    plain = "".join(text.split())
    return mask_account(plain) if plain.isdigit() else _word(text)
