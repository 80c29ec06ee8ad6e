"""What is sealed can't be read, changed or moved, and equal values are found without being opened."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from actors.identity.errors import Damaged, WrongKey
from actors.identity.keys import Keys
from actors.identity.vault import Vault

KEYS = Keys.random()
VAULT = Vault(KEYS)


@given(some.binary(max_size=300), some.binary(max_size=20))
def test_what_was_sealed_is_opened_as_it_was(content: bytes, about: bytes) -> None:
    sealed = VAULT.seal(content, about)
    assert VAULT.open(sealed, about) == content
    assert len(content) < 8 or content not in sealed


def test_the_same_content_never_looks_the_same() -> None:
    assert len({VAULT.seal(b"window", b"7") for _ in range(50)}) == 50


def test_a_blob_can_not_be_moved_to_another_window() -> None:
    sealed = VAULT.seal(b"content", b"window 7")
    with pytest.raises(Damaged, match="sealed for another place"):
        VAULT.open(sealed, b"window 8")


def test_every_changed_byte_is_noticed() -> None:
    sealed = VAULT.seal(b"content", b"7")
    for at in range(len(sealed)):
        changed = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        with pytest.raises((Damaged, WrongKey)):
            VAULT.open(changed, b"7")


@pytest.mark.parametrize("cut", [0, 1, 10, 22, 38])
def test_cut_short_is_damaged(cut: int) -> None:
    with pytest.raises(Damaged, match="cut short"):
        VAULT.open(VAULT.seal(b"", b"7")[:cut], b"7")


def test_another_key_is_told_from_damage() -> None:
    with pytest.raises(WrongKey, match="sealed with another key"):
        Vault(Keys.random()).open(VAULT.seal(b"content", b"7"), b"7")


def test_equal_values_have_equal_fingerprints_of_this_bank_and_column_alone() -> None:
    one = VAULT.fingerprint("31010119900101123x", "id")
    assert one == VAULT.fingerprint(" 31010119900101123X", "id") == VAULT.fingerprint("３１010119900101123X", "id")
    assert one == Vault(KEYS).fingerprint("31010119900101123X", "id")
    assert one != VAULT.fingerprint("310101199001011230", "id")
    assert one != VAULT.fingerprint("31010119900101123X", "account")
    assert one != Vault(Keys.random()).fingerprint("31010119900101123X", "id")
