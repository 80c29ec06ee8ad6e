"""Appeals (名单申诉): what the room says to the rest of the bank. There is one for all branches."""

from __future__ import annotations

from credit.approval.contract import Event as Approval
from credit.codes import Named
from credit.customers.contract import Event as Customers
from credit.customers.contract import RiskEntryRemoved
from credit.room import DeskCode, EventCode, GaugeCode, Reason, Room, blank, event
from credit.worklists.kinds import desk_kinds
from credit.worklists.states import Handling
from credit.worklists.states import Refusal as TaskRefusal

room = Room(__name__, "appeals", ("appeals", "名单申诉"), shared=True)


class Ground(Named):
    """What a customer says against an entry."""

    NOT_ME = 1, "somebody else is meant", "非本人（身份混淆）"
    IDENTITY_MISUSED = 2, "my identity was misused", "身份被冒用"
    FACTS_WRONG = 3, "the facts are otherwise", "认定事实有误"


# mail in, and what is asked of the world -------------------------------------------------------------------------------
StopTold = room.accepts(
    1701,
    "StopTold",
    "case branch product event reason value",
    sender="customers scoring approval head_office",
    copies=(Customers.APPLICATION_INTERCEPTED, Approval.APPLICATION_DECLINED),
)
"""Applications that were stopped by a list, or by a suspicion of fraud; of those declined the others are passed over."""
HandTold = room.accepts(
    1702,
    "HandTold",
    "case branch actor event reason",
    sender="approval",
    copies=(Approval.FRAUD_FOUND, Approval.FRAUD_CLEARED, Approval.FRAUD_HANDLED),
)
"""Who had a hand in a case before the fraud desk."""
EntryMade = room.accepts(1703, "EntryMade", "case party customer person=0 second=0", sender="customers")
"""A customer, and who signs for him, is entered in the risk library for an application from this instant on; by two people where
he is so by hand."""
EntryEnded = room.accepts(1707, "EntryEnded", "case", sender="customers")
"""Whoever was entered for an application has left the library, by an appeal or by hand."""
room.sends(RiskEntryRemoved)
AppealOffered = room.asks(1704, "AppealOffered", "case party")
"""To the customer: he was refused, and may appeal (告知申诉权利)."""
AppealAnswered = room.asks(1705, "AppealAnswered", "case party granted appeals")
"""To the customer: what came of his appeal, the how-manieth it was."""
Appeal = room.obeys(1706, "Appeal", "case ground person=0 words:U200")
"""A customer appeals against what stopped an application of his; `person`: who takes it down at a counter, 0 = he himself."""
DESK = desk_kinds(
    room, "Appeal", 1710, entity="case", offers="party customer ground appeals appealed", decides="verdict opinion:U200"
)
"""The review (复核), of the application that the entry rests on: `verdict` approves where the appeal is granted and the
entry removed, and declines where the entry is upheld. `appealed`: the application whose refusal is appealed against."""
room.table("stopped", "case branch product reason entry at", key="case")
"""Applications that were stopped. `reason`: of customers, scoring or approval · `entry`: the application entered in the risk
library that stopped it, 0 where none did."""
room.table(
    "entries",
    f"case party customer state at {blank('ground appeals appealed appealed_at decided_at reviewer tasks')} words:U200=0 "
    "opinion:U200=0",
    key="case",
    puts="state",
    changes="ground appeals appealed appealed_at decided_at reviewer tasks words opinion",
)
"""Entries of the risk library, by the application that each rests on. `at`: since when · `appeals`: so many so far ·
`appealed`: the application whose refusal the last one was against · `reviewer`: who decided
last · `tasks`: so many so far, also of what was entered before."""

# what it records -------------------------------------------------------------------------------------------------------


class Event(EventCode):
    """Events of appeals: of the application that is appealed about, those of tasks of the one that the entry rests on."""

    APPEAL_RECEIVED = event(1701, "appeal received", "受理申诉", reason=Ground, value="days until it is answered")
    ENTRY_UPHELD = event(
        1702,
        "entry upheld",
        "维持名单",
        reason=Ground,
        value="days within which it is looked at once more, 0 = no more",
    )
    ENTRY_REMOVED = event(1703, "appeal granted, entry removed", "申诉成立，移出名单", reason=Ground, value="appeal")
    APPEAL_REFUSED = event(1704, "appeal refused", "申诉不予受理", reason=Reason, refuses=True)
    TASK_URGED = event(1705, "appeal urged", "申诉复核催办", value="desk", trouble=("appeals urged", "申诉复核催办"))
    TASK_HANDLED = event(
        1706, "appeal task handled", "申诉复核任务流转", reason=Handling, value="person it concerns, or verdict"
    )
    DEPUTY_APPOINTED = event(1707, "deputy for appeals appointed", "指定申诉复核代理人", value="deputy")


class Gauge(GaugeCode):
    """What appeals measures at a day's end."""

    RISK_ENTRIES = 71, "entries of the risk library", "风险客户库名单", True, "credit.appeals.states:EntryState"


class Desk(DeskCode):
    """The staffed desk of appeals."""

    LIST_REVIEWER = 53, "review of appeals", "名单申诉复核岗", True, 3, 60


class Refusal(Reason):
    """Why an appeal, or a decision on one, is refused."""

    NOT_STOPPED = 1701, "no list stopped this application within the time for appeals", "该申请在申诉期内未被名单拦截"
    NOT_LISTED = 1702, "nobody was entered in a list for this application", "该申请未导致任何人列入名单，无可申诉"
    OF_CENTRAL_BANK = (
        1703,
        "on the central bank's list, which the central bank keeps: ask it for the correction",
        "该名单由中国人民银行维护，请向其申请更正",
    )
    OF_COURTS = (
        1704,
        "on the courts' list of dishonest debtors: ask the court that executes for the correction",
        "失信被执行人名单由人民法院维护，请向执行法院申请纠正",
    )
    OF_ASSOCIATION = (
        1705,
        "on the banking association's list, which the association keeps: ask it for the correction",
        "该名单由银行业协会维护，请向其申请更正",
    )
    UNDER_WAY = 1706, "an appeal is under way", "申诉正在复核中"
    REMOVED_ALREADY = 1707, "the entry was removed already", "该名单已移除"
    DECIDED = 1708, "decided already, and looked at once more", "申诉已复核并再次复核，维持原结论"
    TOO_LATE = (
        1709,
        "decided already; the time to have it looked at once more is over",
        "已作出复核结论，再次申诉期限已过",
    )
    GROUND_UNKNOWN = 1710, "ground: one of the grounds there are", "申诉理由无效", "ground"
    OPINION_MISSING = 1711, "opinion: write down why, at least a few words", "须填写复核意见", "opinion"


room.logs(Event, Gauge, Desk, reasons=(Refusal, TaskRefusal))
