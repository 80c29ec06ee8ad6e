"""Repayment schedules (还款计划), REP-01 to REP-03 and REP-12. A loan stores no schedule: it stores its balance, its regular part
(level payment, or principal a month) and its dates, and `next_instalment` gives principal and interest of the next instalment
on whole columns. `build_schedules` writes the whole plan out by taking the same steps, so the two agree to the fen.

Its rules. Interest of a period is rounded half up to the fen on the balance before the instalment. The last instalment repays
the balance whatever it is, so roundings end there and nowhere else. In a stub period (one that isn't a month: after an odd
disbursement day or an early repayment) the principal of an equal instalment is what a mean month would repay, and only the
interest follows the days: the loan stays on its path and the stub costs what it costs. Due dates keep the day of the month and
clamp to the month's end: 31 January, 28 February, 31 March."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from credit.calendar import add_months, day_in_month, month_of
from credit.codes import Method
from credit.daycount import (
    ANNUAL_PPM_MAX,
    check_conventions,
    days_between,
    interest_fen,
    interest_for_days,
    month_interest_fen,
)
from credit.errors import CreditError
from credit.masks import any_of, true_rows
from credit.money import check_amounts, mul_div_round
from credit.schedules_custom import CustomPlan, custom_plan, moratorium_plan, read_stages, staged_plan
from credit.schedules_level import PERIODS_MAX, level_payment_fen
from credit.times import Bools, Ints

__all__ = [
    "LOWER_INSTALMENT",
    "SHORTER_TERM",
    "CustomPlan",
    "Schedule",
    "Schedules",
    "Terms",
    "accrued_fen",
    "after_partial",
    "build_schedule",
    "build_schedules",
    "custom_plan",
    "due_day",
    "early_interest_fen",
    "instalment_fen",
    "is_stub",
    "level_payment_fen",
    "moratorium_plan",
    "next_instalment",
    "read_stages",
    "regular_part_fen",
    "staged_plan",
]

SHORTER_TERM = 1
LOWER_INSTALMENT = 2


def due_day(first_due_day: npt.ArrayLike, k: npt.ArrayLike, day_of_month: npt.ArrayLike) -> Ints:
    """Due day of the instalment `k` months after the first (k = 0 is the first itself), on the loan's debit day of the
    month or the month's last day. Arrays that broadcast."""
    first, later = np.asarray(first_due_day, dtype=np.int64), np.asarray(k, dtype=np.int64)
    return np.asarray(np.where(later == 0, first, day_in_month(month_of(first) + later, day_of_month)))


def regular_part_fen(
    principal_fen: npt.ArrayLike,
    annual_rate_ppm: npt.ArrayLike,
    months: npt.ArrayLike,
    method: npt.ArrayLike,
    daycount: npt.ArrayLike,
) -> Ints:
    """What a loan stores to find its instalments by: the level payment for EQUAL_INSTALMENT, the principal a month for
    EQUAL_PRINCIPAL (half up), 0 for INTEREST_FIRST and CUSTOM. One-dimensional columns of one length."""
    principal, rate, count, code, convention = _columns(principal_fen, annual_rate_ppm, months, method, daycount)
    part = np.zeros(code.shape, dtype=np.int64)
    even, level = code == Method.EQUAL_PRINCIPAL, code == Method.EQUAL_INSTALMENT
    if any_of(even):
        part[even] = mul_div_round(principal[even], 1, count[even])
    if any_of(level):
        part[level] = level_payment_fen(principal[level], rate[level], count[level], convention[level])
    return part


def _columns(*arrays: npt.ArrayLike) -> list[Ints]:
    """Columns of one length; scalars become columns of one row."""
    columns = [np.asarray(array, dtype=np.int64) for array in arrays]
    if columns[0].ndim and all(column.shape == columns[0].shape for column in columns):
        return columns
    return list(np.broadcast_arrays(*map(np.atleast_1d, columns)))


def is_stub(period_start_day: npt.ArrayLike, due: npt.ArrayLike) -> Bools:
    """Whether a period isn't just a month, counted from either end."""
    stub = np.asarray(add_months(period_start_day, 1) != due)
    return stub & (add_months(due, -1) != period_start_day) if any_of(stub) else stub


