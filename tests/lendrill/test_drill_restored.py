"""What is told of a bank that was made of carried-away backups alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from actors.backup.places import FOLDER
from actors.gateway.bank import number_of_key
from credit.applications.contract import SubmitApplication
from lendrill.backups import key_file
from lendrill.drills import restored as restoring
from lendrill.drills.proof import CALLER
from scenarios.drill import Restore

SEALS = {8: "88", 9: "99"}
"""Of the bank that was, before each of its last windows."""
ASKED = Restore(site="primary", back_up_at_s=30)
Told = Callable[[str], dict[str, Any]]


def lines(file: Path, *those: dict[str, Any]) -> None:
    file.write_text("".join(json.dumps(one) + "\n" for one in those), encoding="utf-8")


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    """What is told of a bank whose backups went up to the 9th window and which has the seal that a test gives; of the requests
    `kept` and `late`, it holds the first."""
    folder, home = tmp_path / "drill", tmp_path / "home"
    (home / FOLDER).mkdir(parents=True)
    key_file(home).parent.mkdir(parents=True, exist_ok=True)
    key_file(home).write_text("key", encoding="utf-8")
    folder.mkdir()
    ack = {"outcome": "acknowledged", "written": True}
    lines(
        folder / "requests.jsonl",
        {"id": "kept", "done": 12.0, "case": 1} | ack,
        {"id": "late", "done": 37.5, "case": 2, "outcome": "again", "written": True},
        {"id": "late", "done": 39.0, "case": 2} | ack,
        {"id": "late", "done": 38.5, "case": 2} | ack,
        {"id": "late", "done": 40.0, "case": 2} | ack,
        {"id": "asked", "done": 13.0, "case": 0} | ack | {"written": False},
    )
    events = ((10.0, "befalls"), (20.0, restoring.BACKUP), (30.25, restoring.BACKUP), (50.0, "ended"))
    lines(folder / "events.jsonl", *({"t": t, "what": what} for t, what in events))

    def run(command: list[str], **_: Any) -> SimpleNamespace:
        asked = Path(command[command.index("--requests") + 1]).read_text(encoding="utf-8")
        assert asked.split() == [CALLER, "kept", CALLER, "late"]
        assert Path(command[command.index("--key") + 1]).read_text(encoding="utf-8") == "key"
        Path(command[command.index("--home") + 1]).mkdir()
        return SimpleNamespace(returncode=1, stdout="lost: late\n", stderr="")

    class Store:
        def __init__(self, seals: dict[int, str]) -> None:
            self._seals = seals

        def standing(self) -> SimpleNamespace:
            return SimpleNamespace(number=9)

        def seal_before(self, number: int) -> bytes:
            return bytes.fromhex(self._seals[number])

        def close(self) -> None:
            self._seals = {}

    def home_of(path: Path) -> SimpleNamespace:
        return SimpleNamespace(store=lambda: Store(SEALS if path == home else {}))

    def restored(seal: str) -> dict[str, Any]:
        cases = {number_of_key(CALLER, SubmitApplication.room, "kept"): [1]}
        again = SimpleNamespace(replayed=SimpleNamespace(seal=seal, chain="cc"), cases=cases, trial_balance_fen=0)
        monkeypatch.setattr(restoring, "worked_again", lambda _: again)
        return restoring.restored(folder, home, ASKED)

    monkeypatch.setattr(restoring, "subprocess", SimpleNamespace(run=run))
    monkeypatch.setattr(restoring, "Home", home_of)
    return restored


@pytest.mark.parametrize(("seal", "equal"), [("99", True), ("88", False), ("00", False)])
def test_the_restored_bank_is_the_one_that_was_where_their_seals_are_equal(seal: str, equal: bool, told: Told) -> None:
    found = told(seal)
    assert (found["equal"], found["seal"], found["windows"]) == (equal, seal, 9)


def test_the_key_does_not_stay_beside_the_backups_that_it_opens(told: Told, tmp_path: Path) -> None:
    told("99")
    assert (tmp_path / "drill" / "carried away").is_dir()
    assert [one.name for one in (tmp_path / "drill").rglob("*.key")] == []
    assert key_file(tmp_path / "home").exists()


def test_what_is_lost_is_told_with_its_first_acknowledgement_beside_the_last_backup(told: Told) -> None:
    found = told("99")
    assert found["backed_up_s"] == 30.25
    assert found["lost"] == [{"id": "late", "acknowledged_s": 38.5}]
    assert found["named"] == ["late"]
