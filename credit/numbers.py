"""Identifiers and what they mean; the only place that reckons with them. Every identifier is an int64 that says where it belongs:

branch        1 … 999, head office 0
person        branch × 10⁴ + n                 a member of staff
case          branch × 10⁹ + n                 an application, from its form to its end
customer      1, 2, 3 …                       a running number of the bank
loan          case × 100 + n, 1 … 99           a payment under the case's contract: the whole loan, a tranche, a drawdown
instalment    loan × 1,000 + n
transaction   loan × 10⁴ + n, 1 … 9,999        n = 1 the disbursement, then every movement of the loan, in turn
debit         loan × 10⁴ + n, 1 … 9,999        what an account was asked for
              10¹⁸ + branch × 10¹⁵ + day × 10⁵ + product × 100 + what, 1 … 99     a batch of a group's day
task          entity × 10⁴ + n                 of a case or loan, numbered by the room whose desk it is for
material      case × 100 + n, 1 … 63          of an application, n one more than its bit's place in `credit.codes.Material`
act           entity × 100 + n                 of a person on a case or loan
appointment   person × 10⁶ + n                 of a deputy, numbered within the absent person
group         branch × 100 + product           the loans of one product at one branch"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from credit.errors import InvariantViolation
from credit.masks import any_of
from credit.times import Bools, Ints

HEAD_OFFICE = 0
BRANCH_MAX = 999
PRODUCT_MAX = 99
LOANS_MAX = 99
"""Loans of one case."""
PEOPLE_PER_BRANCH = 1_000_000
PEOPLE_PER_DESK = 10_000
PEOPLE_MAX = PEOPLE_PER_DESK - 1
"""People of one desk at one branch."""
NUMBERS_A_BRANCH = 10**9
_LOAN = 100
_GROUP = 100
_INSTALMENT = 1_000
INSTALMENTS_MAX = _INSTALMENT - 1
"""Instalments of one loan."""
_TRANSACTION = 10_000
TRANSACTIONS_MAX = _TRANSACTION - 1
"""Transactions of one loan."""
DISBURSEMENT = 1
"""The first transaction of every loan: its payment (DIS-15)."""
_LOANS_A_BRANCH = NUMBERS_A_BRANCH * _LOAN
_TRANSACTIONS_A_BRANCH = _LOANS_A_BRANCH * _TRANSACTION
_APPOINTMENT = 1_000_000
_TASK, _NODES, _BALLOT = 10_000, 10, 1_000
_ACT = 100
_MATERIAL = 100
FIRST_BATCH = 1_000 * _TRANSACTIONS_A_BRANCH
"""Batches of groups are numbered from here on, loans' transactions below."""
_BATCH_DAY, _BATCH_PRODUCT = 100_000, 100


def branch_of(rows: npt.NDArray[np.void]) -> Ints:
    """The branch of each row, from its `branch` column or from the number it carries (case, loan …). Raises
    ValueError for rows that carry neither."""
    names: tuple[Any, ...] = rows.dtype.names or ()
    if "branch" in names:
        return rows["branch"]
    for name, belongs_to in _BRANCHES.items():
        if name in names:
            return belongs_to(rows[name])
    raise ValueError(f"rows with the columns {', '.join(names)} do not say which branch they belong to")


def numbered(branch: Ints, number: Ints) -> Ints:
    """Case numbers of branches."""
    return branch * NUMBERS_A_BRANCH + number


def branch_of_case(case: Ints) -> Ints:
    """The branch of cases."""
    return case // NUMBERS_A_BRANCH


def branch_of_loan(loan: Ints) -> Ints:
    """The branch of loans."""
    return loan // _LOANS_A_BRANCH


def person_of(branch: int, desk: int, number: int) -> int:
    """The `number`-th member of staff, from 1, of a desk at a branch (0 = head office); ValueError beyond `PEOPLE_MAX`."""
    if not 1 <= number <= PEOPLE_MAX:
        raise ValueError(f"branch {branch}, desk {desk}: people are numbered 1 to {PEOPLE_MAX}, asked for {number}")
    return branch * PEOPLE_PER_BRANCH + desk * PEOPLE_PER_DESK + number


def branch_of_person(person: npt.ArrayLike) -> Ints:
    """The branch of members of staff."""
    return np.asarray(person, dtype=np.int64) // PEOPLE_PER_BRANCH


def branch_of_transaction(transaction: Ints) -> Ints:
    """The branch whose books a transaction belongs to; −1 for a number that is none."""
    branch = transaction % FIRST_BATCH // _TRANSACTIONS_A_BRANCH
    return np.where((transaction > 0) & (transaction < 2 * FIRST_BATCH), branch, -1)


def case_of(loan: Ints) -> Ints:
    """The case of each loan."""
    return loan // _LOAN


def loan_of(case: Ints, number: Ints | int) -> Ints:
    """The loan that is a case's first, second … payment. InvariantViolation where a case has no number for one more."""
    if any_of(over := np.asarray(number) > LOANS_MAX):
        first = int(case[np.broadcast_to(over, np.shape(case))][0])
        raise InvariantViolation(f"case {first} has had {LOANS_MAX} loans and has no number for more")
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