def next_instalment(
    balance_fen: npt.ArrayLike,
    part_fen: npt.ArrayLike,
    annual_rate_ppm: npt.ArrayLike,
    number: npt.ArrayLike,
    periods: npt.ArrayLike,
    period_start_day: npt.ArrayLike,
    due: npt.ArrayLike,
    method: npt.ArrayLike,
    daycount: npt.ArrayLike,
) -> tuple[Ints, Ints]:
    """(principal, interest) in fen of the next instalment, on columns.

    `part_fen` as `regular_part_fen` gives it, for CUSTOM the plan's own `part_fen` of this number; `number` counts from 1
    and the last is `periods`. Interest runs on the balance from `period_start_day` to `due`; for CUSTOM it is the month's
    own, to be held or paid by the plan. principal ≤ balance, and equal to it in the last instalment."""
    balance, part, rate, nth, last, start, end, code, convention = _columns(
        balance_fen, part_fen, annual_rate_ppm, number, periods, period_start_day, due, method, daycount
    )
    days, stub = days_between(start, end, convention), is_stub(start, end)
    return instalment_fen(balance, part, rate, nth >= last, days, stub, code, convention)


def instalment_fen(
    balance: Ints, part: Ints, rate: Ints, final: Bools, days: Ints, stub: Bools, method: Ints, daycount: Ints
) -> tuple[Ints, Ints]:
    """`next_instalment` of periods whose days are counted already: `final` where it is the last, `days` and `stub` as
    `days_between` and `is_stub` say of its period. Columns of one length."""
    interest = interest_for_days(balance, rate, days, daycount)
    level = method == Method.EQUAL_INSTALMENT
    monthly = interest
    stub = stub & level
    if any_of(stub):
        monthly = interest.copy()
        monthly[stub] = month_interest_fen(balance[stub], rate[stub], daycount[stub])
    wanted = np.where(level, part - monthly, part)
    wanted[method == Method.INTEREST_FIRST] = 0
    principal = np.where(final, balance, np.minimum(np.maximum(wanted, 0), balance))
    return principal, interest


