"""Other terms for a loan (重组), REP-13, NPL-11, EX-18. Once the customer has signed, what is in arrears leaves the arrears:
principal goes back to what is not yet due; interest falls due with the first interest of the new plan and bears none itself,
or becomes principal; the penalty is given up, or put off with the interest (`NewTerms` says which). The interest of the running
period is put off as well, so nothing is lost or bears interest twice. One transaction, and the new plan begins that day."""

from __future__ import annotations

import numpy as np

from credit.calendar import add_months
from credit.codes import Account, Method
from credit.codes_trouble import Measure
from credit.collections.contract import OverdueRestructured
from credit.errors import CreditError
from credit.mail import Outbox
from credit.masks import all_of, any_of, true_rows
from credit.money import PPM
from credit.numbers import INSTALMENTS_MAX, branch_and_product, case_of
from credit.policies.repayment import RepaymentPolicy
from credit.repayment.book import Book, next_transactions, post
from credit.repayment.contract import Event, Refusal
from credit.repayment.plans import Plans
from credit.repayment.rules import DebitDays
from credit.repayment.states import MOVES, LoanState
from credit.restructuring.contract import LoanRestructured, RestructuredLeft, RestructuringOpened
from credit.room import Rows
from credit.rows import first_fault
from credit.schedules import early_interest_fen, regular_part_fen
from credit.times import DAY_MS, Ints

_METHOD = {
    Measure.LOWER_INSTALMENT: Method.EQUAL_INSTALMENT,
    Measure.STAGED: Method.CUSTOM,
    Measure.MORATORIUM: Method.CUSTOM,
}
"""Ways of repayment that measures bring; an extension keeps the loan's."""
_TERMS = ("months", "interest_every", "free_months")
"""How a plan by hand is made, beside its stages."""


