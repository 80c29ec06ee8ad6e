"""Customers (客户): what the room says to the rest of the bank. There is one for all branches."""

from __future__ import annotations

from credit.codes import FileFormat, Handler, Step, Verdict
from credit.policies.forms import DETAILS
from credit.profile import ACCEPTED, SCORED
from credit.room import EventCode, Reason, Room, blank, event
from credit.texts import PIECES
from credit.worklists.states import Refusal as TaskRefusal

room = Room(__name__, "customers", ("customers", "客户"), shared=True)

# mail in, and what is asked of the world -------------------------------------------------------------------------------
room.told_of_partners(190)
RefreshRiskList = room.obeys(102, "RefreshRiskList", "entry list removed person=0 id_number:U18")
"""An entry of an outside list, by its owner's number, is entered in the bank's own copy, or removed from it. `person`: who enters
it by hand, 0 where its owner, or who delivers for him, does."""
ListQuery = room.asks(103, "ListQuery", "case party")
ListReply = room.accepts(104, "ListReply", "case lists status")
CustomerEnteredBusiness = room.accepts(105, "CustomerEnteredBusiness", "customer case product", sender="disbursement")
FraudConfirmed = room.accepts(106, "FraudConfirmed", "case party customer", sender="scoring")
RiskEntryRemoved = room.accepts(117, "RiskEntryRemoved", "case", sender="appeals")
"""An appeal was granted (EXT-09): whoever was entered in the risk library for this application leaves it."""
ProposeLibraryChange = room.obeys(118, "ProposeLibraryChange", "case customer removed person reason:U200")
"""Somebody of the bank would have a customer entered in the internal risk library for an application, or removed from it, by
hand; answered with the proposal's number."""
DecideLibraryChange = room.obeys(119, "DecideLibraryChange", "proposal person confirmed")
"""Somebody else confirms it, which carries it out, or refuses it; whoever proposed it may take it back."""
FORM = (
    "case party branch channel segment product amount_fen term_months method purpose age income_fen employment_months "
    "documents consent collateral_fen account payee_account uploads=0 occupation=0 name:U16 id_number:U18 mobile:U12 "
    f"credit_code:U18 {blank(DETAILS)}"
)
FormChecked = room.accepts(107, "FormChecked", FORM, sender="applications")
"""A form in which everything is there and well written; whose it is, is seen here."""
CaseText = room.accepts(108, "CaseText", f"case {PIECES}", sender="applications")

FileMaterial = room.obeys(110, "FileMaterial", "case material format size short_side_px=0 sharpness=0 digest:U64")
"""One material of a form that waits for its materials was uploaded: one bit of `Material`, `FileFormat`, bytes, SHA-256 of the
content in hexadecimal digits. Of an image: pixels of the shorter side, and the variance of the Laplacian of the grey image (0 to
255) with its longer side brought to 1,000 pixels. The content itself is kept by the host, under the digest."""
HandInMaterials = room.obeys(111, "HandInMaterials", "case")
"""The materials are all there, says the customer."""

SupplementAsked = room.accepts(
    112, "SupplementAsked", f"{SCORED} round path previous asked", sender="approval head_office"
)
"""An approver has sent a case back: `asked`, the materials (bits) that he misses; `path`, where it goes on."""
SupplementRequested = room.asks(113, "SupplementRequested", "case party materials expires_at round")
"""The customer is told what is missing (补件通知)."""

ChangeContact = room.obeys(114, "ChangeContact", "case customer person mobile:U12 email:U64 address:U200")
"""A member of staff enters other contact details of a customer, on the occasion of a case; an empty one stays (CON-13)."""

EnterCustomer = room.obeys(
    115,
    "EnterCustomer",
    "branch party person segment id_type occupation name:U60 id_number:U20 mobile:U12 credit_code:U20",
)
"""The form of a new customer (新增客户), before any application (CUS-05); answered with his number. `person`: who enters him."""

