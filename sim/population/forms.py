"""The forms that customers hand in: `SubmitApplication` rows from references. A form is a pure function of (seed, reference),
the person on it of (seed, party). 3,000 forms are one pass over whole columns, with the declared share of defects."""

from __future__ import annotations

import numpy as np

from credit.applications.contract import SubmitApplication
from credit.applications.ranges import Ranges
from credit.calendar import is_workday
from credit.codes import Channel, Consent, Segment
from credit.identifiers import ages_at
from credit.masks import any_of
from credit.numbers import PEOPLE_PER_BRANCH, person_of
from credit.policies import load
from credit.policies.admission import AdmissionPolicy
from credit.policies.products import ProductPolicy, columns_of
from credit.room import Rows
from credit.times import DAY_MS, HOUR_MS, Bools, Ints
from scenarios.model import Scenario
from sim.curves import below_each
from sim.occasions import party_of, visit_of
from sim.population.companies import Companies
from sim.population.defects import Defects
from sim.population.particulars import Particulars
from sim.population.people import People
from sim.population.text import texts_of
from sim.population.visits import Visits
from sim.population.vocabulary import PURPOSES
from sim.population.wishes import Wishes
from sim.randomness import PPM, Draws
from sim.staff.managers import Managers

RESIDENT_ID = 1
COUNTER_OPENS, COUNTER_CLOSES = 9, 17
_CLERKS_SEAT = 42
"""The seat of counter clerks in `posts.toml`: no desk, they have no worklist."""
_ALL_CONSENTS = int(Consent.BUREAU | Consent.PERSONAL_DATA | Consent.AUTO_DEBIT)
_OPTIONAL_PPM = 550_000
_RESTATED_STEP_FEN = 20_000
# Shares of the channels in the order of `Channel`, counters open and closed.
_CHANNELS_OPEN = {
    Segment.INDIVIDUAL: [180_000, 560_000, 130_000, 30_000, 100_000],
    Segment.MICRO: [100_000, 150_000, 300_000, 450_000, 0],
    Segment.ENTERPRISE: [50_000, 0, 150_000, 800_000, 0],
}
_CHANNELS_CLOSED = {
    Segment.INDIVIDUAL: [230_000, 650_000, 0, 0, 120_000],
    Segment.MICRO: [350_000, 650_000, 0, 0, 0],
    Segment.ENTERPRISE: [1_000_000, 0, 0, 0, 0],
}


