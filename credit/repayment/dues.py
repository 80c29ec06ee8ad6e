"""What a day brings by itself (REP-06 to REP-10, NPL-01): at its first instant penalty interest of the night, loans that become
overdue or non-performing, instalments that fall due; at the debit minute the automatic debits; at the reminder minute the
reminders. The day begins before anything else of the day happens, so whoever pays on a day pays what is owed on that day,
whatever the length of the windows."""

from __future__ import annotations

import numpy as np

from credit.codes import Account
from credit.collections.contract import ArrearsTotal, DebitHandedOver, LoanOverdue, OverdueReported
from credit.mail import Outbox
from credit.masks import true_rows
from credit.numbers import branch_and_product, case_of, debit_of, instalment_of
from credit.policies.repayment import RepaymentPolicy
from credit.repayment.behaviour import Behaviour
from credit.repayment.book import DUE_BATCH, PENALTY_BATCH, Book, post_batch
from credit.repayment.contract import DebitRequest, Event
from credit.repayment.plans import Plans
from credit.repayment.rules import penalty_step
from credit.repayment.states import LoanState
from credit.schedules import due_day
from credit.times import DAY_MS, Bools, Ints


class Dues:
    """The day's own work on the book."""

    def __init__(self, book: Book, policy: RepaymentPolicy, plans: Plans, behaviour: Behaviour) -> None:
        self._book, self._policy, self._plans, self._behaviour = book, policy, plans, behaviour

    def begin_day(self, day: int, at: int, out: Outbox) -> None:
        """First instant of `day`: penalty, overdue and non-performing marks, then the day's instalments."""
        self._charge_penalty(day, at, out)
        self._report_overdue(day, at, out)
        self._report_claims(at, out)
        self._mark_non_performing(day, at, out)
        self._fall_due(day, at, out)

    # past due ---------------------------------------------------------------------------------------------------------

    def _charge_penalty(self, day: int, at: int, out: Outbox) -> None:
        """Penalty interest (罚息) of one day on what has been overdue since yesterday or longer; DPD k has cost k days."""
        arrears, loans = self._book.arrears, self._book.loans
        base = arrears["principal_fen"] + arrears["interest_fen"]
        late = true_rows((base > 0) & (arrears["since_day"] < day))
        if not len(late):
            return
        rows = self._book.find_loans(arrears["loan"][late])
        fen, rest = penalty_step(
            base[late],
            arrears["penalty_rest"][late],
            loans["rate_ppm"][rows],
            loans["daycount"][rows],
            self._policy.penalty_factor_ppm,
        )
        arrears.put(late, penalty_fen=arrears["penalty_fen"][late] + fen, penalty_rest=rest)
        late, fen = late[fen > 0], fen[fen > 0]
        ids, groups = arrears["loan"][late], arrears["group"][late]
        self._book.touch(ids)
        post_batch(out, at, day, PENALTY_BATCH, Account.PENALTY_RECEIVABLE, Account.PENALTY_INCOME, ids, groups, fen)

    def _report_overdue(self, day: int, at: int, out: Outbox) -> None:
        """REP-09: the day after the due date an unpaid loan enters overdue management. From then on collections hears every
        morning what is owed."""
        book, owed = self._book, self._book.arrears_fen()
        late = true_rows((owed > 0) & (book.arrears["since_day"] < day))
        if not len(late):
            return
        arrears, owed = book.arrears.take(late), owed[late]
        rows = book.find_loans(arrears["loan"])
        self._behaviour.became_overdue(rows[arrears["told"] == 0])
        loans = book.loans.take(rows)
        branch, product = branch_and_product(arrears["group"])
        figures = LoanOverdue.carry(
            loans,
            at=at,
            case=case_of(loans["loan"]),
            branch=branch,
            product=product,
            overdue_since_day=arrears["since_day"],
            overdue_fen=owed,
            principal_fen=loans["balance_fen"] + arrears["principal_fen"],
            interest_fen=arrears["interest_fen"],
            penalty_fen=arrears["penalty_fen"],
        )
        told = arrears["told"] != 0
        new = figures[~told]
        book.arrears.put(late[~told], told=1)
        dpd = day - new["overdue_since_day"]
        out.log(
            Event.OVERDUE_STARTED, new["at"], new["case"], loan=new["loan"], amount_fen=new["overdue_fen"], value=dpd
        )
        out.send(LoanOverdue, new)
        handed = late[~told][book.arrears["handed"][late[~told]] != 0]
        book.arrears.put(handed, handed=0)
        out.send(DebitHandedOver, DebitHandedOver.rows(len(handed), at=at, loan=book.arrears["loan"][handed]))
        out.send(OverdueReported, OverdueReported.carry(figures[told]))

    def _report_claims(self, at: int, out: Outbox) -> None:
        """So it hears of claims written off."""
        gone = self._book.written_off
        claims = OverdueReported.rows(
            len(gone),
            at=at,
            loan=gone["loan"],
            overdue_since_day=gone["since_day"],
            overdue_fen=gone["balance_fen"],
            principal_fen=0,
            interest_fen=0,
            penalty_fen=0,
        )
        out.send(OverdueReported, claims)

    def total_overdue(self, day: int, at: int, out: Outbox) -> None:
        """At a day's end collections is told, branch by branch, what the loans come to that it knows of."""
        book = self._book
        arrears, gone = book.arrears, book.written_off
        told, claims, late = (
            true_rows(arrears["told"]),
            true_rows(gone["balance_fen"]),
            book.instalments["due_day"] < day,
        )
        overdue = arrears["penalty_fen"].copy()
        np.add.at(overdue, arrears.find(book.instalments["loan"][late]), book.unpaid()[late])
        principal = book.loans["balance_fen"][book.find_loans(arrears["loan"][told])] + arrears["principal_fen"][told]
        every, _ = branch_and_product(book.control["group"])
        branches = np.unique(every)
        of_told, of_claims = (
            branches.searchsorted(branch_and_product(group)[0])
            for group in (arrears["group"][told], gone["group"][claims])
        )
        total = ArrearsTotal.rows(
            len(branches), at=at, branch=branches, loans=0, overdue_fen=0, principal_fen=0, penalty_fen=0
        )
        for name, place, values in (
            ("loans", of_told, 1),
            ("overdue_fen", of_told, overdue[told]),
            ("principal_fen", of_told, principal),
            ("penalty_fen", of_told, arrears["penalty_fen"][told]),
            ("loans", of_claims, 1),
            ("overdue_fen", of_claims, gone["balance_fen"][claims]),
        ):
            np.add.at(total[name], place, values)
        out.send(ArrearsTotal, total)

    def _mark_non_performing(self, day: int, at: int, out: Outbox) -> None:
        """NPL-01: DPD above the policy's number of days."""
        arrears = self._book.arrears
        dpd = day - arrears["since_day"]
        late = (self._book.arrears_fen() > 0) & (dpd > self._policy.non_performing_dpd)
        new = true_rows((arrears["marked"] == 0) & late)
        if not len(new):
            return
        arrears.put(new, marked=1)
        ids = arrears["loan"][new]
        balance = self._book.loans["balance_fen"][self._book.find_loans(ids)] + arrears["principal_fen"][new]
        out.log(Event.NPL_MARKED, np.full(len(new), at), case_of(ids), loan=ids, amount_fen=balance, value=dpd[new])

    # falling due ------------------------------------------------------------------------------------------------------

    def _fall_due(self, day: int, at: int, out: Outbox) -> None:
        """REP-01, REP-02: the day's instalments become due, and the loans step on to their next period."""
        book, loans = self._book, self._book.loans
        rows = true_rows(loans["due_day"] == day)
        if not len(rows):
            return
        ids, groups, number = loans["loan"][rows], loans["group"][rows], loans["number"][rows]
        principal = loans["next_principal_fen"][rows]
        interest, held = self._plans.interest_due(
            loans, rows, number, loans["held_fen"][rows], loans["next_interest_fen"][rows]
        )
        loans.put(rows, held_fen=held, balance_fen=loans["balance_fen"][rows] - principal)
        ended = self._step_on(rows, day)
        self._behaviour.review(rows, day, at, out)
        owing = true_rows(principal + interest)
        self._owe(day, ids[owing], groups[owing], number[owing], principal[owing], interest[owing])
        book.release_accrual(groups, interest)
        post_batch(
            out, at, day, DUE_BATCH, Account.INTEREST_RECEIVABLE, Account.INTEREST_ACCRUED, ids, groups, interest
        )
        out.log(
            Event.INSTALMENT_DUE,
            np.full(len(owing), at),
            case_of(ids[owing]),
            loan=ids[owing],
            amount_fen=(principal + interest)[owing],
            value=number[owing],
        )
        # Rounding may repay a tiny loan before its last instalment, which is then nothing: no payment will settle it.
        _, owed = book.owed(loans["loan"][ended])
        nothing = ended[owed == 0]
        book.settle(nothing, np.full(len(nothing), at), out)

    def _step_on(self, rows: Ints, day: int) -> Ints:
        """To the next period; returns the rows that have none."""
        loans = self._book.loans
        loans.add(rows, number=1)
        ended = loans["number"][rows] > loans["periods"][rows]
        self._book.park(rows[ended], LoanState.MATURED)
        on = rows[~ended]
        loans.put(on, period_start_day=day, due_day=due_day(day, 1, loans["debit_day"][on]))
        self._plans.begin_next(loans, on)
        return rows[ended]

    def _owe(self, day: int, ids: Ints, groups: Ints, number: Ints, principal: Ints, interest: Ints) -> None:
        """Enters instalments into the arrears: due is due, overdue only from tomorrow."""
        self._book.touch(ids)
        self._book.instalments.append(
            length=len(ids),
            instalment=instalment_of(ids, number),
            loan=ids,
            due_day=day,
            principal_fen=principal,
            interest_fen=interest,
        )
        arrears = self._book.arrears
        rows = arrears.find(ids)
        new = true_rows(rows < 0)
        rows[new] = arrears.append(length=len(new), loan=ids[new], group=groups[new], since_day=day)
        cleared = rows[self._book.arrears_fen()[rows] == 0]
        arrears.put(cleared, since_day=day, penalty_rest=0, told=0, marked=0, handed=0)
        arrears.add(rows, principal_fen=principal, interest_fen=interest)

    # debits and reminders ---------------------------------------------------------------------------------------------

    def ask_debits(self, day: int, at: int, out: Outbox) -> None:
        """REP-06, REP-08: debits of what is due today, and again of what failed before. Customers without automatic debit get
        the same as a bill: they pay by themselves."""
        chosen = true_rows((self._book.arrears_fen() > 0) & self._asked_today(day))
        self._book.arrears.put(chosen, tries=0)
        self.send_debits(chosen, np.full(len(chosen), at), out)

    def _asked_today(self, day: int) -> Bools:
        """Due today (the last instalment as well, after which a loan has no period), or its turn to be tried again."""
        arrears, instalments, policy = self._book.arrears, self._book.instalments, self._policy
        dpd = day - arrears["since_day"]
        asked = (dpd <= policy.retry_daily_dpd_max) | (dpd % policy.retry_every_days == 0)
        due_today = arrears.find(instalments["loan"][instalments["due_day"] == day])
        asked[due_today[due_today >= 0]] = True
        return np.asarray(asked)

    def send_debits(self, chosen: Ints, at: Ints, out: Outbox, *, by_hand: bool = False) -> None:
        """Requests for all that is due of the chosen rows of the arrears; `by_hand`: somebody of the bank has asked for them."""
        if not len(chosen):
            return
        arrears, loans = self._book.arrears, self._book.loans
        rows = self._book.find_loans(arrears["loan"][chosen])
        automatic = loans["automatic"][rows]
        loans.add(rows, debits=1)
        ids, number, asked = arrears["loan"][chosen], loans["debits"][rows], automatic != 0
        self._book.debits.append(
            length=int(asked.sum()),
            debit=debit_of(ids, number)[asked],
            loan=ids[asked],
            asked_day=(at // DAY_MS)[asked],
        )
        requests = DebitRequest.rows(
            len(rows),
            at=at,
            loan=ids,
            party=loans["party"][rows],
            product=branch_and_product(loans["group"][rows])[1],
            number=loans["number"][rows] - 1,
            amount_fen=self._book.arrears_fen()[chosen],
            instalment_fen=loans["next_principal_fen"][rows] + loans["next_interest_fen"][rows],
            dpd=at // DAY_MS - arrears["since_day"][chosen],
            attempt=number,
            pd_ppm=loans["pd_ppm"][rows],
            automatic=automatic,
            account=loans["account"][rows],
            by_hand=by_hand,
        )
        out.send(DebitRequest, requests)

    def remind(self, day: int, at: int, out: Outbox) -> None:
        """REP-07: so many days before the due date, of instalments in which something falls due."""
        loans = self._book.loans
        rows = true_rows((loans["due_day"] - loans["reminder_days"] == day) & (loans["reminder_days"] > 0))
        interest, _ = self._plans.interest_due(
            loans, rows, loans["number"][rows], loans["held_fen"][rows], loans["next_interest_fen"][rows]
        )
        due = loans["next_principal_fen"][rows] + interest
        rows, due = rows[due > 0], due[due > 0]
        ids = loans["loan"][rows]
        out.log(
            Event.REMINDER_SENT,
            np.full(len(rows), at),
            case_of(ids),
            loan=ids,
            amount_fen=due,
            value=loans["reminder_days"][rows],
        )
