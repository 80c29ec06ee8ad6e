"""Rooms: what a subsystem says to the rest of the bank, declared in its `contract.py` and nowhere else.

A contract makes one `Room` and hangs everything on it that others may see: the kinds of mail it takes in and who sends them,
what it asks of the world opposite, the tables that are its state, its events with their words in English and Chinese, the
reasons it refuses with, its gauges and its desks. Whatever lists kinds, routes, names, reasons or desks elsewhere is derived
from here: the registries below fill up as contracts are imported, and a number or a name taken twice is an error at that
moment. Numbers are explicit and stay for ever: old runs remain readable.

A field list is one text: blank-separated names, int64 unless given as ``name:U12`` (fixed-width text of an even length, so that
rows are whole 64-bit words), and ``name=0`` where a row may leave the column out. The first column of a kind is always `at`
(ms)."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from credit.codes import Coded, Handler, Step
from credit.masks import any_of

Rows = npt.NDArray[np.void]
Words = tuple[str, str]
"""English, Chinese."""

WORLD = "world"
"""Sender of what comes from outside the bank: customers, staff, partners."""

_SURROGATES = 0xD800 >> 11

KINDS: dict[int, Kind] = {}
BY_NAME: dict[str, Kind] = {}
EVENTS: dict[int, EventCode] = {}
GAUGES: dict[int, GaugeCode] = {}
DESKS: dict[int, DeskCode] = {}
DESK_LABELS: dict[str, DeskCode] = {}
REASONS: dict[int, Reason] = {}
ROOMS: dict[str, Room] = {}

EVENT_DTYPE = np.dtype(
    [(f, "i8") for f in "at case event actor loan amount_fen reason value branch product seq".split()]
)
"""`branch` and `seq` are filled when the window is over (`credit.mail.in_sequence`); `product` is 0 where it is not said."""
PARTNER_TOLD = "partner branch until share_ppm slower_ms"
"""From its instant `until` another one, calls of a partner (`credit.codes.Partner`; 0: of all) go without an answer, or, where it
is `slower_ms`, take so much longer: a share of them. An `until` that lies before ends what was told earlier. A row for each
branch, so that every shard hears of it."""
MEASURE_DTYPE = np.dtype([(f, "i8") for f in "at gauge branch product group count amount_fen".split()])


# fields ---------------------------------------------------------------------------------------------------------------


class Fields:
    """A field list read: the record type, and which columns may be left out."""

    def __init__(self, text: str) -> None:
        parts = [part.partition("=")[::2] for part in text.split()]
        pairs = [(name.partition(":")[0], name.partition(":")[2] or "i8") for name, _ in parts]
        self.dtype: np.dtype[np.void] = np.dtype(pairs)
        self.names: tuple[str, ...] = self.dtype.names or ()
        self.texts = frozenset(name for name in self.names if self.dtype[name].kind == "U")
        self.may_lack = frozenset(name for (name, _), (_, default) in zip(pairs, parts, strict=True) if default)
        self._plans: dict[tuple[Any, ...], tuple[str, ...]] = {}

    def plan(self, what: str, source: tuple[str, ...] | None, given: Iterable[str]) -> tuple[str, ...]:
        """Which columns to take from a source that has these; ValueError on a column that does not exist or that nobody
        fills: nothing is dropped and nothing is zeroed in silence."""
        key = (source, tuple(given))
        if key not in self._plans:
            names = frozenset(key[1])
            unknown = [name for name in key[1] if name not in self.names]
            taken = tuple(name for name in self.names if name not in names and name in (source or ()))
            lacking = [n for n in self.names if n not in names and n not in taken and n not in self.may_lack]
            if unknown or lacking:
                wrong = [f"has no column {name!r}" for name in unknown] + [f"needs a value for {n!r}" for n in lacking]
                raise ValueError(f"{what} {'; '.join(wrong)}; its columns: {', '.join(self.names)}")
            self._plans[key] = taken
        return self._plans[key]


def blank(names: str) -> str:
    """A field list of columns that a new row may leave out: ``blank("a b") == "a=0 b=0"``."""
    return " ".join(f"{name}=0" for name in names.split())


def fits(what: str, name: str, form: np.dtype[Any], values: npt.ArrayLike) -> npt.ArrayLike:
    """`values`, once it is sure that no text of them is longer than its column or holds what is no character (half a surrogate
    pair, which UTF-8 has no bytes for); ValueError names the column."""
    if form.kind == "U":
        texts = np.asarray(values)
        if texts.dtype.kind == "U" and any_of(np.ascontiguousarray(texts).view(np.uint32) >> 11 == _SURROGATES):
            raise ValueError(f"{what}: {name} holds what is no character")
        longest = int(np.char.str_len(texts).max(initial=0)) if texts.dtype.itemsize > form.itemsize else 0
        if longest > form.itemsize // 4:
            raise ValueError(f"{what}: {name} holds {form.itemsize // 4} characters, a text of {longest} was given")
    return values


# kinds ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Kind:
    """One kind of mail: a numpy record type. `room` takes it in; a `world` kind goes to the world opposite that room."""

    name: str
    number: int
    room: str
    world: bool
    fields: Fields
    key: str
    senders: list[str]
    command: bool = False
    """A command from outside, which carries a request number and is answered (`credit.requests`)."""
    hearers: list[str] = field(default_factory=list)
    """Rooms that get a copy, see `Room.hears`."""
    copies: tuple[int, ...] = ()
    """Events of which it is the copy, see `Room.accepts`."""

    @cached_property
    def dtype(self) -> np.dtype[np.void]:
        return self.fields.dtype

    @cached_property
    def nothing(self) -> Rows:
        """No rows: one array for all who ask."""
        return self.empty()

    def empty(self, length: int = 0) -> Rows:
        """`length` rows of zeros and empty text."""
        return np.zeros(length, dtype=self.dtype)

    def rows(self, length: int, **columns: npt.ArrayLike) -> Rows:
        """`length` rows from columns; scalars broadcast. ValueError on an unknown or a missing column."""
        self.fields.plan(self.name, None, columns)
        if not length:
            return self.nothing
        return self._filled(np.zeros(length, dtype=self.dtype), columns)

    def carry(self, source: Rows, **columns: npt.ArrayLike) -> Rows:
        """Rows that take every column `source` shares with this kind, then the given ones. ValueError as for `rows`."""
        taken = self.fields.plan(self.name, source.dtype.names or (), columns)
        if not len(source):
            return self.nothing
        rows = np.zeros(len(source), dtype=self.dtype)
        for name in taken:
            rows[name] = self._fitting(name, source[name])
        return self._filled(rows, columns)

    def _filled(self, rows: Rows, columns: Mapping[str, npt.ArrayLike]) -> Rows:
        for name, values in columns.items():
            rows[name] = self._fitting(name, values)
        return rows

    def _fitting(self, name: str, values: npt.ArrayLike) -> npt.ArrayLike:
        return fits(self.name, name, self.dtype[name], values) if name in self.fields.texts else values

    def __repr__(self) -> str:
        return self.name


# events, gauges, desks, reasons ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Said:
    """What there is to say of an event, see `event`."""

    code: int
    words: Words
    reason: type[IntEnum] | None
    counts: str
    refuses: bool
    step: Step | None
    handler: Handler
    trouble: Words | None
    digested: bool
    mails: tuple[str, str]
    """The kind of mail that goes out with it and that kind's column of the amount; empty where none does."""


