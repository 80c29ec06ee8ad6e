"""Tests of what follows after the loan."""
