"""When backups are due, which of them restore a bank, and which are let go."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import pytest

from actors.backup.chains import chain_to
from actors.backup.container import Manifest
from actors.backup.errors import BackupError
from actors.backup.keeper import due
from actors.backup.making import Before
from actors.backup.places import outlived
from credit.policies import load
from credit.policies.backups import BackupPolicy

POLICY = load("backups", BackupPolicy)
CHINA = dt.timezone(dt.timedelta(hours=8))


def ms(clock: str, day: int = 10) -> int:
    return round(dt.datetime.fromisoformat(f"2026-03-{day:02d}T{clock}").replace(tzinfo=CHINA).timestamp() * 1_000)


@pytest.mark.parametrize(
    ("now", "last", "kinds"),
    [
        ("14:00", {}, ["full"]),
        ("02:59", {"full": ("03:00", 9), "incremental": ("02:30", 10), "log": ("02:40", 10)}, []),
        ("03:00", {"full": ("03:00", 9), "incremental": ("02:30", 10), "log": ("02:40", 10)}, ["full"]),
        ("03:00", {"full": ("14:00", 9)}, ["full", "incremental", "log"]),
        ("03:01", {"full": ("03:00", 10), "incremental": ("02:30", 10), "log": ("02:40", 10)}, []),
        ("03:30", {"full": ("03:00", 10), "incremental": ("02:30", 10)}, ["incremental", "log"]),
        ("15:00", {"full": ("14:00", 10), "log": ("14:40", 10)}, ["incremental"]),
        ("14:59", {"full": ("14:00", 10), "log": ("14:30", 10)}, []),
        ("14:30", {"full": ("14:00", 10)}, ["log"]),
        ("12:00", {"full": ("03:00", 8), "incremental": ("11:59", 10), "log": ("11:59", 10)}, ["full"]),
    ],
)
@pytest.mark.requirement("DR-01.a", "DR-02.a", "DR-04.a")
def test_what_is_due_by_the_banks_wall(now: str, last: Mapping[str, tuple[str, int]], kinds: list[str]) -> None:
    assert due(POLICY, ms(now), {name: ms(*at) for name, at in last.items()}) == kinds


def test_the_policy_says_what_the_requirements_say() -> None:
    assert (POLICY.incremental_minutes, POLICY.log_minutes) == (60, 30)
    assert 0 <= POLICY.full_from_minute <= 5 * 60


def one(kind: str, time: int, first: int = 0, following: int = 0, **more: object) -> Manifest:
    until = following * 10
    return Manifest("bank", kind, f"{time:032x}", time, first, following, f"s{first}", f"s{following}", until, **more)


LINE = [
    one("full", 1, 0, 10),
    one("incremental", 2, 10, 20),
    one("key", 3, 20, 20),
    one("incremental", 4, 20, 30),
    one("full", 5, 0, 33),
    one("incremental", 6, 30, 40),
    one("incremental", 7, 40, 40),
    one("log", 8),
]


def chain(at: int | None = None, bad: set[int] = frozenset()) -> tuple[list[int], list[int]]:  # type: ignore[assignment]
    found = chain_to(LINE, at, lambda backup: backup.time not in bad)
    return [backup.time for backup in (found.full, *found.steps)], [backup.time for backup in found.beside]


def test_the_newest_full_backup_and_what_follows_restore_a_bank() -> None:
    assert chain() == ([5, 6], [7, 8])
    assert chain(at=330) == ([5, 6], [8])
    assert chain(at=329) == ([1, 2, 4, 6], [3, 8])
    assert chain(at=100) == ([1, 2], [8])


def test_one_that_is_damaged_is_done_without() -> None:
    assert chain(bad={5}) == ([1, 2, 4, 6], [3, 7, 8])
    assert chain(bad={6}) == ([5], [8])
    assert chain(bad={2, 5}) == ([1], [3, 8])
    with pytest.raises(BackupError, match="none of its 2 full backups can be restored"):
        chain(bad={1, 5})


def test_key_data_and_logs_of_the_full_backups_instant_belong_to_it() -> None:
    """As of three o'clock, when a full backup, an incremental one and a log are due at once."""
    line = [one("full", 5, 0, 33), one("log", 5), one("key", 6, 33, 33)]
    assert chain_to(line, None, lambda _: True).beside == line[1:]
    assert chain_to(line, 329 + 1, lambda _: True).beside == line[1:]


def test_before_the_first_backup_there_is_nothing() -> None:
    with pytest.raises(
        BackupError, match=r"first full backup is of 1970-01-01 00:00:00\.100, 1970-01-01 00:00:00\.099 was"
    ):
        chain(at=99)
    with pytest.raises(BackupError, match="no full backup in it"):
        chain_to(LINE[1:4], None, lambda _: True)


def test_windows_of_a_book_that_went_another_way_do_not_follow() -> None:
    other = one("incremental", 9, 40, 50, audit=1)
    other = Manifest(**{**other.__dict__, "seal_before": "elsewhere"})
    assert [backup.time for backup in chain_to([*LINE, other], None, lambda _: True).steps] == [6]


def test_of_a_book_that_was_given_up_only_what_both_hold_is_restored() -> None:
    """Another book from window 20 on, whose first backup is the full one of 9."""
    line = [*LINE[:5], one("full", 9, 0, 36), one("key", 10, 36, 36), one("incremental", 11, 36, 50)]
    line[5:] = [Manifest(**{**it.__dict__, "seal": f"t{it.following}", "given_up": [[9, 20]]}) for it in line[5:]]
    line[7] = Manifest(**{**line[7].__dict__, "seal_before": "t36"})

    def steps(at: int | None, bad: int = 0) -> list[int]:
        found = chain_to(line, at, lambda it: it.time != bad)
        return [it.time for it in (found.full, *found.steps)]

    assert steps(None) == [9, 11]
    assert steps(340) == steps(250) == [1, 2, 9]
    assert steps(None, bad=9) == [1, 2]
    assert [it.time for it in chain_to([*line[:5], *line[6:]], None, lambda _: True).steps] == [2]
    before = Before.of(line)
    assert (before.following, before.seal) == (50, "t50")
    assert Before.of(line[:6]).seal == "t36"


def test_incremental_backups_follow_upon_one_another_whatever_full_ones_lie_between() -> None:
    before = Before.of(LINE[:5])
    assert (before.following, before.seal) == (30, "s30")
    assert Before.of(LINE[:1]).following == 10


def test_fulls_that_are_kept_and_key_data_until_the_next_incremental() -> None:
    assert outlived(LINE[:5], 1) == LINE[:4]
    assert outlived(LINE[:5], 2) == []
    assert outlived(LINE[:4], 2) == [LINE[2]]
    assert outlived(LINE, 1) == []
