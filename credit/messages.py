"""Every message of the bank, one schema each. A message kind is a numpy record type whose first field is `at` (ms); every
field is an int64, or fixed-width text whose size is a multiple of 8 bytes, so a batch is one compact buffer and each row
hashes as whole words. Commands are imperative, events past tense. `stage` is the subsystem that the kind is addressed to;
`world` kinds go to that stage's counterpart outside the bank (its staff, partners or customers) instead."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from credit.codes import Stage

Rows = npt.NDArray[np.void]


@dataclass(frozen=True, eq=False)
class Kind:
    """One message kind: its name, its wire number, the stage it is addressed to and its record type."""

    name: str
    number: int
    stage: Stage
    world: bool
    dtype: np.dtype[np.void]
    key: str

    def empty(self, length: int = 0) -> Rows:
        """`length` rows of zeros and empty text."""
        return np.zeros(length, dtype=self.dtype)

    def rows(self, length: int, **columns: npt.ArrayLike) -> Rows:
        """`length` rows from columns; scalars broadcast, absent fields are zero. Unknown fields raise ValueError."""
        rows = np.zeros(length, dtype=self.dtype)
        for field, values in columns.items():
            rows[field] = values
        return rows

    def carry(self, source: Rows, **columns: npt.ArrayLike) -> Rows:
        """Rows that take every field `source` shares with this kind, then the given columns."""
        rows = np.zeros(len(source), dtype=self.dtype)
        for field in _shared(self.dtype, source.dtype):
            if field not in columns:
                rows[field] = source[field]
        for field, values in columns.items():
            rows[field] = values
        return rows


_SHARED: dict[tuple[tuple[str, ...], tuple[str, ...]], tuple[str, ...]] = {}


def _shared(mine: np.dtype[np.void], theirs: np.dtype[np.void]) -> tuple[str, ...]:
    names = (mine.names or (), theirs.names or ())
    if names not in _SHARED:
        _SHARED[names] = tuple(name for name in names[0] if name in names[1])
    return _SHARED[names]


KINDS: dict[int, Kind] = {}
BY_NAME: dict[str, Kind] = {}


def _kind(name: str, number: int, stage: Stage, fields: str, *, world: bool = False) -> Kind:
    """Registers a kind. `fields`: blank-separated names, int64 unless given as name:U12; the second is the sort key."""
    columns = [(part.split(":")[0], part.split(":")[1] if ":" in part else "i8") for part in ("at " + fields).split()]
    kind = Kind(name, number, stage, world, np.dtype(columns), columns[1][0])
    assert kind.dtype.itemsize % 8 == 0, f"{name}: text fields need an even number of characters"
    assert number not in KINDS, f"{name}: number {number} is taken by {KINDS[number].name}"
    KINDS[number] = BY_NAME[name] = kind
    return kind


S = Stage
_PERSON = "name:U16 id_number:U18"
PROFILE = (
    "case customer party branch channel segment product amount_fen term_months method purpose age income_fen "
    f"employment_months documents missing consent collateral_fen account payee_account {_PERSON}"
)
"""What every stage before disbursement needs to know of an application; income is a month's, declared. `missing` holds
the required materials still to come (APR-13); `amount_fen`, `term_months`, `method` are as asked until approval fixes them."""
SCORED = f"{PROFILE} score grade pd_ppm alert lane doubts verified_income_fen monthly_debt_fen"
TERMS = f"{SCORED} rate_ppm guarantee conditions approved_at valid_until round"

# applications ---------------------------------------------------------------------------------------------------------
SubmitApplication = _kind(
    "SubmitApplication",
    101,
    S.APPLICATIONS,
    "party branch channel segment product amount_fen term_months method purpose_text:U12 id_type credit_code:U18 mobile:U12 "
    f"occupation income_fen employment_months documents consent collateral_fen account payee_account customer {_PERSON}",
)
RefreshRiskList = _kind("RefreshRiskList", 102, S.APPLICATIONS, "entry branch list removed id_number:U18")
ListQuery = _kind("ListQuery", 103, S.APPLICATIONS, "case party id_number:U18", world=True)
ListReply = _kind("ListReply", 104, S.APPLICATIONS, "case lists status")
CustomerEnteredBusiness = _kind("CustomerEnteredBusiness", 105, S.APPLICATIONS, "customer case")
FraudConfirmed = _kind("FraudConfirmed", 106, S.APPLICATIONS, "case party customer id_number:U18")
# scoring --------------------------------------------------------------------------------------------------------------
ApplicationAccepted = _kind(
    "ApplicationAccepted",
    201,
    S.SCORING,
    f"{PROFILE} recent_applications recent_channels amount_growth_ppm existing id_valid mobile_prefix",
)
BureauQuery = _kind("BureauQuery", 202, S.SCORING, "case party segment reason operator attempt batch", world=True)
BureauReport = _kind(
    "BureauReport",
    203,
    S.SCORING,
    "case status attempt overdue_24m max_dpd_24m lenders queries_3m debt_fen monthly_debt_fen history_months",
)
VerificationQuery = _kind(
    "VerificationQuery", 204, S.SCORING, "case party segment sources declared_income_fen", world=True
)
VerificationReply = _kind(
    "VerificationReply",
    205,
    S.SCORING,
    "case unavailable tax_income_fen mobile_matches mobile_months identity_matches registry_months registry_active litigation "
    "sentiment shared_devices deposits_fen",
)
# approval -------------------------------------------------------------------------------------------------------------
ApplicationScored = _kind("ApplicationScored", 301, S.APPROVAL, SCORED)
ContractWithdrawn = _kind("ContractWithdrawn", 302, S.APPROVAL, f"{TERMS} reason previous_fen")
ApprovalTask = _kind(
    "ApprovalTask",
    303,
    S.APPROVAL,
    "case party branch node product segment amount_fen score grade alert doubts priority limit_at excluded round",
    world=True,
)
ApprovalOpinion = _kind(
    "ApprovalOpinion", 304, S.APPROVAL, "case node person on_behalf_of started_at verdict amount_fen urged reason votes"
)
AppointDeputy = _kind("AppointDeputy", 305, S.APPROVAL, "person deputy node from_day to_day operator")
# head office: the same subsystem, the higher desks ---------------------------------------------------------------------
CaseEscalated = _kind("CaseEscalated", 401, S.HEAD_OFFICE, f"{SCORED} round previous path")
HeadOfficeTask = _kind(
    "HeadOfficeTask",
    403,
    S.HEAD_OFFICE,
    "case party branch node product segment amount_fen score grade alert doubts priority limit_at excluded round",
    world=True,
)
HeadOfficeOpinion = _kind(
    "HeadOfficeOpinion",
    404,
    S.HEAD_OFFICE,
    "case node person on_behalf_of started_at verdict amount_fen urged reason votes",
)
# contracts ------------------------------------------------------------------------------------------------------------
ApplicationApproved = _kind("ApplicationApproved", 501, S.CONTRACTS, TERMS)
ContractOffered = _kind(
    "ContractOffered",
    502,
    S.CONTRACTS,
    "case party branch product amount_fen term_months lane mode expires_at attempt",
    world=True,
)
ContractSigned = _kind("ContractSigned", 503, S.CONTRACTS, "case attempt mode confirmed_at")
ContractChangeRequested = _kind(
    "ContractChangeRequested", 504, S.CONTRACTS, "case attempt amount_fen term_months reason"
)
ContractRenewalRequested = _kind("ContractRenewalRequested", 505, S.CONTRACTS, "case attempt")
# disbursement ---------------------------------------------------------------------------------------------------------
ContractEffective = _kind("ContractEffective", 601, S.DISBURSEMENT, f"{TERMS} signed_at mode")
ConditionRequested = _kind("ConditionRequested", 602, S.DISBURSEMENT, "case party conditions", world=True)
ConditionFulfilled = _kind("ConditionFulfilled", 603, S.DISBURSEMENT, "case conditions")
DisbursementTask = _kind(
    "DisbursementTask",
    604,
    S.DISBURSEMENT,
    "loan case branch desk product amount_fen priority limit_at excluded attempt",
    world=True,
)
DisbursementOpinion = _kind(
    "DisbursementOpinion", 605, S.DISBURSEMENT, "loan desk person on_behalf_of started_at verdict urged attempt"
)
PaymentInstruction = _kind(
    "PaymentInstruction",
    606,
    S.DISBURSEMENT,
    "transaction loan party amount_fen account entrusted attempt kind interbank",
    world=True,
)
PaymentResult = _kind("PaymentResult", 607, S.DISBURSEMENT, "transaction loan status amount_fen account attempt")
FacilityOpened = _kind(
    "FacilityOpened", 608, S.DISBURSEMENT, "case party product limit_fen revolving staged valid_until", world=True
)
DrawdownRequested = _kind("DrawdownRequested", 609, S.DISBURSEMENT, "case amount_fen term_months request")
UseEvidenceRequested = _kind("UseEvidenceRequested", 610, S.DISBURSEMENT, "loan case party amount_fen", world=True)
UseEvidenceFiled = _kind("UseEvidenceFiled", 611, S.DISBURSEMENT, "loan genuine")
LimitReleased = _kind("LimitReleased", 612, S.DISBURSEMENT, "case loan principal_fen")
RestrictLimit = _kind("RestrictLimit", 613, S.DISBURSEMENT, "case restricted reason operator")
# repayment ------------------------------------------------------------------------------------------------------------
LoanDisbursed = _kind(
    "LoanDisbursed",
    701,
    S.REPAYMENT,
    "loan case customer party branch segment product grade pd_ppm amount_fen rate_ppm term_months method auto_debit "
    "revolving transaction",
)
DebitRequest = _kind(
    "DebitRequest",
    702,
    S.REPAYMENT,
    "loan party product number amount_fen instalment_fen dpd attempt pd_ppm automatic",
    world=True,
)
DebitResult = _kind("DebitResult", 703, S.REPAYMENT, "loan paid_fen status attempt")
LoanOpened = _kind(
    "LoanOpened",
    704,
    S.REPAYMENT,
    "loan party product segment amount_fen term_months pd_ppm revolving method",
    world=True,
)
EarlyRepaymentRequested = _kind("EarlyRepaymentRequested", 705, S.REPAYMENT, "loan full amount_fen choice")
PaymentMade = _kind("PaymentMade", 706, S.REPAYMENT, "loan amount_fen share_ppm channel")
"""An amount, or, where it is 0, a share of all that is due at that moment: what the customer sees in the app."""
PaymentIntended = _kind("PaymentIntended", 707, S.REPAYMENT, "loan party pay_at share_ppm reason", world=True)
WriteOffApproved = _kind("WriteOffApproved", 708, S.REPAYMENT, "loan")
# collections ----------------------------------------------------------------------------------------------------------
LoanOverdue = _kind(
    "LoanOverdue",
    801,
    S.COLLECTIONS,
    "loan case customer party branch segment product grade overdue_since_day overdue_fen balance_fen written_off",
)
OverduePaid = _kind("OverduePaid", 802, S.COLLECTIONS, "loan paid_fen overdue_fen overdue_since_day")
NoticeSent = _kind("NoticeSent", 803, S.COLLECTIONS, "loan party action dpd amount_fen attempt", world=True)
CollectionTask = _kind(
    "CollectionTask",
    804,
    S.COLLECTIONS,
    "loan case party branch desk action dpd amount_fen priority limit_at attempt",
    world=True,
)
ContactMade = _kind(
    "ContactMade",
    805,
    S.COLLECTIONS,
    "loan action person on_behalf_of started_at outcome promise_day promise_fen attempt",
)
WriteOffTask = _kind(
    "WriteOffTask", 806, S.COLLECTIONS, "loan case branch desk amount_fen priority limit_at excluded", world=True
)
WriteOffOpinion = _kind("WriteOffOpinion", 807, S.COLLECTIONS, "loan desk person on_behalf_of started_at verdict")
# ledger ---------------------------------------------------------------------------------------------------------------
Posting = _kind("Posting", 901, S.LEDGER, "transaction account loan amount_fen")
LoanBalance = _kind(
    "LoanBalance", 902, S.LEDGER, "loan principal_fen interest_receivable_fen penalty_receivable_fen written_off_fen"
)
AccrualTotal = _kind("AccrualTotal", 903, S.LEDGER, "branch product accrued_fen")
# read by nobody inside the bank: the event log and the window's measures ------------------------------------------------
EVENT_DTYPE = np.dtype([(f, "i8") for f in "at case event actor loan amount_fen reason value".split()])
MEASURE_DTYPE = np.dtype([(f, "i8") for f in "at gauge branch product group count amount_fen".split()])
