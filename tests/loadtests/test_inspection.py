"""What is looked at once nobody comes any more: stuck cases, and tasks past their limit that nobody was reminded of."""

from __future__ import annotations

import pytest

from loadtests.accounts import Account, Accounts
from loadtests.client import Client
from loadtests.inspection import is_stuck, tasks
from loadtests.recorder import Recorder
from loadtests.visits import Session
from tests.loadtests.stub import Stub, serving


@pytest.mark.parametrize(
    ("now", "stuck"),
    [
        ({}, False),
        ({"expected_at": "2026-03-11T18:10:00+08:00"}, True),
        ({"expected_at": "2026-03-11T18:10:00+08:00", "since": "2026-03-11T09:05:00+08:00"}, False),
        ({"expected_at": "2026-03-11T18:10:00+08:00", "step": "approval"}, False),
        ({"expected_at": "2026-03-11T18:10:00+08:00", "handler": "customer"}, False),
        ({"expected_at": None, "step": "closed"}, False),
    ],
)
@pytest.mark.requirement("APP-18.c")
def test_a_case_is_stuck_when_its_estimate_was_put_off_and_nothing_happened(
    now: dict[str, str | None], stuck: bool
) -> None:
    first = {
        "step": "scoring",
        "handler": "system",
        "since": "2026-03-11T09:00:00+08:00",
        "expected_at": "2026-03-11T18:00:00+08:00",
    }
    assert is_stuck(first, first | now) == stuck


@pytest.mark.parametrize(
    ("minute", "urged", "late", "unurged"), [("09:59", False, 1, 1), ("09:59", True, 1, 0), ("10:00", False, 0, 0)]
)
def test_a_task_past_its_limit_has_to_be_urged(minute: str, urged: bool, late: int, unurged: int) -> None:
    task = {"task": "approval-1", "limit_at": f"2026-03-11T{minute}:00.000+08:00", "urged": urged}
    with serving(Stub(task=task)) as stub:
        client = Client(stub.url)
        session = Session(client, Recorder(), lambda *of: None, 1, "run", 8, 5)
        assert tasks(session, Accounts())["worklists"] == 0
        readers = Accounts(people=[Account("930001", "first", ("approval_administrator",))])
        assert tasks(session, readers) == {"worklists": 1, "tasks": 1, "late": late, "unurged": unurged}
        client.close()
