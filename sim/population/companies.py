"""The firms: names and unified social credit codes (统一社会信用代码). A micro business carries its owner's surname and its trade
(李氏食品店), an enterprise a city and a firm name. A firm is the party itself; its owner, or legal representative,
is the person `People` draws for the same party."""

from __future__ import annotations

import numpy as np

from credit.codes import Segment
from credit.identifiers import credit_codes
from credit.masks import any_of
from credit.times import Ints
from sim.population.people import People
from sim.population.text import Codes, Texts, codes_of, joined
from sim.population.vocabulary import vocabulary
from sim.randomness import Draws

NAME_WIDTH = 16
CODE_WIDTH = 18


class Companies:
    """Names and codes of micro and enterprise parties."""

    def __init__(self, people: People, seed: int) -> None:
        self._people = people
        self._vocabulary = vocabulary()
        self._family = codes_of(["氏"], 1)
        self._draws = Draws(seed, "company", ("trade", "city", "prefix", "suffix"))

    def names(self, party: Ints, segment: Ints) -> Codes:
        """Names of the applicants as code points, 16 wide: persons, micro businesses and enterprises."""
        names = self._people.person_names(party)
        micro, firm = segment == Segment.MICRO, segment == Segment.ENTERPRISE
        names[micro] = self._micro(party[micro])
        names[firm] = self._enterprise(party[firm])
        return names

    def credit_codes(self, party: Ints, segment: Ints) -> Texts:
        """Unified social credit codes; empty for persons."""
        codes = np.zeros(len(party), dtype=f"U{CODE_WIDTH}")
        firms = segment != Segment.INDIVIDUAL
        if any_of(firms):
            codes[firms] = credit_codes(self._people.county(party[firms]), party[firms])
        return codes

    def _micro(self, party: Ints) -> Codes:
        family = np.broadcast_to(self._family, (len(party), 1))
        return joined(NAME_WIDTH, [self._people.surnames(party), family, self._pick("trade", party)])

    def _enterprise(self, party: Ints) -> Codes:
        return joined(NAME_WIDTH, [self._pick(name, party) for name in ("city", "prefix", "suffix")])

    def _pick(self, name: str, party: Ints) -> Codes:
        words = {
            "trade": self._vocabulary.trades,
            "city": self._vocabulary.cities,
            "prefix": self._vocabulary.firm_prefixes,
            "suffix": self._vocabulary.firm_suffixes,
        }[name]
        return words[self._draws[name].below(len(words), party)]
