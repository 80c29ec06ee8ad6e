"""Templates and elements: exact mapping, nothing empty, figures and words agree, and a failing check blocks signing."""

from __future__ import annotations

import pytest

from credit.codes import Guarantee
from credit.contracts import elements, templates
from credit.contracts.contract import ApplicationApproved, ContractOffered, Event, Refusal
from credit.contracts.elements import NAMES, element_faults, figures, percent
from credit.contracts.states import ContractState
from credit.contracts.subsystem import ContractsSubsystem
from credit.disbursement.contract import ContractEffective
from credit.policies import PolicyError
from credit.profile import Identity
from credit.subsystem import Setting
from tests.credit.contracts.test_contracts import (
    CASE,
    NINE,
    YUAN,
    approved,
    opened,
    refusals,
    renewal,
    run,
    signed,
    state,
)

ZHANG = Identity("张建国", "11010519491231002X", "13800138000", "")


def faulty_names(faults):
    """The placeholders that a fault word names."""
    return [name for place, name in enumerate(NAMES) if faults >> place & 1]


def faults(**columns):
    """Names of the faulty elements of one approval."""
    desk = ContractsSubsystem.build()
    return faulty_names(int(element_faults(approved(**columns), desk.templates.needed)[0]))


@pytest.mark.requirement("CON-01.b", "CON-04.a", "CON-04.b")
def test_the_text_holds_the_approvals_own_data_in_figures_and_words():
    text = opened(amount_fen=5_000_005, rate_ppm=43_500).render(CASE, ZHANG)[1]
    for element in (
        "个人消费贷款合同",
        f"{CASE}-0-1-V1",
        "张建国",
        "11010519491231002X",
        "50,000.05元",
        "伍万元零伍分",
        "12个月",
        "4.35%",
        "等额本息",
        "信用",
        "2026年3月5日 09时00分00秒",
        "第一条　",
        "第七条　",
    ):
        assert element in text, element
    assert "{{" not in text


@pytest.mark.requirement("PRD-03.e", "CON-04.a")
@pytest.mark.parametrize(
    ("product", "columns", "says"),
    [
        (2, {}, "现金分期合同"),
        (3, {"guarantee": Guarantee.MORTGAGE, "collateral_fen": 120_000_000}, "评估价值人民币1,200,000.00元"),
        (4, {"guarantee": Guarantee.DOCUMENT}, "租赁合同"),
        (5, {"guarantee": Guarantee.GUARANTOR}, "循环授信额度"),
    ],
)
def test_every_product_has_a_template_of_its_own(product, columns, says):
    desk = opened(product=product, **columns)
    assert state(desk) == [ContractState.GENERATED]
    text = desk.render(CASE, ZHANG)[1]
    assert says in text
    assert "{{" not in text


@pytest.mark.requirement("CON-05.a", "CON-05.b")
@pytest.mark.parametrize(
    ("columns", "names"),
    [
        ({}, []),
        ({"customer": 0}, ["customer_name", "id_number"]),
        ({"amount_fen": 0}, ["amount_figures", "amount_words"]),
        ({"amount_fen": -5}, ["amount_figures", "amount_words"]),
        ({"amount_fen": 10**11 + 1}, ["amount_words"]),
        ({"term_months": 0}, ["term_months"]),
        ({"rate_ppm": 0}, ["rate_percent"]),
        ({"purpose": 0, "account": 0}, ["purpose", "account"]),
        ({"payee_account": 0}, []),
        ({"product": 4, "payee_account": 0, "guarantee": 0}, ["guarantee", "payee_account"]),
    ],
)
def test_an_empty_or_wrong_element_is_named(columns, names):
    assert faults(**columns) == names


@pytest.mark.requirement("CON-05.a")
def test_words_that_do_not_say_the_figures_are_a_fault(monkeypatch):
    monkeypatch.setattr(elements, "amount_words", lambda fen: "伍万壹仟元整")
    elements.words_agree.cache_clear()
    try:
        assert faults() == ["amount_words"]
        assert faults(amount_fen=51_000 * YUAN) == []
    finally:
        elements.words_agree.cache_clear()


@pytest.mark.requirement("CON-05.c")
def test_a_failing_element_blocks_signing_until_it_is_mended():
    desk = ContractsSubsystem.build()
    out = run(desk, (ApplicationApproved, approved(customer=0)))
    [event] = out.events_of(Event.CONTRACT_BLOCKED)
    assert (event["reason"], faulty_names(int(event["value"]))) == (
        Refusal.CONTRACT_ELEMENT,
        ["customer_name", "id_number"],
    )
    assert len(out.take(ContractOffered)) == 0
    assert refusals(run(desk, signed(NINE + 5))) == [Refusal.CONTRACT_ELEMENT]
    again = run(desk, renewal(NINE + 6))
    assert len(again.events_of(Event.CONTRACT_BLOCKED)) == 1, "generated again, still for nobody"
    mended = desk.export_state()
    mended["contracts"]["customer"] = 7
    desk.import_state(mended)
    run(desk, renewal(NINE + 7, attempt=2))
    assert len(run(desk, signed(NINE + 9, attempt=3)).take(ContractEffective)) == 1


@pytest.mark.requirement("CON-04.b")
@pytest.mark.parametrize(
    ("clause", "said"), [("借款人：{{nickname}}", "nickname"), ("借款人：{{customer_name}}", "id_number")]
)
def test_a_template_that_maps_wrongly_never_reaches_a_customer(monkeypatch, clause, said):
    monkeypatch.setattr(templates, "clause_text", lambda name: clause)
    with pytest.raises(PolicyError, match=said):
        ContractsSubsystem.build()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"templates": [{"key": "mortgage", "clauses": ["heading", "credit"]}]}, "no clause on purpose"),
        (
            {
                "templates": [
                    {"key": "mortgage", "clauses": ["purpose", "repayment", "guarantee_x", "breach", "disputes"]}
                ]
            },
            "no clause 'guarantee_x'",
        ),
        ({"valid_days": 0}, "valid_days"),
    ],
)
def test_a_policy_that_can_not_work_is_refused_with_the_field(change, said):
    with pytest.raises(PolicyError, match=said):
        ContractsSubsystem.build(Setting({"contracts": change}))


def test_figures_and_rates_are_written_as_contracts_need_them():
    assert [figures(fen) for fen in (1, 100, 123_456_789)] == ["0.01", "1.00", "1,234,567.89"]
    assert [percent(ppm) for ppm in (60_000, 43_500, 33_501, 240_000, 1)] == ["6", "4.35", "3.3501", "24", "0.0001"]
    assert len(NAMES) == len(dict.fromkeys(NAMES))
