"""Whether a field of a scenario or a policy counts: a small bank is run again with one value changed, until its digests part
from those of the bank as it was. No small bank has work for every field, so there are several (`tests.lendrill.worlds`), and
what changes nothing in one is tried in the next. `python -m tests.lendrill.counting FIELD…` prints what that came to, as a
line of fields_seen.txt."""

from __future__ import annotations

import datetime as dt
import re
import sys
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from functools import cache, partial
from itertools import chain, zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, NamedTuple

from actors.host import Blueprint, Parts
from actors.local import LocalExecutor
from actors.pipeline import Pipeline, blocks
from actors.topology import Cell, Flow
from credit.digest import Digest
from credit.policies.catalogue import MODELS
from credit.policies.loading import load, packaged_names, resolved
from credit.subsystem import State, windows
from lendrill.assembly import blueprints
from lendrill.fields import every
from results import folder
from scenarios.model import Scenario
from tests.lendrill.worlds import WORLDS, Content, World

Steps = tuple[str | int, ...]
Book = dict[Cell, State]
LIST = Path(__file__).with_name("fields_seen.txt")
POOL_MAX, IDLE_MAX = 5, 6
"""How many texts are tried in a text's place, and how many changes without effect before a field is called idle."""
SMALL = WORLDS[0]
Verdict = Literal["counts", "refused", "idle"]


BESIDE: dict[str, list[Any]] = {
    "economy.day": [dt.date(2026, 1, 5), dt.date(2026, 5, 1)],
    "policies.admission.key_materials": [["id_front", "lease_contract"]],
    "policies.admission.vague_purposes": [["其他"]],
    "policies.approval.key_materials": [["lease_contract"]],
    "policies.approval.lighter_nodes": [["initial", "re_review", "final"]],
    "policies.approval.weak_adds": ["", "committee"],
    "policies.approval.yellow_adds": ["", "committee"],
    "policies.collections.assignments.product": ["consumer_loan"],
    "policies.collections.assignments.segment": ["micro"],
    "policies.collections.assignments.set": ["a"],
    "policies.collections_a.rows.grades": [["excellent", "good"]],
    "policies.collections_a.rows.overdue_from": ["100", "900000"],
    "policies.collections_b.rows.grades": [["excellent", "good"]],
    "policies.collections_b.rows.overdue_from": ["100", "900000"],
    "policies.payments.guarantee_materials.document": [["property_certificate"]],
    "policies.payments.guarantee_materials.mortgage": [["lease_contract"]],
    "policies.products.products.fields.most": [1_500],
    "policies.scorecard.bureau.query_desk": ["re_reviewer"],
    "policies.scorecard.bureau.query_reason": [3],
    "script.account_months": [1],
}
"""What is tried before anything else, of fields that know more than their types tell."""


class Seen(NamedTuple):
    """What trying a field came to, and the world in which it counts."""

    verdict: Verdict
    world: str


