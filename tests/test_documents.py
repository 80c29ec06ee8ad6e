"""The README's commands run, and print what it says they print. `…` in an expected line stands for anything on that line; a line
that is only `…` stands for any lines."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from lendrill.cli import main

ROOT = Path(__file__).parents[1]
Example = tuple[str, list[str]]


def examples(text: str) -> list[Example]:
    """(command, expected lines) of the ``console`` blocks, in order."""
    found: list[Example] = []
    for block in re.findall(r"```console\n(.*?)```", text, flags=re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line.rstrip())
    return found


def matches(expected: list[str], printed: str) -> bool:
    """Whether the output is the expected one, with `…` as described above."""
    parts = [r"(?:.*\n)*?" if line == "…" else re.escape(line).replace("…", ".*") + r"[ ]*\n" for line in expected]
    lines = "".join(line.rstrip() + "\n" for line in printed.splitlines())
    return re.fullmatch("".join(parts), lines) is not None


def test_the_commands_of_the_readme_print_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first is typed into a shell, as a reader does it; what follows of ours runs here, where all is imported already."""
    found = examples((ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(found) >= 10
    assert found[0][0].startswith("lendrill run ")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    background: list[subprocess.Popen[str]] = []
    try:
        _typed(found, background, capsys)
    finally:
        for process in background:
            process.terminate()
            process.communicate(timeout=60)


def in_background(command: str, expected: list[str]) -> subprocess.Popen[str]:
    """A command that goes on, once it has said what it should."""
    process = subprocess.Popen(shlex.split(command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    said = "".join(process.stdout.readline() for _ in expected)
    if not (right := matches(expected, said)):
        process.terminate()
    assert right, f"$ {command}\n{said}"
    return process


def _typed(found: list[Example], background: list[subprocess.Popen[str]], capsys: pytest.CaptureFixture[str]) -> None:
    for place, (command, expected) in enumerate(found):
        words = shlex.split(command)
        if command.endswith(" &"):
            background.append(in_background(command.removesuffix(" &"), expected))
            continue
        if place and words[0] == "lendrill":
            main(words[1:])
            out, err = capsys.readouterr()
        else:
            done = subprocess.run(["sh", "-c", command], check=False, capture_output=True, text=True, timeout=120)
            out, err = done.stdout, done.stderr
        assert matches(expected, out or err), f"$ {command}\n{out}\n{err}"


@pytest.mark.parametrize(
    ("expected", "printed", "fits"),
    [
        (["a"], "a\n", True),
        (["a"], "b\n", False),
        (["a …", "c"], "a b\nc\n", True),
        (["…", "c"], "a\nb\nc\n", True),
        (["a", "…"], "a\n", True),
        (["a"], "a\nb\n", False),
        (["a.c"], "abc\n", False),
    ],
)
def test_an_example_fits_only_what_it_says(expected: list[str], printed: str, fits: bool) -> None:
    assert matches(expected, printed) == fits


@pytest.mark.parametrize("name", ["README.md", "ARCHITECTURE.md"])
def test_the_files_that_documents_point_at_are_there(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    missing = [link for link in links if not (ROOT / link).exists()]
    assert links
    assert not missing
