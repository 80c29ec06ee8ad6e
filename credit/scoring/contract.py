"""Scoring and anti-fraud (评分与反欺诈): what the room says to the rest of the bank."""

from __future__ import annotations

from credit.codes import Handler, Step
from credit.profile import ACCEPTED
from credit.room import EventCode, Reason, Room, blank, event
from credit.worklists.states import Refusal as TaskRefusal

room = Room(__name__, "scoring", ("scoring", "评分与反欺诈"))

# mail in, and what is asked of the world -------------------------------------------------------------------------------
room.told_of_partners(290)
CREDIT_FILE = "overdue_24m max_dpd_24m lenders queries_3m history_months debt_fen"
"""What the reports of persons and of companies have both: months overdue and the worst of them in two years, institutions
that lend now, queries by lenders in three months, months since the first loan, and all that is owed."""
PERSON_FACTS = f"{CREDIT_FILE} monthly_debt_fen card_limit_fen card_used_fen overdue_now_fen"
"""A person's report (个人信用报告): instalments due a month, limits of credit cards and what is used of them, what is overdue
today."""
COMPANY_FACTS = f"{CREDIT_FILE} guarantees_fen attention_fen bad_fen"
"""A company's report (企业信用报告): guarantees given for others (对外担保余额), and what of its credit its lenders class as
attention (关注类余额) and as non-performing (不良类余额). It tells balances and no instalments."""
BUREAU_FACTS = f"{PERSON_FACTS} guarantees_fen attention_fen bad_fen"
SOURCE_FACTS = (
    "unavailable tax_income_fen mobile_matches mobile_months identity_matches registry_months registry_active litigation "
    "sentiment shared_devices "
    "account_months deposits_fen inflow_fen outflow_fen income_months least_balance_fen wealth_fen settlement_fen"
)
"""The last eight are told by the bank's own systems: months since he opened his first account here (0 = he has none), what
lies on his accounts, what came in and went out in a month on average, in how many of the last twelve months income came in
(a salary, a firm's takings), the lowest balance of them; what he holds in wealth products (理财); what a company settles
through the bank in a month (结算流水)."""
ApplicationAccepted = room.accepts(201, "ApplicationAccepted", ACCEPTED, sender="customers")
BureauQuery = room.asks(202, "BureauQuery", "case party segment reason operator attempt batch")
PersonReport = room.accepts(203, "PersonReport", f"case status attempt {PERSON_FACTS}")
CompanyReport = room.accepts(206, "CompanyReport", f"case status attempt {COMPANY_FACTS}")
QueryBureau = room.obeys(210, "QueryBureau", "case purpose person")
"""Somebody of the bank has the bureau asked about a case under way, before its turn: for which purpose, by the bureau's code."""
VerificationQuery = room.asks(204, "VerificationQuery", "case party segment sources declared_income_fen")
VerificationReply = room.accepts(205, "VerificationReply", f"case {SOURCE_FACTS}")

room.table(
    "cases",
    f"at {ACCEPTED} {blank(f'{BUREAU_FACTS} {SOURCE_FACTS}')} "
    "state sources=0 attempt=0 operator reason next_at deadline bureau_at=0 verified_at=0 ready_at",
    key="case",
    changes=f"{BUREAU_FACTS} {SOURCE_FACTS} sources attempt operator reason next_at bureau_at verified_at ready_at",
    puts="state",
)
"""`sources`: those asked beside the bureau (bits), 0 where none has been."""
_COUNTED = "accepted refused intercepted scored"
room.table("tally", f"branch {blank(_COUNTED)}", key="branch", changes=_COUNTED)

# what it records -------------------------------------------------------------------------------------------------------


class Event(EventCode):
    """Events of scoring."""

    BUREAU_QUERIED = event(
        201, "bureau queried", "查询征信", value="attempt", step=Step.SCORING, handler=Handler.SYSTEM
    )
    BUREAU_ANSWERED = event(202, "bureau answered", "征信返回", value="attempt")
    BUREAU_UNAVAILABLE = event(
        203,
        "bureau unanswered",
        "征信无应答",
        value="attempt",
        step=Step.SCORING,
        handler=Handler.SYSTEM,
        trouble=("bureau unanswered", "征信无应答"),
    )
    BUREAU_REFUSED = event(204, "bureau query refused", "征信查询被拒", reason=Reason, refuses=True, step=Step.CLOSED)
    APPLICATION_SCORED = event(
        205, "scored", "完成评分", reason=Reason, value="score", step=Step.APPROVAL, handler=Handler.SYSTEM
    )
    DOUBT_MARKED = event(206, "doubt marked", "标记疑点", value="doubts (bits)")
    ALERT_RAISED = event(207, "alert raised", "触发预警", value="alert")
    SCORING_REJECTED = event(
        208,
        "rejected by score",
        "评分拒绝",
        reason=Reason,
        value="score",
        refuses=True,
        step=Step.APPROVAL,
        handler=Handler.SYSTEM,
    )
    RISK_LIBRARY_ENTERED = event(209, "entered in the risk library", "录入风险客户库", value="customer")
    QUERY_REFUSED = event(
        211,
        "bureau not asked",
        "征信查询未获准",
        reason=Reason,
        value="purpose",
        refuses=True,
        trouble=("bureau queries not permitted", "征信查询未获准"),
    )
    ACCOUNTS_READ = event(212, "accounts, flows and holdings read", "获取账户、流水与持仓", value="months with income")
    ANSWER_REFUSED = event(
        210, "answer too late or without a case", "迟到或无对应的答复", trouble=("answers too late", "答复迟到")
    )


class Refusal(Reason):
    """Why scoring refuses."""

    CREDIT_HISTORY = 134, "credit history", "信用记录不良"
    FRAUD = 201, "fraud rules", "反欺诈规则"
    FRAUD_MODEL = 205, "learnt fraud model", "反欺诈模型"
    RED_ALERT = 202, "red alert", "红色预警"
    SCORE_LOW = 203, "score too low", "评分不足"
    BUREAU_UNAVAILABLE = 204, "bureau did not answer", "征信无应答"
    NO_OPERATOR = 210, "nobody in whose name to ask", "无征信查询员"
    NO_PURPOSE = 211, "no legitimate purpose", "查询目的不合规", "purpose"
    NOT_UNDER_REVIEW = 212, "the case is not under review", "该申请不在审查中，无查询依据"
    QUERY_UNDER_WAY = 213, "the bureau has been asked, or has answered", "征信查询中或已返回"


room.logs(Event, reasons=(Refusal, TaskRefusal))