class Forms:
    """Forms of one world's applications."""

    def __init__(self, scenario: Scenario, seed: int, products: ProductPolicy, people: People | None = None) -> None:
        self.people = people or People(scenario, seed, products)
        self.companies = Companies(self.people, seed)
        self.visits = Visits(scenario, seed)
        admission = load("admission", AdmissionPolicy, scenario.policies)
        self.wishes = Wishes(scenario, seed, products)
        self._ranges, self.particulars = Ranges(admission, products), Particulars(admission, products, seed)
        self.defects = Defects(scenario, seed, products)
        self._shape, self._managers = scenario.population, Managers(scenario, seed)
        columns = columns_of(products)
        self._required, self._conditional, self._optional = columns.required, columns.conditional, columns.optional
        self._entrusted = columns.entrusted
        self._purposes, self._purpose_counts = _purposes(products, len(columns.known))
        self._channels = np.stack([_channel_edges(_CHANNELS_CLOSED), _channel_edges(_CHANNELS_OPEN)])
        names = ("channel", "purpose", "optional", "late", "debit", "restated")
        self._draws = Draws(seed, "form", names)

    def forms(self, reference: Ints, at: Ints) -> Rows:
        """`SubmitApplication` rows of applications at their instants, in the order given."""
        scripted = party_of(reference) <= len(self.people.script)
        if not any_of(scripted):
            return self._drawn(reference, at)
        rows = SubmitApplication.empty(len(reference))
        rows[~scripted] = self._drawn(reference[~scripted], at[~scripted])
        told = self.people.script.forms[party_of(reference[scripted])]
        told["begun_by"] = self._begun_by(told, party_of(reference[scripted]), told["at"])
        rows[scripted] = told
        return rows

    def _drawn(self, reference: Ints, at: Ints) -> Rows:
        rows = SubmitApplication.empty(len(reference))
        if not len(reference):
            return rows
        party, visit = party_of(reference), visit_of(reference)
        rows["at"], rows["party"] = at, reference
        self._person(rows, party)
        again = self.visits.again(reference)
        rows["income_fen"] += self._restated_fen(rows["income_fen"], party, visit, again)
        other = again & ~self.visits.in_a_rush(reference)
        rows["product"] = np.where(other, self.people.other_product(party, visit), self.people.product(party))
        self._wish(rows, party, visit)
        self.particulars.fill(rows, party, visit, rows["segment"] != Segment.INDIVIDUAL)
        self._papers(rows, party, visit)
        rows["channel"] = self._channel(rows["segment"], reference, at)
        rows["begun_by"] = self._begun_by(rows, party, at)
        alone = (rows["channel"] == Channel.CUSTOMER_MANAGER) & (rows["begun_by"] == 0)
        rows["channel"][alone] = int(Channel.COUNTER)
        self.defects.spoil(rows, reference)
        return rows

    def _person(self, rows: Rows, party: Ints) -> None:
        people = self.people
        rows["segment"] = segment = people.segment(party)
        rows["branch"] = people.branch(party)
        rows["name"] = texts_of(self.companies.names(party, segment))
        rows["credit_code"] = self.companies.credit_codes(party, segment)
        rows["id_type"] = RESIDENT_ID
        rows["id_number"] = people.id_numbers(party)
        rows["mobile"] = people.mobiles(party)
        rows["occupation"] = people.occupation(party)
        rows["employment_months"] = people.employment_months(party)
        rows["income_fen"] = people.declared_income_fen(party)

    def _restated_fen(self, income_fen: Ints, party: Ints, visit: Ints, again: Bools) -> Ints:
        """What some who come again say more of their income than they said before."""
        more = again & self._draws["restated"].happens(self._shape.restated_ppm, party, visit)
        return np.where(more, income_fen // _RESTATED_STEP_FEN * _RESTATED_STEP_FEN // 2, 0)

    def _wish(self, rows: Rows, party: Ints, visit: Ints) -> None:
        product, age = rows["product"], ages_at(rows["id_number"], rows["at"] // DAY_MS)
        mine = self._ranges.of(product, rows["segment"], rows["income_fen"], age)
        wish = self.wishes.of(party, visit, product, self.people.true_income_fen(party), mine)
        for name, column in zip(wish._fields, wish, strict=True):
            rows[name] = column
        which = below_each(self._draws["purpose"], self._purpose_counts[product], party, visit)
        rows["purpose_text"] = self._purposes[product, which]
        own, payee = self.people.accounts(party)
        rows["account"], rows["payee_account"] = own, np.where(self._entrusted[product], payee, 0)

    def _papers(self, rows: Rows, party: Ints, visit: Ints) -> None:
        product, segment = rows["product"], rows["segment"]
        optional = self._draws["optional"].happens(_OPTIONAL_PPM, party, visit) * self._optional[product, segment]
        late = self._draws["late"].happens(self._shape.late_document_ppm, party, visit)
        rows["documents"] = self._required[product, segment] | optional | np.where(late, 0, self._conditional[product])
        manual = self._draws["debit"].happens(self._shape.no_auto_debit_ppm, party)
        rows["consent"] = np.where(manual, _ALL_CONSENTS & ~int(Consent.AUTO_DEBIT), _ALL_CONSENTS)

    def counter(self, reference: Ints, at: Ints) -> Ints:
        """The branch over whose counter, or by whose customer manager, drawn applications come at these instants; 0 of others."""
        party = party_of(reference)
        channel = self._channel(self.people.segment(party), reference, at)
        at_branch = (channel == Channel.COUNTER) | (channel == Channel.CUSTOMER_MANAGER)
        return np.where(at_branch, self.people.branch(party), 0)

    def _begun_by(self, rows: Rows, party: Ints, at: Ints) -> Ints:
        """Who began applications: the customer's own manager or a colleague who is at work, where they come by one, else the
        customer himself (0)."""
        by_manager = rows["channel"] == Channel.CUSTOMER_MANAGER
        return np.where(by_manager, self._managers.at_work(rows["branch"], party, at), 0)

    def _channel(self, segment: Ints, reference: Ints, at: Ints) -> Ints:
        """By segment, and by whether the counters are open then."""
        hour = at % DAY_MS // HOUR_MS
        open_now = (hour >= COUNTER_OPENS) & (hour < COUNTER_CLOSES) & is_workday(at // DAY_MS)
        counters = open_now.astype(np.int64)
        edges = self._channels[counters, segment]
        passed = (self._draws["channel"].ppm(reference)[:, None] >= edges).sum(axis=1)
        return np.asarray(passed + int(Channel.ONLINE_BANK), dtype=np.int64)


def counter_clerk(branch: Ints) -> Ints:
    """The clerk at the counter of each branch."""
    return person_of(0, _CLERKS_SEAT, 1) + branch * PEOPLE_PER_BRANCH


def _channel_edges(shares: dict[Segment, list[int]]) -> Ints:
    edges = np.full((max(Segment) + 1, len(Channel)), PPM, dtype=np.int64)
    for segment, weights in shares.items():
        edges[segment] = np.cumsum(weights)
    return edges


def _purposes(products: ProductPolicy, size: int) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.str_]], Ints]:
    """Purpose texts by product code, and how many there are of each."""
    widest = max(len(texts) for texts in PURPOSES.values())
    table, counts = np.zeros((size, widest), dtype="U12"), np.ones(size, dtype=np.int64)
    for product in products.products:
        texts = PURPOSES[product.purpose_class]
        table[product.code, : len(texts)], counts[product.code] = texts, len(texts)
    return table, counts
