"""Contracts over HTTP: what may be done, and every refusal."""

from __future__ import annotations

import pytest

from tests.actors.gateway.live import LiveBank

UNKNOWN = "1999999999"
CHANGE = {"round": 0, "attempt": 1, "amount_fen": 3_000_000, "term_months": 12, "reason": "other_amount"}


def offered(bank: LiveBank) -> str:
    return str(bank.apply()["case"])


@pytest.mark.requirement("CON-07.a", "CON-07.c")
def test_nobody_signs_what_he_has_not_confirmed(bank: LiveBank) -> None:
    case, other = offered(bank), offered(bank)
    path = f"/v1/applications/{case}/contract"
    word = bank.post(f"{path}/confirmation", {"round": 0, "attempt": 1})["confirmation"]
    strange = bank.post(f"/v1/applications/{other}/contract/confirmation", {"round": 0, "attempt": 1})["confirmation"]
    for wrong in (strange, word[:-1] + ("A" if word[-1] != "A" else "B"), word.replace("-0-1-", "-0-2-"), "", "1-2-3"):
        refused = bank.post(f"{path}/signature", {"confirmation": wrong, "mode": "electronic"}, 422)
        assert refused["title"] == "Not confirmed"
    assert bank.get(path).items() >= {"state": "generated", "term_months": 12, "term_class": "short"}.items()
    bank.check_terms(case)
    before = bank.get(path)
    at = bank.post(f"{path}/signature", {"confirmation": word, "mode": "paper"})["at"]
    signed = {"state": "archived", "mode": "paper", "offered_at": None, "checked_by": None, "signed_at": at}
    assert bank.get(path) == before | signed


def test_a_signature_sent_twice_under_one_key_is_one(bank: LiveBank) -> None:
    path = f"/v1/applications/{offered(bank)}/contract"
    word = bank.post(f"{path}/confirmation", {"round": 0, "attempt": 1})["confirmation"]
    signing = {"confirmation": word, "mode": "electronic"}
    first = bank.post(f"{path}/signature", signing, Idempotency_Key="sign-1")
    assert bank.post(f"{path}/signature", signing, Idempotency_Key="sign-1") == first
    taken = bank.post(f"{path}/signature", {**signing, "mode": "paper"}, 409, Idempotency_Key="sign-1")
    assert taken["code"] == "NUMBER_TAKEN"
    again = bank.post(f"{path}/signature", signing, 422, Idempotency_Key="sign-2")
    assert again["code"] == "CONTRACT_STATE"


def test_another_contract_than_the_one_that_stands_is_not_confirmed(bank: LiveBank) -> None:
    path = f"/v1/applications/{offered(bank)}/contract/confirmation"
    assert bank.post(path, {"round": 0, "attempt": 2}, 422)["code"] == "CONTRACT_STATE"
    assert bank.post(path, {"round": -1, "attempt": 1}, 422)["title"] == "Invalid request"


@pytest.mark.requirement("CON-15.a", "CON-15.b")
def test_after_three_days_it_has_expired_and_is_generated_anew(bank: LiveBank) -> None:
    path = f"/v1/applications/{offered(bank)}/contract"
    assert (
        bank.post(f"{path}/renewals", {"round": 0, "attempt": 1, "reason": "not_in_time"}, 422)["code"]
        == "CONTRACT_STATE"
    )
    bank.advance(days=4)
    assert bank.get(path)["state"] == "expired"
    refused = bank.post(f"{path}/confirmation", {"round": 0, "attempt": 1}, 422)
    assert (refused["code"], refused["detail_zh"]) == ("CONTRACT_EXPIRED", "合同已失效")
    bank.post(f"{path}/renewals", {"round": 0, "attempt": 1}, 422)
    bank.post(f"{path}/renewals", {"round": 0, "attempt": 1, "reason": "a_whim"}, 422)
    bank.post(f"{path}/renewals", {"round": 0, "attempt": 1, "reason": "not_in_time"})
    assert (bank.get(path)["state"], bank.get(path)["attempt"]) == ("generated", 2)


