"""Every code the bank counts in: segments, channels, stages, events, reasons, actors. Columns carry the integers; reports
print the names. A code, once published, keeps its number: old runs stay readable."""

from __future__ import annotations

from enum import IntEnum, IntFlag


class Stage(IntEnum):
    """The subsystems in the order in which work flows through them; the ledger takes postings from all."""

    APPLICATIONS = 1
    SCORING = 2
    APPROVAL = 3
    HEAD_OFFICE = 4
    CONTRACTS = 5
    DISBURSEMENT = 6
    REPAYMENT = 7
    COLLECTIONS = 8
    LEDGER = 9


class Segment(IntEnum):
    """Customer segment (客户分类), CUS-01."""

    INDIVIDUAL = 1  # 个人客户
    MICRO = 2  # 小微客户
    ENTERPRISE = 3  # 企业客户


class Channel(IntEnum):
    """Where an application or a payment enters, APP-03 and REP-05."""

    ONLINE_BANK = 1
    MOBILE_BANK = 2
    COUNTER = 3
    CUSTOMER_MANAGER = 4
    THIRD_PARTY = 5


class Actor(IntEnum):
    """Who acted, where it was not a member of staff (staff are positive person numbers)."""

    SYSTEM = 0
    CUSTOMER = -1
    PARTNER = -2
    CORE_BANKING = -3


class Lane(IntEnum):
    """Lane chosen by scoring, SCO-07."""

    AUTOMATIC = 1
    MANUAL = 2
    REJECT = 3


class Grade(IntEnum):
    """Credit grade; 82 points are GOOD (良好), SCO-03."""

    EXCELLENT = 1  # 优秀
    GOOD = 2  # 良好
    FAIR = 3  # 一般
    WEAK = 4  # 较弱
    POOR = 5  # 差


class Alert(IntEnum):
    """Score alert, SCO-05."""

    NONE = 0
    YELLOW = 1
    RED = 2


class Node(IntEnum):
    """Approval nodes in rising order of authority, APR-02; a desk of that name serves each."""

    INITIAL = 1  # 初审, branch
    RE_REVIEW = 2  # 复审, branch
    RISK_SPECIALIST = 3  # 风险专岗, head office
    FINAL = 4  # 终审, head office
    COMMITTEE = 5  # 信贷委员会, head office


class Desk(IntEnum):
    """Every staffed desk. Approval nodes share their numbers with the first five."""

    INITIAL_APPROVER = 1
    RE_REVIEWER = 2
    RISK_SPECIALIST = 3
    FINAL_APPROVER = 4
    COMMITTEE = 5
    DISBURSEMENT_OPERATOR = 11
    DISBURSEMENT_REVIEWER = 12
    USE_VERIFIER = 13
    COLLECTOR_EARLY = 21
    COLLECTOR_MIDDLE = 22
    COLLECTOR_LONG = 23
    BRANCH_RISK_DIRECTOR = 31
    HEAD_OFFICE_RISK = 32
    FINANCE = 33


class Verdict(IntEnum):
    """What a person decided at a desk."""

    APPROVE = 1
    DECLINE = 2
    REDUCE = 3  # approve a lower amount
    ESCALATE = 4


class Method(IntEnum):
    """Repayment method, REP-02 and REP-03."""

    EQUAL_INSTALMENT = 1  # 等额本息
    EQUAL_PRINCIPAL = 2  # 等额本金
    INTEREST_FIRST = 3  # 先息后本
    CUSTOM = 4  # 自定义


class Guarantee(IntEnum):
    """Guarantee kind, PRD-01."""

    CREDIT = 1  # 信用
    MORTGAGE = 2  # 抵押
    PLEDGE = 3  # 质押
    GUARANTOR = 4  # 保证
    DOCUMENT = 5  # a guarantee document without collateral value, e.g. a shop lease contract


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


class Consent(IntFlag):
    """What the customer has agreed to."""

    BUREAU = 1  # EXT-02
    PERSONAL_DATA = 2
    AUTO_DEBIT = 4  # REP-06


class RiskList(IntFlag):
    """Risk lists, EXT-07 and EXT-08."""

    CENTRAL_BANK = 1
    DISHONEST_DEBTOR = 2  # 失信人名单
    ASSOCIATION = 4
    INTERNAL = 8


class Source(IntFlag):
    """External sources besides the bureau, EXT-06."""

    TAX = 1
    REGISTRY = 2
    CARRIER = 4
    PUBLIC_SECURITY = 8
    JUDICIAL = 16
    SENTIMENT = 32


class Status(IntEnum):
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


class Contact(IntEnum):
    """Collection actions, COL-02 and COL-03."""

    SMS = 1
    VOICE = 2  # automated voice call
    CALL = 3  # human call
    VISIT = 4
    LEGAL = 5


class ContactOutcome(IntEnum):
    """Result classes of a contact, COL-08."""

    NONE = 0
    PROMISE = 1  # 承诺还款
    UNABLE = 2  # 暂无能力还款
    LOST = 3  # 失联
    PAID = 4


