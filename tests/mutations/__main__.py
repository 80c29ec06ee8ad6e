"""``python -m tests.mutations`` breaks each rule of the tables in turn, in a copy of the tree, and tells which test notices;
those tests must pass where nothing is broken. ``--only 3 7-12`` tries those alone, ``--only collections`` those of files
so named. It fails where a mutation survives that is not said to be equivalent, or where one is noticed that is."""

from __future__ import annotations

import argparse
import compileall
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from py_compile import PycInvalidationMode

import pytest

from tests.mutations import ROOT, Mutation, mutations

LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "runs", "build", "dist", "node_modules")
LIBRARIES = ("duckdb", "fastapi", "httpx", "hypothesis", "joserfc.jwt", "numpy", "plotly", "pyarrow.parquet", "simpy")
"""Imported once, since what the tests need of others is the same for every mutation."""
SECONDS_MAX = 300
PASSED, FAILED, INTERRUPTED = 0, 1, 2


def copy_of_the_tree(folder: Path) -> Path:
    """A copy to break, compiled by content: whatever changes is compiled anew, however quickly it changes."""
    copy = folder / "tree"
    shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
    for package in {Path(one.file).parts[0] for one in mutations()}:
        compileall.compile_dir(copy / package, quiet=1, invalidation_mode=PycInvalidationMode.CHECKED_HASH)
    return copy


def noticed(copy: Path, tests: Sequence[str]) -> str:
    """The first test that fails in the copy, or why none could pass; empty where all pass."""
    said = copy / "said.txt"
    run = get_context("fork").Process(target=_run_in, args=(copy, tests, said))
    run.start()
    run.join(SECONDS_MAX)
    if run.is_alive():
        run.kill()
        return "no end"
    if run.exitcode == PASSED:
        return ""
    text = said.read_text(encoding="utf-8")
    if run.exitcode not in {FAILED, INTERRUPTED}:
        raise SystemExit(f"the tests did not run: {' '.join(tests)}\n{text[-4000:]}")
    lines = [line for line in text.splitlines() if line.startswith(("FAILED ", "ERROR "))]
    return lines[0].split(" - ")[0].split(" ", 1)[1] if lines else "no import"


def _run_in(copy: Path, tests: Sequence[str], said: Path) -> None:
    """Runs tests in a process of its own, which has the libraries already and takes all that is ours from the copy."""
    ours = {path.name for path in copy.iterdir()}
    for name in [name for name in sys.modules if name.partition(".")[0] in ours]:
        del sys.modules[name]
    sys.path[:] = [str(copy), *(path for path in sys.path if Path(path).resolve() != ROOT)]
    sys.dont_write_bytecode = True
    os.environ |= {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    os.chdir(copy)
    with said.open("w", encoding="utf-8") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    plugins = ["-p", "no:cacheprovider", "-p", "pytest_timeout", "-p", "anyio"]
    code = int(pytest.main(["-x", "-q", *plugins, "-m", "not slow and not ray", *tests]))
    sys.stdout.flush()
    os._exit(code)


def chosen(words: Sequence[str], every: Sequence[Mutation]) -> list[int]:
    """The numbers that words name, in their order: a number, a range, or part of a file's name; all where there are none."""
    numbers: list[int] = []
    for word in words or [""]:
        first, _, last = word.partition("-")
        named = range(int(first), int(last or first) + 1) if first.isdigit() else ()
        numbers += [n for n, one in enumerate(every, 1) if (n in named if named else word in one.file)]
    return list(dict.fromkeys(numbers))


def tried(copy: Path, mutation: Mutation) -> str:
    """What notices a mutation."""
    file = copy / mutation.file
    whole = file.read_text(encoding="utf-8")
    file.write_text(mutation.broken(whole), encoding="utf-8")
    try:
        return noticed(copy, mutation.tests)
    finally:
        file.write_text(whole, encoding="utf-8")


def main() -> int:
    """Tries the mutations one after another."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutations", description=__doc__)
    parser.add_argument("--only", nargs="+", default=[], metavar="N", help="numbers, ranges, or part of a file's name")
    every = list(mutations())
    numbers = chosen(parser.parse_args().only, every)
    killed, equivalent, wrong, witnesses = 0, 0, list[int](), set[str]()
    for library in LIBRARIES:
        import_module(library)
    with tempfile.TemporaryDirectory() as folder:
        copy = copy_of_the_tree(Path(folder))
        for number in numbers:
            one = every[number - 1]
            by = tried(copy, one)
            said = f"killed by {by}" if by else f"survived: {one.equivalent or 'no test notices'}"
            print(f"{number:4} {one.file}: {one.old!r} → {one.new!r}\n     {said}", flush=True)
            killed, equivalent = killed + bool(by), equivalent + (not by and bool(one.equivalent))
            witnesses |= {by} if "::" in by else set()
            if bool(by) == bool(one.equivalent):
                wrong.append(number)
        if witnesses and (fails := noticed(copy, sorted(witnesses))):
            raise SystemExit(f"a test fails although nothing is broken: {fails}")
    print(
        f"{killed} of {len(numbers)} killed, {equivalent} change nothing, otherwise than the tables say: {wrong or 'none'}"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
