"""Early repayment (提前还款), in full or in part (REP-11, REP-12). Principal, the interest up to the day and the fee are settled
at once in one transaction; after a part the plan begins anew on that day, with a shorter term or a lower instalment as the
customer chose. Nobody repays early while something is due."""

from __future__ import annotations

import numpy as np

from credit.codes import Account, Actor
from credit.mail import Outbox
from credit.numbers import branch_and_product, case_of
from credit.policies.repayment import RepaymentPolicy
from credit.repayment.book import Book, next_transactions, post
from credit.repayment.contract import Event, Refusal
from credit.repayment.plans import Plans
from credit.repayment.rules import EarlyFees
from credit.repayment.states import LoanState
from credit.room import Rows
from credit.rows import first_fault
from credit.schedules import LOWER_INSTALMENT, SHORTER_TERM, after_partial, early_interest_fen
from credit.times import DAY_MS, Ints


class Early:
    """Takes early repayments; each loan at most once a call."""

    def __init__(self, book: Book, policy: RepaymentPolicy, plans: Plans) -> None:
        self._book, self._plans = book, plans
        self._minimum = policy.partial_minimum
        self._fees = EarlyFees(policy)

    def faults(self, orders: Rows) -> Ints:
        """Why an order is refused; 0 = it is not."""
        loans, rows = self._book.loans, self._book.find_loans(orders["loan"])
        _, owed = self._book.owed(orders["loan"])
        # An amount that covers what is owed repays in full, whatever the order calls it.
        part = (orders["full"] == 0) & (orders["amount_fen"] < loans.get("balance_fen", rows))
        choice = (orders["choice"] == SHORTER_TERM) | (orders["choice"] == LOWER_INSTALMENT)
        return first_fault(
            (loans.get("state", rows) != LoanState.ACTIVE, Refusal.LOAN_UNKNOWN),
            (owed > 0, Refusal.LOAN_OVERDUE),
            (part & (~choice | (orders["amount_fen"] < self._minimum)), Refusal.EARLY_AMOUNT),
        )

    def repay(self, orders: Rows, out: Outbox) -> None:
        """Settles orders without a fault, and regenerates the plan of what is left."""
        rows = self._book.find_loans(orders["loan"])
        balance = self._book.loans["balance_fen"][rows]
        full = (orders["full"] != 0) | (orders["amount_fen"] >= balance)
        principal = np.where(full, balance, orders["amount_fen"])
        self._settle(orders, rows, principal, out)
        self._begin_anew(orders[~full], rows[~full], principal[~full], out)
        self._book.settle(rows[full], orders["at"][full], out)

    def _settle(self, orders: Rows, rows: Ints, principal: Ints, out: Outbox) -> None:
        """Principal, interest to the day and fee, posted; the accrued interest is used up."""
        book, at, ids = self._book, orders["at"], orders["loan"]
        loans, day = book.loans, at // DAY_MS
        group = loans["group"][rows]
        _, product = branch_and_product(group)
        interest = loans["held_fen"][rows] + early_interest_fen(
            loans["balance_fen"][rows],
            loans["rate_ppm"][rows],
            loans["period_start_day"][rows],
            day,
            loans["daycount"][rows],
        )
        accrued = book.accrued_fen(rows, day)
        fee = self._fees.fee_fen(product, principal, loans["number"][rows] - 1)
        post(
            out,
            at,
            next_transactions(loans, rows),
            [
                (Account.SETTLEMENT, ids, principal + interest + fee),
                (Account.PRINCIPAL, ids, -principal),
                (Account.INTEREST_ACCRUED, 0, -accrued),
                (Account.INTEREST_INCOME, 0, accrued - interest),
                (Account.FEE_INCOME, ids, -fee),
            ],
        )
        book.release_accrual(group, accrued)
        loans.add(rows, balance_fen=-principal)
        book.touch(ids)
        out.log(
            Event.EARLY_REPAYMENT,
            at,
            case_of(ids),
            actor=Actor.CUSTOMER,
            loan=ids,
            amount_fen=principal,
            value=interest + fee,
            product=product,
        )
        book.release_limits(rows, at, principal, out)

    def _begin_anew(self, orders: Rows, rows: Ints, principal: Ints, out: Outbox) -> None:
        """REP-12: the plan of what is left, from today, with the next due day where it was."""
        if not len(orders):
            return
        loans, day = self._book.loans, orders["at"] // DAY_MS
        passed, balance = loans["number"][rows] - 1, loans["balance_fen"][rows]
        count, part = after_partial(
            balance,
            loans["rate_ppm"][rows],
            loans["periods"][rows] - passed,
            loans["part_fen"][rows],
            loans["method"][rows],
            loans["daycount"][rows],
            orders["choice"],
        )
        loans.put(
            rows,
            periods=passed + count,
            part_fen=part,
            plan_fen=balance,
            plan_day=day,
            plan_number=passed,
            choice=orders["choice"],
            period_start_day=day,
            held_fen=0,
        )
        own = self._book.restructured.find(orders["loan"])
        self._book.restructured.put(own[own >= 0], held_fen=0)
        self._plans.begin_next(loans, rows)
        out.log(
            Event.SCHEDULE_REGENERATED,
            orders["at"],
            case_of(orders["loan"]),
            loan=orders["loan"],
            amount_fen=principal,
            reason=orders["choice"],
            value=count,
        )
