"""The table of requirements: every id of docs/requirements.md by its clauses, the tests that carry each clause, and how those
tests last went. Nothing is claimed by hand alone: clauses come from the catalogue, which says for each of them which run
reaches it (`→`) or what is missing (`✗`); tests from reading the test files; outcomes from the record that the last
test runs left (`.requirements.json`), each with the digest of the code that it was the outcome of: of other code than what stands
there now it says nothing. A mark that names no clause fails the collection of the tests."""

from __future__ import annotations

import ast
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TextIO

from lendrill.errors import UserError

RECORD_NAME = ".requirements.json"
MARK = "requirement"
STATES = ("shown", "part", "open", "failing")
"""All clauses shown · some · none, or not yet split into clauses · one whose test failed when it last ran."""
OTHER_CODE = "not checked since the code changed"
OUTCOMES = ("passed", "failed", "not run", OTHER_CODE)
SOURCES = ("credit", "actors", "sim", "results", "scenarios", "lendrill", "tests")
"""Folders of which an outcome is: the code and the tests."""
LIVE = "live"
"""Stands for a run where a clause is reached by the test itself, which drives a live bank through its API."""

_ENTRY = re.compile(r"^- \*\*([A-Z]+-\d+)\*\*\s+(.*)$")
_CLAUSE = re.compile(
    r"^  - \*\*(?P<id>(?P<whole>[A-Z]+-\d+)\.[a-z])\*\*\s+(?P<text>.*?) (?P<sign>[→✗]) (?P<rest>\S.*)$"
)
_SECTION = re.compile(r"^## \d+ (.*)$")
_PACKAGE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Clause:
    """One checkable statement of a requirement. Either `run` says what reaches it (`baseline: event, event` or `live`), or
    `missing` says what it lacks; `tests` are node ids (`tests/x.py::test_y`), `outcome` is one of `OUTCOMES`."""

    id: str
    text: str
    run: str = ""
    missing: str = ""
    tests: tuple[str, ...] = ()
    outcome: str = "not run"


@dataclass(frozen=True)
class Requirement:
    """One entry of the catalogue with its clauses; none where it has not been taken up yet."""

    id: str
    section: str
    text: str
    clauses: tuple[Clause, ...] = ()

    @property
    def state(self) -> str:
        """One of `STATES`."""
        if any(clause.outcome == "failed" for clause in self.clauses):
            return "failing"
        shown = [not clause.missing for clause in self.clauses]
        return "shown" if shown and all(shown) else "part" if any(shown) else "open"


@dataclass
class _Marks:
    """Ids found in one test file: by node id, and by the name of a module-level list of parameters."""

    path: str
    by_test: dict[str, list[str]] = field(default_factory=dict)
    by_name: dict[str, list[str]] = field(default_factory=dict)


def repository() -> Path | None:
    """The checkout this package runs from, or None when it is installed without its tests."""
    root = _PACKAGE.parent
    return root if (root / "pyproject.toml").is_file() and (root / "tests").is_dir() else None


def catalogue_path() -> Path:
    """docs/requirements.md in a checkout, its packaged copy in an installed wheel."""
    for path in (_PACKAGE.parent / "docs" / "requirements.md", _PACKAGE / "data" / "requirements.md"):
        if path.is_file():
            return path
    raise UserError("the requirement catalogue is missing from this installation", "reinstall lendrill")


def catalogue(text: str | None = None) -> list[Requirement]:
    """Every numbered entry with its clauses, in the catalogue's order. `text` defaults to the project's own catalogue; a line
    that looks like a clause and is none, or stands out of turn, is a `UserError`."""
    lines = (catalogue_path().read_text(encoding="utf-8") if text is None else text).splitlines()
    found: list[Requirement] = []
    section = ""
    for number, line in enumerate(lines, 1):
        if heading := _SECTION.match(line):
            section = heading[1]
        elif entry := _ENTRY.match(line):
            found.append(Requirement(entry[1], section, entry[2].replace("`", "")))
        elif line.startswith("  - **"):
            found[-1:] = [_with_clause(found[-1:], line, number)]
    return found


