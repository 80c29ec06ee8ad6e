"""The table of requirements: every id of docs/requirements.md, the tests that carry it, and how those tests last went.
Nothing is claimed by hand. Ids come from the catalogue, tests from reading the test files, outcomes from the
record that the last test run left (`.requirements.json`); a test that has gone since no longer counts."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lendrill.errors import UserError

RECORD_NAME = ".requirements.json"
MARK = "requirement"
STATES = ("untested", "tested", "passing", "failing")
"""In ascending knowledge: no test · a test, no outcome on record · every outcome on record passed · one did not."""

_ENTRY = re.compile(r"^- \*\*([A-Z]+-\d+)\*\*\s+(.*)$")
_SECTION = re.compile(r"^## \d+ (.*)$")
_PACKAGE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Requirement:
    """One entry of the catalogue, with the node ids (`tests/x.py::test_y`) of the tests that carry it."""

    id: str
    section: str
    text: str
    tests: tuple[str, ...] = ()
    state: str = "unknown"


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
    """Every numbered entry, in the catalogue's order. `text` defaults to the project's own catalogue."""
    lines = (catalogue_path().read_text(encoding="utf-8") if text is None else text).splitlines()
    found: list[Requirement] = []
    section = ""
    for line in lines:
        if heading := _SECTION.match(line):
            section = heading[1]
        elif entry := _ENTRY.match(line):
            found.append(Requirement(entry[1], section, entry[2].replace("`", "")))
    return found


def known_ids() -> frozenset[str]:
    """All ids a test may carry."""
    return frozenset(entry.id for entry in catalogue())


def table(root: Path | None) -> list[Requirement]:
    """The catalogue with tests and states; without a checkout (`root` None) every state is `unknown`."""
    if root is None:
        return catalogue()
    tests = tests_by_id(root / "tests")
    outcomes = read_record(root)
    return [_with_tests(entry, tests.get(entry.id, []), outcomes) for entry in catalogue()]


def counts(entries: Iterable[Requirement]) -> dict[str, int]:
    """How many entries stand in each state, states nobody is in left out."""
    states = [entry.state for entry in entries]
    return {state: states.count(state) for state in (*STATES, "unknown") if state in states}


def _with_tests(entry: Requirement, tests: list[str], outcomes: dict[str, dict[str, str]]) -> Requirement:
    recorded = [
        outcome for test, outcome in sorted(outcomes.get(entry.id, {}).items()) if test.partition("[")[0] in tests
    ]
    if not tests:
        state = "untested"
    elif "failed" in recorded:
        state = "failing"
    elif "passed" in recorded:
        state = "passing"
    else:
        state = "tested"
    return Requirement(entry.id, entry.section, entry.text, tuple(tests), state)


def read_record(root: Path) -> dict[str, dict[str, str]]:
    """Outcomes of the last test runs: id → node id → passed, failed or skipped. Empty when none is on record."""
    path = root / RECORD_NAME
    if not path.is_file():
        return {}
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return {str(key): {str(test): str(how) for test, how in value.items()} for key, value in record.items()}
    except (ValueError, AttributeError):
        return {}


def merge_record(root: Path, ran: dict[str, dict[str, str]]) -> None:
    """Add the outcomes of one test run to the record. A test that ran loses its earlier outcomes (a parameter that has
    gone must not fail for ever); tests that did not run keep what they last had."""
    merged = read_record(root)
    for requirement_id, outcomes in ran.items():
        again = {test.partition("[")[0] for test in outcomes}
        kept = {
            test: how for test, how in merged.get(requirement_id, {}).items() if test.partition("[")[0] not in again
        }
        merged[requirement_id] = kept | outcomes
    path = root / RECORD_NAME
    part = path.with_suffix(".part")
    part.write_text(json.dumps(merged, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    part.replace(path)


def tests_by_id(folder: Path) -> dict[str, list[str]]:
    """Requirement id → node ids of the tests that carry it, by reading every `test_*.py` under `folder`."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("test_*.py")):
        name = path.relative_to(folder.parent).as_posix()
        for test, ids in marks_in(path.read_text(encoding="utf-8"), name).items():
            for requirement_id in ids:
                found.setdefault(requirement_id, []).append(test)
    return found


def marks_in(source: str, path: str) -> dict[str, list[str]]:
    """Node id → requirement ids of each test in a file: marks on functions, on classes, in `pytestmark` of the module or
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
