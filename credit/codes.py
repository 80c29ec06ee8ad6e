"""Codes that several rooms count in: segments, channels, grades, materials, accounts. Columns carry the integers; reports
print the names. A code, once published, keeps its number: old runs stay readable. What one room says stands in its
contract."""

from __future__ import annotations

from enum import IntEnum, IntFlag

import numpy as np


class Coded(IntEnum):
    """Codes that columns carry. numpy asks an operand of another type how it wants to be handled, and of an enum that question
    costs four times the operation; these answer as numpy's own arrays do. ValueError where two names have one number: the second
    would be the first by another name."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if twice := [name for name, member in cls.__members__.items() if name != member.name]:
            raise ValueError(f"{cls.__name__}.{twice[0]} has the number of {cls.__members__[twice[0]].name}")

    __array_ufunc__ = np.ndarray.__array_ufunc__
    __array_function__ = np.ndarray.__array_function__


class Named(Coded):
    """Codes that reports print: (number, English, Chinese)."""

    words: tuple[str, str]

    def __new__(cls, code: int, en: str = "", zh: str = "") -> Named:
        member = int.__new__(cls, code)
        member._value_ = code
        member.words = (en, zh)
        return member


class Segment(Coded):
    """Customer segment (客户分类), CUS-01."""

    INDIVIDUAL = 1  # 个人客户
    MICRO = 2  # 小微客户
    ENTERPRISE = 3  # 企业客户


class Channel(Named):
    """Where an application or a payment enters, APP-03 and REP-05."""

    ONLINE_BANK = 1, "online banking", "网上银行"
    MOBILE_BANK = 2, "mobile banking", "手机银行"
    COUNTER = 3, "counter", "柜面"
    CUSTOMER_MANAGER = 4, "customer manager", "客户经理"
    THIRD_PARTY = 5, "third party", "第三方渠道"


class Actor(Named):
    """Who acted, where it was not a member of staff (staff are positive person numbers)."""

    SYSTEM = 0, "system", "系统"
    CUSTOMER = -1, "customer", "客户"
    PARTNER = -2, "partner", "外部机构"
    CORE_BANKING = -3, "core banking", "核心系统"


class Lane(Named):
    """Lane chosen by scoring, SCO-07."""

    AUTOMATIC = 1, "automatic", "自动通道"
    MANUAL = 2, "manual", "人工通道"
    REJECT = 3, "rejected", "拒绝"


class Grade(Named):
    """Credit grade; 82 points are GOOD (良好), SCO-03."""

    EXCELLENT = 1, "excellent", "优秀"
    GOOD = 2, "good", "良好"
    FAIR = 3, "fair", "一般"
    WEAK = 4, "weak", "较弱"
    POOR = 5, "poor", "差"


class Alert(Named):
    """Score alert, SCO-05."""

    NONE = 0, "none", "无"
    YELLOW = 1, "yellow", "黄色预警"
    RED = 2, "red", "红色预警"


class Node(Coded):
    """Approval nodes in rising order of authority, APR-02; each is numbered as the desk that serves it."""

    INITIAL = 1  # 初审, branch
    RE_REVIEW = 2  # 复审, branch
    RISK_SPECIALIST = 3  # 风险专岗, head office
    FINAL = 4  # 终审, head office
    COMMITTEE = 5  # 信贷委员会, head office
    SUPERVISOR = 6  # 审批主管, head office: special approval, outside every route


class Verdict(Named):
    """What a person decided at a desk."""

    APPROVE = 1, "approve", "同意"
    DECLINE = 2, "decline", "拒绝"
    REDUCE = 3, "approve a lower amount", "降额同意"
    ESCALATE = 4, "pass up", "上报"
    RETURN = 5, "send back for supplements", "退回补件"
    SPECIAL = 6, "send for special approval", "提请特批"


class Method(Coded):
    """Repayment method, REP-02 and REP-03."""

    EQUAL_INSTALMENT = 1  # 等额本息
    EQUAL_PRINCIPAL = 2  # 等额本金
    INTEREST_FIRST = 3  # 先息后本
    CUSTOM = 4  # 自定义


class Guarantee(Coded):
    """Guarantee kind, PRD-01."""

    CREDIT = 1  # 信用
    MORTGAGE = 2  # 抵押
    PLEDGE = 3  # 质押
    GUARANTOR = 4  # 保证
    DOCUMENT = 5  # a guarantee document without collateral value, e.g. a shop lease contract


class Collateral(Named):
    """What secures a loan (押品), CON-24."""

    DWELLING = 1, "dwelling", "住宅"
    DEPOSIT = 2, "deposit certificate", "存单"
    GUARANTOR = 3, "guarantor", "保证人"


class Material(IntFlag):
    """Application materials, APP-09; one bit each."""

    ID_FRONT = 1
    ID_BACK = 2
    INCOME_PROOF = 4
    WORK_PROOF = 8
    RESIDENCE_PROOF = 16
    PURPOSE_STATEMENT = 32
    PROPERTY_CERTIFICATE = 64
    BUSINESS_LICENCE = 128
    ORGANISATION_CODE = 256
    FINANCIAL_STATEMENTS = 512
    OPERATING_PERMIT = 1024
    TAX_PROOF = 2048
    LEASE_CONTRACT = 4096
    SITE_REPORT = 8192
    ARTICLES = 16384
    LEGAL_PERSON_ID = 32768


MATERIALS_ZH = {
    Material.ID_FRONT: "身份证人像面",
    Material.ID_BACK: "身份证国徽面",
    Material.INCOME_PROOF: "收入证明",
    Material.WORK_PROOF: "工作证明",
    Material.RESIDENCE_PROOF: "居住证明",
    Material.PURPOSE_STATEMENT: "贷款用途声明",
    Material.PROPERTY_CERTIFICATE: "不动产权证",
    Material.BUSINESS_LICENCE: "营业执照",
    Material.ORGANISATION_CODE: "组织机构代码证",
    Material.FINANCIAL_STATEMENTS: "财务报表",
    Material.OPERATING_PERMIT: "经营许可证",
    Material.TAX_PROOF: "完税证明",
    Material.LEASE_CONTRACT: "租赁合同",
    Material.SITE_REPORT: "实地调查报告",
    Material.ARTICLES: "公司章程",
    Material.LEGAL_PERSON_ID: "法定代表人身份证件",
}


class FileFormat(Coded):
    """What an uploaded material is, APP-11."""

    JPG = 1
    PDF = 2


class Uploads(Coded):
    """How the materials of a form come (APP-05, APP-10): all with it, or uploaded after it, beside what is on file of the
    customer, or alone where nobody has proved yet that it is his file."""

    NONE = 0
    BESIDE_FILE = 1
    ALONE = 2


class Consent(IntFlag):
    """What the customer has agreed to."""

    BUREAU = 1  # EXT-02
    PERSONAL_DATA = 2
    AUTO_DEBIT = 4  # REP-06


CONSENTS_ZH = {Consent.BUREAU: "查询征信", Consent.PERSONAL_DATA: "个人信息", Consent.AUTO_DEBIT: "自动扣款"}


class RiskList(IntFlag):
    """Risk lists, EXT-07 and EXT-08."""

    CENTRAL_BANK = 1
    DISHONEST_DEBTOR = 2  # 失信人名单
    ASSOCIATION = 4
    INTERNAL = 8


class Source(IntFlag):
    """Sources besides the bureau, EXT-06: outside the bank, and the last three its own systems."""

    TAX = 1
    REGISTRY = 2
    CARRIER = 4
    PUBLIC_SECURITY = 8
    JUDICIAL = 16
    SENTIMENT = 32
    ACCOUNTS = 64
    WEALTH = 128
    SETTLEMENT = 256


class Partner(Named):
    """Partners and the bank's own systems behind their ports, EXT-06; a scenario calls them by name in small letters."""

    BUREAU = 1, "bureau", "人行征信"
    LISTS = 2, "risk lists", "风险名单"
    TAX = 3, "tax", "税务"
    REGISTRY = 4, "business registry", "工商登记"
    CARRIER = 5, "telecom carrier", "运营商"
    PUBLIC_SECURITY = 6, "public security", "公安"
    JUDICIAL = 7, "courts", "司法"
    SENTIMENT = 8, "public sentiment", "舆情"
    CORE_BANKING = 9, "core banking", "核心系统"
    PAYMENT = 10, "payment", "支付通道"
    APP_PUSH = 11, "app push", "App 推送"
    SMS = 12, "SMS gateway", "短信网关"
    POST = 13, "post", "邮政"
    ACCOUNTS = 14, "customer accounts", "账户系统"
    WEALTH = 15, "wealth management", "理财系统"
    SETTLEMENT = 16, "settlement", "结算系统"


