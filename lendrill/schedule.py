"""`lendrill schedule`: the instalments of one loan, before there is a loan (REP-01). What is typed is read exactly, as
decimals; an amount or a rate that is no whole number of fen, or of millionths a year, is refused and never rounded."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from credit.calendar import add_months
from credit.codes import Method
from credit.daycount import ANNUAL_PPM_MAX, MONTHLY
from credit.money import parse_yuan
from credit.schedules import Schedule, Terms, build_schedule
from credit.schedules_level import PERIODS_MAX
from credit.times import date_of, day_number
from lendrill.errors import UserError

METHODS = {
    "equal-instalment": Method.EQUAL_INSTALMENT,
    "equal-principal": Method.EQUAL_PRINCIPAL,
    "interest-first": Method.INTEREST_FIRST,
}
YEARS = range(1970, 2150)
_PERCENT = re.compile(r"\d+(\.\d+)?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_PPM_PER_MONTHLY_PERCENT = 12 * 10_000


@dataclass(frozen=True)
class ScheduleRequest:
    """One loan's terms as asked: fen, months, a yearly rate in millionths, and the day the first instalment is due."""

    amount_fen: int
    months: int
    annual_rate_ppm: int
    method: Method
    first_due: dt.date


def read_request(
    amount: str, months: int, monthly_rate: str, method: str, first_due: str | None, today: dt.date
) -> ScheduleRequest:
    """What was typed, checked; the first instalment is due in a month when no date is given. Raises UserError or CreditError
    that names the option and what would be right."""
    amount_fen = parse_yuan(amount.strip(), "--amount")
    if amount_fen == 0:
        raise UserError("--amount 0: nothing to repay", "give an amount above 0")
    if not 1 <= months <= PERIODS_MAX:
        raise UserError(f"--months {months}: impossible", f"give 1 to {PERIODS_MAX} months")
    if method not in METHODS:
        raise UserError(f"--method {method}: no such repayment method", f"give {', '.join(METHODS)}")
    due = _date("--first-due", first_due) if first_due is not None else _in_a_month(today)
    return ScheduleRequest(amount_fen, months, annual_rate_ppm(monthly_rate), METHODS[method], due)


def annual_rate_ppm(monthly_percent: str) -> int:
    """A rate typed in per cent a month as millionths a year: ``annual_rate_ppm("0.5") == 60_000``."""
    text = monthly_percent.strip().removesuffix("%").rstrip()
    if not _PERCENT.fullmatch(text):
        raise UserError(f"--monthly-rate {monthly_percent}: no rate", "give per cent a month, e.g. 0.5")
    ppm = Decimal(text) * _PPM_PER_MONTHLY_PERCENT
    if ppm > ANNUAL_PPM_MAX:
        yearly = f"{(12 * Decimal(text)).normalize():f}"
        highest = f"{ANNUAL_PPM_MAX // 10_000} % a year"
        raise UserError(f"--monthly-rate {monthly_percent}: {yearly} % a year is impossible", f"at most {highest}")
    if ppm != ppm.to_integral_value():
        raise UserError(f"--monthly-rate {monthly_percent}: too fine", "at most four decimals, e.g. 0.4375")
    return int(ppm)


def schedule_of(request: ScheduleRequest) -> Schedule:
    """The whole plan: interest by the month, the last instalment takes the remainder."""
    first = day_number(request.first_due)
    start = int(add_months(first, -1))
    return build_schedule(
        Terms.of(
            request.amount_fen,
            request.annual_rate_ppm,
            request.months,
            request.method,
            MONTHLY,
            start,
            first,
            request.first_due.day,
        )
    )


def as_json(schedule: Schedule) -> dict[str, Any]:
    """The plan as plain data: dates as YYYY-MM-DD, money in fen."""
    columns = zip(
        schedule.number.tolist(),
        schedule.due_day.tolist(),
        schedule.principal_fen.tolist(),
        schedule.interest_fen.tolist(),
        schedule.payment_fen.tolist(),
        schedule.balance_fen.tolist(),
        strict=True,
    )
    instalments = [
        {
            "number": number,
            "due": date_of(due).isoformat(),
            "principal_fen": principal,
            "interest_fen": interest,
            "payment_fen": payment,
            "balance_fen": balance,
        }
        for number, due, principal, interest, payment, balance in columns
    ]
    return {"instalments": instalments, "total_interest_fen": schedule.total_interest_fen}


def _date(option: str, text: str) -> dt.date:
    try:
        if not _DATE.fullmatch(text):
            raise ValueError(text)
        day = dt.date.fromisoformat(text)
    except ValueError:
        raise UserError(f"{option} {text}: no date", "give YYYY-MM-DD, e.g. 2026-02-10") from None
    if day.year not in YEARS:
        raise UserError(f"{option} {text}: too far away", f"give a day from {YEARS[0]} to {YEARS[-1]}")
    return day


def _in_a_month(today: dt.date) -> dt.date:
    return date_of(int(add_months(day_number(today), 1)))