def transaction_of(loan: Ints, number: Ints | int) -> Ints:
    """A loan's first, second … transaction, for ever. InvariantViolation where a loan has had all that it has numbers for."""
    return _numbered_in(loan, number, "transactions")


def debit_of(loan: Ints, number: Ints) -> Ints:
    """A loan's first, second … debit. InvariantViolation where a loan has been asked for all that it has numbers for."""
    return _numbered_in(loan, number, "debits")


def _numbered_in(loan: Ints, number: Ints | int, what: str) -> Ints:
    if any_of(over := np.asarray(number) > TRANSACTIONS_MAX):
        first = int(loan[np.broadcast_to(over, np.shape(loan))][0])
        raise InvariantViolation(f"loan {first} has had {TRANSACTIONS_MAX:,} {what} and has no number for more")
    return np.asarray(loan * _TRANSACTION + number)


def batch_transaction(group: Ints, day: int, what: int) -> Ints:
    """The number of a group's batch of a day; above every loan's own numbers."""
    branch, product = branch_and_product(group)
    place = day * _BATCH_DAY + product * _BATCH_PRODUCT + what
    return np.asarray(FIRST_BATCH + branch * _TRANSACTIONS_A_BRANCH + place)


def is_batch(transaction: Ints) -> Bools:
    """True for batches of groups, false for transactions of loans."""
    return np.asarray(transaction >= FIRST_BATCH)


def place_in_loan(transaction: Ints) -> tuple[Ints, Ints]:
    """(loan, which of its transactions it is) of loans' transactions."""
    return np.divmod(transaction, _TRANSACTION)


def place_in_group(transaction: Ints) -> tuple[Ints, Ints]:
    """(group, a number that rises from one of its batches to the next) of batches."""
    branch, place = np.divmod(transaction - FIRST_BATCH, _TRANSACTIONS_A_BRANCH)
    day, rest = np.divmod(place, _BATCH_DAY)
    product, what = np.divmod(rest, _BATCH_PRODUCT)
    return group_of(branch, product), day * _BATCH_PRODUCT + what


def task_of(entity: Ints, occasion: Ints | int) -> Ints:
    """The number of a task about a case or loan; a room counts its occasions, or takes the day (`occasion_of_day`)."""
    wrong = (np.asarray(occasion) < 0) | (np.asarray(occasion) >= _TASK)
    if any_of(wrong):
        raise ValueError(f"occasions of tasks are numbered 0 … {_TASK - 1}, got {np.asarray(occasion)[wrong][:1]}")
    return np.asarray(entity * _TASK + occasion)


def entity_of_task(task: Ints) -> Ints:
    """The case or loan that a task is about."""
    return task // _TASK


def occasion_of_task(task: Ints) -> Ints:
    """The how-manieth occasion of its case or loan a task is."""
    return task % _TASK


def occasion_of(round_: Ints, node: Ints, ballot: Ints | int = 0) -> Ints:
    """A case's tasks at approval: one a round and node, or, where several vote, one a `ballot` (from 0, at most nine)."""
    return np.asarray(ballot * _BALLOT + round_ * _NODES + node)


def node_of(task: Ints) -> Ints:
    """The node that a task at approval is of."""
    return np.asarray(task % _NODES)


def ballot_of(task: Ints) -> Ints:
    """Which of the ballots of its round and node a task at approval is, from 0."""
    return np.asarray(task % _TASK // _BALLOT)


def occasion_of_day(day: Ints, nth: Ints | int = 0, most: int = 1) -> Ints:
    """The occasion of a task where an entity has at most `most` a day, this one the `nth` (from 0). It comes again after
    10,000 ÷ `most` days, when nobody remembers."""
    return np.asarray(day % (_TASK // most) * most + nth)


def material_of(case: Ints, material: Ints) -> Ints:
    """The number of a case's material, of which `material` is the one bit."""
    return np.asarray(case * _MATERIAL + np.bitwise_count(material - 1) + 1)


def paper_of(case: Ints, kind: Ints | int, nth: Ints) -> Ints:
    """The number of a case's paper from due diligence: the how-manieth of its kind."""
    return np.asarray(case * _MATERIAL + kind * 10 + nth)


def act_of(entity: Ints, number: Ints | int) -> Ints:
    """The number of an act on a case or loan."""
    return np.asarray(entity * _ACT + number)


def appointment_of(person: int, number: int) -> int:
    """The number of a deputy's appointment, within the absent person, so that shards never share one."""
    return person * _APPOINTMENT + number


_BRANCHES: dict[str, Callable[[Ints], Ints]] = {
    "case": branch_of_case,
    "loan": branch_of_loan,
    "transaction": branch_of_transaction,
    "person": branch_of_person,
    "group": lambda group: branch_and_product(group)[0],
}
"""The columns that say which branch a row belongs to, the first that is there counts."""
