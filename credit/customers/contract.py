"""Customers (客户): what the room says to the rest of the bank. There is one for all branches."""

from __future__ import annotations

from credit.codes import Handler, Step
from credit.profile import ACCEPTED
from credit.room import EventCode, Reason, Room, blank, event
from credit.texts import PIECES

room = Room(__name__, "customers", ("customers", "客户"), shared=True)

# mail in, and what is asked of the world -------------------------------------------------------------------------------
RefreshRiskList = room.accepts(102, "RefreshRiskList", "entry list removed id_number:U18")
ListQuery = room.asks(103, "ListQuery", "case party")
ListReply = room.accepts(104, "ListReply", "case lists status")
CustomerEnteredBusiness = room.accepts(105, "CustomerEnteredBusiness", "customer case product", sender="disbursement")
FraudConfirmed = room.accepts(106, "FraudConfirmed", "case party customer", sender="scoring")
FormChecked = room.accepts(
    107,
    "FormChecked",
    "case party branch channel segment product amount_fen term_months method purpose age income_fen employment_months "
    "documents consent collateral_fen account payee_account name:U16 id_number:U18 mobile:U12 credit_code:U18",
    sender="applications",
)
"""A form in which everything is there and well written; whose it is, is seen here."""
CaseText = room.accepts(108, "CaseText", f"case {PIECES}", sender="applications")

room.table("tally", f"branch {blank('forms refused declined intercepted accepted')}", key="branch")
room.table("people", "key customer", key="key")
room.table(
    "customers",
    "customer person party state since documents=0 product=0 amount_fen=0 "
    f"{blank('at1 at2 at3 at4 channel1 channel2 channel3 channel4')} "
    "name:U16=0 id_number:U18=0 mobile:U12=0 credit_code:U18=0 texts=0",
    key="customer",
)
"""`person`: the key of who signs · at1 …: the last applications, newest first, 0 = none · `texts`: the case whose texts hold
the name, where it is longer than the column."""
room.table("texts", f"piece case {PIECES}", key="piece")
room.table("copy", "entry person list since until", key="entry")
room.table("library", "key since case", key="key")
room.table("pending", f"at {ACCEPTED} person deadline", key="case")

# what it records -------------------------------------------------------------------------------------------------------


class Event(EventCode):
    """Events of customers."""

    CUSTOMER_DECLINED = event(
        103, "prospect declined", "准入婉拒", reason=Reason, value="party", refuses=True, step=Step.CLOSED
    )
    CUSTOMER_CREATED = event(
        104, "customer file opened", "建立客户档案", value="customer", step=Step.INITIAL_REVIEW, handler=Handler.SYSTEM
    )
    APPLICATION_INTERCEPTED = event(
        105,
        "intercepted",
        "名单或反欺诈拦截",
        reason=Reason,
        value="doubts, where fraud rules stopped it",
        refuses=True,
        step=Step.CLOSED,
    )
    APPLICATION_ACCEPTED = event(
        106, "application accepted", "受理申请", value="product", step=Step.SCORING, handler=Handler.SYSTEM
    )
    CUSTOMER_FORMAL = event(107, "became a formal customer", "转为正式客户", value="customer")
    APPLICATION_DISPATCHED = event(
        108, "dispatched to a team", "分派团队", value="team", step=Step.SCORING, handler=Handler.SYSTEM
    )
    LIST_REFRESHED = event(109, "risk list refreshed", "名单更新", value="entry of the list")
    MAIL_REFUSED = event(
        110, "answer without a case", "回执无对应业务", trouble=("answers without a case", "回执无对应业务")
    )


class Refusal(Reason):
    """Why customers are not let in."""

    INCOME_LIMIT = 132, "income too low", "收入不足", "income_fen"
    EMPLOYMENT_LIMIT = 133, "employed too short a time", "工作年限不足", "employment_months"
    DOCUMENT_MISSING = 161, "required document missing", "缺必传资料", "documents"
    LIST_CENTRAL_BANK = 181, "central-bank list", "央行黑名单"
    LIST_DISHONEST = 182, "dishonest-debtor list", "失信被执行人"
    LIST_ASSOCIATION = 183, "association list", "协会风险名单"
    LIST_INTERNAL = 184, "internal risk library", "行内风险客户库"


room.logs(Event, reasons=(Refusal,))
