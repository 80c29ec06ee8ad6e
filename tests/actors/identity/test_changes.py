"""Changes of accounts need two people of the right tier, and keep what stood there before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from actors.identity.accounts import Accounts
from actors.identity.errors import IdentityError, NotAllowed, SignInRefused
from actors.identity.service import Identity
from credit.times import DAY_MS
from tests.actors.identity.builders import (
    APPROVAL,
    APPROVER,
    OPERATOR,
    PASSWORD,
    REVIEWER,
    START,
    SYSTEM,
    a_bank,
    a_customer,
    settled,
)

BUSINESS = ("staff:920001", "staff:920002")
AUDITOR = "staff:710001"


@pytest.fixture
def bank(tmp_path: Path) -> Identity:
    return a_bank(tmp_path)


def propose(
    bank: Identity, change: str = "posts", target: str = APPROVER, value: Any = (), by: str = APPROVAL[0]
) -> int:
    return bank.changes.propose(by, change, target, list(value) if isinstance(value, tuple) else value, START).number


def test_a_change_waits_for_its_second_person_and_keeps_both_values(bank: Identity) -> None:
    number = propose(bank, value=("risk_specialist", "risk_specialist"))
    assert bank.accounts.get(APPROVER).posts == ("initial_approver",)
    confirmed, secret = bank.changes.confirm(APPROVAL[1], number, START + 1)
    assert bank.accounts.get(APPROVER).posts == ("risk_specialist",)
    assert (confirmed.before, confirmed.after, secret) == (["initial_approver"], ["risk_specialist"], "")
    assert (confirmed.made_by, confirmed.made_at) == (APPROVAL[0], START)
    assert (confirmed.decided_by, confirmed.decided_at, confirmed.state) == (APPROVAL[1], START + 1, "confirmed")
    assert bank.changes.all() == [confirmed]
    assert bank.changes.all("open") == bank.changes.all(after=number) == []


def test_whoever_proposed_does_not_confirm(bank: Identity) -> None:
    number = propose(bank, value=("risk_specialist",))
    with pytest.raises(NotAllowed, match="needs a second person"):
        bank.changes.confirm(APPROVAL[0], number, START)
    assert bank.accounts.get(APPROVER).posts == ("initial_approver",)


@pytest.mark.parametrize("by", [APPROVER, REVIEWER, BUSINESS[0], AUDITOR, "system:load", "customer:1", "staff:5", ""])
def test_whoever_lacks_the_permission_neither_proposes_nor_confirms_nor_refuses(bank: Identity, by: str) -> None:
    a_customer(bank)
    with pytest.raises(NotAllowed):
        propose(bank, target=OPERATOR, value=("use_verifier",), by=by)
    number = propose(bank, target=OPERATOR, value=("use_verifier",))
    with pytest.raises(NotAllowed):
        bank.changes.confirm(by, number, START)
    with pytest.raises(NotAllowed):
        bank.changes.refuse(by, number, START)
    assert bank.changes.get(number).state == "open"


@pytest.mark.parametrize(
    ("change", "target", "value", "by", "allowed"),
    [
        ("posts", APPROVER, ["risk_specialist"], APPROVAL[0], True),
        ("posts", APPROVER, ["approval_administrator"], APPROVAL[0], False),
        ("posts", APPROVER, ["system_administrator"], APPROVAL[0], False),
        ("posts", APPROVAL[1], ["risk_specialist"], APPROVAL[0], False),
        ("posts", BUSINESS[1], ["risk_specialist"], APPROVAL[0], False),
        ("posts", SYSTEM[1], ["trainer"], APPROVAL[0], False),
        ("active", SYSTEM[1], False, APPROVAL[0], False),
        ("reset", SYSTEM[1], None, APPROVAL[0], False),
        ("posts", APPROVAL[1], ["risk_specialist"], SYSTEM[0], True),
        ("posts", SYSTEM[1], ["trainer"], SYSTEM[0], True),
        ("posts", APPROVER, ["system_administrator"], SYSTEM[0], True),
        ("posts", SYSTEM[0], ["trainer"], SYSTEM[0], False),
        ("open", "staff:940001", ["business_administrator"], APPROVAL[0], False),
        ("open", "staff:940001", ["trainer"], APPROVAL[0], True),
        ("scopes", "system:load", ["loans:read"], APPROVAL[0], False),
        ("scopes", "system:load", ["loans:read"], SYSTEM[0], True),
        ("client", "system:shop", ["loans:read"], APPROVAL[0], False),
        ("reset", "system:load", None, APPROVAL[0], False),
        ("active", "system:load", False, APPROVAL[0], False),
        ("reset", "system:load", None, SYSTEM[0], True),
    ],
)
def test_tiers_say_who_changes_whom(
    bank: Identity, change: str, target: str, value: Any, by: str, allowed: bool
) -> None:
    if allowed:
        assert bank.changes.propose(by, change, target, value, START).state == "open"
    else:
        with pytest.raises(NotAllowed):
            bank.changes.propose(by, change, target, value, START)


def test_only_the_system_tier_unlocks_and_nobody_himself(bank: Identity) -> None:
    for subject in (APPROVER, SYSTEM[0]):
        for _ in range(4):
            with pytest.raises(SignInRefused):
                bank.accounts.sign_in("staff", subject.removeprefix("staff:"), "wrong", START)
    for by, target in ((APPROVAL[0], APPROVER), (BUSINESS[0], APPROVER), (SYSTEM[0], SYSTEM[0])):
        with pytest.raises(NotAllowed):
            propose(bank, "unlock", target, None, by)
    number = propose(bank, "unlock", APPROVER, None, SYSTEM[0])
    assert bank.changes.get(number).before == bank.accounts.locked_until(APPROVER, START)
    bank.changes.confirm(SYSTEM[1], number, START)
    assert bank.accounts.locked_until(APPROVER, START) == 0
    with pytest.raises(IdentityError, match="is not locked"):
        propose(bank, "unlock", APPROVER, None, SYSTEM[0])


def test_whoever_is_changed_does_not_confirm_it(bank: Identity) -> None:
    number = propose(bank, target=SYSTEM[1], value=("trainer",), by=SYSTEM[0])
    with pytest.raises(NotAllowed, match="his own account"):
        bank.changes.confirm(SYSTEM[1], number, START)


@pytest.mark.parametrize("who", APPROVAL)
@pytest.mark.parametrize(
    ("lose", "message"),
    [
        (lambda accounts, who: accounts.set_posts(who, ["trainer"]), "lacks the permission"),
        (lambda accounts, who: accounts.set_active(who, False), "only staff with an open account"),
    ],
    ids=["post", "account"],
)
def test_who_lost_his_post_or_his_account_meanwhile_no_longer_counts(
    bank: Identity, who: str, lose: Callable[[Accounts, str], object], message: str
) -> None:
    """Of the two who make a change, whoever it is."""
    number = propose(bank, value=("risk_specialist",))
    lose(bank.accounts, who)
    with pytest.raises(NotAllowed, match=message):
        bank.changes.confirm(APPROVAL[1], number, START)
    assert bank.changes.get(number).state == "open"


def test_what_changed_meanwhile_must_be_proposed_anew(bank: Identity) -> None:
    number = propose(bank, value=("risk_specialist",))
    bank.accounts.set_posts(APPROVER, ["trainer"])
    with pytest.raises(IdentityError, match="has changed since"):
        bank.changes.confirm(APPROVAL[1], number, START)


def test_a_proposal_lapses_after_seven_days(bank: Identity) -> None:
    first, second = propose(bank, value=("risk_specialist",)), propose(bank, value=("risk_specialist",))
    with pytest.raises(IdentityError, match="has lapsed"):
        bank.changes.confirm(APPROVAL[1], first, START + 7 * DAY_MS)
    assert bank.changes.confirm(APPROVAL[1], second, START + 7 * DAY_MS - 1)


def test_a_proposal_is_decided_once(bank: Identity) -> None:
    confirmed, refused = propose(bank, value=("risk_specialist",)), propose(bank, value=("trainer",))
    bank.changes.confirm(APPROVAL[1], confirmed, START)
    assert bank.changes.refuse(APPROVAL[0], refused, START).state == "refused"
    for number in (confirmed, refused):
        with pytest.raises(IdentityError, match="already"):
            bank.changes.confirm(APPROVAL[1], number, START)
        with pytest.raises(IdentityError, match="already"):
            bank.changes.refuse(APPROVAL[1], number, START)
    with pytest.raises(IdentityError, match="there is no such proposal"):
        bank.changes.confirm(APPROVAL[1], 99, START)


def test_decided_proposals_can_not_be_rewritten_or_deleted(bank: Identity) -> None:
    number = propose(bank, value=("risk_specialist",))
    for statement in (
        "UPDATE proposals SET after = '[]'",
        "UPDATE proposals SET before = '[]'",
        "DELETE FROM proposals",
    ):
        with pytest.raises(IdentityError):
            bank.accounts.database.run(statement)
    bank.changes.confirm(APPROVAL[1], number, START)
    with pytest.raises(IdentityError, match="decided once"):
        bank.accounts.database.run("UPDATE proposals SET decided_by = 'staff:1'")


@pytest.mark.requirement("SEC-03.b")
def test_posts_that_conflict_are_not_given(bank: Identity) -> None:
    with pytest.raises(IdentityError, match=r"disbursement_operator and disbursement_reviewer \(DIS-04\)"):
        propose(bank, target=OPERATOR, value=("disbursement_operator", "disbursement_reviewer"))


def test_a_new_member_of_staff_signs_in_with_what_the_second_person_was_told(bank: Identity) -> None:
    number = propose(bank, "open", "staff:1010002", ("initial_approver",))
    confirmed, secret = bank.changes.confirm(APPROVAL[1], number, START)
    assert confirmed.before is None
    assert bank.accounts.sign_in("staff", "1010002", secret, START).must_change
    assert bank.accounts.get("staff:1010002").branch == 1
    assert secret not in str(bank.changes.all())


def test_a_reset_gives_a_new_first_password_and_ends_the_old_one(bank: Identity) -> None:
    old = bank.accounts.first_password(APPROVER)
    settled(bank, APPROVER)
    _, secret = bank.changes.confirm(APPROVAL[1], propose(bank, "reset", APPROVER, None), START)
    assert secret != old
    for password in (old, PASSWORD):
        with pytest.raises(SignInRefused):
            bank.accounts.sign_in("staff", "1010001", password, START)
    assert bank.accounts.sign_in("staff", "1010001", secret, START).must_change


def test_a_client_s_secret_is_told_once_and_can_be_changed(bank: Identity) -> None:
    _, first = bank.changes.confirm(
        SYSTEM[1], propose(bank, "client", "system:shop", ("loans:read",), SYSTEM[0]), START
    )
    assert bank.accounts.system("shop", first).scopes == ("loans:read",)
    _, second = bank.changes.confirm(SYSTEM[1], propose(bank, "reset", "system:shop", None, SYSTEM[0]), START)
    assert bank.accounts.system("shop", second)
    with pytest.raises(SignInRefused):
        bank.accounts.system("shop", first)
    bank.changes.confirm(SYSTEM[1], propose(bank, "scopes", "system:shop", ("events:read",), SYSTEM[0]), START)
    assert bank.accounts.system("shop", second).scopes == ("events:read",)


def test_an_account_is_closed_and_opened_by_two(bank: Identity) -> None:
    settled(bank, APPROVER)
    bank.changes.confirm(APPROVAL[1], propose(bank, "active", APPROVER, False), START)
    with pytest.raises(SignInRefused):
        bank.accounts.sign_in("staff", "1010001", PASSWORD, START)
    bank.changes.confirm(APPROVAL[1], propose(bank, "active", APPROVER, True), START)
    assert bank.accounts.sign_in("staff", "1010001", PASSWORD, START)


@pytest.mark.parametrize(
    ("change", "target", "value", "message"),
    [
        ("crown", APPROVER, None, "known are posts, open"),
        ("posts", APPROVER, ["emperor"], "there is no such post"),
        ("posts", APPROVER, "trainer", "a list of texts is needed"),
        ("posts", APPROVER, [1], "a list of texts is needed"),
        ("posts", "system:load", ["trainer"], "of the kind staff"),
        ("posts", "staff:5", ["trainer"], "there is no such account"),
        ("open", APPROVER, ["trainer"], "there is one already"),
        ("open", "staff:0", ["trainer"], "staff:PERSON is needed"),
        ("open", "staff:01", ["trainer"], "begins with no 0"),
        ("open", "staff:99999999999999999999", ["trainer"], "staff:PERSON is needed"),
        ("open", "staff:x", ["trainer"], "staff:PERSON is needed"),
        ("open", "crew:7", ["trainer"], "staff:PERSON is needed"),
        ("active", APPROVER, 1, "true or false"),
        ("unlock", "staff:5", None, "there is no such account"),
        ("scopes", "system:load", ["audit:read"], "clients may be given"),
        ("scopes", "system:nobody", ["loans:read"], "there is no such account"),
        ("client", "system:load", ["loans:read"], "there is one already"),
        ("client", "shop", ["loans:read"], "of the kind system"),
    ],
)
def test_a_change_that_can_not_be_is_refused_in_one_line(
    bank: Identity, change: str, target: str, value: Any, message: str
) -> None:
    with pytest.raises(IdentityError, match=message) as refused:
        bank.changes.propose(SYSTEM[0], change, target, value, START)
    assert "\n" not in refused.value.user_message
    assert bank.changes.all() == []
