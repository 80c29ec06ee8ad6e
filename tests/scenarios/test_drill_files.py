"""Drill files: those that come with Lendrill can be used, and what is wrong with one is told with its line."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from scenarios.drill import SERVICES, drill_names, load_drill
from scenarios.drill_random import drawn
from scenarios.loading import ScenarioError

_HEAD = 'name_zh = "演练"\nname_en = "A drill"\nabout_zh = "。"\nabout_en = "."\n'
_AT = "[[befalls]]\nat_s = 1\n"
_ASK = '[[decisions]]\nwhat = "switch"\nquestion_zh = "切换？"\nquestion_en = "Switch?"\n'
_KILL = '[[befalls]]\nat_s = 1\nwhat = "kill"\n'


def wrong(tmp_path: Path, text: str) -> str:
    """What is said of a file."""
    file = tmp_path / "drill.toml"
    file.write_text(_HEAD + text, encoding="utf-8")
    with pytest.raises(ScenarioError) as refused:
        load_drill(str(file))
    [line] = refused.value.user_lines
    return line.removeprefix(f"{tmp_path}/")


def test_every_drill_has_its_words_and_something_that_is_tried() -> None:
    names = drill_names()
    assert {"lose_the_primary", "lose_two_cities", "cut_line", "planned_switch", "failback", "double_trouble"} <= set(
        names
    )
    for name in names:
        found = load_drill(name)
        assert found.befalls or found.decisions
        assert found.expected.rto_s or found.restore
        assert found.name_zh
        assert found.about_en


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[bank]\nsites = 2\n[restore]\nsite = "remote"\nback_up_at_s = 5\n',
            "drill.toml:8: restore.site: there is no remote in a bank of 2 sites",
        ),
        ("[restore]\nback_up_at_s = 70\n", "drill.toml:6: restore.back_up_at_s: 70 is after the load's end"),
        ('[[befalls]]\nat_s = 1\nwhat = "cut"\n', "drill.toml:5: befalls.0.to: is needed by cut"),
        (
            '[[befalls]]\nat_s = 1\nwhat = "kill"\nto = "remote"\n',
            "drill.toml:8: befalls.0.to: means nothing to kill; ",
        ),
        (
            '[bank]\nsites = 2\n[[befalls]]\nat_s = 1\nwhat = "lose"\nplace = "remote"\n',
            "drill.toml:7: befalls.0: there is no remote in a bank of 2 sites",
        ),
        ("[load]\nseconds = 1\n", "drill.toml:6: load.seconds: Input should be greater than or equal to 5"),
        ('[expected]\nleadr = "primary"\n', "drill.toml:6: expected.leadr: unknown field; did you mean 'leader'?"),
        ("[expected.rto_s]\nscoring = 3\n", "expected.rto_s.scoring"),
        (
            '[[befalls]]\nat_s = 90\nwhat = "lose"\n',
            "drill.toml:6: befalls.0.at_s: 90 is not before the load's end (60 s)",
        ),
        (
            '[[befalls]]\nat_s = 1\nwhat = "kill"\ntimes = 9\nevery_s = 8\n',
            "befalls.0.at_s: 65 is not before the load's end",
        ),
        (
            '[[befalls]]\nat_s = 1\nwhat = "lose"\nprocess = "conductor"\n',
            "process: means nothing to lose; it goes with kill",
        ),
        ('[[befalls]]\nat_s = 1\nwhat = "kill"\nfor_s = 3\n', "for_s: means nothing to kill; it goes with hang, lose"),
        ('[[befalls]]\nat_s = 1\nwhat = "cut"\nto = "remote"\ndelay_ms = 3\n', "delay_ms: means nothing to cut"),
        ('[[befalls]]\nat_s = 1\nwhat = "kill"\none_way = true\n', "one_way: means nothing to kill; it goes with cut"),
        ('[[befalls]]\nat_s = 1\nwhat = "kill"\nevery_s = 3\n', "every_s: means nothing to what befalls once"),
        (
            '[[befalls]]\nat_s = 1\nwhat = "kill"\nplace = "witness"\n',
            "witness has no 'conductor'; right is one of witness",
        ),
        (
            '[[befalls]]\nat_s = 1\nwhat = "kill"\nprocess = "lines"\n',
            "primary has no 'lines'; right is one of conductor",
        ),
        (
            '[[befalls]]\nat_s = 1\nwhat = "kill"\nprocess = "gate"\n',
            "primary has no 'gate'; right is one of conductor",
        ),
        ('[[befalls]]\nat_s = 1\nwhat = "kill"\nprocess = "gateway-1"\n', "gateway-1 of 1 gateways, counted from 0"),
        ('[[befalls]]\nat_s = 1\nwhat = "kill"\nprocess = "stage"\n', 'stage is a process with bank.executor = "ray"'),
        ('[[befalls]]\nat_s = 1\nwhat = "full_disk"\nprocess = "stage"\n', "process: a stage writes no files"),
        ('[[befalls]]\nat_s = 1\nwhat = "damage_book"\nplace = "witness"\n', "place: the witness has no day book"),
        (_AT + 'what = "partner_outage"\n', "partner: is needed by partner_outage; right is one of bureau, lists"),
        (_AT + 'what = "partner_outage"\npartner = "moon"\n', "partner: there is no 'moon'; right is one of bureau"),
        (
            _AT + 'what = "slow_partner"\npartner = "sms"\n',
            "delay_ms: is needed by slow_partner, the ms that each call",
        ),
        (_AT + 'what = "partner_outage"\npartner = "sms"\ndelay_ms = 3\n', "delay_ms: means nothing to partner_outage"),
        (_AT + 'what = "partner_outage"\npartner = "sms"\nplace = "remote"\n', "place: partner_outage befalls no site"),
        (
            _AT + 'what = "slow_partner"\npartner = "sms"\ndelay_ms = 0.4\n',
            "calls of a partner take whole ms longer; 0.4 was",
        ),
        (
            2 * (_AT + 'what = "partner_outage"\npartner = "sms"\nfor_s = 4\n'),
            "befalls.1.at_s: at 1 s something befalls sms already",
        ),
        (
            _AT + 'what = "partner_outage"\npartner = "sms"\nfor_s = 4\ntimes = 2\nevery_s = 3\n',
            "befalls.0.at_s: at 4 s something befalls sms already",
        ),
        (
            "[load]\napplications_s = 0\n" + _AT + 'what = "branch_outage"\nbranch = 1\n',
            "befalls: nobody applies (load.applications_s = 0), so a branch_outage befalls nobody",
        ),
        (_AT + 'what = "branch_outage"\n', "branch: is needed by branch_outage, the number of a branch"),
        (_AT + 'what = "branch_outage"\nbranch = 1\nplace = "remote"\n', "place: branch_outage befalls no site"),
        (_AT + 'what = "lose"\nbranch = 1\n', "branch: means nothing to lose; it goes with branch_outage"),
        (_AT + 'what = "lose"\npartner = "sms"\n', "partner: means nothing to lose; it goes with partner_outage"),
        ("[bank]\nsites = 1\n", "bank.sites: Input should be greater than or equal to 2"),
        ("[bank]\nsites = 2\nremote_after_s = 3\n", "bank.remote_after_s: a bank of 2 sites has no remote one"),
        (_ASK + 'at_s = 61\nsite = "same-city"\n', "drill.toml:9: decisions.0.at_s: 61 is after the load's end"),
        (
            "[bank]\nsites = 2\n" + _ASK + 'at_s = 60\nsite = "remote"\n',
            "drill.toml:12: decisions.0.site: there is no remote in a bank of 2 sites",
        ),
        ("[bank]\nsites = 2\n[expected]\nin_step = 3\n", "drill.toml:8: expected.in_step: 3 of 2 sites can't be"),
        (
            '[bank]\nsites = 2\n[expected]\nleader = "remote"\n',
            "drill.toml:8: expected.leader: there is no remote in a bank of 2 sites",
        ),
        (
            _AT + 'what = "wrong_clock"\nplace = "witness"\nahead_s = 9\n',
            "place: the witness's clock is compared with those of sites; give a site",
        ),
        ("[load]\nday_ends_at_s = [70]\n", "load.day_ends_at_s: 70 is after the load's end (60 s)"),
        ("[expected]\nrto_s = { all = 3 }\n", "expected.rto_s: nothing befalls the bank"),
        (
            '[load]\napplications_s = 0\n[[befalls]]\nat_s = 1\nwhat = "kill"\n[expected]\nrto_s = { all = 3 }\n',
            "expected.rto_s: nobody applies",
        ),
        ("[load]\napplications_s = 0\n[expected]\nlost_requests = 0\n", "expected.lost_requests: nobody applies"),
        (
            _KILL + "[expected.rto_s]\n" + "".join(f"{name} = 3\n" for name in ("all", *SERVICES)),
            "expected.rto_s.all: means nothing where each service is named",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, said: str, tmp_path: Path) -> None:
    assert said in wrong(tmp_path, text)


def test_what_a_bank_of_two_sites_can_do_is_asked_of_it(tmp_path: Path) -> None:
    """At the bounds of what is refused: the load's last moment, and all of its sites."""
    text = '[bank]\nsites = 2\n[expected]\nleader = "same-city"\nin_step = 2\n'
    (tmp_path / "drill.toml").write_text(f'{_HEAD}{text}{_ASK}at_s = 60\nsite = "same-city"\n', encoding="utf-8")
    found = load_drill(str(tmp_path / "drill.toml"))
    assert (found.decisions[0].at_s, found.load.seconds) == (60, 60)
    assert (found.expected.in_step, found.bank.sites) == (2, 2)


