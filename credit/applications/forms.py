"""What is wrong with a form (CUS-05, CUS-08, APP-06 to APP-08): each fault, one a field, in the order of the form; the first is
what it is refused for. Every check sees whole columns and none looks at what another row holds."""

from __future__ import annotations

import numpy as np

from credit.applications.contract import Refusal
from credit.applications.details import Details
from credit.applications.purposes import PURPOSE_MISSING, PURPOSE_VAGUE
from credit.applications.ranges import Range, Ranges
from credit.applications.texts import Beside
from credit.codes import Channel, Consent, Segment
from credit.identifiers import check_credit_codes, check_mobiles, check_resident_ids
from credit.masks import any_of, clipped, true_rows
from credit.policies.admission import AdmissionPolicy
from credit.policies.products import ProductPolicy, columns_of
from credit.room import Rows
from credit.rows import among
from credit.texts import Field, present
from credit.times import DAY_MS, LONG_TERM, Bools, Ints

_SEGMENT_MAX = max(Segment)
PERSON_NAME_MAX, COMPANY_NAME_MAX = 60, 120
LENGTHS = {
    Field.PURPOSE: (500, Refusal.PURPOSE_LENGTH),
    Field.REMARK: (500, Refusal.REMARK_LENGTH),
    Field.ADDRESS: (200, Refusal.ADDRESS_LENGTH),
}
"""Characters that a text may have, and the refusal of a longer one."""
ID_REFUSALS = np.array(
    [0, Refusal.ID_LENGTH, Refusal.ID_CHARACTERS, Refusal.ID_REGION, Refusal.ID_BIRTHDAY, Refusal.ID_CHECK_DIGIT],
    dtype=np.int64,
)
"""Refusal by the code that the check of resident ID numbers gives."""
_CHANNELS = tuple(int(one) for one in Channel)
_FIELDS = {name: 1 << place for place, name in enumerate(dict.fromkeys(one.field for one in Refusal))}
"""A bit for each field of the form."""


class Faults:
    """Refusal codes of a batch; the first fault found of a field stays, and `codes` are the first of each row."""

    def __init__(self, length: int) -> None:
        self.codes: Ints = np.zeros(length, dtype=np.int64)
        self._fields: Ints = np.zeros(length, dtype=np.int64)
        self._further: list[tuple[Ints, Ints]] = []
        self.own: Ints = np.zeros((length, 0), dtype=np.int64)

    def mark(self, bad: Bools, refusal: Refusal, unless: str = "") -> None:
        """Refuses the rows where `bad` holds, and nothing was found before of the field, or of the field `unless`."""
        if any_of(bad):
            self.mark_codes(np.where(bad, int(refusal), 0), refusal.field, unless)

    def mark_codes(self, codes: Ints, field: str, unless: str = "") -> None:
        """Refuses with a code a row; 0 = nothing wrong."""
        known = _FIELDS[field] | _FIELDS.get(unless, 0)
        rows = true_rows((codes != 0) & ((self._fields & known) == 0))
        if not len(rows):
            return
        self._fields[rows] |= _FIELDS[field]
        first = self.codes[rows] == 0
        self.codes[rows[first]] = codes[rows[first]]
        self._further.append((rows[~first], codes[rows[~first]]))

    def of(self, refusals: tuple[Refusal, ...]) -> Bools:
        """Rows of which one of some things is wrong."""
        rows, codes = self.further()
        found = among(self.codes, refusals)
        found[rows[among(codes, refusals)]] = True
        return found

    def further(self) -> tuple[Ints, Ints]:
        """What else is wrong: rows, and the code of each, in the order of the form."""
        if not self._further:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        rows, codes = (np.concatenate(parts) for parts in zip(*self._further, strict=True))
        order = rows.argsort(kind="stable")
        return rows[order], codes[order]


