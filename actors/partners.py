"""What befalls partners of a bank that lives, as its world is told of it (`credit.room.PARTNER_TOLD`)."""

from __future__ import annotations

import numpy as np

from actors.sequencer import Command
from credit.bank import PIPELINE
from credit.codes import Partner
from credit.money import PPM
from credit.times import NEVER

EVERY = 0
"""All partners."""


def befalls(shards: int, partner: Partner | int, slower_ms: int = 0) -> list[Command]:
    """From now on calls of a partner go without an answer, or take so much longer."""
    return _told(shards, partner=int(partner), until=NEVER, share_ppm=PPM, slower_ms=slower_ms)


def over(shards: int, partner: Partner | int = EVERY) -> list[Command]:
    """What befell a partner is over."""
    return _told(shards, partner=int(partner), until=0, share_ppm=0, slower_ms=0)


def _told(shards: int, **columns: int) -> list[Command]:
    """A row for each shard (`actors.topology.shard_of_branch`)."""
    branches = np.arange(1, shards + 1)
    kinds = [room.partner_told for room in PIPELINE if room.partner_told is not None]
    return [Command(kind, kind.rows(shards, at=0, branch=branches, **columns)) for kind in kinds]
