"""The requirement table tells the truth: each id of the catalogue once, each mark found wherever pytest accepts one, and no
state claimed that no test run has shown."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pytest

from lendrill import requirements
from lendrill.cli import main

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


def entry(entries: list[requirements.Requirement], wanted: str) -> requirements.Requirement:
    return next(found for found in entries if found.id == wanted)


def test_the_catalogue_holds_310_ids_once_each() -> None:
    entries = requirements.catalogue()
    assert len(entries) == len({found.id for found in entries}) == 310
    assert entry(entries, "APR-04").text.startswith("Dual-person principle (双人审批)")
    assert entry(entries, "APR-04").section == "Approval workflow (APR)"


def test_only_entries_are_read_not_ids_that_a_text_mentions() -> None:
    text = "## 3 Lists (EXT)\n\n- **EXT-01** One, see EXT-02.\n| x | EXT-09 |\n- EXT-03 not an entry\n"
    assert [(found.id, found.section) for found in requirements.catalogue(text)] == [("EXT-01", "Lists (EXT)")]


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
    ("record", "state"),
    [
        ({}, "tested"),
        ({"CUS-01": {"tests/test_a.py::test_x": "passed"}}, "passing"),
        ({"CUS-01": {"tests/test_a.py::test_x[1]": "passed", "tests/test_a.py::test_x[2]": "failed"}}, "failing"),
        ({"CUS-01": {"tests/test_a.py::test_x": "skipped"}}, "tested"),
        ({"CUS-01": {"tests/test_gone.py::test_x": "failed"}}, "tested"),
        ({"CUS-02": {"tests/test_a.py::test_x": "passed"}}, "tested"),
    ],
)
def test_a_state_says_no_more_than_the_last_run_showed(tmp_path: Path, record: object, state: str) -> None:
    root = a_tree(tmp_path, 'import pytest\n@pytest.mark.requirement("CUS-01")\ndef test_x(): ...\n')
    (root / requirements.RECORD_NAME).write_text(json.dumps(record), encoding="utf-8")
    entries = requirements.table(root)
    assert entry(entries, "CUS-01").state == state
    assert entry(entries, "CUS-01").tests == ("tests/test_a.py::test_x",)
    assert entry(entries, "CUS-02").state == "untested"
    assert sum(requirements.counts(entries).values()) == 310


def test_a_damaged_record_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / requirements.RECORD_NAME).write_text("{not json", encoding="utf-8")
    assert requirements.read_record(tmp_path) == {}


def test_a_later_run_replaces_only_what_it_ran(tmp_path: Path) -> None:
    requirements.merge_record(tmp_path, {"CUS-01": {"a::x[1]": "failed", "a::y": "passed"}})
    requirements.merge_record(tmp_path, {"CUS-01": {"a::x[2]": "passed"}, "CUS-02": {"a::z": "passed"}})
    assert requirements.read_record(tmp_path) == {
        "CUS-01": {"a::x[2]": "passed", "a::y": "passed"},
        "CUS-02": {"a::z": "passed"},
    }


def test_without_the_tests_every_state_is_unknown() -> None:
    assert requirements.counts(requirements.table(None)) == {"unknown": 310}


def test_the_command_prints_every_id_and_the_counts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["requirements"]) == 0
    printed = capsys.readouterr().out
    assert all(found.id in printed for found in requirements.catalogue())
    assert "310 requirements: " in printed


def test_the_command_filters_by_state_and_speaks_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["requirements", "--json", "--state", "tested"]) == 0
    tested = json.loads(capsys.readouterr().out)
    assert main(["requirements", "--json", "--state", "untested"]) == 0
    untested = json.loads(capsys.readouterr().out)
    assert all(row["tests"] for row in tested["requirements"])
    assert not any(row["tests"] for row in untested["requirements"])
    assert len(tested["requirements"]) + len(untested["requirements"]) == 310
    assert tested["counts"] == untested["counts"]


def test_an_installation_without_tests_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requirements, "repository", lambda: None)
    assert main(["requirements"]) == 0
    assert "tests are not part of this installation" in capsys.readouterr().err
    assert main(["requirements", "--state", "tested"]) == 2
    assert "tests are not part of this installation" in capsys.readouterr().err


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    """A small test suite under this project's own conftest."""
    pytester.makeconftest((Path(__file__).parent.parent / "conftest.py").read_text(encoding="utf-8"))
    pytester.makeini("[pytest]\nmarkers =\n    requirement(*ids): ids")
    return pytester


def test_an_unknown_id_fails_the_collection(suite: pytest.Pytester) -> None:
    suite.makepyfile('import pytest\n@pytest.mark.requirement("APR-99")\ndef test_a(): pass')
    answer = suite.runpytest_subprocess("-p", "no:cacheprovider")
    assert answer.ret == pytest.ExitCode.USAGE_ERROR
    answer.stderr.fnmatch_lines(["*requirement ids that docs/requirements.md does not hold:*", "*test_a: 'APR-99'*"])


def test_a_run_leaves_its_outcomes_on_record(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        test_b="""
        import pytest
        @pytest.mark.requirement("CUS-01", "CUS-02")
        def test_good(): pass
        @pytest.mark.requirement("CUS-02")
        def test_bad(): assert False
        @pytest.fixture
        def broken(): raise OSError
        @pytest.mark.requirement("CUS-03")
        def test_never_begun(broken): pass
        """
    )
    suite.runpytest_subprocess("-p", "no:cacheprovider")
    assert requirements.read_record(suite.path) == {
        "CUS-01": {"test_b.py::test_good": "passed"},
        "CUS-02": {"test_b.py::test_good": "passed", "test_b.py::test_bad": "failed"},
        "CUS-03": {"test_b.py::test_never_begun": "failed"},
    }
