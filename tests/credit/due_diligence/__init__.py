"""Tests of due diligence."""