def _with_clause(last: list[Requirement], line: str, number: int) -> Requirement:
    clause = _CLAUSE.match(line)
    if clause is None or not last:
        raise UserError(
            f"docs/requirements.md, line {number}: not a clause: {line.strip()}",
            "write `- **CUS-04.a** what holds → scenario: event` or `… ✗ what is missing` below its requirement",
        )
    whole = last[0]
    expected = f"{whole.id}.{chr(ord('a') + len(whole.clauses))}"
    if clause["id"] != expected:
        raise UserError(f"docs/requirements.md, line {number}: {clause['id']} out of turn", f"{expected} comes next")
    text, rest = clause["text"].replace("`", ""), clause["rest"].replace("`", "")
    run, missing = (rest, "") if clause["sign"] == "→" else ("", rest)
    return replace(whole, clauses=(*whole.clauses, Clause(expected, text, run, missing)))


def mark_fault(mark: str, entries: dict[str, Requirement]) -> str:
    """Why a test may not carry `mark`; empty where it may. `entries` is the catalogue by id."""
    whole = entries.get(mark.partition(".")[0])
    if whole is None:
        return "docs/requirements.md does not hold it"
    if not whole.clauses:
        return "not yet split into clauses: write them in docs/requirements.md first"
    if mark not in (clauses := [clause.id for clause in whole.clauses]):
        return "not a clause: name one or more of " + ", ".join(clauses)
    return ""


def table(root: Path | None) -> list[Requirement]:
    """The catalogue with the tests and outcomes of its clauses; without a checkout (`root` None) no tests."""
    tests = {} if root is None else tests_by_id(root / "tests")
    outcomes = {} if root is None else read_record(root)
    return [
        replace(
            entry,
            clauses=tuple(
                replace(
                    clause,
                    tests=tuple(tests.get(clause.id, ())),
                    outcome=_outcome(tests.get(clause.id, []), outcomes.get(clause.id, {})),
                )
                for clause in entry.clauses
            ),
        )
        for entry in catalogue()
    ]


def untested(entries: Iterable[Requirement]) -> list[str]:
    """Clauses that the catalogue claims and no test carries."""
    return [one.id for entry in entries for one in entry.clauses if one.run and not one.tests]


def counts(entries: Iterable[Requirement]) -> dict[str, int]:
    """How many entries stand in each state, states nobody is in left out."""
    states = [entry.state for entry in entries]
    return {state: states.count(state) for state in STATES if state in states}


def outcomes_of(entries: Iterable[Requirement]) -> dict[str, list[str]]:
    """Ids of the clauses that tests carry, by how those tests last went: every one of `OUTCOMES`."""
    found: dict[str, list[str]] = {outcome: [] for outcome in OUTCOMES}
    for entry in entries:
        for clause in entry.clauses:
            if clause.tests:
                found[clause.outcome].append(clause.id)
    return found


def _outcome(tests: list[str], recorded: dict[str, str]) -> str:
    """Failed if one failed; passed if each test of a clause did, in each of its parameters; else not run, or run of other code
    alone."""
    said = {test: {how for name, how in recorded.items() if name.partition("[")[0] == test} for test in tests}
    if any("failed" in how for how in said.values()):
        return "failed"
    if said and all(how == {"passed"} for how in said.values()):
        return "passed"
    return OTHER_CODE if any(OTHER_CODE in how for how in said.values()) else "not run"


def check(root: Path, entries: Iterable[Requirement], to: TextIO | None = None) -> None:
    """Run the tests that carry clauses of `entries`, slow ones too; how they went is on record afterwards. What pytest says
    goes to `to` (default: standard output)."""
    tests = dict.fromkeys(test for entry in entries for clause in entry.clauses for test in clause.tests)
    spread = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder") if len(tests) > 50 else ()
    if tests:
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-m", "", *spread, *tests], cwd=root, stdout=to, check=False
        )


