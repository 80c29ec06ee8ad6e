"""The ledger's state and its window: postings in, books kept, every loan proved. A transaction enters whole or not at all; what
does not add up is refused and named, so the books always balance and `check` says what was wrong."""

from __future__ import annotations

import numpy as np

from credit.ledger import invariants
from credit.ledger.contract import TOTALS, BookTotal, Event, Gauge, LoanBalance, Posting, room
from credit.ledger.rules import newest, repeated, sums_by_loan, transactions_of
from credit.ledger.states import states_of
from credit.mail import Outbox
from credit.masks import any_of
from credit.numbers import branch_of_transaction, is_batch, place_in_group, place_in_loan
from credit.policies.ledger import BY_LOAN, BY_TOTAL, LedgerPolicy
from credit.policies.loading import load
from credit.room import Rows
from credit.rows import only
from credit.subsystem import PLAIN, Setting, State, Subsystem, Takes
from credit.table import Table
from credit.times import NEVER, Bools, Ints

CLOSING_DTYPE = np.dtype(
    [(name, "i8") for name in ("branch", "account", "balance_fen", "debit_fen", "credit_fen", "postings")]
)
"""One row a branch and account with postings: closing balance (debit positive), total debits, credits (positive), postings."""

_SIDES = {"debit": 1, "credit": -1, "either": 0}
_ACCOUNT_BOUND = 10_000
_VIOLATIONS_MAX = 100


