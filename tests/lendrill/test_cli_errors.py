"""Whatever goes wrong leaves as one clear line on standard error with the right exit code, and never as a traceback."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from credit.errors import CreditError
from lendrill import cli, requirements
from lendrill.cli import main
from lendrill.errors import UserError, line_for
from lendrill.options import RunOptions

ROOT = Path(__file__).resolve().parent.parent.parent


def raising(error: BaseException) -> object:
    def fail(*_: object) -> None:
        raise error

    return fail


def complaint(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line on standard error; nothing else may have been printed."""
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert printed.err.startswith("lendrill: ")
    return printed.err


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["run", "baseline", "--customers", "0"], "--customers 0"),
        (["run", "baseline", "--customers", "-5"], "--customers -5"),
        (["run", "baseline", "--customers", "many"], "--customers"),
        (["run", "baseline", "--days", "-1"], "--days -1"),
        (["run", "baseline", "--days", "0"], "--days 0"),
        (["run", "baseline", "--shards", "0"], "--shards 0"),
        (["run", "baseline", "--seed", "-1"], "--seed -1"),
        (["run", "baseline", "--executor", "spark"], "--executor spark"),
        (["run", "baseline", "--executor", "local", "--address", "host:6379"], "--address"),
        (["run", " "], "scenario"),
        (["run"], "scenario"),
        (["run", "baseline", "--out", ""], "--out"),
        (["run", "baseline", "--from", " "], "--from"),
        (["report", ""], "DIR"),
        (["run", "baseline", "--fast"], "--fast"),
        (["requirements", "--state", "finished"], "--state finished"),
        (["fly"], "fly"),
    ],
)
def test_impossible_requests_are_refused_in_one_line(
    arguments: list[str], names: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    line = complaint(capsys)
    assert names in line
    assert "(" in line, "says what would be right"


def test_a_file_in_the_place_of_the_output_folder_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = tmp_path / "there"
    there.write_text("mine", encoding="utf-8")
    assert main(["run", "baseline", "--out", str(there)]) == 2
    assert str(there) in complaint(capsys)
    assert there.read_text(encoding="utf-8") == "mine"


def test_possible_requests_are_let_through() -> None:
    options = RunOptions("baseline", customers=1, days=1, seed=0, shards=1, executor="ray", address="auto")
    assert (options.customers, options.days, options.seed, options.shards) == (1, 1, 0, 1)


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (UserError("--from x: damaged", "give a whole run"), 2, "--from x: damaged (give a whole run)"),
        (CreditError("amount: 12,x is no number\nof yuan"), 2, "amount: 12,x is no number of yuan"),
        (OSError(errno.ENOSPC, "No space left on device", "runs/1"), 2, "runs/1: the disk is full"),
        (OSError(errno.EROFS, "Read-only file system", "/media/x"), 2, "/media/x: the file system is read-only"),
        (PermissionError(errno.EACCES, "Permission denied", "runs"), 2, "runs: permission denied"),
        (ZeroDivisionError("division by zero"), 1, "ZeroDivisionError: division by zero"),
    ],
)
def test_each_kind_of_failure_has_its_line_and_its_exit_code(
    error: BaseException, code: int, says: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requirements, "table", raising(error))
    assert main(["requirements"]) == code
    assert says in complaint(capsys)


def test_a_fault_of_ours_shows_its_place_only_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, "table", raising(ZeroDivisionError("by zero")))
    monkeypatch.setenv(cli.TRACEBACK_SWITCH, "1")
    with pytest.raises(ZeroDivisionError):
        main(["requirements"])


def test_only_errors_a_person_can_mend_have_a_line() -> None:
    assert line_for(ValueError("x")) is None
    assert line_for(OSError(errno.EINVAL, "Invalid argument")) is None


def test_help_and_version_answer_without_a_fault(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["--help"], [], ["run", "--help"], ["--version"]):
        assert main(arguments) == 0
        assert "lendrill" in capsys.readouterr().out


def test_help_imports_none_of_the_heavy_parts() -> None:
    heavy = "{'ray', 'numpy', 'pyarrow', 'simpy', 'duckdb', 'plotly', 'pandas'}"
    code = f"import sys; from lendrill.cli import main; main(['--help']); sys.exit(len({heavy} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False).returncode == 0


def test_a_reader_that_goes_away_causes_no_complaint() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "lendrill", "requirements", "--json"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(timeout=30) == 1


def test_control_c_ends_with_130(tmp_path: Path) -> None:
    code = (
        "import signal, sys, time, pathlib\nfrom lendrill import cli, requirements\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell's background ignores it
        f"requirements.table = lambda root: (pathlib.Path({str(tmp_path / 'on')!r}).touch(), time.sleep(30))\n"
        "sys.exit(cli.main(['requirements']))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (tmp_path / "on").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_asked_to_end_ends_between_windows_and_can_be_continued(number: signal.Signals, tmp_path: Path) -> None:
    out, goes_on = tmp_path / "run", tmp_path / "goes_on"
    code = (
        "import signal, sys, pathlib\nfrom actors.pipeline import Pipeline\nfrom lendrill import cli\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "submit = Pipeline.submit\n"
        f"def slowly(self, block): pathlib.Path({str(goes_on)!r}).touch(); return submit(self, block)\n"
        "Pipeline.submit = slowly\n"
        f"sys.exit(cli.main('run baseline --customers 200 --days 900 --executor local --out {out}'.split()))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not goes_on.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, number)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in said) == (130, False)
    summary = json.loads((out / "summary.json").read_text())
    assert (summary["status"], summary["windows"]) == ("partial", 900)
    again = ["run", "baseline", "--customers", "10", "--days", "1", "--executor", "local", "--from", str(out)]
    assert main([*again, "--out", str(tmp_path / "more")]) == 0
