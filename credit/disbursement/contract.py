"""Disbursement (放款): what the room says to the rest of the bank."""

from __future__ import annotations

from credit.codes import Handler, Step
from credit.profile import TERMS
from credit.room import DeskCode, EventCode, GaugeCode, Reason, Room, blank, event
from credit.worklists.kinds import desk_kinds
from credit.worklists.states import Handling
from credit.worklists.states import Refusal as TaskRefusal

room = Room(__name__, "disbursement", ("disbursement", "放款"))

# mail in, and what is asked of the world -------------------------------------------------------------------------------
room.told_of_partners(690)
ContractEffective = room.accepts(601, "ContractEffective", f"{TERMS} signed_at mode", sender="contracts")
ConditionRequested = room.asks(602, "ConditionRequested", "case party conditions")
ConditionFulfilled = room.obeys(603, "ConditionFulfilled", "case conditions attested=0")
"""`attested`: as of a form, see `credit.applications.contract`."""
DESK = desk_kinds(
    room, "Disbursement", 620, entity="loan", offers="case party product amount_fen attempt inquiry", decides="verdict"
)
"""`inquiry`: the payment is under way and late; somebody is to ask what has become of it (DIS-08)."""
PaymentInstruction = room.asks(
    606, "PaymentInstruction", "transaction loan party amount_fen account entrusted attempt kind interbank"
)
PaymentResult = room.accepts(607, "PaymentResult", "transaction loan status amount_fen account attempt")
FacilityOpened = room.asks(
    608, "FacilityOpened", "case party product limit_fen term_months revolving staged valid_until"
)
DrawdownRequested = room.obeys(
    609, "DrawdownRequested", "case amount_fen term_months number payee_account=0 purpose:U12=0"
)
"""`term_months`: one of the product's, no longer than what was approved; `purpose`: what this drawdown is for, one of the
product's; `payee_account`: who is paid, where the product pays the payee."""
UseEvidenceRequested = room.asks(610, "UseEvidenceRequested", "loan case party amount_fen")
UseEvidenceFiled = room.obeys(611, "UseEvidenceFiled", "loan genuine")
LimitReleased = room.accepts(612, "LimitReleased", "case loan principal_fen", sender="repayment")
RestrictLimit = room.obeys(613, "RestrictLimit", "case restricted reason operator")
GuaranteeReported = room.accepts(614, "GuaranteeReported", "case in_place", sender="collateral")
"""What became of the formalities of a case's guarantee (担保手续), CON-24: in place, or not to be had."""
room.table("contracts", "case", key="case")
room.table(
    "facilities",
    "case customer party branch segment product amount_fen term_months method documents consent collateral_fen account "
    "payee_account grade pd_ppm lane rate_ppm guarantee conditions valid_until signed_at state revolving staged "
    + blank("opened_at drawn_fen paid_fen restored_fen loans verified restricted idle_at formalities ends_early_at"),
    key="case",
    changes="documents conditions valid_until opened_at drawn_fen paid_fen restored_fen loans verified restricted idle_at "
    "formalities ends_early_at",
    puts="state",
)
room.table(
    "payments",
    "loan case customer party branch segment product grade pd_ppm amount_fen rate_ppm term_months method auto_debit "
    "revolving account debit_account entrusted lane state task=0 operator=0 reviewer=0 attempt=0 rejections=0 leaves_at=0 "
    "sent_at=0 delayed=0 valid_until purpose:U12=0",
    key="loan",
    puts="state",
    changes="task operator reviewer attempt rejections leaves_at sent_at delayed",
)

# what it records -------------------------------------------------------------------------------------------------------


