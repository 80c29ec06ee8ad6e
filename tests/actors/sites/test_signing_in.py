"""Who may sign in, with which password and which token: the same at every site. What was closed, locked or used up at one is so
at all, whoever changed the same meanwhile."""

from __future__ import annotations

import pytest

from actors.identity.errors import AccountLocked, IdentityError, SignInRefused, TokenRefused
from credit.times import DAY_MS, HOUR_MS
from tests.actors.identity.builders import (
    APPROVAL,
    APPROVER,
    ID_NUMBER,
    MOBILE,
    PASSWORD,
    REVIEWER,
    START,
    SYSTEM,
    a_customer,
    settled,
)
from tests.actors.sites.homes import Site, alike, exchange, signs_in, wrong

NEW = "Another-horse-8"
Pair = tuple[Site, Site]


def test_a_password_that_was_chosen_at_one_site_is_the_one_at_the_other(pair: Pair) -> None:
    a, b = pair
    first = a.identity.accounts.first_password(APPROVER)
    settled(a.identity, APPROVER)
    assert not signs_in(b)
    a.tell(b)
    assert signs_in(b)
    assert not signs_in(b, first)


def test_a_token_that_was_issued_at_one_site_is_good_at_the_other_until_the_account_changes(pair: Pair) -> None:
    a, b = pair
    token = a.identity.tokens.issue(settled(a.identity, APPROVER), START).access
    a.tell(b)
    assert b.identity.tokens.verify(token, START).subject == APPROVER
    a.identity.accounts.set_posts(APPROVER, ["risk_specialist"])
    a.tell(b)
    with pytest.raises(TokenRefused, match="has changed"):
        b.identity.tokens.verify(token, START)


def test_after_changes_at_two_sites_tokens_of_neither_are_good(pair: Pair) -> None:
    a, b = pair
    settled(a.identity, APPROVER)
    exchange(pair)
    account = a.identity.accounts.change_password(APPROVER, PASSWORD, NEW, START)
    b.identity.accounts.set_posts(APPROVER, [])
    tokens = [
        site.identity.tokens.issue(one, START).access
        for site, one in ((a, account), (b, b.identity.accounts.get(APPROVER)))
    ]
    with pytest.raises(TokenRefused, match="has changed"):
        b.identity.tokens.verify(tokens[0], START)
    with pytest.raises(TokenRefused, match="has changed"):
        a.identity.tokens.verify(tokens[1], START)
    exchange(pair)
    for site in pair:
        for token in tokens:
            with pytest.raises(TokenRefused, match="has changed"):
                site.identity.tokens.verify(token, START)


def test_an_account_that_is_locked_at_one_site_is_locked_at_the_other(pair: Pair) -> None:
    a, b = pair
    settled(a.identity, APPROVER)
    wrong(a, 4)
    a.tell(b)
    with pytest.raises(AccountLocked):
        b.identity.accounts.sign_in("staff", "1010001", PASSWORD, START)
    b.identity.accounts.unlock(APPROVER)
    b.tell(a)
    assert signs_in(a)
    assert alike(a, b)


def test_wrong_passwords_at_two_sites_are_counted_together(pair: Pair) -> None:
    a, b = pair
    settled(a.identity, APPROVER)
    exchange(pair)
    wrong(a, 2)
    wrong(b, 2)
    exchange(pair)
    assert a.identity.accounts.locked_until(APPROVER, START) == START + DAY_MS
    assert alike(a, b)


def test_who_signs_in_at_one_site_does_not_unlock_himself_at_the_other(pair: Pair) -> None:
    a, b = pair
    settled(a.identity, APPROVER)
    exchange(pair)
    wrong(b, 4)
    wrong(a, 1)
    assert signs_in(a)
    exchange(pair)
    assert a.identity.accounts.locked_until(APPROVER, START)
    assert b.identity.accounts.locked_until(APPROVER, START)


def test_a_lock_after_an_unlocking_that_nobody_heard_of_stays(pair: Pair) -> None:
    a, b = pair
    wrong(a, 4)
    exchange(pair)
    a.identity.accounts.unlock(APPROVER)
    wrong(a, 5)
    b.identity.accounts.unlock(APPROVER)
    assert alike(a, b)
    assert b.identity.accounts.locked_until(APPROVER, START)


