"""Who led, by what sites said of themselves and by what was noted; and which writes a deposed leader said yes to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from results.drill.leading import takeovers, terms, two_leaders
from results.drill.record import Record, read
from tests.results.drill.records import Made, bare, drill_of, tried


def led(until: float) -> Made:
    """The primary says until then that it leads epoch 1; the same-city site leads epoch 2 from 30 s on."""
    record = bare(drill_of([], expected={"rto_s": {}}))
    for tick in range(250):
        t = round(tick * 0.2, 3)
        spans = {"primary": (1, 0.0, until), "same-city": (2, 30.0, 50.0)}
        said = {
            name: {"leads": True, "leader": name, "epoch": epoch}
            for name, (epoch, since, last) in spans.items()
            if since <= t <= last
        }
        record.sites.append({"t": t, "sites": said})
    return record


def deposed(record: Made, folder: Path) -> list[dict[str, Any]]:
    found = read(record.write(folder))
    of: list[dict[str, Any]] = two_leaders(found, terms(found.samples))["deposed_writes"]
    return of


def test_a_write_counts_from_the_try_that_was_acknowledged_not_from_what_the_client_meant(tmp_path: Path) -> None:
    record = led(until=40.0)
    record.requests += tried("again", (29.0, 29.9), (30.5, 30.6), service="applications")
    record.requests += tried("before", (29.9, 30.1), service="applications")
    record.requests += tried("question", (30.5, 30.6))
    [one] = deposed(record, tmp_path)
    assert (one["id"], one["epoch"], one["later_site"], one["later_epoch"]) == ("again", 1, "same-city", 2)


@pytest.mark.parametrize(("until", "writes"), [(30.3, 0), (31.0, 0), (31.2, 1)])
def test_a_site_led_a_write_only_where_a_whole_look_later_it_still_says_so(
    until: float, writes: int, tmp_path: Path
) -> None:
    """A look at all sites takes up to a second, so one that ends its term meanwhile may not have been who answered."""
    record = led(until)
    record.requests += tried("one", (30.05, 30.1), service="applications")
    assert len(deposed(record, tmp_path)) == writes


def changes(record: Record) -> int:
    return takeovers(record, terms(record.samples))


@pytest.mark.parametrize(
    ("noted", "times"),
    [
        ([], 1),
        (["same-city"], 1),
        (["primary", "same-city"], 1),
        (["remote", "same-city"], 2),
        (["primary", "remote", "primary", "same-city"], 3),
        (["primary"], 1),
    ],
)
def test_takeovers_are_those_that_were_sampled_or_those_that_were_noted_where_these_are_more(
    noted: list[str], times: int, tmp_path: Path
) -> None:
    record = led(until=29.8)
    for number, name in enumerate(noted):
        record.event(25.0 + number, "leads", name)
    assert changes(read(record.write(tmp_path))) == times
