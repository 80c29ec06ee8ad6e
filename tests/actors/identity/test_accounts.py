"""Signing in, locks, and accounts of customers and systems."""

from __future__ import annotations

import multiprocessing
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

from actors.identity.accounts import Accounts
from actors.identity.errors import AccountLocked, IdentityError, SignInRefused
from actors.identity.service import ACCOUNTS, Identity
from credit.policies.posts import PERMISSIONS
from credit.staff import StaffRegister
from credit.times import HOUR_MS
from tests.actors.identity.builders import (
    APPROVER,
    ID_NUMBER,
    MOBILE,
    PASSWORD,
    REGISTER,
    START,
    SYSTEM,
    Clock,
    a_bank,
    a_customer,
    settled,
)

WRONG = "Wrong-horse-8"


@pytest.fixture
def bank(tmp_path: Path) -> Identity:
    return a_bank(tmp_path)


def wrong(bank: Identity, name: str, now: int, times: int = 1) -> list[str]:
    """What is answered to so many wrong passwords."""
    answers = []
    for _ in range(times):
        with pytest.raises(SignInRefused) as refused:
            bank.accounts.sign_in("staff", name, WRONG, now)
        answers.append(f"{type(refused.value).__name__}: {refused.value.user_message}")
    return answers


# first accounts -------------------------------------------------------------------------------------------------------


def test_each_seat_has_an_account_with_the_post_of_its_desk(bank: Identity) -> None:
    assert bank.accounts.get(APPROVER).posts == ("initial_approver",)
    assert bank.accounts.get("staff:40001").posts == ("final_approver",)
    assert (bank.accounts.get(APPROVER).branch, bank.accounts.get("staff:40001").branch) == (1, 0)
    assert bank.accounts.get(APPROVER).must_change


def test_each_tier_of_administrators_has_two_people_and_each_branch_its_counter(bank: Identity) -> None:
    held = {one.subject: one.posts for one in bank.accounts.all("staff", limit=500)}
    for post in ("system_administrator", "business_administrator", "approval_administrator"):
        assert sum(post in posts for posts in held.values()) == 2
    assert held["staff:1420001"] == ("counter_clerk",)
    assert [one.subject for one in bank.accounts.all("system")] == ["system:load", "system:partner"]


def test_the_first_accounts_are_made_once(bank: Identity) -> None:
    settled(bank, APPROVER)
    more = StaffRegister.of([(2_010_001, 2, 1)])
    assert bank.first(more) is None
    assert bank.accounts.find("staff:2010001") is None
    assert not bank.accounts.get(APPROVER).must_change


def test_a_register_with_conflicting_seats_is_refused(tmp_path: Path) -> None:
    bank = a_bank(tmp_path, first=False)
    with pytest.raises(IdentityError, match="disbursement_operator and disbursement_reviewer"):
        bank.first(StaffRegister.of([(1_110_001, 1, 11), (1_110_001, 1, 12)]))
    assert bank.accounts.empty()


# locks ----------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("SEC-07.a", "SEC-07.b")
def test_the_fourth_wrong_password_locks_for_24_hours_and_a_system_administrator_can_unlock(bank: Identity) -> None:
    settled(bank, APPROVER)
    assert [one.split(":")[0] for one in wrong(bank, "1010001", START, 5)] == [
        *["SignInRefused"] * 3,
        *["AccountLocked"] * 2,
    ]
    end = START + 24 * HOUR_MS
    with pytest.raises(AccountLocked) as refused:
        bank.accounts.sign_in("staff", "1010001", PASSWORD, end - 1)
    assert refused.value.until == end == bank.accounts.locked_until(APPROVER, START)
    assert bank.accounts.sign_in("staff", "1010001", PASSWORD, end)
    wrong(bank, "1010001", end, 4)
    proposal = bank.changes.propose(SYSTEM[0], "unlock", APPROVER, None, end)
    bank.changes.confirm(SYSTEM[1], proposal.number, end)
    assert bank.accounts.sign_in("staff", "1010001", PASSWORD, end)


def test_three_wrong_passwords_do_not_lock_and_the_right_one_begins_the_count_anew(bank: Identity) -> None:
    settled(bank, APPROVER)
    for _ in range(3):
        wrong(bank, "1010001", START, 3)
        assert bank.accounts.sign_in("staff", "1010001", PASSWORD, START)


def test_a_count_ends_when_nobody_tries_for_a_day(bank: Identity) -> None:
    settled(bank, APPROVER)
    wrong(bank, "1010001", START, 3)
    assert "SignInRefused" in wrong(bank, "1010001", START + 24 * HOUR_MS)[0]
    assert bank.accounts.sign_in("staff", "1010001", PASSWORD, START + 24 * HOUR_MS)


