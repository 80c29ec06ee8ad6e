"""What is wrong with a scenario, in words: a line a fault, with file, line, field and what would be right. The file is the
scenario's own, or a product's that it names."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from credit.policies.loading import SECTIONS, WORLD
from scenarios.positions import Positions, Steps
from scenarios.staff import Staff

SAID_MAX = 20
_NAMES_A_FIELD = re.compile(r"Value error, ([a-z_0-9.]+): ")
"""A rule over several fields says which one it is about."""
_SPEAKS_FOR_ITSELF = ("missing", "extra_forbidden")
_ROWS = {place: section for section, place in SECTIONS.items()}


class ProductFile(NamedTuple):
    """A product's file that a scenario names."""

    path: Path
    content: dict[str, Any]
    positions: Positions


class Sources(NamedTuple):
    """The files that a scenario is made of; those of its products by the product's key."""

    file: str
    positions: Positions
    products: dict[str, ProductFile]

    def place(self, steps: Steps, shown: Steps) -> str:
        """File and line of a value; `shown`: the way to it by keys instead of numbers."""
        if steps not in self.positions:
            for key, file in self.products.items():
                if (inner := _in_product(shown, key)) is not None:
                    return _at(str(file.path), file.positions.line(inner))
        return _at(self.file, self.positions.line(steps))


def _at(file: str, line: int | None) -> str:
    return f"{file}:{line}" if line else file


def _in_product(shown: Steps, key: str) -> Steps | None:
    """The way in the file of the product `key` to what stands in a scenario's policies or demand; None where it isn't its."""
    match shown:
        case ("demand", str(product), *rest) if product == key:
            return (WORLD, *rest)
        case ("policies", "products", "products", str(product), *rest) if product == key:
            return tuple(rest)
        case ("policies", str(policy), str(rows), str(product), *rest) if product == key and (policy, rows) in _ROWS:
            return (_ROWS[policy, rows], *rest)
    return None


class Fault(NamedTuple):
    """One fault: the way to it in the file, the same by keys of rows, what is wrong, and fields of that place."""

    steps: Steps
    shown: Steps
    error: ErrorDetails
    known: Sequence[str]

    @classmethod
    def of(
        cls, error: ErrorDetails, at: Steps, model: type[BaseModel], whole: Any = None, changes: Any = None
    ) -> Fault:
        """A fault that a model found. `whole`: the policy's values, of which the file holds `changes` alone; rows with a `key`
        stand elsewhere in it than in the file."""
        steps, shown = at, at
        named = _NAMES_A_FIELD.match(error["msg"]) if isinstance(error.get("input"), dict | BaseModel) else None
        named = named if named and named[1].split(".")[0] in _fields_at(model, error["loc"]) else None
        for step in error["loc"] if whole is not None else ():
            row = whole[step] if isinstance(step, int) and isinstance(whole, list) else None
            mine: Any = step
            if isinstance(row, dict) and "key" in row:
                keys = [one.get("key") for one in changes] if isinstance(changes, list) else []
                mine = keys.index(row["key"]) if row["key"] in keys else len(keys)
            steps, shown = (*steps, mine), (*shown, step if mine == step else str(row["key"]) if row else step)
            whole, changes = _inner(whole, step), _inner(changes, mine)
        if named:
            inner = tuple(int(step) if step.isdigit() else step for step in named[1].split("."))
            steps, shown, error = (*steps, *inner), (*shown, *inner), error | {"msg": error["msg"][named.end() :]}
        return cls(steps, shown, error, _fields_at(model, error["loc"][:-1]))

    def words(self) -> str:
        """What is wrong and what would be right."""
        kind, given = self.error["type"], self.error.get("input")
        if kind == "extra_forbidden":
            near = difflib.get_close_matches(str(self.shown[-1]), self.known, n=1)
            return (
                f"unknown field; did you mean {near[0]!r}?"
                if near
                else f"unknown field; allowed: {', '.join(self.known)}"
            )
        message = self.error["msg"].removeprefix("Value error, ")
        says = kind in _SPEAKS_FOR_ITSELF or isinstance(given, dict | BaseModel) or len(repr(given)) > SAID_MAX * 4
        return message if says else f"{message}; given {given!r}"


def told(faults: Sequence[Fault], sources: Sources) -> list[str]:
    """A line a fault; slips of the pen first, since they explain what is missing."""
    ordered = sorted(faults, key=lambda fault: fault.error["type"] != "extra_forbidden")
    lines = [
        f"{sources.place(one.steps, one.shown)}: {'.'.join(map(str, one.shown)) or 'scenario'}: {one.words()}"
        for one in ordered
    ]
    more = len(lines) - SAID_MAX
    return lines if more <= 0 else [*lines[:SAID_MAX], f"{sources.file}: and {more} more"]


def _inner(value: Any, step: Any) -> Any:
    try:
        return value[step]
    except (KeyError, IndexError, TypeError):
        return None


def _fields_at(model: Any, steps: Sequence[Any]) -> Sequence[str]:
    """The fields of the model that the way leads to."""
    for step in steps:
        if isinstance(step, str) and step in model.model_fields:
            inner = model.model_fields[step].annotation
            model = next(
                (one for one in (inner, *getattr(inner, "__args__", ())) if hasattr(one, "model_fields")), None
            )
            if model is None:
                return ()
    return model.known() if model is Staff else list(model.model_fields)
