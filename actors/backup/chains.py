"""Which backups together restore a bank: a full one, and incremental ones each of which follows upon what there is by then. An
incremental backup follows upon the one before it, whatever full backups lie between, so a full backup that is damaged costs
nothing but time: an older one restores the same.

Where a bank's day book became another one — a site that led without knowing of the others, and had its book copied anew — its
next backup is a full one that says from which window on, and so does each after it. What earlier backups hold from there on is
not what the bank did, and they count no further; a full backup is taken as a step too, so that an instant in between can be
restored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from actors.backup.container import Manifest
from actors.backup.errors import BackupError
from credit.times import text_of

Good = Callable[[Manifest], bool]
"""Whether a backup has a copy that is what was written."""


@dataclass
class Chain:
    """A full backup, what follows upon it, and the newest key data and logs that belong to it. `passed_over`: backups that would
    have been taken, and have no good copy."""

    full: Manifest
    steps: list[Manifest] = field(default_factory=list)
    beside: list[Manifest] = field(default_factory=list)
    """Key data and logs, the oldest first."""
    passed_over: list[Manifest] = field(default_factory=list)

    @property
    def last(self) -> Manifest:
        """The backup that the day book ends with."""
        return self.steps[-1] if self.steps else self.full


def living(manifests: Sequence[Manifest]) -> list[Manifest]:
    """The backups, the oldest first, without those whose windows are of a day book that the bank gave up since."""
    given_up = sorted({(time, window) for one in manifests for time, window in one.given_up})
    return [
        one
        for one in manifests
        if one.kind not in ("full", "incremental")
        or all(one.time >= time or one.following <= window for time, window in given_up)
    ]


def chain_to(manifests: Sequence[Manifest], at: int | None, good: Good) -> Chain:
    """The backups that restore a bank as it was at an instant of its own time (None: as far as they go). `manifests`: the oldest
    first. BackupError where nothing restores."""
    manifests = living(manifests)
    fulls = [one for one in manifests if one.kind == "full"]
    if not fulls:
        raise BackupError("there is no full backup in it; give the folder that holds the bank's full backups too")
    passed_over: list[Manifest] = []
    early = [one for one in fulls if at is None or one.until <= at]
    if not early and at is not None:
        raise BackupError(
            f"the first full backup is of {text_of(fulls[0].until)}, {text_of(at)} was asked for; give that or a later one"
        )
    for full in reversed(early):
        if not good(full):
            passed_over.append(full)
            continue
        found = Chain(full, passed_over=passed_over)
        _follow(found, manifests, at, good)
        found.beside = _beside(found, manifests, at, good)
        return found
    raise BackupError(f"none of its {len(early)} full backups can be restored: no copy of any is what was written")


def _follow(found: Chain, manifests: Sequence[Manifest], at: int | None, good: Good) -> None:
    """Takes whichever incremental backup follows, or else a full one, until there is none or it reaches the instant."""
    steps = [one for kind in ("incremental", "full") for one in manifests if one.kind == kind]
    while at is None or found.last.until <= at:
        reached, seal = found.last.following, found.last.seal
        following = [
            one
            for one in steps
            if one.first <= reached < one.following and (one.first < reached or one.seal_before == seal or not reached)
        ]
        taken = next((one for one in following if good(one)), None)
        found.passed_over += [one for one in following if one not in found.passed_over and not good(one)]
        if taken is None:
            break
        found.steps.append(taken)


def _beside(found: Chain, manifests: Sequence[Manifest], at: int | None, good: Good) -> list[Manifest]:
    """Key data, logs, and incremental backups in which no window is: those that are not of a later instant than was asked for."""
    others = [one for one in manifests if one.kind != "full" and one.time >= found.full.time and one not in found.steps]
    others = [one for one in others if one.kind != "incremental" or one.following <= found.last.following]
    return [one for one in others if (at is None or one.until <= at) and good(one)]
