"""Finds, reads and resolves scenario files. Whatever is wrong with a file leaves as a line of its own that names the file,
the line, the field, and what is allowed; an unknown name suggests the nearest one there is."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator
from functools import reduce
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from credit.errors import CreditError
from credit.policies.catalogue import MODELS
from credit.policies.loading import WORLD, PolicyError, merged, packaged_products, resolved, spread
from scenarios.faults import Fault, ProductFile, Sources, told
from scenarios.model import Scenario
from scenarios.people import Demand
from scenarios.positions import Positions, Steps


class ScenarioError(CreditError):
    """A scenario that can't be used: `user_lines` has a line for each thing that is wrong."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.user_lines = lines


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
    except (
        ValueError,
        RecursionError,
    ) as error:  # beside what is no TOML: numbers and nesting that Python refuses to read
        raise ScenarioError(f"{file}: not valid TOML: {error}") from None
    positions = Positions(text)
    _prove_tables(content, file, positions)
    for path, value in (changes or {}).items():
        *sections, field = path.split(".")
        reduce(lambda table, section: table.setdefault(section, {}), sections, content)[field] = value
    sources = Sources(file, positions, _add_products(content, folder, file, positions))
    faults = [*_faults_of_policies(content["policies"])]
    try:
        scenario = Scenario.model_validate(content)
    except ValidationError as error:
        faults = [Fault.of(one, tuple(one["loc"]), Scenario) for one in error.errors()] + faults
    if faults:
        raise ScenarioError(*told(faults, sources))
    return scenario


def _prove_tables(content: dict[str, Any], file: str, positions: Positions) -> None:
    """What has to be a table before values are laid over it and products added to it."""
    tables: dict[tuple[str, ...], Any] = {
        (name,): content[name] for name in ("run", "bank", "staff", "demand", "policies") if name in content
    }
    policies = content.get("policies", {})
    tables |= {("policies", name): table for name, table in policies.items()} if isinstance(policies, dict) else {}
    wrong = {steps: table for steps, table in tables.items() if not isinstance(table, dict)}
    if wrong:
        lines = (
            f"{file}:{positions.line(steps)}: {'.'.join(steps)}: needs to be a table, [{'.'.join(steps)}]; given {table!r}"
            for steps, table in wrong.items()
        )
        raise ScenarioError(*lines)


def _faults_of_policies(policies: dict[str, Any]) -> Iterator[Fault]:
    """What is wrong with the policies as the scenario changes them, whether a run reads them or not."""
    for name, changes in policies.items():
        if name not in MODELS:
            continue
        yield from _twice(changes, ("policies", name))
        whole = resolved(name, policies)
        try:
            MODELS[name].model_validate(whole)
        except ValidationError as error:
            for one in error.errors():
                yield Fault.of(one, ("policies", name), MODELS[name], whole, changes)


def _twice(changes: Any, at: Steps) -> Iterator[Fault]:
    """Rows of one list with the same key, of which the later would hide the earlier."""
    rows = changes.items() if isinstance(changes, dict) else enumerate(changes) if isinstance(changes, list) else ()
    seen: set[str] = set()
    for step, row in rows:
        key = row.get("key") if isinstance(row, dict) and isinstance(changes, list) else None
        if isinstance(key, str) and key in seen:
            error = ErrorDetails(type="value_error", loc=(), msg=f"the key {key!r} stands twice", input=row)
            yield Fault((*at, step), (*at, step), error, ())
        seen |= {key} if isinstance(key, str) else set()
        yield from _twice(row, (*at, step))


def _add_products(content: dict[str, Any], folder: Path, file: str, positions: Positions) -> dict[str, ProductFile]:
    """Adds the products whose files the scenario names, each under what the scenario itself says of it; the files by key."""
    names, policies, demand = content.get("products", []), content.get("policies", {}), content.get("demand", {})
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ScenarioError(
            f"{file}:{positions.line(('products',))}: products: needs a list of file names; given {names!r}"
        )
    found: dict[str, ProductFile] = {}
    taken = {str(one["key"]): int(one["code"]) for one in packaged_products()}
    for name in names:
        where = f"{file}:{positions.line(('products',))}: products: {name}"
        read = _product(folder / name, where, taken)
        product = read.content
        found[product["key"]] = read
        taken[product["key"]] = product["code"]
        try:
            changes = spread(product)
        except PolicyError as error:
            raise ScenarioError(f"{where}: {error}") from None
        for policy, change in changes.items():
            policies[policy] = merged(change, policies.get(policy, {}))
        demand[product["key"]] = merged(product[WORLD], demand.get(product["key"], {}))
    content |= {"policies": policies, "demand": demand}
    return found


def _product(path: Path, where: str, taken: dict[str, int]) -> ProductFile:
    """A product's file, as far as it can be judged by itself and by the keys and codes that are taken."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        product = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ScenarioError(f"{where}: can't read the product's file ({reason})") from None
    except (ValueError, RecursionError) as error:
        raise ScenarioError(f"{where}: not valid TOML: {error}") from None
    key, code = product.get("key"), product.get("code")
    if not isinstance(key, str) or type(code) is not int:
        raise ScenarioError(f'{where}: a product needs a key = "…" and a code = number')
    if key in taken or code in taken.values():
        raise ScenarioError(f"{where}: key {key!r} or code {code} is taken; taken are {taken}")
    if not isinstance(product.get(WORLD), dict):
        raise ScenarioError(f"{where}: needs a section [{WORLD}] with {', '.join(Demand.model_fields)}")
    return ProductFile(path, product, Positions(text))


def _read(name_or_path: str) -> tuple[str, str]:
    path = Path(name_or_path)
    looks_like_path = name_or_path.endswith(".toml") or "/" in name_or_path
    if not looks_like_path and name_or_path in packaged_names():
        entry = resources.files("scenarios").joinpath("files", f"{name_or_path}.toml")
        return entry.read_text(encoding="utf-8-sig"), f"{name_or_path}.toml"
    if looks_like_path:
        try:
            return path.read_text(encoding="utf-8-sig"), str(path)
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
            raise ScenarioError(f"{path}: can't read the scenario file ({reason})") from None
    raise ScenarioError(_unknown(name_or_path))


def _unknown(name: str) -> str:
    names = packaged_names()
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    guess = f"; did you mean {near[0]!r}?" if near else ""
    return f"no scenario {name!r}{guess} Known: {', '.join(names)}; or give the path of a .toml file"
