"""The form of a new customer (新增客户): what must be there, and be well written, before he has a number (CUS-05, CUS-08)."""

from __future__ import annotations

from credit.applications.contract import Refusal
from credit.applications.forms import COMPANY_NAME_MAX, PERSON_NAME_MAX, Faults, mark_formats, mark_missing
from credit.codes import Segment
from credit.identifiers import ages_at
from credit.policies.admission import AdmissionPolicy
from credit.room import Rows
from credit.rows import among
from credit.texts import present
from credit.times import DAY_MS, Ints

NAME_MAX = min(COMPANY_NAME_MAX, PERSON_NAME_MAX)


def entry_faults(rows: Rows, policy: AdmissionPolicy) -> Ints:
    """The refusal of each EnterCustomer row, the first in the order of the form; 0 where it holds."""
    age = ages_at(rows["id_number"], rows["at"] // DAY_MS)
    faults = Faults(len(rows))
    mark_missing(rows, faults, present(rows["name"]))
    faults.mark(~among(rows["segment"], list(Segment)), Refusal.PRODUCT_SEGMENT)
    mark_formats(rows, faults)
    faults.mark((age < policy.form_age_min) | (age > policy.form_age_max), Refusal.AGE_LIMIT, unless="id_number")
    return faults.codes
