"""Repayment (还款): plans, dues, debits, payments, arrears, early repayment, write-off, accrual. What other packages may use is
named here."""

from credit.repayment.states import LoanState
from credit.repayment.subsystem import RepaymentSubsystem

__all__ = ["LoanState", "RepaymentSubsystem"]
