"""Collections (催收): what the room says to the rest of the bank."""

from __future__ import annotations

from credit.codes import ContactOutcome
from credit.codes_trouble import ReferralCause
from credit.room import DeskCode, EventCode, GaugeCode, Reason, Room, blank, event
from credit.worklists.kinds import desk_kinds
from credit.worklists.states import Handling, Refusal

room = Room(__name__, "collections", ("collections", "催收"))

# mail in, and what is asked of the world -------------------------------------------------------------------------------
FIGURES = "overdue_since_day overdue_fen principal_fen interest_fen penalty_fen"
"""What a loan owes: since when, how much of it is overdue, and the whole claim by its parts (principal not yet due as well). The
parts of a claim written off are 0: it stands in `overdue_fen` alone."""
LoanOverdue = room.accepts(
    801, "LoanOverdue", f"loan case customer party branch segment product grade {FIGURES}", sender="repayment"
)
OverduePaid = room.accepts(802, "OverduePaid", f"loan transaction paid_fen {FIGURES}", sender="repayment")
NoticeSent = room.asks(803, "NoticeSent", "loan party action dpd amount_fen")
OverdueReported = room.accepts(808, "OverdueReported", f"loan {FIGURES}", sender="repayment")
OverdueRestructured = room.accepts(809, "OverdueRestructured", "loan", sender="repayment")
ArrearsTotal = room.accepts(
    811, "ArrearsTotal", "branch loans overdue_fen principal_fen penalty_fen", sender="repayment"
)
"""What the loans in collection come to at a day's end, by the book: collections must know the same."""
RestructuringUnderWay = room.accepts(810, "RestructuringUnderWay", "loan under_way", sender="restructuring")
DebitHandedOver = room.accepts(845, "DebitHandedOver", "loan", sender="repayment")
"""The desk of failed debits gives a loan up to collections (移交催收)."""
COLLECTION = desk_kinds(
    room,
    "Collection",
    830,
    entity="loan",
    offers="case party action dpd amount_fen repay_ppm",
    decides="outcome promise_day promise_fen",
    once=False,
    desks="collector_early collector_middle collector_long",
)
"""The collectors' list: a task is one contact by the means `action`, the decision on it what came of the contact. A loan has one
task a day, known by its day, and the same collector may have them all. `repay_ppm`: the chance that he pays within a month."""
WRITE_OFF = desk_kinds(
    room,
    "WriteOff",
    820,
    entity="loan",
    offers="case party amount_fen principal_fen interest_fen penalty_fen",
    decides="verdict",
    tables="write_off_",
    desks="branch_risk_director head_office_risk finance",
)
"""The three bodies' list: what they decide on is the claim as it stood when they were asked."""
# One case a loan. `*_day`: day on which a means was last used, 0 = never; `*_done`: day on which a collector last finished it;
# `referred_day`: day on which it was last brought before the restructuring team; `likelihood`: the last score by the collection
# card, 0 = none yet; `next_means`: what is to be done out of turn;
# `raised`: levels added by broken promises; `approved_n`: who approved the write-off, desk by desk.
room.table(
    "cases",
    f"loan case customer party branch segment product grade {FIGURES} opened_at=0 closed_at state "
    + blank(
        "written_off set stage stage_since raised contacts next_means "
        "sms_day voice_day call_day visit_day legal_day call_done visit_done legal_done "
        "promise_day promise_at promise_fen promise_paid_fen pause_until referred_day likelihood "
        "approved_1 approved_2 approved_3 refused_day"
    ),
    key="loan",
    changes=f"grade {FIGURES} opened_at closed_at written_off set stage stage_since raised contacts next_means "
    "sms_day voice_day call_day visit_day legal_day call_done visit_done legal_done promise_day promise_at promise_fen "
    "promise_paid_fen pause_until referred_day likelihood approved_1 approved_2 approved_3 refused_day",
    puts="state",
)
# Today's payments, so that a promise that is heard of later in the day finds what was paid after it was made.
room.table("receipts", "transaction loan at paid_fen", key="transaction")

