"""The operation log only grows, and whatever is done to its files is found and named."""

from __future__ import annotations

import csv
import io
import json
import multiprocessing
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from actors.identity.audit import Audit, Head
from actors.identity.errors import IdentityError, Tampered
from actors.identity.keys import Keys
from actors.identity.service import LOG, open_audit
from credit.times import DAY_MS
from tests.actors.identity.builders import START, a_bank
from tests.actors.identity.logs import FROM_3, ROWS, deed, opened, tamper, written


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return written(tmp_path)


# growing --------------------------------------------------------------------------------------------------------------


def test_what_was_written_is_read_and_proved(store: Path) -> None:
    log = opened(store)
    assert [entry.number for entry in log.find()] == [1, 2, 3, 4, 5, 6]
    first = log.find(limit=1)[0]
    assert (first.at, first.subject, first.ip, first.signed_in_at) == (START, "staff:1010001", "10.0.0.7", START - 5)
    assert (first.status, first.result, first.duration_us, json.loads(first.parameters)) == (200, "ok", 900, {"n": 0})
    assert log.verify() == log.head()
    assert log.head().number == ROWS


def test_an_empty_log_is_intact(tmp_path: Path) -> None:
    bank = a_bank(tmp_path, first=False)
    bank.audit.append([])
    assert bank.audit.verify().number == 0


def test_a_batch_is_one_commit(store: Path) -> None:
    log = opened(store)
    with pytest.raises(IdentityError):
        log.append([deed(), deed(duration_us=None)])
    assert log.head().number == ROWS
    log.append([deed(), deed()])
    assert log.verify().number == ROWS + 2


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log SET subject = 'staff:2' WHERE number = 3",
        "UPDATE log SET number = 99 WHERE number = 3",
        "DELETE FROM log WHERE number = 6",
        "DELETE FROM log",
        "INSERT OR REPLACE INTO log SELECT * FROM log WHERE number = 3",
        "REPLACE INTO log SELECT * FROM log WHERE number = 3",
        f"INSERT INTO log SELECT 9, {FROM_3}",
        f"INSERT INTO log SELECT -1, {FROM_3}",
    ],
)
def test_every_attempt_to_change_or_delete_fails(store: Path, statement: str) -> None:
    before = opened(store).find()
    with pytest.raises(sqlite3.IntegrityError, match="the operation log"):
        tamper(store, statement, guarded=True)
    with pytest.raises(IdentityError, match="the operation log"):
        opened(store)._database.run(statement)
    assert opened(store).find() == before
    assert opened(store).verify().number == ROWS


def test_no_secret_and_no_whole_number_is_kept(tmp_path: Path) -> None:
    bank = a_bank(tmp_path, first=False)
    idn = "11010519491231002X"
    bank.audit.append(
        [
            deed(
                kind="",
                subject="mobile:13812345678",
                path=f"/customers/{idn}",
                parameters={"password": "hunter2hunter2", "id_number": idn, "note": f"of {idn}"},
                result=f"refused {idn}",
            )
        ]
    )
    bank.close()
    content = b"".join(one.read_bytes() for one in tmp_path.rglob("*") if one.is_file())
    for whole in (idn, "13812345678", "hunter2hunter2"):
        assert whole.encode() not in content
    assert b"110***********002X" in content


def test_odd_texts_are_kept_and_proved(tmp_path: Path) -> None:
    bank = a_bank(tmp_path, first=False)
    texts = ["\ud800", "\0", "x" * 10_000, "'; DROP TABLE log; --", "张三\n\r\t", "<script>"]
    bank.audit.append([deed(path=text, subject=text, ip=text, method=text, parameters={text: text}) for text in texts])
    assert bank.audit.verify().number == len(texts)
    assert max(len(entry.path) for entry in bank.audit.find()) == 500


def _write(store: str) -> int:
    log = opened(Path(store))
    for number in range(15):
        log.append([deed(at=START + number), deed()])
    return log.head().number


