"""Written opinions: what must be written, and that it is kept as it was."""

from __future__ import annotations

import pytest

from credit.approval.contract import ApplicationScored, Event, Refusal
from credit.approval.desk import ApprovalDesk
from credit.codes import Node, Verdict
from tests.credit.approval.builders import (
    CASE,
    INITIAL,
    NINE,
    RE_REVIEWER,
    WRITTEN,
    YUAN,
    desk,
    hours,
    manual,
    micro,
    opinion,
    run,
)

REVIEWED = NINE + hours(1)
RICH = {"amount_fen": 300_000 * YUAN, "income_fen": 10**8}


def refused(out):
    return out.events_of(Event.DECISION_REFUSED)["reason"].tolist()


@pytest.mark.requirement("APR-01.d")
@pytest.mark.parametrize("verdict", [Verdict.APPROVE, Verdict.DECLINE])
@pytest.mark.parametrize("words", ["", "    ", "同意。"])
def test_an_opinion_without_words_is_none(verdict, words):
    subsystem = desk()
    run(subsystem, (ApplicationScored, manual()))
    out = run(subsystem, opinion(INITIAL, Node.INITIAL, REVIEWED, verdict=verdict, opinion=words))
    assert refused(out) == [Refusal.OPINION_MISSING]
    good = run(subsystem, opinion(INITIAL, Node.INITIAL, REVIEWED + 1, verdict=verdict, opinion="不予同意。"))
    assert refused(good) == []


@pytest.mark.requirement("APR-01.d")
def test_what_was_written_is_kept_with_the_case_after_it_has_left():
    subsystem = desk()
    said = [
        opinion(INITIAL, Node.INITIAL, REVIEWED, opinion="收入属实，同意。"),
        opinion(RE_REVIEWER, Node.RE_REVIEW, REVIEWED + 1, opinion="同意初审意见。"),
    ]
    out = run(subsystem, (ApplicationScored, manual()), *said[:1])
    later = run(subsystem, *said[1:])
    assert not len(subsystem.export_state()["cases"])
    kept = subsystem.export_state()["opinions"]
    assert kept["opinion"].tolist() == ["收入属实，同意。", "同意初审意见。"]
    assert (kept["case"].tolist(), kept["person"].tolist()) == ([CASE, CASE], [INITIAL, RE_REVIEWER])
    assert [len(rows) for one in (out, later) for _, rows in one.papers] == [1, 1]


@pytest.mark.requirement("APR-01.b")
@pytest.mark.parametrize("lacking", ["background", "finance"])
def test_a_review_records_background_and_finances_where_the_product_asks_for_it(lacking):
    subsystem = desk()
    run(subsystem, (ApplicationScored, micro(**RICH)))
    out = run(subsystem, opinion(INITIAL, Node.INITIAL, REVIEWED, **{lacking: ""}))
    assert refused(out) == [Refusal.ANALYSIS_MISSING]
    run(subsystem, opinion(INITIAL, Node.INITIAL, REVIEWED + 1))
    assert subsystem.export_state()["opinions"][lacking].tolist() == [WRITTEN[lacking]]
    plain = run(subsystem, opinion(RE_REVIEWER, Node.RE_REVIEW, REVIEWED + 2, background="", finance=""))
    assert refused(plain) == [], "it is the review that records them"


@pytest.mark.requirement("APR-01.b")
def test_who_declines_need_not_analyse_and_other_products_ask_for_none():
    bare = {"background": "", "finance": ""}
    for case, verdict in ((micro(**RICH), Verdict.DECLINE), (manual(), Verdict.APPROVE)):
        subsystem = desk()
        run(subsystem, (ApplicationScored, case))
        assert refused(run(subsystem, opinion(INITIAL, Node.INITIAL, REVIEWED, verdict=verdict, **bare))) == []


@pytest.mark.planted
def test_planted_decision_without_a_word_is_caught(monkeypatch):
    monkeypatch.setattr("credit.approval.rules.words_faults", lambda opinions, *rest: opinions["at"] * 0)
    subsystem = desk()
    run(subsystem, (ApplicationScored, manual()))
    with pytest.raises(AssertionError):
        run(subsystem, opinion(INITIAL, Node.INITIAL, REVIEWED, opinion=""))


@pytest.mark.planted
def test_planted_loss_of_an_opinion_is_caught(monkeypatch):
    subsystem = desk()
    run(subsystem, (ApplicationScored, manual()))
    take_effect = ApprovalDesk._take_effect

    def forgetful(self, *rest):
        take_effect(self, *rest)
        self._opinions.drop(self._opinions.find([row["task"] for row in self._opinions.export()]))

    monkeypatch.setattr(ApprovalDesk, "_take_effect", forgetful)
    with pytest.raises(AssertionError):
        run(subsystem, opinion(INITIAL, Node.INITIAL, REVIEWED))