# what it records -------------------------------------------------------------------------------------------------------


class RefusedBecause(Reason):
    """Why an answer from the world has no effect."""

    UNKNOWN_CASE = 801, "no such case", "催收案件不存在"  # or closed before the answer came
    NOT_ASKED = 802, "nobody asked", "无此任务"
    PROMISE_TERMS = (
        803,
        "a promise is of 1 fen up to all that the loan owes, and of a day to come, no farther away than a promise may be",
        "承诺金额须大于零且不超过贷款全部欠款，承诺日期须在允许期限内",
    )


class Event(EventCode):
    """Events of collections."""

    CASE_OPENED = event(801, "collection case opened", "催收立案", value="days past due")
    CASE_ASSIGNED = event(802, "collection case assigned", "催收分派", value="desk")
    CONTACT_MADE = event(803, "contact made", "催收联系", reason=ContactOutcome, value="means")
    PROMISE_MADE = event(804, "promise made", "承诺还款", value="day promised")
    PROMISE_KEPT = event(805, "promise kept", "履行承诺", value="day promised")
    PROMISE_BROKEN = event(806, "promise broken", "违反承诺", value="day promised")
    LEVEL_RAISED = event(807, "collection level raised", "催收升级", value="stage")
    CASE_CLOSED = event(808, "collection case closed", "催收结案")
    WRITE_OFF_PROPOSED = event(809, "write-off proposed", "核销申报")
    WRITE_OFF_DECIDED = event(810, "write-off decided", "核销审批", value="verdict")
    HARDSHIP_REFERRED = event(811, "hardship referred", "困难客户转重组", reason=ReferralCause)
    COLLECTION_NOTICE_SENT = event(812, "collection notice sent", "发送催收函", value="means")
    COLLECTION_ACTION_REFUSED = event(
        813,
        "collection action refused",
        "催收操作被拒",
        reason=Reason,
        refuses=True,
        trouble=("collection refused", "催收操作被拒"),
    )
    WRITE_OFF_URGED = event(814, "write-off urged", "核销催办", value="desk", trouble=("write-offs urged", "核销催办"))
    WRITE_OFF_HANDLED = event(815, "write-off task handled", "核销任务流转", reason=Handling, value="person")
    WRITE_OFF_DEPUTY_APPOINTED = event(816, "deputy for write-offs appointed", "指定核销代理人", value="deputy")
    COLLECTION_URGED = event(
        817, "collection urged", "催收催办", value="desk", trouble=("collection tasks urged", "催收催办")
    )
    COLLECTION_HANDLED = event(818, "collection task handled", "催收任务流转", reason=Handling, value="person")
    COLLECTION_SCORED = event(
        820, "likelihood to repay estimated", "催收评分", value="chance that he pays within a month, millionths"
    )
    COLLECTION_DEPUTY_APPOINTED = event(819, "deputy for collection appointed", "指定催收代理人", value="deputy")
    CASE_HANDED_OVER = event(845, "handed over by the repayment desk", "还款岗移交催收", value="days past due")


class Gauge(GaugeCode):
    """What collections measures at a day's end."""

    COLLECTION_CASES = 7, "collection cases", "催收案件", True


class Desk(DeskCode):
    """The staffed desks of collections."""

    COLLECTOR_EARLY = 21, "early collection", "前期催收"
    COLLECTOR_MIDDLE = 22, "middle collection", "中期催收"
    COLLECTOR_LONG = 23, "late collection", "后期催收"
    BRANCH_RISK_DIRECTOR = 31, "branch risk director", "分行风险总监"
    HEAD_OFFICE_RISK = 32, "head-office risk", "总行风险管理部", True
    FINANCE = 33, "finance", "财务部", True


room.logs(Event, Gauge, Desk, (RefusedBecause, Refusal))
