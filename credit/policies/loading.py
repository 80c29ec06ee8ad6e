"""Loads policies: the packaged TOML files, with a scenario's overrides laid over them. A wrong value names the
file, the line where it can be found, the field, and what is allowed."""

from __future__ import annotations

import tomllib
from copy import deepcopy
from functools import cache, lru_cache
from importlib import resources
from typing import Any, TypeVar

from pydantic import ValidationError

from credit.errors import CreditError
from credit.policies.base import PolicyModel

Model = TypeVar("Model", bound=PolicyModel)
Overrides = dict[str, dict[str, Any]]


class PolicyError(CreditError):
    """A policy file or an override that does not hold."""


SECTIONS = {
    "approval": ("approval", "products"),
    "contract": ("contracts", "templates"),
    "payment": ("payments", "routes"),
    "debit": ("repayment", "debit_terms"),
    "early_fee": ("repayment", "early_fees"),
    "collateral": ("collateral", "products"),
}
"""Where the sections of a product's file go: policy, and the list in it to which the product adds a row."""
WORLD = "world"
"""The section of a product's file that says what a simulated world makes of it. The bank does not read it."""


def resolved(name: str, overrides: Overrides | None = None) -> dict[str, Any]:
    """A policy's values as a scenario has them."""
    return merged(packaged(name), (overrides or {}).get(name, {}))


def packaged(name: str) -> dict[str, Any]:
    """The packaged policy `name` as a dictionary of the caller's own: its own file, and what the products' files add to it."""
    return deepcopy(_read(name))


@cache
def _read(name: str) -> dict[str, Any]:
    data = resources.files("credit.policies").joinpath("data")
    content = tomllib.loads(data.joinpath(f"{name}.toml").read_text(encoding="utf-8"))
    for product in packaged_products():
        content = merged(content, spread(product).get(name, {}))
    return content


@lru_cache(maxsize=1)
def packaged_names() -> tuple[str, ...]:
    """The names of all policies, in alphabetical order."""
    folder = resources.files("credit.policies").joinpath("data")
    return tuple(sorted(e.name.removesuffix(".toml") for e in folder.iterdir() if e.name.endswith(".toml")))


@lru_cache(maxsize=1)
def packaged_products() -> tuple[dict[str, Any], ...]:
    """The products' files, in the order of their codes."""
    folder = resources.files("credit.policies").joinpath("data", "products")
    texts = (entry.read_text(encoding="utf-8") for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return tuple(sorted((tomllib.loads(text) for text in texts), key=lambda product: int(product["code"])))


def spread(product: dict[str, Any]) -> Overrides:
    """One product's file as changes to the policies that it speaks to. PolicyError on a section that no policy reads."""
    catalogue = {name: value for name, value in product.items() if not isinstance(value, dict)}
    key, code = str(catalogue.get("key")), catalogue.get("code")
    changes: Overrides = {"products": {"products": [catalogue]}}
    for name, section in product.items():
        if not isinstance(section, dict) or name == WORLD:
            continue
        if name not in SECTIONS:
            raise PolicyError(
                f"product {key}: [{name}] is no section of a product; known: {', '.join((*SECTIONS, WORLD))}"
            )
        policy, rows = SECTIONS[name]
        by_code = {"product": code} if policy in ("payments", "repayment") else {}
        changes.setdefault(policy, {}).setdefault(rows, []).append({"key": key} | by_code | section)
    return changes


def load(name: str, model: type[Model], overrides: Overrides | None = None, *, file: str | None = None) -> Model:
    """One policy, from `file` (default `name`).toml and `overrides[name]`; PolicyError says what is wrong and where."""
    changes = (overrides or {}).get(name, {})
    return _validated(name, model, merged(_read(file or name), changes)) if changes else _as_packaged(name, model, file)


@cache
def _as_packaged(name: str, model: type[Model], file: str | None) -> Model:
    """What every bank reads as it stands is read once: a policy is frozen."""
    return _validated(name, model, _read(file or name))


def _validated(name: str, model: type[Model], content: dict[str, Any]) -> Model:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise PolicyError(describe(f"policies.{name}", error)) from None


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """`changes` laid over `base`; tables merge, everything else is replaced. A list of tables with `key` fields merges by
    that key, so that a scenario may change one product alone."""
    result = dict(base)
    for name, value in changes.items():
        old = result.get(name)
        if isinstance(old, dict) and isinstance(value, dict):
            result[name] = merged(old, value)
        elif (_keyed(old) or not old) and _keyed(value):
            result[name] = _merged_list(old or [], value)
        else:
            result[name] = value
    return result


def _keyed(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) and "key" in item for item in value)


def _merged_list(old: list[dict[str, Any]], changes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    by_key = {item["key"]: item for item in changes}
    result = [merged(item, by_key.pop(item["key"], {})) for item in old]
    return result + list(by_key.values())


def describe(where: str, error: ValidationError) -> str:
    """The first fault of a pydantic error as one line: where, what, and the value given."""
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"]) or "(whole)"
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{where}: {field}: {first['msg']}; given {first.get('input')!r}{more}"[:400]