class Account(IntEnum):
    """Chart of accounts (会计科目). Debit positive; income and liabilities carry negative balances."""

    SETTLEMENT = 1001  # 清算资金, cash and clearing with core banking
    PRINCIPAL = 1301  # 贷款本金
    INTEREST_RECEIVABLE = 1132  # 应收利息, due and not received, by loan
    INTEREST_ACCRUED = 1133  # 应计利息, running period, control account
    PENALTY_RECEIVABLE = 1134  # 应收罚息
    INTEREST_INCOME = 6011  # 利息收入
    PENALTY_INCOME = 6012  # 罚息收入
    FEE_INCOME = 6021  # 违约金收入, early repayment
    WRITE_OFF_LOSS = 6701  # 核销损失
    RECOVERY_INCOME = 6702  # 已核销贷款收回
    OFF_BALANCE_WRITE_OFF = 7101  # 表外核销账户
    OFF_BALANCE_CONTRA = 7102  # 表外核销对应


class Refusal(IntEnum):
    """Why the bank refused, with the field the reason names (`FIELD_OF_REFUSAL`)."""

    NAME_MISSING = 101
    ID_MISSING = 102
    MOBILE_MISSING = 103
    OCCUPATION_MISSING = 104
    ID_LENGTH = 111
    ID_CHARACTERS = 112
    ID_REGION = 113
    ID_BIRTHDAY = 114
    ID_CHECK_DIGIT = 115
    MOBILE_FORMAT = 121
    CREDIT_CODE = 122
    AGE_LIMIT = 131
    INCOME_LIMIT = 132
    EMPLOYMENT_LIMIT = 133
    CREDIT_HISTORY = 134
    PRODUCT_UNKNOWN = 140
    PRODUCT_SEGMENT = 141
    AMOUNT_RANGE = 142
    TERM_OPTION = 143
    METHOD_OPTION = 144
    PURPOSE_MISSING = 151
    PURPOSE_VAGUE = 152
    DOCUMENT_MISSING = 161
    CONSENT_MISSING = 171
    LIST_CENTRAL_BANK = 181
    LIST_DISHONEST = 182
    LIST_ASSOCIATION = 183
    LIST_INTERNAL = 184
    FRAUD = 201
    RED_ALERT = 202
    SCORE_LOW = 203
    BUREAU_UNAVAILABLE = 204
    HUMAN_DECLINE = 301
    AFFORDABILITY = 302
    SAME_PERSON = 303
    NO_AUTHORITY = 304
    NO_OPEN_TASK = 305
    DECISION_INVALID = 306
    CONTRACT_ELEMENT = 401
    CONTRACT_EXPIRED = 402
    CONTRACT_STATE = 403
    APPROVAL_EXPIRED = 501
    CONTRACT_NOT_EFFECTIVE = 502
    GUARANTEE_MISSING = 503
    ACCOUNT_INVALID = 504
    CONDITION_OPEN = 505
    LIMIT_EXCEEDED = 506
    USE_NOT_VERIFIED = 507
    REVIEW_REJECTED = 508
    LIMIT_RESTRICTED = 509
    PAYMENT_MISMATCH = 510
    PAYMENT_FAILED = 511
    LOAN_UNKNOWN = 601
    LOAN_OVERDUE = 602
    EARLY_AMOUNT = 603
    DEBIT_UNKNOWN = 604


FIELD_OF_REFUSAL: dict[Refusal, str] = {
    Refusal.NAME_MISSING: "name",
    Refusal.ID_MISSING: "id_number",
    Refusal.MOBILE_MISSING: "mobile",
    Refusal.OCCUPATION_MISSING: "occupation",
    Refusal.ID_LENGTH: "id_number",
    Refusal.ID_CHARACTERS: "id_number",
    Refusal.ID_REGION: "id_number",
    Refusal.ID_BIRTHDAY: "id_number",
    Refusal.ID_CHECK_DIGIT: "id_number",
    Refusal.MOBILE_FORMAT: "mobile",
    Refusal.CREDIT_CODE: "credit_code",
    Refusal.AGE_LIMIT: "age",
    Refusal.INCOME_LIMIT: "income_fen",
    Refusal.EMPLOYMENT_LIMIT: "employment_months",
    Refusal.PRODUCT_UNKNOWN: "product",
    Refusal.PRODUCT_SEGMENT: "segment",
    Refusal.AMOUNT_RANGE: "amount_fen",
    Refusal.TERM_OPTION: "term_months",
    Refusal.METHOD_OPTION: "method",
    Refusal.PURPOSE_MISSING: "purpose",
    Refusal.PURPOSE_VAGUE: "purpose",
    Refusal.DOCUMENT_MISSING: "documents",
    Refusal.CONSENT_MISSING: "consent",
}


class ChangeReason(IntEnum):
    """Why a customer gives an offered contract back and asks for another one, CON-16."""

    OTHER_AMOUNT = 1
    OTHER_TERM = 2