def test_several_processes_append_to_one_chain(store: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        pool.map(_write, [str(store)] * 3)
    assert opened(store).verify().number == ROWS + 3 * 30
    assert Head.read((store / "audit.head").read_text()).number == ROWS + 90


# tampering ------------------------------------------------------------------------------------------------------------

COLUMNS = {
    "at": "1", "kind": "'system'", "subject": "'staff:2'", "person": "2", "branch": "2", "ip": "'1.1.1.1'", "signed_in_at": "7",
    "method": "'GET'", "path": "'/me'", "entity": "5", "parameters": "'{}'", "status": "403", "result": "'refused'",
    "duration_us": "1", "request": "'r'", "seal": "x'00'",
}  # fmt: skip


@pytest.mark.parametrize("column", COLUMNS)
def test_an_altered_field_is_found_whichever_it_is(store: Path, column: str) -> None:
    tamper(store, f"UPDATE log SET {column} = {COLUMNS[column]} WHERE number = 3")
    with pytest.raises(Tampered, match="row 3 of the operation log was altered") as found:
        opened(store).verify()
    assert found.value.row == 3


@pytest.mark.parametrize(
    ("statements", "row", "message"),
    [
        (["UPDATE log SET at = 1 WHERE number = 1"], 1, "was altered"),
        (["UPDATE log SET at = 1 WHERE number = 6"], 6, "was altered"),
        (["UPDATE log SET at = 1 WHERE number = 5", "UPDATE log SET at = 1 WHERE number = 2"], 2, "was altered"),
        (["UPDATE log SET person = '1010001x' WHERE number = 4"], 4, "was altered"),
        (["UPDATE log SET path = x'00ff' WHERE number = 4"], 4, "was altered"),
        (["UPDATE log SET seal = 'text' WHERE number = 4"], 4, "was altered"),
        (["DELETE FROM log WHERE number = 1"], 1, "is missing"),
        (["DELETE FROM log WHERE number = 3"], 3, "is missing"),
        (["DELETE FROM log WHERE number IN (3, 4)"], 3, "is missing"),
        (["DELETE FROM log WHERE number = 6"], 6, "was cut off"),
        (["DELETE FROM log WHERE number > 2"], 3, "was cut off"),
        (["DELETE FROM log"], 1, "was cut off"),
        (["DROP TABLE log"], 1, "was cut off"),
        ([f"INSERT INTO log SELECT 7, {FROM_3}"], 7, "was added"),
        ([f"INSERT INTO log SELECT 9, {FROM_3}"], 7, "is missing"),
        ([f"INSERT INTO log SELECT -5, {FROM_3}"], -5, "was added"),
        (["DELETE FROM log WHERE number = 3", "UPDATE log SET number = number - 1 WHERE number > 3"], 3, "was altered"),
        (
            [
                "UPDATE log SET number = -number WHERE number IN (2, 3)",
                "UPDATE log SET number = 5 + number WHERE number < 0",
            ],
            2,
            "was altered",
        ),
    ],
)
def test_the_first_wrong_row_is_named(store: Path, statements: list[str], row: int, message: str) -> None:
    tables_back = [] if "DROP" in statements[0] else statements
    if tables_back:
        tamper(store, *statements)
    else:
        tamper(store, *statements, guarded=True)
    with pytest.raises(Tampered, match=message) as found:
        open_audit(store).verify()
    assert found.value.row == row
    assert f"row {row} " in found.value.user_message


def test_a_tail_that_was_cut_off_is_found_after_the_bank_went_on(store: Path) -> None:
    tamper(store, "DELETE FROM log WHERE number > 3")
    log = opened(store)
    log.append([deed()])
    with pytest.raises(Tampered, match="row 5 of the operation log was cut off"):
        log.verify()
    for _ in range(3):
        log.append([deed(), deed(), deed()])
        with pytest.raises(
            Tampered, match="row 6 of the operation log was altered: the head kept of it is another one"
        ):
            open_audit(store).verify()


def test_a_removed_anchor_stays_away_after_the_bank_went_on(store: Path) -> None:
    (store / "audit.head").unlink()
    bank = a_bank(store, first=False)
    bank.audit.append([deed()])
    with pytest.raises(Tampered, match="is missing or empty"):
        bank.audit.verify()


def test_a_crash_before_the_first_anchor_is_no_tampering(tmp_path: Path) -> None:
    log = a_bank(tmp_path, first=False).audit
    opening = (tmp_path / "audit.head").read_bytes()
    log.append([deed()])
    (tmp_path / "audit.head").write_bytes(opening)
    assert log.verify().number == 1
    log.append([deed()])
    assert Head.read((tmp_path / "audit.head").read_text()).number == 2
    (tmp_path / "audit.head").write_bytes(b"0:" + b"0" * 64)
    with pytest.raises(Tampered, match="was altered"):
        log.verify()


def test_rows_that_were_committed_just_before_a_crash_are_not_called_added(store: Path) -> None:
    anchor = (store / "audit.head").read_bytes()
    log = opened(store)
    log.append([deed()])
    (store / "audit.head").write_bytes(anchor)
    assert log.verify().number == ROWS + 1


def test_the_anchor_never_goes_back(store: Path) -> None:
    log = opened(store)
    old = Head(2, b"\0" * 32)
    log._write_anchor(old)
    assert Head.read((store / "audit.head").read_text()).number == ROWS


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"nonsense"),
        lambda path: path.write_bytes(b"6:" + b"0" * 64),
        lambda path: path.write_bytes(b"\xff\xfe"),
    ],
    ids=["gone", "empty", "nonsense", "another seal", "bytes"],
)
def test_an_anchor_that_is_not_what_was_written_is_found(store: Path, spoil: Callable[[Path], object]) -> None:
    spoil(store / "audit.head")
    with pytest.raises(Tampered, match=r"row [16] of the operation log"):
        open_audit(store).verify()


