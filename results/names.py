"""Words in both languages: what the rooms' contracts say of their events, reasons and desks, and the names of products,
partners and accounts. A name that is nowhere is shown as the code spells it, never left out."""

from __future__ import annotations

from typing import Literal

from credit.codes import Account
from credit.room import DESKS, EVENTS, REASONS, Words

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, Language] = ("en", "zh")
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
    return next((one.said.words for one in EVENTS.values() if one.name.lower() == code), plain(code))


def trouble() -> dict[str, Words]:
    """Events that are told as trouble, with their lines, in the order of their numbers."""
    return {
        EVENTS[n].name.lower(): EVENTS[n].said.trouble or ("", "") for n in sorted(EVENTS) if EVENTS[n].said.trouble
    }


def reason(code: str | None) -> Words:
    """A refusal's, channel's or outcome's name; nothing for none, a number as it is."""
    if not code:
        return "", ""
    spelt = [*REASONS.values(), *(reason for one in EVENTS.values() for reason in one.said.reason or ())]
    found = (reason.words for reason in spelt if reason.name.lower() == code and hasattr(reason, "words"))
    return next(found, None) or CHANNELS.get(code) or CONTACTS.get(code) or plain(code)


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
    return DESKS[role].words if role in DESKS else (f"desk {role}", f"岗位 {role}")


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
    return next((one.words for one in DESKS.values() if one.label == key), plain(key))
