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
    "account_months": Source.ACCOUNTS,
    "income_months": Source.ACCOUNTS,
    "flow_left_ppm": Source.ACCOUNTS,
    "least_balance_ppm": Source.ACCOUNTS,
    "settlement_ppm": Source.SETTLEMENT,
}
"""The source of each fact; those of the application itself, the bureau and the bank's own registers have none here."""
FLOWS = ("account_months", "income_months", "flow_left_ppm", "least_balance_ppm", "settlement_ppm")
"""What only an account with the bank can tell: of who has none it is not known."""
_BY_ACCOUNT = (Source.ACCOUNTS, Source.SETTLEMENT)
_BALANCES = ("overdue_now_fen", "attention_fen", "bad_fen")
_DEBTS = ("debt_months", "card_used_ppm", "guarantees_ppm")
BUREAU_FACTS = frozenset(
    ("overdue_24m", "max_dpd_24m", "lenders", "queries_3m", "history_months", "debt_ratio_ppm", *_BALANCES, *_DEBTS)
)
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
    "debt_months": 6,
    "card_used_ppm": 400_000,
    "account_months": 12,
    "income_months": 9,
    "flow_left_ppm": 100_000,
    "least_balance_ppm": 700_000,
    "settlement_ppm": 400_000,
    "cover_ppm": 250_000,
}
"""Values that stand for a silent source, or for the account that a customer has elsewhere: middling, neither praise nor blame."""
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
COLUMNS = (
    *(*PASSED_ON, *CAPACITY, *TOLD_APART.split()),
    *("debt_months", "card_used_ppm", "overdue_now_fen", "guarantees_ppm", "attention_fen", "bad_fen"),
    *FLOWS,
)
"""Every fact a card or a rule may name."""


class Facts(dict[str, Ints]):
    """Columns by name, and which of them are known. `party`: whose each row is, as the sources know him."""

    def __init__(self, cases: Rows, policy: ScorecardPolicy) -> None:
        """`cases`: rows of the scoring table."""
        super().__init__()
        self.party: Ints = cases["party"]
        self._length = len(cases)
        self._known: dict[Source | None, Bools] = {}
        self.bureau_known: Bools = cases["bureau_at"] > 0
        asked: Ints = cases["sources"]
        self.answered: Ints = np.where(cases["verified_at"] > 0, asked & ~cases["unavailable"], 0)
        self.silent: Ints = asked & ~self.answered
        self._verified: Bools = cases["verified_at"] > 0
        self._account: Bools = self._verified & (cases["account_months"] > 0)
        for name in (*PASSED_ON, *TOLD_APART.split(), *_BALANCES):
            self[name] = self._or_neutral(name, cases[name])
        self._capacity(cases, policy)
        self._debts(cases)
        self._flows(cases)

    def knows(self, name: str) -> Bools:
        """Whether the source of a fact has answered, by row; of who has no account nothing is known that only one tells."""
        if name in BUREAU_FACTS:
            return self.bureau_known
        if name == "shared_devices":
            return self._verified
        source = SOURCE_OF.get(name)
        known = self._known.get(source)
        if known is None:
            known = np.ones(self._length, dtype=bool) if source is None else (self.answered & int(source)) != 0
            known = self._known[source] = known & self._account if source in _BY_ACCOUNT else known
        return known

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
        guaranteed = cases["guarantees_fen"] * policy.guarantee_weight_ppm // PPM
        balances = (cases["debt_fen"] + guaranteed) // policy.company_debt_months
        person = cases["segment"] == Segment.INDIVIDUAL
        self.monthly_debt_fen: Ints = np.where(person, cases["monthly_debt_fen"], balances)
        self.instalment_fen: Ints = instalment
        self["debt_ratio_ppm"] = _ratio(self.monthly_debt_fen + instalment, income)
        wealth = cases["wealth_fen"] * policy.wealth_weight_ppm // PPM
        cover = _ratio(cases["deposits_fen"] + wealth + cases["collateral_fen"], amount)
        self["cover_ppm"] = np.where(self._account, cover, np.maximum(cover, NEUTRAL["cover_ppm"]))
        self["amount_months"] = np.maximum(amount - cases["collateral_fen"], 0) // np.maximum(income, 1)
        self["income_excess_ppm"] = np.where(taxed, np.maximum(_ratio(declared, tax) - PPM, 0), 0)

    def _debts(self, cases: Rows) -> None:
        """What a report tells of debts (EXT-01), beside income and limits: of a person his cards, of a company its guarantees."""
        income = self["income_fen"]
        self["debt_months"] = self._or_neutral("debt_months", cases["debt_fen"] // np.maximum(income, 1))
        used = _ratio(cases["card_used_fen"], cases["card_limit_fen"])
        self["card_used_ppm"] = self._or_neutral("card_used_ppm", used)
        self["guarantees_ppm"] = self._or_neutral("guarantees_ppm", _ratio(cases["guarantees_fen"], income))

    def _flows(self, cases: Rows) -> None:
        """What the bank's own systems tell (EXT-06): what of the income stays on the accounts in a month, how many instalments
        the lowest balance pays, and what a company settles here beside its income."""
        income = self["income_fen"]
        flows = {
            "account_months": cases["account_months"],
            "income_months": cases["income_months"],
            "flow_left_ppm": _ratio(cases["inflow_fen"] - cases["outflow_fen"], income),
            "least_balance_ppm": _ratio(cases["least_balance_fen"], self.instalment_fen),
            "settlement_ppm": _ratio(cases["settlement_fen"], income),
        }
        for name, values in flows.items():
            self[name] = self._or_neutral(name, values)


def _ratio(part: Ints, whole: Ints) -> Ints:
    """part / whole in millionths, rounded down, at most a thousandfold. Amounts up to 10¹² fen keep within 63 bits."""
    return np.minimum(part * PPM // np.maximum(whole, 1), _RATIO_MAX)


def asked_sources(policy: ScorecardPolicy) -> Ints:
    """Source bits asked, indexed by segment (EXT-06)."""
    asked = np.zeros(max(Segment) + 1, dtype=np.int64)
    for segment, names in policy.sources.items():
        asked[Segment[segment.upper()]] = sum(Source[name.upper()] for name in names)
    return asked
