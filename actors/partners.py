"""What befalls partners of a bank that lives, as its world is told of it (`credit.room.PARTNER_TOLD`)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from actors.sequencer import Command
from credit.bank import PIPELINE
from credit.codes import Partner
from credit.times import NEVER

WHOLE_PPM = 1_000_000
EVERY = 0
"""All partners."""


def befalls(shards: int, partner: Partner | int, share_ppm: int = WHOLE_PPM, slower_ms: int = 0) -> list[Command]:
    """From now on calls of a partner go without an answer, or take so much longer."""
    return _told(shards, partner=int(partner), until=NEVER, share_ppm=share_ppm, slower_ms=slower_ms)


def over(shards: int, partner: Partner | int = EVERY) -> list[Command]:
    """What befell a partner is over."""
    return _told(shards, partner=int(partner), until=0, share_ppm=0, slower_ms=0)


def _told(shards: int, **columns: int) -> list[Command]:
    """A row for each shard (`actors.topology.shard_of_branch`)."""
    branches: Sequence[int] = range(1, shards + 1)
    kinds = [room.partner_told for room in PIPELINE if room.partner_told is not None]
    return [Command(kind, kind.rows(shards, at=0, branch=np.array(branches), **columns)) for kind in kinds]
