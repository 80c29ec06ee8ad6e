"""The synthetic world: people, staff, partners, economy and faults; the only place that imports SimPy."""
