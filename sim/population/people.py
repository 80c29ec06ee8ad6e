"""Who the people are. Party p of a world is a pure function of (seed, p): its product wish and so its segment, its branch,
region, birthday, sex, resident ID number, name, mobile number, occupation, employment and income. Methods take
parties and return whole columns; nothing depends on which other parties are asked for at the same time."""

from __future__ import annotations

import datetime as dt

import numpy as np

from credit.codes import Segment
from credit.identifiers import mobiles, resident_ids
from credit.policies.products import ProductPolicy, columns_of
from credit.times import Bools, Ints, day_number
from scenarios.model import PARTIES_MAX, Scenario
from sim.curves import below_each, exponential, lognormal, shares_ppm
from sim.facts import fact
from sim.population.branches import Branches
from sim.population.script import ACCOUNT_BASE, PAYEE_BASE, Script
from sim.population.text import Codes, Texts, joined
from sim.population.vocabulary import GIVEN, OCCUPATIONS, SURNAMES, vocabulary
from sim.randomness import PPM, Draw, Draws, purpose_key

SERIALS = 500
"""Serial numbers of one sex in one county on one birthday."""
BLOCK_DAYS = 256
WORLD_DAY = day_number(dt.date(2026, 1, 1))
"""The day on which people have the ages and the working lives that the scenario declares. It is the same for every run: a
person's birthday and number follow neither a run's start nor its length, so who comes back to a bank is no stranger there."""
PARTIES = PARTIES_MAX
"""So many parties get different resident ID numbers."""
_SPREAD_ODD = 0x9E3779B1
_HUNDRED_YUAN = 10_000
_OCCUPATION_WEIGHTS = [6, 18, 12, 32, 6, 20, 0, 6]
_INFLATION_LEAST, _INFLATION_SPAN = 1_400_000, 1_600_000
_EARLIEST_WORK_YEARS = 18
THIN_MONTHS = 6


