"""How texts and names are written: the rule by itself, of one form, and of a table of them."""

from __future__ import annotations

from typing import Any

import pytest

from actors.gateway.applications import ZHANG
from actors.gateway.writing import is_name, is_text
from tests.actors.gateway.live import LiveBank
from tests.actors.gateway.test_bulk import ARROW, as_arrow, as_csv, hand_in

UNSEEN = ["\n\t", "   ", "\u3000", "张\0", "张\u202e国", "张\u200b国", "\ufeff张", "张\u2028国", "张\x7f"]
NO_NAMES = ["<script>alert(1)</script>", "'; DROP TABLE customers; --", "张三1", "a@b", "···", "张_三"]


def test_a_text_has_nothing_unseen_and_is_not_blank() -> None:
    assert not any(is_text(one) for one in UNSEEN)
    assert all(is_text(one) for one in ("", "张建国", "装修 2 号房", "O’Neill-Sørensen", "𠮷野", "a\u3000b", "✓"))


def test_names_are_of_letters_and_few_signs() -> None:
    people = ["张建国", "阿不都热依木·买买提", "Anne-Marie O'Neill Jr.", "𠮷野", "Иван Петров", "Zoe\u0308"]
    assert all(is_name(one, True) for one in ["", *people])
    assert not any(is_name(one, True) for one in NO_NAMES)
    companies = ["上海张江贸易有限公司", "三一重工（中国）2 厂", "A&B Co., Ltd."]
    assert all(is_name(one, False) for one in companies)
    assert not any(is_name(one, True) for one in companies[1:])
    assert not any(is_name(one, False) for one in ("<script>", "x'; DROP TABLE y", "123"))


@pytest.mark.requirement("CUS-08.e")
def test_a_form_with_such_a_text_or_name_is_refused_with_its_field(bank: LiveBank) -> None:
    def faults(path: str, body: dict[str, Any]) -> list[str]:
        return [one["at"] for one in bank.post(path, body, 422)["faults"]]

    entry = {"branch": 1, "segment": "individual", "id_number": next(bank.people), "mobile": "13800138000"}
    for name in UNSEEN + NO_NAMES:
        assert faults("/v1/applications", ZHANG | {"name": name}) == ["body.name"]
        assert faults("/v1/customers", entry | {"occupation": 3, "name": name}) == ["body.name"]
    for field in ("purpose", "remark", "address", "id_number", "mobile", "credit_code"):
        assert faults("/v1/applications", ZHANG | {field: "1\0"}) == [f"body.{field}"]
    card = {"product": "card_instalment", "details": {"card_number": "6217\u202e"}}
    assert faults("/v1/applications", ZHANG | card) == ["body.details"]
    said = bank.post("/v1/applications", ZHANG | {"name": "<b>"}, 422)
    assert "hyphens, apostrophes" in said["detail_en"]
    assert "间隔号" in said["detail_zh"]


@pytest.mark.requirement("CUS-08.e")
def test_so_is_a_row_of_a_table(bank: LiveBank) -> None:
    good = ZHANG | {"id_number": next(bank.people)}
    for name in [*UNSEEN[1:], *NO_NAMES]:
        [wrong] = hand_in(bank, as_arrow([good, good | {"name": name}]), ARROW, 422)["errors"]
        assert (wrong["row"], wrong["column"]) == (2, "name"), name
    for field in ("id_number", "purpose", "remark", "details"):
        table = [{"remark": "", "details": ""} | good | {field: f"{good.get(field, 'x=1')}\0"}]
        said = hand_in(bank, as_arrow(table), ARROW, 422)
        assert said["errors"][0]["column"] == field
        assert said["detail_zh"] == f"第1行“{field}”列有误，请核对后重新提交"
    hand_in(bank, as_csv([good | {"name": "阿不都热依木·买买提"}]))


def test_a_field_of_no_form_is_refused_in_a_sentence(bank: LiveBank) -> None:
    good = ZHANG | {"id_number": next(bank.people), "details": "colour=red"}
    [wrong] = hand_in(bank, as_csv([good]), status=422)["errors"]
    assert wrong["what"] == "'colour'; right is nothing here: the form of consumer_loan has no fields of its own"
    [wrong] = hand_in(bank, as_csv([good | {"product": "card_instalment"}]), status=422)["errors"]
    assert wrong["what"] == "'colour'; right is card_number"
