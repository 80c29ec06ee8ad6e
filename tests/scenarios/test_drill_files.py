"""Drill files: those that come with Lendrill can be used, and what is wrong with one is told with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from scenarios.drill import drill_names, load_drill
from scenarios.loading import ScenarioError

_HEAD = 'name_zh = "演练"\nname_en = "A drill"\nabout_zh = "。"\nabout_en = "."\n'


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
            "drill.toml: restore.site: there is no remote in a bank of 2 sites",
        ),
        ("[restore]\nback_up_at_s = 70\n", "drill.toml: restore.back_up_at_s: 70 is after the load's end"),
        ('[[befalls]]\nat_s = 1\nwhat = "cut"\n', "drill.toml:5: befalls.1: to: is needed by cut"),
        ('[[befalls]]\nat_s = 1\nwhat = "kill"\nto = "remote"\n', "drill.toml:5: befalls.1: to: means nothing to kill"),
        (
            '[bank]\nsites = 2\n[[befalls]]\nat_s = 1\nwhat = "lose"\nplace = "remote"\n',
            "drill.toml: befalls[1]: there is no remote in a bank of 2 sites",
        ),
        ("[load]\nseconds = 1\n", "drill.toml:6: load.seconds: Input should be greater than or equal to 5"),
        ('[expected]\nleadr = "primary"\n', "drill.toml:6: expected.leadr: Extra inputs are not permitted"),
        ("[expected.rto_s]\nscoring = 3\n", "expected.rto_s.scoring"),
        ('[[befalls]]\nat_s = 90\nwhat = "lose"\n', "drill.toml: befalls[1].at_s: 90 is after the load's end (60 s)"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, said: str, tmp_path: Path) -> None:
    assert said in wrong(tmp_path, text)


def test_a_drill_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"no drill 'lose'\. Known: .*lose_the_primary"):
        load_drill("lose")
    with pytest.raises(ScenarioError, match="can't read the drill's file"):
        load_drill(str(tmp_path / "none.toml"))
    (tmp_path / "bad.toml").write_text("name = ", encoding="utf-8")
    with pytest.raises(ScenarioError, match="not valid TOML"):
        load_drill(str(tmp_path / "bad.toml"))
