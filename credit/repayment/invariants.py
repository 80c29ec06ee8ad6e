"""What must always hold of the loan book; every violation names the loan. The cheap checks run on the whole book; the replay of
the schedule from the plan's beginning runs for the loans whose instalment fell due today, so that in the course of a month
every loan is proved on the day it moved, and for the whole book when asked."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from credit.cards import SCORE_MAX
from credit.codes import Method
from credit.daycount import days_between
from credit.masks import all_of, any_of, true_rows
from credit.numbers import instalment_number
from credit.repayment.book import NO_DAY, Book
from credit.repayment.day_end import accrued_totals
from credit.repayment.plans import Plans
from credit.repayment.states import LoanState
from credit.room import Rows
from credit.schedules import SHORTER_TERM, due_day, instalment_fen, is_stub, regular_part_fen
from credit.table import Table
from credit.times import Bools, Ints, date_of
from credit.worklists.states import TaskState

_NAMED_MAX = 3
_PLAN_COLUMNS = "loan plan_fen plan_number periods part_fen method daycount rate_ppm debit_day due_day".split()
_PARTS = ("penalty", "interest", "principal")
_PAYMENT = np.dtype(
    [(n, "i8") for n in ("loan", "amount_fen", *(f"{part}_{what}" for part in _PARTS for what in ("owed", "paid")))]
)

_OPENED = np.dtype(
    [("loan", "i8")]
    + [
        (f"{n}{what}", "i8")
        for n in "amount_fen term_months rate_ppm customer account".split()
        for what in ("", "_paid")
    ]
)


def violations(book: Book, plans: Plans, *, whole: bool) -> list[str]:
    """All violated invariants; `whole` replays every loan and sums the accruals anew."""
    found = [*negative(book), *arrears_against_instalments(book), *states(book), *behaviour_scored(book)]
    loans = book.loans
    live = loans["state"] == LoanState.ACTIVE
    chosen = true_rows(live if whole else live & (loans["period_start_day"] == book.today))
    found += loan_against_schedule(loans.take(chosen), plans)
    if whole:
        found += accrued_against_loans(book)
    return found


def payment(loan: Ints, amount_fen: Ints, owed_fen: Ints, paid_fen: Ints) -> Rows:
    """The witness of payments on loans: `owed_fen` before and `paid_fen`, each penalty, interest and principal in turn."""
    rows = np.zeros(len(loan), dtype=_PAYMENT)
    rows["loan"], rows["amount_fen"] = loan, amount_fen
    for name, owed, paid in zip(_PARTS, owed_fen, paid_fen, strict=True):
        rows[f"{name}_owed"], rows[f"{name}_paid"] = owed, paid
    return rows


def opened(loans: Rows, disbursed: Rows) -> Rows:
    """The witness of loans that come onto the book, each beside what disbursement has said of it."""
    rows = np.zeros(len(loans), dtype=_OPENED)
    rows["loan"] = loans["loan"]
    columns = {"amount_fen": "plan_fen", "term_months": "periods"}
    for name in ("amount_fen", "term_months", "rate_ppm", "customer", "account"):
        rows[name] = loans[columns.get(name, name)]
        rows[f"{name}_paid"] = disbursed["debit_account" if name == "account" else name]
    return rows


def as_disbursed(rows: Rows) -> list[str]:
    """REP-01: a loan is booked as it was paid out: amount, term, rate, customer and account."""
    found: list[str] = []
    for name in ("amount_fen", "term_months", "rate_ppm", "customer", "account"):
        booked, paid = rows[name], rows[f"{name}_paid"]
        found += _named(
            rows["loan"],
            booked != paid,
            lambda i, n=name, b=booked, p=paid: f"{n} is booked as {b[i]}, it was paid out with {p[i]}",  # type: ignore[misc]
        )
    return found


def payments(rows: Rows) -> list[str]:
    """REP-05: every payment was used whole, for no more than what was owed, and for the penalty first."""
    loan, amount = rows["loan"], rows["amount_fen"]
    used = rows["penalty_paid"] + rows["interest_paid"] + rows["principal_paid"]
    found = _named(loan, used != amount, lambda i: f"of a payment of {amount[i]} fen {used[i]} were used")
    for name in _PARTS:
        owed, paid = rows[f"{name}_owed"], rows[f"{name}_paid"]
        wrong = (paid < 0) | (paid > owed)
        found += _named(
            loan,
            wrong,
            lambda i, n=name, o=owed, p=paid: f"{p[i]} fen were paid for {n}, of which {o[i]} were owed",  # type: ignore[misc]
        )
    first, due = rows["penalty_paid"], rows["penalty_owed"]
    return found + _named(
        loan,
        first != np.minimum(due, amount),
        lambda i: f"of a payment of {amount[i]} fen {first[i]} went to penalty, of which {due[i]} were owed",
    )


def failed_debits(book: Book, tasks: Table, *, ended: bool) -> list[str]:
    """REP-08: once a day has ended, nobody follows up a debit of a loan that owes nothing or has left the book."""
    waits = tasks["loan"][tasks["state"] < TaskState.DONE]
    _, owed = book.owed(waits)
    gone = (book.find_loans(waits) < 0) | (owed == 0)
    return _named(waits, gone & ended, lambda _: "is on the failed-debit list, and owes nothing")


def negative(book: Book) -> list[str]:
    """No balance is below zero."""
    found: list[str] = []
    for table, names in (
        (book.loans, ("balance_fen", "held_fen", "next_principal_fen", "next_interest_fen")),
        (book.arrears, ("principal_fen", "interest_fen", "penalty_fen")),
        (book.instalments, ("principal_fen", "interest_fen")),
        (book.written_off, ("balance_fen",)),
    ):
        for name in names:
            if len(table) and int(table[name].min()) < 0:
                found += [
                    f"loan {table['loan'][i]}: {name} is {table[name][i]}, below zero"
                    for i in true_rows(table[name] < 0)[:_NAMED_MAX]
                ]
    return found


def behaviour_scored(book: Book) -> list[str]:
    """SCO-04: a running loan has a score of its behaviour once its first instalment has fallen due, and not before."""
    loans = book.loans
    scored, score = loans["number"] > 1, loans["behaviour"]
    wrong = (loans["state"] == LoanState.ACTIVE) & ((scored != (score > 0)) | (score < 0) | (score > SCORE_MAX))
    return _named(
        loans["loan"], wrong, lambda i: f"at instalment {loans['number'][i]} its behaviour score is {score[i]}"
    )


def arrears_against_instalments(book: Book) -> list[str]:
    """A loan's arrears are the sum of its unpaid instalments, overdue since the oldest of them."""
    arrears, table = book.arrears, book.instalments
    rows = arrears.find(table["loan"])
    unpaid = book.unpaid() > 0
    stray = unpaid & (rows < 0)
    found = _named(
        table["loan"], stray, lambda i: f"instalment {instalment_number(table['instalment'][i])} is in no arrears"
    )
    kept = true_rows(unpaid & (rows >= 0))
    oldest = np.full(len(arrears), NO_DAY)
    np.minimum.at(oldest, rows[kept], table["due_day"][kept])
    for name in ("principal_fen", "interest_fen"):
        sums = np.zeros(len(arrears), dtype=np.int64)
        np.add.at(sums, rows[kept], table[name][kept])
        found += _named(
            arrears["loan"],
            sums != arrears[name],
            lambda i, n=name, s=sums: f"{n} due is {arrears[n][i]}, its unpaid instalments sum to {s[i]}",  # type: ignore[misc]
        )
    owing = book.arrears_fen() > 0
    return found + _named(
        arrears["loan"],
        owing & (oldest != NO_DAY) & (arrears["since_day"] != oldest),
        lambda i: f"overdue since day {arrears['since_day'][i]}, its oldest unpaid instalment was due on {oldest[i]}",
    )


