"""The upkeep of lists: what an owner delivers, and what two people change in the internal risk library by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from credit.appeals.contract import EntryEnded, EntryMade
from credit.applications.contract import Refusal as Form
from credit.approval.contract import CustomerListed
from credit.codes import RiskList, Verdict
from credit.customers.contract import DecideLibraryChange, Event, ProposeLibraryChange, RefreshRiskList, Refusal
from credit.customers.keys import id_keys, id_number_of
from credit.customers.lists import RiskLibrary
from credit.room import Kind, Rows
from credit.scoring.contract import ApplicationAccepted
from credit.subsystem import Window
from credit.times import DAY_MS, HOUR_MS, MINUTE_MS
from credit.worklists.states import Refusal as TaskRefusal
from tests.credit.applications.builders import DAY, Front, Run, born, business_forms, desk_day, forms, no_hit
from tests.rows import sample

LATER = Window(1, DAY.until, DAY.until + DAY_MS)
ONE, TWO = 30_001, 520_001
ID = forms()["id_number"][0]


def refreshed(hour: int, **columns: Any) -> tuple[Kind, Rows]:
    said = {"at": DAY.until + hour * HOUR_MS, "entry": 7, "list": RiskList.DISHONEST_DEBTOR, "id_number": ID} | columns
    return RefreshRiskList, sample(RefreshRiskList, 1, **said)


def together(*mail: tuple[Kind, Rows]) -> list[tuple[Kind, Rows]]:
    kinds = {kind.number: kind for kind, _ in mail}
    return [(kind, np.concatenate([rows for of, rows in mail if of is kind])) for kind in kinds.values()]


def reasons(run: Run, event: Event) -> list[int]:
    return list(run.events_of(event)["reason"].tolist())


@pytest.mark.requirement("EXT-07.b")
@pytest.mark.parametrize(
    ("mail", "refused"),
    [
        ([{}], []),
        ([{}, {}], []),
        ([{"list": RiskList.INTERNAL}], [Refusal.LIST_UNKNOWN]),
        ([{"list": 0}], [Refusal.LIST_UNKNOWN]),
        ([{"id_number": "110105199003072871"}], [Form.ID_CHECK_DIGIT]),
        ([{"removed": 1}], [Refusal.ENTRY_UNKNOWN]),
        ([{}, {"id_number": born(50)[0]}], [Refusal.ENTRY_TAKEN]),
        ([{}, {"list": RiskList.ASSOCIATION}], [Refusal.ENTRY_TAKEN]),
        ([{}, {"removed": 1, "id_number": ""}, {"removed": 1}], [Refusal.ENTRY_UNKNOWN]),
        ([{}, {"removed": 1}, {}], []),
    ],
)
def test_an_entry_of_an_outside_list_is_taken_or_refused_with_its_reason(mail: list[Any], refused: list[int]) -> None:
    sent = together(*(refreshed(hour, **columns) for hour, columns in enumerate(mail)))
    run = Front().walk(sent, [LATER, Window(2, LATER.until, LATER.until + DAY_MS)], no_hit)
    assert reasons(run, Event.LIST_REFUSED) == refused
    assert len(run.events_of(Event.LIST_REFRESHED)) == len(mail) - len(refused)


def test_an_entry_that_was_removed_counts_anew_from_its_new_instant() -> None:
    bank = Front()
    bank.walk(together(refreshed(0), refreshed(1, removed=1), refreshed(3, person=ONE)), [LATER], no_hit)
    copy, person = bank.customers._copy, id_keys(np.array([ID]))
    at = [DAY.until + hour * HOUR_MS for hour in (0, 1, 2, 3)]
    assert [int(copy.lists(person, np.array([one]))[0]) for one in at] == [0, 0, 0, RiskList.DISHONEST_DEBTOR]


def test_an_entry_of_the_library_stays_as_first_entered_until_it_is_removed_and_then_counts_anew() -> None:
    library = RiskLibrary(Front().customers.tables["library"])
    key, case, signs = np.array([77]), np.array([1_000_000_001]), np.array([False])
    for at in (10, 20):
        library.enter(key, np.array([at]), case, signs)
    library.remove(case, np.array([30]))
    library.enter(key, np.array([40]), case, signs)
    stood = [bool(library.stands(case, np.array([at]))[0]) for at in (9, 10, 39, 40)]
    assert stood == [False, False, False, True]
    again = RiskLibrary(Front().customers.tables["library"])
    for at in (10, 20):
        again.enter(key, np.array([at]), case, signs)
    assert [bool(again.stands(case, np.array([at]))[0]) for at in (9, 10, 20)] == [False, True, True]


def test_a_key_gives_the_number_back_that_it_was_packed_of() -> None:
    assert id_number_of(int(id_keys(np.array([ID]))[0])) == ID
    assert id_number_of(int(id_keys(np.array(["11010519900307"], dtype="U18"))[0])) == ""


class Library(Front):
    """A bank with a customer, in whose library people change something by hand."""

    def __init__(self, first: Rows | None = None) -> None:
        super().__init__()
        self.known = desk_day(forms() if first is None else first, front=self).sent(ApplicationAccepted)[0]
        self.minute = 0

    def do(self, kind: Kind, **columns: Any) -> Run:
        start = DAY.until + self.minute * MINUTE_MS
        self.minute += 1
        window = Window(self.minute, start, start + MINUTE_MS)
        return self.walk([(kind, sample(kind, 1, at=start, **columns))], [window], no_hit)

    def proposes(self, person: int = ONE, **columns: Any) -> Run:
        about = {"case": self.known["case"], "customer": self.known["customer"], "reason": "贷后确认资料伪造"}
        return self.do(ProposeLibraryChange, person=person, **(about | columns))

    def decides(self, person: int = TWO, proposal: int = 1, confirmed: int = 1) -> Run:
        return self.do(DecideLibraryChange, proposal=proposal, person=person, confirmed=confirmed)

    def holds(self) -> bool:
        key = id_keys(np.array([ID]))
        return bool(self.customers._library.holds(key, np.array([DAY.until + self.minute * MINUTE_MS]))[0])


@pytest.mark.requirement("EXT-08.c")
def test_somebody_is_entered_by_hand_by_two_people_and_leaves_by_two() -> None:
    bank = Library()
    out = bank.proposes()
    assert (out.events_of(Event.LIBRARY_PROPOSED)["value"].tolist(), bank.holds()) == ([1], False)
    assert reasons(bank.decides(ONE), Event.LIBRARY_REFUSED) == [TaskRefusal.SAME_PERSON]
    out = bank.decides()
    [made] = out.sent(EntryMade)
    assert (made["person"], made["second"], made["party"], bank.holds()) == (ONE, TWO, bank.known["party"], True)
    assert len(out.sent(CustomerListed)) > 0
    assert reasons(bank.proposes(), Event.LIBRARY_REFUSED) == [Refusal.ENTERED_ALREADY]
    bank.proposes(TWO, removed=1)
    out = bank.decides(ONE, 2)
    assert out.sent(EntryEnded)["case"].tolist() == [bank.known["case"]]
    assert (out.events_of(Event.LIBRARY_LEFT)["value"].tolist(), bank.holds()) == ([bank.known["customer"]], False)


@pytest.mark.requirement("EXT-08.c")
@pytest.mark.parametrize("person", [ONE, TWO])
def test_what_is_refused_or_taken_back_changes_nothing(person: int) -> None:
    bank = Library()
    bank.proposes()
    assert reasons(bank.decides(person, confirmed=0), Event.LIBRARY_DECIDED) == [Verdict.DECLINE]
    assert not bank.holds()
    assert reasons(bank.decides(), Event.LIBRARY_REFUSED) == [Refusal.PROPOSAL_UNKNOWN]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"customer": 99}, Refusal.CUSTOMER_UNKNOWN),
        ({"case": 17}, Refusal.CUSTOMER_UNKNOWN),
        ({"reason": " 伪造 "}, Refusal.REASON_MISSING),
        ({"removed": 1}, Refusal.NOT_ENTERED),
    ],
)
def test_a_change_that_cannot_be_is_refused(columns: dict[str, Any], expected: int) -> None:
    assert reasons(Library().proposes(**columns), Event.LIBRARY_REFUSED) == [expected]


def test_a_change_waits_once() -> None:
    bank = Library()
    bank.proposes()
    assert reasons(bank.proposes(TWO), Event.LIBRARY_REFUSED) == [Refusal.PROPOSED_ALREADY]


def test_of_a_company_who_signs_is_entered_by_hand_too() -> None:
    bank = Library(business_forms())
    bank.proposes()
    bank.decides()
    assert len(bank.customers.tables["library"]) == 2