def test_old_copies_of_both_files_are_found_by_a_head_that_was_noted(store: Path) -> None:
    shutil.copytree(store, store.with_name(f"{store.name}-copy"))
    log = opened(store)
    log.append([deed()])
    noted = log.head()
    assert log.verify(noted) == noted
    copy = open_audit(store.with_name(f"{store.name}-copy"))
    assert copy.verify().number == ROWS
    with pytest.raises(Tampered, match="row 7 of the operation log was cut off"):
        copy.verify(noted)
    with pytest.raises(Tampered, match="row 3 of the operation log was altered"):
        log.verify(Head(3, b"\0" * 32))


def test_a_row_of_another_history_of_the_same_bank_does_not_fit(store: Path) -> None:
    other = store.with_name(f"{store.name}-other")
    shutil.copytree(store, other)
    for place, name in ((store, "/first"), (other, "/second")):
        log = opened(place)
        log.append([deed(path=name), deed(path=f"{name}/seventh"), deed(path=f"{name}/eighth")])
        log.close()
    tamper(
        store,
        f"ATTACH '{other / 'identity' / LOG}' AS other",
        "DELETE FROM main.log WHERE number = 8",
        "INSERT INTO main.log SELECT * FROM other.log WHERE number = 8",
    )
    with pytest.raises(Tampered, match="row 8 of the operation log was altered"):
        open_audit(store).verify()


@pytest.mark.parametrize("trigger", ["log_is_not_changed", "log_is_not_cut", "log_only_grows"])
def test_a_removed_guard_is_found(store: Path, trigger: str) -> None:
    tamper(store, f"DROP TRIGGER {trigger}", guarded=True)
    with pytest.raises(Tampered, match=f"trigger {trigger} was removed"):
        open_audit(store).verify()


