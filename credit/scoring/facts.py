"""The facts of a case: what the application, the bureau and the other sources say, brought to the columns that cards and
fraud rules read. A source that did not answer leaves a neutral value and a mark, so that nobody is judged by
silence."""

from __future__ import annotations

import numpy as np

from credit.codes import Segment, Source
from credit.masks import all_of
from credit.policies.scorecard import ScorecardPolicy
from credit.profile import TOLD_APART
from credit.room import Rows
from credit.times import Bools, Ints

PPM = 1_000_000
_RATIO_MAX = 10**9
_MONTHS_A_YEAR = 12
SOURCE_OF: dict[str, Source] = {
    "identity_matches": Source.PUBLIC_SECURITY,
    "mobile_matches": Source.CARRIER,
    "mobile_months": Source.CARRIER,
    "income_excess_ppm": Source.TAX,
    "registry_months": Source.REGISTRY,
    "registry_active": Source.REGISTRY,
    "litigation": Source.JUDICIAL,
    "sentiment": Source.SENTIMENT,
}
"""The outside source of each fact; facts of the application itself, the bureau and the bank's own records have none here."""
BUREAU_FACTS = ("overdue_24m", "max_dpd_24m", "lenders", "queries_3m", "history_months", "debt_ratio_ppm")
NEUTRAL = {
    "identity_matches": 1,
    "mobile_matches": 1,
    "mobile_months": 24,
    "registry_months": 36,
    "registry_active": 1,
    "litigation": 0,
    "sentiment": 0,
    "history_months": 12,
    "lenders": 3,
    "queries_3m": 3,
}
"""Values that stand for a silent source: middling, neither praise nor blame."""
PASSED_ON = (
    "age",
    "employment_months",
    "existing",
    "recent_applications",
    "recent_channels",
    "amount_growth_ppm",
    "overdue_24m",
    "max_dpd_24m",
    "lenders",
    "queries_3m",
    "history_months",
    "mobile_matches",
    "mobile_months",
    "identity_matches",
    "registry_months",
    "registry_active",
    "litigation",
    "sentiment",
    "shared_devices",
)
CAPACITY = ("income_fen", "debt_ratio_ppm", "cover_ppm", "amount_months", "income_excess_ppm")
COLUMNS = (*PASSED_ON, *CAPACITY, *TOLD_APART.split())
"""Every fact a card or a rule may name."""


class Facts(dict[str, Ints]):
    """Columns by name, and which of them are known."""

    def __init__(self, cases: Rows, policy: ScorecardPolicy) -> None:
        """`cases`: rows of the scoring table."""
        super().__init__()
        self._length = len(cases)
        self.bureau_known: Bools = cases["bureau_at"] > 0
        asked: Ints = cases["sources"]
        self.answered: Ints = np.where(cases["verified_at"] > 0, asked & ~cases["unavailable"], 0)
        self.silent: Ints = asked & ~self.answered
        self._verified: Bools = cases["verified_at"] > 0
        for name in (*PASSED_ON, *TOLD_APART.split()):
            self[name] = self._or_neutral(name, cases[name])
        self._capacity(cases, policy)

    def knows(self, name: str) -> Bools:
        """Whether the source of a fact has answered, by row."""
        if name in SOURCE_OF:
            return np.asarray((self.answered & int(SOURCE_OF[name])) != 0)
        if name in BUREAU_FACTS:
            return self.bureau_known
        if name == "shared_devices":
            return self._verified
        return np.ones(self._length, dtype=bool)

    def _or_neutral(self, name: str, values: Ints) -> Ints:
        if name not in SOURCE_OF and name not in BUREAU_FACTS:
            return values
        known = self.knows(name)
        return values if all_of(known) else np.where(known, values, NEUTRAL.get(name, 0))

    def _capacity(self, cases: Rows, policy: ScorecardPolicy) -> None:
        """Repayment capacity (偿债能力): income that counts, burden, cover, and the unsecured amount in months
        of income."""
        amount, declared, tax = cases["amount_fen"], cases["income_fen"], cases["tax_income_fen"]
        taxed = self.knows("income_excess_ppm") & (tax > 0)
        income = np.where(taxed, np.minimum(declared, tax), declared * policy.unverified_income_ppm // PPM)
        self["income_fen"] = income
        months = np.maximum(cases["term_months"], 1)
        instalment = amount // months + amount * policy.instalment_rate_ppm // (PPM * _MONTHS_A_YEAR)
        self["debt_ratio_ppm"] = _ratio(cases["monthly_debt_fen"] + instalment, income)
        self["cover_ppm"] = _ratio(cases["deposits_fen"] + cases["collateral_fen"], amount)
        self["amount_months"] = np.maximum(amount - cases["collateral_fen"], 0) // np.maximum(income, 1)
        self["income_excess_ppm"] = np.where(taxed, np.maximum(_ratio(declared, tax) - PPM, 0), 0)


def _ratio(part: Ints, whole: Ints) -> Ints:
    """part / whole in millionths, at most a thousandfold. Amounts up to 10¹² fen keep within 63 bits."""
    return np.minimum(part * PPM // np.maximum(whole, 1), _RATIO_MAX)


def asked_sources(policy: ScorecardPolicy) -> Ints:
    """Source bits asked, indexed by segment (EXT-06)."""
    asked = np.zeros(max(Segment) + 1, dtype=np.int64)
    for segment, names in policy.sources.items():
        asked[Segment[segment.upper()]] = sum(Source[name.upper()] for name in names)
    return asked