def event(
    code: int,
    en: str,
    zh: str,
    *,
    reason: type[IntEnum] | None = None,
    value: str = "",
    refuses: bool = False,
    step: Step | None = None,
    handler: Handler = Handler.NOBODY,
    trouble: Words | None = None,
    digested: bool = True,
    mails: str = "",
) -> Said:
    """One event. `reason`: the enum that its reason column counts in, `Reason` for the reasons of any room, None for a plain
    number · `value`: what its value column counts · `refuses`: it says no to somebody · `step`, `handler`: where the case
    stands after it and who has it (APP-18) · `trouble`: its line in the report's table of trouble · `digested`: False for
    what each shard says once · `mails`: the kind of mail that goes out with it, a row each of the same case and amount (which
    stands in the column named after the kind, `amount_fen` where none is): neither is without the other."""
    kind, _, column = mails.partition(" ")
    said = kind, column or "amount_fen"
    return Said(code, (en, zh), reason, value, refuses, step, handler, trouble, digested, said)


class EventCode(Coded):
    """A room's events, in the past tense; each value is made by `event`."""

    said: Said

    def __new__(cls, said: Said) -> EventCode:
        member = int.__new__(cls, said.code)
        member._value_ = said.code
        member.said = said
        return member


class GaugeCode(Coded):
    """What a `Measure` row counts at a window's end: (number, English, Chinese, whether it has a line in the report's table of
    open work, the enum that `group` counts in as ``module:Name``)."""

    words: Words
    line: bool
    group: str

    def __new__(cls, code: int, en: str, zh: str, line: bool = False, group: str = "") -> GaugeCode:
        member = int.__new__(cls, code)
        member._value_ = code
        member.words, member.line, member.group = (en, zh), line, group
        return member

    @property
    def groups(self) -> Iterable[IntEnum]:
        """The codes of `group`; none where it is a plain number."""
        module, _, name = self.group.partition(":")
        found: Iterable[IntEnum] = getattr(importlib.import_module(module), name) if name else ()
        return found


