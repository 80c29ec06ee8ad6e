"""What was changed at one site counts at the others: who may sign in, with which password, who holds what, and what was uploaded
and signed. What was closed, locked or used up at one is so at all, whoever changed the same meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.identity.audit import Deed
from actors.identity.errors import AccountLocked, Damaged, IdentityError, SignInRefused, TokenRefused
from actors.identity.service import LOG, open_copies
from actors.sites.folder import HomeFolder, Record
from credit.contracts.states import SignMode
from credit.times import DAY_MS, HOUR_MS
from tests.actors.identity.builders import (
    APPROVAL,
    APPROVER,
    ID_NUMBER,
    MOBILE,
    OPERATOR,
    PASSWORD,
    REVIEWER,
    START,
    SYSTEM,
    Clock,
    a_bank,
    a_customer,
    settled,
)
from tests.actors.sites.homes import Site, a_contract, exchange, founded, joined

NEW = "Another-horse-8"
Pair = tuple[Site, Site]


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    a, b = founded(tmp_path, ["a", "b"])
    yield a, b
    a.close()
    b.close()


def wrong(site: Site, times: int, now: int = START) -> None:
    for _ in range(times):
        with pytest.raises(SignInRefused):
            site.identity.accounts.sign_in("staff", "1010001", "Not-this-one-9", now)


def signs_in(site: Site, password: str = PASSWORD, now: int = START) -> bool:
    try:
        return site.identity.accounts.sign_in("staff", "1010001", password, now).subject == APPROVER
    except SignInRefused:
        return False


def alike(*sites: Site) -> bool:
    exchange(sites)
    return all(site.holds() == sites[0].holds() for site in sites)


# founding -------------------------------------------------------------------------------------------------------------


def test_a_bank_of_three_sites_has_the_same_accounts_at_all(tmp_path: Path) -> None:
    sites = founded(tmp_path, ["a", "b", "far"])
    assert sites[2].identity.accounts.get(APPROVER) == sites[0].identity.accounts.get(APPROVER)
    assert alike(*sites)
    for site in sites:
        site.close()


def test_a_home_without_the_banks_keys_or_of_no_site_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IdentityError, match=r"there are no keys; copy those of the bank's first site"):
        HomeFolder(tmp_path, "a", ["a", "b"])
    a_bank(tmp_path).close()
    for name, sites in (("c", ["a", "b"]), ("a", ["a", "a"]), ("a", ["a", "b", "c", "d"])):
        with pytest.raises(IdentityError, match=f"site '{name}' of .*up to 3 different names"):
            HomeFolder(tmp_path, name, sites)
    HomeFolder(tmp_path, "a", ["a", "b"]).close()
    HomeFolder(tmp_path, "a", ["a", "b", "far"]).close()
    with pytest.raises(IdentityError, match="sites b, a: this bank's were a, b, far; name others behind these"):
        HomeFolder(tmp_path, "a", ["b", "a"])


def test_a_home_that_was_in_use_goes_on_as_a_site(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    old = a_bank(tmp_path / "a")
    settled(old, APPROVER)
    old.changes.propose(APPROVAL[0], "posts", REVIEWER, ["risk_specialist"], START)
    old.accounts.set_active(OPERATOR, False)
    old.holdings.add([(5, "customer:1")])
    old.close()
    folder = HomeFolder(tmp_path / "a", "a", ["a", "b"])
    folder.close()
    other = tmp_path / "b" / "identity"
    other.mkdir(parents=True, mode=0o700)
    (other / "keys.json").touch(mode=0o600)
    (other / "keys.json").write_bytes((tmp_path / "a" / "identity" / "keys.json").read_bytes())
    first, second = HomeFolder(tmp_path / "a", "a", ["a", "b"]), HomeFolder(tmp_path / "b", "b", ["a", "b"])
    second.take(first.changes({})[0])
    there = a_bank(tmp_path / "b", first=False)
    assert there.accounts.sign_in("staff", "1010001", PASSWORD, START).subject == APPROVER
    assert not there.accounts.get(OPERATOR).active
    assert there.holdings.holds("customer:1", 5)
    assert there.changes.get(1).state == "open"
    first.close()
    second.close()
    there.close()


# signing in -----------------------------------------------------------------------------------------------------------


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


# what is held ---------------------------------------------------------------------------------------------------------


def test_who_holds_a_case_holds_it_at_every_site(pair: Pair) -> None:
    a, b = pair
    a.identity.holdings.add([(1, "customer:1"), (2, "customer:1")])
    b.identity.holdings.add([(2, "customer:1"), (3, "customer:2")])
    assert alike(a, b)
    assert [b.identity.holdings.holds("customer:1", case) for case in (1, 2, 3)] == [True, True, False]


def test_an_upload_can_be_seen_at_the_other_site_and_is_sent_once(pair: Pair) -> None:
    a, b = pair
    digest = a.folder.contents.keep(b"an ID card")
    records, _ = a.folder.changes({})
    assert b.folder.take(records).lacks == [digest]
    a.tell(b)
    assert b.folder.contents.get(digest) == b"an ID card"
    assert b.folder.take(records).lacks == []
    assert (b.home / "materials" / digest[:2] / digest).stat().st_mode & 0o777 == 0o600


def test_a_content_that_was_changed_is_neither_sent_nor_taken(pair: Pair) -> None:
    a, b = pair
    digest, other = a.folder.contents.keep(b"an ID card"), a.folder.contents.keep(b"another")
    [record] = a.folder.sealed([digest])
    with pytest.raises(Damaged):
        b.folder.take([record._replace(content=other.encode() + record.content[64:])])
    path = a.home / "materials" / digest[:2] / digest
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    assert list(a.folder.sealed([digest, "0" * 64])) == []
    assert b.folder.contents.lacking([digest, other]) == [digest, other]


def test_uploads_from_before_there_were_sites_are_told_too(tmp_path: Path) -> None:
    [a] = founded(tmp_path, ["a"])
    digest = a.folder.contents.keep(b"an ID card")
    a.close()
    (a.home / "contents.db").unlink()
    again = HomeFolder(a.home, "a", ["a"])
    assert Record("contents", digest.encode()) in again.changes({})[0]
    again.close()


def test_a_contract_that_was_signed_at_one_site_can_be_read_at_the_other(pair: Pair) -> None:
    a, b = pair
    a.archive.lay(a_contract("the text that was signed"))
    a.archive.sign(a_contract("a later rendering"), SignMode(1), START, START)
    a.tell(b)
    assert b.archive.text("HT-1") == "the text that was signed"
    signed = b.archive.of(1_000_000_001)
    assert signed is not None
    assert signed.signed_at == START


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_texts_the_signed_one_stays_then_the_one_that_was_laid_down_more_often(
    pair: Pair, order: tuple[int, int]
) -> None:
    one, other = (pair[at] for at in order)
    one.archive.lay(a_contract("signed"))
    one.archive.sign(a_contract("signed"), SignMode(1), START, START)
    for text in ("a draft", "another draft"):
        other.archive.lay(a_contract(text))
        other.archive.lay(a_contract(text, "HT-2"))
    one.archive.lay(a_contract("the first draft", "HT-2"))
    assert alike(*pair)
    assert [pair[0].archive.text(number) for number in ("HT-1", "HT-2")] == ["signed", "another draft"]


def test_an_archive_from_before_there_were_sites_opens(tmp_path: Path) -> None:
    [a] = founded(tmp_path, ["a"])
    a.archive.lay(a_contract("a text"))
    a.archive._database.run("DROP TRIGGER mirror_contracts_update")
    a.archive._database.run("DROP TRIGGER mirror_contracts_insert")
    a.archive._database.run("DROP TABLE mirror_contracts")
    a.archive._database.run("ALTER TABLE contracts DROP COLUMN laid")
    a.close()
    again = HomeFolder(a.home, "a", ["a"])
    assert [record.source for record in again.changes({})[0]].count("contracts") == 1
    again.close()


# portions and the rest ------------------------------------------------------------------------------------------------


def test_what_is_told_is_told_in_portions(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = pair
    for number in range(20):
        a.archive.lay(a_contract("word " * 100, f"HT-{number}"))
    monkeypatch.setattr("actors.sites.folder.PORTION_BYTES", 2_000)
    records, cursor = a.folder.changes(a.cursors["b"])
    assert 2_000 <= sum(len(one.content) for one in records) < 3_000
    assert a.folder.changes(cursor)[0][0] not in records
    assert alike(a, b)


def test_a_database_that_was_put_back_tells_all_again(pair: Pair) -> None:
    a, _ = pair
    beyond = dict.fromkeys(a.cursors["b"], 10**6)
    assert len(a.folder.changes(beyond)[0]) == len(a.folder.changes({})[0])


def test_records_of_another_release_are_told_in_one_line(pair: Pair) -> None:
    with pytest.raises(IdentityError, match="'ledgers': not known here; run every site of a bank in the same release"):
        pair[0].folder.take([Record("ledgers", b"")])


def test_nothing_goes_back_and_forth(pair: Pair) -> None:
    a, b = pair
    settled(a.identity, APPROVER)
    wrong(b, 1)
    a.identity.holdings.add([(1, "customer:1")])
    exchange(pair)
    exchange(pair)
    before = [dict(a.cursors["b"]), dict(b.cursors["a"])]
    exchange(pair)
    assert [dict(a.cursors["b"]), dict(b.cursors["a"])] == before


def test_a_site_that_was_lost_gets_everything_from_the_one_that_is_left(tmp_path: Path) -> None:
    a, b = founded(tmp_path, ["a", "b"])
    settled(a.identity, APPROVER)
    a.folder.contents.keep(b"an ID card")
    a.identity.audit.append([Deed(START, "staff", APPROVER, "::1", "GET", "/", 200)])
    a.tell(b)
    a.close()
    a.home.rename(tmp_path / "lost")
    b_keys = (b.home / "identity" / "keys.json").read_bytes()
    (tmp_path / "a" / "identity").mkdir(parents=True, mode=0o700)
    (tmp_path / "a" / "identity" / "keys.json").touch(mode=0o600)
    (tmp_path / "a" / "identity" / "keys.json").write_bytes(b_keys)
    folder = HomeFolder(tmp_path / "a", "a", ["a", "b"])
    identity = a_bank(tmp_path / "a", first=False)
    b.cursors.clear()
    folder.take(b.folder.changes({})[0])
    assert identity.accounts.sign_in("staff", "1010001", PASSWORD, START).subject == APPROVER
    assert open_copies(b.home)["a"].verify().number == 1
    assert (b.home / "identity" / "sites" / "a" / LOG).is_file()
    folder.close()
    identity.close()
    b.close()


def test_a_third_site_hears_of_it_from_the_second(tmp_path: Path) -> None:
    clock = Clock()
    names = ["a", "b", "far"]
    a, b, far = (joined(tmp_path, name, names, clock) for name in names)
    settled(a.identity, APPROVER)
    a.tell(b)
    b.tell(far)
    assert signs_in(far)
    for site in (a, b, far):
        site.close()
