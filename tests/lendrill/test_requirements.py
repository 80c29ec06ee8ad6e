"""The requirement table tells the truth: each id of the catalogue once, its clauses in order, each mark found wherever pytest
accepts one, and no clause claimed that no test carries and no run reaches."""

from __future__ import annotations

import json
import re
import textwrap
from dataclasses import replace
from functools import cache
from pathlib import Path

import duckdb
import pytest

from credit.room import EVENTS
from lendrill import requirements
from lendrill.cli import app, main
from lendrill.errors import UserError, line_for
from scenarios.loading import load_scenario, packaged_names
from tests.lendrill import harness

SHIPPED = packaged_names()

pytest_plugins = ["pytester"]

MARKED = """
import pytest

CASES = [pytest.param(1, marks=pytest.mark.requirement("CUS-04")), 2]

@pytest.mark.requirement("CUS-01", "CUS-02")
def test_two_ids(): ...

@pytest.mark.parametrize("x", CASES)
def test_named_parameters(x): ...

@pytest.mark.parametrize("x", [pytest.param(1, marks=[pytest.mark.slow, pytest.mark.requirement("CUS-05")])])
def test_written_parameters(x): ...

@pytest.mark.requirement("APP-01")
class TestGroup:
    pytestmark = pytest.mark.requirement("APP-02")

    @pytest.mark.requirement("APP-03")
    def test_inside(self): ...

    def helper(self): ...

def test_without(): ...

@pytest.mark.requirement("CUS-09")
def helper(): ...
"""


def a_tree(root: Path, source: str) -> Path:
    (root / "tests").mkdir()
    (root / "tests" / "test_a.py").write_text(textwrap.dedent(source), encoding="utf-8")
    return root


@pytest.fixture
def read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test files do not change while these tests run."""
    monkeypatch.setattr(requirements, "tests_by_id", _TESTS_BY_ID)


_TESTS_BY_ID = cache(requirements.tests_by_id)


def entry(entries: list[requirements.Requirement], wanted: str) -> requirements.Requirement:
    return next(found for found in entries if found.id == wanted)


CATALOGUE = """
## 3 Lists (EXT)

- **EXT-01** One and `two`, see EXT-02.
  - **EXT-01.a** One. → baseline: list_refreshed
  - **EXT-01.b** Two. ✗ nothing of it
