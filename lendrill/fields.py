"""The reference of every field of scenarios and policies, made from their models: what a field is called, its type, unit, range
and default, what it does, and the requirement it follows from. Nothing is said here that a model doesn't say; a field's words
are the text below it."""

from __future__ import annotations

import ast
import difflib
import inspect
import re
import textwrap
import types
from collections.abc import Iterator
from datetime import date, datetime
from functools import cache
from itertools import groupby, pairwise
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from credit.policies.base import ReadBy, is_yuan
from credit.policies.catalogue import MODELS
from credit.policies.loading import resolved
from lendrill.errors import UserError
from scenarios.model import Scenario

UNITS = {
    "ppm": "millionths",
    "ms": "milliseconds",
    "minutes": "minutes",
    "minute": "minute of the day",
    "hours": "hours",
    "hour": "hour of the day",
    "days": "days",
    "workdays": "workdays",
    "day": "day of the month",
    "months": "months",
    "bytes": "bytes",
    "px": "pixels",
    "pixels": "pixels",
    "pages": "pages",
    "dpd": "days past due",
    "weight": "weight",
    "weights": "weights",
}
"""Units by the words of a field's name; the last that is known counts. What no name says stands before the text: `[people]`."""
OURS = "ours"
"""The source of what no requirement says."""
_PLAIN = {
    bool: "true or false",
    int: "whole number",
    float: "number",
    str: "text",
    date: "date",
    datetime: "date and time",
}
_REQUIREMENT = re.compile(r"\b[A-Z]{2,4}-\d\d\b")
_IN_BRACKETS = re.compile(r" \((?:[A-Z]{2,4}-\d\d(?:, | and )?)+\)")
_SHOWN_MAX = 60


class Field(NamedTuple):
    """One field; `path` as in a file, `[]` any row of a list of tables, `<…>` any key."""

    path: str
    kind: str
    unit: str
    allowed: str
    default: str
    text: str
    source: str


