"""Repayment (还款): what the room says to the rest of the bank."""

from __future__ import annotations

from credit.codes import Channel, Grade, Named
from credit.codes_trouble import Measure
from credit.room import DeskCode, EventCode, GaugeCode, Reason, Room, blank, event
from credit.worklists.kinds import desk_kinds
from credit.worklists.states import Handling
from credit.worklists.states import Refusal as TaskRefusal

room = Room(__name__, "repayment", ("repayment", "还款"))

STAGES = "stages:U120"
"""Stages of principal set by hand, as `credit.schedules.read_stages` reads them; empty where there are none."""

# mail in, and what is asked of the world -------------------------------------------------------------------------------
room.told_of_partners(790)
LoanDisbursed = room.accepts(
    701,
    "LoanDisbursed",
    "loan case customer party branch segment product grade pd_ppm amount_fen rate_ppm term_months method auto_debit "
    "revolving transaction debit_account",
    sender="disbursement",
)
DebitRequest = room.asks(
    702,
    "DebitRequest",
    "loan party product number amount_fen instalment_fen dpd attempt pd_ppm automatic account by_hand",
)
DebitResult = room.accepts(703, "DebitResult", "loan paid_fen status attempt")
LoanOpened = room.asks(704, "LoanOpened", "loan party product segment amount_fen term_months pd_ppm revolving method")
EarlyRepaymentRequested = room.obeys(705, "EarlyRepaymentRequested", "loan full amount_fen choice")
PaymentMade = room.obeys(706, "PaymentMade", "loan amount_fen=0 share_ppm=0 channel")
CHANNELS = (Channel.COUNTER, Channel.ONLINE_BANK, Channel.MOBILE_BANK, Channel.THIRD_PARTY)
"""How a customer pays (REP-05): over the counter, by transfer online, through a third party."""
PaymentIntended = room.asks(707, "PaymentIntended", "loan party pay_at share_ppm reason", sender="collections")
WriteOffApproved = room.accepts(708, "WriteOffApproved", "loan decided_fen", sender="collections")
"""`decided_fen`: the claim as it stood when the last body said yes."""
# Restructuring (重组): who is brought before its team, what was agreed, and what is observed of the loan afterwards. Extensions
# count their `months` beside those that are left; any other measure begins a plan of so many. `stages`: shares set by hand.
RestructuringReferred = room.accepts(
    709, "RestructuringReferred", "loan cause hardship=0 proof=0", sender="collections restructuring"
)
RestructureLoan = room.accepts(
    711, "RestructureLoan", f"loan measure months interest_every free_months {STAGES}", sender="restructuring"
)
ObservationEnded = room.accepts(712, "ObservationEnded", "loan", sender="restructuring")
LossEvidence = room.accepts(713, "LossEvidence", "loan", sender="restructuring")
ChangeDebit = room.obeys(740, "ChangeDebit", "loan account automatic operator")
"""`account` 0: it stays as it is; `automatic`: 1 by debit, 0 by the customer himself; `operator` 0: the customer asks."""
AccountCheck = room.asks(741, "AccountCheck", "loan party account")
AccountChecked = room.accepts(742, "AccountChecked", "loan account status")
"""Whether the account exists and is the borrower's own, by core banking: OK, REFUSED, or UNAVAILABLE where it does not answer."""
FAILED_DEBITS = desk_kinds(
    room,
    "FailedDebit",
    730,
    entity="loan",
    offers="case party product amount_fen",
    decides="follow_up account",
    tables="failed_debit_",
    once=False,
)
"""The failed-debit list (异常名单): one task a loan and due day. `account`: where the follow-up is another one."""

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
    "next_principal_fen=0 next_interest_fen=0 held_fen=0 balance_fen transactions debits=0 account lates=0 met=0 behaviour=0",
    key="loan",
    puts="grade method automatic state plan_fen plan_day plan_number choice periods part_fen number period_start_day due_day "
    "next_principal_fen next_interest_fen held_fen balance_fen transactions debits account lates met behaviour",
)
# Due and unpaid, one row a loan. `since_day`: due day of the oldest unpaid instalment; `told`: collections knows; `marked`:
# non-performing; `penalty_rest`: the part of a fen that the penalty so far is exact by; `tries`: debits of the day asked again;
# `handed`: the desk of failed debits has handed it over, of which collections hears with the loan.
room.table(
    "arrears",
    "loan group since_day " + blank("principal_fen interest_fen penalty_fen penalty_rest told marked tries handed"),
    key="loan",
    puts="since_day principal_fen interest_fen penalty_fen penalty_rest told marked tries handed",
)
room.table(
    "instalments",
    "instalment loan due_day principal_fen interest_fen",
    key="instalment",
    puts="principal_fen interest_fen",
)
room.table("written_off", "loan group balance_fen since_day transactions", key="loan", puts="balance_fen transactions")
# Debits whose outcome is not known: not answered yet, or core banking was silent. A late answer's money is never lost.
room.table("debits", "debit loan asked_day silent=0", key="debit", puts="silent")
# Loans under other terms than their contract's. Of a CUSTOM plan of their own that began after instalment `after` its months,
# else 0, and how it is made; `held_fen`: interest of before that it began with; `non_performing`: it was so when its terms
# changed; `observed`: that counts yet.
room.table(
    "restructured",
    f"loan after months interest_every free_months held_fen non_performing observed {STAGES}",
    key="loan",
    puts="held_fen non_performing observed",
)
# Changes of account that core banking has been asked about.
room.table("account_checks", "loan account automatic operator", key="loan")
# Interest accrued by group, and the days that the book has begun, debited, reminded of and ended.
_ACCRUED = "accrued_fen begun debited reminded ended"
room.table("control", f"group {blank(_ACCRUED)}", key="group", changes=_ACCRUED)

