"""Bulk exports: two roles, what one may see, masked, logged."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from actors.gateway.exports import _as_said
from actors.identity.audit import Entry
from actors.identity.errors import IdentityError, NotAllowed
from credit.times import DAY_MS
from tests.actors.gateway.access import House, house
from tests.actors.gateway.live import calling
from tests.actors.identity.builders import a_bank, settled


@pytest.fixture(scope="module")
def found() -> Iterator[House]:
    with house() as one:
        yield one


def send(found: House, who: str, method: str, path: str, status: int, body: Any = None) -> httpx.Response:
    headers = {"Authorization": f"Bearer {found.tokens[who]}"}
    answer = found.bank.client.request(method, f"/v1/exports{path}", json=body, headers=headers)
    assert answer.status_code == status, answer.text[:300]
    return answer


def asked(found: House, who: str, what: str = "loans", form: str = "csv") -> int:
    body = {"what": what, "format": form, "reason": "季度风险检查"}
    return int(send(found, who, "POST", "", 201, body).json()["number"])


@pytest.mark.requirement("SEC-09.a")
def test_an_export_is_fetched_by_who_asked_once_another_role_authorised_it(found: House) -> None:
    number = asked(found, "finance_officer")
    send(found, "finance_officer", "GET", f"/{number}/file", 409)
    for who in ("finance_officer", "head_office_risk", "system_administrator"):
        send(found, who, "POST", f"/{number}/confirm", 403)
    done = send(found, "business_administrator", "POST", f"/{number}/confirm", 200).json()
    assert (done["state"], done["reason"]) == ("confirmed", "季度风险检查")
    send(found, "head_office_risk", "GET", f"/{number}/file", 404)
    send(found, "business_administrator", "GET", f"/{number}/file", 403)
    table = pyarrow.csv.read_csv(io.BytesIO(send(found, "finance_officer", "GET", f"/{number}/file", 200).content))
    rows = {str(row["loan"]): row for row in table.to_pylist()}
    assert set(rows) == {found.own["loan"], found.other["loan"]}
    row = rows[found.own["loan"]]
    assert (row["principal_fen"], row["branch"], row["state"]) == (5_000_000, 1, "active")
    assert str(row["customer"]) == found.own["customer"]
    assert row["id_number"].startswith("110***")
    assert "*" in row["mobile"]
    rest = send(found, "business_administrator", "POST", f"/{number}/refuse", 422)
    assert "confirmed" in rest.json()["detail"]


def test_applications_are_exported_as_parquet_too(found: House) -> None:
    send(found, "finance_officer", "POST", "", 403, {"what": "applications", "format": "csv", "reason": "x"})
    number = asked(found, "head_office_risk", "applications", "parquet")
    send(found, "business_administrator", "POST", f"/{number}/confirm", 200)
    content = send(found, "head_office_risk", "GET", f"/{number}/file", 200).content
    rows = {row["application"]: row for row in pyarrow.parquet.read_table(io.BytesIO(content)).to_pylist()}
    assert len(rows) == 4
    own = rows[int(found.own["case"])]
    assert (own["amount_fen"], own["product"], own["last_event"]) == (5_000_000, "consumer_loan", "inspection_planned")


def test_a_refused_export_and_one_that_is_none_are_not_fetched(found: House) -> None:
    number = asked(found, "finance_officer")
    send(found, "finance_officer", "POST", f"/{number}/refuse", 200)
    send(found, "finance_officer", "GET", f"/{number}/file", 409)
    send(found, "business_administrator", "POST", f"/{number}/confirm", 422)
    send(found, "finance_officer", "GET", "/999/file", 404)
    own = [one["number"] for one in send(found, "head_office_risk", "GET", "", 200).json()]
    assert number not in own
    assert number in [one["number"] for one in send(found, "business_administrator", "GET", "", 200).json()]
    mine = asked(found, "head_office_risk")
    page = send(found, "head_office_risk", "GET", f"?after={number}&limit=1", 200).json()
    assert [one["number"] for one in page] == [mine]
    other = asked(found, "finance_officer")
    page = send(found, "finance_officer", "GET", f"?after={number}&limit=1", 200).json()
    assert [one["number"] for one in page] == [other]  # a page of one's own, whatever others asked for between


def test_nobody_authorises_who_shares_a_post_and_an_authorisation_lapses(tmp_path: Path) -> None:
    bank = a_bank(tmp_path)
    finance = bank.posts["finance_officer"]
    finance.permissions.append("bulk:confirm")
    one, two = "staff:70001", "staff:70002"
    bank.accounts.open_staff([(70_001, ["finance_officer"]), (70_002, ["finance_officer"])], bank.clock())
    for subject in (one, two):
        settled(bank, subject)
    number = bank.changes.propose(one, "export", "export:loans", {"format": "csv"}, bank.clock()).number
    with pytest.raises(NotAllowed, match="another role, and both of you hold finance_officer"):
        bank.changes.confirm(two, number, bank.clock())
    with pytest.raises(IdentityError, match="has lapsed"):
        bank.changes.confirm(two, number, bank.clock() + 8 * DAY_MS)


def test_an_authorised_export_is_fetched_for_as_long_as_a_proposal_waits_and_no_longer(found: House) -> None:
    number, identity, app = asked(found, "finance_officer"), found.bank.identity, found.bank.app
    send(found, "business_administrator", "POST", f"/{number}/confirm", 200)
    clock, before = identity.clock, app.state.signed_in
    waits_ms = identity.accounts.rules.proposal_days * DAY_MS
    app.state.signed_in = calling(identity.tokens.verify(found.tokens["finance_officer"], clock()))
    try:
        for later_ms, status in ((waits_ms - 1, 200), (waits_ms, 409)):
            object.__setattr__(identity, "clock", partial(int, clock() + later_ms))
            answer = send(found, "finance_officer", "GET", f"/{number}/file", status)
        assert "lapsed" in answer.json()["detail_en"]
    finally:
        app.state.signed_in = before
        object.__setattr__(identity, "clock", clock)


def test_no_text_of_an_export_is_a_formula() -> None:
    said = _as_said(pa.array(["=1+1", "+x", "-x", "@x", "张三", None])).to_pylist()
    assert said == ["'=1+1", "'+x", "'-x", "'@x", "张三", None]


@pytest.mark.requirement("SEC-11.a", "API-10.a")
def test_each_call_is_kept_with_who_when_what_result_sign_in_and_address(found: House) -> None:
    log, before = found.bank.identity.audit, found.bank.identity.clock()
    send(found, "finance_officer", "GET", "", 200)
    send(found, "counter_clerk", "GET", "", 403)
    kept: list[Entry] = []
    while [one.result.split()[0] for one in kept] != [
        "ok",
        "refused",
    ]:  # written behind the answer, within the test's own time
        kept = [one for one in log.find(since=before) if (one.method, one.path) == ("GET", "/v1/exports")][-2:]
    assert {one.ip for one in kept} == {"127.0.0.1"}
    assert len({one.person for one in kept} - {0}) == 2
    assert all(before <= one.at <= found.bank.identity.clock() and one.signed_in_at for one in kept)
