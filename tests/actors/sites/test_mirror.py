"""The mirror tells each other site all that changed, over a line that loses calls and answers, and goes on where it was after a
restart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from actors.identity.service import open_copies
from actors.sites.folder import HomeFolder, Record, Taken
from actors.sites.mirror import Mirror
from actors.sites.receiver import Away
from tests.actors.identity.builders import APPROVER, Clock, settled
from tests.actors.identity.logs import deed
from tests.actors.sites.homes import Site, a_contract, founded, joined

NAMES = ("a", "b", "far")


class Lines:
    """Carries records to sites; loses calls, answers, or carries a call twice, as `luck` has it; counts what it carries."""

    def __init__(self, sites: Sequence[Site], luck: Random | None = None) -> None:
        self.folders = {site.name: site.folder for site in sites}
        self.luck, self.calls, self.records = luck, 0, 0

    def __call__(self, site: str, records: Sequence[Record]) -> Taken:
        self.calls += 1
        what = self.luck.choice(["lost", "unanswered", "twice", "carried", "carried"]) if self.luck else "carried"
        if site not in self.folders or what == "lost":
            raise Away(f"{site} does not answer")
        self.records += len(records)
        answer = self.folders[site].take(records)
        if what == "unanswered":
            raise Away(f"{site} does not answer")
        return self.folders[site].take(records) if what == "twice" else answer


def mirror(site: Site, send: Lines, others: Sequence[str] = NAMES) -> Mirror:
    return Mirror(site.folder, [name for name in others if name != site.name], send)


def something_of_everything(site: Site) -> str:
    settled(site.identity, APPROVER)
    site.identity.holdings.add([(1, "customer:1")])
    site.identity.audit.append([deed()])
    site.archive.lay(a_contract("a text"))
    return site.folder.contents.keep(b"an ID card")


@pytest.fixture
def sites(tmp_path: Path):
    made = founded(tmp_path, NAMES)
    yield made
    for site in made:
        site.close()


def test_one_round_tells_everybody_everything_and_the_next_nothing(sites: list[Site]) -> None:
    lines = Lines(sites)
    digest = something_of_everything(sites[0])
    mirrors = [mirror(site, lines) for site in sites]
    assert mirrors[0].round()
    assert sites[0].holds() == sites[1].holds() == sites[2].holds()
    assert sites[2].folder.contents.get(digest) == b"an ID card"
    assert open_copies(sites[2].home)["a"].verify() == sites[0].identity.audit.head()
    for one in mirrors * 2:
        assert one.round()
    lines.calls = lines.records = 0
    assert mirrors[1].round()
    assert (lines.calls, lines.records) == (2, 0)


@pytest.mark.parametrize("seed", range(4))
def test_a_line_that_loses_calls_and_answers_only_makes_it_later(sites: list[Site], seed: int) -> None:
    lines = Lines(sites, Random(seed))
    mirrors = [mirror(site, lines) for site in sites]
    digest = something_of_everything(sites[0])
    for _ in range(60):
        for one in mirrors:
            one.round()
    assert sites[0].holds() == sites[1].holds() == sites[2].holds()
    assert [site.folder.contents.has(digest) for site in sites] == [True] * 3
    assert [open_copies(site.home)["a"].verify().number for site in sites[1:]] == [1, 1]


def test_after_a_restart_only_what_changed_since_is_told(sites: list[Site]) -> None:
    lines = Lines(sites)
    assert mirror(sites[0], lines).round()
    sites[0].folder.close()
    sites[0].folder = HomeFolder(sites[0].home, "a", NAMES)
    sites[0].identity.holdings.add([(5, "customer:1")])
    lines.records = 0
    assert mirror(sites[0], lines).round()
    assert lines.records == 2
    assert sites[2].identity.holdings.holds("customer:1", 5)


def test_a_site_that_is_away_is_named_and_keeps_nobody_else_waiting(
    sites: list[Site], caplog: pytest.LogCaptureFixture
) -> None:
    lines = Lines([sites[0], sites[2]])
    one = mirror(sites[0], lines)
    sites[0].identity.holdings.add([(5, "customer:1")])
    assert not one.round()
    assert not one.round()
    assert one.away == {"b": "b does not answer", "far": ""}
    assert sites[2].identity.holdings.holds("customer:1", 5)
    lines.folders["b"] = sites[1].folder
    with caplog.at_level("INFO"):
        assert one.round()
    assert sites[1].identity.holdings.holds("customer:1", 5)
    assert [record.getMessage() for record in caplog.records] == [
        "b is not told what changes here: b does not answer",
        "b was told all that changed here",
    ]


def test_a_content_that_did_not_arrive_is_sent_again(sites: list[Site]) -> None:
    lines = Lines(sites)

    def without_contents(site: str, records: Sequence[Record]) -> Taken:
        if any(one.source == "content" for one in records):
            raise Away("cut")
        return lines(site, records)

    digest = sites[0].folder.contents.keep(b"an ID card")
    assert not Mirror(sites[0].folder, ["b"], without_contents).round()
    assert Mirror(sites[0].folder, ["b"], lines).round()
    assert sites[1].folder.contents.has(digest)


def test_a_site_whose_home_was_lost_is_told_everything_again(sites: list[Site], tmp_path: Path) -> None:
    lines = Lines(sites)
    digest = something_of_everything(sites[0])
    one = mirror(sites[0], lines)
    assert one.round()
    sites[1].close()
    sites[1].home.rename(tmp_path / "lost")
    sites[1] = joined(tmp_path, "b", NAMES, Clock())
    lines.folders["b"] = sites[1].folder
    assert one.round()
    assert sites[1].holds() == sites[0].holds()
    assert sites[1].folder.contents.has(digest)


def test_more_than_a_round_holds_is_told_in_the_next(sites: list[Site], monkeypatch: pytest.MonkeyPatch) -> None:
    one = mirror(sites[0], Lines(sites))
    assert one.round()
    monkeypatch.setattr("actors.sites.folder.PORTION_BYTES", 1)
    monkeypatch.setattr("actors.sites.mirror._PORTIONS_A_ROUND", 5)
    sites[0].identity.holdings.add([(case, "customer:1") for case in range(8)])
    assert not one.round()
    assert one.away["b"] == "there is more to tell"
    assert one.round()
    assert sites[1].identity.holdings.holds("customer:1", 7)


def test_a_log_that_the_other_site_refuses_is_told_and_asked_for_no_further(sites: list[Site]) -> None:
    lines = Lines(sites)
    one = mirror(sites[0], lines)
    sites[0].identity.audit.append([deed(), deed()])
    sites[0].identity.audit._database.run("DROP TRIGGER log_is_not_changed")
    sites[0].identity.audit._database.run("UPDATE log SET path = '/' WHERE number = 2")
    assert not one.round()
    assert "takes no more of this site's operation log" in one.away["b"]
    assert lines.calls <= 6
