"""Scoring and anti-fraud (评分与反欺诈): bureau and other sources, scorecards, fraud rules, alerts and lanes."""
