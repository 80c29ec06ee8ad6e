"""The bank's own words in both languages: desks, products, partners, accounts, reasons, events. Rule: a name that is not here is
shown as the code spells it, never left out."""

from __future__ import annotations

from typing import Literal

from credit.codes import Account, Desk
from results.event_names import EVENTS

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, Language] = ("en", "zh")
Words = tuple[str, str]
"""English, Chinese."""

DESKS: dict[int, Words] = {
    Desk.INITIAL_APPROVER: ("initial approval", "初审"),
    Desk.RE_REVIEWER: ("re-review", "复审"),
    Desk.RISK_SPECIALIST: ("risk specialist", "风险专岗"),
    Desk.FINAL_APPROVER: ("final approval", "终审"),
    Desk.COMMITTEE: ("credit committee", "信贷委员会"),
    Desk.DISBURSEMENT_OPERATOR: ("disbursement operator", "放款经办"),
    Desk.DISBURSEMENT_REVIEWER: ("disbursement reviewer", "放款复核"),
    Desk.USE_VERIFIER: ("use of funds", "资金用途核查"),
    Desk.COLLECTOR_EARLY: ("early collection", "前期催收"),
    Desk.COLLECTOR_MIDDLE: ("middle collection", "中期催收"),
    Desk.COLLECTOR_LONG: ("late collection", "后期催收"),
    Desk.BRANCH_RISK_DIRECTOR: ("branch risk director", "分行风险总监"),
    Desk.HEAD_OFFICE_RISK: ("head-office risk", "总行风险管理部"),
    Desk.FINANCE: ("finance", "财务部"),
}
ROLES: dict[str, Words] = {desk.name.lower(): DESKS[desk] for desk in Desk}

PRODUCTS: dict[int, Words] = {
    1: ("consumer loan", "个人消费贷款"),
    2: ("card instalment", "现金分期"),
    3: ("mortgage", "个人按揭贷款"),
    4: ("micro business", "小微企业贷款"),
    5: ("working capital", "企业流动资金贷款"),
}

PARTNERS: tuple[Words, ...] = (
    ("bureau", "人行征信"),
    ("risk lists", "风险名单"),
    ("tax", "税务"),
    ("business registry", "工商登记"),
    ("telecom carrier", "运营商"),
    ("public security", "公安"),
    ("courts", "司法"),
    ("public sentiment", "舆情"),
    ("core banking", "核心系统"),
    ("payment", "支付通道"),
)
"""In the order of the partners' numbers, from 1."""
PARTNER_KEYS = (
    "bureau",
    "lists",
    "tax",
    "registry",
    "carrier",
    "public_security",
    "judicial",
    "sentiment",
    "core_banking",
    "payment",
)

ACCOUNTS: dict[int, Words] = {
    Account.SETTLEMENT: ("settlement", "清算资金"),
    Account.PRINCIPAL: ("loan principal", "贷款本金"),
    Account.INTEREST_RECEIVABLE: ("interest receivable", "应收利息"),
    Account.INTEREST_ACCRUED: ("accrued interest", "应计利息"),
    Account.PENALTY_RECEIVABLE: ("penalty interest receivable", "应收罚息"),
    Account.INTEREST_INCOME: ("interest income", "利息收入"),
    Account.PENALTY_INCOME: ("penalty interest income", "罚息收入"),
    Account.FEE_INCOME: ("early-repayment fees", "违约金收入"),
    Account.WRITE_OFF_LOSS: ("write-off loss", "核销损失"),
    Account.RECOVERY_INCOME: ("recovered after write-off", "已核销贷款收回"),
    Account.OFF_BALANCE_WRITE_OFF: ("written off, off balance", "表外核销账户"),
    Account.OFF_BALANCE_CONTRA: ("written off, contra", "表外核销对应"),
}

BUCKETS: tuple[Words, ...] = (
    ("current", "正常"),
    ("1–7 days", "1–7 天"),
    ("8–30 days", "8–30 天"),
    ("31–60 days", "31–60 天"),
    ("61–90 days", "61–90 天"),
    ("over 90 days", "90 天以上"),
)

LANES: dict[str, Words] = {
    "automatic": ("automatic", "自动审批"),
    "manual": ("at the desks", "人工审批"),
    "to_sign": ("decision → signature", "审批 → 签约"),
    "to_pay": ("signature → payout", "签约 → 放款"),
}

