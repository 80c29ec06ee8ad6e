"""Notices (通知): what the room says to the rest of the bank."""

from __future__ import annotations

from credit.appeals.contract import Event as Appeals
from credit.applications.contract import Event as Applications
from credit.approval.contract import Event as Approval
from credit.codes import Coded, Named
from credit.collections.contract import Event as Collections
from credit.contracts.contract import Event as Contracts
from credit.customers.contract import Event as Customers
from credit.customers.contract import FormChecked
from credit.disbursement.contract import Event as Disbursement
from credit.repayment.contract import Event as Repayment
from credit.room import EventCode, GaugeCode, Reason, Room, event
from credit.scoring.contract import Event as Scoring

room = Room(__name__, "notices", ("notices", "通知"))


class Topic(Coded):
    """What a notice is about: (number, English, Chinese, the events it tells of, further placeholders of its text, by the names
    of `credit.notices.texts`)."""

    words: tuple[str, str]
    events: tuple[EventCode, ...]
    placeholders: tuple[str, ...]

    def __new__(cls, code: int, en: str, zh: str, events: tuple[EventCode, ...], more: str = "") -> Topic:
        member = int.__new__(cls, code)
        member._value_ = code
        member.words, member.events = (en, zh), events
        member.placeholders = ("at", "case", *more.split())
        return member

    RECEIVED = 1, "application received", "申请已受理", (Applications.APPLICATION_SUBMITTED,), "amount_fen"
    DISBURSED = 2, "loan paid out", "贷款到账", (Disbursement.FUNDS_ARRIVED,), "loan amount_fen"
    APPROVED = 3, "application approved", "审批通过", (Approval.APPLICATION_APPROVED,), "amount_fen"
    REFUSED = (
        4,
        "application refused",
        "申请未通过",
        (
            Customers.CUSTOMER_DECLINED,
            Customers.APPLICATION_INTERCEPTED,
            Customers.MATERIALS_OVERDUE,
            Scoring.BUREAU_REFUSED,
            Approval.APPLICATION_DECLINED,
        ),
    )
    CONTRACT_READY = (
        5,
        "contract ready to be signed",
        "合同待签署",
        (Contracts.CONTRACT_GENERATED, Contracts.CONTRACT_REGENERATED),
        "amount_fen",
    )
    CONTRACT_EXPIRED = 6, "contract expired", "合同已失效", (Contracts.CONTRACT_EXPIRED,), "amount_fen"
    DUE = 7, "instalment falls due", "还款提醒", (Repayment.REMINDER_SENT,), "loan amount_fen due_day"
    OVERDUE = 8, "loan overdue", "贷款逾期", (Repayment.OVERDUE_STARTED,), "loan amount_fen days"
    PROMISE_BROKEN = 9, "promise not kept", "未履行还款承诺", (Collections.PROMISE_BROKEN,), "loan amount_fen day"
    APPEAL_RECEIVED = 10, "appeal received", "申诉已受理", (Appeals.APPEAL_RECEIVED,), "days"
    APPEAL_DENIED = 11, "appeal not granted", "申诉未获支持", (Appeals.ENTRY_UPHELD,)
    APPEAL_GRANTED = 12, "appeal granted", "申诉成立", (Appeals.ENTRY_REMOVED,)


TOPIC_OF = {int(one): topic for topic in Topic for one in topic.events}
"""The topic of each event that is told."""


class NoticeChannel(Named):
    """How a notice goes out."""

    PUSH = 1, "app push", "App 推送"
    SMS = 2, "SMS", "短信"
    LETTER = 3, "letter", "信函"


# mail in, and what is asked of the world -------------------------------------------------------------------------------
room.hears(FormChecked)
EventTold = room.accepts(
    1001,
    "EventTold",
    "case loan branch product event",
    sender="applications customers scoring approval head_office contracts disbursement repayment collections appeals",
    copies=TOPIC_OF,
)
room.told_of_partners(1090)
NoticeOrdered = room.asks(1002, "NoticeOrdered", "notice case party loan topic version channel written_at attempt")
"""To a partner, who has the words under topic and version. Whose number or app it is stands in the customers' register alone."""
NoticeAnswered = room.accepts(1003, "NoticeAnswered", "notice case attempt status")
"""The partner's receipt: `Status.OK` once the customer has it, anything else where that attempt has come to nothing."""
room.table("people", "case party channel", key="case")
"""Who can be told: whoever's form was checked, and the channel he applied through (`credit.codes.Channel`)."""
room.table(
    "under_way",
    "notice case loan product party applied_through topic written_at planned_at ordered_at attempt",
    key="notice",
    changes="ordered_at attempt",
)
"""Notices that have not come to an end; what became of the others is an event. `written_at`: the instant of the event it tells
of · `planned_at`: when it was to go out first · `ordered_at`: when its running attempt goes out."""
room.table("counters", "branch written=0 delivered=0 failed=0", key="branch", changes="written delivered failed")

# what it records -------------------------------------------------------------------------------------------------------
_WRITTEN = "instant of what it tells, ms"


class Event(EventCode):
    """Events of notices: one a notice, and one more where it was late."""

    NOTICE_PUSHED = event(1001, "app push delivered", "App 推送已送达", reason=Topic, value=_WRITTEN)
    NOTICE_TEXTED = event(1002, "SMS delivered", "短信已送达", reason=Topic, value=_WRITTEN)
    NOTICE_POSTED = event(1003, "letter sent", "信函已寄出", reason=Topic, value=_WRITTEN)
    NOTICE_FAILED = event(
        1004, "notice failed", "通知未送达", reason=Topic, value=_WRITTEN, trouble=("notices failed", "通知未送达")
    )
    NOTICE_LATE = event(
        1005, "notice late", "通知迟到", reason=Topic, value=_WRITTEN, trouble=("notices late", "通知迟到")
    )
    RECEIPT_REFUSED = event(
        1006,
        "receipt without a notice",
        "无对应通知的回执",
        reason=Reason,
        value="notice",
        refuses=True,
        trouble=("receipts without a notice", "无对应通知的回执"),
    )


DELIVERED = {
    NoticeChannel.PUSH: Event.NOTICE_PUSHED,
    NoticeChannel.SMS: Event.NOTICE_TEXTED,
    NoticeChannel.LETTER: Event.NOTICE_POSTED,
}
"""What says that a notice has come, by its channel."""


class Gauge(GaugeCode):
    """What notices measures at a day's end."""

    NOTICES_UNDER_WAY = 12, "notices under way", "在途通知", True, "credit.notices.contract:Topic"


class Refusal(Reason):
    """Why a receipt has no effect."""

    NOTICE_UNKNOWN = 1001, "no such notice, or it has come to its end", "通知不存在或已办结"
    ATTEMPT_UNKNOWN = 1002, "no such attempt under way", "无此次发送"


room.logs(Event, Gauge, reasons=(Refusal,))