class Restructurings:
    """Says what a referred loan owes, and carries new terms out; each loan at most once a call."""

    def __init__(self, book: Book, policy: RepaymentPolicy, plans: Plans, days: DebitDays) -> None:
        self._book, self._rules, self._plans, self._days = book, policy.restructuring, plans, days

    # who is referred --------------------------------------------------------------------------------------------------

    def refer(self, referrals: Rows, out: Outbox) -> None:
        """Loans on the book go to the restructuring team, with what they owe; others are refused, there as well."""
        book, ids = self._book, referrals["loan"]
        rows, of = book.find_loans(ids), book.arrears.find(ids)
        there = rows >= 0
        self._refuse(referrals[~there], int(Refusal.LOAN_UNKNOWN), out)
        referrals, rows, of = referrals[there], rows[there], of[there]
        if not len(referrals):
            return
        loans, arrears = book.loans.take(rows), book.arrears
        branch, product = branch_and_product(loans["group"])
        _, owed = book.owed(loans["loan"])
        number, periods = loans["number"], loans["periods"]
        opened = RestructuringOpened.carry(
            loans,
            at=referrals["at"],
            case=case_of(loans["loan"]),
            branch=branch,
            product=product,
            overdue_since_day=np.where(owed > 0, arrears.get("since_day", of), 0),
            overdue_fen=owed,
            principal_fen=loans["balance_fen"] + arrears.get("principal_fen", of),
            interest_fen=arrears.get("interest_fen", of),
            penalty_fen=arrears.get("penalty_fen", of),
            non_performing=self._non_performing(loans["loan"], of),
            left=np.maximum(periods - number + 1, 0),
            instalment_fen=loans["next_principal_fen"] + loans["next_interest_fen"],
            cause=referrals["cause"],
            hardship=referrals["hardship"],
            proof=referrals["proof"],
        )
        out.send(RestructuringOpened, opened)

    def _non_performing(self, ids: Ints, of: Ints) -> Ints:
        """1 where a loan is non-performing: by its days past due, or because its terms change again while it is observed."""
        own = self._book.restructured
        before = own.get("observed", own.find(ids))
        return np.maximum(self._book.arrears.get("marked", of), before)

    # new terms --------------------------------------------------------------------------------------------------------

    def carry_out(self, orders: Rows, out: Outbox) -> None:
        """New terms that the loan and the policy allow; the others change nothing."""
        faults = self._faults(orders)
        self._refuse(orders[faults != 0], faults[faults != 0], out)
        orders = orders[faults == 0]
        if not len(orders):
            return
        rows = self._book.find_loans(orders["loan"])
        before = self._burden(orders, rows)
        held, non_performing = self._clear(orders, rows, out)
        self._begin(orders, rows, held, non_performing)
        self._tell(orders, rows, non_performing, before, out)

    def _faults(self, orders: Rows) -> Ints:
        """Why an order is refused; 0 = it is not."""
        loans, rows, rules = self._book.loans, self._book.find_loans(orders["loan"]), self._rules
        measure, months = orders["measure"], orders["months"]
        periods = loans.get("periods", rows)
        short = np.where(periods <= rules.extension_short_months, rules.extension_short_ppm, rules.extension_long_ppm)
        longest = np.where(measure == Measure.EXTENSION, periods * short // PPM, rules.months_max)
        instalments = np.where(measure == Measure.EXTENSION, periods, loans.get("number", rows) - 1) + months
        found = first_fault(
            (rows < 0, Refusal.LOAN_UNKNOWN),
            ((months < 1) | (months > longest) | (instalments > INSTALMENTS_MAX), Refusal.TERMS_TOO_LONG),
            (np.array([not self._makes_a_plan(order) for order in orders], dtype=bool), Refusal.TERMS_TOO_LONG),
        )
        lower = (found == 0) & (measure == Measure.LOWER_INSTALMENT)
        if any_of(lower):
            some = rows[lower]
            part = self._parts(
                some, self._balance(some), months[lower], np.full(len(some), int(Method.EQUAL_INSTALMENT))
            )
            to_come = loans["next_principal_fen"][some] + loans["next_interest_fen"][some]
            now = np.where(to_come > 0, to_come, self._book.owed(loans["loan"][some])[1])
            found[np.flatnonzero(lower)[part >= now]] = int(Refusal.NOT_LOWER)
        return found

    def _makes_a_plan(self, order: np.void) -> bool:
        """Whether a plan by hand can be written by an order's terms; true of other measures."""
        if _METHOD.get(Measure(int(order["measure"]))) != Method.CUSTOM:
            return True
        try:
            months, interest_every, free_months = (int(order[name]) for name in _TERMS)
            self._plans.agreed(months, interest_every, free_months, str(order["stages"]))
        except CreditError:
            return False
        return True

    def _balance(self, rows: Ints) -> Ints:
        """All principal, due or not."""
        of = self._book.arrears.find(self._book.loans["loan"][rows])
        return self._book.loans["balance_fen"][rows] + self._book.arrears.get("principal_fen", of)

    def _parts(self, rows: Ints, balance: Ints, months: Ints, method: Ints) -> Ints:
        loans = self._book.loans
        return regular_part_fen(balance, loans["rate_ppm"][rows], months, method, loans["daycount"][rows])

    def _clear(self, orders: Rows, rows: Ints, out: Outbox) -> tuple[Ints, Ints]:
        """Empties the arrears into the balance and into interest put off, posted at once; returns (interest put off, 1 where the
        loan was non-performing)."""
        book, at, ids = self._book, orders["at"], orders["loan"]
        loans, arrears, day = book.loans, book.arrears, at // DAY_MS
        of = arrears.find(ids)
        principal, interest, penalty = (arrears.get(f"{name}_fen", of) for name in ("principal", "interest", "penalty"))
        non_performing = self._non_performing(ids, of)
        active = loans["state"][rows] == LoanState.ACTIVE
        start = np.where(active, loans["period_start_day"][rows], day)
        running = early_interest_fen(
            loans["balance_fen"][rows], loans["rate_ppm"][rows], start, day, loans["daycount"][rows]
        )
        owing, accrued = loans["held_fen"][rows] + running, book.accrued_fen(rows, day)
        nothing = np.zeros_like(interest)
        added = interest if self._rules.arrears_interest == "capitalised" else nothing
        waived = penalty if self._rules.penalty == "waived" else nothing
        held = owing + (interest - added) + (penalty - waived)
        post(
            out,
            at,
            next_transactions(loans, rows),
            [
                (Account.PRINCIPAL, ids, added),
                (Account.INTEREST_RECEIVABLE, ids, -interest),
                (Account.PENALTY_RECEIVABLE, ids, -penalty),
                (Account.PENALTY_INCOME, ids, waived),
                (Account.INTEREST_ACCRUED, 0, held - accrued),
                (Account.INTEREST_INCOME, 0, accrued - owing),
            ],
        )
        book.release_accrual(loans["group"][rows], accrued - held)
        loans.add(rows, balance_fen=principal + added)
        self._empty_arrears(ids, of)
        book.touch(ids)
        for event, amount in (
            (Event.PENALTY_WAIVED, waived),
            (Event.ARREARS_INTEREST_CAPITALISED, added),
            (Event.ARREARS_INTEREST_DEFERRED, interest - added),
        ):
            some = amount > 0
            out.log(event, at[some], case_of(ids[some]), loan=ids[some], amount_fen=amount[some])
        return held, non_performing

    def _empty_arrears(self, ids: Ints, of: Ints) -> None:
        """Nothing is due any more."""
        book = self._book
        unpaid, _ = book.unpaid_of(np.sort(ids))
        book.instalments.put(unpaid, principal_fen=0, interest_fen=0)
        emptied = of[of >= 0]
        book.arrears.put(emptied, principal_fen=0, interest_fen=0, penalty_fen=0, penalty_rest=0, told=0, marked=0)

    def _begin(self, orders: Rows, rows: Ints, held: Ints, non_performing: Ints) -> None:
        """The new plan, from today; the next due day stays where it was, of a loan that had none it is the next debit day."""
        book, day = self._book, orders["at"] // DAY_MS
        loans, measure = book.loans, orders["measure"]
        matured = loans["state"][rows] == LoanState.MATURED
        MOVES.to(loans, rows[matured], LoanState.ACTIVE)
        loans.put(rows[matured], due_day=self._days.first_on(day[matured], loans["debit_day"][rows[matured]]))
        passed, balance = loans["number"][rows] - 1, loans["balance_fen"][rows]
        extended = measure == Measure.EXTENSION
        count = orders["months"] + np.where(extended, np.maximum(loans["periods"][rows] - passed, 0), 0)
        method = loans["method"][rows].copy()
        for one, brings in _METHOD.items():
            method[measure == one] = brings
        loans.put(
            rows,
            method=method,
            periods=passed + count,
            part_fen=self._parts(rows, balance, count, method),
            plan_fen=balance,
            plan_day=day,
            plan_number=passed,
            choice=0,
            period_start_day=day,
            held_fen=held,
        )
        own = book.restructured
        old = own.find(orders["loan"])
        own.drop(old[old >= 0])
        by_hand = (method == Method.CUSTOM) & ~extended
        terms = {name: np.where(by_hand, orders[name], 0) for name in _TERMS}
        stages = np.where(by_hand, orders["stages"], "")
        own.append(
            loan=orders["loan"],
            length=len(orders),
            after=passed,
            held_fen=held,
            non_performing=non_performing,
            observed=1,
            stages=stages,
            **terms,
        )
        self._plans.begin_next(loans, rows)

    # what it comes to -------------------------------------------------------------------------------------------------

    def _burden(self, orders: Rows, rows: Ints) -> Ints:
        """What falls due within the policy's months by the plans as they stand, arrears included (EX-18)."""
        _, owed = self._book.owed(orders["loan"])
        until = add_months(orders["at"] // DAY_MS, self._rules.burden_months)
        active = true_rows(self._book.loans["state"][rows] == LoanState.ACTIVE)
        loans = self._book.loans.take(rows[active])
        for line in self._plans.lines(loans):
            of = active[line.rows]
            near = line.due <= until[of]
            owed[of] += np.where(near & (line.number >= loans["number"][line.rows]), line.parts.sum(axis=0), 0)
            if not any_of(near):
                break
        return owed

    def _tell(self, orders: Rows, rows: Ints, non_performing: Ints, before: Ints, out: Outbox) -> None:
        """The log, collections, and the restructuring team: its two first paying days begin the observation."""
        at, ids, loans = orders["at"], orders["loan"], self._book.loans
        case, left, balance = (
            case_of(ids),
            loans["periods"][rows] - loans["plan_number"][rows],
            loans["balance_fen"][rows],
        )
        told = {"loan": ids, "amount_fen": balance, "reason": orders["measure"], "value": left}
        out.log(Event.LOAN_RESTRUCTURED, at, case, **told)
        out.log(Event.BURDEN_EASED, at, case, loan=ids, amount_fen=self._burden(orders, rows), value=before)
        first_day, second_day = self._paying_days(rows)
        sent = LoanRestructured.carry(
            orders,
            reason=0,
            principal_fen=balance,
            non_performing=non_performing,
            first_day=first_day,
            second_day=second_day,
        )
        out.send(LoanRestructured, sent)
        out.send(OverdueRestructured, OverdueRestructured.carry(orders))

    def _paying_days(self, rows: Ints) -> tuple[Ints, Ints]:
        """The first two days on which something falls due; the same twice where there is one alone."""
        first, second = np.zeros(len(rows), dtype=np.int64), np.zeros(len(rows), dtype=np.int64)
        for line in self._plans.lines(self._book.loans.take(rows)):
            paying = line.parts.sum(axis=0) > 0
            of, due = line.rows[paying], line.due[paying]
            second[of] = np.where((first[of] > 0) & (second[of] == 0), due, second[of])
            first[of] = np.where(first[of] == 0, due, first[of])
            if all_of(second):
                break
        return first, np.where(second == 0, first, second)

    def _refuse(self, rows: Rows, reason: Ints | int, out: Outbox) -> None:
        """Referrals and orders that change nothing; the team hears of it."""
        if not len(rows):
            return
        ids = rows["loan"]
        out.log(Event.RESTRUCTURING_NOT_TAKEN_IN, rows["at"], case_of(ids), loan=ids, reason=reason)
        measure = rows["measure"] if "measure" in (rows.dtype.names or ()) else 0
        days = {"principal_fen": 0, "non_performing": 0, "first_day": 0, "second_day": 0}
        said = LoanRestructured.rows(len(rows), at=rows["at"], loan=ids, measure=measure, reason=reason, **days)
        out.send(LoanRestructured, said)

    # afterwards -------------------------------------------------------------------------------------------------------

    def observed(self, rows: Rows, out: Outbox) -> None:
        """The observation is over: what the loan was before it counts no more."""
        del out
        own = self._book.restructured
        found = own.find(rows["loan"])
        own.put(found[found >= 0], non_performing=0, observed=0)

    def evident(self, rows: Rows, out: Outbox) -> None:
        """NPL-01: clear evidence that a loan in arrears can't be repaid in full makes it non-performing, whatever its days past
        due, until nothing is overdue."""
        book, ids = self._book, rows["loan"]
        of = book.arrears.find(ids)
        new = (book.find_loans(ids) >= 0) & (book.arrears.get("told", of) == 1) & (book.arrears.get("marked", of) == 0)
        rows, ids, of = rows[new], ids[new], of[new]
        book.arrears.put(of, marked=1)
        balance = self._balance(book.find_loans(ids))
        case, dpd = case_of(ids), rows["at"] // DAY_MS - book.arrears["since_day"][of]
        out.log(Event.LOSS_EVIDENT, rows["at"], case, loan=ids, amount_fen=balance)
        out.log(Event.NPL_MARKED, rows["at"], case, loan=ids, amount_fen=balance, value=dpd)

    def end_day(self, at: int, out: Outbox) -> None:
        """Loans that have left the book are observed no more; called before it is compacted."""
        own = self._book.restructured
        gone = own["loan"][self._book.find_loans(own["loan"]) < 0]
        out.send(RestructuredLeft, RestructuredLeft.rows(len(gone), at=at, loan=gone))