class Event(EventCode):
    """Events of disbursement."""

    DISBURSEMENT_INITIATED = event(
        601, "payout initiated", "发起放款", value="transaction", step=Step.DISBURSEMENT, handler=Handler.REVIEWER
    )
    DISBURSEMENT_PRECHECK_FAILED = event(
        602, "precheck failed", "放款预审未通过", reason=Reason, value="materials still to come (bits)", refuses=True
    )
    DISBURSEMENT_REVIEWED = event(
        603, "payout reviewed", "放款复核通过", value="transaction", step=Step.DISBURSEMENT, handler=Handler.SYSTEM
    )
    DISBURSEMENT_REJECTED = event(
        604,
        "payout rejected",
        "放款复核退回",
        reason=Reason,
        value="transaction",
        refuses=True,
        step=Step.DISBURSEMENT,
        handler=Handler.OPERATOR,
    )
    INSTRUCTION_SENT = event(
        605,
        "payment instruction sent",
        "发送支付指令",
        value="transaction",
        step=Step.DISBURSEMENT,
        handler=Handler.CORE_BANKING,
    )
    FUNDS_ARRIVED = event(606, "funds arrived", "资金到账", value="transaction", step=Step.DISBURSED)
    PAYMENT_DELAYED = event(
        607,
        "payment delayed",
        "到账延迟",
        value="transaction",
        step=Step.DISBURSEMENT,
        handler=Handler.CORE_BANKING,
        trouble=("payments delayed", "到账延迟"),
    )
    PAYMENT_FAILED = event(
        608,
        "payment failed",
        "支付失败",
        reason=Reason,
        value="transaction",
        refuses=True,
        step=Step.DISBURSEMENT,
        handler=Handler.OPERATOR,
        trouble=("payments failed", "支付失败"),
    )
    PAYMENT_RETRIED = event(609, "payment retried", "重新支付", value="transaction")
    LOAN_DISBURSED = event(
        610, "loan paid out", "放款", value="account that got it", step=Step.DISBURSED, mails="LoanDisbursed"
    )
    CONDITION_MET = event(611, "condition met", "放款条件落实", value="materials (bits)")
    DRAWDOWN_REQUESTED = event(612, "drawdown requested", "申请提款", value="request of the case")
    DRAWDOWN_REFUSED = event(
        613, "drawdown refused", "提款被拒", reason=Reason, value="request of the case", refuses=True
    )
    USE_VERIFIED = event(614, "use of funds verified", "用途核实", value="transaction")
    USE_REJECTED = event(615, "use of funds rejected", "用途不符", reason=Reason, value="transaction", refuses=True)
    LIMIT_RESTORED = event(616, "limit restored", "额度恢复")
    PAYMENT_STOPPED = event(
        617, "payment stopped", "止付", reason=Reason, value="transaction", refuses=True, step=Step.CLOSED
    )
    LIMIT_RESTRICTED = event(618, "limit restricted", "额度受限", value="1 restricted, 0 lifted")
    DISBURSEMENT_ACTION_REFUSED = event(619, "disbursement action refused", "放款操作被拒", reason=Reason, refuses=True)
    FACILITY_OPENED = event(620, "facility opened", "额度启用", value="end of validity, ms")
    FACILITY_CLOSED = event(621, "facility closed", "额度终止", reason=Reason)
    TASK_URGED = event(622, "payment task urged", "放款催办", value="desk", trouble=("payment tasks urged", "放款催办"))
    TASK_HANDLED = event(
        623, "payment task handled", "放款任务流转", reason=Handling, value="person it concerns, or verdict"
    )
    DEPUTY_APPOINTED = event(624, "deputy for payments appointed", "指定放款代理人", value="deputy")
    NOTHING_PAID = event(
        641,
        "over before anything was paid",
        "未放款，业务终止",
        reason=Reason,
        refuses=True,
        step=Step.CLOSED,
        trouble=("cases over before anything was paid", "未放款即终止"),
    )
    PAYMENT_INQUIRED = event(640, "delayed payment looked into", "到账延迟已查证", value="transaction")


class Gauge(GaugeCode):
    """What disbursement measures at a day's end."""

    PENDING_DISBURSEMENTS = 10, "payments under way", "待放款", True, "credit.disbursement.states:PaymentState"


class Desk(DeskCode):
    """The staffed desks of disbursement."""

    DISBURSEMENT_OPERATOR = 11, "disbursement operator", "放款经办"
    DISBURSEMENT_REVIEWER = 12, "disbursement reviewer", "放款复核"
    USE_VERIFIER = 13, "use of funds", "资金用途核查"


class Refusal(Reason):
    """Why disbursement refuses."""

    CONTRACT_NOT_EFFECTIVE = 502, "contract not effective", "合同未生效"
    ACCOUNT_INVALID = 504, "account invalid", "账户无效"
    CONDITION_OPEN = 505, "condition still open", "放款条件未落实"
    USE_NOT_VERIFIED = 507, "use of funds not verified", "用途未核实"
    REVIEW_REJECTED = 508, "rejected at review", "复核退回"
    LIMIT_RESTRICTED = 509, "limit restricted", "额度受限"
    PAYMENT_MISMATCH = 510, "payment does not match", "支付不符"
    PAYMENT_FAILED = 511, "payment failed", "支付失败"
    DRAWDOWN_PURPOSE = 512, "purpose not allowed for a drawdown", "提款用途不符合产品规定", "purpose"
    DRAWDOWN_PAYEE = 513, "payee missing, or the borrower himself", "缺收款方或收款方为借款人本人", "payee_account"
    DRAWDOWN_TERM = 514, "longer than the term approved", "提款期限超过批准的期限", "term_months"


room.logs(Event, Gauge, Desk, reasons=(Refusal, TaskRefusal))
