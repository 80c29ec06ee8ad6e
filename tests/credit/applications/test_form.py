"""What a form must hold: required fields, formats, what the product allows, purpose, documents, consents."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from credit.applications.contract import Event, Refusal
from credit.codes import Consent, Material, Method, Segment
from credit.customers.contract import Event as CustomerEvent
from credit.customers.contract import Refusal as CustomerRefusal
from credit.identifiers import resident_ids
from credit.mail import Inbox
from credit.policies import PolicyError
from credit.room import REASONS, EventCode, Kind, Reason, Rows
from credit.scoring.contract import ApplicationAccepted
from credit.times import DAY_MS, LONG_TERM, day_number
from tests.credit.applications.builders import (
    CONSENTS,
    PAPERS,
    START,
    Front,
    Run,
    born,
    business_forms,
    desk_day,
    forms,
)


def reasons(run: Run, event: EventCode = Event.APPLICATION_REFUSED) -> list[Reason]:
    return [REASONS[int(code)] for code in run.events_of(event)["reason"]]


WORKING_CAPITAL = int(
    Material.FINANCIAL_STATEMENTS | Material.OPERATING_PERMIT | Material.TAX_PROOF | Material.PURPOSE_STATEMENT
)
OF_SEGMENT = {
    Segment.MICRO: Material.ID_FRONT | Material.ID_BACK | Material.BUSINESS_LICENCE,
    Segment.ENTERPRISE: Material.ID_FRONT | Material.BUSINESS_LICENCE | Material.LEGAL_PERSON_ID | Material.ARTICLES,
}


def of_working_capital(segment: Segment, documents: int) -> Rows:
    asked = {"product": 5, "method": Method.INTEREST_FIRST, "amount_fen": 60_000_000, "detail2": "年度原料采购合同"}
    return business_forms(segment=segment, documents=documents, **asked)


def assert_refused(run: Run, refusal: Reason) -> None:
    """Refused for that reason, and nothing else was done."""
    assert reasons(run) == [refusal]
    assert refusal.field
    assert not len(run.sent(ApplicationAccepted))
    assert not len(run.events_of(CustomerEvent.CUSTOMER_CREATED))


@pytest.mark.requirement("CUS-05.b", "APP-15.b")
def test_a_sound_form_is_accepted_with_a_number_of_its_branch() -> None:
    run = desk_day(forms(2))
    accepted = run.sent(ApplicationAccepted)
    assert accepted["case"].tolist() == [3_000_000_001, 3_000_000_002]
    assert accepted["customer"].tolist() == [1, 2]
    assert accepted["applied_at"].tolist() == forms(2)["at"].tolist()
    assert accepted["age"].tolist() == [35, 35]
    assert len(run.events_of(Event.APPLICATION_SUBMITTED)) == 2


@pytest.mark.requirement("CUS-05.a", "APP-15.a")
@pytest.mark.parametrize(
    ("field", "refusal"),
    [
        ("name", Refusal.NAME_MISSING),
        ("id_number", Refusal.ID_MISSING),
        ("id_type", Refusal.ID_MISSING),
        ("mobile", Refusal.MOBILE_MISSING),
        ("occupation", Refusal.OCCUPATION_MISSING),
    ],
)
def test_a_form_without_a_required_field_is_refused(field: str, refusal: Refusal) -> None:
    empty: str | int = 0 if field in ("id_type", "occupation") else ""
    assert_refused(desk_day(forms(**{field: empty})), refusal)


@pytest.mark.requirement("CUS-08.f")
def test_each_fault_of_a_form_is_shown_once_a_field_in_the_order_of_the_form() -> None:
    several = {"name": "", "id_number": "", "mobile": "1380013800", "term_months": 13, "consent": 0}
    run = desk_day(forms(3, **{name: [value, forms()[name][0], value] for name, value in several.items()}))
    further = run.events_of(Event.FAULT_SHOWN)
    shown = [Refusal.ID_MISSING, Refusal.MOBILE_FORMAT, Refusal.TERM_OPTION, Refusal.CONSENT_MISSING]
    assert reasons(run) == [Refusal.NAME_MISSING] * 2
    for case in (3_000_000_001, 3_000_000_003):
        assert further["reason"][further["case"] == case].tolist() == shown
    assert len(further) == 2 * len(shown)


@pytest.mark.requirement("CUS-08.f")
@pytest.mark.parametrize(
    ("field", "value", "refusal"),
    [("product", 77, Refusal.PRODUCT_UNKNOWN), ("id_number", "110105199002302879", Refusal.ID_BIRTHDAY)],
)
def test_nothing_is_said_of_what_follows_from_a_fault_alone(field: str, value: object, refusal: Refusal) -> None:
    run = desk_day(forms(**{field: value}))
    assert reasons(run) == [refusal]
    assert not len(run.events_of(Event.FAULT_SHOWN))


@pytest.mark.requirement("CUS-08.a", "CUS-08.b", "CUS-08.d", "APP-15.a")
@pytest.mark.parametrize(
    ("field", "value", "refusal"),
    [
        ("id_number", "1101051990030728", Refusal.ID_LENGTH),
        ("id_number", "110105199003072872X", Refusal.ID_LENGTH),
        ("id_number", "11010519900307A87X", Refusal.ID_CHARACTERS),
        ("id_number", "99010519900307287X", Refusal.ID_REGION),
        ("id_number", "110105199002302879", Refusal.ID_BIRTHDAY),
        ("id_number", "110105199003072871", Refusal.ID_CHECK_DIGIT),
        ("mobile", "1380013800", Refusal.MOBILE_FORMAT),
        ("mobile", "138001380001", Refusal.MOBILE_FORMAT),
        ("mobile", "12800138000", Refusal.MOBILE_FORMAT),
        ("mobile", "1380013800a", Refusal.MOBILE_FORMAT),
        ("credit_code", "91310104MA1FABCD4X", Refusal.CREDIT_CODE),
    ],
)
def test_a_malformed_field_is_refused_by_name(field: str, value: str, refusal: Refusal) -> None:
    assert_refused(desk_day(forms(**{field: value})), refusal)


@pytest.mark.requirement("CUS-08.c")
@pytest.mark.parametrize(("age", "accepted"), [(17, False), (18, True), (70, True), (71, False)])
def test_the_age_limits_of_the_form_hold_to_the_year(age: int, accepted: bool) -> None:
    any_end = [{"key": "consumption", "age_at_end_max": 0}]
    criteria = [{"key": "consumer", "age_min": 14, "age_max": 99}]
    front = Front({"admission": {"criteria": criteria, "situations": any_end}})
    run = desk_day(forms(id_number=born(age)), front=front)
    assert reasons(run) == ([] if accepted else [Refusal.AGE_LIMIT])


@pytest.mark.requirement("CUS-01.c", "CUS-08.d")
def test_a_company_needs_a_right_credit_code_and_a_person_none() -> None:
    assert len(desk_day(business_forms()).sent(ApplicationAccepted)) == 1
    assert_refused(desk_day(business_forms(credit_code="")), Refusal.CREDIT_CODE)
    assert_refused(desk_day(business_forms(credit_code=business_forms()["credit_code"][0] + "ZZ")), Refusal.CREDIT_CODE)
    assert len(desk_day(forms(credit_code="")).sent(ApplicationAccepted)) == 1


@pytest.mark.requirement("APP-03.b", "CUS-01.b", "APP-06.a", "APP-07.a", "PRD-08.a")
@pytest.mark.parametrize(
    ("columns", "refusal"),
    [
        ({"channel": 99}, Refusal.CHANNEL_UNKNOWN),
        ({"channel": 0}, Refusal.CHANNEL_UNKNOWN),
        ({"product": 77}, Refusal.PRODUCT_UNKNOWN),
        ({"product": -1}, Refusal.PRODUCT_UNKNOWN),
        ({"segment": Segment.ENTERPRISE, "credit_code": "91110105MA000001X4"}, None),
        ({"product": 4}, Refusal.PRODUCT_SEGMENT),
        ({"amount_fen": 499_999}, Refusal.AMOUNT_RANGE),
        ({"amount_fen": 30_000_001}, Refusal.AMOUNT_RANGE),
        ({"amount_fen": 0}, Refusal.AMOUNT_RANGE),
        ({"term_months": 13}, Refusal.TERM_OPTION),
        ({"term_months": 0}, Refusal.TERM_OPTION),
        ({"term_months": 100_000}, Refusal.TERM_OPTION),
        ({"method": Method.CUSTOM}, Refusal.METHOD_OPTION),
        ({"product": 2, "method": Method.EQUAL_PRINCIPAL}, Refusal.METHOD_OPTION),
    ],
)
def test_what_the_product_does_not_offer_is_refused(columns: dict[str, int], refusal: Refusal | None) -> None:
    if refusal is None:  # a consumer loan for a company: whatever its code, it is not for its segment
        rows = business_forms(product=1, amount_fen=5_000_000)
        assert_refused(desk_day(rows), Refusal.PRODUCT_SEGMENT)
    else:
        assert_refused(desk_day(forms(**columns)), refusal)


@pytest.mark.requirement("APP-07.a")
@pytest.mark.parametrize("amount_fen", [500_000, 30_000_000])
def test_the_ends_of_the_amount_range_are_offered(amount_fen: int) -> None:
    assert len(desk_day(forms(amount_fen=amount_fen)).sent(ApplicationAccepted)) == 1


@pytest.mark.requirement("PRD-08.d")
def test_a_product_changes_by_configuration_alone() -> None:
    changed = {"products": {"products": [{"key": "consumer_loan", "amount_max": 40_000, "terms_months": [12, 13]}]}}
    front = Front(changed)
    rows = forms(3, amount_fen=[5_000_000, 4_000_000, 4_000_000], term_months=[12, 13, 18])
    run = desk_day(rows, front=front)
    assert reasons(run) == [Refusal.AMOUNT_RANGE, Refusal.TERM_OPTION]
    assert run.sent(ApplicationAccepted)["term_months"].tolist() == [13]


@pytest.mark.requirement("APP-06.b", "APP-08.a", "APP-08.b")
@pytest.mark.parametrize(
    ("product", "text", "refusal"),
    [
        (1, "", Refusal.PURPOSE_MISSING),
        (1, "  ", Refusal.PURPOSE_MISSING),
        (1, "日常消费", Refusal.PURPOSE_VAGUE),
        (4, "经营周转", Refusal.PURPOSE_VAGUE),
        (4, "日常经营周转", Refusal.PURPOSE_VAGUE),
        (4, "经营场所租金", None),
        (4, "经营周转用", Refusal.PURPOSE_VAGUE),
        (1, "买", Refusal.PURPOSE_VAGUE),
        (1, "买车", None),
        (1, "装修", None),
        (4, "进货采购", None),
        (1, "购买钢琴", None),
        (1, "进货采购", Refusal.PURPOSE_VAGUE),
    ],
)
def test_a_purpose_must_be_real_and_specific(product: int, text: str, refusal: Refusal | None) -> None:
    rows = forms(purpose_text=text) if product == 1 else business_forms(purpose_text=text)
    assert reasons(desk_day(rows)) == ([] if refusal is None else [refusal])


# the range of the applicant -------------------------------------------------------------------------------------------


@pytest.mark.requirement("APP-07.b")
@pytest.mark.parametrize(
    ("columns", "refusal", "most", "longest"),
    [
        ({"amount_fen": 18_000_000, "income_fen": 1_000_000}, None, 0, 0),
        ({"amount_fen": 18_000_001, "income_fen": 1_000_000}, Refusal.AMOUNT_BEYOND, 18_000_000, 36),
        ({"amount_fen": 30_000_001, "income_fen": 9_000_000}, Refusal.AMOUNT_RANGE, 30_000_000, 36),
        ({"id_number": born(65)[0], "term_months": 36}, None, 0, 0),
        ({"id_number": born(68)[0], "term_months": 36}, Refusal.TERM_BEYOND, 30_000_000, 24),
        ({"term_months": 13}, Refusal.TERM_OPTION, 30_000_000, 36),
    ],
)
def test_the_range_follows_income_and_age(
    columns: dict[str, int], refusal: Refusal | None, most: int, longest: int
) -> None:
    run = desk_day(forms(**columns))
    assert reasons(run) == ([] if refusal is None else [refusal])
    said = run.events_of(Event.RANGE_SHOWN)
    assert said[["amount_fen", "value"]].tolist() == ([] if refusal is None else [(most, longest)])


@pytest.mark.requirement("APP-07.b")
def test_the_range_follows_the_segment_and_is_the_policys() -> None:
    papers = WORKING_CAPITAL | int(OF_SEGMENT[Segment.MICRO] | OF_SEGMENT[Segment.ENTERPRISE])
    rows = np.concatenate([of_working_capital(one, papers) for one in (Segment.MICRO, Segment.ENTERPRISE)])
    rows["id_number"], rows["income_fen"] = born(69)[0], 20_000_000
    rows["amount_fen"] = 20_000_000 * 6 + 1, 20_000_000 * 6
    rows["at"][1] += 1
    assert reasons(desk_day(rows)) == [Refusal.TERM_BEYOND] * 0
    rows["amount_fen"] += 1
    assert reasons(desk_day(rows)) == [Refusal.AMOUNT_BEYOND]
    tighter = Front({"admission": {"situations": [{"key": "small_firm", "amount_in_incomes_max": 6}]}})
    assert reasons(desk_day(rows, front=tighter)) == [Refusal.AMOUNT_BEYOND] * 2
    nobody = {"admission": {"situations": [{"key": "small_firm", "segments": ["enterprise"]}]}}
    with pytest.raises(PolicyError, match="situations: none for micro of product micro_business"):
        Front(nobody)


# valid until ----------------------------------------------------------------------------------------------------------

TODAY = START // DAY_MS


@pytest.mark.requirement("APP-16.c")
@pytest.mark.parametrize(
    ("columns", "refusal"),
    [
        ({"id_until": TODAY}, None),
        ({"id_until": TODAY - 1}, Refusal.ID_EXPIRED),
        ({"id_until": 0}, Refusal.ID_VALIDITY_MISSING),
        ({"id_until": LONG_TERM, "id_number": born(46)[0]}, None),
        ({"id_until": LONG_TERM, "id_number": born(45)[0]}, Refusal.ID_LONG_TERM),
    ],
)
def test_an_id_card_is_valid_on_the_day_of_the_form(columns: dict[str, int], refusal: Refusal | None) -> None:
    assert reasons(desk_day(forms(**columns))) == ([] if refusal is None else [refusal])


@pytest.mark.requirement("APP-16.c")
@pytest.mark.parametrize(
    ("until", "refusal"),
    [(TODAY, None), (TODAY - 1, Refusal.LICENCE_EXPIRED), (0, Refusal.LICENCE_VALIDITY_MISSING), (LONG_TERM, None)],
)
def test_a_business_licence_is_valid_on_the_day_of_the_form(until: int, refusal: Refusal | None) -> None:
    assert reasons(desk_day(business_forms(licence_until=until))) == ([] if refusal is None else [refusal])


# the product's own form -----------------------------------------------------------------------------------------------

PRICE = {"key": "price", "name": "Price", "name_zh": "价格", "kind": "amount", "least": 1_000, "most": 90_000}
OWN_FORM = [
    {"key": "vehicle", "name": "Vehicle", "name_zh": "车型", "kind": "text", "least": 2, "most": 6, "example": "轿车"},
    PRICE,
    {
        "key": "fuel",
        "name": "Fuel",
        "name_zh": "能源",
        "kind": "choice",
        "options": ["纯电", "混动"],
        "required": False,
    },
]


@pytest.mark.requirement("PRD-08.c")
@pytest.mark.parametrize(
    ("details", "refusals"),
    [
        (("轿车", "1000", "纯电", ""), []),
        (("轿车", "90000", "", ""), []),
        (("轿车轿车轿车", "1000", "", ""), []),
        (("", "90000", "", ""), [(Refusal.DETAIL_MISSING, 1)]),
        (("轿", "999", "", ""), [(Refusal.DETAIL_WRONG, 1), (Refusal.DETAIL_WRONG, 2)]),
        (("轿车轿车轿车轿", "90001", "柴油", ""), [(Refusal.DETAIL_WRONG, place) for place in (1, 2, 3)]),
        (("轿车", "１０００", "", ""), [(Refusal.DETAIL_WRONG, 2)]),
        (("  ", "", "", ""), [(Refusal.DETAIL_WRONG, 1), (Refusal.DETAIL_MISSING, 2)]),
        (("轿车", "1000", "", "x"), [(Refusal.DETAIL_UNKNOWN, 4)]),
    ],
)
def test_a_form_is_held_against_the_products_own_fields(
    details: tuple[str, ...], refusals: list[tuple[Refusal, int]]
) -> None:
    front = Front({"products": {"products": [{"key": "consumer_loan", "fields": OWN_FORM}]}})
    run = desk_day(forms(**{f"detail{place}": value for place, value in enumerate(details, 1)}), front=front)
    assert reasons(run) == [refusal for refusal, _ in refusals[:1]]
    assert run.events_of(Event.DETAIL_REFUSED)[["reason", "value"]].tolist() == refusals
    kept = front.customers.tables["details"]
    assert [kept.text(f"detail{place}").tolist() for place in (1, 2)] == (
        [] if refusals else [[details[0]], [details[1]]]
    ) or refusals


@pytest.mark.requirement("PRD-08.c")
def test_what_one_product_asks_for_another_does_not() -> None:
    card = "6217000000000000009"
    rows = forms(3, product=[1, 2, 2], detail1=["", "", card], amount_fen=1_000_000)
    run = desk_day(rows)
    assert run.sent(ApplicationAccepted)["product"].tolist() == [1, 2]
    assert reasons(run) == [Refusal.DETAIL_MISSING]
    assert reasons(desk_day(forms(detail1=card))) == [Refusal.DETAIL_UNKNOWN]
    assert reasons(desk_day(forms(product=2, amount_fen=1_000_000, detail1="62170000000"))) == [Refusal.DETAIL_WRONG]


@pytest.mark.requirement("PRD-08.c")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "choice"}, "options: needed for a choice"),
        ({"least": 90_001}, "least is above most"),
        ({"kind": "text"}, "a text has at most 24 characters"),
        ({"key": "Preis"}, "pattern"),
        ({"kind": "date"}, "kind"),
    ],
)
def test_a_field_that_makes_no_sense_is_refused(change: dict[str, object], words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        Front({"products": {"products": [{"key": "consumer_loan", "fields": [PRICE | change]}]}})


@pytest.mark.requirement("APP-08.a")
def test_free_text_can_be_shut_out_by_policy() -> None:
    front = Front({"admission": {"other_purpose": "refuse"}})
    assert_refused(desk_day(forms(purpose_text="购买钢琴"), front=front), Refusal.PURPOSE_VAGUE)


@pytest.mark.requirement("APP-10.b")
@pytest.mark.parametrize(
    "material", [Material.ID_FRONT, Material.ID_BACK, Material.INCOME_PROOF, Material.PURPOSE_STATEMENT]
)
def test_a_missing_required_material_blocks_submission(material: Material) -> None:
    assert_refused(desk_day(forms(documents=PAPERS & ~material)), CustomerRefusal.DOCUMENT_MISSING)


@pytest.mark.requirement("CUS-01.d")
@pytest.mark.parametrize("segment", [Segment.MICRO, Segment.ENTERPRISE])
def test_a_segment_has_a_list_of_its_own_for_the_same_product(segment: Segment) -> None:
    whole = WORKING_CAPITAL | int(OF_SEGMENT[segment])
    assert len(desk_day(of_working_capital(segment, whole)).sent(ApplicationAccepted)) == 1
    other = next(one for one in OF_SEGMENT if one is not segment)
    run = desk_day(of_working_capital(segment, WORKING_CAPITAL | int(OF_SEGMENT[other])))
    assert_refused(run, CustomerRefusal.DOCUMENT_MISSING)
    named = run.events_of(CustomerEvent.MATERIAL_REFUSED)
    assert named["reason"].tolist() == [CustomerRefusal.DOCUMENT_MISSING]
    assert named["value"].tolist() == [int(OF_SEGMENT[segment] & ~OF_SEGMENT[other])]


@pytest.mark.requirement("CUS-01.d")
def test_the_list_of_a_segment_is_the_policys() -> None:
    looser = {"products": {"segment_materials": [{"key": "enterprise", "required_materials": ["id_front"]}]}}
    rows = of_working_capital(Segment.ENTERPRISE, WORKING_CAPITAL | int(Material.ID_FRONT))
    assert len(desk_day(rows, front=Front(looser)).sent(ApplicationAccepted)) == 1


@pytest.mark.requirement("APP-10.a")
def test_an_optional_material_may_be_left_out_and_a_conditional_one_may_follow() -> None:
    assert desk_day(forms()).sent(ApplicationAccepted)["missing"].tolist() == [0]
    papers = int(business_forms()["documents"][0])
    late = desk_day(business_forms(documents=papers & ~Material.LEASE_CONTRACT)).sent(ApplicationAccepted)
    assert late["missing"].tolist() == [Material.LEASE_CONTRACT]


@pytest.mark.requirement("APP-10.b", "APR-13.c")
def test_an_identity_proof_may_not_follow_even_if_a_product_says_so() -> None:
    loose = {"products": {"products": [{"key": "consumer_loan", "conditional_materials": ["id_front"]}]}}
    front = Front(loose)
    assert_refused(
        desk_day(forms(documents=PAPERS & ~Material.ID_FRONT), front=front), CustomerRefusal.DOCUMENT_MISSING
    )


def test_an_applicant_is_as_old_as_on_the_day_of_the_form() -> None:
    tomorrow = resident_ids(110105, day_number(dt.date(1990, 1, 2)), 1)
    assert str(np.datetime64(START // DAY_MS, "D")) == "2026-01-01"
    assert desk_day(forms(id_number=tomorrow)).sent(ApplicationAccepted)["age"].tolist() == [35]


@pytest.mark.requirement("EXT-02.a")
@pytest.mark.parametrize("missing", [Consent.BUREAU, Consent.PERSONAL_DATA])
def test_a_form_without_consent_is_refused(missing: Consent) -> None:
    assert_refused(desk_day(forms(consent=CONSENTS & ~missing)), Refusal.CONSENT_MISSING)


def test_the_first_fault_in_the_order_of_the_form_is_told() -> None:
    run = desk_day(forms(name="", mobile="1", amount_fen=1, documents=0))
    assert reasons(run) == [Refusal.NAME_MISSING]


def test_a_fault_of_one_form_does_not_touch_its_neighbours() -> None:
    amounts = np.where(np.arange(40) % 3 == 1, 1, 5_000_000)
    run = desk_day(forms(40, amount_fen=amounts))
    assert len(run.events_of(Event.APPLICATION_REFUSED)) == 13
    assert (run.sent(ApplicationAccepted)["amount_fen"] == 5_000_000).all()
    assert len(run.sent(ApplicationAccepted)) == 27


@pytest.mark.requirement("CUS-04.a", "CUS-04.c", "CUS-04.e", "APP-16.a")
@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"income_fen": 229_999, "amount_fen": 2_000_000}, CustomerRefusal.INCOME_LIMIT),
        ({"employment_months": 2}, CustomerRefusal.EMPLOYMENT_LIMIT),
        ({"id_number": born(18)[0]}, Refusal.AGE_LIMIT),
        ({"id_number": born(66)[0]}, Refusal.AGE_LIMIT),
    ],
)
def test_a_prospect_below_the_criteria_is_declined_and_causes_no_work(columns: dict[str, int], reason: Reason) -> None:
    asked: list[Inbox] = []

    def port(requests: Inbox) -> list[tuple[Kind, Rows]]:
        asked.append(requests)
        return []

    run = desk_day(forms(**columns), port)
    assert reasons(run, CustomerEvent.CUSTOMER_DECLINED) == [reason]
    assert asked == []
    assert not len(run.sent(ApplicationAccepted))
    assert not len(run.events_of(CustomerEvent.CUSTOMER_CREATED))


@pytest.mark.requirement("CUS-04.a")
@pytest.mark.parametrize("years", [19, 65])
def test_who_just_meets_the_criteria_is_admitted(years: int) -> None:
    just = forms(id_number=born(years), income_fen=230_000, amount_fen=2_000_000, employment_months=3)
    assert len(desk_day(just).sent(ApplicationAccepted)) == 1


@pytest.mark.requirement("CUS-04.a")
def test_the_criteria_follow_the_class_of_the_product() -> None:
    person, company = forms(employment_months=11), business_forms(employment_months=11)
    assert len(desk_day(person).sent(ApplicationAccepted)) == 1
    assert reasons(desk_day(company), CustomerEvent.CUSTOMER_DECLINED) == [CustomerRefusal.EMPLOYMENT_LIMIT]
    strict = {"admission": {"criteria": [{"key": "consumer", "employment_months_min": 12}]}}
    assert reasons(desk_day(person, front=Front(strict)), CustomerEvent.CUSTOMER_DECLINED)
