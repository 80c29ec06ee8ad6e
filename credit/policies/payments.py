"""Payment policy (放款支付政策): preconditions, payment kinds, retries and limits of time of disbursement (DIS-02 to DIS-17).
Whatever differs by product is a row here, never a branch in code."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from credit.codes import Guarantee, Material
from credit.policies.base import Minute, PolicyModel, SharePpm, Yuan

_MINUTES_A_DAY = 1_440
Digits = Annotated[int, Field(ge=1, le=19)]
_STEP_MAX_FEN = 9_000_000
"""The share of an amount in whole steps is computed exactly up to here."""
KINDS = ("real_time", "batch", "scheduled")


class PaymentRoute(PolicyModel):
    """How the payments of a product leave the bank (DIS-13)."""

    key: str = ""
    """The product."""
    product: int = Field(ge=1, le=99)
    """[code] The product's code."""
    kind: str = Field(pattern="^(real_time|batch|scheduled)$")
    """real_time, batch or scheduled."""
    workdays: int = Field(default=0, ge=0, le=30)
    """Scheduled payments: workdays after the order …"""
    minute: int = Field(default=540, ge=0, lt=_MINUTES_A_DAY)
    """… and the minute of that day."""


class PaymentPolicy(PolicyModel):
    """All that disbursement decides by. Times of day are minutes after midnight."""

    arrival_minutes: int = Field(ge=1, le=_MINUTES_A_DAY)
    """A payment that is not there by then is delayed (DIS-06)."""
    retries_max: int = Field(ge=0, le=40)
    """[times] An operator may send a failed payment again."""
    rejections_max: int = Field(ge=0, le=40)
    """[times] A reviewer may send a payment back before it is stopped."""
    task_workdays: int = Field(ge=1, le=30)
    """A task is due at the close of the so-manieth workday."""
    closing_minute: int = Field(ge=0, lt=_MINUTES_A_DAY)
    """Close of business."""
    tranche_step: Yuan
    """Tranches but the last are whole multiples of this."""
    staged_days: int = Field(ge=1, le=3_660)
    """How long after signing the tranches of a staged loan may be paid (DIS-16)."""
    account_digits: tuple[Digits, Digits]
    """[digits] Fewest and most of an account number."""
    own_prefixes: list[Annotated[int, Field(ge=100_000, le=999_999)]]
    """[number] First six digits of accounts kept by this bank (行内)."""
    collateral_share_ppm: SharePpm
    """Largest share of the collateral's value that is paid out."""
    batch_minutes: list[Minute] = Field(min_length=1)
    """[minute of the day] When batches leave, on workdays."""
    clearing_opens_minute: int = Field(ge=0, lt=_MINUTES_A_DAY)
    """When large inter-bank payments begin to clear, on workdays."""
    clearing_closes_minute: int = Field(ge=1, le=_MINUTES_A_DAY)
    """When they end."""
    clearing_above: Yuan
    """Larger inter-bank payments wait for clearing hours."""
    routes: list[PaymentRoute] = []
    """By product (DIS-13)."""
    guarantee_materials: dict[str, list[str]] = {}
    """Materials that put a guarantee in place (担保落实, DIS-02), by kind of guarantee."""

    @model_validator(mode="after")
    def _holds(self) -> PaymentPolicy:
        low, high = self.account_digits
        if not 1 <= low <= high <= 18 and not (1 <= low <= high == 19):
            raise ValueError("account_digits: fewest and most digits, between 1 and 19")
        if self.batch_minutes != sorted(set(self.batch_minutes)) or self.batch_minutes[0] < 0:
            raise ValueError("batch_minutes must rise")
        if self.batch_minutes[-1] >= _MINUTES_A_DAY:
            raise ValueError("batch_minutes: must lie within a day")
        if self.clearing_opens_minute >= self.clearing_closes_minute:
            raise ValueError(
                f"clearing_opens_minute: must lie before clearing_closes_minute ({self.clearing_closes_minute})"
            )
        if not 1 <= self.tranche_step <= _STEP_MAX_FEN:
            raise ValueError("tranche_step must lie between 0.01 and 90000 yuan")
        if len({route.product for route in self.routes}) != len(self.routes):
            raise ValueError("routes: two rows for one product")
        for guarantee, materials in self.guarantee_materials.items():
            for name, allowed in [(guarantee, Guarantee), *((material, Material) for material in materials)]:
                if name.upper() not in allowed.__members__:
                    raise ValueError(
                        f"guarantee_materials: {name!r} is not one of {', '.join(allowed.__members__).lower()}"
                    )
        return self