class Waits(Named):
    """Who met an outage of the bank's own (系统中断、网点中断) and had to wait for its end."""

    APPLICANT = 1, "applicants", "申请人"
    CUSTOMER = 2, "customers with a case or a loan", "存量客户"
    PARTNER = 3, "partners' answers", "外部机构应答"
    BANK = 4, "what the bank asks of others", "行方对外请求"
    STAFF = 5, "staff", "员工"


class Status(Coded):
    """Answer of a partner port."""

    OK = 0
    UNAVAILABLE = 1
    REFUSED = 2
    FAILED = 3


class Doubt(IntFlag):
    """Doubts (疑点) from cross-validation and fraud rules, SCO-08, SCO-10, SCO-11."""

    INCOME_TAX_MISMATCH = 1
    MOBILE_MISMATCH = 2
    IDENTITY_MISMATCH = 4
    MULTI_LENDER = 8
    GANG = 16
    REPEATED_APPLICATIONS = 32
    AMOUNT_GROWTH = 64
    REGISTRY_MISMATCH = 128
    LITIGATION = 256
    SOURCE_MISSING = 512
    TOLD_APART = 1024
    LEARNT_PATTERN = 2048


DOUBTS_ZH = {
    Doubt.INCOME_TAX_MISMATCH: "收入与纳税不符",
    Doubt.MOBILE_MISMATCH: "手机号不符",
    Doubt.IDENTITY_MISMATCH: "身份不符",
    Doubt.MULTI_LENDER: "多头借贷",
    Doubt.GANG: "团伙",
    Doubt.REPEATED_APPLICATIONS: "频繁申请",
    Doubt.AMOUNT_GROWTH: "金额骤增",
    Doubt.REGISTRY_MISMATCH: "工商信息不符",
    Doubt.LITIGATION: "涉诉",
    Doubt.SOURCE_MISSING: "数据源缺失",
    Doubt.TOLD_APART: "不同渠道所述不一",
    Doubt.LEARNT_PATTERN: "模型识别的欺诈特征",
}


