"""Scans of paper contracts over HTTP: listed while they are missing, filed by staff, seen as they came."""

from __future__ import annotations

from typing import Any

import pytest

from actors.gateway.contents import Contents
from tests.actors.gateway.live import LiveBank
from tests.actors.gateway.papers import pdf

CLERK = {"person": "1420001"}


def on_paper(bank: LiveBank) -> str:
    case = str(bank.apply()["case"])
    path = f"/v1/applications/{case}/contract"
    bank.check_terms(case)
    word = bank.post(f"{path}/confirmation", {"round": 0, "attempt": 1})["confirmation"]
    bank.post(f"{path}/signature", {"confirmation": word, "mode": "paper"})
    return case


def file(bank: LiveBank, case: str, content: bytes, status: int = 200, name: str = "scan.pdf", **said: str) -> Any:
    answer = bank.client.post(
        f"/v1/applications/{case}/contract/scan", files={"file": (name, content)}, params=CLERK | said
    )
    assert answer.status_code == status, answer.text
    return answer.json()


def unscanned(bank: LiveBank) -> list[str]:
    return [one["case"] for one in bank.get("/v1/contracts/unscanned")["scans"]]


@pytest.mark.requirement("EX-09.b")
def test_a_paper_contract_is_listed_chased_scanned_and_seen(bank: LiveBank) -> None:
    case, content = on_paper(bank), pdf(pages=3)
    path = f"/v1/applications/{case}/contract/scan"
    assert case in unscanned(bank)
    before = bank.get(path)
    assert (before["scanned_at"], before["pages"], before["digest"], before["chases"]) == (None, None, None, 0)
    bank.get(f"{path}/file", 404)
    bank.advance(days=5)
    assert bank.get(path)["chases"] >= 1
    filed = file(bank, case, content)
    assert filed == bank.get(path)
    said = {
        "pages": 3,
        "format": "pdf",
        "size": len(content),
        "digest": Contents.digest(content),
        "scanned_by": "1420001",
    }
    assert filed.items() >= said.items()
    assert filed["chase_at"] is None
    assert bank.client.get(f"{path}/file").content == content
    assert case not in unscanned(bank)
    kept = len(list((bank.home / "materials").rglob("*")))
    for another in (pdf(pages=2), b"no PDF"):
        assert file(bank, case, another, 422)["code"] == "NO_SCAN_WANTED"
    assert len(list((bank.home / "materials").rglob("*"))) == kept
    assert bank.client.get(f"{path}/file").content == content


@pytest.mark.requirement("EX-09.b")
def test_what_is_no_scan_is_not_taken(bank: LiveBank) -> None:
    case = on_paper(bank)
    assert file(bank, case, pdf(), 415, name="scan.docx")["field"] == "file"
    assert file(bank, case, b"%PDF-1.7 no", 422)["title"] == "Unfit"
    assert case in unscanned(bank)
    electronic = str(bank.apply()["case"])
    bank.sign(electronic)
    assert "signed on paper" in file(bank, electronic, pdf(), 404)["detail"]
