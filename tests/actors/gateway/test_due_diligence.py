"""Due diligence over HTTP: Li's shop is visited with an app, photos and report are uploaded, its figures are read, an analyst
says what it can carry, and the approver sees that."""

from __future__ import annotations

from typing import Any

import pytest

from tests.actors.gateway.live import LiveBank, live
from tests.actors.gateway.papers import jpg, page, pdf
from tests.actors.gateway.test_li import FORM, SCRIPT, happened
from tests.credit.due_diligence.builders import BOOKS

VISITOR, OTHER, ANALYST = "1450001", "1450002", "1460001"
REPORT = {"verdict": "approve", "opinion": "门店经营正常，货架充足，建议授信。"}


def task_of(bank: LiveBank, desk: str) -> str:
    """The one task that a desk has."""
    [found] = bank.get(f"/v1/tasks?desk={desk}")["tasks"]
    return f"/v1/tasks/{found['task']}"


def upload(bank: LiveBank, case: str, what: str, content: bytes, status: int = 200, person: str = VISITOR) -> Any:
    name, media_type = ("report.pdf", "application/pdf") if content[:4] == b"%PDF" else ("shop.jpg", "image/jpeg")
    path = f"/v1/applications/{case}/due-diligence/{what}?person={person}"
    answer = bank.client.post(path, files={"file": (name, content, media_type)})
    assert answer.status_code == status, answer.text
    return answer.json()


@pytest.mark.requirement("APP-21.a", "APP-21.b", "APP-21.c", "EX-07.c", "EX-08.a", "EX-08.b")
def test_lis_shop_is_visited_its_books_are_read_and_an_approver_sees_what_it_can_carry() -> None:
    desks = ["site_investigator", "financial_analyst", "initial_approver"]
    with live("li_food_store", desks, date="2026-03-03", script=SCRIPT, run__customers=1, run__days=400) as bank:
        bank.advance(to="2026-03-03T09:30:00")
        case = bank.post("/v1/applications", FORM, 202, Idempotency_Key="li")["case"]
        bank.advance(to="2026-03-03T09:40:00")
        task, where = task_of(bank, "site_investigator"), f"/v1/applications/{case}/due-diligence"
        photo, paper = jpg(page()), pdf()
        assert upload(bank, case, "photos/1", photo, 422)["code"] == "NOT_VISITING"
        bank.post(f"{task}/claim", {"person": VISITOR})
        assert upload(bank, case, "photos/1", photo, 422, OTHER)["code"] == "NOT_VISITING"
        assert upload(bank, case, "photos/1", paper, 422)["code"] == "PAPER_FORMAT"
        assert upload(bank, case, "photos/15", photo, 422)["code"] == "PAPER_UNKNOWN"
        decision = REPORT | {"person": VISITOR}
        assert bank.post(f"{task}/decision", decision, 422)["code"] == "PHOTOS_MISSING"
        for nth in (1, 2, 3):
            upload(bank, case, f"photos/{nth}", photo)
        assert bank.post(f"{task}/decision", decision, 422)["code"] == "REPORT_MISSING"
        upload(bank, case, "report", paper)
        assert bank.post(f"{task}/decision", decision, 422)["code"] == "FIGURES_MISSING"
        books = BOOKS | {"person": VISITOR}
        assert bank.post(f"{where}/statement", books | {"stock_fen": 240_000_001}, 422)["field"] == "stock_fen"
        assert bank.post(f"{where}/statement", books | {"weather": 1}, 422)["title"] == "Invalid request"
        bank.post(f"{where}/statement", books)
        assert bank.client.get(f"{where}/photos/2").content == photo
        assert bank.client.get(f"{where}/report").content == paper
        bank.post(f"{task}/decision", decision | {"concerns": ["rain"]}, 422)
        bank.post(f"{task}/decision", decision | {"concerns": ["records_poor"]})
        task = task_of(bank, "financial_analyst")
        shown = bank.get(task)
        assert (shown["amount_fen"], shown["capacity_fen"], shown["concerns"]) == (
            191_000_000,
            191_000_000,
            ["records_poor"],
        )
        assert (shown["analysis"], shown["debt_ppm"], shown["current_ppm"]) == ("weak", 500_000, 1_500_000)
        opinion = {"verdict": "approve", "opinion": "偿债能力充足，账册欠完整。", "person": ANALYST}
        assert bank.post(f"{task}/decision", opinion | {"amount_fen": 191_000_001}, 422)["code"] == "AMOUNT_ABOVE"
        bank.post(f"{task}/decision", opinion | {"amount_fen": 185_000_000})
        shown = bank.get(task_of(bank, "initial_approver"))
        assert (shown["amount_fen"], shown["proposed_fen"], shown["capacity_fen"]) == (
            185_000_000,
            185_000_000,
            191_000_000,
        )
        assert (shown["analysis"], shown["concerns"]) == ("weak", ["records_poor"])
        found = bank.get(where)
        assert [(one["paper"], one["nth"]) for one in found["papers"]] == [
            ("report", 1),
            *[("photo", n) for n in (1, 2, 3)],
        ]
        assert (found["visitor"], found["analyst"], found["report"]) == (VISITOR, ANALYST, REPORT["opinion"])
        assert found["statement"]["operating_cash_fen"] == BOOKS["operating_cash_fen"]
        assert len(happened(bank, case, "case_escalated")) == 1
        assert bank.get(f"/v1/applications/{case}")["step"] == "approval"
        assert bank.get("/v1/applications/2000000001/due-diligence", 404)
