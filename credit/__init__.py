"""The bank: a pure, deterministic core with no clock, no IO and no hidden randomness."""
