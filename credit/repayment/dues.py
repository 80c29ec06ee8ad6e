"""What a day brings by itself (REP-06 to REP-10, NPL-01): at its first instant penalty interest of the night, loans that become
overdue or non-performing, instalments that fall due; at the debit minute the automatic debits; at the reminder minute the
reminders. Its rule: the day begins before anything else of the day happens, so whoever pays on a day pays what is owed on
that day, whatever the length of the windows."""

from __future__ import annotations

import numpy as np

from credit.codes import Account
from credit.collections.contract import LoanOverdue
from credit.mail import Outbox
from credit.policies.repayment import RepaymentPolicy
from credit.repayment.book import (
    BRANCH_UNIT,
    DUE_BATCH,
    GROUP_UNIT,
    INSTALMENT_UNIT,
    PENALTY_BATCH,
    Book,
    post_batch,
    settle,
)
from credit.repayment.contract import DebitRequest, Event
from credit.repayment.plans import Plans
from credit.repayment.rules import penalty_step
from credit.repayment.states import LoanState
from credit.schedules import due_day
from credit.times import DAY_MS, Bools, Ints


class Dues:
    """The day's own work on the book."""

    def __init__(self, policy: RepaymentPolicy, plans: Plans) -> None:
        self._policy, self._plans = policy, plans

    def begin_day(self, book: Book, day: int, out: Outbox) -> None:
        """First instant of `day`: penalty, overdue and non-performing marks, then the day's instalments."""
        at = day * DAY_MS
        self._charge_penalty(book, day, at, out)
        self._mark_overdue(book, day, at, out)
        self._mark_non_performing(book, day, at, out)
        self._fall_due(book, day, at, out)

    # past due ---------------------------------------------------------------------------------------------------------

    def _charge_penalty(self, book: Book, day: int, at: int, out: Outbox) -> None:
        """Penalty interest (罚息) of one day on what has been overdue since yesterday or longer; DPD k has cost k days."""
        arrears = book.arrears
        base = arrears["principal_fen"] + arrears["interest_fen"]
        late = np.flatnonzero((base > 0) & (arrears["since_day"] < day))
        if not len(late):
            return
        rows = book.find_loans(arrears["loan"][late])
        loans = book.loans
        fen, rest = penalty_step(
            base[late],
            arrears["penalty_rest"][late],
            loans["rate_ppm"][rows],
            loans["daycount"][rows],
            self._policy.penalty_factor_ppm,
        )
        arrears["penalty_fen"][late] += fen
        arrears["penalty_rest"][late] = rest
        charged = late[fen > 0]
        ids = arrears["loan"][charged]
        book.touch(ids)
        post_batch(
            out,
            at,
            day,
            PENALTY_BATCH,
            Account.PENALTY_RECEIVABLE,
            Account.PENALTY_INCOME,
            ids,
            arrears["group"][charged],
            fen[fen > 0],
        )

    def _mark_overdue(self, book: Book, day: int, at: int, out: Outbox) -> None:
        """REP-09: the day after the due date an unpaid loan enters overdue management."""
        arrears, owed = book.arrears, book.arrears_fen()
        new = np.flatnonzero((arrears["told"] == 0) & (owed > 0) & (arrears["since_day"] < day))
        if not len(new):
            return
        arrears["told"][new] = 1
        ids, since = arrears["loan"][new], arrears["since_day"][new]
        out.log(
            Event.OVERDUE_STARTED, np.full(len(new), at), ids // 100, loan=ids, amount_fen=owed[new], value=day - since
        )
        loans = book.loans.take(book.find_loans(ids))
        out.send(
            LoanOverdue,
            LoanOverdue.carry(
                loans,
                at=at,
                case=ids // 100,
                branch=ids // BRANCH_UNIT,
                product=loans["group"] % GROUP_UNIT,
                overdue_since_day=since,
                overdue_fen=owed[new],
                balance_fen=loans["balance_fen"] + arrears["principal_fen"][new],
                written_off=0,
            ),
        )

    def _mark_non_performing(self, book: Book, day: int, at: int, out: Outbox) -> None:
        """NPL-01: DPD above the policy's number of days."""
        arrears = book.arrears
        dpd = day - arrears["since_day"]
        new = np.flatnonzero(
            (arrears["marked"] == 0) & (book.arrears_fen() > 0) & (dpd > self._policy.non_performing_dpd)
        )
        if not len(new):
            return
        arrears["marked"][new] = 1
        ids = arrears["loan"][new]
        balance = book.loans["balance_fen"][book.find_loans(ids)] + arrears["principal_fen"][new]
        out.log(Event.NPL_MARKED, np.full(len(new), at), ids // 100, loan=ids, amount_fen=balance, value=dpd[new])

    # falling due ------------------------------------------------------------------------------------------------------

    def _fall_due(self, book: Book, day: int, at: int, out: Outbox) -> None:
        """REP-01, REP-02: the day's instalments become due, and the loans step on to their next period."""
        loans = book.loans
        rows = np.flatnonzero(loans["due_day"] == day)
        if not len(rows):
            return
        ids, groups, number = loans["loan"][rows], loans["group"][rows], loans["number"][rows]
        principal = loans["next_principal_fen"][rows]
        interest, held = self._plans.interest_due(
            loans, rows, number, loans["held_fen"][rows], loans["next_interest_fen"][rows]
        )
        loans["held_fen"][rows] = held
        loans["balance_fen"][rows] -= principal
        ended = self._step_on(book, rows, day)
        owing = np.flatnonzero(principal + interest)
        self._owe(book, day, ids[owing], groups[owing], number[owing], principal[owing], interest[owing])
        book.release_accrual(groups, interest)
        post_batch(
            out, at, day, DUE_BATCH, Account.INTEREST_RECEIVABLE, Account.INTEREST_ACCRUED, ids, groups, interest
        )
        out.log(
            Event.INSTALMENT_DUE,
            np.full(len(owing), at),
            ids[owing] // 100,
            loan=ids[owing],
            amount_fen=(principal + interest)[owing],
            value=number[owing],
        )
        # Rounding may repay a tiny loan before its last instalment, which is then nothing: no payment will settle it.
        _, owed = book.owed(book.loans["loan"][ended])
        nothing = ended[owed == 0]
        settle(book, nothing, np.full(len(nothing), at), out)

    def _step_on(self, book: Book, rows: Ints, day: int) -> Ints:
        """To the next period; returns the rows that have none."""
        loans = book.loans
        loans["number"][rows] += 1
        ended = loans["number"][rows] > loans["periods"][rows]
        if bool(ended.any()):
            book.park(rows[ended], LoanState.MATURED)
        on = rows[~ended]
        loans["period_start_day"][on] = day
        loans["due_day"][on] = due_day(day, 1, loans["debit_day"][on])
        self._plans.begin_next(loans, on)
        return rows[ended]

    def _owe(
        self, book: Book, day: int, ids: Ints, groups: Ints, number: Ints, principal: Ints, interest: Ints
    ) -> None:
        """Enters instalments into the arrears: due is due, overdue only from tomorrow."""
        book.touch(ids)
        book.instalments.append(
            length=len(ids),
            instalment=ids * INSTALMENT_UNIT + number,
            loan=ids,
            due_day=day,
            principal_fen=principal,
            interest_fen=interest,
        )
        arrears = book.arrears
        rows = arrears.find(ids)
        new = np.flatnonzero(rows < 0)
        if len(new):
            rows[new] = arrears.append(length=len(new), loan=ids[new], group=groups[new], since_day=day)
        cleared = rows[book.arrears_fen()[rows] == 0]
        arrears["since_day"][cleared] = day
        for name in ("penalty_rest", "told", "marked"):
            arrears[name][cleared] = 0
        arrears["principal_fen"][rows] += principal
        arrears["interest_fen"][rows] += interest

    # debits and reminders ---------------------------------------------------------------------------------------------

    def ask_debits(self, book: Book, day: int, at: int, out: Outbox) -> None:
        """REP-06, REP-08: debits of what is due today, and again of what failed before. Customers without automatic debit get
        the same as a bill: they pay by themselves."""
        arrears = book.arrears
        chosen = np.flatnonzero(book.arrears_fen() > 0)
        chosen = chosen[self._asked_today(book, chosen, day)]
        rows = book.find_loans(arrears["loan"][chosen])
        arrears["tries"][chosen] = 0
        self.send_debits(book, chosen, rows, np.full(len(rows), at), day, out)

    def _asked_today(self, book: Book, chosen: Ints, day: int) -> Bools:
        """Due today (the last instalment as well, after which a loan has no period), or its turn to be tried again."""
        dpd = day - book.arrears["since_day"][chosen]
        policy = self._policy
        due_today = book.arrears.find(book.instalments["loan"][book.instalments["due_day"] == day])
        fell_due = np.zeros(len(book.arrears), dtype=bool)
        fell_due[due_today[due_today >= 0]] = True
        return np.asarray(fell_due[chosen] | (dpd <= policy.retry_daily_dpd_max) | (dpd % policy.retry_every_days == 0))

    def send_debits(self, book: Book, chosen: Ints, rows: Ints, at: Ints, day: int, out: Outbox) -> None:
        """Requests for all that is due of the chosen rows of the arrears; `rows` are their rows of the book."""
        arrears, loans = book.arrears, book.loans
        automatic = loans["automatic"][rows]
        arrears["attempt"][chosen] += 1
        arrears["asked"][chosen] = np.where(automatic != 0, arrears["attempt"][chosen], 0)
        out.send(
            DebitRequest,
            DebitRequest.rows(
                len(rows),
                at=at,
                loan=arrears["loan"][chosen],
                party=loans["party"][rows],
                product=loans["group"][rows] % GROUP_UNIT,
                number=loans["number"][rows] - 1,
                amount_fen=book.arrears_fen()[chosen],
                instalment_fen=loans["next_principal_fen"][rows] + loans["next_interest_fen"][rows],
                dpd=day - arrears["since_day"][chosen],
                attempt=arrears["attempt"][chosen],
                pd_ppm=loans["pd_ppm"][rows],
                automatic=automatic,
            ),
        )

    def remind(self, book: Book, day: int, at: int, out: Outbox) -> None:
        """REP-07: so many days before the due date."""
        loans = book.loans
        rows = np.flatnonzero(loans["due_day"] - loans["reminder_days"] == day)
        rows = rows[loans["reminder_days"][rows] > 0]
        amount = loans["next_principal_fen"][rows] + loans["next_interest_fen"][rows]
        ids = loans["loan"][rows]
        out.log(
            Event.REMINDER_SENT,
            np.full(len(rows), at),
            ids // 100,
            loan=ids,
            amount_fen=amount,
            value=loans["reminder_days"][rows],
        )