class LedgerSubsystem(Subsystem):
    """State: the balances of every loan, and the books by branch and account."""

    room = room
    HANDLERS = (Takes(Posting, "posted"), Takes(LoanBalance, "reported"), Takes(BookTotal, "totalled"))

    def __init__(self, policy: LedgerPolicy) -> None:
        super().__init__()
        self.policy = policy
        self._names = tuple(row.key for row in policy.accounts)
        self._numbers = np.array([row.number for row in policy.accounts], dtype=np.int64)
        self._sides = np.array([_SIDES[row.side] for row in policy.accounts], dtype=np.int64)
        self._index = np.full(_ACCOUNT_BOUND, -1, dtype=np.int64)
        self._index[self._numbers] = np.arange(len(self._numbers))
        self._slot = np.full(len(self._numbers), -1, dtype=np.int64)
        self._slot[[self._names.index(name) for name in BY_LOAN]] = np.arange(len(BY_LOAN))
        self._totals = list(zip((*BY_TOTAL, *BY_LOAN), TOTALS.split(), strict=True))
        """Accounts that the book proves, and the columns of its totals."""
        self._loans, self._batches = self.tables["loans"], self.tables["batches"]
        self._start_over()

    @classmethod
    def build(cls, setting: Setting = PLAIN) -> LedgerSubsystem:
        """The ledger with the packaged chart of accounts, and a scenario's overrides laid over it."""
        return cls(load("ledger", LedgerPolicy, setting.overrides))

    def _start_over(self) -> None:
        self._books = np.zeros((0, len(self._numbers), 3), dtype=np.int64)  # debits, credits, count by branch, account
        self._violations: list[str] = []
        self._posted: list[Ints] = []
        self._reported: list[Ints] = []
        self._totals_seen = False

    # ---- the window

    def begin(self, out: Outbox) -> None:  # noqa: ARG002
        """Nothing has been posted or reported yet."""
        self._posted, self._reported, self._totals_seen = [], [], False

    def posted(self, rows: Rows, out: Outbox) -> None:  # noqa: ARG002
        """Enters every sound transaction."""
        sound = only(rows, self._sound(rows))
        account, amount = self._index[sound["account"]], sound["amount_fen"]
        self._enter(branch_of_transaction(sound["transaction"]), account, amount)
        slot = self._slot[account]
        kept = slot >= 0
        loans, sums = sums_by_loan(sound["loan"][kept], slot[kept], amount[kept], len(BY_LOAN))
        self._add(loans, sums)
        self._number(sound["transaction"])
        self._posted.append(loans)

    def reported(self, rows: Rows, out: Outbox) -> None:  # noqa: ARG002
        """Proves the loans: each has in the books what it says itself."""
        latest = newest(rows, "loan")
        self._say(invariants.ledger_against_loans(latest, self.loan_balances(latest["loan"])))
        self._reported.append(latest["loan"])

    def totalled(self, totals: Rows, out: Outbox) -> None:  # noqa: ARG002
        """Proves accrued interest, and the accounts kept by loan, of every branch: no loan has got lost from the book."""
        self._totals_seen = True
        latest = totals[totals["at"] == totals["at"].max()]
        self._grow(int(latest["branch"].max()))
        for account, name in self._totals:
            total = np.zeros(len(self._books), dtype=np.int64)
            np.add.at(total, latest["branch"], latest[name])
            self._say(invariants.accounts_against_book(account, self._by_branch(account), total))

    def end(self, out: Outbox) -> None:  # noqa: ARG002
        """Every loan that was posted to has reported."""
        if self._posted:
            self._say(invariants.unreported(_distinct(self._posted), _distinct(self._reported)))

    def end_day(self, out: Outbox) -> None:
        """The trial balance (试算平衡) is drawn."""
        balances, last = self.balances(), self.window.until - 1
        self._say(invariants.trial_balance(balances))
        self._say(invariants.wrong_side(self._names, balances, self._sides))
        if not self._totals_seen and any_of(self._by_branch("interest_accrued") != 0):
            self._say(["repayment did not report the totals of its book (BookTotal) at the day's end"])
        out.log(Event.TRIAL_BALANCED, last, 0, amount_fen=int(balances.sum()), value=int(self._postings().sum()))

    def measure(self, until: int, out: Outbox) -> None:
        """Balance of each account, and its postings."""
        said = {"count": self._postings(), "amount_fen": self.balances()}
        out.measure(Gauge.TRIAL_BALANCE, until - 1, group=self._numbers, **said)

    def _postings(self) -> Ints:
        count: Ints = self._books[:, :, 2].sum(axis=0)
        return count

    def due(self) -> int:
        return NEVER

    def violations(self) -> list[str]:
        """What was wrong since the start, and whether the loans still sum to their accounts."""
        kept = np.array([int(self._loans[name].sum()) for name in BY_LOAN], dtype=np.int64)
        accounts = np.zeros(len(BY_LOAN), dtype=np.int64)
        by_loan = self._slot >= 0
        accounts[self._slot[by_loan]] = self.balances()[by_loan]
        return self._violations + invariants.loans_against_accounts(BY_LOAN, kept, accounts)

    def export_state(self) -> State:
        """The tables, and ``accounts``: the books by branch and account."""
        return super().export_state() | {"accounts": self.closing_balances()}

    def import_state(self, state: State) -> None:
        """Replaces everything by exported state."""
        self._start_over()
        super().import_state(state)
        rows = state["accounts"]
        if len(rows):
            self._grow(int(rows["branch"].max()))
        place = (rows["branch"], self._index[rows["account"]])
        for column, name in enumerate(("debit_fen", "credit_fen", "postings")):
            self._books[(*place, column)] = rows[name]

    # ---- for reports

    def balances(self) -> Ints:
        """Balance of each account of the chart, in its order, debit positive, fen."""
        return np.asarray((self._books[:, :, 0] - self._books[:, :, 1]).sum(axis=0))

    def closing_balances(self) -> Rows:
        """Rows of `CLOSING_DTYPE` for every branch and account with postings, in order."""
        branch, account = np.nonzero(self._books[:, :, 2])
        rows = np.zeros(len(branch), dtype=CLOSING_DTYPE)
        debit, credit, count = self._books[branch, account].T
        rows["branch"], rows["account"] = branch, self._numbers[account]
        rows["balance_fen"], rows["debit_fen"], rows["credit_fen"], rows["postings"] = (
            debit - credit,
            debit,
            credit,
            count,
        )
        return rows[np.lexsort((rows["account"], rows["branch"]))]

    def loan_balances(self, loans: Ints) -> Ints:
        """Balances of loans, shape (loans, 4) in the order of `BY_LOAN`; zeros for settled and unknown ones."""
        return self._balances_at(self._loans.find(loans))

    # ---- posting

    def _sound(self, postings: Rows) -> Bools:
        """True for postings of transactions that balance, name known accounts, and a loan where one is needed."""
        accounts = postings["account"]
        inside = (accounts >= 0) & (accounts < _ACCOUNT_BOUND)
        index = self._index[np.where(inside, accounts, 0)]
        unknown = index < 0
        orphan = ~unknown & (self._slot[index] >= 0) & (postings["loan"] <= 0)
        branch = branch_of_transaction(postings["transaction"])
        stray = branch < 0
        transactions = transactions_of(postings)
        before = repeated(transactions.number) | self._numbered(transactions.number)
        bad = (transactions.total_fen != 0) | before
        wrong = unknown | orphan | stray
        if any_of(bad) or any_of(wrong):
            self._say(invariants.unknown_accounts(postings, unknown))
            self._say(invariants.without_loan(postings, orphan))
            self._say(invariants.unknown_branches(postings, stray))
            self._say(invariants.unbalanced(postings, transactions))
            self._say(invariants.numbers_used_before(postings, transactions, before))
            bad |= np.logical_or.reduceat(wrong, transactions.first)
        return np.asarray(~bad[transactions.of_posting])

    def _enter(self, branch: Ints, account: Ints, amount: Ints) -> None:
        self._grow(int(branch.max(initial=0)))
        place = branch * len(self._numbers) + account
        books = self._books.reshape(-1, 3)
        for column, values in enumerate((np.maximum(amount, 0), np.maximum(-amount, 0), np.ones_like(amount))):
            sums = np.zeros(len(books), dtype=np.int64)
            np.add.at(sums, place, values)
            books[:, column] += sums

    def _grow(self, branch: int) -> None:
        short = branch + 1 - len(self._books)
        if short > 0:
            self._books = np.concatenate([self._books, np.zeros((short, *self._books.shape[1:]), dtype=np.int64)])

    def _add(self, loans: Ints, sums: Ints) -> None:
        rows = _rows_of(self._loans, loans)
        before = self._balances_at(rows)
        self._loans.add(rows, **{name: sums[:, slot] for slot, name in enumerate(BY_LOAN)})
        after = before + sums
        self._say(invariants.impossible_balances(loans, states_of(before), states_of(after), after))

    def _numbered(self, transactions: Ints) -> Bools:
        """True where a loan or a group has had this transaction, or a later one."""
        loans, nth = place_in_loan(transactions)
        before: Bools = nth <= self._loans.get("last", self._loans.find(loans))
        batch = is_batch(transactions)
        if any_of(batch):
            groups, nth = place_in_group(transactions[batch])
            before[batch] = nth <= self._batches.get("last", self._batches.find(groups))
        return before

    def _number(self, transactions: Ints) -> None:
        """Keeps the last transaction of every loan and group."""
        batch = is_batch(transactions)
        for table, mine, place in ((self._loans, ~batch, place_in_loan), (self._batches, batch, place_in_group)):
            if not any_of(mine):
                continue
            ids, last = place(transactions[mine])
            order = np.lexsort((last, ids))
            ordered, final = ids[order], np.ones(len(ids), dtype=bool)
            final[:-1] = ordered[1:] != ordered[:-1]
            rows = _rows_of(table, ordered[final])
            table.put(rows, last=np.maximum(table["last"][rows], last[order[final]]))

    def _balances_at(self, rows: Ints) -> Ints:
        """Balances of loan rows, zeros where the row is −1."""
        return np.array([self._loans.get(name, rows) for name in BY_LOAN]).T

    def _by_branch(self, account: str) -> Ints:
        debit, credit, _ = self._books[:, self._names.index(account)].T
        return np.asarray(debit - credit)

    def _say(self, found: list[str]) -> None:
        self._violations.extend(found[: _VIOLATIONS_MAX - len(self._violations)])


def _distinct(parts: list[Ints]) -> Ints:
    return np.unique(np.concatenate(parts)) if parts else np.zeros(0, dtype=np.int64)


def _rows_of(table: Table, ids: Ints) -> Ints:
    """Row numbers of distinct ids; new ones are added."""
    rows = table.find(ids)
    new = rows < 0
    if any_of(new):
        rows[new] = table.append(None, int(np.count_nonzero(new)), **{table.key: ids[new]})
    return rows


build = LedgerSubsystem.build
