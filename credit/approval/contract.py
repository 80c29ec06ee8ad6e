"""Approval at the branch (分行审批): what the room says to the rest of the bank."""

from __future__ import annotations

from credit.codes import Handler, Step, Verdict
from credit.customers.contract import FraudConfirmed
from credit.profile import ANALYSED, EXPLAINED, SCORED, TERMS
from credit.room import DeskCode, EventCode, GaugeCode, Reason, Room, blank, event
from credit.worklists.kinds import desk_kinds
from credit.worklists.states import Handling
from credit.worklists.states import Refusal as TaskRefusal

room = Room(__name__, "approval", ("approval", "分行审批"))

# mail in, and what is asked of the world -------------------------------------------------------------------------------
ApplicationScored = room.accepts(301, "ApplicationScored", SCORED, sender="scoring collateral")
ContractWithdrawn = room.accepts(302, "ContractWithdrawn", f"{TERMS} reason previous_fen", sender="contracts")
ApplicationSupplemented = room.accepts(
    303, "ApplicationSupplemented", f"{SCORED} round path previous", sender="customers"
)
"""What was missing has come (APP-19): the case goes on where it was sent back, `path` begins there."""
CustomerListed = room.accepts(304, "CustomerListed", "customer branch case=0 removed=0", sender="customers")
"""A customer has been entered in the risk library for an application (EXT-08), or has left it (`removed`, EXT-09); told to every
branch, since he may have a case at any."""
WORDS = "opinion:U200 background:U200 finance:U200"
"""A written opinion (书面评审意见), and what a review records of the customer's background (背景分析) and finances (财务分析)."""
VOTES = blank("ballots ayes noes voter least_fen")
"""Of a case before the committee: its ballots, how many are in favour and against so far, who voted last, and the least
amount that a member in favour would lend."""
CASE_CHANGES = "amount_fen previous path node decide_at ballots ayes noes voter least_fen"
"""What of a case changes on its way through the desks."""
DESK = desk_kinds(
    room,
    "Approval",
    320,
    entity="case",
    offers=f"party product segment amount_fen score grade alert doubts missing round team member {EXPLAINED} {ANALYSED}",
    decides=f"verdict amount_fen materials {WORDS}",
    desks="initial_approver re_reviewer",
)
FRAUD = desk_kinds(
    room,
    "Fraud",
    340,
    entity="case",
    offers="party product segment amount_fen score grade alert doubts team",
    decides="verdict",
    tables="fraud_",
    desks="fraud_investigator",
)
"""The fraud desk's list (反欺诈调查): `verdict` approves where the suspicion is cleared, and declines where it is confirmed."""
room.sends(FraudConfirmed)
LISTED = "entry branch case since until"
LISTED_CHANGES = "case since until"
room.table("listed", LISTED, key="entry", changes=LISTED_CHANGES)
room.table("opinions", f"task case person verdict at {WORDS}", key="task")
room.table(
    "cases",
    f"{SCORED} round previous path state node=0 decide_at=0 {VOTES}",
    key="case",
    puts="state",
    changes=CASE_CHANGES,
)

# what it records -------------------------------------------------------------------------------------------------------


class Cause(Reason):
    """Why a case was escalated (自动上报), APR-07."""

    AUTHORITY = 1, "above the authority of the desk", "超出审批权限"
    FRAUD_DOUBT = 2, "doubt of fraud", "欺诈疑点"
    PERSON = 3, "asked for by the approver", "审批人主动上报"
    YELLOW_ALERT = 4, "yellow alert", "黄色预警"
    SPECIAL_APPROVAL = 5, "special approval", "特批"
    WEAK_FINANCES = 6, "due diligence found it weak", "尽职调查结论偏弱"


