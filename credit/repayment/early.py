"""Early repayment (提前还款), in full or in part (REP-11, REP-12). Its rule: principal, the interest up to the day and the
fee are settled at once in one transaction; after a part the plan begins anew on that day, with a shorter term or a lower
instalment as the customer chose. Nobody repays early while something is due."""

from __future__ import annotations

import numpy as np

from credit.codes import Account, Actor
from credit.disbursement.contract import LimitReleased
from credit.mail import Outbox
from credit.policies.repayment import RepaymentPolicy
from credit.repayment.book import GROUP_UNIT, Book, post, settle
from credit.repayment.contract import Event, Refusal
from credit.repayment.plans import Plans
from credit.repayment.rules import EarlyFees
from credit.repayment.states import LoanState
from credit.repayment.write_off import accrued_so_far
from credit.room import Rows
from credit.schedules import LOWER_INSTALMENT, SHORTER_TERM, after_partial, early_interest_fen
from credit.times import DAY_MS, Ints


class Early:
    """Takes early repayments; each loan at most once a call."""

    def __init__(self, policy: RepaymentPolicy, plans: Plans) -> None:
        self._minimum = policy.partial_minimum
        self._fees = EarlyFees(policy)
        self._plans = plans

    def repay(self, book: Book, orders: Rows, out: Outbox) -> None:
        """Checks, settles, and regenerates the plan."""
        rows = book.find_loans(orders["loan"])
        reasons = self._reasons(book, orders, rows)
        bad = orders[reasons != 0]
        out.log(
            Event.EARLY_REPAYMENT_REFUSED,
            bad["at"],
            bad["loan"] // 100,
            actor=Actor.CUSTOMER,
            loan=bad["loan"],
            amount_fen=bad["amount_fen"],
            reason=reasons[reasons != 0],
        )
        orders, rows = orders[reasons == 0], rows[reasons == 0]
        if not len(orders):
            return
        balance = book.loans["balance_fen"][rows]
        full = (orders["full"] != 0) | (orders["amount_fen"] >= balance)
        principal = np.where(full, balance, orders["amount_fen"])
        self._settle(book, orders, rows, principal, out)
        self._begin_anew(book, orders[~full], rows[~full], principal[~full], out)
        settle(book, rows[full], orders["at"][full], out)

    def _reasons(self, book: Book, orders: Rows, rows: Ints) -> Ints:
        """Why an order is refused; 0 = it is not."""
        _, owed = book.owed(orders["loan"])
        state = book.loans["state"][rows] if len(book.loans) else np.zeros(len(rows), dtype=np.int64)
        # An amount that covers what is owed repays in full, whatever the order calls it.
        balance = book.loans["balance_fen"][rows] if len(book.loans) else np.zeros(len(rows), dtype=np.int64)
        part = (orders["full"] == 0) & (orders["amount_fen"] < balance)
        choice = (orders["choice"] == SHORTER_TERM) | (orders["choice"] == LOWER_INSTALMENT)
        return np.select(
            [
                (rows < 0) | (state != LoanState.ACTIVE),
                owed > 0,
                part & (~choice | (orders["amount_fen"] < self._minimum)),
            ],
            [int(Refusal.LOAN_UNKNOWN), int(Refusal.LOAN_OVERDUE), int(Refusal.EARLY_AMOUNT)],
            0,
        )

    def _settle(self, book: Book, orders: Rows, rows: Ints, principal: Ints, out: Outbox) -> None:
        """Principal, interest to the day and fee, posted; the accrued interest is used up."""
        loans, at, ids = book.loans, orders["at"], orders["loan"]
        day, group = at // DAY_MS, loans["group"][rows]
        interest = loans["held_fen"][rows] + early_interest_fen(
            loans["balance_fen"][rows],
            loans["rate_ppm"][rows],
            loans["period_start_day"][rows],
            day,
            loans["daycount"][rows],
        )
        accrued = accrued_so_far(book, rows, day)
        fee = self._fees.fee_fen(group % GROUP_UNIT, principal, loans["number"][rows] - 1)
        post(
            out,
            at,
            book.next_transactions(rows),
            [
                (Account.SETTLEMENT, ids, principal + interest + fee),
                (Account.PRINCIPAL, ids, -principal),
                (Account.INTEREST_ACCRUED, 0, -accrued),
                (Account.INTEREST_INCOME, 0, accrued - interest),
                (Account.FEE_INCOME, ids, -fee),
            ],
        )
        book.release_accrual(group, accrued)
        loans["balance_fen"][rows] -= principal
        book.touch(ids)
        out.log(
            Event.EARLY_REPAYMENT,
            at,
            ids // 100,
            actor=Actor.CUSTOMER,
            loan=ids,
            amount_fen=principal,
            value=interest + fee,
        )
        revolving = np.flatnonzero(loans["revolving"][rows])
        out.send(
            LimitReleased,
            LimitReleased.rows(
                len(revolving),
                at=at[revolving],
                case=ids[revolving] // 100,
                loan=ids[revolving],
                principal_fen=principal[revolving],
            ),
        )

    def _begin_anew(self, book: Book, orders: Rows, rows: Ints, principal: Ints, out: Outbox) -> None:
        """REP-12: the plan of what is left, from today, with the next due day where it was."""
        if not len(rows):
            return
        loans, day = book.loans, orders["at"] // DAY_MS
        passed = loans["number"][rows] - 1
        count, part = after_partial(
            loans["balance_fen"][rows],
            loans["rate_ppm"][rows],
            loans["periods"][rows] - passed,
            loans["part_fen"][rows],
            loans["method"][rows],
            loans["daycount"][rows],
            orders["choice"],
        )
        loans["periods"][rows], loans["part_fen"][rows] = passed + count, part
        loans["plan_fen"][rows], loans["plan_day"][rows], loans["plan_number"][rows] = (
            loans["balance_fen"][rows],
            day,
            passed,
        )
        loans["choice"][rows] = orders["choice"]
        loans["period_start_day"][rows], loans["held_fen"][rows] = day, 0
        self._plans.begin_next(loans, rows)
        out.log(
            Event.SCHEDULE_REGENERATED,
            orders["at"],
            orders["loan"] // 100,
            loan=orders["loan"],
            amount_fen=principal,
            reason=orders["choice"],
            value=count,
        )
