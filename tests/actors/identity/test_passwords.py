"""Passwords: what a new one must be, that nothing is kept of it but a hash, and that only the right one of today is heard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from actors.identity.accounts import Accounts
from actors.identity.errors import AccountLocked, IdentityError, SignInRefused, WeakPassword
from actors.identity.passwords import Passwords, prove_strong
from actors.identity.service import Identity
from tests.actors.identity.builders import APPROVER, PASSWORD, START, a_bank, settled

WRONG = "Wrong-horse-8"


@pytest.fixture
def bank(tmp_path: Path) -> Identity:
    return a_bank(tmp_path)


def test_the_first_password_must_be_changed_and_is_then_worth_nothing(bank: Identity) -> None:
    first = bank.accounts.first_password(APPROVER)
    assert bank.accounts.sign_in("staff", "1010001", first, START).must_change
    bank.accounts.change_password(APPROVER, first, PASSWORD, START)
    assert not bank.accounts.sign_in("staff", "1010001", PASSWORD, START).must_change
    with pytest.raises(SignInRefused):
        bank.accounts.sign_in("staff", "1010001", first, START)
    with pytest.raises(IdentityError, match="no longer in use"):
        bank.accounts.first_password(APPROVER)


def test_chosen_passwords_are_hashed_with_argon2id_and_stand_nowhere(bank: Identity, tmp_path: Path) -> None:
    settled(bank, APPROVER)
    row = bank.accounts.get_row(APPROVER)
    assert row["hash"].startswith("$argon2id$")
    assert not [one for one in tmp_path.rglob("*") if one.is_file() and PASSWORD.encode() in one.read_bytes()]
    assert Passwords().hash(PASSWORD).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_password_is_the_same_however_its_characters_are_typed(bank: Identity) -> None:
    first = bank.accounts.first_password(APPROVER)
    bank.accounts.change_password(APPROVER, first, "Caf\u00e9-horse-77", START)
    assert bank.accounts.sign_in("staff", "1010001", "Cafe\u0301-horse-77", START)


def test_a_hash_of_lower_cost_is_renewed_at_the_next_sign_in(bank: Identity) -> None:
    settled(bank, APPROVER)
    dearer = Passwords(PasswordHasher(time_cost=1, memory_cost=16, parallelism=1))
    Accounts(bank.accounts.database, bank.keys, bank.posts, dearer).sign_in("staff", "1010001", PASSWORD, START)
    assert "m=16," in bank.accounts.get_row(APPROVER)["hash"]
    assert bank.accounts.sign_in("staff", "1010001", PASSWORD, START)


@pytest.mark.parametrize(
    ("new", "message"),
    [
        ("Short-1", "10 to 128 characters"),
        ("a1" * 65, "10 to 128 characters"),
        ("onlyletters", "two kinds"),
        ("12345678901", "two kinds"),
        ("aaaaaaaaaa1", "6 different characters"),
        ("abcd1abcd1", "6 different characters"),
        ("my-1010001-x", "must not contain the name"),
        ("horse-\ud800-battery", "no character"),
    ],
)
def test_a_weak_password_is_refused_and_nothing_changes(bank: Identity, new: str, message: str) -> None:
    first = bank.accounts.first_password(APPROVER)
    with pytest.raises(WeakPassword, match=message):
        bank.accounts.change_password(APPROVER, first, new, START)
    assert bank.accounts.sign_in("staff", "1010001", first, START).must_change


def test_a_password_of_the_least_strength_is_taken() -> None:
    prove_strong("abcdef1234", 10, ("1010001",))
    prove_strong("abcde1abcde1", 10, ())
    with pytest.raises(WeakPassword):
        prove_strong("abcdef123", 10, ())


@pytest.mark.parametrize(
    ("id_number", "password"),
    [
        ("310101199001011234", "my13900000000"),
        ("310101199001011234", "my310101199001011234"),
        ("11010519900307124X", "my11010519900307124x"),
        ("11010519900307124x", "my11010519900307124X"),
    ],
)
def test_a_password_that_holds_a_number_of_its_customer_is_weak(bank: Identity, id_number: str, password: str) -> None:
    """His mobile number, and his ID number however its last letter is typed."""
    with pytest.raises(WeakPassword, match="must not contain"):
        bank.accounts.open_customer(id_number, "13900000000", password, START)


def in_full_width(text: str) -> str:
    """The same characters, typed as a Chinese keyboard may type them."""
    return "".join(chr(ord(one) + 0xFEE0) for one in text)


@pytest.mark.parametrize("typed", [str, in_full_width])
def test_the_old_password_again_is_no_new_one_however_it_is_typed(bank: Identity, typed: Callable[[str], str]) -> None:
    first = bank.accounts.first_password(APPROVER)
    with pytest.raises(IdentityError, match="is the old one"):
        bank.accounts.change_password(APPROVER, first, typed(first), START)
    assert bank.accounts.get(APPROVER).must_change
    settled(bank, APPROVER)
    with pytest.raises(IdentityError, match="is the old one"):
        bank.accounts.change_password(APPROVER, PASSWORD, typed(PASSWORD), START)


def test_guessing_the_old_password_locks_as_well(bank: Identity) -> None:
    settled(bank, APPROVER)
    for _ in range(3):
        with pytest.raises(SignInRefused):
            bank.accounts.change_password(APPROVER, WRONG, "Other-horse-9", START)
    with pytest.raises(AccountLocked):
        bank.accounts.change_password(APPROVER, WRONG, "Other-horse-9", START)
    with pytest.raises(AccountLocked):
        bank.accounts.sign_in("staff", "1010001", PASSWORD, START)


@pytest.mark.parametrize("password", ["", "x" * 100_000, "\ud800", "\0", "张三" * 30, "' OR 1=1 --"])
def test_odd_passwords_are_wrong_and_no_fault(bank: Identity, password: str) -> None:
    settled(bank, APPROVER)
    with pytest.raises(SignInRefused, match="the name or the password is wrong"):
        bank.accounts.sign_in("staff", "1010001", password, START)
    with pytest.raises(SignInRefused, match="the name or the password is wrong"):
        bank.accounts.sign_in("staff", password, password, START)
