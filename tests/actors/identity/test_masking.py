"""Who sees which numbers whole, and what never reaches the log."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from actors.identity.caller import Caller
from actors.identity.logged import PARAMETERS_MAX, for_the_log, kept
from actors.identity.masking import (
    mask_account,
    mask_id_number,
    mask_mobile,
    mask_name,
    masked_path,
    masked_text,
    paper,
    shown,
)

ID = "11010519491231002X"
PLAIN_ID = "110105199003070017"
PAPER = f"身份证 {ID}，手机 13812345678，账户 6222020000000000123"
RECORD: dict[str, Any] = {
    "name": "张三丰",
    "id_number": ID,
    "mobile": "13812345678",
    "account_number": "6222020000000000123",
    "amount_yuan": "50000",
    "case": 13_812_345_678,
    "guarantors": [{"name": "李四", "id_number": ID, "mobile": ["13812345678"]}],
}


def caller(*scopes: str) -> Caller:
    return Caller("staff", "staff:1", frozenset(scopes))


@pytest.mark.parametrize(
    ("mask", "plain", "masked"),
    [
        (mask_name, "张三", "张*"),
        (mask_name, "张三丰", "张**"),
        (mask_name, "欧阳修", "欧阳*"),
        (mask_name, "欧阳", "欧*"),
        (mask_name, "张", "张*"),
        (mask_name, "John Smith", "J*** S***"),
        (mask_name, "", ""),
        (mask_id_number, ID, "110***********002X"),
        (mask_id_number, "1234567", "*******"),
        (mask_id_number, "12345678901", "123****8901"),
        (mask_mobile, "13812345678", "138****5678"),
        (mask_mobile, "138 1234 5678", "138****5678"),
        (mask_mobile, "1381234", "*******"),
        (mask_mobile, "1381234567", "**********"),
        (mask_account, "6222 0200 0000 0123", "************0123"),
        (mask_account, "123", "***"),
    ],
)
def test_a_masked_value_shows_its_ends_and_no_more(mask: Any, plain: str, masked: str) -> None:
    assert mask(plain) == masked


@pytest.mark.requirement("SEC-09.a")
def test_numbers_are_partly_masked_for_whoever_lacks_the_permission() -> None:
    seen = shown(RECORD, caller("customers:read"))
    assert (seen["id_number"], seen["mobile"]) == ("110***********002X", "138****5678")
    assert seen["account_number"] == "***************0123"
    assert seen["guarantors"] == [{"name": "李四", "id_number": "110***********002X", "mobile": ["138****5678"]}]
    assert (seen["name"], seen["amount_yuan"], seen["case"]) == ("张三丰", "50000", 13_812_345_678)


@pytest.mark.requirement("SEC-09.a")
def test_each_permission_unmasks_its_own_numbers_alone() -> None:
    pii = shown(RECORD, caller("pii:read"))
    assert (pii["id_number"], pii["mobile"]) == (ID, "13812345678")
    assert pii["account_number"] == "***************0123"
    assert pii["guarantors"][0]["id_number"] == ID
    accounts = shown(RECORD, caller("account_numbers:read"))
    assert accounts["account_number"] == "6222020000000000123"
    assert accounts["mobile"] == "138****5678"
    assert shown(RECORD, caller("pii:read", "account_numbers:read")) == RECORD


def test_the_record_itself_is_left_as_it_was() -> None:
    before = str(RECORD)
    shown(RECORD, caller())
    for_the_log(RECORD)
    assert str(RECORD) == before


@pytest.mark.parametrize(
    "key",
    [
        "password", "Password", "new_password", "old", "new", "client_secret", "refresh_token", "access_token", "Authorization",
        "authorisation", "Cookie", "passwd", "api_key", "apikey", "code", "pin",
    ],
)  # fmt: skip
def test_no_secret_is_logged(key: str) -> None:
    assert for_the_log({key: "hunter2-hunter2", "deep": [{key: ["hunter2-hunter2"]}]}) == {
        key: "***",
        "deep": [{key: "***"}],
    }


def test_no_whole_name_or_number_is_logged() -> None:
    logged = for_the_log(RECORD | {"payee_account": "622202000001", "operator_id_number": ID, "user_name": "李四光"})
    for whole in ("张三丰", "李四", ID, "6222020000000000123", "622202000001"):
        assert whole not in str(logged)
    assert (logged["user_name"], for_the_log({"payee_account": "6222"})) == ("李**", {"payee_account": "****"})
    assert (logged["name"], logged["mobile"], logged["id_number"]) == ("张**", "138****5678", "110***********002X")
    assert logged["case"] == 13_812_345_678, "the bank's own numbers stay"
    assert for_the_log({"mobile": 13_812_345_678}) == {"mobile": "138****5678"}
    assert for_the_log({"case": PLAIN_ID, "loan": "100000000101"}) == {
        "case": "110***********0017",
        "loan": "100000000101",
    }
    assert for_the_log({"account": "staff:1010001"}) == {"account": "staff:1010001"}
    assert for_the_log({"card": 6_222_020_000_000_000_123}) == {"card": "***************0123"}
    assert for_the_log({"amount_fen": 900_000_000_000_000}) == {"amount_fen": 900_000_000_000_000}


@pytest.mark.parametrize(
    ("field", "text", "logged"),
    [
        ("remark", "妻子李梅, 电话13812345678", "19 characters"),
        ("remark", "Zhang", "5 characters"),
        ("product", "consumer_loan", "consumer_loan"),
        ("product", "张建国", "3 characters"),
        ("since", "2026-03-01T09:00", "2026-03-01T09:00"),
        ("username", "13812345678", "*******5678"),
        ("certificate", "-----BEGIN CERTIFICATE-----\nMIIB", "32 characters"),
        ("state", "x" * 65, "65 characters"),
        ("remark", "", ""),
    ],
)
def test_of_somebody_s_own_writing_the_length_alone_is_logged(field: str, text: str, logged: str) -> None:
    assert for_the_log({field: text}) == {field: logged}


def test_a_field_that_no_endpoint_knows_is_not_kept() -> None:
    said = {"passwrod": "hunter2", "product": "consumer_loan", "张建国": "x", PLAIN_ID: 1, "details": {"sales": "100"}}
    assert for_the_log(said, frozenset(("product", "details"))) == {
        "***": "***",
        "product": "consumer_loan",
        "details": {"sales": "100"},
    }


def test_a_log_row_has_an_end() -> None:
    deep: Any = "x"
    for _ in range(500):
        deep = [deep]
    assert len(str(for_the_log(deep))) < 100
    assert len(for_the_log(list(range(10**5)))) == 200
    assert len(for_the_log({f"n{number}": 1 for number in range(1_000)})) == 200
    assert for_the_log(b"x" * 10**6) == "1000000 bytes"
    assert for_the_log({"a": object(), "b": None, "c": 1.5, "d": True}) == {
        "a": "object",
        "b": None,
        "c": 1.5,
        "d": True,
    }
    assert len(kept({"what": ["x" * 60] * 190})) < PARAMETERS_MAX < 190 * 60


def test_running_text_loses_numbers_and_tokens() -> None:
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzdGFmZjoxIn0.c2lnbmF0dXJlLXNpZ25hdHVyZQ"
    assert masked_text(f"Bearer {token} of {ID}") == "Bearer *** of 110***********002X"
    assert masked_text("case 1000000001 of 2026-01-05") == "case 1000000001 of 2026-01-05"


def test_a_path_keeps_the_bank_s_numbers_and_loses_id_numbers() -> None:
    assert masked_path(f"/customers/{ID}/loans") == "/customers/110***********002X/loans"
    assert masked_path("/loans/100000000101/transactions/130000000001010001") == (
        "/loans/100000000101/transactions/130000000001010001"
    )
    assert masked_path("/cases/13812345678") == "/cases/13812345678"


@pytest.mark.requirement("SEC-09.a")
@pytest.mark.parametrize(
    ("scopes", "seen"),
    [
        ((), "身份证 110***********002X，手机 138****5678，账户 ***************0123"),
        (("pii:read",), f"身份证 {ID}，手机 13812345678，账户 ***************0123"),
        (("account_numbers:read",), "身份证 110***********002X，手机 138****5678，账户 6222020000000000123"),
        (("pii:read", "account_numbers:read"), PAPER),
    ],
)
def test_a_paper_is_masked_as_a_record_is_and_says_so(scopes: tuple[str, ...], seen: str) -> None:
    found = paper(PAPER, caller(*scopes))
    assert found.split("\n")[0] == seen
    assert ("隐去" in found) == (seen != PAPER)
    assert paper(PAPER, replace(caller(), kind="customer")) == PAPER


@pytest.mark.requirement("SEC-09.a")
def test_an_id_number_of_digits_alone_is_no_account() -> None:
    assert PLAIN_ID in paper(PLAIN_ID, caller("pii:read"))
    assert PLAIN_ID not in paper(PLAIN_ID, caller("account_numbers:read"))
    assert "622202000000000123" not in paper("622202000000000123", caller("pii:read"))
