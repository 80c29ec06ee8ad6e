"""A customer entered by a form of his own, before any application: what it needs, and that he gets one number for good."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from credit.applications.contract import Event as FormEvent
from credit.applications.contract import Refusal as FormRefusal
from credit.codes import Actor, Segment
from credit.customers.contract import ChangeContact, Detail, EnterCustomer, Event, Refusal
from credit.customers.states import CustomerState
from credit.customers.subsystem import CustomersSubsystem
from credit.mail import Inbox, Outbox
from credit.room import Rows
from credit.scoring.contract import ApplicationAccepted
from tests.credit.applications.builders import DAY, MORNING, born, desk_day, forms
from tests.rows import sample

_ID = born(35, [7])


def entry(**columns: Any) -> Rows:
    facts: dict[str, Any] = {
        "at": MORNING,
        "branch": 3,
        "party": 9,
        "person": 3_410_001,
        "segment": Segment.INDIVIDUAL,
        "id_type": 1,
    }
    facts |= {"occupation": 3, "name": "王秀英", "id_number": _ID, "mobile": "13800138001"}
    return sample(EnterCustomer, 1, **(facts | columns))


def entered(*rows: Rows) -> tuple[CustomersSubsystem, Outbox]:
    room, out = CustomersSubsystem.build(), Outbox()
    room.open(DAY, out)
    room.apply(Inbox.of((EnterCustomer, np.concatenate(rows))), DAY, out)
    assert room.check() == []
    return room, out


@pytest.mark.requirement("CUS-05.c")
@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"name": ""}, FormRefusal.NAME_MISSING),
        ({"id_number": ""}, FormRefusal.ID_MISSING),
        ({"id_type": 0}, FormRefusal.ID_MISSING),
        ({"mobile": ""}, FormRefusal.MOBILE_MISSING),
        ({"occupation": 0}, FormRefusal.OCCUPATION_MISSING),
        ({"id_number": "1101"}, FormRefusal.ID_LENGTH),
        ({"mobile": "23800138001"}, FormRefusal.MOBILE_FORMAT),
        ({"segment": Segment.ENTERPRISE}, FormRefusal.CREDIT_CODE),
        ({"id_number": born(12, [7])}, FormRefusal.AGE_LIMIT),
    ],
)
def test_a_form_with_something_missing_or_wrong_enters_nobody(wrong: dict[str, Any], reason: int):
    room, out = entered(entry(**wrong))
    assert out.events_of(Event.ENTRY_REFUSED)["reason"].tolist() == [reason]
    assert len(room.tables["customers"]) == 0


@pytest.mark.requirement("CUS-05.c")
def test_who_is_entered_has_a_number_and_a_file_and_no_application():
    room, out = entered(entry())
    [event] = out.events_of(Event.CUSTOMER_ENTERED)
    assert (event["value"], event["actor"]) == (1, 3_410_001)
    [file] = room.tables["customers"].export()
    assert (file["name"], file["occupation"], file["state"], file["at1"]) == ("王秀英", 3, CustomerState.POTENTIAL, 0)


def test_nobody_is_entered_twice():
    _, out = entered(entry(), entry(name="王小英"))
    assert out.events_of(Event.CUSTOMER_ENTERED)["value"].tolist() == [1]
    assert out.events_of(Event.ENTRY_REFUSED)["reason"].tolist() == [Refusal.CUSTOMER_KNOWN]


@pytest.mark.requirement("APP-03.c")
@pytest.mark.parametrize(("begun_by", "actor"), [(0, Actor.CUSTOMER), (3_410_001, 3_410_001)])
def test_an_application_says_who_began_it(begun_by: int, actor: int):
    day = desk_day(forms(1, begun_by=begun_by))
    assert day.events_of(FormEvent.APPLICATION_SUBMITTED)["actor"].tolist() == [actor]
    assert len(day.sent(ApplicationAccepted)) == 1


@pytest.mark.requirement("CON-13.a", "CON-13.c")
def test_other_contact_details_are_kept_each_with_who_entered_it_and_what_is_empty_stays():
    desk, _ = entered(entry())
    said = {"case": 7, "customer": 1, "person": 1420001}
    both = sample(ChangeContact, 1, at=MORNING + 5, email="a@b.cn", address="人民路 1 号", mobile="", **said)
    bare = sample(ChangeContact, 1, at=MORNING + 6, email="", address="", mobile="", **said)
    wrong = sample(ChangeContact, 1, at=MORNING + 7, email="a@b", address="x", mobile="", **said)
    out = Outbox()
    for rows in (both, bare, wrong):
        desk.change_contact(rows, out)
    file = desk.export_state()["customers"][0]
    assert (file["email"], file["address"], file["mobile"]) == ("a@b.cn", "人民路 1 号", "13800138001")
    changed = out.events_of(Event.CONTACT_CHANGED)
    assert changed["reason"].tolist() == [Detail.EMAIL, Detail.ADDRESS]
    assert changed["actor"].tolist() == [1420001] * 2
    assert out.events_of(Event.CONTACT_REFUSED)["reason"].tolist() == [Refusal.CONTACT_EMPTY, Refusal.EMAIL_FORMAT]