def test_what_was_forgiven_long_ago_is_forgotten_and_counts_anew(pair: Pair) -> None:
    a, b = pair
    settled(a.identity, APPROVER)
    wrong(a, 3)
    assert signs_in(a)
    exchange(pair)
    later = START + 4 * DAY_MS
    with pytest.raises(SignInRefused):
        a.identity.accounts.sign_in("staff", "1020001", "Not-this-one-9", later)
    assert a.identity.accounts.sign_in("staff", "1020001", a.identity.accounts.first_password(REVIEWER), later)
    a.tell(b)
    wrong(a, 4, later)
    exchange(pair)
    assert b.identity.accounts.locked_until(APPROVER, later)


# changes that meet ----------------------------------------------------------------------------------------------------


def test_an_account_that_was_closed_stays_closed_whatever_else_changed_meanwhile(pair: Pair) -> None:
    a, b = pair
    settled(a.identity, APPROVER)
    exchange(pair)
    a.identity.accounts.set_active(APPROVER, False)
    b.identity.accounts.change_password(APPROVER, PASSWORD, NEW, START)
    b.identity.accounts.set_posts(APPROVER, ["risk_specialist"])
    assert alike(a, b)
    assert not b.identity.accounts.get(APPROVER).active
    assert not signs_in(b, NEW)


def test_opening_answers_only_the_closings_that_it_saw(pair: Pair) -> None:
    a, b = pair
    a.identity.accounts.set_active(APPROVER, False)
    exchange(pair)
    a.identity.accounts.set_active(APPROVER, True)
    a.identity.accounts.set_active(APPROVER, False)
    b.identity.accounts.set_active(APPROVER, True)
    assert alike(a, b)
    assert not b.identity.accounts.get(APPROVER).active
    b.identity.accounts.set_active(APPROVER, True)
    assert alike(a, b)
    assert a.identity.accounts.get(APPROVER).active


def test_a_reset_wins_over_a_password_that_was_changed_without_knowing_of_it(pair: Pair) -> None:
    a, b = pair
    settled(a.identity, APPROVER)
    exchange(pair)
    b.identity.accounts.change_password(APPROVER, PASSWORD, NEW, START)
    b.identity.accounts.change_password(APPROVER, NEW, NEW + "!", START)
    secret = a.identity.accounts.reset(APPROVER)
    assert alike(a, b)
    assert not signs_in(b, NEW + "!")
    assert signs_in(b, secret)


def test_two_customers_who_register_at_two_sites_get_two_numbers(pair: Pair) -> None:
    a, b = pair
    one = a_customer(a.identity)
    other = b.identity.accounts.open_customer("110105199003072872", "13800138000", PASSWORD, START)
    assert one.subject != other.subject
    assert alike(a, b)
    assert b.identity.accounts.sign_in("customer", MOBILE, PASSWORD, START).subject == one.subject
    assert a.identity.accounts.sign_in("customer", "13800138000", PASSWORD, START).subject == other.subject


def test_of_two_accounts_of_one_person_that_were_proven_at_two_sites_one_is_closed(pair: Pair) -> None:
    a, b = pair
    one, other = a_customer(a.identity).subject, a_customer(b.identity).subject
    a.identity.accounts.bind_customer(one, 7, ID_NUMBER)
    b.identity.accounts.bind_customer(other, 7, ID_NUMBER)
    assert alike(a, b)
    assert [a.identity.accounts.get(subject).active for subject in (one, other)] == [True, False]
    assert a.identity.accounts.bound_to([ID_NUMBER]) == {ID_NUMBER: one}


def test_a_customer_who_is_proven_closes_what_was_opened_under_his_number_elsewhere(pair: Pair) -> None:
    a, b = pair
    other = a_customer(b.identity).subject
    exchange(pair)
    one = a.identity.accounts.open_customer(ID_NUMBER, "13900139000", PASSWORD, START).subject
    a.identity.accounts.bind_customer(one, 7, ID_NUMBER)
    assert alike(a, b)
    assert not b.identity.accounts.get(other).active
    with pytest.raises(SignInRefused):
        b.identity.accounts.sign_in("customer", MOBILE, PASSWORD, START)
    assert b.identity.accounts.sign_in("customer", "7", PASSWORD, START).subject == one


