"""What a call said and what it was answered, for the operation log (API-10). While the call is under way nothing is done but
keeping hold of what came and went, within bounds; it is read and masked by the thread that writes the log. A form is kept by its
fields; a table, a file and what is no form by its size and SHA-256 alone."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from types import UnionType
from typing import Any, Union, get_args, get_origin
from urllib.parse import parse_qsl

from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.types import Scope

from actors.identity.audit import result_of
from actors.identity.logged import Kept, kept

BODY_MAX = 16 << 10
"""Bytes of a body that are kept hold of; a larger one is told by its digest."""
ANSWER_MAX = 4 << 10
"""Bytes of an answer that are looked through for the numbers that it gives; the bank's own are among the first."""
_ENCODED = b"application/x-www-form-urlencoded"
_FORMS = (b"application/json", _ENCODED)
_GIVEN = "case loan task number customer payment transaction serial error".split()
"""What of an answer says what came of the call: the numbers that it gave."""
_LEFT = ("case", "table", "refused")
_OWN = frozenset(("query", "body", "rows", "bytes", "sha256"))
_PLAIN_NUMBER = re.compile(r"[0-9]{1,19}(-[0-9]{1,19})?", re.ASCII)
_PLACE = re.compile(r"(?!.*[0-9]{11})[A-Za-z][\w.-]{0,59}", re.ASCII)
"""Where a fault is. Whoever gives a field that there is not, may give it any name."""


class Said:
    """One call, while it is under way and until it is written down."""

    __slots__ = ("_answer", "_body", "_digest", "_gave", "_looks", "_media", "_query", "_size", "_told")

    def __init__(self, scope: Scope) -> None:
        self._looks = scope["method"] == "GET"
        self._query: bytes = scope.get("query_string", b"")
        self._body: list[bytes] | None = []
        self._answer: list[bytes] | None = None if self._looks else []
        self._media = b""
        self._digest: Any = None
        self._size = self._gave = 0
        self._told: Mapping[str, Any] = {}

    def hears(self, part: bytes, media: bytes) -> None:
        """Part of the request's body, of a media type."""
        self._media = media
        self._size += len(part)
        if self._body is not None:
            self._body.append(part)
            if self._size > BODY_MAX or media not in _FORMS:
                self._digest, self._body = hashlib.sha256(b"".join(self._body)), None
        else:
            self._digest.update(part)

    def answers(self, part: bytes) -> None:
        """Part of the answer's body."""
        self._gave += len(part)
        if self._answer is not None:
            self._answer.append(part)
            if self._gave > ANSWER_MAX:
                self._answer = None

    def ends(self, state: Mapping[str, Any]) -> None:
        """The call is over; what endpoints have left in its state is taken along."""
        self._told = {name: state[name] for name in _LEFT if name in state}

    def forgets(self) -> None:
        """Lets go of what was said, where too much waits to be written down; its size stays."""
        self._body = self._answer = None

    @property
    def held(self) -> int:
        """Bytes that are kept hold of."""
        return (0 if self._body is None else self._size) + (0 if self._answer is None else self._gave)

    def parameters(self, known: frozenset[str]) -> Kept:
        """What the call said, masked: the fields of its query and of its body; those of its path stand in the path."""
        said: dict[str, Any] = {}
        if self._query:
            said["query"] = _pairs(self._query)
        if self._size:
            form = self._form()
            said["body"] = self._without_fields() if form is None else form
        return kept(said, known) if said else Kept("null")

    def _form(self) -> Any:
        """The body's fields; None where it is no form that can be read."""
        if self._body is None:
            return None
        content = b"".join(self._body)
        try:
            return _pairs(content) if self._media == _ENCODED else json.loads(content)
        except (ValueError, RecursionError):  # no digest: of a short text it tells the text to whoever guesses
            return None

    def _without_fields(self) -> dict[str, Any]:
        rows = {"rows": table["rows"]} if (table := self._told.get("table")) else {}
        digest = {"sha256": self._digest.hexdigest()} if self._digest is not None else {}
        return rows | {"bytes": self._size} | digest

    def result(self, status: int) -> Kept:
        """What it was answered: ``ok case=1000000001``, ``refused code=AMOUNT_RANGE reason=142 field=amount_fen``."""
        told = self._told
        if "refused" in told:
            said = told["refused"]
        elif self._looks:
            said = f"bytes={self._gave}" if self._gave else ""
        elif "case" in told:
            said = f"case={told['case']}"
        else:
            numbers = [*told.get("table", {}).items(), *self._numbers()]
            said = " ".join(f"{name}={value}" for name, value in numbers)
        return Kept(f"{result_of(status)} {said}".rstrip())

    def _numbers(self) -> Iterator[tuple[str, Any]]:
        """The numbers that an answer gives, by their names; of a refused sign-in, why."""
        try:
            answer = json.loads(b"".join(self._answer or ()))
        except (ValueError, RecursionError):
            return
        if isinstance(answer, dict):
            proposal = answer.get("proposal")
            answer = proposal | answer if isinstance(proposal, dict) else answer
            for name in _GIVEN:
                value = str(answer.get(name, ""))
                if _PLAIN_NUMBER.fullmatch(value) or (name == "error" and _PLACE.fullmatch(value)):
                    yield name, value


def _pairs(encoded: bytes) -> dict[str, Any]:
    """Fields of a query or of an encoded form; those of one that comes several times are a list."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(encoded.decode("latin-1"), keep_blank_values=True, max_num_fields=200):
        found[name] = [*_listed(found[name]), value] if name in found else value
    return found


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def refusal_of(kind: str, title: str, more: Mapping[str, Any]) -> str:
    """A refusal in one line: its type where it has one, the bank's reason, or else its title, and which fields it is about."""
    said = [] if kind == "about:blank" else [f"type={kind}"]
    said += [f"{name}={more[name]}" for name in ("code", "reason", "field") if more.get(name) not in (None, "")]
    said = said if "code" in more else [f"title={title!r}", *said]
    found = more.get("faults") or more.get("errors") or ()
    places = [str(one.get("at") or one.get("column", "")) for one in found if isinstance(one, Mapping)]
    shown = ",".join(dict.fromkeys(place if _PLACE.fullmatch(place) else "?" for place in places[:5]))
    return " ".join([*said, f"at={shown}"] if shown else said)


# names ----------------------------------------------------------------------------------------------------------------


def names_in(routers: Iterable[APIRouter]) -> frozenset[str]:
    """The names of all that endpoints take, fields of bodies and forms and parameters; and those that the log itself gives."""
    routes = (one for router in routers for one in router.routes if isinstance(one, APIRoute))
    return _OWN.union(name for route in routes for name in _names_of(route.dependant))


def _names_of(dependant: Dependant) -> Iterator[str]:
    for one in (*dependant.query_params, *dependant.path_params, *dependant.body_params):
        yield one.alias
        yield from _fields_of(one.field_info.annotation)
    for inner in dependant.dependencies:
        yield from _names_of(inner)


def _fields_of(annotation: Any) -> Iterator[str]:
    """Names of fields, through lists, unions and annotations."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            yield field.alias or name
            yield from _fields_of(field.annotation)
    elif get_origin(annotation) in (Union, UnionType, list, dict, tuple) or hasattr(annotation, "__metadata__"):
        for one in get_args(annotation):
            yield from _fields_of(one)
