"""Repayment plans set by hand (自定义还款计划), REP-03: for each month the share of the principal that is repaid and whether
interest is paid. Interest accrues every month on what is still owed, without compounding; where a month pays none
it is held and falls due with the next month that does, and the last month always pays. So half-yearly interest with staged
principal (EX-18) is a plan of monthly steps like any other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from credit.errors import CreditError
from credit.masks import true_rows
from credit.money import PPM, mul_div_round, split_fen
from credit.schedules_level import PERIODS_MAX
from credit.times import Bools, Ints

_STAGE = re.compile(r"([1-9][0-9]{0,2}):([0-9]{1,3})(?:\.([0-9]{1,4}))?")


@dataclass(frozen=True, eq=False)
class CustomPlan:
    """`shares_ppm`: the share of the principal repaid by each monthly instalment, summing to 1,000,000; `pays_interest`:
    whether that instalment pays the interest held so far. Bad plans raise CreditError."""

    shares_ppm: Ints
    pays_interest: Bools

    def __post_init__(self) -> None:
        count = len(self.shares_ppm)
        if not 1 <= count <= PERIODS_MAX or len(self.pays_interest) != count:
            raise CreditError(
                f"custom plan: {count} shares and {len(self.pays_interest)} interest marks; "
                f"both must be given for each of 1 to {PERIODS_MAX} instalments"
            )
        low = true_rows(self.shares_ppm < 0)
        if len(low):
            raise CreditError(f"custom plan, instalment {int(low[0]) + 1}: the share must be at least 0")
        total = int(self.shares_ppm.sum())
        if total != PPM:
            raise CreditError(f"custom plan: the shares sum to {total} millionths; they must sum to {PPM}")
        if not self.pays_interest[-1]:
            raise CreditError(f"custom plan, instalment {count}: the last instalment must pay interest")

    def __len__(self) -> int:
        return len(self.shares_ppm)

    def principal_parts_fen(self, principal_fen: int) -> Ints:
        """Principal of each instalment in fen. The running total is rounded half up, so parts sum to the principal."""
        repaid = mul_div_round(principal_fen, self.shares_ppm.cumsum(), PPM)
        return np.diff(repaid, prepend=np.int64(0))

    def part_fen(self, principal_fen: npt.ArrayLike, number: npt.ArrayLike) -> Ints:
        """Principal of instalment `number` (1 …) of loans over `principal_fen`, as columns: one of `principal_parts_fen`."""
        edges = np.concatenate([[0], self.shares_ppm.cumsum()])
        index = np.asarray(number, dtype=np.int64)
        return mul_div_round(principal_fen, edges[index], PPM) - mul_div_round(principal_fen, edges[index - 1], PPM)

    def interest_due(
        self, number: npt.ArrayLike, held_fen: npt.ArrayLike, interest_fen: npt.ArrayLike
    ) -> tuple[Ints, Ints]:
        """(interest due with instalment `number`, interest still held after it) from what was held and the month's own."""
        owed = np.asarray(held_fen, dtype=np.int64) + np.asarray(interest_fen, dtype=np.int64)
        due = np.where(self.pays_interest[np.asarray(number) - 1], owed, 0)
        return due, owed - due

    def after(self, number: int) -> CustomPlan:
        """The plan of what is still owed after instalment `number`, its shares in the same proportions: for early
        repayment. Where all was repaid but interest, the last instalment keeps the whole share."""
        if not 0 <= number < len(self):
            raise CreditError(
                f"custom plan: instalment {number} leaves nothing; from 0 to {len(self) - 1} can be left behind"
            )
        rest = self.shares_ppm[number:]
        whole = rest if rest.any() else np.append(rest[:-1], 1)
        return CustomPlan(split_fen(PPM, whole), self.pays_interest[number:])


def custom_plan(shares_ppm: Sequence[int], pays_interest: Sequence[bool]) -> CustomPlan:
    """A plan from plain lists, one entry a month."""
    return CustomPlan(np.array(shares_ppm, dtype=np.int64), np.array(pays_interest, dtype=np.bool_))


def staged_plan(months: int, interest_every: int, stages_ppm: dict[int, int]) -> CustomPlan:
    """A plan of so many months that pays interest every `interest_every` months and with the last, and the given shares of
    the principal at the given instalment numbers: ``staged_plan(24, 6, {12: 300_000, 18: 300_000, 24: 400_000})``."""
    outside = [number for number in stages_ppm if not 1 <= number <= months]
    if outside or interest_every < 1:
        raise CreditError(
            f"custom plan: stages at {sorted(stages_ppm)}, interest every {interest_every} months; "
            f"stages must lie in 1 to {months} and interest must be paid every 1 or more months"
        )
    numbers = range(1, months + 1)
    return custom_plan(
        [stages_ppm.get(number, 0) for number in numbers],
        [number % interest_every == 0 or number == months for number in numbers],
    )


def moratorium_plan(months: int, free_months: int) -> CustomPlan:
    """A plan of so many months (延期还本) in the first of which only interest is paid, then the principal in equal parts."""
    if not 0 <= free_months < months:
        raise CreditError(f"custom plan: {free_months} months without principal of {months}; at least one must repay")
    shares = split_fen(PPM, np.arange(1, months + 1) > free_months)
    return CustomPlan(shares, np.ones(months, dtype=np.bool_))


def read_stages(text: str) -> dict[int, int]:
    """Stages as people write them, ``"12:30 18:30 24:40"``: share of the principal in per cent, up to four decimals, by number
    of the instalment. CreditError on anything else, and on a number that comes twice."""
    stages: dict[int, int] = {}
    for part in text.split():
        found = _STAGE.fullmatch(part)
        if found is None or int(found[1]) in stages:
            raise CreditError(f"stage {part!r}: give each instalment once, as number:per cent, 12:30 18:30 24:40")
        stages[int(found[1])] = int(found[2]) * 10_000 + int((found[3] or "").ljust(4, "0"))
    return stages
