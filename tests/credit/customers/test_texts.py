"""Names, purposes, remarks and addresses longer than a column: kept whole, or refused by name, never cut."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.applications.contract import Event, FormText, Refusal, SubmitApplication
from credit.codes import Material
from credit.customers.contract import CaseText
from credit.customers.contract import Event as CustomerEvent
from credit.mail import Inbox, Outbox
from credit.room import REASONS, Kind, Reason, Rows
from credit.scoring.contract import ApplicationAccepted
from credit.subsystem import Window
from credit.texts import PIECE, Field, cut, joined
from credit.times import DAY_MS, instant
from sim.arrivals import Arrivals
from tests.credit.applications.builders import DAY, MORNING, PAPERS, Front, Run, born, business_forms, forms, no_hit
from tests.sim.worlds import ZHANG, scenario

LONG_NAME = "阿卜杜热合曼·" * 8 + "买买提"
LONG_PURPOSE = ("用于自住房屋厨房和卫生间的翻新，包括水电改造、防水、瓷砖铺贴和橱柜定制。" * 14)[:500]


def text(field: Field, said: str, **columns: int) -> tuple[Kind, Rows]:
    return FormText, cut(FormText, field, said, **({"at": MORNING, "party": 1, "branch": 3} | columns))


def day(rows: Rows, *texts: tuple[Kind, Rows], front: Front | None = None) -> Run:
    return (front or Front()).walk([(SubmitApplication, rows), *texts], [DAY], no_hit)


def reasons(run: Run) -> list[Reason]:
    return [REASONS[int(code)] for code in run.events_of(Event.APPLICATION_REFUSED)["reason"]]


@pytest.mark.requirement("CUS-05.b", "APP-08.b")
def test_a_long_name_and_a_long_purpose_come_back_whole() -> None:
    front = Front()
    said = {Field.PURPOSE: LONG_PURPOSE, Field.REMARK: "备" * 500, Field.ADDRESS: "上海市" + "长" * 197}
    run = day(
        forms(name="", purpose_text=""),
        text(Field.NAME, LONG_NAME[:60]),
        *(text(field, words) for field, words in said.items()),
        front=front,
    )
    [case] = run.sent(ApplicationAccepted)["case"].tolist()
    second = Front()
    second.import_state(front.export_state())
    for bank in (front, second):
        assert bank.customers.identity(1) == (LONG_NAME[:60], str(born(35, 0)[0]), "13800000001", "")
        for field, words in said.items():
            assert bank.customers.text(case, field) == words


@pytest.mark.parametrize(("second", "renamed"), [(LONG_NAME[:60], 0), (LONG_NAME[:58], 1), ("", 1)])
def test_a_long_name_is_compared_whole_with_the_one_on_file(second: str, renamed: int) -> None:
    front = Front()
    day(forms(name=""), text(Field.NAME, LONG_NAME[:60]), front=front)
    later = forms(name="" if second else "张建国", at=DAY.until)
    said = text(Field.NAME, second, at=DAY.until) if second else None
    mail = [(SubmitApplication, later), *([said] if said else [])]
    run = front.walk(mail, [Window(1, DAY.until, DAY.until + DAY_MS)], no_hit)
    assert len(run.events_of(CustomerEvent.NAME_CHANGED)) == renamed


def test_a_scripted_customers_long_texts_come_beside_his_form() -> None:
    papers = [str(one.name).lower() for one in Material if one & PAPERS]
    texts = {
        "id_number": "110105199003072872",
        "name": LONG_NAME[:60],
        "purpose": LONG_PURPOSE,
        "remark": "备注",
        "address": "北京市朝阳区",
    }
    arrivals = Arrivals(scenario(script=[ZHANG | texts | {"documents": papers}], run={"customers": 1}), 1)
    midnight = instant(dt.date(2026, 1, 8), 0)
    span = Window(0, midnight, midnight + DAY_MS)
    front = Front()
    run = front.walk(arrivals.source(np.arange(1, 9)).mail(span), [span], no_hit)
    [case] = run.sent(ApplicationAccepted)["case"].tolist()
    assert front.customers.identity(1).name == LONG_NAME[:60]
    assert [front.customers.text(case, field) for field in (Field.PURPOSE, Field.REMARK, Field.ADDRESS)] == [
        LONG_PURPOSE,
        "备注",
        "北京市朝阳区",
    ]


@pytest.mark.requirement("APP-08.b")
def test_a_purpose_in_the_applicants_own_words_is_kept() -> None:
    front = Front()
    [case] = day(forms(purpose_text="购买钢琴"), front=front).sent(ApplicationAccepted)["case"].tolist()
    assert front.customers.text(case, Field.PURPOSE) == "购买钢琴"
    assert front.customers.identity(1).name == "张建国"
    with pytest.raises(KeyError):
        front.customers.identity(2)


@pytest.mark.requirement("CUS-05.b")
@pytest.mark.parametrize(
    ("field", "longest", "refusal"),
    [
        (Field.NAME, 60, Refusal.NAME_LENGTH),
        (Field.PURPOSE, 500, Refusal.PURPOSE_LENGTH),
        (Field.REMARK, 500, Refusal.REMARK_LENGTH),
        (Field.ADDRESS, 200, Refusal.ADDRESS_LENGTH),
    ],
)
def test_a_text_at_its_limit_is_kept_and_one_longer_is_refused_by_name(
    field: Field, longest: int, refusal: Refusal
) -> None:
    assert reasons(day(forms(), text(field, "字" * longest))) == []
    assert reasons(day(forms(), text(field, "字" * (longest + 1)))) == [refusal]
    assert refusal.field


def test_a_companys_name_may_be_twice_as_long() -> None:
    front = Front()
    assert reasons(day(business_forms(name=""), text(Field.NAME, "司" * 120), front=front)) == []
    assert front.customers.identity(1).name == "司" * 120
    assert reasons(day(business_forms(name=""), text(Field.NAME, "司" * 121))) == [Refusal.NAME_LENGTH]


def test_a_text_of_which_a_piece_is_lacking_is_not_taken_for_the_whole() -> None:
    kind, pieces = text(Field.NAME, LONG_NAME)
    for some in (pieces[1:], pieces[:-1], pieces[[0, 0, 1]]):
        assert reasons(day(forms(name=""), (kind, some))) == [Refusal.NAME_LENGTH]


def test_a_text_without_a_form_is_refused_and_touches_no_other_form() -> None:
    front, out = Front(), Outbox()
    run = day(forms(), text(Field.REMARK, "x", party=2), text(Field.REMARK, "y", at=MORNING + 1), front=front)
    assert len(run.events_of(Event.TEXT_REFUSED)) == 2
    assert not len(front.export_state()["texts"])
    front.desk.apply(Inbox.of(text(Field.REMARK, "x")), DAY, out)
    assert len(out.events_of(Event.TEXT_REFUSED)) == 1


def test_what_is_refused_or_declined_leaves_no_text() -> None:
    front = Front()
    rows = forms(2, occupation=[0, 3], employment_months=[84, 0])
    run = day(rows, text(Field.REMARK, "a"), text(Field.REMARK, "b", at=int(rows["at"][1]), party=2), front=front)
    assert len(run.events_of(Event.APPLICATION_REFUSED)) == 1
    assert not len(front.export_state()["texts"])


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=5 * PIECE))
def test_pieces_join_to_the_text_they_were_cut_from(said: str) -> None:
    pieces = cut(CaseText, Field.REMARK, said, at=1, case=2)
    assert joined(pieces[np.argsort(-pieces["place"])]) == {Field.REMARK: said}