# two people -----------------------------------------------------------------------------------------------------------


def test_a_change_of_two_people_counts_everywhere_and_is_decided_where_it_was_made(pair: Pair) -> None:
    a, b = pair
    number = b.identity.changes.propose(APPROVAL[0], "posts", APPROVER, ["risk_specialist"], START).number
    b.tell(a)
    assert a.identity.changes.get(number).state == "open"
    for decide in (a.identity.changes.confirm, a.identity.changes.refuse):
        with pytest.raises(IdentityError, match=f"proposal {number}: was made at the site b; decide on it there"):
            decide(APPROVAL[1], number, START)
    b.identity.changes.confirm(APPROVAL[1], number, START)
    b.tell(a)
    assert a.identity.accounts.get(APPROVER).posts == ("risk_specialist",)
    assert a.identity.changes.get(number) == b.identity.changes.get(number)
    with pytest.raises(IdentityError, match="was confirmed by"):
        a.identity.changes.refuse(APPROVAL[1], number, START)


def test_proposals_that_were_made_at_two_sites_have_numbers_of_their_own(pair: Pair) -> None:
    numbers = [
        site.identity.changes.propose(SYSTEM[0], "posts", APPROVER, [post], START).number
        for site, post in zip(pair, ("risk_specialist", "use_verifier"), strict=True)
        for _ in range(2)
    ]
    assert sorted(numbers) == [1, 2, 3, 4]
    assert alike(*pair)


# tokens ---------------------------------------------------------------------------------------------------------------


def test_a_refresh_token_that_was_used_is_used_at_the_other_site_too(pair: Pair) -> None:
    a, b = pair
    grant = a.identity.tokens.issue(settled(a.identity, APPROVER), START)
    a.tell(b)
    again = b.identity.tokens.refresh(grant.refresh, START)
    b.tell(a)
    assert a.identity.tokens.verify(again.access, START)
    with pytest.raises(TokenRefused):
        a.identity.tokens.refresh(grant.refresh, START)
    a.tell(b)
    with pytest.raises(TokenRefused, match="revoked"):
        b.identity.tokens.verify(again.access, START)


def test_a_refresh_token_that_was_used_at_both_sites_ends_its_family(pair: Pair) -> None:
    a, b = pair
    grant = a.identity.tokens.issue(settled(a.identity, APPROVER), START)
    exchange(pair)
    heirs = [site.identity.tokens.refresh(grant.refresh, START) for site in pair]
    assert alike(a, b)
    for site in pair:
        for heir in heirs:
            with pytest.raises(TokenRefused):
                site.identity.tokens.verify(heir.access, START)
            with pytest.raises(TokenRefused):
                site.identity.tokens.refresh(heir.refresh, START)


def test_who_signs_out_is_signed_out_everywhere_and_what_ran_out_does_not_come_back(pair: Pair) -> None:
    a, b = pair
    grant = a.identity.tokens.issue(settled(a.identity, APPROVER), START)
    a.tell(b)
    b.identity.tokens.sign_out(b.identity.tokens.verify(grant.access, START), START)
    b.tell(a)
    with pytest.raises(TokenRefused, match="revoked"):
        a.identity.tokens.verify(grant.access, START)
    late = START + 100 * HOUR_MS
    for site in pair:
        account = site.identity.accounts.get(APPROVER)
        site.identity.tokens.drop(site.identity.tokens.issue(account, late).refresh, late)
    assert alike(a, b)
    assert len(a.holds()["refreshes"]) == 2
    assert len(a.holds()["revoked"]) == 2


def test_scopes_and_secrets_of_systems_are_the_same_at_all_sites(pair: Pair) -> None:
    a, b = pair
    secret = a.identity.accounts.open_system("shop", ["applications:submit"], START)
    a.tell(b)
    assert b.identity.accounts.system("shop", secret).scopes == ("applications:submit",)
    b.identity.accounts.set_scopes("system:shop", [])
    fresh = b.identity.accounts.reset("system:shop")
    b.tell(a)
    assert a.identity.accounts.system("shop", fresh).scopes == ()
    with pytest.raises(SignInRefused):
        a.identity.accounts.system("shop", secret)