class DeskCode(Coded):
    """A room's staffed desks: (number, English, Chinese, whether it exists once at head office, for all branches, how many
    people sit there, how many minutes they need for a case). The last two hold where a scenario says nothing of the desk."""

    words: Words
    at_head_office: bool
    people: int
    minutes: int

    def __new__(
        cls, code: int, en: str, zh: str, at_head_office: bool = False, people: int = 1, minutes: int = 20
    ) -> DeskCode:
        member = int.__new__(cls, code)
        member._value_ = code
        member.words = (en, zh)
        member.at_head_office, member.people, member.minutes = at_head_office, people, minutes
        return member

    @property
    def label(self) -> str:
        """The name in scenario files: ``initial_approver``."""
        return self.name.lower()


class Reason(Coded):
    """Why a room refuses: (number, English, Chinese, the field of the form that is wrong). Numbers are unique in the bank, so a
    reason may be passed on by another room."""

    words: Words
    field: str

    def __new__(cls, code: int, en: str, zh: str, field: str = "") -> Reason:
        member = int.__new__(cls, code)
        member._value_ = code
        member.words = (en, zh)
        member.field = field
        return member


class RequestRefusal(Reason):
    """Why a command is refused before its room sees it."""

    NUMBER_TAKEN = 90, "request number already used", "请求号已被使用", "request"
    SET_ASIDE = (
        91,
        "set aside: doing it broke a rule of the bank, nothing of it was done; the bank looks into it",
        "已隔离：处理违反系统规则，未作任何处理，待查明",
    )


REASONS |= {int(one): one for one in RequestRefusal}

