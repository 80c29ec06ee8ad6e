"""The population: who comes to the bank and what they hand in (`sim.population.fidelity` says how near it is to what was
declared). Everybody is a pure function of the seed and a number, so a million customers need no memory and no
order."""

from sim.population.forms import Forms
from sim.population.people import People

__all__ = ["Forms", "People"]