class Event(IntEnum):
    """Past-tense names of everything the event log records; the hundreds digit is the stage."""

    APPLICATION_SUBMITTED = 101
    APPLICATION_REFUSED = 102  # form, format, logic: never entered the flow
    CUSTOMER_DECLINED = 103  # 婉拒, admission screening
    CUSTOMER_CREATED = 104
    APPLICATION_INTERCEPTED = 105  # list hit
    APPLICATION_ACCEPTED = 106
    CUSTOMER_FORMAL = 107
    APPLICATION_DISPATCHED = 108
    LIST_REFRESHED = 109
    MAIL_REFUSED = 110  # an answer or notice that fits no open application or customer
    BUREAU_QUERIED = 201
    BUREAU_ANSWERED = 202
    BUREAU_UNAVAILABLE = 203
    BUREAU_REFUSED = 204
    APPLICATION_SCORED = 205
    DOUBT_MARKED = 206
    ALERT_RAISED = 207
    SCORING_REJECTED = 208
    RISK_LIBRARY_ENTERED = 209
    ANSWER_REFUSED = 210  # an answer that fits no open case, or comes too late
    NODE_ENTERED = 301
    NODE_DECIDED = 302
    CASE_URGED = 303
    CASE_ESCALATED = 304
    APPLICATION_APPROVED = 305
    APPLICATION_DECLINED = 306
    DECISION_REFUSED = 307
    DEPUTY_APPOINTED = 308
    RE_APPROVAL_OPENED = 309
    CONTRACT_GENERATED = 501
    CONTRACT_BLOCKED = 502
    CONTRACT_CONFIRMED = 503
    CONTRACT_SIGNED = 504
    CONTRACT_EFFECTIVE = 505
    CONTRACT_ARCHIVED = 506
    CONTRACT_EXPIRED = 507
    CONTRACT_WITHDRAWN = 508
    CONTRACT_REGENERATED = 509
    CONTRACT_ACTION_REFUSED = 510
    DISBURSEMENT_INITIATED = 601
    DISBURSEMENT_PRECHECK_FAILED = 602
    DISBURSEMENT_REVIEWED = 603
    DISBURSEMENT_REJECTED = 604
    INSTRUCTION_SENT = 605
    FUNDS_ARRIVED = 606
    PAYMENT_DELAYED = 607
    PAYMENT_FAILED = 608
    PAYMENT_RETRIED = 609
    LOAN_DISBURSED = 610
    CONDITION_MET = 611
    DRAWDOWN_REQUESTED = 612
    DRAWDOWN_REFUSED = 613
    USE_VERIFIED = 614
    USE_REJECTED = 615
    LIMIT_RESTORED = 616
    PAYMENT_STOPPED = 617
    LIMIT_RESTRICTED = 618
    DISBURSEMENT_ACTION_REFUSED = 619  # an opinion, answer or notice that fits nothing, or from somebody not entitled
    FACILITY_OPENED = 620
    FACILITY_CLOSED = 621
    SCHEDULE_GENERATED = 701
    REMINDER_SENT = 702
    INSTALMENT_DUE = 703
    INSTALMENT_PAID = 704
    DEBIT_FAILED = 705
    OVERDUE_STARTED = 706
    OVERDUE_CLEARED = 707
    LOAN_SETTLED = 708
    EARLY_REPAYMENT = 709
    SCHEDULE_REGENERATED = 710
    NPL_MARKED = 711
    LOAN_WRITTEN_OFF = 712
    RECOVERY_RECEIVED = 713
    EARLY_REPAYMENT_REFUSED = 714
    PAYMENT_RECEIVED = 715
    PAYMENT_RETURNED = 716  # more than was owed: the rest goes back
    RECEIPT_REFUSED = 717  # an answer or order that fits no loan or no open debit
    CASE_OPENED = 801
    CASE_ASSIGNED = 802
    CONTACT_MADE = 803
    PROMISE_MADE = 804
    PROMISE_KEPT = 805
    PROMISE_BROKEN = 806
    LEVEL_RAISED = 807
    CASE_CLOSED = 808
    WRITE_OFF_PROPOSED = 809
    WRITE_OFF_DECIDED = 810
    HARDSHIP_REFERRED = 811
    COLLECTION_NOTICE_SENT = 812
    COLLECTION_ACTION_REFUSED = 813
    TRIAL_BALANCED = 901


class Gauge(IntEnum):
    """What a `Measure` row counts at a window's end, for daily.parquet."""

    LOANS_BY_BUCKET = 1  # group = bucket; count loans, amount outstanding principal
    OVERDUE_BY_BUCKET = 2  # group = bucket; amount overdue
    NON_PERFORMING = 3
    WRITTEN_OFF = 4
    LOANS_ACTIVE = 5
    TRIAL_BALANCE = 6
    COLLECTION_CASES = 7
    PENDING_CONTRACTS = 8
    PENDING_APPROVALS = 9
    PENDING_DISBURSEMENTS = 10
    ACCRUED_INTEREST = 11


class Bucket(IntEnum):
    """Portfolio buckets by days past due (DPD, 逾期天数)."""

    CURRENT = 0
    DPD_1_7 = 1
    DPD_8_30 = 2
    DPD_31_60 = 3
    DPD_61_90 = 4
    DPD_OVER_90 = 5