def fields(prefix: str = "") -> list[Field]:
    """The fields whose paths begin with `prefix`, all without one. UserError, with the nearest there is, where none does."""
    wanted = _steps(prefix)
    long = (field for field in every() if len(_steps(field.path)) >= len(wanted))
    found = [field for field in long if all(map(_fits, wanted, _steps(field.path)))]
    if not found:
        known = list(dict.fromkeys(".".join(_steps(one.path)[: len(wanted)]) for one in every()))
        near = difflib.get_close_matches(".".join(wanted), known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"they begin with {', '.join(_sections())}"
        raise UserError(f"no field {prefix!r}", hint)
    return found


@cache
def every() -> tuple[Field, ...]:
    """All fields: those of a scenario, then those of the policies."""
    of_policies = (_of(model, f"policies.{name}.", None, resolved(name)) for name, model in sorted(MODELS.items()))
    return (*_of(Scenario, "", None, None), *(field for some in of_policies for field in some))


def markdown() -> str:
    """The reference as a page."""
    parts = [_HEAD]
    for section, rows in groupby(every(), key=_section):
        parts.append(f"\n## {section}\n\n{_COLUMNS}")
        parts += [f"| `{row.path}` | " + " | ".join(_cell(word) for word in row[1:]) + " |\n" for row in rows]
    return "".join(parts)


_COLUMNS = "| field | type | unit | allowed | default | what it does | source |\n" + "|---" * 7 + "|\n"
_HEAD = """# Fields of scenarios and policies

Made by `lendrill fields --markdown` from the models; a test says when it is out of date. `lendrill fields staff.committee` prints
a part of it. `[]` stands for each table of a list (`[[faults]]`), `<name>` for a key. What a file leaves out has its default:
of a policy the packaged one, *as packaged* where rows differ (`credit/policies/data`). A product's own file has the same fields:
`policies.products.products[]` at its top, other policies' rows in its sections, `demand` in `[world]`, where its defaults stand.
*ours*: no requirement says so. Simulated runs decide by every field but those that say *live bank* or *words* (for people).
"""


def _section(field: Field) -> str:
    steps = field.path.split(".")
    return "A scenario's head" if len(steps) == 1 else ".".join(steps[:2]) if steps[0] == "policies" else steps[0]


def _sections() -> list[str]:
    return list(dict.fromkeys(_steps(field.path)[0] for field in every()))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _steps(path: str) -> list[str]:
    return [step for step in path.replace("[]", "").split(".") if step and not step.isdigit()]


def _fits(wanted: str, step: str) -> bool:
    return wanted == step or step.startswith("<")


def _of(model: type[BaseModel], path: str, defaults: BaseModel | None, packaged: Any) -> Iterator[Field]:
    """A model's fields: its own, then those of the tables in it. `packaged`: the values, or lists of them by row, that come
    with Lendrill."""
    texts = _texts(model)
    for name, info in model.model_fields.items():
        inner, many = _model_in(info.annotation)
        here = path + name + many
        values = [row[name] for row in _rows(packaged) if name in row]
        if inner is not None:
            below = getattr(defaults, name, None) if defaults is not None else info.default
            kept = below if isinstance(below, BaseModel) else None
            yield from _of(inner, here + ".", kept, [one for value in values for one in _rows(value)])
            continue
        words, unit, source = _said(model, name, texts.get(name, ""))
        yuan = _has_yuan(info.annotation, info.metadata)
        default = getattr(defaults, name) if defaults is not None else info.default
        default = _in_yuan(default) if yuan and defaults is not None else default
        yield Field(
            here,
            "yuan" if yuan and info.annotation is int else _kind(info.annotation, info.metadata),
            unit or _unit(name, info.annotation, yuan),
            _allowed(info.annotation, info.metadata, yuan),
            _packaged(values) if values else _default(default),
            words,
            source,
        )


def _rows(values: Any) -> list[Any]:
    if isinstance(values, dict) and values and all(isinstance(one, dict) for one in values.values()):
        return list(values.values())
    return values if isinstance(values, list) else [] if values is None else [values]


def _model_in(annotation: Any) -> tuple[type[BaseModel] | None, str]:
    """The model that a field holds, and how a path says how many of them: nothing, `[]` or `.<name>`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, ""
    arguments = get_args(annotation)
    last = arguments[-1] if arguments else None
    if isinstance(last, type) and issubclass(last, BaseModel):
        return last, "[]" if get_origin(annotation) is list else ".<name>"
    return None, ""


def _parts(annotation: Any, metadata: list[Any] | tuple[Any, ...] = ()) -> tuple[Any, list[Any]]:
    """A type without what is said about it, and that."""
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        return _parts(inner, [*metadata, *more])
    if get_origin(annotation) in (Union, types.UnionType):
        [inner] = [one for one in get_args(annotation) if one is not type(None)]
        return _parts(inner, metadata)
    return annotation, [part for one in metadata for part in (getattr(one, "metadata", None) or [one])]


def _kind(annotation: Any, metadata: list[Any] | tuple[Any, ...] = ()) -> str:
    plain, said = _parts(annotation, metadata)
    inner = [_kind(one) for one in get_args(plain)] if get_origin(plain) is not Literal else []
    if get_origin(plain) is list:
        return f"list of: {inner[0]}"
    if get_origin(plain) is tuple:
        return f"list of {len(inner)}: {inner[0]}"
    if get_origin(plain) is dict:
        return f"table of: {inner[1]}"
    if get_origin(plain) is Literal:
        return "text"
    return "yuan" if is_yuan(said) else _PLAIN.get(plain, "table")


def _has_yuan(annotation: Any, metadata: list[Any] | tuple[Any, ...]) -> bool:
    plain, said = _parts(annotation, metadata)
    return is_yuan(said) or any(_has_yuan(one, ()) for one in get_args(plain) if get_origin(plain) is not Literal)


def _allowed(annotation: Any, metadata: list[Any] | tuple[Any, ...], yuan: bool) -> str:
    """What is allowed, of a list of its rows too."""
    plain, said = _parts(annotation, metadata)
    if get_origin(plain) is Literal:
        return ", ".join(map(str, get_args(plain)))
    limits = {name: getattr(one, name) for one in said for name in _LIMITS if getattr(one, name, None) is not None}
    if pattern := limits.get("pattern"):
        alternatives = re.fullmatch(r"\^\(([\w|]+)\)\$", pattern)
        return ", ".join(alternatives[1].split("|")) if alternatives else pattern
    low, high = limits.get("ge", limits.get("gt")), limits.get("le", limits.get("lt"))
    short, long = limits.get("min_length"), limits.get("max_length")
    words = [_span(low, high, yuan and plain is int, "gt" in limits, "lt" in limits)]
    words += [f"{_span(short, long, False)} {'characters' if plain is str else 'of them'}"] if short or long else []
    inner = [_allowed(one, (), yuan) for one in get_args(plain)[-1:]]
    return "; ".join(word for word in [*words, *(f"each {one}" for one in inner if one)] if word)


_LIMITS = ("ge", "gt", "le", "lt", "min_length", "max_length", "pattern")


def _span(low: Any, high: Any, yuan: bool, above: bool = False, below: bool = False) -> str:
    least, most = (f"{one // 100 if yuan else one:,}" if one is not None else None for one in (low, high))
    if least is not None and most is not None and not (above or below):
        return least if least == most else f"{least} to {most}"
    parts = [f"{'above' if above else 'at least'} {least}"] if least is not None else []
    return ", ".join([*parts, *([f"{'below' if below else 'at most'} {most}"] if most is not None else [])])


def _unit(name: str, annotation: Any, yuan: bool) -> str:
    """The unit that a field's name or type says; a dash where there is none to say."""
    if yuan:
        return "yuan"
    kind = _kind(annotation).rpartition(": ")[2]
    known = [UNITS[word] for word in name.split("_") if word in UNITS]
    return (
        known[-1] if known and kind in ("whole number", "number") else "" if kind in ("whole number", "number") else "–"
    )


def _said(model: type[BaseModel], name: str, text: str) -> tuple[str, str, str]:
    """A field's words, the unit that stands before them, and its source."""
    found = re.match(r"\[([^\]]+)\] ", text)
    words = " ".join((text[found.end() :] if found else text).split())
    ids = _REQUIREMENT.findall(words) or _REQUIREMENT.findall(inspect.getdoc(model) or "")
    by = next((one.whom for one in model.model_fields[name].metadata if isinstance(one, ReadBy)), None)
    of_all = getattr(model, "read_by", None)
    by = by or (of_all.whom if isinstance(of_all, ReadBy) else None)
    words = _IN_BRACKETS.sub("", words)
    return words + (f" *{by}*" if by else ""), found[1] if found else "", ", ".join(dict.fromkeys(ids)) or OURS


@cache
def _texts(model: type[BaseModel]) -> dict[str, str]:
    """The text below each field of a model."""
    [body] = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    lines = body.body if isinstance(body, ast.ClassDef) else []
    return {
        field.target.id: str(text.value.value)
        for field, text in pairwise(lines)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
    }


def _in_yuan(value: Any) -> Any:
    """What a model holds in fen as a file has it."""
    return (
        [_in_yuan(one) for one in value]
        if isinstance(value, list)
        else value // 100
        if isinstance(value, int)
        else value
    )


def _default(value: Any) -> str:
    if value is PydanticUndefined:
        return "needed"
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_default, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_default(one)}" for name, one in value.items()) + "}"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _packaged(values: list[Any]) -> str:
    """The packaged value, where it is one and short enough to be read."""
    words = list(dict.fromkeys(_default(value) for value in values))
    return words[0] if len(words) == 1 and len(words[0]) <= _SHOWN_MAX else "as packaged"
