"""Backups of a bank are made when they are due, kept where they were asked for, and told of; a bank goes on without them."""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path

import pytest

from actors.backup.errors import BackupError
from actors.backup.keeper import ages_s
from actors.clock import BANK_OFFSET_MS
from actors.gateway.applications import ZHANG
from actors.gateway.archive import Archive
from actors.gateway.metrics import Meters
from credit.policies.posts import load_posts
from credit.times import DAY_MS, MINUTE_MS, text_of
from lendrill.backups import told
from lendrill.cli import main
from lendrill.live import Home
from lendrill.supervisor import Child, Supervisor
from tests.live.backed_up import BackedUp, entries_at
from tests.live.served import served

SCOPES = next(iter(load_posts().first_clients.values()))


@pytest.mark.requirement("DR-03.a")
def test_key_data_is_backed_up_when_it_changes_and_only_then(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bank = BackedUp(tmp_path)
    bank.day()
    bank.backup("full")
    assert [kept.manifest.kind for kept in bank.keeper.tick(bank.now + 1)] == []
    bank.signed("HT-1")
    bank.identity.accounts.open_system("partner_9", SCOPES, bank.now)
    assert [kept.manifest.kind for kept in bank.keeper.tick(bank.now + 60_000)] == ["key"]
    assert bank.keeper.tick(bank.now + 120_000) == []
    home = tmp_path / "new"
    assert main(["restore", str(bank.keeper.folder), "--home", str(home), "--key", str(bank.key)]) == 0
    assert "1 contracts were signed after that, the day book does not know of them: HT-1" in capsys.readouterr().err
    identity = Home(home).identity_services()
    assert identity.accounts.get("system:partner_9").subject == "system:partner_9"
    archive = Archive(home, identity.vault)
    assert archive.text("HT-1") == ""
    archive.close()
    identity.close()
    bank.now += 180_000
    bank.backup("incremental")
    assert [path.name.split("-")[1] for path in sorted(bank.keeper.folder.glob("*.backup"))] == ["full", "incremental"]
    again = tmp_path / "again"
    assert main(["restore", str(bank.keeper.folder), "--home", str(again), "--key", str(bank.key)]) == 0
    archive = Archive(again, bank.identity.vault)
    assert archive.text("HT-1") == "合同"
    archive.close()
    bank.close()


@pytest.mark.requirement("DR-05.a")
def test_a_place_that_cannot_be_reached_is_told_and_gets_its_copies_later(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bank = BackedUp(tmp_path, tmp_path / "remote")
    bank.day()
    (tmp_path / "remote").rename(tmp_path / "away")
    assert main(["backup", str(bank.home)]) == 0
    said = capsys.readouterr()
    assert f"lendrill: {tmp_path / 'remote'}: No such file or directory; backups are brought there once" in said.err
    assert main(["backup", "verify", str(bank.home)]) == 1
    assert "remote: can't be read" in capsys.readouterr().err
    (tmp_path / "away").rename(tmp_path / "remote")
    assert main(["backup", "verify", str(bank.home)]) == 1
    assert "remote: lacks" in capsys.readouterr().err
    assert bank.keeper.make_up() == []
    assert main(["backup", "verify", str(bank.home)]) == 0
    assert "1 backups, 2 good copies in 2 places; they restore the bank up to window" in capsys.readouterr().out
    bank.close()


def test_fulls_are_let_go_once_newer_ones_are_proved(tmp_path: Path) -> None:
    bank = BackedUp(tmp_path, tmp_path / "remote")
    bank.keeper.policy = bank.keeper.policy.model_copy(update={"fulls_kept": 2})
    names = []
    for _ in range(4):
        bank.day()
        names.append(bank.backup("full").path.name)
        bank.backup("log")
    there = sorted(path.name for path in (tmp_path / "remote").iterdir())
    assert [name for name in there if "full" in name] == names[2:]
    assert len(there) == 4
    bank.keeper._prove = lambda path, manifest: 1 // 0  # type: ignore[assignment, return-value]
    with pytest.raises(ZeroDivisionError):
        bank.backup("full")
    assert sorted(path.name for path in bank.keeper.folder.iterdir()) == there
    bank.close()


@pytest.mark.requirement("DR-01.a", "DR-02.a", "DR-02.b", "DR-04.a")
def test_a_day_of_the_schedule(tmp_path: Path) -> None:
    """Half an hour at a time, from 2:30 on by the bank's wall."""
    bank = BackedUp(tmp_path)
    bank.day()
    half_an_hour = 30 * MINUTE_MS
    midnight = (bank.now + BANK_OFFSET_MS) // DAY_MS * DAY_MS - BANK_OFFSET_MS + DAY_MS
    made: dict[str, list[int]] = {}
    for step in range(5, 5 + 48):
        bank.signs_in()
        for kept in bank.keeper.tick(midnight + step * half_an_hour):
            made.setdefault(kept.manifest.kind, []).append(step)
            assert ("restored; " in kept.proof) == (kept.manifest.kind == "full")
    assert made["full"] == [5, 6]
    assert made["incremental"] == list(range(8, 53, 2))
    assert made["log"] == list(range(6, 53))
    bank.close()


def test_what_went_wrong_is_tried_again_after_a_while_and_ends_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bank = BackedUp(tmp_path)
    bank.day()
    good, bank.keeper._prove = bank.keeper._prove, lambda path, manifest: (_ for _ in ()).throw(BackupError("no room"))
    assert bank.keeper.tick(bank.now) == []
    assert "full backup failed: no room" in caplog.text
    bank.keeper._prove = good
    assert bank.keeper.tick(bank.now + MINUTE_MS) == []
    assert [kept.manifest.kind for kept in bank.keeper.tick(bank.now + 5 * MINUTE_MS)] == ["full"]
    bank.close()


def test_a_bank_does_without_its_backups_and_tells_how_old_the_last_are(tmp_path: Path) -> None:
    bank = BackedUp(tmp_path)
    bank.day()
    made = bank.backup("full")
    assert ages_s(bank.home, made.manifest.time + 7_000) == {"full": 7}
    assert b'lendrill_backup_age_seconds{kind="full"} 7.0' in Meters().text({"backup_age_s": {"full": 7}})
    failing = Child("backups", [sys.executable, "-c", "raise SystemExit(2)"], vital=False)
    supervisor = Supervisor(bank.home, [failing])
    supervisor.start(failing)
    assert failing.process is not None
    failing.process.wait()
    supervisor.watch()
    assert failing.deaths == 0
    failing.born -= 60
    supervisor.watch()
    said = supervisor.health()
    assert failing.deaths == said["processes"]["backups"]["started_anew"] == 1
    assert list(said["backup_age_s"]) == ["full"]
    supervisor.end()
    bank.close()


def until_there(folder: Path, kind: str, seconds: float = 90.0) -> Path:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := sorted(folder.glob(f"*-{kind}-*.backup")):
            return found[0]
        time.sleep(0.1)
    raise AssertionError(f"no {kind} backup in {folder}")


@pytest.mark.requirement("DR-02.a", "DR-02.c", "DR-03.a", "DR-05.a")
def test_a_bank_that_is_served_is_backed_up_and_lives_on_from_its_backups(tmp_path: Path) -> None:
    remote, home, new = tmp_path / "remote", tmp_path / "bank", tmp_path / "new"
    remote.mkdir()
    options = ["--clock", "business", "--date", "2026-02-10", "--executor", "local"]
    with served(home, "zhang_consumer_loan", *options, "--backup-to", str(remote)) as bank:
        until_there(remote, "full")
        assert bank.call("POST", "/v1/applications", ZHANG, {"Idempotency-Key": "zhang-1"})[0] == 202
        case = bank.call("POST", "/v1/applications", ZHANG, {"Idempotency-Key": "zhang-1", "Prefer": "wait=20"})[1]
        contract = f"/v1/applications/{case['case']}/contract"
        said = bank.call("POST", f"{contract}/confirmation", {"round": 0, "attempt": 1})[1]
        signing = {"confirmation": said["confirmation"], "mode": "electronic"}
        assert bank.call("POST", f"{contract}/signature", signing)[0] == 200
        text = bank.call("GET", contract)[1]
        until_there(remote, "key")
        assert main(["backup", str(home), "--incremental"]) == 0
        lines = [json.loads(line) for line in (home / "log" / "backups.jsonl").read_text().splitlines()]
        assert [line["proof"] for line in lines if line.get("kind") == "full"]
        shutil.copy(home / "identity" / "backup.key", tmp_path / "key")
        for process in bank.family():
            process.kill()
        bank.process.wait()
    shutil.rmtree(home)
    assert main(["restore", str(remote), "--home", str(new), "--key", str(tmp_path / "key")]) == 0
    with served(new) as again:
        status, found = again.call("GET", f"/v1/applications/{case['case']}")
        assert (status, found["step"]) == (200, "disbursement")
        assert again.call("GET", contract)[1] == text
        assert again.call("POST", "/v1/applications", ZHANG, {"Idempotency-Key": "zhang-1"})[1]["case"] == case["case"]
        until_there(new / "backups", "full")


def test_a_book_that_goes_another_way_gets_a_full_backup_and_both_ways_are_told_apart(tmp_path: Path) -> None:
    """As of a site that led alone: its book goes back to where the sites knew each other, and on from there."""
    bank = BackedUp(tmp_path)
    bank.day()
    with pytest.raises(BackupError, match="no full backup yet"):
        bank.backup("incremental")
    bank.backup("full")
    bank.day()
    common = bank.backup("incremental").manifest
    aside = tmp_path / "aside"
    shutil.copytree(bank.home, aside, ignore=shutil.ignore_patterns("backups"))
    bank.day(customers=2)
    given_up = bank.backup("incremental").manifest
    assert (given_up.first, given_up.anew_from) == (common.following, None)
    bank.store.close()
    for path in [*bank.home.glob("daybook.db*")]:
        path.unlink()
    for path in aside.glob("daybook.db*"):
        shutil.copy(path, bank.home)
    bank.reopen()
    bank.day(customers=5)
    between = bank.store.standing()
    middle = bank.bank.until
    bank.snapshot()
    bank.day(customers=1)
    anew = bank.backup("incremental")
    assert (anew.manifest.kind, anew.manifest.anew_from) == ("full", common.following)
    assert f"from window {common.following} on: a full backup was needed" in told(anew)
    bank.day(customers=1)
    last = bank.backup("incremental").manifest
    assert (last.kind, last.first, last.anew_from) == ("incremental", anew.manifest.following, None)
    ends = {None: bank.store.standing(), middle: between, given_up.until: None}
    for number, (at, standing) in enumerate(ends.items()):
        home = tmp_path / f"new-{number}"
        words = ["restore", str(bank.keeper.folder), "--home", str(home), "--key", str(bank.key)]
        assert main([*words, *(["--at", text_of(at)] if at else [])]) == 0
        found = entries_at(Home(home).bank["store"])
        assert found == bank.entries()[: len(found)]
        assert standing is None or len(found) == standing.number
    anew.path.write_bytes(anew.path.read_bytes()[:-9])
    home = tmp_path / "damaged"
    assert main(["restore", str(bank.keeper.folder), "--home", str(home), "--key", str(bank.key)]) == 0
    assert entries_at(Home(home).bank["store"]) == bank.entries()[: common.following]
    bank.close()


@pytest.mark.requirement("DR-04.b")
def test_logs_come_back_line_by_line_once(tmp_path: Path) -> None:
    """Also those of a file that was put aside between two backups, and where a full one holds what another one does."""
    bank = BackedUp(tmp_path)
    bank.day()
    (bank.home / "log").mkdir(mode=0o700)
    log, said = bank.home / "log" / "conductor.jsonl", list[str]()
    for kind in ("full", "log", "aside", "log", "full", "log"):
        for _ in range(3):
            said.append(f'{{"line": {len(said)}}}\n')
            with log.open("a") as file:
                file.write(said[-1])
        if kind == "aside":
            log.rename(log.with_name("conductor.jsonl.1"))
        else:
            bank.backup(kind)
    for place, full in enumerate(sorted(bank.keeper.folder.glob("*-full-*"), reverse=True)):
        home = tmp_path / f"new-{place}"
        assert main(["restore", str(bank.keeper.folder), "--home", str(home), "--key", str(bank.key)]) == 0
        assert (home / "log" / "conductor.jsonl").read_text().splitlines(keepends=True) == said
        full.unlink()
    bank.close()
