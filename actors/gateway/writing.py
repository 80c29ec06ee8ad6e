"""How the texts of a form are written, one rule for every way in: no control or formatting characters (Unicode Cc, Cf, and line
and paragraph separators), and not blank alone. Names are of letters besides; a company's also of digits and some signs."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import ValidationInfo
from pydantic_core import PydanticCustomError

from credit.codes import Segment

_UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp"})
_OF_PEOPLE = frozenset(" ·-'’.")
_OF_COMPANIES = _OF_PEOPLE | frozenset("()（）[]【】&,，、/+—–“”《》0123456789")
_HOLDERS = (str, list, dict)
"""What may hold texts."""
TEXT = "a text without control or formatting characters, which is not blank"
NAMES = {
    True: "a person's name: letters or ideographs, spaces, middle dots ·, hyphens, apostrophes and full stops",
    False: "a company's name: letters or ideographs, digits, spaces, brackets and the signs · - ' . & , 、 / + — “ ” 《 》",
}
"""What is right: of a person, of a company."""


class Verbatim:
    """Marks a field that holds no writing of people's: a password, a certificate."""


def is_text(text: str) -> bool:
    """Whether a text keeps the rule; an empty one does, and is another rule's to refuse."""
    if text.isprintable():
        return not text or not text.isspace()
    return bool(text.strip()) and not any(unicodedata.category(one) in _UNSEEN for one in text)


def is_name(text: str, is_person: bool) -> bool:
    """Whether a text may be somebody's name; an empty one may, and is refused as missing elsewhere."""
    signs = _OF_PEOPLE if is_person else _OF_COMPANIES
    written = all(one in signs or unicodedata.category(one)[0] in "LM" for one in text)
    return not text or (written and any(one.isalpha() for one in text))


def unwritten(texts: Sequence[str]) -> list[int]:
    """Places of the texts that break the rule. Of many, looked at together: hardly any breaks it."""
    if "".join(texts).isprintable() and not any(map(str.isspace, texts)):
        return []
    return [place for place, text in enumerate(texts) if not is_text(text)]


def wrong_texts(values: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    """Those of the named fields that hold a text which breaks the rule."""
    found = {name: _texts_in(values[name]) for name in names if type(values[name]) in _HOLDERS}
    every = [(name, text) for name, texts in found.items() for text in texts]
    wrong = unwritten([text for _, text in every])
    return list(dict.fromkeys(every[place][0] for place in wrong))


def proven_name(text: str, info: ValidationInfo) -> str:
    """The name of a form whose segment stands before it; `PydanticCustomError` where it can be none."""
    is_person = info.data.get("segment", Segment.INDIVIDUAL) == Segment.INDIVIDUAL
    if is_text(text) and not is_name(text, is_person):
        kind = "person_name" if is_person else "company_name"
        raise PydanticCustomError(kind, NAMES[is_person])
    return text


def _texts_in(value: Any) -> Sequence[str]:
    if isinstance(value, str):
        return (value,)
    parts = (one for pair in value.items() for one in pair) if isinstance(value, dict) else value
    return [one for one in parts if isinstance(one, str)]
