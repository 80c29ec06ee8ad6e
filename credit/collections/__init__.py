"""Collections (催收): strategies by days past due, tiered teams, promises, and write-off by three bodies."""

from credit.collections.states import CaseState, RefusedBecause
from credit.collections.strategy import Strategies, compile_strategies
from credit.collections.subsystem import CollectionsSubsystem

__all__ = ["CaseState", "CollectionsSubsystem", "RefusedBecause", "Strategies", "compile_strategies"]
