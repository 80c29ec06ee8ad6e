"""Scoring and anti-fraud (评分与反欺诈): bureau and other sources, scorecards, fraud rules, alerts and lanes. What other
packages may use is named here."""

from credit.scoring.cards import Scorecards
from credit.scoring.fraud import FraudEngine
from credit.scoring.subsystem import ScoringSubsystem

__all__ = ["FraudEngine", "Scorecards", "ScoringSubsystem"]