@pytest.mark.requirement("CON-16.a", "CON-17.a")
def test_another_amount_goes_back_to_approval_with_its_reason(bank: LiveBank) -> None:
    case = offered(bank)
    path = f"/v1/applications/{case}/contract"
    assert bank.post(f"{path}/changes", {**CHANGE, "amount_fen": 5_000_000}, 422)["code"] == "CONTRACT_STATE"
    assert bank.post(f"{path}/changes", {**CHANGE, "amount_fen": 1}, 422)["field"] == "amount_fen"
    assert bank.post(f"{path}/changes", {**CHANGE, "term_months": 7}, 422)["field"] == "term_months"
    assert bank.post(f"{path}/changes", {**CHANGE, "reason": "whim"}, 422)["title"] == "Invalid request"
    bank.post(f"{path}/changes", CHANGE)
    events = [one["event"] for one in bank.get(f"/v1/applications/{case}")["events"]]
    assert "contract_withdrawn" in events
    bank.advance(days=2)
    contract = bank.get(path)
    assert (contract["amount_fen"], contract["round"], contract["state"]) == (3_000_000, 1, "generated")


@pytest.mark.requirement("CON-12.a", "CON-12.b", "CON-14.a", "CON-14.b", "CON-17.b")
def test_staff_return_a_contract_for_revision_or_cancel_it_each_with_a_reason(bank: LiveBank) -> None:
    case = offered(bank)
    path, clerk = f"/v1/applications/{case}/contract", {"person": "1420001"}
    wrong = {"round": 0, "attempt": 1, "reason": "rate_wrong"}
    assert bank.post(f"{path}/returns", wrong, 422)["field"] == "person"
    assert bank.post(f"{path}/returns", wrong | clerk | {"reason": "name_changed"}, 422)["title"] == "Invalid request"
    bank.post(f"{path}/returns", wrong | clerk)
    assert (bank.get(path)["state"], bank.get(path)["attempt"]) == ("generated", 2)
    assert bank.post(f"{path}/confirmation", {"round": 0, "attempt": 1}, 422)["code"] == "CONTRACT_EXPIRED"
    bank.post(f"{path}/cancellation", {"round": 0, "attempt": 2, "reason": "id_number_changed"} | clerk)
    shown = bank.get(f"/v1/applications/{case}")
    assert shown["step"] == "closed"
    assert [one["reason"][1] for one in shown["events"] if "reason" in one][-2:] == ["利率有误", "证件号变更"]
    assert bank.get(path)["state"] == "withdrawn"


@pytest.mark.requirement("CON-11.c")
def test_what_is_signed_on_paper_is_checked_first_by_somebody_else_than_who_takes_the_signature(bank: LiveBank) -> None:
    case = offered(bank)
    path = f"/v1/applications/{case}/contract"
    word = bank.post(f"{path}/confirmation", {"round": 0, "attempt": 1})["confirmation"]
    signing = {"confirmation": word, "mode": "paper", "person": "1420002"}
    unchecked = bank.post(f"{path}/signature", signing, 422)
    assert (unchecked["code"], unchecked["detail_zh"]) == ("CONTRACT_UNCHECKED", "金额、期限、利率尚未核对")
    assert bank.get(path)["checked_by"] is None
    assert bank.check_terms(case, 422, person=None)["field"] == "person"
    bank.check_terms(case, person="1420002")
    [listed] = [one for one in bank.get("/v1/contracts/pending?limit=500")["contracts"] if one["case"] == case]
    assert bank.get(path)["checked_by"] == listed["checked_by"] == "1420002"
    same = bank.post(f"{path}/signature", signing, 422)
    assert (same["code"], same["field"]) == ("CHECKED_BY_SIGNER", "person")
    bank.check_terms(case)
    bank.post(f"{path}/signature", signing)
    assert bank.get(path)["state"] == "archived"


