"""The form of a new customer (新增客户): what must be there, and be well written, before he has a number (CUS-05, CUS-08)."""

from __future__ import annotations

import numpy as np

from credit.applications.contract import Refusal
from credit.applications.forms import COMPANY_NAME_MAX, ID_REFUSALS, PERSON_NAME_MAX
from credit.codes import Segment
from credit.identifiers import ages_at, check_credit_codes, check_mobiles, check_resident_ids
from credit.policies.admission import AdmissionPolicy
from credit.room import Rows
from credit.rows import among, first_fault
from credit.texts import present
from credit.times import DAY_MS, Ints

NAME_MAX = min(COMPANY_NAME_MAX, PERSON_NAME_MAX)


def entry_faults(rows: Rows, policy: AdmissionPolicy) -> Ints:
    """The refusal of each EnterCustomer row, the first in the order of the form; 0 where it holds."""
    age = ages_at(rows["id_number"], rows["at"] // DAY_MS)
    company = (rows["segment"] != Segment.INDIVIDUAL) | present(rows["credit_code"])
    bad_code = np.zeros(len(rows), dtype=bool)
    bad_code[company] = check_credit_codes(rows["credit_code"][company]) != 0
    return first_fault(
        (~present(rows["name"]), Refusal.NAME_MISSING),
        ((rows["id_type"] <= 0) | ~present(rows["id_number"]), Refusal.ID_MISSING),
        (~present(rows["mobile"]), Refusal.MOBILE_MISSING),
        (rows["occupation"] <= 0, Refusal.OCCUPATION_MISSING),
        (np.ones(len(rows), dtype=bool), ID_REFUSALS[check_resident_ids(rows["id_number"])]),
        (~check_mobiles(rows["mobile"]), Refusal.MOBILE_FORMAT),
        (~among(rows["segment"], list(Segment)), Refusal.PRODUCT_SEGMENT),
        (bad_code, Refusal.CREDIT_CODE),
        ((age < policy.form_age_min) | (age > policy.form_age_max), Refusal.AGE_LIMIT),
    )
