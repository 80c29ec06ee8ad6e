"""Measurements. Figures are printed as ratios of things measured in the same run on the same machine."""
