"""What every test shares: the requirement mark, and the order of the files. A test may only carry clauses that the catalogue
holds, and how it went is kept in `.requirements.json`, from which `lendrill requirements` tells what passed from what
failed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from lendrill import requirements

LONGEST = (
    "live/test_kills.py",
    "live/test_drills.py",
    "test_documents.py",
    "live/test_backups.py",
    "live/test_restore.py",
    "lendrill/test_equal_digests.py",
    "lendrill/test_ray_digests.py",
    "sim/test_queue_theory.py",
    "lendrill/test_load.py",
    "actors/gateway/test_access.py",
    "actors/gateway/test_document.py",
    "tenth/test_tenth_room.py",
    "lendrill/test_taken_up.py",
)
"""Test files that take longest, longest first: begun first, so that at the end no process waits for one of them."""

settings.register_profile("ours", deadline=None)  # how long an example takes says how busy the machine is
settings.load_profile("ours")

_PROPERTY = "requirement"
_CODE = pytest.StashKey[str]()
_ran: dict[str, dict[str, str]] = {}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse marks that name no clause, and hand the others to the test's report (which also travels between processes)."""
    entries = {entry.id: entry for entry in requirements.catalogue()}
    faults = []
    for item in items:
        marks = dict.fromkeys(found for mark in item.iter_markers(requirements.MARK) for found in (mark.args or [""]))
        wrong = {mark: requirements.mark_fault(mark, entries) for mark in marks}
        faults += [f"  {item.nodeid}: {mark!r}: {fault}" for mark, fault in wrong.items() if fault]
        item.user_properties += [(_PROPERTY, mark) for mark in marks]
    items.sort(key=_turn)  # a stable sort: within a file, and among the others, the order stays
    if faults:
        raise pytest.UsageError("requirement marks that are refused:\n" + "\n".join(faults))


def _turn(item: pytest.Item) -> int:
    name = item.path.relative_to(Path(__file__).parent).as_posix()
    return LONGEST.index(name) if name in LONGEST else len(LONGEST)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep each test's worst outcome: a failing set-up or teardown fails the test."""
    if report.when != "call" and report.passed:
        return
    for name, value in report.user_properties:
        if name == _PROPERTY:
            outcomes = _ran.setdefault(str(value), {})
            if outcomes.get(report.nodeid) != "failed":
                outcomes[report.nodeid] = report.outcome


def pytest_sessionstart(session: pytest.Session) -> None:
    """An outcome is one of the code that stood there when the run began."""
    if not hasattr(session.config, "workerinput"):
        session.config.stash[_CODE] = requirements.code_digest(session.config.rootpath)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the record once, from the process that saw every report."""
    if _ran and not hasattr(session.config, "workerinput"):
        requirements.merge_record(session.config.rootpath, _ran, session.config.stash[_CODE])
