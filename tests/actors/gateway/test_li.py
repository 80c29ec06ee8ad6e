"""Li's food store through HTTP: through the desks, on paper, in two tranches, and the ledger of the scenario's own run."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scenarios.loading import load_scenario
from tests.actors.gateway.live import LiveBank, live
from tests.actors.gateway.test_zhang import ledger_of_the_scenario

[LI] = load_scenario("li_food_store").script
SCRIPT = tomllib.loads(resources.files("scenarios").joinpath("files", "li_food_store.toml").read_text("utf-8"))[
    "script"
]
FORM: dict[str, Any] = {
    "branch": 1,
    "channel": LI.channel,
    "segment": LI.segment,
    "product": LI.product,
    "amount_fen": 200_000_000,
    "term_months": LI.term_months,
    "method": LI.method,
    "purpose": LI.purpose,
    "name": LI.name,
    "id_number": LI.id_number,
    "mobile": LI.mobile,
    "credit_code": LI.credit_code,
    "occupation": LI.occupation,
    "income_fen": 32_000_000,
    "employment_months": LI.employment_months,
    "documents": list(LI.documents),
    "consents": ["bureau", "personal_data", "auto_debit"],
    "account": "6217000000000000001",
    "payee_account": "6222000000000000001",
    "id_valid_until": LI.id_valid_until,
    "licence_valid_until": LI.licence_valid_until,
    "details": LI.details,
}


def happened(bank: LiveBank, case: str, event: str) -> list[str]:
    """When an event happened to the case, as the API says it."""
    events = bank.get(f"/v1/applications/{case}")["events"]
    return [str(one["at"]) for one in events if one["event"] == event]


@pytest.mark.requirement("DIS-16.a", "EX-08.d", "EX-09.a")
def test_li_goes_through_the_desks_signs_on_paper_and_is_paid_in_two_tranches_to_the_fen(tmp_path: Path) -> None:
    with live("li_food_store", date="2026-03-03", script=SCRIPT, run__customers=1, run__days=400) as bank:
        bank.advance(to="2026-03-03T09:30:00")
        case = bank.post("/v1/applications", FORM, 202, Idempotency_Key="li")["case"]
        bank.advance(days=1)
        contract = bank.get(f"/v1/applications/{case}/contract")
        assert (contract["amount_fen"], contract["mode"]) == (180_000_000, "paper")
        assert "租赁合同" in bank.get(f"/v1/applications/{case}/contract/document")
        bank.advance(
            to="2026-03-05T09:30:00"
        )  # early enough to be paid that day, as in the scenario: desks have their own luck
        bank.sign(case)
        bank.advance(days=1)
        [paid] = happened(bank, case, "loan_disbursed")
        assert paid[:10] == "2026-03-05"
        bank.advance(to="2026-03-10T16:00:00")
        drawing = {"amount_fen": 80_000_000, "term_months": 12, "number": 2}
        refused = bank.post(f"/v1/applications/{case}/drawdowns", drawing, 422)
        assert refused["code"] == "USE_NOT_VERIFIED"
        bank.advance(to="2026-03-20T09:30:00")  # looked at that day, as in the scenario
        bank.post(f"/v1/loans/{case}01/use-evidence")
        bank.advance(to="2026-06-30T00:00:01")
        assert [at[:10] for at in happened(bank, case, "loan_disbursed")] == ["2026-03-05", "2026-03-20"]
        assert bank.get(f"/v1/applications/{case}")["loans"] == [f"{case}01", f"{case}02"]
        live_ledger = {name.partition(".")[2]: rows for name, rows in bank.state("ledger").items()}
    alone = ledger_of_the_scenario("li_food_store", tmp_path / "run")
    assert all(np.array_equal(live_ledger[name], alone[name]) for name in ("bank.accounts", "bank.loans"))
