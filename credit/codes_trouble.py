"""The numbers of loans in trouble: why a customer asks for other terms, what changes, and the classes of risk."""

from __future__ import annotations

from credit.codes import Named


class Measure(Named):
    """What a restructuring (重组) changes, REP-13, NPL-11, EX-18."""

    EXTENSION = 1, "extension", "展期"
    LOWER_INSTALMENT = 2, "lower instalments", "降低月供"
    STAGED = 3, "staged principal", "分期付息、分段还本"
    MORATORIUM = 4, "capital moratorium", "延期还本"


class ReferralCause(Named):
    """What brings a loan before the restructuring team, REP-13, COL-08, EX-17."""

    REQUESTED = 1, "the customer asks", "客户申请"
    UNABLE = 2, "a collector finds him unable", "催收认定暂无能力"
    MONTHS_OVERDUE = 3, "months overdue in a row", "连续逾期"


class Hardship(Named):
    """Why a customer asks for other terms, REP-13."""

    NONE = 0, "none given", "未说明"
    INCOME_LOST = 1, "income lost", "失业或收入中断"
    ILLNESS = 2, "illness or accident", "疾病或事故"
    CASH_SHORT = 3, "business sound, cash short", "经营正常、资金周转困难"
    DISASTER = 4, "disaster", "灾害"


class RiskClass(Named):
    """The five classes of loans (五级分类), of which restructured ones stand in the second at best while they are observed."""

    NORMAL = 1, "normal", "正常"
    SPECIAL_MENTION = 2, "special mention", "关注"
    SUBSTANDARD = 3, "substandard", "次级"
    DOUBTFUL = 4, "doubtful", "可疑"
    LOSS = 5, "loss", "损失"