# what it records -------------------------------------------------------------------------------------------------------


class DebitMethod(Named):
    """How the instalments of a loan are paid (REP-06, REP-14)."""

    AUTOMATIC = 1, "by automatic debit", "自动扣款"
    BY_CUSTOMER = 2, "by the customer himself", "客户主动还款"


class FollowUp(Named):
    """What the desk of failed debits has found out of a debit, and does about it (REP-08)."""

    DEBIT_AGAIN = 1, "debit again", "再次扣款"
    CHANGE_ACCOUNT = 2, "another account", "变更还款账户"
    HAND_OVER = 3, "hand over to collections", "移交催收"


class Event(EventCode):
    """Events of repayment."""

    SCHEDULE_GENERATED = event(701, "schedule generated", "生成还款计划", value="instalments")
    REMINDER_SENT = event(702, "reminder sent", "还款提醒", value="days before the due day")
    INSTALMENT_DUE = event(703, "instalment due", "分期到期", value="instalment")
    INSTALMENT_PAID = event(704, "instalment paid", "还款", value="instalment")
    DEBIT_FAILED = event(705, "debit failed", "扣款失败", value="attempt")
    OVERDUE_STARTED = event(706, "overdue", "进入逾期", value="days past due", mails="LoanOverdue overdue_fen")
    OVERDUE_CLEARED = event(707, "overdue cleared", "逾期结清")
    LOAN_SETTLED = event(708, "loan settled", "贷款结清")
    EARLY_REPAYMENT = event(709, "early repayment", "提前还款", value="interest and fee, fen")
    SCHEDULE_REGENERATED = event(710, "schedule generated anew", "重算还款计划", value="instalments left")
    NPL_MARKED = event(711, "marked non-performing", "认定不良", value="days past due")
    LOAN_WRITTEN_OFF = event(712, "written off", "核销", value="days past due")
    WRITE_OFF_DIFFERS = event(
        739, "changed between decision and write-off", "核销批准后息费与还款变动", value="decided on, fen"
    )
    RECOVERY_RECEIVED = event(713, "recovered after write-off", "核销后收回", reason=Channel)
    EARLY_REPAYMENT_REFUSED = event(714, "early repayment refused", "提前还款被拒", reason=Reason, refuses=True)
    PAYMENT_RECEIVED = event(715, "payment received", "收到款项", reason=Channel)
    PAYMENT_RETURNED = event(716, "surplus returned", "退回多付款")
    BEHAVIOUR_SCORED = event(725, "behaviour scored", "行为评分", reason=Grade, value="chance of default, millionths")
    RECEIPT_REFUSED = event(717, "receipt refused", "收款被拒", reason=Reason, refuses=True)
    LOAN_RESTRUCTURED = event(718, "loan restructured", "贷款重组", reason=Measure, value="instalments left")
    BURDEN_EASED = event(
        719, "due within six months, before and after", "近六个月还款额变化", value="due within six months before, fen"
    )
    PENALTY_WAIVED = event(720, "penalty waived", "减免罚息")
    ARREARS_INTEREST_DEFERRED = event(721, "interest in arrears deferred", "欠息延后收取")
    ARREARS_INTEREST_CAPITALISED = event(722, "interest in arrears capitalised", "欠息转为本金")
    RESTRUCTURING_NOT_TAKEN_IN = event(
        723, "referral or new terms refused", "重组未予受理", reason=Reason, refuses=True
    )
    LOSS_EVIDENT = event(724, "evidently not to be repaid in full", "有明显证据表明无法足额收回")
    FAILED_DEBIT_LISTED = event(
        730,
        "on the failed-debit list",
        "列入扣款异常名单",
        value="attempt",
        trouble=("debits on the failed-debit list", "列入扣款异常名单"),
    )
    FAILED_DEBIT_FOLLOWED_UP = event(731, "failed debit followed up", "扣款异常跟进", reason=FollowUp, value="attempt")
    FAILED_DEBIT_URGED = event(
        732, "failed debit urged", "扣款异常催办", value="desk", trouble=("failed debits urged", "扣款异常催办")
    )
    FAILED_DEBIT_HANDLED = event(
        733, "failed-debit task handled", "扣款异常任务流转", reason=Handling, value="person it concerns"
    )
    FAILED_DEBIT_DEPUTY_APPOINTED = event(
        734, "deputy for failed debits appointed", "指定扣款异常代理人", value="deputy"
    )
    DEBIT_SET = event(735, "account of repayment set", "设定还款账户", reason=DebitMethod, value="account")
    ACCOUNT_CHECK_ASKED = event(736, "account to be checked", "核验还款账户", reason=DebitMethod, value="account")
    DEBIT_CHANGED = event(737, "account of repayment changed", "变更还款账户", reason=DebitMethod, value="account")
    ACCOUNT_REFUSED = event(
        738,
        "account of repayment refused",
        "还款账户核验未通过",
        reason=Reason,
        value="account",
        refuses=True,
        trouble=("accounts of repayment refused", "还款账户核验未通过"),
    )