class Fact(IntFlag):
    """What cards and fraud rules read of a case (SCO-02); one bit each, in the order of `credit.scoring.facts.COLUMNS`."""

    AGE = 1
    EMPLOYMENT_MONTHS = 1 << 1
    EXISTING = 1 << 2
    RECENT_APPLICATIONS = 1 << 3
    RECENT_CHANNELS = 1 << 4
    AMOUNT_GROWTH_PPM = 1 << 5
    OVERDUE_24M = 1 << 6
    MAX_DPD_24M = 1 << 7
    LENDERS = 1 << 8
    QUERIES_3M = 1 << 9
    HISTORY_MONTHS = 1 << 10
    MOBILE_MATCHES = 1 << 11
    MOBILE_MONTHS = 1 << 12
    IDENTITY_MATCHES = 1 << 13
    REGISTRY_MONTHS = 1 << 14
    REGISTRY_ACTIVE = 1 << 15
    LITIGATION = 1 << 16
    SENTIMENT = 1 << 17
    SHARED_DEVICES = 1 << 18
    INCOME_FEN = 1 << 19
    DEBT_RATIO_PPM = 1 << 20
    COVER_PPM = 1 << 21
    AMOUNT_MONTHS = 1 << 22
    INCOME_EXCESS_PPM = 1 << 23
    INCOME_APART_PPM = 1 << 24
    EMPLOYMENT_APART_MONTHS = 1 << 25
    PURPOSE_APART = 1 << 26
    DEBT_MONTHS = 1 << 27
    CARD_USED_PPM = 1 << 28
    OVERDUE_NOW_FEN = 1 << 29
    GUARANTEES_PPM = 1 << 30
    ATTENTION_FEN = 1 << 31
    BAD_FEN = 1 << 32
    ACCOUNT_MONTHS = 1 << 33
    INCOME_MONTHS = 1 << 34
    FLOW_LEFT_PPM = 1 << 35
    LEAST_BALANCE_PPM = 1 << 36
    SETTLEMENT_PPM = 1 << 37


