"""Words in both languages: what the rooms' contracts, the bank's codes and the run's product catalogue say, and the report's own
words for its steps and the world's margins. A name that is nowhere is shown as the code spells it, never left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Literal, NamedTuple

from credit.applications.contract import Event as ApplicationEvent
from credit.approval.contract import Event as ApprovalEvent
from credit.bank import PIPELINE
from credit.codes import Account, Actor, Named, Partner, Waits
from credit.contracts.contract import Event as ContractEvent
from credit.disbursement.contract import Event as DisbursementEvent
from credit.disbursement.contract import Gauge as DisbursementGauge
from credit.disbursement.states import NOT_YET_PAID, PaymentState
from credit.policies import Overrides, ProductPolicy, load
from credit.room import DESKS, EVENTS, GAUGES, REASONS, EventCode, Words

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, Language] = ("en", "zh")
Catalogue = dict[str, tuple[int, Words]]
"""Code and name of each product by its key."""

LANES: dict[str, Words] = {
    "automatic": ("automatic", "自动审批"),
    "manual": ("at the desks", "人工审批"),
    "to_sign": ("decision → signature", "审批 → 签约"),
    "to_pay": ("signature → payout", "签约 → 放款"),
}

FIELDS: dict[str, Words] = {
    "name": ("name", "姓名"),
    "material": ("material", "资料"),
    "materials": ("materials", "资料"),
    "customer": ("customer", "客户"),
    "file": ("file", "文件"),
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
    "channel": ("channel", "渠道"),
    "purpose": ("purpose", "用途"),
    "documents": ("documents", "资料"),
    "consent": ("consent", "授权"),
    "address": ("address", "地址"),
    "value_fen": ("value of collateral", "押品估值"),
    "findings": ("findings of an inspection", "检查结论"),
    "remark": ("remark", "备注"),
    "request": ("request number", "请求号"),
    "operator": ("operator", "操作人"),
    "desk": ("desk", "岗位"),
    "to_day": ("last day", "截止日"),
    "opinion": ("written opinion", "书面意见"),
    "account": ("account", "账号"),
    "finding": ("finding", "检查结论"),
    "months": ("months", "月数"),
    "measure": ("measure", "重组方式"),
    "stages": ("shares of the principal", "分段还本比例"),
    "hardship": ("hardship", "困难原因"),
    "list": ("risk list", "名单类别"),
    "entry": ("entry of a list", "名单条目"),
    "ground": ("ground of an appeal", "申诉理由"),
    "reason": ("reason in words", "事由"),
    "background": ("background analysis", "背景分析"),
    "verdict": ("verdict", "意见"),
    "person": ("person", "办理人"),
    "nth": ("number of a paper", "资料序号"),
    "format": ("format of a file", "文件格式"),
    "size": ("size of a file", "文件大小"),
    "concerns": ("concerns of a visit", "走访疑点"),
    "year": ("year of the books", "年度"),
    "employees": ("employees", "员工人数"),
    "assets_fen": ("assets", "资产"),
    "current_assets_fen": ("current assets", "流动资产"),
    "stock_fen": ("stock", "存货"),
    "current_liabilities_fen": ("current liabilities", "流动负债"),
    "id_valid_until": ("ID document valid until", "证件有效期"),
    "licence_valid_until": ("licence valid until", "营业执照有效期"),
    "details": ("fields of the product's form", "产品专项信息"),
    "email": ("e-mail", "电子邮箱"),
    "serial": ("serial number of a certificate", "证书序列号"),
    "digest": ("digest of the contract", "合同摘要"),
    "mark": ("digital signature", "电子签名"),
    "payee_account": ("payee account", "收款账号"),
}

VOLUMES: dict[EventCode, Words] = {
    ApplicationEvent.APPLICATION_SUBMITTED: ("submitted", "申请"),
    ApprovalEvent.APPLICATION_APPROVED: ("approved", "审批通过"),
    ApprovalEvent.APPLICATION_DECLINED: ("declined", "审批拒绝"),
    ContractEvent.CONTRACT_SIGNED: ("signed", "签约"),
    DisbursementEvent.LOAN_DISBURSED: ("paid out", "放款"),
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
    "expired document": "证件已过期",
}
_BY_DESK = ("write_off_decided", "terms_decided")
"""Events whose reason is the number of the desk that decided."""
OF_PARTNERS = ("partner_outage", "slow_partner")
"""Planned faults that befall a partner."""
_ARRIVED = (PaymentState.ARRIVED, PaymentState.EVIDENCE)
_USE_TO_SHOW = "paid out, use of the money still to be shown", "已放款、用途待核"
_NUMBERED = {"branch": "分行", "fifth": "五分位"}


def plain(code: str) -> Words:
    """A code as it is spelt, for both languages."""
    return code.replace("_", " "), code.replace("_", " ")


@cache
def event_of(room: str, name: str) -> EventCode | None:
    """The event that a room told of, as its files spell both. Two rooms may use one name: the event of the room itself goes
    first, then the one with the lowest number, for a room that tells of another's."""
    mine = next((one.events for one in PIPELINE if one.name == room), None)
    return next((one for one in (*(mine or ()), *_in_order()) if one.name.lower() == name), None)


