"""Seals: numbers that leave the bank and come back unchanged, or are found out. What is sealed is written with a keyed digest
(HMAC-SHA-256) over all that it says; whoever has not the key can neither change a character of it nor make one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

_DIGEST = 20
_TEXT = re.compile(r"[0-9]{1,19}(?:-[0-9]{1,19})*-[A-Z2-7]{32}")


def sealed(key: bytes, purpose: str, numbers: tuple[int, ...], beside: str = "") -> str:
    """``numbers-DIGEST``: the numbers for all to read, and the digest over them, the purpose, and what is said beside them."""
    said = "-".join(map(str, numbers))
    digest = hmac.digest(key, f"{purpose}\n{said}\n{beside}".encode(), hashlib.sha256)[:_DIGEST]
    return f"{said}-{base64.b32encode(digest).decode()}"


def numbers_in(text: str) -> tuple[int, ...] | None:
    """What a sealed text says; None where it can't be one. Nothing is proved yet: seal the numbers again, and compare."""
    if not _TEXT.fullmatch(text):
        return None
    return tuple(int(part) for part in text.split("-")[:-1])


def is_sealed(key: bytes, purpose: str, text: str, beside: str = "") -> bool:
    """Whether a text was sealed with this key, for this purpose, character by character."""
    numbers = numbers_in(text)
    return numbers is not None and hmac.compare_digest(sealed(key, purpose, numbers, beside), text)
