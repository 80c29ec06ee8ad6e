"""A tenth room that the bank doesn't know of, to show what a new subsystem costs: its own package, and nothing else."""
