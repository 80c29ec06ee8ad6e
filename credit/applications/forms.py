"""What is wrong with a form (CUS-05, CUS-08, APP-06 to APP-08, APP-10): one refusal code a row, the first in the order of
the form. Its rule: every check sees whole columns and none looks at what another row holds."""

from __future__ import annotations

import numpy as np

from credit.applications.contract import Refusal
from credit.applications.keys import present
from credit.applications.purposes import PURPOSE_MISSING, PURPOSE_VAGUE
from credit.applications.rules import Desk
from credit.codes import Segment
from credit.identifiers import check_credit_codes, check_mobiles, check_resident_ids
from credit.room import Rows
from credit.times import Bools, Ints

ID_REFUSALS = np.array(
    [0, Refusal.ID_LENGTH, Refusal.ID_CHARACTERS, Refusal.ID_REGION, Refusal.ID_BIRTHDAY, Refusal.ID_CHECK_DIGIT],
    dtype=np.int64,
)
"""Refusal by the code that the check of resident ID numbers gives."""


class Faults:
    """Refusal codes of a batch; the first fault found of a row stays."""

    def __init__(self, length: int) -> None:
        self.codes: Ints = np.zeros(length, dtype=np.int64)

    def mark(self, bad: Bools, refusal: Refusal) -> None:
        """Refuses the rows where `bad` holds and nothing was found before."""
        if bool(bad.any()):
            self.codes[bad & (self.codes == 0)] = refusal

    def mark_codes(self, codes: Ints) -> None:
        """Refuses with a code a row; 0 = nothing wrong."""
        self.codes = np.where(self.codes == 0, codes, self.codes)


def form_faults(rows: Rows, age: Ints, purpose: Ints, documents: Ints, desk: Desk) -> Ints:
    """The refusal code of each SubmitApplication row, 0 where the form holds. `age` in years at submission, `purpose` codes
    from `purposes`, `documents` with those already on file."""
    faults = Faults(len(rows))
    _required(rows, faults)
    _formats(rows, faults)
    faults.mark((age < desk.form_age_min) | (age > desk.form_age_max), Refusal.AGE_LIMIT)
    _product(rows, faults, desk)
    faults.mark(purpose == PURPOSE_MISSING, Refusal.PURPOSE_MISSING)
    faults.mark(purpose == PURPOSE_VAGUE, Refusal.PURPOSE_VAGUE)
    faults.mark(~desk.has_required(rows["product"], documents), Refusal.DOCUMENT_MISSING)
    faults.mark((rows["consent"] & desk.consents) != desk.consents, Refusal.CONSENT_MISSING)
    return faults.codes


def _required(rows: Rows, faults: Faults) -> None:
    """CUS-05: the form can't be saved with one of these empty."""
    faults.mark(~present(rows["name"]), Refusal.NAME_MISSING)
    faults.mark((rows["id_type"] <= 0) | ~present(rows["id_number"]), Refusal.ID_MISSING)
    faults.mark(~present(rows["mobile"]), Refusal.MOBILE_MISSING)
    faults.mark(rows["occupation"] <= 0, Refusal.OCCUPATION_MISSING)


def _formats(rows: Rows, faults: Faults) -> None:
    """CUS-08: formats of the ID number, the mobile number and, for companies, the credit code."""
    faults.mark_codes(ID_REFUSALS[check_resident_ids(rows["id_number"])])
    faults.mark(~check_mobiles(rows["mobile"]), Refusal.MOBILE_FORMAT)
    company = np.flatnonzero((rows["segment"] != Segment.INDIVIDUAL) | present(rows["credit_code"]))
    if len(company):
        bad = np.zeros(len(rows), dtype=bool)
        bad[company] = check_credit_codes(rows["credit_code"][company]) != 0
        faults.mark(bad, Refusal.CREDIT_CODE)


def _product(rows: Rows, faults: Faults, desk: Desk) -> None:
    """CUS-01, APP-06, APP-07, PRD-08: what the product allows."""
    columns = desk.products
    code = desk.product_index(rows["product"])
    faults.mark(~columns.known[code], Refusal.PRODUCT_UNKNOWN)
    faults.mark(~_option(columns.segments, code, rows["segment"]), Refusal.PRODUCT_SEGMENT)
    amount = rows["amount_fen"]
    faults.mark((amount < columns.amount_min[code]) | (amount > columns.amount_max[code]), Refusal.AMOUNT_RANGE)
    faults.mark(~_option(columns.terms, code, rows["term_months"]), Refusal.TERM_OPTION)
    faults.mark(~_option(columns.methods, code, rows["method"]), Refusal.METHOD_OPTION)


def _option(table: Bools, code: Ints, choice: Ints) -> Bools:
    """Whether a choice is one of a product's options; a choice beyond the table is none."""
    inside = (choice >= 0) & (choice < table.shape[1])
    return np.asarray(table[code, np.where(inside, choice, 0)] & inside)
