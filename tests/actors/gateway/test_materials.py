"""Materials over HTTP: from the form to the decision by way of uploads, and what is refused before anything is kept or told."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio
import numpy as np
import pytest
from starlette.requests import Request

from actors.conductor import Answer
from actors.gateway import materials, uploads
from actors.gateway.applications import ZHANG
from actors.gateway.bank import Bank
from actors.gateway.contents import Contents
from actors.gateway.inspection import Seen, Unfit, inspected
from actors.gateway.problems import Problem
from actors.host import Look
from actors.identity import files
from actors.identity.caller import Caller
from actors.identity.errors import Damaged, IdentityError
from actors.identity.keys import Keys
from actors.identity.vault import Vault
from actors.link import LinkClient
from actors.sequencer import Command
from actors.topology import Cell
from credit.bank import PIPELINE
from credit.codes import FileFormat
from credit.policies import load
from credit.policies.materials import MaterialPolicy
from credit.policies.posts import PERMISSIONS
from credit.room import Fields, Kind, Rows
from tests.actors.gateway.live import EVERYBODY, LiveBank, calling
from tests.actors.gateway.papers import bomb_pdf, jpg, padded, page, pdf, wide_jpg, with_entry

POLICY = load("materials", MaterialPolicy)
REQUIRED = ["id_front", "id_back", "income_proof", "purpose_statement"]
PDF, JPG = "application/pdf", "image/jpeg"
EXE = b"MZ\x90\x00" + bytes(60) + b"This program cannot be run in DOS mode"
MEMORY_BYTES_MAX = 100 << 20
"""What uploads of one gateway process may hold."""
ZIP = b"PK\x03\x04" + bytes(60)


def waiting(bank: LiveBank) -> str:
    """An application whose materials are to come."""
    return str(bank.hand_in(documents=[], uploads=1)["case"])


@pytest.fixture(scope="module")
def idle(bank: LiveBank) -> str:
    """An application that nothing happens to."""
    return waiting(bank)


def send(
    bank: LiveBank, case: str, material: str, name: str, content: bytes, media_type: str, status: int = 200
) -> Any:
    path = f"/v1/applications/{case}/materials/{material}"
    answer = bank.client.post(path, files={"file": (name, content, media_type)})
    assert answer.status_code == status, answer.text
    return answer.json()


def kept(bank: LiveBank) -> list[Path]:
    return sorted(path for path in (bank.home / "materials").rglob("*") if path.is_file())


def told(bank: LiveBank) -> int:
    """Windows of the day book in which something came."""
    return sum(bool(entry.inputs) for entry in bank.store.read(0))


@pytest.mark.requirement("APP-10.a", "APP-10.c", "APP-11.a", "APP-11.b", "APP-18.b")
def test_an_application_goes_on_once_its_materials_are_complete(bank: LiveBank) -> None:
    case = waiting(bank)
    path = f"/v1/applications/{case}/materials"
    standing = bank.get(path)
    assert (standing["open"], standing["missing"]) == (True, REQUIRED)
    assert [one["need"] for one in standing["materials"]] == ["required"] * 3 + ["optional"] * 2 + ["required"]
    assert standing["file_size_max"] == POLICY.file_bytes_max
    assert bank.get(f"/v1/applications/{case}")["handler"] == "customer"
    photo = jpg()
    filed = send(bank, case, "id_front", "front.JPG", photo, JPG)
    assert (filed["digest"], filed["size"]) == (hashlib.sha256(photo).hexdigest(), len(photo))
    for material in REQUIRED[1:3]:
        send(bank, case, material, f"{material}.pdf", pdf(2), PDF)
    refused = bank.post(path, status=422)
    assert (refused["code"], refused["detail_zh"]) == ("DOCUMENT_MISSING", "缺必传资料")
    send(bank, case, REQUIRED[3], "用途.pdf", pdf(), "")
    assert bank.get(path)["missing"] == []
    bank.post(path)
    closed = bank.get(path)
    assert (closed["open"], closed["complete"]) == (False, None)
    assert [one["has"] for one in closed["materials"]] == [True, True, True, None, None, True]
    for _ in range(10):
        bank.a_minute()
    events = [one["event"] for one in bank.get(f"/v1/applications/{case}")["events"]]
    assert events.count("material_filed") == 4
    assert (
        events.index("materials_complete") < events.index("application_accepted") < events.index("application_approved")
    )
    shown = bank.client.get(f"{path}/id_front")
    assert (shown.content, shown.headers["content-type"]) == (photo, JPG)
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert "attachment" in bank.client.get(f"{path}/id_back?download=1").headers["content-disposition"]
    bank.get(f"{path}/work_proof", 404)
    assert send(bank, case, "work_proof", "a.pdf", pdf(), PDF, 422)["code"] == "MATERIALS_CLOSED"


@pytest.mark.requirement("APP-11.a", "APP-11.c", "APP-12.a")
def test_bad_files_are_refused_by_name_and_neither_kept_nor_told(bank: LiveBank) -> None:
    case = waiting(bank)
    before = (kept(bank), told(bank))
    bad = [
        ("a.pdf", EXE, PDF, 422, "says that it is a PDF, but it begins otherwise"),
        ("a.jpg", pdf(), JPG, 422, "says that it is a JPG, but it is a PDF"),
        ("a.pdf", jpg(), PDF, 422, "says that it is a PDF, but it is a JPG"),
        ("a.pdf", ZIP, PDF, 422, "begins otherwise"),
        ("a.exe", EXE, "application/x-msdownload", 415, "must end in one of .jpg, .jpeg, .pdf"),
        ("a.jpg.exe", jpg(), JPG, 415, "must end in one of"),
        ("a.pdf", pdf(), JPG, 415, "they must agree"),
        ("a.pdf", b"", PDF, 422, "begins otherwise"),
        ("a.pdf", padded(pdf(), POLICY.file_bytes_max + 1, 0), PDF, 413, "at most 10,485,760 bytes"),
        ("a.pdf", padded(pdf(), POLICY.file_bytes_max * 3, 0), PDF, 413, "at most 10,485,760 bytes"),
        ("a.pdf", pdf(password="secret"), PDF, 422, "encrypted"),
        ("a.pdf", pdf(script="app.alert(1)"), PDF, 422, "JavaScript"),
        ("a.pdf", pdf(attached=EXE), PDF, 422, "EmbeddedFiles"),
        ("a.pdf", pdf()[:-30], PDF, 422, "cut short"),
        ("a.pdf", pdf(POLICY.pages_max + 1), PDF, 422, "pages"),
        ("a.pdf", bomb_pdf(), PDF, 422, "can't be opened as a PDF"),
        ("a.jpg", wide_jpg(65_000, 65_000), JPG, 422, "more than 60,000,000 pixels"),
        ("a.jpg", jpg()[:20_000], JPG, 422, "can't be opened as a JPG"),
        ("a.jpg", jpg(page(blur=6)), JPG, 422, "image unclear, upload it again"),
        ("a.jpg", jpg(page(320, 450)), JPG, 422, "image unclear, upload it again"),
    ]
    for name, content, media_type, status, words in bad:
        refused = send(bank, case, "income_proof", name, content, media_type, status)
        assert words in refused["detail"], (name, refused)
    assert send(bank, case, "tax_proof", "a.pdf", pdf(), PDF, 422)["code"] == "MATERIAL_UNASKED"
    send(bank, case, "passport", "a.pdf", pdf(), PDF, 422)
    send(bank, "1999999999", "id_front", "a.pdf", pdf(), PDF, 404)
    assert (kept(bank), told(bank)) == before
    assert bank.get(f"/v1/applications/{case}/materials")["missing"] == REQUIRED


def test_papers_in_hand_count_where_somebody_answers_for_them_by_name(bank: LiveBank) -> None:
    clerk = Caller("staff", "clerk", frozenset(PERMISSIONS), person=1_420_001, posts=EVERYBODY.posts)
    form = ZHANG | {"id_number": next(bank.people)}
    before, said = told(bank), (clerk, replace(clerk, scopes=clerk.scopes - {"materials:attest"}), EVERYBODY)
    try:
        for who, status in zip(said, (202, 403, 202), strict=True):
            bank.app.state.signed_in = calling(who)
            answer = bank.client.post("/v1/applications", json=form)
            table = "|".join(form["documents"]), "|".join(form["consents"])
            row = form | dict(zip(("documents", "consents"), table, strict=True))
            lines = f"{','.join(row)}\n{','.join(map(str, row.values()))}"
            many = bank.client.post("/v1/applications/bulk", content=lines, headers={"Content-Type": "text/csv"})
            assert (answer.status_code, many.status_code) == (status, status), (answer.text, many.text)
            if who is said[1]:
                assert answer.json()["permission"] == many.json()["permission"] == "materials:attest"
                assert told(bank) == before
                continue
            for case in (answer.json()["case"], many.json()["cases"][0]):
                [attested] = bank.get(f"/v1/applications/{case}/materials")["attested"]
                by = "1420001" if who is clerk else "partner"
                assert (attested["by"], sorted(attested["materials"])) == (by, sorted(form["documents"]))
            before = told(bank)
    finally:
        bank.app.state.signed_in = calling(EVERYBODY)


ACTIVE = {
    "JavaScript": b"/Names << /JavaScript << /Names [] >> >>",
    "JS": b"/Extra [1 << /JS (app.alert\\(1\\)) >>]",
    "OpenAction": b"/OpenAction [3 0 R /Fit]",
    "AA": b"/AA << /WC << /S /URI >> >>",
    "Launch": b"/Extra << /S /Launch /F (a.exe) >>",
    "EmbeddedFiles": b"/Names << /EmbeddedFiles << /Names [] >> >>",
    "EmbeddedFile": b"/Extra << /Type /EmbeddedFile >>",
    "EF": b"/Extra << /Type /Filespec /EF << >> >>",
    "RichMedia": b"/Extra [<< /Subtype /RichMedia >>]",
}
"""What runs or carries something along, and an entry that holds it deep inside."""


@pytest.mark.requirement("APP-11.a")
def test_what_runs_or_carries_something_along_in_a_pdf_is_refused_however_it_is_hidden() -> None:
    harmless = b"/Extra << /S /GoTo /Words (/JS /OpenAction) >>"

    async def found() -> dict[tuple[str, bool], set[str]]:
        return {
            (name, folded): {await what(with_entry(one, folded)) for one in (plain, escaped(name, plain))}
            for name, plain in (ACTIVE | {"": harmless}).items()
            for folded in (False, True)
        }

    async def what(content: bytes) -> str:
        try:
            return str(await inspected(content, FileFormat.PDF, 1, 1))
        except Unfit as error:
            return str(error)

    def escaped(name: str, plain: bytes) -> bytes:
        return plain.replace(f"/{name}".encode(), b"/%s#%02X" % (name[:-1].encode(), ord(name[-1]))) if name else plain

    refused = {
        name: {f"the PDF holds {name}: print it to a plain PDF first"} if name else {str(Seen())}
        for name in ("", *ACTIVE)
    }
    assert anyio.run(found) == {(name, folded): refused[name] for name in (*ACTIVE, "") for folded in (False, True)}


@pytest.mark.requirement("APP-12.a")
def test_fifty_megabytes_together_are_taken_and_no_byte_more(bank: LiveBank) -> None:
    case, whole = waiting(bank), POLICY.file_bytes_max
    for place, material in enumerate([*REQUIRED, "work_proof"]):
        send(bank, case, material, "a.pdf", padded(pdf(), whole, place), PDF)
    before = (kept(bank), told(bank))
    refused = send(bank, case, "residence_proof", "a.pdf", pdf(), PDF, 422)
    assert (refused["code"], refused["detail_zh"]) == ("MATERIAL_TOTAL", "全部附件总大小超限")
    assert (kept(bank), told(bank)) == before
    assert bank.get(f"/v1/applications/{case}/materials")["total_size"] == POLICY.total_bytes_max


def test_a_files_name_is_no_path_and_equal_contents_are_kept_once(bank: LiveBank) -> None:
    case, other, content = waiting(bank), waiting(bank), pdf(7)
    before = kept(bank)
    for which, name in (
        (case, "../../../etc/cron.d/x.pdf"),
        (other, "/etc/ssh/authorized_keys.pdf"),
        (other, "a\x00b.pdf"),
    ):
        send(bank, which, "id_front", name, content, PDF)
    [path] = set(kept(bank)) - set(before)
    assert path.name == hashlib.sha256(content).hexdigest()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == stat.S_IMODE(path.parent.parent.stat().st_mode) == 0o700
    assert b"%PDF" not in path.read_bytes()


def test_a_file_that_takes_too_long_to_open_is_refused_and_the_next_one_is_looked_into() -> None:
    async def both() -> Seen:
        with pytest.raises(Unfit, match="could not be opened within"):
            await inspected(bomb_pdf(), FileFormat.PDF, 1, 1, seconds=0.02)
        return await inspected(pdf(), FileFormat.PDF, 1, 1)

    assert anyio.run(both) == Seen()


def test_a_photo_out_of_focus_is_unclear_however_many_pixels_it_has() -> None:
    async def sharpness(blur: float) -> list[int]:
        photo = page(4_960, 7_016, blur=4 * blur)
        smaller = photo.resize((photo.width // 4, photo.height // 4))
        return [(await inspected(jpg(one), FileFormat.JPG, 60_000_000, 1)).sharpness for one in (photo, smaller)]

    large, small = anyio.run(sharpness, 6)
    assert max(large, small) < POLICY.sharpness_min
    large, small = anyio.run(sharpness, 1)
    assert min(large, small) > POLICY.sharpness_min
    assert large == pytest.approx(small, rel=0.5)


def test_a_kept_content_that_was_changed_or_moved_is_not_shown(tmp_path: Path) -> None:
    contents = Contents(tmp_path, Vault(Keys.random()))
    one, other = contents.keep(b"one"), contents.keep(b"other")
    assert contents.get(one) == b"one"
    place = {digest: tmp_path / "materials" / digest[:2] / digest for digest in (one, other)}
    place[one].write_bytes(place[other].read_bytes())
    with pytest.raises(Damaged):
        contents.get(one)


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Content-Type": "application/pdf"}, pdf(), 415),
        ({"Content-Type": "multipart/form-data; boundary=b", "Content-Encoding": "gzip"}, b"", 415),
        ({"Content-Type": "multipart/form-data"}, b"", 400),
        ({"Content-Type": "multipart/form-data; boundary=b"}, b"no multipart", 400),
        ({"Content-Type": "multipart/form-data; boundary=b"}, b"--b--\r\n", 422),
        (
            {"Content-Type": "multipart/form-data; boundary=b"},
            b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx\r\n--b--\r\n',
            400,
        ),
    ],
)
def test_a_body_that_is_no_upload_is_refused(
    bank: LiveBank, idle: str, headers: dict[str, str], body: bytes, status: int
) -> None:
    answer = bank.client.post(f"/v1/applications/{idle}/materials/id_front", content=body, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def raw(bank: LiveBank, case: str, said: int, body: bytes) -> bytes:
    """What a bare socket is answered that says it sends so many bytes, and sends others."""
    host = (str(bank.client.base_url.host), int(bank.client.base_url.port or 0))
    with socket.create_connection(host, timeout=20.0) as line:
        head = f"POST /v1/applications/{case}/materials/id_front HTTP/1.1\r\nHost: bank\r\nContent-Length: {said}\r\n"
        line.sendall(f"{head}Content-Type: multipart/form-data; boundary=b\r\n\r\n".encode() + body)
        return line.recv(65_536)


def test_a_huge_body_is_refused_before_it_is_read_and_a_slow_one_in_time(
    bank: LiveBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = waiting(bank)
    assert b" 413 " in raw(bank, case, 1 << 40, b"")
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'
    answer = bank.client.post(  # of a length that is not said beforehand
        f"/v1/applications/{case}/materials/id_front",
        content=iter([head, *([bytes(1 << 20)] * 12)]),
        headers={"Content-Type": "multipart/form-data; boundary=b"},
    )
    assert answer.status_code == 413
    monkeypatch.setattr(uploads, "STALL_S", 0.2)
    assert b" 408 " in raw(bank, case, 1_000, b"--b\r\n")
    assert bank.get("/health")["ready"]


def test_more_uploads_than_there_is_memory_for_are_refused(bank: LiveBank, monkeypatch: pytest.MonkeyPatch) -> None:
    case = waiting(bank)
    monkeypatch.setattr(uploads, "_PLACES", asyncio.Semaphore(0))
    refused = send(bank, case, "id_front", "a.pdf", pdf(), PDF, 503)
    assert refused["title"] == "Overloaded"


def test_uploads_under_way_together_take_no_more_memory_than_a_gateway_has_for_them() -> None:
    head = {"type": "http", "headers": [(b"content-type", b"multipart/form-data; boundary=b")]}

    async def never() -> Any:
        await asyncio.Event().wait()

    async def under_way() -> int:
        uploads_ = [
            asyncio.create_task(uploads.received(Request(head, never), POLICY.file_bytes_max)) for _ in range(99)
        ]
        await asyncio.sleep(0.1)
        refused = [one.exception() for one in uploads_ if one.done()]
        assert {one.status for one in refused if isinstance(one, Problem)} == {503}
        for one in uploads_:
            one.cancel()
        await asyncio.gather(*uploads_, return_exceptions=True)
        return len(uploads_) - len(refused)

    assert 1 < asyncio.run(under_way()) <= MEMORY_BYTES_MAX // POLICY.file_bytes_max


_KILLED = """
import os, signal, sys
from pathlib import Path
from actors.gateway.contents import Contents
from actors.identity.keys import Keys
from actors.identity.vault import Vault
home, before = Path(sys.argv[1]), sys.argv[2] == "before"
if before:
    os.link = lambda *paths: os.kill(os.getpid(), signal.SIGKILL)
