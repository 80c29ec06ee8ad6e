"""What must hold of customers whatever the mail: every form has exactly one fate, every person one number, and nothing waits past
its time. A violation names the branch, customer or case it was found on."""

from __future__ import annotations

import numpy as np

from credit.customers.register import Register
from credit.customers.states import CustomerState
from credit.masks import true_rows
from credit.policies.products import ProductColumns
from credit.room import Rows
from credit.table import Table
from credit.tally import Tally
from credit.times import Bools, Ints


def violations(tally: Tally, register: Register, pending: Table, waiting: Table, until: int) -> list[str]:
    """All violated invariants at a window's end `until`; empty = fine."""
    return [
        *forms_are_conserved(tally, pending, waiting),
        *customers_are_numbered(register),
        *customers_have_a_state(register),
        *nobody_waits_past("deadline", pending, until),
        *nobody_waits_past("expires_at", waiting, until),
        *pending_cases_have_a_customer(register, pending),
    ]


def forms_are_conserved(tally: Tally, pending: Table, waiting: Table) -> list[str]:
    """forms = refused + declined + intercepted + accepted + in review + waiting for materials, in each branch."""
    rest = np.concatenate((pending["branch"], waiting["branch"]))
    found = tally.imbalances("forms", "refused declined intercepted accepted", rest)
    return [f"branch {branch}: {forms} forms but {fates} fates" for branch, forms, fates in found]


def customers_are_numbered(register: Register) -> list[str]:
    """Numbers run from 1 without a gap, and each key has its own (CUS-10)."""
    customers, people = np.sort(register.customers["customer"]), np.sort(register.people["customer"])
    found = []
    if not np.array_equal(customers, np.arange(1, len(customers) + 1)):
        found.append(f"{len(customers)} customers, the last of number {int(customers.max(initial=0))}")
    if not np.array_equal(customers, people):
        found.append(f"{len(people)} people but {len(customers)} customers in the register")
    return found


def customers_have_a_state(register: Register) -> list[str]:
    """A customer is potential or formal (CUS-11)."""
    state = register.customers["state"]
    bad = (state != CustomerState.POTENTIAL) & (state != CustomerState.FORMAL)
    return [f"customer {c}: state {s} is none" for c, s in _where(bad, register.customers["customer"], state)]


def nobody_waits_past(name: str, cases: Table, until: int) -> list[str]:
    """A case whose list query has run out of time was decided by the bank's own copy (EXT-07); one whose materials have not come
    in time was closed. `name`: the column that holds the limit."""
    late = _where(cases[name] < until, cases["case"], cases[name])
    return [f"case {case}: waits past its {name} {limit}" for case, limit in late]


def files_within(files: Table, each: int, together: int) -> list[str]:
    """APP-11, APP-12: no file, and no case's files together, are larger than the bank takes; bytes."""
    cases, of = np.unique(files["case"], return_inverse=True)
    totals = np.zeros(len(cases), dtype=np.int64)
    np.add.at(totals, of, files["size"])
    large = _where((files["size"] < 1) | (files["size"] > each), files["case"], files["size"])
    found = [f"case {case}: a file of {size} bytes" for case, size in large]
    return found + [f"case {case}: files of {size} bytes" for case, size in _where(totals > together, cases, totals)]


def were_complete(forms: Rows, products: ProductColumns) -> list[str]:
    """APP-10: what was handed in had every material that may not follow later."""
    must = products.required[forms["product"], forms["segment"]] & ~products.conditional[forms["product"]]
    lacking = must & ~forms["documents"]
    return [
        f"case {case}: handed in without materials {bits}"
        for case, bits in _where(lacking != 0, forms["case"], lacking)
    ]


def pending_cases_have_a_customer(register: Register, pending: Table) -> list[str]:
    """A case in review belongs to a registered customer."""
    customer, case = pending["customer"], pending["case"]
    bad = register.customers.find(customer) < 0
    return [f"case {c}: customer {n} is not in the register" for c, n in _where(bad, case, customer)]


def _where(bad: Bools, *columns: Ints) -> list[tuple[int, ...]]:
    rows = true_rows(bad)[:20]
    return [tuple(int(column[row]) for column in columns) for row in rows]