def states(book: Book) -> list[str]:
    """A matured loan owes something; an active one has an instalment to come."""
    loans = book.loans
    matured = true_rows(loans["state"] == LoanState.MATURED)
    _, owed = book.owed(loans["loan"][matured])
    found = _named(
        loans["loan"][matured], owed == 0, lambda _: "all its instalments fell due, nothing is owed, not settled"
    )
    active = loans["state"] == LoanState.ACTIVE
    wrong = active & ((loans["number"] > loans["periods"]) | (loans["due_day"] <= book.today))
    return found + _named(loans["loan"], wrong, lambda i: f"instalment {loans['number'][i]} should have fallen due")


def loan_against_schedule(loans: Rows, plans: Plans) -> list[str]:
    """The loan is where its plan says: replayed step by step from the plan's beginning, to the fen."""
    if not len(loans):
        return []
    # A shorter term keeps the part of the plan before, which nobody remembers; every other plan's follows from its terms.
    fresh = (loans["choice"] != SHORTER_TERM) & (loans["method"] != Method.CUSTOM)
    part = regular_part_fen(
        loans["plan_fen"][fresh],
        loans["rate_ppm"][fresh],
        (loans["periods"] - loans["plan_number"])[fresh],
        loans["method"][fresh],
        loans["daycount"][fresh],
    )
    found = _named(
        loans["loan"][fresh],
        part != loans["part_fen"][fresh],
        lambda i: f"regular part is {loans['part_fen'][fresh][i]} fen, its terms give {part[i]}",
    )
    return found + _replay(loans, plans)


