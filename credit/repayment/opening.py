"""A disbursed loan comes onto the book (REP-01): its debit day, its plan, its first instalment. One row a loan, and the same
loan never twice."""

from __future__ import annotations

from collections.abc import Callable

from credit.mail import Outbox
from credit.money import MAX_AMOUNT_FEN
from credit.numbers import DISBURSEMENT, INSTALMENTS_MAX, group_of
from credit.policies.base import RATE_PPM_MAX
from credit.policies.products import ProductColumns
from credit.repayment.book import Book
from credit.repayment.contract import Event, LoanOpened
from credit.repayment.invariants import opened
from credit.repayment.plans import Plans
from credit.repayment.rules import DAYCOUNT_OF_PRODUCT, DebitDays, method_of
from credit.repayment.states import LoanState
from credit.room import Rows
from credit.rows import firsts
from credit.schedules import regular_part_fen
from credit.times import DAY_MS, Bools


class Opening:
    """Opens loans."""

    def __init__(
        self, book: Book, products: ProductColumns, days: DebitDays, plans: Plans, note: Callable[[str, Rows], None]
    ) -> None:
        """`note` keeps witnesses for the invariants."""
        self._note = note
        self._book, self._products, self._days, self._plans = book, products, days, plans

    def sound(self, rows: Rows) -> Bools:
        """True for loans with an amount, a rate and a term that the book can hold and that are not there already."""
        known = (self._book.loans.find(rows["loan"]) >= 0) | (self._book.written_off.find(rows["loan"]) >= 0)
        amount, rate, term = rows["amount_fen"], rows["rate_ppm"], rows["term_months"]
        fits = (amount > 0) & (amount <= MAX_AMOUNT_FEN) & (term > 0) & (term <= INSTALMENTS_MAX)
        fits &= (rate >= 0) & (rate <= RATE_PPM_MAX)
        return firsts(rows["loan"]) & ~known & fits

    def open_loans(self, rows: Rows, out: Outbox) -> None:
        """Every sound row becomes a loan with a schedule."""
        loans, start, product = self._book.loans, rows["at"] // DAY_MS, rows["product"]
        debit_day, reminder, first_due = self._days.terms(rows["case"], product, start)
        daycount = DAYCOUNT_OF_PRODUCT[self._products.daycount[product]]
        added = loans.append(
            rows,
            group=group_of(rows["branch"], product),
            daycount=daycount,
            automatic=rows["auto_debit"],
            account=rows["debit_account"],
            debit_day=debit_day,
            reminder_days=reminder,
            state=LoanState.ACTIVE,
            plan_fen=rows["amount_fen"],
            plan_day=start,
            periods=rows["term_months"],
            number=1,
            period_start_day=start,
            due_day=first_due,
            balance_fen=rows["amount_fen"],
            transactions=DISBURSEMENT,
            part_fen=regular_part_fen(
                rows["amount_fen"], rows["rate_ppm"], rows["term_months"], rows["method"], daycount
            ),
        )
        self._plans.begin_next(loans, added)
        self._note("opened", opened(loans.take(added), rows))
        self._book.touch(rows["loan"])
        out.log(
            Event.SCHEDULE_GENERATED,
            rows["at"],
            rows["case"],
            loan=rows["loan"],
            amount_fen=loans["next_principal_fen"][added] + loans["next_interest_fen"][added],
            value=rows["term_months"],
            product=product,
        )
        out.log(
            Event.DEBIT_SET,
            rows["at"],
            rows["case"],
            loan=rows["loan"],
            reason=method_of(rows["auto_debit"]),
            value=rows["debit_account"],
            product=product,
        )
        out.send(LoanOpened, LoanOpened.carry(rows))
