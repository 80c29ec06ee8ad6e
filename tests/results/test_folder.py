"""A run's folder: made once, marked until sealed, and never taken for a run when it is none."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from credit.compact import ABOUT
from credit.ledger.contract import Posting
from credit.times import DAY_MS
from results.folder import MARK, RunFolderError, create, discard, load_state, read_summary, save_state, seal
from results.sql import tables_of
from tests.results.builders import whole_run
from tests.rows import sample

WHOLE = {"digest": "ab", "seed": 1}
TOLD = {"seed": 7, "until_ms": 20_454 * DAY_MS, "policies": "aa", "chain": "bb"}


def state() -> dict[str, np.ndarray]:
    return {
        "bank.loans": sample(Posting, 5, at=np.arange(5), amount_fen=np.arange(5) * 100),
        "world.desks": Posting.empty(),
    }


def test_a_new_folder_is_marked_until_it_is_sealed(tmp_path: Path) -> None:
    path = create(tmp_path / "a" / "b")
    assert (path / MARK).is_file()
    with pytest.raises(RunFolderError, match="has not ended"):
        read_summary(path)
    seal(path, WHOLE)
    assert not (path / MARK).exists()
    assert read_summary(path) == WHOLE
    assert [file.name for file in path.iterdir()] == ["summary.json"]


def test_an_empty_folder_is_taken_and_a_full_one_is_left_alone(tmp_path: Path) -> None:
    create(tmp_path / "empty")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("years of work")
    with pytest.raises(RunFolderError, match="not an empty folder; give another --out"):
        create(tmp_path / "full")
    assert [file.name for file in (tmp_path / "full").iterdir()] == ["thesis.txt"]


def test_a_file_where_the_folder_should_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(RunFolderError, match="--out"):
            create(path)


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, *args: object, **kwargs: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(RunFolderError) as caught:
        create(tmp_path / "run")
    assert "can't write a run here (Read-only file system)" in caught.value.user_message
    assert "\n" not in caught.value.user_message


def test_a_discarded_folder_leaves_nothing(tmp_path: Path) -> None:
    discard(create(tmp_path / "run"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "damaged"),
        ("[]", "no digest"),
        ('{"seed": 1}', "no digest"),
        ("\u0000", "damaged"),
        ('{"digest": "0", "seed": "7"}', "damaged .seed is '7', where int belongs"),
        ('{"digest": 5}', "digest is 5, where str belongs"),
        ('{"digest": "0", "next": []}', "where dict belongs"),
        ('{"digest": "0", "shards": true}', "where int belongs"),
    ],
)
def test_a_summary_that_is_none_is_refused(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "summary.json").write_text(text)
    with pytest.raises(RunFolderError, match=why):
        read_summary(tmp_path)


def test_no_folder_and_no_run_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="no such folder"):
        read_summary(tmp_path / "nowhere")
    with pytest.raises(RunFolderError, match=r"holds no summary\.json"):
        read_summary(tmp_path)


def test_a_summary_keeps_its_order_and_its_chinese(tmp_path: Path) -> None:
    seal(create(tmp_path / "run"), {"title": "李氏食品店", "digest": "00", "a": 1})
    text = (tmp_path / "run" / "summary.json").read_text(encoding="utf-8")
    assert "李氏食品店" in text
    assert list(json.loads(text)) == ["title", "digest", "a"]


def test_a_state_comes_back_exactly(tmp_path: Path) -> None:
    checksums = save_state(tmp_path, "repayment-0", state(), TOLD)
    back = load_state(tmp_path, "repayment-0", checksums, TOLD)
    assert list(back) == list(state())
    for name, rows in state().items():
        assert back[name].dtype == rows.dtype
        assert np.array_equal(back[name], rows)


def test_a_state_that_is_not_compact_is_another_releases(tmp_path: Path) -> None:
    checksums = save_state(tmp_path, "ledger-0", {}, TOLD)
    file = tmp_path / "state" / "ledger-0.npz"
    with np.load(file) as archive:
        told = archive[ABOUT]
    np.savez(file, **{ABOUT: told, "bank.loans": np.zeros(2, dtype=[("loan", "i8")])})
    checksums[file.name] = hashlib.sha256(file.read_bytes()).hexdigest()
    with pytest.raises(RunFolderError, match="another release's: its tables are not compact"):
        load_state(tmp_path, "ledger-0", checksums, TOLD)


def test_a_state_that_is_missing_is_named(tmp_path: Path) -> None:
    checksums = save_state(tmp_path, "ledger-0", state(), TOLD)
    (tmp_path / "state" / "ledger-0.npz").unlink()
    with pytest.raises(RunFolderError, match=r"ledger-0\.npz: missing"):
        load_state(tmp_path, "ledger-0", checksums, TOLD)


@pytest.mark.parametrize("change", [{"seed": 8}, {"until_ms": 20_455 * DAY_MS}, {"policies": "ab"}, {"chain": ""}])
def test_a_state_of_another_run_is_refused_whatever_its_checksum(tmp_path: Path, change: dict[str, str | int]) -> None:
    checksums = save_state(tmp_path, "ledger-0", state(), TOLD)
    for given in (checksums, {}):
        with pytest.raises(RunFolderError, match=r"ledger-0\.npz: not the state that belongs here; it says"):
            load_state(tmp_path, "ledger-0", given, TOLD | change)


def test_what_a_state_file_says_of_itself_is_none_of_its_tables(tmp_path: Path) -> None:
    checksums = save_state(tmp_path, "ledger-0", {}, TOLD)
    assert load_state(tmp_path, "ledger-0", checksums, TOLD) == {}


@pytest.mark.parametrize("how", ["one byte", "cut", "no checksum"])
def test_a_damaged_state_is_never_used(tmp_path: Path, how: str) -> None:
    checksums = save_state(tmp_path, "ledger-0", state(), TOLD)
    file = tmp_path / "state" / "ledger-0.npz"
    content = bytearray(file.read_bytes())
    if how == "one byte":
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    elif how == "cut":
        file.write_bytes(content[:-100])
    else:
        checksums = {}
    with pytest.raises(RunFolderError, match=r"ledger-0\.npz: damaged"):
        load_state(tmp_path, "ledger-0", checksums, TOLD)


def test_a_folder_that_another_release_wrote_is_refused_with_both_lists_of_columns(tmp_path: Path) -> None:
    whole_run(tmp_path / "run", cases=8, days=5)
    for file in (tmp_path / "run" / "events").glob("*.parquet"):
        pq.write_table(pq.read_table(file).rename_columns({"ts": "at"}).replace_schema_metadata(None), file)
    with pytest.raises(RunFolderError, match=r"another release: events has the columns at case_no .* reads ts case_no"):
        tables_of(tmp_path / "run")
