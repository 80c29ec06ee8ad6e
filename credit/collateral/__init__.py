"""Collateral (押品): valuation, formalities, register, revaluation, release."""
