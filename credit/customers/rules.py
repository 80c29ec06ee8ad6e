"""The rules of admission, compiled once from policy into columns: required documents (APP-10), admission criteria (CUS-04), lists
(EXT-07) and dispatch (APP-17). Nothing here knows a customer; rows go in, codes come out."""

from __future__ import annotations

import re

import numpy as np

from credit.applications.contract import Refusal as FormRefusal
from credit.codes import Material, RiskList
from credit.customers.contract import Refusal
from credit.identifiers import check_mobiles
from credit.policies.admission import AMOUNT_UNLIMITED_FEN, AdmissionPolicy, Criteria
from credit.policies.products import ProductPolicy, columns_of
from credit.room import Rows
from credit.texts import present
from credit.times import Bools, Ints

RISK_MAX = 2
_EMAIL = re.compile(r"[\w.+-]{1,40}@([a-z0-9-]{1,30}\.)+[a-z]{2,12}", re.ASCII | re.IGNORECASE)
LIST_REFUSALS: tuple[tuple[RiskList, Refusal], ...] = (
    (RiskList.DISHONEST_DEBTOR, Refusal.LIST_DISHONEST),
    (RiskList.CENTRAL_BANK, Refusal.LIST_CENTRAL_BANK),
    (RiskList.ASSOCIATION, Refusal.LIST_ASSOCIATION),
    (RiskList.INTERNAL, Refusal.LIST_INTERNAL),
)
"""The refusal of each list; a person on several is told the first."""


def contact_faults(rows: Rows) -> Ints:
    """Why other contact details are not entered: one is no mobile number, no e-mail, or none is given (CON-13); 0 = none."""
    mobile, email = present(rows["mobile"]), present(rows["email"])
    good = np.array([_EMAIL.fullmatch(text) is not None for text in rows["email"].tolist()], dtype=bool)
    faults = np.where(mobile | email | present(rows["address"]), 0, int(Refusal.CONTACT_EMPTY))
    faults = np.where(email & ~good, int(Refusal.EMAIL_FORMAT), faults)
    return np.where(mobile & ~check_mobiles(rows["mobile"]), int(FormRefusal.MOBILE_FORMAT), faults)


class Admission:
    """The rules as columns indexed by product code, all of products that the forms' checks have found known."""

    def __init__(self, policy: AdmissionPolicy, products: ProductPolicy) -> None:
        self.policy = policy
        self.products = columns_of(products)
        self.reused = sum(Material[name.upper()] for name in policy.reused_materials)
        key_materials = sum(Material[name.upper()] for name in policy.key_materials)
        self._conditional = self.products.conditional & ~key_materials
        must = (self.products.required & ~self._conditional[:, None]) | key_materials
        self._required = np.where(self.products.known[:, None], must, 0)
        self._criteria = self._criteria_columns(products)
        self._dispatch = [self._dispatch_row(products, row) for row in range(len(policy.dispatch))]

    def has_required(self, forms: Rows, documents: Ints) -> Bools:
        """Whether all materials that must come with the form are there."""
        return np.asarray((self.must_come(forms) & ~documents) == 0)

    def must_come(self, forms: Rows) -> Ints:
        """Bits of the materials that must come with each form, or be on file: by its product and its segment (CUS-01)."""
        return np.asarray(self._required[forms["product"], forms["segment"]])

    def asked(self, product: Ints, segment: Ints) -> Ints:
        """Bits of all materials that the bank takes for a product from a segment (必传、选传)."""
        products, both = self.products, (product, segment)
        return np.asarray(self._required[both] | products.conditional[product] | products.optional[both])

    def missing(self, product: Ints, documents: Ints) -> Ints:
        """Bits of the conditional materials still to come (APP-13, APR-13); identity proofs are never among them."""
        return np.asarray(self._conditional[product] & ~documents)

    def faults(self, rows: Rows) -> Ints:
        """Why a prospect is politely declined (婉拒), 0 where the criteria of the product's class are met (CUS-04)."""
        age_min, age_max, income_min, months_min = self._criteria[:, rows["product"]]
        faults = np.zeros(len(rows), dtype=np.int64)
        faults[rows["employment_months"] < months_min] = Refusal.EMPLOYMENT_LIMIT
        faults[rows["income_fen"] < income_min] = Refusal.INCOME_LIMIT
        faults[(rows["age"] < age_min) | (rows["age"] > age_max)] = FormRefusal.AGE_LIMIT
        return faults

    def risk_level(self, amount_fen: Ints, recent: Ints, existing: Ints) -> Ints:
        """Risk before scoring: 0 ordinary, one up for repeated applications, one up for a new customer's large amount."""
        repeated = recent >= self.policy.risk_raised_recent
        large = (existing == 0) & (amount_fen >= self.policy.risk_raised_amount)
        return np.asarray(repeated.astype(np.int64) + large)

    def teams(self, product: Ints, amount_fen: Ints, risk: Ints) -> Ints:
        """Team code of each application: the first row of the dispatch table that fits (APP-17)."""
        teams = np.zeros(len(product), dtype=np.int64)
        for allowed, amount_from, risk_from, team in reversed(self._dispatch):
            fits = allowed[product] & (amount_fen >= amount_from) & (risk >= risk_from)
            teams[fits] = team
        return teams

    def _criteria_columns(self, products: ProductPolicy) -> Ints:
        by_class = {c.key: c for c in self.policy.criteria}
        columns = np.zeros((4, len(self.products.known)), dtype=np.int64)
        columns[1] = AMOUNT_UNLIMITED_FEN  # no upper age until a product fills it
        for product in products.products:
            columns[:, product.code] = _criterion(by_class[product.purpose_class])  # type: ignore[index]
        return columns

    def _dispatch_row(self, products: ProductPolicy, number: int) -> tuple[Bools, int, int, int]:
        row = self.policy.dispatch[number]
        allowed = np.full(len(self.products.known), not row.products)
        for key in row.products:
            allowed[products.by_key(key).code] = True
        team = next(t.code for t in self.policy.teams if t.key == row.team)
        return allowed, row.amount_from, row.risk_from, team


def _criterion(criteria: Criteria) -> list[int]:
    return [criteria.age_min, criteria.age_max, criteria.income_min, criteria.employment_months_min]


def list_refusals(lists: Ints) -> Ints:
    """The refusal of each set of list bits, 0 where no list knows the person (EXT-07, EXT-08)."""
    codes = np.zeros(len(lists), dtype=np.int64)
    for bit, refusal in reversed(LIST_REFUSALS):
        codes[(lists & int(bit)) != 0] = int(refusal)
    return codes