def code_digest(root: Path) -> str:
    """What the code and its tests are, by the names and contents of all their files."""
    digest = hashlib.sha256()
    for path in sorted(path for folder in SOURCES for path in (root / folder).rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{path.relative_to(root).as_posix()} {content}\n".encode())
    return digest.hexdigest()[:16]


def read_record(root: Path) -> dict[str, dict[str, str]]:
    """Outcomes of the last test runs: clause → node id → passed, failed or skipped, or `OTHER_CODE` where the code has changed
    since. Empty when none is on record."""
    code, record = code_digest(root), _recorded(root)
    return {
        clause_id: {test: how if of == code else OTHER_CODE for test, (how, of) in outcomes.items()}
        for clause_id, outcomes in record.items()
    }


def _recorded(root: Path) -> dict[str, dict[str, tuple[str, str]]]:
    """Clause → node id → how the test went, and of which code; a record of another form counts as none."""
    path = root / RECORD_NAME
    if not path.is_file():
        return {}
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return {
            str(key): {str(test): (str(one["outcome"]), str(one["code"])) for test, one in value.items()}
            for key, value in record.items()
        }
    except (ValueError, AttributeError, TypeError, KeyError):
        return {}


def merge_record(root: Path, ran: dict[str, dict[str, str]], code: str) -> None:
    """Add the outcomes of one test run of that code to the record. A test that ran loses its earlier outcomes (a parameter that
    has gone must not fail for ever); tests that did not run keep what they last had, and of which code."""
    record = _recorded(root)
    for clause_id, outcomes in ran.items():
        again = {test.partition("[")[0] for test in outcomes}
        kept = {test: one for test, one in record.get(clause_id, {}).items() if test.partition("[")[0] not in again}
        record[clause_id] = kept | {test: (how, code) for test, how in outcomes.items()}
    merged = {
        clause_id: {test: {"outcome": how, "code": of} for test, (how, of) in outcomes.items()}
        for clause_id, outcomes in record.items()
    }
    path = root / RECORD_NAME
    part = path.with_suffix(".part")
    part.write_text(json.dumps(merged, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    part.replace(path)


def tests_by_id(folder: Path) -> dict[str, list[str]]:
    """Clause → node ids of the tests that carry it, by reading every `test_*.py` under `folder`."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("test_*.py")):
        name, source = path.relative_to(folder.parent).as_posix(), path.read_text(encoding="utf-8")
        if MARK not in source:
            continue
        for test, ids in marks_in(source, name).items():
            for clause_id in ids:
                found.setdefault(clause_id, []).append(test)
    return found


def marks_in(source: str, path: str) -> dict[str, list[str]]:
    """Node id → clauses of each test in a file: marks on functions, on classes, in `pytestmark` of the module or
    a class, on a `pytest.param` written in the decorator or in a module-level list that the decorator names."""
    tree = ast.parse(source, filename=path)
    marks = _Marks(path)
    for node in tree.body:
        for name, value in _assigned(node):
            marks.by_name[name] = _ids(value)
    _visit(tree.body, path, marks.by_name.get("pytestmark", []), marks)
    return marks.by_test


def _visit(body: list[ast.stmt], prefix: str, inherited: list[str], marks: _Marks) -> None:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            ids = inherited + _decorated(node.decorator_list, marks)
            if ids:
                marks.by_test[f"{prefix}::{node.name}"] = list(dict.fromkeys(ids))
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            own = [
                found
                for item in node.body
                for name, value in _assigned(item)
                if name == "pytestmark"
                for found in _ids(value)
            ]
            _visit(node.body, f"{prefix}::{node.name}", inherited + _decorated(node.decorator_list, marks) + own, marks)


def _decorated(decorators: list[ast.expr], marks: _Marks) -> list[str]:
    ids: list[str] = []
    for decorator in decorators:
        ids += _ids(decorator)
        for node in ast.walk(decorator):
            if isinstance(node, ast.Name):
                ids += marks.by_name.get(node.id, [])
    return ids


def _assigned(node: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(node, ast.Assign):
        yield from ((target.id, node.value) for target in node.targets if isinstance(target, ast.Name))
    elif isinstance(node, ast.AnnAssign) and node.value is not None and isinstance(node.target, ast.Name):
        yield node.target.id, node.value


def _ids(node: ast.expr) -> list[str]:
    """Texts given to every `….requirement(…)` call within an expression, in the order they are written."""
    return [
        argument.value
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == MARK
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    ]