| x | EXT-09 |
- EXT-03 not an entry
- **EXT-04** Three.
"""


def test_the_catalogue_holds_314_ids_once_each() -> None:
    entries = requirements.catalogue()
    assert len(entries) == len({found.id for found in entries}) == 314
    assert entry(entries, "APR-04").text.startswith("Dual-person principle (双人审批)")
    assert entry(entries, "APR-04").section == "Approval workflow (APR)"


def test_only_entries_and_their_clauses_are_read_not_ids_that_a_text_mentions() -> None:
    first, second = requirements.catalogue(CATALOGUE)
    assert (first.id, first.section, first.text) == ("EXT-01", "Lists (EXT)", "One and two, see EXT-02.")
    one, two = first.clauses
    assert (one.id, one.text, one.run, one.missing) == ("EXT-01.a", "One.", "baseline: list_refreshed", "")
    assert (two.id, two.text, two.run, two.missing) == ("EXT-01.b", "Two.", "", "nothing of it")
    assert (second.id, second.clauses, second.state) == ("EXT-04", (), "open")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("  - **EXT-01.c** Neither.", "line 3: not a clause"),
        ("  - **EXT-01.b** Two. → live", "EXT-01.b out of turn.*EXT-01.a comes next"),
        ("  - **EXT-02.a** Another's. → live", "EXT-02.a out of turn.*EXT-01.a comes next"),
    ],
)
def test_a_line_that_is_no_clause_is_refused(line: str, said: str) -> None:
    with pytest.raises(UserError) as refused:
        requirements.catalogue(f"## 3 Lists (EXT)\n- **EXT-01** One.\n{line}\n")
    assert re.search(said, line_for(refused.value))


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        ("EXT-01.a", ""),
        ("EXT-01.b", ""),
        ("EXT-01", "not a clause: name one or more of EXT-01.a, EXT-01.b"),
        ("EXT-01.c", "not a clause: name one or more of EXT-01.a, EXT-01.b"),
        ("EXT-04", "not yet split into clauses: write them in docs/requirements.md first"),
        ("EXT-09.a", "docs/requirements.md does not hold it"),
    ],
)
def test_a_test_carries_clauses_alone(mark: str, said: str) -> None:
    entries = {found.id: found for found in requirements.catalogue(CATALOGUE)}
    assert requirements.mark_fault(mark, entries) == said


@pytest.mark.usefixtures("read_once")
def test_every_clause_that_is_claimed_has_a_test_and_a_run_that_exists() -> None:
    entries = requirements.table(requirements.repository())
    assert requirements.untested(entries) == []
    commands = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    commands |= {group.name or "" for group in app.registered_groups}
    wrong = []
    for clause in (clause for found in entries for clause in found.clauses if clause.run):
        where, _, events = clause.run.partition(": ")
        if events:
            good = where in SHIPPED and set(events.split(", ")) <= {event.name.lower() for event in EVENTS.values()}
        elif where == requirements.LIVE:
            good = any(test.startswith("tests/actors/gateway/") for test in clause.tests)
        else:
            good = where.removeprefix("lendrill ") in commands
        if not good:
            wrong.append(f"{clause.id}: {clause.run}")
    assert wrong == []


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SHIPPED)
def test_each_run_that_the_catalogue_names_reaches_what_it_says(scenario: str, tmp_path: Path) -> None:
    if wanted := harness.claimed(scenario):
        harness.run(load_scenario(scenario), tmp_path / "run")
        asked = f"SELECT DISTINCT CAST(event AS VARCHAR) FROM read_parquet('{tmp_path}/run/events/*.parquet')"
        assert wanted - {row[0] for row in duckdb.execute(asked).fetchall()} == set()


def test_marks_are_found_wherever_pytest_accepts_them() -> None:
    assert requirements.marks_in(MARKED, "t.py") == {
        "t.py::test_two_ids": ["CUS-01", "CUS-02"],
        "t.py::test_named_parameters": ["CUS-04"],
        "t.py::test_written_parameters": ["CUS-05"],
        "t.py::TestGroup::test_inside": ["APP-01", "APP-02", "APP-03"],
    }


def test_a_mark_on_the_module_reaches_each_of_its_tests() -> None:
    source = 'import pytest\npytestmark = [pytest.mark.slow, pytest.mark.requirement("DR-01")]\ndef test_a(): ...\n'
    assert requirements.marks_in(source, "t.py") == {"t.py::test_a": ["DR-01"]}


@pytest.mark.parametrize(
    ("record", "outcome", "state"),
    [
        ({}, "not run", "shown"),
        ({"CUS-11.b": {"tests/test_a.py::test_x": "passed of other"}}, requirements.OTHER_CODE, "shown"),
        ({"CUS-11.b": {"tests/test_a.py::test_x": "failed of other"}}, requirements.OTHER_CODE, "shown"),
        ({"CUS-11.b": {"tests/test_a.py::test_x": "passed"}}, "passed", "shown"),
        (
            {"CUS-11.b": {"tests/test_a.py::test_x[1]": "passed", "tests/test_a.py::test_x[2]": "failed"}},
            "failed",
            "failing",
        ),
        ({"CUS-11.b": {"tests/test_a.py::test_x": "skipped"}}, "not run", "shown"),
        ({"CUS-11.b": {"tests/test_gone.py::test_x": "failed"}}, "not run", "shown"),
        ({"CUS-11.a": {"tests/test_a.py::test_x": "passed"}}, "not run", "shown"),
    ],
)
def test_an_outcome_says_no_more_than_the_last_run_showed(
    tmp_path: Path, record: dict[str, dict[str, str]], outcome: str, state: str
) -> None:
    root = a_tree(tmp_path, 'import pytest\n@pytest.mark.requirement("CUS-11.b")\ndef test_x(): ...\n')
    for clause, outcomes in record.items():
        for test, said in outcomes.items():
            how, _, of = said.partition(" of ")
            requirements.merge_record(root, {clause: {test: how}}, of or requirements.code_digest(root))
    entries = requirements.table(root)
    found = entry(entries, "CUS-11")
    assert [clause.tests for clause in found.clauses] == [(), ("tests/test_a.py::test_x",)]
    assert ([clause.outcome for clause in found.clauses], found.state) == (["not run", outcome], state)
    assert "CUS-11.a" in requirements.untested(entries)
    assert sum(requirements.counts(entries).values()) == 314


def test_a_clause_has_passed_when_each_of_its_tests_has(tmp_path: Path) -> None:
    mark = '@pytest.mark.requirement("CUS-11.b")\n'
    root = a_tree(tmp_path, f"import pytest\n{mark}def test_x(): ...\n{mark}def test_y(): ...\n")
    requirements.merge_record(root, {"CUS-11.b": {"tests/test_a.py::test_x": "passed"}}, requirements.code_digest(root))
    assert entry(requirements.table(root), "CUS-11").clauses[1].outcome == "not run"


def test_a_requirement_counts_when_all_its_clauses_do() -> None:
    whole, _ = requirements.catalogue(CATALOGUE)
    one, two = whole.clauses
    states = [replace(whole, clauses=clauses).state for clauses in ((one,), (one, two), (two,))]
    assert states == ["shown", "part", "open"]


@pytest.mark.parametrize("change", ["other", "another file", "gone", "back"])
def test_an_outcome_is_one_of_the_code_that_was_there(tmp_path: Path, change: str) -> None:
    root = a_tree(tmp_path, 'import pytest\n@pytest.mark.requirement("CUS-11.b")\ndef test_x(): ...\n')
    rules = root / "credit" / "rules.py"
    rules.parent.mkdir()
    rules.write_text("MOST = 3\n")
    requirements.merge_record(root, {"CUS-11.b": {"tests/test_a.py::test_x": "passed"}}, requirements.code_digest(root))
    if change == "another file":
        rules.with_name("more.toml").write_text("")
    elif change == "gone":
        rules.unlink()
    else:
        rules.write_text("MOST = 4\n")
    if change == "back":
        rules.write_text("MOST = 3\n")
    (root / "README.md").write_text("says nothing of the code")
    (root / "tests" / "__pycache__").mkdir()
    (root / "tests" / "__pycache__" / "test_a.pyc").write_bytes(b"1")
    outcome = entry(requirements.table(root), "CUS-11").clauses[1].outcome
    assert outcome == ("passed" if change == "back" else requirements.OTHER_CODE)


@pytest.mark.parametrize("written", ["{not json", '{"CUS-11.b": {"tests/test_a.py::test_x": "passed"}}', "[]"])
def test_a_damaged_record_counts_as_none(tmp_path: Path, written: str) -> None:
    (tmp_path / requirements.RECORD_NAME).write_text(written, encoding="utf-8")
    assert requirements.read_record(tmp_path) == {}


def test_a_later_run_replaces_only_what_it_ran(tmp_path: Path) -> None:
    code = requirements.code_digest(tmp_path)
    requirements.merge_record(tmp_path, {"CUS-01": {"a::x[1]": "failed", "a::y": "passed"}}, code)
    requirements.merge_record(tmp_path, {"CUS-01": {"a::x[2]": "passed"}, "CUS-02": {"a::z": "passed"}}, code)
    assert requirements.read_record(tmp_path) == {
        "CUS-01": {"a::x[2]": "passed", "a::y": "passed"},
        "CUS-02": {"a::z": "passed"},
    }


@pytest.mark.usefixtures("read_once")
def test_the_command_prints_every_id_and_the_counts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["requirements"]) == 0
    printed = capsys.readouterr().out
    assert all(found.id in printed for found in requirements.catalogue())
    assert "314 requirements: " in printed


@pytest.mark.usefixtures("read_once")
def test_the_command_filters_by_state_and_id_and_speaks_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["requirements", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    part = [row for row in said["requirements"] if row["state"] == "part"]
    assert (len(said["requirements"]), len(part)) == (314, said["counts"]["part"])
    for row in part:
        assert any(clause["missing"] for clause in row["clauses"])
        assert any(clause["run"] and clause["tests"] for clause in row["clauses"])
    assert main(["requirements", "--json", "--state", "part"]) == 0
    assert json.loads(capsys.readouterr().out)["requirements"] == part
    assert main(["requirements", "CUS-11", "--json"]) == 0
    assert [row["id"] for row in json.loads(capsys.readouterr().out)["requirements"]] == ["CUS-11"]
    assert main(["requirements", "--state", "failing", "CUS-11"]) == 2
    assert "no requirement CUS-11 is in state failing" in capsys.readouterr().err
    assert main(["requirements", "CUS-11.a"]) == 2
    assert "CUS-11.a: no such requirement" in capsys.readouterr().err


def test_an_installation_without_tests_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requirements, "repository", lambda: None)
    assert main(["requirements"]) == 0
    assert "tests are not part of this installation" in capsys.readouterr().err
    assert main(["requirements", "--check"]) == 2
    assert "tests are not part of this installation" in capsys.readouterr().err


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    """A small test suite under this project's own conftest."""
    pytester.makeconftest((Path(__file__).parent.parent / "conftest.py").read_text(encoding="utf-8"))
    pytester.makeini("[pytest]\naddopts = -m 'not slow'\nmarkers =\n    requirement(*ids): ids\n    slow: slow")
    return pytester


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        ("APR-99", "does not hold it"),
        ("CUS-11", "not a clause"),
        ("CUS-11.z", "not a clause"),
        ("WRN-01", "not yet split"),
    ],
)
def test_a_mark_that_names_no_clause_fails_the_collection(suite: pytest.Pytester, mark: str, said: str) -> None:
    suite.makepyfile(f'import pytest\n@pytest.mark.requirement("{mark}")\ndef test_a(): pass')
    answer = suite.runpytest_inprocess("-p", "no:cacheprovider")
    assert answer.ret == pytest.ExitCode.USAGE_ERROR
    answer.stderr.fnmatch_lines(["*requirement marks that are refused:*", f"*test_a: '{mark}': *{said}*"])


