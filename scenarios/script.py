"""The section of a scenario that writes customers down instead of drawing them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, model_validator

from credit.policies.base import PolicyModel, SharePpm, Yuan
from scenarios.people import Moment

VALIDITY = r"^([0-9]{4}-[0-9]{2}-[0-9]{2}|long_term)$"
"""How the last day of a document is written."""


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
    id_valid_until: str = Field(default="2040-12-31", pattern=VALIDITY)
    """Last day on which the ID card is valid, as a date, or long_term (长期)."""
    licence_valid_until: str = Field(default="long_term", pattern=VALIDITY)
    """Of a firm the same of its business licence."""
    details: dict[str, str] = {}
    """What he writes in the fields of the product's own form, by their keys (PRD-08)."""
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
    card_limit: Yuan = 0
    """Limits of his credit cards."""
    card_used: Yuan = 0
    """Used of them."""
    account_months: int = Field(default=0, ge=0, le=1_200)
    """Since he opened his first account with the bank; 0 = he has none, and nothing of the following."""
    deposits: Yuan = 0
    """Held with the bank."""
    least_balance: Yuan = 0
    """The lowest balance of the last twelve months."""
    monthly_inflow: Yuan = 0
    """Comes in on his accounts with the bank, a month."""
    monthly_outflow: Yuan = 0
    """Goes out, a month."""
    income_months: int = Field(default=0, ge=0, le=12)
    """In how many of the last twelve months income came in."""
    wealth: Yuan = 0
    """Held in wealth products (理财)."""
    monthly_settlement: Yuan = 0
    """Settled through the bank by a firm, a month."""
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

    @model_validator(mode="after")
    def _told_by_somebody(self) -> ScriptedCustomer:
        """A figure that no source of such a customer tells would be written in vain."""
        if self.account_months == 0:
            self._must_not_have(
                _OF_ACCOUNTS, "who has no account with the bank has none; give account_months beside it"
            )
        if self.segment == "individual":
            self._must_not_have(_OF_FIRMS, "only firms settle through the bank; segment is individual")
        else:
            self._must_not_have(_OF_PERSONS, f"told of persons alone; segment is {self.segment}")
        return self

    def _must_not_have(self, names: Sequence[str], why: str) -> None:
        for name in names:
            if getattr(self, name):
                raise ValueError(f"{name}: {why}")


_OF_ACCOUNTS = (
    *("deposits", "least_balance", "monthly_inflow", "monthly_outflow", "income_months", "wealth"),
    "monthly_settlement",
)
_OF_FIRMS = ("monthly_settlement",)
_OF_PERSONS = ("wealth", "card_limit", "card_used", "other_monthly_debt")
