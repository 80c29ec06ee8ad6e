"""What is true of people and what the bank never sees: how good a payer somebody is, what really comes in, who means to
defraud and with whom, who is on which list, who is patient. The bank learns of it only through documents, partners and
behaviour. Every method is a pure function of (seed, party), whole columns in and out, so partners, staff and
customers of any shard agree with one another."""

from __future__ import annotations

import numpy as np

from credit.codes import RiskList
from credit.policies.loading import load
from credit.policies.products import ProductPolicy
from credit.times import Bools, Ints
from scenarios.model import Scenario
from sim.curves import lognormal
from sim.facts import fact
from sim.population.people import People
from sim.randomness import PPM, Draws

CURVE_STEPS = 1_000
MISS_MOST_PPM = 900_000
GANG_SIZE = 8
_FRAUD_MISS_PPM = 850_000
_STRETCHED_PPM = 1_600_000
_LISTS = np.array([RiskList.CENTRAL_BANK, RiskList.DISHONEST_DEBTOR, RiskList.ASSOCIATION], dtype=np.int64)
_LIST_WEIGHTS = np.array([400_000, 400_000, 200_000], dtype=np.int64)
_MIDDLE_OF_WEAKEST = 0.1


class Truth:
    """The latent truth of one world's parties."""

    def __init__(self, seed: int, scenario: Scenario, products: ProductPolicy | None = None) -> None:
        catalogue = products or load("products", ProductPolicy, scenario.policies)
        self.people = People(scenario, seed, catalogue)
        self._script = self.people.script
        self._shape = scenario.population
        self._scripted_quality = self._script.column(lambda one: min(one.quality_ppm, PPM - 1))
        self._scripted_miss = self._script.column(lambda one: one.miss_ppm)
        self._draws = Draws(seed, "truth", _PURPOSES)
        self._curve = miss_curve(scenario.behaviour.miss_base_ppm, scenario.behaviour.miss_spread)
        self._tilt = np.full(len(self.people.mix_of_code), PPM, dtype=np.int64)
        for product in catalogue.products:
            self._tilt[product.code] = scenario.demand[product.key].miss_ppm
        self._patience = lognormal(PPM, 400_000, PPM // 10, 10 * PPM)
        self._gang_span = GANG_SIZE * PPM // max(self._shape.gang_ppm, 1)

    # money ----------------------------------------------------------------------------------------------------------

    def true_income_fen(self, party: Ints) -> Ints:
        """What really comes in a month; the form may declare more."""
        return self.people.true_income_fen(party)

    @fact
    def quality_ppm(self, party: Ints) -> Ints:
        """Latent credit quality as a rank, 0 … 999,999: half of all people lie below 500,000."""
        drawn = self._draws["quality"].ppm(party)
        return self._script.laid_over(drawn, party, self._scripted_quality)

    @fact
    def normal_miss_ppm(self, party: Ints) -> Ints:
        """Chance a month that an honest customer misses an instalment of an ordinary loan, in a normal economy."""
        quality = self.quality_ppm(party)
        drawn = self._curve[quality * CURVE_STEPS // PPM]
        stretched = np.where(self.people.inflates_income(party), _STRETCHED_PPM, PPM)
        chance = np.minimum(drawn * stretched // PPM, MISS_MOST_PPM)
        return self._as_scripted(chance, party)

    def miss_ppm(self, party: Ints, product: Ints) -> Ints:
        """Chance a month that the party misses an instalment of a product, in a normal economy; a fraudster hardly pays, and
        who is scripted misses as his script says, whatever the product."""
        chance = np.minimum(self.normal_miss_ppm(party) * self._tilt[product] // PPM, MISS_MOST_PPM)
        return self._as_scripted(np.where(self.is_fraud(party), _FRAUD_MISS_PPM, chance), party)

    def _as_scripted(self, chance: Ints, party: Ints) -> Ints:
        return self._script.laid_over(chance, party, self._scripted_miss)

    def willingness_ppm(self, party: Ints) -> Ints:
        """Willingness to repay once overdue: how likely a promise is meant, 0 … 1,000,000; it rises with quality."""
        drawn = 250_000 + self.quality_ppm(party) * 45 // 100 + self._draws["willingness"].below(300_000, party)
        return np.where(self.is_fraud(party), 20_000, drawn)

    # intent ---------------------------------------------------------------------------------------------------------

    @fact
    def is_fraud(self, party: Ints) -> Bools:
        """Who applies without meaning to repay; gangs are a part of them."""
        most = max(self._shape.fraud_ppm, self._shape.gang_ppm)
        return self._draws["fraud"].happens(most, party) & self._is_drawn(party)

    def gang(self, party: Ints) -> Ints:
        """Number of the gang (1 …) that the party works with; 0 for nearly everybody. Neighbours by number make up a gang."""
        member = self._draws["fraud"].happens(self._shape.gang_ppm, party) & self._is_drawn(party)
        return np.where(member, 1 + party // self._gang_span, 0)

    def shared_devices(self, party: Ints) -> Ints:
        """How many other applicants use the same device: many in a gang, rarely one in a family."""
        family = self._draws["family"].happens(40_000, party) & self._is_drawn(party)
        return np.where(self.gang(party) > 0, 3 + self._draws["devices"].below(6, party), family.astype(np.int64))

    def lists(self, party: Ints) -> Ints:
        """Risk lists that the party stands on, as `RiskList` bits; 0 for nearly everybody."""
        listed = self._draws["listed"].happens(self._shape.listed_ppm, party) & self._is_drawn(party)
        return np.where(listed, _LISTS[self._draws["list"].choice(_LIST_WEIGHTS, party)], 0)

    # temper ---------------------------------------------------------------------------------------------------------

    def patience_ppm(self, party: Ints) -> Ints:
        """How long the party takes over things and puts up with waiting, relative to the median customer."""
        return self._draws["patience"].quantile(self._patience, party)

    def _is_drawn(self, party: Ints) -> Bools:
        return party > len(self._script)


_PURPOSES = ("quality", "willingness", "fraud", "family", "devices", "listed", "list", "patience")


def miss_curve(base_ppm: int, spread: int) -> Ints:
    """Chance of a miss by quality in thousandths: `base_ppm` for the customer in the middle, `spread` times as much in the
    middle of the weakest fifth, as much less in the middle of the best, geometric in between."""
    points = range(CURVE_STEPS)
    powers = [(0.5 - (k + 0.5) / CURVE_STEPS) / (0.5 - _MIDDLE_OF_WEAKEST) for k in points]
    return np.array([min(round(base_ppm * spread**power), MISS_MOST_PPM) for power in powers], dtype=np.int64)
