"""What is made of a drill's record: evidence, judgement, report. Everything is computed from the record alone."""

from results.drill.writing import written

__all__ = ["written"]
