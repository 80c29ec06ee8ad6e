"""Disbursement (放款): preconditions, dual control, payment, drawdowns and tranches."""

from credit.disbursement.payments import transaction_of
from credit.disbursement.states import FacilityState, PaymentKind, PaymentState
from credit.disbursement.subsystem import DisbursementSubsystem

__all__ = ["DisbursementSubsystem", "FacilityState", "PaymentKind", "PaymentState", "transaction_of"]
