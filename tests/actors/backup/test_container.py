"""The file of a backup: there whole or not at all, and whatever of it is not what was written is found and named."""

from __future__ import annotations

import json
import os
import random
import stat
from pathlib import Path

import pytest

from actors.backup.container import MAGIC, Head, Manifest, Writer, check, head_of, manifest_of, pieces_of
from actors.backup.errors import BackupError, DamagedBackup, NewerFormat, WrongKey
from actors.backup.key import BackupKey
from actors.backup.places import names_in, swept
from actors.identity.errors import KeysExposed

KEY = BackupKey(bytes(range(32)))
CONTENTS = {"bank.json": b'{"name": "zhang"}', "windows": bytes(range(256)) * 9_000, "log/a.jsonl": b"line\n" * 50_000}
RANDOM = random.Random(20_260_210)


def written(folder: Path, time: int = 1_795_719_131_657, key: BackupKey = KEY, content: bytes = b"") -> Path:
    head = Head(1, "zhang", "full", time, f"{time:032x}", key.name)
    with Writer(folder, head, key) as writer:
        for name, of in CONTENTS.items():
            writer.add(name, [of], deflated=name.startswith("log"))
        writer.add("more", [content])
        writer.finish(Manifest("zhang", "full", head.id, time, following=7, seal="ab"))
    return writer.path


def read(path: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for name, piece in pieces_of(path, KEY):
        found[name] = found.get(name, b"") + piece
    return found


def flipped(path: Path, place: int, into: Path) -> Path:
    content = bytearray(path.read_bytes())
    content[place] ^= 1 << RANDOM.randrange(8)
    into.write_bytes(content)
    return into


def test_what_was_written_is_read_and_only_its_head_without_the_key(tmp_path: Path) -> None:
    path = written(tmp_path)
    assert read(path) == CONTENTS
    assert (head_of(path).bank, head_of(path).kind, head_of(path).name) == ("zhang", "full", path.name)
    assert manifest_of(path, KEY).following == 7
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert b"windows" not in path.read_bytes()
    assert path.stat().st_size < sum(map(len, CONTENTS.values())) - 200_000


@pytest.mark.parametrize("trials", [40, pytest.param(1_000, marks=pytest.mark.slow)])
@pytest.mark.requirement("DR-05.c")
def test_a_flipped_bit_anywhere_is_found_and_the_file_named(tmp_path: Path, trials: int) -> None:
    path = written(tmp_path)
    size = path.stat().st_size
    places = [*range(20), *range(size - 16, size), *(RANDOM.randrange(size) for _ in range(trials))]
    for place in places:
        other = flipped(path, place, tmp_path / "flipped")
        with pytest.raises((DamagedBackup, NewerFormat, WrongKey), match="flipped"):
            check(other, KEY)


@pytest.mark.parametrize("left", [0, 10, 200, 40_000, -1, -16, -17])
def test_a_backup_that_is_cut_short_is_found(tmp_path: Path, left: int) -> None:
    path = written(tmp_path)
    path.write_bytes(path.read_bytes()[:left])
    for look in (check, manifest_of):
        with pytest.raises(DamagedBackup, match=path.name):
            look(path, KEY)


def frames(path: Path) -> tuple[bytes, list[bytes], bytes]:
    content = path.read_bytes()
    begin = content.index(b"\n", len(MAGIC)) + 1
    found, at = [], begin
    while at < len(content) - 16:
        end = at + 4 + int.from_bytes(content[at : at + 4], "big")
        found.append(content[at:end])
        at = end
    return content[:begin], found, content[-16:]


@pytest.mark.parametrize("what", ["moved", "left out", "twice", "of another", "appended"])
def test_frames_in_another_order_or_of_another_backup_are_found(tmp_path: Path, what: str) -> None:
    path = written(tmp_path)
    _, foreign, _ = frames(written(tmp_path, time=1_795_719_131_658))
    head, found, end = frames(path)
    changed = {
        "moved": [found[1], found[0], *found[2:]],
        "left out": [found[0], *found[2:]],
        "twice": [found[0], *found],
        "of another": [foreign[0], *found[1:]],
        "appended": [*found, found[0]],
    }
    path.write_bytes(head + b"".join(changed[what]) + end)
    with pytest.raises(DamagedBackup):
        check(path, KEY)


def test_another_key_and_a_newer_form_say_so(tmp_path: Path) -> None:
    path = written(tmp_path)
    with pytest.raises(WrongKey, match=f"made with the key {KEY.name}, not with"):
        check(path, BackupKey(bytes(32)))
    newer = path.read_bytes().replace(b'"version": 1', b'"version": 2', 1)
    path.write_bytes(newer)
    with pytest.raises(NewerFormat, match="written in form 2, this release reads 1; use the release that wrote it"):
        check(path, KEY)
    path.write_text("something else", encoding="utf-8")
    with pytest.raises(DamagedBackup, match="it is no backup"):
        head_of(path)
    with pytest.raises(BackupError, match="can't be read"):
        head_of(tmp_path / "none")


def test_a_crash_in_the_middle_leaves_the_backup_before_and_nothing_else(tmp_path: Path) -> None:
    path = written(tmp_path)
    with pytest.raises(ZeroDivisionError), Writer(tmp_path, head_of(path)._replace(time=2), KEY) as writer:
        writer.add("windows", (b"x" * size for size in (5_000_000, 1 // 0)))
    assert list(tmp_path.iterdir()) == [path]
    child = os.fork()
    if not child:
        with Writer(tmp_path, head_of(path)._replace(time=2), KEY) as writer:
            writer.add("windows", [b"x" * 5_000_000])
            os._exit(0)  # as a kill would: nothing is tidied
    os.waitpid(child, 0)
    assert len(list(tmp_path.iterdir())) == 2
    assert names_in(tmp_path) == [path]
    swept(tmp_path)
    assert list(tmp_path.iterdir()) == [path]
    assert check(path, KEY).following == 7


def test_a_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "backup.key"
    key = BackupKey.open(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert BackupKey.open(file).name == key.name != KEY.name
    key.save(tmp_path / "copy")
    assert BackupKey.read(tmp_path / "copy").name == key.name
    assert file.read_text().strip() not in repr(key)
    file.chmod(0o644)
    with pytest.raises(KeysExposed, match="others may read"):
        BackupKey.read(file)
    (tmp_path / "copy").write_text(json.dumps("no key"))
    with pytest.raises(BackupError, match="holds no key of backups"):
        BackupKey.read(tmp_path / "copy")
