"""Who comes and what they hand in: valid identities, wishes within the catalogue, defects at their rates, returning customers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.cn import ric, uscc

from credit.applications.contract import Refusal
from credit.applications.forms import FormChecks
from credit.applications.ranges import Ranges
from credit.applications.texts import Beside
from credit.codes import Channel, Consent, Material, Segment
from credit.identifiers import ages_at, check_credit_codes, check_mobiles, check_resident_ids
from credit.policies import load
from credit.policies.admission import AdmissionPolicy
from credit.policies.products import columns_of
from credit.room import Rows
from credit.times import DAY_MS, LONG_TERM, date_of, day_number
from sim.arrivals import drawn_visits
from sim.occasions import party_of, reference_of
from sim.population.defects import Defect
from sim.population.forms import Forms
from sim.population.people import PARTIES, THIN_MONTHS
from sim.population.script import ScriptError
from sim.population.text import codes_of, joined, texts_of
from sim.population.visits import RUSH_DAYS
from sim.population.vocabulary import PURPOSES, VAGUE_PURPOSES
from tests.sim.worlds import PERFECT, SEED, ZHANG, forms_of, morning, numbers, people, products, references, scenario

PERFECT_FORMS = forms_of(population=PERFECT)
FORMS = forms_of()
RANGES = Ranges(load("admission", AdmissionPolicy), products())


def perfect(count: int = 4_000) -> Rows:
    return PERFECT_FORMS.forms(references(count), morning(count))


def test_words_are_joined_without_gaps() -> None:
    parts = [codes_of(["王", "欧阳"], 2), codes_of(["秀英", "伟"], 2)]
    assert texts_of(joined(6, parts)).tolist() == ["王秀英", "欧阳伟"]


def test_a_word_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="'欧阳修' is longer than 2"):
        codes_of(["欧阳修"], 2)


# identities -----------------------------------------------------------------------------------------------------------


def test_resident_ids_are_valid_and_tell_birthday_sex_and_region() -> None:
    someone, party = people(), numbers(3_000)
    ids, birth, male, region = (
        someone.id_numbers(party),
        someone.birth_day(party),
        someone.male(party),
        someone.region(party),
    )
    assert not check_resident_ids(ids).any()
    for index, number in enumerate(ids.tolist()):
        assert number[17] == ric.calc_check_digit(number)
        assert number[6:14] == date_of(int(birth[index])).strftime("%Y%m%d")
        assert int(number[16]) % 2 == int(male[index])
        assert int(number[0]) == int(region[index])


def test_no_two_parties_share_a_resident_id() -> None:
    someone = people()
    party = np.concatenate([numbers(200_000), numbers(PARTIES - 1, PARTIES - 50_000)])
    assert len(np.unique(someone.id_numbers(party))) == len(party)


def test_firms_have_valid_credit_codes_and_names_and_people_have_none() -> None:
    rows = perfect()
    firms = rows["segment"] != Segment.INDIVIDUAL
    assert int(firms.sum()) > 200
    assert all(uscc.is_valid(code) for code in rows["credit_code"][firms].tolist())
    assert not check_credit_codes(rows["credit_code"][firms]).any()
    assert len(np.unique(rows["credit_code"][firms])) == len(np.unique(rows["party"][firms]))
    assert not (rows["credit_code"][~firms] != "").any()
    assert all("氏" in name for name in rows["name"][rows["segment"] == Segment.MICRO].tolist())
    assert all(name.endswith("公司") for name in rows["name"][rows["segment"] == Segment.ENTERPRISE].tolist())


def test_mobiles_and_accounts_look_like_ones() -> None:
    rows = perfect()
    assert check_mobiles(rows["mobile"]).all()
    assert all(len(str(account)) == 19 for account in rows["account"].tolist())
    entrusted = columns_of(products()).entrusted[rows["product"]]
    assert bool(((rows["payee_account"] > 0) == entrusted).all())


# segments and wishes --------------------------------------------------------------------------------------------------


@pytest.mark.requirement("CUS-01.a", "CUS-01.b")
def test_each_customer_has_one_segment_and_it_allows_the_product() -> None:
    rows = perfect()
    allowed = columns_of(products()).segments
    assert bool(allowed[rows["product"], rows["segment"]].all())
    parties, first = np.unique(rows["party"], return_index=True)
    segment = dict(zip(parties.tolist(), rows["segment"][first].tolist(), strict=True))
    assert all(segment[int(row["party"])] == int(row["segment"]) for row in rows), "a party kept its segment"
    assert set(np.unique(rows["segment"]).tolist()) == set(Segment)


@pytest.mark.requirement("CUS-02.a", "CUS-02.b", "CUS-02.c")
def test_profiles_differ_by_segment_as_the_bank_describes_them() -> None:
    rows = perfect(12_000)
    keys = {product.code: product.key for product in products().products}
    wanted = {
        segment: {keys[code] for code in np.unique(rows["product"][rows["segment"] == segment]).tolist()}
        for segment in Segment
    }
    assert wanted[Segment.INDIVIDUAL] == {"consumer_loan", "card_instalment", "mortgage"}
    assert wanted[Segment.MICRO] == {"micro_business"}
    assert wanted[Segment.ENTERPRISE] == {"working_capital"}
    median = {segment: float(np.median(rows["amount_fen"][rows["segment"] == segment])) for segment in Segment}
    assert median[Segment.INDIVIDUAL] * 3 < median[Segment.MICRO] < median[Segment.ENTERPRISE] / 3
    self_service = (rows["channel"] == Channel.MOBILE_BANK) | (rows["channel"] == Channel.ONLINE_BANK)
    share = {segment: float(self_service[rows["segment"] == segment].mean()) for segment in Segment}
    assert share[Segment.INDIVIDUAL] > 0.6 > share[Segment.MICRO] > share[Segment.ENTERPRISE]


def test_what_a_perfect_form_asks_for_is_in_the_catalogue() -> None:
    rows, catalogue = perfect(10_000), columns_of(products())
    product = rows["product"]
    assert bool((rows["amount_fen"] >= catalogue.amount_min[product]).all())
    assert bool((rows["amount_fen"] <= catalogue.amount_max[product]).all())
    assert bool(catalogue.terms[product, rows["term_months"]].all())
    assert bool(catalogue.methods[product, rows["method"]].all())
    required = catalogue.required[product, rows["segment"]]
    assert bool((rows["documents"] & required == required).all())
    assert bool((rows["consent"] & int(Consent.BUREAU | Consent.PERSONAL_DATA) == 3).all())
    assert bool((rows["occupation"] > 0).all())
    texts = {text for texts in PURPOSES.values() for text in texts}
    assert set(np.unique(rows["purpose_text"]).tolist()) <= texts
    mortgage = product == 3
    assert bool((rows["collateral_fen"][mortgage] > rows["amount_fen"][mortgage]).all())
    assert not rows["collateral_fen"][~mortgage].any()


def test_who_earns_more_asks_for_more() -> None:
    rows = perfect(12_000)
    card = rows[rows["product"] == 2]
    poor, rich = (card[card["income_fen"] < 500_000], card[card["income_fen"] > 1_500_000])
    assert float(np.median(poor["amount_fen"])) * 2 < float(np.median(rich["amount_fen"]))


def test_declared_income_is_true_but_for_those_who_inflate_it() -> None:
    someone, party = people(), numbers(20_000)
    declared, true, inflates = (
        someone.declared_income_fen(party),
        someone.true_income_fen(party),
        someone.inflates_income(party),
    )
    assert bool((declared[~inflates] <= true[~inflates]).all())
    assert bool((true[~inflates] - declared[~inflates] < 11_000).all())
    assert bool((declared[inflates] > true[inflates] * 13 // 10).all())


def test_nobody_has_worked_longer_than_since_he_was_eighteen() -> None:
    someone, party = people(), numbers(20_000)
    age = (day_number(scenario().run.start) - someone.birth_day(party)) * 4 // 1_461
    months = someone.employment_months(party)
    assert bool((months <= np.maximum((age - 18) * 12, THIN_MONTHS)).all())
    assert 0.03 < float((months < THIN_MONTHS).mean()) < 0.05


def test_counters_are_closed_at_night() -> None:
    midnight = np.full(3_000, 20_460 * DAY_MS, dtype=np.int64)
    channels = PERFECT_FORMS.forms(references(3_000), midnight)["channel"]
    assert set(np.unique(channels).tolist()) <= {Channel.ONLINE_BANK, Channel.MOBILE_BANK, Channel.THIRD_PARTY}
    assert set(np.unique(perfect()["channel"]).tolist()) == set(Channel)


# batches --------------------------------------------------------------------------------------------------------------


@settings(max_examples=20)
@given(st.lists(st.integers(1, 20_000), min_size=1, max_size=60, unique=True), st.data())
def test_a_form_does_not_depend_on_the_others_in_its_batch(arrivals: list[int], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(arrivals)))
    a, at = reference_of(np.array(arrivals), 1), morning(len(arrivals))
    whole = FORMS.forms(a, at)
    parts = [FORMS.forms(a[:cut], at[:cut]), FORMS.forms(a[cut:], at[cut:])]
    assert np.concatenate(parts).tobytes() == whole.tobytes()
    assert FORMS.forms(a[::-1], at[::-1])[::-1].tobytes() == whole.tobytes()


def test_another_seed_is_another_world() -> None:
    here, there = people(), type(people())(scenario(), SEED + 1, products())
    assert float((here.product(numbers(1_000)) == there.product(numbers(1_000))).mean()) < 0.6
    assert not (here.id_numbers(numbers(1_000)) == there.id_numbers(numbers(1_000))).any()


# defects --------------------------------------------------------------------------------------------------------------

FAULTY: dict[Defect, tuple[str, ...]] = {
    Defect.WRONG_CHECK_DIGIT: ("id_number",),
    Defect.WRONG_ID_LENGTH: ("id_number",),
    Defect.MALFORMED_MOBILE: ("mobile",),
    Defect.MISSING_FIELD: ("name", "id_number", "mobile", "occupation", "detail1"),
    Defect.AMOUNT_OUT_OF_RANGE: ("amount_fen",),
    Defect.VAGUE_PURPOSE: ("purpose_text",),
    Defect.MISSING_DOCUMENT: ("documents",),
    Defect.NO_BUREAU_CONSENT: ("consent",),
    Defect.EXPIRED_DOCUMENT: ("id_until", "licence_until"),
}


@pytest.mark.parametrize("defect", list(FAULTY))
def test_a_defect_spoils_its_own_field_and_leaves_the_rest(defect: Defect) -> None:
    always: dict[str, Any] = {**PERFECT, f"{defect.name.lower()}_ppm": 1_000_000}
    spoilt, good = forms_of(population=always).forms(references(800), morning(800)), perfect(800)
    fields = FAULTY[defect]
    changed = np.zeros(800, dtype=np.int64)
    for name in good.dtype.names or ():
        differs = spoilt[name] != good[name]
        assert name in fields or not differs.any(), name
        changed += differs
    assert bool((changed == 1).all())


def test_spoilt_fields_are_wrong_in_the_way_their_defect_says() -> None:
    def spoilt(defect: str) -> Rows:
        return forms_of(population={**PERFECT, f"{defect}_ppm": 1_000_000}).forms(references(800), morning(800))

    assert set(check_resident_ids(spoilt("wrong_check_digit")["id_number"]).tolist()) == {5}
    assert all(len(number) == 18 for number in spoilt("wrong_check_digit")["id_number"].tolist())
    assert {len(number) for number in spoilt("wrong_id_length")["id_number"].tolist()} == {15, 16, 17}
    assert not check_mobiles(spoilt("malformed_mobile")["mobile"]).any()
    rows, catalogue = spoilt("amount_out_of_range"), columns_of(products())
    age = ages_at(rows["id_number"], rows["at"] // DAY_MS)
    most = RANGES.of(rows["product"], rows["segment"], rows["income_fen"], age).most_fen
    above = rows["amount_fen"] > most
    assert bool((above | (rows["amount_fen"] < catalogue.amount_min[rows["product"]])).all())
    assert 0.7 < float(above.mean()) < 0.8
    assert set(np.unique(spoilt("vague_purpose")["purpose_text"]).tolist()) == {"", *VAGUE_PURPOSES.values()}
    rows = spoilt("missing_document")
    absent = catalogue.required[rows["product"], rows["segment"]] & ~rows["documents"]
    assert all(int(bits).bit_count() == 1 for bits in absent.tolist())


@pytest.mark.requirement("APP-07.b", "APP-16.c", "PRD-08.c")
def test_people_ask_within_their_range_and_write_what_their_products_form_asks_for() -> None:
    rows = perfect(6_000)
    codes = FormChecks(load("admission", AdmissionPolicy), products()).faults(
        rows,
        ages_at(rows["id_number"], rows["at"] // DAY_MS),
        np.ones(len(rows), dtype=np.int64),
        Beside(rows, rows[:0]),
    )
    outside = np.isin(codes.codes, (Refusal.AMOUNT_BEYOND, Refusal.TERM_BEYOND))
    assert not outside.any()
    assert set(codes.codes.tolist()) <= {0, Refusal.AGE_LIMIT}
    assert set(rows["detail1"][rows["product"] == 1].tolist()) == {""}
    assert 0.2 < float((rows["id_until"] == LONG_TERM).mean()) < 0.5


def test_a_conditional_document_may_come_later() -> None:
    rows = forms_of(population={**PERFECT, "late_document_ppm": 500_000}).forms(references(8_000), morning(8_000))
    micro = rows["documents"][rows["product"] == 4] & int(Material.LEASE_CONTRACT) == 0
    assert 0.4 < float(micro.mean()) < 0.6


def test_too_many_defects_are_refused_with_the_sum() -> None:
    with pytest.raises(ValueError, match="rates of wrong forms must sum to at most 1000000"):
        scenario(population={"vague_purpose_ppm": 900_000, "missing_document_ppm": 200_000})


# who comes again ------------------------------------------------------------------------------------------------------


def come(**sections: Any) -> tuple[Forms, Rows]:
    """All drawn forms of a run."""
    world = scenario(**sections)
    forms = Forms(world, SEED, products())
    return forms, forms.forms(*drawn_visits(world, SEED, world.run.customers))


def test_who_comes_again_has_come_before() -> None:
    forms, rows = come()
    reference = rows["party"]
    assert len(np.unique(reference)) == 20_000, "each application has a reference of its own"
    again = forms.visits.again(reference)
    assert bool(np.isin(reference[again] - 1, reference).all()), "who comes a second time came a first"
    at = dict(zip(reference.tolist(), rows["at"].tolist(), strict=True))
    assert all(at[one - 1] <= at[one] for one in reference[again].tolist())
    assert 0.055 < float(again.mean()) < 0.075


def test_returning_customers_are_the_same_person_with_another_wish() -> None:
    forms, rows = come()
    rows = rows[np.argsort(rows["party"])]
    good = forms.defects.of(rows["party"]) == Defect.NONE
    again = forms.visits.again(rows["party"]) & ~forms.visits.in_a_rush(rows["party"]) & good
    later = np.flatnonzero(again & np.roll(good, 1))
    for name in ("name", "id_number", "mobile", "branch", "segment", "account"):
        assert bool((rows[name][later] == rows[name][later - 1]).all()), name
    assert float((rows["amount_fen"][later] != rows["amount_fen"][later - 1]).mean()) > 0.9


def test_those_in_a_rush_apply_several_times_within_days_through_several_channels() -> None:
    world = {"population": {"rush_ppm": 20_000, "repeat_ppm": 0}, "run": {"customers": 50_000, "days": 100}}
    forms, rows = come(**world)
    rows = rows[np.argsort(rows["party"])]
    party, rushing = party_of(rows["party"]), forms.visits.in_a_rush(rows["party"])
    assert 0.018 < float(rushing.mean()) < 0.022
    leaders, times = np.unique(party[rushing], return_counts=True)
    assert float(times.mean()) > 2
    first, last = (np.searchsorted(party, leaders, side=side) for side in ("left", "right"))
    assert float((rows["at"][last - 1] - rows["at"][first] < 2 * RUSH_DAYS * DAY_MS).mean()) > 0.8
    channels = [len(np.unique(rows["channel"][party == one])) for one in leaders[times >= 3][:40].tolist()]
    assert np.mean(channels) > 1.5


# the script -----------------------------------------------------------------------------------------------------------


def test_a_scripted_customer_hands_in_exactly_what_is_written() -> None:
    forms = forms_of(script=[ZHANG], run={"customers": 10})
    row = forms.forms(references(10), morning(10))[0]
    assert (row["name"], row["id_number"], row["mobile"]) == ("张建国", "11010519900307287X", "13800138000")
    assert (int(party_of(row["party"])), int(row["amount_fen"]), int(row["term_months"])) == (1, 5_000_000, 12)
    assert int(row["documents"]) == Material.ID_FRONT | Material.ID_BACK
    assert int(row["income_fen"]) == 1_800_000
    assert int(forms.people.true_income_fen(numbers(1))[0]) == 1_800_000


def test_drawn_customers_do_not_become_others_because_of_a_script() -> None:
    with_script = forms_of(script=[ZHANG], run={"customers": 3_000}).people
    assert (with_script.id_numbers(numbers(50, 2)) == people(run={"customers": 3_000}).id_numbers(numbers(50, 2))).all()


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("channel", "pigeon", "party 1: channel 'pigeon' is not one of online_bank, mobile_bank"),
        ("product", "yacht", "party 1: product 'yacht' is not one of consumer_loan"),
        ("documents", ["poem"], "party 1: documents 'poem' is not one of id_front"),
        ("branch", 9, "party 1: branch '9' is not one of 1 to 8"),
    ],
)
def test_a_script_that_can_not_be_played_says_why(field: str, value: object, message: str) -> None:
    with pytest.raises(ScriptError, match=message):
        forms_of(script=[{**ZHANG, field: value}], run={"customers": 1})
