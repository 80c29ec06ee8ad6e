"""How contracts came to be signed, over HTTP: what was shown, when, by which channel, before whom."""

from __future__ import annotations

from hashlib import sha256

import pytest

from tests.actors.gateway.live import LiveBank


@pytest.mark.requirement("CON-07.e")
def test_the_record_says_what_was_shown_when_by_which_channel_and_before_whom(bank: LiveBank) -> None:
    case = str(bank.apply()["case"])
    path = f"/v1/applications/{case}/contract"
    assert "no signed contract" in bank.get(f"{path}/record", 404)["detail"]
    offered, shown = bank.get(path), bank.client.get(f"{path}/document").text
    bank.check_terms(case)
    confirmed = bank.post(f"{path}/confirmation", {"round": 0, "attempt": 1})
    signing = {"confirmation": confirmed["confirmation"], "mode": "paper", "person": "1410001"}
    done = bank.post(f"{path}/signature", signing)
    told = bank.get(f"{path}/record")
    said = {"case": case, "round": 0, "attempt": 1, "mode": "paper", "channel": "counter", "serial": None}
    said |= {"checked_by": "1420001", "before": "1410001", "offered_at": offered["offered_at"]}
    said |= {"confirmed_at": confirmed["confirmed_at"], "signed_at": done["at"]}
    said["text_sha256"] = sha256(shown.encode()).hexdigest()
    assert told.items() >= said.items()
    assert len(told["digest"]) == 64
    assert told["number"] in shown
    assert bank.get(f"{path}/record") == told


@pytest.mark.requirement("CON-07.e")
def test_who_signs_online_is_recorded_as_alone_and_another_text_has_another_digest(bank: LiveBank) -> None:
    told = []
    for _ in range(2):
        case = str(bank.apply()["case"])
        bank.sign(case)
        told.append(bank.get(f"/v1/applications/{case}/contract/record"))
    assert [(one["mode"], one["channel"], one["before"], one["checked_by"]) for one in told] == [
        ("electronic", "online", None, None)
    ] * 2
    assert told[0]["digest"] != told[1]["digest"]
