"""Applications (贷款申请): what the room says to the rest of the bank."""

from __future__ import annotations

from credit.codes import Channel, Handler, Step
from credit.policies.forms import DETAILS
from credit.room import EventCode, Reason, Room, blank, event
from credit.texts import PIECES

room = Room(__name__, "applications", ("applications", "贷款申请"))

# mail in -----------------------------------------------------------------------------------------------------------------
SubmitApplication = room.obeys(
    101,
    "SubmitApplication",
    "party branch channel segment product amount_fen term_months method purpose_text:U12 id_type credit_code:U20 mobile:U12 "
    "occupation income_fen employment_months documents consent collateral_fen account payee_account uploads=0 attested=0 "
    f"begun_by=0 id_until=0 licence_until=0 name:U16 id_number:U20 {blank(DETAILS)}",
)
"""A form. `id_until`, `licence_until`: the last day on which the ID card and the business licence are valid, `LONG_TERM` for
one without an end, 0 = not given. `detail1` …: the fields of the product's own form, in its order. `uploads`: `Uploads`, how
what `documents` lacks comes. `attested`: the member of staff, or `Actor.PARTNER`, who says that he has `documents` in hand, and
answers for it; 0 where nobody does. `begun_by`: the customer manager, or other member of staff, who began it (APP-03); 0 = the
customer. Numbers have room for more than is right, so that what is too long is seen. A name or a purpose that is longer than its
column, a remark and an address come as `FormText` of the same party and instant, the column is empty then."""
FormText = room.accepts(109, "FormText", f"party branch {PIECES}")

_COUNTED = "forms refused checked"
room.table("counters", f"branch {blank(_COUNTED)}", key="branch", changes=_COUNTED)

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
    DOCUMENTS_ATTESTED = event(120, "documents in hand attested", "资料原件已核见", value="materials (bits)")
    APPLICATION_REFUSED = event(
        102, "form refused", "申请表退回", reason=Reason, value="party", refuses=True, step=Step.CLOSED
    )
    FAULT_SHOWN = event(160, "further fault of the form", "申请表另有错误", reason=Reason, value="party", refuses=True)
    RANGE_SHOWN = event(161, "range of the applicant named", "告知可申请范围", value="longest term, months")
    DETAIL_REFUSED = event(
        162,
        "field of the product's form wrong",
        "产品专项信息有误",
        reason=Reason,
        value="place of the field",
        refuses=True,
    )
    TEXT_REFUSED = event(
        111,
        "text without a form",
        "附加文本无对应申请",
        value="party",
        trouble=("texts without a form", "附加文本无对应申请"),
    )


class Refusal(Reason):
    """Why applications refuses."""

    NAME_MISSING = 101, "name missing", "缺姓名", "name"
    ID_MISSING = 102, "ID number missing", "缺证件号", "id_number"
    MOBILE_MISSING = 103, "mobile missing", "缺手机号", "mobile"
    OCCUPATION_MISSING = 104, "occupation missing", "缺职业", "occupation"
    NAME_LENGTH = 105, "name too long", "姓名过长", "name"
    ADDRESS_LENGTH = 106, "address too long", "地址过长", "address"
    REMARK_LENGTH = 107, "remark too long", "备注过长", "remark"
    ID_LENGTH = 111, "ID number: wrong length", "证件号位数错误", "id_number"
    ID_CHARACTERS = 112, "ID number: wrong characters", "证件号字符错误", "id_number"
    ID_REGION = 113, "ID number: unknown region", "证件号地区码错误", "id_number"
    ID_BIRTHDAY = 114, "ID number: no such birthday", "证件号出生日期错误", "id_number"
    ID_CHECK_DIGIT = 115, "ID number: wrong check digit", "证件号校验码错误", "id_number"
    ID_VALIDITY_MISSING = 116, "ID card: valid until when is missing", "缺身份证有效期", "id_valid_until"
    ID_EXPIRED = 117, "ID card expired", "身份证已过有效期", "id_valid_until"
    ID_LONG_TERM = 118, "ID card without an end: too young for one", "该年龄身份证无长期有效", "id_valid_until"
    MOBILE_FORMAT = 121, "mobile malformed", "手机号格式错误", "mobile"
    CREDIT_CODE = 122, "credit code malformed", "统一社会信用代码错误", "credit_code"
    LICENCE_VALIDITY_MISSING = 124, "licence: valid until when is missing", "缺营业执照有效期", "licence_valid_until"
    LICENCE_EXPIRED = 125, "business licence expired", "营业执照已过有效期", "licence_valid_until"
    AGE_LIMIT = 131, "age outside the limits", "年龄超限", "age"
    CHANNEL_UNKNOWN = 123, "unknown channel", "渠道不存在", "channel"
    PRODUCT_UNKNOWN = 140, "unknown product", "产品不存在", "product"
    PRODUCT_SEGMENT = 141, "product not for this segment", "产品与客群不符", "segment"
    AMOUNT_RANGE = 142, "amount outside the product's range", "金额超出产品范围", "amount_fen"
    TERM_OPTION = 143, "term not offered", "期限不可选", "term_months"
    METHOD_OPTION = 144, "repayment method not offered", "还款方式不可选", "method"
    AMOUNT_BEYOND = 145, "more than this customer may ask for", "金额超出本人可申请范围", "amount_fen"
    TERM_BEYOND = 146, "too old when the term ends", "到期年龄超限", "term_months"
    DETAIL_MISSING = 196, "field of the product's form missing", "缺产品专项信息", "details"
    DETAIL_WRONG = 197, "field of the product's form wrong", "产品专项信息不符要求", "details"
    DETAIL_UNKNOWN = 198, "no such field in the product's form", "该产品无此项信息", "details"
    PURPOSE_MISSING = 151, "purpose missing", "缺贷款用途", "purpose"
    PURPOSE_LENGTH = 153, "purpose too long", "用途过长", "purpose"
    PURPOSE_VAGUE = 152, "purpose too vague", "用途笼统", "purpose"
    CONSENT_MISSING = 171, "consent missing", "缺授权", "consent"


room.logs(Event, reasons=(Refusal,))
