"""Loans, payments, early repayment, disbursement and vouchers over HTTP."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest

from actors.gateway.bank import Bank
from credit.disbursement.states import FacilityState
from credit.room import Rows
from tests.actors.gateway.live import LiveBank, live


@pytest.fixture(scope="module")
def loan(bank: LiveBank) -> str:
    return bank.paid_out()


@pytest.mark.requirement("REP-11.a", "REP-11.b", "REP-12.a", "REP-12.b")
def test_a_quote_is_what_is_paid_and_the_plan_after_it(bank: LiveBank) -> None:
    loan = bank.paid_out()
    asked = f"/v1/loans/{loan}/early-repayment/quote?amount_fen=1000000&choice=shorter_term"
    quote = bank.get(asked)
    assert quote["total_fen"] == quote["principal_fen"] + quote["interest_fen"] + quote["fee_fen"]
    assert (quote["principal_fen"], quote["fee_fen"], quote["instalments_left"]) == (1_000_000, 10_000, 10)
    order = {"full": False, "amount_fen": 1_000_000, "choice": "shorter_term"}
    done = bank.post(f"/v1/loans/{loan}/early-repayment", order, Idempotency_Key="early")
    assert done["principal_fen"] + done["interest_and_fee_fen"] == quote["total_fen"]
    assert bank.post(f"/v1/loans/{loan}/early-repayment", order, Idempotency_Key="early") == done
    after = bank.get(f"/v1/loans/{loan}")
    assert (after["principal_fen"], after["ledger"]["principal_fen"]) == (4_000_000, 4_000_000)
    assert after["next"] == quote["next"]
    rest = bank.get(f"/v1/loans/{loan}/early-repayment/quote")
    bank.post(f"/v1/loans/{loan}/early-repayment", {"full": True})
    over = bank.get(f"/v1/loans/{loan}")
    assert (over["state"], over["ledger"]["principal_fen"]) == ("settled", 0)
    kept = "product method rate_ppm term_months amount_fen paid_out_at".split()
    assert {name: over[name] for name in kept} == {name: after[name] for name in kept}
    assert (over["product"], over["method"], over["term_months"]) == ("consumer_loan", "equal_instalment", 12)
    assert (over["amount_fen"], after["settled_at"]) == (5_000_000, None)
    assert over["paid_out_at"] < over["settled_at"]
    assert bank.get(f"/v1/loans/{loan}/statement")["received_fen"] == quote["total_fen"] + rest["total_fen"]
    again = bank.post(f"/v1/loans/{loan}/early-repayment", {"full": True}, 422)
    assert again["code"] == "LOAN_UNKNOWN"


def test_too_little_is_not_repaid_early_nor_quoted(bank: LiveBank, loan: str) -> None:
    assert bank.get(f"/v1/loans/{loan}/early-repayment/quote?amount_fen=5", 422)["code"] == "EARLY_AMOUNT"
    order = {"full": False, "amount_fen": 5, "choice": "shorter_term"}
    assert bank.post(f"/v1/loans/{loan}/early-repayment", order, 422)["code"] == "EARLY_AMOUNT"
    bank.post(f"/v1/loans/{loan}/early-repayment", {"full": False, "choice": "whatever"}, 422)


@pytest.mark.parametrize(
    "order",
    [
        {"full": True, "amount_fen": 100_000},
        {"full": True, "choice": "shorter_term"},
        {"full": False},
        {"full": False, "choice": "shorter_term"},
    ],
)
def test_an_order_says_all_or_how_much(bank: LiveBank, loan: str, order: dict[str, Any]) -> None:
    before = bank.get(f"/v1/loans/{loan}")
    assert bank.post(f"/v1/loans/{loan}/early-repayment", order, 422)["title"] == "Invalid request"
    assert bank.get(f"/v1/loans/{loan}/early-repayment/quote?choice=shorter_term", 422)["field"] == "choice"
    assert bank.get(f"/v1/loans/{loan}") == before


def test_a_payment_when_nothing_is_due_goes_back(bank: LiveBank, loan: str) -> None:
    paid = bank.post(f"/v1/loans/{loan}/payments", {"amount_fen": 1_234, "channel": "counter"})
    assert (paid["taken_fen"], paid["returned_fen"]) == (0, 1_234)
    nothing = bank.post(f"/v1/loans/{loan}/payments", {"amount_fen": 0, "channel": "counter"}, 422)
    assert (nothing["code"], nothing["field"]) == ("PAYMENT_AMOUNT", "amount_fen")
    bank.post(f"/v1/loans/{loan}/payments", {"amount_fen": -1, "channel": "counter"}, 422)
    bank.post(f"/v1/loans/{loan}/payments", {"amount_fen": 1 << 53, "channel": "counter"}, 422)


@pytest.mark.requirement("REP-05.b", "REP-06.a", "REP-10.a")
def test_who_has_not_agreed_to_be_debited_is_overdue_until_he_pays() -> None:
    with live() as bank:
        loan = bank.paid_out(consents=["bureau", "personal_data"])
        bank.advance(days=40)
        late = bank.get(f"/v1/loans/{loan}")
        first = bank.get(f"/v1/loans/{loan}/schedule")["instalments"][0]
        today, due = (dt.date.fromisoformat(said[:10]) for said in (bank.get("/v1/clock")["now"], first["due_on"]))
        assert (first["state"], late["days_past_due"]) == ("unpaid", (today - due).days)
        assert late["days_past_due"] > 0
        assert late["arrears_fen"] >= 430_332
        refused = bank.get(f"/v1/loans/{loan}/early-repayment/quote", 422)
        assert refused["code"] == "LOAN_OVERDUE"
        paying = {"amount_fen": late["arrears_fen"] + 100, "channel": "mobile_bank"}
        paid = bank.post(f"/v1/loans/{loan}/payments", paying, Idempotency_Key="pay")
        assert (paid["taken_fen"], paid["returned_fen"]) == (late["arrears_fen"], 100)
        assert bank.post(f"/v1/loans/{loan}/payments", paying, Idempotency_Key="pay") == paid
        now = bank.get(f"/v1/loans/{loan}")
        assert (now["arrears_fen"], now["days_past_due"]) == (0, 0)
        assert now["principal_fen"] == now["ledger"]["principal_fen"]
        assert bank.get(f"/v1/loans/{loan}/statement")["received_fen"] == late["arrears_fen"]


@pytest.mark.requirement("DIS-06.c", "DIS-10.a", "DIS-10.b", "DIS-11.a", "DIS-15.b")
def test_a_voucher_is_verified_and_a_changed_one_is_not(bank: LiveBank, loan: str) -> None:
    payment = bank.get(f"/v1/loans/{loan}/disbursement")
    assert payment["state"] == "disbursed"
    assert [step["event"] for step in payment["steps"]][-2:] == ["funds_arrived", "loan_disbursed"]
    voucher = bank.get(f"/v1/loans/{loan}/voucher")
    assert (voucher["amount_fen"], voucher["account"]) == (5_000_000, "6217000000000000001")
    assert (voucher["transaction"], voucher["paid_at"]) == (payment["transaction"], payment["steps"][-1]["at"])
    code = voucher["code"]
    assert bank.get(f"/v1/vouchers/{code}") == voucher
    for place, character in enumerate(code):
        other = {"-": "A"}.get(character) or ("B" if character == "A" else "A" if character.isalpha() else "9")
        if other != character:
            bank.get(f"/v1/vouchers/{code[:place]}{other}{code[place + 1 :]}", 404)
    bank.get(f"/v1/vouchers/{code.lower()}", 404)


def test_of_a_limit_that_is_available_which_is_not_drawn_or_was_repaid_again(
    bank: LiveBank, loan: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    [table] = [rows for name, rows in bank.state("disbursement").items() if name.endswith(".facilities")]
    row = np.zeros(1, table.dtype)
    row["state"], row["amount_fen"], row["drawn_fen"], row["restored_fen"] = min(FacilityState), 1_000, 600, 200

    async def look(self: Bank, *asked: object) -> Rows:
        return row

    monkeypatch.setattr(Bank, "_is_known", look)
    monkeypatch.setattr(Bank, "look", look)
    said = bank.get(f"/v1/applications/{loan[:-2]}/facility")
    assert [said[f"{name}_fen"] for name in ("limit", "drawn", "restored", "available")] == [1_000, 600, 200, 600]


@pytest.mark.parametrize("loan", ["100999999901", "500000000101", "1", "9223372036854775807", "x"])
def test_nothing_is_done_about_a_loan_that_does_not_exist(bank: LiveBank, loan: str) -> None:
    for end in ("", "/schedule", "/statement", "/early-repayment/quote", "/disbursement", "/voucher"):
        assert bank.get(f"/v1/loans/{loan}{end}", 404)["title"] == "Not found"
    bank.post(f"/v1/loans/{loan}/payments", {"amount_fen": 1, "channel": "counter"}, 404)
    bank.post(f"/v1/loans/{loan}/early-repayment", {"full": True}, 404)
    bank.post(f"/v1/loans/{loan}/use-evidence", {}, 404)
    assert bank.get("/health")["ready"]


def test_what_a_plain_loan_has_not_is_refused(bank: LiveBank, loan: str) -> None:
    case = loan[:-2]
    bank.get(f"/v1/applications/{case}/facility", 404)
    draw = {"amount_fen": 100, "term_months": 6}
    assert bank.post(f"/v1/applications/{case}/drawdowns", draw, 422)["code"] == "CONTRACT_STATE"
    bring = {"materials": ["lease_contract"]}
    assert bank.post(f"/v1/applications/{case}/conditions", bring, 422)["code"] == "CONTRACT_STATE"
    assert bank.post(f"/v1/loans/{loan}/use-evidence", {}, 422)["code"] == "NO_OPEN_TASK"
    stranger = {"restricted": True, "reason": 509, "person": "77"}
    refused = bank.post(f"/v1/applications/{case}/limit-restrictions", stranger, 422)
    assert refused["code"] == "NOT_ON_REGISTER"
    nobody = bank.post(f"/v1/applications/{case}/limit-restrictions", {"restricted": True, "reason": 509}, 422)
    assert nobody["field"] == "person"