def test_a_locked_account_stays_as_long_as_it_was_told_however_often_one_tries(bank: Identity) -> None:
    wrong(bank, "1010001", START, 4)
    wrong(bank, "1010001", START + 23 * HOUR_MS, 4)
    assert bank.accounts.locked_until(APPROVER, START + 23 * HOUR_MS) == START + 24 * HOUR_MS


def test_a_name_that_nobody_has_looks_like_a_wrong_password(bank: Identity) -> None:
    settled(bank, APPROVER)
    unchanged, chosen, nobody = (wrong(bank, name, START, 5) for name in ("1020001", "1010001", "9999999"))
    assert unchanged == chosen == nobody
    assert "9999999" not in nobody[0]


def test_each_try_costs_one_hash_whoever_is_asked_for(bank: Identity, monkeypatch: pytest.MonkeyPatch) -> None:
    settled(bank, APPROVER)
    hashed: list[str] = []
    real = PasswordHasher.verify

    def counted(hasher: PasswordHasher, kept: str, given: bytes) -> bool:
        hashed.append(kept)
        return real(hasher, kept, given)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    for name in ("1010001", "1020001", "9999999", ""):
        hashed.clear()
        wrong(bank, name, START)
        assert len(hashed) == 1, name


def test_locks_are_one_s_own(bank: Identity) -> None:
    settled(bank, APPROVER)
    wrong(bank, "1020001", START, 4)
    wrong(bank, "9999999", START, 4)
    assert bank.accounts.sign_in("staff", "1010001", PASSWORD, START)


def test_of_many_tries_at_once_four_are_heard(bank: Identity) -> None:
    settled(bank, APPROVER)

    def attempt(_: int) -> str:
        try:
            bank.accounts.sign_in("staff", "1010001", WRONG, START)
        except SignInRefused as error:
            return type(error).__name__
        return "in"

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(attempt, range(64)))
    failed = bank.accounts.database.rows("SELECT failed FROM attempts")
    assert [row["failed"] for row in failed] == [4]
    assert answers.count("SignInRefused") == 3
    with pytest.raises(AccountLocked):
        bank.accounts.sign_in("staff", "1010001", PASSWORD, START)


