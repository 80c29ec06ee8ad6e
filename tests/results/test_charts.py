"""What the eye found once on drawn charts, held without a browser: looks that can be told apart, ticks that can happen, words in
number and language."""

from __future__ import annotations

import datetime as dt
import re

from credit.codes import Partner
from credit.room import DESKS
from results import book_charts, charts, compare_page, labels, load_report, names
from results.drill.words import LABELS as DRILL_LABELS
from results.formats import plain
from sim.population.defects import Defect


def test_every_class_of_the_world_has_a_chinese_name() -> None:
    words = [defect.name.lower().replace("_", " ") for defect in Defect]
    assert [word for word in words if names.band(word, {})[1] == word] == []


def test_a_count_of_one_is_not_said_in_the_plural() -> None:
    assert labels.words_of("customers", n="1") == ("1 customer", "1 位客户")
    assert labels.words_of("customers", n="2,000")[0] == "2,000 customers"
    every = labels.LABELS | DRILL_LABELS
    plurals = [found for words in every.values() for found in re.findall(r"\{\w+\} [a-z]+s\b", words[0])]
    assert plurals == ["{all} windows", "{what} does", "{rate} customers"]


def test_lines_and_bars_stay_apart_when_colours_are_used_up() -> None:
    day = dt.datetime(2026, 1, 1)
    queues = charts.queues([(day, desk.label, int(desk), 1.0) for desk in DESKS.values()], [], "day", 0)
    partners = charts.partners([(day, partner.name.lower(), 0.5) for partner in Partner], [], "day", 0)
    for figure in (queues, partners):
        looks = [(trace["line"]["color"], trace["line"]["dash"]) for trace in figure["data"]]
        assert len(set(looks)) == len(looks)
    series = {event: [(day, place + 1)] for place, event in enumerate(names.trouble())}
    broken = charts.trouble(series, [], "day", 0)["data"]
    colours = [trace["marker"]["color"] for trace in broken]
    assert len(set(colours)) == len(colours)
    assert broken[-1]["name"] == f"{len(series) - len(broken) + 1} other kinds"
    assert sum(trace["y"][0] for trace in broken) == sum(range(1, len(series) + 1))


def test_two_charts_that_are_compared_have_the_same_colours_and_axes() -> None:
    days = [dt.datetime(2026, 1, n) for n in (1, 2)]
    first = charts.queues(
        [(day, desk.label, int(desk), 1.0) for day in days for desk in [*DESKS.values()][:4]], [], "day", 0
    )
    second = charts.queues(
        [(day, desk.label, 90 - int(desk), 1.0) for day in days for desk in [*DESKS.values()][2:]], [], "day", 0
    )
    compare_page.alike(first, second)
    looks = [
        {trace["name"]: (trace["line"]["color"], trace["line"]["dash"]) for trace in figure["data"]}
        for figure in (first, second)
    ]
    shared = looks[0].keys() & looks[1].keys()
    assert len(shared) == 2
    assert all(looks[0][name] == looks[1][name] for name in shared)
    assert len({*looks[0].values(), *looks[1].values()}) == len(looks[0] | looks[1])
    assert first["layout"]["yaxis"]["range"] == second["layout"]["yaxis"]["range"]
    assert "dtick" not in first["layout"]["yaxis"]


def test_an_axis_that_is_none_of_dates_has_no_formats_of_dates() -> None:
    figures = [
        book_charts.vintages([("2026-01", 1, 0.1, 10, 1)], 0),
        load_report.flow([{"second": 1, "offered": 2, "accepted": 2, "shed": 0, "failed": 0}], 0),
    ]
    assert all(not figure["layout"]["xaxis"]["tickformatstops"] for figure in figures)


def test_a_second_between_seconds_without_answers_is_drawn() -> None:
    answered = {"latency_ms": {"p50": 5.0, "p99": 9.0}, "service_ms": {"p50": 4.0, "p99": 8.0}}
    rows = [{"second": second} | (answered if second in (1, 4, 5) else {}) for second in range(7)]
    for line in load_report.latency(rows, 1)["data"]:
        assert line["mode"] == "lines+markers"
        assert [second for second, size in enumerate(line["marker"]["size"]) if size] == [1]


def test_a_small_share_or_difference_is_not_told_as_nothing() -> None:
    assert [plain(value) for value in (0.00041, -0.0004, -0.0, 0.124, 12.34, 777_381_427.62, 5)] == [
        "0.00041",
        "-0.00040",
        "0",
        "0.124",
        "12.34",
        "777,381,427.62",
        "5",
    ]


def test_an_axis_of_a_few_has_whole_numbers_only() -> None:
    day = dt.datetime(2026, 1, 1)
    few = charts.queues([(day, "re_reviewer", 2, 1.0)], [], "day", 0)
    assert few["layout"]["yaxis"]["dtick"] == 1
    many = {event: [(day, 5)] for event in names.trouble()}
    assert "dtick" not in charts.trouble(many, [], "day", 0)["layout"]["yaxis"]  # each is few, their sum is not


def test_a_point_without_neighbours_is_marked() -> None:
    days = [dt.datetime(2026, 1, n) for n in range(1, 6)]
    rows = [(day, "manual", 1, (1_000, value)) for day, value in zip(days, (1, None, 1, None, 1), strict=True)]
    median, most = charts.waits_over_time(rows, [], "day", 0)["data"]
    assert median["mode"] == "lines"
    assert most["mode"] == "lines+markers"
    assert [bool(size) for size in most["marker"]["size"]] == [True, False, True, False, True]
