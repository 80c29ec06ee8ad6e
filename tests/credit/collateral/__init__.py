"""Tests of the collateral register."""
