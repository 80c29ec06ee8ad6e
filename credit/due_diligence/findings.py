"""What due diligence (尽职调查) finds, and what its analysis comes to: codes that other rooms and policies speak of too."""

from __future__ import annotations

from enum import IntFlag

from credit.codes import Named


class Concern(IntFlag):
    """What speaks against a business that was looked into (尽职调查), APP-21; none of them: nothing does."""

    PREMISES_MISSING = 1
    NOT_OPERATING = 2
    STOCK_THIN = 4
    RECORDS_POOR = 8
    STATEMENTS_INCONSISTENT = 16


CONCERNS_ZH = {
    Concern.PREMISES_MISSING: "经营场所不存在",
    Concern.NOT_OPERATING: "未实际经营",
    Concern.STOCK_THIN: "存货明显不足",
    Concern.RECORDS_POOR: "账册不全",
    Concern.STATEMENTS_INCONSISTENT: "财务报表勾稽不符",
}


class Analysis(Named):
    """What the analysis of a business comes to, from strong to weak; 0 where nobody analysed it."""

    SOUND = 1, "sound", "稳健"
    FAIR = 2, "fair", "一般"
    WEAK = 3, "weak", "偏弱"
    AGAINST = 4, "advised against", "不建议授信"