REASONS: dict[str, Words] = {
    "name_missing": ("name missing", "缺姓名"),
    "id_missing": ("ID number missing", "缺证件号"),
    "mobile_missing": ("mobile missing", "缺手机号"),
    "occupation_missing": ("occupation missing", "缺职业"),
    "id_length": ("ID number: wrong length", "证件号位数错误"),
    "id_characters": ("ID number: wrong characters", "证件号字符错误"),
    "id_region": ("ID number: unknown region", "证件号地区码错误"),
    "id_birthday": ("ID number: no such birthday", "证件号出生日期错误"),
    "id_check_digit": ("ID number: wrong check digit", "证件号校验码错误"),
    "mobile_format": ("mobile malformed", "手机号格式错误"),
    "credit_code": ("credit code malformed", "统一社会信用代码错误"),
    "age_limit": ("age outside the limits", "年龄超限"),
    "income_limit": ("income too low", "收入不足"),
    "employment_limit": ("employed too short a time", "工作年限不足"),
    "credit_history": ("credit history", "信用记录不良"),
    "product_unknown": ("unknown product", "产品不存在"),
    "product_segment": ("product not for this segment", "产品与客群不符"),
    "amount_range": ("amount outside the product's range", "金额超出产品范围"),
    "term_option": ("term not offered", "期限不可选"),
    "method_option": ("repayment method not offered", "还款方式不可选"),
    "purpose_missing": ("purpose missing", "缺贷款用途"),
    "purpose_vague": ("purpose too vague", "用途笼统"),
    "document_missing": ("required document missing", "缺必传资料"),
    "consent_missing": ("consent missing", "缺授权"),
    "list_central_bank": ("central-bank list", "央行黑名单"),
    "list_dishonest": ("dishonest-debtor list", "失信被执行人"),
    "list_association": ("association list", "协会风险名单"),
    "list_internal": ("internal risk library", "行内风险客户库"),
    "fraud": ("fraud rules", "反欺诈规则"),
    "red_alert": ("red alert", "红色预警"),
    "score_low": ("score too low", "评分不足"),
    "bureau_unavailable": ("bureau did not answer", "征信无应答"),
    "human_decline": ("declined by an approver", "人工拒绝"),
    "affordability": ("cannot afford it", "偿债能力不足"),
    "same_person": ("same person twice", "双人审批同一人"),
    "no_authority": ("no authority", "无权限"),
    "no_open_task": ("no open task", "无待办任务"),
    "decision_invalid": ("invalid decision", "意见无效"),
    "contract_element": ("contract element missing", "合同要素缺失"),
    "contract_expired": ("contract expired", "合同已失效"),
    "contract_state": ("wrong state of the contract", "合同状态不符"),
    "approval_expired": ("approval expired", "审批已过期"),
    "contract_not_effective": ("contract not effective", "合同未生效"),
    "guarantee_missing": ("guarantee missing", "担保未落实"),
    "account_invalid": ("account invalid", "账户无效"),
    "condition_open": ("condition still open", "放款条件未落实"),
    "limit_exceeded": ("limit exceeded", "超额度"),
    "use_not_verified": ("use of funds not verified", "用途未核实"),
    "review_rejected": ("rejected at review", "复核退回"),
    "limit_restricted": ("limit restricted", "额度受限"),
    "payment_mismatch": ("payment does not match", "支付不符"),
    "payment_failed": ("payment failed", "支付失败"),
    "loan_unknown": ("no such loan", "借据不存在"),
    "loan_overdue": ("loan overdue", "贷款逾期"),
    "early_amount": ("amount of early repayment", "提前还款金额不符"),
    "debit_unknown": ("no such debit", "扣款不存在"),
    # contracts: what the customer wishes instead
    "other_amount": ("wants another amount", "要求变更金额"),
    "other_term": ("wants another term", "要求变更期限"),
    # collections: why an answer has no effect
    "unknown_case": ("no such case", "催收案件不存在"),
    "not_asked": ("nobody asked", "无此任务"),
    "promise_terms": ("terms of the promise", "承诺金额或日期无效"),
    # escalation
    "authority": ("above the authority of the desk", "超出审批权限"),
    "fraud_doubt": ("doubt of fraud", "欺诈疑点"),
    "person": ("asked for by the approver", "审批人主动上报"),
}
CHANNELS: dict[str, Words] = {
    "online_bank": ("online banking", "网上银行"),
    "mobile_bank": ("mobile banking", "手机银行"),
    "counter": ("counter", "柜面"),
    "customer_manager": ("customer manager", "客户经理"),
    "third_party": ("third party", "第三方渠道"),
}
CONTACTS: dict[str, Words] = {
    "promise": ("promise to pay", "承诺还款"),
    "unable": ("temporarily unable", "暂无能力还款"),
    "lost": ("lost contact", "失联"),
    "paid": ("paid", "已还款"),
}
ACTORS: dict[str, Words] = {
    "system": ("system", "系统"),
    "customer": ("customer", "客户"),
    "partner": ("partner", "外部机构"),
    "core_banking": ("core banking", "核心系统"),
}