def accrued_fen(
    instalment_interest_fen: npt.ArrayLike, elapsed_days: npt.ArrayLike, period_days: npt.ArrayLike
) -> Ints:
    """Interest of the running period that has accrued after so many of its days: the instalment's interest × elapsed / period,
    rounded down. It starts at 0, never falls and ends at exactly the instalment's interest; days count as actual days."""
    interest, period = np.asarray(instalment_interest_fen, dtype=np.int64), np.maximum(period_days, 1)
    elapsed = np.minimum(np.maximum(elapsed_days, 0), period)
    return np.asarray(interest * elapsed // period)


@dataclass(frozen=True, eq=False)
class Terms:
    """What schedules are built from, as columns of one length (scalars broadcast in `of`). `plan` is the place of a CUSTOM
    loan's plan in the plans given to `build_schedules`, ignored for other methods."""

    principal_fen: Ints
    annual_rate_ppm: Ints
    months: Ints
    method: Ints
    daycount: Ints
    start_day: Ints
    first_due_day: Ints
    day_of_month: Ints
    plan: Ints

    @classmethod
    def of(
        cls,
        principal_fen: npt.ArrayLike,
        annual_rate_ppm: npt.ArrayLike,
        months: npt.ArrayLike,
        method: npt.ArrayLike,
        daycount: npt.ArrayLike,
        start_day: npt.ArrayLike,
        first_due_day: npt.ArrayLike,
        day_of_month: npt.ArrayLike,
        plan: npt.ArrayLike = 0,
    ) -> Terms:
        """Checked terms: CreditError names the column, the row and what is allowed."""
        terms = cls(
            *_columns(
                principal_fen, annual_rate_ppm, months, method, daycount, start_day, first_due_day, day_of_month, plan
            )
        )
        check_amounts(terms.principal_fen, "principal_fen", lowest=1)
        check_conventions(terms.daycount)
        _within("annual_rate_ppm", terms.annual_rate_ppm, 0, ANNUAL_PPM_MAX)
        _within("months", terms.months, 1, PERIODS_MAX)
        _within("method", terms.method, min(Method), max(Method))
        _within("day_of_month", terms.day_of_month, 1, 31)
        early = true_rows(terms.first_due_day <= terms.start_day)
        if len(early):
            raise CreditError(f"first_due_day, row {int(early[0])}: must be after the start day")
        return terms

    def __len__(self) -> int:
        return len(self.principal_fen)


def _within(name: str, values: Ints, lowest: int, highest: int) -> None:
    bad = np.flatnonzero((values < lowest) | (values > highest))
    if len(bad):
        raise CreditError(f"{name}, row {int(bad[0])}: {int(values[bad[0]])}; from {lowest} to {highest} is allowed")


@dataclass(frozen=True, eq=False)
class Schedule:
    """One loan's plan, a row an instalment: number 1 …, due day, principal, interest, payment and remaining balance in fen."""

    number: Ints
    due_day: Ints
    principal_fen: Ints
    interest_fen: Ints
    payment_fen: Ints
    balance_fen: Ints

    def __len__(self) -> int:
        return len(self.number)

    @property
    def total_interest_fen(self) -> int:
        return int(self.interest_fen.sum())


@dataclass(frozen=True, eq=False)
class Schedules:
    """Plans of many loans in flat columns: loan i has the rows offsets[i] … offsets[i + 1] − 1 of `flat`."""

    offsets: Ints
    flat: Schedule

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def of(self, loan: int) -> Schedule:
        rows = slice(int(self.offsets[loan]), int(self.offsets[loan + 1]))
        flat = self.flat
        return Schedule(
            flat.number[rows],
            flat.due_day[rows],
            flat.principal_fen[rows],
            flat.interest_fen[rows],
            flat.payment_fen[rows],
            flat.balance_fen[rows],
        )


def build_schedules(terms: Terms, plans: Sequence[CustomPlan] = ()) -> Schedules:
    """The plans of many loans (REP-01): `next_instalment` taken once a month for all loans that still have one."""
    _check_plans(terms, plans)
    offsets = np.concatenate([[0], terms.months.cumsum()]).astype(np.int64)
    due, principal, interest, balance = (np.zeros(int(offsets[-1]), dtype=np.int64) for _ in range(4))
    part = regular_part_fen(terms.principal_fen, terms.annual_rate_ppm, terms.months, terms.method, terms.daycount)
    owed, start, held = terms.principal_fen.copy(), terms.start_day.copy(), np.zeros(len(terms), dtype=np.int64)
    for number in range(1, int(terms.months.max(initial=0)) + 1):
        live = true_rows(terms.months >= number)
        end = due_day(terms.first_due_day[live], number - 1, terms.day_of_month[live])
        wanted = _with_custom_parts(part[live], terms, live, number, plans)
        paid, month_interest = next_instalment(
            owed[live],
            wanted,
            terms.annual_rate_ppm[live],
            number,
            terms.months[live],
            start[live],
            end,
            terms.method[live],
            terms.daycount[live],
        )
        owed[live] -= paid
        start[live] = end
        row = offsets[live] + number - 1
        due[row], principal[row], balance[row] = end, paid, owed[live]
        interest[row] = _due_interest(month_interest, held, terms, live, number, plans)
    numbers = np.arange(len(due), dtype=np.int64) - np.repeat(offsets[:-1], terms.months) + 1
    return Schedules(offsets, Schedule(numbers, due, principal, interest, principal + interest, balance))


def build_schedule(terms: Terms, plan: CustomPlan | None = None) -> Schedule:
    """The plan of one loan; `plan` for the CUSTOM method."""
    if len(terms) != 1:
        raise CreditError(f"a schedule is built for one loan, not for {len(terms)}; build_schedules takes many")
    return build_schedules(terms, () if plan is None else (plan,)).of(0)


def _check_plans(terms: Terms, plans: Sequence[CustomPlan]) -> None:
    for row in true_rows(terms.method == Method.CUSTOM):
        place, months = int(terms.plan[row]), int(terms.months[row])
        if not 0 <= place < len(plans):
            raise CreditError(f"plan, row {row}: {place}; {len(plans)} custom plans are given, counted from 0")
        if len(plans[place]) != months:
            raise CreditError(f"plan, row {row}: {len(plans[place])} instalments in the plan for {months} months")


def _custom_rows(terms: Terms, live: npt.NDArray[np.intp], place: int) -> npt.NDArray[np.intp]:
    return true_rows((terms.method[live] == Method.CUSTOM) & (terms.plan[live] == place))


def _with_custom_parts(
    part: Ints, terms: Terms, live: npt.NDArray[np.intp], number: int, plans: Sequence[CustomPlan]
) -> Ints:
    for place, plan in enumerate(plans):
        rows = _custom_rows(terms, live, place)
        if len(rows):
            part[rows] = plan.part_fen(terms.principal_fen[live[rows]], number)
    return part


def _due_interest(
    interest: Ints, held: Ints, terms: Terms, live: npt.NDArray[np.intp], number: int, plans: Sequence[CustomPlan]
) -> Ints:
    """The interest due of each live row; what a custom plan holds back is kept in `held`."""
    for place, plan in enumerate(plans):
        rows = _custom_rows(terms, live, place)
        if len(rows):
            interest[rows], held[live[rows]] = plan.interest_due(number, held[live[rows]], interest[rows])
    return interest


def early_interest_fen(
    balance_fen: npt.ArrayLike,
    annual_rate_ppm: npt.ArrayLike,
    period_start_day: npt.ArrayLike,
    day: npt.ArrayLike,
    daycount: npt.ArrayLike,
) -> Ints:
    """Interest to be settled with an early repayment on `day` (REP-11): on the whole balance since the period began. The
    period begins anew on that day, as a stub."""
    return interest_fen(balance_fen, annual_rate_ppm, period_start_day, day, daycount)


def after_partial(
    balance_fen: npt.ArrayLike,
    annual_rate_ppm: npt.ArrayLike,
    remaining: npt.ArrayLike,
    part_fen: npt.ArrayLike,
    method: npt.ArrayLike,
    daycount: npt.ArrayLike,
    choice: npt.ArrayLike,
) -> tuple[Ints, Ints]:
    """(instalments still to come, regular part) after a partial early repayment (REP-12), on columns.

    `balance_fen` is what is owed after it, `remaining` the instalments that were still to come, `part_fen` the part so far.
    SHORTER_TERM keeps the part and takes the fewest instalments that repay the balance with none above it; LOWER_INSTALMENT
    keeps the number and takes the part anew. INTEREST_FIRST and CUSTOM keep number and part with either choice: their
    interest falls by itself, and a custom plan goes on in proportion (`CustomPlan.after`). A balance of 0 leaves 0."""
    balance, rate, count, part, code, convention, wish = _columns(
        balance_fen, annual_rate_ppm, remaining, part_fen, method, daycount, choice
    )
    _within("choice", wish, SHORTER_TERM, LOWER_INSTALMENT)
    count, part = count.copy(), part.copy()
    level, even = code == Method.EQUAL_INSTALMENT, code == Method.EQUAL_PRINCIPAL
    lower = (wish == LOWER_INSTALMENT) & (level | even)
    part[lower] = regular_part_fen(balance[lower], rate[lower], count[lower], code[lower], convention[lower])
    shorter = (wish == SHORTER_TERM) & even & (part > 0)
    count[shorter] = np.minimum(count[shorter], -(-balance[shorter] // part[shorter]))
    fewer = (wish == SHORTER_TERM) & level
    count[fewer] = _fewest(balance[fewer], rate[fewer], count[fewer], part[fewer], convention[fewer])
    count[balance == 0] = 0
    return count, part


def _fewest(balance: Ints, rate: Ints, most: Ints, part: Ints, convention: Ints) -> Ints:
    """The least n ≤ most whose level payment is at most `part`; level payments fall as n rises, so by halving."""
    low, high = np.ones_like(most), most.copy()
    while any_of(low < high):
        middle = (low + high) // 2
        enough = level_payment_fen(balance, rate, middle, convention) <= part
        high = np.where(enough, middle, high)
        low = np.where(enough, low, np.minimum(middle + 1, high))
    return high
