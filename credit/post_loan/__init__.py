"""After the loan (贷后管理): inspections, what they find, and what follows from it."""
