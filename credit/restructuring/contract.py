"""Restructuring (重组): what the room says to the rest of the bank."""

from __future__ import annotations

from credit.codes import Named
from credit.codes_trouble import Hardship, Measure, ReferralCause, RiskClass
from credit.collections.contract import FIGURES, LoanOverdue, OverduePaid
from credit.repayment.contract import STAGES
from credit.room import DeskCode, EventCode, GaugeCode, Reason, Room, blank, event
from credit.worklists.kinds import desk_kinds
from credit.worklists.states import Handling, Refusal

room = Room(__name__, "restructuring", ("restructuring", "重组"))

# mail in, and what is asked of the world -------------------------------------------------------------------------------
room.hears(LoanOverdue)
room.hears(OverduePaid)
# A loan as the book has it when it is referred: instalments left, and what its next one comes to.
RestructuringOpened = room.accepts(
    1401,
    "RestructuringOpened",
    f"loan case customer party branch segment product grade {FIGURES} non_performing left instalment_fen cause hardship proof",
    sender="repayment",
)
# What came of new terms: `reason`, why they could not be carried out, else 0; the first two days on which something is due.
LoanRestructured = room.accepts(
    1402,
    "LoanRestructured",
    "loan measure reason principal_fen non_performing first_day second_day",
    sender="repayment",
)
RestructuredLeft = room.accepts(1403, "RestructuredLeft", "loan", sender="repayment")
HelpOffered = room.asks(1404, "HelpOffered", "loan party product overdue_fen")
"""A customer newly overdue is told that he may ask for other terms."""
RequestRestructuring = room.obeys(1405, "RequestRestructuring", "loan hardship proof")
DraftRestructuringPlan = room.obeys(1406, "DraftRestructuringPlan", f"loan person months interest_every {STAGES}")
TermsOffered = room.asks(1407, "TermsOffered", "loan party measure months free_months principal_fen lapses_at")
AnswerTerms = room.obeys(1408, "AnswerTerms", "loan accept")
TERMS = "measure months free_months"
RESTRUCTURING = desk_kinds(
    room,
    "Restructuring",
    1420,
    entity="loan",
    offers=f"case party product segment amount_fen overdue_fen dpd left instalment_fen cause hardship proof {TERMS}",
    decides=f"verdict ground {TERMS}",
    desks="restructuring_specialist restructuring_approver restructuring_head",
)
"""Proposals and their approval: who proposes says what he found (`ground`) and the terms, who approves says yes or no to them."""
INSPECTION = desk_kinds(
    room,
    "RestructuredInspection",
    1440,
    entity="loan",
    offers="case party product amount_fen risk_class",
    decides="finding",
    tables="inspection_",
    once=False,
    desks="restructured_inspector",
)
"""The monthly inspections of restructured borrowers."""
# One case a loan that has been referred; one that ended without new terms stays until it may be referred again, on `retry_day`.
# `drafted`: the plan that somebody has set by hand, of which `interest_every` and `stages` are.
room.table(
    "cases",
    f"loan case customer party branch segment product grade {FIGURES} non_performing left instalment_fen cause hardship proof "
    + blank(
        f"opened_at state {TERMS} interest_every drafted proposed_by approved_by confirmed_by lapses_at signed_at retry_day"
    )
    + f" {STAGES}=0",
    key="loan",
    changes=f"case customer party branch segment product grade {FIGURES} non_performing left instalment_fen cause hardship proof "
    f"opened_at {TERMS} interest_every "
    "drafted proposed_by approved_by confirmed_by lapses_at signed_at retry_day",
    puts="state",
)
# Restructured loans under observation (观察期): their class, from when and until when they are observed, whether they are
# in arrears, how often they were inspected and what was found last.
room.table(
    "watched",
    "loan case party branch product measure principal_fen risk_class since_day second_day observe_until next_day "
    + blank("overdue defaults inspections finding"),
    key="loan",
    changes="risk_class observe_until next_day overdue defaults inspections finding",
)

# what it records -------------------------------------------------------------------------------------------------------


class Finding(Named):
    """What a monthly inspection finds, EX-18."""

    SOUND = 1, "sound", "经营正常"
    STRAINED = 2, "strained", "偏紧"
    WORSE = 3, "worse", "恶化"


class Ending(Reason):
    """Why a case ended without new terms."""

    DECLINED = 1411, "declined", "未获批准"
    NOT_SIGNED = 1412, "not signed in time", "逾期未签"
    NOT_WANTED = 1413, "not wanted by the customer", "客户不同意"
    PAID = 1414, "nothing is overdue any more", "逾期已结清"
    HOPELESS = 1415, "not to be saved by other terms", "无重组价值"


