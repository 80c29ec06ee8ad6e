"""Papers over HTTP: contracts and vouchers as PDF, the archive, and the page that verifies a voucher."""

from __future__ import annotations

import datetime as dt
import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pypdf
import pypdfium2
import pytest

from actors.gateway.archive import Archive, Laid
from actors.gateway.typeset import _Sheet
from actors.identity.caller import Caller
from actors.identity.errors import Damaged
from actors.identity.keys import Keys
from actors.identity.vault import Vault
from credit.contracts.states import SignMode
from tests.actors.gateway.live import EVERYBODY, LiveBank, calling


class Paper:
    """A PDF that the bank gave."""

    def __init__(self, bank: LiveBank, path: str) -> None:
        answer = bank.client.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf"), answer.text
        assert answer.headers["cache-control"] == "private, no-store"
        with pypdfium2.PdfDocument(answer.content) as pages:
            self.text = "".join("".join(page.get_textpage().get_text_range() for page in pages).split())
        first: Any = pypdf.PdfReader(io.BytesIO(answer.content)).pages[0]
        fonts = first["/Resources"]["/Font"].values()
        self.embedded = {"/FontFile3" in font["/DescendantFonts"][0]["/FontDescriptor"] for font in fonts}
        self.links = [str(one.get_object()["/A"]["/URI"]) for one in first.get("/Annots", [])]


@pytest.mark.requirement("CON-01.b", "CON-04.a", "CON-04.b", "CON-07.b", "CON-11.b", "CON-18.a", "CON-18.b")
def test_a_contract_is_read_as_pdf_before_it_is_signed_and_as_it_was_signed_afterwards(bank: LiveBank) -> None:
    case = str(bank.apply(name="欧阳小翠")["case"])
    path = f"/v1/applications/{case}/contract"
    before, plain = Paper(bank, f"{path}/document.pdf"), bank.get(f"{path}/document")
    for words in ("个人消费贷款合同", "欧阳小翠", "人民币50,000.00元（大写：伍万元整）", "12个月", "6%", "预览未签署"):
        assert words in before.text
    assert before.embedded == {True}
    assert not bank.get("/v1/contracts?name=欧阳小翠")["contracts"]
    signed = bank.sign(case)
    after = Paper(bank, f"{path}/document.pdf")
    assert bank.get(f"{path}/document") == plain
    assert "预览" not in after.text
    for words in ("签署生效时间" + signed["at"][:10], "电子签署", "双方已签署", "合同专用章"):
        assert words in after.text
    for until in ("2026-03-31", "2026-02-10"):
        asked = f"name=欧阳小翠&product=consumer_loan&since=2026-02-10&until={until}"
        [found] = bank.get(f"/v1/contracts?{asked}")["contracts"]
    assert (found["case"], found["signed_at"]) == (case, signed["at"])
    for other in (
        "name=欧阳小",
        "name=欧阳小翠&product=mortgage",
        "name=欧阳小翠&until=2026-02-09",
        "name=欧阳小翠&since=2027-01-01",
    ):
        assert not bank.get(f"/v1/contracts?{other}")["contracts"]
    assert "欧阳小翠".encode() not in (bank.home / "contracts.db").read_bytes()


@pytest.mark.requirement("CON-18.a")
@pytest.mark.parametrize("dead", [("sign",), ("lay", "sign")])
def test_what_the_archive_was_not_told_of_is_filled_in_from_the_bank(
    bank: LiveBank, monkeypatch: pytest.MonkeyPatch, dead: tuple[str, ...]
) -> None:
    """As after a gateway that died between the bank's answer and the archive; as where the world signed."""
    case = str(bank.apply()["case"])
    text = bank.get(f"/v1/applications/{case}/contract/document")
    with monkeypatch.context() as broken:
        for name in dead:
            broken.setattr(Archive, name, lambda *told: None)
        signed = bank.sign(case)["at"]
    assert case not in str(bank.get("/v1/contracts"))
    assert bank.get(f"/v1/applications/{case}/contract/document") == text
    [found] = [one for one in bank.get("/v1/contracts")["contracts"] if one["case"] == case]
    assert found["signed_at"] == signed


@pytest.mark.requirement("CON-18.a", "CON-18.c")
def test_an_archived_text_that_was_changed_is_found_out_and_a_signed_one_stays(tmp_path: Path) -> None:
    archive = Archive(tmp_path, Vault(Keys.random()))
    laid = Laid("1-0-1-V1", 1, 7, "张建国", 1, "consumer_loan", "the text")
    another = laid._replace(text="another text")
    archive.lay(laid)
    assert archive.of(1) is None
    archive.sign(another, SignMode.PAPER, 10, 20)
    archive.lay(another)
    archive.sign(another, SignMode.ELECTRONIC, 30, 40)
    found = archive.of(1)
    assert found is not None
    assert (archive.text(found.number), found.mode, found.signed_at) == ("the text", SignMode.PAPER, 20)
    assert [len(archive.search(branch, "", "", 0, 100, "")) for branch in (None, 0, 1, 2)] == [1, 0, 1, 0]
    archive._database.run("UPDATE contracts SET number = '2-0-1-V1'")
    with pytest.raises(Damaged):
        archive.text("2-0-1-V1")