@pytest.mark.requirement("CON-11.c")
def test_a_contract_in_which_staff_read_something_else_is_blocked_with_its_reason_and_returned(bank: LiveBank) -> None:
    case = offered(bank)
    path = f"/v1/applications/{case}/contract"
    bank.check_terms(case, rate_ppm=66_000)
    assert bank.get(path)["state"] == "blocked"
    last = bank.get(f"/v1/applications/{case}")["events"][-1]
    assert (last["event"], last["reason"][1]) == ("contract_blocked", "利率有误")
    which = {"round": 0, "attempt": 1}
    assert bank.post(f"{path}/confirmation", which, 422)["code"] == "CONTRACT_ELEMENT"
    assert bank.check_terms(case, 422)["code"] == "CONTRACT_ELEMENT"
    bank.post(f"{path}/returns", which | {"reason": "rate_wrong", "person": "1420001"})
    bank.check_terms(case)
    word = bank.post(f"{path}/confirmation", {"round": 0, "attempt": 2})["confirmation"]
    bank.post(f"{path}/signature", {"confirmation": word, "mode": "paper"})
    assert bank.get(path)["state"] == "archived"


@pytest.mark.requirement("CON-13.a", "CON-13.b")
def test_another_mobile_number_is_entered_and_the_contract_stands(bank: LiveBank) -> None:
    case = offered(bank)
    path = f"/v1/applications/{case}/contract"
    before, new = (bank.get(path), bank.get(f"{path}/document")), {"mobile": "13900139000", "person": "1420001"}
    assert bank.post(f"{path}/contact", new | {"mobile": "12900139000"}, 422)["code"] == "MOBILE_FORMAT"
    customer = f"/v1/customers/{bank.customer_of(case)}"
    assert bank.get(customer)["mobile"] == "13800138000"
    bank.post(f"{path}/contact", new)
    assert bank.get(customer)["mobile"] == new["mobile"]
    assert (bank.get(path), bank.get(f"{path}/document")) == before
    said = bank.get(f"/v1/applications/{case}")["events"]
    assert [one["words"][1] for one in said][-2:] == ["联系方式变更被拒", "联系方式变更"]
    bank.sign(case)
    bank.post(f"{path}/contact", new | {"mobile": "13700137000"})
    assert bank.get(customer)["mobile"] == "13700137000"


@pytest.mark.parametrize("case", [UNKNOWN, "5000000001", "999000000001", "1", "9223372036854775807", "x", "0", "-1"])
def test_there_is_nothing_to_be_done_about_a_case_that_does_not_exist(bank: LiveBank, case: str) -> None:
    path = f"/v1/applications/{case}/contract"
    for end in ("", "/document"):
        assert bank.get(path + end, 404)["title"] == "Not found"
    bank.post(f"{path}/confirmation", {"round": 0, "attempt": 1}, 404)
    bank.post(f"{path}/signature", {"confirmation": "1-A", "mode": "paper"}, 404)
    bank.post(f"{path}/changes", CHANGE, 404)
    bank.post(f"{path}/renewals", {"round": 0, "attempt": 1, "reason": "not_in_time"}, 404)
    assert bank.get("/health")["ready"]


def test_a_signed_contracts_text_is_the_one_that_was_read_and_a_refused_case_never_had_one(bank: LiveBank) -> None:
    case = offered(bank)
    text = bank.get(f"/v1/applications/{case}/contract/document")
    bank.sign(case)
    assert bank.get(f"/v1/applications/{case}/contract/document") == text
    declined = bank.apply(employment_months=1)["case"]
    assert "no contract" in bank.get(f"/v1/applications/{declined}/contract/document", 404)["detail"]
    bank.get(f"/v1/applications/{declined}/contract", 404)


