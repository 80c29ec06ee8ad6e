"""Post-loan inspections (贷后检查): whether the money was spent as agreed, looked at once after it has been paid."""
