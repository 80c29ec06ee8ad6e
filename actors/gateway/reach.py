"""Whose data a caller reaches (数据权限, SEC-02, SEC-10), decided here and nowhere else. Staff reach their branch, or all
branches where a post says so; customers and systems the cases that they hold (`actors.identity.holdings`), and customers their
own file. Loans, contracts, payments, vouchers, materials and tasks are a case's.

Every endpoint whose path names a case, a loan, a task or a customer has it decided by `actors.gateway.login.needs`; one that
lists something asks `reach_of`. What is somebody else's is answered as what does not exist, so nobody learns that it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from starlette.requests import Request

from actors.gateway.bank import Bank, absent, case_of_loan
from actors.gateway.problems import Problem
from actors.gateway.worklists import LISTS
from actors.identity.caller import Caller
from actors.identity.service import Identity
from credit.customers.contract import Event
from credit.numbers import branch_of_case
from credit.policies.posts import PERMISSIONS
from credit.times import Bools, Ints

OWNED = ("case", "loan", "task", "customer")
"""Names in paths that stand for somebody's data."""
_DIGITS = 19


@dataclass(frozen=True)
class Reach:
    """What a caller reaches with a permission."""

    identity: Identity
    caller: Caller
    everything: bool
    """Staff whose post reaches all branches."""

    def case(self, case: int) -> bool:
        """Whether a case is within it."""
        if self.caller.kind == "staff":
            return self.everything or int(branch_of_case(np.int64(case))) == self.caller.branch  # type: ignore[arg-type]
        return self.identity.holdings.holds(self.caller.subject, case)

    def branches(self, branch: Ints) -> Bools:
        """Which rows' branches are within it; for staff."""
        return np.asarray((branch == self.caller.branch) | self.everything)

    async def customer(self, bank: Bank, customer: int) -> bool:
        """Whether a customer's file is within it. Customers are the whole bank's, so all staff who may see any see this one."""
        if self.caller.kind == "staff":
            return True
        if self.caller.kind == "customer":
            account = self.identity.accounts.find(self.caller.subject)
            return account is not None and account.party == customer
        return any(self.case(case) for case in await bank.cases_of(customer))


def reach_of(identity: Identity, caller: Caller, permission: str) -> Reach:
    """What a caller reaches with a permission."""
    scope = identity.posts.reach(caller.posts, permission) if caller.kind == "staff" else ""
    return Reach(identity, caller, scope == "all_branches")


async def prove_reach(request: Request, caller: Caller, permission: str) -> None:
    """Problem 404 where the path names what is beyond the caller's reach, 403 where a customer has to prove first who he is."""
    identity: Identity = request.app.state.identity
    if not is_proven(identity, caller) and permission not in identity.posts.policy.provisional:
        raise Problem(
            403,
            "Forbidden",
            f"needs an account that is proven ({PERMISSIONS[permission].en}): show your ID card at a counter, and give the code "
            "from there to POST /v1/binding",
            permission=permission,
            detail_zh="请先携带身份证到网点核验身份并绑定客户号，再办理此项业务",
        )
    reach = reach_of(identity, caller, permission)
    for name in OWNED:
        text = request.path_params.get(name)
        if text is not None and not await _within(reach, request, name, text):
            raise absent(name, text)


async def _within(reach: Reach, request: Request, name: str, text: str) -> bool:
    if name == "task":
        case = LISTS.case_in(text)
        return case is None or reach.case(case)
    if not (text.isascii() and text.isdecimal() and len(text) < _DIGITS):
        return True  # no number that anything has, which the endpoint says itself
    if name == "customer":
        return await reach.customer(request.app.state.bank, int(text))
    return reach.case(case_of_loan(int(text)) if name == "loan" else int(text))


OF_THE_FILE = tuple(int(one) for one in (Event.CUSTOMER_CREATED, Event.NAME_CHANGED, Event.NAME_DIFFERS))
"""Events that tell, by coming or by staying away, whether the bank had a file of somebody and what it says: who has not proved
who he is may have given another's ID number, and hears of none of them."""


def is_proven(identity: Identity, caller: Caller) -> bool:
    """Whether it is certain who calls: a customer was seen with his ID card, everybody else was given his account."""
    return caller.kind != "customer" or identity.accounts.is_proven(caller.subject)


def prove_own_form(identity: Identity, caller: Caller, id_number: str, credit_code: str) -> None:
    """Problem 422 where a customer applies for somebody else, or the account of one company for another."""
    own = [one for one in (id_number, credit_code) if one]
    if caller.kind == "customer" and not any(identity.accounts.belongs_to(caller.subject, one) for one in own):
        raise Problem(
            422,
            "Refused",
            "id_number: a customer applies for himself alone; give the number that you registered with",
            field="id_number",
            detail_zh="客户只能为本人申请",
        )


def handed_in(identity: Identity, callers: Sequence[Caller], cases: Sequence[int], id_numbers: Sequence[str]) -> None:
    """Writes down who holds cases that were just taken, each with its ID number: who handed it in, and the customer whose account
    is bound to the bank's file of him."""
    bound = identity.accounts.bound_to(id_numbers)
    held = [(case, bound[one]) for case, one in zip(cases, id_numbers, strict=True) if one in bound]
    held += [(case, one.subject) for case, one in zip(cases, callers, strict=True) if one.kind != "staff"]
    identity.holdings.add(held)
