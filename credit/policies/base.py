"""What every policy model shares: unknown fields are refused, values are frozen once loaded, and money is written in yuan
in the files (``"50000"``) and held in fen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator


@dataclass(frozen=True)
class ReadBy:
    """Marks a field, or a whole model, that no simulated run decides by: who reads it."""

    whom: str


LIVE = ReadBy("live bank")
WORDS = ReadBy("words")
"""Names and texts that are shown to people."""


class PolicyModel(BaseModel):
    """Base of all policy models: where a number is asked for, true and false are none."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    read_by: ClassVar[ReadBy | None] = None
    """Who reads the model's fields, where no simulated run does."""

    @model_validator(mode="before")
    @classmethod
    def _no_truths_for_numbers(cls, values: Any) -> Any:
        given = values.items() if isinstance(values, dict) else ()
        wrong = [(name, value) for name, value in given if name in cls.model_fields and _holds_truth(value)]
        wrong = [(name, value) for name, value in wrong if cls.model_fields[name].annotation is not bool]
        if wrong:
            raise ValidationError.from_exception_data(
                cls.__name__, [{"type": "int_type", "loc": (name,), "input": value} for name, value in wrong]
            )
        return values


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