class Gauge(GaugeCode):
    """What repayment measures at a day's end."""

    LOANS_BY_BUCKET = 1, "loans by days past due", "逾期结构", False, "credit.codes:Bucket"
    OVERDUE_BY_BUCKET = 2, "overdue by days past due", "逾期金额", False, "credit.codes:Bucket"
    NON_PERFORMING = 3, "non-performing loans", "不良贷款"
    WRITTEN_OFF = 4, "written off", "已核销"
    LOANS_ACTIVE = 5, "active loans", "在贷"
    ACCRUED_INTEREST = 11, "accrued interest", "应计利息"


class Desk(DeskCode):
    """The staffed desk of repayment."""

    REPAYMENT_CLERK = 26, "repayment desk", "还款管理岗", False, 2, 15


class Refusal(Reason):
    """Why repayment refuses."""

    LOAN_UNKNOWN = 601, "no such loan", "借据不存在"
    LOAN_OVERDUE = 602, "loan overdue", "贷款逾期"
    EARLY_AMOUNT = 603, "amount of early repayment", "提前还款金额不符"
    DEBIT_UNKNOWN = 604, "no such debit", "扣款不存在"
    PAYMENT_AMOUNT = 605, "nothing, or more than all, is paid", "还款金额不符", "amount_fen"
    PAYMENTS_SPENT = 606, "too many payments of this loan", "还款笔数超限"
    TERMS_TOO_LONG = 608, "longer than may be agreed", "期限超过可展期限"
    NOT_LOWER = 609, "the instalment would not be lower", "月供未降低"
    PAYMENT_CHANNEL = 630, "no channel of payments", "还款渠道不符", "channel"
    NOTHING_OWED = 631, "nothing is owed any more", "已无欠款"
    ACCOUNT_INVALID = 632, "not an account number", "账号有误", "account"
    ACCOUNT_UNCHANGED = 633, "that is how it is", "账户与方式均未变更", "account"
    ACCOUNT_NOT_OWN = 634, "not the borrower's own account", "非借款人本人账户", "account"
    ACCOUNT_UNCHECKED = 635, "core banking did not answer, ask again", "核心系统未应答，请重新提交", "account"
    CHECK_OUTSTANDING = 636, "another account is being checked", "账户核验中", "account"


room.logs(Event, Gauge, Desk, reasons=(Refusal, TaskRefusal))
