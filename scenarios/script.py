"""The section of a scenario that writes customers down instead of drawing them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from credit.policies.base import PolicyModel, SharePpm, Yuan
from scenarios.people import Moment


class ScriptedPayment(PolicyModel):
    """Money that a scripted customer brings to the counter of his own accord."""

    at: Moment
    """When he pays; his loan must have been paid out by then."""
    amount: Yuan = Field(gt=0)
    """What he pays."""


class ScriptedCustomer(PolicyModel):
    """A customer whose form and behaviour are written down instead of drawn: the worked examples (EX-01 to EX-10)."""

    party: int = Field(ge=1, le=1_000)
    """[number] Number of the scripted party; drawn parties start after the scripted ones."""
    at: Moment
    """When he applies."""
    name: str = Field(min_length=2)
    """As in the form."""
    id_number: str
    """ID card number (身份证号), 18 characters; of a firm its representative's."""
    mobile: str
    """Mobile number, 11 digits."""
    credit_code: str = ""
    """Unified social credit code (统一社会信用代码) of a firm."""
    branch: int = Field(default=1, ge=1, le=900)
    """[number] The branch he goes to."""
    channel: str = "mobile_bank"
    """How the form comes: online_bank, mobile_bank, counter, customer_manager, third_party."""
    segment: str = "individual"
    """individual, micro or enterprise (CUS-01)."""
    product: str = "consumer_loan"
    """Key of the product asked for."""
    amount: Yuan
    """Asked for."""
    term_months: int = Field(ge=0, le=1_000)
    """Asked for."""
    method: str = "equal_instalment"
    """Way of repayment, one of the product's."""
    purpose: str
    """As written in the form (APP-08)."""
    remark: str = ""
    """As written in the form."""
    address: str = ""
    """As written in the form."""
    occupation: int = Field(default=1, ge=0, le=99)
    """[code] As in the form; 0 = not given."""
    income: Yuan
    """Declared, a month."""
    employment_months: int = Field(default=60, ge=0, le=1_200)
    """Declared; of a firm its months in business."""
    documents: list[str]
    """What is handed in with the form."""
    consents: list[str] = ["bureau", "personal_data", "auto_debit"]
    """What he agrees to."""
    collateral: Yuan = 0
    """Value of what he offers as security."""
    # latent truth
    true_income: Yuan | None = None
    """What he really has, a month; as declared when absent."""
    miss_ppm: SharePpm = 0
    """Chance that he misses an instalment."""
    misses: list[Annotated[int, Field(ge=1, le=480)]] = []
    """[instalments] Numbers of instalments that he does not pay, whatever he is told, until he has other terms (EX-17)."""
    pays: list[ScriptedPayment] = []
    """What he pays by himself on his first loan, in arrears or written off (NPL-09)."""
    quality_ppm: SharePpm = 800_000
    """Latent credit quality: what the bureau and the score will see; 1000000 is the best."""
    lenders: int = Field(default=1, ge=0, le=1_000)
    """[lenders] Lenders elsewhere."""
    queries_3m: int = Field(default=1, ge=0, le=1_000)
    """[queries] Bureau queries in three months."""
    history_months: int = Field(default=60, ge=0, le=1_200)
    """Age of his credit history; 0 = none."""
    other_debt: Yuan = 0
    """Owed elsewhere."""
    other_monthly_debt: Yuan = 0
    """Paid elsewhere, a month."""
    deposits: Yuan = 0
    """Held with the bank."""
    # behaviour
    sign_after_minutes: int = Field(default=30, ge=0, le=100_000)
    """From the contract's offer to his signature."""
    approved_amount: Yuan | None = None
    """What the people at the desks approve when they decide by hand; as asked when absent."""
    use_evidence_after_days: int | None = Field(default=None, ge=0, le=3_660)
    """From a payment to the evidence of its use; drawn when absent."""
    early_tranche_after_days: int | None = Field(default=None, ge=0, le=3_660)
    """Asks for the next tranche this many days after the first, before its use is verified: must be refused."""
    payment_minutes: int | None = Field(default=None, ge=0, le=100_000)
    """From the order to the arrival of his money; drawn when absent."""
