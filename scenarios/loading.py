"""Finds, reads and resolves scenario files. Whatever is wrong with a file leaves as one line that names the file,
the line, the field, and what is allowed; an unknown name suggests the nearest one there is."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Sequence
from functools import reduce
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from credit.errors import CreditError
from credit.policies.loading import WORLD, PolicyError, merged, packaged_products, spread
from scenarios.model import Scenario
from scenarios.people import Demand
from scenarios.staff import Staff


class ScenarioError(CreditError):
    """A scenario that can't be used."""


def packaged_names() -> list[str]:
    """Names of the scenarios that come with Lendrill, in alphabetical order."""
    folder = resources.files("scenarios").joinpath("files")
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load_scenario(name_or_path: str, changes: dict[str, Any] | None = None) -> Scenario:
    """The scenario of a packaged name or of a path to a TOML file, with `changes` (``{"run.customers": 1000}``) laid over
    it. ScenarioError says what is wrong, where, and what would be right."""
    text, file = _read(name_or_path)
    return parse_scenario(text, file, changes, Path(name_or_path).parent)


def parse_scenario(text: str, file: str, changes: dict[str, Any] | None = None, folder: Path = Path()) -> Scenario:
    """A scenario from TOML text; `file` is what errors call it, and its products' files stand in `folder`."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{file}: not valid TOML: {error}") from None
    for path, value in (changes or {}).items():
        *sections, field = path.split(".")
        reduce(lambda table, section: table.setdefault(section, {}), sections, content)[field] = value
    _add_products(content, folder, file)
    try:
        return Scenario.model_validate(content)
    except ValidationError as error:
        raise ScenarioError(_explain(text, file, error)) from None


def _add_products(content: dict[str, Any], folder: Path, file: str) -> None:
    """Adds the products whose files the scenario names, each under what the scenario itself says of it."""
    names, policies, demand = content.get("products", []), content.get("policies", {}), content.get("demand", {})
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ScenarioError(f"{file}: products: needs a list of file names; given {names!r}")
    tables = {"policies": policies, "demand": demand}
    tables |= {f"policies.{name}": table for name, table in policies.items()} if isinstance(policies, dict) else {}
    for where, table in tables.items():
        if not isinstance(table, dict):
            raise ScenarioError(f"{file}: {where}: needs to be a table; given {table!r}")
    taken = {str(one["key"]): int(one["code"]) for one in packaged_products()}
    for name in names:
        product = _product(folder / name, f"{file}: products: {name}", taken)
        taken[product["key"]] = product["code"]
        try:
            changes = spread(product)
        except PolicyError as error:
            raise ScenarioError(f"{file}: products: {name}: {error}") from None
        for policy, change in changes.items():
            policies[policy] = merged(change, policies.get(policy, {}))
        demand[product["key"]] = merged(product[WORLD], demand.get(product["key"], {}))
    content |= {"policies": policies, "demand": demand}


def _product(path: Path, where: str, taken: dict[str, int]) -> dict[str, Any]:
    """A product's file, as far as it can be judged by itself and by the keys and codes that are taken."""
    try:
        product = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ScenarioError(f"{where}: can't read the product's file ({reason})") from None
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{where}: not valid TOML: {error}") from None
    key, code = product.get("key"), product.get("code")
    if not isinstance(key, str) or type(code) is not int:
        raise ScenarioError(f'{where}: a product needs a key = "…" and a code = number')
    if key in taken or code in taken.values():
        raise ScenarioError(f"{where}: key {key!r} or code {code} is taken; taken are {taken}")
    if not isinstance(product.get(WORLD), dict):
        raise ScenarioError(f"{where}: needs a section [{WORLD}] with {', '.join(Demand.model_fields)}")
    return product


def _read(name_or_path: str) -> tuple[str, str]:
    path = Path(name_or_path)
    looks_like_path = name_or_path.endswith(".toml") or "/" in name_or_path
    if not looks_like_path and name_or_path in packaged_names():
        entry = resources.files("scenarios").joinpath("files", f"{name_or_path}.toml")
        return entry.read_text(encoding="utf-8"), f"{name_or_path}.toml"
    if looks_like_path:
        try:
            return path.read_text(encoding="utf-8"), str(path)
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
            raise ScenarioError(f"{path}: can't read the scenario file ({reason})") from None
    raise ScenarioError(_unknown(name_or_path))


def _unknown(name: str) -> str:
    names = packaged_names()
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    guess = f"; did you mean {near[0]!r}?" if near else ""
    return f"no scenario {name!r}{guess} Known: {', '.join(names)}; or give the path of a .toml file"


def _explain(text: str, file: str, error: ValidationError) -> str:
    faults = error.errors()
    fault = next(
        (one for one in faults if one["type"] == "extra_forbidden"), faults[0]
    )  # a slip explains what is missing
    location = [str(part) for part in fault["loc"]]
    line = _line_of(text, fault["loc"])
    where = f"{file}:{line}" if line else file
    message = fault["msg"].removeprefix("Value error, ")
    if fault["type"] == "extra_forbidden":
        message = f"unknown field{_near_field(fault['loc'])}"
    given = "" if fault["type"] in ("missing", "value_error", "extra_forbidden") else f"; given {fault.get('input')!r}"
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{where}: {'.'.join(location) or 'scenario'}: {message}{given}{more}"


def _near_field(location: Sequence[Any]) -> str:
    model: Any = Scenario
    for part in location[:-1]:
        if isinstance(part, str) and part in model.model_fields:
            model = model.model_fields[part].annotation
            model = next((one for one in getattr(model, "__args__", (model,)) if hasattr(one, "model_fields")), None)
            if model is None:
                return ""
    fields = model.known() if model is Staff else list(model.model_fields)
    near = difflib.get_close_matches(str(location[-1]), fields, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; allowed: {', '.join(fields)}"


def _line_of(text: str, location: Sequence[Any]) -> int | None:
    """Line of the field a fault is about: its section's header, then its key; the n-th table of an array of tables."""
    keys = [part for part in location if isinstance(part, str)]
    index = next((part for part in location if isinstance(part, int)), 0)
    if not keys:
        return None
    lines = text.splitlines()
    start = 0
    for depth in range(len(keys), 0, -1):
        header = re.compile(r"^\s*\[+\s*" + re.escape(".".join(keys[:depth])) + r"\s*\]+")
        found = [number for number, line in enumerate(lines) if header.match(line)]
        if found:
            start = found[min(index, len(found) - 1)]
            if depth == len(keys):
                return start + 1
            break
    key = re.compile(r"^\s*(\[+\s*)?" + re.escape(keys[-1]) + r"\b")
    for number in range(start, len(lines)):
        if key.match(lines[number]):
            return number + 1
    return start + 1 if start else None