FIELDS: dict[str, Words] = {
    "name": ("name", "姓名"),
    "id_number": ("ID number", "证件号"),
    "mobile": ("mobile", "手机号"),
    "occupation": ("occupation", "职业"),
    "credit_code": ("credit code", "信用代码"),
    "age": ("age", "年龄"),
    "income_fen": ("income", "收入"),
    "employment_months": ("employment", "工作年限"),
    "product": ("product", "产品"),
    "segment": ("segment", "客群"),
    "amount_fen": ("amount", "金额"),
    "term_months": ("term", "期限"),
    "method": ("repayment method", "还款方式"),
    "purpose": ("purpose", "用途"),
    "documents": ("documents", "资料"),
    "consent": ("consent", "授权"),
}

TROUBLE: dict[str, Words] = {
    "bureau_unavailable": ("bureau unanswered", "征信无应答"),
    "payment_delayed": ("payments delayed", "到账延迟"),
    "payment_failed": ("payments failed", "支付失败"),
    "case_urged": ("cases urged", "催办"),
    "contract_expired": ("contracts expired", "合同失效"),
    "decision_refused": ("decisions without effect", "无效审批"),
    "mail_refused": ("answers without a case", "回执无对应业务"),
    "answer_refused": ("answers too late", "答复迟到"),
    "collection_action_refused": ("collection refused", "催收操作被拒"),
}

VOLUMES: dict[str, Words] = {
    "application_submitted": ("submitted", "申请"),
    "application_approved": ("approved", "审批通过"),
    "application_declined": ("declined", "审批拒绝"),
    "contract_signed": ("signed", "签约"),
    "loan_disbursed": ("paid out", "放款"),
}


MARGINS: dict[str, str] = {
    "age": "年龄",
    "monthly income, yuan": "月收入（元）",
    "product": "产品",
    "region": "地区",
    "branch": "分行",
    "quality": "资质",
    "fraud": "欺诈意图",
    "gang": "团伙",
    "listed": "名单命中",
    "inflated income": "虚报收入",
    "short employment": "工龄过短",
    "form": "申请表",
    "comes again": "再次申请",
}
BANDS: dict[str, str] = {
    "consumer loan": "个人消费贷款",
    "card instalment": "现金分期",
    "mortgage": "个人按揭贷款",
    "micro business": "小微企业贷款",
    "working capital": "企业流动资金贷款",
    "north": "华北",
    "north-east": "东北",
    "east": "华东",
    "south and centre": "中南",
    "south-west": "西南",
    "north-west": "西北",
    "yes": "是",
    "no": "否",
    "none": "无误",
    "wrong check digit": "校验码错误",
    "wrong id length": "证件号位数错误",
    "malformed mobile": "手机号格式错误",
    "missing field": "缺项",
    "amount out of range": "金额超范围",
    "vague purpose": "用途笼统",
    "missing document": "缺资料",
    "no bureau consent": "未授权查询征信",
}
_NUMBERED = {"branch": "分行", "fifth": "五分位"}


def plain(code: str) -> Words:
    """A code as it is spelt, for both languages."""
    return code.replace("_", " "), code.replace("_", " ")


def event(code: str) -> Words:
    """An event's name."""
    return EVENTS.get(code, plain(code))


def reason(code: str | None) -> Words:
    """A refusal's, channel's or outcome's name; nothing for none, a number as it is."""
    if not code:
        return "", ""
    return next((kind[code] for kind in (REASONS, CHANNELS, CONTACTS) if code in kind), plain(code))


def actor(code: str) -> Words:
    """Who acted: a party, or a member of staff by number."""
    if code.startswith("staff "):
        return code, code.replace("staff", "员工")
    return ACTORS.get(code, plain(code))


def margin(name: str) -> Words:
    """A margin of the fidelity report, as the world spells it."""
    return name, MARGINS.get(name, name)


def band(name: str) -> Words:
    """A class of a margin; bands of figures are the same in both languages."""
    key = name.replace("_", " ")
    word, _, rest = key.partition(" ")
    if word in _NUMBERED and rest.isdigit():
        return key, f"第 {rest} {_NUMBERED[word]}"
    return key, BANDS.get(key, key)


def desk(role: int) -> Words:
    """A desk's name; its number when it has none."""
    return DESKS.get(role, (f"desk {role}", f"岗位 {role}"))


def account(code: int) -> Words:
    """An account's name; its number when it has none."""
    return ACCOUNTS.get(code, (str(code), str(code)))


def product(code: int) -> Words:
    """A product's name; its number when it has none."""
    return PRODUCTS.get(code, (f"product {code}", f"产品 {code}"))


def partner(number: int) -> Words:
    """A partner's name by its number from 1."""
    return PARTNERS[number - 1] if 1 <= number <= len(PARTNERS) else (f"partner {number}", f"外部机构 {number}")


def target(kind: str, key: str) -> Words:
    """What a planned fault strikes: a partner or a role, by its key in the scenario."""
    if kind == "partner_outage" and key in PARTNER_KEYS:
        return PARTNERS[PARTNER_KEYS.index(key)]
    return ROLES.get(key, plain(key))
