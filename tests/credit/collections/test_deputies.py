"""The two lists of collections and the desks that each serves."""

from __future__ import annotations

from credit.collections.contract import COLLECTION, WRITE_OFF, Desk, Event
from credit.worklists.states import Refusal
from tests.credit.collections.desk import ADMIN, DAY, EARLY, MIDDLE, Bench, at
from tests.rows import sample


def test_a_deputy_is_appointed_on_the_list_of_his_desk_and_on_no_other() -> None:
    collectors, bodies = ({desk.label for desk in kinds.desks} for kinds in (COLLECTION, WRITE_OFF))
    assert collectors == {"collector_early", "collector_middle", "collector_long"}
    assert collectors | bodies == {desk.label for desk in Desk}
    assert not collectors & bodies
    days = {"person": MIDDLE, "deputy": EARLY, "from_day": DAY + 32, "to_day": DAY + 40}
    duty = sample(WRITE_OFF.appoint, 1, at=at(32, 8), desk=Desk.COLLECTOR_MIDDLE, operator=ADMIN, **days)
    out = Bench().day(32, (WRITE_OFF.appoint, duty))
    assert out.events_of(Event.COLLECTION_ACTION_REFUSED)["reason"].tolist() == [Refusal.NOT_THIS_DESK]