def test_a_right_password_whose_lock_fell_meanwhile_is_not_heard(
    bank: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled(bank, APPROVER)
    real = bank.accounts._passwords.matches

    def slow(*given: object) -> bool:
        monkeypatch.undo()
        wrong(bank, "1010001", START, 4)
        return real(*given)

    monkeypatch.setattr(bank.accounts._passwords, "matches", slow)
    with pytest.raises(AccountLocked):
        bank.accounts.sign_in("staff", "1010001", PASSWORD, START)


@pytest.mark.parametrize(
    ("chosen", "meanwhile"),
    [
        (True, lambda accounts: accounts.reset(APPROVER)),
        (False, lambda accounts: accounts.reset(APPROVER)),
        (True, lambda accounts: accounts.change_password(APPROVER, PASSWORD, "Other-horse-9", START)),
        (True, lambda accounts: accounts.set_active(APPROVER, False)),
    ],
    ids=["reset", "a first one reset", "changed", "account closed"],
)
def test_a_password_that_was_replaced_while_it_was_compared_is_not_heard(
    bank: Identity, monkeypatch: pytest.MonkeyPatch, chosen: bool, meanwhile: Callable[[Accounts], object]
) -> None:
    password = bank.accounts.first_password(APPROVER)
    if chosen:
        settled(bank, APPROVER)
        password = PASSWORD
    real = bank.accounts._passwords.matches

    def slow(*given: Any) -> bool:
        monkeypatch.undo()
        meanwhile(bank.accounts)
        return real(*given)

    monkeypatch.setattr(bank.accounts._passwords, "matches", slow)
    with pytest.raises(SignInRefused):
        bank.accounts.sign_in("staff", "1010001", password, START)


def _guess(folder: str) -> int:
    bank = a_bank(Path(folder))
    heard = 0
    for _ in range(6):
        try:
            bank.accounts.sign_in("staff", "1010001", WRONG, START)
        except AccountLocked:
            pass
        except SignInRefused:
            heard += 1
    return heard


def test_processes_share_the_count(bank: Identity, tmp_path: Path) -> None:
    settled(bank, APPROVER)
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert sum(pool.map(_guess, [str(tmp_path)] * 2)) == 3
    with pytest.raises(AccountLocked):
        bank.accounts.sign_in("staff", "1010001", PASSWORD, START)


def test_a_closed_account_can_not_be_signed_in_to(bank: Identity) -> None:
    settled(bank, APPROVER)
    bank.accounts.set_active(APPROVER, False)
    with pytest.raises(SignInRefused, match="the name or the password is wrong"):
        bank.accounts.sign_in("staff", "1010001", PASSWORD, START)


# customers ------------------------------------------------------------------------------------------------------------


def test_a_customer_signs_in_by_mobile_or_client_number(bank: Identity) -> None:
    opened = a_customer(bank)
    assert (opened.kind, opened.party, opened.must_change) == ("customer", 0, False)
    assert bank.accounts.sign_in("customer", MOBILE, PASSWORD, START) == opened
    with pytest.raises(SignInRefused):
        bank.accounts.sign_in("customer", "77", PASSWORD, START)
    bound = bank.accounts.bind_customer(opened.subject, 77, ID_NUMBER.lower())
    assert bank.accounts.sign_in("customer", "77", PASSWORD, START) == bound
    assert bound.party == 77
    assert bank.accounts.bind_customer(opened.subject, 77, ID_NUMBER) == bound


def test_a_client_number_is_bound_by_its_own_id_number_once(bank: Identity) -> None:
    opened = a_customer(bank)
    with pytest.raises(IdentityError, match="does not belong to this ID number"):
        bank.accounts.bind_customer(opened.subject, 77, "11010519900307124X")
    with pytest.raises(IdentityError, match="does not belong"):
        bank.accounts.bind_customer("customer:99", 77, ID_NUMBER)
    bank.accounts.bind_customer(opened.subject, 77, ID_NUMBER)
    with pytest.raises(IdentityError, match="bound to another customer number"):
        bank.accounts.bind_customer(opened.subject, 78, ID_NUMBER)


def test_a_client_number_with_which_somebody_signs_in_is_given_to_nobody_else(bank: Identity) -> None:
    owner, other = a_customer(bank, party=77), "11010519900307124X"
    stranger = bank.accounts.open_customer(other, "13900000000", PASSWORD, START)
    with pytest.raises(IdentityError, match="77: another account signs in with this already"):
        bank.accounts.bind_customer(stranger.subject, 77, other)
    assert not bank.accounts.is_proven(stranger.subject)
    with pytest.raises(IdentityError, match="another account"):
        bank.accounts.open_customer("310101199001011234", "13900000001", PASSWORD, START, party=77)
    assert [one.subject for one in bank.accounts.all("customer")] == [owner.subject, stranger.subject]
    assert bank.accounts.sign_in("customer", "77", PASSWORD, START).subject == owner.subject


def test_an_account_under_another_s_numbers_takes_nothing_from_him_and_ends_when_he_proves_who_he_is(
    bank: Identity,
) -> None:
    accounts, stranger = bank.accounts, a_customer(bank)
    owner = accounts.open_customer(ID_NUMBER, MOBILE, PASSWORD + "!", START)
    assert accounts.signs_in_with(stranger.subject, MOBILE) == MOBILE
    assert accounts.signs_in_with(owner.subject, MOBILE) == owner.subject
    assert accounts.sign_in("customer", owner.subject, PASSWORD + "!", START) == owner
    assert not accounts.is_proven(stranger.subject)
    assert accounts.bound_to([ID_NUMBER]) == {}
    accounts.bind_customer(owner.subject, 77, ID_NUMBER)
    assert accounts.bound_to([ID_NUMBER]) == {ID_NUMBER: owner.subject}
    assert accounts.is_proven(owner.subject)
    assert not accounts.get(stranger.subject).active
    assert accounts.get(stranger.subject).generation > stranger.generation
    for name in (MOBILE, stranger.subject):
        with pytest.raises(SignInRefused):
            accounts.sign_in("customer", name, PASSWORD, START)
    again = accounts.open_customer(ID_NUMBER, MOBILE, PASSWORD, START)
    assert (again.party, accounts.signs_in_with(again.subject, MOBILE)) == (0, MOBILE)
    accounts.bind_customer(again.subject, 77, ID_NUMBER)
    assert accounts.sign_in("customer", "77", PASSWORD, START).subject == again.subject
    assert not accounts.is_proven(owner.subject)


def test_mobile_and_client_number_share_one_lock(bank: Identity) -> None:
    a_customer(bank, party=77)
    for name in (MOBILE, "77", MOBILE, "77"):
        with pytest.raises(SignInRefused):
            bank.accounts.sign_in("customer", name, WRONG, START)
    with pytest.raises(AccountLocked):
        bank.accounts.sign_in("customer", "77", PASSWORD, START)


def test_a_person_number_is_no_client_number(bank: Identity) -> None:
    settled(bank, APPROVER)
    with pytest.raises(SignInRefused):
        bank.accounts.sign_in("customer", "1010001", PASSWORD, START)


def test_no_id_or_mobile_number_stands_in_any_file(bank: Identity, tmp_path: Path) -> None:
    a_customer(bank, party=77)
    files = [one for one in tmp_path.rglob("*") if one.is_file()]
    assert files
    for number in (ID_NUMBER, MOBILE):
        assert not [one.name for one in files if number.encode() in one.read_bytes()]


# systems --------------------------------------------------------------------------------------------------------------


def test_a_system_shows_its_secret(bank: Identity) -> None:
    secret = bank.keys.first_secret("system:partner")
    assert bank.accounts.system("partner", secret).scopes == tuple(bank.posts.policy.first_clients["partner"])
    assert secret not in bank.accounts.get_row("system:partner")["hash"]
    for client, given in (
        ("partner", "x"),
        ("partner", ""),
        ("nobody", secret),
        ("load", secret),
        ("", ""),
        ("x'--", "\ud800"),
    ):
        with pytest.raises(SignInRefused, match="the client or its secret is wrong"):
            bank.accounts.system(client, given)
    bank.accounts.set_active("system:partner", False)
    with pytest.raises(SignInRefused):
        bank.accounts.system("partner", secret)


@pytest.mark.parametrize("client", ["", "a b", "x;y", "partner", "a" * 41, "名"])
def test_a_client_needs_a_plain_name_of_its_own(bank: Identity, client: str) -> None:
    with pytest.raises(IdentityError, match="client"):
        bank.accounts.open_system(client, ["loans:read"], START)


def test_a_client_gets_no_scope_that_is_not_for_clients(bank: Identity) -> None:
    for scope in sorted(set(PERMISSIONS) - set(bank.posts.policy.clients)):
        with pytest.raises(IdentityError, match="clients may be given"):
            bank.accounts.open_system("shop", [scope], START)
    assert bank.accounts.find("system:shop") is None


# the file -------------------------------------------------------------------------------------------------------------


def test_a_file_that_is_no_database_is_told_in_one_line(bank: Identity, tmp_path: Path) -> None:
    bank.close()
    for name in (ACCOUNTS, f"{ACCOUNTS}-wal"):
        (bank.folder / name).unlink(missing_ok=True)
    (bank.folder / ACCOUNTS).write_bytes(b"no database at all " * 100)
    (bank.folder / ACCOUNTS).chmod(0o600)
    with pytest.raises(IdentityError, match="damaged") as refused:
        a_bank(tmp_path)
    assert "\n" not in refused.value.user_message


def test_what_a_transaction_did_is_undone_when_it_fails(bank: Identity) -> None:
    database = bank.accounts.database

    def fail_halfway() -> None:
        with database.transaction():
            database.run("DELETE FROM accounts")
            with database.transaction():
                database.run("DELETE FROM logins")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_halfway()
    assert bank.accounts.find(APPROVER) is not None
    assert database.rows("SELECT count(*) FROM logins")[0][0] > 0
    assert database.rows("PRAGMA synchronous")[0][0] == 2
    assert database.rows("PRAGMA journal_mode")[0][0] == "wal"


def test_accounts_are_listed_page_by_page(bank: Identity) -> None:
    whole = [one.subject for one in bank.accounts.all("staff", limit=500)]
    pages: list[str] = []
    while page := bank.accounts.all("staff", after=pages[-1] if pages else "", limit=3):
        pages += [one.subject for one in page]
    assert pages == whole == sorted(whole)
    assert len(whole) == len(REGISTER) + 6 + 1 + 1


def test_an_account_that_is_not_there_is_told(bank: Identity) -> None:
    with pytest.raises(IdentityError, match="there is no such account"):
        bank.accounts.get("staff:5")


def test_the_database_of_several_processes_waits_for_its_turn(bank: Identity, tmp_path: Path) -> None:
    other = sqlite3.connect(bank.folder / ACCOUNTS)
    assert other.execute("SELECT count(*) FROM accounts").fetchone()[0] > 0
    second = a_bank(tmp_path, Clock())
    settled(second, APPROVER)
    assert bank.accounts.sign_in("staff", "1010001", PASSWORD, START)
    other.close()
