"""Where a home stands among the sites (中心) of its bank. Each site gives out numbers of its own and counts on its own, so that
two sites that do not hear of each other never give one number to two people, and never count one thing for another. A home that
knows of no other site is the only one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from actors.identity.database import Database
from actors.identity.errors import IdentityError

SITES_MAX = 3
_DIGIT_BITS = 20
_DIGIT = (1 << _DIGIT_BITS) - 1
TABLE = "CREATE TABLE IF NOT EXISTS place (name TEXT NOT NULL, sites TEXT NOT NULL)"


class Place(NamedTuple):
    """The site's name among those of all, which stand in the same order at every site."""

    name: str = ""
    sites: tuple[str, ...] = ("",)

    @classmethod
    def read(cls, database: Database) -> Place:
        """The place that was kept; that of the only site where none was."""
        database.run(TABLE)
        row = database.row("SELECT name, sites FROM place")
        return cls(row["name"], tuple(json.loads(row["sites"]))) if row is not None else cls()

    def keep(self, database: Database) -> None:
        """Keeps it, before anybody signs in or is given a number. IdentityError where the bank's sites were others, since they
        count by their places."""
        with database.transaction():
            before = self.read(database)
            if before.name and self.sites[: len(before.sites)] != before.sites:
                raise IdentityError(
                    f"sites {', '.join(self.sites)}: this bank's were {', '.join(before.sites)}; name others behind these"
                )
            database.run("DELETE FROM place")
            database.run("INSERT INTO place VALUES (?, ?)", self.name, json.dumps(self.sites))

    def next_number(self, largest: int) -> int:
        """The least number above `largest` that is this site's to give."""
        return largest + (self.sites.index(self.name) - largest) % len(self.sites) + 1

    def giver(self, number: int) -> str:
        """The site whose number it is."""
        return self.sites[(number - 1) % len(self.sites)]

    @property
    def step(self) -> int:
        """By how much a generation rises for a change made here: each site has digits of its own, so two generations are the same
        only where both have seen the same changes."""
        return 1 << _DIGIT_BITS * self.sites.index(self.name)


def place_among(name: str, sites: Sequence[str]) -> Place:
    """A place; IdentityError where it is none."""
    if name not in sites or len(set(sites)) != len(sites) or len(sites) > SITES_MAX:
        raise IdentityError(
            f"site {name!r} of {', '.join(sites)}: up to {SITES_MAX} different names, its own among them, are needed"
        )
    return Place(name, tuple(sites))


def later(one: int, other: int) -> int:
    """The generation that has seen the changes of both: of each site's digits, the larger."""
    digits = range(0, SITES_MAX * _DIGIT_BITS, _DIGIT_BITS)
    return sum(max(one >> at & _DIGIT, other >> at & _DIGIT) << at for at in digits)
