"""`lendrill audit`: exit code 0 for a log that is as it was written, 1 for one that is not, 2 for a wrong question."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.identity.service import LOG
from lendrill.cli import main
from tests.actors.identity.logs import ROWS, opened, tamper, written


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return written(tmp_path)


def test_the_command_says_that_a_log_is_intact(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    head = str(opened(store).head())
    assert main(["audit", "verify", str(store)]) == 0
    assert capsys.readouterr().out == f"intact: 6 rows, head {head}\n"
    assert main(["audit", "verify", str(store), "--head", head]) == 0
    (store / "audit.head").rename(store / "elsewhere")
    assert main(["audit", "verify", str(store), "--anchor", str(store / "elsewhere")]) == 0


def test_the_command_names_the_row_and_exits_with_1(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tamper(store, "UPDATE log SET at = 1 WHERE number = 4")
    assert main(["audit", "verify", str(store)]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == "lendrill: row 4 of the operation log was altered: it is not what was written\n"


@pytest.mark.parametrize("how", ["overwritten", "gone", "page"])
def test_a_file_that_was_spoilt_is_tampered_with(store: Path, capsys: pytest.CaptureFixture[str], how: str) -> None:
    path = store / "identity" / LOG
    if how == "gone":
        path.unlink()
    elif how == "page":
        content = path.read_bytes()
        path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    else:
        path.write_bytes(b"no database at all " * 500)
    assert main(["audit", "verify", str(store)]) == 1
    told = capsys.readouterr().err
    assert told.startswith("lendrill: row 1 of the operation log")
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [
        ["verify", "NOWHERE"],
        ["show", "NOWHERE"],
        ["verify", "STORE", "--head", "7"],
        ["show", "STORE", "--since", "yesterday"],
        ["show", "STORE", "--result", "fine"],
        ["show", "STORE", "--format", "pdf"],
        ["show", "STORE", "--limit", "0"],
        ["show", "STORE", "--by", "weather"],
        ["verify"],
    ],
)
def test_bad_input_is_told_in_one_line_with_exit_code_2(
    store: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    places = {"STORE": str(store), "NOWHERE": str(store / "nowhere")}
    assert main(["audit", *(places.get(word, word) for word in words)]) == 2
    told = capsys.readouterr()
    assert told.err.startswith("lendrill: ")
    assert told.err.count("\n") == 1
    assert not (store / "nowhere").exists()


def test_a_log_that_others_may_read_is_bad_input(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (store / "identity").chmod(0o755)
    assert main(["audit", "verify", str(store)]) == 2
    assert "others may read or change it" in capsys.readouterr().err


@pytest.mark.requirement("SEC-11.b")
def test_the_command_shows_counts_and_exports(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "show", str(store), "--limit", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert "staff:1010001" in lines[0]
    assert "POST   /tasks/claim  200 ok  0.9 ms" in lines[0]
    assert main(["audit", "show", str(store), "--format", "jsonl", "--person", "1010001"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == ROWS
    assert main(["audit", "show", str(store), "--format", "csv", "--until", "2020-01-01"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1
    assert main(["audit", "show", str(store), "--by", "method"]) == 0
    assert capsys.readouterr().out.split() == ["6", "0", "not", "ok", "POST"]
