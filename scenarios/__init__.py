"""Scenarios: TOML files that describe a world, a bank's size and a span of time, and the validated model of them."""
