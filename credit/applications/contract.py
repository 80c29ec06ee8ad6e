"""Applications (贷款申请): what the room says to the rest of the bank."""

from __future__ import annotations

from credit.codes import Channel, Handler, Step
from credit.profile import ACCEPTED, PERSON
from credit.room import EventCode, Reason, Room, blank, event

room = Room(__name__, "applications", ("applications", "贷款申请"))

# mail in, and what is asked of the world -------------------------------------------------------------------------------
SubmitApplication = room.accepts(
    101,
    "SubmitApplication",
    "party branch channel segment product amount_fen term_months method purpose_text:U12 id_type credit_code:U18 mobile:U12 "
    f"occupation income_fen employment_months documents consent collateral_fen account payee_account customer {PERSON}",
)
RefreshRiskList = room.accepts(102, "RefreshRiskList", "entry branch list removed id_number:U18")
ListQuery = room.asks(103, "ListQuery", "case party id_number:U18")
ListReply = room.accepts(104, "ListReply", "case lists status")
CustomerEnteredBusiness = room.accepts(105, "CustomerEnteredBusiness", "customer case", sender="disbursement")
FraudConfirmed = room.accepts(106, "FraudConfirmed", "case party customer id_number:U18", sender="scoring")

room.table("counters", f"branch {blank('forms customers refused declined intercepted accepted')}", key="branch")
room.table("copy", "entry branch person list since until", key="entry")
room.table("library", "key since case", key="key")
room.table("pending", f"at {ACCEPTED} deadline", key="case")
room.table("people", "key customer", key="key")
room.table(
    "customers",
    f"customer party state since {blank('documents product amount_fen seen1 seen2 seen3 seen4')}",
    key="customer",
)

# what it records -------------------------------------------------------------------------------------------------------


class Event(EventCode):
    """Events of applications."""

    APPLICATION_SUBMITTED = event(
        101,
        "application submitted",
        "提交申请",
        reason=Channel,
        value="party",
        step=Step.INITIAL_REVIEW,
        handler=Handler.SYSTEM,
    )
    APPLICATION_REFUSED = event(
        102, "form refused", "申请表退回", reason=Reason, value="party", refuses=True, step=Step.CLOSED
    )
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
    """Why applications refuses."""

    NAME_MISSING = 101, "name missing", "缺姓名", "name"
    ID_MISSING = 102, "ID number missing", "缺证件号", "id_number"
    MOBILE_MISSING = 103, "mobile missing", "缺手机号", "mobile"
    OCCUPATION_MISSING = 104, "occupation missing", "缺职业", "occupation"
    ID_LENGTH = 111, "ID number: wrong length", "证件号位数错误", "id_number"
    ID_CHARACTERS = 112, "ID number: wrong characters", "证件号字符错误", "id_number"
    ID_REGION = 113, "ID number: unknown region", "证件号地区码错误", "id_number"
    ID_BIRTHDAY = 114, "ID number: no such birthday", "证件号出生日期错误", "id_number"
    ID_CHECK_DIGIT = 115, "ID number: wrong check digit", "证件号校验码错误", "id_number"
    MOBILE_FORMAT = 121, "mobile malformed", "手机号格式错误", "mobile"
    CREDIT_CODE = 122, "credit code malformed", "统一社会信用代码错误", "credit_code"
    AGE_LIMIT = 131, "age outside the limits", "年龄超限", "age"
    INCOME_LIMIT = 132, "income too low", "收入不足", "income_fen"
    EMPLOYMENT_LIMIT = 133, "employed too short a time", "工作年限不足", "employment_months"
    PRODUCT_UNKNOWN = 140, "unknown product", "产品不存在", "product"
    PRODUCT_SEGMENT = 141, "product not for this segment", "产品与客群不符", "segment"
    AMOUNT_RANGE = 142, "amount outside the product's range", "金额超出产品范围", "amount_fen"
    TERM_OPTION = 143, "term not offered", "期限不可选", "term_months"
    METHOD_OPTION = 144, "repayment method not offered", "还款方式不可选", "method"
    PURPOSE_MISSING = 151, "purpose missing", "缺贷款用途", "purpose"
    PURPOSE_VAGUE = 152, "purpose too vague", "用途笼统", "purpose"
    DOCUMENT_MISSING = 161, "required document missing", "缺必传资料", "documents"
    CONSENT_MISSING = 171, "consent missing", "缺授权", "consent"
    LIST_CENTRAL_BANK = 181, "central-bank list", "央行黑名单"
    LIST_DISHONEST = 182, "dishonest-debtor list", "失信被执行人"
    LIST_ASSOCIATION = 183, "association list", "协会风险名单"
    LIST_INTERNAL = 184, "internal risk library", "行内风险客户库"


room.logs(Event, reasons=(Refusal,))