_COUNTED = "forms refused declined intercepted accepted"
room.table("tally", f"branch {blank(_COUNTED)}", key="branch", changes=_COUNTED)
room.table("people", "key customer", key="key")
room.table(
    "customers",
    "customer person party state since documents=0 product=0 amount_fen=0 "
    f"{blank('at1 at2 at3 at4 channel1 channel2 channel3 channel4')} {blank('income_fen employment_months purpose')} "
    "segment=0 occupation=0 name:U60=0 id_number:U18=0 mobile:U12=0 credit_code:U18=0 email:U64=0 address:U200=0 texts=0",
    key="customer",
    puts="state",
    changes="person documents product amount_fen at1 at2 at3 at4 channel1 channel2 channel3 channel4 income_fen "
    "employment_months purpose segment occupation texts",
)
"""`person`: the key of who signs · at1 …: the last applications, newest first, 0 = none; of the newest product, amount, income,
time employed and purpose · `texts`: the case whose texts hold
the name, where it is longer than the column."""
room.table("texts", f"piece case {PIECES}", key="piece")
room.table("copy", "entry person list since until", key="entry", changes="since until")
room.table("library", "entry key since until case", key="entry", changes="since until")
"""`entry`: case × 2, one more of who signs for the customer · `case`: the application that it rests on."""
room.table("proposed", "branch proposals", key="branch", changes="proposals")
room.table("proposals", "proposal case customer removed person at reason:U200", key="proposal")
"""Changes of the risk library by hand that wait for a second person."""
room.table("pending", f"at {ACCEPTED} person deadline", key="case")
room.table("waiting", f"at {FORM} expires_at", key="case")
"""Forms whose materials are being uploaded."""
room.table("supplements", f"{SCORED} round path previous asked since expires_at", key="case")
"""Cases that were sent back for what is missing (补件). `since`: only what was uploaded from then on counts."""
room.table("details", f"case {DETAILS}", key="case")
"""What accepted cases say in the fields of their product's own form."""
room.table("files", "file case material format size filed_at digest:U64", key="file")
"""The materials that were uploaded, one file each; `file`: see `credit.numbers.material_of`."""

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
        value="doubts, where fraud rules stopped it; the application entered there, where the risk library did",
        refuses=True,
        step=Step.CLOSED,
    )
    APPLICATION_ACCEPTED = event(
        106, "application accepted", "受理申请", value="product", step=Step.SCORING, handler=Handler.SYSTEM
    )
    CUSTOMER_FORMAL = event(107, "became a formal customer", "转为正式客户", value="customer")
    APPLICATION_DISPATCHED = event(
        108,
        "dispatched to a team",
        "分派团队",
        value="team",
        step=Step.SCORING,
        handler=Handler.SYSTEM,
        mails="ApplicationAccepted",
    )
    LIST_REFRESHED = event(109, "risk list refreshed", "名单更新", value="entry of the list")
    MAIL_REFUSED = event(
        110, "answer without a case", "回执无对应业务", trouble=("answers without a case", "回执无对应业务")
    )
    MATERIALS_AWAITED = event(
        112,
        "materials awaited",
        "等待上传资料",
        value="required materials (bits)",
        step=Step.INITIAL_REVIEW,
        handler=Handler.CUSTOMER,
    )
    MATERIAL_FILED = event(113, "material filed", "资料已上传", reason=FileFormat, value="material (bit)")
    MATERIAL_REFUSED = event(114, "material refused", "资料被退回", reason=Reason, value="material (bit)", refuses=True)
    MATERIALS_COMPLETE = event(
        115,
        "materials complete",
        "资料齐全",
        value="materials (bits)",
        step=Step.INITIAL_REVIEW,
        handler=Handler.SYSTEM,
    )
    MATERIALS_OVERDUE = event(
        116,
        "materials not brought in time",
        "逾期未补资料",
        reason=Reason,
        value="party",
        refuses=True,
        step=Step.CLOSED,
    )
    SUPPLEMENT_AWAITED = event(
        117,
        "supplements awaited: upload each, then hand in",
        "等待补件：逐项上传后提交",
        value="materials asked for (bits)",
        step=Step.APPROVAL,
        handler=Handler.CUSTOMER,
    )
    SUPPLEMENT_HANDED_IN = event(
        118,
        "supplements handed in",
        "补件已提交",
        value="materials asked for (bits)",
        step=Step.APPROVAL,
        handler=Handler.SYSTEM,
    )
    CONTACT_CHANGED = event(119, "contact details changed", "联系方式变更", reason=Reason, value="customer")
    CONTACT_REFUSED = event(
        121, "contact details refused", "联系方式变更被拒", reason=Reason, value="customer", refuses=True
    )

    LIBRARY_LEFT = event(124, "left the risk library", "移出风险客户库", value="customer")
    LIST_REFUSED = event(
        125, "entry of a list refused", "名单条目被拒", reason=Reason, value="entry of the list", refuses=True
    )
    LIBRARY_PROPOSED = event(
        126, "change of the risk library proposed", "提交风险客户库变更", value="proposal, negative to remove"
    )
    LIBRARY_DECIDED = event(
        127, "change of the risk library decided", "风险客户库变更复核", reason=Verdict, value="proposal"
    )
    LIBRARY_REFUSED = event(
        128, "change of the risk library refused", "风险客户库变更被拒", reason=Reason, value="customer", refuses=True
    )
    CUSTOMER_ENTERED = event(122, "customer entered", "录入新客户", value="customer")
    ENTRY_REFUSED = event(123, "customer not entered", "新客户录入被拒", reason=Reason, value="customer", refuses=True)
    NAME_CHANGED = event(
        129,
        "another name than on file, taken over: compare it with the ID card",
        "姓名与档案不符，已按申请表更新，请核对证件",
        value="customer",
        trouble=("names that were changed by a form", "申请表变更姓名"),
    )
    NAME_DIFFERS = event(
        130,
        "another name than on file, which stays: nobody has seen who asks",
        "姓名与档案不符，申请人身份未核实，档案保持不变",
        value="customer",
        trouble=("names that differ from the file", "姓名与档案不符"),
    )


