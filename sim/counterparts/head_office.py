"""The world opposite head office: the same people as at the branch, one rank higher."""

from __future__ import annotations

from credit.head_office.subsystem import HeadOfficeSubsystem
from sim.counterparts.approval import of_desk
from sim.opposite import Opposite, World


def opposite(world: World) -> Opposite:
    """The approvers at head office."""
    return of_desk(HeadOfficeSubsystem, world)
