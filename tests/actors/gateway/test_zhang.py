"""Mr Zhang through HTTP: from his form to his last instalment, and the same ledger as in his scenario's own run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from actors.local import LocalExecutor
from credit.room import Rows
from scenarios.loading import load_scenario
from tests.actors.gateway.live import live
from tests.lendrill import harness


class _Kept(LocalExecutor):
    """Remembers what its cells knew when it was stopped."""

    def stop(self) -> None:
        self.ledger = {
            name: rows
            for cell, host in self.hosts.items()
            if cell.room == "ledger"
            for name, rows in host.export_state().items()
        }
        super().stop()


def ledger_of_the_scenario(name: str, path: Path) -> dict[str, Rows]:
    """What the ledger knows at the end of a scenario's own run."""
    executor = _Kept()
    harness.run(load_scenario(name), path, executor=executor)
    return executor.ledger


@pytest.mark.requirement(
    "APP-18.a",
    "APP-18.c",
    "CON-07.a",
    "CON-11.b",
    "REP-01.a",
    "REP-04.a",
    "EX-01.a",
    "EX-03.a",
    "EX-03.b",
    "EX-03.c",
    "EX-04.a",
    "EX-04.c",
    "EX-05.b",
    "EX-06.a",
)
def test_zhang_applies_signs_is_paid_and_debited_to_the_fen(tmp_path: Path) -> None:
    with live() as bank:
        applied = bank.apply()
        case = applied["case"]
        assert (case, applied["step"], applied["handler"]) == ("1000000001", "contract", "customer")
        assert applied["since"] < applied["expected_at"] < "2026-02-17"
        contract = bank.get(f"/v1/applications/{case}/contract")
        assert (contract["amount_fen"], contract["term_months"], contract["rate_ppm"]) == (5_000_000, 12, 60_000)
        document = bank.get(f"/v1/applications/{case}/contract/document")
        assert all(part in document for part in ("张建国", "50,000.00", "伍万元整", "12个月", "110105199003072872"))
        page = bank.get(f"/v1/applications/{case}/contract/document", headers={"Accept": "text/html"})
        assert page.startswith("<!doctype html>")
        assert "<h1>个人消费贷款合同</h1>" in page
        bank.sign(case)
        assert bank.get(f"/v1/applications/{case}/contract")["state"] == "archived"
        bank.advance(days=1)
        [loan] = bank.get(f"/v1/applications/{case}")["loans"]
        told = {
            one["topic"]: one
            for one in bank.get(f"/v1/applications/{case}/notices", headers={"Accept-Language": "zh"})["notices"]
        }
        assert told["received"]["text"].startswith("【Lendrill银行】您于")
        assert f"申请编号{case}" in told["received"]["text"]
        assert (told["disbursed"]["state"], told["disbursed"]["channel"]) == ("delivered", "sms")
        assert "50,000.00元" in told["disbursed"]["text"]
        assert (told["contract_ready"]["state"], told["contract_ready"]["channel"]) == ("delivered", "push")
        assert loan in told["disbursed"]["text"]
        plan = bank.get(f"/v1/loans/{loan}/schedule")
        assert plan["total_interest_fen"] == 163_986
        assert [line["payment_fen"] for line in plan["instalments"]] == [430_332] * 11 + [430_334]
        assert plan["instalments"][-1]["balance_fen"] == 0
        assert bank.get(f"/v1/loans/{loan}")["principal_fen"] == 5_000_000
        bank.advance(days=170)
        half = bank.get(f"/v1/loans/{loan}")
        assert half["principal_fen"] == half["ledger"]["principal_fen"] == plan["instalments"][4]["balance_fen"]
        states = [line["state"] for line in bank.get(f"/v1/loans/{loan}/schedule")["instalments"]]
        assert states == ["paid"] * 5 + ["to_come"] * 7
        bank.advance(days=210)
        over = bank.get(f"/v1/loans/{loan}")
        assert (over["state"], over["principal_fen"], over["ledger"]["principal_fen"]) == ("settled", 0, 0)
        statement = bank.get(f"/v1/loans/{loan}/statement")
        assert statement["paid_out_fen"] == 5_000_000
        assert statement["received_fen"] == 5_163_986
        assert sum(move["event"] == "instalment_paid" for move in statement["moves"]) == 12
        live_ledger = {name.partition(".")[2]: rows for name, rows in bank.state("ledger").items()}
    assert live_ledger.keys() == (alone := ledger_of_the_scenario("zhang_consumer_loan", tmp_path / "run")).keys()
    assert all(np.array_equal(live_ledger[name], alone[name]) for name in ("bank.accounts", "bank.loans"))
