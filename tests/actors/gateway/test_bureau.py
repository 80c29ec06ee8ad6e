"""Bureau queries over HTTP: by whom and for what, refused without a ground, and every one of them open to audit."""

from __future__ import annotations

import pytest

from credit.approval.contract import Desk
from credit.numbers import person_of
from tests.actors.gateway.live import LiveBank, live

SILENT = {
    "kind": "partner_outage",
    "target": "bureau",
    "start": "2026-02-10T08:00:00",
    "end": "2026-02-10T20:00:00",
    "share_ppm": 1_000_000,
}


def officer(branch: int = 1, nth: int = 1) -> str:
    return str(person_of(branch, Desk.INITIAL_APPROVER, nth))


def listed(bank: LiveBank, case: str, **asked: str) -> list[dict[str, object]]:
    """The queries about a case, page by page."""
    found: list[dict[str, object]] = []
    after: int | None = 0
    while after is not None:
        more = "".join(f"&{name}={value}" for name, value in asked.items())
        page = bank.get(f"/v1/audit/bureau-queries?limit=1&after={after}{more}")
        found += [one for one in page["queries"] if one["case"] == case]
        after = page["next"]
    return found


@pytest.mark.requirement("EXT-03.a", "EXT-03.b", "EXT-03.d")
def test_every_query_stands_in_the_list_with_a_person_and_a_purpose(bank: LiveBank) -> None:
    case = bank.apply()["case"]
    [query] = listed(bank, case)
    assert (query["made"], query["purpose"], query["attempt"]) == (True, 2, 1)
    assert query["person"] in (officer(), officer(nth=2))
    assert listed(bank, case, person=str(query["person"])) == [query]
    assert listed(bank, case, person="1110001") == []
    bank.get("/v1/audit/bureau-queries?limit=0", 422)


@pytest.mark.requirement("EXT-03.b", "EXT-03.c", "EXT-03.d")
def test_a_query_by_hand_needs_a_ground_and_what_is_refused_is_listed_too() -> None:
    with live(faults=[SILENT]) as bank:
        case = bank.hand_in()["case"]
        bank.a_minute()
        path = f"/v1/applications/{case}/bureau-queries"
        assert bank.post(path, {"purpose": 8, "person": officer()}, 422)["code"] == "NO_PURPOSE"
        assert bank.post(path, {"purpose": 2, "person": officer(branch=2)}, 422)["code"] == "NO_AUTHORITY"
        assert bank.post(path, {"purpose": 2, "person": "77"}, 422)["code"] == "NOT_ON_REGISTER"
        assert bank.post(path, {"purpose": 2}, 422)["field"] == "person"
        bank.post(f"/v1/applications/{int(case) + 500}/bureau-queries", {"purpose": 2, "person": officer()}, 404)
        made = bank.post(path, {"purpose": 2, "person": officer()}, Idempotency_Key="ask")
        assert bank.post(path, {"purpose": 2, "person": officer()}, Idempotency_Key="ask") == made
        found = listed(bank, case)
        by_hand = [one for one in found if one["at"] == made["at"]]
        assert [(one["made"], one["person"]) for one in by_hand] == [(True, officer())]
        refused = [one["refused"]["code"] for one in found if not one["made"]]  # type: ignore[index]
        assert refused == ["NO_PURPOSE", "NO_AUTHORITY", "NOT_ON_REGISTER"]