class FormChecks:
    """The checks of a form that need no history, compiled from policy."""

    def __init__(self, policy: AdmissionPolicy, products: ProductPolicy) -> None:
        self._products = columns_of(products)
        self._ranges, self._details = Ranges(policy, products), Details(products)
        self._age_min, self._age_max = policy.form_age_min, policy.form_age_max
        self._long_term_min = policy.long_term_id_age_min
        terms = self._products.terms
        self._longest = np.maximum.accumulate(terms * np.arange(terms.shape[1]), axis=1)
        """By product and months, the longest term that it offers within them."""
        self._consents = sum(Consent[name.upper()] for name in policy.required_consents)

    def faults(self, rows: Rows, age: Ints, purpose: Ints, beside: Beside) -> Faults:
        """What is wrong with each SubmitApplication row. `age` in years at submission, `purpose` codes
        from `purposes`, `beside` the texts that are longer than their columns."""
        faults = Faults(len(rows))
        mark_missing(rows, faults, present(rows["name"]) | (beside.length(Field.NAME) > 0))
        mark_formats(rows, faults)
        _lengths(rows, faults, beside)
        self._validity(rows, faults, age)
        faults.mark((age < self._age_min) | (age > self._age_max), Refusal.AGE_LIMIT, unless="id_number")
        faults.mark(~among(rows["channel"], _CHANNELS), Refusal.CHANNEL_UNKNOWN)
        self._product(rows, faults, age)
        self._own(rows, faults)
        faults.mark(purpose == PURPOSE_MISSING, Refusal.PURPOSE_MISSING)
        faults.mark(purpose == PURPOSE_VAGUE, Refusal.PURPOSE_VAGUE)
        faults.mark((rows["consent"] & self._consents) != self._consents, Refusal.CONSENT_MISSING)
        return faults

    def _validity(self, rows: Rows, faults: Faults, age: Ints) -> None:
        """APP-16: documents are valid on the day of the form; without an end only where the law gives such cards."""
        day, card, licence = rows["at"] // DAY_MS, rows["id_until"], rows["licence_until"]
        faults.mark(card == 0, Refusal.ID_VALIDITY_MISSING)
        faults.mark(card < day, Refusal.ID_EXPIRED)
        young = (card == LONG_TERM) & (age < self._long_term_min)
        faults.mark(young, Refusal.ID_LONG_TERM, unless="id_number")
        company = rows["segment"] != Segment.INDIVIDUAL
        faults.mark(company & (licence == 0), Refusal.LICENCE_VALIDITY_MISSING)
        faults.mark(company & (licence < day), Refusal.LICENCE_EXPIRED)

    def range_of(self, rows: Rows, age: Ints) -> Range:
        """APP-07: what each applicant may ask for, in his situation; the longest term that his product offers him."""
        product, segment = self._known(rows), clipped(rows["segment"], 0, _SEGMENT_MAX)
        most, longest = self._ranges.of(product, segment, rows["income_fen"], age)
        return Range(most, self._longest[product, longest])

    def _own(self, rows: Rows, faults: Faults) -> None:
        """PRD-08: the fields of the product's own form; each that is wrong is told by its place."""
        faults.own = self._details.faults(rows)
        first = (faults.own != 0).argmax(axis=1)
        faults.mark_codes(faults.own[np.arange(len(rows)), first], Refusal.DETAIL_MISSING.field, unless="product")

    def _known(self, rows: Rows) -> Ints:
        """The product of each form, 0 where there is none such."""
        product = rows["product"]
        return np.where((product >= 0) & (product < len(self._products.known)), product, 0)

    def _product(self, rows: Rows, faults: Faults, age: Ints) -> None:
        """CUS-01, APP-06, APP-07, PRD-08: what the product allows, and of that what the applicant's situation does."""
        columns, code, amount = self._products, self._known(rows), rows["amount_fen"]
        mine = self.range_of(rows, age)
        faults.mark(~columns.known[code], Refusal.PRODUCT_UNKNOWN)
        faults.mark(~_option(columns.segments, code, rows["segment"]), Refusal.PRODUCT_SEGMENT, unless="product")
        outside = (amount < columns.amount_min[code]) | (amount > columns.amount_max[code])
        faults.mark(outside, Refusal.AMOUNT_RANGE, unless="product")
        faults.mark(amount > mine.most_fen, Refusal.AMOUNT_BEYOND, unless="product")
        faults.mark(~_option(columns.terms, code, rows["term_months"]), Refusal.TERM_OPTION, unless="product")
        faults.mark(rows["term_months"] > mine.longest_months, Refusal.TERM_BEYOND, unless="product")
        faults.mark(~_option(columns.methods, code, rows["method"]), Refusal.METHOD_OPTION, unless="product")


def mark_missing(rows: Rows, faults: Faults, named: Bools) -> None:
    """CUS-05: the form can't be saved with one of these empty. `named`: whether a name is given, here or beside the row."""
    faults.mark(~named, Refusal.NAME_MISSING)
    faults.mark((rows["id_type"] <= 0) | ~present(rows["id_number"]), Refusal.ID_MISSING)
    faults.mark(~present(rows["mobile"]), Refusal.MOBILE_MISSING)
    faults.mark(rows["occupation"] <= 0, Refusal.OCCUPATION_MISSING)


def mark_formats(rows: Rows, faults: Faults) -> None:
    """CUS-08: formats of the ID number, the mobile number and, for companies, the credit code."""
    faults.mark_codes(ID_REFUSALS[check_resident_ids(rows["id_number"])], Refusal.ID_LENGTH.field)
    faults.mark(~check_mobiles(rows["mobile"]), Refusal.MOBILE_FORMAT)
    company = (rows["segment"] != Segment.INDIVIDUAL) | present(rows["credit_code"])
    if any_of(company):
        bad = company.copy()
        bad[company] = check_credit_codes(rows["credit_code"][company]) != 0
        faults.mark(bad, Refusal.CREDIT_CODE)


def _lengths(rows: Rows, faults: Faults, beside: Beside) -> None:
    """A text that is longer than may be kept, or of which a piece is lacking, is refused by name, never cut."""
    name_max = np.where(rows["segment"] == Segment.INDIVIDUAL, PERSON_NAME_MAX, COMPANY_NAME_MAX)
    faults.mark(beside.length(Field.NAME) > name_max, Refusal.NAME_LENGTH)
    for field, (longest, refusal) in LENGTHS.items():
        faults.mark(beside.length(field) > longest, refusal)


def _option(table: Bools, code: Ints, choice: Ints) -> Bools:
    """Whether a choice is one of a product's options; a choice beyond the table is none."""
    inside = (choice >= 0) & (choice < table.shape[1])
    return np.asarray(table[code, np.where(inside, choice, 0)] & inside)