def _in_order() -> Iterator[EventCode]:
    return (EVENTS[number] for number in sorted(EVENTS))


@cache
def room_of(event: EventCode) -> str:
    """The room whose event it is."""
    return next(room.name for room in PIPELINE if room.events is type(event))


def event(room: str, name: str) -> Words:
    """What an event that a room told of is called."""
    found = event_of(room, name)
    return plain(name) if found is None else found.said.words


def trouble() -> dict[EventCode, Words]:
    """Events that are told as trouble, with their lines, in the order of their numbers."""
    return {event: event.said.trouble for event in _in_order() if event.said.trouble}


class OpenWork(NamedTuple):
    """A line in the table of open work: of a gauge, all its groups or some."""

    gauge: str
    words: Words
    groups: tuple[str, ...] = ()


def open_work() -> list[OpenWork]:
    """The lines of gauges that their rooms give one, in the order of their numbers. Payments that have arrived are under way no
    more: they are kept until it is shown what the money went to, which is a line of its own."""
    found = []
    for gauge in (GAUGES[number] for number in sorted(GAUGES) if GAUGES[number].line):
        spelt = gauge.name.lower()
        if gauge is DisbursementGauge.PENDING_DISBURSEMENTS:
            found.append(OpenWork(spelt, gauge.words, tuple(state.name.lower() for state in NOT_YET_PAID)))
            found.append(OpenWork(spelt, _USE_TO_SHOW, tuple(state.name.lower() for state in _ARRIVED)))
        else:
            found.append(OpenWork(spelt, gauge.words))
    return found


def reason(code: str | None) -> Words:
    """A refusal's, channel's or outcome's name; nothing for none, a number as it is."""
    if not code:
        return "", ""
    spelt = [*REASONS.values(), *(reason for one in EVENTS.values() for reason in one.said.reason or ())]
    found = (reason.words for reason in spelt if reason.name.lower() == code and hasattr(reason, "words"))
    return next(found, None) or plain(code)


def reason_of(event: str, code: str | None) -> Words:
    """What stands beside an event of a case's story; of a bare number only the desk that it names."""
    if not (code or "").isdigit():
        return reason(code)
    return DESKS[int(code or 0)].words if event in _BY_DESK else ("", "")


def actor(code: str) -> Words:
    """Who acted: a party, or a member of staff by number."""
    if code.startswith("staff "):
        return code, code.replace("staff", "员工")
    return _named(Actor, code) or plain(code)


def _named(codes: type[Named], key: str) -> Words | None:
    return next((one.words for one in codes if one.name.lower() == key), None)


def margin(name: str) -> Words:
    """A margin of the fidelity report, as the world spells it."""
    return name, MARGINS.get(name, name)


def band(name: str, catalogue: Catalogue) -> Words:
    """A class of a margin; bands of figures are the same in both languages."""
    if name in catalogue:
        return catalogue[name][1]
    key = name.replace("_", " ")
    word, _, rest = key.partition(" ")
    if word in _NUMBERED and rest.isdigit():
        return key, f"第 {rest} {_NUMBERED[word]}"
    return key, BANDS.get(key, key)


def desk(key: str) -> Words:
    """A desk's name."""
    return next((one.words for one in DESKS.values() if one.label == key), plain(key))


def desk_number(key: str) -> int:
    """A desk's number, 0 when it has none: the order in which desks are told."""
    return next((number for number, one in DESKS.items() if one.label == key), 0)


def account(key: str) -> Words:
    """An account's name."""
    return _named(Account, key) or plain(key)


def branch(number: int) -> Words:
    """Where a desk is: a branch, or head office, which has no number."""
    return (f"branch {number}", f"分行 {number}") if number else ("head office", "总行")


def queue_at(desk: str, number: int) -> Words:
    """Where a queue of a desk's is: at a branch or head office, where some desks have one of each branch's tasks."""
    if number and any(one.label == desk and one.at_head_office for one in DESKS.values()):
        return f"head office, tasks of branch {number}", f"总行，分行 {number} 的任务"
    return branch(number)


def partner(key: str) -> Words:
    """A partner's name."""
    return _named(Partner, key) or plain(key)


def waits(key: str) -> Words:
    """Who waited for the end of an outage."""
    return _named(Waits, key) or plain(key)


def products(policies: Overrides | None = None) -> Catalogue:
    """The catalogue as a scenario's policies have it."""
    catalogue = load("products", ProductPolicy, policies).products
    return {product.key: (product.code, (product.name, product.name_zh)) for product in catalogue}


def target(kind: str, key: str, branches: Sequence[int] = ()) -> Words:
    """What a planned fault strikes: a partner or a role, by its key in the scenario, or branches."""
    if branches:
        listed = ", ".join(map(str, branches))
        return f"branch {listed}" if len(branches) == 1 else f"branches {listed}", f"分行 {listed}"
    return partner(key) if kind in OF_PARTNERS else desk(key)
