"""Fingerprints: short texts that differ when a schema or a policy does, so that what one release wrote is not read as something
else by another one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

import numpy as np

from credit.errors import CreditError
from credit.policies import Overrides, loading
from credit.room import BY_NAME, KINDS, ROOMS, Fields

DIGITS = 16
Forms = dict[str, np.dtype[Any]]
"""Record types by the names of a state's tables."""


class SchemaError(CreditError):
    """Records of another release: which kind or table, and how it differs."""


def of_text(text: str) -> str:
    """16 hexadecimal digits."""
    return hashlib.blake2b(text.encode(), digest_size=DIGITS // 2).hexdigest()


def columns(form: np.dtype[Any]) -> str:
    """Names and types of a record's columns in their order, as people read them."""
    return " ".join(f"{name}:{form[name].str[1:]}" for name in form.names or ())


def of_schema(what: str, form: np.dtype[Any]) -> str:
    """The fingerprint of a kind or a table: its name, and names, types and order of its columns."""
    return of_text(f"{what} {columns(form)}")


def schemas() -> dict[str, str]:
    """The fingerprint of every kind of mail, and of every table of the rooms as ``room.table``."""
    kinds = {kind.name: of_schema(kind.name, kind.dtype) for _, kind in sorted(KINDS.items())}
    tables = {
        f"{room.name}.{name}": of_schema(f"{room.name}.{name}", Fields(fields).dtype)
        for room in ROOMS.values()
        for name, (fields, *_) in room.tables.items()
    }
    return kinds | tables


def policies(overrides: Overrides | None = None) -> dict[str, str]:
    """The fingerprint of each policy's resolved values."""
    return {
        name: of_text(json.dumps(loading.resolved(name, overrides), sort_keys=True, default=str))
        for name in loading.packaged_names()
    }


def of_all(fingerprints: dict[str, str]) -> str:
    """One fingerprint for many."""
    return of_text(json.dumps(fingerprints, sort_keys=True))


def differing(before: dict[str, str], now: dict[str, str]) -> list[str]:
    """The names whose fingerprints are not the same in both."""
    return sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))


def prove_state(room: str, found: Forms, expected: Forms) -> None:
    """SchemaError when a saved table has other columns than this release's, or lacks. Rows of a kind of mail that wait for
    their time stand under its name, and only where there are any."""
    of_mail = {name: BY_NAME[_last(name)].dtype for name in found if _last(name) in BY_NAME}
    expected = {name: form for name, form in expected.items() if _last(name) not in BY_NAME} | of_mail
    wrong = list(_wrong(room, found, expected))
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise SchemaError(
            f"a saved state of another release: {wrong[0]}{more}; continue it with the release that wrote it, or begin anew"
        )


def _wrong(room: str, found: Forms, expected: Forms) -> Iterable[str]:
    for name in sorted(found.keys() | expected.keys()):
        what = f"table {room}.{name.removeprefix('bank.')}"
        if name not in found:
            yield f"{what} is missing from it"
        elif name not in expected:
            yield f"{what} is not known to this release"
        elif found[name] != expected[name]:
            yield f"{what} has columns {columns(found[name])}, this release has {columns(expected[name])}"


def _last(name: str) -> str:
    return name.rpartition(".")[2]