def content(world: World = SMALL) -> Content:
    """The whole scenario of a world as a file would have it, every field written down."""
    written = deepcopy(world.written)
    plain = {"name": "small", "title": "t", "purpose": "p", "look_at": ["it"]}
    known = Scenario.model_validate(plain | deepcopy(written)).model_dump(exclude={"policies", "script", "faults"})
    bands = Scenario.model_fields["population"].default.monthly_income_bands
    known["population"]["monthly_income_bands"] = [fen // 100 for fen in bands]  # yuan, as a file has them
    return known | {
        "faults": written.get("faults", []),
        "script": written.get("script", []),
        "policies": {name: resolved(name, written.get("policies")) for name in packaged_names()},
    }


def leaves(value: Any, path: Steps = ()) -> Iterator[tuple[Steps, Any]]:
    """Every value that is neither a table nor a list of tables, with the way to it."""
    if isinstance(value, dict):
        yield from chain.from_iterable(leaves(inner, (*path, name)) for name, inner in value.items())
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        yield from chain.from_iterable(leaves(inner, (*path, place)) for place, inner in enumerate(value))
    else:
        yield path, value


def field_of(path: Steps) -> str:
    """The field, whichever row it stands in."""
    return ".".join(step for step in path if isinstance(step, str))


def others(value: Any, pool: Sequence[str | int] = ()) -> Iterator[Any]:
    """Values to put in another's place, those that change most first; `pool`: words that such a field may hold, or the least and
    the greatest number."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        further = (value * 50, *pool, value * 2, value // 2, 0, value + 1, value - 1, 1)
        yield from dict.fromkeys(
            other for other in (further if value else (500_000, 1, *pool, 20, 2)) if other != value
        )
    elif isinstance(value, dt.date):  # a moment is one, too
        yield from (value + dt.timedelta(days=days) for days in (1, -1, 20))
    elif isinstance(value, list | tuple):
        yield from _other_lists(list(value), pool)
    if isinstance(value, str):
        yield from (other for other in pool if other != value)
        yield f"{value}x"


def _other_lists(value: list[Any], pool: Sequence[str | int]) -> Iterator[list[Any]]:
    """Lists in another's place: turned round (weights that are all doubled are the same weights), all of it doubled, halved or
    one more, each of its members left out, another in its place, one more of them."""
    if value and all(isinstance(one, int) for one in value):
        yield from (turned for turned in [value[::-1]] if turned != value)
        yield from ([one * 2 for one in value], [one // 2 for one in value], [one + 1 for one in value])
    yield from ([*value[:place], *value[place + 1 :]] for place in range(len(value)))
    yield from ([*value, one] for one in pool if one not in value)
    changes = [
        [[*value[:place], other, *value[place + 1 :]] for other in others(one, pool)] for place, one in enumerate(value)
    ]
    yield from (one for turn in zip_longest(*changes) for one in turn if one is not None)


def changed(base: Content, path: Steps, value: Any) -> Content:
    """The content with one value in another's place; what is not on the way there is shared."""
    *way, last = path
    result = dict(base)
    place: Any = result
    for step in way:
        inner = place[step]
        place[step] = dict(inner) if isinstance(inner, dict) else list(inner)
        place = place[step]
    place[last] = value
    return result


class Bank:
    """A bank of a scenario's content, opened, from a book where there is one. CreditError where the content is refused."""

    def __init__(self, content: Content, book: Book | None = None) -> None:
        self.scenario = Scenario.model_validate(content)
        for name, model in MODELS.items():
            load(name, model, self.scenario.policies)
        flow, executor = Flow(1), LocalExecutor()
        with TemporaryDirectory() as at:
            cells = blueprints(self.scenario, flow, folder.create(Path(at) / "run"), False)
            executor.start([_unwritten(cell) for cell in cells], _copied(book))
        self._pipeline = Pipeline(executor, flow)
        self.held: Book = {}
        """What it holds once its run is over."""

    def digests(self) -> Iterator[str]:
        """Those of its windows, one folded into the next, and at last that of all it holds."""
        run = self.scenario.run
        for block in blocks(windows([*range(run.start_ms, run.until_ms, run.window_ms), run.until_ms])):
            yield from self._pipeline.collect(self._pipeline.submit(block)).chains
        whole = Digest()
        for final in self._pipeline.outcome(True).finals:
            self.held[final.cell] = final.state
            whole.merge(Digest(final.digest))
        yield whole.hex()


def _unwritten(cell: Blueprint) -> Blueprint:
    """A cell whose record is not written down: digests are all that is asked for."""
    return replace(cell, build=partial(_without_a_sink, cell))


def _without_a_sink(cell: Blueprint, where: Cell) -> Parts:
    return replace(cell.build(where), sink=None)


def _copied(book: Book | None) -> Book | None:
    return book and {cell: {name: rows.copy() for name, rows in state.items()} for cell, state in book.items()}


class Plain:
    """A world's bank as it is, worked no further than somebody asks for."""

    def __init__(self, world: World) -> None:
        self.base, self.book = content(world), None
        if world.book:
            earlier = world._replace(written=world.written | {"run": world.book})
            before = Bank(content(earlier))
            list(before.digests())
            self.book = before.held
        self._rest, self._known = Bank(self.base, self.book).digests(), list[str]()

    def parts_from(self, other: Iterator[str]) -> bool:
        """Whether another bank's digests become other ones."""
        for place, one in enumerate(other):
            while len(self._known) <= place:
                self._known.append(next(self._rest))
            if one != self._known[place]:
                return True
        return False

    def verdict(self, path: Steps, value: Any) -> Verdict:
        """What a change comes to."""
        try:
            other = Bank(changed(self.base, path, value), self.book)
        except ValueError:  # a validation error is one, and so is CreditError
            return "refused"
        return "counts" if self.parts_from(other.digests()) else "idle"

    def verdict_of_field(self, field: str, enough: Verdict = "counts") -> Verdict:
        """Whether some change of some row's value counts; refused where every change is, or where one refusal is enough."""
        rows = [(path, value) for path, value in leaves(self.base) if field_of(path) == field]
        pool = _pool([value for _, value in rows], field)
        found: list[Verdict] = []
        first = BESIDE.get(field, [])
        changes = [[(path, other) for other in (*first, *others(value, pool))] for path, value in rows[::-1]]
        for path, value in _by_turns(changes):
            found.append(self.verdict(path, value))
            if found[-1] in ("counts", enough):
                return found[-1]
            if found.count("idle") == IDLE_MAX:
                break
        return "idle" if "idle" in found else "refused"


def _by_turns(changes: Sequence[Sequence[tuple[Steps, Any]]]) -> Iterator[tuple[Steps, Any]]:
    """One change of each row, then the next of each: the first row may be one that nobody meets."""
    for turn in zip_longest(*changes):
        yield from (one for one in turn if one is not None)


def _pool(values: Sequence[Any], field: str) -> list[str | int]:
    """What else a field may hold, as far as the reference of fields tells: the bounds of a number; of texts those of its other
    rows and those that its type allows."""
    told = max((one for one in every() if _names(one.path, field)), key=lambda one: one.path.count(".")).allowed
    texts = [text for value in values for text in (value if isinstance(value, list) else [value])]
    if any(isinstance(text, int) for text in texts):
        bounds = [int(one.replace(",", "")) for one in re.findall(r"\b[\d,]+\b", told)]
        most = {"run": 0, "bank": 0, "staff": 2_000}.get(field.partition(".")[0], 10**12)  # great banks take days
        return [bound for bound in bounds if bound <= most]
    found = [*(text for text in texts if isinstance(text, str)), *re.findall(r"[a-z][a-z0-9_]+", told)]
    return list(dict.fromkeys(found))[:POOL_MAX]


@cache
def plain(place: int) -> Plain:
    """The bank of a world as it is, begun once."""
    return Plain(WORLDS[place])


def seen(field: str) -> Seen:
    """What trying a field comes to, world by world until it counts."""
    found: list[Verdict] = []
    for place in with_field(field):
        found.append(plain(place).verdict_of_field(field))
        if found[-1] == "counts":
            return Seen("counts", WORLDS[place].name)
    return Seen("idle" if "idle" in found else "refused", "")


def with_field(field: str) -> list[int]:
    """The worlds in which something stands for a field."""
    return [place for place in range(len(WORLDS)) if field in fields(place)]


@cache
def fields(place: int | None = None) -> list[str]:
    """The fields that a run decides by, of one world or all."""
    marked = {field.path for field in every() if field.text.endswith("*")}
    worlds = WORLDS if place is None else WORLDS[place : place + 1]
    found = dict.fromkeys(field_of(path) for world in worlds for path, _ in leaves(content(world)))
    tables = {name[:end] for name in found for end, sign in enumerate(name) if sign == "."}
    return [name for name in found if name not in tables and not any(_names(one, name) for one in marked)]


def _names(path: str, field: str) -> bool:
    """Whether a path of the reference is that of a field, or of the table in which it stands."""
    steps, mine = path.replace("[]", "").split("."), field.split(".")
    return len(steps) <= len(mine) and all(
        one == two or one.startswith("<") for one, two in zip(steps, mine, strict=False)
    )


if __name__ == "__main__":
    for name in sys.argv[1:]:
        one = seen(name)
        print(one.verdict, name, *filter(None, [one.world]), flush=True)
