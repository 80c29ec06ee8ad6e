"""What is asked at a bank's door before anybody comes: who isn't let in, and how many branches there are."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from loadtests.accounts import Account, Accounts
from loadtests.client import Client
from loadtests.door import NotLetIn, branches_of
from tests.loadtests.stub import Stub, serving

SYSTEM = Account("load", "told")
CLOSED = Stub(token="abc", secret="told", passwords={"930001": "first"})


def asked(stub: Stub, known: Accounts, wanted: int = 0) -> int:
    with serving(stub):
        client = Client(stub.url)
        try:
            return branches_of(client, known, wanted)
        finally:
            client.close()


@pytest.mark.parametrize("wanted", [0, 1, 4])
def test_as_many_branches_are_used_as_are_wanted_or_as_the_bank_has(wanted: int) -> None:
    assert asked(Stub(branches=4), Accounts(), wanted) == (wanted or 4)


def test_a_bank_that_tells_no_number_is_given_one() -> None:
    assert asked(Stub(branches=None), Accounts(), 8) == 8
    with pytest.raises(NotLetIn, match="does not say how many branches"):
        asked(Stub(branches=None), Accounts())


def test_more_branches_than_the_bank_has_are_refused() -> None:
    with pytest.raises(NotLetIn, match=re.escape("--branches 5: the bank has 4 (give 1 to 4,")):
        asked(Stub(branches=4), Accounts(), 5)


@pytest.mark.parametrize(
    ("known", "says"),
    [
        (Accounts(), "lets nobody in without an account"),
        (Accounts({"load": Account("load", "wrong")}), "does not let load in"),
        (Accounts(people=[Account("930001", "wrong")]), "does not let 930001 in"),
    ],
)
def test_who_is_not_let_in_is_told_before_anybody_comes(known: Accounts, says: str) -> None:
    with pytest.raises(NotLetIn, match=says):
        asked(replace(CLOSED), known)


@pytest.mark.parametrize("known", [Accounts({"load": SYSTEM}), Accounts(people=[Account("930001", "first")])])
def test_systems_ask_and_staff_where_there_is_none(known: Accounts) -> None:
    assert asked(replace(CLOSED, passwords=dict(CLOSED.passwords)), known) == 4