class People:
    """The parties of one world. All money in fen a month, days as day numbers."""

    def __init__(self, scenario: Scenario, seed: int, products: ProductPolicy) -> None:
        self.script = Script(scenario, products)
        self._shape = scenario.population
        self._vocabulary = vocabulary()
        self.keys = [product.key for product in products.products]
        self._mix = shares_ppm([scenario.demand[key].weight for key in self.keys])
        self.codes = np.array([product.code for product in products.products], dtype=np.int64)
        self.mix_of_code = np.zeros(int(self.codes.max()) + 1, dtype=np.int64)
        self.mix_of_code[self.codes] = np.arange(len(self.codes))
        self._segments, self._offered = np.zeros(len(self.mix_of_code), dtype=np.int64), columns_of(products).segments
        for product in products.products:
            self._segments[product.code] = Segment[product.segments[0].upper()]
        self._counties = np.concatenate(self._vocabulary.counties)
        self._county_counts = np.array([len(codes) for codes in self._vocabulary.counties], dtype=np.int64)
        self._county_first = self._county_counts.cumsum() - self._county_counts
        self._branches = Branches(seed, scenario.bank.branch_weights_ppm or [PPM] * scenario.bank.branches)
        self._regions = shares_ppm(self._shape.region_weights)
        self._ages = shares_ppm(self._shape.age_weights)
        self._blocks = _age_blocks(self._shape.age_bands)
        self._occupations = shares_ppm(_OCCUPATION_WEIGHTS)
        self._incomes = shares_ppm(self._shape.income_weights)
        self._bands = np.array(self._shape.monthly_income_bands, dtype=np.int64)
        self._band_widths = np.diff(self._bands)
        factors = (0, 1, self._shape.micro_income_factor, self._shape.enterprise_income_factor)
        self._income_factor = np.array(factors, dtype=np.int64)
        """By segment."""
        self._scripted_income = self.script.column(
            lambda one: one.income if one.true_income is None else one.true_income
        )
        self._employment = exponential(self._shape.employment_months_mean - THIN_MONTHS)
        self._size = lognormal(PPM, 500_000, PPM // 5, 5 * PPM)
        self._offset = int(purpose_key(seed, "person.number")) % PARTIES
        self._draws = Draws(seed, "person", _PURPOSES)
        self._other_product, self._day_in_block = (
            Draw(seed, f"person.{one}") for one in ("other_product", "day_in_block")
        )

    # where and what -------------------------------------------------------------------------------------------------

    @fact
    def product(self, party: Ints) -> Ints:
        """Code of the product the party first comes for, in the shares of the scenario's mix."""
        drawn = self.codes[self._draws["product"].choice(self._mix, party)]
        return self.script.laid_over(drawn, party, self.script.forms["product"])

    def other_product(self, party: Ints, occasion: Ints) -> Ints:
        """What an earlier customer comes back for: any product of the same segment, in the shares of the mix."""
        first = self.product(party)
        drawn = self.codes[self._other_product.choice(self._mix, party, occasion)]
        return np.where(self._offered[drawn, self._segments[first]], drawn, first)

    @fact
    def segment(self, party: Ints) -> Ints:
        """Customer segment: it follows from the product first wished for (CUS-01, CUS-02)."""
        return self.script.laid_over(self._segments[self.product(party)], party, self.script.forms["segment"])

    @fact
    def branch(self, party: Ints) -> Ints:
        """The branch the party banks with, 1 … branches."""
        drawn = self._branches.of(party)
        return self.script.laid_over(drawn, party, self.script.forms["branch"])

    # the person -----------------------------------------------------------------------------------------------------

    @fact
    def region(self, party: Ints) -> Ints:
        """The great region, 1 … 6, in which the person was registered."""
        return self._draws["region"].choice(self._regions, party) + 1

    @fact
    def male(self, party: Ints) -> Bools:
        return self._draws["sex"].happens(PPM // 2, party)

    @fact
    def birth_day(self, party: Ints) -> Ints:
        """Day number of the birthday; the age on `WORLD_DAY` lies in the bands of the scenario."""
        return WORLD_DAY - self._age_days(party, self._place(party)[2])

    def county(self, party: Ints) -> Ints:
        """Six-digit number of the county or district."""
        return self._place(party)[0]

    def id_numbers(self, party: Ints) -> Texts:
        """Resident ID numbers (GB 11643): valid, and different for each of the first `PARTIES` parties. For a firm, that of
        its legal representative."""
        county, serial, within = self._place(party)
        birth = WORLD_DAY - self._age_days(party, within)
        return resident_ids(county, birth, serial)

    def person_names(self, party: Ints) -> Codes:
        """Names as code points, 16 wide: surnames and given names, by sex."""
        given = self._draws["given"].below(GIVEN, party)
        words = self._vocabulary
        chosen = np.where(self.male(party)[:, None], words.given_male[given], words.given_female[given])
        return joined(16, [self.surnames(party), chosen])

    def surnames(self, party: Ints) -> Codes:
        return self._vocabulary.surnames[self._draws["surname"].below(SURNAMES, party)]

    def mobiles(self, party: Ints) -> Texts:
        """Mobile numbers: a carrier's prefix and eight digits."""
        prefixes = self._vocabulary.mobile_prefixes
        prefix = prefixes[self._draws["carrier"].below(len(prefixes), party)]
        return mobiles(prefix, self._draws["mobile"].below(100_000_000, party))

    def occupation(self, party: Ints) -> Ints:
        """Main class of the occupation, 1 … 8; who runs a firm is class 1 (负责人)."""
        drawn = self._draws["occupation"].choice(self._occupations, party) + 1
        assert len(_OCCUPATION_WEIGHTS) == len(OCCUPATIONS)
        return np.where(self.segment(party) == Segment.INDIVIDUAL, drawn, 1)

    @fact
    def employment_months(self, party: Ints) -> Ints:
        """Months with the employer, or since a firm was founded; a declared share have less than half a year."""
        drawn = THIN_MONTHS + self._draws["employment"].quantile(self._employment, party)
        years = (WORLD_DAY - self.birth_day(party)) * 4 // 1_461
        most = np.maximum((years - _EARLIEST_WORK_YEARS) * 12, THIN_MONTHS)
        few = self._draws["thin_months"].below(THIN_MONTHS, party)
        thin = self._draws["thin"].happens(self._shape.thin_employment_ppm, party)
        months = np.where(thin, few, np.minimum(drawn, most))
        return self.script.laid_over(months, party, self.script.forms["employment_months"])

    def accounts(self, party: Ints) -> tuple[Ints, Ints]:
        """The party's own account and that of its usual payee, 19 digits each."""
        return ACCOUNT_BASE + party, PAYEE_BASE + party

    # money ----------------------------------------------------------------------------------------------------------

    @fact
    def personal_income_fen(self, party: Ints) -> Ints:
        """A person's true income a month, in the bands of the scenario, before any firm's size comes into it."""
        band = self._draws["income_band"].choice(self._incomes, party)
        within = self._draws["income"].ppm(party)
        return self._bands[band] + self._band_widths[band] * within // PPM // 100 * 100

    @fact
    def true_income_fen(self, party: Ints) -> Ints:
        """What really comes in a month: a person's income, or a firm's takings."""
        person, segment = self.personal_income_fen(party), self.segment(party)
        size = np.where(segment == Segment.INDIVIDUAL, PPM, self._draws["firm_size"].quantile(self._size, party))
        drawn = person * self._income_factor[segment] // 1_000 * (size // 1_000)
        return self.script.laid_over(drawn, party, self._scripted_income)

    @fact
    def inflates_income(self, party: Ints) -> Bools:
        """Who declares far more than comes in."""
        return self._draws["inflates"].happens(self._shape.income_inflation_ppm, party) & (party > len(self.script))

    def declared_income_fen(self, party: Ints) -> Ints:
        """What the form says, in hundreds of yuan: the truth, or 1.4 to 3 times of it."""
        more = _INFLATION_LEAST + self._draws["inflation"].below(_INFLATION_SPAN, party)
        factor = np.where(self.inflates_income(party), more, PPM)
        declared = self.true_income_fen(party) // 1_000 * (factor // 1_000) // _HUNDRED_YUAN * _HUNDRED_YUAN
        return self.script.laid_over(declared, party, self.script.forms["income_fen"])

    # the number of a person -----------------------------------------------------------------------------------------

    @fact
    def _place(self, party: Ints) -> tuple[Ints, Ints, Ints]:
        """County, serial number and the day within a block of birthdays. Parties are spread over (county, serial, day)
        one to one, so two parties of one region and sex never share all three."""
        spread = (party * _SPREAD_ODD + self._offset) % PARTIES
        region = self.region(party) - 1
        counts, first = self._county_counts[region], self._county_first[region]
        lap, county_serial = np.divmod(spread, counts * SERIALS)
        serial, county = np.divmod(county_serial, counts)
        shuffled = self._day_in_block.below(BLOCK_DAYS, county_serial, region)
        return self._counties[first + county], serial * 2 + self.male(party), (shuffled + lap) % BLOCK_DAYS

    def _age_days(self, party: Ints, within: Ints) -> Ints:
        band = self._draws["age_band"].choice(self._ages, party)
        first, count = self._blocks
        block = first[band] + below_each(self._draws["age"], count[band], party)
        return block * BLOCK_DAYS + within


_PURPOSES = (
    "product",
    "region",
    "sex",
    "surname",
    "given",
    "carrier",
    "mobile",
    "occupation",
    "employment",
    "thin",
    "thin_months",
    "income_band",
    "income",
    "firm_size",
    "inflates",
    "inflation",
    "age_band",
    "age",
)


def _age_blocks(bands: list[int]) -> tuple[Ints, Ints]:
    """For each age band the first whole block of `BLOCK_DAYS` days inside it, and how many there are."""
    edges = np.array([years * 1_461 // 4 for years in bands], dtype=np.int64)
    first = -(-(edges[:-1] + 1) // BLOCK_DAYS)
    return first, edges[1:] // BLOCK_DAYS - first