# rooms ----------------------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class Room:
    """One subsystem as others see it. `module` is the contract's own ``__name__``; `shared`: there is one for all shards."""

    module: str
    name: str
    words: Words
    shared: bool = False
    kinds: list[Kind] = field(default_factory=list)
    tables: dict[str, tuple[str, str, str, str]] = field(default_factory=dict)
    """Name → (field list, key column, the columns written in place, the columns put)."""
    events: type[EventCode] | None = None
    gauges: type[GaugeCode] | None = None
    desks: type[DeskCode] | None = None
    reasons: list[type[IntEnum]] = field(default_factory=list)
    partner_told: Kind | None = None
    """Of a room whose partners something may befall, see `told_of_partners`."""

    def __post_init__(self) -> None:
        _claim(ROOMS, self.name, self)

    def __reduce__(self) -> tuple[Any, ...]:
        return _room_of, (self.module,)

    def __str__(self) -> str:
        return self.name

    @property
    def package(self) -> str:
        """The package that the contract stands in."""
        return self.module.rpartition(".")[0]

    def accepts(self, number: int, name: str, fields: str, *, sender: str = WORLD, copies: Iterable[int] = ()) -> Kind:
        """A kind of mail to this room, sent by the named rooms (blank-separated) or the world. The second column is its key.
        `copies`: its rows are what those rooms log of these events, which say it themselves and send nothing; its columns are
        events' columns."""
        return self._kind(number, name, fields, False, sender, copies=tuple(copies))

    def obeys(self, number: int, name: str, fields: str) -> Kind:
        """A command from outside: mail with a request number, answered exactly once."""
        return self._kind(number, name, f"{fields} request=0", False, WORLD, command=True)

    def asks(self, number: int, name: str, fields: str, *, sender: str = "") -> Kind:
        """A kind of mail to the world opposite this room, by default from the room itself."""
        return self._kind(number, name, fields, True, sender or self.name)

    def told_of_partners(self, number: int) -> None:
        """Mail to the world opposite, by who drills the bank: something befalls partners that it plays (`PARTNER_TOLD`)."""
        self.partner_told = self._kind(number, f"{self.name.title()}PartnerTold", PARTNER_TOLD, True, WORLD)

    def sends(self, kind: Kind) -> None:
        """This room sends a kind that another room takes in, besides the senders that room names itself."""
        kind.senders.append(self.name)

    def hears(self, kind: Kind) -> None:
        """This room gets a copy of a kind of mail that is meant for another one, in the same way as if it were meant for it."""
        kind.hearers.append(self.name)

    def _kind(
        self,
        number: int,
        name: str,
        fields: str,
        world: bool,
        sender: str,
        *,
        command: bool = False,
        copies: tuple[int, ...] = (),
    ) -> Kind:
        read = Fields("at " + fields)
        assert read.dtype.itemsize % 8 == 0, f"{name}: text columns need an even number of characters"
        kind = Kind(name, number, self.name, world, read, read.names[1], sender.split(), command, copies=copies)
        _claim(KINDS, number, kind)
        _claim(BY_NAME, name, kind)
        self.kinds.append(kind)
        return kind

    def table(self, name: str, fields: str, key: str, changes: str = "", puts: str = "") -> str:
        """A table of the room's state; returns its name. One of its columns says which branch a row belongs to, so that a
        saved bank can be dealt out to any number of shards (see `credit.numbers.branch_of`). `changes`: the columns that are
        written in place once a row is there · `puts`: those that `Table.put` alone changes. Of these and of all others it is
        proved at each day's end that nothing else has changed them (`Subsystem.check`)."""
        _claim(self.tables, name, (fields, key, changes, puts))
        return name

    def logs(
        self,
        events: type[EventCode] | None = None,
        gauges: type[GaugeCode] | None = None,
        desks: type[DeskCode] | None = None,
        reasons: Iterable[type[IntEnum]] = (),
    ) -> None:
        """Declares the room's events, gauges, desks and reasons."""
        self.events, self.gauges, self.desks, self.reasons = events, gauges, desks, list(reasons)
        for one in events or ():
            _claim(EVENTS, int(one), one)
        for gauge in gauges or ():
            _claim(GAUGES, int(gauge), gauge)
        for desk in desks or ():
            _claim(DESKS, int(desk), desk)
            _claim(DESK_LABELS, desk.label, desk)
        for codes in self.reasons:
            if issubclass(codes, Reason):
                for reason in codes:
                    if REASONS.get(int(reason)) is not reason:  # rooms may share an enum, as those with worklists do
                        _claim(REASONS, int(reason), reason)


def _claim(registry: dict[Any, Any], key: Any, value: Any) -> None:
    if key in registry:
        raise ValueError(f"{key!r} is declared twice: {registry[key]!r} and {value!r}")
    registry[key] = value


def _room_of(module: str) -> Room:
    room: Room = importlib.import_module(module).room
    return room
