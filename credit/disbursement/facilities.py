"""Contracts of which more than one payment, or none yet, can be made: revolving limits (循环额度), staged loans (分次放款) and
whatever waits for a condition (APR-13). What is drawn and not restored never exceeds the limit, and every fen drawn is either
paid out or under way (PRD-09)."""

from __future__ import annotations

import numpy as np

from credit.approval.contract import Refusal as ApprovalRefusal
from credit.disbursement.contract import ConditionRequested, Event, FacilityOpened, Refusal
from credit.disbursement.rules import facility_end, tranche_fen
from credit.disbursement.states import COMMITTED, FACILITY_MOVES, FacilityState
from credit.mail import Outbox
from credit.masks import any_of, true_rows
from credit.numbers import loan_of
from credit.policies.payments import PaymentPolicy
from credit.policies.products import ProductColumns
from credit.room import Rows
from credit.rows import only
from credit.subsystem import Window
from credit.table import Table
from credit.times import Bools, Ints


class Facilities:
    """The table, and the moves of a facility. `amount_fen` is the limit; `drawn_fen` all that was ever committed, `paid_fen`
    what has arrived, `restored_fen` what repayment gave back; `loans` payments begun, `verified` tranches whose use was
    shown; `idle_at` when the last payment ended, by arriving or by being stopped; `formalities` while those of the guarantee
    are not done."""

    def __init__(self, table: Table, policy: PaymentPolicy, products: ProductColumns, formal: Bools) -> None:
        """`formal`: by product code, whether its guarantee takes formalities."""
        self.table = table
        self._policy, self._products, self._formal = policy, products, formal

    def needed(self, contracts: Rows) -> Bools:
        """True for contracts that are more than one payment, or that wait for conditions or formalities."""
        product = contracts["product"]
        several = self._products.revolving[product] | (self._products.tranche_count[product] > 1)
        return np.asarray(several | (contracts["conditions"] != 0) | self._formal[product])

    def admit(self, contracts: Rows, at: Ints, out: Outbox) -> Rows:
        """Contracts enter: with open conditions they wait and the customer is asked; until their guarantee's formalities are done
        they wait as well; else they open. Returns the staged ones that opened, whose first tranche is to be paid."""
        product = contracts["product"]
        waits, formal = contracts["conditions"] != 0, self._formal[product]
        self.table.append(
            contracts,
            revolving=self._products.revolving[product],
            staged=self._products.tranche_count[product] > 1,
            state=FacilityState.WAITING,
            formalities=formal,
        )
        asked = contracts[waits]
        out.send(ConditionRequested, ConditionRequested.carry(asked, at=at[waits]))
        out.log(
            Event.DISBURSEMENT_PRECHECK_FAILED,
            at[waits],
            asked["case"],
            amount_fen=asked["amount_fen"],
            reason=Refusal.CONDITION_OPEN,
            value=asked["conditions"],
        )
        free = ~waits & ~formal
        return self.open(self.table.find(contracts["case"][free]), at[free], out)

    def open(self, rows: Ints, at: Ints, out: Outbox) -> Rows:
        """Opens facilities. Returns, as contracts, those that pay by themselves: staged ones and plain loans."""
        table = self.table
        FACILITY_MOVES.to(table, rows, FacilityState.OPEN)
        table["opened_at"][rows] = at
        found = table.take(rows)
        several = (found["revolving"] != 0) | (found["staged"] != 0)
        ends = facility_end(at, found["product"], self._products, self._policy.staged_days)
        table["valid_until"][rows] = np.where(several, ends, found["valid_until"])
        opened = found[several]
        out.log(
            Event.FACILITY_OPENED, at[several], opened["case"], amount_fen=opened["amount_fen"], value=ends[several]
        )
        out.send(
            FacilityOpened,
            FacilityOpened.carry(opened, at=at[several], limit_fen=opened["amount_fen"], valid_until=ends[several]),
        )
        return only(found, found["revolving"] == 0)

    def commit(self, cases: Ints, amounts: Ints) -> Ints:
        """A payment begins under each facility; returns the loans' numbers. Cases are distinct."""
        rows = self.table.find(cases)
        self.table["drawn_fen"][rows] += amounts
        self.table["loans"][rows] += 1
        return loan_of(cases, self.table["loans"][rows])

    def next_tranche_fen(self, rows: Ints) -> Ints:
        """Amount of the tranche after those begun."""
        table = self.table
        return tranche_fen(
            table["amount_fen"][rows],
            table["product"][rows],
            table["loans"][rows] + 1,
            self._products,
            self._policy.tranche_step,
        )

    def has_more_tranches(self, cases: Ints) -> Bools:
        """True where a staged loan has a further tranche to pay."""
        table, rows = self.table, self.table.find(cases)
        more = table.get("loans", rows) < self._products.tranche_count[table.get("product", rows)]
        return np.asarray((table.get("staged", rows) != 0) & more)

    def live(self, cases: Ints, at: Ints) -> tuple[Ints, Ints]:
        """Rows of the cases whose facility is open at the instant, and those instants."""
        rows = self.table.find(cases)
        live = (self.table.get("state", rows) == FacilityState.OPEN) & (at < self.table.get("valid_until", rows))
        return only(rows, live), only(at, live)

    def paid(self, cases: Ints, amounts: Ints, at: Ints, out: Outbox) -> None:
        """Money has arrived under facilities, where the cases have one; what does not revolve ends with its last fen."""
        table, rows = self.table, self.table.find(cases)
        known = rows >= 0
        if not any_of(known):
            return
        rows, at = rows[known], at[known]
        np.add.at(table["paid_fen"], rows, amounts[known])
        np.maximum.at(table["idle_at"], rows, at)
        ends = (table["revolving"][rows] == 0) & (table["paid_fen"][rows] == table["amount_fen"][rows])
        self.close(rows[ends], at[ends], 0, out)

    def give_up(self, cases: Ints, amounts: Ints, at: Ints, out: Outbox) -> None:
        """Payments under way were stopped: a revolving limit gets its amount back, a staged loan or a plain one ends."""
        rows = self.table.find(cases)
        known = rows >= 0
        rows, cases, amounts, at = rows[known], cases[known], amounts[known], at[known]
        np.subtract.at(self.table["drawn_fen"], rows, amounts)
        np.maximum.at(self.table["idle_at"], rows, at)
        ends = self.table["revolving"][rows] == 0
        self.close(rows[ends], at[ends], Refusal.PAYMENT_FAILED, out)

    # notices ----------------------------------------------------------------------------------------------------------

    def restore(self, notices: Rows, out: Outbox) -> Rows:
        """PRD-09: repaid principal restores a revolving limit. Returns the notices that fit no facility."""
        table, rows = self.table, self.table.find(notices["case"])
        fits = table.get("revolving", rows) != 0
        back = np.zeros(len(table), dtype=np.int64)
        np.add.at(back, rows[fits], notices["principal_fen"][fits])
        owed = table["paid_fen"] - table["restored_fen"] - back
        fits[fits] = owed[rows[fits]] >= 0
        good, found = notices[fits], rows[fits]
        np.add.at(table["restored_fen"], found, good["principal_fen"])
        is_open = (table["state"][found] == FacilityState.OPEN) & (good["at"] < table["valid_until"][found])
        out.log(
            Event.LIMIT_RESTORED,
            good["at"][is_open],
            good["case"][is_open],
            loan=good["loan"][is_open],
            amount_fen=good["principal_fen"][is_open],
        )
        return only(notices, ~fits)

    def restrict(self, orders: Rows, out: Outbox) -> Rows:
        """PRD-09: a warning restricts use (限制用信), or lifts the restriction. Returns the orders that fit no facility."""
        rows = self.table.find(orders["case"])
        fits = rows >= 0
        good = orders[fits]
        self.table["restricted"][rows[fits]] = good["restricted"] != 0
        out.log(
            Event.LIMIT_RESTRICTED,
            good["at"],
            good["case"],
            actor=good["operator"],
            reason=good["reason"],
            value=good["restricted"],
        )
        return orders[~fits]

    def fulfil(self, answers: Rows, out: Outbox) -> tuple[Rows, Ints]:
        """APR-13: what was missing has come. Returns (answers that fit nothing, rows whose conditions are all met)."""
        rows, table = self.table.find(answers["case"]), self.table
        fits = (table.get("state", rows) == FacilityState.WAITING) & (answers["at"] < table.get("valid_until", rows))
        good, found = answers[fits], rows[fits]
        table["conditions"][found] &= ~good["conditions"]
        table["documents"][found] |= good["conditions"]
        out.log(Event.CONDITION_MET, good["at"], good["case"], actor=good["attested"], value=good["conditions"])
        return answers[~fits], found[self._free(found)]

    def guaranteed(self, reports: Rows, out: Outbox) -> tuple[Rows, Ints]:
        """DIS-02: the guarantee's formalities are done; one whose guarantee is not to be had ends. Returns (reports that fit
        nothing, rows for which nothing is open any more)."""
        rows, table = self.table.find(reports["case"]), self.table
        fits = (table.get("state", rows) == FacilityState.WAITING) & (table.get("formalities", rows) != 0)
        placed = fits & (reports["in_place"] != 0)
        failed = rows[fits & ~placed]
        out.log(
            Event.DISBURSEMENT_PRECHECK_FAILED,
            reports["at"][fits & ~placed],
            table["case"][failed],
            amount_fen=table["amount_fen"][failed],
            reason=ApprovalRefusal.GUARANTEE_MISSING,
        )
        self.close(failed, reports["at"][fits & ~placed], ApprovalRefusal.GUARANTEE_MISSING, out)
        found = rows[placed]
        table["formalities"][found] = 0
        return only(reports, ~fits), found[self._free(found)]

    def _free(self, rows: Ints) -> Bools:
        """True where neither conditions nor formalities are open."""
        return np.asarray((self.table["conditions"][rows] == 0) & (self.table["formalities"][rows] == 0))

    # time -------------------------------------------------------------------------------------------------------------

    def expire(self, window: Window, payments: Table, out: Outbox) -> None:
        """Facilities whose time is over by the window's end close; a case with one of the `payments` under way closes when its
        last one has ended."""
        table = self.table
        over = true_rows((table["valid_until"] < window.until) & (table["state"] != FacilityState.CLOSED))
        if not len(over):
            return
        busy = payments["case"][COMMITTED[payments["state"]]]
        over = over[~np.isin(table["case"][over], busy)]
        at = np.maximum(table["valid_until"][over], table["idle_at"][over])
        waited = table["state"][over] == FacilityState.WAITING
        out.log(
            Event.DISBURSEMENT_PRECHECK_FAILED,
            at[waited],
            table["case"][over[waited]],
            reason=ApprovalRefusal.APPROVAL_EXPIRED,
            amount_fen=table["amount_fen"][over[waited]],
            value=table["conditions"][over[waited]],
        )
        self.close(over, at, ApprovalRefusal.APPROVAL_EXPIRED, out)

    def due(self) -> int:
        """When the time of the next facility is over."""
        return self.table.least("valid_until", self.table["state"] != FacilityState.CLOSED)

    def close(self, rows: Ints, at: Ints, reason: int, out: Outbox) -> None:
        """Nothing more is paid under these; the event names what was never drawn."""
        if not len(rows):
            return
        table = self.table
        rows, first = np.unique(rows, return_index=True)
        at = at[first]
        was_open = (table["state"][rows] == FacilityState.OPEN) & (table["revolving"][rows] + table["staged"][rows] > 0)
        FACILITY_MOVES.to(table, rows, FacilityState.CLOSED)
        never = (table["loans"][rows] == 0) & (table["drawn_fen"][rows] == 0)
        ended = rows[never]
        reasons = np.full(len(ended), reason)
        self.end(table["case"][ended], at[never], reasons, table["amount_fen"][ended], out)
        rows = rows[was_open]
        out.log(
            Event.FACILITY_CLOSED,
            at[was_open],
            table["case"][rows],
            reason=reason,
            amount_fen=table["amount_fen"][rows] - table["drawn_fen"][rows],
        )

    def end(self, cases: Ints, at: Ints, reason: Ints, amount_fen: Ints, out: Outbox) -> None:
        """APP-18: cases of which nothing was paid, and nothing will be, are over."""
        out.log(Event.NOTHING_PAID, at, cases, reason=reason, amount_fen=amount_fen)

    def forget(self) -> None:
        """Closed facilities leave once nothing is under way and, if they revolve, all is repaid."""
        table = self.table
        settled = (table["revolving"] == 0) | (table["restored_fen"] >= table["paid_fen"])
        idle = table["drawn_fen"] == table["paid_fen"]
        table.keep(~((table["state"] == FacilityState.CLOSED) & settled & idle))
