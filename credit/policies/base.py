"""What every policy model shares: unknown fields are refused, values are frozen once loaded, and money is written in yuan
in the files (``"50000"``) and held in fen."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class PolicyModel(BaseModel):
    """Base of all policy models."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _fen(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, (int, str, Decimal)):
        raise ValueError("an amount in yuan, as a whole number or as text with at most two decimals")
    fen = Decimal(str(value).replace(",", "")) * 100
    if fen != fen.to_integral_value():
        raise ValueError("an amount in yuan with at most two decimals")
    return int(fen)


Yuan = Annotated[int, BeforeValidator(_fen), Field(ge=0, le=10**11)]
"""Written in yuan, held in fen, at most one billion yuan."""

RATE_PPM_MAX = 240_000
"""24 %, the ceiling courts protect for private lending."""
RatePpm = Annotated[int, Field(ge=0, le=RATE_PPM_MAX)]
"""A yearly interest rate in millionths."""

SharePpm = Annotated[int, Field(ge=0, le=1_000_000)]
"""A share in millionths."""
