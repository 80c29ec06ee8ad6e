"""What every policy model shares: unknown fields are refused, values are frozen once loaded, and money is written in yuan
in the files (``"50000"``) and held in fen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import UnionType
from typing import Annotated, Any, ClassVar, Self, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator


@dataclass(frozen=True)
class ReadBy:
    """Marks a field, or a whole model, that no simulated run decides by: who reads it."""

    whom: str


LIVE = ReadBy("live bank")
WORDS = ReadBy("words")
"""Names and texts that are shown to people."""


class PolicyModel(BaseModel):
    """Base of all policy models. Where a whole number is asked for, nothing else is one: no truth, no text, no 40.0. What is
    called least (`…_min`) is not above what is called most (`…_max`), and of rows with a `key` each has one of its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    read_by: ClassVar[ReadBy | None] = None
    """Who reads the model's fields, where no simulated run does."""

    @model_validator(mode="before")
    @classmethod
    def _no_truths_for_numbers(cls, values: Any) -> Any:
        given = values.items() if isinstance(values, dict) else ()
        fields = [(name, value, cls.model_fields[name]) for name, value in given if name in cls.model_fields]
        wrong = [(name, value) for name, value, of in fields if _holds_truth(value) and of.annotation is not bool]
        wrong += [
            (".".join((name, *where)), one)
            for name, value, of in fields
            for where, one in _no_whole_numbers(of.annotation, of.metadata, value)
        ]
        if wrong:
            raise ValidationError.from_exception_data(
                cls.__name__,
                [{"type": "int_type", "loc": tuple(name.split(".")), "input": value} for name, value in wrong],
            )
        return values

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        fields, given = type(self).model_fields, self.model_fields_set
        for low, high in [(name, f"{name[:-4]}_max") for name in fields if name.endswith("_min")]:
            least, most = getattr(self, low), getattr(self, high, None)
            if isinstance(least, int) and isinstance(most, int) and least > most:
                if low in given and high not in given:
                    raise ValueError(f"{low}: must be at most {high} ({most})")
                raise ValueError(f"{high}: must be at least {low} ({least})")
        for name in fields:
            rows = getattr(self, name)
            keys = [getattr(row, "key", None) for row in rows] if isinstance(rows, list) else []
            twice = next((key for key in keys if key and keys.count(key) > 1), None)
            if twice is not None:
                raise ValueError(f"{name}: {twice} stands twice")
        return self


def _no_whole_numbers(kind: Any, about: Sequence[object], value: object) -> Iterator[tuple[tuple[str, ...], object]]:
    """What stands where `kind` asks for whole numbers, and is text or has a point; each with the way to it."""
    if get_origin(kind) is Annotated:
        kind, *about = get_args(kind)
    if kind is int:
        if isinstance(value, str | float) and not is_yuan(about):
            yield (), value
    elif get_origin(kind) is list and isinstance(value, list):
        for place, one in enumerate(value):
            for where, wrong in _no_whole_numbers(get_args(kind)[0], (), one):
                yield (str(place), *where), wrong
    elif get_origin(kind) is dict and isinstance(value, dict):
        for name, one in value.items():
            for where, wrong in _no_whole_numbers(get_args(kind)[1], (), one):
                yield (str(name), *where), wrong
    elif get_origin(kind) is UnionType and int in get_args(kind):
        yield from _no_whole_numbers(int, about, value)


def _holds_truth(value: object) -> bool:
    return isinstance(value, bool) or (isinstance(value, list) and any(map(_holds_truth, value)))


_FEN_MAX = 10**11


def _fen(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, (int, str, Decimal)):
        raise ValueError("an amount in yuan, as a whole number or as text with at most two decimals")
    try:
        fen = Decimal(str(value).replace(",", "")) * 100
    except ArithmeticError:
        raise ValueError("an amount in yuan, in figures, with at most two decimals") from None
    if not fen.is_finite() or abs(fen) > _FEN_MAX or fen != fen.to_integral_value():
        raise ValueError("an amount in yuan, at most one billion, with at most two decimals")
    return int(fen)


def known_names(field: str, names: Iterable[str], allowed: Iterable[str]) -> None:
    """ValueError where a name, in small letters, is none of those allowed, which are in capitals."""
    allowed = list(allowed)
    for name in names:
        if name.upper() not in allowed:
            raise ValueError(f"{field}: {name!r} is not one of {', '.join(one.lower() for one in allowed)}")


def last_fits_all(field: str, rows: Sequence[BaseModel], conditions: Sequence[str], whom: str) -> None:
    """ValueError where rows of which the first that fits decides don't end with one that fits all, or where it hides others."""
    fitting = [place for place, row in enumerate(rows, 1) if not any(getattr(row, name) for name in conditions)]
    if not fitting:
        raise ValueError(f"{field}: the last row must fit every {whom}")
    if fitting[0] < len(rows):
        named = getattr(rows[fitting[0]], "key", None) or f"row {fitting[0] + 1}"
        raise ValueError(f"{field}: {named} is never reached: a row before it fits every {whom}")


def is_yuan(metadata: Sequence[object]) -> bool:
    """Whether what a type says of itself is what `Yuan` says."""
    return any(isinstance(one, BeforeValidator) and one.func is _fen for one in metadata)


Yuan = Annotated[int, BeforeValidator(_fen), Field(ge=0, le=_FEN_MAX)]
"""Written in yuan, held in fen, at most one billion yuan."""

RATE_PPM_MAX = 240_000
"""24 %, the ceiling courts protect for private lending."""
RatePpm = Annotated[int, Field(ge=0, le=RATE_PPM_MAX)]
"""A yearly interest rate in millionths."""

Weight = Annotated[int, Field(ge=0, le=1_000_000)]
"""How much of something, relative to its brothers."""
Points = Annotated[int, Field(ge=0, le=100)]
Minute = Annotated[int, Field(ge=0, le=1_440)]
"""Of the day."""
Value = Annotated[int, Field(ge=-(10**15), le=10**15)]
"""Of a fact, in the fact's own unit."""

SharePpm = Annotated[int, Field(ge=0, le=1_000_000)]
"""A share in millionths."""
