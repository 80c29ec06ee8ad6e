"""Repayment (还款): plans, dues, debits, payments, arrears, early repayment, write-off, accrual."""
