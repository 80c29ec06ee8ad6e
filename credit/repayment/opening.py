"""A disbursed loan comes onto the book (REP-01): its debit day, its plan, its first instalment. Its rule: one row a loan, and
the same loan never twice."""

from __future__ import annotations

from credit.mail import Outbox
from credit.policies.products import ProductColumns
from credit.repayment.book import GROUP_UNIT, Book
from credit.repayment.contract import Event, LoanOpened, Refusal
from credit.repayment.plans import Plans
from credit.repayment.rules import DAYCOUNT_OF_PRODUCT, DebitDays
from credit.repayment.states import LoanState
from credit.room import Rows
from credit.rows import firsts
from credit.schedules import regular_part_fen
from credit.times import DAY_MS, Bools


class Opening:
    """Opens loans."""

    def __init__(self, products: ProductColumns, days: DebitDays, plans: Plans) -> None:
        self._products, self._days, self._plans = products, days, plans

    def open_loans(self, book: Book, disbursed: Rows, out: Outbox) -> None:
        """Every sound row becomes a loan with a schedule; a loan that is there already is refused."""
        sound = self._sound(book, disbursed)
        wrong = disbursed[~sound]
        out.log(
            Event.RECEIPT_REFUSED,
            wrong["at"],
            wrong["case"],
            loan=wrong["loan"],
            amount_fen=wrong["amount_fen"],
            reason=Refusal.LOAN_UNKNOWN,
        )
        rows = disbursed[sound]
        if not len(rows):
            return
        start, product = rows["at"] // DAY_MS, rows["product"]
        debit_day, reminder, first_due = self._days.terms(rows["case"], product, start)
        daycount = DAYCOUNT_OF_PRODUCT[self._products.daycount[product]]
        added = book.loans.append(
            rows,
            group=rows["branch"] * GROUP_UNIT + product,
            daycount=daycount,
            automatic=rows["auto_debit"],
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
            part_fen=regular_part_fen(
                rows["amount_fen"], rows["rate_ppm"], rows["term_months"], rows["method"], daycount
            ),
        )
        self._plans.begin_next(book.loans, added)
        book.touch(rows["loan"])
        first = book.loans["next_principal_fen"][added] + book.loans["next_interest_fen"][added]
        out.log(
            Event.SCHEDULE_GENERATED,
            rows["at"],
            rows["case"],
            loan=rows["loan"],
            amount_fen=first,
            value=rows["term_months"],
        )
        out.send(LoanOpened, LoanOpened.carry(rows))

    def _sound(self, book: Book, rows: Rows) -> Bools:
        known = (book.loans.find(rows["loan"]) >= 0) | (book.written_off.find(rows["loan"]) >= 0)
        return firsts(rows["loan"]) & ~known & (rows["amount_fen"] > 0) & (rows["term_months"] > 0)
