"""Repayment (还款): what the room says to the rest of the bank."""

from __future__ import annotations

from credit.codes import Grade
from credit.room import EventCode, GaugeCode, Reason, Room, blank, event

room = Room(__name__, "repayment", ("repayment", "还款"))

# mail in, and what is asked of the world -------------------------------------------------------------------------------
LoanDisbursed = room.accepts(
    701,
    "LoanDisbursed",
    "loan case customer party branch segment product grade pd_ppm amount_fen rate_ppm term_months method auto_debit "
    "revolving transaction",
    sender="disbursement",
)
DebitRequest = room.asks(
    702, "DebitRequest", "loan party product number amount_fen instalment_fen dpd attempt pd_ppm automatic"
)
DebitResult = room.accepts(703, "DebitResult", "loan paid_fen status attempt")
LoanOpened = room.asks(704, "LoanOpened", "loan party product segment amount_fen term_months pd_ppm revolving method")
EarlyRepaymentRequested = room.obeys(705, "EarlyRepaymentRequested", "loan full amount_fen choice")
PaymentMade = room.obeys(706, "PaymentMade", "loan amount_fen=0 share_ppm=0 channel")
PaymentIntended = room.asks(707, "PaymentIntended", "loan party pay_at share_ppm reason", sender="collections")
WriteOffApproved = room.accepts(708, "WriteOffApproved", "loan", sender="collections")

# the book --------------------------------------------------------------------------------------------------------------
# The running plan began on `plan_day` over `plan_fen`, after instalment `plan_number`; `choice` is what the customer chose when
# it was regenerated (REP-12), 0 = it is the plan of the contract. `number` is the next instalment to fall due, on `due_day`; its
# principal and interest are known. `balance_fen` is principal not yet due, `held_fen` interest of past months that a plan by
# hand has not made due yet. `transactions`: how many the loan has had, its disbursement the first;
# `debits`: how many it was asked for. `lates`: how often it has become overdue, `met`: instalments met in a row since;
# `behaviour`: its last score by the behaviour card, 0 = none yet; `grade`: by that score, until then by the application's.
room.table(
    "loans",
    "loan customer party group segment grade pd_ppm rate_ppm method daycount automatic revolving debit_day reminder_days "
    "state plan_fen plan_day plan_number=0 choice=0 periods part_fen number period_start_day due_day "
    "next_principal_fen=0 next_interest_fen=0 held_fen=0 balance_fen transactions debits=0 lates=0 met=0 behaviour=0",
    key="loan",
)
# Due and unpaid, one row a loan. `since_day`: due day of the oldest unpaid instalment; `told`: collections knows; `marked`:
# non-performing; `penalty_rest`: the part of a fen that the penalty so far is exact by; `tries`: debits of the day asked again.
room.table(
    "arrears",
    "loan group since_day " + blank("principal_fen interest_fen penalty_fen penalty_rest told marked tries"),
    key="loan",
)
room.table("instalments", "instalment loan due_day principal_fen interest_fen", key="instalment")
room.table("written_off", "loan group balance_fen since_day transactions", key="loan")
# Debits whose outcome is not known: not answered yet, or core banking was silent. A late answer's money is never lost.
room.table("debits", "debit loan asked_day silent=0", key="debit")
# Interest accrued by group, and the days that the book has begun, debited, reminded of and ended.
room.table("control", f"group {blank('accrued_fen begun debited reminded ended')}", key="group")

# what it records -------------------------------------------------------------------------------------------------------


class Event(EventCode):
    """Events of repayment."""

    SCHEDULE_GENERATED = event(701, "schedule generated", "生成还款计划", value="instalments")
    REMINDER_SENT = event(702, "reminder sent", "还款提醒", value="days before the due day")
    INSTALMENT_DUE = event(703, "instalment due", "分期到期", value="instalment")
    INSTALMENT_PAID = event(704, "instalment paid", "还款", value="instalment")
    DEBIT_FAILED = event(705, "debit failed", "扣款失败", value="attempt")
    OVERDUE_STARTED = event(706, "overdue", "进入逾期", value="days past due")
    OVERDUE_CLEARED = event(707, "overdue cleared", "逾期结清")
    LOAN_SETTLED = event(708, "loan settled", "贷款结清")
    EARLY_REPAYMENT = event(709, "early repayment", "提前还款", value="interest and fee, fen")
    SCHEDULE_REGENERATED = event(710, "schedule generated anew", "重算还款计划", value="instalments left")
    NPL_MARKED = event(711, "marked non-performing", "认定不良", value="days past due")
    LOAN_WRITTEN_OFF = event(712, "written off", "核销", value="days past due")
    RECOVERY_RECEIVED = event(713, "recovered after write-off", "核销后收回")
    EARLY_REPAYMENT_REFUSED = event(714, "early repayment refused", "提前还款被拒", reason=Reason, refuses=True)
    PAYMENT_RECEIVED = event(715, "payment received", "收到款项")
    PAYMENT_RETURNED = event(716, "surplus returned", "退回多付款")
    BEHAVIOUR_SCORED = event(718, "behaviour scored", "行为评分", reason=Grade, value="chance of default, millionths")
    RECEIPT_REFUSED = event(717, "receipt refused", "收款被拒", reason=Reason, refuses=True)


class Gauge(GaugeCode):
    """What repayment measures at a day's end."""

    LOANS_BY_BUCKET = 1, "loans by days past due", "逾期结构", False, "credit.codes:Bucket"
    OVERDUE_BY_BUCKET = 2, "overdue by days past due", "逾期金额", False, "credit.codes:Bucket"
    NON_PERFORMING = 3, "non-performing loans", "不良贷款"
    WRITTEN_OFF = 4, "written off", "已核销"
    LOANS_ACTIVE = 5, "active loans", "在贷"
    ACCRUED_INTEREST = 11, "accrued interest", "应计利息"


class Refusal(Reason):
    """Why repayment refuses."""

    LOAN_UNKNOWN = 601, "no such loan", "借据不存在"
    LOAN_OVERDUE = 602, "loan overdue", "贷款逾期"
    EARLY_AMOUNT = 603, "amount of early repayment", "提前还款金额不符"
    DEBIT_UNKNOWN = 604, "no such debit", "扣款不存在"
    PAYMENT_AMOUNT = 605, "nothing, or more than all, is paid", "还款金额不符", "amount_fen"
    PAYMENTS_SPENT = 606, "too many payments of this loan", "还款笔数超限"


room.logs(Event, Gauge, reasons=(Refusal,))
