"""Identifiers and what they mean; the only place that reckons with them. Every identifier is an int64 that says where it belongs:

branch        1 … 999, head office 0
person        branch × 10⁴ + n                 a member of staff
case          branch × 10⁹ + n                 an application, from its form to its end
customer      branch × 10⁹ + n
loan          case × 100 + n, 1 … 99           a payment under the case's contract: the whole loan, a tranche, a drawdown
instalment    loan × 1,000 + n
transaction   loan × 100 + n                   n = 1 the disbursement, 50 … 99 movements of the loan
              branch × 10¹³ + 9 × 10¹² + …     a branch's batch of a day
group         branch × 100 + product           the loans of one product at one branch"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from credit.times import Ints

HEAD_OFFICE = 0
BRANCH_MAX = 999
LOANS_MAX = 99
"""Loans of one case."""
PEOPLE_PER_BRANCH = 10_000
NUMBERS_A_BRANCH = 10**9
_LOAN = 100
_GROUP = 100
_INSTALMENT = 1_000
_TRANSACTION = 100
_LOANS_A_BRANCH = NUMBERS_A_BRANCH * _LOAN
_TRANSACTIONS_A_BRANCH = _LOANS_A_BRANCH * _TRANSACTION
_RUNS, _FIRST_RUN = 50, 50
_BATCHES_FROM = 9 * 10**12

_BRANCH_UNIT = {
    "case": NUMBERS_A_BRANCH,
    "customer": NUMBERS_A_BRANCH,
    "loan": _LOANS_A_BRANCH,
    "transaction": _TRANSACTIONS_A_BRANCH,
    "person": PEOPLE_PER_BRANCH,
    "group": _GROUP,
}


def branch_of(rows: npt.NDArray[np.void]) -> Ints:
    """The branch of each row, from its `branch` column or from the number it carries (case, loan, customer …). Raises
    ValueError for rows that carry neither."""
    names: tuple[Any, ...] = rows.dtype.names or ()
    if "branch" in names:
        return rows["branch"]
    for name, unit in _BRANCH_UNIT.items():
        if name in names:
            return rows[name] // unit
    raise ValueError(f"rows with the columns {', '.join(names)} do not say which branch they belong to")


def numbered(branch: Ints, number: Ints) -> Ints:
    """Case or customer numbers of branches."""
    return branch * NUMBERS_A_BRANCH + number


def branch_of_case(case: Ints) -> Ints:
    """The branch of cases or customers."""
    return case // NUMBERS_A_BRANCH


def branch_of_loan(loan: Ints) -> Ints:
    """The branch of loans."""
    return loan // _LOANS_A_BRANCH


def branch_of_person(person: npt.ArrayLike) -> Ints:
    """The branch of members of staff."""
    return np.asarray(person, dtype=np.int64) // PEOPLE_PER_BRANCH


def branch_of_transaction(transaction: Ints) -> Ints:
    """The branch whose books a transaction belongs to."""
    return transaction // _TRANSACTIONS_A_BRANCH


def case_of(loan: Ints) -> Ints:
    """The case of each loan."""
    return loan // _LOAN


def loan_of(case: Ints, number: Ints | int) -> Ints:
    """The loan that is a case's first, second … payment."""
    return np.asarray(case * _LOAN + number)


def place_in_case(loan: Ints) -> Ints:
    """Which payment of its case a loan is, from 1."""
    return loan % _LOAN


def instalment_of(loan: Ints, number: Ints) -> Ints:
    """The identifier of a loan's instalment."""
    return loan * _INSTALMENT + number


def instalment_number(instalment: Ints) -> Ints:
    """Which instalment of its loan it is."""
    return instalment % _INSTALMENT


def group_of(branch: Ints, product: Ints) -> Ints:
    """The loans of a product at a branch."""
    return branch * _GROUP + product


def branch_and_product(group: Ints) -> tuple[Ints, Ints]:
    """What a group is made of."""
    return np.divmod(group, _GROUP)


GROUPS = (BRANCH_MAX + 1) * _GROUP
"""Every group lies below."""


def disbursement_transaction(loan: Ints) -> Ints:
    """The number of a loan's payment, for its whole life (DIS-15)."""
    return np.asarray(loan * _TRANSACTION + 1)


def next_run(run: Ints) -> Ints:
    """The run after a loan's last movement."""
    return (run + 1) % _RUNS


def movement_transaction(loan: Ints, run: Ints) -> Ints:
    """The number of a loan's movement of a run."""
    return np.asarray(loan * _TRANSACTION + _FIRST_RUN + run)


def batch_transaction(group: Ints, day: int, what: int) -> Ints:
    """The number of a group's batch of a day; above every loan's own numbers of the branch."""
    branch, product = branch_and_product(group)
    return np.asarray(branch * _TRANSACTIONS_A_BRANCH + _BATCHES_FROM + day * 10_000 + product * 100 + what)
