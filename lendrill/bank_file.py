"""A bank's own file, `HOME/bank.json`: all that its processes need. It is read here alone, so that a file that is broken is one
clear line for whoever reads it, and a day book that lies in the home is that of this home, wherever the folder was copied to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from actors.book.opening import is_server, open_store
from actors.book.store import Store
from actors.identity import files
from credit.room import DESK_LABELS
from lendrill.errors import UserError
from scenarios.faults import Fault

Model = TypeVar("Model", bound=BaseModel)

BANK_FILE = "bank.json"
DAY_BOOK = "daybook.db"
"""Where a home keeps its day book, if nothing else was said."""
_Clock = Literal["wall", "business"]
_Executor = Literal["ray", "local"]
CLOCKS, EXECUTORS = get_args(_Clock), get_args(_Executor)
SQLITE = "sqlite:"
_SCHEMES = ("sqlite", "sqlite3", "postgres", "postgresql")
_RIGHT = "take it from a backup (`lendrill restore`), or mend it"


class _Form(BaseModel):
    """What a home's file says. Banks that were founded earlier do not say what has a default."""

    model_config = ConfigDict(strict=True)

    scenario: dict[str, Any]
    name: str
    shards: int = Field(ge=1)
    executor: _Executor
    address: str | None
    clock: _Clock
    start_ms: int
    people: list[str]
    arrivals: bool
    from_run: str | None = Field(alias="from")
    store: str
    policies: str
    schemas: str
    sites: list[str] = []
    terms_s: list[float] = Field(default=[], min_length=2, max_length=2)
    backup_to: list[str] = []

    @field_validator("people")
    @classmethod
    def _sit_at_desks(cls, people: list[str]) -> list[str]:
        if strangers := [one for one in people if one not in DESK_LABELS]:
            raise ValueError(f"there is no desk {strangers[0]!r}")
        return people


def read(home: Path) -> dict[str, Any]:
    """What a home's file says, with the whole address of its day book. UserError where it says nothing that a bank could be."""
    file = home / BANK_FILE
    try:
        bank = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{file}: broken, no JSON ({error})", _RIGHT) from None
    if not isinstance(bank, dict):
        raise UserError(f"{file}: broken, it describes no bank", _RIGHT)
    validated(_Form, bank, file, (), _RIGHT)
    return {**bank, "store": _address(home.resolve(), bank["store"])}


def validated(model: type[Model], content: Any, file: Path, at: tuple[str, ...], right: str) -> Model:
    """What a home's file says `at` a place of it, as a model. UserError with the first thing that is wrong."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        fault = Fault.of(error.errors()[0], (*at, *error.errors()[0]["loc"]), model)
        raise UserError(f"{file}: broken, {'.'.join(map(str, fault.shown))}: {fault.words()}", right) from None


def prove_one_site(home: Path, bank: Mapping[str, Any]) -> None:
    """UserError where a home is that of a bank of several sites: books, keys and logs lie in homes of theirs."""
    if len(sites := bank.get("sites", ())) > 1:
        raise UserError(
            f"{home}: a bank of several sites, each of which has a home of its own",
            f"give {' or '.join(str(home / 'sites' / name) for name in sites)}",
        )


def write(home: Path, bank: dict[str, Any]) -> None:
    """Whole or not at all; its owner's alone, since a store's address may hold a password."""
    told = {**bank, "store": within(home, bank["store"])}
    files.replace(home / BANK_FILE, (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode())


def whole(store: str | None) -> str | None:
    """A store's address that was given, whatever folder it is read in. UserError for the bare word of a scheme, which would be a
    file of that name."""
    if store in _SCHEMES:
        raise UserError(
            f"--store {store}: says no place", "give sqlite:PATH, or postgresql://USER@HOST:PORT/DATABASE?bank=NAME"
        )
    if store is None or ":" in store.removeprefix(SQLITE) or not store.removeprefix(SQLITE):
        return store
    return f"{SQLITE}{Path(store.removeprefix(SQLITE)).expanduser().resolve()}"


def within(home: Path, where: str) -> str:
    """A store's address as a home's file says it: from the home on, where it lies there."""
    path = Path(where.removeprefix(SQLITE))
    if is_server(where) or not path.is_relative_to(home.resolve()):
        return where
    return f"{SQLITE}{path.relative_to(home.resolve())}"


def book_at(where: str) -> Store:
    """A day book that is there. UserError where there is none: it is read, and never made."""
    path = Path(where.removeprefix(SQLITE))
    if "://" not in where and not path.is_file():
        raise UserError(f"{path}: there is no day book", "a bank has one once it was opened by `lendrill serve`")
    return open_store(where)


def _address(home: Path, where: str) -> str:
    """The whole address of a store. Earlier releases wrote down whole paths: one that lies in another bank's home is this home's
    own where a copy of it was made here, and refused where none was, as the home was copied without its day book."""
    if is_server(where):
        return where
    path = home / Path(where.removeprefix(SQLITE)).expanduser()
    if path.is_relative_to(home):
        return f"{SQLITE}{path}"
    former = next((one for one in path.parents if (one / BANK_FILE).is_file()), None)
    if former is None and path.name == DAY_BOOK and not path.exists() and (home / DAY_BOOK).is_file():
        return f"{SQLITE}{home / DAY_BOOK}"  # the home was moved
    if former is None or home.is_relative_to(former):
        return where
    own = home / path.relative_to(former)
    if not own.is_file():
        raise UserError(
            f"{home / BANK_FILE}: its day book {path} is that of another bank's home, {former}",
            f"copy a home together with its day book; the copy's own would be {own}",
        )
    return f"{SQLITE}{own}"
