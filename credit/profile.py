"""What the rooms hand on of an application, from the form to the signature; each list of columns takes in the one before it. Who
the customer is stands in the register (`credit.customers`): rows carry his number."""

from __future__ import annotations

from typing import NamedTuple

from credit.room import blank

PROFILE = (
    "case customer party branch channel segment product amount_fen term_months method purpose age income_fen "
    "employment_months documents missing consent collateral_fen account payee_account team applied_at=0"
)
"""What every room before disbursement needs to know of an application; income is a month's, declared; `applied_at`: when it was
complete. `missing` holds the required materials still to come (APR-13); `team`: to which the initial review has dispatched it
(APP-17); `amount_fen`, `term_months`, `method` are as asked until approval fixes them."""
TOLD_APART = "income_apart_ppm employment_apart_months purpose_apart"
"""How far what he says lies from what he last said, where that was lately and through another channel (SCO-10): income in
millionths of the earlier figure, time employed or in business in months beside the time passed, 1 for another purpose of the same
product; 0 where nothing is to be compared."""
ACCEPTED = f"{PROFILE} recent_applications recent_channels amount_growth_ppm existing {TOLD_APART}"
"""What scoring needs beside it: the applicant's last applications (SCO-10, SCO-11)."""
EXPLAINED = "advice shortfalls identity_points capacity_points history_points behaviour_points"
"""Why the machine scores as it does (SCO-14): the reason it would decline for, 0 = none; the indicators that cost most (`Fact`
bits); what each dimension of the card contributes, in hundredths of a raw point."""
ANALYSED = "analysis concerns capacity_fen proposed_fen"
"""What due diligence found out about a business: `Analysis`, `Concern` bits, what it can carry, what is proposed; 0 of a case
that was not looked into."""
SCORED = (
    f"{PROFILE} score grade pd_ppm alert lane doubts verified_income_fen monthly_debt_fen {EXPLAINED} {blank(ANALYSED)}"
)
TERMS = f"{SCORED} rate_ppm guarantee conditions approved_at valid_until round"


class Identity(NamedTuple):
    """Who a customer is, as the register has it."""

    name: str
    id_number: str
    mobile: str
    credit_code: str