class Refusal(Reason):
    """Why customers are not let in."""

    INCOME_LIMIT = 132, "income too low", "收入不足", "income_fen"
    EMPLOYMENT_LIMIT = 133, "employed too short a time", "工作年限不足", "employment_months"
    DOCUMENT_MISSING = 161, "required document missing", "缺必传资料", "documents"
    MATERIAL_FORMAT = 162, "file format not allowed", "文件格式不在允许范围", "file"
    MATERIAL_SIZE = 163, "file empty or too large", "文件为空或超过单个文件上限", "file"
    MATERIAL_TOTAL = 164, "attachments too large together", "全部附件总大小超限", "file"
    MATERIAL_UNCLEAR = 165, "image unclear, upload it again", "影像不清晰，请重新上传", "file"
    MATERIAL_UNASKED = 166, "material not asked for by the product", "该产品不需要此项资料", "material"
    MATERIALS_CLOSED = 167, "materials are not awaited", "该申请不在资料上传阶段"
    EMAIL_FORMAT = 191, "e-mail is not of the form name@domain", "电子邮箱格式有误", "email"
    CONTACT_EMPTY = 192, "no contact detail is given", "未填写联系方式", "mobile"
    CUSTOMER_UNKNOWN = 168, "no such customer", "客户不存在", "customer"
    CUSTOMER_KNOWN = 169, "a customer of the bank already", "该客户已建档", "id_number"
    LIST_UNKNOWN = 1721, "list: one of the outside lists", "名单类别无效", "list"
    ENTRY_TAKEN = 1722, "entry: this number stands for somebody else", "该条目编号已登记为他人", "entry"
    ENTRY_UNKNOWN = 1723, "entry: no such entry stands", "无此在册条目", "entry"
    REASON_MISSING = 1724, "reason: write down why, at least a few words", "须填写事由", "reason"
    ENTERED_ALREADY = 1725, "entered for this application already", "该申请已录入风险客户库"
    NOT_ENTERED = 1726, "not entered for this application", "该申请未录入风险客户库"
    PROPOSED_ALREADY = 1727, "such a change waits for its second person", "同一变更已待复核"
    PROPOSAL_UNKNOWN = 1728, "no such proposal waits", "无此待复核变更"
    LIST_CENTRAL_BANK = 181, "central-bank list", "央行黑名单"
    LIST_DISHONEST = 182, "dishonest-debtor list", "失信被执行人"
    LIST_ASSOCIATION = 183, "association list", "协会风险名单"
    LIST_INTERNAL = 184, "internal risk library", "行内风险客户库"


class Detail(Reason):
    """Which contact detail of a customer is another one now, CON-13."""

    MOBILE = 193, "mobile number", "手机号码"
    EMAIL = 194, "e-mail", "电子邮箱"
    ADDRESS = 195, "address", "地址"


room.logs(Event, reasons=(Refusal, Detail, TaskRefusal))