def _replay(loans: Rows, plans: Plans) -> list[str]:
    """Every loan from its plan's beginning to its next instalment, all of them a step at a time. The days of all periods are
    counted before, in one call."""
    columns = {name: np.ascontiguousarray(loans[name]) for name in _PLAN_COLUMNS}
    passed = loans["number"] - loans["plan_number"] - 1
    steps = [true_rows(passed >= step) for step in range(int(passed.max()) + 1)]
    rows, step = np.concatenate(steps), np.repeat(np.arange(len(steps)), [len(of_step) for of_step in steps])
    number, periods = columns["plan_number"][rows] + step + 1, _periods(columns, loans["plan_day"], rows, step, passed)
    own = {name: column[rows] for name, column in columns.items()}
    part, final = plans.parts(columns, rows, number), number >= own["periods"]
    days, stub = days_between(*periods, own["daycount"]), is_stub(*periods)
    balance, start = columns["plan_fen"].copy(), np.empty(len(loans), dtype=np.int64)
    held = plans.held_before(loans)
    principal, interest = (np.zeros(len(loans), dtype=np.int64) for _ in range(2))
    end = 0
    for here in steps:
        begin, end = end, end + len(here)
        at = slice(begin, end)
        terms = own["rate_ppm"][at], final[at], days[at], stub[at], own["method"][at], own["daycount"][at]
        principal[here], interest[here] = instalment_fen(balance[here], part[at], *terms)
        start[here] = periods[0][at]
        on = passed[here] > step[begin]
        moved, nth = here[on], number[at][on]
        _, held[moved] = plans.interest_due(columns, moved, nth, held[moved], interest[moved])
        balance[moved] -= principal[moved]
    planned = {
        "balance_fen": balance,
        "held_fen": held,
        "period_start_day": start,
        "next_principal_fen": principal,
        "next_interest_fen": interest,
    }
    for name, values in planned.items():
        wrong = true_rows(loans[name] != values)
        if len(wrong):
            return [
                f"loan {loans['loan'][i]}: {name} is {loans[name][i]} before instalment {loans['number'][i]}, its schedule "
                f"since {date_of(int(loans['plan_day'][i]))} says {values[i]}"
                for i in wrong[:_NAMED_MAX]
            ]
    return []


def _periods(columns: dict[str, Ints], plan_day: Ints, rows: Ints, step: Ints, passed: Ints) -> tuple[Ints, Ints]:
    """(first day, due day) of the periods that loan rows have at steps of their plans, told from the instalment to come."""
    due, debit_day, later = columns["due_day"][rows], columns["debit_day"][rows], step - passed[rows]
    return np.where(step == 0, plan_day[rows], due_day(due, later - 1, debit_day)), due_day(due, later, debit_day)


def accrued_against_loans(book: Book) -> list[str]:
    """The control totals of accrued interest are the sums of the loans' accruals at the beginning of today. At a day's end,
    when the day that has ended is accrued already, the sums at its end hold as well."""
    if not len(book.control) or book.today < 0:
        return []  # a book just taken up learns the day when its first window opens
    groups = book.control["group"]
    if any_of(book.control.find(book.loans["group"]) < 0):
        return []  # groups of today: nothing of theirs has accrued yet
    kept = book.control["accrued_fen"]
    if any(all_of(accrued_totals(book, day, groups) == kept) for day in (book.today, book.today + 1)):
        return []
    sums = accrued_totals(book, book.today, groups)
    return [
        f"group {groups[i]}: {kept[i]} fen stand as accrued interest, its loans' accruals sum to {sums[i]}"
        for i in true_rows(sums != kept)[:_NAMED_MAX]
    ]


def _named(loans: Ints, bad: Bools, sentence: Callable[[int], str]) -> list[str]:
    return [f"loan {loans[i]}: {sentence(int(i))}" for i in true_rows(bad)[:_NAMED_MAX]]