FACTS_ZH = {
    Fact.AGE: "年龄",
    Fact.EMPLOYMENT_MONTHS: "从业时间",
    Fact.EXISTING: "存量客户",
    Fact.RECENT_APPLICATIONS: "近期申请次数",
    Fact.RECENT_CHANNELS: "近期申请渠道数",
    Fact.AMOUNT_GROWTH_PPM: "申请金额增幅",
    Fact.OVERDUE_24M: "近两年逾期次数",
    Fact.MAX_DPD_24M: "近两年最长逾期",
    Fact.LENDERS: "授信机构数",
    Fact.QUERIES_3M: "近三月查询次数",
    Fact.HISTORY_MONTHS: "信用历史长度",
    Fact.MOBILE_MATCHES: "手机号一致",
    Fact.MOBILE_MONTHS: "手机在网时长",
    Fact.IDENTITY_MATCHES: "身份一致",
    Fact.REGISTRY_MONTHS: "注册年限",
    Fact.REGISTRY_ACTIVE: "登记状态",
    Fact.LITIGATION: "涉诉",
    Fact.SENTIMENT: "舆情",
    Fact.SHARED_DEVICES: "共用设备",
    Fact.INCOME_FEN: "收入",
    Fact.DEBT_RATIO_PPM: "负债收入比",
    Fact.COVER_PPM: "资产覆盖",
    Fact.AMOUNT_MONTHS: "金额与月收入之比",
    Fact.INCOME_EXCESS_PPM: "申报收入超出纳税收入",
    Fact.INCOME_APART_PPM: "收入前后不一",
    Fact.EMPLOYMENT_APART_MONTHS: "从业时间前后不一",
    Fact.PURPOSE_APART: "用途前后不一",
    Fact.DEBT_MONTHS: "负债相当于月收入倍数",
    Fact.CARD_USED_PPM: "信用卡额度使用率",
    Fact.OVERDUE_NOW_FEN: "当前逾期",
    Fact.GUARANTEES_PPM: "对外担保",
    Fact.ATTENTION_FEN: "关注类余额",
    Fact.BAD_FEN: "不良类余额",
    Fact.ACCOUNT_MONTHS: "本行开户时长",
    Fact.INCOME_MONTHS: "收入入账月数",
    Fact.FLOW_LEFT_PPM: "账户月结余与收入之比",
    Fact.LEAST_BALANCE_PPM: "最低余额可付期数",
    Fact.SETTLEMENT_PPM: "结算流水与收入之比",
}


class Finding(IntFlag):
    """What a post-loan inspection finds (贷后检查), WRN-11; none of them: all is well."""

    USE_DIVERTED = 1
    FINANCES_WORSE = 2
    COLLATERAL_IMPAIRED = 4


FINDINGS_ZH = {
    Finding.USE_DIVERTED: "资金挪用",
    Finding.FINANCES_WORSE: "财务状况恶化",
    Finding.COLLATERAL_IMPAIRED: "押品异常",
}


class Contact(Named):
    """Collection actions, COL-02 and COL-03."""

    SMS = 1, "SMS", "短信"
    VOICE = 2, "automated voice call", "语音外呼"
    CALL = 3, "call", "人工电话"
    VISIT = 4, "visit", "上门"
    LEGAL = 5, "legal step", "法律手段"


class ContactOutcome(Named):
    """Result classes of a contact, COL-08."""

    NONE = 0, "none", "无"
    PROMISE = 1, "promise to pay", "承诺还款"
    UNABLE = 2, "temporarily unable", "暂无能力还款"
    LOST = 3, "lost contact", "失联"
    PAID = 4, "paid", "已还款"


class Account(Named):
    """Chart of accounts (会计科目). Debit positive; income and liabilities carry negative balances."""

    SETTLEMENT = 1001, "settlement", "清算资金"  # cash and clearing with core banking
    PRINCIPAL = 1301, "loan principal", "贷款本金"
    INTEREST_RECEIVABLE = 1132, "interest receivable", "应收利息"  # due and not received, by loan
    INTEREST_ACCRUED = 1133, "accrued interest", "应计利息"  # running period, control account
    PENALTY_RECEIVABLE = 1134, "penalty interest receivable", "应收罚息"
    INTEREST_INCOME = 6011, "interest income", "利息收入"
    PENALTY_INCOME = 6012, "penalty interest income", "罚息收入"
    FEE_INCOME = 6021, "early-repayment fees", "违约金收入"
    WRITE_OFF_LOSS = 6701, "write-off loss", "核销损失"
    RECOVERY_INCOME = 6702, "recovered after write-off", "已核销贷款收回"
    OFF_BALANCE_WRITE_OFF = 7101, "written off, off balance", "表外核销账户"
    OFF_BALANCE_CONTRA = 7102, "written off, contra", "表外核销对应"


class Bucket(Named):
    """Portfolio buckets by days past due (DPD, 逾期天数)."""

    CURRENT = 0, "current", "正常"
    DPD_1_7 = 1, "1–7 days", "1–7 天"
    DPD_8_30 = 2, "8–30 days", "8–30 天"
    DPD_31_60 = 3, "31–60 days", "31–60 天"
    DPD_61_90 = 4, "61–90 days", "61–90 天"
    DPD_OVER_90 = 5, "over 90 days", "90 天以上"


class Step(Coded):
    """Steps of an application in their order; from CLOSED on nothing more is to come (APP-15)."""

    INITIAL_REVIEW = 1  # 自动化初审
    SCORING = 2
    APPROVAL = 3
    CONTRACT = 4
    DISBURSEMENT = 5
    DISBURSED = 6
    CLOSED = 7


class Handler(Coded):
    """Who has the case (APP-18)."""

    NOBODY = 0
    SYSTEM = 1
    APPROVER = 2
    CUSTOMER = 3
    OPERATOR = 4
    REVIEWER = 5
    CORE_BANKING = 6
    INVESTIGATOR = 7
