"""Keys are made once, whole, for their owner alone, and never show."""

from __future__ import annotations

import fcntl
import json
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from actors.identity import files
from actors.identity.errors import IdentityError, KeysExposed
from actors.identity.keys import NAME, Keys
from tests.actors.identity.builders import REGISTER, a_bank


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_the_first_start_makes_them_and_the_next_one_finds_them(tmp_path: Path) -> None:
    made = Keys.open(tmp_path / "identity")
    found = Keys.open(tmp_path / "identity")
    assert (mode(tmp_path / "identity"), mode(tmp_path / "identity" / NAME)) == (0o700, 0o600)
    assert made.number == found.number
    assert made.signing() == found.signing()
    assert made.derived("x") == found.derived("x")
    assert Keys.open(tmp_path / "other").signing() != made.signing()


def test_of_many_first_starts_one_makes_them(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        numbers = {one.number for one in pool.map(lambda _: Keys.open(tmp_path / "identity"), range(24))}
    assert len(numbers) == 1
    assert [one.name for one in (tmp_path / "identity").iterdir()] == [NAME]


def test_each_purpose_has_a_key_of_its_own() -> None:
    keys = Keys.random()
    drawn = [
        keys.signing(),
        *(keys.derived(purpose) for purpose in ("blobs", "fields", "fingerprints", "operation log")),
    ]
    assert len(set(drawn)) == len(drawn)
    assert {len(key) for key in drawn} == {32}


@pytest.mark.parametrize("what", ["", NAME])
@pytest.mark.parametrize("bits", [0o040, 0o004, 0o020, 0o001])
def test_what_others_may_read_or_change_is_refused(tmp_path: Path, what: str, bits: int) -> None:
    folder = tmp_path / "identity"
    Keys.open(folder)
    (folder / what).chmod(mode(folder / what) | bits)
    with pytest.raises(KeysExposed, match="others may read or change it") as refused:
        Keys.open(folder)
    assert "chmod" in refused.value.user_message


def test_a_folder_that_was_open_before_is_refused_and_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "identity"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    with pytest.raises(KeysExposed):
        Keys.open(folder)
    assert list(folder.iterdir()) == []


def test_keys_behind_a_link_are_refused(tmp_path: Path) -> None:
    Keys.open(tmp_path / "real")
    (tmp_path / "linked").symlink_to(tmp_path / "real")
    with pytest.raises(IdentityError, match="reached by a link"):
        Keys.open(tmp_path / "linked")
    (tmp_path / "identity").mkdir(mode=0o700)
    (tmp_path / "identity" / NAME).symlink_to(tmp_path / "real" / NAME)
    with pytest.raises(IdentityError, match="can't be read"):
        Keys.open(tmp_path / "identity")


def test_lost_keys_are_not_replaced_in_silence(tmp_path: Path) -> None:
    bank = a_bank(tmp_path)
    bank.close()
    (bank.folder / NAME).unlink()
    with pytest.raises(IdentityError, match="the keys are gone"):
        a_bank(tmp_path)
    assert not (bank.folder / NAME).exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "damaged"),
        ("{}", "damaged"),
        ("[1]", "damaged"),
        ('{"release": 1, "signing": "!", "data": "!"}', "damaged"),
        ('{"release": 1, "signing": "AAAA", "data": "AAAA"}', "damaged"),
    ],
)
def test_damaged_keys_are_refused_in_one_line(tmp_path: Path, content: str, message: str) -> None:
    Keys.open(tmp_path / "identity")
    (tmp_path / "identity" / NAME).write_text(content, encoding="utf-8")
    with pytest.raises(IdentityError, match=message) as refused:
        Keys.open(tmp_path / "identity")
    assert "\n" not in refused.value.user_message


def test_keys_of_a_newer_release_are_refused(tmp_path: Path) -> None:
    Keys.open(tmp_path / "identity")
    path = tmp_path / "identity" / NAME
    path.write_text(json.dumps(json.loads(path.read_text()) | {"release": 2}))
    with pytest.raises(IdentityError, match="of release 2"):
        Keys.open(tmp_path / "identity")


def test_nothing_secret_shows(tmp_path: Path) -> None:
    bank = a_bank(tmp_path)
    secrets = [bank.keys.signing().hex(), bank.keys.derived("blobs").hex(), bank.keys.first_secret("staff:910001")]
    spoken = " ".join(
        map(repr, (bank.keys, bank.vault, bank.tokens, bank.accounts, bank.accounts.get("staff:910001"), bank))
    )
    assert not [secret for secret in secrets if secret in spoken]
    with pytest.raises(TypeError):
        pickle.dumps(bank.keys)


def test_first_secrets_are_long_and_one_s_own() -> None:
    keys = Keys.random()
    drawn = [keys.first_secret("staff:1"), keys.first_secret("staff:2"), keys.first_secret("staff:1", 1)]
    assert len(set(drawn)) == 3
    assert all(len(one.replace("-", "")) == 20 for one in drawn)
    assert drawn[0] == keys.first_secret("staff:1") != Keys.random().first_secret("staff:1")


def test_first_credentials_stand_in_one_file_of_their_owner(tmp_path: Path) -> None:
    bank = a_bank(tmp_path, first=False)
    path = bank.first(REGISTER)
    assert path is not None
    assert mode(path) == 0o600
    text = path.read_text(encoding="utf-8")
    for account in ("910001", "910002", "920001", "920002", "930001", "930002", "1010001", "710001"):
        assert f"\n{account:<25}{bank.keys.first_secret(f'staff:{account}')} " in text
    assert all(f"\n{one:<25}{bank.keys.first_secret(f'system:{one}')} " in text for one in ("partner", "load"))
    secret = bank.keys.first_secret("staff:910001").encode()
    files = [one for one in tmp_path.rglob("*") if one.is_file() and one != path]
    assert files
    assert not [one for one in files if secret in one.read_bytes()]
    assert {mode(one) for one in tmp_path.rglob("*") if one.is_file()} == {0o600}
    path.unlink()
    assert bank.first(REGISTER) is None
    assert not path.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_keys_of_another_user_are_refused(tmp_path: Path) -> None:
    Keys.open(tmp_path / "identity")
    os.chown(tmp_path / "identity" / NAME, 65_534, 65_534)
    with pytest.raises(KeysExposed, match="belongs to another user"):
        Keys.open(tmp_path / "identity")


def test_claiming_a_file_leaves_the_locks_on_it_and_follows_no_link(tmp_path: Path) -> None:
    path, link = tmp_path / "accounts.db", tmp_path / "link.db"
    files.claim(path)
    link.symlink_to(path)
    with pytest.raises(IdentityError, match="reached by no link"):
        files.claim(link)
    asks = "import fcntl, sys; fcntl.lockf(open(sys.argv[1], 'r+'), fcntl.LOCK_EX | fcntl.LOCK_NB)"
    with path.open("r+") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        files.claim(path)
        assert subprocess.run([sys.executable, "-c", asks, str(path)], capture_output=True, check=False).returncode == 1
    assert subprocess.run([sys.executable, "-c", asks, str(path)], capture_output=True, check=False).returncode == 0
