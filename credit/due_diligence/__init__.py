"""Due diligence (尽职调查): site visit, investigation report, financial analysis."""
