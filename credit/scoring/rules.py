"""Cross-validation (SCO-10), alerts (SCO-05) and the choice of lane (SCO-07, SCO-14), on whole columns. The machine
decides alone only where nothing speaks against it; in doubt a person decides."""

from __future__ import annotations

import numpy as np

from credit.codes import Alert, Doubt, Lane, Segment, Source
from credit.policies.scorecard import ScorecardPolicy
from credit.room import Rows
from credit.scoring.contract import Refusal
from credit.scoring.facts import Facts
from credit.times import Bools, Ints


def cross_validation_doubts(cases: Rows, facts: Facts, policy: ScorecardPolicy) -> Ints:
    """Doubt bits where two sources tell the same fact differently (SCO-10), and where a source stayed silent."""
    months_apart = cases["employment_months"] - facts["registry_months"]
    company = cases["segment"] != Segment.INDIVIDUAL
    aged = company & (months_apart > policy.registry_tolerance_months)
    doubts = np.zeros(len(cases), dtype=np.int64)
    for doubt, source, mismatch in (
        (Doubt.INCOME_TAX_MISMATCH, Source.TAX, facts["income_excess_ppm"] > policy.income_tolerance_ppm),
        (Doubt.MOBILE_MISMATCH, Source.CARRIER, facts["mobile_matches"] == 0),
        (Doubt.IDENTITY_MISMATCH, Source.PUBLIC_SECURITY, facts["identity_matches"] == 0),
        (Doubt.REGISTRY_MISMATCH, Source.REGISTRY, aged | (facts["registry_active"] == 0)),
        (Doubt.LITIGATION, Source.JUDICIAL, facts["litigation"] > 0),
    ):
        told = (facts.answered & int(source)) != 0
        doubts |= np.where(told & mismatch, int(doubt), 0)
    doubts |= np.where((facts.silent != 0) | ~facts.bureau_known, int(Doubt.SOURCE_MISSING), 0)
    return doubts


def history_fails(max_dpd_24m: Ints, policy: ScorecardPolicy) -> Bools:
    """True where a credit history is beyond the criterion (CUS-04)."""
    return np.asarray(max_dpd_24m >= policy.history_max_dpd)


def alerts(scores: Ints, facts: Facts, watch: Bools, policy: ScorecardPolicy) -> Ints:
    """Alert of each row: by score, by an abnormal indicator, or by the fraud model (SCO-05)."""
    red = scores < policy.red_below
    yellow = (scores < policy.yellow_below) | watch
    for abnormal in policy.abnormal:
        values, known = facts[abnormal.key], facts.knows(abnormal.key)
        if abnormal.red_at is not None:
            red |= known & (values >= abnormal.red_at)
        if abnormal.yellow_at is not None:
            yellow |= known & (values >= abnormal.yellow_at)
    return np.where(red, int(Alert.RED), np.where(yellow, int(Alert.YELLOW), int(Alert.NONE)))


def rejections(scores: Ints, alert: Ints, facts: Facts, policy: ScorecardPolicy) -> Ints:
    """Why the machine would decline, 0 where it would not (SCO-05, CUS-04): a score below the cut-off, a credit history
    beyond the criterion, or a silent bureau where policy says so."""
    reasons = np.zeros(len(scores), dtype=np.int64)
    reasons[scores < policy.reject_below] = Refusal.SCORE_LOW
    if not _red_goes_to_people(policy):
        reasons[alert == Alert.RED] = Refusal.RED_ALERT
    reasons[facts.bureau_known & history_fails(facts["max_dpd_24m"], policy)] = Refusal.CREDIT_HISTORY
    if policy.bureau.when_missing == "reject":
        reasons[~facts.bureau_known] = Refusal.BUREAU_UNAVAILABLE
    return reasons


def borderline(scores: Ints, reasons: Ints, facts: Facts, policy: ScorecardPolicy) -> Bools:
    """Where the machine only advises (SCO-14): just below the cut-off, or below it without the bureau's word."""
    low = reasons == Refusal.SCORE_LOW
    close = scores >= policy.reject_below - policy.borderline_points
    return np.asarray(low & (close | ~facts.bureau_known))


def lanes(
    cases: Rows, grade: Ints, alert: Ints, doubts: Ints, declined: Bools, automatic_max: Ints, policy: ScorecardPolicy
) -> Ints:
    """Lane of each row (SCO-07). `automatic_max`: the largest amount of each row's product the machine may decide, 0 = none;
    `declined`: rows the machine rejects by itself."""
    standard = (automatic_max > 0) & (cases["amount_fen"] <= automatic_max)
    sound = (grade <= policy.automatic_grade_max) & (alert == Alert.NONE) & (doubts == 0)
    lane = np.where(standard & sound, int(Lane.AUTOMATIC), int(Lane.MANUAL))
    lane[declined] = Lane.REJECT
    return lane


def _red_goes_to_people(policy: ScorecardPolicy) -> bool:
    if policy.red_action == "manual_if_available":
        return policy.approver_available
    return policy.red_action == "manual"
