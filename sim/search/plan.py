"""What befalls a bank: faults by tick, drawn from a seed, written as lines that a person reads, and drawn again from them."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from random import Random
from typing import NamedTuple

SITES = ("primary", "same-city", "remote")
"""主中心, 同城中心, 异地中心."""
NEAR = SITES[:2]
"""Those that are in step while all is well."""
WITNESS = "witness"
SPARE = "spare"
"""Cells of a process that is started while another of its site goes on."""
PROOF = "proof"
"""Cells on which a bank is worked again."""
TICKS = 30
"""How long faults befall the bank; a tick is what passes between two signs of life of a site."""
FAULTS_MAX = 9
NTH_MAX = 1_000
"""Far more calls, writes or windows than a seed has."""


class Kind(StrEnum):
    """A fault; in brackets what it needs besides."""

    KILL = "kill"
    """A site's process is gone at once, and started anew after `ticks`."""
    KILL_AT_DISK = "kill-at-disk"
    """It is gone at its `nth`-th write from now on: just before it if that is odd, else just after."""
    HANG = "hang"
    """It does nothing for `ticks`, and then goes on as if nothing had been."""
    CUT = "cut"
    """Nothing passes between two sites, either way."""
    CUT_ONE_WAY = "cut-one-way"
    """Calls of a site do not reach another."""
    LOSE_ANSWERS = "lose-answers"
    """Calls of a site reach another and are done there; the answers do not come back."""
    RACE = "race"
    """Everybody else goes on for a tick while a site's `nth`-th call is on its way."""
    WITNESS_AWAY = "witness-away"
    DISK_FULL = "disk-full"
    COMMIT_UNHEARD = "commit-unheard"
    """A site's `nth`-th write from now on is done, and an error is heard of it."""
    DAMAGE_WINDOW = "damage-window"
    """A byte of a window in a site's book changes; its process is started anew."""
    DAMAGE_SNAPSHOT = "damage-snapshot"
    CLOCK = "clock"
    """A site's clock is wrong by `nth` minutes, ahead where odd."""
    CELL_LOST = "cell-lost"
    """A cell of the leader is gone in the middle of its `nth`-th step."""
    ANSWERS_LOST = "answers-lost"
    """No customer hears an answer."""
    MAIL_TWICE = "mail-twice"
    """What customers send arrives at two sites, and again later."""
    SWITCH = "switch"
    """The leader is told to hand over to a site in step."""
    BY_HAND = "by-hand"
    """Two people have a site take over, whoever leads."""
    TWIN = "twin"
    """A leader's process is taken for gone and started anew; the first one goes on beside it for `ticks`."""
    DAMAGE_BACKUP = "damage-backup"
    """A byte of one copy of the `nth`-newest backup changes."""
    RESTORE = "restore"
    """Two people restore a copy of the bank from its backups alone, as it was `nth` - 1 windows before the last backed up."""


class Fault(NamedTuple):
    """One fault: when, what, where (`other`: the far end of a line), for how many ticks, and the how manieth."""

    tick: int
    kind: Kind
    site: str
    other: str
    ticks: int
    nth: int

    def __str__(self) -> str:
        return f"{self.tick} {self.kind} {self.site} {self.other} {self.ticks} {self.nth}"


Weights = dict[Kind, float]
PROFILES: dict[str, Callable[[Random], Weights]] = {}


def _profile(function: Callable[[Random], Weights]) -> Callable[[Random], Weights]:
    PROFILES[function.__name__] = function
    return function


@_profile
def mixed(draw: Random) -> Weights:
    """Every fault alike."""
    del draw
    return dict.fromkeys(Kind, 1.0)


@_profile
def swarm(draw: Random) -> Weights:
    """Each seed leaves half of the kinds out (Groce et al., Swarm Testing, 2012): what one fault hides, another seed shows."""
    chosen = draw.sample(list(Kind), len(Kind) // 2)
    return {kind: draw.uniform(0.5, 2.0) for kind in chosen}


@_profile
def crashes(draw: Random) -> Weights:
    """Processes that die and hang, and nothing else."""
    del draw
    return dict.fromkeys((Kind.KILL, Kind.KILL_AT_DISK, Kind.HANG, Kind.CELL_LOST), 1.0)


@_profile
def lines(draw: Random) -> Weights:
    """Lines that are cut and lose answers, and nothing else."""
    del draw
    return dict.fromkeys((Kind.CUT, Kind.CUT_ONE_WAY, Kind.LOSE_ANSWERS, Kind.RACE, Kind.WITNESS_AWAY), 1.0)


@_profile
def backups(draw: Random) -> Weights:
    """What backups meet with: copies that are damaged, books that are copied anew, and people who restore."""
    del draw
    chosen = {Kind.RESTORE: 3.0, Kind.DAMAGE_BACKUP: 3.0}
    return chosen | dict.fromkeys((Kind.KILL_AT_DISK, Kind.CUT, Kind.BY_HAND, Kind.RACE, Kind.DAMAGE_WINDOW), 1.0)


def drawn(seed: int, profile: str = "swarm") -> list[Fault]:
    """The faults of a seed, in their order."""
    draw = Random(f"faults {profile} {seed}")
    weights = PROFILES[profile](draw)
    found = []
    for _ in range(draw.randint(1, FAULTS_MAX)):
        [kind] = draw.choices(list(weights), list(weights.values()))
        near = draw.random() < 0.85
        site = draw.choice(NEAR if near else SITES)
        other = draw.choice([one for one in (*SITES, WITNESS) if one != site])
        found.append(Fault(draw.randrange(2, TICKS), kind, site, other, draw.randint(1, 8), draw.randint(1, 12)))
    return sorted(found)


def fault_of(line: str) -> Fault:
    """The fault that a line says. ValueError where it says none."""
    try:
        tick, kind, site, other, ticks, nth = line.split()
        fault = Fault(int(tick), Kind(kind), site, other, int(ticks), int(nth))
    except ValueError:
        raise ValueError(
            f"{line!r} is no fault: TICK KIND SITE OTHER TICKS NTH, such as 5 kill primary witness 3 1"
        ) from None
    if fault.site not in SITES or fault.other not in (*SITES, WITNESS):
        raise ValueError(f"{line!r}: sites are {', '.join(SITES)}, and OTHER may be the {WITNESS}")
    if fault.site == fault.other:
        raise ValueError(f"{line!r}: SITE and OTHER are the same; OTHER is another place")
    for name, given, most in (("TICK", fault.tick, TICKS), ("TICKS", fault.ticks, TICKS), ("NTH", fault.nth, NTH_MAX)):
        if not 1 <= given <= most:
            raise ValueError(f"{line!r}: {name} is {given}; right is 1 to {most}")
    return fault