@pytest.mark.requirement("CON-11.a", "CON-11.b")
def test_contracts_that_wait_for_their_signature_are_listed_until_they_are_signed(bank: LiveBank) -> None:
    cases = [bank.apply()["case"] for _ in range(2)]
    page = bank.get("/v1/contracts/pending?limit=500")
    waiting = {one["case"]: one for one in page["contracts"]}
    assert page["next"] is None
    contract = bank.get(f"/v1/applications/{cases[0]}/contract")
    same = ("state", "amount_fen", "term_months", "rate_ppm", "mode", "round", "attempt", "offered_at", "expires_at")
    assert {name: waiting[cases[0]][name] for name in same} == {name: contract[name] for name in same}
    assert (waiting[cases[0]]["product"], waiting[cases[0]]["branch"]) == ("consumer_loan", 1)
    assert "人民币" in bank.get(f"/v1/applications/{cases[0]}/contract/document")
    before = str(int(cases[0]) - 1)
    first = bank.get(f"/v1/contracts/pending?limit=1&after={before}")
    assert ([one["case"] for one in first["contracts"]], first["next"]) == ([cases[0]], cases[0])
    second = bank.get(f"/v1/contracts/pending?limit=1&after={first['next']}")
    assert ([one["case"] for one in second["contracts"]], second["next"]) == ([cases[1]], None)
    bank.sign(cases[0])
    left = [one["case"] for one in bank.get(f"/v1/contracts/pending?limit=500&after={before}")["contracts"]]
    assert left == [cases[1]]
    assert cases[1] not in [one["case"] for one in bank.get("/v1/contracts/pending?state=blocked")["contracts"]]
    bank.get("/v1/contracts/pending?state=signed", 422)


@pytest.mark.requirement("CON-04.c")
def test_a_purpose_in_own_words_and_what_is_agreed_of_debits_stand_in_the_text_before_and_after_the_signature(
    bank: LiveBank,
) -> None:
    words = "给乡下父母的老房子换屋顶和门窗"
    case = str(bank.apply(purpose=words)["case"])
    path = f"/v1/applications/{case}/contract/document"
    text = bank.get(path)
    for part in (f"借款仅用于：{words}。", "乙方授权甲方于每期还款日", "按本合同利率的1.5倍", "1%支付违约金"):
        assert part in text, part
    bank.sign(case)
    assert bank.get(path) == text


@pytest.mark.requirement("CON-13.a", "CON-13.b", "CON-13.c")
def test_another_address_or_e_mail_is_entered_by_name_and_the_contract_stands(bank: LiveBank) -> None:
    case = offered(bank)
    path = f"/v1/applications/{case}/contract"
    customer, clerk = f"/v1/customers/{bank.customer_of(case)}", {"person": "1420001"}
    before = (bank.get(path), bank.get(f"{path}/document"))
    for wrong in ("zhang", "zhang@", "@bank.cn", "zhang@bank", "a b@bank.cn", "zhang@bank.cn "):
        assert bank.post(f"{path}/contact", clerk | {"email": wrong}, 422)["field"] == "email"
    assert bank.post(f"{path}/contact", clerk | {"address": ""}, 422)["code"] == "CONTACT_EMPTY"
    assert bank.post(f"{path}/contact", clerk | {"address": "  "}, 422)["faults"][0]["at"] == "body.address"
    assert "address" in str(bank.post(f"{path}/contact", clerk | {"address": "路" * 201}, 422))
    old = bank.get(customer)
    assert (old["email"], old["address"]) == ("", "")
    bank.post(f"{path}/contact", clerk | {"address": "上海市黄浦区人民路 1 号"})
    bank.post(f"{path}/contact", clerk | {"email": "zhang.jg@bank.com.cn"})
    assert bank.get(customer) == old | {"email": "zhang.jg@bank.com.cn", "address": "上海市黄浦区人民路 1 号"}
    assert (bank.get(path), bank.get(f"{path}/document")) == before
    said = [one for one in bank.get(f"/v1/applications/{case}")["events"] if one["event"] == "contact_changed"]
    assert len(said) == 2
    bank.sign(case)
    bank.post(f"{path}/contact", clerk | {"mobile": "13700137000", "email": "z@x.cn"})
    assert bank.get(customer) == old | {
        "mobile": "13700137000",
        "email": "z@x.cn",
        "address": "上海市黄浦区人民路 1 号",
    }