Contents(home, Vault(Keys.open(home / "keys"))).keep(b"a paper")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_gateway_that_is_killed_as_it_keeps_an_upload_leaves_it_whole_or_not_at_all(
    tmp_path: Path, when: str
) -> None:
    contents = Contents(tmp_path, Vault(Keys.open(tmp_path / "keys")))
    killed = subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path), when], check=False)
    assert killed.returncode == -signal.SIGKILL
    digest = contents.digest(b"a paper")
    [left] = (path for path in (tmp_path / "materials").rglob("*") if path.is_file())
    assert (left.name == digest) == (when == "after")
    if when == "before":
        with pytest.raises(IdentityError):
            contents.get(digest)
    assert contents.get(contents.keep(b"a paper")) == b"a paper"
    assert contents.sweep({digest}, time.time() + 1) == (when == "before")  # what was half written
    assert contents.get(digest) == b"a paper"


def test_an_upload_is_on_the_disk_before_the_bank_is_told_of_it(
    bank: LiveBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, content = waiting(bank), padded(pdf(), 2_000, 77)
    digest, synced = Contents.digest(content), list[Path]()
    told_of: list[tuple[int, list[Path]]] = []
    done = Bank.done
    monkeypatch.setattr(files, "sync_folder", synced.append)

    async def dies(self: Bank, kind: Kind, rows: Rows, *beside: Command) -> Answer:
        if not told_of:
            told_of.append((len(kept(bank)), list(synced)))
            raise Problem(503, "Unavailable", "killed in between")
        return await done(self, kind, rows, *beside)

    monkeypatch.setattr(Bank, "done", dies)
    before = len(kept(bank))
    send(bank, case, "id_front", "a.pdf", content, PDF, 503)
    folder = bank.home / "materials"
    assert told_of[0][0] == before + 1
    assert {folder / digest[:2], folder, bank.home} <= set(told_of[0][1])
    assert send(bank, case, "id_front", "a.pdf", content, PDF)["digest"] == digest
    assert len(kept(bank)) == before + 1


def test_a_sweep_takes_what_the_bank_never_heard_of_and_nothing_else(bank: LiveBank) -> None:
    contents = Contents(bank.home, bank.identity.vault)
    heard = send(bank, waiting(bank), "id_front", "a.pdf", padded(pdf(), 2_000, 78), PDF)["digest"]
    lost, young, again = (contents.keep(one) for one in (b"lost", b"young", b"again"))
    days = POLICY.wait_days * 86_400
    for digest in (heard, lost, again):
        os.utime(bank.home / "materials" / digest[:2] / digest, (time.time() - days - 60,) * 2)
    contents.keep(b"again")

    async def sweep() -> int:
        link = LinkClient(bank.home / "link")
        link.start()
        try:
            return await materials.swept(replace(bank.bank, link=link), contents, time.time())
        finally:
            await link.stop()

    assert asyncio.run(sweep()) == 1
    names = {path.name for path in kept(bank)}
    assert {heard, young, again} <= names
    assert lost not in names


def test_a_sweep_leaves_whatever_any_table_of_uploads_speaks_of(
    bank: LiveBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table of uploads has format, size and digest of each."""
    uploaded = {
        f"{room.name}.{table}"
        for room in PIPELINE
        for table, (columns, *_) in room.tables.items()
        if {"format", "size", "digest"} <= set(Fields(columns).names)
    }
    swept: list[Any] = []

    async def looks(_: Bank, cell: Cell, asked: Look) -> list[Rows]:
        return [np.array([(f"{cell.room}.{asked.table}",)], dtype=[("digest", "U64")])]

    monkeypatch.setattr(Bank, "looks", looks)
    contents: Any = SimpleNamespace(sweep=lambda spoken_of, before_s: swept.append(spoken_of))
    asyncio.run(materials.swept(bank.bank, contents, time.time()))
    assert swept == [set(uploaded)]
    assert len(uploaded) >= 3
