"""What each fault does to the world of the fault search."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from credit.times import MINUTE_MS
from sim.search.plan import Fault, Kind

if TYPE_CHECKING:
    from sim.search.world import World


def befall(world: World, fault: Fault) -> None:
    """The fault happens."""
    _FAULTS[fault.kind](world, fault)


def _kill(world: World, fault: Fault) -> None:
    world.kill(world.sites[fault.site], fault.ticks)


def _kill_at_disk(world: World, fault: Fault) -> None:
    site = world.sites[fault.site]
    site.writes_left, site.after_write = fault.nth, fault.nth % 2 == 0


def _hang(world: World, fault: Fault) -> None:
    site = world.sites[fault.site]
    if site.up and not site.busy:
        site.hangs, site.back_at = True, world.tick + fault.ticks


def _cut(world: World, fault: Fault) -> None:
    _cut_one_way(world, fault)
    _cut_one_way(world, fault._replace(site=fault.other, other=fault.site))


def _cut_one_way(world: World, fault: Fault) -> None:
    world.cut[fault.site, fault.other] = world.tick + fault.ticks


def _lose_answers(world: World, fault: Fault) -> None:
    world.lose_answers[fault.site, fault.other] = world.tick + fault.ticks


def _race(world: World, fault: Fault) -> None:
    world.race[fault.site] = fault.nth


def _witness_away(world: World, fault: Fault) -> None:
    world.witness_away_until = world.tick + fault.ticks


def _disk_full(world: World, fault: Fault) -> None:
    world.sites[fault.site].full_until = world.tick + fault.ticks


def _commit_unheard(world: World, fault: Fault) -> None:
    world.sites[fault.site].unheard_in = fault.nth


def _damage_window(world: World, fault: Fault) -> None:
    """Only while another site in step has the book, and whole: what one alone holds, no other can bring back."""
    site, in_step = world.sites[fault.site], world.witness.configuration().in_step
    others = [
        other
        for other in world.sites.values()
        if other.name in in_step and other.up and other is not site and not other.disk.damaged
    ]
    if others and site.disk.damage("windows", "inputs", fault.nth):
        world.kill(site, fault.ticks)


def _damage_snapshot(world: World, fault: Fault) -> None:
    world.sites[fault.site].disk.damage("snapshot_parts", "content", fault.nth)


def _clock(world: World, fault: Fault) -> None:
    site = world.sites[fault.site]
    site.skew_ms = fault.nth * MINUTE_MS * (1 if fault.nth % 2 else -1)
    site.skew_until = world.tick + fault.ticks


def _cell_lost(world: World, fault: Fault) -> None:
    world.sites[fault.site].cells.lost_in = fault.nth


def _answers_lost(world: World, fault: Fault) -> None:
    world.customers.deaf_until = world.tick + fault.ticks


def _mail_twice(world: World, fault: Fault) -> None:
    world.customers.twice_until = world.tick + fault.ticks


def _switch(world: World, fault: Fault) -> None:
    world.switch(world.sites[fault.site])


def _by_hand(world: World, fault: Fault) -> None:
    world.by_hand(world.sites[fault.site])


def _twin(world: World, fault: Fault) -> None:
    world.twin(world.sites[fault.site], fault.ticks)


def _damage_backup(world: World, fault: Fault) -> None:
    if world.backups is not None:
        world.backups.damage(fault.nth)


def _restore(world: World, fault: Fault) -> None:
    if world.backups is not None:
        world.backups.restore(fault.nth - 1)


_FAULTS: Mapping[Kind, Callable[[World, Fault], None]] = {
    Kind.KILL: _kill,
    Kind.KILL_AT_DISK: _kill_at_disk,
    Kind.HANG: _hang,
    Kind.CUT: _cut,
    Kind.CUT_ONE_WAY: _cut_one_way,
    Kind.LOSE_ANSWERS: _lose_answers,
    Kind.RACE: _race,
    Kind.WITNESS_AWAY: _witness_away,
    Kind.DISK_FULL: _disk_full,
    Kind.COMMIT_UNHEARD: _commit_unheard,
    Kind.DAMAGE_WINDOW: _damage_window,
    Kind.DAMAGE_SNAPSHOT: _damage_snapshot,
    Kind.CLOCK: _clock,
    Kind.CELL_LOST: _cell_lost,
    Kind.ANSWERS_LOST: _answers_lost,
    Kind.MAIL_TWICE: _mail_twice,
    Kind.SWITCH: _switch,
    Kind.BY_HAND: _by_hand,
    Kind.TWIN: _twin,
    Kind.DAMAGE_BACKUP: _damage_backup,
    Kind.RESTORE: _restore,
}
