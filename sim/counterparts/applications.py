"""The world opposite the application desk: nobody answers there, forms come by themselves."""

from __future__ import annotations

from sim.arrivals import Arrivals
from sim.opposite import Opposite, World


def opposite(world: World) -> Opposite:
    """Arrivals at the branches of a shard."""
    return Opposite(source=Arrivals(world.scenario, world.seed).source(world.branches))
