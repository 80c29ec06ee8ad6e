"""What partners know of people: the bureau's credit file, tax, carrier, registry, police, courts, the press; what the bank's own
systems hold is in `books`. Facts follow from the latent truth and stay the same however often and by whom they are asked for; the
honest agree with their forms, fraudsters and the boastful do not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from credit.codes import Segment, Source
from credit.masks import any_of
from credit.times import Ints
from scenarios.model import Scenario
from scenarios.script import ScriptedCustomer
from sim.counterparts.books import WRITTEN, Books
from sim.curves import exponential, lognormal
from sim.randomness import PPM, Draws
from sim.truth import Truth

Facts = dict[str, Ints]
MONTHS = 24
DPD_MAX = 720
_KILO = 1_000
_MORE = 8
"""A fraudster has up to so many lenders, less one, and as many queries, beyond an honest customer's."""
_USED_SPAN_PPM = 700_000
"""The customer in the middle uses up to so much of the limits of his cards."""


class Files:
    """Files of one world's parties; all methods are pure functions of the party."""

    def __init__(self, scenario: Scenario, seed: int, truth: Truth) -> None:
        self._shape, self._truth = scenario.files, truth
        self._script = truth.people.script
        self._share = lognormal(self._shape.debt_share_median_ppm, 800_000, 0, 2 * PPM)
        self._unit = exponential(PPM)
        self._history = exponential(self._shape.history_months_mean)
        self._mobile = exponential(self._shape.mobile_months_mean, 1)
        self._books = Books(scenario, seed, truth)
        self._written = {name: self._script.column(fact) for name, fact in _WRITTEN.items()}
        self._draws = Draws(seed, "file", (*_SIZES, *_CHANCES, *_OTHERS))
        self._sizes, self._chances = self._draws.rows(*_SIZES), self._draws.rows(*_CHANCES)

    # the bureau -----------------------------------------------------------------------------------------------------

    def credit(self, party: Ints) -> Facts:
        """The credit file (EXT-01), of persons and of companies: overdue months and worst DPD in 24 months, lenders, queries,
        length of history, debt; what either kind of report has beside it is in `_cards` and `_classes`."""
        shape, fraud = self._shape, self._truth.is_fraud(party)
        size, luck = self._sizes_of(party), self._luck_of(party)
        thin = luck["thin"] < shape.thin_ppm
        weakness = PPM * 3 // 2 - self._truth.quality_ppm(party)
        overdue = np.where(thin, 0, _times(size["overdue"], MONTHS * self._truth.normal_miss_ppm(party)))
        dpd = 1 + _times(size["dpd"], PPM * shape.overdue_dpd_mean * (1 + overdue))
        lenders = _times(size["lenders"], shape.lenders_mean_ppm // _KILO * (weakness // _KILO), PPM // 2)
        queries = _times(size["queries"], shape.queries_3m_mean_ppm // _KILO * (weakness // _KILO))
        share = self._draws["share"].quantile(self._share, party) // _KILO * (weakness // _KILO)
        monthly = np.where(thin | (lenders == 0), 0, self._truth.true_income_fen(party) // _KILO * (share // _KILO))
        facts = {
            "overdue_24m": np.minimum(overdue, MONTHS),
            "max_dpd_24m": np.where(overdue > 0, np.minimum(dpd, DPD_MAX), 0),
            "lenders": np.where(thin, 0, lenders) + np.where(fraud, self._draws["more_lenders"].below(_MORE, party), 0),
            "queries_3m": queries + np.where(fraud, self._draws["more_queries"].below(_MORE, party), 0),
            "debt_fen": monthly * shape.debt_months,
            "monthly_debt_fen": monthly,
            "history_months": np.where(thin, 0, 1 + self._draws["history"].quantile(self._history, party)),
        }
        cards = np.where(thin, 0, self._in_incomes(size["card_limit"], shape.card_limit_months_mean_ppm, party))
        guarantees = self._in_incomes(size["guarantees"], shape.guarantee_months_mean_ppm, party)
        facts["guarantees_fen"] = np.where(luck["guaranteeing"] < shape.guaranteeing_ppm, guarantees, 0)
        facts |= self._cards(party, cards, weakness) | self._classes(party, facts, luck)
        return self._as_written(facts, party)

    def _cards(self, party: Ints, limit: Ints, weakness: Ints) -> Facts:
        """A person's credit cards: the limits of all, and what is used of them, more of it by the weak."""
        share = np.minimum(self._draws["card_used"].below(_USED_SPAN_PPM, party) // _KILO * weakness // _KILO, PPM)
        return {"card_limit_fen": limit, "card_used_fen": limit // _KILO * (share // _KILO)}

    def _classes(self, party: Ints, facts: Facts, luck: Facts) -> Facts:
        """What is not paid at this moment: of a person an instalment, of a company credit that its lenders class as attention or
        as non-performing."""
        miss, debt, late = self._truth.normal_miss_ppm(party), facts["debt_fen"], facts["overdue_24m"] > 0
        unpaid, attention = late & (luck["overdue_now"] < miss), late & (luck["attention"] < miss * 2)
        bad = late & (luck["bad"] < miss // 3)
        part = self._draws["part"].below(_KILO // 2, party)
        return {
            "overdue_now_fen": np.where(unpaid, facts["monthly_debt_fen"], 0),
            "attention_fen": np.where(attention, debt // _KILO * part, 0),
            "bad_fen": np.where(bad, debt // _KILO * (part // 2), 0),
        }

    def _in_incomes(self, size: Ints, mean_ppm: int, party: Ints) -> Ints:
        """Amounts that are so many monthly incomes on average."""
        months = size * (mean_ppm // _KILO)
        return np.asarray(self._truth.true_income_fen(party) // _KILO * (months // _KILO))

    # the other sources ----------------------------------------------------------------------------------------------

    def verification(self, party: Ints, segment: Ints) -> Facts:
        """What the other sources say (EXT-06), every column filled; `hide` takes out what was not answered."""
        shape, fraud = self._shape, self._truth.is_fraud(party)
        firm = segment != Segment.INDIVIDUAL
        months = self._truth.people.employment_months(party) if any_of(firm) else np.zeros_like(party)
        luck = self._luck_of(party)
        gap = luck["gap"] < shape.registry_gap_ppm
        other_phone = luck["mobile"] < np.where(fraud, shape.fraud_mobile_mismatch_ppm, shape.mobile_mismatch_ppm)
        other_face = luck["identity"] < np.where(fraud, shape.fraud_identity_mismatch_ppm, 0)
        closed = luck["inactive"] < np.where(fraud, shape.fraud_inactive_ppm, shape.inactive_ppm)
        facts: dict[str, npt.ArrayLike] = {
            "tax_income_fen": self._taxed(party),
            "mobile_matches": ~other_phone,
            "mobile_months": self._draws["months"].quantile(self._mobile, party) // np.where(fraud, 8, 1),
            "identity_matches": ~other_face,
            "registry_months": np.where(firm, months // np.where(gap, 2, 1), 0),
            "registry_active": firm & ~closed,
            "litigation": self._litigation(luck["litigation"], party),
            "sentiment": self._sentiment(party),
            "shared_devices": self._truth.shared_devices(party),
        }
        facts |= self._books.of(party, segment)
        return self._as_written({name: np.asarray(column, dtype=np.int64) for name, column in facts.items()}, party)

    def _taxed(self, party: Ints) -> Ints:
        share = self._shape.tax_least_ppm + self._draws["tax"].below(max(PPM - self._shape.tax_least_ppm, 1), party)
        return self._truth.true_income_fen(party) // _KILO * (share // _KILO)

    def _litigation(self, luck: Ints, party: Ints) -> Ints:
        weakness = PPM - self._truth.quality_ppm(party)
        chance = self._shape.litigation_ppm * 2 // _KILO * (weakness // _KILO)
        return np.where(luck < chance, 1 + self._draws["suits"].below(3, party), 0)

    def _sentiment(self, party: Ints) -> Ints:
        """−100 (bad press) … 100."""
        lean = (self._truth.quality_ppm(party) - PPM // 2) * 60 // PPM
        said = 10 + lean + self._draws["sentiment"].below(81, party) - 40
        return np.asarray(np.clip(said, -100, 100), dtype=np.int64)

    # helpers --------------------------------------------------------------------------------------------------------

    def _sizes_of(self, party: Ints) -> Facts:
        """An exponential with the mean 1 for each of `_SIZES`, in thousandths."""
        return dict(zip(_SIZES, self._sizes.quantile(self._unit, party) // _KILO, strict=True))

    def _luck_of(self, party: Ints) -> Facts:
        """For each of `_CHANCES` a number that lies below a chance in millionths just so often."""
        return dict(zip(_CHANCES, self._chances.ppm(party), strict=True))

    def _as_written(self, facts: Facts, party: Ints) -> Facts:
        """Scripted parties have exactly the facts of their script."""
        mine = self._script.is_scripted(party)
        if not any_of(mine):
            return facts
        row = np.where(mine, party, 0)
        written = {name: self._written[name][row] if name in self._written else 0 for name in facts}
        return {name: np.where(mine, written[name], column) for name, column in facts.items()}


_SIZES = ("overdue", "dpd", "lenders", "queries", "card_limit", "guarantees")
"""Drawn from one exponential."""
_CHANCES = (
    "thin",
    "overdue_now",
    "attention",
    "bad",
    "guaranteeing",
    "gap",
    "mobile",
    "identity",
    "inactive",
    "litigation",
)
_OTHERS = (
    "share",
    "history",
    "tax",
    "months",
    "suits",
    "sentiment",
    "more_lenders",
    "more_queries",
    "card_used",
    "part",
)

TOLD_BY: dict[str, Source] = {
    "tax_income_fen": Source.TAX,
    "mobile_matches": Source.CARRIER,
    "mobile_months": Source.CARRIER,
    "identity_matches": Source.PUBLIC_SECURITY,
    "registry_months": Source.REGISTRY,
    "registry_active": Source.REGISTRY,
    "litigation": Source.JUDICIAL,
    "sentiment": Source.SENTIMENT,
    **dict.fromkeys(WRITTEN, Source.ACCOUNTS),
    "wealth_fen": Source.WEALTH,
    "settlement_fen": Source.SETTLEMENT,
}
"""Which source each fact comes from; the rest the bank knows itself."""


def hide(facts: Facts, answered: Ints) -> Facts:
    """`facts` with zeros where the source (a bit of `answered`) gave no answer."""
    told = {source: answered & int(source) != 0 for source in dict.fromkeys(TOLD_BY.values())}
    return {
        name: np.where(told[TOLD_BY[name]], column, 0) if name in TOLD_BY else column for name, column in facts.items()
    }


def _times(size: Ints, mean_ppm: Ints, rounding_ppm: int = 0) -> Ints:
    """Geometric counts: an exponential with the given mean in millionths, rounded down, or to the nearest."""
    return np.asarray((mean_ppm // _KILO * size + rounding_ppm) // PPM, dtype=np.int64)


def _agrees(one: ScriptedCustomer) -> int:
    del one
    return 1


def _overdue(one: ScriptedCustomer) -> int:
    return MONTHS * one.miss_ppm // PPM


_WRITTEN: dict[str, Callable[[ScriptedCustomer], int]] = {
    "lenders": lambda one: one.lenders,
    "queries_3m": lambda one: one.queries_3m,
    "debt_fen": lambda one: one.other_debt,
    "monthly_debt_fen": lambda one: one.other_monthly_debt,
    "history_months": lambda one: one.history_months,
    "overdue_24m": _overdue,
    "max_dpd_24m": lambda one: 5 * _overdue(one),
    "tax_income_fen": lambda one: one.income if one.true_income is None else one.true_income,
    "mobile_matches": _agrees,
    "mobile_months": lambda one: one.history_months,
    "identity_matches": _agrees,
    "registry_months": lambda one: one.employment_months if one.segment != "individual" else 0,
    "registry_active": lambda one: int(one.segment != "individual"),
    "card_limit_fen": lambda one: one.card_limit,
    "card_used_fen": lambda one: one.card_used,
    **WRITTEN,
}
"""Facts of scripted customers; what is not here (lawsuits, press, shared devices) is nothing."""
