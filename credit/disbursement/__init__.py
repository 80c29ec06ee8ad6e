"""Disbursement (放款): preconditions, dual control, payment, drawdowns and tranches."""
