"""Contracts (合同): generation, element check, signing, expiry."""