class Event(EventCode):
    """Events of approval."""

    NODE_ENTERED = event(
        301, "reached an approval desk", "进入审批节点", value="node", step=Step.APPROVAL, handler=Handler.APPROVER
    )
    NODE_DECIDED = event(
        302,
        "opinion given",
        "节点意见",
        reason=Verdict,
        value="node, 0 the machine's review",
        step=Step.APPROVAL,
        handler=Handler.SYSTEM,
    )
    CASE_URGED = event(303, "urged", "催办", value="desk", trouble=("cases urged", "催办"))
    CASE_ESCALATED = event(
        304, "escalated", "自动上报", reason=Cause, value="node added", step=Step.APPROVAL, handler=Handler.APPROVER
    )
    VOTE_CAST = event(320, "vote cast", "委员投票", reason=Verdict, value="ballot")
    APPLICATION_APPROVED = event(
        305,
        "approved",
        "审批通过",
        value="lane",
        step=Step.CONTRACT,
        handler=Handler.SYSTEM,
        mails="ApplicationApproved",
    )
    APPLICATION_DECLINED = event(
        306,
        "declined",
        "审批拒绝",
        reason=Reason,
        value="party; the application entered there, where the risk library stopped it",
        refuses=True,
        step=Step.CLOSED,
    )
    DECISION_REFUSED = event(
        307,
        "decision without effect",
        "无效审批意见",
        reason=Reason,
        value="node",
        refuses=True,
        trouble=("decisions without effect", "无效审批"),
    )
    DEPUTY_APPOINTED = event(308, "deputy appointed", "指定代理人", value="deputy")
    COMMITTEE_VOTED = event(310, "committee voted", "委员会表决", value="votes in favour")
    DEPUTY_DECIDED = event(311, "decided for somebody absent", "代理审批", value="absent person")
    TASK_HANDLED = event(312, "task handled", "任务流转", reason=Handling, value="person it concerns, or verdict")
    SUPPLEMENT_ASKED = event(
        313,
        "sent back for supplements",
        "退回补件",
        value="materials asked for (bits)",
        step=Step.APPROVAL,
        handler=Handler.CUSTOMER,
        mails="SupplementAsked",
    )
    FRAUD_CASE_OPENED = event(
        330,
        "before the fraud desk",
        "进入反欺诈调查",
        value="doubts (bits)",
        step=Step.APPROVAL,
        handler=Handler.APPROVER,
        trouble=("cases before the fraud desk", "进入反欺诈调查"),
    )
    FRAUD_CLEARED = event(
        331,
        "suspicion of fraud cleared",
        "欺诈嫌疑排除",
        value="doubts (bits)",
        step=Step.APPROVAL,
        handler=Handler.SYSTEM,
    )
    FRAUD_FOUND = event(332, "fraud confirmed", "确认欺诈", value="doubts (bits)")
    FRAUD_URGED = event(
        333, "fraud case urged", "反欺诈催办", value="desk", trouble=("fraud cases urged", "反欺诈催办")
    )
    FRAUD_HANDLED = event(
        334, "fraud task handled", "反欺诈任务流转", reason=Handling, value="person it concerns, or verdict"
    )
    FRAUD_DEPUTY_APPOINTED = event(335, "deputy for fraud cases appointed", "指定反欺诈代理人", value="deputy")
    RE_APPROVAL_OPENED = event(
        309, "re-approval opened", "重新审批", value="round", step=Step.APPROVAL, handler=Handler.SYSTEM
    )


class Gauge(GaugeCode):
    """What approval measures at a day's end."""

    PENDING_APPROVALS = 9, "applications in approval", "待审批", True, "credit.codes:Node"


class Desk(DeskCode):
    """The staffed desks of approval."""

    INITIAL_APPROVER = 1, "initial approval", "初审"
    RE_REVIEWER = 2, "re-review", "复审"
    FRAUD_INVESTIGATOR = 14, "fraud investigation", "反欺诈调查岗", False, 2, 60


class Refusal(Reason):
    """Why approval refuses."""

    HUMAN_DECLINE = 301, "declined by an approver", "人工拒绝"
    AFFORDABILITY = 302, "cannot afford it", "偿债能力不足"
    SUPPLEMENT_UNNAMED = (
        330,
        "materials: name what is missing, of what the product asks for, when you send back, and only then",
        "退回补件须指明该产品所需的资料，其他意见不得填写",
        "materials",
    )
    OPINION_MISSING = 331, "opinion: write it down in words, at least a few", "须填写书面意见", "opinion"
    ANALYSIS_MISSING = (
        332,
        "background, finance: a review of this product records both before it goes on",
        "该产品的评审须填写背景分析和财务分析",
        "background",
    )
    SPECIAL_LIMIT = 333, "special approval: the amount is above its limit", "超出特批金额上限", "verdict"
    DUE_DILIGENCE = 334, "due diligence advises against it", "尽职调查不建议授信"
    APPROVAL_EXPIRED = 501, "approval expired", "审批已过期"
    GUARANTEE_MISSING = 503, "guarantee missing", "担保未落实"
    LIMIT_EXCEEDED = 506, "limit exceeded", "超额度"


room.logs(Event, Gauge, Desk, reasons=(Refusal, TaskRefusal))