def test_customers_do_not_search_the_archive(bank: LiveBank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bank.app.state.identity.accounts, "is_proven", lambda _: True)
    before = bank.app.state.signed_in
    bank.app.state.signed_in = calling(Caller("customer", "customer:1", frozenset({"contracts:read"})))
    try:
        assert "staff" in bank.get("/v1/contracts", 403)["detail"]
    finally:
        bank.app.state.signed_in = before


@pytest.mark.requirement("DIS-10.a", "DIS-10.b", "DIS-11.b")
def test_a_vouchers_qr_code_leads_anybody_to_the_banks_word_and_a_forged_one_to_a_refusal(bank: LiveBank) -> None:
    loan = bank.paid_out()
    said, paper = bank.get(f"/v1/loans/{loan}/voucher"), Paper(bank, f"/v1/loans/{loan}/voucher.pdf")
    for words in (
        "贷款发放电子凭证",
        "50,000.00",
        "伍万元整",
        said["account"],
        said["transaction"],
        said["code"],
        "业务凭证章",
    ):
        assert words in paper.text
    assert paper.embedded == {True}
    [link] = paper.links
    place = urlsplit(link).path
    page = bank.get(place)
    assert "核验通过" in page
    assert "50,000.00" in page
    assert said["account"] not in page
    policy = bank.client.get(place).headers["content-security-policy"]
    allowed = dict(one.split(maxsplit=1) for one in policy.split(";"))
    assert allowed == {"default-src": "'none'", "style-src": "'unsafe-inline'"}  # nothing is run or fetched
    forged = place[:-1] + ("A" if place[-1] != "A" else "B")
    assert "核验未通过" in bank.get(forged, 404)
    assert "核验未通过" in bank.get("/vouchers/%3Cscript%3E", 404)
    bank.get("/v1/loans/100999999901/voucher.pdf", 404)


@pytest.mark.requirement("SEC-09.a")
def test_a_paper_shows_no_number_that_its_reader_may_not_see_whole(bank: LiveBank) -> None:
    loan = bank.paid_out()
    voucher, contract = f"/v1/loans/{loan}/voucher.pdf", f"/v1/applications/{loan[:-2]}/contract/document"
    whole, account = bank.get(contract), bank.get(f"/v1/loans/{loan}/voucher")["account"]
    numbers = {account, *re.findall(r"\d{15,18}[0-9X]", whole)}
    assert len(numbers) > 1
    assert account in Paper(bank, voucher).text
    before = bank.app.state.signed_in
    reader = replace(EVERYBODY, scopes=frozenset({"disbursements:read", "contracts:read"}))
    bank.app.state.signed_in = calling(reader)
    try:
        seen = Paper(bank, voucher).text, bank.get(contract), Paper(bank, f"{contract}.pdf").text
    finally:
        bank.app.state.signed_in = before
    assert not [number for number in numbers for text in seen if number in text]
    assert all("隐去" in text for text in seen[1:])


def test_lines_break_where_chinese_may_and_numbers_stay_whole() -> None:
    sheet = _Sheet("行", "", dt.datetime(2026, 1, 1))
    sheet.add_page()
    sheet.set_font("serif", size=10.5)
    text = "乙方授权甲方自账户6217000000000000001划收，（大写：伍万元整）。" * 12
    lines = sheet._lines(text)
    assert "".join(lines) == text
    assert not [line for line in lines if line[0] in "，。：）" or line[-1] == "（"]
    assert "".join(lines).count("6217000000000000001") == sum(line.count("6217000000000000001") for line in lines) == 12
    assert max(map(sheet.get_string_width, lines)) < sheet.epw + 12


def test_a_search_that_can_find_nothing_is_refused(bank: LiveBank) -> None:
    for query, at in (("product=bogus", "product"), ("since=2026-03-02&until=2026-03-01", "since")):
        said = bank.get(f"/v1/contracts?{query}", 422)
        assert said["field"] == at
        assert said["detail_zh"]
    assert bank.get("/v1/contracts?after=zzz", 422)["faults"][0]["at"] == "query.after"
    for right in ("product=consumer_loan", "since=2026-03-01&until=2026-03-01", "after=1000000001-0-1-V1", "after="):
        assert "contracts" in bank.get(f"/v1/contracts?{right}")