class RefusedBecause(Reason):
    """Why the room refuses."""

    UNDER_WAY = 1401, "a case is under way", "重组办理中"
    TOO_SOON = 1402, "too soon after the last one", "距上次申请过近"
    PROOF_MISSING = 1403, "hardship not said, or without proof", "未说明困难原因或缺少证明", "hardship"
    FINDING_INVALID = 1409, "no such finding", "检查结论无效", "finding"
    TERMS_INVALID = 1404, "terms that make no plan", "重组方案无效", "months"
    NOT_PROPOSED = 1405, "other terms than were proposed", "与申报方案不符", "measure"
    NOTHING_OFFERED = 1406, "no terms are offered", "无待签方案"
    NO_CASE = 1407, "no case to propose for", "无重组案件"
    PLAN_INVALID = 1408, "shares that make no plan", "还款计划比例无效", "stages"


class Event(EventCode):
    """Events of restructuring."""

    RESTRUCTURING_OPENED = event(1401, "restructuring case opened", "重组立案", reason=ReferralCause, value="hardship")
    RESTRUCTURING_REQUESTED = event(1402, "other terms asked for", "客户申请重组", value="hardship")
    PLAN_DRAFTED = event(1403, "plan set by hand", "拟定还款计划", value="months")
    TERMS_PROPOSED = event(1404, "new terms proposed", "申报重组方案", reason=Measure, value="months")
    TERMS_DECIDED = event(1405, "new terms decided on", "重组审批", value="verdict")
    TERMS_OFFERED = event(1406, "new terms offered", "重组方案送签", reason=Measure, value="months")
    TERMS_SIGNED = event(1407, "new terms signed", "签署重组协议", reason=Measure, value="months")
    RESTRUCTURING_ENDED = event(
        1408,
        "restructuring ended without new terms",
        "重组未达成",
        reason=Reason,
        trouble=("restructurings that came to nothing", "重组未达成"),
    )
    CLASS_ASSIGNED = event(
        1409, "restructured loan classified", "重组贷款分类", reason=RiskClass, value="observed until, day"
    )
    RENEWED_DEFAULT = event(
        1410,
        "default after restructuring",
        "重组后再次违约",
        value="defaults",
        trouble=("defaults after restructuring", "重组后再次违约"),
    )
    RESTRUCTURED_INSPECTED = event(
        1411, "restructured borrower inspected", "重组客户月度检查", reason=Finding, value="inspections"
    )
    RETURNED_TO_NORMAL = event(1412, "back to normal after observation", "观察期满恢复正常", value="inspections")
    RESTRUCTURING_REFUSED = event(
        1413,
        "restructuring step refused",
        "重组操作被拒",
        reason=Reason,
        refuses=True,
        trouble=("restructuring steps refused", "重组操作被拒"),
    )
    RESTRUCTURING_URGED = event(
        1414, "restructuring urged", "重组催办", value="desk", trouble=("restructuring tasks urged", "重组催办")
    )
    RESTRUCTURING_HANDLED = event(1415, "restructuring task handled", "重组任务流转", reason=Handling, value="person")
    RESTRUCTURING_DEPUTY_APPOINTED = event(1416, "deputy for restructuring appointed", "指定重组代理人", value="deputy")
    INSPECTION_URGED = event(1417, "inspection urged", "月度检查催办", value="desk")
    INSPECTION_HANDLED = event(1418, "inspection task handled", "月度检查任务流转", reason=Handling, value="person")
    CONDITION_ANALYSED = event(1420, "condition analysed", "还款能力分析", reason=Hardship, value="days past due")
    INSPECTION_DEPUTY_APPOINTED = event(1419, "deputy for inspections appointed", "指定月度检查代理人", value="deputy")


class Gauge(GaugeCode):
    """What restructuring measures at a day's end."""

    RESTRUCTURING_CASES = 61, "restructuring cases", "重组案件", True
    RESTRUCTURED_OBSERVED = (
        62,
        "restructured loans under observation",
        "观察期重组贷款",
        False,
        "credit.codes_trouble:RiskClass",
    )


class Desk(DeskCode):
    """The staffed desks of restructuring."""

    RESTRUCTURING_SPECIALIST = 36, "restructuring team", "重组团队", False, 2, 90
    RESTRUCTURING_APPROVER = 37, "restructuring approval", "重组审批", False, 2, 40
    RESTRUCTURING_HEAD = 38, "head-office restructuring approval", "总行重组审批", True, 2, 40
    RESTRUCTURED_INSPECTOR = 39, "inspection of restructured loans", "重组贷后检查", False, 2, 60


room.logs(Event, Gauge, Desk, (RefusedBecause, Ending, Refusal))
