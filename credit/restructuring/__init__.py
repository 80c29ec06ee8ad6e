"""Restructuring (重组): other terms for who cannot pay as agreed: proposed, approved, signed, and observed for a year."""
