"""Templates and elements: exact mapping, nothing empty, figures and words agree, and a failing check blocks signing."""

from __future__ import annotations

import pytest

from credit.codes import Guarantee
from credit.contracts import elements, templates
from credit.contracts.agreed import percent
from credit.contracts.contract import ApplicationApproved, ContractOffered, Event, Refusal
from credit.contracts.elements import NAMES, element_faults, figures
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


AGREED = {
    "repayment": {
        "penalty_factor_ppm": 1_300_000,
        "early_fees": [{"key": "consumer_loan", "product": 1, "fee_ppm": 12_500, "free_after_months": 4}],
        "debit_terms": [{"key": "ours", "product": 1, "debit_day": 20}, {"key": "his", "case": CASE, "debit_day": 10}],
        "debit_minute": 615,
    }
}


FREE = {"repayment": {"early_fees": [{"key": "consumer_loan", "fee_ppm": 0}]}}


def text_of(policies: dict[str, object], own_words: str = "", **columns: object) -> str:
    desk = ContractsSubsystem.build(Setting(policies))
    run(desk, (ApplicationApproved, approved(rate_ppm=43_500, **columns)), until=NINE + 1)
    waiting = desk.render(CASE, ZHANG, own_words)[1]
    run(desk, signed(NINE + 5), until=NINE + 6, start=NINE + 1)
    assert desk.render(CASE, ZHANG, own_words)[1] == waiting, "what is archived says what was signed"
    return waiting


@pytest.mark.requirement("CON-04.c")
@pytest.mark.parametrize(
    ("policies", "columns", "says"),
    [
        ({}, {}, "自逾期之日起按本合同利率的1.5倍（年利率6.525%）计收罚息。"),
        (AGREED, {}, "自逾期之日起按本合同利率的1.3倍（年利率5.655%）计收罚息。"),
        ({}, {}, "应当提前通知甲方，按提前归还本金的1%支付违约金；已还满6期的，不收取。"),
        (AGREED, {}, "应当提前通知甲方，按提前归还本金的1.25%支付违约金；已还满4期的，不收取。"),
        (AGREED, {"product": 2}, "应当提前通知甲方，按提前归还本金的2%支付违约金。"),
        (FREE, {}, "应当提前通知甲方，甲方不收取违约金。"),
        ({}, {"consent": 7}, "（放款日逐月对应之日）08时00分起自扣款账户6217000000000000划收"),
        (AGREED, {"consent": 7}, "（每月10日）10时15分起自扣款账户6217000000000000划收"),
        ({}, {"consent": 3}, "二、乙方未授权自动扣款，应当于每期还款日（放款日逐月对应之日）自行足额偿还"),
    ],
)
def test_penalty_early_repayment_and_debit_stand_as_they_are_agreed(policies, columns, says):
    assert says in text_of(policies, **columns)


@pytest.mark.requirement("CON-04.c")
def test_a_purpose_in_the_customers_own_words_stands_in_his_words():
    assert "借款仅用于：给父母的老房子换屋顶。" in text_of({}, "给父母的老房子换屋顶", purpose=99)
    assert "借款仅用于：装修。" in text_of({}, "给父母的老房子换屋顶", purpose=1)


@pytest.mark.requirement("CON-04.c")
def test_a_product_has_the_debit_day_of_its_own_where_the_case_has_none():
    desk = ContractsSubsystem.build(Setting(AGREED))
    run(desk, (ApplicationApproved, approved(CASE + 1, consent=7)), until=NINE + 1)
    assert "（每月20日）" in desk.render(CASE + 1, ZHANG)[1]


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
        ({"rate_ppm": 0}, ["rate_percent", "penalty"]),
        ({"purpose": 0, "account": 0}, ["purpose", "debit"]),
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