def test_a_drill_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"no drill 'lose'\. Known: .*lose_the_primary"):
        load_drill("lose")
    with pytest.raises(ScenarioError, match="can't read the drill's file"):
        load_drill(str(tmp_path / "none.toml"))
    (tmp_path / "bad.toml").write_text("name = ", encoding="utf-8")
    with pytest.raises(ScenarioError, match="not valid TOML"):
        load_drill(str(tmp_path / "bad.toml"))


def test_a_drill_that_is_drawn_is_the_same_again_and_befalls_one_thing_after_another() -> None:
    assert drawn(5) == drawn(5) != drawn(6)
    kinds = set()
    for seed in range(40):
        drill = drawn(seed)
        kinds |= {one.what for one in drill.befalls}
        for one, following in itertools.pairwise(drill.befalls):
            over_s = one.at_s + (one.for_s or 0) + (one.times - 1) * one.every_s
            assert over_s < following.at_s
        assert len(drill.befalls) >= 8
    assert kinds == {
        "kill", "hang", "lose", "cut", "slow_line", "full_disk", "slow_disk", "wrong_clock", "damage_book",
        "partner_outage", "slow_partner", "branch_outage",
    }  # fmt: skip


SLOW, CUT = (
    '[[befalls]]\nwhat = "slow_line"\ndelay_ms = 50\nto = "same-city"\n',
    '[[befalls]]\nwhat = "cut"\nto = "same-city"\n',
)
HUNG, LOST = '[[befalls]]\nwhat = "hang"\n', '[[befalls]]\nwhat = "lose"\n'


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (SLOW + "at_s = 1\nfor_s = 9", SLOW + "at_s = 9\nfor_s = 9"),
        (
            SLOW + "at_s = 1\nfor_s = 9",
            SLOW.replace("same-city", "primary") + 'place = "same-city"\nat_s = 9\nfor_s = 9',
        ),
        (CUT + "at_s = 1", CUT + "one_way = true\nat_s = 9\nfor_s = 9"),
        (CUT + "at_s = 1\nfor_s = 5\ntimes = 3\nevery_s = 4", ""),
        (HUNG + "at_s = 1\nfor_s = 9", HUNG + "at_s = 9"),
        (LOST + "at_s = 1", LOST + "at_s = 9"),
        (
            '[[befalls]]\nwhat = "slow_disk"\ndelay_ms = 9\nat_s = 9\nfor_s = 9',
            '[[befalls]]\nwhat = "slow_disk"\ndelay_ms = 9\nat_s = 1',
        ),
    ],
)
def test_what_would_be_ended_by_the_end_of_another_is_refused(tmp_path: Path, first: str, then: str) -> None:
    assert "something befalls" in wrong(tmp_path, f"{first}\n{then}")


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (SLOW + "at_s = 1\nfor_s = 8", SLOW + "at_s = 9\nfor_s = 9"),
        (SLOW + "at_s = 1\nfor_s = 9", CUT + "at_s = 2\nfor_s = 9"),
        (
            CUT + "one_way = true\nat_s = 1\nfor_s = 9",
            CUT.replace("same-city", "primary") + 'place = "same-city"\none_way = true\nat_s = 9',
        ),
        (HUNG + "at_s = 1\nfor_s = 9", HUNG + 'process = "gateway-0"\nat_s = 9'),
        (LOST + "at_s = 1", LOST + 'at_s = 9\n[[befalls]]\nwhat = "regain"\nat_s = 5'),
        ('[[befalls]]\nwhat = "kill"\nat_s = 1', '[[befalls]]\nwhat = "kill"\nat_s = 1'),
    ],
)
def test_what_ends_without_another_may_befall_beside_it(tmp_path: Path, first: str, then: str) -> None:
    file = tmp_path / "drill.toml"
    file.write_text(f"{_HEAD}{first}\n{then}", encoding="utf-8")
    assert len(load_drill(str(file)).befalls) >= 2


def test_whatever_damages_a_book_is_read_soon_since_the_process_that_has_it_begins_anew() -> None:
    damaged = 0
    for seed in range(40):
        for one, following in itertools.pairwise(drawn(seed).befalls):
            if one.what == "damage_book":
                damaged += 1
                assert (following.what, following.process) == ("kill", "conductor")
                assert (following.place, following.at_s) == (one.place, one.at_s + 1)
        assert drawn(seed).befalls[-1].what != "damage_book"
    assert damaged > 5