def test_another_bank_s_log_is_not_this_one_s(store: Path) -> None:
    log = Audit(store / "identity" / LOG, store / "audit.head", Keys.random())
    with pytest.raises(Tampered, match="row 1 "):
        log.verify()


# asking ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def busy(tmp_path: Path) -> Audit:
    log = a_bank(tmp_path, first=False).audit
    log.append(
        [
            deed(),
            deed(
                subject="system:partner",
                kind="system",
                person=0,
                path="/applications",
                status=201,
                entity=1_000_000_001,
            ),
            deed(at=START + DAY_MS, status=403, method="GET", path="/loans/7"),
            deed(at=START + DAY_MS, status=503, path="/applications/1_x", ip="10.0.0.8"),
        ]
    )
    return log


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ({}, [1, 2, 3, 4]),
        ({"subject": "system:partner"}, [2]),
        ({"person": 1_010_001}, [1, 3, 4]),
        ({"since": START + 1}, [3, 4]),
        ({"until": START + DAY_MS}, [1, 2]),
        ({"what": "/applications"}, [2, 4]),
        ({"what": "/applications/1_"}, [4]),
        ({"what": "/applications/1%"}, []),
        ({"what": "get"}, [3]),
        ({"result": "ok"}, [1, 2]),
        ({"result": "refused"}, [3]),
        ({"result": "failed"}, [4]),
        ({"result": "201"}, [2]),
        ({"entity": 1_000_000_001}, [2]),
        ({"after": 2}, [3, 4]),
        ({"limit": 1}, [1]),
        ({"person": 1_010_001, "result": "ok"}, [1]),
        ({"subject": "' OR 1=1 --"}, []),
    ],
)
def test_rows_are_found_in_several_dimensions(busy: Audit, wanted: dict[str, Any], numbers: list[int]) -> None:
    assert [entry.number for entry in busy.find(**wanted)] == numbers


@pytest.mark.requirement("SEC-11.a", "SEC-11.b")
def test_the_log_is_queried_counted_and_exported(busy: Audit) -> None:
    entry = busy.find(subject="staff:1010001", result="refused")[0]
    assert (entry.person, entry.at, entry.method, entry.path) == (1_010_001, START + DAY_MS, "GET", "/loans/7")
    assert (entry.result, entry.signed_in_at, entry.ip) == ("refused", START - 5, "10.0.0.7")
    assert busy.counts("subject") == [("staff:1010001", 3, 2), ("system:partner", 1, 0)]
    assert [row[0] for row in busy.counts("ip", result="failed")] == ["10.0.0.8"]
    assert [row[1] for row in busy.counts("day")] == [2, 2]
    assert busy.counts("status", person=1_010_001) == [("200", 1, 0), ("403", 1, 1), ("503", 1, 1)]
    lines, table = io.StringIO(), io.StringIO()
    assert busy.export(busy.find(), "jsonl", lines) == busy.export(busy.find(), "csv", table) == 4
    records = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [record["path"] for record in records] == ["/tasks/claim", "/applications", "/loans/7", "/applications/1_x"]
    rows = list(csv.DictReader(io.StringIO(table.getvalue())))
    assert [(row["number"], row["subject"]) for row in rows] == [(str(r["number"]), r["subject"]) for r in records]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(tmp_path: Path, start: str) -> None:
    log = a_bank(tmp_path, first=False).audit
    log.append([deed(path=f"{start}HYPERLINK(1)")])
    table = io.StringIO()
    log.export(log.find(), "csv", table)
    assert f"'{start}HYPERLINK(1)" in table.getvalue()


def test_a_question_that_makes_no_sense_is_refused(busy: Audit) -> None:
    with pytest.raises(IdentityError, match="ok, refused, failed or a status"):
        busy.find(result="fine")
    with pytest.raises(IdentityError, match="are known"):
        busy.counts("weather")
    with pytest.raises(IdentityError, match="NUMBER:SEAL"):
        Head.read("7")
    assert Head.read(str(busy.head())) == busy.head()