TESTS = """
import pytest
@pytest.mark.requirement("CUS-11.a", "CUS-11.b")
def test_good(): pass
@pytest.mark.requirement("CUS-11.b")
def test_bad(): assert BAD
@pytest.fixture
def broken():
    if not BAD: raise OSError
@pytest.mark.requirement("CUS-05.a")
def test_never_begun(broken): pass
@pytest.mark.slow
@pytest.mark.requirement("CUS-05.b", "CUS-05.c")
def test_slow(): pass
"""


@pytest.mark.parametrize("good", [True, False])
def test_the_check_runs_the_tests_and_says_what_failed(
    suite: pytest.Pytester, good: bool, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    suite.mkpydir("tests")
    (suite.path / "tests" / "test_b.py").write_text(f"BAD = {good}\n{TESTS}", encoding="utf-8")
    monkeypatch.setattr(requirements, "repository", lambda: suite.path)
    assert main(["requirements", "CUS-05", "CUS-11", "--check"]) == int(not good)
    said = capfd.readouterr().out
    assert ("failed: " in said) != good
    passed = {
        "CUS-05.b": {"tests/test_b.py::test_slow": "passed"},
        "CUS-05.c": {"tests/test_b.py::test_slow": "passed"},
        "CUS-11.a": {"tests/test_b.py::test_good": "passed"},
    }
    how = "passed" if good else "failed"
    assert requirements.read_record(suite.path) == passed | {
        "CUS-05.a": {"tests/test_b.py::test_never_begun": how},
        "CUS-11.b": {"tests/test_b.py::test_bad": how, "tests/test_b.py::test_good": "passed"},
    }
