"""How personal data looks to whom (脱敏, SEC-09): an ID number as ``310***********1234`` unless one may see it whole. What a
field is follows from its name; texts in which somebody wrote a number are searched for them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from actors.identity.caller import Caller
from credit.identifiers import check_resident_ids

PII, ACCOUNTS = "pii:read", "account_numbers:read"
_IN_PART = "（本副本中的证件号码、账号已部分隐去。）"
GONE = "***"
_DEPTH_MAX = 12
_COMPOUND = ("欧阳", "上官", "司马", "诸葛", "司徒", "东方", "皇甫", "尉迟", "公孙", "慕容", "长孙", "夏侯", "令狐")


def mask_name(name: str) -> str:
    """The family name alone: ``张**``, ``欧阳*``; of other names the first letter of each word."""
    plain = name.strip()
    if plain.isascii():
        return " ".join(word[0] + GONE for word in plain.split())
    kept = 2 if len(plain) > 2 and plain.startswith(_COMPOUND) else 1
    return plain[:kept] + "*" * max(1, len(plain) - kept)


def mask_id_number(number: str) -> str:
    """First three and last four characters; nothing of what is too short to hide anything."""
    return _ends(number, 3, 4)


def mask_mobile(number: str) -> str:
    """First three and last four digits: ``138****5678``."""
    return _ends(number, 3, 4)


def mask_account(number: str) -> str:
    """The last four digits alone: ``************0123``."""
    return _ends(number, 0, 4)


def _ends(text: str, first: int, last: int) -> str:
    plain = "".join(text.split())
    hidden = len(plain) - first - last
    return plain[:first] + "*" * hidden + plain[-last:] if hidden >= 4 else "*" * len(plain)


_FIELDS = {
    "name": (mask_name, ""),
    "customer_name": (mask_name, ""),
    "name_zh": (mask_name, ""),
    "id_number": (mask_id_number, PII),
    "id": (mask_id_number, PII),
    "spouse_id": (mask_id_number, PII),
    "credit_code": (mask_id_number, PII),
    "mobile": (mask_mobile, PII),
    "phone": (mask_mobile, PII),
    "email": (lambda text: text[:1] + GONE + text[text.find("@") :] if "@" in text else text, PII),
    "address": (lambda text: text[:6] + GONE if len(text) > 6 else GONE, PII),
    "account_number": (mask_account, ACCOUNTS),
    "account": (mask_account, ACCOUNTS),
    "card_number": (mask_account, ACCOUNTS),
}
"""How a text field of a name is masked, and the permission that shows it whole; names are whole to whoever sees the record."""
MASKS = {name: mask for name, (mask, _) in _FIELDS.items()}
_ID = re.compile(r"(?<![0-9A-Za-z])\d{17}[0-9Xx](?![0-9A-Za-z])")
_MOBILE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
_ACCOUNT = re.compile(r"(?<![0-9A-Za-z])\d{15,19}(?![0-9A-Za-z])")
_JWT = re.compile(r"[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}", re.ASCII)


def shown(record: Any, caller: Caller) -> Any:
    """A record (mappings, lists, texts) as a caller sees it. Customers see their own names whole and their numbers masked."""
    return _walk(record, caller.scopes, 0)


def _walk(value: Any, scopes: frozenset[str], depth: int) -> Any:
    if isinstance(value, Mapping):
        return {key: _field(str(key), one, scopes, depth) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_walk(one, scopes, depth + 1) for one in value] if depth < _DEPTH_MAX else GONE
    return value


def _field(key: str, value: Any, scopes: frozenset[str], depth: int) -> Any:
    if isinstance(value, (Mapping, list, tuple)):
        if key in _FIELDS and not isinstance(value, Mapping):
            return [_field(key, one, scopes, depth + 1) for one in value] if depth < _DEPTH_MAX else GONE
        return _walk(value, scopes, depth + 1) if depth < _DEPTH_MAX else GONE
    mask, needed = _FIELDS.get(key, (None, ""))
    if mask is None or not isinstance(value, str) or not needed or needed in scopes:
        return value
    return mask(value)


def masked_text(text: str) -> str:
    """A running text with ID, account and mobile numbers and tokens masked."""
    return _ACCOUNT.sub(lambda found: mask_account(found[0]), _without_people(_JWT.sub(GONE, text)))


def paper(text: str, caller: Caller) -> str:
    """A paper's text as a caller sees it: whole to its customer, into whose hand it comes, and to whoever may see whole what is
    masked in records; else with a last line that says so."""
    if caller.kind == "customer":
        return text
    seen = text if PII in caller.scopes else _without_people(text)
    seen = seen if ACCOUNTS in caller.scopes else _ACCOUNT.sub(_hidden_account, seen)
    return text if seen == text else f"{seen.rstrip()}\n\n{_IN_PART}\n"


def _without_people(text: str) -> str:
    text = _ID.sub(lambda found: mask_id_number(found[0]), text)
    return _MOBILE.sub(lambda found: mask_mobile(found[0]), text)


def _hidden_account(found: re.Match[str]) -> str:
    """An account's number masked, an ID number as it is: whether that is shown is another question."""
    return found[0] if is_id(found[0]) else mask_account(found[0])


def is_id(number: str) -> bool:
    """Whether a text is an ID number by its check digit."""
    return len(number) == 18 and not int(check_resident_ids(np.array([number.upper()]))[0])


def masked_path(path: str) -> str:
    """A request's path without ID numbers in it. The bank's own numbers, as long as accounts of others, stay: they say what was
    done."""
    found = _ID.findall(path)
    for one in found:
        if is_id(one):
            path = path.replace(one, mask_id_number(one))
    return path
