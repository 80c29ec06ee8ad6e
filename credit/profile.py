"""What the rooms hand on of an application, from the form to the signature; each list of columns takes in the one before it."""

from __future__ import annotations

PERSON = "name:U16 id_number:U18"
PROFILE = (
    "case customer party branch channel segment product amount_fen term_months method purpose age income_fen "
    f"employment_months documents missing consent collateral_fen account payee_account {PERSON}"
)
"""What every room before disbursement needs to know of an application; income is a month's, declared. `missing` holds
the required materials still to come (APR-13); `amount_fen`, `term_months`, `method` are as asked until approval fixes them."""
ACCEPTED = f"{PROFILE} recent_applications recent_channels amount_growth_ppm existing id_valid mobile_prefix"
"""What scoring needs beside it: the applicant's last applications (SCO-11)."""
SCORED = f"{PROFILE} score grade pd_ppm alert lane doubts verified_income_fen monthly_debt_fen"
TERMS = f"{SCORED} rate_ppm guarantee conditions approved_at valid_until round"
